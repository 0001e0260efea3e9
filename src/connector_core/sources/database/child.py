"""The process that a database is read in: `python -m connector_core.sources.database.child`, started by `fetch`.

Drivers may print, hang or end the process: what they print goes nowhere but to standard error, and who started this one
waits for it only so long. It ends with its standard input, so that none is left behind by a worker that was killed.
"""

from __future__ import annotations

import os
from threading import Thread
from typing import BinaryIO

import msgspec

from connector_core.errors import ConnectorError
from connector_core.sources.database.address import Address, read_address
from connector_core.sources.database.engine import Engine, engine_of
from connector_core.sources.database.exchange import Answer, Examine, ReadPass, Refused, Request, TryToWrite, send
from connector_core.sources.database.inspection import examine
from connector_core.sources.database.passes import run_pass

_BLOCK = 1 << 16


class _Out:
    """Gathers what is written into frames of some size."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = bytearray()

    def write(self, content: bytes) -> None:
        self._held += content
        if len(self._held) >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        if self._held:
            send(self._stream, b"D", bytes(self._held))
            self._held.clear()


def answer(request: Request, stream: BinaryIO) -> None:
    """Do what is asked, and write frames. An error that does not say where it is about this database; only an address
    that is none is not repeated, since it may hold a password."""
    out = _Out(stream)
    where: str | None = None
    try:
        address = read_address(request.address)
        where = str(address)
        answered = _answered(engine_of(address), address, request, out)
        out.flush()
        send(stream, b"A", msgspec.json.encode(answered))
    except ConnectorError as error:
        refused = Refused(type(error).__name__, error.what, error.where or where, error.remedy)
        send(stream, b"E", msgspec.json.encode(refused))
    stream.flush()


def _answered(engine: Engine, address: Address, request: Request, out: _Out) -> Answer:
    what, password = request.what, request.password
    match what:
        case ReadPass():
            with engine.open(address, password) as session:
                return run_pass(
                    session, what.plans, what.known, what.number, what.now, out.write, what.held, what.compare
                )
        case Examine():
            with engine.open(address, password) as session:
                return examine(session, what.sample)
        case TryToWrite():
            tables = what.tables
            if not tables:
                with engine.open(address, password) as session:
                    tables = tuple(table.name for table in session.schema().tables)
            return engine.try_to_write(address, password, tables)


def main() -> None:
    """Answer the request on standard input, and end."""
    asked, stream = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # a device, not a path
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    request = msgspec.json.decode(asked.readline(), type=Request)
    Thread(target=_end_with, args=[asked], daemon=True).start()
    answer(request, stream)
    os._exit(0)  # a thread waits on standard input, and drivers may not end well


def _end_with(asked: BinaryIO) -> None:
    asked.read(1)
    os._exit(1)


if __name__ == "__main__":
    main()
