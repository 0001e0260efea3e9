"""The money that acting now protects, by one definition for the page, the workbook, the notices and the commands."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from connector_core.deliver.sections import Section
from connector_core.model.finding import Finding

NOT_AT_STAKE: frozenset[Section] = frozenset({"bilan_lost", "claim_lost", "lost_sight", "past", "unpaid"})
"""Sections whose money is told apart: gone, not earned yet, or already billed."""


def at_stake(findings: Iterable[tuple[Finding, Section]]) -> dict[str, Decimal]:
    """Amounts in euros by fingerprint of findings with their sections: rejects and revenue alone, an act that several
    rules flag once, with the largest amount."""
    counted: dict[str, Decimal] = {}
    largest: dict[str, tuple[Decimal, str]] = {}
    for finding, section in findings:
        if finding.severity == "info" or not finding.amount or section in NOT_AT_STAKE:
            continue
        if finding.subject.kind == "act":
            had = largest.get(finding.subject.id)
            if had is None or finding.amount > had[0]:
                largest[finding.subject.id] = (finding.amount, finding.fingerprint)
        else:
            counted[finding.fingerprint] = finding.amount
    counted.update({fingerprint: amount for amount, fingerprint in largest.values()})
    return counted
