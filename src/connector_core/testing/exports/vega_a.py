"""Columns of the Vega reference layout, variant A. Titles and order are invented."""

from __future__ import annotations

from connector_core.testing.exports.layout import Table, columns

TABLES_A: tuple[Table, ...] = (
    Table(
        "praticiens",
        ("practitioner",),
        columns("""
N° praticien | practitioner.id
Nom | practitioner.family_name
Prénom | practitioner.given_name
Profession | practitioner.profession
RPPS | practitioner.rpps
N° AM | practitioner.am_number
Zone tarifaire | practitioner.zone
Remplaçant de | practitioner.substitute_of
"""),
    ),
    Table(
        "patients",
        ("patient",),
        columns("""
N° patient | patient.id
Nom | patient.family_name
Prénom | patient.given_name
Né(e) le | patient.birth_date
Sexe | patient.sex
N° sécurité sociale | patient.nir, patient.nir_key | nir
Rang | patient.birth_rank
Foyer | patient.household
Décédé(e) le | patient.deceased_on
Archivé | patient.archived
"""),
    ),
    Table(
        "droits",
        ("coverage",),
        columns("""
N° droit | coverage.id
N° patient | coverage.patient_id
Organisme | coverage.payer
N° organisme | coverage.organisation
Valable du | coverage.valid_from
Valable au | coverage.valid_to
Exonération | coverage.exemption_code
Situation | coverage.kind
"""),
    ),
    Table(
        "ordonnances",
        ("prescription", "treatment"),
        columns("""
N° ordonnance | prescription.id
N° patient | prescription.patient_id, treatment.patient_id | patient_of_either
Date ordonnance | prescription.issued_on
RPPS prescripteur | prescription.prescriber_rpps
Établissement prescripteur | prescription.prescriber_structure
Séances prescrites | prescription.sessions
Indication | prescription.indication
À domicile | prescription.at_home
Quotidien | prescription.daily
Renouvelle l'ordonnance | prescription.renewal_of
Renouvelée par | prescription.renewed_by
N° prise en charge | treatment.id
N° praticien | treatment.practitioner_id
Début prise en charge | treatment.started_on
Fin prise en charge | treatment.ended_on
Article NGAP | treatment.article
Section | treatment.section
Région | treatment.region
Côté | treatment.side
Opéré | treatment.operated
Date opération | treatment.operated_on
Date de sortie | treatment.discharged_on
Pathologie | treatment.pathology
Référentiel | treatment.situation
Atteinte périphérique | treatment.neuro_peripheral
Accès direct | treatment.direct_access
Structure | treatment.structure
"""),
    ),
    Table(
        "seances",
        ("act",),
        columns("""
N° acte | act.id
N° patient | act.patient_id
N° praticien | act.practitioner_id
Date | act.performed_on | act_day
Heure | act.started_at
Durée | act.duration_min
Cotation | act.letter, act.coefficient | cotation
Quantité | act.quantity
Honoraires | act.amount
Dépassement | act.excess
Qualificatif | act.qualifier
Taux | act.rate
N° ordonnance | act.prescription_id
N° prise en charge | act.treatment_id
N° séance | act.session_id
Lieu | act.place
Patients du groupe | act.group_size
ALD | act.ald_related
Réf. facture | act.invoice_id
Saisi le | act.created_at
Libellé | act.label
"""),
    ),
    Table(
        "bilans",
        ("assessment",),
        columns("""
N° bilan | assessment.id
N° patient | assessment.patient_id
N° prise en charge | assessment.treatment_id
Type de bilan | assessment.kind
Date du bilan | assessment.performed_on
N° acte facturé | assessment.act_id
Fiche envoyée le | assessment.summary_sent_on
Douleur | assessment.pain
Évolution | assessment.trend
Événement | assessment.event
"""),
    ),
    Table(
        "factures",
        ("invoice",),
        columns("""
Réf. facture | invoice.id
N° facture | invoice.number
N° patient | invoice.patient_id
N° praticien | invoice.practitioner_id
Date facture | invoice.closed_on
Réf. lot | invoice.lot_id
Tiers payant | invoice.third_party
Montant total | invoice.total
Part AMO | invoice.amo_claimed
Part AMC | invoice.amc_claimed
Part patient | invoice.patient_share
Remplace la facture | invoice.replaces
Annulée le | invoice.cancelled_on
Sécurisation | invoice.securing
Nature d'assurance | invoice.nature
"""),
    ),
    Table(
        "lots",
        ("lot",),
        columns("""
Réf. lot | lot.id
N° lot | lot.number
Créé le | lot.created_on
Envoyé le | lot.sent_on
ARL | lot.arl
ARL reçu le | lot.arl_on
Nombre de factures | lot.invoice_count
Montant du lot | lot.total
"""),
    ),
    Table(
        "reglements",
        ("patient_payment",),
        columns("""
N° règlement | patient_payment.id
N° patient | patient_payment.patient_id
Réf. facture | patient_payment.invoice_id
Date règlement | patient_payment.received_on
Montant | patient_payment.amount
Mode de règlement | patient_payment.means
"""),
    ),
    Table(
        "retours",
        ("payer_return",),
        columns("""
N° retour | payer_return.id
N° facture | payer_return.invoice_number
N° lot | payer_return.lot_number
Payeur | payer_return.payer
État | payer_return.state
Montant demandé | payer_return.claimed
Montant payé | payer_return.paid
Date retour | payer_return.returned_on
Code rejet | payer_return.reject_code
Motif rejet | payer_return.reject_label
Niveau rejet | payer_return.reject_level
"""),
    ),
    Table(
        "relances",
        ("reminder",),
        columns("""
N° relance | reminder.id
N° patient | reminder.patient_id
Réf. facture | reminder.invoice_id
Date relance | reminder.sent_on
Niveau | reminder.level
Moyen | reminder.channel
Destinataire | reminder.addressee
"""),
    ),
    Table(
        "rendezvous",
        ("appointment",),
        columns("""
N° rendez-vous | appointment.id
N° patient | appointment.patient_id
N° praticien | appointment.practitioner_id
Date | appointment.starts_at | start_day
Heure début | appointment.starts_at | start_clock
Heure fin | appointment.ends_at | end_clock
Statut | appointment.status
"""),
    ),
)
