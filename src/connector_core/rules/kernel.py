"""The rule kernel: what a rule is, what it may answer, and how it is asked.

A rule is a pure function of one subject and a `Check` (the day asked about, the dated parameters, facts shared between
the rules of one subject). It yields `Flag`s and `Gap`s; the kernel turns them into findings and undetermined answers.

Promises kept here:

* An exception inside a rule is confined to (rule, subject): it becomes an undetermined answer, the other rules run.
* Every parameter a rule reads is in its findings, with value, date and reference.
* One fault gives one finding: where several rules of a precedence chain flag the same fault, the most specific wins and
  names the others in `also`.
* The same subject, parameters and day always give the same findings with the same fingerprints.
* A finding about a treatment that no source gives says how the treatment was put together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from connector_core.model.dossier import Derived, Dossier, HouseholdDay, Practice, PractitionerDay, SentLot, Subject
from connector_core.model.finding import (
    Counted,
    Evidence,
    Finding,
    ParameterRead,
    ParameterValue,
    SubjectRef,
    Undetermined,
)
from connector_core.model.records import KINDS, Record, field_names
from connector_core.model.vocabulary import Severity
from connector_core.parameters.motifs import RejectMotifs, load_motifs
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.parameters.values import Known, Unknown
from connector_core.rules.claimable import claimable_until

SubjectKind = Literal["dossier", "practitioner_day", "household_day", "lot", "practice"]
RuleConfidence = Literal["S", "S+C", "C", "D", "T", "M", "U"]
"""Confidence of the catalogue: S source, C confirmed, D derived, T third party, M from memory, U uncertain."""

S = TypeVar("S", Dossier, PractitionerDay, HouseholdDay, SentLot, Practice)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flag:
    """What a rule says is wrong, due, or worth knowing.

    `subject` is the record the question is about; `fault` identifies the fault among those of one subject (an act id, a
    threshold), so that the fingerprint stays the same from day to day; by default the subject is the fault.
    `severity` replaces the rule's own where the catalogue gives several.
    """

    subject: Record | SubjectRef
    message: str
    action: str
    severity: Severity | None = None
    fault: str = ""
    amount: Decimal | None = None
    due_on: date | None = None
    deadline: date | None = None
    evidence: Sequence[Record] = ()
    counted: Sequence[Counted] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that can't be answered; `missing` names fields (`"act.letter"`), records or parameters."""

    subject: Record | SubjectRef
    missing: tuple[str, ...]
    reason: str


Answer = Flag | Gap


class ParameterUnknown(Exception):
    """Raised by `Check.value` when a parameter has no value on a day; the kernel turns it into an undetermined
    answer."""

    def __init__(self, unknown: Unknown) -> None:
        self.unknown = unknown
        super().__init__(unknown.name)


Reads = dict[int, ParameterRead]
"""What was read, by identity: the same value is read by the thousand, and hashing it would cost more than reading."""


@dataclass(slots=True)
class Check(Generic[S]):
    """One subject being asked about, on one day.

    `as_of` is the day asked about. A rule that compares `as_of` with a later day says so with `wake`, so that the
    subject is asked again on that day even when no new data arrives. `motifs` are those that ship, unless the practice
    has its own.
    """

    subject: S
    as_of: date
    parameters: ParameterSet
    tariffs: Tariffs
    motifs: RejectMotifs = field(default_factory=load_motifs)
    wakes: set[date] = field(default_factory=set)
    _reads: Reads = field(default_factory=dict)
    _cited: list[ParameterRead] = field(default_factory=list)
    _facts: dict[object, tuple[object, Reads]] = field(default_factory=dict)

    def number(self, name: str, on: date | None = None) -> int:
        """An integer parameter on a day (by default the day asked about)."""
        value = self._value(name, on)
        if not isinstance(value, int):
            raise TypeError(f"{name} is not an integer")
        return value

    def decimal(self, name: str, on: date | None = None) -> Decimal:
        """A decimal parameter (a coefficient, money in euros, a rate) on a day."""
        value = self._value(name, on)
        if isinstance(value, Decimal):
            return value
        if isinstance(value, int):
            return Decimal(value)
        raise TypeError(f"{name} is not a decimal")

    def day(self, name: str, on: date | None = None) -> date:
        """A date parameter."""
        value = self._value(name, on)
        if not isinstance(value, date):
            raise TypeError(f"{name} is not a date")
        return value

    def text(self, name: str, on: date | None = None) -> str:
        """A text parameter (a lettre-clé, a list of words) on a day."""
        value = self._value(name, on)
        if not isinstance(value, str):
            raise TypeError(f"{name} is not a text")
        return value

    def _value(self, name: str, on: date | None) -> ParameterValue:
        answer = self.parameters.on(name, self.as_of if on is None else on)
        if isinstance(answer, Unknown):
            raise ParameterUnknown(answer)
        self._reads[id(answer.read)] = answer.read
        return answer.value

    def numbers(self, names: tuple[str, ...], on: date) -> tuple[int, ...]:
        """Several integer parameters on a day, as `number` would give them one after the other."""
        joint = self.parameters.integers_on(names, on)
        if joint is None:
            return tuple([self.number(name, on) for name in names])
        self._reads.update(joint.reads)
        return joint.values

    def peek(self, name: str, on: date) -> ParameterValue | None:
        """A parameter on a day, None when it is unknown, without it being named in the next flag.

        Only for a quick look that spares a rule where it has nothing to say; what is said rests on `number` and the
        like.
        """
        answer = self.parameters.on(name, on)
        return answer.value if isinstance(answer, Known) else None

    def cite(self, read: ParameterRead) -> None:
        """Name what was read elsewhere (a tariff row) for the next flag alone."""
        self._cited.append(read)

    def derive(self, function: Callable[[Check[S]], T]) -> T:
        """A fact derived from the subject, computed once and shared by its rules."""
        known = self._facts.get(function)
        if known is None:
            reads, self._reads = self._reads, {}
            try:
                known = self._facts[function] = function(self), self._reads
            finally:
                self._reads = reads
        if known[1]:
            self._reads.update(known[1])
        return known[0]  # type: ignore[return-value]  # keyed by the function that made it

    def about(self, subject: Dossier) -> Check[Dossier]:
        """The same question about the dossier of one of several people; its facts and what they read are its own."""
        return Check(subject, self.as_of, self.parameters, self.tariffs)

    def reached(self, day: date) -> bool:
        """Whether `day` is today or past; if not, the subject will be asked again on it."""
        if day <= self.as_of:
            return True
        self.wakes.add(day)
        return False

    def forget(self) -> None:
        """What one rule read is not what the next one reads."""
        self._reads.clear()
        self._cited.clear()

    def reads(self) -> tuple[ParameterRead, ...]:
        """The parameters read so far, with the rows named since the last answer."""
        reads = tuple(sorted({*self._reads.values(), *self._cited}, key=_read_order))
        self._cited.clear()
        return reads


def _read_order(read: ParameterRead) -> tuple[str, date, str]:
    return read.name, read.since, read.note or ""


RuleFunction = Callable[[Check[S]], Iterable[Answer]]

_READABLE = frozenset(KINDS) | {
    f"{name}.{field}" for name, kind in KINDS.items() for field in field_names(kind) if field != "id"
}
"""What `needs` may name."""


@dataclass(frozen=True)
class Rule(Generic[S]):
    """A rule with everything a person needs to judge it.

    `needs` names the fields of records that the rule reads (`"act.letter"`), itself or in the facts that it shares with
    other rules, and a kind alone (`"bsi"`) where all it asks of one is whether there is any. Identity goes without
    saying: `id`, `record` and `provenance` are not named. `connector_core.testing.needs` tells what a rule read.

    `severity` is the heaviest it can raise. `rests_on` lists what a source must cover for absence to mean anything
    (`"appointment"`, `"assessment.summary_sent_on"`); where no source does, the rule is undetermined for the practice.
    `version` is raised when a change of the rule should resurface dismissed findings.

    `letters`, for a rule about a dossier or the day of a household, lists the lettres-clés without which the rule has
    nothing to say: no finding, no undetermined answer, no day to be asked again. A dossier that has none of them is
    spared the rule. Where it is left out, the rule is asked about every dossier; about a household it may not be.
    """

    code: str
    subject: SubjectKind
    severity: Severity
    reference: str
    confidence: RuleConfidence
    function: RuleFunction[S]
    needs: frozenset[str]
    rests_on: tuple[str, ...] = ()
    version: int = 1
    letters: frozenset[str] = frozenset()

    def concerns(self, letters: frozenset[str]) -> bool:
        """Whether the rule may have something to say of a dossier whose acts have these letters."""
        return not self.letters or not self.letters.isdisjoint(letters)

    @property
    def family(self) -> str:
        head, _, tail = self.code.partition("-")
        return head if head in {"SUIVI", "TT", "FIN", "ID"} else f"{head}-{tail.partition('-')[0]}"

    @property
    def documentation(self) -> str:
        return self.function.__doc__ or ""

    @property
    def title(self) -> str:
        """What the rule says, in one sentence."""
        return self.documentation.strip().partition("\n")[0]


AnyRule = Rule[Dossier] | Rule[PractitionerDay] | Rule[HouseholdDay] | Rule[SentLot] | Rule[Practice]


def rule(
    code: str,
    *,
    subject: SubjectKind,
    severity: Severity,
    reference: str,
    confidence: RuleConfidence,
    needs: Iterable[str],
    rests_on: tuple[str, ...] = (),
    version: int = 1,
    letters: Iterable[str] = (),
) -> Callable[[RuleFunction[S]], Rule[S]]:
    """Make a rule of a function. The function's docstring is the rule's text, under the fixed French headings."""
    read, needed = frozenset(needs), frozenset(letters)
    if not read <= _READABLE:
        raise ValueError(f"{code}: the model has nothing called {', '.join(sorted(read - _READABLE))}")
    if needed and subject not in ("dossier", "household_day"):
        raise ValueError(f"{code}: only a rule about a dossier may name the letters it needs")
    if subject == "household_day" and not needed:
        raise ValueError(f"{code}: a rule about a household must name the letters it needs")

    def make(function: RuleFunction[S]) -> Rule[S]:
        return Rule(code, subject, severity, reference, confidence, function, read, rests_on, version, needed)

    return make


@dataclass(frozen=True, slots=True)
class Verdict:
    """All answers about one subject, and the next day on which they may change without new data."""

    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    wake_on: date | None


def fingerprint(code: str, subject: SubjectRef, fault: str) -> str:
    """Identity of a finding across days and runs: the rule, the subject and the fault, and nothing that changes."""
    text = "\x1f".join((code, subject.kind, subject.id, fault))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def subject_kind(subject: Subject) -> SubjectKind:
    """What a rule about this subject says that it is about."""
    match subject:
        case Dossier():
            return "dossier"
        case PractitionerDay():
            return "practitioner_day"
        case HouseholdDay():
            return "household_day"
        case SentLot():
            return "lot"
        case Practice():
            return "practice"


def subject_ref(subject: Record | SubjectRef) -> SubjectRef:
    return subject if isinstance(subject, SubjectRef) else SubjectRef(subject.record, subject.id)


def evidence_of(record: Record) -> Evidence:
    return Evidence(record.record, record.id, record.provenance)


def judge(rules: Sequence[Rule[S]], check: Check[S], chains: Mapping[str, tuple[int, int]]) -> Verdict:
    """Ask every rule about one subject.

    `chains` gives, for a code, its precedence chain and its rank in it (0 is the most specific).
    """
    raised: list[tuple[Flag, Finding]] = []
    gaps: list[Undetermined] = []
    for each in rules:
        try:
            for answer in each.function(check):
                if isinstance(answer, Flag):
                    raised.append((answer, _finding(each, answer, check.reads(), check)))
                else:
                    gaps.append(Undetermined(each.code, subject_ref(answer.subject), answer.missing, answer.reason))
        except ParameterUnknown as failure:
            unknown = failure.unknown
            gaps.append(Undetermined(each.code, _whole(check.subject), (unknown.name,), unknown.reason))
        except Exception as failure:  # noqa: BLE001  # confined here, as promised above; the type alone is safe to show
            reason = f"la règle a échoué ({type(failure).__name__}) ; signalez-le à l'éditeur"
            gaps.append(Undetermined(each.code, _whole(check.subject), (), reason))
        if check._reads or check._cited:
            check.forget()
    findings = _most_specific(raised, chains) if len(raised) > 1 else [finding for _, finding in raised]
    return Verdict(tuple(findings), tuple(gaps), min(check.wakes, default=None))


def _finding(rule: Rule[S], flag: Flag, reads: tuple[ParameterRead, ...], check: Check[S]) -> Finding:
    subject: Subject = check.subject
    about = subject_ref(flag.subject)
    derived: list[Derived] = _derived(subject, about, flag)
    if derived:
        reads = tuple(sorted({*reads, *(read for how in derived for read in how.reads)}, key=_read_order))
    severity = flag.severity or rule.severity
    until: date | None = None
    if severity != "info":
        until = claimable_until(rule.family, (flag.subject, *flag.evidence), flag.due_on, check.parameters)
    return Finding(
        rule=rule.code,
        severity=severity,
        subject=about,
        patient_id=_patient_of(subject, flag),
        message=flag.message,
        action=flag.action,
        amount=flag.amount,
        due_on=flag.due_on,
        deadline=flag.deadline,
        evidence=tuple(evidence_of(record) for record in flag.evidence),
        parameters=reads,
        fingerprint=fingerprint(rule.code, about, flag.fault),
        counted=tuple(flag.counted),
        derived=tuple(step for how in derived for step in how.steps),
        claimable_until=until,
    )


def _derived(subject: Subject, about: SubjectRef, flag: Flag) -> list[Derived]:
    """How the treatments that a finding speaks of were put together: of its subject, or of the sessions it counts."""
    if not isinstance(subject, Dossier) or not subject.derived:
        return []
    if about.kind == "treatment":
        named = {about.id}
    elif flag.counted:
        shown = {(line.evidence.kind, line.evidence.id) for line in flag.counted}
        named = {act.treatment_id or "" for act in subject.acts if ("act", act.id) in shown}
    else:
        return []
    return [how for name, how in subject.derived.items() if name in named]


def _patient_of(subject: Subject, flag: Flag) -> str | None:
    """The patient that a finding is about: of several people of one home, the one whose record is flagged."""
    match subject:
        case Dossier(patient_id=patient_id):
            return patient_id
        case HouseholdDay():
            return getattr(flag.subject, "patient_id", None)
        case _:
            return None


def _most_specific(raised: list[tuple[Flag, Finding]], chains: Mapping[str, tuple[int, int]]) -> list[Finding]:
    """Of the findings of one chain about one fault, keep the most specific and let it name the others."""
    kept: list[Finding] = []
    places: dict[tuple[int, str, str, str], int] = {}
    for flag, finding in raised:
        chain = chains.get(finding.rule)
        if chain is None:
            kept.append(finding)
            continue
        key = (chain[0], finding.subject.kind, finding.subject.id, flag.fault)
        place = places.get(key)
        if place is None:
            places[key] = len(kept)
            kept.append(finding)
            continue
        had = kept[place]
        first, second = (finding, had) if chain[1] < chains[had.rule][1] else (had, finding)
        if first.rule != second.rule:
            others = {*first.also, second.rule, *second.also}
            first = replace(first, also=tuple(sorted(others, key=lambda code: chains[code][1])))
        kept[place] = first
    return kept


def _whole(subject: Subject) -> SubjectRef:
    match subject:
        case Dossier(patient_id=patient_id):
            return SubjectRef("patient", patient_id)
        case PractitionerDay(practitioner_id=practitioner_id, day=day):
            return SubjectRef("practitioner_day", f"{practitioner_id}/{day.isoformat()}")
        case HouseholdDay(household=household, day=day):
            return SubjectRef("household_day", f"{household}/{day.isoformat()}")
        case SentLot(lot=lot):
            return subject_ref(lot)
        case Practice():
            return SubjectRef("practice", "practice")
