"""Columns of the Kiné+4000 reference layout: receipts, and the full set with its joins. Titles and order are invented.

Only the receipts' header (`Date;Patient;Acte;Montant;Mode`) has a public trace: a project of 2026 parses such a file.
"""

from __future__ import annotations

from connector_core.testing.exports.layout import Table, columns

TABLES: tuple[Table, ...] = (
    Table(
        "praticiens",
        ("practitioner",),
        columns("""
id_praticien | practitioner.id
nom | practitioner.family_name
prenom | practitioner.given_name
profession | practitioner.profession
rpps | practitioner.rpps
num_am | practitioner.am_number
zone | practitioner.zone
remplace | practitioner.substitute_of
"""),
    ),
    Table(
        "patients",
        ("patient",),
        columns("""
id_patient | patient.id
nom | patient.family_name
prenom | patient.given_name
date_naissance | patient.birth_date
sexe | patient.sex
nir | patient.nir
cle_nir | patient.nir_key
rang | patient.birth_rank
foyer | patient.household
date_deces | patient.deceased_on
archive | patient.archived
"""),
    ),
    Table(
        "droits",
        ("coverage",),
        columns("""
id_droit | coverage.id
id_patient | coverage.patient_id
type | coverage.payer
organisme | coverage.organisation
debut | coverage.valid_from
fin | coverage.valid_to
exoneration | coverage.exemption_code
situation | coverage.kind
"""),
    ),
    Table(
        "prescriptions",
        ("prescription",),
        columns("""
id_prescription | prescription.id
id_patient | prescription.patient_id
date_prescription | prescription.issued_on
rpps_prescripteur | prescription.prescriber_rpps
etablissement | prescription.prescriber_structure
nb_seances | prescription.sessions
indication | prescription.indication
domicile | prescription.at_home
quotidien | prescription.daily
id_prescription_origine | prescription.renewal_of
renouvele_par | prescription.renewed_by
"""),
    ),
    Table(
        "prises_en_charge",
        ("treatment",),
        columns("""
id_prise_en_charge | treatment.id
id_patient | treatment.patient_id
id_praticien | treatment.practitioner_id
debut | treatment.started_on
fin | treatment.ended_on
article | treatment.article
section | treatment.section
region | treatment.region
cote | treatment.side
opere | treatment.operated
date_operation | treatment.operated_on
date_sortie | treatment.discharged_on
pathologie | treatment.pathology
referentiel | treatment.situation
peripherique | treatment.neuro_peripheral
acces_direct | treatment.direct_access
structure | treatment.structure
"""),
    ),
    Table(
        "actes",
        ("act",),
        columns("""
id_acte | act.id
id_prise_en_charge | act.treatment_id
id_prescription | act.prescription_id
id_praticien | act.practitioner_id
date_acte | act.performed_on
heure | act.started_at
duree | act.duration_min
code_acte | act.letter, act.coefficient | code
quantite | act.quantity
montant | act.amount
depassement | act.excess
qualificatif | act.qualifier
taux | act.rate
id_seance | act.session_id
lieu | act.place
nb_patients | act.group_size
ald | act.ald_related
id_facture | act.invoice_id
saisi_le | act.created_at
commentaire | act.label
"""),
    ),
    Table(
        "bilans",
        ("assessment",),
        columns("""
id_bilan | assessment.id
id_patient | assessment.patient_id
id_prise_en_charge | assessment.treatment_id
type | assessment.kind
date_bilan | assessment.performed_on
id_acte | assessment.act_id
fiche_envoyee | assessment.summary_sent_on
douleur | assessment.pain
evolution | assessment.trend
evenement | assessment.event
"""),
    ),
    Table(
        "factures",
        ("invoice",),
        columns("""
id_facture | invoice.id
num_facture | invoice.number
id_patient | invoice.patient_id
id_praticien | invoice.practitioner_id
date_cloture | invoice.closed_on
id_lot | invoice.lot_id
tiers_payant | invoice.third_party
total | invoice.total
part_amo | invoice.amo_claimed
part_amc | invoice.amc_claimed
part_patient | invoice.patient_share
remplace_num | invoice.replaces
annulee_le | invoice.cancelled_on
securisation | invoice.securing
nature | invoice.nature
"""),
    ),
    Table(
        "lots",
        ("lot",),
        columns("""
id_lot | lot.id
num_lot | lot.number
cree_le | lot.created_on
envoye_le | lot.sent_on
arl | lot.arl
arl_le | lot.arl_on
nb_factures | lot.invoice_count
total | lot.total
"""),
    ),
    Table(
        "paiements",
        ("patient_payment",),
        columns("""
id_paiement | patient_payment.id
id_patient | patient_payment.patient_id
id_facture | patient_payment.invoice_id
recu_le | patient_payment.received_on
montant | patient_payment.amount
mode | patient_payment.means
"""),
    ),
    Table(
        "retours",
        ("payer_return",),
        columns("""
id_retour | payer_return.id
num_facture | payer_return.invoice_number
num_lot | payer_return.lot_number
payeur | payer_return.payer
etat | payer_return.state
demande | payer_return.claimed
paye | payer_return.paid
recu_le | payer_return.returned_on
code_rejet | payer_return.reject_code
motif_rejet | payer_return.reject_label
niveau_rejet | payer_return.reject_level
"""),
    ),
    Table(
        "relances",
        ("reminder",),
        columns("""
id_relance | reminder.id
id_patient | reminder.patient_id
id_facture | reminder.invoice_id
envoyee_le | reminder.sent_on
niveau | reminder.level
canal | reminder.channel
destinataire | reminder.addressee
"""),
    ),
)
