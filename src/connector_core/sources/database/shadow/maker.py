"""The process that makes a shadow and holds it: `python -m connector_core.sources.database.shadow.maker`.

It ends when its standard input does, after it has deleted what it made. Where Windows then says nothing for `PATIENCE`
seconds it ends all the same; what it made is noted, and the next one tries again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO, Protocol

import msgspec

from connector_core.sources.database.shadow.exchange import Answered, Asked, NoShadow
from connector_core.sources.database.shadow.records import folder_of_account, left, note

PATIENCE = 300.0
"""Seconds that Windows has to end what it was asked, once nobody wants it any more."""
MOST_LEFT = 2
"""Shadows that could not be deleted, from which no other is made: they take room, and push out others' shadows."""
_BETWEEN_TRIES = 0.5


class Shadowing(Protocol):
    """Who makes shadows. Everything raises NoShadow."""

    def look(self) -> None:
        """Raise NoShadow where this account could not make any."""
        ...

    def make(self, volume: str) -> str:
        """Make a shadow of a volume: its id."""
        ...

    def device(self, shadow: str) -> str:
        """The path that the root of the volume has in it."""
        ...

    def delete(self, shadow: str) -> None:
        """Delete it; one that is not there is none to delete."""
        ...


def serve(asked: BinaryIO, answers: BinaryIO, shadowing: Callable[[Path], Shadowing], folder: Path) -> None:
    """Do what is asked in the first line, answer in a line, and let go when `asked` ends."""
    request = msgspec.json.decode(asked.readline(), type=Asked)
    unwanted = Event()
    Thread(target=_end_with, args=[asked, unwanted], daemon=True).start()
    try:
        service = shadowing(folder)
        match request.do:
            case "look":
                service.look()
            case "clear":
                _clear(folder, service)
            case "make":
                if _clear(folder, service) >= MOST_LEFT:
                    raise NoShadow("left")
                return _hold(service, request, folder, answers, unwanted)
        _answer(answers, Answered())
    except NoShadow as none:
        _answer(answers, Answered(why=none.why))


def _hold(service: Shadowing, request: Asked, folder: Path, answers: BinaryIO, unwanted: Event) -> None:
    shadow = _made(service, request, unwanted)
    try:
        noted = note(folder, shadow)
    except OSError:
        service.delete(shadow)
        raise NoShadow("failed") from None
    try:
        _answer(answers, Answered(service.device(shadow)))
        unwanted.wait()
    finally:
        service.delete(shadow)
        noted.unlink()


def _made(service: Shadowing, request: Asked, unwanted: Event) -> str:
    """A shadow; Windows makes one at a time, whoever asks."""
    until = time.monotonic() + request.within
    while True:
        try:
            return service.make(request.volume)
        except NoShadow as none:
            if none.why != "busy" or time.monotonic() > until or unwanted.wait(_BETWEEN_TRIES):
                raise


def _clear(folder: Path, service: Shadowing) -> int:
    """Delete what processes that are gone have left: how many remain."""
    remaining = 0
    for shadow, noted in left(folder):
        try:
            service.delete(shadow)
            noted.unlink(missing_ok=True)
        except (NoShadow, OSError):
            remaining += 1
    return remaining


def _answer(answers: BinaryIO, answered: Answered) -> None:
    with suppress(OSError):  # who asked may be gone
        answers.write(msgspec.json.encode(answered) + b"\n")
        answers.flush()


def _end_with(asked: BinaryIO, unwanted: Event) -> None:
    asked.read()
    unwanted.set()
    time.sleep(PATIENCE)
    os._exit(1)


def main() -> None:
    """Answer on the standard output what the standard input asks, and end."""
    from connector_core.sources.database.shadow.windows import Wmi

    asked, answers = os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb", buffering=0)
    serve(asked, answers, Wmi.connected, folder_of_account())
    os._exit(0)  # a thread waits on standard input


if __name__ == "__main__":
    main()
