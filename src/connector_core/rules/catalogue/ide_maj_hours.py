"""IDE-MAJ: the surcharges of an act by when it is done (night, Sundays and public holidays)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.calendar import is_holiday, is_sunday_or_holiday
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, Passage, nurse_acts
from connector_core.rules.catalogue.ide_visits import (
    NIGHT_LETTERS,
    SUNDAY_LETTERS,
    day_of,
    nurse_tariff,
    prescribed_by,
    repeated,
)
from connector_core.rules.catalogue.kine_facts import Once, heure, minute
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_FRIDAY, _SATURDAY = 4, 5
_DEEP = "MN23"


@rule(
    "IDE-MAJ-DIM",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 B ; avenant 5 (montant)",
    confidence="C",
    needs=NURSE_ACTS | {"act.prescription_id", "act.urgent", "prescription.daily"},
    letters=SUNDAY_LETTERS,
)
def sunday(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration de dimanche et de jour férié demande une urgence ou une prescription quotidienne.

    Vérifie : que l'acte majoré est fait un dimanche ou un jour férié légal et, s'il est répété, que l'ordonnance
    indique la nécessité d'une exécution rigoureusement quotidienne ; isolé, qu'il est urgent.

    Pourquoi : ces conditions sont celles de l'article 14 ; sinon la majoration est un indu.

    Ne s'applique pas : aux actes urgents. Le samedi, admis pour les appels urgents par la convention, et les jours
    fériés propres à l'Alsace-Moselle et à l'outre-mer sont une information : ces textes n'ont pas été lus.

    Exemple : MD un dimanche, quand l'ordonnance ne dit rien ; « tous les jours y compris dimanche et fériés » convient.

    Paramètres : ide.sunday.local_days
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for act in passage.of(*SUNDAY_LETTERS):
            day = passage.day
            if not is_sunday_or_holiday(day):
                doubt = _doubt(check, day)
                yield Flag(
                    act,
                    f"Majoration de dimanche le {jour(day)}, {doubt or 'ni un dimanche ni un jour férié'}.",
                    "Vérifiez que la majoration est due." if doubt else "Retirez la majoration.",
                    severity="info" if doubt else None,
                    amount=act.amount,
                    evidence=(act,),
                )
                continue
            if _urgent(passage):
                continue
            yield from _ground(check, passage, act, night=False, once=once)


@rule(
    "IDE-MAJ-NUIT",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 ; arrêté du 17/10/2008, annexe 1",
    confidence="C",
    needs=NURSE_ACTS | {"act.call_at", "act.prescription_id", "act.urgent", "practitioner.zone", "prescription.night"},
    letters=NIGHT_LETTERS,
)
def night(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration de nuit suit l'heure de l'acte et demande un appel de nuit ou une prescription.

    Vérifie : que l'acte majoré est fait entre 20 h et 8 h, au montant de sa plage (de 23 h à 5 h, ou avant et après) ;
    s'il est répété, que l'ordonnance indique la nécessité impérieuse d'une exécution de nuit ; s'il est urgent, que
    l'appel a été fait entre 19 h et 7 h.

    Pourquoi : ces conditions sont celles de l'article 14 ; sinon la majoration est un indu. Au montant le plus bas au
    milieu de la nuit, la différence est perdue.

    Ne s'applique pas : au montant, quand il n'est aucun des deux du tarif ; à l'heure de l'appel, quand l'ordonnance
    demande une exécution de nuit.

    Exemple : 9,15 € à 19 h 30 ; 18,30 € à 22 h ; 9,15 € à 6 h 30, sur prescription de nuit, convient.

    Paramètres : tariff, ide.night.starts, ide.night.deep_starts, ide.night.deep_ends, ide.night.ends,
    ide.night.call_from, ide.night.call_until
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for act in passage.of(*NIGHT_LETTERS):
            day = passage.day
            started_at = act.started_at or (passage.started_at if passage.placed else None)
            if started_at is None:
                if once.first("time"):
                    yield Gap(act, ("act.started_at",), "l'heure d'un acte de nuit n'est pas connue")
                continue
            moment = minute(started_at)
            starts, ends = check.number("ide.night.starts", day), check.number("ide.night.ends", day)
            if ends * 60 < moment < starts * 60:
                yield Flag(
                    act,
                    f"Majoration de nuit le {jour(day)} à {heure(started_at)}, hors de la plage de {starts} h à "
                    f"{ends} h.",
                    "Retirez la majoration, ou corrigez l'heure de l'acte.",
                    fault="heure",
                    amount=act.amount,
                    evidence=(act,),
                )
                continue
            deep_starts, deep_ends = (check.number(f"ide.night.deep_{edge}", day) * 60 for edge in ("starts", "ends"))
            if moment not in (deep_starts, deep_ends):
                yield from _level(check, act, moment > deep_starts or moment < deep_ends, heure(started_at))
            if any(each.night for each in prescribed_by(check, passage.acts)):
                continue
            if call := next((each.call_at for each in passage.acts if each.call_at is not None), None):
                first, last = check.number("ide.night.call_from", day), check.number("ide.night.call_until", day)
                if last * 60 < minute(call) < first * 60:
                    yield Flag(
                        act,
                        f"Majoration de nuit le {jour(day)} pour un appel à {heure(call)}, hors de la plage "
                        f"de {first} h à {last} h.",
                        "Retirez la majoration, ou corrigez l'heure de l'appel.",
                        fault="appel",
                        amount=act.amount,
                        evidence=passage.acts,
                    )
            elif _urgent(passage):
                if once.first("call"):
                    yield Gap(act, ("act.call_at",), "l'heure de l'appel urgent n'est pas connue")
            else:
                yield from _ground(check, passage, act, night=True, once=once)


@rule(
    "IDE-MAJ-CABINET",
    subject="dossier",
    severity="info",
    reference="NGAP dispositions générales article 14",
    confidence="M",
    needs=NURSE_ACTS | {"act.place", "act.urgent"},
    letters=SUNDAY_LETTERS | NIGHT_LETTERS,
)
def at_practice(check: Check[Dossier]) -> Iterator[Answer]:
    """Au cabinet, les majorations de nuit et de dimanche sont réservées à l'urgence.

    Vérifie : qu'un acte majoré fait au cabinet est urgent.

    Pourquoi : la majoration au cabinet est admise pour l'urgence ; la limite n'est pas confirmée par un texte lu.

    Ne s'applique pas : aux actes à domicile ; aux actes urgents.

    Exemple : MD au cabinet pour un acte qui n'est pas urgent ; MD au cabinet en urgence convient.

    Paramètres : aucun
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        for act in passage.of(*SUNDAY_LETTERS, *NIGHT_LETTERS):
            place = act.place or next((each.place for each in passage.acts if each.place is not None), None)
            if place != "CABINET" or _urgent(passage):
                continue
            if all(each.urgent is None for each in passage.acts):
                if once.first("urgent"):
                    yield Gap(act, ("act.urgent",), "on ne sait pas si l'acte au cabinet était urgent")
                continue
            yield Flag(
                act,
                f"{act.letter} du {jour(passage.day)} au cabinet, sans urgence : la limite n'est pas confirmée par un "
                "texte lu.",
                "Vérifiez que la majoration était due.",
                amount=act.amount,
                evidence=(act,),
            )


def _doubt(check: Check[Dossier], day: date) -> str:
    """Why a day that is neither a Sunday nor a public holiday may bear the surcharge all the same."""
    if day.weekday() == _SATURDAY:
        return "un samedi : la règle des appels urgents du samedi n'est pas confirmée par le texte lu"
    monday = day + timedelta(days=3)
    good_friday = day.weekday() == _FRIDAY and is_holiday(monday) and monday < date(day.year, 5, 1)
    if good_friday or f"{day:%m-%d}" in check.text("ide.sunday.local_days", day).split():
        return "férié dans certains territoires seulement (non confirmé par le texte lu)"
    return ""


def _urgent(passage: Passage) -> bool:
    return any(act.urgent is True for act in passage.acts)


def _ground(check: Check[Dossier], passage: Passage, act: Act, *, night: bool, once: Once) -> Iterator[Answer]:
    """Whether the prescription, or an urgency, is ground for the surcharge of an act that is not known as urgent."""
    acts = passage.acts if passage.placed else day_of(check, passage)
    prescribed = prescribed_by(check, acts)
    said = {each.night if night else each.daily for each in prescribed}
    if True in said:
        return
    field = "night" if night else "daily"
    if not prescribed:
        if once.first("prescription"):
            yield Gap(act, ("act.prescription_id",), "l'ordonnance de l'acte majoré n'est pas connue")
        return
    if None in said:
        if once.first(field):
            reason = "on ne sait pas si l'ordonnance demande une exécution "
            yield Gap(act, (f"prescription.{field}",), reason + ("de nuit" if night else "quotidienne"))
        return
    again = repeated(check, acts)
    if not again and all(each.urgent is None for each in acts):
        if once.first("urgent"):
            yield Gap(act, ("act.urgent",), "on ne sait pas si l'acte isolé était urgent")
        return
    what = "de nuit" if night else "de dimanche ou de jour férié"
    needed = "impérieuse d'une exécution de nuit" if night else "d'une exécution rigoureusement quotidienne"
    yield Flag(
        act,
        f"Majoration {what} le {jour(passage.day)} : "
        + (f"l'ordonnance n'indique pas la nécessité {needed}." if again else "l'acte isolé n'est pas urgent."),
        "Retirez la majoration, ou demandez au prescripteur de préciser l'ordonnance.",
        fault="motif",
        amount=act.amount,
        evidence=(act, *(each for each in acts if each is not act), *prescribed),
    )


def _level(check: Check[Dossier], act: Act, deep: bool, at: str) -> Iterator[Answer]:
    """Whether the surcharge is billed at the amount of its part of the night."""
    shallow, deepest = nurse_tariff(check, "MN", act), nurse_tariff(check, _DEEP, act)
    if shallow is None or deepest is None or shallow.amount is None or deepest.amount is None:
        return
    low, high = shallow.amount * act.quantity, deepest.amount * act.quantity
    billed = act.amount if act.amount is not None else (high if act.letter == _DEEP else None)
    if billed is None or billed not in (low, high) or billed == (high if deep else low):
        return
    check.cite(shallow.read())
    check.cite(deepest.read())
    due = high if deep else low
    yield Flag(
        act,
        f"Majoration de nuit le {jour(act.performed_on)} à {at} : {euros(billed)} facturés au lieu de {euros(due)}.",
        f"Facturez la majoration à {euros(due)}.",
        severity="revenue" if deep else None,
        fault="montant",
        amount=abs(billed - due),
        evidence=(act,),
    )


RULES: tuple[AnyRule, ...] = (
    sunday,
    night,
    at_practice,
)
