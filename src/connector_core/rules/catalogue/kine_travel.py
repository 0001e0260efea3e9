"""Facts about the travel lines and surcharges of physiotherapists, shared by the rules of KINE-DEPL and KINE-MAJ.

The letters are those of nurses too: looked at are the lines of a practitioner who is a physiotherapist, and, where no
source describes the practitioner, those of a day on which they bill an act that only physiotherapists bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from connector_core.model.dossier import Dossier, PractitionerDay
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Practitioner, Prescription
from connector_core.model.vocabulary import Place
from connector_core.parameters.tariffs import TariffRow
from connector_core.rules.batches import is_credit, places_of
from connector_core.rules.catalogue.kine_facts import (
    COMPANION,
    SUPERSEDED,
    companion,
    is_session,
    kine_acts,
    prescriptions,
    same_passage,
    superseded,
)
from connector_core.rules.kernel import Check
from connector_core.rules.rejects import taken_over

TRAVEL = SUPERSEDED | {"practitioner.profession"}
"""What `travel` reads."""
VISIT = TRAVEL | COMPANION
"""What `visit` and `together` read."""

FORMER = ("IFO", "IFR", "IFN", "IFP")
"""The specific indemnities that IFS replaces."""
FLAT = ("IFD", "IFS", *FORMER)
MILEAGE = ("IK", "IKM", "IKS")
SURCHARGES = ("MD", "MN")

_LETTERS = (*FLAT, *MILEAGE, *SURCHARGES)
_ONLY_KINE = frozenset({"IFS", *FORMER})
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Travel:
    """The travel lines and surcharges of a dossier that stand, by day, with the kiné acts of those days."""

    lines: tuple[Act, ...]
    days: dict[date, list[Act]]

    def of(self, *letters: str) -> list[Act]:
        """The lines under some letters, in order of date and time."""
        return [line for line in self.lines if line.letter in letters]


class Visit(NamedTuple):
    """The kiné acts that a line goes with; `sure` is False where they may belong to several visits."""

    acts: Sequence[Act]
    sure: bool

    @property
    def sessions(self) -> list[Act]:
        return [act for act in self.acts if is_session(act)]


def travel(check: Check[Dossier]) -> Travel:
    """The travel lines and surcharges of physiotherapists. Ask through `check.derive`."""
    kine = check.derive(kine_acts)
    found = kine.found
    lines = kine.acts_of(batch for letter in _LETTERS for batch in kine.letters.get(letter, ()))
    days: dict[date, list[Act]] = {line.performed_on: [] for line in lines}
    gone = check.derive(superseded)
    for place in places_of(kine.kine):
        if found.days[place] in days and found.acts[place].id not in gone:
            days[found.days[place]].append(found.acts[place])
    practitioners = check.subject.cabinet.practitioners
    own = [line for line in lines if is_kine(line, practitioners.get(line.practitioner_id), days[line.performed_on])]
    again = taken_over(check, chain(own, *days.values()))
    return Travel(tuple(line for line in own if line.id not in again), days)


def is_kine(line: Act, practitioner: Practitioner | None, acts: Iterable[Act]) -> bool:
    """Whether a line is a physiotherapist's; `acts` are those of its day."""
    if practitioner is not None:
        return practitioner.profession == "MK"
    return line.letter in _ONLY_KINE or any(
        act.letter in KINE_SESSION_LETTERS and act.practitioner_id == line.practitioner_id for act in acts
    )


def visit(check: Check[Dossier], line: Act) -> Visit:
    """The kiné acts of the visit that a line belongs to, as far as sessions and times tell."""
    day = line.performed_on
    acts = [act for act in check.derive(travel).days[day] if act.practitioner_id == line.practitioner_id]
    same = [act for act in acts if same_passage(line, act)]
    if same:
        return Visit(same, True)
    minutes = check.number("kine.session.minutes", day)
    near = [act for act in acts if companion(line, act, minutes)]
    return Visit(near, _visits(near) <= 1)


def together(check: Check[Dossier], one: Act, other: Act) -> bool | None:
    """Whether two lines of one day belong to one visit; None where nothing tells which of several it is."""
    same = same_passage(one, other)
    if same is False:
        return companion(one, other, check.number("kine.session.minutes", one.performed_on))
    if same is None and visits_of(check, one) > 1:
        return None
    return True


def visits_of(check: Check[Dossier], line: Act) -> int:
    """How many visits the sessions of the line's practitioner make on its day."""
    acts = check.derive(travel).days[line.performed_on]
    return _visits([act for act in acts if act.practitioner_id == line.practitioner_id])


def place_of(line: Act, acts: Sequence[Act]) -> Place | None:
    """Where a line was billed for: its own place, else the one place of the acts it goes with."""
    if line.place is not None:
        return line.place
    places = {act.place for act in acts}
    return places.pop() if len(places) == 1 else None


def start_of(line: Act, acts: Sequence[Act]) -> time | None:
    """When a visit began: the time of the line, else the earliest of its acts."""
    return line.started_at or min((act.started_at for act in acts if act.started_at is not None), default=None)


def prescribed(check: Check[Dossier], acts: Iterable[Act]) -> list[Prescription]:
    """The prescriptions that acts name, each once."""
    known = check.derive(prescriptions)
    names = dict.fromkeys(act.prescription_id for act in acts if act.prescription_id is not None)
    return [known[name] for name in names if name in known]


class Price(NamedTuple):
    """What one line pays, in euros, and the row of the tariffs that says so."""

    amount: Decimal
    row: TariffRow


def price_of(check: Check[Dossier], letter: str, day: date, practitioner_id: str) -> Price | None:
    """What one line under a letter pays a physiotherapist; the letters pay nurses otherwise."""
    practitioner = check.subject.cabinet.practitioners.get(practitioner_id)
    zone = "METRO" if practitioner is None else practitioner.zone
    for row in check.tariffs.rows_on(letter, _ONE, day, zone):
        if row.code.startswith("MK-") and row.amount is not None:
            return Price(row.amount, row)
    return None


def without_credits(check: Check[PractitionerDay], letters: Iterable[str]) -> list[Act]:
    """The lines of a practitioner's day under some letters, less the credits and the lines that they take away."""
    wanted = frozenset(letters)
    lines = [act for act in check.subject.acts if act.letter in wanted]
    for credit in [line for line in lines if is_credit(line)]:
        lines.remove(credit)
        twin = next((line for line in lines if _takes_away(credit, line)), None)
        if twin is not None:
            lines.remove(twin)
    return lines


def _takes_away(credit: Act, line: Act) -> bool:
    return line.patient_id == credit.patient_id and line.letter == credit.letter and not is_credit(line)


def _visits(acts: Sequence[Act]) -> int:
    """How many visits sessions make: those that nothing holds together count apart."""
    apart: list[Act] = []
    for act in acts:
        if is_session(act) and not any(same_passage(act, each) for each in apart):
            apart.append(act)
    return len(apart)
