"""Soleil: abbreviated titles, whole numbers as identifiers, decimal points, columns in no particular order."""

from __future__ import annotations

from connector_core.testing.exports.delimited import TextForm, moment_form
from connector_core.testing.exports.invented.export import InventedExport, plain_rows
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import Style, Table, columns
from connector_core.testing.exports.words import VEGA_B

_TABLES = (
    Table(
        "prat",
        ("practitioner",),
        columns("""
num_prat | practitioner.id
nom | practitioner.family_name
prenom | practitioner.given_name
no_rpps | practitioner.rpps
no_adeli | practitioner.am_number
specialite | practitioner.profession
"""),
    ),
    Table(
        "pat",
        ("patient",),
        columns("""
nom_pat | patient.family_name
pren_pat | patient.given_name
num_pat | patient.id
ddn | patient.birth_date
num_ss | patient.nir
cle_ss | patient.nir_key
sx | patient.sex
rg_naiss | patient.birth_rank
"""),
    ),
    Table(
        "ordo",
        ("prescription",),
        columns("""
num_ordo | prescription.id
dt_ordo | prescription.issued_on
num_pat | prescription.patient_id
medecin_rpps | prescription.prescriber_rpps
nb_sce | prescription.sessions
motif | prescription.indication
dom | prescription.at_home
"""),
    ),
    Table(
        "actes",
        ("act",),
        columns("""
dt_acte | act.performed_on
h_acte | act.started_at
num_pat | act.patient_id
num_prat | act.practitioner_id
lettre | act.letter
coef | act.coefficient
mt_hono | act.amount
num_fact | act.invoice_id
num_ordo | act.prescription_id
num_acte | act.id
lieu | act.place
"""),
    ),
    Table(
        "fact",
        ("invoice",),
        columns("""
num_fact | invoice.id
no_fse | invoice.number
dt_fact | invoice.closed_on
num_pat | invoice.patient_id
num_prat | invoice.practitioner_id
mt_total | invoice.total
mt_ro | invoice.amo_claimed
mt_pat | invoice.patient_share
tp | invoice.third_party
num_lot | invoice.lot_id
"""),
    ),
    Table(
        "lots",
        ("lot",),
        columns("""
num_lot | lot.id
no_lot | lot.number
dt_creation | lot.created_on
dt_envoi | lot.sent_on
arl | lot.arl
dt_arl | lot.arl_on
"""),
    ),
    Table(
        "regl",
        ("patient_payment",),
        columns("""
num_regl | patient_payment.id
dt_regl | patient_payment.received_on
num_fact | patient_payment.invoice_id
num_pat | patient_payment.patient_id
mt_regl | patient_payment.amount
mode_regl | patient_payment.means
"""),
    ),
)
_STYLE = Style(
    day=lambda day: f"{day:%d-%m-%Y}",
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%d-%m-%Y %H:%M"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="O",
    no="N",
    enums=VEGA_B,
)


EXPORT = InventedExport(
    "soleil",
    _TABLES,
    _STYLE,
    TextForm("cp1252", ";", "\r\n", "needed"),
    "csv",
    numbered({"patient": 1201, "prescription": 30511, "act": 880012, "invoice": 50023, "lot": 412}),
    plain_rows,
    tuned=True,
)
