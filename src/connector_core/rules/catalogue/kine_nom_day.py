"""KINE-NOM, continued: a practitioner's day as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from operator import attrgetter, gt

from connector_core.model.dossier import PractitionerDay
from connector_core.model.letters import KINE_SESSION_LETTERS, is_bdk
from connector_core.model.records import Act
from connector_core.rules.catalogue.kine_facts import (
    BPCO_GROUP,
    codes_of,
    heure,
    is_session,
    minute,
    whole_day,
)
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_started_at = attrgetter("started_at")
_duration = attrgetter("duration_min")


@rule(
    "KINE-NOM-PARALLELE",
    subject="practitioner_day",
    severity="info",
    reference="NGAP titre XIV chap. III article 2",
    confidence="C",
    needs={
        "act.act_code",
        "act.coefficient",
        "act.duration_min",
        "act.group_size",
        "act.kind",
        "act.letter",
        "act.patient_id",
        "act.performed_on",
        "act.practitioner_id",
        "act.started_at",
    },
    rests_on=("act.started_at",),
)
def parallel(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Trois patients au plus sont pris en charge en même temps.

    Vérifie : que les séances d'un praticien ne se chevauchent pas pour plus de trois patients.

    Pourquoi : au-delà de trois patients en parallèle, les séances peuvent être contestées.

    Ne s'applique pas : à ARL 20 et aux traitements de groupe, qui ont leurs propres limites. Sans durée, une séance
    ne compte qu'à l'instant de son début.

    Exemple : cinq séances qui se chevauchent.

    Paramètres : kine.parallel.max_patients, kine.session.minutes
    """
    most, minutes = check.numbers(("kine.parallel.max_patients", "kine.session.minutes"), check.subject.day)
    if not _may_overlap(check.subject.acts, most, minutes):
        return
    acts = [
        act
        for act in check.subject.acts
        if _occupies(act) and not (act.letter == "ARL" and BPCO_GROUP in codes_of(check, act))
    ]
    if not _may_overlap(acts, most, minutes) or len({act.patient_id for act in acts}) <= most:
        return
    peak = _peak(acts, 1)
    subject = whole_day(check)
    if len({act.patient_id for act in peak}) > most:
        moment = peak[-1].started_at
        yield Flag(
            subject,
            f"Le {jour(check.subject.day)}{'' if moment is None else f' à {heure(moment)}'}, "
            f"{len({act.patient_id for act in peak})} patients sont pris en charge en même temps, {most} au plus.",
            f"Vérifiez les heures saisies ; {most} patients au plus peuvent être suivis en parallèle.",
            evidence=peak,
        )
        return
    if any(act.started_at is None for act in acts):
        yield Gap(subject, ("act.started_at",), "des séances de ce jour n'ont pas d'heure de début")
        return
    likely = _peak(acts, minutes)
    if len({act.patient_id for act in likely}) > most:
        yield Gap(subject, ("act.duration_min",), "des séances de ce jour n'ont pas de durée")


@rule(
    "KINE-NOM-DUREE",
    subject="practitioner_day",
    severity="info",
    reference="NGAP titre XIV, dispositions liminaires : séances de l'ordre de trente minutes",
    confidence="C",
    needs={
        "act.coefficient",
        "act.kind",
        "act.letter",
        "act.patient_id",
        "act.performed_on",
        "act.practitioner_id",
        "act.session_id",
        "act.started_at",
    },
)
def workload(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Le nombre de séances d'une journée reste plausible.

    Vérifie : que les séances d'un praticien en un jour, comptées trente minutes chacune, tiennent dans une journée
    de travail.

    Pourquoi : une activité invraisemblable attire un contrôle de la caisse.

    Ne s'applique pas : aux bilans, suppléments, déplacements et majorations, qui ne sont pas comptés. Si plusieurs
    cotations d'un patient, sans heure, peuvent être d'une seule séance et décident, la réponse est indéterminée ; si
    elles ne décident pas, le constat dit le nombre de séances certain (« au moins »).

    Exemple : 40 séances le même jour ; 24 conviennent.

    Paramètres : kine.session.minutes, kine.day.max_hours
    """
    day = check.subject.day
    if len(check.subject.acts) < 2:
        return
    minutes, hours = check.numbers(("kine.session.minutes", "kine.day.max_hours"), day)
    if len(check.subject.acts) * minutes <= hours * 60:
        return
    sessions: dict[object, Act] = {}
    for act in check.subject.acts:
        if is_session(act):
            sessions.setdefault((act.patient_id, act.session_id or act.started_at or act.id), act)
    if len(sessions) * minutes > hours * 60:
        least = _least_sessions(sessions.values())
        if least * minutes <= hours * 60:
            reason = "on ne sait pas si des actes du jour d'un même patient sont d'une seule séance"
            yield Gap(whole_day(check), ("act.session_id",), reason)
            return
        at_least = "" if least == len(sessions) else "Au moins "
        yield Flag(
            whole_day(check),
            f"{at_least}{least} séances le {jour(day)} : à {minutes} minutes l'une, "
            f"{least * minutes // 60} heures de travail.",
            "Vérifiez les dates et le praticien des séances (remplaçant, saisie groupée).",
            evidence=tuple(sessions.values()),
        )


def _least_sessions(acts: Iterable[Act]) -> int:
    """How many sessions acts make at least: those of one patient that neither a passage nor a time sets apart are one
    session, unless they bear the same cotation."""
    placed: Counter[str] = Counter()
    loose: dict[str, Counter[tuple[str, Decimal]]] = {}
    for act in acts:
        if act.session_id is None and act.started_at is None:
            loose.setdefault(act.patient_id, Counter())[act.letter, act.coefficient] += 1
        else:
            placed[act.patient_id] += 1
    alone = Counter({patient: max(lines.values()) for patient, lines in loose.items()})
    return (placed | alone).total()


def _occupies(act: Act) -> bool:
    return act.letter in KINE_SESSION_LETTERS and (is_session(act) or is_bdk(act))


def _may_overlap(acts: Sequence[Act], most: int, minutes: int) -> bool:
    """A quick look: whether more than `most` acts may be under way at once. Acts come in order of time.

    They are when an act starts before enough of the others have ended, whichever those are.
    """
    if len(acts) <= most:
        return False
    starts = [*map(_started_at, acts)]
    if None in starts:
        return True
    begins = [start.hour * 60 + start.minute for start in starts]
    ends = sorted([begin + (length or minutes) for begin, length in zip(begins, map(_duration, acts), strict=True)])
    return any(map(gt, ends, begins[most:]))


def _peak(acts: Sequence[Act], minutes: int) -> list[Act]:
    """The acts under way at the busiest moment; a session without duration is taken to last `minutes`.

    Groups whose patients all start together are left out: they have their own limit.
    """
    spans = sorted(
        (minute(act.started_at), act.duration_min or minutes, number)
        for number, act in enumerate(acts)
        if act.started_at is not None
    )
    busiest: list[Act] = []
    under_way: list[tuple[int, Act]] = []
    most = 0
    for start, length, number in spans:
        under_way = [span for span in under_way if span[0] > start]
        under_way.append((start + length, acts[number]))
        if len(under_way) > most:
            now = [act for _, act in under_way]
            patients = len({act.patient_id for act in now})
            if patients > most and not _one_group(now):
                busiest, most = now, patients
    return busiest


def _one_group(acts: Sequence[Act]) -> bool:
    """Whether acts are those of one group, started together."""
    return all((act.group_size or 1) > 1 and act.started_at == acts[0].started_at for act in acts)


RULES: tuple[AnyRule, ...] = (
    parallel,
    workload,
)
