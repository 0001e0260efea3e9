"""Falaise: XML whose values are elements, not attributes; dates of ISO; identifiers with letters."""

from __future__ import annotations

from datetime import date

from connector_core.testing.exports.invented.export import InventedExport, plain_rows, whole_nir
from connector_core.testing.exports.invented.renaming import as_they_are
from connector_core.testing.exports.layout import Style, Table, columns
from connector_core.testing.exports.words import KINE4000

_TABLES = (
    Table(
        "soignant",
        ("practitioner",),
        columns("""
code | practitioner.id
nom | practitioner.family_name
prenom | practitioner.given_name
numeroRpps | practitioner.rpps
qualification | practitioner.profession
"""),
    ),
    Table(
        "beneficiaire",
        ("patient",),
        columns("""
identifiant | patient.id
nomUsuel | patient.family_name
prenom | patient.given_name
dateNaissance | patient.birth_date
genre | patient.sex
numeroSecu | patient.nir, patient.nir_key | nir
"""),
    ),
    Table(
        "prestation",
        ("act",),
        columns("""
reference | act.id
beneficiaire | act.patient_id
executant | act.practitioner_id
dateExecution | act.performed_on
heureExecution | act.started_at
lettreCle | act.letter
coefficient | act.coefficient
montantFacture | act.amount
lieuExecution | act.place
feuille | act.invoice_id
"""),
    ),
    Table(
        "feuilleDeSoins",
        ("invoice",),
        columns("""
reference | invoice.id
numeroFeuille | invoice.number
dateElaboration | invoice.closed_on
beneficiaire | invoice.patient_id
executant | invoice.practitioner_id
totalFacture | invoice.total
montantCaisse | invoice.amo_claimed
montantAssure | invoice.patient_share
"""),
    ),
    Table(
        "encaissement",
        ("patient_payment",),
        columns("""
reference | patient_payment.id
feuille | patient_payment.invoice_id
beneficiaire | patient_payment.patient_id
dateEncaissement | patient_payment.received_on
sommeEncaissee | patient_payment.amount
moyenPaiement | patient_payment.means
"""),
    ),
)
_STYLE = Style(
    day=date.isoformat,
    clock=lambda clock: f"{clock:%H:%M}",
    moment=lambda moment: moment.isoformat(timespec="minutes"),
    money=lambda amount: f"{amount:.2f}",
    number=str,
    yes="true",
    no="false",
    enums=KINE4000,
    forms={"nir": whole_nir},
)


EXPORT = InventedExport("falaise", _TABLES, _STYLE, None, "xml", as_they_are, plain_rows)
