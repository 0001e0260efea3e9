"""Connectors in a process of their own, which look like any other to those who ask them.

Rows come in batches, and what they mean in windows: the first rows are asked about one by one, then more at a time,
since of a file that was exported again most rows are never asked about. Where whole batches are asked about, the next
ones are understood while this one is worked on. What a file of joined tables says is never read ahead, so that each row
finds what the rows before it have said, and nothing else.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from connector_core.dialects.drafts import Draft, Lookup, Waiting
from connector_core.dialects.language import read_dialect
from connector_core.dialects.plan import Plan, database_plans
from connector_core.errors import RowRefused
from connector_core.formats.document import Probe, SpooledFile, probe_of
from connector_core.formats.extract import ExtractHeader, header_of
from connector_core.formats.rows import Row, as_row
from connector_core.model.coverage import Covers
from connector_core.plugins.connector import Claim, ConnectorInfo, Reading
from connector_core.plugins.isolation.messages import (
    Answer,
    Batch,
    Claimed,
    Completed,
    Describe,
    Described,
    Given,
    Identify,
    IsComplete,
    Looked,
    Meaning,
    Meanings,
    Offered,
    Open,
    Opened,
    Refusal,
    Rows,
    Understand,
)
from connector_core.plugins.isolation.process import Asked, Clock, Isolated, error_of

_FIRST_BATCH, _LARGEST_BATCH, _GROWTH = 64, 1024, 4
_AHEAD = 2
"""Batches that are understood beforehand: on a busy machine, the process does not get a processor when we need it."""


class IsolatedConnector:
    """A connector that runs elsewhere. `dialects_of_its_own` are the ids of its dialects, `joining_dialects` of those
    that join files; `databases` is what those for databases read, for the core to fetch."""

    def __init__(self, isolated: Isolated, offered: Offered) -> None:
        self._isolated = isolated
        self._offered = offered

    @property
    def info(self) -> ConnectorInfo:
        return self._offered.info

    @property
    def dialects_of_its_own(self) -> tuple[str, ...]:
        return self._offered.dialects

    @property
    def joining_dialects(self) -> tuple[str, ...]:
        return self._offered.joining

    @property
    def databases(self) -> tuple[Plan, ...]:
        return self._offered.databases

    def with_dialect(self, place: str, text: str) -> IsolatedConnector:
        """The same connector with a dialect of the site, which replaces the one of the same id."""
        dialect = read_dialect(text, place)
        kept = tuple(each for each in self._offered.databases if each.dialect != dialect.id)
        joining = tuple(each for each in self._offered.joining if each != dialect.id)
        offered = msgspec.structs.replace(
            self._offered,
            databases=(*kept, *database_plans([dialect])),
            joining=(*joining, dialect.id) if dialect.joins_files else joining,
        )
        return type(self)(self._isolated.with_dialect(place, text), offered)

    def identify(self, probe: Probe) -> Claim | None:
        match self._look(Identify(self.info.id, _looked(probe))):
            case Claimed(known=False):
                return None
            case Claimed() as said:
                return Claim(said.connector, said.dialect, said.score, said.reason, said.variant, said.version)
            case _:
                raise self._isolated.nonsense()

    def is_complete(self, probe: Probe) -> bool:
        match self._look(IsComplete(self.info.id, _looked(probe))):
            case Completed(complete=complete):
                return complete
            case _:
                raise self._isolated.nonsense()

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        return IsolatedReading(self._isolated, self.info.id, file, claim)

    def _look(self, request: Identify | IsComplete) -> Answer:
        return self._isolated.ask(request, self._isolated.limits.look)


class DescribingConnector(IsolatedConnector):
    """One that describes files, too."""

    def describe(self, file: SpooledFile, claim: Claim) -> Mapping[str, object] | None:
        limits = self._isolated.limits
        served = _Served(file)
        request = Describe(self.info.id, _given(file), claim)
        try:
            answer = self._isolated.ask(request, limits.message, served, Clock(limits.file))
        finally:
            self._isolated.done_with(served)
        match answer:
            case Described(json=None):
                return None
            case Described(json=bytes() as text):
                try:
                    return msgspec.json.decode(text, type=dict[str, object])
                except (msgspec.MsgspecError, RecursionError):
                    raise self._isolated.nonsense() from None
            case _:
                raise self._isolated.nonsense()


def proxy_of(isolated: Isolated, offered: Offered) -> IsolatedConnector:
    """The connector that a plugin offers, as others ask it."""
    return DescribingConnector(isolated, offered) if offered.describes else IsolatedConnector(isolated, offered)


@dataclass(eq=False, slots=True)
class _Served:
    file: SpooledFile
    lookup: Lookup | None = None


class IsolatedReading:
    """One file being read elsewhere."""

    def __init__(self, isolated: Isolated, connector: str, file: SpooledFile, claim: Claim) -> None:
        limits = isolated.limits
        self._isolated = isolated
        self._clock = Clock(limits.file)
        self._served = _Served(file)
        self._number = isolated.number()
        try:
            opened = self._ask(Open(self._number, connector, _given(file), claim))
        finally:
            isolated.done_with(self._served)
        if not isinstance(opened, Opened):
            raise isolated.nonsense()
        self._generation = isolated.generation
        weakref.finalize(self, isolated.release, self._generation, self._number)
        self.tables: Sequence[str] = opened.tables
        self.covers = Covers.all() if opened.covers == ("*",) else Covers.of(opened.covers)
        self.remembers = opened.remembers
        self.signature = opened.signature
        self._file = file
        self._first = 0
        self._at = 0
        self._rows: list[Row] = []
        self._meanings: dict[int, Meaning] = {}
        self._entries: dict[int, Meaning] = {}
        self._window = 1
        self._asked_about = 0

    @cached_property
    def extract(self) -> ExtractHeader | None:
        """What the extract of a database has. The core, which wrote the extract, reads it there: a plugin has no say in
        it."""
        return header_of(probe_of(self._file).head)

    def rows(self) -> Iterator[Row]:
        """Every row; what was asked about rows of an earlier call is forgotten."""
        self._first, self._rows, size = 0, [], _FIRST_BATCH
        self._window, understood = 1, False
        self._clock.left = self._isolated.limits.file
        ahead: deque[Asked] = deque()
        try:
            batch = self._batch(self._ask(Rows(self._number, size, anew=True, understood=False)))
            while True:
                self._turn_to(batch)
                size = min(size * _GROWTH, _LARGEST_BATCH)
                last = batch.end or batch.refused is not None
                while understood and not self.remembers and not last and len(ahead) < _AHEAD:
                    following = Rows(self._number, size, anew=False, understood=True)
                    ahead.append(self._put(following, behind=len(ahead)))
                for at, row in enumerate(self._rows):
                    self._at = at
                    yield row
                if batch.refused is not None:
                    raise error_of(batch.refused)
                if last:
                    return
                understood = self._asked_about * 2 >= len(self._rows) > 0
                if not ahead:
                    ahead.append(self._put(Rows(self._number, size, anew=False, understood=understood)))
                batch = self._batch(self._isolated.answer(ahead.popleft()))
        finally:
            self._isolated.done_with(self._served)

    def records(self, row: Row, lookup: Lookup) -> list[Draft] | Waiting:
        self._served.lookup = lookup
        meaning = self._meaning(row)
        if meaning.broke is not None:
            raise self._isolated.failed(meaning.broke)
        if meaning.entry_refused is not None:
            raise _row_refused(meaning.entry_refused)
        if meaning.refused is not None:
            raise _row_refused(meaning.refused)
        if meaning.waits is not None:
            return Waiting(*meaning.waits)
        return self._isolated.drafts(meaning.drafts or ())

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        if not self.remembers:
            return None
        meaning = self._entry(row)
        if meaning.broke is not None and meaning.entry is None:
            raise self._isolated.failed(meaning.broke)
        if meaning.entry_refused is not None:
            raise _row_refused(meaning.entry_refused)
        return meaning.entry

    def _turn_to(self, batch: Batch) -> None:
        self._first += len(self._rows)
        self._rows = list(map(as_row, batch.rows))
        self._at = self._asked_about = 0
        if batch.meanings and len(batch.meanings) != len(batch.rows):
            raise self._isolated.nonsense()
        self._meanings = dict(enumerate(batch.meanings))
        self._entries = {}

    def _meaning(self, row: Row) -> Meaning:
        at = self._at
        if at >= len(self._rows) or self._rows[at] is not row:
            return self._understood(Understand(self._number, 0, 1, (row.place, row.table, row.raw)))[0]
        self._asked_about += 1
        known = self._meanings.get(at)
        if known is None:
            self._window = self._window * 2 if at - 1 in self._meanings else 1
            count = min(self._window, len(self._rows) - at)
            said = self._understood(Understand(self._number, self._first + at, count))
            self._meanings |= enumerate(said, at)
            known = said[0]
        return known

    def _entry(self, row: Row) -> Meaning:
        at = self._at
        if at >= len(self._rows) or self._rows[at] is not row:
            return self._understood(Understand(self._number, 0, 1, (row.place, row.table, row.raw)))[0]
        known = self._meanings.get(at) or self._entries.get(at)
        if known is None:
            count = min(self._window * 2, len(self._rows) - at)
            said = self._understood(Understand(self._number, self._first + at, count, remember_only=True))
            self._entries |= enumerate(said, at)
            known = said[0]
        return known

    def _understood(self, request: Understand) -> tuple[Meaning, ...]:
        answer = self._ask(request)
        if not isinstance(answer, Meanings) or len(answer.meanings) != request.count:
            raise self._isolated.nonsense()
        return answer.meanings

    def _batch(self, answer: Answer) -> Batch:
        if not isinstance(answer, Batch):
            raise self._isolated.nonsense()
        return answer

    def _ask(self, request: Open | Rows | Understand) -> Answer:
        return self._isolated.answer(self._put(request))

    def _put(self, request: Open | Rows | Understand, *, behind: int = 0) -> Asked:
        if not isinstance(request, Open) and self._generation is not self._isolated.generation:
            raise self._isolated.ended()
        limits = self._isolated.limits
        return self._isolated.put(request, limits.message, self._served, self._clock, behind=behind)


def _looked(probe: Probe) -> Looked:
    return Looked(os.fsencode(probe.name), probe.size, probe.head)


def _given(file: SpooledFile) -> Given:
    return Given(os.fsencode(file.name), file.sha256, file.size)


def _row_refused(refused: Refusal) -> RowRefused:
    reason, fields = refused
    return RowRefused(reason, fields=fields)
