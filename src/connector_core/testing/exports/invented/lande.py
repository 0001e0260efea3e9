"""Lande: one journal of what was received, in an order of its own; what caisses pay stands in it too."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

from connector_core.model.records import Act, PatientPayment
from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form
from connector_core.testing.exports.invented.export import InventedExport, Kinds, whole_name
from connector_core.testing.exports.invented.renaming import as_they_are
from connector_core.testing.exports.layout import RowOf, Style, Table, columns

_TABLES = (
    Table(
        "journal",
        ("act", "patient", "patient_payment"),
        columns("""
Règlement par | patient_payment.means | means
Encaissement | act.amount, patient_payment.amount | amount
Prestation | act.letter
Coef. | act.coefficient
Bénéficiaire | patient.id, patient.family_name, patient.given_name, act.patient_id, patient_payment.patient_id | person
Jour | act.performed_on, patient_payment.received_on | day
"""),
    ),
)
_MEANS = {"CB": "Carte", "CHEQUE": "Chq", "ESPECES": "Liquide", "VIREMENT": "Virt"}


def _means(row: RowOf) -> str:
    payment = cast("PatientPayment | None", row.get("patient_payment"))
    return "Caisse" if payment is None or payment.means is None else _MEANS[payment.means]


def _amount(row: RowOf) -> str:
    return f"{cents_comma(cast(Act, row['act']).amount or Decimal(0))} €"


_STYLE = Style(
    day=lambda day: f"{day:%d/%m/%y}",
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%d/%m/%y %H:%M"),
    money=lambda amount: f"{cents_comma(amount)} €",
    number=comma,
    yes="oui",
    no="non",
    enums={},
    forms={
        "means": _means,
        "amount": _amount,
        "person": whole_name,
        "day": lambda row: f"{cast(Act, row['act']).performed_on:%d/%m/%Y}",
    },
)


def _rows(table: Table, kinds: Kinds) -> Iterator[RowOf]:
    people = {patient.id: patient for patient in kinds["patient"]}
    payments = {cast(PatientPayment, each).invoice_id: each for each in kinds["patient_payment"]}
    for each in kinds["act"]:
        act = cast(Act, each)
        row = {"act": act, "patient": people[act.patient_id]}
        payment = payments.get(act.invoice_id) if act.invoice_id else None
        yield row if payment is None else {**row, "patient_payment": payment}


EXPORT = InventedExport(
    "lande", _TABLES, _STYLE, TextForm("cp1252", ";", "\r\n", "all"), "csv", as_they_are, _rows, tuned=True
)
