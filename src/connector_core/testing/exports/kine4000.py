"""The practice as Kiné+4000 might export it: a reference layout, invented by this project.

Three things: a journal of receipts that says little, a full set of CSV files whose acts must be joined to a table of
codes and to the prises en charge, and an agenda as iCalendar (`kine4000_agenda`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, cast

from connector_core.dialects.converters import key_of
from connector_core.model.records import Act, Invoice, Patient, PatientPayment, Practitioner, Record
from connector_core.parameters.tariffs import load_tariffs
from connector_core.testing.exports.delimited import (
    TextForm,
    cents_comma,
    comma,
    moment_form,
    rows_of,
    write_table,
)
from connector_core.testing.exports.kine4000_tables import TABLES
from connector_core.testing.exports.layout import RowOf, Style, by_kind, covered
from connector_core.testing.exports.layout import twin as plain_twin
from connector_core.testing.exports.words import KINE4000

Variant = Literal["csv", "tsv"]

covers: tuple[str, ...] = tuple(sorted({*covered(TABLES), "act.patient_id"}))
"""What the full set expresses: the patient of an act comes through its prise en charge."""

receipt_covers: tuple[str, ...] = (
    "act.amount",
    "act.coefficient",
    "act.id",
    "act.letter",
    "act.patient_id",
    "act.performed_on",
    "act.practitioner_id",
    "patient.family_name",
    "patient.given_name",
    "patient.id",
    "patient_payment.amount",
    "patient_payment.id",
    "patient_payment.means",
    "patient_payment.patient_id",
    "patient_payment.received_on",
    "practitioner.id",
    "practitioner.profession",
)
"""What the receipts express; the ids are the reader's, and the practitioner is a constant of the dialect."""

RECEIPT_PRACTITIONER = "praticien"
_THIRD_PARTY = "Tiers payant"


def write_kine4000(records: Iterable[Record], folder: Path, *, variant: Variant = "csv") -> list[Path]:
    """The full set: one file per table, and `nomenclature`."""
    kinds = by_kind(records)
    kinds["act"] = list(_joinable(kinds["act"], {each.id for each in kinds["treatment"]}))
    written = [_write_codes(kinds["act"], folder / f"nomenclature.{variant}", FORMS[variant])]
    for table in TABLES:
        path = folder / f"{table.name}.{variant}"
        written.append(write_table(path, table, STYLE, FORMS[variant], rows_of(table.kinds[0], kinds)))
    return written


def twin(records: Sequence[Record]) -> list[Record]:
    """What the full set says: acts without a known treatment have no patient there, so they are not exported."""
    treatments = {record.id for record in records if record.record == "treatment"}
    kept = [each for each in records if not isinstance(each, Act) or each.treatment_id in treatments]
    return plain_twin(kept, covers)


def act_code(letter: str, coefficient: Decimal) -> str:
    """The code of an act in the export: `RAM0809`."""
    return f"{letter}{int(coefficient * 100):04d}"


def write_receipts(records: Iterable[Record], folder: Path, *, on: date) -> list[Path]:
    """The journal of receipts: `Date;Patient;Acte;Montant;Mode`, below two lines of title."""
    path = folder / f"recettes_{on:%Y%m%d}.csv"
    with path.open("w", encoding="cp1252", newline="") as file:
        file.write(f"Journal des recettes\r\nEdité le {on:%d/%m/%Y}\r\nDate;Patient;Acte;Montant;Mode\r\n")
        for patient, act, means in _receipts(by_kind(records)):
            file.write(f"{';'.join(_cells(patient, act, means))}\r\n")
    return [path]


def _cells(patient: Patient, act: Act, means: str | None) -> tuple[str, ...]:
    """One line of the journal."""
    mode = KINE4000["patient_payment.means"][means] if means else _THIRD_PARTY
    cotation = f"{act.letter} {comma(act.coefficient)}"
    return f"{act.performed_on:%d/%m/%Y}", named(patient), cotation, cents_comma(act.amount or Decimal(0)), mode


def receipts_twin(records: Iterable[Record]) -> list[Record]:
    """What the receipts say. Homonyms are one person there; ids are made of what a line says and, where lines are
    equal, of its rank among them, as the dialect makes them."""
    found: list[Record] = [Practitioner(id=RECEIPT_PRACTITIONER, profession="MK")]
    people: dict[str, Patient] = {}
    equal: Counter[tuple[str, ...]] = Counter()
    for patient, act, means in _receipts(by_kind(records)):
        cells = _cells(patient, act, means)
        equal[cells] += 1
        line_id = key_of((*cells, str(equal[cells]) if equal[cells] > 1 else ""))
        name = named(patient)
        if name not in people:
            family = (patient.family_name or "").upper()
            people[name] = Patient(id=name, family_name=family, given_name=patient.given_name)
            found.append(people[name])
        amount = act.amount or Decimal(0)
        found.append(
            Act(
                id=line_id,
                patient_id=name,
                practitioner_id=RECEIPT_PRACTITIONER,
                performed_on=act.performed_on,
                letter=act.letter,
                coefficient=act.coefficient,
                amount=amount,
            )
        )
        if means:
            found.append(
                PatientPayment.model_validate(
                    {
                        "id": line_id,
                        "patient_id": name,
                        "received_on": act.performed_on,
                        "amount": amount,
                        "means": means,
                    }
                )
            )
    return found


def named(patient: Patient) -> str:
    """The person as the receipts write them: `DURAND Zoé`."""
    return f"{(patient.family_name or '').upper()} {patient.given_name or ''}".strip()


def _receipts(kinds: dict[str, list[Record]]) -> Iterator[tuple[Patient, Act, str | None]]:
    people = {record.id: record for record in cast("Sequence[Patient]", kinds["patient"])}
    invoices = {record.id: record for record in cast("Sequence[Invoice]", kinds["invoice"])}
    means: dict[str, str] = {}
    for payment in cast("Sequence[PatientPayment]", kinds["patient_payment"]):
        if payment.invoice_id is not None and payment.means is not None:
            means.setdefault(payment.invoice_id, payment.means)
    for act in sorted(cast("Sequence[Act]", kinds["act"]), key=lambda act: (act.performed_on, act.id)):
        invoice = invoices.get(act.invoice_id or "")
        if invoice is None:
            continue
        if invoice.third_party != "NONE":
            yield people[act.patient_id], act, None
        elif invoice.id in means:
            yield people[act.patient_id], act, means[invoice.id]


def _joinable(acts: Iterable[Record], treatments: set[str]) -> Iterator[Record]:
    return (act for act in acts if isinstance(act, Act) and act.treatment_id in treatments)


def _write_codes(acts: Sequence[Record], path: Path, form: TextForm) -> Path:
    labels: dict[tuple[str, Decimal], str] = {}
    for act in cast("Sequence[Act]", acts):
        pair = (act.letter, act.coefficient)
        if pair not in labels:
            rows = load_tariffs().periods(*pair, "METRO")
            labels[pair] = rows[0].label.replace('"', "").replace("œ", "oe") if rows else ""
    quote = '"' if form.quoting == "all" else ""
    lines = [("code_acte", "lettre", "coefficient", "libelle")]
    lines += [
        (act_code(letter, coefficient), letter, str(coefficient), label)
        for (letter, coefficient), label in sorted(labels.items())
    ]
    with path.open("w", encoding=form.encoding, newline="") as file:
        for line in lines:
            file.write(form.separator.join(f"{quote}{text}{quote}" for text in line) + form.newline)
    return path


def _code(row: RowOf) -> str:
    act = cast(Act, row["act"])
    return act_code(act.letter, act.coefficient)


STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%d %H:%M"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="1",
    no="0",
    enums=KINE4000,
    forms={"code": _code},
)
FORMS = {
    "csv": TextForm("utf-8", ",", "\n", "all"),
    "tsv": TextForm("utf-8", "\t", "\n", "none"),
}
