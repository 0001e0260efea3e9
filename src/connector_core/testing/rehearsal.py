"""A rehearsal of the whole product: an invented practice exported by three vendors, and the score against what was
planted.

The practice is split by patient between a Vega, a Kiné+4000 and a Kinémax, as in a group whose members each keep
their own software. Everything is drawn from a seed. People are invented and cannot exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from connector_core.model.finding import Finding
from connector_core.model.records import Act, Invoice, Lot, PayerReturn, Practitioner, Record
from connector_core.testing.agenda import working_day
from connector_core.testing.anomalies import plant
from connector_core.testing.courses import PARIS
from connector_core.testing.exports import kine4000, kine4000_agenda, kinemax, vega
from connector_core.testing.next_day import next_day
from connector_core.testing.practice import Planted, Synthetic, make_practice

VENDORS = ("vega", "kine4000", "kinemax")
_FAULTS = 135
"""About as many patients as planting every fault once adds."""

Key = tuple[str, str, str]
"""A finding as it is compared with what was planted: the rule, and what it is about."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Two days of a practice: what each vendor exports on each, and what must be found on the first."""

    first: Synthetic
    second: Synthetic

    @property
    def on(self) -> date:
        """The day on which the rehearsal is played: that of the second exports."""
        return self.second.today

    def export(self, day: Synthetic, folders: Mapping[str, Path]) -> dict[str, list[Path]]:
        """Write a day's exports, each vendor's into its folder."""
        parts = split(day.records)
        stamp = datetime.combine(day.today, time(19, 0), PARIS)
        written = {"vega": vega.write_vega(parts["vega"], folders["vega"], on=day.today)}
        written["kine4000"] = [
            *kine4000.write_kine4000(parts["kine4000"], folders["kine4000"]),
            *kine4000_agenda.write_agenda(parts["kine4000"], folders["kine4000"], stamp=stamp),
        ]
        written["kinemax"] = kinemax.write_fixed(parts["kinemax"], folders["kinemax"])
        return written


@dataclass(frozen=True, slots=True)
class Score:
    """What was planted against what was found."""

    found: tuple[Key, ...]
    missed: tuple[Key, ...]
    false: tuple[Key, ...]

    @property
    def perfect(self) -> bool:
        return not self.missed and not self.false


def rehearse(seed: int, patients: int, today: date) -> Rehearsal:
    """A practice of so many patients, the faulty ones included, on the two last working days up to `today`."""
    first_day = today
    while working_day(first_day + timedelta(days=1)) > today or working_day(first_day) != first_day:
        first_day -= timedelta(days=1)
    planted = _planted(seed, max(patients - _FAULTS, 3), first_day)
    missing = patients - len(planted.patients)
    if missing:
        planted = _planted(seed, max(patients - _FAULTS + missing, 3), first_day)
    return Rehearsal(planted, next_day(planted))


def _planted(seed: int, patients: int, today: date) -> Synthetic:
    return plant(make_practice(seed, patients, 2, 3, today=today), seed)


def split(records: Sequence[Record]) -> dict[str, list[Record]]:
    """The records of each vendor: a patient's are together, the professionals are everywhere.

    Those who have acts without a treatment, which the full set of Kiné+4000 cannot say, and those of the practitioner
    with the crowded day are with Vega.
    """
    staff = [record.id for record in records if isinstance(record, Practitioner)]
    vendor_of: dict[str, str] = {}
    for record in records:
        if not isinstance(record, Act):
            continue
        number = staff.index(record.practitioner_id)
        vendor_of.setdefault(record.patient_id, VENDORS[number % len(VENDORS)])
        if number >= len(VENDORS) or (record.treatment_id is None and vendor_of[record.patient_id] == "kine4000"):
            vendor_of[record.patient_id] = "vega"
    invoices = {record.number: record.patient_id for record in records if isinstance(record, Invoice)}
    by_id = {record.id: record.patient_id for record in records if isinstance(record, Invoice)}
    lots = {
        record.lot_id: vendor_of.get(record.patient_id, "vega") for record in records if isinstance(record, Invoice)
    }
    parts: dict[str, list[Record]] = {vendor: [] for vendor in VENDORS}
    for record in records:
        if isinstance(record, Practitioner):
            for part in parts.values():
                part.append(record)
            continue
        if isinstance(record, Lot):
            vendor = lots.get(record.id, "vega")
        elif isinstance(record, PayerReturn):
            vendor = vendor_of.get(invoices.get(record.invoice_number, ""), "vega")
        else:
            patient = record.id if record.record == "patient" else getattr(record, "patient_id", None)
            patient = patient or by_id.get(getattr(record, "invoice_id", None) or "")
            vendor = vendor_of.get(patient or "", "vega")
        parts[vendor].append(record)
    return parts


def score(planted: Iterable[Planted], found: Iterable[Finding]) -> Score:
    """Compare findings, whose ids bear the name of their source, with what was planted."""
    expected = {(each.rule, each.subject_kind, each.subject_id) for each in planted}
    got = {(each.rule, each.subject.kind, _without_source(each.subject.id)) for each in found}
    return Score(tuple(sorted(expected & got)), tuple(sorted(expected - got)), tuple(sorted(got - expected)))


def _without_source(identifier: str) -> str:
    source, mark, rest = identifier.partition(":")
    return rest if mark and source in VENDORS else identifier


__all__ = ["Rehearsal", "Score", "rehearse", "score", "split"]
