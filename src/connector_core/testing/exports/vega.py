"""The practice as lists exported by hand from Vega: a reference layout, invented by this project.

Nobody on the project has seen a real export of Vega; only that its lists can be exported as text with `;` is publicly
told. Variant A is an older Windows export, variant B a newer one with other titles, `vega_xml` a nested XML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, cast

from connector_core.model.records import Act, Appointment, Patient, Prescription, Record, Treatment
from connector_core.testing.exports.delimited import (
    TextForm,
    cents_comma,
    comma,
    moment_form,
    rows_of,
    write_table,
)
from connector_core.testing.exports.layout import RowOf, Style, by_kind, covered, local
from connector_core.testing.exports.vega_a import TABLES_A
from connector_core.testing.exports.vega_b import TABLES_B
from connector_core.testing.exports.words import VEGA, VEGA_B

Variant = Literal["A", "B"]

covers: tuple[str, ...] = covered(TABLES_A)
"""What the lists express; both text variants and the XML hold the same fields."""


def write_vega(records: Iterable[Record], folder: Path, *, on: date, variant: Variant = "A") -> list[Path]:
    """Every list as `vega_<list>_<day>.txt`."""
    kinds = by_kind(records)
    tables, style, form = (TABLES_A, STYLE_A, FORM_A) if variant == "A" else (TABLES_B, STYLE_B, FORM_B)
    written = []
    for table in tables:
        rows = care_rows(kinds) if table.name == "ordonnances" else rows_of(table.kinds[0], kinds)
        written.append(write_table(folder / f"vega_{table.name}_{on:%Y%m%d}.txt", table, style, form, rows))
    return written


def care_rows(kinds: Mapping[str, Sequence[Record]]) -> Iterator[RowOf]:
    """One row per prescription and treatment that share acts; then those that share none, alone."""
    pairs: dict[tuple[str | None, str | None], None] = {}
    for act in cast("Sequence[Act]", kinds["act"]):
        if act.prescription_id is not None and act.treatment_id is not None:
            pairs[act.prescription_id, act.treatment_id] = None
    prescriptions = {record.id: record for record in cast("Sequence[Prescription]", kinds["prescription"])}
    treatments = {record.id: record for record in cast("Sequence[Treatment]", kinds["treatment"])}
    paired = {name for pair in pairs for name in pair}
    for prescription_id, treatment_id in pairs:
        row: dict[str, Record] = {}
        if prescription_id in prescriptions:
            row["prescription"] = prescriptions[prescription_id]
        if treatment_id in treatments:
            row["treatment"] = treatments[treatment_id]
        if row:
            yield row
    yield from ({"prescription": each} for each in prescriptions.values() if each.id not in paired)
    yield from ({"treatment": each} for each in treatments.values() if each.id not in paired)


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _short_day(day: date) -> str:
    return f"{day:%d/%m/%y}"


def _nir_a(row: RowOf) -> str:
    patient = cast(Patient, row["patient"])
    return f"{patient.nir} {patient.nir_key}" if patient.nir else ""


def _nir_b(row: RowOf) -> str:
    patient = cast(Patient, row["patient"])
    nir = patient.nir
    if not nir:
        return ""
    return " ".join((nir[0], nir[1:3], nir[3:5], nir[5:7], nir[7:10], nir[10:13], patient.nir_key or ""))


def _cotation(row: RowOf) -> str:
    act = cast(Act, row["act"])
    return f"{act.letter} {comma(act.coefficient)}"


def _patient_of_either(row: RowOf) -> str:
    found = row.get("prescription") or row["treatment"]
    return cast("Prescription | Treatment", found).patient_id


def _start_day(row: RowOf) -> str:
    return _day(local(cast(Appointment, row["appointment"]).starts_at).date())


def _start_clock(row: RowOf) -> str:
    return f"{local(cast(Appointment, row['appointment']).starts_at):%Hh%M}"


def _end_clock(row: RowOf) -> str:
    ends_at = cast(Appointment, row["appointment"]).ends_at
    return "" if ends_at is None else f"{local(ends_at):%Hh%M}"


STYLE_A = Style(
    day=_day,
    clock=lambda clock: f"{clock:%Hh%M}",
    moment=moment_form("%d/%m/%Y %Hh%M"),
    money=cents_comma,
    number=comma,
    yes="Oui",
    no="Non",
    enums=VEGA,
    forms={
        "nir": _nir_a,
        "cotation": _cotation,
        "patient_of_either": _patient_of_either,
        "act_day": lambda row: _day(cast(Act, row["act"]).performed_on),
        "start_day": _start_day,
        "start_clock": _start_clock,
        "end_clock": _end_clock,
    },
)
FORM_A = TextForm("cp1252", ";", "\r\n", "all")

STYLE_B = Style(
    day=_day,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%d/%m/%Y %H:%M"),
    money=lambda amount: f"{cents_comma(amount)} €",
    number=comma,
    yes="O",
    no="N",
    enums=VEGA_B,
    forms={
        "nir": _nir_b,
        "patient_of_either": _patient_of_either,
        "act_day": lambda row: _short_day(cast(Act, row["act"]).performed_on),
    },
)
FORM_B = TextForm("utf-8-sig", ";", "\r\n", "needed")
