"""What a command and the daemon of another account say to each other: frames of JSON, each with its length before it.

The daemon greets, the command asks for one thing, the daemon answers with what that thing prints and its exit code.
Nothing that is received is longer than its kind may be.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from connector_core.errors import ConnectorError

MOST_ASKED = 200_000
"""Bytes of a request; a secret of 64 KiB fits."""
MOST_SAID = 200_000
"""Bytes of one frame of an answer."""
PIECE = 65536
"""Bytes of output that are passed on at once."""
_LENGTH = 4


class Unreachable(ConnectorError):
    """The daemon of another account does not answer, or not to this account."""

    exit_code = 3


class Peer(NamedTuple):
    """Who is at the other end, as the system says: the account by its number or SID, its names, whether it is root or
    an administrator."""

    account: str
    names: frozenset[str]
    administrator: bool


class Connection(Protocol):
    """One connection. Everything raises OSError once the other end is gone, or too slow."""

    def send(self, content: bytes) -> None: ...

    def receive(self, size: int) -> bytes:
        """Exactly so many bytes."""
        ...

    def peer(self) -> Peer | None:
        """Who is at the other end; None where the system tells only once something was received."""
        ...

    def wait(self, seconds: float) -> None:
        """How slow the other end may be from here on."""
        ...

    def close(self) -> None: ...


class Hello(msgspec.Struct, frozen=True, tag=True):
    """Whose daemon this is; see `practice_mark`."""

    practice: str


class Request(msgspec.Struct, frozen=True):
    """A command with its options and arguments as they were understood, and what it reads on its standard input."""

    command: tuple[str, ...]
    options: dict[str, str | int | bool] = {}
    arguments: tuple[str, ...] = ()
    given: bytes | None = None
    no_plugins: bool = False


class Output(msgspec.Struct, frozen=True, tag=True):
    """What was printed, on standard output (1) or error (2)."""

    stream: int
    content: bytes


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The command ended, with its exit code."""

    code: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing was done, or not to its end, and why (French)."""

    what: str
    remedy: str | None = None


Said = Hello | Output | Ended | Refused

_encode = msgspec.json.Encoder().encode
_decode_said = msgspec.json.Decoder(Said).decode
_decode_request = msgspec.json.Decoder(Request).decode


def practice_mark(data: Path) -> str:
    """Tells the daemons of two practices apart without naming their folders."""
    return hashlib.sha256(os.fsencode(os.path.normcase(data.absolute()))).hexdigest()[:32]


def send(connection: Connection, message: Said | Request) -> None:
    """Send one frame."""
    content = _encode(message)
    connection.send(len(content).to_bytes(_LENGTH, "big") + content)


def receive_said(connection: Connection) -> Said:
    """The next frame of the daemon; OSError when it is none."""
    try:
        said: Said = _decode_said(_frame(connection, MOST_SAID))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OSError("not a message") from error
    return said


def receive_request(connection: Connection) -> Request:
    """What a command asks; OSError when it is no request."""
    try:
        return _decode_request(_frame(connection, MOST_ASKED))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OSError("not a request") from error


def _frame(connection: Connection, most: int) -> bytes:
    length = int.from_bytes(connection.receive(_LENGTH), "big")
    if length > most:
        raise OSError("too long")
    return connection.receive(length)
