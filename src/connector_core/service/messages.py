"""What the daemon and its worker say to each other: a line of JSON each way.

The daemon says what is ready, the worker what it did with it. Names of files are told byte by byte, since a file system
allows more than text does.
"""

from __future__ import annotations

import base64
import os
from datetime import date, datetime
from pathlib import Path

import msgspec

from connector_core.sources.folder import Entry

Entries = dict[str, tuple[Entry, ...]]
"""Files by source."""


class Failed(msgspec.Struct, frozen=True):
    """A file that could not be read, and why (French, without data); `poison` says that it broke the process of its
    connector, so that there is no use in trying again before the connector has changed."""

    entry: Entry
    reason: str
    poison: bool = False


class Task(msgspec.Struct, frozen=True):
    """What is ready on a day. `aside` has, by source, files that failed time and again: not to be read any more.
    `polls` are the sources whose databases are to be read now; `reads` is what the last answer said of it; None in the
    first task of a daemon."""

    day: date
    ready: Entries = {}
    aside: dict[str, tuple[Failed, ...]] = {}
    polls: tuple[str, ...] = ()
    reads: int | None = None


class FileRead(msgspec.Struct, frozen=True):
    """How reading one file went, in counts. `gone_rows` are those that a database had before and has no more, be it
    that they say something else now; `parts` are those of its `tables` of which some rows only were fetched."""

    source: str
    name: str
    rows: int
    new_rows: int
    rejects: int
    gone_rows: int = 0
    tables: int = 0
    parts: int = 0


class Work(msgspec.Struct, frozen=True):
    """What one attempt did, in counts."""

    files: tuple[FileRead, ...]
    asked: int
    opened: int
    resolved: int


class Trouble(msgspec.Struct, frozen=True):
    """Something for the log: its event, with the fields that a log may have."""

    event: str
    fields: dict[str, str | int]


class Report(msgspec.Struct, frozen=True, tag=True):
    """What a task came to. `done` lists the files that need not be told of again until they change, `failed` those that
    broke their connector; `settling` counts those whose vendor has not finished them; `problems` says, by source, what
    is wrong with it; `listen_at` is when the silence of a source falls due, `deliver_in` in how many seconds there is
    something to deliver, None where nothing waits. `reads` counts what the store knows to have been read; `behind` says
    that it is fewer than the task told: the store is an older one, and every file that lies somewhere is to be told of
    again. `reading` are the sources whose databases are being read, `polled` those of which a reading has ended; of the
    files of the sources `apart` each makes sense without the others."""

    works: tuple[Work, ...] = ()
    done: Entries = {}
    failed: dict[str, tuple[Failed, ...]] = {}
    settling: int = 0
    problems: dict[str, str] = {}
    troubles: tuple[Trouble, ...] = ()
    listen_at: datetime | None = None
    deliver_in: float | None = None
    reads: int = 0
    behind: bool = False
    reading: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    polled: tuple[str, ...] = ()


class Failure(msgspec.Struct, frozen=True, tag=True):
    """Why a task was not done: an error that reaches a person, by the name of its class."""

    kind: str
    what: str
    where: str | None
    remedy: str | None


def _encoded(value: object) -> object:
    if isinstance(value, Path):
        return base64.b64encode(os.fsencode(value)).decode("ascii")
    raise NotImplementedError(type(value).__name__)


def _decoded(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(os.fsdecode(base64.b64decode(value)))
    raise NotImplementedError(kind.__name__)


encode = msgspec.json.Encoder(enc_hook=_encoded).encode
decode_task = msgspec.json.Decoder(Task, dec_hook=_decoded).decode
decode_answer = msgspec.json.Decoder(Report | Failure, dec_hook=_decoded).decode
