"""IDE-ACT, continued: medication at home (NGAP titre XVI partie I chap. I article 10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_act_facts import (
    ACCOMPANIMENT,
    BILLED,
    MEANT,
    MEDICATION,
    OBSERVATION,
    beyond,
    billed,
    by_day,
    by_prescription,
    is_one,
    over,
    possible,
    sure,
    total,
)
from connector_core.rules.catalogue.kine_facts import Once, same_passage
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_FIRST = frozenset({"IDE-accompagnement-medic-initiale"})
_ARTICLE_10 = MEDICATION | OBSERVATION | ACCOMPANIMENT


@rule(
    "IDE-ACT-MEDIC",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 10",
    confidence="C",
    needs=BILLED | MEANT | {"act.place"},
    letters=("AMI",),
)
def medication(check: Check[Dossier]) -> Iterator[Answer]:
    """L'administration de médicaments se facture une fois par passage, à domicile.

    Vérifie : qu'AMI 1,2 n'est facturé qu'une fois par passage, qu'il n'est pas fait en EHPAD, et qu'aucun autre acte
    de surveillance de l'article 10 n'est facturé dans la même séance.

    Pourquoi : l'acte est dû une fois par passage, quel que soit le nombre de médicaments ou de voies ; le domicile
    n'inclut pas les établissements d'hébergement, sauf les résidences autonomie.

    Ne s'applique pas : à l'accord préalable au-delà du premier mois (IDE-DAP-AP), au caractère remboursable du
    médicament, qu'aucune donnée ne dit, ni à AMI 1 dont l'acte n'est pas précisé.

    Exemple : AMI 1,2 deux fois dans le même passage ; AMI 1,2 le matin et le soir conviennent.

    Paramètres : aucun
    """
    once = Once()
    given = sure(check, check.derive(billed).acts, MEDICATION)
    for day, acts in by_day(given).items():
        for number, act in enumerate(acts):
            twins = [(each, same_passage(each, act)) for each in acts[:number]]
            twin = next((each for each, together in twins if together), None)
            if twin is not None or act.quantity > 1:
                yield Flag(
                    act,
                    f"{cotation(act)} est facturé plus d'une fois par passage, le {jour(day)}.",
                    "N'en facturez qu'un par passage ; s'il y a eu deux passages, précisez les heures.",
                    fault="passage",
                    amount=act.amount if twin is not None else over(act, act.quantity - 1),
                    evidence=(act,) if twin is None else (act, twin),
                )
            elif any(together is None for _, together in twins) and once.first("passage"):
                yield Gap(act, ("act.started_at",), "on ne sait pas si deux AMI 1,2 d'un jour sont d'un même passage")
            yield from _place(act, once)
    for passage in check.derive(billed).passages:
        watched = sure(check, passage.acts, _ARTICLE_10) if passage.placed else []
        kept = next((act for act in watched if is_one(check, act, MEDICATION)), None)
        kept = kept or next((act for act in watched if is_one(check, act, ACCOMPANIMENT)), None)
        for act in watched:
            if kept is not None and act.coefficient != kept.coefficient:
                yield _together(act, kept)


def _place(act: Act, once: Once) -> Iterator[Answer]:
    """Whether the medication is given where it may be billed."""
    if act.place is None:
        if once.first("place"):
            yield Gap(act, ("act.place",), "le lieu de l'administration de médicaments n'est pas connu")
    elif act.place in ("EHPAD", "ETABLISSEMENT"):
        sheltered = act.place == "ETABLISSEMENT"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est fait "
            f"{'en établissement' if sheltered else 'en EHPAD'}, hors du domicile.",
            "S'il ne s'agit pas d'une résidence autonomie, retirez cet acte.",
            severity="info" if sheltered else None,
            fault="lieu",
            amount=act.amount,
            evidence=(act,),
        )


def _together(act: Act, first: Act) -> Flag:
    return Flag(
        act,
        f"{cotation(act)} et {cotation(first)} du {jour(act.performed_on)} sont deux actes de l'article 10 dans une "
        "séance.",
        "Gardez un seul acte de surveillance de l'article 10 par séance.",
        fault="cumul",
        amount=act.amount,
        evidence=(act, first),
    )


@rule(
    "IDE-ACT-SURV15",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 10",
    confidence="C",
    needs=BILLED | MEANT | {"act.prescription_id", "prescription.renewal_of"},
    letters=("AMI",),
)
def observation(check: Check[Dossier]) -> Iterator[Answer]:
    """La surveillance d'un nouveau traitement se facture quinze passages au plus.

    Vérifie : que la surveillance et l'observation d'un patient lors de la mise en œuvre ou de la modification d'un
    traitement (AMI 1) ne dépassent pas quinze passages par ordonnance, renouvellements compris.

    Pourquoi : l'acte est limité à quinze passages.

    Ne s'applique pas : aux autres actes cotés AMI 1. Une nouvelle ordonnance, qui n'est pas un renouvellement, met en
    œuvre un nouveau traitement.

    Exemple : 16e passage ; le 15e convient.

    Paramètres : ide.act.observation.passages
    """
    acts = check.derive(billed).acts
    found = sure(check, acts, OBSERVATION)
    if not found:
        return
    most = check.number("ide.act.observation.passages", found[0].performed_on)
    told = False
    for prescription_id, series in by_prescription(check, found).items():
        if prescription_id is None:
            if total(found) > most:
                told = True
                yield Gap(series[0], ("act.prescription_id",), "des surveillances n'indiquent pas leur ordonnance")
            continue
        for act, done, money in beyond(series, most):
            told = True
            yield Flag(
                act,
                f"{ordinal(done)} passage de surveillance {cotation(act)} le {jour(act.performed_on)} ; {most} au "
                "plus.",
                f"Retirez les passages au-delà du {most}e, ou rattachez-les à la nouvelle ordonnance.",
                amount=money,
                evidence=series,
            )
    unnamed = [act for act in acts if is_one(check, act, OBSERVATION) is None]
    if not told and unnamed and total(found) + total(unnamed) > most:
        yield Gap(unnamed[0], ("act.act_code",), "on ne sait pas si d'autres AMI 1 sont des surveillances")


@rule(
    "IDE-ACT-ACCOMP",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI partie I chap. I article 10",
    confidence="C",
    needs=BILLED | MEANT,
    letters=("AMI",),
)
def accompaniment(check: Check[Dossier]) -> Iterator[Answer]:
    """L'accompagnement de la prise médicamenteuse tient en trois séances en un mois.

    Vérifie : qu'un accompagnement compte trois séances au plus (AMI 5,1, puis AMI 4,6 deux fois), dans le mois qui
    suit la première, et qu'il n'est renouvelé qu'une fois dans les 12 mois suivants.

    Pourquoi : au-delà de trois séances, du mois ou du seul renouvellement, l'acte n'est pas dû.

    Ne s'applique pas : au pansement d'ulcère avec compression (AMI 5,1) ni au traitement par pression négative
    (AMI 4,6). Un AMI 4,6 sans première séance connue n'est pas compté.

    Exemple : 4e séance ; trois séances en quatre semaines conviennent.

    Paramètres : ide.act.accompaniment.sessions, ide.act.accompaniment.months, ide.act.accompaniment.programmes,
    ide.act.accompaniment.renewal_months
    """
    acts = check.derive(billed).acts
    found = sure(check, acts, ACCOMPANIMENT)
    flags = list(_accompanied(check, found, sure(check, acts, _FIRST)))
    yield from flags
    perhaps = possible(check, acts, ACCOMPANIMENT)
    firsts = possible(check, perhaps, _FIRST)
    if flags or len(perhaps) == len(found) or not firsts or len(firsts) == len(perhaps):
        return
    if any(_accompanied(check, perhaps, firsts)):
        unnamed = next(act for act in perhaps if is_one(check, act, ACCOMPANIMENT) is None)
        yield Gap(unnamed, ("act.act_code",), "on ne sait pas si AMI 5,1 et AMI 4,6 sont des accompagnements")


def _accompanied(check: Check[Dossier], acts: Sequence[Act], firsts: Sequence[Act]) -> Iterator[Answer]:
    """What is over the number, the time or the renewals of the accompaniments."""
    programmes: list[list[Act]] = []
    for act in acts:
        if any(act is each for each in firsts):
            programmes.append([act])
        elif programmes:
            programmes[-1].append(act)
    for programme in programmes:
        first = programme[0]
        day = first.performed_on
        most = check.number("ide.act.accompaniment.sessions", day)
        last = months_later(day, check.number("ide.act.accompaniment.months", day))
        excess = {act.id: done for act, done, _ in beyond(programme, most)}
        for act in programme:
            if act.id in excess:
                what = f"{ordinal(excess[act.id])} séance d'accompagnement, {most} au plus"
            elif act.performed_on > last:
                what = f"séance faite après le {jour(last)}, terme du délai d'un mois"
            else:
                continue
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : {what}.",
                "Retirez cette séance ; un renouvellement commence par une nouvelle ordonnance et AMI 5,1.",
                amount=act.amount,
                evidence=(act, first),
            )
    if not programmes:
        return
    most = check.number("ide.act.accompaniment.programmes", programmes[0][0].performed_on)
    for earlier, programme in zip(programmes, programmes[most:], strict=False):
        first, act = earlier[0], programme[0]
        months = check.number("ide.act.accompaniment.renewal_months", act.performed_on)
        if act.performed_on <= months_later(first.performed_on, months):
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} commence un accompagnement de trop, moins de {months} "
                f"mois après celui du {jour(first.performed_on)}.",
                "L'accompagnement n'est renouvelable qu'une fois dans les 12 mois : retirez ces séances.",
                fault="renouvellement",
                amount=act.amount,
                evidence=(act, first),
            )


RULES: tuple[AnyRule, ...] = (medication, observation, accompaniment)
