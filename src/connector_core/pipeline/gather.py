"""Records that belong together across dossiers: a practitioner's acts, the returns of a month.

They are gathered beside the dossiers, so that a question about a day needs neither all dossiers nor a search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import TypeVar, cast

from connector_core.model.answering import of_the_practice
from connector_core.model.assemble import HAPPENED_ON
from connector_core.model.merge import natural_key
from connector_core.model.records import Act, BankCredit, Invoice, PayerReturn, Record
from connector_core.model.values import invoice_key
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.codec import (
    KIND_INDEX,
    Gathering,
    Stored,
    as_record,
    as_records,
    encode_list,
    fold,
    kind_of,
    list_decoder,
    row_of,
)
from connector_core.store.dossiers import Merged
from connector_core.store.gathered import Gathered
from connector_core.store.store import Store

R = TypeVar("R", bound=Record)

ACTS = "acts"
"""Gatherings of acts by practitioner and month; the key is `mk1/2026-03`. A day is asked about, a month is kept: ten
times fewer pieces to write and to find."""
INVOICES = "invoices"
"""Gatherings of invoices by the month they were closed in; the key is `2026-03`."""
RETURNS = "returns"
"""Gatherings of payers' returns by month; the key is `2026-03`."""

_performed_on = attrgetter("performed_on")
_KINDS = {ACTS: "act", INVOICES: "invoice", RETURNS: "payer_return"}
_SPILL = 4_000_000
"""Bytes of gathered records after which they are spilled."""
_CHUNKS = 32
"""Pieces of one gathering beyond which it is written anew as one."""


class Collector:
    """What one attempt gathers. Held in memory by key, and spilled to the store whenever it has grown large."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._acts: dict[tuple[str, int, int], Gathering] = {}
        self._by_day: dict[tuple[str, date], Gathering | None] = {}
        """The same by day; None for days of which all was spilled."""
        self._months: dict[tuple[str, str], Gathering] = {}
        self._size = 0
        self.changed = False
        """Whether something was gathered for the practice as a whole."""
        self.first_return: date | None = None
        """The day of the earliest payers' answer that is new."""

    def act(self, practitioner: str, day: date, encoded: bytes) -> None:
        """Gather an act under its practitioner's month."""
        found = self._by_day.get((practitioner, day)) or self._new_day(practitioner, day)
        self._add(found, encoded)

    def _new_day(self, practitioner: str, day: date) -> Gathering:
        month = self._acts.setdefault((practitioner, day.year, day.month), Gathering())
        self._by_day[practitioner, day] = month
        return month

    @property
    def days(self) -> set[tuple[str, date]]:
        """The practitioners' days on which something is new."""
        return set(self._by_day)

    def month(self, subject: str, day: date, encoded: bytes) -> None:
        """Gather a record of the practice as a whole under its month."""
        self.changed = True
        if subject == RETURNS and (self.first_return is None or day < self.first_return):
            self.first_return = day
        key = subject, month_key(day)
        found = self._months.get(key)
        if found is None:
            found = self._months[key] = Gathering()
        self._add(found, encoded)

    def _add(self, found: Gathering, encoded: bytes) -> None:
        found.add(encoded)
        self._size += len(encoded)
        if self._size > _SPILL:
            self.spill()

    def spill(self) -> None:
        """Write what was gathered so far beside what the store has."""
        acts = (
            (ACTS, _acts_key(practitioner, date(year, month, 1)), found.blob())
            for (practitioner, year, month), found in self._acts.items()
        )
        months = ((subject, key, found.blob()) for (subject, key), found in self._months.items())
        self._gathered.add([*acts, *months])
        self._acts, self._months, self._size = {}, {}, 0
        self._by_day = dict.fromkeys(self._by_day)


class Gatherings:
    """The gatherings of a store while one attempt changes them: what was added, and what left its place."""

    def __init__(self, store: Store, view: PracticeView, collected: Collector) -> None:
        collected.spill()
        self._dossiers = store.dossiers
        self._gathered = store.gathered
        self._view = view
        self._days = collected.days
        self._sources = {source: number for number, source in store.files.sources().items()}
        self._left: dict[tuple[str, str], set[tuple[str, int, bytes]]] = {}
        """What has left its place: ids, each with the row that said it."""
        self.changed = collected.changed
        """Whether what is gathered for the practice as a whole is another than before."""

    def moved(self, merged: Merged) -> None:
        """Notice the records of a changed dossier that no longer belong where they were gathered."""
        for subject, kind in _KINDS.items():
            gone = merged.superseded[KIND_INDEX[kind]]
            if not gone:
                continue
            now = {(each.id, _key(subject, each)) for each in merged.records[KIND_INDEX[kind]]}
            for each in gone:
                if subject == ACTS:
                    self._days.add(_day_of(each))
                else:
                    self.changed = True
                key = _key(subject, each)
                if (each.id, key) not in now:
                    self._left.setdefault((subject, key), set()).add((each.id, *row_of(each)))

    def drop(self, waited: Iterable[Stored]) -> None:
        """Records that waited for an invoice are no more, or are said otherwise now."""
        for each in waited:
            if kind_of(each) == _KINDS[RETURNS]:
                self.changed = True
                self._left.setdefault((RETURNS, _key(RETURNS, each)), set()).add((each.id, *row_of(each)))

    def days(self, *, everything: bool, dawned: tuple[date, date] | None = None) -> Iterator[tuple[str, list[Stored]]]:
        """Each practitioner's day that changed (each day, if `everything`), with its acts; with `dawned`, also the days
        after the first up to the second.

        A practitioner whom several sources know has one day; an act that two of them tell of is there once. What was
        the day of someone who is known by another name has no acts left.
        """
        wanted: dict[str, set[date]] = {}
        for name, day in sorted(self._days):
            practitioner = self._view.known_as(name)
            wanted.setdefault(_acts_key(practitioner, day), set()).add(day)
            if practitioner != name:
                yield day_key(name, day), []
        if everything or dawned is not None:
            since, until = (None, None) if everything or dawned is None else map(month_key, dawned)
            for key in self._gathered.keys(ACTS):
                name, _, month = key.rpartition("/")
                if since is None or until is None or since <= month <= until:
                    wanted.setdefault(f"{self._view.known_as(name)}/{month}", set())
        for key in sorted(wanted):
            yield from self._days_of(key, wanted[key], everything, dawned)

    def _days_of(
        self, key: str, wanted: set[date], everything: bool, dawned: tuple[date, date] | None
    ) -> Iterator[tuple[str, list[Stored]]]:
        """The days of one practitioner's month that are to be asked about."""
        practitioner, _, month = key.rpartition("/")
        by_name: list[dict[date, list[Stored]]] = []
        for name in self._view.names_of(practitioner):
            days: dict[date, list[Stored]] = {}
            acts = self.records(ACTS, f"{name}/{month}")
            for each, day in zip(acts, map(_performed_on, acts), strict=True):
                days.setdefault(day, []).append(each)
            by_name.append(days)
            if everything and name != practitioner:
                yield from ((day_key(name, day), []) for day in days)
        every = {day for days in by_name for day in days}
        if dawned is not None:
            wanted |= {day for day in every if dawned[0] < day <= dawned[1]}
        for day in sorted(wanted | every if everything else wanted):
            told = [days.get(day, []) for days in by_name]
            yield day_key(practitioner, day), told[0] if len(told) == 1 else self._told_once(told, practitioner)

    def records(self, subject: str, key: str) -> list[Stored]:
        """The records gathered under a key, the last word of each. What has left is dropped for good, unless another
        dossier's word came later, and what was superseded once there are many pieces."""
        kind = _KINDS[subject]
        chunks = self._gathered.of(subject, key)
        decode = list_decoder(kind)
        found = [each for chunk in chunks for each in decode(chunk)]
        left = self._left.get((subject, key))
        kept = fold(found)
        if left:
            kept = [each for each in kept if (each.id, *row_of(each)) not in left]
        if left or len(chunks) > _CHUNKS:
            self._gathered.replace(subject, key, encode_list(kept))
        return kept

    def tidy(self) -> None:
        """Drop what has left its place, where nobody is going to ask for it."""
        for subject, key in self._left:
            self.records(subject, key)

    def since(self, subject: str, month: str) -> Iterator[Stored]:
        """The records of a subject that is gathered by month, from a month on."""
        for key in self._gathered.keys(subject):
            if key >= month:
                yield from self.records(subject, key)

    def invoices_of(self, lots: Collection[str]) -> set[str]:
        """The numbers of the invoices that are in one of these lots, themselves or by their DRE."""
        if not lots:
            return set()
        decode = list_decoder("invoice")
        return {
            invoice.number
            for key in self._gathered.keys(INVOICES)
            for chunk in self._gathered.of(INVOICES, key)
            for invoice in cast(list[Invoice], as_records(decode(chunk)))
            if invoice.lot_id in lots or invoice.dre_lot_id in lots
        }

    def _told_once(self, by_name: Sequence[Sequence[Stored]], practitioner: str) -> list[Stored]:
        """The acts of one day as several sources tell them, the leading one first: what a source repeats is left
        out."""
        kept: list[Stored] = []
        counted: Counter[tuple[object, ...]] = Counter()
        for acts in by_name:
            here: Counter[tuple[object, ...]] = Counter()
            for stored in acts:
                act = cast(Act, as_record(stored))
                key = self._dossier(act.patient_id), act.letter, act.coefficient
                here[key] += 1
                if here[key] > counted[key]:
                    kept.append(stored.model_copy(update={"practitioner_id": practitioner}))
            counted |= here
        return kept

    def _dossier(self, patient: str) -> int:
        """The dossier of a patient, by the id that carries the name of its source; in a check of files without one, by
        the id alone."""
        if "" in self._sources:
            return self._dossiers.owner(self._sources[""], patient)
        source, _, own = patient.partition(":")
        return self._dossiers.owner(self._sources[source], own)


def _key(subject: str, stored: Stored) -> str:
    """What a record is gathered under."""
    if subject == ACTS:
        return _acts_key(*_day_of(stored))
    record = as_record(stored)
    day: date = getattr(record, HAPPENED_ON[record.record])
    return month_key(day)


def _day_of(stored: Stored) -> tuple[str, date]:
    """The practitioner's day that an act belongs to."""
    act = cast(Act, as_record(stored))
    return act.practitioner_id, act.performed_on


def _acts_key(practitioner: str, day: date) -> str:
    return f"{practitioner}/{month_key(day)}"


def numbers_returned(gathered: Gathered, since: date) -> set[str]:
    """The numbers that payers have named from the month of a day on, without leading zeros."""
    decode, month = list_decoder("payer_return"), month_key(since)
    return {
        invoice_key(each.invoice_number)
        for key in gathered.keys(RETURNS)
        if key >= month
        for piece in gathered.of(RETURNS, key)
        for each in cast(list[PayerReturn], as_records(decode(piece)))
    }


def payer_returns(store: Store, first: date, last: date) -> tuple[PayerReturn, ...]:
    """The payers' answers of a period to the practice, whether their invoices are known or not."""
    since, until = month_key(first), month_key(last)
    decode = list_decoder("payer_return")
    found = [
        each
        for key in store.gathered.keys(RETURNS)
        if since <= key <= until
        for each in fold([each for chunk in store.gathered.of(RETURNS, key) for each in decode(chunk)])
    ]
    returns = told_once(cast(list[PayerReturn], as_records(found)), several=_several(store))
    ours = of_the_practice(returns, PracticeView.of(store, (), {}).cabinet)
    return tuple(each for each in ours if first <= each.returned_on <= last)


def bank_credits(store: Store, first: date, last: date) -> tuple[BankCredit, ...]:
    """The bank's credits of a period, each once, in order of the sources that tell of them."""
    told = cast(list[BankCredit], as_records(store.shared.of("bank_credit")))
    credits = told_once(told, several=_several(store))
    return tuple(each for each in credits if first <= each.booked_on <= last)


def _several(store: Store) -> bool:
    return len(store.files.sources()) > 1


def told_once(records: Sequence[R], *, several: bool) -> list[R]:
    """Records of the practice, where `several` sources tell of it: what one repeats of an earlier one is left out.

    Each source names its records by ids of its own, which carry its name; so records are told apart by what they say.
    """
    if not several:
        return list(records)
    by_source: dict[str, list[R]] = {}
    for each in records:
        by_source.setdefault(each.id.partition(":")[0], []).append(each)
    kept: list[R] = []
    counted: Counter[Hashable] = Counter()
    for told in by_source.values():
        here: Counter[Hashable] = Counter()
        for each in told:
            key = natural_key(each)
            here[key] += 1
            if here[key] > counted[key]:
                kept.append(each)
        counted |= here
    return kept


def day_key(practitioner: str, day: date) -> str:
    return f"{practitioner}/{day.isoformat()}"


def month_key(day: date) -> str:
    return day.isoformat()[:7]
