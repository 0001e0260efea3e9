"""KINE-BILAN: when a bilan-diagnostic kinésithérapique (BDK) is due, and the family's rules in order.

Where a bilan may be billed is in `kine_bilan_place`; its cotation, amount and fiche are in `kine_bilan_form`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.rules.bdk import (
    NEURO_SCOPE,
    Ladder,
    bdk_price,
    by_series,
    coefficient_of,
    ladders,
    neuro_scope,
    read_ladder,
    scope_gap,
    unbilled_assessments,
)
from connector_core.rules.catalogue import kine_bilan_form as form
from connector_core.rules.catalogue import kine_bilan_isole as isolated
from connector_core.rules.catalogue import kine_bilan_place as place
from connector_core.rules.counting import COMING_DAYS, RankedBdk, Series, coming_days, count, counted, decimal_text
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, rule

SECTION_2 = "NGAP titre XIV chap. I section 2"

_CLINICAL = frozenset({"assessment.act_id", "assessment.kind", "assessment.performed_on", "assessment.treatment_id"})
"""What `_clinical` reads, and the day of what it finds."""


@rule(
    "KINE-BILAN-INITIAL-MANQUANT",
    subject="dossier",
    severity="revenue",
    reference=f"{SECTION_2} ; R.4321-2 CSP",
    confidence="S+C",
    needs=NEURO_SCOPE | _CLINICAL | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_initial_manquant(check: Check[Dossier]) -> Iterable[Answer]:
    """Le bilan initial (BDK) d'un traitement de dix séances ou plus est facturé.

    Vérifie : qu'un traitement arrivé à sa 10e séance a un BDK facturé entre la 1re et la 10e.

    Pourquoi : le bilan est obligatoire et rémunéré ; passé la 10e séance, il ne peut plus être facturé avant le seuil
    suivant.

    Ne s'applique pas : avant la 10e séance ; aux bilans d'une facture annulée, qui ne comptent pas.

    Exemple : 14 séances facturées sans aucun BDK : signalé ; 14 séances et un BDK à la 2e : rien.

    Paramètres : kine.bdk.first_window, kine.bdk.general.coefficient, kine.bdk.neuro.coefficient,
    kine.bdk.general.threshold, kine.bdk.general.step, kine.bdk.neuro.threshold, kine.bdk.neuro.step,
    kine.bdk.tolerance_sessions, kine.bdk.before_sessions, tariff
    """
    return by_series(check, _initial_missing)


def _initial_missing(check: Check[Dossier], series: Series) -> Iterator[Flag]:
    if not series.sessions:
        return
    window = check.number("kine.bdk.first_window", series.sessions[-1].performed_on)
    sessions = len(series.sessions)
    if sessions < window or any(bdk.rank <= window for bdk in series.bdks):
        return
    last = series.sessions[window - 1]
    scope = neuro_scope(check, series)
    done = next(
        (
            each
            for each in unbilled_assessments(check, series, "initial")
            if series.rank_on(each.performed_on) <= window
        ),
        None,
    )
    if done is not None:
        action = f"Bilan fait le {jour(done.performed_on)} : à facturer à sa date."
    elif sessions == window and series.ended_on is None:
        action = "Faites et facturez le bilan initial avant la séance suivante."
    else:
        action = (
            "Perdu pour le bilan initial : ne le facturez pas rétroactivement. Faites le bilan pour le dossier ; le "
            f"prochain facturable est celui {_of_thresholds(ladders(check, series, last.performed_on), sessions)}."
        )
    yield Flag(
        series.subject,
        f"{sessions} séances faites et aucun bilan initial facturé entre la 1re et la {ordinal(window)} séance.",
        action,
        amount=None if scope is None else bdk_price(check, scope, last),
        due_on=last.performed_on,
        deadline=last.performed_on,
        evidence=(last,) if done is None else (last, done),
        counted=counted(series, 1, window),
    )


def _of_thresholds(possible: tuple[Ladder, ...], rank: int) -> str:
    return " ou ".join(f"de la {ordinal(ladder.following(rank - ladder.tolerance - 1))} séance" for ladder in possible)


@rule(
    "KINE-BILAN-30",
    subject="dossier",
    severity="revenue",
    reference=SECTION_2,
    confidence="S+C",
    needs=NEURO_SCOPE | _CLINICAL | COMING_DAYS | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_30(check: Check[Dossier]) -> Iterable[Answer]:
    """Bilan (BDK) dû à la 30e séance, puis toutes les 20 séances (30e, 50e, 70e…).

    Vérifie : pour chaque seuil atteint, qu'un BDK est facturé à ce rang ou dans les trois séances suivantes. Deux
    séances avant le seuil, le bilan est à préparer (information). Facturé une à trois séances après le seuil, il est
    signalé pour information, comme un second bilan pour le même seuil. Au-delà, le bilan est perdu pour ce seuil.

    Pourquoi : la NGAP rémunère un bilan « à la 30e séance, puis de nouveau toutes les 20 séances ». La tolérance de
    trois séances vient d'un usage, non d'un texte.

    Ne s'applique pas : aux affections neurologiques et musculaires de l'article 4 (règle KINE-BILAN-60), sauf
    atteintes périphériques (NMI 8,5 et NMI 10,01). Seules comptent les séances du même traitement, hors factures
    annulées.

    Exemple : 34 séances cotées RAM 8,09 et aucun bilan depuis l'initial : 23,65 € perdus pour le seuil de la 30e
    séance.

    Paramètres : kine.bdk.first_window, kine.bdk.general.threshold, kine.bdk.general.step,
    kine.bdk.general.coefficient, kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.bdk.prepare_sessions,
    tariff
    """
    return by_series(check, lambda each, series: _due(each, series, neuro=False))


@rule(
    "KINE-BILAN-60",
    subject="dossier",
    severity="revenue",
    reference=SECTION_2,
    confidence="S+C",
    needs=NEURO_SCOPE | _CLINICAL | COMING_DAYS | {"practitioner.zone"},
    rests_on=("act",),
)
def bilan_60(check: Check[Dossier]) -> Iterable[Answer]:
    """Bilan (BDK) neurologique dû à la 60e séance, puis toutes les 50 séances (60e, 110e, 160e…).

    Vérifie : pour chaque seuil atteint, qu'un BDK est facturé à ce rang ou dans les trois séances suivantes. Deux
    séances avant le seuil, le bilan est à préparer (information). Facturé une à trois séances après le seuil, il est
    signalé pour information, comme un second bilan pour le même seuil. Au-delà, le bilan est perdu pour ce seuil.

    Pourquoi : pour les affections neurologiques et musculaires, la NGAP rémunère un bilan « à la 60e séance, puis de
    nouveau toutes les 50 séances ».

    Ne s'applique pas : hors de l'article 4, ni aux atteintes périphériques radiculaires ou tronculaires (NMI 8,5 et
    NMI 10,01), qui suivent KINE-BILAN-30.

    Exemple : hémiplégie (NMI 9), 64 séances et aucun bilan depuis l'initial : signalé ; à 45 séances : rien.

    Paramètres : kine.bdk.first_window, kine.bdk.neuro.threshold, kine.bdk.neuro.step, kine.bdk.neuro.coefficient,
    kine.bdk.tolerance_sessions, kine.bdk.before_sessions, kine.bdk.prepare_sessions, tariff
    """
    return by_series(check, lambda each, series: _due(each, series, neuro=True))


def _due(check: Check[Dossier], series: Series, *, neuro: bool) -> Iterator[Answer]:
    """The answers of one ladder about one treatment, where that ladder is the treatment's."""
    sessions = len(series.sessions)
    if not sessions:
        return
    ladder = read_ladder(check, neuro, series.sessions[-1].performed_on)
    prepare = check.number("kine.bdk.prepare_sessions", series.sessions[-1].performed_on)
    if sessions < ladder.threshold - prepare:
        return
    scope = neuro_scope(check, series)
    if scope == neuro:
        yield from _thresholds(check, series, ladder, prepare)
    elif scope is None and any(_thresholds(check, series, ladder, prepare)):
        yield scope_gap(series.subject, series)


def _thresholds(check: Check[Dossier], series: Series, ladder: Ladder, prepare: int) -> Iterator[Flag]:
    sessions = len(series.sessions)
    for threshold in range(ladder.threshold, sessions + 1, ladder.step):
        inside = [bdk for bdk in series.bdks if threshold <= bdk.rank <= threshold + ladder.tolerance]
        if not inside:
            yield _missing(check, series, ladder, threshold)
        else:
            yield from _late(series, threshold, inside)
    following = ladder.following(sessions)
    if series.ended_on is None and following - prepare <= sessions:
        yield Flag(
            series.subject,
            f"{sessions} séances faites : le bilan de la {ordinal(following)} séance approche.",
            f"Prévoyez le bilan ({_bdk_text(check, ladder, series)}) à la {ordinal(following)} séance.",
            severity="info",
            fault=f"preparer-{following}",
            amount=bdk_price(check, ladder.neuro, series.sessions[-1]),
            due_on=_expected(check, series, following),
            deadline=_expected(check, series, following + ladder.tolerance),
            evidence=(series.sessions[-1],),
            counted=counted(series, ladder.preceding(following) + 1, sessions),
        )


def _missing(check: Check[Dossier], series: Series, ladder: Ladder, threshold: int) -> Flag:
    """No bilan was billed for a threshold that was reached."""
    sessions = len(series.sessions)
    session = series.sessions[threshold - 1]
    last_tolerated = threshold + ladder.tolerance
    known = series.sessions[last_tolerated - 1].performed_on if sessions >= last_tolerated else None
    before = max((bdk.rank for bdk in series.bdks if bdk.rank < threshold), default=0)
    done = next(
        (
            each
            for each in unbilled_assessments(check, series, "intermediate")
            if threshold <= series.rank_on(each.performed_on) <= last_tolerated
        ),
        None,
    )
    what = f"Le bilan de la {ordinal(threshold)} séance ({jour(session.performed_on)}) n'est pas facturé"
    cotation_text = _bdk_text(check, ladder, series)
    if done is not None:
        action = f"Bilan fait le {jour(done.performed_on)} : à facturer à sa date ({cotation_text})."
    elif sessions > last_tolerated:
        action = "Ne le facturez pas rétroactivement : perdu pour ce seuil"
        following = ladder.following(max(threshold, sessions - ladder.tolerance - 1))
        ended = series.ended_on is not None
        action += " (traitement terminé)." if ended else f" ; le prochain est la {ordinal(following)} séance."
    elif series.ended_on is not None:
        action = "Traitement terminé : facturez le bilan s'il a été fait à cette date ; sinon il est perdu."
    else:
        action = f"Faites et facturez le bilan ({cotation_text}) au plus tard à la {ordinal(last_tolerated)} séance."
    return Flag(
        series.subject,
        f"{what} ; {sessions} séances faites.",
        action,
        fault=f"seuil-{threshold}",
        amount=bdk_price(check, ladder.neuro, session),
        due_on=session.performed_on,
        deadline=known or _expected(check, series, last_tolerated),
        evidence=(session,) if done is None else (session, done),
        counted=counted(series, max(before, ladder.preceding(threshold)) + 1, min(sessions, last_tolerated + 1)),
    )


def _late(series: Series, threshold: int, inside: list[RankedBdk]) -> Iterator[Flag]:
    """Bilans billed for a threshold: within the tolerance, or more than once."""
    first = inside[0]
    for bdk in inside:
        if bdk is not first:
            text = f"Second bilan pour le seuil de la {ordinal(threshold)} séance, facturé à la {ordinal(bdk.rank)}."
            action = f"Vérifiez : un seul bilan est prévu par seuil, déjà facturé le {jour(first.act.performed_on)}."
        elif bdk.rank > threshold:
            text = f"Bilan de la {ordinal(threshold)} séance facturé à la {ordinal(bdk.rank)}."
            action = "Rien à corriger : tolérance d'usage, sans texte officiel. Visez la séance du seuil."
        else:
            continue
        yield Flag(
            series.subject,
            text,
            action,
            severity="info",
            fault=f"tolerance-{threshold}" if bdk is first else f"double-{bdk.act.id}",
            due_on=bdk.act.performed_on,
            evidence=(bdk.act,),
            counted=counted(series, threshold, bdk.rank),
        )


def _bdk_text(check: Check[Dossier], ladder: Ladder, series: Series) -> str:
    return f"AMK {decimal_text(coefficient_of(check, ladder.neuro, series.sessions[-1].performed_on))}"


def _expected(check: Check[Dossier], series: Series, rank: int) -> date | None:
    """The day of a session to come, where the patient's appointments tell: one open treatment, enough appointments."""
    days = check.derive(coming_days)
    ahead = rank - len(series.sessions)
    if not 0 < ahead <= len(days):
        return None
    if sum(each.ended_on is None and bool(each.sessions) for each in check.derive(count).series) != 1:
        return None
    check.reached(days[0] + timedelta(days=1))
    return days[ahead - 1]


RULES: tuple[AnyRule, ...] = (
    form.bilan_10_7,
    form.bilan_10_8,
    form.bilan_lettre,
    place.bilan_initial,
    bilan_initial_manquant,
    bilan_30,
    bilan_60,
    place.bilan_hors_seuil,
    place.bilan_avant_seuil,
    place.bilan_retro,
    form.bilan_cumul_jour,
    place.bilan_final,
    form.bilan_fiche,
    place.bilan_renouv,
    isolated.bilan_isole,
    isolated.bilan_fragilite,
)
