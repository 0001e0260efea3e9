"""The process of a plugin: imports it, and asks its connectors what it is told to.

Before anything of the plugin is imported, the process is secluded (`seclusion`). What the plugin raises is told by the
name of its class alone; what it refuses, in its own words, which the other side keeps out of every log.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint
from itertools import islice

import msgspec

from connector_core.dialects.drafts import Lookup, Waiting
from connector_core.dialects.mappings import Dialect
from connector_core.dialects.plan import database_plans
from connector_core.errors import ConnectorError, FileRefused, RowRefused
from connector_core.formats.document import Probe, SpooledFile
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
    Describe,
    Described,
    Hello,
    Identify,
    IsComplete,
    Looked,
    Meaning,
    Meanings,
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
    encode,
)
from connector_core.plugins.isolation.pipes import Closed, write_message
from connector_core.plugins.isolation.remote import RemoteFile, RemoteLookup, Wire
from connector_core.plugins.isolation.seclusion import end_with_the_other_side, limit, pipes_out_of_reach
from connector_core.plugins.isolation.values import Packer
from connector_core.plugins.names import Origin

_KEPT_BATCHES = 3
_LONGEST_NAME, _LONGEST_TEXT = 80, 1000


def main() -> None:
    """Answer until there is nobody to answer to."""
    with pipes_out_of_reach() as (requests, answers):
        wire = Wire(requests, answers)
        with suppress(Closed, OSError):
            hello = wire.next()
            if isinstance(hello, Hello):
                limit(hello.memory)
                end_with_the_other_side()
                _Plugin(wire).serve(hello)
    os._exit(0)  # whatever threads the plugin has left


@dataclass(slots=True)
class _Opened:
    """A reading, and its rows that may still be asked about: `rows` begin with the one numbered `first`."""

    reading: Reading
    lookup: RemoteLookup
    remembers: bool
    going: Iterator[Row] = field(default_factory=lambda: iter(()))
    batches: deque[tuple[int, list[Row]]] = field(default_factory=lambda: deque(maxlen=_KEPT_BATCHES))
    given: int = 0
    entries: dict[int, Meaning] = field(default_factory=dict)

    def begin(self, wire: Wire) -> None:
        self.going = iter(self.reading.rows())
        self.lookup = RemoteLookup(wire)
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

    def __init__(self, wire: Wire) -> None:
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
                    _joining(each.dialects) if isinstance(each, ReadsDialects) else (),
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
                said = connector.describe(RemoteFile(self._wire, given), claim)
                return Described(None if said is None else msgspec.json.encode(said))
            case _:
                raise Closed

    def _opened(self, request: Open) -> Opened:
        file: SpooledFile = RemoteFile(self._wire, request.file)
        reading = self._connectors[request.connector].read(file, request.claim)
        opened = Opened(tuple(reading.tables), reading.covers.names(), bool(reading.remembers), reading.signature)
        self._readings[request.number] = _Opened(reading, RemoteLookup(self._wire), opened.remembers)
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
            return self._say_meanings((_meaning(opened.reading, row, RemoteLookup(self._wire), entry, self._packer),))
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


def _joining(dialects: Mapping[str, Dialect]) -> tuple[str, ...]:
    return tuple(name for name, each in dialects.items() if each.joins_files)
