"""The practice as an Access file of Kinémax might hold it: a reference layout, invented by this project.

Names with accents, texts as keys, days as Access keeps them (a date with the hour zero), amounts as currency, yes and
no as bits. One row of `Soins` holds an ordonnance and the prise en charge that it is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from connector_core.model.records import Prescription, Record, Treatment
from connector_core.testing.exports.layout import RowOf
from connector_core.testing.exports.layout import twin as plain_twin
from connector_core.testing.exports.relational import (
    Filled,
    Layout,
    SqlTable,
    Value,
    act_changed,
    decided,
    fill,
    records_of,
    sql_columns,
)
from connector_core.testing.exports.vega import care_rows
from connector_core.testing.exports.words import KINEMAX


def database(records: Iterable[Record]) -> tuple[Filled, ...]:
    """The tables of the practice."""
    return fill(LAYOUT, decided(records, LAYOUT))


def twin(records: Iterable[Record]) -> list[Record]:
    """What the tables say: Access keeps no unknown yes or no."""
    return plain_twin(decided(records, LAYOUT), LAYOUT.covers)


def _care(row: RowOf) -> Value:
    """A key of its own: that of either, or of both."""
    return "-".join(row[kind].id for kind in ("prescription", "treatment") if kind in row)


def _patient_of_either(row: RowOf) -> Value:
    return cast("Prescription | Treatment", row.get("prescription") or row["treatment"]).patient_id


TABLES: tuple[SqlTable, ...] = (
    SqlTable(
        "Praticiens",
        sql_columns("""
Praticien | text(10) | practitioner.id
Nom | text(30) | practitioner.family_name
Prénom | text(25) | practitioner.given_name
Métier | text(2) | practitioner.profession
RPPS | text(11) | practitioner.rpps
NuméroAM | text(9) | practitioner.am_number
Zone | text(1) | practitioner.zone
Remplace | text(10) | practitioner.substitute_of
"""),
        records_of("practitioner"),
    ),
    SqlTable(
        "Patients",
        sql_columns("""
Patient | text(10) | patient.id
Nom | text(30) | patient.family_name
Prénom | text(25) | patient.given_name
Naissance | date | patient.birth_date
Sexe | text(1) | patient.sex
NIR | text(13) | patient.nir
Clé | text(2) | patient.nir_key
Rang | integer | patient.birth_rank
Foyer | text(12) | patient.household
Décès | date | patient.deceased_on
Archivé | boolean | patient.archived
"""),
        records_of("patient"),
    ),
    SqlTable(
        "Droits",
        sql_columns("""
Droit | text(12) | coverage.id
Patient | text(10) | coverage.patient_id
Type | text(1) | coverage.payer
Organisme | text(10) | coverage.organisation
Début | date | coverage.valid_from
Fin | date | coverage.valid_to
Exonération | text(1) | coverage.exemption_code
Situation | text(2) | coverage.kind
"""),
        records_of("coverage"),
    ),
    SqlTable(
        "Soins",
        sql_columns("""
Soin | text(25) | | care
Patient | text(10) | prescription.patient_id, treatment.patient_id | patient_of_either
Ordonnance | text(12) | prescription.id
DateOrdonnance | date | prescription.issued_on
Prescripteur | text(11) | prescription.prescriber_rpps
Établissement | text(40) | prescription.prescriber_structure
NombreSéances | integer | prescription.sessions
Indication | text(120) | prescription.indication
Domicile | boolean | prescription.at_home
Quotidien | boolean | prescription.daily
Origine | text(12) | prescription.renewal_of
RenouveléePar | text(1) | prescription.renewed_by
Traitement | text(12) | treatment.id
Praticien | text(10) | treatment.practitioner_id
Début | date | treatment.started_on
Fin | date | treatment.ended_on
Article | integer | treatment.article
Section | text(1) | treatment.section
Région | text(40) | treatment.region
Côté | text(1) | treatment.side
Opéré | boolean | treatment.operated
DateOpération | date | treatment.operated_on
DateSortie | date | treatment.discharged_on
Pathologie | text(120) | treatment.pathology
Référentiel | text(60) | treatment.situation
Périphérique | boolean | treatment.neuro_peripheral
AccèsDirect | boolean | treatment.direct_access
Structure | text(3) | treatment.structure
"""),
        care_rows,
    ),
    SqlTable(
        "Séances",
        sql_columns("""
Acte | text(12) | act.id
Patient | text(10) | act.patient_id
Praticien | text(10) | act.practitioner_id
DateActe | date | act.performed_on
Heure | time | act.started_at
Durée | integer | act.duration_min
Lettre | text(5) | act.letter
Coefficient | money | act.coefficient
Quantité | integer | act.quantity
Montant | money | act.amount
Dépassement | money | act.excess
Qualificatif | text(2) | act.qualifier
Taux | text(3) | act.rate
Ordonnance | text(12) | act.prescription_id
Traitement | text(12) | act.treatment_id
Séance | text(12) | act.session_id
Lieu | text(1) | act.place
Groupe | integer | act.group_size
ALD | boolean | act.ald_related
Facture | text(12) | act.invoice_id
Saisie | timestamp | act.created_at
Libellé | text(60) | act.label
Modifiée | timestamp | | changed
"""),
        records_of("act"),
    ),
    SqlTable(
        "Bilans",
        sql_columns("""
Bilan | text(12) | assessment.id
Patient | text(10) | assessment.patient_id
Traitement | text(12) | assessment.treatment_id
Type | text(1) | assessment.kind
DateBilan | date | assessment.performed_on
Acte | text(12) | assessment.act_id
Fiche | date | assessment.summary_sent_on
Douleur | integer | assessment.pain
Évolution | text(1) | assessment.trend
Événement | text(1) | assessment.event
"""),
        records_of("assessment"),
    ),
    SqlTable(
        "Factures",
        sql_columns("""
Facture | text(12) | invoice.id
Numéro | text(12) | invoice.number
Patient | text(10) | invoice.patient_id
Praticien | text(10) | invoice.practitioner_id
Clôture | date | invoice.closed_on
Lot | text(10) | invoice.lot_id
TiersPayant | text(1) | invoice.third_party
Total | money | invoice.total
PartAMO | money | invoice.amo_claimed
PartAMC | money | invoice.amc_claimed
PartPatient | money | invoice.patient_share
Remplace | text(12) | invoice.replaces
Annulée | date | invoice.cancelled_on
Sécurisation | text(1) | invoice.securing
Nature | text(2) | invoice.nature
"""),
        records_of("invoice"),
    ),
    SqlTable(
        "Lots",
        sql_columns("""
Lot | text(10) | lot.id
Numéro | text(6) | lot.number
Création | date | lot.created_on
Envoi | date | lot.sent_on
ARL | text(1) | lot.arl
DateARL | date | lot.arl_on
NombreFactures | integer | lot.invoice_count
Total | money | lot.total
"""),
        records_of("lot"),
    ),
    SqlTable(
        "Règlements",
        sql_columns("""
Règlement | text(12) | patient_payment.id
Patient | text(10) | patient_payment.patient_id
Facture | text(12) | patient_payment.invoice_id
DateRèglement | date | patient_payment.received_on
Montant | money | patient_payment.amount
Mode | text(2) | patient_payment.means
"""),
        records_of("patient_payment"),
    ),
    SqlTable(
        "Retours",
        sql_columns("""
Retour | text(12) | payer_return.id
NuméroFacture | text(12) | payer_return.invoice_number
NuméroLot | text(6) | payer_return.lot_number
Payeur | text(1) | payer_return.payer
État | text(1) | payer_return.state
Demandé | money | payer_return.claimed
Payé | money | payer_return.paid
DateRetour | date | payer_return.returned_on
CodeRejet | text(6) | payer_return.reject_code
MotifRejet | text(60) | payer_return.reject_label
NiveauRejet | text(1) | payer_return.reject_level
"""),
        records_of("payer_return"),
    ),
    SqlTable(
        "Relances",
        sql_columns("""
Relance | text(12) | reminder.id
Patient | text(10) | reminder.patient_id
Facture | text(12) | reminder.invoice_id
DateRelance | date | reminder.sent_on
Niveau | integer | reminder.level
Moyen | text(1) | reminder.channel
Destinataire | text(1) | reminder.addressee
"""),
        records_of("reminder"),
    ),
    SqlTable(
        "RendezVous",
        sql_columns("""
RendezVous | text(12) | appointment.id
Patient | text(10) | appointment.patient_id
Praticien | text(10) | appointment.practitioner_id
Début | timestamp | appointment.starts_at
Fin | timestamp | appointment.ends_at
Statut | text(1) | appointment.status
"""),
        records_of("appointment"),
    ),
)

LAYOUT = Layout(
    TABLES,
    KINEMAX,
    {"care": _care, "patient_of_either": _patient_of_either, "changed": act_changed},
)
covers: Sequence[str] = LAYOUT.covers
"""What the tables express."""
