"""KINE-MAJ: the surcharges of physiotherapists for nights, Sundays and public holidays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import time

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.calendar import is_local_holiday, is_sunday_or_holiday
from connector_core.rules.catalogue.kine_facts import Once, heure, minute
from connector_core.rules.catalogue.kine_travel import VISIT, prescribed, start_of, together, travel, visit
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_HOUR = 60


@rule(
    "KINE-MAJ-FERIE",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 ; titre XIV, dispositions liminaires",
    confidence="C",
    needs=VISIT | {"act.call_at", "act.prescription_id", "act.urgent", "prescription.daily"},
    letters=("MD",),
)
def sunday(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration MD est due le dimanche et les jours fériés, pour une urgence ou un traitement quotidien.

    Vérifie : que MD est facturée un dimanche ou un jour férié, et que l'acte est urgent ou que l'ordonnance demande un
    traitement quotidien.

    Pourquoi : hors de ces jours et de ces motifs, la majoration est un indu.

    Ne s'applique pas : aux actes répétés d'un traitement quotidien prescrit, qui n'ont pas à être urgents. Un jour
    férié propre à l'Alsace-Moselle ou à l'outre-mer est à vérifier, sans plus.

    Exemple : MD un mardi ; MD le 14 juillet avec une ordonnance quotidienne convient.

    Paramètres : kine.session.minutes
    """
    once = Once()
    for line in check.derive(travel).of("MD"):
        day = line.performed_on
        acts = (line, *visit(check, line).acts)
        if not is_sunday_or_holiday(day):
            local = is_local_holiday(day)
            yield Flag(
                line,
                f"MD est facturée le {jour(day)}, qui n'est férié que dans une partie de la France."
                if local
                else f"MD est facturée le {jour(day)}, qui n'est ni un dimanche ni un jour férié.",
                "Vérifiez que ce jour est férié là où vous exercez." if local else "Retirez la majoration.",
                severity="info" if local else None,
                amount=line.amount,
                evidence=(line,),
            )
            continue
        urgent, daily = _urgent(acts), _one_of(each.daily for each in prescribed(check, acts))
        if urgent or daily:
            continue
        if urgent is None or daily is None:
            missing = [
                name for name, answer in (("act.urgent", urgent), ("prescription.daily", daily)) if answer is None
            ]
            if once.first("motive"):
                yield Gap(line, tuple(missing), "on ne sait pas si l'acte était urgent ou le traitement quotidien")
            continue
        yield Flag(
            line,
            f"MD est facturée le {jour(day)} pour un acte qui n'est ni urgent ni d'un traitement quotidien.",
            "Retirez la majoration, ou corrigez l'urgence ou l'ordonnance si elles sont mal notées.",
            fault="motif",
            amount=line.amount,
            evidence=acts,
        )


@rule(
    "KINE-MAJ-NUIT",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 ; titre XIV, dispositions liminaires",
    confidence="C",
    needs=VISIT | {"act.call_at", "act.prescription_id", "prescription.daily", "prescription.night"},
    letters=("MN",),
)
def night(check: Check[Dossier]) -> Iterator[Answer]:
    """La majoration MN est due entre 20 h et 8 h, sur un appel entre 19 h et 7 h.

    Vérifie : que l'acte majoré de nuit est fait entre 20 h et 8 h, et que l'appel a été reçu entre 19 h et 7 h.

    Pourquoi : hors de ces heures, la majoration est un indu.

    Ne s'applique pas : à l'heure de l'appel, quand l'ordonnance demande des soins quotidiens ou de nuit.

    Exemple : MN à 18 h 30 ; MN à 21 h sur un appel à 20 h 10 convient.

    Paramètres : kine.night.start_hour, kine.night.end_hour, kine.night.call_start_hour, kine.night.call_end_hour,
    kine.session.minutes
    """
    once = Once()
    for line in check.derive(travel).of("MN"):
        day = line.performed_on
        near = visit(check, line)
        start = start_of(line, near.acts) if near.sure else line.started_at
        begins, ends = check.number("kine.night.start_hour", day), check.number("kine.night.end_hour", day)
        if start is None:
            if once.first("start"):
                yield Gap(line, ("act.started_at",), "l'heure de l'acte majoré de nuit n'est pas connue")
            continue
        if not _within(start, begins, ends):
            yield Flag(
                line,
                f"MN est facturée le {jour(day)} à {heure(start)} : la nuit va de {begins} h à {ends} h.",
                "Retirez la majoration, ou corrigez l'heure de l'acte.",
                amount=line.amount,
                evidence=(line, *near.acts),
            )
            continue
        acts = (line, *near.acts)
        if any(each.daily or each.night for each in prescribed(check, acts)):
            continue
        call = next((act.call_at for act in acts if act.call_at is not None), None)
        first, last = check.number("kine.night.call_start_hour", day), check.number("kine.night.call_end_hour", day)
        if call is None:
            if once.first("call"):
                yield Gap(line, ("act.call_at",), "l'heure de l'appel n'est pas connue")
        elif not _within(call, first, last):
            yield Flag(
                line,
                f"MN est facturée le {jour(day)} sur un appel à {heure(call)} : il doit être reçu entre {first} h et "
                f"{last} h.",
                "Retirez la majoration, ou corrigez l'heure de l'appel.",
                fault="appel",
                amount=line.amount,
                evidence=acts,
            )


@rule(
    "KINE-MAJ-EXCL",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14 : « une majoration » ; Espace infirmier n° 275",
    confidence="C",
    needs=VISIT,
    letters=("MN",),
)
def exclusive(check: Check[Dossier]) -> Iterator[Answer]:
    """Les majorations de nuit et du dimanche ne se cumulent pas.

    Vérifie : que MN et MD ne sont pas facturées pour le même passage.

    Pourquoi : l'acte donne lieu à une seule majoration ; la moins chère des deux est un indu.

    Ne s'applique pas : à deux passages du même jour.

    Exemple : MN et MD pour la même séance ; MN seule convient.

    Paramètres : kine.session.minutes
    """
    once = Once()
    found = check.derive(travel)
    nights = found.of("MN")
    for line in found.of("MD") if nights else ():
        pairs = [
            (other, together(check, line, other))
            for other in nights
            if other.performed_on == line.performed_on and other.practitioner_id == line.practitioner_id
        ]
        other = next((other for other, same in pairs if same), None)
        if other is not None:
            cheap = min((line, other), key=lambda each: (each.amount is None, each.amount))
            yield Flag(
                cheap,
                f"MN et MD sont facturées pour un seul passage, le {jour(line.performed_on)}.",
                "Gardez une seule majoration.",
                amount=cheap.amount if line.amount is not None and other.amount is not None else None,
                evidence=(line, other),
            )
        elif pairs and any(same is None for _, same in pairs) and once.first("visit"):
            yield Gap(line, ("act.session_id",), "on ne sait pas à quel passage du jour va chaque majoration")


def _within(moment: time, first: int, last: int) -> bool:
    """Whether a time is between two hours, across midnight, both included."""
    return minute(moment) >= first * _HOUR or minute(moment) <= last * _HOUR


def _urgent(acts: Iterable[Act]) -> bool | None:
    """Whether a visit was urgent; an urgent call says so too."""
    return _one_of(True if act.call_at is not None else act.urgent for act in acts)


def _one_of(answers: Iterable[bool | None]) -> bool | None:
    """True where one of the answers is, False where one is and none is true, None where there is none."""
    known = [answer for answer in answers if answer is not None]
    return any(known) if known else None


RULES: tuple[AnyRule, ...] = (
    sunday,
    night,
    exclusive,
)
