"""Columns of the Vega reference layout, variant B. Titles and order are invented, the fields are those of variant A."""

from __future__ import annotations

from connector_core.testing.exports.layout import Table, columns

TABLES_B: tuple[Table, ...] = (
    Table(
        "praticiens",
        ("practitioner",),
        columns("""
Code | practitioner.id
RPPS | practitioner.rpps
Identifiant AM | practitioner.am_number
Nom praticien | practitioner.family_name
Prénom praticien | practitioner.given_name
Métier | practitioner.profession
Zone | practitioner.zone
Titulaire remplacé | practitioner.substitute_of
"""),
    ),
    Table(
        "patients",
        ("patient",),
        columns("""
Dossier | patient.id
NIR | patient.nir, patient.nir_key | nir
Nom de famille | patient.family_name
Prénom usuel | patient.given_name
Sexe | patient.sex
Date de naissance | patient.birth_date
Rang gémellaire | patient.birth_rank
Adresse (clé foyer) | patient.household
Date de décès | patient.deceased_on
Dossier archivé | patient.archived
"""),
    ),
    Table(
        "droits",
        ("coverage",),
        columns("""
Droit | coverage.id
Dossier | coverage.patient_id
Type | coverage.payer
Code organisme | coverage.organisation
Code exo | coverage.exemption_code
Situation | coverage.kind
Début droits | coverage.valid_from
Fin droits | coverage.valid_to
"""),
    ),
    Table(
        "ordonnances",
        ("prescription", "treatment"),
        columns("""
Dossier | prescription.patient_id, treatment.patient_id | patient_of_either
Prise en charge | treatment.id
Ordonnance | prescription.id
Prescrite le | prescription.issued_on
Nb séances | prescription.sessions
RPPS médecin | prescription.prescriber_rpps
Service prescripteur | prescription.prescriber_structure
Motif | prescription.indication
Domicile | prescription.at_home
Tous les jours | prescription.daily
Ordonnance initiale | prescription.renewal_of
Auteur renouvellement | prescription.renewed_by
Kiné | treatment.practitioner_id
Commencée le | treatment.started_on
Terminée le | treatment.ended_on
Pathologie | treatment.pathology
Région traitée | treatment.region
Latéralité | treatment.side
Article | treatment.article
Section art. 1 | treatment.section
Chirurgie | treatment.operated
Chirurgie le | treatment.operated_on
Sortie d'hospitalisation | treatment.discharged_on
Code référentiel | treatment.situation
Neuro périphérique | treatment.neuro_peripheral
Sans ordonnance | treatment.direct_access
Structure d'exercice | treatment.structure
"""),
    ),
    Table(
        "seances",
        ("act",),
        columns("""
Date acte | act.performed_on | act_day
Heure acte | act.started_at
Dossier | act.patient_id
Kiné | act.practitioner_id
Lettre | act.letter
Coefficient | act.coefficient
Montant | act.amount
Dont dépassement | act.excess
Qualif. dépense | act.qualifier
Taux facturé | act.rate
Qté | act.quantity
Minutes | act.duration_min
Ordonnance | act.prescription_id
Prise en charge | act.treatment_id
Passage | act.session_id
Lieu de soins | act.place
Nb patients | act.group_size
Soin ALD | act.ald_related
Facture | act.invoice_id
Saisie | act.created_at
Commentaire | act.label
Identifiant acte | act.id
"""),
    ),
    Table(
        "bilans",
        ("assessment",),
        columns("""
Identifiant bilan | assessment.id
Dossier | assessment.patient_id
Prise en charge | assessment.treatment_id
Date bilan | assessment.performed_on
Nature | assessment.kind
Acte | assessment.act_id
Fiche synthétique envoyée | assessment.summary_sent_on
EVA | assessment.pain
Tendance | assessment.trend
Événement | assessment.event
"""),
    ),
    Table(
        "factures",
        ("invoice",),
        columns("""
Facture | invoice.id
Numéro | invoice.number
Clôturée le | invoice.closed_on
Dossier | invoice.patient_id
Kiné | invoice.practitioner_id
Total | invoice.total
TP | invoice.third_party
Dû AMO | invoice.amo_claimed
Dû AMC | invoice.amc_claimed
Dû patient | invoice.patient_share
Lot | invoice.lot_id
Remplace | invoice.replaces
Annulation | invoice.cancelled_on
Mode FSE | invoice.securing
Nature assurance | invoice.nature
"""),
    ),
    Table(
        "lots",
        ("lot",),
        columns("""
Lot | lot.id
Numéro de lot | lot.number
Création | lot.created_on
Envoi | lot.sent_on
Accusé | lot.arl
Date accusé | lot.arl_on
Nb FSE | lot.invoice_count
Total lot | lot.total
"""),
    ),
    Table(
        "reglements",
        ("patient_payment",),
        columns("""
Règlement | patient_payment.id
Encaissé le | patient_payment.received_on
Dossier | patient_payment.patient_id
Facture | patient_payment.invoice_id
Somme | patient_payment.amount
Moyen | patient_payment.means
"""),
    ),
    Table(
        "retours",
        ("payer_return",),
        columns("""
Retour | payer_return.id
Reçu le | payer_return.returned_on
Numéro facture | payer_return.invoice_number
Numéro de lot | payer_return.lot_number
Organisme | payer_return.payer
Statut | payer_return.state
Demandé | payer_return.claimed
Payé | payer_return.paid
Code | payer_return.reject_code
Motif | payer_return.reject_label
Niveau | payer_return.reject_level
"""),
    ),
    Table(
        "relances",
        ("reminder",),
        columns("""
Relance | reminder.id
Envoyée le | reminder.sent_on
Dossier | reminder.patient_id
Facture | reminder.invoice_id
Rang | reminder.level
Canal | reminder.channel
À | reminder.addressee
"""),
    ),
    Table(
        "rendezvous",
        ("appointment",),
        columns("""
RDV | appointment.id
Kiné | appointment.practitioner_id
Dossier | appointment.patient_id
Début | appointment.starts_at
Fin | appointment.ends_at
État | appointment.status
"""),
    ),
)
