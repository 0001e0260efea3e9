"""IDE-ACT, continued: perfusions (NGAP titre XVI partie I chap. II articles 3 to 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import SURCHARGE_LETTERS, TRAVEL_LETTERS
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_act_facts import (
    BILLED,
    EXTRA_HOURS,
    LETTERS,
    MEANT,
    ORGANISATION,
    POSED,
    REMOVAL,
    WATCHED,
    beyond,
    billed,
    by_day,
    care,
    is_one,
    mates,
    over,
    possible,
    sure,
    total,
)
from connector_core.rules.catalogue.ide_facts import Passage
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_EXPENSES = TRAVEL_LETTERS | (SURCHARGE_LETTERS - {"MAU", "MCI", "MIE"})
"""Travel, and the surcharges of the night and of Sunday."""


@rule(
    "IDE-ACT-PERF-RETRAIT",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II articles 3 et 4",
    confidence="C",
    needs=BILLED | MEANT,
    letters=LETTERS,
)
def removal(check: Check[Dossier]) -> Iterator[Answer]:
    """Le retrait d'une perfusion ne s'ajoute pas à une perfusion sous surveillance continue.

    Vérifie : que le forfait de retrait (AMI 5 ou AMX 5) n'est pas facturé dans la même séance qu'une perfusion sous
    surveillance continue (AMI 9, AMI 10, AMI 15 de la mucoviscidose).

    Pourquoi : la séance sous surveillance continue comprend l'arrêt de la perfusion avec le pansement.

    Ne s'applique pas : au retrait d'une perfusion avec organisation d'une surveillance (AMI 14, AMI 15). Où rien ne
    dit si AMI 5 est un retrait ou un autre acte (saignée, aérosol), c'est à vérifier.

    Exemple : AMI 9 et AMI 5 dans la même séance ; AMI 14, puis AMI 5 le dernier jour, conviennent.

    Paramètres : aucun
    """
    once = Once()
    for act in possible(check, check.derive(billed).acts, REMOVAL):
        company = mates(check, act)
        perfusion = next(iter(sure(check, company.same, WATCHED)), None)
        if perfusion is None:
            if sure(check, company.perhaps, WATCHED) and once.first("passage"):
                yield Gap(act, ("act.session_id",), "on ne sait pas si un retrait et une perfusion sont d'une séance")
            continue
        known = is_one(check, act, REMOVAL)
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est facturé avec {cotation(perfusion)}, qui comprend le "
            f"retrait{'' if known else ' ; rien ne dit quel acte est ' + cotation(act)}.",
            "Retirez le forfait de retrait." if known else "S'il s'agit du retrait de la perfusion, retirez-le.",
            severity=None if known else "info",
            amount=act.amount,
            evidence=(act, perfusion),
        )


@rule(
    "IDE-ACT-PERF-ORGA",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II articles 3 et 4",
    confidence="C",
    needs=BILLED | MEANT,
    letters=LETTERS,
)
def organisation(check: Check[Dossier]) -> Iterator[Answer]:
    """L'organisation de la surveillance d'une perfusion se facture seule, une fois par jour.

    Vérifie : que le forfait d'organisation (AMI 4 ou AMX 4) n'est facturé ni le jour de la pose, ni celui du retrait,
    ni deux fois par jour, et qu'aucun déplacement ni majoration de nuit ou de dimanche n'est facturé à son occasion.

    Pourquoi : le forfait exclut ces jours, ces frais et ces majorations.

    Ne s'applique pas : aux frais d'un passage où un autre soin est fait (changement de flacon).

    Exemple : AMI 4 d'organisation et IFD ; AMI 4 d'organisation seul convient.

    Paramètres : aucun
    """
    acts = check.derive(billed).acts
    found = possible(check, acts, ORGANISATION)
    if not found:
        return
    once, posed = Once(), sure(check, acts, POSED)
    first_posed = posed[0].performed_on if posed else None
    days = by_day(acts)
    seen: set[object] = set()
    for act in found:
        day = act.performed_on
        known = is_one(check, act, ORGANISATION)
        if not known:
            alone = not care(mates(check, act).same)
            after = first_posed is not None and day >= first_posed
            if after and alone and _excluded(check, act, days[day])[0] and once.first("act_code"):
                yield Gap(act, ("act.act_code",), "on ne sait pas si AMI 4 est l'organisation d'une perfusion")
            continue
        reason, evidence = _excluded(check, act, days[day])
        money = _money(evidence) if reason.startswith("porte") else act.amount
        if (day in seen or act.quantity > 1) and not reason.startswith("est"):
            reason, money = "est facturée plus d'une fois ce jour", over(act, act.quantity - (day not in seen))
        seen.add(day)
        if reason:
            yield Flag(
                act,
                f"L'organisation {cotation(act)} du {jour(day)} {reason}.",
                "Ne facturez ce forfait qu'une fois par jour, sans frais, hors du jour de la pose et de celui du "
                "retrait.",
                amount=money,
                evidence=(act, *evidence),
            )
            continue
        removals = [each for each in days[day] if is_one(check, each, REMOVAL) is None]
        if removals and once.first("removal"):
            yield Gap(removals[0], ("act.act_code",), "on ne sait pas si AMI 5 est le retrait de la perfusion")
        elif _spent(mates(check, act).perhaps) and once.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas à quel passage des frais se rapportent")


def _excluded(check: Check[Dossier], act: Act, day: Sequence[Act]) -> tuple[str, Sequence[Act]]:
    """Why an organisation may not be billed as it is, with the lines that say so."""
    for wanted, words in ((POSED, "est facturée le jour de la pose"), (REMOVAL, "est facturée le jour du retrait")):
        found = sure(check, day, wanted)
        if found:
            return words, found[:1]
    same = mates(check, act).same
    spent = _spent(same)
    if spent and not care(same):
        return f"porte des frais ou majorations : {' et '.join(dict.fromkeys(each.letter for each in spent))}", spent
    return "", ()


def _spent(acts: Sequence[Act]) -> list[Act]:
    return [each for each in acts if each.letter in _EXPENSES]


def _money(acts: Sequence[Act]) -> Decimal | None:
    known = [each.amount for each in acts if each.amount is not None]
    return sum(known, Decimal(0)) if known else None


@rule(
    "IDE-ACT-PERF-SUPPL",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. II articles 3 et 4",
    confidence="C",
    needs=BILLED | MEANT,
    letters=LETTERS,
)
def extra_hours(check: Check[Dossier]) -> Iterator[Answer]:
    """Une perfusion sous surveillance continue a cinq heures supplémentaires au plus.

    Vérifie : que le supplément horaire AMI 6 ou AMX 6 n'est pas compté plus de cinq fois par perfusion.

    Pourquoi : le supplément est limité à cinq heures.

    Ne s'applique pas : à deux perfusions d'un même jour, qui ont chacune leurs cinq heures. Si rien ne dit de laquelle
    sont les heures, et qu'elles dépassent celles d'une seule, la réponse est indéterminée.

    Exemple : 6 fois AMI 6 ; 3 fois conviennent.

    Paramètres : ide.act.perfusion.extra_hours
    """
    found = check.derive(billed)
    if not sure(check, found.acts, EXTRA_HOURS):
        return
    told: set[str] = set()
    settled: dict[date, list[Sequence[Act]]] = {}
    once = Once()
    begun = [passage.acts for passage in found.passages if _begins(check, passage)]
    for acts in (*begun, *by_day(found.acts).values()):
        hours = sure(check, acts, EXTRA_HOURS)
        if not hours or any(each.id in told for each in hours):
            continue
        perfusions = max(total(sure(check, acts, WATCHED)), 1)
        most = perfusions * check.number("ide.act.perfusion.extra_hours", hours[0].performed_on)
        for act, done, money in beyond(hours, most):
            told.add(act.id)
            yield Flag(
                act,
                f"{done} suppléments {cotation(act)} le {jour(act.performed_on)} ; {most} au plus.",
                "Retirez les heures au-delà de la limite.",
                amount=money,
                evidence=hours,
            )
        alone = settled.setdefault(hours[0].performed_on, [])
        if perfusions == 1:
            alone.append(hours)
            continue
        loose = [each for each in hours if not any(each in own for own in alone)]
        longest = max([total(own) for own in alone], default=0)
        over_one = loose and longest + total(loose) > most // perfusions
        if over_one and not any(each.id in told for each in hours) and once.first("passage"):
            reason = "on ne sait pas de quelle perfusion du jour sont les heures supplémentaires"
            yield Gap(loose[0], ("act.session_id",), reason)


def _begins(check: Check[Dossier], passage: Passage) -> bool:
    """Whether a perfusion under continuous watch begins in a passage."""
    return passage.placed and bool(sure(check, passage.acts, WATCHED))


RULES: tuple[AnyRule, ...] = (removal, organisation, extra_hours)
