"""What every dossier of a practice shares, as the store knows it: sources, files, professionals, lots, coverage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, cast, overload

from connector_core.model.assemble import Assembled, assemble_ordered
from connector_core.model.dossier import Cabinet
from connector_core.model.merge import Contradiction, merge_sources, one_each
from connector_core.model.order import all_in_order
from connector_core.model.records import Invoice, Lot, PayerReturn, Practitioner, Record, field_names
from connector_core.model.values import invoice_key
from connector_core.store.codec import KIND_NAMES, as_records, records_by_kind
from connector_core.store.dossiers import Records
from connector_core.store.store import ACTS_SINCE, PAYEES, RETURNS_SINCE, UNORDERED, Store

T = TypeVar("T")


@dataclass(frozen=True)
class PracticeView:
    """The practice as one attempt sees it.

    Ids carry the name of their source (`vega:p12`) as soon as they leave the store, so that two sources never
    collide; a check without a configured source has no name, and no prefix. A professional known by several sources
    is one.
    """

    cabinet: Cabinet
    order: tuple[str, ...]
    leaders: Mapping[str, str]
    _source_of_file: Mapping[int, str]
    _digests: Mapping[int, str]
    _known_as: Mapping[str, str]
    lots: Lots
    _unordered: bool

    @classmethod
    def of(
        cls, store: Store, order: Sequence[str], leaders: Mapping[str, str], lots: Lots | None = None
    ) -> PracticeView:
        """Read the view from the store. Sources that `order` leaves out come last, in the order of their first file.

        `lots` are those of an earlier view, where none has changed since: a practice of ten years has thousands.
        """
        source_of_file = store.files.source_of_files()
        listed = tuple(dict.fromkeys((*order, *store.files.sources().values())))

        practitioners = cast(list[Practitioner], as_records(store.shared.of("practitioner")))
        professionals, known_as = one_each(practitioners)
        if lots is None:
            lots = Lots(lambda: cast(list[Lot], as_records(store.shared.of("lot"))), known_as, several=len(listed) > 1)
        acts_since, returns_since = (
            None if known is None else date.fromisoformat(known)
            for known in (store.fact(ACTS_SINCE), store.fact(RETURNS_SINCE))
        )
        payees = frozenset((store.fact(PAYEES) or "").split())
        cabinet = Cabinet(store.files.covers(), professionals, lots, acts_since, returns_since, payees)
        unordered = store.fact(UNORDERED) is not None
        return cls(cabinet, listed, leaders, source_of_file, store.files.digests(), known_as, lots, unordered)

    def source(self, file: int) -> str:
        return self._source_of_file[file]

    def digest(self, file: int) -> str:
        return self._digests[file]

    def sources_of(self, records: Records) -> set[str]:
        """The sources that a dossier's records come from."""
        if len(self.order) < 2:
            return set(self.order)
        return {self._source_of_file[number] for number in {each.file_number for stored in records for each in stored}}

    def with_known_practitioners(self, records: Mapping[str, list[Record]]) -> Mapping[str, list[Record]]:
        """The same records, each naming a professional by the one id that stands for them."""
        known_as = self._known_as
        if not known_as:
            return records
        return {name: [_known(record, known_as) for record in each] for name, each in records.items()}

    def by_kind(self, records: Records) -> tuple[Mapping[str, Sequence[Record]], tuple[Contradiction, ...]]:
        """A dossier's records as rules see them: professionals by the one id that stands for them, sources merged, the
        leader's value first, each kind in order; and what the sources say against each other."""
        by_kind = self.with_known_practitioners(records_by_kind(records))
        if len(self.sources_of(records)) < 2:
            return all_in_order(by_kind) if self._unordered else by_kind, ()
        by_source: dict[str, dict[str, list[Record]]] = {}
        for name, stored in zip(KIND_NAMES, records, strict=True):
            for each, record in zip(stored, by_kind.get(name, ()), strict=True):
                by_source.setdefault(self.source(each.file_number), {}).setdefault(name, []).append(record)
        merged = merge_sources(by_source, self.order, self.leaders)
        return all_in_order(_numbered_alike(merged.records)), merged.contradictions

    def assembled(self, patient_id: str, records: Records, as_of: date) -> tuple[Assembled, tuple[Contradiction, ...]]:
        """A dossier as of a day, and what its sources say against each other."""
        by_kind, contradictions = self.by_kind(records)
        return assemble_ordered(patient_id, by_kind, self.cabinet, as_of), contradictions

    def lots_named_like(self, ids: Collection[str]) -> set[str]:
        """The ids of lots, with those under which other records tell of the same lots."""
        return self.lots.named_like(ids)

    def known_as(self, practitioner: str) -> str:
        """The one id of a professional whom several sources may know."""
        return self._known_as.get(practitioner, practitioner)

    def names_of(self, practitioner: str) -> list[str]:
        """Every id of a professional, the one that stands for them first."""
        return [practitioner, *(name for name, own in self._known_as.items() if own == practitioner)]


class Lots(Mapping[str, Lot]):
    """The practice's lots, read when a rule first asks for one: most attempts ask for none.

    A lot that several records tell of is one: what the first leaves empty the others fill, and each of their ids finds
    it. It is there once.
    """

    def __init__(self, read: Callable[[], Iterable[Lot]], known_as: Mapping[str, str], *, several: bool) -> None:
        self._read = read
        self._several = several
        self._known_as = known_as
        self._lots: dict[str, Lot] | None = None
        self._stands_for: dict[str, str] = {}

    def named_like(self, ids: Collection[str]) -> set[str]:
        """These ids, and every other id of the same lots."""
        if not ids:
            return set()
        self._found()
        own = {self._stands_for.get(name, name) for name in ids}
        return own.union(ids, (name for name, first in self._stands_for.items() if first in own))

    def _found(self) -> dict[str, Lot]:
        if self._lots is None:
            self._lots = {}
            for same in _same_lots(self._read(), self._known_as, several=self._several):
                first, *others = same
                for each in others:
                    self._stands_for[each.id] = first.id
                    first = _filled(first, each)
                self._lots[first.id] = first
        return self._lots

    def __getitem__(self, name: str) -> Lot:
        found = self._found()
        return found[self._stands_for.get(name, name)]

    @overload
    def get(self, name: str, default: None = None, /) -> Lot | None: ...

    @overload
    def get(self, name: str, default: Lot, /) -> Lot: ...

    @overload
    def get(self, name: str, default: T, /) -> Lot | T: ...

    def get(self, name: str, default: T | None = None, /) -> Lot | T | None:
        """As any mapping's, without an exception for a name that is not known: every invoice asks."""
        return self._found().get(self._stands_for.get(name, name), default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


def _numbered_alike(records: Mapping[str, list[Record]]) -> Mapping[str, list[Record]]:
    """The same records, each payer's return with the number of its invoice as the invoice has it."""
    returns, invoices = records.get("payer_return"), records.get("invoice")
    if not returns or not invoices:
        return records
    numbers = {invoice_key(number): number for number in (cast(Invoice, each).number for each in invoices)}
    return {**records, "payer_return": [_numbered(cast(PayerReturn, each), numbers) for each in returns]}


def _numbered(each: PayerReturn, numbers: Mapping[str, str]) -> PayerReturn:
    number = numbers.get(invoice_key(each.invoice_number), each.invoice_number)
    return each if number == each.invoice_number else each.model_copy(update={"invoice_number": number})


def _same_lots(lots: Iterable[Lot], known_as: Mapping[str, str], *, several: bool) -> Iterator[list[Lot]]:
    """Lots of one number and day, and of one professional. Where a record names no professional, it is that of another
    source, if `several` tell of the practice and there is only one; of one source, two such records are two lots."""
    alike: dict[tuple[str, date | None], list[Lot]] = {}
    for each in lots:
        alike.setdefault((each.number.lstrip("0"), each.created_on or each.sent_on), []).append(each)
    for (_, day), same in alike.items():
        own: dict[str, list[Lot]] = {}
        unnamed: list[Lot] = []
        for each in same:
            if day is not None and each.practitioner_id is not None:
                own.setdefault(known_as.get(each.practitioner_id, each.practitioner_id), []).append(each)
            else:
                unnamed.append(each)
        sources = [_source(each, several) for each in unnamed]
        others = {_source(each, several) for group in own.values() for each in group}
        if day is not None and len(own) < 2 and len(sources) == len(set(sources)) and others.isdisjoint(sources):
            yield same
            continue
        yield from own.values()
        yield from ([each] for each in unnamed)


def _source(lot: Lot, several: bool) -> str:
    """The source of a lot: where there are several, ids carry its name."""
    return lot.id.partition(":")[0] if several else ""


def _filled(lot: Lot, other: Lot) -> Lot:
    """A lot with what another record of it says and the first does not."""
    said = {name: getattr(other, name) for name in field_names(Lot) if getattr(lot, name) is None}
    if lot.vendor and other.vendor:
        said["vendor"] = {**other.vendor, **lot.vendor}
    return lot.model_copy(update={name: value for name, value in said.items() if value is not None})


def _known(record: Record, known_as: Mapping[str, str]) -> Record:
    practitioner = getattr(record, "practitioner_id", None)
    stands_for = None if practitioner is None else known_as.get(practitioner)
    return record if stands_for is None else record.model_copy(update={"practitioner_id": stands_for})
