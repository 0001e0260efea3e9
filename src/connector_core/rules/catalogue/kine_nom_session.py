"""KINE-NOM, continued: what one session may bear (forfait, supplements, groups)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP

from connector_core.model.dossier import Dossier
from connector_core.model.letters import BALNEO, BANDAGE, is_bdk
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.kine_facts import (
    BPCO_GROUP,
    COMPANION,
    KINE_ACTS,
    SUPERSEDED,
    Once,
    article_of,
    codes_of,
    companion,
    is_session,
    kine_acts,
    same_passage,
    superseded,
)
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.rejects import may_bill_again

_DRAINAGE = frozenset({"MK-art7-lymphoedeme-1membre", "MK-art7-lymphoedeme-2membres"})


_BREAST = "MK-art7-lymphoedeme-sein"


@rule(
    "KINE-NOM-PLL",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 11",
    confidence="C",
    needs=SUPERSEDED,
    letters=("PLL",),
)
def palliative(check: Check[Dossier]) -> Iterator[Answer]:
    """PLL est un forfait journalier qui remplace tout autre acte de rééducation.

    Vérifie : que PLL est facturé une fois par jour et par patient, sans autre séance de rééducation le même jour.

    Pourquoi : la cotation est journalière et forfaitaire, quel que soit le nombre d'interventions et
    d'intervenants.

    Ne s'applique pas : au bilan-diagnostic kinésithérapique ni aux déplacements. Quand l'un des deux actes est d'une
    facture rejetée et que la facture de l'autre n'est pas connue, il est peut-être refacturé : c'est indéterminé.

    Exemple : PLL 12 deux fois le même jour.

    Paramètres : aucun
    """
    found = check.derive(kine_acts)
    gone = check.derive(superseded)
    told = Once()
    seen: dict[date, Act] = {}
    for act in found.of("PLL"):
        if act.id in gone:
            continue
        day = act.performed_on
        first = seen.get(day)
        again = first is not None
        if first is not None and may_bill_again(check, first, act):
            if told.first("invoice"):
                yield _billed_again_gap(act)
            continue
        if again or act.quantity > 1:
            extra = act.amount
            if extra is not None and not again:
                extra = (extra - extra / act.quantity).quantize(CENT, ROUND_HALF_UP)
            yield Flag(
                act,
                f"{cotation(act)} est facturé plus d'une fois le {jour(day)}.",
                "Ne facturez qu'un PLL par jour, quel que soit le nombre de passages.",
                amount=extra,
                evidence=(act, *(each for each in found.same_day(act) if each.letter == "PLL")),
            )
        if again:
            continue
        seen[day] = act
        for other in found.same_day(act):
            if other.letter != "PLL" and is_session(other) and other.id not in gone:
                if may_bill_again(check, act, other):
                    if told.first("invoice"):
                        yield _billed_again_gap(other)
                    continue
                yield Flag(
                    other,
                    f"{cotation(other)} du {jour(day)} est facturé le même jour qu'un forfait {cotation(act)}.",
                    "Le forfait journalier de soins palliatifs remplace les autres séances : retirez cet acte.",
                    amount=other.amount,
                    evidence=(other, act),
                )


def _billed_again_gap(act: Act) -> Gap:
    reason = "un acte du jour est d'une facture rejetée, et on ne sait pas si l'autre le refacture"
    return Gap(act, ("act.invoice_id",), reason)


@rule(
    "KINE-NOM-BANDAGE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 7",
    confidence="C",
    needs=KINE_ACTS | COMPANION | {"act.act_code"},
    letters=("RAV",),
)
def bandage(check: Check[Dossier]) -> Iterator[Answer]:
    """Le supplément de bandage multicouche va avec le drainage RAV 8 ou RAV 9.

    Vérifie : que RAV 1 ou RAV 2 accompagne un drainage manuel RAV 8 ou RAV 9 de la même séance, jamais RAV 15,5.

    Pourquoi : la cotation RAV 15,5 comprend déjà le bandage ; sans drainage, le supplément n'est pas dû.

    Ne s'applique pas : aux autres suppléments. Si rien ne dit avec lequel de deux drainages du jour va le supplément,
    la réponse est indéterminée.

    Exemple : RAV 15,5 et RAV 1 ; RAV 8 et RAV 1 conviennent.

    Paramètres : kine.session.minutes
    """
    found = check.derive(kine_acts)
    told = Once()
    for act in found.of("RAV"):
        if act.coefficient not in BANDAGE:
            continue
        minutes = check.number("kine.session.minutes", act.performed_on)
        mates = [other for other in found.same_day(act) if other.letter == "RAV" and companion(act, other, minutes)]
        drained = [other for other in mates if codes_of(check, other) & _DRAINAGE]
        full = next((other for other in mates if _BREAST in codes_of(check, other)), None)
        if drained:
            if full is not None and not any(same_passage(act, other) for other in drained) and told.first("session"):
                yield Gap(act, ("act.session_id",), "on ne sait pas avec quel drainage du jour va le bandage")
            continue
        yield Flag(
            act,
            f"Le supplément {cotation(act)} du {jour(act.performed_on)} "
            + (
                f"s'ajoute à {cotation(full)}, qui comprend le bandage."
                if full
                else "n'accompagne pas de drainage manuel."
            ),
            "Retirez le supplément, ou facturez le drainage auquel il se rapporte.",
            amount=act.amount,
            evidence=(act, *((full,) if full else ())),
        )


@rule(
    "KINE-NOM-SEIN10",
    subject="dossier",
    severity="info",
    reference="NGAP titre XIV chap. II article 7",
    confidence="C",
    needs=SUPERSEDED | {"act.act_code", "assessment.performed_on", "assessment.treatment_id"},
    letters=("RAV",),
)
def breast_cancer(check: Check[Dossier]) -> Iterator[Answer]:
    """Au-delà de 10 séances de RAV 15,5, un nouveau BDK est demandé.

    Vérifie : qu'un BDK est fait entre la 9e et la 11e séance de RAV 15,5 quand la prise en charge dépasse 10
    séances.

    Pourquoi : le nombre optimal est de 10 séances ; les cas exceptionnels qui le dépassent doivent être précédés
    d'un BDK.

    Ne s'applique pas : jusqu'à la 10e séance. Un bilan noté dans le dossier compte, même non facturé.

    Exemple : 11e RAV 15,5 sans nouveau BDK.

    Paramètres : kine.lymphoedema.sessions, kine.lymphoedema.bdk_margin
    """
    acts = [act for act in check.derive(kine_acts).of("RAV") if _BREAST in codes_of(check, act)]
    if not acts:
        return
    acts = [act for act in acts if act.id not in check.derive(superseded)]
    best, margin = check.number("kine.lymphoedema.sessions"), check.number("kine.lymphoedema.bdk_margin")
    loose = [act for act in acts if act.treatment_id is None]
    if loose and len(acts) > best:
        yield Gap(loose[0], ("act.treatment_id",), "des séances RAV 15,5 n'indiquent pas leur prise en charge")
    for treatment_id in sorted({act.treatment_id for act in acts if act.treatment_id is not None}):
        series = [act for act in acts if act.treatment_id == treatment_id]
        if len(series) <= best:
            continue
        first, last = series[best - margin - 1].performed_on, series[min(best + margin, len(series)) - 1].performed_on
        if not any(first <= day <= last for day in _bdk_days(check, treatment_id)):
            late = series[best]
            yield Flag(
                late,
                f"{ordinal(best + 1)} séance {cotation(late)} le {jour(late.performed_on)}, sans nouveau BDK.",
                f"Faites le BDK qui justifie la poursuite au-delà de {best} séances, et gardez-le au dossier.",
                evidence=series[: best + 1],
            )


@rule(
    "KINE-NOM-BALNEO",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. IV",
    confidence="C",
    needs=KINE_ACTS | COMPANION,
    letters=("AMK",),
)
def balneotherapy(check: Check[Dossier]) -> Iterator[Answer]:
    """Le supplément de balnéothérapie accompagne une séance, un seul par séance.

    Vérifie : que le supplément de kinébalnéothérapie (AMK) va avec un acte du chapitre II de la même séance, et
    qu'un seul des deux, bassin ou piscine, est facturé.

    Pourquoi : c'est un supplément aux actes du chapitre II ; seul, il n'est pas dû.

    Ne s'applique pas : aux autres actes en AMK. Si rien ne dit à laquelle de deux séances du jour va chaque
    supplément, la réponse est indéterminée.

    Exemple : AMK 3,5 seul ; VIM 8,11 et AMK 3,5 conviennent.

    Paramètres : kine.session.minutes
    """
    found = check.derive(kine_acts)
    told = Once()
    taken: list[Act] = []
    supplements = [
        batch for batch in found.letters.get("AMK", ()) if batch.coefficient in BALNEO and batch.kind != "session"
    ]
    for act in found.acts_of(supplements):
        minutes = check.number("kine.session.minutes", act.performed_on)
        others = found.same_day(act)
        if not any(is_session(other) and companion(act, other, minutes) for other in others):
            yield Flag(
                act,
                f"Le supplément {cotation(act)} du {jour(act.performed_on)} n'accompagne aucune séance.",
                "Facturez la séance à laquelle il se rapporte, ou retirez le supplément.",
                fault="seul",
                amount=act.amount,
                evidence=(act,),
            )
            continue
        doubled = [(each, _second_supplement(each, act, others)) for each in taken]
        first = next((each for each, same in doubled if same), None)
        if first is None and any(same is None for _, same in doubled) and told.first("session"):
            yield Gap(act, ("act.session_id",), "on ne sait pas à quelle séance du jour va chaque supplément")
        if first is not None:
            yield Flag(
                act,
                f"{cotation(act)} et {cotation(first)} du {jour(act.performed_on)} : bassin et piscine "
                "dans la même séance.",
                "Gardez un seul des deux suppléments.",
                fault="deux",
                amount=act.amount,
                evidence=(act, first),
            )
        else:
            taken.append(act)


@rule(
    "KINE-NOM-GROUPE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. III article 1",
    confidence="C",
    needs=KINE_ACTS | {"act.act_code", "act.duration_min", "treatment.article"},
)
def group(check: Check[Dossier]) -> Iterator[Answer]:
    """Un traitement de groupe réunit trois patients au plus, pour les articles 1 à 4.

    Vérifie : que le groupe ne dépasse pas trois patients, que l'acte relève des articles 1 à 4 du chapitre II, et
    que la séance dure une demi-heure par patient.

    Pourquoi : ces conditions sont celles du chapitre III ; au-delà, l'acte est un indu.

    Ne s'applique pas : à ARL 20, qui est un acte de groupe ; aux actes dont la taille du groupe n'est pas
    renseignée.

    Exemple : quatre patients à 10 h ; trois patients pendant 90 minutes conviennent.

    Paramètres : kine.group.max_patients, kine.group.minutes, kine.group.last_article
    """
    once = Once()
    acts = check.derive(kine_acts)
    grouped = [batch for batch in acts.kine if batch.group_size is not None and batch.group_size > 1]
    for act in acts.acts_of(grouped):
        if act.group_size is None or not is_session(act) or BPCO_GROUP in codes_of(check, act):
            continue
        day, size = act.performed_on, act.group_size
        most = check.number("kine.group.max_patients", day)
        wrong: list[str] = []
        if size > most:
            wrong.append(f"le groupe compte {size} patients, {most} au plus")
        article = article_of(check, act)
        if article is None:
            if once.first("article"):
                yield Gap(act, ("treatment.article",), "l'article de l'acte n'est pas connu")
        elif article > check.number("kine.group.last_article", day):
            wrong.append(f"l'article {article} n'admet pas de traitement de groupe")
        length = size * check.number("kine.group.minutes", day)
        if act.duration_min is None:
            if size <= most and once.first("duration"):
                yield Gap(act, ("act.duration_min",), "la durée de la séance de groupe n'est pas connue")
        elif size <= most and act.duration_min < length:
            wrong.append(f"la séance dure {act.duration_min} minutes, il en faut {length}")
        if wrong:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(day)} en groupe : {' ; '.join(wrong)}.",
                "Facturez en groupe dans les limites du chapitre III, sinon ne facturez que les "
                "séances individuelles faites.",
                amount=act.amount,
                evidence=(act,),
            )


def _bdk_days(check: Check[Dossier], treatment_id: str) -> Iterable[date]:
    """The days of the bilans that belong, or may belong, to a treatment: billed, or noted in the dossier."""
    own = (None, treatment_id)
    for act in check.derive(kine_acts).of("AMK", "AMS", "AMC"):
        if is_bdk(act) and act.treatment_id in own:
            yield act.performed_on
    for each in check.subject.assessments:
        if each.treatment_id in own:
            yield each.performed_on


def _second_supplement(first: Act, act: Act, others: Sequence[Act]) -> bool | None:
    """Whether two balneotherapy supplements of one day belong to one session; None when nothing tells."""
    if not any(each is first for each in others) or first.coefficient == act.coefficient:
        return False
    together = same_passage(first, act)
    if together is None and sum(1 for other in others if is_session(other)) < 2:
        return True
    return together


RULES: tuple[AnyRule, ...] = (
    palliative,
    bandage,
    breast_cancer,
    balneotherapy,
    group,
)
