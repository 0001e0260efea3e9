"""The practice as a PostgreSQL database of Vega might hold it: a reference layout, invented by this project.

Small letters, whole numbers as keys, texts in UTF-8, amounts as whole centimes, coefficients as hundredths, closed
lists as small numbers. A patient's name and birth are in `personne`, the NIR with its key in one column of `patient`,
which has a note, too; `alerte` is what the software warns of, its own alerts and those of others, told apart by
`reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from connector_core.model.records import Patient, Record
from connector_core.testing.exports.layout import RowOf
from connector_core.testing.exports.layout import twin as plain_twin
from connector_core.testing.exports.relational import (
    Filled,
    Layout,
    SqlTable,
    Value,
    act_changed,
    fill,
    invoice_changed,
    no_rows,
    nothing,
    numbered,
    records_of,
    remark,
    sql_columns,
)
from connector_core.testing.exports.words import Words

_FIRST_PERSON = 1000
"""A patient's person has another number than the patient."""


def database(records: Iterable[Record]) -> tuple[Filled, ...]:
    """The tables of the practice."""
    return fill(LAYOUT, numbered(records))


def twin(records: Iterable[Record]) -> list[Record]:
    """What the tables say."""
    return plain_twin(numbered(records), LAYOUT.covers)


def _person(row: RowOf) -> Value:
    return _FIRST_PERSON + int(row["patient"].id)


def _nir(row: RowOf) -> Value:
    patient = cast(Patient, row["patient"])
    return f"{patient.nir}{patient.nir_key or ''}" if patient.nir else None


def _coded(*values: str) -> Mapping[str, str]:
    """Values by their number, from 1."""
    return {value: str(number) for number, value in enumerate(values, 1)}


WORDS: Words = {
    "practitioner.profession": _coded("MK", "IDE"),
    "practitioner.zone": _coded("METRO", "DROM"),
    "patient.sex": _coded("M", "F"),
    "coverage.payer": _coded("AMO", "AMC"),
    "coverage.kind": _coded("standard", "C2S", "AME", "ALD", "AT", "MATERNITE", "INVALIDITE"),
    "prescription.renewed_by": _coded("MEDECIN", "MK"),
    "treatment.side": _coded("L", "R", "B"),
    "treatment.structure": _coded("CABINET", "MSP", "CPTS", "ESP", "ESS", "CDS", "ETABLISSEMENT"),
    "act.rate": {"1": "100", "0.5": "50", "0": "0"},
    "act.place": _coded("CABINET", "DOMICILE", "EHPAD", "ETABLISSEMENT"),
    "assessment.kind": _coded("initial", "intermediate", "final", "isolated"),
    "assessment.trend": {"better": "1", "stable": "0", "worse": "-1"},
    "assessment.event": _coded("fall", "new_pain", "other"),
    "invoice.third_party": {"NONE": "0", "AMO": "1", "FULL": "2"},
    "invoice.securing": _coded("SESAM", "DEGRADE", "PAPIER"),
    "lot.arl": _coded("positive", "negative"),
    "payer_return.payer": _coded("AMO", "AMC"),
    "payer_return.state": _coded("paid", "rejected", "deferred"),
    "patient_payment.means": _coded("CB", "CHEQUE", "ESPECES", "VIREMENT"),
    "reminder.channel": _coded("email", "sms", "letter", "phone"),
    "reminder.addressee": _coded("PATIENT", "AMO", "AMC"),
    "appointment.status": _coded("booked", "confirmed", "honoured", "missed", "cancelled"),
}

TABLES: tuple[SqlTable, ...] = (
    SqlTable(
        "praticien",
        sql_columns("""
id | integer | practitioner.id
nom | text(60) | practitioner.family_name
prenom | text(60) | practitioner.given_name
profession | integer | practitioner.profession
rpps | text(11) | practitioner.rpps
numero_am | text(9) | practitioner.am_number
zone | integer | practitioner.zone
titulaire_id | integer | practitioner.substitute_of
"""),
        records_of("practitioner"),
    ),
    SqlTable(
        "personne",
        sql_columns("""
id | integer | | person
nom | text(60) | patient.family_name
prenom | text(60) | patient.given_name
naissance | date | patient.birth_date
sexe | integer | patient.sex
deces | date | patient.deceased_on
foyer_id | integer | patient.household
"""),
        records_of("patient"),
    ),
    SqlTable(
        "patient",
        sql_columns("""
id | integer | patient.id
personne_id | integer | | person
nir | char(15) | patient.nir, patient.nir_key | nir
rang | integer | patient.birth_rank
archive | boolean | patient.archived
note | memo | | remark
"""),
        records_of("patient"),
    ),
    SqlTable(
        "droit",
        sql_columns("""
id | integer | coverage.id
patient_id | integer | coverage.patient_id
payeur | integer | coverage.payer
organisme | text(10) | coverage.organisation
debut | date | coverage.valid_from
fin | date | coverage.valid_to
exoneration | char(1) | coverage.exemption_code
situation | integer | coverage.kind
"""),
        records_of("coverage"),
    ),
    SqlTable(
        "ordonnance",
        sql_columns("""
id | integer | prescription.id
patient_id | integer | prescription.patient_id
date_ordonnance | date | prescription.issued_on
prescripteur | text(11) | prescription.prescriber_rpps
etablissement | text(80) | prescription.prescriber_structure
seances | integer | prescription.sessions
indication | memo | prescription.indication
domicile | boolean | prescription.at_home
quotidien | boolean | prescription.daily
origine_id | integer | prescription.renewal_of
renouvelee_par | integer | prescription.renewed_by
"""),
        records_of("prescription"),
    ),
    SqlTable(
        "prise_en_charge",
        sql_columns("""
id | integer | treatment.id
patient_id | integer | treatment.patient_id
praticien_id | integer | treatment.practitioner_id
debut | date | treatment.started_on
fin | date | treatment.ended_on
article | integer | treatment.article
section | char(1) | treatment.section
region | text(60) | treatment.region
cote | integer | treatment.side
opere | boolean | treatment.operated
date_operation | date | treatment.operated_on
date_sortie | date | treatment.discharged_on
pathologie | text(120) | treatment.pathology
referentiel | text(60) | treatment.situation
peripherique | boolean | treatment.neuro_peripheral
acces_direct | boolean | treatment.direct_access
structure | integer | treatment.structure
"""),
        records_of("treatment"),
    ),
    SqlTable(
        "acte",
        sql_columns("""
id | integer | act.id
patient_id | integer | act.patient_id
praticien_id | integer | act.practitioner_id
date_acte | date | act.performed_on
heure | time | act.started_at
duree | integer | act.duration_min
lettre | text(5) | act.letter
coefficient | hundredths | act.coefficient
quantite | integer | act.quantity
montant | cents | act.amount
depassement | cents | act.excess
qualificatif | text(2) | act.qualifier
taux | integer | act.rate
ordonnance_id | integer | act.prescription_id
prise_en_charge_id | integer | act.treatment_id
passage_id | integer | act.session_id
lieu | integer | act.place
groupe | integer | act.group_size
ald | boolean | act.ald_related
facture_id | integer | act.invoice_id
saisi_le | timestamp | act.created_at
libelle | text(120) | act.label
modifie_le | timestamp | | act_changed
"""),
        records_of("act"),
    ),
    SqlTable(
        "bilan",
        sql_columns("""
id | integer | assessment.id
patient_id | integer | assessment.patient_id
prise_en_charge_id | integer | assessment.treatment_id
type_bilan | integer | assessment.kind
date_bilan | date | assessment.performed_on
acte_id | integer | assessment.act_id
fiche_envoyee | date | assessment.summary_sent_on
douleur | integer | assessment.pain
evolution | integer | assessment.trend
evenement | integer | assessment.event
"""),
        records_of("assessment"),
    ),
    SqlTable(
        "facture",
        sql_columns("""
id | integer | invoice.id
numero | text(9) | invoice.number
patient_id | integer | invoice.patient_id
praticien_id | integer | invoice.practitioner_id
date_facture | date | invoice.closed_on
lot_id | integer | invoice.lot_id
tiers_payant | integer | invoice.third_party
total | cents | invoice.total
part_amo | cents | invoice.amo_claimed
part_amc | cents | invoice.amc_claimed
part_patient | cents | invoice.patient_share
remplace | text(9) | invoice.replaces
annulee_le | date | invoice.cancelled_on
securisation | integer | invoice.securing
nature | char(2) | invoice.nature
modifie_le | timestamp | | invoice_changed
"""),
        records_of("invoice"),
    ),
    SqlTable(
        "lot",
        sql_columns("""
id | integer | lot.id
numero | text(3) | lot.number
cree_le | date | lot.created_on
envoye_le | date | lot.sent_on
arl | integer | lot.arl
arl_le | date | lot.arl_on
factures | integer | lot.invoice_count
total | cents | lot.total
"""),
        records_of("lot"),
    ),
    SqlTable(
        "reglement",
        sql_columns("""
id | integer | patient_payment.id
patient_id | integer | patient_payment.patient_id
facture_id | integer | patient_payment.invoice_id
date_reglement | date | patient_payment.received_on
montant | cents | patient_payment.amount
mode | integer | patient_payment.means
"""),
        records_of("patient_payment"),
    ),
    SqlTable(
        "retour",
        sql_columns("""
id | integer | payer_return.id
facture_numero | text(9) | payer_return.invoice_number
lot_numero | text(3) | payer_return.lot_number
payeur | integer | payer_return.payer
etat | integer | payer_return.state
demande | cents | payer_return.claimed
paye | cents | payer_return.paid
date_retour | date | payer_return.returned_on
rejet_code | text(8) | payer_return.reject_code
rejet_motif | text(80) | payer_return.reject_label
rejet_niveau | char(1) | payer_return.reject_level
"""),
        records_of("payer_return"),
    ),
    SqlTable(
        "relance",
        sql_columns("""
id | integer | reminder.id
patient_id | integer | reminder.patient_id
facture_id | integer | reminder.invoice_id
date_relance | date | reminder.sent_on
niveau | integer | reminder.level
moyen | integer | reminder.channel
destinataire | integer | reminder.addressee
"""),
        records_of("reminder"),
    ),
    SqlTable(
        "rendez_vous",
        sql_columns("""
id | integer | appointment.id
patient_id | integer | appointment.patient_id
praticien_id | integer | appointment.practitioner_id
debut | timestamp | appointment.starts_at
fin | timestamp | appointment.ends_at
statut | integer | appointment.status
"""),
        records_of("appointment"),
    ),
    SqlTable(
        "alerte",
        sql_columns("""
reference | char(16) | | nothing
patient_id | integer | patient.id
jour | date | | nothing
texte | text(120) | | nothing
niveau | integer | | nothing
lue | boolean | | nothing
"""),
        no_rows,
    ),
)

LAYOUT = Layout(
    TABLES,
    WORDS,
    {
        "person": _person,
        "nir": _nir,
        "remark": remark,
        "act_changed": act_changed,
        "invoice_changed": invoice_changed,
        "nothing": nothing,
    },
)
covers: Sequence[str] = LAYOUT.covers
"""What the tables express."""
