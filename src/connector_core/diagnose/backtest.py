"""What was missed over a period: the findings that the rules give on its last day, about what lies in it.

It says what was billed wrong and what it cost, never that it can still be billed. Pure: subjects and findings in, sums
out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import assert_never

from connector_core.model.assemble import HAPPENED_ON
from connector_core.model.dossier import Dossier, HouseholdDay, Practice, PractitionerDay, SentLot, Subject
from connector_core.model.finding import Finding
from connector_core.model.records import Record
from connector_core.model.vocabulary import Severity

_NOTHING = Decimal("0.00")


@dataclass(slots=True)
class Missed:
    """One rule over the period: how many findings, and the money of those that have an amount."""

    rule: str
    severity: Severity
    findings: int = 0
    amount: Decimal = _NOTHING


@dataclass(frozen=True, slots=True)
class Backtest:
    """What was missed, rule by rule, the most money first.

    `revenue` and `reject` are the sums. An act that several rules flag counts once, with its largest amount; where two
    are equal, as a reject. In none of the sums: `undated`, the findings that nothing ties to a day (a wrong identity),
    and `dismissed`, those of the period that the practice has set aside.
    """

    missed: tuple[Missed, ...]
    revenue: Decimal
    reject: Decimal
    undated: int
    dismissed: int


def look_back(
    asked: Iterable[tuple[Subject, Iterable[Finding]]], first: date, last: date, dismissed: Collection[str] = ()
) -> Backtest:
    """What was missed from a day to another, both among them. Information is left out: nothing was lost by it.

    `dismissed` are the fingerprints of what the practice has set aside.
    """
    found: dict[tuple[str, Severity], Missed] = {}
    largest: dict[tuple[str, str], tuple[Decimal, Severity]] = {}
    undated = set_aside = 0
    for finding, day in _lost(asked):
        if day is None:
            undated += 1
        elif first <= day <= last and finding.fingerprint in dismissed:
            set_aside += 1
        elif first <= day <= last:
            missed = found.setdefault((finding.rule, finding.severity), Missed(finding.rule, finding.severity))
            missed.findings += 1
            missed.amount += finding.amount or 0
            _count_once(finding, largest)
    return Backtest(
        missed=tuple(sorted(found.values(), key=lambda missed: (-missed.amount, missed.rule, missed.severity))),
        revenue=_sum(largest, "revenue"),
        reject=_sum(largest, "reject"),
        undated=undated,
        dismissed=set_aside,
    )


def _lost(asked: Iterable[tuple[Subject, Iterable[Finding]]]) -> Iterator[tuple[Finding, date | None]]:
    """The findings that threaten money, each once and with its day. A home that two sources tell of is two subjects,
    of which the same is found."""
    told: set[str] = set()
    for subject, findings in asked:
        lost = [finding for finding in findings if finding.severity != "info" and finding.fingerprint not in told]
        told.update(finding.fingerprint for finding in lost)
        days = _days(subject) if lost else {}
        yield from ((finding, _day(finding, subject, days)) for finding in lost)


def _count_once(finding: Finding, largest: dict[tuple[str, str], tuple[Decimal, Severity]]) -> None:
    if not finding.amount:
        return
    about = finding.subject
    key = (about.kind, about.id) if about.kind == "act" else ("finding", finding.fingerprint)
    had = largest.get(key)
    if had is None or (finding.amount, finding.severity == "reject") > (had[0], had[1] == "reject"):
        largest[key] = finding.amount, finding.severity


def _sum(largest: Mapping[tuple[str, str], tuple[Decimal, Severity]], severity: Severity) -> Decimal:
    return sum((amount for amount, given in largest.values() if given == severity), _NOTHING)


_KINDS = (
    "prescriptions",
    "treatments",
    "acts",
    "assessments",
    "bsis",
    "prior_agreements",
    "invoices",
    "payer_returns",
    "patient_payments",
    "reminders",
    "quotes",
)


def _days(subject: Subject) -> Mapping[tuple[str, str], date]:
    """The days of what a finding about the subject may show."""
    match subject:
        case Dossier():
            records: list[Record] = [record for kind in _KINDS for record in getattr(subject, kind)]
        case Practice(invoices=invoices, payer_returns=returns) | SentLot(invoices=invoices, payer_returns=returns):
            records = [*invoices, *returns]
        case PractitionerDay() | HouseholdDay():
            return {}
        case _:
            assert_never(subject)
    days = {(record.record, record.id): getattr(record, HAPPENED_ON[record.record]) for record in records}
    return {key: day for key, day in days.items() if isinstance(day, date)}


def _day(finding: Finding, subject: Subject, days: Mapping[tuple[str, str], date]) -> date | None:
    """The day from which to act, else that of the subject, else of the latest record shown."""
    if finding.due_on is not None:
        return finding.due_on
    if isinstance(subject, PractitionerDay | HouseholdDay):
        return subject.day
    shown = [days[each.kind, each.id] for each in finding.evidence if (each.kind, each.id) in days]
    return max(shown, default=days.get((finding.subject.kind, finding.subject.id)))
