"""The next working day of a synthetic practice: what its software would export then.

Appointments of the day are honoured and become sessions, each gives another appointment a week later, two dossiers are
corrected, and what was planted as unpaid or unsent is put right, so that findings appear and disappear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from connector_core.model.records import (
    Act,
    Appointment,
    Assessment,
    Invoice,
    Patient,
    PatientPayment,
    Prescription,
    Record,
    Treatment,
)
from connector_core.testing.agenda import working_day
from connector_core.testing.courses import PARIS
from connector_core.testing.practice import Planted, Synthetic

_CORRECTED = 2
_PUT_RIGHT = ("SUIVI-IMPAYE", "KINE-BILAN-FICHE")
_WEEK = timedelta(days=7)


def next_day(synthetic: Synthetic) -> Synthetic:
    """The practice on the first working day after its `today`: every record it had, some of them changed, and new ones.

    `planted` leaves out what was put right; what the new sessions give is not listed.
    """
    day = working_day(synthetic.today + timedelta(days=1))
    changed = {**_honoured(synthetic.records, day), **_corrected(synthetic.records)}
    added = list(_sessions(synthetic.records, day))
    right = [each for each in synthetic.planted if each.rule in _PUT_RIGHT]
    for planted in right:
        if planted.rule == "SUIVI-IMPAYE":
            added.extend(_payments(synthetic.records, planted, day))
        else:
            changed.update(_summary(synthetic.records, planted, day))
    records = [changed.get((record.record, record.id), record) for record in synthetic.records]
    kept = tuple(each for each in synthetic.planted if each not in right)
    return replace(synthetic, records=[*records, *added], today=day, planted=kept)


def write_day_two(
    synthetic: Synthetic, folder: Path, write: Callable[[Sequence[Record], Path, date], list[Path]]
) -> list[Path]:
    """The exports of the next day, by any writer of a layout that is given records, a folder and the day."""
    following = next_day(synthetic)
    return write(following.records, folder, following.today)


Changes = dict[tuple[str, str], Record]


def _honoured(records: Iterable[Record], day: date) -> Changes:
    return {
        (record.record, record.id): record.model_copy(update={"status": "honoured"})
        for record in records
        if isinstance(record, Appointment) and record.status in ("booked", "confirmed") and _day_of(record) <= day
    }


def _corrected(records: Iterable[Record]) -> Changes:
    patients = [record for record in records if isinstance(record, Patient)][:_CORRECTED]
    return {("patient", each.id): each.model_copy(update={"household": f"{each.household}B"}) for each in patients}


def _sessions(records: Sequence[Record], day: date) -> Iterator[Record]:
    """A session, and the next appointment, for each appointment of the day."""
    booked: dict[str, Appointment] = {}
    for record in records:
        if isinstance(record, Appointment) and record.status in ("booked", "confirmed") and _day_of(record) <= day:
            booked.setdefault(record.patient_id or "", record)
    acts: dict[str, list[Act]] = {owner: [] for owner in booked}
    open_treatments = {record.id for record in records if isinstance(record, Treatment) and record.ended_on is None}
    for record in records:
        if isinstance(record, Act) and record.patient_id in acts:
            acts[record.patient_id].append(record)
    prescriptions = {record.id: record for record in records if isinstance(record, Prescription)}
    for owner, appointment in sorted(booked.items()):
        theirs = [act for act in acts[owner] if act.treatment_id in open_treatments and act.duration_min is not None]
        if theirs:
            yield from _session(owner, appointment, theirs, len(acts[owner]), prescriptions)


def _session(
    owner: str, appointment: Appointment, theirs: Sequence[Act], number: int, prescriptions: Mapping[str, Prescription]
) -> Iterator[Record]:
    last = theirs[-1]
    starts_at = appointment.starts_at.astimezone(PARIS)
    prescription = prescriptions.get(last.prescription_id or "")
    used = sum(act.prescription_id == last.prescription_id for act in theirs)
    if prescription is not None and prescription.sessions is not None and used >= prescription.sessions:
        prescription = prescription.model_copy(
            update={
                "id": f"{owner}O900",
                "issued_on": starts_at.date(),
                "sessions": 10,
                "renewal_of": prescription.id,
                "renewed_by": "MEDECIN",
            }
        )
        yield prescription
    yield last.model_copy(
        update={
            "id": f"{owner}A{900 + number % 100:03d}",
            "performed_on": starts_at.date(),
            "started_at": starts_at.time(),
            "session_id": f"{owner}S{900 + number % 100:03d}",
            "prescription_id": None if prescription is None else prescription.id,
            "invoice_id": None,
            "created_at": starts_at + timedelta(minutes=35),
        }
    )
    yield appointment.model_copy(
        update={
            "id": f"{owner}V900",
            "starts_at": starts_at + _WEEK,
            "ends_at": starts_at + _WEEK + timedelta(minutes=30),
            "status": "booked",
        }
    )


def _payments(records: Iterable[Record], planted: Planted, day: date) -> Iterator[Record]:
    """Every invoice of a patient, paid."""
    for record in records:
        if isinstance(record, Invoice) and record.patient_id == planted.patient_id and record.patient_share:
            yield PatientPayment(
                id=f"{record.id}R",
                patient_id=record.patient_id,
                invoice_id=record.id,
                received_on=day,
                amount=record.patient_share,
                means="CB",
            )


def _summary(records: Iterable[Record], planted: Planted, day: date) -> Changes:
    return {
        (record.record, record.id): record.model_copy(update={"summary_sent_on": day})
        for record in records
        if isinstance(record, Assessment) and record.treatment_id == planted.subject_id and record.kind == "final"
    }


def _day_of(appointment: Appointment) -> date:
    return appointment.starts_at.astimezone(PARIS).date()
