"""Ressac: a nurse's practice in French, orders and BSI, moments as days and hours in one, codes of one letter."""

from __future__ import annotations

from collections.abc import Mapping

from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form
from connector_core.testing.exports.invented.export import InventedExport, plain_rows, whole_nir
from connector_core.testing.exports.invented.renaming import numbered
from connector_core.testing.exports.layout import Style, Table, columns

_TABLES = (
    Table(
        "equipe",
        ("practitioner",),
        columns("""
Idel | practitioner.id
Nom d'exercice | practitioner.family_name
Prénom | practitioner.given_name
Rpps | practitioner.rpps
"""),
    ),
    Table(
        "personnes",
        ("patient",),
        columns("""
Matricule | patient.nir, patient.nir_key | nir
Nom | patient.family_name
Prénom | patient.given_name
Né(e) le | patient.birth_date
Civilité | patient.sex
Fiche | patient.id
"""),
    ),
    Table(
        "ordonnances",
        ("prescription",),
        columns("""
Ordonnance | prescription.id
Fiche | prescription.patient_id
Rédigée le | prescription.issued_on
Médecin (RPPS) | prescription.prescriber_rpps
Libellé | prescription.indication
À domicile | prescription.at_home
"""),
    ),
    Table(
        "bsi",
        ("bsi",),
        columns("""
N° BSI | bsi.id
Fiche | bsi.patient_id
Idel | bsi.practitioner_id
Nature du BSI | bsi.kind
Saisi le | bsi.entered_on
État | bsi.status
"""),
    ),
    Table(
        "tournee",
        ("act",),
        columns("""
Fait le | act.performed_on
À | act.started_at
Fiche | act.patient_id
Idel | act.practitioner_id
Lettre | act.letter
Coeff. | act.coefficient
Tarif | act.amount
Ordonnance | act.prescription_id
Facturé sur | act.invoice_id
Ligne | act.id
"""),
    ),
    Table(
        "factures",
        ("invoice",),
        columns("""
Facture | invoice.id
FSE n° | invoice.number
Faite le | invoice.closed_on
Fiche | invoice.patient_id
Idel | invoice.practitioner_id
Montant | invoice.total
Part RO | invoice.amo_claimed
Part RC | invoice.amc_claimed
"""),
    ),
)
_NURSE: Mapping[str, Mapping[str, str]] = {
    "patient.sex": {"F": "Madame", "M": "Monsieur"},
    "bsi.kind": {"initial": "I", "renewal": "R", "intermediate": "M"},
    "bsi.status": {"draft": "B", "open": "O", "closed": "C"},
}
_STYLE = Style(
    day=lambda day: f"{day:%d/%m/%Y}",
    clock=lambda clock: f"{clock:%H:%M:%S}",
    moment=moment_form("%d/%m/%Y %H:%M:%S"),
    money=lambda amount: f"{cents_comma(amount)}€",
    number=comma,
    yes="Oui",
    no="Non",
    enums=_NURSE,
    forms={"nir": whole_nir},
)


EXPORT = InventedExport(
    "ressac",
    _TABLES,
    _STYLE,
    TextForm("utf-8", ";", "\r\n", "needed"),
    "csv",
    numbered({"patient": 31, "act": 1, "invoice": 2601, "prescription": 801}, "{}"),
    plain_rows,
    nurse=True,
)
