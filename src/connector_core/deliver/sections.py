"""Where a finding belongs in the report, and how urgent it is. Pure functions of the finding and the day.

Urgency compares, in this order:

1. the days left to act: the deadline counted from today (a passed one counts as today), for deadlines within two weeks;
   a bilan to do that no appointment dates is due at the patient's next session, hence today. Everything else waits;
2. the severity: a reject, then revenue, then information;
3. the money, the larger first.

A lost bilan, a claim past its last day or care that can no longer be billed anew is never urgent, and comes last:
nothing can be done about it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from connector_core.deliver.answer import SEVERITY_ORDER
from connector_core.deliver.french import short_day
from connector_core.model.finding import Finding
from connector_core.model.vocabulary import Severity

Section = Literal[
    "bilan_todo",
    "bilan_to_bill",
    "coding",
    "payer_reject",
    "payment",
    "to_invoice",
    "soon",
    "unpaid",
    "lost_sight",
    "verify",
    "bilan_lost",
    "claim_lost",
    "past",
]
"""The parts of the report, in their order on the page."""

Urgency = tuple[int, int, Decimal, str, str, str]

_HORIZON_DAYS = 14
_THRESHOLD_RULES = frozenset({"KINE-BILAN-30", "KINE-BILAN-60"})
_DUE_RULES = _THRESHOLD_RULES | {"KINE-BILAN-INITIAL-MANQUANT"}
_BY_RULE: Mapping[str, Section] = {
    "SUIVI-IMPAYE": "unpaid",
    "SUIVI-REJET-NONTRAITE": "payer_reject",
    "SUIVI-FACTURE-RETARD": "to_invoice",
    "SUIVI-ORDO-FIN": "soon",
    "TT-FORCLUSION-27": "claim_lost",
    "TT-FORCLUSION-MAL": "claim_lost",
    "TT-FORCLUSION-AT": "claim_lost",
}
_BY_FAMILY: Mapping[str, Section] = {"TT": "payment"}
_LOST_SECTIONS: frozenset[Section] = frozenset({"bilan_lost", "claim_lost", "past"})
_NOT_URGENT: frozenset[Section] = _LOST_SECTIONS | {"verify"}
_MOST_OF_A_RULE = 2
"""Findings of one rule among those to begin with, as long as there are others: what a whole export lacks is told of
many patients, and would hide the rest."""
_LOST = "perdu pour "
"""How the rules on bilans begin to say that a bilan can no longer be billed."""
_IF_DONE = "facturez le bilan s'il a été fait"
_ONCE_PAST: Mapping[Section, Section] = {"coding": "past", "bilan_to_bill": "bilan_lost"}
"""Where what asks for a bill, or for another one, is shown once payment of the care can no longer be asked for."""


def section_of(finding: Finding, as_of: date) -> Section:
    """The one part of the report that shows a finding; a rule nobody foresaw is shown by its severity."""
    section = _in_time(finding, as_of)
    return _ONCE_PAST.get(section, section) if _is_past(finding, as_of) else section


def as_told(finding: Finding, as_of: date) -> Finding:
    """The finding as it is told on a day: without asking for a bill where it is too late for one."""
    section, last = _in_time(finding, as_of), finding.claimable_until
    if last is None or not _is_past(finding, as_of) or section not in _ONCE_PAST:
        return finding
    so = "Rien à refacturer" if section == "coding" else "Perdu pour la facturation"
    action = f"{so} : le dernier jour pour demander le paiement de ces soins ({short_day(last)}) est passé."
    return replace(finding, action=action)


def _is_past(finding: Finding, as_of: date) -> bool:
    last = finding.claimable_until
    return last is not None and max(last, finding.deadline or last) < as_of


def _in_time(finding: Finding, as_of: date) -> Section:
    if finding.rule in _DUE_RULES and finding.severity != "info":
        return _due_bilan(finding)
    if finding.rule in _THRESHOLD_RULES:
        # One to prepare lies ahead and has a price; one billed late, or twice, has the day it was billed and no price.
        ahead = finding.amount is not None or finding.due_on is None or finding.due_on > as_of
        return "soon" if ahead else "verify"
    if finding.rule == "SUIVI-PERDU":
        return "verify" if finding.severity == "info" else "lost_sight"
    return _known(finding.rule) or ("verify" if finding.severity == "info" else "coding")


def sections_of(rule: str, severity: Severity) -> tuple[Section, ...]:
    """The parts of the report for what a rule finds when it is sure; what it doubts is shown in `verify`.

    `severity` is the heaviest that the rule raises.
    """
    if rule in _DUE_RULES:
        ahead: tuple[Section, ...] = ("soon",) if rule in _THRESHOLD_RULES else ()
        return ("bilan_todo", "bilan_to_bill", *ahead, "bilan_lost")
    if rule == "SUIVI-PERDU":
        return ("lost_sight",)
    section: Section = _known(rule) or ("verify" if severity == "info" else "coding")
    return (section, _ONCE_PAST[section]) if section in _ONCE_PAST else (section,)


def _known(rule: str) -> Section | None:
    return _BY_RULE.get(rule) or _BY_FAMILY.get(family(rule))


def _due_bilan(finding: Finding) -> Section:
    action = finding.action.casefold()
    if any(evidence.kind == "assessment" for evidence in finding.evidence) or _IF_DONE in action:
        return "bilan_to_bill"
    return "bilan_lost" if _LOST in action else "bilan_todo"


def act_by(finding: Finding, as_of: date) -> date | None:
    """The last day on which acting surely still helps, as far as it is known."""
    if section_of(finding, as_of) == "bilan_todo":
        return as_of if finding.deadline is None else max(finding.deadline, as_of)
    return finding.deadline


def urgency(finding: Finding, as_of: date) -> Urgency:
    """The smaller, the more urgent: sorts findings as described above."""
    last_day = act_by(finding, as_of)
    left = _HORIZON_DAYS + 1
    if section_of(finding, as_of) in _LOST_SECTIONS:
        left += 1
    elif last_day is not None:
        left = min(max((last_day - as_of).days, 0), left)
    subject = finding.subject
    money = -(finding.amount or Decimal(0))
    return left, SEVERITY_ORDER[finding.severity], money, finding.rule, subject.id, finding.fingerprint


def by_urgency(findings: Iterable[Finding], as_of: date) -> list[Finding]:
    return sorted(findings, key=lambda each: urgency(each, as_of))


def urgent(findings: Iterable[Finding], n: int, as_of: date) -> tuple[Finding, ...]:
    """The `n` findings to begin with: those about which something can be done, the most urgent first.

    Of several findings of one rule about one patient only the first is named, and of one rule two, as long as others
    fill the rest.
    """
    useful = (each for each in findings if section_of(each, as_of) not in _NOT_URGENT)
    first: dict[tuple[str, str], Finding] = {}
    for each in by_urgency(useful, as_of):
        first.setdefault((each.rule, each.patient_id or each.fingerprint), each)
    told: Counter[str] = Counter()
    chosen: list[Finding] = []
    spare: list[Finding] = []
    for each in first.values():
        told[each.rule] += 1
        (chosen if told[each.rule] <= _MOST_OF_A_RULE else spare).append(each)
    return tuple(by_urgency([*chosen, *spare][:n], as_of))


def family(rule: str) -> str:
    """The family of a rule's code, as `Rule.family`, for rules that are no longer there too."""
    head, _, tail = rule.partition("-")
    return head if head in {"SUIVI", "TT", "FIN", "ID"} else f"{head}-{tail.partition('-')[0]}"
