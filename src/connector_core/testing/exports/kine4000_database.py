"""The practice as a Firebird database of Kiné+4000 might hold it: a reference layout, invented by this project.

Names in capitals, whole numbers as keys, texts in Windows-1252, amounts as NUMERIC(9,2), yes and no as 1 and 0. What is
done in a session stands in `LIGNES`: its patient, practitioner and day are those of `SEANCES`, its letter and
coefficient those of `NOMENCLATURE`. `ALERTES` is what the software warns of, its own alerts and those of others, told
apart by `REFERENCE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import cast

from connector_core.model.records import Act, Record
from connector_core.parameters.tariffs import load_tariffs
from connector_core.testing.exports.kine4000 import act_code
from connector_core.testing.exports.layout import RowOf
from connector_core.testing.exports.layout import twin as plain_twin
from connector_core.testing.exports.relational import (
    Filled,
    Layout,
    SqlTable,
    Value,
    act_changed,
    fill,
    first_of,
    invoice_changed,
    no_rows,
    nothing,
    numbered,
    records_of,
    remark,
    sessions,
    sql_columns,
)
from connector_core.testing.exports.words import KINE4000


def database(records: Iterable[Record]) -> tuple[Filled, ...]:
    """The tables of the practice."""
    return fill(LAYOUT, numbered(records))


def twin(records: Iterable[Record]) -> list[Record]:
    """What the tables say."""
    return plain_twin(numbered(records), LAYOUT.covers)


def _code_key(record: Record) -> object:
    act = cast(Act, record)
    return act.letter, act.coefficient


def _code(row: RowOf) -> Value:
    act = cast(Act, row["act"])
    return act_code(act.letter, act.coefficient)


def _label(row: RowOf) -> Value:
    act = cast(Act, row["act"])
    rows = load_tariffs().periods(act.letter, act.coefficient, "METRO")
    return rows[0].label.replace("œ", "oe")[:60] if rows else None


def _coefficient(row: RowOf) -> Value:
    return cast(Act, row["act"]).coefficient.quantize(Decimal("0.01"))


TABLES: tuple[SqlTable, ...] = (
    SqlTable(
        "NOMENCLATURE",
        sql_columns("""
CODE_ACTE | char(12) | act.letter, act.coefficient | code
LETTRE | char(5) | act.letter
COEFFICIENT | numeric(6,2) | act.coefficient | coefficient
LIBELLE | text(60) | | label
"""),
        first_of("act", _code_key),
    ),
    SqlTable(
        "PRATICIENS",
        sql_columns("""
ID_PRATICIEN | integer | practitioner.id
NOM | text(40) | practitioner.family_name
PRENOM | text(40) | practitioner.given_name
PROFESSION | text(10) | practitioner.profession
RPPS | char(11) | practitioner.rpps
NUM_AM | char(9) | practitioner.am_number
ZONE_TARIF | text(10) | practitioner.zone
ID_TITULAIRE | integer | practitioner.substitute_of
"""),
        records_of("practitioner"),
    ),
    SqlTable(
        "PATIENTS",
        sql_columns("""
ID_PATIENT | integer | patient.id
NOM | text(40) | patient.family_name
PRENOM | text(40) | patient.given_name
NE_LE | date | patient.birth_date
SEXE | char(1) | patient.sex
NIR | char(13) | patient.nir
CLE_NIR | char(2) | patient.nir_key
RANG | integer | patient.birth_rank
ID_FOYER | integer | patient.household
DECEDE_LE | date | patient.deceased_on
ARCHIVE | boolean | patient.archived
NOTE | memo | | remark
"""),
        records_of("patient"),
    ),
    SqlTable(
        "DROITS",
        sql_columns("""
ID_DROIT | integer | coverage.id
ID_PATIENT | integer | coverage.patient_id
TYPE_ORGANISME | char(3) | coverage.payer
ORGANISME | char(10) | coverage.organisation
DEBUT | date | coverage.valid_from
FIN | date | coverage.valid_to
EXONERATION | char(1) | coverage.exemption_code
SITUATION | text(12) | coverage.kind
"""),
        records_of("coverage"),
    ),
    SqlTable(
        "PRESCRIPTIONS",
        sql_columns("""
ID_PRESCRIPTION | integer | prescription.id
ID_PATIENT | integer | prescription.patient_id
PRESCRITE_LE | date | prescription.issued_on
RPPS_PRESCRIPTEUR | char(11) | prescription.prescriber_rpps
ETABLISSEMENT | text(60) | prescription.prescriber_structure
NB_SEANCES | integer | prescription.sessions
INDICATION | memo | prescription.indication
DOMICILE | boolean | prescription.at_home
QUOTIDIEN | boolean | prescription.daily
ID_ORIGINE | integer | prescription.renewal_of
RENOUVELEE_PAR | text(10) | prescription.renewed_by
"""),
        records_of("prescription"),
    ),
    SqlTable(
        "PRISES_EN_CHARGE",
        sql_columns("""
ID_PEC | integer | treatment.id
ID_PATIENT | integer | treatment.patient_id
ID_PRATICIEN | integer | treatment.practitioner_id
DEBUT | date | treatment.started_on
FIN | date | treatment.ended_on
ARTICLE | integer | treatment.article
SECTION_NGAP | char(1) | treatment.section
REGION | text(60) | treatment.region
COTE | text(10) | treatment.side
OPERE | boolean | treatment.operated
OPERE_LE | date | treatment.operated_on
SORTI_LE | date | treatment.discharged_on
PATHOLOGIE | text(120) | treatment.pathology
REFERENTIEL | text(60) | treatment.situation
PERIPHERIQUE | boolean | treatment.neuro_peripheral
ACCES_DIRECT | boolean | treatment.direct_access
STRUCTURE | text(14) | treatment.structure
"""),
        records_of("treatment"),
    ),
    SqlTable(
        "SEANCES",
        sql_columns("""
ID_SEANCE | integer | act.session_id
ID_PATIENT | integer | act.patient_id
ID_PRATICIEN | integer | act.practitioner_id
JOUR | date | act.performed_on
HEURE | time | act.started_at
LIEU | text(14) | act.place
NB_PATIENTS | integer | act.group_size
"""),
        sessions,
    ),
    SqlTable(
        "LIGNES",
        sql_columns("""
ID_LIGNE | integer | act.id
ID_SEANCE | integer | act.session_id
ID_PEC | integer | act.treatment_id
ID_PRESCRIPTION | integer | act.prescription_id
CODE_ACTE | char(12) | act.letter, act.coefficient | code
QUANTITE | integer | act.quantity
MONTANT | money | act.amount
DEPASSEMENT | money | act.excess
QUALIFICATIF | char(2) | act.qualifier
TAUX | char(3) | act.rate
DUREE | integer | act.duration_min
ALD | boolean | act.ald_related
ID_FACTURE | integer | act.invoice_id
SAISI_LE | timestamp | act.created_at
COMMENTAIRE | text(80) | act.label
MODIFIE_LE | timestamp | | act_changed
"""),
        records_of("act"),
    ),
    SqlTable(
        "BILANS",
        sql_columns("""
ID_BILAN | integer | assessment.id
ID_PATIENT | integer | assessment.patient_id
ID_PEC | integer | assessment.treatment_id
TYPE_BILAN | text(14) | assessment.kind
FAIT_LE | date | assessment.performed_on
ID_LIGNE | integer | assessment.act_id
FICHE_LE | date | assessment.summary_sent_on
DOULEUR | integer | assessment.pain
EVOLUTION | text(10) | assessment.trend
EVENEMENT | text(10) | assessment.event
"""),
        records_of("assessment"),
    ),
    SqlTable(
        "FACTURES",
        sql_columns("""
ID_FACTURE | integer | invoice.id
NUMERO | char(9) | invoice.number
ID_PATIENT | integer | invoice.patient_id
ID_PRATICIEN | integer | invoice.practitioner_id
CLOTUREE_LE | date | invoice.closed_on
ID_LOT | integer | invoice.lot_id
TIERS_PAYANT | char(1) | invoice.third_party
TOTAL | money | invoice.total
PART_AMO | money | invoice.amo_claimed
PART_AMC | money | invoice.amc_claimed
PART_PATIENT | money | invoice.patient_share
REMPLACE_NUM | char(9) | invoice.replaces
ANNULEE_LE | date | invoice.cancelled_on
SECURISATION | text(8) | invoice.securing
NATURE | char(2) | invoice.nature
MODIFIE_LE | timestamp | | invoice_changed
"""),
        records_of("invoice"),
    ),
    SqlTable(
        "LOTS",
        sql_columns("""
ID_LOT | integer | lot.id
NUMERO | char(3) | lot.number
CREE_LE | date | lot.created_on
ENVOYE_LE | date | lot.sent_on
ARL | text(8) | lot.arl
ARL_LE | date | lot.arl_on
NB_FACTURES | integer | lot.invoice_count
TOTAL | money | lot.total
"""),
        records_of("lot"),
    ),
    SqlTable(
        "PAIEMENTS",
        sql_columns("""
ID_PAIEMENT | integer | patient_payment.id
ID_PATIENT | integer | patient_payment.patient_id
ID_FACTURE | integer | patient_payment.invoice_id
RECU_LE | date | patient_payment.received_on
MONTANT | money | patient_payment.amount
MODE_PAIEMENT | text(10) | patient_payment.means
"""),
        records_of("patient_payment"),
    ),
    SqlTable(
        "RETOURS",
        sql_columns("""
ID_RETOUR | integer | payer_return.id
NUM_FACTURE | char(9) | payer_return.invoice_number
NUM_LOT | char(3) | payer_return.lot_number
PAYEUR | char(3) | payer_return.payer
ETAT | text(8) | payer_return.state
DEMANDE | money | payer_return.claimed
PAYE | money | payer_return.paid
RECU_LE | date | payer_return.returned_on
CODE_REJET | text(8) | payer_return.reject_code
MOTIF_REJET | text(80) | payer_return.reject_label
NIVEAU_REJET | char(1) | payer_return.reject_level
"""),
        records_of("payer_return"),
    ),
    SqlTable(
        "RELANCES",
        sql_columns("""
ID_RELANCE | integer | reminder.id
ID_PATIENT | integer | reminder.patient_id
ID_FACTURE | integer | reminder.invoice_id
ENVOYEE_LE | date | reminder.sent_on
NIVEAU | integer | reminder.level
CANAL | text(10) | reminder.channel
DESTINATAIRE | text(8) | reminder.addressee
"""),
        records_of("reminder"),
    ),
    SqlTable(
        "RENDEZ_VOUS",
        sql_columns("""
ID_RDV | integer | appointment.id
ID_PATIENT | integer | appointment.patient_id
ID_PRATICIEN | integer | appointment.practitioner_id
DEBUT | timestamp | appointment.starts_at
FIN | timestamp | appointment.ends_at
STATUT | text(8) | appointment.status
"""),
        records_of("appointment"),
    ),
    SqlTable(
        "ALERTES",
        sql_columns("""
REFERENCE | char(16) | | nothing
ID_PATIENT | integer | patient.id
JOUR | date | | nothing
TEXTE | text(120) | | nothing
NIVEAU | integer | | nothing
LUE | boolean | | nothing
"""),
        no_rows,
    ),
)

LAYOUT = Layout(
    TABLES,
    KINE4000,
    {
        "code": _code,
        "coefficient": _coefficient,
        "label": _label,
        "act_changed": act_changed,
        "invoice_changed": invoice_changed,
        "remark": remark,
        "nothing": nothing,
    },
)
covers: Sequence[str] = LAYOUT.covers
"""What the tables express."""
