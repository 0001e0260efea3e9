"""Records become subjects: the pure step between what was read and what rules are asked about.

`as_of` is the day asked about. What happens later is not known yet: later records are left out and later events are
taken as not having happened. The day on which the first of them comes into view is returned too, so that the subject is
asked again then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from operator import attrgetter
from typing import TypeVar, cast

from connector_core.model.dossier import Cabinet, Dossier, PractitionerDay
from connector_core.model.records import (
    KINDS,
    Act,
    Appointment,
    Assessment,
    Bsi,
    Coverage,
    Invoice,
    Patient,
    PatientPayment,
    PayerReturn,
    Prescription,
    PriorAgreement,
    Quote,
    Record,
    Reminder,
    Treatment,
)

R = TypeVar("R", bound=Record)

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

_EVENT_DATES: Mapping[str, tuple[str, ...]] = {
    name: tuple(sorted(field for field in kind.events if field.endswith("_on"))) for name, kind in KINDS.items()
}


@dataclass(frozen=True, slots=True)
class Assembled:
    """A dossier as of a day, and the next day on which it looks different without new data."""

    dossier: Dossier
    wake_on: date | None


def assemble_dossier(
    patient_id: str, records: Mapping[str, Sequence[Record]], cabinet: Cabinet, as_of: date
) -> Assembled:
    """Build one patient's dossier from their records by kind."""
    wakes: list[date] = []

    def known(kind: type[R]) -> tuple[R, ...]:
        name = kind.record
        found = cast(Sequence[R], records.get(name, ()))
        return tuple(_as_of(found, name, as_of, wakes)) if found else ()

    patients = known(Patient)
    dossier = Dossier(
        patient_id=patient_id,
        cabinet=cabinet,
        patient=patients[0] if patients else None,
        coverages=known(Coverage),
        prescriptions=tuple(sorted(known(Prescription), key=attrgetter("issued_on", "id"))),
        treatments=tuple(sorted(known(Treatment), key=attrgetter("started_on", "id"))),
        acts=tuple(sorted(known(Act), key=_act_order)),
        assessments=tuple(sorted(known(Assessment), key=attrgetter("performed_on", "id"))),
        bsis=tuple(sorted(known(Bsi), key=attrgetter("entered_on", "id"))),
        prior_agreements=tuple(sorted(known(PriorAgreement), key=attrgetter("sent_on", "id"))),
        invoices=tuple(sorted(known(Invoice), key=attrgetter("closed_on", "number", "id"))),
        payer_returns=tuple(sorted(known(PayerReturn), key=attrgetter("returned_on", "id"))),
        patient_payments=tuple(sorted(known(PatientPayment), key=attrgetter("received_on", "id"))),
        reminders=tuple(sorted(known(Reminder), key=attrgetter("sent_on", "id"))),
        quotes=tuple(sorted(known(Quote), key=attrgetter("issued_on", "id"))),
        appointments=tuple(sorted(known(Appointment), key=attrgetter("starts_at", "id"))),
    )
    return Assembled(dossier, min(wakes, default=None))


def practitioner_days(acts: Iterable[Act], cabinet: Cabinet) -> list[PractitionerDay]:
    """Group acts by practitioner and day, in order."""
    days: dict[tuple[date, str], list[Act]] = {}
    for act in acts:
        days.setdefault((act.performed_on, act.practitioner_id), []).append(act)
    return [
        PractitionerDay(practitioner, day, cabinet, tuple(sorted(found, key=_day_order)))
        for (day, practitioner), found in sorted(days.items())
    ]


def _act_order(act: Act) -> tuple[date, time, str]:
    return act.performed_on, act.started_at or time.min, act.id


def _day_order(act: Act) -> tuple[time, str, str]:
    return act.started_at or time.min, act.patient_id, act.id


def _as_of(found: Sequence[R], name: str, as_of: date, wakes: list[date]) -> Iterable[R]:
    happened = HAPPENED_ON.get(name)
    events = _EVENT_DATES[name]
    if happened is None and not events:
        return found
    kept: list[R] = []
    for record in found:
        values = record.__dict__
        if happened is not None and values[happened] > as_of:
            wakes.append(values[happened])
            continue
        ahead = [field for field in events if (day := values[field]) is not None and day > as_of]
        if ahead:
            wakes.extend(values[field] for field in ahead)
            record = record.model_copy(update=dict.fromkeys(ahead))
        kept.append(record)
    return kept
