"""IDE-CUMUL: several acts of one nurse visit (article 11 B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue import ide_infusions
from connector_core.rules.catalogue.ide_facts import nurse_acts
from connector_core.rules.catalogue.ide_lines import (
    BLOOD_TEST,
    billed_share,
    must_be,
    overcharge,
    price_of,
    share_missing,
    shortfall,
)
from connector_core.rules.catalogue.ide_ranking import RANKINGS, Ranking, full_by_exception, rankings
from connector_core.rules.catalogue.kine_facts import Once, minute, same_passage
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_ACCOMPANIMENTS = ("TLS", "TLD", "TLL", "RQD")
_NOT_TOGETHER = "on ne sait pas si ces actes du même jour sont d'un seul passage"


@rule(
    "IDE-CUMUL-11B",
    subject="dossier",
    severity="reject",
    reference="NGAP article 11 B 1",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI", "AMX"),
)
def second_act(check: Check[Dossier]) -> Iterator[Answer]:
    """Dans une séance, le deuxième acte compte pour moitié.

    Vérifie : que de plusieurs actes en AMI ou AMX d'un passage, seul celui du plus fort coefficient est à taux
    plein, le deuxième à 50 %.

    Pourquoi : la moitié de trop est un indu.

    Ne s'applique pas : aux actes qui échappent à l'article 11 B (IDE-CUMUL-EXC, IDE-CUMUL-PRISESANG) ; au supplément
    horaire de perfusion ; aux passages avec AIS ; un jour de forfait de dépendance (IDE-BSI-AMX-50) ; à la quantité
    d'une ligne, qui compte pour un acte. AMI 1,5 est tenu pour une prise de sang si rien ne dit l'acte.

    Exemple : AMI 4 et AMI 2 à taux plein ; AMI 4 et AMI 2/2 font 15,75 €.

    Paramètres : ide.cumul.second_share
    """
    told = Once()
    for each in check.derive(rankings):
        for act in each.doubtful:
            if billed_share(check, act) == 1 and told.first("act"):
                missing = ("act.place",) if act in each.unplaced else ("act.act_code",)
                yield Gap(act, missing, f"on ne sait pas si {cotation(act)} échappe à l'article 11 B")
        if len(each.ranked) < 2:
            continue
        first, second = each.ranked[:2]
        share = check.decimal("ide.cumul.second_share", second.performed_on)
        if billed_share(check, first) < 1 or billed_share(check, second) <= share:
            continue
        if not _together(first, second):
            if same_passage(first, second) is None and told.first("passage"):
                yield Gap(second, ("act.session_id",), _NOT_TOGETHER)
            continue
        unsure = second.id in each.unsure
        yield Flag(
            second,
            f"{cotation(first)} et {cotation(second)} du {jour(second.performed_on)} sont tous deux à taux plein.",
            _PERHAPS
            if unsure
            else f"Facturez {cotation(second)} à 50 %, ou corrigez l'heure s'il y a eu deux passages.",
            severity="info" if unsure else None,
            amount=overcharge(second, share),
            evidence=(second, first),
        )


_PERHAPS = "Vérifiez : rien ne dit si ces actes sont ceux du diabétique insulino-traité, qui se cumulent entre eux."


@rule(
    "IDE-CUMUL-11B-ORDRE",
    subject="dossier",
    severity="revenue",
    reference="NGAP article 11 B 1",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI",),
)
def order(check: Check[Dossier]) -> Iterator[Answer]:
    """L'acte du plus fort coefficient est celui à taux plein.

    Vérifie : que dans un passage de plusieurs actes en AMI, celui du plus fort coefficient n'est pas réduit.

    Pourquoi : c'est lui qui est inscrit avec son coefficient propre ; la différence est une perte.

    Ne s'applique pas : aux jours de forfait de dépendance, aux actes qui se cumulent à taux plein (IDE-CUMUL-EXC,
    IDE-CUMUL-PRISESANG).

    Exemple : AMI 1 et AMI 4/2 ; AMI 4 et AMI 1/2 conviennent.

    Paramètres : tariff, ide.cumul.second_share
    """
    told = Once()
    for each in check.derive(rankings):
        top = each.top
        if top is None or len(each.care) < 2 or top.letter != "AMI" or billed_share(check, top) == 1:
            continue
        if full_by_exception(check, each, top):
            continue
        others = [act for act in each.care if act is not top]
        second = next((act for act in others if act not in each.blood and act not in each.vaccines), None)
        other = second or others[0]
        if not _together(top, other):
            if same_passage(top, other) is None and told.first("passage"):
                yield Gap(top, ("act.session_id",), _NOT_TOGETHER)
            continue
        loss = _order_loss(check, top, second)
        yield Flag(
            top,
            f"{cotation(top)} du {jour(top.performed_on)}, le plus fort coefficient du passage, est réduit"
            f"{'' if loss is None else f' : {euros(loss)} de perte'}.",
            f"Facturez {cotation(top)} à taux plein" + ("." if second is None else f" et {cotation(second)} à 50 %."),
            amount=loss,
            evidence=(top, *others),
        )


def _order_loss(check: Check[Dossier], top: Act, second: Act | None) -> Decimal | None:
    """What billing the wrong act at full rate loses: the missing part of the first less what the second takes."""
    loss = shortfall(check, top)
    if loss is None or second is None:
        return loss
    price = price_of(check, second)
    share = check.decimal("ide.cumul.second_share", second.performed_on)
    if price is None or billed_share(check, second) <= share:
        return None if price is None else loss
    return loss - (price - (price * share).quantize(CENT))


@rule(
    "IDE-CUMUL-11B-3",
    subject="dossier",
    severity="reject",
    reference="NGAP article 11 B 1",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI", "AMX"),
)
def third_act(check: Check[Dossier]) -> Iterator[Answer]:
    """Dans une séance, le troisième acte n'est pas facturé.

    Vérifie : qu'un passage ne porte pas plus de deux actes en AMI ou AMX soumis à l'article 11 B.

    Pourquoi : les actes suivant le second ne donnent pas lieu à honoraires.

    Ne s'applique pas : aux actes qui échappent à l'article 11 B (IDE-CUMUL-EXC, IDE-CUMUL-PRISESANG), aux lignes à
    zéro, aux passages avec AIS, un jour de forfait de dépendance.

    Exemple : AMI 4, AMI 2/2 et AMI 1 ; AMI 4 et AMI 2/2 conviennent.

    Paramètres : ide.cumul.paid_acts
    """
    told = Once()
    for each in check.derive(rankings):
        if len(each.ranked) < 2:
            continue
        first = each.ranked[0]
        paid = check.number("ide.cumul.paid_acts", first.performed_on)
        for act in each.ranked[paid:]:
            if not _together(first, act):
                if same_passage(first, act) is None and told.first("passage"):
                    yield Gap(act, ("act.session_id",), _NOT_TOGETHER)
                continue
            unsure = act.id in each.unsure
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est facturé en plus de {paid} actes du même passage.",
                _PERHAPS if unsure else f"Retirez cet acte : seuls {paid} actes d'un passage sont honorés.",
                severity="info" if unsure else None,
                amount=act.amount,
                evidence=(act, *each.ranked[:paid]),
            )


@rule(
    "IDE-CUMUL-PRISESANG",
    subject="dossier",
    severity="revenue",
    reference="NGAP titre XVI chap. I article 1",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI", "AMX"),
)
def blood_test(check: Check[Dossier]) -> Iterator[Answer]:
    """La prise de sang est à taux plein, quel que soit l'acte associé.

    Vérifie : qu'une ponction veineuse directe (1,5) n'est pas réduite parce qu'un autre acte est fait au passage.

    Pourquoi : l'article 1 déroge à l'article 11 B ; la moitié perdue est indiquée.

    Ne s'applique pas : à un autre acte 1,5 que la source nomme (aérosol, injection en série…) ; un jour de forfait de
    dépendance (IDE-BSI-AMX-100). Si le tarif du jour ou la zone du praticien manque, un montant plus bas que le tarif
    connu laisse la réponse indéterminée.

    Exemple : AMI 4 et AMI 1,5/2 ; AMI 4 et AMI 1,5 conviennent.

    Paramètres : tariff
    """
    told = Once()
    for each in check.derive(rankings):
        if len(each.care) < 2:
            continue
        for act in each.blood:
            missing = share_missing(check, act)
            if missing is not None and told.first(missing):
                yield Gap(act, (missing,), f"on ne sait pas si le montant de {cotation(act)} en est la moitié")
            if missing is None and billed_share(check, act) < 1:
                sure = must_be(check, act, BLOOD_TEST)
                yield _loss(
                    check,
                    act,
                    "La prise de sang se facture à taux plein."
                    if sure
                    else "S'il s'agit d'une prise de sang, facturez-la à taux plein.",
                    each.care,
                )


@rule(
    "IDE-CUMUL-EXC",
    subject="dossier",
    severity="revenue",
    reference="NGAP articles 11 B 4 et 14.9.6 ; titre XVI chap. I article 3, chap. II articles 3, 4, 5 bis et 7",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI", *_ACCOMPANIMENTS),
)
def exceptions(check: Check[Dossier]) -> Iterator[Answer]:
    """Certains actes échappent à l'article 11 B et restent à taux plein.

    Vérifie : que ne sont pas réduits l'accompagnement de téléconsultation et la demande de téléexpertise, la
    vaccination à domicile, l'analgésie et le pansement, les actes du diabétique insulino-traité entre eux, une
    perfusion courte et une longue, les soins postopératoires entre eux.

    Pourquoi : la NGAP déroge à l'article 11 B pour ces actes ; la part perdue est indiquée.

    Ne s'applique pas : un jour de forfait de dépendance (IDE-BSI-AMX-100) ; aux actes dont rien ne dit qu'ils sont de
    ceux-là.

    Exemple : AMI 1,1 réduit de moitié avec AMI 4 ; AMI 4 et AMI 1,1 à taux plein conviennent.

    Paramètres : tariff
    """
    for act in check.derive(nurse_acts).of(*_ACCOMPANIMENTS):
        if act.rate != "1":
            yield _loss(check, act, "Cet acte échappe à l'article 11 B : facturez-le à taux plein.", (act,))
    told = Once()
    for each in check.derive(rankings):
        for act in each.care:
            if act.letter != "AMI" or billed_share(check, act) == 1:
                continue
            if act in each.unplaced:
                if len(each.care) > 1 and told.first("place"):
                    reason = "on ne sait pas si la vaccination est faite à domicile"
                    yield Gap(act, ("act.place",), reason)
            elif (len(each.care) > 1 and act in each.vaccines) or full_by_exception(check, each, act):
                yield _loss(
                    check,
                    act,
                    "Cet acte échappe à l'article 11 B dans ce passage : facturez-le à taux plein.",
                    each.care,
                )


@rule(
    "IDE-CUMUL-2PASSAGES",
    subject="dossier",
    severity="revenue",
    reference="NGAP article 11 B 1",
    confidence="C",
    needs=RANKINGS,
    letters=("AMI",),
)
def two_visits(check: Check[Dossier]) -> Iterator[Answer]:
    """L'article 11 B s'applique par passage, non par jour.

    Vérifie : qu'un acte seul de son passage n'est pas réduit à cause d'un acte d'un autre passage du jour.

    Pourquoi : chaque passage a son acte à taux plein ; la part perdue est indiquée.

    Ne s'applique pas : un jour de forfait de dépendance ; à deux horaires proches, qui peuvent être un seul passage.

    Exemple : AMI 4 le matin et AMI 1/2 le soir ; les deux à taux plein conviennent.

    Paramètres : tariff, ide.cumul.apart_minutes
    """
    days: dict[date, list[Ranking]] = {}
    for each in check.derive(rankings):
        days.setdefault(each.passage.day, []).append(each)
    told = Once()
    for day, found in days.items():
        for each in found:
            act = each.care[0]
            others = [other for ranking in found if ranking is not each for other in ranking.care]
            if len(each.care) > 1 or act.letter != "AMI" or not others or billed_share(check, act) == 1:
                continue
            apart = [_apart(act, other, check.number("ide.cumul.apart_minutes", day)) for other in others]
            if None in apart:
                if told.first("passage"):
                    yield Gap(act, ("act.session_id",), _NOT_TOGETHER)
            elif all(apart):
                yield _loss(check, act, "Facturez à taux plein le premier acte de chaque passage.", (act, *others))


def _loss(check: Check[Dossier], act: Act, action: str, evidence: Sequence[Act]) -> Flag:
    """The finding of an act that is reduced where it should not be."""
    loss = shortfall(check, act)
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} n'est pas à taux plein"
        f"{'' if loss is None else f' : {euros(loss)} de perte'}.",
        action,
        amount=loss,
        evidence=evidence,
    )


def _together(one: Act, other: Act) -> bool:
    return same_passage(one, other) is True


def _apart(one: Act, other: Act, minutes: int) -> bool | None:
    """Whether two acts of a day are surely of two passages; None when nothing tells."""
    if one.practitioner_id != other.practitioner_id:
        return True
    if one.session_id is not None and other.session_id is not None:
        return one.session_id != other.session_id
    if one.started_at is None or other.started_at is None:
        return None
    return abs(minute(one.started_at) - minute(other.started_at)) > minutes


RULES: tuple[AnyRule, ...] = (
    second_act,
    order,
    third_act,
    blood_test,
    exceptions,
    two_visits,
    *ide_infusions.RULES,
)
