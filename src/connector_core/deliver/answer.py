"""The object that `connector check --json` prints: schema 1, as `docs/vendor/common-model.md` describes it.

Pure. Amounts and coefficients are strings, dates are ISO, and the order is the same for the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from connector_core.model.finding import Counted, Evidence, Finding, ParameterRead, Reject, SubjectRef, Undetermined
from connector_core.model.values import Provenance
from connector_core.model.vocabulary import Severity

SCHEMA = 1

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What JSON can say, as far as we say it: no number with a fraction is among it."""

SEVERITY_ORDER: Mapping[Severity, int] = {"reject": 0, "revenue": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Size:
    """How much was looked at: it tells an empty answer from an empty export."""

    patients: int
    acts: int


def answer(
    as_of: date,
    findings: Iterable[Finding],
    undetermined: Iterable[Undetermined],
    rejects: Iterable[Reject],
    size: Size,
    motifs: Iterable[Mapping[str, Json]] = (),
) -> dict[str, Json]:
    """The contract object; `json.dumps(…, ensure_ascii=False)` makes the text of it. `motifs` say what payers rejected
    for."""
    found = [finding_to_json(each) for each in in_order(findings)]
    unknown = [_undetermined(each) for each in sorted(undetermined, key=_undetermined_order)]
    refused = [_reject(each) for each in rejects]
    return {
        "schema": SCHEMA,
        "as_of": as_of.isoformat(),
        "findings": found,
        "undetermined": unknown,
        "rejects": refused,
        "reject_motifs": list(motifs),
        "counts": {
            "patients": size.patients,
            "acts": size.acts,
            "findings": len(found),
            "undetermined": len(unknown),
            "rejects": len(refused),
        },
    }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, then the day from which to act (none last), the larger amount, the rule, the subject."""
    return sorted(findings, key=_order)


def finding_to_json(finding: Finding) -> dict[str, Json]:
    """One finding of the contract; `also`, `counted` and `derived` come after the documented keys."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "subject": _subject(finding.subject),
        "patient_id": finding.patient_id,
        "message": finding.message,
        "action": finding.action,
        "amount": decimal_text(finding.amount),
        "due_on": iso(finding.due_on),
        "deadline": iso(finding.deadline),
        "evidence": [_evidence(each) for each in finding.evidence],
        "parameters": [_parameter(each) for each in finding.parameters],
        "fingerprint": finding.fingerprint,
        "also": list(finding.also),
        "counted": [_counted(each) for each in finding.counted],
        "derived": list(finding.derived),
        "claimable_until": iso(finding.claimable_until),
    }


def decimal_text(amount: Decimal | None) -> str | None:
    """Money as text with its cents (`"23.65"`); None stays None."""
    return None if amount is None else f"{amount:.2f}"


def iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _order(finding: Finding) -> tuple[int, date, Decimal, str, str, str, str]:
    subject = finding.subject
    return (
        SEVERITY_ORDER[finding.severity],
        finding.due_on or date.max,
        -(finding.amount or Decimal(0)),
        finding.rule,
        subject.kind,
        subject.id,
        finding.fingerprint,
    )


def _undetermined_order(each: Undetermined) -> tuple[str, str, str, tuple[str, ...], str]:
    return each.rule, each.subject.kind, each.subject.id, each.missing, each.reason


def _subject(subject: SubjectRef) -> dict[str, Json]:
    return {"kind": subject.kind, "id": subject.id}


def _evidence(evidence: Evidence) -> dict[str, Json]:
    return {"kind": evidence.kind, "id": evidence.id, "provenance": _provenance(evidence.provenance)}


def _provenance(provenance: Provenance | None) -> dict[str, Json] | None:
    if provenance is None:
        return None
    return {"source": provenance.source, "sha256": provenance.sha256, "locator": provenance.locator}


def _parameter(read: ParameterRead) -> dict[str, Json]:
    written: dict[str, Json] = {
        "name": read.name,
        "value": read.value,
        "since": read.since.isoformat(),
        "reference": read.reference,
    }
    if read.note is not None:
        written["note"] = read.note
    return written


def _counted(line: Counted) -> dict[str, Json]:
    return {"rank": line.rank, "on": line.on.isoformat(), "text": line.text, "evidence": _evidence(line.evidence)}


def _undetermined(each: Undetermined) -> dict[str, Json]:
    return {"rule": each.rule, "subject": _subject(each.subject), "missing": list(each.missing), "reason": each.reason}


def _reject(reject: Reject) -> dict[str, Json]:
    return {"provenance": _provenance(reject.provenance), "reason": reject.reason}
