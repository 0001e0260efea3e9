"""KINE-NOM-MONTANT: the amount of each kiné act, from its coefficient, its letter, its date and its zone."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.kine_facts import HALVED_BDK, KINE_ACTS, off_tariff
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, Check, Flag, Gap, rule

_FAULT = "montant"
_EXCESS = frozenset({"DE", "DD"})
"""Qualifiers that announce an excess over the tariff."""


@rule(
    "KINE-NOM-MONTANT",
    subject="dossier",
    severity="reject",
    reference="avenant 7 (valeur des lettres-clés) ; NGAP dispositions générales article 2",
    confidence="C",
    needs=KINE_ACTS | {"act.qualifier", "practitioner.zone"},
    rests_on=("act.amount",),
)
def amount(check: Check[Dossier]) -> Iterator[Answer]:
    """Le montant est le coefficient multiplié par la valeur de la lettre-clé.

    Vérifie : que les honoraires égalent le coefficient multiplié par la valeur de la lettre-clé le jour de l'acte,
    dans la zone du praticien, arrondis au centime, pour la quantité et le taux facturés, plus le dépassement
    déclaré.

    Pourquoi : un montant qui n'est pas celui du tarif est rejeté ou récupéré ; trop bas, il est aussi une perte.

    Ne s'applique pas : au dépassement signalé par un qualificatif de la dépense (DE, DD), ni aux lignes de
    régularisation.

    Exemple : RIM 8,10 à 16,80 € le 2 mars 2026 ; le tarif est 17,90 €.

    Paramètres : tariff
    """
    silent: set[tuple[str, ...]] = set()
    for act in check.derive(off_tariff):
        answer = _amount(check, act)
        if isinstance(answer, Gap):
            if answer.missing in silent:
                continue
            silent.add(answer.missing)
        if answer is not None:
            yield answer


def _amount(check: Check[Dossier], act: Act) -> Answer | None:
    """What the amount of one act deserves; None when it is right, or another rule's question."""
    paid = act.amount
    if paid is None:
        return Gap(act, ("act.amount",), f"le montant de {cotation(act)} du {jour(act.performed_on)} n'est pas connu")
    practitioner = check.subject.cabinet.practitioners.get(act.practitioner_id)
    zone = "METRO" if practitioner is None else practitioner.zone
    letter, coefficient = act.letter, act.coefficient
    price = check.tariffs.price(letter, coefficient, act.performed_on, zone)
    if price is None:
        reason = f"le tarif de {cotation(act)} au {jour(act.performed_on)} n'est pas confirmé"
        return Gap(act, ("tariff",), reason)
    tariff, read = price
    if paid == tariff and act.quantity == 1 and act.rate == "1" and not act.excess:
        return None
    if letter == "AMK" and coefficient in HALVED_BDK:
        return None
    share = Decimal(act.rate)
    expected = (tariff * share * act.quantity).quantize(CENT, ROUND_HALF_UP)
    billed = paid - (act.excess or 0)
    if billed == expected or billed == (tariff * share).quantize(CENT, ROUND_HALF_UP) * act.quantity:
        return None
    key = check.tariffs.key_value(letter, act.performed_on, zone)
    if key is not None and key.key_value is not None:
        by_key = (coefficient * key.key_value * share).quantize(CENT, ROUND_HALF_UP) * act.quantity
        if billed == by_key:
            return None
    if practitioner is None:
        return Gap(act, ("practitioner.zone",), "aucune source ne décrit le praticien, sa zone tarifaire est inconnue")
    expected += act.excess or 0
    difference = paid - expected
    if act.excess is None and difference > 0 and act.qualifier in _EXCESS:
        return None
    if act.qualifier is not None and act.qualifier not in _EXCESS:
        reason = "le qualificatif de la dépense ne dit pas quel montant attendre"
        return Gap(act, ("act.excess",), reason)
    if difference > 0 and act.excess is None and "act.qualifier" not in check.subject.cabinet.covers:
        return Gap(act, ("act.qualifier",), "aucune source ne dit si le montant comprend un dépassement")
    check.cite(read)
    excess = f", dépassement de {euros(act.excess)} compris" if act.excess else ""
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} est facturé {euros(paid)} ; le montant attendu est "
        f"{euros(expected)}{excess}.",
        "Corrigez le montant avant l'envoi, ou signalez le dépassement par son qualificatif."
        if difference > 0
        else "Corrigez le montant ; vérifiez la valeur de la lettre-clé dans le logiciel.",
        fault=_FAULT,
        amount=abs(difference),
        evidence=(act,),
    )
