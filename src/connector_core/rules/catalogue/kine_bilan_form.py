"""KINE-BILAN: the cotation, the letter, the amount and the fiche of a bilan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act
from connector_core.rules.batches import batches
from connector_core.rules.bdk import NEURO_SCOPE, by_series, coefficient_of, neuro_scope, scope_gap, zone_of
from connector_core.rules.catalogue.kine_facts import Once, kine_acts, off_tariff
from connector_core.rules.counting import (
    COUNT,
    HALVED_BDK,
    Counting,
    Series,
    cotation,
    count,
    decimal_text,
    kine_sessions,
)
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, Check, Flag, Gap, ParameterUnknown, rule

SECTION_2 = "NGAP titre XIV chap. I section 2"
_CENT = Decimal("0.01")


@rule(
    "KINE-BILAN-10.7",
    subject="dossier",
    severity="reject",
    reference=f"{SECTION_2} § 3",
    confidence="S+C",
    needs=NEURO_SCOPE | {"act.qualifier", "practitioner.zone"},
)
def bilan_10_7(check: Check[Dossier]) -> Iterable[Answer]:
    """Le bilan coté 10,7 est celui du cas général, à son juste montant.

    Vérifie : qu'un bilan coté 10,7 ne concerne pas une affection neurologique ou musculaire de l'article 4 (sauf
    atteinte périphérique : NMI 8,5 et NMI 10,01), et que son montant est 10,7 fois la valeur de la lettre-clé au jour
    de l'acte, dans la zone du praticien.

    Pourquoi : la NGAP fixe deux bilans, 10,7 et 10,8, de montant forfaitaire ; un autre montant est rejeté.

    Ne s'applique pas : au dépassement déclaré ; à un bilan compté à moitié le jour d'une séance
    (KINE-BILAN-CUMUL-JOUR) ; à une lettre qui n'est plus admise (KINE-BILAN-LETTRE).

    Exemple : AMK 10,7 facturé 23,01 € le 02/03/2026 : signalé, le montant est 23,65 €.

    Paramètres : kine.bdk.general.coefficient, kine.bdk.neuro.coefficient, tariff
    """
    return _cotation(check, neuro=False)


@rule(
    "KINE-BILAN-10.8",
    subject="dossier",
    severity="reject",
    reference=f"{SECTION_2} § 3",
    confidence="S+C",
    needs=NEURO_SCOPE | {"act.qualifier", "practitioner.zone"},
)
def bilan_10_8(check: Check[Dossier]) -> Iterable[Answer]:
    """Le bilan coté 10,8 est réservé aux affections neurologiques et musculaires, à son juste montant.

    Vérifie : qu'un bilan coté 10,8 concerne un traitement de l'article 4, hors atteintes périphériques (NMI 8,5 et
    NMI 10,01), et que son montant est 10,8 fois la valeur de la lettre-clé au jour de l'acte, dans la zone du
    praticien.

    Pourquoi : la NGAP réserve le bilan à 10,8 aux « affections neurologiques et musculaires, en dehors des atteintes
    périphériques radiculaires ou tronculaires ».

    Ne s'applique pas : au dépassement déclaré ; à un bilan compté à moitié le jour d'une séance
    (KINE-BILAN-CUMUL-JOUR) ; à une lettre qui n'est plus admise (KINE-BILAN-LETTRE).

    Exemple : AMK 10,8 pour une entorse de cheville (RIM 8,10) : signalé ; pour une hémiplégie (NMI 9) : rien.

    Paramètres : kine.bdk.general.coefficient, kine.bdk.neuro.coefficient, tariff
    """
    return _cotation(check, neuro=True)


def _cotation(check: Check[Dossier], *, neuro: bool) -> Iterator[Answer]:
    counting = check.derive(count)
    for act in counting.bdks:
        try:
            if act.coefficient != coefficient_of(check, neuro, act.performed_on):
                continue
            yield from _scope(check, counting, act, neuro)
            yield from _amount(check, counting, act)
        except ParameterUnknown as failure:
            yield Gap(act, (failure.unknown.name,), failure.unknown.reason)


def _scope(check: Check[Dossier], counting: Counting, act: Act, neuro: bool) -> Iterator[Answer]:
    series = counting.of(act.treatment_id)
    scope = _common_scope(check, counting) if series is None else neuro_scope(check, series)
    if scope is None:
        if series is not None:
            yield scope_gap(act, series)
        else:
            yield Gap(act, ("act.treatment_id",), "le bilan n'est rattaché à aucun traitement")
        return
    if scope == neuro:
        return
    right = coefficient_of(check, scope, act.performed_on)
    right_text = decimal_text(right)
    why = (
        "le traitement relève de l'article 4 (affection neurologique ou musculaire)"
        if scope
        else "le traitement ne relève pas de l'article 4, ou concerne une atteinte périphérique"
    )
    had = _price(check, act, act.coefficient)
    should = _price(check, act, right)
    yield Flag(
        act,
        f"Bilan coté {cotation(act)} le {jour(act.performed_on)} alors que {why} : il se cote {right_text}.",
        f"Refacturez le bilan avec la cotation AMK {right_text}.",
        fault="article",
        amount=None if had is None or should is None else abs(should - had),
        due_on=act.performed_on,
        evidence=(act,) if series is None or not series.sessions else (act, series.sessions[-1]),
    )


def _common_scope(check: Check[Dossier], counting: Counting) -> bool | None:
    """The scope of a bilan without treatment: known where every treatment of the dossier has the same."""
    known = {series.treatment_id for series in counting.series}
    bare = [Series(each.id, each) for each in check.subject.treatments if each.id not in known]
    scopes = {neuro_scope(check, series) for series in (*counting.series, *bare)}
    if counting.loose.sessions:
        scopes.add(neuro_scope(check, counting.loose))
    return scopes.pop() if len(scopes) == 1 else None


def _amount(check: Check[Dossier], counting: Counting, act: Act) -> Iterator[Answer]:
    price = _price(check, act, act.coefficient)
    if price is None:
        if act.letter == "AMK":
            yield Gap(act, ("tariff",), f"le tarif de {cotation(act)} au {jour(act.performed_on)} n'est pas connu")
        return
    if act.amount is None:
        yield Gap(act, ("act.amount",), "le montant du bilan n'est pas connu")
        return
    expected = price * act.quantity
    base = act.amount - (act.excess or 0)
    if base == expected or (_halved(act, base, expected) and _sessions_on(counting, act.performed_on)):
        return
    if base > expected and act.excess is None:
        if act.qualifier is not None:
            yield Gap(act, ("act.excess",), "le montant du dépassement n'est pas connu")
            return
        if "act.qualifier" not in check.subject.cabinet.covers:
            yield Gap(act, ("act.qualifier",), "aucune source ne dit si le montant comprend un dépassement")
            return
    if act.practitioner_id not in check.subject.cabinet.practitioners:
        yield Gap(act, ("practitioner.zone",), "aucune source ne décrit le praticien, sa zone tarifaire est inconnue")
        return
    yield Flag(
        act,
        f"Bilan {cotation(act)} du {jour(act.performed_on)} facturé {euros(base)} au lieu de {euros(expected)}.",
        "Corrigez le montant et vérifiez la valeur de la lettre-clé dans le logiciel.",
        fault="montant",
        amount=abs(expected - base),
        due_on=act.performed_on,
        evidence=(act,),
    )


def _price(check: Check[Dossier], act: Act, coefficient: Decimal) -> Decimal | None:
    priced = check.tariffs.price(act.letter, coefficient, act.performed_on, zone_of(check, act))
    if priced is None:
        return None
    check.cite(priced[1])
    return priced[0]


def _halved(act: Act, base: Decimal | None, full: Decimal) -> bool:
    """Whether a line is billed at a share of its price."""
    return act.rate != "1" or (base is not None and abs(2 * base - full) <= _CENT)


def _sessions_on(counting: Counting, day: date) -> list[Act]:
    """The counted sessions of a day, the last one of each treatment."""
    found = []
    for series in (*counting.series, counting.loose):
        rank = series.rank_on(day)
        if rank and series.sessions[rank - 1].performed_on == day:
            found.append(series.sessions[rank - 1])
    return found


@rule(
    "KINE-BILAN-LETTRE",
    subject="dossier",
    severity="reject",
    reference="décision UNCAM du 14/12/2023 (JO 08/02/2024) ; NGAP titre XIV chap. I section 2",
    confidence="C",
    needs=COUNT,
)
def bilan_lettre(check: Check[Dossier]) -> Iterator[Answer]:
    """Depuis le 22 février 2024 le bilan (BDK) se facture en AMK, et en rien d'autre.

    Vérifie : la lettre-clé de chaque bilan facturé, à sa date. Avant le 22/02/2024, 10,7 se facturait en AMS, AMK ou
    AMC et 10,8 en AMK ou AMC.

    Pourquoi : la décision UNCAM du 14/12/2023 a supprimé « ou AMC » ; une autre lettre est rejetée.

    Ne s'applique pas : aux bilans d'avant le 22/02/2024 dans une lettre alors admise.

    Exemple : AMS 10,7 le 12/01/2026 : signalé ; AMS 10,7 le 15/01/2024 : rien.

    Paramètres : kine.bdk.letter_amk_only, kine.bdk.neuro.coefficient
    """
    told = Once()
    for act in check.derive(count).bdks:
        if act.letter == "AMK":
            continue
        try:
            message = _wrong_letter(check, act)
        except ParameterUnknown as failure:
            if told.first(failure.unknown.name):
                yield Gap(act, (failure.unknown.name,), failure.unknown.reason)
            continue
        if message is not None:
            yield Flag(
                act,
                message,
                f"Refacturez le bilan en AMK {decimal_text(act.coefficient)}.",
                amount=act.amount,
                due_on=act.performed_on,
                evidence=(act,),
            )


def _wrong_letter(check: Check[Dossier], act: Act) -> str | None:
    """What is wrong with the letter of a bilan that is not billed in AMK; None where it was admitted on its day."""
    day = act.performed_on
    only_amk = check.day("kine.bdk.letter_amk_only", day)
    if day >= only_amk:
        since = jour(only_amk)
        return f"Bilan facturé en {act.letter} le {jour(day)} : seule la lettre AMK est admise depuis le {since}."
    if act.letter == "AMS" and act.coefficient == coefficient_of(check, True, day):
        return f"Bilan {cotation(act)} du {jour(day)} : ce coefficient se facturait en AMK ou AMC."
    return None


@rule(
    "KINE-BILAN-CUMUL-JOUR",
    subject="dossier",
    severity="revenue",
    reference="NGAP titre XIV chap. I section 2 § 3 : cotation forfaitaire ; ameli.fr, page BDK",
    confidence="C",
    needs=COUNT | {"practitioner.zone"},
)
def bilan_cumul_jour(check: Check[Dossier]) -> Iterator[Answer]:
    """Le bilan (BDK) et la séance du même jour se facturent tous deux à 100 %.

    Vérifie : qu'un jour où un bilan et une séance sont facturés, aucun des deux n'est compté à moitié.

    Pourquoi : la cotation du bilan est forfaitaire ; l'article 11 B des dispositions générales (second acte à 50 %)
    ne s'y applique pas.

    Ne s'applique pas : quand plusieurs séances sont facturées le même jour, à la séance comptée à moitié : la cause
    peut être ailleurs. Si le tarif du jour ou la zone du praticien manque, la réponse est indéterminée.

    Exemple : AMK 10,7 et RAM 8,09 le même jour, le bilan à 50 % : signalé ; 23,65 € et 17,88 € : rien.

    Paramètres : tariff
    """
    counting = check.derive(count)
    if not counting.bdks or check.derive(_all_in_full):
        return
    told = Once()
    for act in counting.bdks:
        sessions = _sessions_on(counting, act.performed_on)
        if not sessions:
            continue
        asked, what = act, "bilan"
        halved = _is_halved(check, asked)
        if halved is False and _only_session(counting, sessions, act.performed_on):
            asked, what = sessions[0], "séance"
            halved = _is_halved(check, asked)
        if halved is None:
            gap = _share_gap(check, asked)
            if told.first(gap.missing):
                yield gap
        elif halved:
            yield _half_billed(asked, what, _lost(check, asked))


def _only_session(counting: Counting, sessions: Sequence[Act], day: date) -> bool:
    """Whether a day has one session, of one treatment."""
    return len(sessions) == 1 and sum(each.performed_on == day for each in kine_sessions(counting)) == 1


def _all_in_full(check: Check[Dossier]) -> bool:
    """Whether every line of the dossier that may be a session or a bilan is plainly billed in full; in doubt, not."""
    found = check.derive(batches)
    if check.derive(kine_acts).found is not found or check.derive(off_tariff):
        return False
    return not any(
        batch.coefficient in HALVED_BDK if batch.letter in KINE_SESSION_LETTERS else batch.kind == "session"
        for batch in found.batches
    )


def _is_halved(check: Check[Dossier], act: Act) -> bool | None:
    """Whether a line is billed at a share of its price; None where only its amount could tell, beside a price or a
    zone that is not known."""
    reduced = act.rate != "1" or act.coefficient in HALVED_BDK
    base = _base(act)
    if base is None:
        return reduced
    price = check.tariffs.price(act.letter, _whole(act), act.performed_on, zone_of(check, act))
    if price is None:
        return True if reduced else None
    full = price[0] * act.quantity
    if reduced or abs(2 * base - full) <= _CENT:
        return base < full
    if act.practitioner_id in check.subject.cabinet.practitioners:
        return False
    overseas = check.tariffs.price(act.letter, _whole(act), act.performed_on, "DROM")
    return None if overseas is not None and abs(2 * base - overseas[0] * act.quantity) <= _CENT else False


def _share_gap(check: Check[Dossier], act: Act) -> Gap:
    """What is missing to tell whether a line is halved."""
    if check.tariffs.price(act.letter, _whole(act), act.performed_on, zone_of(check, act)) is None:
        reason = f"le tarif de {cotation(act)} n'est pas confirmé, on ne sait pas si l'acte est compté à moitié"
        return Gap(act, ("tariff",), reason)
    return Gap(act, ("practitioner.zone",), "aucune source ne décrit le praticien, sa zone tarifaire est inconnue")


def _lost(check: Check[Dossier], act: Act) -> Decimal | None:
    """What a halved line loses; None when its price is not known."""
    price = _price(check, act, _whole(act))
    if price is None:
        return None
    full, base = price * act.quantity, _base(act)
    if base is None:
        share = Decimal(act.rate) if act.rate != "1" else Decimal("0.5")
        base = (full * share).quantize(_CENT, ROUND_HALF_UP)
    return full - base


def _base(act: Act) -> Decimal | None:
    """The amount of a line without its excess."""
    return None if act.amount is None else act.amount - (act.excess or 0)


def _whole(act: Act) -> Decimal:
    """The coefficient of the whole act, where some software halves that of a bilan."""
    return act.coefficient * 2 if act.coefficient in HALVED_BDK else act.coefficient


def _half_billed(act: Act, what: str, lost: Decimal | None) -> Flag:
    other = "la séance" if what == "bilan" else "le bilan"
    return Flag(
        act,
        f"{what.capitalize()} ({cotation(act)}) du {jour(act.performed_on)} à taux réduit le même jour que {other}"
        f"{'' if lost is None else f' : {euros(lost)} de moins'}.",
        "Facturez le bilan et la séance à 100 % : le bilan est un forfait.",
        amount=lost,
        due_on=act.performed_on,
        evidence=(act,),
    )


@rule(
    "KINE-BILAN-FICHE",
    subject="dossier",
    severity="info",
    reference=f"{SECTION_2} § 2 ; décret 2009-955",
    confidence="C",
    needs=COUNT
    | {"assessment.kind", "assessment.performed_on", "assessment.summary_sent_on", "assessment.treatment_id"},
    rests_on=("assessment.summary_sent_on", "treatment.ended_on"),
)
def bilan_fiche(check: Check[Dossier]) -> Iterable[Answer]:
    """La fiche synthétique du bilan est envoyée au prescripteur au terme d'un traitement de dix séances ou plus.

    Vérifie : pour un traitement terminé d'au moins dix séances, qu'une fiche a été envoyée après le dernier bilan ou
    à la fin. La seule fiche du bilan initial ne suffit pas.

    Pourquoi : la NGAP l'impose au terme d'un traitement supérieur ou égal à dix séances ; gardez-en la preuve.

    Ne s'applique pas : à un traitement en cours, ou de moins de dix séances ; au cabinet où aucun bilan n'a de jour
    d'envoi, qui ne le note pas (dit une fois, sans réponse).

    Exemple : 12 séances, traitement terminé, aucune fiche : signalé ; 8 séances : rien.

    Paramètres : kine.bdk.summary_sessions
    """
    return by_series(check, _summary)


def _summary(check: Check[Dossier], series: Series) -> Iterator[Answer]:
    ended_on = series.ended_on
    if ended_on is None or len(series.sessions) < check.number("kine.bdk.summary_sessions", ended_on):
        return
    treatment_id = series.treatment_id
    of_treatment = [each for each in check.subject.assessments if each.treatment_id == treatment_id]
    days = [bdk.act.performed_on for bdk in series.bdks]
    days += [each.performed_on for each in of_treatment if each.kind == "intermediate"]
    last = max(days, default=date.min)
    sent = [each for each in of_treatment if each.summary_sent_on is not None]
    if any(each.kind != "initial" and each.summary_sent_on >= last for each in sent if each.summary_sent_on):
        return
    if any(
        each.treatment_id is None and each.kind != "initial" and each.summary_sent_on and each.summary_sent_on >= last
        for each in check.subject.assessments
    ):
        yield Gap(series.subject, ("assessment.treatment_id",), "une fiche envoyée n'est rattachée à aucun traitement")
        return
    number = len(series.sessions)
    only = any(each.kind == "initial" for each in sent)
    yield Flag(
        series.subject,
        f"Traitement de {number} séances terminé le {jour(ended_on)}"
        + (" : seule la fiche du bilan initial a été envoyée." if only else " sans fiche synthétique envoyée."),
        "Envoyez la fiche synthétique au médecin prescripteur et gardez la preuve de l'envoi.",
        due_on=ended_on,
        evidence=(series.sessions[-1], *sent),
    )
