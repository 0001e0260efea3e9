"""Facts about a dossier's ordonnances, shared by the rules of KINE-ORD and KINE-TMK.

A chain is an ordonnance with its renewals, direct or not; each of them adds its own sessions. Ask through
`check.derive`, so that the rules of one dossier share one pass over its sessions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Prescription, Treatment
from connector_core.model.vocabulary import Structure
from connector_core.rules.catalogue.kine_facts import SUPERSEDED, prescriptions, superseded, treatments
from connector_core.rules.counting import COUNT, count, kine_sessions
from connector_core.rules.kernel import Check, ParameterUnknown
from connector_core.rules.treatments import root_of

PRESCRIBED = COUNT | SUPERSEDED | {"act.prescription_id", "prescription.renewal_of"}
"""What `prescribed` reads."""

NOWHERE = "aucune"
"""What the parameter of the structures says where direct access is not open at all."""


@dataclass(slots=True)
class Chain:
    """An ordonnance and its renewals in order of date, with the sessions billed on any of them in order.

    `complete` is False where a renewal names an ordonnance that no source describes.
    """

    complete: bool = True
    prescriptions: list[Prescription] = field(default_factory=list)
    sessions: list[Act] = field(default_factory=list)

    def prescribed(self, by: date = date.max) -> int | None:
        """The sessions of what was prescribed by a day, None where one ordonnance gives no number."""
        total = 0
        for each in self.prescriptions:
            if each.issued_on <= by:
                if not each.sessions:
                    return None
                total += each.sessions
        return total


@dataclass(slots=True)
class Prescribed:
    """The chains of a dossier, in order of their first ordonnance, and the sessions that name no ordonnance."""

    chains: Mapping[str, Chain]
    """By the id of the ordonnance that each starts from."""
    by_prescription: Mapping[str, Chain]
    unlinked: Sequence[Act]


def prescribed(check: Check[Dossier]) -> Prescribed:
    """Put the counted kiné sessions of a dossier with the ordonnances they name."""
    known = check.derive(prescriptions)
    chains: dict[str, Chain] = {}
    by_prescription: dict[str, Chain] = {}
    for each in check.subject.prescriptions:
        root = root_of(known, each.id)
        chain = chains.get(root)
        if chain is None:
            chain = chains[root] = Chain(complete=root in known)
        chain.prescriptions.append(each)
        by_prescription[each.id] = chain
    gone = check.derive(superseded)
    unlinked: list[Act] = []
    for act in sorted(kine_sessions(check.derive(count)), key=_in_order):
        if act.letter not in KINE_SESSION_LETTERS or act.id in gone:
            continue
        if act.prescription_id is None:
            unlinked.append(act)
        elif act.prescription_id in by_prescription:
            by_prescription[act.prescription_id].sessions.append(act)
    return Prescribed(chains, by_prescription, unlinked)


def covered(check: Check[Dossier], act: Act) -> bool | None:
    """Whether an act was done on an ordonnance; None when the dossier does not say.

    An act that names none, while the patient had one since the treatment began, may have been done on it.
    """
    if act.prescription_id is not None:
        named = check.derive(prescriptions).get(act.prescription_id)
        return None if named is None else named.issued_on <= act.performed_on
    treatment = check.derive(treatments).get(act.treatment_id or "")
    since = date.min if treatment is None else treatment.started_on
    had = any(since <= each.issued_on <= act.performed_on for each in check.subject.prescriptions)
    return None if had else False


def direct_access_exists(check: Check[Dossier], day: date) -> bool:
    """Whether patients may come without an ordonnance, in whatever structure."""
    return check.text("kine.direct_access.structures", day) != NOWHERE


def direct_access_open(check: Check[Dossier], structure: Structure, day: date) -> bool | None:
    """Whether direct access is open in a structure; None in a CPTS whose département is not known."""
    if structure in check.text("kine.direct_access.structures", day).split():
        return True
    if structure != "CPTS":
        return False
    try:
        return bool(check.number("kine.direct_access.cpts", day))
    except ParameterUnknown:
        return None


def direct_treatments(check: Check[Dossier]) -> list[Treatment]:
    """The treatments that patients came to without an ordonnance."""
    return [each for each in check.subject.treatments if each.direct_access]


def _in_order(act: Act) -> tuple[date, time, str]:
    return act.performed_on, act.started_at or time.min, act.id
