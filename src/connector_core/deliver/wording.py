"""What the parts of the report are called, and the sentence it opens on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from connector_core.deliver import french
from connector_core.deliver.report_model import ReportData, SourceAlert
from connector_core.deliver.sections import Section
from connector_core.model.vocabulary import Severity
from connector_core.store.files import FileState

DateColumn = Literal["deadline", "since", "of"]
"""What the date of a row says: until when to act, since when it lasts, or the day of the act."""


@dataclass(frozen=True, slots=True)
class SectionWords:
    """The title of a section, what one of its rows is, and a sentence for who reads it the first time."""

    title: str
    singular: str
    plural: str
    intro: str
    date_heading: str
    date: DateColumn


SECTION_WORDS: Mapping[Section, SectionWords] = {
    "bilan_todo": SectionWords(
        "Bilans à faire",
        "bilan à faire",
        "bilans à faire",
        "Le seuil est atteint et le bilan peut encore être facturé : faites-le à la prochaine séance.",
        "Au plus tard",
        "deadline",
    ),
    "bilan_to_bill": SectionWords(
        "Bilans à facturer",
        "bilan à facturer",
        "bilans à facturer",
        "Le bilan est dans le dossier mais aucun acte ne le facture.",
        "Seuil atteint le",
        "since",
    ),
    "coding": SectionWords(
        "Cotations à corriger",
        "cotation à corriger",
        "cotations à corriger",
        "Ces lignes risquent un rejet ou un indu, ou rapportent moins qu'elles ne devraient.",
        "Acte du",
        "of",
    ),
    "payer_reject": SectionWords(
        "Factures rejetées, non renvoyées",
        "facture rejetée à reprendre",
        "factures rejetées à reprendre",
        "La caisse ou la complémentaire a refusé ces factures et rien n'est reparti depuis.",
        "Rejetée le",
        "since",
    ),
    "payment": SectionWords(
        "Télétransmission et paiements",
        "envoi ou paiement à suivre",
        "envois ou paiements à suivre",
        "Lots sans accusé de réception, factures sans réponse, virements absents, forclusions qui approchent.",
        "Depuis le",
        "since",
    ),
    "to_invoice": SectionWords(
        "Actes à facturer",
        "acte à facturer",
        "actes à facturer",
        "Ces actes sont faits et ne figurent sur aucune facture.",
        "Acte du",
        "of",
    ),
    "soon": SectionWords(
        "À préparer bientôt",
        "point à préparer",
        "points à préparer",
        "Rien ne presse encore : un bilan approche, ou une ordonnance se termine.",
        "Avant le",
        "deadline",
    ),
    "unpaid": SectionWords(
        "Qui doit quoi",
        "patient à relancer",
        "patients à relancer",
        "Ce qui reste à la charge des patients, factures échues ou sommes importantes.",
        "Doit depuis le",
        "since",
    ),
    "lost_sight": SectionWords(
        "Patients perdus de vue",
        "patient à rappeler",
        "patients à rappeler",
        "Il leur reste des séances prescrites, sans rendez-vous. Le montant est celui des séances restantes.",
        "Signalé depuis le",
        "since",
    ),
    "verify": SectionWords(
        "À vérifier, sans urgence",
        "point à vérifier",
        "points à vérifier",
        "Pour information : à regarder quand vous en avez le temps.",
        "Date",
        "of",
    ),
    "bilan_lost": SectionWords(
        "Bilans perdus",
        "bilan perdu",
        "bilans perdus",
        "Le délai est passé : ne les facturez pas rétroactivement. Ils montrent ce que coûte un oubli.",
        "Seuil atteint le",
        "since",
    ),
    "claim_lost": SectionWords(
        "Sommes forcloses",
        "somme forclose",
        "sommes forcloses",
        "Le dernier jour pour demander le paiement est passé. Seule une interruption prouvée (un rejet antérieur, une "
        "demande écrite) permet encore de réclamer.",
        "Forclose depuis le",
        "since",
    ),
    "past": SectionWords(
        "Erreurs anciennes",
        "erreur ancienne",
        "erreurs anciennes",
        "Le dernier jour pour demander le paiement de ces soins est passé : leur facture ne peut plus être faite ni "
        "refaite. Ce qui a été payé en trop peut encore vous être réclamé. Corrigez l'habitude pour la suite.",
        "Acte du",
        "of",
    ),
}

SEVERITY_WORDS: Mapping[Severity, str] = {
    "reject": "Risque de rejet",
    "revenue": "Manque à gagner",
    "info": "Information",
}

SEVERITY_MEANS: Mapping[Severity, str] = {
    "reject": "la facturation serait refusée ou récupérée",
    "revenue": "de l'argent dû au cabinet se perd",
    "info": "rien n'est perdu à ce jour, c'est à vérifier",
}

FAMILY_WORDS: Mapping[str, str] = {
    "KINE-BILAN": "kinésithérapie, bilans",
    "KINE-NOM": "kinésithérapie, cotations de la nomenclature",
    "KINE-DAP": "kinésithérapie, accords préalables",
    "KINE-CUMUL": "kinésithérapie, cumuls d'actes",
    "KINE-DEPL": "kinésithérapie, déplacements",
    "KINE-MAJ": "kinésithérapie, majorations",
    "KINE-FORF": "kinésithérapie, forfaits de retour à domicile",
    "KINE-RQD": "kinésithérapie, téléexpertise",
    "KINE-ORD": "kinésithérapie, ordonnances",
    "KINE-TMK": "kinésithérapie, télésoin",
    "IDE-BSI": "soins infirmiers, bilans de soins et forfaits de dépendance",
    "IDE-CUMUL": "soins infirmiers, cumuls d'actes",
    "IDE-ACT": "soins infirmiers, actes",
    "IDE-MAJ": "soins infirmiers, majorations",
    "IDE-DEPL": "soins infirmiers, déplacements",
    "IDE-ORD": "soins infirmiers, ordonnances",
    "IDE-DAP": "soins infirmiers, accords préalables",
    "FIN": "part du patient, tiers payant, dépassements et devis",
    "ID": "identité, droits et professionnels",
    "SUIVI": "suivi du cabinet",
    "TT": "télétransmission",
}
"""What the rules of a family are about; an extension's own families have no words here."""

STATE_WORDS: Mapping[FileState, str] = {
    "committed": "lu en entier",
    "waiting": "lu ; des lignes attendent une autre table",
    "incomplete": "lu jusqu'à l'endroit abîmé",
    "unknown": "format non reconnu",
    "ambiguous": "plusieurs lecteurs possibles",
    "set_aside": "mis de côté après trois échecs",
}

ALERT_WORDS: Mapping[SourceAlert, str] = {
    "silent": "Rien reçu depuis trop longtemps",
    "unread": "Dernier fichier non lu",
    "partial": "Dernier fichier lu en partie",
}

NO_MOTIF = "Sans motif dans le retour"

NOTHING_READ = "Rien n’a encore été lu."
_NOTHING_READ_YET = (
    f"Faites un export depuis votre logiciel, dans le dossier convenu{french.WIDE}: ce rapport sera refait peu après. "
    "S’il ne change pas, prévenez la personne qui a installé connector."
)

_COUNTED: tuple[Section, ...] = ("bilan_todo", "bilan_to_bill", "coding", "payer_reject", "payment", "to_invoice")
_BILANS = "bilans "


def headline(data: ReportData) -> str:
    """« Aujourd'hui : 3 bilans à faire, 2 à facturer, 142,30 € en jeu. » Nothing read is not nothing to do."""
    parts: list[str] = []
    for section in _COUNTED:
        found = len(data.section(section))
        if found:
            words = SECTION_WORDS[section]
            after_bilans = section == "bilan_to_bill" and bool(parts)
            parts.append(
                f"{french.number(found)} {words.plural.removeprefix(_BILANS)}"
                if after_bilans
                else french.count(found, words.singular, words.plural)
            )
    if data.money.at_stake:
        parts.append(f"{french.euros(data.money.at_stake)} en jeu")
    if parts:
        return f"Aujourd’hui{french.WIDE}: {', '.join(parts)}."
    if not (data.items or data.has_read):
        return NOTHING_READ
    return f"Aujourd’hui{french.WIDE}: {'rien ne presse' if data.items else _nothing_to_do(data)}."


def _nothing_to_do(data: ReportData) -> str:
    """Nothing found is nothing to do only where acts are given, and nothing of them was refused."""
    if not data.knows_acts:
        return "aucune source ne donne les actes, ce qu’il y a à faire n’est pas connu"
    return "rien à faire, d’après ce qui a pu être lu" if data.refused else "rien à faire"


def lead(data: ReportData) -> str:
    """The sentence after the headline: what can wait, and what the report could not see."""
    parts: list[str] = []
    for section in ("soon", "lost_sight", "unpaid"):
        found = len(data.section(section))
        if found:
            words = SECTION_WORDS[section]
            money = f" pour {french.euros(data.money.owed)}" if section == "unpaid" and data.money.owed else ""
            parts.append(f"{french.count(found, words.singular, words.plural)}{money}")
    unknown = sum(group.count for group in data.undetermined)
    if unknown:
        parts.append(french.count(unknown, "question sans réponse", "questions sans réponse"))
    refused = sum(len(group.places) for group in data.refused)
    if refused:
        parts.append(french.count(refused, "ligne refusée", "lignes refusées"))
    if parts:
        return f"Aussi{french.WIDE}: {', '.join(parts)}."
    return "" if data.items or data.has_read else _NOTHING_READ_YET
