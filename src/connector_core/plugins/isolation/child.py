"""The process of a plugin: imports it, and asks its connectors what it is told to.

Before anything of the plugin is imported, the pipes are put where neither its output nor a program it starts can get
into them, and the process is limited. What the plugin raises is told by the name of its class alone; what it refuses,
in its own words, which the other side keeps out of every log.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from connector_core.dialects.drafts import Lookup, Waiting
from connector_core.dialects.plan import database_plans
from connector_core.errors import ConnectorError, FileRefused, RowRefused, SourceError
from connector_core.formats.document import Probe, SpooledFile
from connector_core.formats.piecewise import PiecewiseContent
from connector_core.formats.rows import Row
from connector_core.plugins.connector import Claim, Connector, Describes, Reading
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.isolation.confinement import DEBUGGING
from connector_core.plugins.isolation.messages import (
    BATCH_BYTES,
    LONGEST_ANSWER,
    Answer,
    Batch,
    Broke,
    Claimed,
    Completed,
    Content,
    Describe,
    Described,
    Find,
    Found,
    Given,
    Hello,
    Identify,
    IsComplete,
    Looked,
    Meaning,
    Meanings,
    Need,
    NotLoaded,
    Offer,
    Offered,
    Open,
    Opened,
    Refusal,
    Refused,
    Release,
    Request,
    Rows,
    Understand,
    decode_request,
    encode,
)
from connector_core.plugins.isolation.pipes import Closed, read_message, write_message
from connector_core.plugins.isolation.values import Packer
from connector_core.plugins.names import Origin

_PIECE = 1 << 20
"""Bytes of a file that are asked for at once: the other side gives them between two batches."""
_KEPT_BATCHES = 3
_ORPHANED_AFTER = 2.0
"""Seconds between two looks whether whoever asks is still there."""
_LONGEST_NAME, _LONGEST_TEXT = 80, 1000
_NO_DUMP = 1
"""Bytes of a core dump. Linux takes 0 for a dump to a file alone, and 1 for one to a program too."""


def main() -> None:
    """Answer until there is nobody to answer to."""
    with _pipes() as (requests, answers):
        wire = _Wire(requests, answers)
        with suppress(Closed, OSError):
            hello = wire.next()
            if isinstance(hello, Hello):
                _limit(hello.memory)
                _end_with_the_other_side()
                _Plugin(wire).serve(hello)
    os._exit(0)  # whatever threads the plugin has left


@dataclass(slots=True)
class _Wire:
    """Both pipes, and the piece of a file that was asked for beforehand: whose, from where, how much of it."""

    requests: BinaryIO
    answers: BinaryIO
    _needed: tuple[object, int, int] | None = None
    _given: Content | None = None

    def next(self) -> Request:
        """The next request; a piece that was asked for beforehand is kept."""
        while True:
            request = decode_request(read_message(self.requests))
            if not isinstance(request, Content) or self._needed is None or self._given is not None:
                return request
            self._given = request

    def need(self, reader: object, offset: int, size: int) -> None:
        """Ask for a piece, to have it later."""
        self._needed, self._given = (reader, offset, size), None
        self.say(Need(offset, size))

    def piece(self, reader: object, offset: int, size: int) -> bytes | None:
        """A piece of the file, now; None when the other side can't read it."""
        if self._needed is not None:
            wanted, given = self._needed, self._content() if self._given is None else self._given
            self._needed = self._given = None
            if wanted == (reader, offset, size):
                return given.data
        self.say(Need(offset, size))
        return self._content().data

    def _content(self) -> Content:
        request = decode_request(read_message(self.requests))
        if not isinstance(request, Content):
            raise Closed
        return request

    def say(self, answer: Answer) -> None:
        write_message(self.answers, encode(answer))


class _RemoteFile:
    """A file whose content the other side has."""

    def __init__(self, wire: _Wire, given: Given) -> None:
        self._wire = wire
        self.name = os.fsdecode(given.name)
        self.sha256 = given.sha256
        self.size = given.size

    def open(self) -> BinaryIO:
        return io.BufferedReader(_RemoteContent(self._wire, self.size), _PIECE)

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        """A plain copy in the folder of this process, for the time of the block."""
        handle, name = tempfile.mkstemp(suffix=Path(self.name).suffix[:20])
        plain = Path(name)
        try:
            with os.fdopen(handle, "wb") as target, self.open() as stream:
                while block := stream.read(_PIECE):
                    target.write(block)
            yield plain
        finally:
            plain.unlink(missing_ok=True)


class _RemoteContent(PiecewiseContent):
    """The content of a file that the other side has. While it is read in its order, the piece after the one that is
    given is asked for beforehand: the other side sends it when it next waits, so that nobody waits for it here."""

    def __init__(self, wire: _Wire, size: int) -> None:
        super().__init__(size)
        self._wire = wire
        self._follows = 0
        """Where the piece that was given last ended."""

    def piece(self, offset: int, most: int) -> bytes:
        size = min(most, BATCH_BYTES)
        data = self._wire.piece(self, offset, size)
        if not data:
            raise SourceError("le fichier ne peut plus être lu", where=None)
        goes_on, self._follows = self._follows == offset, offset + len(data)
        if goes_on and len(data) == size and self._follows < self._size:
            self._wire.need(self, self._follows, size)
        return data


class _RemoteLookup:
    """What tables have said: what this file says comes from here, the rest is asked for once."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.own: dict[tuple[str, str], Mapping[str, str]] = {}
        self._tables: dict[str, Mapping[str, Mapping[str, str]]] = {}
        self._known: dict[tuple[str, str], Mapping[str, str] | None] = {}

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        place = table, key
        own = self.own.get(place)
        if own is not None:
            return own
        whole = self._tables.get(table)
        if whole is not None:
            return whole.get(key)
        if place not in self._known:
            self._wire.say(Find(table, key))
            found = self._wire.next()
            if not isinstance(found, Found):
                raise Closed
            if found.whole:
                self._tables[table] = found.entries
                return found.entries.get(key)
            self._known[place] = found.entries.get(key)
        return self._known[place]


@dataclass(slots=True)
class _Opened:
    """A reading, and its rows that may still be asked about: `rows` begin with the one numbered `first`."""

    reading: Reading
    lookup: _RemoteLookup
    remembers: bool
    going: Iterator[Row] = field(default_factory=lambda: iter(()))
    batches: deque[tuple[int, list[Row]]] = field(default_factory=lambda: deque(maxlen=_KEPT_BATCHES))
    given: int = 0
    entries: dict[int, Meaning] = field(default_factory=dict)

    def begin(self, wire: _Wire) -> None:
        self.going = iter(self.reading.rows())
        self.lookup = _RemoteLookup(wire)
        self.batches.clear()
        self.entries.clear()
        self.given = 0

    def row(self, number: int) -> Row | None:
        for first, rows in self.batches:
            if first <= number < first + len(rows):
                return rows[number - first]
        return None


class _Plugin:
    """The plugin that is served, its connectors by id, its readings by number."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._connectors: dict[str, Connector] = {}
        self._readings: dict[int, _Opened] = {}
        self._packer = Packer()

    def serve(self, hello: Hello) -> None:
        answer = _told(partial(self._load, hello))
        if isinstance(answer, Refused):
            self._wire.say(NotLoaded(answer.what, answer.remedy or ""))
            return
        self._wire.say(answer)
        while True:
            request = self._wire.next()
            if isinstance(request, Release):
                for number in request.numbers:
                    self._readings.pop(number, None)
                continue
            with _uninterrupted():
                self._say(_told(partial(self._answer, request)))

    def _say(self, answer: Answer) -> None:
        """Say it, unless it can't be said: text that is no text, an answer that is too long."""
        try:
            message = encode(answer)
        except (MemoryError, OverflowError, RecursionError, TypeError, ValueError) as error:
            message = encode(Broke(_class_of(error)))
        else:
            if len(message) > LONGEST_ANSWER:
                message = encode(Broke("AnswerTooLong"))
            elif isinstance(answer, Batch | Meanings):
                self._packer.unsent.clear()
        write_message(self._wire.answers, message)

    def _load(self, hello: Hello) -> Offer:
        from connector_core.plugins.loader import load_alone

        sys.path.extend(each for each in hello.path if each and each not in sys.path)
        origin = Origin(hello.name, hello.distribution, hello.version)
        contributions, hooks = load_alone(origin, EntryPoint(hello.name, hello.value, ENTRY_POINT_GROUP))
        self._connectors = {name: each.connector for name, each in contributions.connectors.items()}
        self._lay_over(hello.dialects)
        return Offer(
            tuple(
                Offered(
                    contributions.infos[name],
                    isinstance(each, Describes),
                    tuple(each.dialects) if isinstance(each, ReadsDialects) else (),
                    database_plans(each.dialects.values()) if isinstance(each, ReadsDialects) else (),
                )
                for name, each in self._connectors.items()
            ),
            tuple(sorted(hooks - {"connector_register_connectors"})),
        )

    def _lay_over(self, dialects: tuple[tuple[str, str], ...]) -> None:
        from connector_core.dialects.language import read_dialect

        for place, text in dialects:
            dialect = read_dialect(text, place)
            for name, each in self._connectors.items():
                if isinstance(each, ReadsDialects) and dialect.id in each.dialects:
                    self._connectors[name] = each.with_dialects([dialect])

    def _answer(self, request: Request) -> Answer:
        match request:
            case Identify(connector=name, looked=looked):
                return _claimed(self._connectors[name].identify(_probe(looked)))
            case IsComplete(connector=name, looked=looked):
                return Completed(bool(self._connectors[name].is_complete(_probe(looked))))
            case Open():
                return self._opened(request)
            case Rows():
                return self._batch(request)
            case Understand():
                return self._understood(request)
            case Describe(connector=name, file=given, claim=claim):
                connector = self._connectors[name]
                if not isinstance(connector, Describes):
                    return Described(None)
                said = connector.describe(_RemoteFile(self._wire, given), claim)
                return Described(None if said is None else msgspec.json.encode(said))
            case _:
                raise Closed

    def _opened(self, request: Open) -> Opened:
        file: SpooledFile = _RemoteFile(self._wire, request.file)
        reading = self._connectors[request.connector].read(file, request.claim)
        opened = Opened(tuple(reading.tables), reading.covers.names(), bool(reading.remembers), reading.signature)
        self._readings[request.number] = _Opened(reading, _RemoteLookup(self._wire), opened.remembers)
        return opened

    def _batch(self, request: Rows) -> Batch:
        opened = self._readings[request.number]
        if request.anew:
            opened.begin(self._wire)
        rows: list[Row] = []
        size, end, refused = 0, False, None
        try:
            for row in islice(opened.going, request.at_most):
                rows.append(Row(*row))
                size += len(row[2])
                if size >= BATCH_BYTES:
                    break
            else:
                end = len(rows) < request.at_most
        except FileRefused as error:
            refused = _refused(error)
        first = opened.given
        opened.batches.append((first, rows))
        opened.given += len(rows)
        told = self._meanings(opened, first, len(rows)) if request.understood else ()
        return Batch(tuple(rows), told, tuple(self._packer.unsent), end, refused)

    def _understood(self, request: Understand) -> Meanings:
        opened = self._readings[request.number]
        if request.row is not None:
            row = Row(*request.row)
            entry = _entry(opened.reading, row) if opened.remembers else Meaning()
            return self._say_meanings((_meaning(opened.reading, row, _RemoteLookup(self._wire), entry, self._packer),))
        if request.remember_only:
            numbers = range(request.first, request.first + request.count)
            return self._say_meanings(tuple(self._entry_of(opened, number) for number in numbers))
        return self._say_meanings(self._meanings(opened, request.first, request.count))

    def _say_meanings(self, meanings: tuple[Meaning, ...]) -> Meanings:
        return Meanings(meanings, tuple(self._packer.unsent))

    def _meanings(self, opened: _Opened, first: int, count: int) -> tuple[Meaning, ...]:
        """What rows mean, in their order: each may join on what those before it have said."""
        return tuple(self._meaning(opened, number) for number in range(first, first + count))

    def _meaning(self, opened: _Opened, number: int) -> Meaning:
        row = opened.row(number)
        if row is None:
            return Meaning(broke="LookupError")
        entry = self._entry_of(opened, number) if opened.remembers else _NOTHING
        if entry.entry is not None:
            table, key, content = entry.entry
            opened.lookup.own[table, key] = content
        return _meaning(opened.reading, row, opened.lookup, entry, self._packer)

    def _entry_of(self, opened: _Opened, number: int) -> Meaning:
        known = opened.entries.get(number)
        if known is None:
            row = opened.row(number)
            known = opened.entries[number] = _NOTHING if row is None else _entry(opened.reading, row)
            for old in [each for each in opened.entries if each < opened.batches[0][0]]:
                del opened.entries[old]
        return known


_NOTHING = Meaning()


def _entry(reading: Reading, row: Row) -> Meaning:
    """What a row contributes to look-ups, or why it can't."""
    try:
        entry = reading.remember(row)
    except RowRefused as refused:
        return Meaning(entry_refused=_refusal(refused))
    except (Exception, SystemExit) as error:  # noqa: BLE001  # told when the row is asked about
        return Meaning(broke=_class_of(error))
    return _NOTHING if entry is None else Meaning(entry=(entry[0], entry[1], dict(entry[2])))


def _meaning(reading: Reading, row: Row, lookup: Lookup, entry: Meaning, packer: Packer) -> Meaning:
    """What a row means, with the entry that is known."""
    if entry.broke is not None or entry.entry_refused is not None:
        return entry
    try:
        drafts = reading.records(row, lookup)
        if isinstance(drafts, Waiting):
            return Meaning(waits=(drafts.table, drafts.key), entry=entry.entry)
        told = tuple(map(packer.packed, drafts))
    except RowRefused as refused:
        return Meaning(refused=_refusal(refused), entry=entry.entry)
    except Closed:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # told when the row is asked about
        return Meaning(broke=_class_of(error), entry=entry.entry)
    return Meaning(drafts=told, entry=entry.entry)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Without the cyclic garbage collector, which runs between two answers: a batch makes many objects, and few cycles
    among them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _claimed(claim: object) -> Claimed:
    if claim is None:
        return Claimed(known=False)
    if not isinstance(claim, Claim):
        raise TypeError
    return Claimed(claim.connector, claim.dialect, float(claim.score), claim.reason, claim.variant, claim.version)


def _told(call: Callable[[], Answer]) -> Answer:
    """The answer of a call into the plugin, or how it failed."""
    answer = guarded(call)
    if not isinstance(answer, Raised):
        return answer
    match answer.error:
        case Closed():
            raise answer.error
        case ConnectorError() as error:
            return _refused(error)
        case error:
            return Broke(_class_of(error))


def _class_of(error: BaseException) -> str:
    if os.environ.get(DEBUGGING, "") not in ("", "0"):
        traceback.print_exception(error)
    name = type(error).__name__
    return name if name.isascii() and name.isidentifier() and len(name) <= _LONGEST_NAME else "Exception"


def _refused(error: ConnectorError) -> Refused:
    where, remedy = (None if each is None else str(each)[:_LONGEST_TEXT] for each in (error.where, error.remedy))
    return Refused(_class_of(error), str(error.what)[:_LONGEST_TEXT], where, remedy)


def _refusal(refused: RowRefused) -> Refusal:
    return str(refused.reason)[:_LONGEST_TEXT], tuple(str(each)[:_LONGEST_NAME] for each in refused.fields)


def _probe(looked: Looked) -> Probe:
    return Probe(os.fsdecode(looked.name), looked.size, looked.head)


def _limit(memory: int) -> None:
    """No more memory than this, no dump of it, and no window that waits for a person."""
    if sys.platform == "win32":
        import ctypes

        fail_critical, no_fault_box = 0x0001, 0x0002
        ctypes.windll.kernel32.SetErrorMode(fail_critical | no_fault_box)
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, _NO_DUMP)):
        with suppress(ValueError, OSError):  # macOS knows no limit of this kind
            _, hard = resource.getrlimit(what)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))


def _end_with_the_other_side() -> None:
    """A process whose parent is gone is asked nothing more. Windows ends it with its job."""
    if sys.platform == "win32":
        return
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_ORPHANED_AFTER)
        os._exit(1)

    threading.Thread(target=look, daemon=True, name="parent").start()


@contextmanager
def _pipes() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The pipes to the other side, kept from what runs in this process and from what that starts."""
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:
        with open(os.devnull, "r+b", buffering=0) as nothing:  # noqa: PTH123  # a device, not a path
            os.dup2(nothing.fileno(), 0)
            os.dup2(nothing.fileno(), 1)
        yield requests, answers
