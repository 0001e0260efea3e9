"""What the figures of a practice are called in French, on the command line and in the report alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise

from connector_core.deliver.field_words import missing_words
from connector_core.deliver.french import NARROW, count, euros
from connector_core.money.figures import Delay, FigureName, Figures, Overpaid, Step, Undatable, Unsaid
from connector_core.money.ledger import AGES
from connector_core.rules.parts import Debtor

DEBTOR_WORDS: Mapping[Debtor, str] = {"AMO": "Caisses (AMO)", "AMC": "Complémentaires (AMC)", "PATIENT": "Patients"}

STEP_WORDS: Mapping[Step, str] = {
    "act_to_invoice": "De l'acte à la facture",
    "invoice_to_sent": "De la facture à l'envoi",
    "sent_to_paid_amo": "De l'envoi au paiement, caisses (AMO)",
    "sent_to_paid_amc": "De l'envoi au paiement, complémentaires (AMC)",
    "invoice_to_paid_patient": "De la facture au paiement, patients",
}

AGE_WORDS = (
    f"0 à {AGES[0]} jours",
    *(f"{younger + 1} à {age} jours" for younger, age in pairwise(AGES)),
    f"plus de {AGES[-1]} jours",
)

UNDATED_WORDS: Mapping[Undatable, str] = {
    "unsent": "pas encore envoyé",
    "deferred": "différé par le payeur",
    "rejected": "rejeté, à reprendre",
    "paid_nothing": "réponse du payeur sans paiement",
    "taken_back": "payé, puis repris par le payeur",
    "partly_paid": "payé en partie par le payeur",
    "older": "plus vieux que les paiements observés",
    "too_few": "trop peu de paiements observés",
}

_FIGURES: Mapping[FigureName, str] = {
    "activity": "Les actes et les honoraires",
    "act_to_invoice": "Le délai de l'acte à la facture",
    "invoice_to_sent": "Le délai de la facture à l'envoi",
    "sent_to_paid_amo": "Le délai de paiement des caisses",
    "sent_to_paid_amc": "Le délai de paiement des complémentaires",
    "invoice_to_paid_patient": "Le délai de paiement des patients",
    "rejects": "Le taux de rejet",
    "waiting_amo": "Ce que les caisses doivent",
    "waiting_amc": "Ce que les complémentaires doivent",
    "waiting_patient": "Ce que les patients doivent",
    "missed": "Les rendez-vous manqués",
    "bilans": "Les bilans",
}


def unsaid_words(unsaid: Unsaid) -> str:
    """« Le taux de rejet : inconnu. Il faudrait une source qui donne les factures. »"""
    return f"{_FIGURES[unsaid.figure]} : inconnu. Il faudrait une source qui donne {missing_words(unsaid.missing)}."


def overpaid_words(overpaid: Iterable[Overpaid]) -> str:
    """« Versé en trop, à rendre ou à voir reprendre : Caisses (AMO) 32,16 € (1 part). »; "" where there is none."""
    told = [f"{DEBTOR_WORDS[each.debtor]} {euros(each.amount)} ({count(each.parts, 'part')})" for each in overpaid]
    return f"Versé en trop, à rendre ou à voir reprendre : {', '.join(told)}." if told else ""


def organisation_words(organisation: str) -> str:
    """The number of a caisse or complémentaire."""
    return organisation or "organisme inconnu"


def percent(part: int, whole: int) -> str:
    """« 3,5 % », and « – » of nothing."""
    if not whole:
        return "–"
    tenths = (Decimal(part) * 100 / whole).quantize(Decimal("0.1"))
    return f"{tenths:f}".replace(".", ",") + f"{NARROW}%"


def days(value: int | None) -> str:
    """« 9 j », and « – » where too few cases were seen."""
    return "–" if value is None else f"{value}{NARROW}j"


def delay_words(delay: Delay) -> str | None:
    """What a reader must know of a delay besides its numbers."""
    if not delay.contradictory:
        return None
    many = count(delay.contradictory, "cas laissé", "cas laissés")
    return f"{many} de côté : les dates se contredisent"


def months_of(figures: Figures) -> tuple[date, ...]:
    """Every month of the period, by its first day, those without an act among them."""
    found = [figures.first.replace(day=1)]
    while (following := _after(found[-1])) <= figures.last:
        found.append(following)
    return tuple(found)


def _after(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
