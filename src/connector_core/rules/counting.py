"""Sessions counted, treatment by treatment: what the bilan rules and the follow-up rules stand on.

A session is one passage of one practitioner with one patient: acts that bear the same `session_id`, or, without one,
the same practitioner, day, time and letter. Counted are the session acts of the treatment, a substitute's included.
Left out are the acts of an invoice that is cancelled (or replaced by one that bills its acts again), credited lines
(a negative amount, a quantity of zero or less) with the act that each takes away, other treatments, bilans,
supplements, travel and surcharges.

The rank of a bilan (BDK) is the number of sessions done up to and including its day: on the day of a session it has
that session's rank, between two sessions the rank of the earlier one, before the first session 0.

Acts that name no treatment are kept aside (`Counting.loose`): the rules say what they can't tell because of them, and
never guess the treatment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.finding import Counted, SubjectRef
from connector_core.model.letters import (
    BDK_GENERAL,
    BDK_NEURO,
    ISOLATED_ASSESSMENTS,
    KINE_SESSION_LETTERS,
    NURSE_ACT_LETTERS,
    act_kind,
    is_bdk,
)
from connector_core.model.records import Act, Record, Treatment
from connector_core.rules.batches import Batch, Batches, batches, is_credit
from connector_core.rules.kernel import Check, evidence_of
from connector_core.rules.standing import STANDING
from connector_core.rules.succession import void_invoices

_SEVERAL_KINDS = frozenset({"AMK", "AMC", "AMS", "RAV"})
"""Letters whose kind depends on the coefficient; the other session letters of kinésithérapie always bill a session."""
_ONLY_SESSIONS = KINE_SESSION_LETTERS - _SEVERAL_KINDS
HALVED_BDK = frozenset({BDK_GENERAL / 2, BDK_NEURO / 2})
_MOST_COUNTED = 120

COUNT = STANDING | {"act.session_id", "act.started_at", "treatment.ended_on", "treatment.started_on"}
"""What `count` reads."""
COMING_DAYS = frozenset({"act.performed_on", "appointment.starts_at", "appointment.status"})
"""What `coming_days` reads."""

_performed_on = attrgetter("performed_on")
_session_id = attrgetter("session_id")


class RankedBdk(NamedTuple):
    """A billed bilan and its rank: the number of sessions done up to its day."""

    act: Act
    rank: int


@dataclass(slots=True)
class Series:
    """The counted sessions of one treatment in order (the first has rank 1), and its bilans.

    `treatment` is None when acts name a treatment that no source describes; `loose_sessions` and
    `loose_bdks` are the acts without treatment that may belong to this one.
    """

    treatment_id: str
    treatment: Treatment | None
    sessions: list[Act] = field(default_factory=list)
    bdks: list[RankedBdk] = field(default_factory=list)
    loose_sessions: list[Act] = field(default_factory=list)
    loose_bdks: list[Act] = field(default_factory=list)
    neuro: tuple[bool | None] | None = None
    """What `bdk.neuro_scope` found, once it was asked."""
    _passages: set[str] = field(default_factory=set)
    _last_day: date | None = None

    @property
    def subject(self) -> Record | SubjectRef:
        """The treatment, as the subject of an answer."""
        return self.treatment or SubjectRef("treatment", self.treatment_id)

    @property
    def ended_on(self) -> date | None:
        return None if self.treatment is None else self.treatment.ended_on

    @property
    def doubtful(self) -> bool:
        """Whether acts without treatment may belong to this one."""
        return bool(self.loose_sessions or self.loose_bdks)

    def with_loose(self) -> Series:
        """The series as it would be if every act without treatment that may belong to it did."""
        whole = Series(self.treatment_id, self.treatment)
        for act in sorted((*self.sessions, *self.loose_sessions), key=_in_order):
            whole.add_session(act, act.session_id, act.performed_on)
        whole.rank_bdks(sorted((*(bdk.act for bdk in self.bdks), *self.loose_bdks), key=_in_order))
        return whole

    def rank_on(self, day: date) -> int:
        """The number of sessions done up to and including a day."""
        return bisect_right(self.sessions, day, key=_performed_on)

    def add_session(self, act: Act, session_id: str | None, day: date) -> None:
        """Count an act's passage, unless it was counted already; acts come in order of date and time."""
        if session_id is not None:
            if session_id in self._passages:
                return
            self._passages.add(session_id)
        elif self._last_day == day and self._counted(act):
            return
        self.sessions.append(act)
        self._last_day = day

    def add_sessions(self, acts: list[Act]) -> None:
        """Count the passages of all the session acts of a treatment, given in order."""
        session_ids = [*map(_session_id, acts)]
        passages = set(session_ids)
        if len(passages) < len(acts) or None in passages:
            for act in acts:
                self.add_session(act, act.session_id, act.performed_on)
        else:
            self.sessions, self._passages = acts, passages

    def _counted(self, act: Act) -> bool:
        for session in reversed(self.sessions):
            if session.performed_on != act.performed_on:
                return False
            if (
                session.session_id is None
                and session.letter == act.letter
                and session.started_at == act.started_at
                and session.practitioner_id == act.practitioner_id
            ):
                return True
        return False

    def rank_bdks(self, acts: Sequence[Act]) -> None:
        """Give each bilan of the treatment its rank; one bilan in two invoices is one bilan."""
        for act in acts:
            if self.bdks and _same_bdk(self.bdks[-1].act, act):
                continue
            self.bdks.append(RankedBdk(act, self._rank(act)))

    def _rank(self, act: Act) -> int:
        rank = self.rank_on(act.performed_on)
        if act.session_id in self._passages:
            for number in range(rank, 0, -1):
                if self.sessions[number - 1].session_id == act.session_id:
                    return number
        return rank


@dataclass(slots=True)
class Counting:
    """Everything counted in one dossier: its treatments in order of their first act, and what belongs to none."""

    series: tuple[Series, ...]
    loose: Series
    """Sessions and bilans that name no treatment; their ranks are those they would have in a single treatment."""
    bdks: tuple[Act, ...]
    """Every billed bilan of the dossier, in order."""
    isolated: tuple[Act, ...]
    """Bilans isolés of chap. I section 1 (and whatever shares their cotation)."""

    def of(self, treatment_id: str | None) -> Series | None:
        """The series of a treatment, None when it has no counted act."""
        for series in self.series:
            if series.treatment_id == treatment_id:
                return series
        return None


def count(check: Check[Dossier]) -> Counting:
    """Count the sessions of a dossier. Ask through `check.derive(count)`, so that the rules share one counting."""
    dossier = check.subject
    found = check.derive(batches)
    cancelled = void_invoices(dossier)
    credits = [each for each in found.batches if is_credit(each) and kind_of(check, found.acts[each.places[0]])]
    credited = _credited(dossier.acts, found.acts_of(credits)) if credits else frozenset()
    if cancelled or credited:
        acts = [act for act in dossier.acts if act.invoice_id not in cancelled and act.id not in credited]
        found = Batches.of(acts)
    return _counting(check, found)


@dataclass(slots=True)
class _Places:
    """The places of a treatment's acts that count, or of those without treatment."""

    sessions: list[int] = field(default_factory=list)
    bdks: list[int] = field(default_factory=list)


def _first_place(own: tuple[str, _Places]) -> int:
    return min(own[1].sessions[:1] + own[1].bdks[:1])


def _counting(check: Check[Dossier], found: Batches) -> Counting:
    """Count acts that stand, treatment by treatment in order of their first act."""
    by_treatment, isolated = _sort_out(check, found)
    treatments = {treatment.id: treatment for treatment in check.subject.treatments}
    acts = found.acts
    loose = Series("", None)
    series: list[Series] = []
    for key, places in sorted(by_treatment.items(), key=_first_place):
        each = Series(key, treatments.get(key)) if key else loose
        each.add_sessions([acts[place] for place in places.sessions])
        each.rank_bdks([acts[place] for place in places.bdks])
        if key:
            series.append(each)
    if loose.sessions or loose.bdks:
        _share_out(loose, series)
    bdks = sorted(place for places in by_treatment.values() for place in places.bdks)
    return Counting(
        tuple(series), loose, tuple([acts[place] for place in bdks]), tuple([acts[place] for place in isolated])
    )


def _sort_out(check: Check[Dossier], found: Batches) -> tuple[dict[str, _Places], list[int]]:
    """The places of the acts that count by treatment (`""`: none), and those of the isolated bilans."""
    by_treatment: dict[str, _Places] = {}
    isolated: list[int] = []
    for batch in found.batches:
        if is_credit(batch):
            continue
        for kind, places in _kinds(check, found, batch):
            if kind == "isolated":
                isolated.extend(places)
            elif kind:
                own = by_treatment.get(batch.treatment_id or "")
                if own is None:
                    own = by_treatment[batch.treatment_id or ""] = _Places()
                (own.sessions if kind == "session" else own.bdks).extend(places)
    for own in by_treatment.values():
        own.sessions.sort()
        own.bdks.sort()
    isolated.sort()
    return by_treatment, isolated


def _kinds(check: Check[Dossier], found: Batches, batch: Batch) -> Iterable[tuple[str, Sequence[int]]]:
    """The kind of the acts of a batch, or of each where it depends on their day."""
    places = batch.places
    if batch.letter in _ONLY_SESSIONS and batch.kind is None:
        return (("session", places),)
    kind = kind_of(check, found.acts[places[0]])
    if batch.letter != "AMK" or kind == kind_of(check, found.acts[places[-1]]):
        return ((kind, places),)  # AMK was left to the bilans once and for all
    return [(kind_of(check, found.acts[place]), (place,)) for place in places]


def counted(series: Series, first: int, last: int) -> list[Counted]:
    """The sessions of ranks `first` to `last`, as lines of the reasoning; the 120 last ones at most."""
    first = max(first, last - _MOST_COUNTED + 1, 1)
    return [
        Counted(rank, act.performed_on, cotation(act), evidence_of(act))
        for rank, act in enumerate(series.sessions[first - 1 : last], first)
    ]


def coming_days(check: Check[Dossier]) -> list[date]:
    """Days of the patient's booked appointments that are still to come."""
    if not check.subject.appointments:
        return []
    days = (each.starts_at.date() for each in check.subject.appointments if each.status in ("booked", "confirmed"))
    acts = check.subject.acts
    seen_today = bool(acts) and acts[-1].performed_on == check.as_of
    return sorted(day for day in days if day > check.as_of or (day == check.as_of and not seen_today))


def cotation(act: Act) -> str:
    """The cotation as written in France: `RAM 8,09`."""
    return f"{act.letter} {decimal_text(act.coefficient)}"


def decimal_text(number: Decimal) -> str:
    """A coefficient with a decimal comma, its digits kept."""
    return f"{number:f}".replace(".", ",")


def _credited(acts: Sequence[Act], credits: Sequence[Act]) -> frozenset[str]:
    """One equal act for each credited line: the credit takes it away."""
    gone: set[str] = set()
    credit_ids = {credit.id for credit in credits}
    for credit in credits:
        for act in acts:
            if (
                act.performed_on == credit.performed_on
                and act.letter == credit.letter
                and act.coefficient == credit.coefficient
                and act.practitioner_id == credit.practitioner_id
                and act.id not in gone
                and act.id not in credit_ids
            ):
                gone.add(act.id)
                break
    return frozenset(gone)


def kind_of(check: Check[Dossier], act: Act) -> str:
    """What an act counts as: `session`, `bdk`, `isolated`, or `""`, which is not counted."""
    letter = act.letter
    if letter not in KINE_SESSION_LETTERS:
        named = act.kind == "session" and letter not in NURSE_ACT_LETTERS and act.treatment_id is not None
        return "session" if named else ""
    if is_bdk(act) or (letter == "AMK" and act.coefficient in HALVED_BDK and act.kind != "session"):
        return "bdk"
    kind = act_kind(act)
    if kind == "session":
        return "session"
    if kind == "assessment" and letter == "AMK" and act.coefficient in ISOLATED_ASSESSMENTS:
        if act.kind is None and not check.tariffs.complete("AMK", act.performed_on):
            return "session"  # until AMK was left to the bilans, AMK 8,5 and 10 billed sessions far more often
        return "isolated"
    return ""


def _same_bdk(first: Act, second: Act) -> bool:
    """Whether two lines are one bilan in two invoices, which is another rule's question."""
    return (
        first.performed_on == second.performed_on
        and first.practitioner_id == second.practitioner_id
        and first.letter == second.letter
        and first.coefficient == second.coefficient
        and first.invoice_id is not None
        and second.invoice_id is not None
        and first.invoice_id != second.invoice_id
    )


def _share_out(loose: Series, known: Sequence[Series]) -> None:
    """Tell each treatment which acts without treatment may be its own."""
    for series in known:
        start = date.min if series.treatment is None else series.treatment.started_on
        end = series.ended_on or date.max
        series.loose_sessions = [act for act in loose.sessions if start <= act.performed_on <= end]
        series.loose_bdks = [bdk.act for bdk in loose.bdks if start <= bdk.act.performed_on <= end]


def _in_order(act: Act) -> tuple[date, time, str]:
    return act.performed_on, act.started_at or time.min, act.id


def kine_sessions(counting: Counting) -> Iterator[Act]:
    """Every counted session of the dossier, whatever its treatment."""
    for series in (*counting.series, counting.loose):
        yield from series.sessions
