"""KINE-CUMUL: what may be billed in one session, and on one day."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.kine_days import DAYS, MUCOVISCIDOSIS, Day, Pair, days
from connector_core.rules.catalogue.kine_facts import (
    KINE_ACTS,
    OLD_LETTERS,
    Once,
    heure,
    is_session,
    kine_acts,
    minute,
    zone_of,
)
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, ParameterUnknown, rule


@rule(
    "KINE-CUMUL-SEANCE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV, dispositions liminaires",
    confidence="C",
    needs=DAYS,
)
def session(check: Check[Dossier]) -> Iterator[Answer]:
    """Une séance ne porte qu'une cotation du chapitre II.

    Vérifie : qu'un même passage n'est pas facturé sous deux cotations de séance.

    Pourquoi : à chaque séance s'applique une seule cotation, celle de la pathologie ou du territoire en cause.

    Ne s'applique pas : au bilan-diagnostic kinésithérapique et aux suppléments (balnéothérapie, bandage), qui
    s'ajoutent ; avant le 22 février 2024. Si rien ne dit que deux séances d'un praticien sont deux passages, la
    réponse est indéterminée.

    Exemple : RAM 8,09 et VIM 8,11 dans la même séance ; RAM 8,09 et AMK 10,7 conviennent.

    Paramètres : kine.nomenclature.since
    """
    once = Once()
    for _, pairs in _recent(check, days):
        told: set[str] = set()
        for pair in pairs:
            if pair.together and pair.act.id not in told:
                told.add(pair.act.id)
                yield Flag(
                    pair.act,
                    f"{cotation(pair.first)} et {cotation(pair.act)} sont facturés pour une seule séance, le "
                    f"{jour(pair.act.performed_on)}.",
                    "Gardez la cotation de la pathologie traitée ; si deux séances ont eu lieu, corrigez les heures.",
                    amount=pair.act.amount,
                    evidence=(pair.act, pair.first),
                )
            elif pair.together is None and once.first("passage"):
                yield Gap(pair.act, ("act.session_id",), _ONE_PASSAGE)


_ONE_PASSAGE = "on ne sait pas si deux séances du même jour sont d'un seul passage"


@rule(
    "KINE-CUMUL-2JOUR",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV, dispositions liminaires ; décision UNCAM du 14/12/2023",
    confidence="S+C",
    needs=DAYS,
)
def two_a_day(check: Check[Dossier]) -> Iterator[Answer]:
    """Deux séances le même jour demandent quatre conditions.

    Vérifie : que deux séances d'un patient le même jour, quel que soit le praticien, reposent sur deux ordonnances,
    relèvent d'articles différents de la NGAP, portent sur deux régions distinctes et sont faites à des heures
    distinctes.

    Pourquoi : sans ces conditions, la seconde séance est un indu.

    Ne s'applique pas : aux actes admis deux fois par jour (KINE-CUMUL-EXC), aux doublons (KINE-CUMUL-DOUBLON), à
    PLL, avant le 22 février 2024.

    Exemple : RAM 8,09 et VIM 8,11, tous deux de l'article 1 ; VIM 8,11 le matin et ARL 8,5 l'après-midi, sur deux
    ordonnances, conviennent.

    Paramètres : kine.nomenclature.since, kine.day.sessions
    """
    for day, pairs in _recent(check, days):
        extra = {pair.act.id for pair in pairs if pair.together}
        apart = [pair for pair in pairs if pair.act.id not in extra and pair.first.id not in extra]
        told: set[str] = set()
        for pair in apart:
            if pair.failed and pair.act.id not in told:
                told.add(pair.act.id)
                yield Flag(
                    pair.act,
                    f"{cotation(pair.first)} et {cotation(pair.act)} le {jour(day.on)} : {', '.join(pair.failed)}.",
                    "Deux séances le même jour demandent deux ordonnances, deux articles, deux régions et deux "
                    "heures : retirez la seconde ou corrigez les données.",
                    amount=pair.act.amount,
                    evidence=(pair.act, pair.first),
                )
        most = check.number("kine.day.sessions", day.on)
        for act in [act for act in day.single if act.id not in extra][most:]:
            if act.id not in told:
                told.add(act.id)
                yield Flag(
                    act,
                    f"{cotation(act)} est une séance de trop le {jour(day.on)} : {most} au plus par jour.",
                    "Vérifiez la date de la séance.",
                    amount=act.amount,
                    evidence=day.single,
                )
        for pair in apart:
            if pair.missing and pair.act.id not in told:
                told.add(pair.act.id)
                yield Gap(pair.act, pair.missing, f"deux séances le {jour(day.on)} : une condition n'est pas connue")


@rule(
    "KINE-CUMUL-2JOUR-TAUX",
    subject="dossier",
    severity="revenue",
    reference="NGAP titre XIV, dispositions liminaires : taux plein, par dérogation à l'article 11 B",
    confidence="C",
    needs=DAYS | {"practitioner.zone"},
)
def full_rate(check: Check[Dossier]) -> Iterator[Answer]:
    """La seconde séance du jour est facturée à taux plein.

    Vérifie : qu'aucune des séances admises le même jour n'est facturée à demi-tarif.

    Pourquoi : le titre XIV déroge à l'article 11 B des dispositions générales ; la moitié perdue est indiquée.

    Ne s'applique pas : à une seconde séance qui n'est pas admise (KINE-CUMUL-2JOUR), avant le 22 février 2024. Si rien
    ne dit que ce sont deux passages, la réponse est indéterminée.

    Exemple : VIM 8,11 et la moitié d'ARL 8,5 le même jour.

    Paramètres : tariff, kine.nomenclature.since
    """
    if not check.derive(kine_acts).shared:
        return
    told = Once()
    for day, pairs in _recent(check, days):
        admitted = [pair for pair in pairs if not pair.together and not pair.failed]
        allowed = {act.id for pair in admitted if pair.together is False for act in (pair.act, pair.first)}
        perhaps = {act.id for pair in admitted for act in (pair.act, pair.first)}
        allowed.update(act.id for acts in day.repeated.values() if len(acts) > 1 for act in acts)
        refused = {pair.act.id for pair in pairs if pair.together or pair.failed}
        halved = {act.id: act for act in (*day.single, *(act for acts in day.repeated.values() for act in acts))}
        for act in halved.values():
            if act.rate == "1" or act.id in refused:
                continue
            if act.id not in allowed:
                if act.id in perhaps and told.first("passage"):
                    yield Gap(act, ("act.session_id",), _ONE_PASSAGE)
                continue
            price = check.tariffs.price(act.letter, act.coefficient, act.performed_on, zone_of(check, act))
            loss: Decimal | None = None
            if price is not None:
                check.cite(price[1])
                loss = (price[0] * act.quantity * (1 - Decimal(act.rate))).quantize(CENT, ROUND_HALF_UP)
            yield Flag(
                act,
                f"{cotation(act)} du {jour(day.on)} n'est pas facturé à taux plein"
                f"{'' if loss is None else f' : {euros(loss)} de perte'}.",
                "Deux séances admises le même jour se facturent chacune à taux plein.",
                amount=loss,
                evidence=(act,),
            )


@rule(
    "KINE-CUMUL-EXC",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II articles 5 et 10",
    confidence="C",
    needs=DAYS | {"act.duration_min"},
)
def exceptions(check: Check[Dossier]) -> Iterator[Answer]:
    """Le désencombrement urgent, la mucoviscidose et les brûlures admettent deux séances par jour.

    Vérifie : qu'il n'y a pas plus de deux séances par jour d'ARL 8,49, d'ARL 10 ou de RPB, et que deux ARL 10 ne se
    suivent pas.

    Pourquoi : ces actes échappent aux quatre conditions des deux séances le même jour, dans cette limite.

    Ne s'applique pas : aux autres actes (KINE-CUMUL-2JOUR).

    Exemple : trois ARL 8,49 ; ARL 10 à 8 h et à 17 h conviennent.

    Paramètres : kine.day.repeated, kine.session.minutes
    """
    for day in check.derive(days):
        for kind, acts in day.repeated.items():
            most = check.number("kine.day.repeated", day.on)
            done = 0
            within: list[Act] = []
            for act in acts:
                done += act.quantity
                if done <= most:
                    within.append(act)
                    continue
                yield Flag(
                    act,
                    f"{done} séances de {kind} le {jour(day.on)} ; {most} au plus.",
                    "Retirez les séances au-delà de la deuxième, ou corrigez leur date.",
                    fault="nombre",
                    amount=act.amount,
                    evidence=acts,
                )
            if kind == MUCOVISCIDOSIS and len(within) > 1:
                yield from _consecutive(check, day.on, within)


def _consecutive(check: Check[Dossier], day: date, acts: Sequence[Act]) -> Iterator[Answer]:
    """Two sessions of mucoviscidosis must not follow each other."""
    ordered = sorted(((act.started_at, act) for act in acts if act.started_at is not None), key=lambda pair: pair[0])
    if len(ordered) < len(acts):
        yield Gap(acts[-1], ("act.started_at",), "les heures de deux séances du même jour ne sont pas connues")
        return
    for (start, first), (following, act) in itertools.pairwise(ordered):
        length = first.duration_min or check.number("kine.session.minutes", day)
        if minute(following) - minute(start) <= length:
            yield Flag(
                act,
                f"Deux {cotation(act)} se suivent le {jour(day)}, à {heure(start)} et {heure(following)}.",
                "Deux séances du même jour ne doivent pas être consécutives ; sinon n'en facturez qu'une.",
                fault="consecutives",
                amount=act.amount,
                evidence=(act, first),
            )


@rule(
    "KINE-CUMUL-DOUBLON",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV, dispositions liminaires",
    confidence="C",
    needs=DAYS,
)
def duplicate(check: Check[Dossier]) -> Iterator[Answer]:
    """Le même acte n'est pas facturé deux fois le même jour.

    Vérifie : que la même cotation n'est pas facturée deux fois le même jour au même patient.

    Pourquoi : le second acte est un doublon, que la caisse rejette ou récupère.

    Ne s'applique pas : aux actes admis deux fois par jour (KINE-CUMUL-EXC), à PLL (KINE-NOM-PLL), aux factures
    annulées ou remplacées, aux bilans de deux prises en charge, aux suppléments de deux séances.

    Exemple : RIM 8,10 deux fois le même jour ; sur deux jours, c'est juste.

    Paramètres : aucun
    """
    for day in check.derive(days):
        for act, twin in day.doubled:
            extra = act.amount
            if act is twin and extra is not None:
                extra = (extra - extra / act.quantity).quantize(CENT, ROUND_HALF_UP)
            yield Flag(
                act,
                f"{cotation(act)} est facturé deux fois le {jour(day.on)}.",
                "Retirez le doublon, ou corrigez la date ou la cotation de l'une des deux séances.",
                amount=extra,
                evidence=(act,) if act is twin else (act, twin),
            )
        for act, missing in day.unclear:
            yield Gap(act, (missing,), f"deux {cotation(act)} le {jour(day.on)} : on ne sait pas si c'est le même acte")


@rule(
    "KINE-CUMUL-11B-ANCIEN",
    subject="dossier",
    severity="info",
    reference="NGAP dispositions générales article 11 B ; note d'une CPAM (désencombrement urgent)",
    confidence="T",
    needs=KINE_ACTS,
)
def former_halving(check: Check[Dossier]) -> Iterator[Answer]:
    """Avant le 22 février 2024, un seul cumul à demi-tarif était admis.

    Vérifie : qu'une séance à demi-tarif d'avant le 22 février 2024 est AMS 7,5 en plus d'AMK 8 (désencombrement
    urgent).

    Pourquoi : les autres cumuls n'étaient pas admis ; la seule source est la note d'une caisse.

    Ne s'applique pas : à partir du 22 février 2024 (KINE-CUMUL-2JOUR-TAUX). Avant le 15 juillet 2012, la réponse est
    indéterminée.

    Exemple : la moitié d'AMS 9,5 en plus d'AMS 7,5.

    Paramètres : kine.nomenclature.since, kine.article11b.first, kine.article11b.second
    """
    found = check.derive(kine_acts)
    if not found.shared:
        return
    since = check.day("kine.nomenclature.since")
    told = Once()
    for act in found.shared:
        if act.performed_on >= since or not is_session(act):
            continue
        try:
            full = check.decimal("kine.article11b.first", act.performed_on)
            half = check.decimal("kine.article11b.second", act.performed_on)
        except ParameterUnknown as failure:
            if told.first(failure.unknown.name):
                yield Gap(act, (failure.unknown.name,), failure.unknown.reason)
            continue
        if (
            act.letter in OLD_LETTERS
            and act.coefficient == half
            and any(
                other.letter == "AMK" and other.coefficient == full and other.rate == "1"
                for other in found.same_day(act)
            )
        ):
            continue
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} est facturé à demi-tarif, hors du seul cumul admis alors.",
            "Vérifiez la facturation de cette séance.",
            evidence=(act,),
        )


def _recent(check: Check[Dossier], sort: Callable[[Check[Dossier]], list[Day]]) -> Iterator[tuple[Day, list[Pair]]]:
    """The days since the current nomenclature on which two different sessions, or one repeated, were done."""
    found = [day for day in check.derive(sort) if day.pairs or day.repeated]
    if found:
        since = check.day("kine.nomenclature.since")
        yield from ((day, day.pairs) for day in found if day.on >= since)


RULES: tuple[AnyRule, ...] = (
    session,
    two_a_day,
    full_rate,
    exceptions,
    duplicate,
    former_halving,
)
