"""IDE-ACT: the cotation of each nurse act, and the rules of the whole family.

The other rules are in `ide_act_perfusion`, `ide_act_medication`, `ide_act_wounds`, `ide_act_discharge`,
`ide_act_counts` and `ide_act_lieu_dedie`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.model.records import Act
from connector_core.rules.catalogue import (
    ide_act_counts,
    ide_act_discharge,
    ide_act_lieu_dedie,
    ide_act_medication,
    ide_act_perfusion,
    ide_act_wounds,
)
from connector_core.rules.catalogue.ide_act_facts import BILLED, EXTRA_HOURS, billed, care, mates
from connector_core.rules.counting import cotation, decimal_text
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import standing


@rule(
    "IDE-ACT-COEF",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I",
    confidence="C",
    needs=BILLED | {"act.act_code"},
    letters=sorted(NURSE_ACT_LETTERS),
)
def coefficient(check: Check[Dossier]) -> Iterator[Answer]:
    """La lettre-clé et le coefficient d'un soin infirmier forment une cotation qui existe.

    Vérifie : que le couple lettre-clé et coefficient figure au titre XVI le jour de l'acte, et qu'un acte facturé en
    AMX est de ceux qui admettent cette lettre.

    Pourquoi : une cotation qui n'existe pas est rejetée, ou récupérée comme un indu.

    Ne s'applique pas : avant 2020, ni à AIS et TMI, où le tableau des tarifs n'est pas complet : la réponse est alors
    indéterminée. Un coefficient écrit déjà divisé par deux, à côté d'un autre acte, relève de l'article 11 B.

    Exemple : AMX 3 pour un pansement de stomie ; AMI 3 convient.

    Paramètres : aucun
    """
    kept = {act.id for act in check.derive(billed).acts}
    told: set[tuple[str, Decimal]] = set()
    for act in _doubtful(check):
        letter, number, day = act.letter, act.coefficient, act.performed_on
        if act.id not in kept or (letter, number) in told:
            continue
        if not _exists(check, letter, number, day):
            if check.tariffs.standing(letter, number, day) == "undetermined":
                told.add((letter, number))
                yield Gap(
                    act,
                    ("tariff",),
                    f"le tableau des tarifs ne permet pas de dire si {cotation(act)} existait le {jour(day)}",
                )
            elif not _already_halved(check, act):
                in_ami = letter == "AMX" and _exists(check, "AMI", number, day)
                yield Flag(
                    act,
                    f"La cotation {cotation(act)} n'existe pas dans la nomenclature au {jour(day)}.",
                    f"L'acte se cote AMI {decimal_text(number)} : corrigez la facture."
                    if in_ami
                    else "Choisissez au titre XVI la cotation de ce soin, puis corrigez la facture.",
                    amount=act.amount,
                    evidence=(act,),
                )
        elif letter == "AMX" and _only_ami(check, act):
            yield Flag(
                act,
                f"L'acte facturé {cotation(act)} le {jour(day)} n'admet pas la lettre-clé AMX.",
                f"L'acte se cote AMI {decimal_text(number)} : corrigez la facture.",
                amount=act.amount,
                evidence=(act,),
            )


def _doubtful(check: Check[Dossier]) -> list[Act]:
    """The nurse acts whose cotation must be looked at one by one, in order."""
    found = check.derive(standing)
    places: list[int] = []
    for batch, spells in zip(found.batches, found.spells(check.tariffs), strict=True):
        if batch.letter not in NURSE_ACT_LETTERS:
            continue
        if batch.letter == "AMX" or any(spell.standing != "valid" for spell in spells):
            places.extend(batch.places)
    return found.acts_at(sorted(places))


def _exists(check: Check[Dossier], letter: str, coefficient: Decimal, day: date) -> bool:
    """Whether the pair may be billed on a day, even where only its price of that day is not confirmed."""
    if check.tariffs.standing(letter, coefficient, day) == "valid":
        return True
    return any(row.holds_on(day) for row in check.tariffs.periods(letter, coefficient, "METRO"))


def _already_halved(check: Check[Dossier], act: Act) -> bool:
    """Whether the coefficient is half of one that exists, beside another act: some software divides it itself."""
    whole = act.coefficient * 2
    if act.act_code is not None or not _exists(check, act.letter, whole, act.performed_on):
        return False
    codes = check.tariffs.codes_on(act.letter, whole, act.performed_on)
    company = mates(check, act)
    return not codes <= EXTRA_HOURS and bool(care((*company.same, *company.perhaps)))


def _only_ami(check: Check[Dossier], act: Act) -> bool:
    """Whether the source names an act that this coefficient bills in AMI alone."""
    if act.act_code is None:
        return False
    codes = check.tariffs.codes_on
    return act.act_code in codes("AMI", act.coefficient, act.performed_on) and act.act_code not in codes(
        "AMX", act.coefficient, act.performed_on
    )


RULES: tuple[AnyRule, ...] = (
    *ide_act_perfusion.RULES,
    *ide_act_medication.RULES,
    *ide_act_wounds.RULES,
    *ide_act_discharge.RULES,
    *ide_act_counts.RULES,
    coefficient,
    *ide_act_lieu_dedie.RULES,
)
