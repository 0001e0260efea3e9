"""What was missed over a period: the findings that the rules give on its last day, about what lies in it.

It says what was billed wrong and what it cost, never that it can still be billed. Pure: subjects and findings in, sums
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector_core.model.assemble import HAPPENED_ON
from connector_core.model.dossier import Dossier
from connector_core.model.finding import Finding
from connector_core.model.records import Record
from connector_core.model.vocabulary import Severity


@dataclass(slots=True)
class Missed:
    """One rule over the period: how many findings, and the money of those that have an amount."""

    rule: str
    severity: Severity
    findings: int = 0
    amount: Decimal = Decimal("0.00")


def within(findings: Iterable[Finding], dossier: Dossier, first: date, last: date) -> list[Finding]:
    """The findings about what lies in a period: by the day from which to act, else by the latest record shown."""
    days = _days(dossier)
    return [each for each in findings if (day := _day(each, days)) is not None and first <= day <= last]


def sums(findings: Iterable[Finding]) -> list[Missed]:
    """What was missed, rule by rule, the most money first. Information is left out: nothing was lost by it."""
    found: dict[tuple[str, Severity], Missed] = {}
    for each in findings:
        if each.severity == "info":
            continue
        missed = found.setdefault((each.rule, each.severity), Missed(each.rule, each.severity))
        missed.findings += 1
        missed.amount += each.amount or 0
    return sorted(found.values(), key=lambda missed: (-missed.amount, missed.rule))


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


def _days(dossier: Dossier) -> Mapping[tuple[str, str], date]:
    days: dict[tuple[str, str], date] = {}
    for kind in _KINDS:
        records: tuple[Record, ...] = getattr(dossier, kind)
        for record in records:
            day = getattr(record, HAPPENED_ON[record.record])
            if isinstance(day, date):
                days[record.record, record.id] = day
    return days


def _day(finding: Finding, days: Mapping[tuple[str, str], date]) -> date | None:
    if finding.due_on is not None:
        return finding.due_on
    shown = [days[each.kind, each.id] for each in finding.evidence if (each.kind, each.id) in days]
    return max(shown, default=days.get((finding.subject.kind, finding.subject.id)))
