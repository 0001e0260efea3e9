"""From the records of files to the right dossiers.

Each record is routed as soon as its row is understood: to the dossier of its patient, to the practice as a whole, or,
for a payer's return, to the invoice it answers, where it waits if that is not known yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import NamedTuple

from connector_core.model.records import Invoice, Patient, Record
from connector_core.model.values import invoice_key
from connector_core.pipeline.gather import INVOICES, RETURNS, Collector, numbers_returned
from connector_core.pipeline.moves import Gone, Moves
from connector_core.pipeline.noted import NOTED_FIELDS
from connector_core.pipeline.owners import Owners
from connector_core.pipeline.remembered import Remembered
from connector_core.pipeline.renumbered import given_up
from connector_core.pipeline.rows import FileOrigin, FileResult, RowReader
from connector_core.pipeline.withdrawn import Withdrawn
from connector_core.plugins.connector import Reading
from connector_core.store.claims import Claim
from connector_core.store.codec import (
    KIND_INDEX,
    KIND_NAMES,
    Fragments,
    Stored,
    content,
    decode_one,
    encode_stored,
    kind_of,
    list_decoder,
    row_of,
)
from connector_core.store.dossiers import names_invoice
from connector_core.store.store import RETURNS_SINCE, Store
from connector_core.store.waiting import Waiter
from connector_core.store.whereabouts import WAITING

_INVOICE, _RETURN = KIND_INDEX["invoice"], KIND_INDEX["payer_return"]

PRACTICE_KINDS = frozenset({"practitioner", "lot", "bank_credit"})
"""Kinds that belong to the practice and to no patient."""

_AT_ONCE = 2000
"""Invoices that are held back until their owners are written."""


class _Answer(NamedTuple):
    """A record that names no patient but an invoice; `said` is what the file that says it is known by to `Moves`."""

    invoice: str
    kind: int
    id: str
    encoded: bytes
    said: int


@dataclass(slots=True)
class Ingest:
    """Everything one attempt adds, gathered in memory until it is committed. `moves` is None where no record can have
    been elsewhere before."""

    store: Store
    moves: Moves | None = None
    fragments: dict[int, Fragments] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)
    """What is said otherwise than before of practitioners, on whom every dossier depends, and of lots, on which those
    of their invoices do: prefixed ids by kind."""
    records: int = 0
    noted: set[str] = field(default_factory=set)
    """The events noted by hand that some record has."""
    gathered: Collector = field(init=False)
    waited: list[Stored] = field(default_factory=list)
    """What waited for an invoice before and is no more, or is elsewhere."""
    withdrawn: Withdrawn = field(default_factory=Withdrawn)
    """The rows that are no more, or say something else than they did."""
    _rows: RowReader = field(init=False)
    _joined: dict[int, int] = field(default_factory=dict)
    _shared: list[tuple[int, int, str, str, bytes]] = field(default_factory=list)
    _invoices: list[tuple[str, Claim]] = field(default_factory=list)
    _named: bool = False
    """Whether an invoice was named."""
    _closed: dict[str, date] = field(default_factory=dict)
    """The first closing day of the invoices that were named, by number, if the store has returns they may answer."""
    _had_returns: bool = field(init=False)
    _invoiced: set[int] = field(default_factory=set)
    """The dossiers of the invoices that were named, where they may have been named otherwise before."""
    _by_invoice: list[_Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gathered = Collector(self.store.gathered)
        self._rows = RowReader(self.store.files, self.moves)
        self._had_returns = self.store.fact(RETURNS_SINCE) is not None

    def read(
        self,
        origin: FileOrigin,
        reading: Reading,
        remembered: Remembered,
        so_far: Callable[[int], None],
        *,
        anew: bool,
    ) -> FileResult:
        """Read one file and route its records, as `RowReader.read` says."""
        route = partial(self._route, origin.source, origin.prefix)
        return self._rows.read(origin, reading, remembered, route, so_far, anew=anew)

    def gone_from(self, dossier: int) -> Gone | None:
        """Which records of a dossier are no more, or are elsewhere; None where there are none."""
        moved = None if self.moves is None else self.moves.gone_from(dossier)
        if not self.withdrawn:
            return moved
        gone = self.withdrawn.gone
        return gone if moved is None else lambda stored: gone(stored) or moved(stored)

    def settle(self) -> None:
        """Once every file is read: write what belongs to the practice, and route what names an invoice."""
        waiting = self.store.waiting
        self._share()
        self._take_back()
        self._move()
        self._name_invoices()
        owners = Owners(self.store, self._invoices_by_id)
        self._release(owners)
        self._answer(owners)
        if self._named or not self.changed.keys().isdisjoint(("lot", "practitioner")):
            for invoice in waiting.awaited():
                self._adopt(owners, waiting.for_invoice(invoice))
            self._adopt(owners, waiting.reminders())
        self._move()
        self._tell_alike()

    def _adopt(self, owners: Owners, waiting: Iterable[Waiter]) -> None:
        """Give what has waited for an invoice to the dossier that has it now."""
        for place, invoice, kind, encoded in waiting:
            owner = owners.of(invoice, kind, encoded)
            if owner is not None:
                self.store.waiting.adopt(place)
                self._gaining(owner).add(kind, encoded)
                if self.moves is not None:
                    self.moves.arrives(kind, decode_one(kind, encoded).id, owner)

    def _invoices_by_id(self) -> dict[str, int]:
        """The dossiers of all invoices, by the ids that carry the names of their sources."""
        found = {each.id: number for number, (told,) in self.store.dossiers.of_kinds("invoice") for each in told}
        decode = list_decoder("invoice")
        for number, gained in self.fragments.items():
            gone = self.gone_from(number)
            told = [*self.store.dossiers.of_kind(number, "invoice"), *decode(gained.parts()[_INVOICE])]
            for each in told:
                if gone is None or not gone(each):
                    found[each.id] = number
        return found

    def _move(self) -> None:
        """Find where the records that have arrived were before; those dossiers are opened, so that what is gone is left
        out when they are written."""
        if self.moves is not None:
            self.moves.settle(self._joined_as)
            for number in self.moves.left:
                self.fragments.setdefault(number, Fragments())

    def _answer(self, owners: Owners) -> None:
        """Give what names an invoice to the dossier it is certain to be of; where there is none, it waits."""
        waiting: list[_Answer] = []
        last = {(each.kind, each.id): each.said for each in self._by_invoice}
        for each in self._by_invoice:
            owner = owners.of(each.invoice, each.kind, each.encoded)
            if self.moves is not None:
                self.moves.arrives(each.kind, each.id, WAITING if owner is None else owner, each.said)
            if owner is not None:
                self._gaining(owner).add(each.kind, each.encoded)
            elif each.said == last[each.kind, each.id]:
                waiting.append(each)
            else:
                self.waited.append(decode_one(each.kind, each.encoded))
        self._move()
        gone = self.gone_from(WAITING)
        if gone is not None:
            self.waited += self.store.waiting.drop(gone)
        self.store.waiting.add((each.invoice, each.kind, each.encoded) for each in waiting)

    def _release(self, owners: Owners) -> None:
        """Take out of dossiers what is there for an invoice that they have no more, or for one of a number that others
        have since, which it may answer as well, or rather; it is routed anew."""
        holders = self._given_up()
        dossiers = self.store.dossiers
        if self._closed:
            returned = numbers_returned(self.store.gathered, min(self._closed.values()))
            for number in returned.intersection(self._closed):
                of_number = self.store.claims.dossiers(number)
                holders.setdefault(number, set()).update(of_number if len(of_number) > 1 else ())
        released: list[_Answer] = []
        for number in sorted(holders):
            for dossier in sorted(holders[number]):
                strays = dossiers.release(dossier, partial(self._strays, owners, number, dossier))
                if strays:
                    self.fragments.setdefault(dossier, Fragments())
                for each in strays:
                    kind = KIND_INDEX[kind_of(each)]
                    released.append(_Answer(names_invoice(each) or number, kind, each.id, encode_stored(each), 0))
        self._by_invoice[:0] = released

    def _given_up(self) -> dict[str, set[int]]:
        """Forget the invoices that dossiers have no more under the number or the day they were known by. Returns the
        numbers, each with its dossiers."""
        found: dict[str, set[int]] = {}
        invoiced = {self._joined_as(dossier) for dossier in self._invoiced}
        moved = set[int]() if self.moves is None else self.moves.left
        for dossier in [*self.fragments] if self.withdrawn else invoiced | moved:
            lost = given_up(self.store.dossiers, dossier, self.fragments[dossier], self.gone_from(dossier))
            if lost:
                self._named = True
                self.store.claims.forget(dossier, lost)
            for number, _ in lost:
                found.setdefault(number, set()).add(dossier)
        return found

    def _strays(self, owners: Owners, number: str, dossier: int, stored: Stored) -> bool:
        """Whether what is in a dossier for an invoice of this number is no longer certain to be of it."""
        invoice, kind = names_invoice(stored), KIND_INDEX[kind_of(stored)]
        if invoice is None or (kind == _RETURN and invoice_key(invoice) != number):
            return False
        gone = self.gone_from(dossier)
        if gone is not None and gone(stored):
            return False
        return owners.of(invoice, kind, encode_stored(stored)) != dossier

    def _take_back(self) -> None:
        """Take back what rows said that are no more. Dossiers that may hold some of it are opened; what is theirs is
        left out when they are written."""
        if not self.withdrawn:
            return
        dossiers, names = self.store.dossiers, self.store.files.sources()
        numbers = {source: number for number, source in names.items()}
        source_of = {file: numbers[source] for file, source in self.store.files.source_of_files().items()}
        rows = self.withdrawn.settle(source_of)
        for kind, known_as in self.store.shared.drop(self.withdrawn.gone):
            self.changed.setdefault(KIND_NAMES[kind], set()).add(known_as)
        self.waited += self.store.waiting.drop(self.withdrawn.gone)
        for number in dossiers.holding(rows):
            self.fragments.setdefault(number, Fragments())

    def _tell_alike(self) -> None:
        """Say of whom one might think that they are one person, and that they are not taken for one."""
        dossiers, names = self.store.dossiers, self.store.files.sources()
        for number, other in dossiers.alike:
            ids = [
                f"{names[source]}:{patient}" if names[source] else patient
                for dossier in (number, other)
                for source, patient in dossiers.ids_of(dossier)
            ]
            text = f"patients {' et '.join(sorted(ids))} : même nom et même naissance ; ils ne sont pas réunis"
            self.store.answers.replace_doubts(f"a{number}", [text])
        dossiers.alike.clear()

    def _route(self, source: int, prefix: str, record: Record, encoded: bytes, said: int) -> None:
        self.records += 1
        name = record.record
        kind = KIND_INDEX[name]
        values = record.__dict__
        if name in NOTED_FIELDS:
            self.noted.update(f"{name}.{field}" for field in NOTED_FIELDS[name] if values[field] is not None)
        patient_id = values.get("patient_id")
        if patient_id is not None:
            owner = self.store.dossiers.owner(source, patient_id)
            self._gaining(owner).add(kind, encoded)
            if self.moves is not None:
                self.moves.arrives(kind, prefix + record.id, owner, said)
            if name == "act":
                self.gathered.act(prefix + values["practitioner_id"], values["performed_on"], encoded)
            elif isinstance(record, Invoice):
                self.gathered.month(INVOICES, record.closed_on, encoded)
                self._invoices.append((record.number, _claim(owner, prefix, record)))
                if self.moves is not None:
                    self._invoiced.add(owner)
                if len(self._invoices) >= _AT_ONCE:
                    self._name_invoices()
        elif isinstance(record, Patient):
            owner, into = self.store.dossiers.identify(source, record)
            if into is not None:
                self._join(owner, into)
                owner = into
            self._gaining(owner).add(kind, encoded)
        else:
            self._route_elsewhere(source, prefix, record, kind, encoded, said)

    def _route_elsewhere(self, source: int, prefix: str, record: Record, kind: int, encoded: bytes, said: int) -> None:
        """A record that names no patient: by the invoice it names, else it is the practice's."""
        values = record.__dict__
        invoice = values.get("invoice_number") or (prefix + values["invoice_id"] if "invoice_id" in values else None)
        if invoice is None:
            self._shared.append((kind, source, record.id, prefix + record.id, encoded))
            return
        self._by_invoice.append(_Answer(invoice, kind, prefix + record.id, encoded, said))
        if record.record == "payer_return":
            self.gathered.month(RETURNS, values["returned_on"], encoded)

    def _name_invoices(self) -> None:
        """Write whose the invoices are; one of a dossier that is joined later moves with it."""
        self._named = self._named or bool(self._invoices)
        if self._had_returns:
            for number, claim in self._invoices:
                key, closed_on = invoice_key(number), claim.closed_on or date.min
                self._closed[key] = min(self._closed.get(key, closed_on), closed_on)
        self.store.claims.add(
            (number, claim._replace(dossier=self._joined_as(claim.dossier))) for number, claim in self._invoices
        )
        self._invoices = []

    def take_fragments(self) -> Iterator[tuple[int, Fragments]]:
        """What each dossier gains, given away one by one to free its memory."""
        while self.fragments:
            yield self.fragments.popitem()

    def _join(self, number: int, into: int) -> None:
        """A dossier whose patient turned out to be the person of another one moves into it, with what it held."""
        dossiers = self.store.dossiers
        before = dossiers.load(number)
        for kind, stored in enumerate(before or ()):
            for each in stored:
                self._gaining(into).add(kind, encode_stored(each))
                if self.moves is not None:
                    self.moves.arrives(kind, each.id, into)
        gained = self.fragments.pop(number, None)
        if gained is not None:
            for kind, part in enumerate(gained.parts()):
                for each in list_decoder(KIND_NAMES[kind])(part):
                    self._gaining(into).add(kind, encode_stored(each))
        dossiers.join(number, into)
        self.store.claims.join(number, into)
        self._joined[number] = into
        if before is not None:
            dossiers.delete(number)
            self.store.answers.forget(f"d{number}")

    def _joined_as(self, number: int) -> int:
        """The dossier that a number stands for since others were joined."""
        while number in self._joined:
            number = self._joined[number]
        return number

    def _share(self) -> None:
        """Write what belongs to no patient, and notice what is said otherwise than before."""
        shared = self.store.shared
        now: dict[tuple[int, int, str], bytes] = {}
        overruled: list[tuple[int, bytes]] = []
        for kind, source, identifier, known_as, encoded in self._shared:
            key = kind, source, identifier
            before = now.get(key) or shared.record(*key)
            now[key] = encoded
            was, new = (None if each is None else decode_one(kind, each) for each in (before, encoded))
            if was is not None and new is not None:
                if content(was) == content(new):
                    continue
                overruled.append(row_of(was))
            self.changed.setdefault(KIND_NAMES[kind], set()).add(known_as)
        shared.put((*key, encoded) for key, encoded in now.items())
        self.store.files.overrule(overruled)

    def _gaining(self, owner: int) -> Fragments:
        """What a dossier gains."""
        return self.fragments.get(owner) or self.fragments.setdefault(owner, Fragments())


def _claim(owner: int, prefix: str, invoice: Invoice) -> Claim:
    name = invoice.lot_id or invoice.dre_lot_id
    lot = "" if name is None else prefix + name
    apart = invoice.amc_management == "separee"
    return Claim(owner, prefix + invoice.practitioner_id, lot, invoice.closed_on, apart)
