"""Treatments put together from the sessions, where no source gives any.

Much software exports what was billed and not what was treated. Where a dossier has no treatment and no record of it
names one, its sessions are shared out in order of date. A session goes on with a treatment

* that has its ordonnance, or one of the same chain of renewals;
* else that has its lettre-clé, which stands for a region, when the last session is no further back than
  `kine.treatment.gap_days` and the two ordonnances do not name other regions or other sides;
* else, for AMS, AMC, AMK and TMK, which stand for no region, and for the first session after them, the only one that
  has a session within that time.

Any other session begins a treatment. A bilan belongs to the treatment that has its ordonnance, else its day's only
session, else the only one around its day. A treatment has ended when its lettre-clé comes back after the gap, or when
it has been silent for longer than the gap and nothing is left of what was prescribed.

Nothing is guessed: a session that two treatments claim belongs to none, and so do all sessions of a treatment whose
beginning may lie before what the sources give. The beginning is known where the sources cover everything, where its
ordonnance is given and renews none, or where the practice's acts reach further back than the gap. How each treatment
was put together is kept in `Dossier.derived`, and `explain` shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from connector_core.model.dossier import Derived, Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Prescription, Treatment
from connector_core.parameters.regions import Region, all_distinct, fold, named_in
from connector_core.rules.batches import batches, is_credit
from connector_core.rules.counting import cotation, kind_of
from connector_core.rules.french import jour
from connector_core.rules.kernel import Check, ParameterUnknown

_OF_NO_REGION = frozenset({"AMS", "AMC", "AMK", "TMK"})
"""Letters that say nothing of the region: those of before 2024, and the télésoin."""
_GAP = "kine.treatment.gap_days"
_SIDES = {"L": re.compile(r"\bgauches?\b"), "R": re.compile(r"\bdroite?s?\b")}


@dataclass(frozen=True, slots=True)
class _Place:
    """What an ordonnance says of the affection: the regions and the sides that its text names."""

    regions: tuple[Region, ...] = ()
    sides: frozenset[str] = frozenset()

    def differs(self, other: _Place) -> bool:
        """Whether two affections are certainly not the same."""
        if self.regions and other.regions and all_distinct(self.regions, other.regions):
            return True
        return bool(self.sides and other.sides) and self.sides.isdisjoint(other.sides)


@dataclass(slots=True)
class _Course:
    """Sessions that are one treatment, in order, while they are being put together."""

    sessions: list[Act]
    place: _Place
    steps: list[str]
    roots: set[str] = field(default_factory=set)
    bdks: list[Act] = field(default_factory=list)
    claimed: list[date] = field(default_factory=list)
    """Days of sessions and bilans that another treatment claims as well."""
    ended_on: date | None = None

    @property
    def first(self) -> Act:
        return self.sessions[0]

    @property
    def last(self) -> Act:
        return self.sessions[-1]

    @property
    def span(self) -> tuple[date, date]:
        """The first and the last day that may be the treatment's."""
        days = (self.first.performed_on, self.last.performed_on, *self.claimed)
        return min(days), max(days)

    @property
    def letters(self) -> set[str]:
        return {act.letter for act in self.sessions}


@dataclass(frozen=True, slots=True)
class _Ordonnances:
    """The ordonnances of a dossier: the chain that each belongs to, and what it says of the affection."""

    known: Mapping[str, Prescription]

    def root(self, act: Act) -> str | None:
        """The ordonnance that the act's chain of renewals starts from; None when the act names none."""
        return None if act.prescription_id is None else root_of(self.known, act.prescription_id)

    def place(self, act: Act) -> _Place:
        """What the act's ordonnance says of the affection."""
        found = self.known.get(act.prescription_id or "")
        if found is None or found.indication is None:
            return _Place()
        text = fold(found.indication)
        return _Place(named_in(text), frozenset(side for side, words in _SIDES.items() if words.search(text)))

    def left(self, acts: Iterable[Act]) -> int | None:
        """How many of the prescribed sessions are left to do; None where an ordonnance is unknown or has no number."""
        done: dict[str | None, int] = {}
        for act in acts:
            done[act.prescription_id] = done.get(act.prescription_id, 0) + 1
        left = 0
        for name, count in done.items():
            found = self.known.get(name or "")
            if found is None or found.sessions is None:
                return None
            left += max(found.sessions - count, 0)
        return left


def with_treatments(check: Check[Dossier]) -> Check[Dossier]:
    """The check with its treatments put together where no source gives any; the same check elsewhere."""
    dossier = check.subject
    found = None if dossier.treatments else check.derive(batches)
    if found is None or found.letters.isdisjoint(KINE_SESSION_LETTERS):
        return check
    if any(batch.treatment_id for batch in found.batches) or _named(dossier):
        return check
    try:
        gap = timedelta(days=check.number(_GAP))
    except ParameterUnknown:
        return check
    courses = list(_known_from_the_start(check, _courses(check, gap), gap))
    if not courses:
        return check
    return Check(
        _completed(check, courses), check.as_of, check.parameters, check.tariffs, check.motifs, wakes=check.wakes
    )


def _named(dossier: Dossier) -> bool:
    """Whether a source gives treatments after all: a record beside the acts names one."""
    return any(each.treatment_id for each in dossier.assessments) or any(
        each.treatment_id for each in dossier.prior_agreements
    )


def root_of(known: Mapping[str, Prescription], name: str) -> str:
    """The id of the ordonnance that a chain of renewals starts from, described or not; of a circle, the least."""
    seen = [name]
    while (found := known.get(seen[-1])) is not None and found.renewal_of is not None:
        if found.renewal_of in seen:
            return min(seen[seen.index(found.renewal_of) :])
        seen.append(found.renewal_of)
    return seen[-1]


def _courses(check: Check[Dossier], gap: timedelta) -> list[_Course]:
    """The sessions and bilans of a dossier, shared out among treatments."""
    ordonnances = _Ordonnances({each.id: each for each in check.subject.prescriptions})
    courses: list[_Course] = []
    bdks: list[Act] = []
    for act in check.subject.acts:
        if is_credit(act):
            continue
        kind = kind_of(check, act)
        if kind == "session":
            _share_out(act, courses, ordonnances, gap)
        elif kind == "bdk":
            bdks.append(act)
    for act in bdks:
        owners = _owners(act, courses, ordonnances.root(act), gap)
        if len(owners) == 1:
            owners[0].bdks.append(act)
        else:
            _claim(act, owners)
    for course in courses:
        _close(check, course, courses, ordonnances, gap)
    return courses


def _share_out(act: Act, courses: list[_Course], ordonnances: _Ordonnances, gap: timedelta) -> None:
    """Give one session to the treatment it goes on with, or let it begin one."""
    root, place = ordonnances.root(act), ordonnances.place(act)
    own = [each for each in courses if root is not None and root in each.roots]
    if own:
        _go_on(own[-1], act, root, place, "même ordonnance ou renouvellement")
        return
    recent = [each for each in courses if act.performed_on - each.last.performed_on <= gap]
    alike = [each for each in recent if act.letter in each.letters and not place.differs(each.place)]
    why = f"même lettre-clé {act.letter}"
    if not alike:
        alike = [
            each
            for each in recent
            if not place.differs(each.place) and (act.letter in _OF_NO_REGION or each.letters <= _OF_NO_REGION)
        ]
        why = "lettre-clé qui ne dit pas la région, seul traitement en cours"
    if len(alike) > 1:
        _claim(act, alike)
    elif alike:
        _go_on(alike[0], act, root, place, why)
    else:
        courses.append(_begin(act, courses, recent, ordonnances))


def _begin(act: Act, courses: Sequence[_Course], recent: Sequence[_Course], ordonnances: _Ordonnances) -> _Course:
    """A treatment that one session begins, with the reason why it goes on with none."""
    root = ordonnances.root(act)
    steps = [f"Commence le {jour(act.performed_on)} ({cotation(act)}), {_under(act, ordonnances)}."]
    before = [each for each in courses if act.letter in each.letters and each not in recent]
    if before:
        silence = (act.performed_on - before[-1].last.performed_on).days
        steps.append(f"Les séances {act.letter} d'avant sont d'un autre traitement : {silence} jours sans séance.")
    elif any(act.letter in each.letters for each in recent):
        steps.append("L'ordonnance nomme une autre région ou un autre côté que celle du traitement déjà en cours.")
    return _Course([act], ordonnances.place(act), steps, set() if root is None else {root})


def _claim(act: Act, courses: Iterable[_Course]) -> None:
    for course in courses:
        course.claimed.append(act.performed_on)


def _go_on(course: _Course, act: Act, root: str | None, place: _Place, why: str) -> None:
    """Add a session to a treatment, and say why where something changes with it."""
    last = course.last
    if act.letter not in course.letters or act.prescription_id != last.prescription_id:
        days = (act.performed_on - last.performed_on).days
        course.steps.append(
            f"Se poursuit le {jour(act.performed_on)} ({cotation(act)}), {days} jours après la séance d'avant : {why}."
        )
    course.sessions.append(act)
    if root is not None:
        course.roots.add(root)
    if not course.place.regions and not course.place.sides:
        course.place = place


def _under(act: Act, ordonnances: _Ordonnances) -> str:
    found = ordonnances.known.get(act.prescription_id or "")
    return "sans ordonnance connue" if found is None else f"ordonnance du {jour(found.issued_on)}"


def _owners(act: Act, courses: Sequence[_Course], root: str | None, gap: timedelta) -> Sequence[_Course]:
    """The treatments that may claim a bilan."""
    day = act.performed_on
    around = [each for each in courses if each.first.performed_on - gap <= day <= each.last.performed_on + gap]
    for mine in (
        [each for each in courses if root is not None and root in each.roots],
        [each for each in around if any(session.performed_on == day for session in each.sessions)],
        [each for each in around if each.first.performed_on <= day <= each.last.performed_on],
        around,
    ):
        if mine:
            return mine
    return ()


def _close(
    check: Check[Dossier], course: _Course, courses: Sequence[_Course], ordonnances: _Ordonnances, gap: timedelta
) -> None:
    """Say whether a treatment has ended, and on which day."""
    last = course.span[1]
    if any(each.first.performed_on > last + gap and each.letters & course.letters for each in courses):
        course.ended_on = last
        course.steps.append(f"Terminé le {jour(last)} : la lettre-clé revient plus de {gap.days} jours après.")
    elif check.reached(last + gap + timedelta(days=1)) and ordonnances.left(course.sessions) in (None, 0):
        course.ended_on = last
        course.steps.append(f"Dit terminé le {jour(last)} : plus de {gap.days} jours sans séance.")


def _known_from_the_start(check: Check[Dossier], courses: Iterable[_Course], gap: timedelta) -> Iterator[_Course]:
    """The treatments whose first session is certainly among the sessions given."""
    cabinet = check.subject.cabinet
    known = {each.id: each for each in check.subject.prescriptions}
    for course in courses:
        first = course.first
        begun = known.get(first.prescription_id or "")
        if (
            cabinet.covers.everything
            or (begun is not None and begun.renewal_of is None)
            or (cabinet.acts_since is not None and cabinet.acts_since + gap < first.performed_on)
        ):
            yield course


def _completed(check: Check[Dossier], courses: Sequence[_Course]) -> Dossier:
    """The dossier with its treatments, and with the acts that name them."""
    dossier = check.subject
    reads = check.reads()
    owner: dict[str, str] = {}
    treatments: list[Treatment] = []
    derived: dict[str, Derived] = {}
    for course in courses:
        treatment = Treatment(
            id=f"reconstitue/{course.first.id}",
            patient_id=dossier.patient_id,
            started_on=course.span[0],
            ended_on=course.ended_on,
        )
        treatments.append(treatment)
        derived[treatment.id] = Derived(tuple(course.steps), reads)
        owner.update((act.id, treatment.id) for act in (*course.sessions, *course.bdks))
    acts = tuple(
        act if (name := owner.get(act.id)) is None else act.model_copy(update={"treatment_id": name})
        for act in dossier.acts
    )
    return replace(dossier, treatments=tuple(treatments), acts=acts, derived=derived)
