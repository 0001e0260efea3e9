"""Brume: a nurse's practice, English titles and codes, ISO dates, decimal points."""

from __future__ import annotations

from collections.abc import Mapping

from connector_core.testing.exports.delimited import TextForm, moment_form
from connector_core.testing.exports.invented.export import InventedExport, plain_rows, whole_nir
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import Style, Table, columns

_TABLES = (
    Table(
        "staff",
        ("practitioner",),
        columns("""
staff_id | practitioner.id
last_name | practitioner.family_name
first_name | practitioner.given_name
rpps | practitioner.rpps
job | practitioner.profession
"""),
    ),
    Table(
        "patients",
        ("patient",),
        columns("""
patient_id | patient.id
first_name | patient.given_name
last_name | patient.family_name
gender | patient.sex
birth_date | patient.birth_date
social_security_number | patient.nir, patient.nir_key | nir
"""),
    ),
    Table(
        "visits",
        ("act",),
        columns("""
visit_line_id | act.id
patient_id | act.patient_id
staff_id | act.practitioner_id
visit_date | act.performed_on
visit_time | act.started_at
code | act.letter
coefficient | act.coefficient
price | act.amount
location | act.place
invoice_id | act.invoice_id
"""),
    ),
    Table(
        "invoices",
        ("invoice",),
        columns("""
invoice_id | invoice.id
invoice_number | invoice.number
invoice_date | invoice.closed_on
patient_id | invoice.patient_id
staff_id | invoice.practitioner_id
total_amount | invoice.total
amo_amount | invoice.amo_claimed
amc_amount | invoice.amc_claimed
patient_amount | invoice.patient_share
"""),
    ),
    Table(
        "returns",
        ("payer_return",),
        columns("""
return_id | payer_return.id
invoice_number | payer_return.invoice_number
payer | payer_return.payer
status | payer_return.state
claimed_amount | payer_return.claimed
paid_amount | payer_return.paid
return_date | payer_return.returned_on
"""),
    ),
)
_ENGLISH: Mapping[str, Mapping[str, str]] = {
    "practitioner.profession": {"MK": "MK", "IDE": "IDE"},
    "patient.sex": {"F": "female", "M": "male"},
    "act.place": {"CABINET": "office", "DOMICILE": "home", "EHPAD": "nursing home", "ETABLISSEMENT": "facility"},
    "payer_return.payer": {"AMO": "AMO", "AMC": "AMC"},
    "payer_return.state": {"paid": "paid", "rejected": "rejected", "deferred": "pending"},
}
_STYLE = Style(
    day=lambda day: day.isoformat(),
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%d %H:%M"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="yes",
    no="no",
    enums=_ENGLISH,
    forms={"nir": whole_nir},
)


EXPORT = InventedExport(
    "brume",
    _TABLES,
    _STYLE,
    TextForm("utf-8", ",", "\n", "needed"),
    "csv",
    numbered({"patient": 5001, "act": 90001, "invoice": 3001}),
    plain_rows,
    tuned=True,
    nurse=True,
)
