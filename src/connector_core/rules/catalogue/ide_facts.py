"""Facts about a dossier's nurse acts, shared by the rules of IDE-BSI, IDE-CUMUL, IDE-ACT, IDE-MAJ and IDE-DEPL.

Looked at are the acts that stand (`rules.standing`). A passage is what one nurse does with the patient in one visit:
acts of one practitioner and day that bear the same `session_id`, else the same time. Acts of a day that bear neither
belong to the day's only passage; where there are several, they are in a passage of their own that is not `placed`, and
a rule that needs to know says so. Ask through `check.derive`, so that the rules of one dossier share one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from connector_core.model.dossier import Dossier
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.model.records import Act, Practitioner
from connector_core.rules.kernel import Check
from connector_core.rules.standing import STANDING, standing

NURSE_ACTS = STANDING | {"act.session_id", "act.started_at", "practitioner.profession"}
"""What `nurse_acts` reads."""

FORFAITS = frozenset({"BSA", "BSB", "BSC"})
"""The daily packages of NGAP titre XVI chap. I article 12."""
NURSE_LETTERS = NURSE_ACT_LETTERS | FORFAITS | {"DI", "IFI", "TLL", "TLS", "TLD"}
"""Letters that only nurses bill, whoever the source says the practitioner is."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The acts of one visit, in order; `placed` is False for acts that might be of several visits of the day."""

    practitioner_id: str
    day: date
    acts: tuple[Act, ...]
    placed: bool = True

    def of(self, *letters: str) -> list[Act]:
        """The acts under some letters."""
        return [act for act in self.acts if act.letter in letters]

    @property
    def started_at(self) -> time | None:
        """The earliest time that an act of it bears."""
        return min((act.started_at for act in self.acts if act.started_at is not None), default=None)


@dataclass(frozen=True, slots=True)
class NurseActs:
    """The nurse acts of a dossier, in order of date and time, and its passages in the same order."""

    acts: tuple[Act, ...]
    passages: tuple[Passage, ...]

    def of(self, *letters: str) -> list[Act]:
        """The acts under some letters, in order."""
        return [act for act in self.acts if act.letter in letters]


def nurse_acts(check: Check[Dossier]) -> NurseActs:
    """The acts of nurses: those of a practitioner who is one, and those under letters that only nurses bill."""
    practitioners = check.subject.cabinet.practitioners
    acts = tuple(act for act in check.derive(standing).acts if _is_nurse(act, practitioners.get(act.practitioner_id)))
    by_day: dict[tuple[date, str], list[Act]] = {}
    for act in acts:
        by_day.setdefault((act.performed_on, act.practitioner_id), []).append(act)
    return NurseActs(acts, tuple(passage for found in by_day.values() for passage in _passages(found)))


def full_rate(act: Act) -> bool:
    """Whether the line bills the whole act."""
    return act.rate == "1"


def _is_nurse(act: Act, practitioner: Practitioner | None) -> bool:
    if practitioner is not None:
        return practitioner.profession == "IDE"
    return act.letter in NURSE_LETTERS


def _passages(acts: Sequence[Act]) -> Iterable[Passage]:
    """The passages of one practitioner's day with one patient."""
    first = acts[0]
    groups: dict[object, list[Act]] = {}
    adrift: list[Act] = []
    sessions: dict[time | None, str] = {each.started_at: each.session_id for each in acts if each.session_id}
    for act in acts:
        key = act.session_id or (act.started_at and (sessions.get(act.started_at) or act.started_at))
        if key is None:
            adrift.append(act)
        else:
            groups.setdefault(key, []).append(act)
    if not groups:
        return [Passage(first.practitioner_id, first.performed_on, tuple(adrift))]
    if len(groups) == 1:
        return [Passage(first.practitioner_id, first.performed_on, tuple(acts))]
    found = [Passage(first.practitioner_id, first.performed_on, tuple(each)) for each in groups.values()]
    if adrift:
        found.append(Passage(first.practitioner_id, first.performed_on, tuple(adrift), placed=False))
    return found
