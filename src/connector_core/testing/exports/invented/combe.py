"""Combe: capitals without vowels, columns turned round, the patient's payment in the row of the invoice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from connector_core.model.records import Invoice, PatientPayment
from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form, rows_of
from connector_core.testing.exports.invented.export import InventedExport, Kinds
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import RowOf, Style, Table, columns

_TABLES = (
    Table(
        "P01",
        ("patient",),
        columns("""
NIRCLE | patient.nir_key
NIRASS | patient.nir
SEXE | patient.sex
DTENAIS | patient.birth_date
PRNM | patient.given_name
NOM | patient.family_name
CODPAT | patient.id
"""),
    ),
    Table(
        "P02",
        ("act",),
        columns("""
HONO | act.amount
COEF | act.coefficient
LTR | act.letter
LIEU | act.place
DURMIN | act.duration_min
DTESEA | act.performed_on
CODKIN | act.practitioner_id
CODPAT | act.patient_id
REFFAC | act.invoice_id
CODSEA | act.id
"""),
    ),
    Table(
        "P03",
        ("assessment",),
        columns("""
EVA | assessment.pain
EVOL | assessment.trend
DTEENV | assessment.summary_sent_on
DTEBIL | assessment.performed_on
TYPBIL | assessment.kind
CODPAT | assessment.patient_id
CODBIL | assessment.id
"""),
    ),
    Table(
        "P04",
        ("invoice", "patient_payment"),
        columns("""
REGMOD | patient_payment.means
REGMTT | patient_payment.amount
REGDTE | patient_payment.received_on
PARTPAT | invoice.patient_share
PARTAMC | invoice.amc_claimed
PARTAMO | invoice.amo_claimed
TOTAL | invoice.total
DTEFAC | invoice.closed_on
CODKIN | invoice.practitioner_id
CODPAT | invoice.patient_id, patient_payment.patient_id | invoice_patient
REFFAC | invoice.id
"""),
    ),
    Table(
        "P05",
        ("practitioner",),
        columns("""
RPPS | practitioner.rpps
PRNM | practitioner.given_name
NOM | practitioner.family_name
CODKIN | practitioner.id
"""),
    ),
)
_CAPITALS: Mapping[str, Mapping[str, str]] = {
    "patient.sex": {"F": "MME", "M": "MR"},
    "act.place": {"CABINET": "CAB", "DOMICILE": "VAD", "EHPAD": "EHPAD", "ETABLISSEMENT": "ETAB"},
    "assessment.kind": {"initial": "ENTREE", "intermediate": "SUIVI", "final": "SORTIE", "isolated": "ISOLE"},
    "assessment.trend": {"better": "MIEUX", "stable": "STABLE", "worse": "PIRE"},
    "patient_payment.means": {"CB": "CARTE", "CHEQUE": "CHEQUE", "ESPECES": "LIQUIDE", "VIREMENT": "VIREMENT"},
}
_STYLE = Style(
    day=lambda day: f"{day:%d.%m.%Y}",
    clock=lambda clock: f"{clock:%Hh%M}",
    moment=moment_form("%d.%m.%Y %H:%M"),
    money=cents_comma,
    number=comma,
    yes="O",
    no="N",
    enums=_CAPITALS,
    forms={"invoice_patient": lambda row: cast(Invoice, row["invoice"]).patient_id},
)


def _rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    if table.name != "P04":
        return rows_of(table.kinds[0], kinds)
    payments = {cast(PatientPayment, each).invoice_id: each for each in kinds["patient_payment"]}
    return (
        {"invoice": each, "patient_payment": payments[each.id]} if each.id in payments else {"invoice": each}
        for each in kinds["invoice"]
    )


EXPORT = InventedExport(
    "combe",
    _TABLES,
    _STYLE,
    TextForm("cp1252", "\t", "\r\n", "none"),
    "txt",
    numbered({"patient": 101, "act": 20001, "invoice": 6001}, "{:06d}"),
    _rows,
    tuned=True,
)
