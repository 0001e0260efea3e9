"""The agenda of the practice as iCalendar, as an agenda that was exported or synchronised: a reference layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from connector_core.model.records import Appointment, Patient, Record
from connector_core.testing.exports.layout import by_kind, local
from connector_core.testing.exports.words import KINE4000

covers: tuple[str, ...] = (
    "appointment.ends_at",
    "appointment.id",
    "appointment.patient_id",
    "appointment.practitioner_id",
    "appointment.starts_at",
    "appointment.status",
)

_STATUS: Mapping[str, str] = {
    "booked": "TENTATIVE",
    "confirmed": "CONFIRMED",
    "honoured": "CONFIRMED",
    "missed": "CONFIRMED",
    "cancelled": "CANCELLED",
}


def write_agenda(records: Iterable[Record], folder: Path, *, stamp: datetime) -> list[Path]:
    """`agenda.ics`: one VEVENT per appointment. `stamp` is the moment of the export."""
    from icalendar import Calendar, Event, vDatetime

    kinds = by_kind(records)
    people = {record.id: record for record in cast("Sequence[Patient]", kinds["patient"])}
    calendar = Calendar()
    calendar.add("prodid", "-//connector//agenda fictif//FR")
    calendar.add("version", "2.0")
    for appointment in cast("Sequence[Appointment]", kinds["appointment"]):
        event = Event()
        event.add("uid", appointment.id)
        event.add("dtstamp", stamp)
        event.add("summary", _summary(people.get(appointment.patient_id or ""), appointment))
        event.add("dtstart", vDatetime(local(appointment.starts_at)))
        if appointment.ends_at is not None:
            event.add("dtend", vDatetime(local(appointment.ends_at)))
        event.add("status", _STATUS[appointment.status])
        event.add("categories", [KINE4000["appointment.status"][appointment.status]])
        event.add("x-praticien", appointment.practitioner_id)
        calendar.add_component(event)
    path = folder / "agenda.ics"
    path.write_bytes(calendar.to_ical())
    return [path]


def _summary(patient: Patient | None, appointment: Appointment) -> str:
    if patient is None:
        return f"? {appointment.patient_id or ''}".strip()
    return f"{(patient.given_name or '?')[0]}{(patient.family_name or '?')[0]} {patient.id}"
