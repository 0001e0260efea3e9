"""IDE-ACT, continued: wounds (NGAP titre XVI partie I chap. I articles 2, 3 and 14, chap. II article 5 bis)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.regions import fold
from connector_core.parameters.tariffs import CENT
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_act_facts import (
    ANALGESIA,
    BILLED,
    DRESSINGS,
    LETTERS,
    MEANT,
    WOUND_REVIEW,
    beyond,
    billed,
    by_day,
    is_one,
    mates,
    possible,
    sure,
)
from connector_core.rules.catalogue.kine_facts import Once, codes_of, zone_of
from connector_core.rules.counting import cotation, decimal_text
from connector_core.rules.french import euros, jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_OLD, _NEW = Decimal("2"), Decimal("2.02")
_FORMER = "IDE-pansement-autre"
_OTHER_CARE = ("fils", "agrafe", "sonde")
"""Words of a label that name a dressing as part of another act."""
_CARES = DRESSINGS | WOUND_REVIEW | ANALGESIA
"""The care of a wound."""


@rule(
    "IDE-ACT-PANS202",
    subject="dossier",
    severity="revenue",
    reference="NGAP titre XVI partie I chap. I article 2 ; décision UNCAM du 02/06/2026",
    confidence="C",
    needs=BILLED | MEANT | {"practitioner.zone"},
    letters=("AMI",),
)
def dressing(check: Check[Dossier]) -> Iterator[Answer]:
    """Le pansement courant se facture AMI 2,02 depuis le 21 juin 2026.

    Vérifie : qu'un pansement n'est plus facturé AMI 2 à partir du 21 juin 2026.

    Pourquoi : la cotation est passée à AMI 2,02 ; la différence est perdue.

    Ne s'applique pas : aux autres actes cotés AMI 2 (injection intraveineuse, ablation de fils, retrait de sonde).

    Exemple : AMI 2 pour un pansement le 1er juillet 2026 ; AMI 2,02 convient.

    Paramètres : tariff, ide.act.dressing.since
    """
    since = check.day("ide.act.dressing.since")
    once = Once()
    for act in check.derive(billed).of("AMI"):
        if act.coefficient != _OLD or act.performed_on < since:
            continue
        known = _is_dressing(act)
        if known is None and once.first("act_code"):
            yield Gap(act, ("act.act_code",), "on ne sait pas si AMI 2 est un pansement, coté AMI 2,02")
        if not known:
            continue
        loss = _difference(check, act)
        yield Flag(
            act,
            f"Le pansement du {jour(act.performed_on)} est facturé {cotation(act)} au lieu d'AMI "
            f"{decimal_text(_NEW)}{'' if loss is None else f' : {euros(loss)} de perte'}.",
            "Facturez AMI 2,02.",
            amount=loss,
            evidence=(act,),
        )


def _is_dressing(act: Act) -> bool | None:
    if act.act_code is not None:
        return act.act_code == _FORMER
    if act.label is None:
        return None
    words = fold(act.label)
    return "pansement" in words and not any(word in words for word in _OTHER_CARE)


def _difference(check: Check[Dossier], act: Act) -> Decimal | None:
    """What the new coefficient pays more, None where the price of the day is not confirmed."""
    zone = zone_of(check, act)
    new = check.tariffs.price("AMI", _NEW, act.performed_on, zone)
    old = check.tariffs.price("AMI", _OLD, act.performed_on, zone)
    if new is None or old is None:
        return None
    check.cite(new[1])
    return ((new[0] - old[0]) * act.quantity * Decimal(act.rate)).quantize(CENT, ROUND_HALF_UP)


@rule(
    "IDE-ACT-BILANPLAIE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 3",
    confidence="C",
    needs=BILLED | MEANT,
    letters=LETTERS,
)
def wound_review(check: Check[Dossier]) -> Iterator[Answer]:
    """Le bilan de plaie se fait à la première prise en charge, sans majoration de coordination.

    Vérifie : que MCI n'est pas facturée avec le bilan AMI 11 ou AMX 11, et qu'un second bilan de la même plaie a lieu
    un an au moins après le premier, ou après une interruption des soins de deux mois.

    Pourquoi : le bilan n'est pas associable à la majoration de coordination infirmière (article 23.2), et se limite à
    un par an ou par récidive.

    Ne s'applique pas : au bilan d'une autre plaie ; la prise en charge indiquée par les actes dit s'il s'agit de la
    même, et les soins d'une autre ne comptent pas. Si rien ne dit que les actes qui relient deux bilans sont des
    pansements de cette plaie, la réponse est indéterminée.

    Exemple : AMI 11 et MCI dans la même séance ; AMI 11 seul convient.

    Paramètres : ide.act.wound.review_months, ide.act.wound.break_months
    """
    once = Once()
    acts = check.derive(billed).acts
    reviews = sure(check, acts, WOUND_REVIEW)
    for act in reviews:
        company = mates(check, act)
        surcharge = next((each for each in company.same if each.letter == "MCI"), None)
        if surcharge is not None:
            yield Flag(
                act,
                f"Le bilan de plaie {cotation(act)} du {jour(act.performed_on)} est facturé avec la majoration MCI.",
                "Retirez la majoration MCI de cette séance.",
                fault="MCI",
                amount=surcharge.amount,
                evidence=(act, surcharge),
            )
        elif any(each.letter == "MCI" for each in company.perhaps) and once.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas si MCI et le bilan de plaie sont d'une même séance")
    if len(reviews) > 1:
        yield from _again(check, reviews, possible(check, acts, _CARES), once)


def _again(check: Check[Dossier], reviews: Sequence[Act], cares: Sequence[Act], once: Once) -> Iterator[Answer]:
    """The reviews that come too soon after one of the same wound."""
    told = False
    for number, act in enumerate(reviews):
        day = act.performed_on
        for first in reversed(reviews[:number]):
            again = months_later(first.performed_on, check.number("ide.act.wound.review_months", day))
            own = [each for each in cares if act.treatment_id is None or each.treatment_id in (None, act.treatment_id)]
            if day >= again or _interrupted(check, own, first.performed_on, day):
                break
            if first.treatment_id is None or act.treatment_id is None:
                if not told:
                    told = True
                    yield Gap(act, ("act.treatment_id",), "deux bilans sont peut-être de la même plaie")
                break
            if first.treatment_id == act.treatment_id:
                known = [each for each in own if each.treatment_id is not None or is_one(check, each, _CARES)]
                if _interrupted(check, known, first.performed_on, day):
                    if once.first("act_code"):
                        reason = "on ne sait pas si les actes entre deux bilans de plaie sont des pansements"
                        yield Gap(act, ("act.act_code",), reason)
                    break
                yield Flag(
                    act,
                    f"Le bilan de plaie {cotation(act)} du {jour(day)} suit celui du {jour(first.performed_on)} sans "
                    "interruption des soins.",
                    f"Un nouveau bilan de cette plaie se facture à partir du {jour(again)}, ou après deux mois sans "
                    "soins.",
                    fault="nombre",
                    amount=act.amount,
                    evidence=(act, first),
                )
                break


def _interrupted(check: Check[Dossier], cares: Sequence[Act], first: date, last: date) -> bool:
    """Whether the care of the wound stopped for long enough between two days that are themselves care."""
    months = check.number("ide.act.wound.break_months", last)
    days = [act.performed_on for act in cares if first <= act.performed_on <= last]
    return any(later >= months_later(earlier, months) for earlier, later in pairwise(days))


@rule(
    "IDE-ACT-ANALG",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 3, chap. II article 5 bis",
    confidence="C",
    needs=BILLED | MEANT,
    letters=LETTERS,
)
def analgesia(check: Check[Dossier]) -> Iterator[Answer]:
    """L'analgésie topique se limite à huit actes par épisode, renouvelables une fois.

    Vérifie : que l'analgésie préalable à un pansement (AMI 1,1 ou AMX 1,1) ne dépasse pas seize actes par épisode de
    cicatrisation : huit, et huit de plus au renouvellement.

    Pourquoi : au-delà, l'acte n'est pas dû.

    Ne s'applique pas : à un nouvel épisode, après plus de deux mois sans soins de plaie. Si rien ne dit que les actes
    qui relient deux séries sont des pansements, et qu'ils décident, la réponse est indéterminée.

    Exemple : 17e analgésie ; la 8e convient.

    Paramètres : ide.act.analgesia.sessions, ide.act.analgesia.renewals, ide.act.wound.break_months
    """
    acts = check.derive(billed).acts
    found = sure(check, acts, ANALGESIA)
    if not found:
        return
    day = found[0].performed_on
    most = check.number("ide.act.analgesia.sessions", day) * (1 + check.number("ide.act.analgesia.renewals", day))
    months = check.number("ide.act.wound.break_months", day)
    once = Once()
    for episode in _episodes(possible(check, acts, _CARES), months):
        perhaps = [act for act, _, _ in beyond(sure(check, episode, ANALGESIA), most)]
        if not perhaps:
            continue
        flags = [
            Flag(
                act,
                f"{ordinal(done)} analgésie {cotation(act)} de l'épisode, le {jour(act.performed_on)} ; {most} au "
                "plus, renouvellement compris.",
                "Retirez les analgésies au-delà de la limite.",
                amount=money,
                evidence=given,
            )
            for known in _episodes(sure(check, episode, _CARES), months)
            for given in [sure(check, known, ANALGESIA)]
            for act, done, money in beyond(given, most)
        ]
        yield from flags
        if not flags and once.first("act_code"):
            reason = "on ne sait pas si les actes qui séparent deux séries d'analgésies sont des pansements"
            yield Gap(perhaps[0], ("act.act_code",), reason)


def _episodes(cares: Sequence[Act], months: int) -> Iterator[list[Act]]:
    """Wound care in episodes: a longer interval than `months` ends one."""
    episode: list[Act] = []
    for act in cares:
        if episode and act.performed_on > months_later(episode[-1].performed_on, months):
            yield episode
            episode = []
        episode.append(act)
    if episode:
        yield episode


@rule(
    "IDE-ACT-TELEPANS",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 14",
    confidence="C",
    needs=BILLED | MEANT,
    letters=("TMI",),
)
def distant_dressing(check: Check[Dossier]) -> Iterator[Answer]:
    """La surveillance à distance d'un pansement se facture quatre fois par mois, jamais le jour d'un pansement.

    Vérifie : que TMI 1,6 n'est facturé ni plus de quatre fois par mois civil, ni le jour d'un pansement, et qu'un
    pansement en présence du patient l'a précédé.

    Pourquoi : ces conditions sont celles de l'article 14.

    Ne s'applique pas : au pansement fait par un autre cabinet, que les données ne montrent pas : un TMI sans pansement
    antérieur est à vérifier. Où rien ne dit si l'AMI 4 du jour est un pansement, c'est à vérifier aussi ; si l'on ne
    sait pas qu'un acte antérieur en est un, la réponse est indéterminée.

    Exemple : TMI 1,6 et AMI 4 de pansement le même jour ; TMI 1,6 seul convient.

    Paramètres : ide.act.telecare.per_month
    """
    found = check.derive(billed)
    distant = [act for act in found.of("TMI") if "IDE-telesoin-pansement" in codes_of(check, act)]
    if not distant:
        return
    dressings = possible(check, found.acts, DRESSINGS | WOUND_REVIEW)
    days = by_day(dressings)
    months: dict[tuple[int, int], list[Act]] = {}
    for act in distant:
        months.setdefault((act.performed_on.year, act.performed_on.month), []).append(act)
        same = days.get(act.performed_on, [])
        known = next((each for each in same if is_one(check, each, DRESSINGS | WOUND_REVIEW)), None)
        other = known or next(iter(same), None)
        if other is not None:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est facturé le même jour qu'{cotation(other)}"
                f"{'' if known else ', qui est peut-être un pansement'}.",
                "La surveillance à distance ne se facture pas le jour d'un pansement : retirez-la."
                if known
                else "S'il s'agit d'un pansement, retirez la surveillance à distance.",
                severity=None if known else "info",
                fault="jour",
                amount=act.amount,
                evidence=(act, other),
            )
    before = [each for each in dressings if each.performed_on < distant[0].performed_on]
    if before and not any(is_one(check, each, DRESSINGS | WOUND_REVIEW) for each in before):
        reason = "on ne sait pas si un acte d'avant la surveillance à distance est un pansement"
        yield Gap(before[-1], ("act.act_code",), reason)
    if not before:
        yield Flag(
            distant[0],
            f"{cotation(distant[0])} du {jour(distant[0].performed_on)} n'est précédé d'aucun pansement connu.",
            "Vérifiez qu'un pansement a été fait en présence du patient pour cet épisode de soins.",
            severity="info",
            fault="premier",
            evidence=(distant[0],),
        )
    for acts in months.values():
        most = check.number("ide.act.telecare.per_month", acts[0].performed_on)
        for act, done, money in beyond(acts, most):
            yield Flag(
                act,
                f"{ordinal(done)} surveillance à distance {cotation(act)} du mois, le {jour(act.performed_on)} ; "
                f"{most} au plus.",
                "Retirez les actes au-delà de la limite du mois.",
                fault="nombre",
                amount=money,
                evidence=acts,
            )


RULES: tuple[AnyRule, ...] = (dressing, wound_review, analgesia, distant_dressing)
