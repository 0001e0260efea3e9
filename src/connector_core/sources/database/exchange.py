"""What is said to the child process that a database is read in, and what it answers.

The request is one line of JSON on its standard input, the password in it: neither the command line nor the environment
ever holds it. Its answers are frames on its standard output: a letter, four bytes of length, the content. `D` are bytes
of the extract, `A` the answer that ends it, `E` an error for a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import BinaryIO, Literal

import msgspec

from connector_core.dialects.plan import Plan
from connector_core.sources.database.engine import Schema, WriteProof
from connector_core.sources.database.parts import HeldRows
from connector_core.sources.database.passes import COMPARE_EVERY, Known, Passed

Frame = Literal[b"D", b"A", b"E"]
MODULE = "connector_core.sources.database.child"
LENGTH = 4


class Sampled(msgspec.Struct, frozen=True):
    """A table as an inspection sees it: how many rows, and the first values of each column, as text."""

    rows: int
    values: tuple[tuple[str, ...], ...]


class Examined(msgspec.Struct, frozen=True):
    """What there is to see in a database. `sampled` is by table; one that could not be read is missing there. `filters`
    says whether rows can be asked for by the value of a column."""

    schema: Schema
    isolation: str
    sampled: dict[str, Sampled] = {}
    filters: bool = True


class ReadPass(msgspec.Struct, frozen=True, tag="pass"):
    """Make a pass, as `run_pass` wants it."""

    plans: tuple[Plan, ...]
    known: Known
    number: int
    now: datetime
    held: dict[str, HeldRows | None] = {}
    compare: timedelta = COMPARE_EVERY


class Examine(msgspec.Struct, frozen=True, tag="examine"):
    """Show the schema, and `sample` rows of each table."""

    sample: int = 0


class TryToWrite(msgspec.Struct, frozen=True, tag="write"):
    """Find out whether the account may write to these tables, or to any where none is named."""

    tables: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """What is asked of a database."""

    address: str
    password: str | None
    what: ReadPass | Examine | TryToWrite

    def __repr__(self) -> str:
        return f"Request({self.address!r})"  # never the password


class Refused(msgspec.Struct, frozen=True):
    """An error that reaches a person, by the name of its class."""

    kind: str
    what: str
    where: str | None
    remedy: str | None


Answer = Passed | Examined | WriteProof


def send(stream: BinaryIO, frame: Frame, content: bytes) -> None:
    """Write a frame."""
    stream.write(frame + len(content).to_bytes(LENGTH, "big"))
    stream.write(content)


def receive(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame; None where the other end is gone, be it in the middle of one."""
    head = stream.read(1 + LENGTH)
    if len(head) < 1 + LENGTH:
        return None
    size = int.from_bytes(head[1:], "big")
    content = stream.read(size)
    return (head[:1], content) if len(content) == size else None
