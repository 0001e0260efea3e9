"""Rivage: long titles with accents, the patient by name, a year of two digits, euros with their sign."""

from __future__ import annotations

from typing import cast

from connector_core.model.records import Act, Invoice
from connector_core.testing.exports.delimited import TextForm, cents_comma, comma, moment_form
from connector_core.testing.exports.invented.export import InventedExport, plain_rows, whole_name
from connector_core.testing.exports.invented.renaming import as_they_are
from connector_core.testing.exports.layout import RowOf, Style, Table, columns
from connector_core.testing.exports.words import VEGA_B

_TABLES = (
    Table(
        "Liste des patients",
        ("patient",),
        columns("""
Référence du dossier | patient.id
Nom et prénom | patient.family_name, patient.given_name | person
Date de naissance | patient.birth_date
Sexe | patient.sex
Immatriculation | patient.nir
Clé | patient.nir_key
"""),
    ),
    Table(
        "Liste des rendez-vous",
        ("appointment",),
        columns("""
Rendez-vous n° | appointment.id
Thérapeute | appointment.practitioner_id
Dossier | appointment.patient_id
Début du rendez-vous | appointment.starts_at
Fin du rendez-vous | appointment.ends_at
État du rendez-vous | appointment.status
"""),
    ),
    Table(
        "Liste des séances",
        ("act",),
        columns("""
Séance du | act.performed_on
Référence du dossier | act.patient_id
Thérapeute | act.practitioner_id
Cotation NGAP | act.letter, act.coefficient | cotation
Honoraires perçus | act.amount
Durée de la séance (min) | act.duration_min
Effectuée au | act.place
Numéro de la ligne | act.id
Facturée sous le n° | act.invoice_id
"""),
    ),
    Table(
        "Liste des thérapeutes",
        ("practitioner",),
        columns("""
Thérapeute | practitioner.id
Nom | practitioner.family_name
Prénom | practitioner.given_name
Identifiant RPPS | practitioner.rpps
Profession | practitioner.profession
"""),
    ),
    Table(
        "Liste des factures",
        ("invoice",),
        columns("""
Facture n° | invoice.number, invoice.id | number
Établie le | invoice.closed_on
Référence du dossier | invoice.patient_id
Thérapeute | invoice.practitioner_id
Total facturé | invoice.total
Part de la caisse | invoice.amo_claimed
Part de la mutuelle | invoice.amc_claimed
Reste à charge | invoice.patient_share
"""),
    ),
)


def _cotation(row: RowOf) -> str:
    act = cast(Act, row["act"])
    return f"{act.letter}{comma(act.coefficient)}"


def _number(row: RowOf) -> str:
    return cast(Invoice, row["invoice"]).id


_STYLE = Style(
    day=lambda day: f"{day:%d.%m.%Y}",
    clock=lambda clock: f"{clock:%Hh%M}",
    moment=moment_form("%d.%m.%Y %H:%M"),
    money=lambda amount: f"{cents_comma(amount)} €",
    number=comma,
    yes="Vrai",
    no="Faux",
    enums={**VEGA_B, "patient.sex": {"F": "Féminin", "M": "Masculin"}},
    forms={"person": whole_name, "cotation": _cotation, "number": _number},
)


EXPORT = InventedExport(
    "rivage", _TABLES, _STYLE, TextForm("utf-8", ";", "\n", "all"), "csv", as_they_are, plain_rows, tuned=True
)
