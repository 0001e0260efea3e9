"""Columns of the Kinémax reference layout, with their widths. Names, order and widths are invented.

The same tables serve the fixed-width sets, the single file with prefixes, and the dBase tables (whose field names have
at most ten characters).
"""

from __future__ import annotations

from types import MappingProxyType

from connector_core.testing.exports.layout import Table, columns

TABLES: tuple[Table, ...] = (
    Table(
        "PRATIC",
        ("practitioner",),
        columns("""
PRATIC | practitioner.id | | 10
NOM | practitioner.family_name | | 30
PRENOM | practitioner.given_name | | 25
METIER | practitioner.profession | | 2
RPPS | practitioner.rpps | | 11
NUMAM | practitioner.am_number | | 9
ZONE | practitioner.zone | | 1
REMPLACE | practitioner.substitute_of | | 10
"""),
    ),
    Table(
        "PATIENTS",
        ("patient",),
        columns("""
PATIENT | patient.id | | 10
NOM | patient.family_name | | 30
PRENOM | patient.given_name | | 25
NAISSANCE | patient.birth_date | | 8
SEXE | patient.sex | | 1
NIR | patient.nir | | 13
CLE | patient.nir_key | | 2
RANG | patient.birth_rank | | 1
FOYER | patient.household | | 12
DECES | patient.deceased_on | | 8
ARCHIVE | patient.archived | | 1
"""),
    ),
    Table(
        "DROITS",
        ("coverage",),
        columns("""
DROIT | coverage.id | | 12
PATIENT | coverage.patient_id | | 10
TYPE | coverage.payer | | 1
ORGANISME | coverage.organisation | | 10
DEBUT | coverage.valid_from | | 8
FIN | coverage.valid_to | | 8
EXO | coverage.exemption_code | | 1
SITUATION | coverage.kind | | 2
"""),
    ),
    Table(
        "ORDONN",
        ("prescription",),
        columns("""
ORDONN | prescription.id | | 12
PATIENT | prescription.patient_id | | 10
DATEORD | prescription.issued_on | | 8
RPPSPRES | prescription.prescriber_rpps | | 11
ETABLIS | prescription.prescriber_structure | | 40
NBSEANCES | prescription.sessions | | 3
INDICATION | prescription.indication | | 60
DOMICILE | prescription.at_home | | 1
QUOTIDIEN | prescription.daily | | 1
ORIGINE | prescription.renewal_of | | 12
RENOUVPAR | prescription.renewed_by | | 1
"""),
    ),
    Table(
        "TRAITEM",
        ("treatment",),
        columns("""
TRAITEM | treatment.id | | 12
PATIENT | treatment.patient_id | | 10
PRATIC | treatment.practitioner_id | | 10
DEBUT | treatment.started_on | | 8
FIN | treatment.ended_on | | 8
ARTICLE | treatment.article | | 2
SECTION | treatment.section | | 1
REGION | treatment.region | | 40
COTE | treatment.side | | 1
OPERE | treatment.operated | | 1
DATEOPER | treatment.operated_on | | 8
DATESORTIE | treatment.discharged_on | | 8
PATHOLOGIE | treatment.pathology | | 60
REFERENT | treatment.situation | | 60
PERIPH | treatment.neuro_peripheral | | 1
ACCESDIR | treatment.direct_access | | 1
STRUCTURE | treatment.structure | | 3
"""),
    ),
    Table(
        "SEANCES",
        ("act",),
        columns("""
ACTE | act.id | | 12
PATIENT | act.patient_id | | 10
PRATIC | act.practitioner_id | | 10
DATEACTE | act.performed_on | | 8
HEURE | act.started_at | | 4
DUREE | act.duration_min | | 3
LETTRE | act.letter | | 5
COEFF | act.coefficient | | 5
QUANTITE | act.quantity | | 3
MONTANT | act.amount | | 8
DEPASS | act.excess | | 8
QUALIF | act.qualifier | | 2
TAUX | act.rate | | 3
ORDONN | act.prescription_id | | 12
TRAITEM | act.treatment_id | | 12
SEANCE | act.session_id | | 12
LIEU | act.place | | 1
GROUPE | act.group_size | | 2
ALD | act.ald_related | | 1
FACTURE | act.invoice_id | | 12
SAISIE | act.created_at | | 12
LIBELLE | act.label | | 40
"""),
    ),
    Table(
        "BILANS",
        ("assessment",),
        columns("""
BILAN | assessment.id | | 12
PATIENT | assessment.patient_id | | 10
TRAITEM | assessment.treatment_id | | 12
TYPE | assessment.kind | | 1
DATEBILAN | assessment.performed_on | | 8
ACTE | assessment.act_id | | 12
FICHE | assessment.summary_sent_on | | 8
DOULEUR | assessment.pain | | 2
EVOLUTION | assessment.trend | | 1
EVENEMENT | assessment.event | | 1
"""),
    ),
    Table(
        "FACTURES",
        ("invoice",),
        columns("""
FACTURE | invoice.id | | 12
NUMERO | invoice.number | | 12
PATIENT | invoice.patient_id | | 10
PRATIC | invoice.practitioner_id | | 10
CLOTURE | invoice.closed_on | | 8
LOT | invoice.lot_id | | 10
TP | invoice.third_party | | 1
TOTAL | invoice.total | | 8
PARTAMO | invoice.amo_claimed | | 8
PARTAMC | invoice.amc_claimed | | 8
PARTPAT | invoice.patient_share | | 8
REMPLACE | invoice.replaces | | 12
ANNULEE | invoice.cancelled_on | | 8
SECURIS | invoice.securing | | 1
NATURE | invoice.nature | | 2
"""),
    ),
    Table(
        "LOTS",
        ("lot",),
        columns("""
LOT | lot.id | | 10
NUMERO | lot.number | | 6
CREE | lot.created_on | | 8
ENVOI | lot.sent_on | | 8
ARL | lot.arl | | 1
DATEARL | lot.arl_on | | 8
NBFACT | lot.invoice_count | | 4
TOTAL | lot.total | | 9
"""),
    ),
    Table(
        "REGLEM",
        ("patient_payment",),
        columns("""
REGLEM | patient_payment.id | | 12
PATIENT | patient_payment.patient_id | | 10
FACTURE | patient_payment.invoice_id | | 12
DATEREG | patient_payment.received_on | | 8
MONTANT | patient_payment.amount | | 8
MODE | patient_payment.means | | 2
"""),
    ),
    Table(
        "RETOURS",
        ("payer_return",),
        columns("""
RETOUR | payer_return.id | | 12
NUMFACT | payer_return.invoice_number | | 12
NUMLOT | payer_return.lot_number | | 6
PAYEUR | payer_return.payer | | 1
ETAT | payer_return.state | | 1
DEMANDE | payer_return.claimed | | 8
PAYE | payer_return.paid | | 8
DATERET | payer_return.returned_on | | 8
CODEREJET | payer_return.reject_code | | 6
MOTIFREJET | payer_return.reject_label | | 60
NIVREJET | payer_return.reject_level | | 1
"""),
    ),
    Table(
        "RELANCES",
        ("reminder",),
        columns("""
RELANCE | reminder.id | | 12
PATIENT | reminder.patient_id | | 10
FACTURE | reminder.invoice_id | | 12
DATEREL | reminder.sent_on | | 8
NIVEAU | reminder.level | | 1
MOYEN | reminder.channel | | 1
DESTIN | reminder.addressee | | 1
"""),
    ),
    Table(
        "RDV",
        ("appointment",),
        columns("""
RDV | appointment.id | | 12
PATIENT | appointment.patient_id | | 10
PRATIC | appointment.practitioner_id | | 10
DEBUT | appointment.starts_at | | 12
FIN | appointment.ends_at | | 12
STATUT | appointment.status | | 1
"""),
    ),
)

PREFIXES = MappingProxyType(
    {
        "PRATIC": "PR",
        "PATIENTS": "PA",
        "DROITS": "DR",
        "ORDONN": "OR",
        "TRAITEM": "TR",
        "SEANCES": "SE",
        "BILANS": "BI",
        "FACTURES": "FA",
        "LOTS": "LO",
        "REGLEM": "RE",
        "RETOURS": "RT",
        "RELANCES": "RL",
        "RDV": "RV",
    }
)
"""The first two characters of a line in the single file, by table."""
