"""Records become subjects: the pure step between what was read and what rules are asked about.

`as_of` is the day asked about. What happens later is not known yet: later records are left out and later events are
taken as not having happened. The day on which the first of them comes into view is returned too, so that the subject is
asked again then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from operator import attrgetter, itemgetter
from typing import NamedTuple, cast

from connector_core.model.answering import may_answer, of_lot
from connector_core.model.dossier import Cabinet, Dossier, HouseholdDay, PractitionerDay, SentLot
from connector_core.model.order import all_in_order, sorted_by
from connector_core.model.records import KINDS, Act, Invoice, Lot, Patient, PayerReturn, Record
from connector_core.model.values import invoice_key

HAPPENED_ON: Mapping[str, str] = {
    "prescription": "issued_on",
    "treatment": "started_on",
    "act": "performed_on",
    "assessment": "performed_on",
    "bsi": "entered_on",
    "prior_agreement": "sent_on",
    "invoice": "closed_on",
    "payer_return": "returned_on",
    "bank_credit": "booked_on",
    "patient_payment": "received_on",
    "reminder": "sent_on",
    "quote": "issued_on",
}
"""The field that says since when a record of a kind exists; kinds that are not listed always do."""


class _Place(NamedTuple):
    """Where the records of a kind stand in a dossier, and what happens to them on a day."""

    kind: str
    name: str
    happened: Callable[[Record], date] | None
    events: tuple[str, ...]
    days: tuple[Callable[[Record], date | None], ...]
    """The days of the events."""


def _place(kind: str, name: str) -> _Place:
    happened = attrgetter(HAPPENED_ON[kind]) if kind in HAPPENED_ON else None
    events = tuple(sorted(field for field in KINDS[kind].events if field.endswith("_on")))
    return _Place(kind, name, happened, events, tuple(map(attrgetter, events)))


@dataclass(frozen=True, slots=True)
class Assembled:
    """A dossier as of a day, and the next day on which it looks different without new data."""

    dossier: Dossier
    wake_on: date | None


def assemble_dossier(
    patient_id: str, records: Mapping[str, Sequence[Record]], cabinet: Cabinet, as_of: date
) -> Assembled:
    """Build one patient's dossier from their records by kind."""
    return assemble_ordered(patient_id, all_in_order(records), cabinet, as_of)


def assemble_ordered(
    patient_id: str, records: Mapping[str, Sequence[Record]], cabinet: Cabinet, as_of: date
) -> Assembled:
    """The same from records that are in order, kind by kind (`model.order`), as a store gives them."""
    wakes: list[date] = []
    known: dict[str, tuple[Record, ...]] = {}
    for kind, found in records.items():
        place = _PLACES.get(kind)
        if found and place is not None:
            known[place.name] = _as_of(found, place, as_of, wakes)
    patients = cast(tuple[Patient, ...], known.pop("patient", ()))
    patient = patients[0] if patients else None
    dossier = Dossier(patient_id, cabinet, patient, **known)  # type: ignore[arg-type]  # each kind at its place
    return Assembled(dossier, min(wakes, default=None))


def practitioner_day(acts: Sequence[Act], cabinet: Cabinet) -> PractitionerDay:
    """One practitioner's day from its acts, of which there is one at least."""
    first = acts[0]
    in_order = tuple(sorted_by(acts, _day_order, _day_order_slow))
    return PractitionerDay(first.practitioner_id, first.performed_on, cabinet, in_order)


def practitioner_days(acts: Iterable[Act], cabinet: Cabinet) -> list[PractitionerDay]:
    """Group acts by practitioner and day, in order."""
    days: dict[tuple[date, str], list[Act]] = {}
    for act in acts:
        days.setdefault((act.performed_on, act.practitioner_id), []).append(act)
    return [practitioner_day(found, cabinet) for _, found in sorted(days.items(), key=itemgetter(0))]


def household_days(household: str, dossiers: Iterable[Dossier], cabinet: Cabinet) -> list[HouseholdDay]:
    """The days on which several people of one home were cared for, in order."""
    people = sorted(dossiers, key=attrgetter("patient_id"))
    cared: dict[date, list[Dossier]] = {}
    for dossier in people:
        for day in {act.performed_on for act in dossier.acts}:
            cared.setdefault(day, []).append(dossier)
    return [
        HouseholdDay(household, day, cabinet, tuple(found)) for day, found in sorted(cared.items()) if len(found) > 1
    ]


def sent_lots(
    cabinet: Cabinet, invoices: Iterable[Invoice], returns: Iterable[PayerReturn], as_of: date, since: date = date.min
) -> list[SentLot]:
    """The lots that left from `since` to `as_of`, in order, each with its invoices and the answers known that day.

    A lot that was acknowledged has left, on that day at the latest.

    An answer is of one invoice of its number only (`answering`): two practitioners may number alike. In one lot, a
    number is one invoice: what another source tells of it again is left out.
    """
    asked = [each for each in invoices if each.closed_on <= as_of]
    by_lot = _by_lot(cabinet, ((each.lot_id, each) for each in asked))
    dres_by_lot = _by_lot(cabinet, ((each.dre_lot_id, each) for each in asked))
    by_number: dict[str, list[PayerReturn]] = {}
    for each in returns:
        if each.returned_on <= as_of:
            by_number.setdefault(invoice_key(each.invoice_number), []).append(each)
    found: list[SentLot] = []
    for known in {lot.id: lot for lot in cabinet.lots.values()}.values():
        left_on = known.sent_on or known.arl_on
        if left_on is None or not since <= left_on <= as_of:
            continue
        lot = lot_on(known, as_of)
        own = by_lot.get(lot.id, ())
        answers = [
            each
            for invoice in own
            for each in by_number.get(invoice_key(invoice.number), ())
            if may_answer(each, invoice, cabinet)
        ]
        dres = dres_by_lot.get(lot.id, ())
        answers += [
            each
            for invoice in dres
            for each in by_number.get(invoice_key(invoice.number), ())
            if each.payer == "AMC" and of_lot(each, lot) is not False and may_answer(each, invoice, cabinet)
        ]
        found.append(SentLot(lot, cabinet, tuple(own), tuple(answers), tuple(dres)))
    return sorted(found, key=lambda each: (each.lot.sent_on or each.lot.arl_on, each.lot.number, each.lot.id))


def _by_lot(cabinet: Cabinet, named: Iterable[tuple[str | None, Invoice]]) -> dict[str, list[Invoice]]:
    """Invoices by the lot that they name, each number once."""
    found: dict[str, list[Invoice]] = {}
    told: set[tuple[str, str]] = set()
    for name, invoice in named:
        lot = None if name is None else cabinet.lots.get(name)
        if lot is not None and (key := (lot.id, invoice.number.lstrip("0"))) not in told:
            told.add(key)
            found.setdefault(lot.id, []).append(invoice)
    return found


def lot_on(known: Lot, as_of: date) -> Lot:
    """A lot as known on a day: sending and acknowledgement that are still to come have not happened."""
    ahead: dict[str, None] = {}
    if known.sent_on is not None and known.sent_on > as_of:
        ahead["sent_on"] = None
    if known.arl_on is not None and known.arl_on > as_of:
        ahead |= {"arl_on": None, "arl": None}
    return known.model_copy(update=ahead) if ahead else known


_day_order = attrgetter("started_at", "patient_id", "id")


def _day_order_slow(act: Act) -> tuple[time, str, str]:
    return act.started_at or time.min, act.patient_id, act.id


_PLACES: Mapping[str, _Place] = {
    each.kind: each
    for each in (
        _place("patient", "patient"),
        _place("coverage", "coverages"),
        _place("prescription", "prescriptions"),
        _place("treatment", "treatments"),
        _place("act", "acts"),
        _place("assessment", "assessments"),
        _place("bsi", "bsis"),
        _place("prior_agreement", "prior_agreements"),
        _place("invoice", "invoices"),
        _place("payer_return", "payer_returns"),
        _place("patient_payment", "patient_payments"),
        _place("reminder", "reminders"),
        _place("quote", "quotes"),
        _place("appointment", "appointments"),
    )
}
"""The kinds that a dossier holds."""


def _as_of(found: Sequence[Record], place: _Place, as_of: date, wakes: list[date]) -> tuple[Record, ...]:
    """Records in order, as they are known on a day."""
    happened, events = place.happened, place.events
    if (happened is None or happened(found[-1]) <= as_of) and not (events and _any_later(found, place.days, as_of)):
        return tuple(found)
    kept: list[Record] = []
    for record in found:
        if happened is not None and (day := happened(record)) > as_of:
            wakes.append(day)
            continue
        ahead = {field: day for field in events if (day := getattr(record, field)) is not None and day > as_of}
        if ahead:
            wakes.extend(ahead.values())
            record = record.model_copy(update=dict.fromkeys(ahead))
        kept.append(record)
    return tuple(kept)


def _any_later(found: Sequence[Record], events: Iterable[Callable[[Record], date | None]], as_of: date) -> bool:
    """Whether any event of any of these records is still to come."""
    for event in events:
        for day in map(event, found):
            if day is not None and day > as_of:
                return True
    return False
