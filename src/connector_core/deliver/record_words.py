"""What a person calls one record of the common model, or what a finding is about, in lower case."""

from __future__ import annotations

from collections.abc import Mapping

RECORD_WORDS: Mapping[str, str] = {
    "practitioner": "praticien",
    "patient": "patient",
    "coverage": "droits",
    "prescription": "ordonnance",
    "treatment": "prise en charge",
    "act": "acte",
    "assessment": "bilan clinique",
    "bsi": "bilan de soins infirmiers",
    "prior_agreement": "demande d'accord préalable",
    "invoice": "facture",
    "lot": "lot",
    "payer_return": "retour de payeur",
    "bank_credit": "crédit en banque",
    "patient_payment": "règlement",
    "reminder": "relance",
    "quote": "devis",
    "appointment": "rendez-vous",
    "dossier": "dossier",
    "practitioner_day": "journée",
    "household_day": "foyer",
    "practice": "cabinet",
    "source": "source",
    "transfer": "virement",
}
