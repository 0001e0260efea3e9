"""Estran: every table counts its rows from 1, so that numbers alone don't say what refers to what."""

from __future__ import annotations

from datetime import date

from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form
from connector_core.testing.exports.invented.export import InventedExport, plain_rows
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import Style, Table, columns
from connector_core.testing.exports.words import KINE4000

_TABLES = (
    Table(
        "Praticien",
        ("practitioner",),
        columns("""
IdPraticien | practitioner.id
NomPraticien | practitioner.family_name
PrenomPraticien | practitioner.given_name
NumRPPS | practitioner.rpps
Profession | practitioner.profession
"""),
    ),
    Table(
        "Patient",
        ("patient",),
        columns("""
IdPatient | patient.id
Nom | patient.family_name
Prenom | patient.given_name
DateNaissance | patient.birth_date
Sexe | patient.sex
NumSecu | patient.nir
CleSecu | patient.nir_key
"""),
    ),
    Table(
        "Episode",
        ("treatment",),
        columns("""
IdEpisode | treatment.id
IdPatient | treatment.patient_id
IdPraticien | treatment.practitioner_id
DateDebut | treatment.started_on
DateFin | treatment.ended_on
Region | treatment.region
Pathologie | treatment.pathology
Cote | treatment.side
"""),
    ),
    Table(
        "Bilan",
        ("assessment",),
        columns("""
IdBilan | assessment.id
IdEpisode | assessment.treatment_id
IdPatient | assessment.patient_id
TypeBilan | assessment.kind
DateBilan | assessment.performed_on
EnvoiMedecin | assessment.summary_sent_on
Eva | assessment.pain
"""),
    ),
    Table(
        "Seance",
        ("act",),
        columns("""
IdLigne | act.id
IdEpisode | act.treatment_id
IdPatient | act.patient_id
IdPraticien | act.practitioner_id
DateSeance | act.performed_on
HeureSeance | act.started_at
CodeLettre | act.letter
Coefficient | act.coefficient
Honoraires | act.amount
LieuSeance | act.place
IdFacture | act.invoice_id
"""),
    ),
    Table(
        "Facture",
        ("invoice",),
        columns("""
IdFacture | invoice.id
NumeroFacture | invoice.number
DateFacture | invoice.closed_on
IdPatient | invoice.patient_id
IdPraticien | invoice.practitioner_id
MontantTotal | invoice.total
PartAMO | invoice.amo_claimed
PartAMC | invoice.amc_claimed
PartPatient | invoice.patient_share
"""),
    ),
)
_STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=moment_form("%Y-%m-%d %H:%M"),
    money=cents_comma,
    number=comma,
    yes="1",
    no="0",
    enums=KINE4000,
)


EXPORT = InventedExport(
    "estran", _TABLES, _STYLE, TextForm("utf-8", "\t", "\n", "none"), "tsv", numbered({}), plain_rows
)
