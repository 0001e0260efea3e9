"""KINE-BILAN: where a bilan-diagnostic kinésithérapique (BDK) may be billed among the sessions of its treatment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connector_core.model.dossier import Dossier
from connector_core.rules.bdk import (
    NEURO_SCOPE,
    Ladder,
    any_late_bdk,
    asked_by_lymphoedema,
    by_series,
    ladders,
    misplaced_bdks,
    scope_gap,
    worth,
)
from connector_core.rules.counting import COUNT, RankedBdk, Series, counted
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, Check, Flag, Gap, rule

SECTION_2 = "NGAP titre XIV chap. I section 2"


@rule(
    "KINE-BILAN-INITIAL",
    subject="dossier",
    severity="reject",
    reference=SECTION_2,
    confidence="C",
    needs=COUNT | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_initial(check: Check[Dossier]) -> Iterable[Answer]:
    """Un seul bilan initial (BDK) par traitement, dans les dix premières séances.

    Vérifie : le nombre de BDK facturés de la 1re à la 10e séance d'un même traitement. Le premier est dû, les
    suivants sont signalés. Le nombre de séances prescrites n'y change rien : le BDK est facturable dès la première
    séance.

    Pourquoi : la NGAP prévoit un bilan « pour un nombre de séances compris entre 1 et 10 », un seul. Le second serait
    un indu.

    Ne s'applique pas : à un nouveau traitement (nouvelle pathologie) ; au BDK des séances 9 à 11 d'un traitement coté
    RAV 15,5, que l'article 7 demande avant d'aller au-delà de dix séances ; aux factures annulées.

    Exemple : BDK à la 1re et à la 8e séance du même traitement : celui de la 8e est signalé.

    Paramètres : kine.bdk.first_window, kine.lymphoedema.sessions, kine.lymphoedema.bdk_margin, tariff
    """
    return by_series(check, _initial)


def _initial(check: Check[Dossier], series: Series) -> Iterator[Flag]:
    initial = [bdk for bdk in series.bdks if bdk.rank <= check.number("kine.bdk.first_window", bdk.act.performed_on)]
    if len(initial) < 2:
        return
    first, *others = [bdk for bdk in initial if not asked_by_lymphoedema(check, series, bdk)] or initial[:1]
    for bdk in others:
        yield Flag(
            bdk.act,
            f"Bilan facturé le {jour(bdk.act.performed_on)} ({_place(bdk.rank)}) alors que le bilan initial de ce "
            f"traitement est déjà facturé le {jour(first.act.performed_on)}.",
            "Annulez ce second bilan, ou rattachez-le au nouveau traitement s'il s'agit d'une autre pathologie.",
            amount=worth(check, bdk.act),
            due_on=bdk.act.performed_on,
            evidence=(bdk.act, first.act),
            counted=counted(series, 1, bdk.rank),
        )


@rule(
    "KINE-BILAN-HORS-SEUIL",
    subject="dossier",
    severity="reject",
    reference=SECTION_2,
    confidence="S+C",
    needs=NEURO_SCOPE | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_hors_seuil(check: Check[Dossier]) -> Iterable[Answer]:
    """Un bilan (BDK) facturé hors des séances prévues n'est pas remboursable.

    Vérifie : le rang de chaque BDK facturé : de la 1re à la 10e séance, à un seuil (30e, 50e, 70e… ; en neurologie
    60e, 110e…) ou dans les trois séances qui le suivent. Un bilan fait un jour sans séance a le rang de la dernière
    séance.

    Pourquoi : la NGAP ne rémunère le bilan qu'à ces rangs ; ailleurs la caisse peut récupérer la somme.

    Ne s'applique pas : au BDK des séances 9 à 11 d'un traitement coté RAV 15,5 ; aux factures annulées. Un bilan
    facturé juste avant un seuil est signalé par KINE-BILAN-AVANT-SEUIL, à la fin d'un traitement par
    KINE-BILAN-FINAL.

    Exemple : BDK à la 22e séance : signalé ; à la 50e : rien.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold,
    kine.bdk.neuro.step, kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.lymphoedema.sessions,
    kine.lymphoedema.bdk_margin, tariff
    """
    return by_series(check, _off_threshold) if check.derive(any_late_bdk) else ()


def _off_threshold(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    for bdk, ladder in misplaced_bdks(check, series, _off):
        if ladder is None:
            yield scope_gap(bdk.act, series)
            continue
        yield _misplaced(
            check,
            series,
            bdk,
            ladder,
            f"Bilan facturé à la {ordinal(bdk.rank)} séance ({jour(bdk.act.performed_on)}), hors des séances prévues.",
            f"Annulez ce bilan ; le prochain facturable est celui de la {ordinal(ladder.following(bdk.rank))} séance.",
        )


@rule(
    "KINE-BILAN-AVANT-SEUIL",
    subject="dossier",
    severity="reject",
    reference=SECTION_2,
    confidence="C",
    needs=NEURO_SCOPE | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_avant_seuil(check: Check[Dossier]) -> Iterable[Answer]:
    """Un bilan (BDK) facturé juste avant son seuil n'est pas remboursable.

    Vérifie : qu'aucun BDK n'est facturé une à trois séances avant un seuil (27e à 29e séance pour le seuil de la
    30e).

    Pourquoi : la NGAP rémunère le bilan « à la 30e séance » ; avant, il n'est pas dû, et celui du seuil serait le
    second.

    Ne s'applique pas : aux dix premières séances ; aux factures annulées.

    Exemple : BDK à la 28e séance : signalé ; à la 30e : rien.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold,
    kine.bdk.neuro.step, kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.lymphoedema.sessions,
    kine.lymphoedema.bdk_margin, tariff
    """
    return by_series(check, _before_threshold) if check.derive(any_late_bdk) else ()


def _before_threshold(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    for bdk, ladder in misplaced_bdks(check, series, _early):
        if ladder is None:
            yield scope_gap(bdk.act, series)
            continue
        threshold = ordinal(ladder.following(bdk.rank))
        yield _misplaced(
            check,
            series,
            bdk,
            ladder,
            f"Bilan facturé à la {ordinal(bdk.rank)} séance ({jour(bdk.act.performed_on)}), avant le seuil de la "
            f"{threshold}.",
            f"Annulez ce bilan et facturez celui de la {threshold} séance à sa date.",
        )


@rule(
    "KINE-BILAN-FINAL",
    subject="dossier",
    severity="reject",
    reference=f"{SECTION_2} § 2",
    confidence="C",
    needs=NEURO_SCOPE | {"assessment.act_id", "assessment.kind", "practitioner.zone"},
    rests_on=("act", "treatment.ended_on"),
)
def bilan_final(check: Check[Dossier]) -> Iterable[Answer]:
    """Le bilan de fin de traitement n'a pas de cotation.

    Vérifie : qu'aucun BDK n'est facturé à la dernière séance d'un traitement terminé, ou comme bilan final, à un rang
    où aucun bilan n'est prévu.

    Pourquoi : au terme d'un traitement d'au moins dix séances, seule la fiche synthétique est due au prescripteur.

    Ne s'applique pas : si la dernière séance est aussi un seuil (30e, 50e…) ou l'une des dix premières.

    Exemple : traitement terminé à la 17e séance, BDK facturé ce jour-là : signalé ; fiche envoyée, rien de facturé :
    rien.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold,
    kine.bdk.neuro.step, kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.lymphoedema.sessions,
    kine.lymphoedema.bdk_margin, tariff
    """
    return by_series(check, _final) if check.derive(any_late_bdk) else ()


def _final(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    named = {each.act_id for each in check.subject.assessments if each.kind == "final"}
    if series.ended_on is None and not named:
        return
    for bdk, ladder in misplaced_bdks(check, series, _off):
        last = series.ended_on is not None and bdk.rank == len(series.sessions)
        if not last and bdk.act.id not in named:
            continue
        if ladder is None:
            yield scope_gap(bdk.act, series)
            continue
        yield _misplaced(
            check,
            series,
            bdk,
            ladder,
            f"Bilan facturé à la fin du traitement ({_place(bdk.rank)}, {jour(bdk.act.performed_on)}).",
            "Annulez ce bilan : le bilan final n'a pas de cotation, seule la fiche synthétique est due.",
        )


def _off(ladder: Ladder, rank: int) -> bool:
    return not ladder.allows(rank)


def _early(ladder: Ladder, rank: int) -> bool:
    return ladder.anticipates(rank) is not None


def _misplaced(
    check: Check[Dossier], series: Series, bdk: RankedBdk, ladder: Ladder, message: str, action: str
) -> Flag:
    """One bilan at the wrong place; the three rules of the chain name it alike, so that one of them speaks."""
    before = max((each.rank for each in series.bdks if each.rank < bdk.rank), default=0)
    return Flag(
        bdk.act,
        message,
        action,
        fault="position",
        amount=worth(check, bdk.act),
        due_on=bdk.act.performed_on,
        evidence=(bdk.act,),
        counted=counted(series, max(before, (ladder.reached(bdk.rank) or 0)) or 1, bdk.rank),
    )


def _place(rank: int) -> str:
    return f"{ordinal(rank)} séance" if rank else "avant la 1re séance"


@rule(
    "KINE-BILAN-RETRO",
    subject="dossier",
    severity="info",
    reference="Gustave Kiné (blog), bilan intermédiaire : pas de facturation rétroactive",
    confidence="S",
    needs=NEURO_SCOPE | {"act.created_at"},
    rests_on=("act.created_at",),
)
def bilan_retro(check: Check[Dossier]) -> Iterable[Answer]:
    """Un bilan (BDK) daté d'un seuil mais saisi bien plus tard est à vérifier.

    Vérifie : pour un BDK daté d'un seuil (tolérance comprise), le nombre de séances faites le jour de sa saisie dans le
    logiciel. Plus de trois séances après le seuil, la saisie est signalée.

    Pourquoi : un bilan oublié ne se facture pas rétroactivement ; une saisie tardive peut aussi n'être qu'un rattrapage
    d'un bilan bien fait à sa date.

    Ne s'applique pas : au bilan initial ; quand le logiciel ne donne pas la date de saisie (indéterminé).

    Exemple : BDK daté de la 30e séance, saisi après la 41e : signalé ; daté et saisi à la 31e : rien.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold,
    kine.bdk.neuro.step, kine.bdk.tolerance_sessions, kine.bdk.before_sessions
    """
    return by_series(check, _entered_late) if check.derive(any_late_bdk) else ()


def _entered_late(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    for bdk in series.bdks:
        day = bdk.act.performed_on
        if bdk.rank <= check.number("kine.bdk.first_window", day):
            continue
        possible = ladders(check, series, day)
        if all(ladder.window(bdk.rank) is None for ladder in possible):
            continue
        if bdk.act.created_at is None:
            yield Gap(bdk.act, ("act.created_at",), "la date de saisie du bilan n'est pas connue")
            continue
        entered = bdk.act.created_at.date()
        rank = series.rank_on(entered)
        limits = [threshold + ladder.tolerance for ladder in possible if (threshold := ladder.window(bdk.rank))]
        late = [limit for limit in limits if rank > limit]
        if len(late) == len(possible):
            yield Flag(
                bdk.act,
                f"Bilan daté du {jour(day)} ({_place(bdk.rank)}) mais saisi le {jour(entered)}, après la "
                f"{ordinal(rank)} séance.",
                "Vérifiez que le bilan a bien été fait à sa date et gardez-en la preuve ; sinon annulez-le.",
                due_on=entered,
                evidence=(bdk.act,),
                counted=counted(series, bdk.rank, rank),
            )
        elif late:
            yield scope_gap(bdk.act, series)


@rule(
    "KINE-BILAN-RENOUV",
    subject="dossier",
    severity="info",
    reference=f"{SECTION_2} ; bilankine.fr (blog) lit autrement",
    confidence="U",
    needs=NEURO_SCOPE | {"act.prescription_id"},
    rests_on=("act.prescription_id",),
)
def bilan_renouv(check: Check[Dossier]) -> Iterable[Answer]:
    """Une nouvelle ordonnance ne fait pas repartir le compte des séances d'un traitement.

    Vérifie : si un BDK facturé hors des séances prévues suit une nouvelle ordonnance du même traitement, dans les dix
    premières séances de celle-ci.

    Pourquoi : le texte compte les « séances réalisées pour traitement », sans parler d'ordonnance ; des blogs facturent
    un bilan par ordonnance. Ce point n'est confirmé par aucune source officielle : c'est une information.

    Ne s'applique pas : à une nouvelle pathologie, qui ouvre un nouveau traitement.

    Exemple : BDK à la 16e séance parce qu'une ordonnance nouvelle commence, même pathologie : signalé.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold,
    kine.bdk.neuro.step, kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.lymphoedema.sessions,
    kine.lymphoedema.bdk_margin
    """
    return by_series(check, _renewed) if check.derive(any_late_bdk) else ()


def _renewed(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    for bdk, ladder in misplaced_bdks(check, series, _off):
        if ladder is None:
            yield scope_gap(bdk.act, series)
            continue
        prescription_id = bdk.act.prescription_id or series.sessions[bdk.rank - 1].prescription_id
        if prescription_id is None:
            yield Gap(bdk.act, ("act.prescription_id",), "l'ordonnance du bilan n'est pas connue")
            continue
        own = [act.prescription_id == prescription_id for act in series.sessions]
        start = own.index(True) if True in own else bdk.rank
        since = bdk.rank - start
        if start == 0 or since > ladder.first_window or series.sessions[start - 1].prescription_id is None:
            continue
        yield Flag(
            bdk.act,
            f"Bilan facturé à la {ordinal(bdk.rank)} séance ({jour(bdk.act.performed_on)}), au début d'une nouvelle "
            "ordonnance du même traitement.",
            "À vérifier : le texte compte les séances du traitement, pas celles de l'ordonnance (point non confirmé). "
            "S'il s'agit d'une autre pathologie, ouvrez un nouveau traitement.",
            due_on=bdk.act.performed_on,
            evidence=(bdk.act,),
            counted=counted(series, start, bdk.rank),
        )
