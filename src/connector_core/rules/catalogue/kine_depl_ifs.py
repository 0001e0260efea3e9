"""KINE-DEPL, continued: when the specific indemnity (IFS) is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.finding import ParameterRead
from connector_core.model.records import Act, Record, Treatment
from connector_core.rules.catalogue.kine_facts import (
    OPERATED_BY,
    SURGERY,
    Once,
    codes_of,
    operated_by,
    treatment_of,
)
from connector_core.rules.catalogue.kine_travel import (
    FLAT,
    VISIT,
    place_of,
    prescribed,
    price_of,
    together,
    travel,
    visit,
)
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, ParameterUnknown, rule

_RIGHTS = (
    VISIT
    | OPERATED_BY
    | {
        "act.act_code",
        "act.place",
        "act.prescription_id",
        "practitioner.zone",
        "prescription.discharged_on",
        "treatment.article",
        "treatment.discharged_on",
        "treatment.prado",
        "treatment.section",
    }
)
"""What `_rights` reads, and the tariffs of the two indemnities."""

_ALWAYS = (
    "MK-art1-D-",
    "MK-art2-",
    "MK-art4-",
    "MK-art5-obstructives-restrictives",
    "MK-art5-mucoviscidose",
    "MK-art9-",
)
"""Acts of article 13 E that open the right to IFS whenever they are done at home."""
_AFTER_SURGERY = tuple(f"MK-art1-{section}-" for section in "ABCEF")
_ALWAYS_ARTICLES = frozenset({2, 4, 9})


class Right(NamedTuple):
    """Whether acts open the right to IFS; None with what is missing, where it can't be told.

    `late` is the number of days since the discharge when only they stand in the way.
    """

    due: bool | None
    subject: Record
    missing: tuple[str, ...] = ()
    late: int | None = None


_LineRight = tuple[Act, Right, Sequence[Act]]
"""A line of travel, the right of the acts that it goes with, and those acts."""


@rule(
    "KINE-DEPL-IFS",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 E",
    confidence="C",
    needs=_RIGHTS,
    letters=("IFS",),
)
def specific(check: Check[Dossier]) -> Iterator[Answer]:
    """IFS n'accompagne que les actes que l'article 13 E énumère.

    Vérifie : qu'IFS va avec un acte de l'article 1 D, 2, 4 ou 9, ARL 8,5 ou ARL 10, ou avec un acte de l'article 1 A,
    B, C, E ou F après une intervention.

    Pourquoi : pour les autres actes, et pour un bilan seul, seule IFD est due ; la différence est un indu.

    Ne s'applique pas : avant le 1er janvier 2026 ; au cabinet (KINE-DEPL-CABINET) ; au délai de 35 jours
    (KINE-DEPL-IFS-J35) ; à un passage où IFD est aussi facturée (KINE-DEPL-UNE).

    Exemple : IFS et VIM 8,11 sans intervention ; IFS et RIC 8,12, 12 jours après la sortie, conviennent.

    Paramètres : tariff, kine.travel.single_since, kine.travel.specific_days, kine.session.minutes
    """
    once = Once()
    rights, unknown = check.derive(_specific_rights)
    for line, right, acts in rights:
        if right.due is False and right.late is None:
            surplus = _surplus(check, line)
            names = " et ".join(dict.fromkeys(cotation(act) for act in acts))
            yield Flag(
                line,
                f"IFS est facturée le {jour(line.performed_on)} "
                + (f"avec {names}, qui n'y ouvre pas droit." if names else "sans aucun acte."),
                "Facturez IFD à la place d'IFS." if names else "Facturez l'acte fait au domicile, ou retirez IFS.",
                amount=surplus if names else line.amount,
                evidence=(line, *acts),
            )
        elif right.due is None and not _about_discharge(right) and once.first(right.missing):
            yield Gap(right.subject, right.missing, "on ne sait pas si l'acte ouvre droit à IFS")
    if unknown is not None:
        raise unknown


@rule(
    "KINE-DEPL-IFS-MANQ",
    subject="dossier",
    severity="revenue",
    reference="NGAP dispositions générales article 13 E",
    confidence="C",
    needs=_RIGHTS,
    letters=("IFD",),
)
def specific_missing(check: Check[Dossier]) -> Iterator[Answer]:
    """Un acte qui ouvre droit à IFS n'est pas facturé avec IFD.

    Vérifie : que le déplacement pour un acte de l'article 13 E est facturé IFS et non IFD.

    Pourquoi : IFD paie moins ; la différence est perdue à chaque passage.

    Ne s'applique pas : avant le 1er janvier 2026 ; au cabinet ; à un passage où IFS est aussi facturée
    (KINE-DEPL-UNE).

    Exemple : NMI 9 au domicile et IFD.

    Paramètres : tariff, kine.travel.single_since, kine.travel.specific_days, kine.session.minutes
    """
    once = Once()
    for line, right, acts in _rights(check, "IFD"):
        if right.due and not once.first(acts[0].id):
            continue
        if right.due:
            loss = _difference(check, line)
            if loss is not None:
                for read in loss[1]:
                    check.cite(read)
            amount = None if loss is None else loss[0]
            yield Flag(
                line,
                f"IFD est facturée le {jour(line.performed_on)} avec {cotation(acts[0])}, qui ouvre droit à IFS"
                f"{'' if amount is None else f' : {euros(amount)} de perte'}.",
                "Facturez IFS à la place d'IFD.",
                amount=amount,
                evidence=(line, *acts),
            )
        elif right.due is None and once.first(right.missing):
            yield Gap(right.subject, right.missing, "on ne sait pas si l'acte ouvre droit à IFS")


@rule(
    "KINE-DEPL-IFS-J35",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 E",
    confidence="C",
    needs=_RIGHTS,
    letters=("IFS",),
)
def within_35_days(check: Check[Dossier]) -> Iterator[Answer]:
    """Après une intervention, IFS est due jusqu'au 35e jour après la sortie.

    Vérifie : que l'acte de l'article 1 A, B, C, E ou F facturé avec IFS est fait au plus tard 35 jours après la sortie
    d'hospitalisation.

    Pourquoi : au-delà, seule IFD est due ; la différence est un indu.

    Ne s'applique pas : aux programmes de retour à domicile (PRADO) ; aux autres actes de l'article 13 E ; avant le
    1er janvier 2026 ; au cabinet ; à un passage où IFD est aussi facturée (KINE-DEPL-UNE).

    Exemple : IFS et RIC 8,12 le 40e jour ; le 35e jour, c'est juste.

    Paramètres : tariff, kine.travel.single_since, kine.travel.specific_days, kine.session.minutes
    """
    once = Once()
    rights, unknown = check.derive(_specific_rights)
    for line, right, acts in rights:
        if right.late is not None and right.due is False:
            most = check.number("kine.travel.specific_days", line.performed_on)
            yield Flag(
                line,
                f"IFS est facturée le {jour(line.performed_on)}, {right.late} jours après la sortie d'hospitalisation "
                f"({most} au plus).",
                "Facturez IFD à la place d'IFS, sauf programme de retour à domicile : notez-le alors.",
                amount=_surplus(check, line),
                evidence=(line, *acts, right.subject),
            )
        elif right.due is None and _about_discharge(right) and once.first(right.missing):
            yield Gap(right.subject, right.missing, "on ne sait pas si les 35 jours après la sortie sont passés")
    if unknown is not None:
        raise unknown


def _specific_rights(check: Check[Dossier]) -> tuple[list[_LineRight], ParameterUnknown | None]:
    """The rights of the lines under IFS, which two rules ask for, and the parameter that is unknown on the day of the
    line after them, if any."""
    found: list[_LineRight] = []
    try:
        for each in _rights(check, "IFS"):
            found.append(each)  # what came before an unknown parameter stays
    except ParameterUnknown as unknown:
        return found, unknown
    return found, None


def _rights(check: Check[Dossier], letter: str) -> Iterator[_LineRight]:
    """The lines under a letter since IFS stands alone, with the right of the acts that each goes with.

    Left out are lines at the practice, and those of a visit under another flat letter too.
    """
    found = check.derive(travel)
    rivals: dict[date, list[Act]] = {}
    for other in found.of(*FLAT):
        if other.letter != letter:
            rivals.setdefault(other.performed_on, []).append(other)
    for line in found.of(letter):
        day = line.performed_on
        if day < check.day("kine.travel.single_since"):
            continue
        near = visit(check, line)
        if place_of(line, near.acts) == "CABINET":
            continue
        if day in rivals and any(
            other.practitioner_id == line.practitioner_id and together(check, line, other) is not False
            for other in rivals[day]
        ):
            continue
        acts = near.sessions or near.acts
        rights = [_right(check, line, act) for act in acts]
        if not rights:
            if found.days[day]:
                yield line, Right(None, line, ("act.session_id",)), ()
            elif letter == "IFS":
                yield line, Right(False, line), ()
            continue
        best = min(rights, key=_best_first)
        if not near.sure and len({each.due for each in rights}) > 1:
            best = Right(None, line, ("act.session_id",))
        yield line, best, [act for act, right in zip(acts, rights, strict=True) if best.due is not True or right.due]


def _best_first(right: Right) -> int:
    return 0 if right.due else 1 if right.due is None else 2 if right.late is not None else 3


def _right(check: Check[Dossier], line: Act, act: Act) -> Right:
    """Whether an act opens the right to IFS on its day."""
    treatment = treatment_of(check, act)
    sort = _sort(codes_of(check, act), treatment)
    if sort == "never":
        return Right(False, act)
    if sort == "always":
        return Right(True, act)
    if sort is None:
        return Right(None, act, ("treatment.article",))
    done = None if treatment is None else operated_by(treatment, act.performed_on)
    if done is None:
        done = SURGERY.get(act.letter)
    if done is None:
        return Right(None, treatment or act, ("treatment.operated",))
    return _since_discharge(check, line, act, treatment) if done else Right(False, act)


def _sort(codes: frozenset[str], treatment: Treatment | None) -> str | None:
    """What article 13 E says of an act: by its cotation, else by its treatment where the cotation leaves a doubt."""
    only = _only_sort(codes)
    if only is not None:
        return only
    if treatment is None or treatment.article is None:
        return None
    if treatment.article == 1:
        return None if treatment.section is None else "always" if treatment.section == "D" else "surgery"
    if treatment.article in _ALWAYS_ARTICLES:
        return "always"
    return None if treatment.article == 5 else "never"


@lru_cache(maxsize=1024)
def _only_sort(codes: frozenset[str]) -> str | None:
    """What article 13 E says of each of some acts of the nomenclature, where it says the same of all."""
    sorts = {
        "always" if code.startswith(_ALWAYS) else "surgery" if code.startswith(_AFTER_SURGERY) else "never"
        for code in codes
    }
    return sorts.pop() if len(sorts) == 1 else None


def _since_discharge(check: Check[Dossier], line: Act, act: Act, treatment: Treatment | None) -> Right:
    """The right after surgery: up to the 35th day after the discharge, without end in a programme."""
    day = act.performed_on
    subject: Record = treatment or act
    if treatment is not None and treatment.prado:
        return Right(True, subject)
    most = check.number("kine.travel.specific_days", day)
    known = [each.discharged_on for each in prescribed(check, (act, line))]
    if treatment is not None:
        known.append(treatment.discharged_on)
    last = max((each for each in known if each is not None and each <= day), default=None)
    if last is None:
        operation = None if treatment is None else treatment.operated_on
        if operation is not None and 0 <= (day - operation).days <= most:  # the discharge was later still
            return Right(True, subject)
        return Right(None, subject, ("treatment.discharged_on",))
    late = (day - last).days
    if late <= most:
        return Right(True, subject)
    if treatment is None or treatment.prado is None:
        return Right(None, subject, ("treatment.prado",), late)
    return Right(False, subject, late=late)


def _about_discharge(right: Right) -> bool:
    return right.missing in (("treatment.discharged_on",), ("treatment.prado",))


def _surplus(check: Check[Dossier], line: Act) -> Decimal | None:
    """What is billed above IFD, which stays due."""
    price = price_of(check, "IFD", line.performed_on, line.practitioner_id)
    if price is None or line.amount is None or line.amount < price.amount:
        return line.amount
    check.cite(price.row.read())
    return line.amount - price.amount


def _difference(check: Check[Dossier], line: Act) -> tuple[Decimal, tuple[ParameterRead, ParameterRead]] | None:
    """What IFS pays above IFD."""
    low = price_of(check, "IFD", line.performed_on, line.practitioner_id)
    high = price_of(check, "IFS", line.performed_on, line.practitioner_id)
    return None if low is None or high is None else (high.amount - low.amount, (low.row.read(), high.row.read()))


RULES: tuple[AnyRule, ...] = (
    specific,
    specific_missing,
    within_35_days,
)
