"""What becomes of a finding when its subject is asked again. Pure: what was known and what was found, in; rows, out.

A finding is open until its subject no longer gives it (resolved) or the practice dismisses it with a reason. A
dismissed finding resurfaces when what it says changes: its severity, its amount, its parameters, the version of its
rule. A resolved one that is found again is open again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from connector_core.model.finding import Finding
from connector_core.store.answers import FindingRow, FindingState, Life, encode_finding


@dataclass(slots=True)
class Changes:
    """What one check changed; `new` and `resurfaced` are open again or for the first time."""

    new: list[str] = field(default_factory=list)
    resurfaced: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.resurfaced or self.changed or self.resolved)


@dataclass(frozen=True, slots=True)
class Advance:
    """What to write after a subject was asked: rows to keep, fingerprints that are resolved."""

    rows: tuple[FindingRow, ...]
    resolved: tuple[str, ...]


def digest(finding: Finding, rule_version: int) -> str:
    """What a person judged when dismissing a finding; when it changes, the dismissal no longer stands."""
    parameters = (f"{read.name}={read.value}@{read.since}" for read in finding.parameters)
    text = "\x1f".join((finding.severity, str(finding.amount), str(rule_version), *parameters))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def advance(
    owner: str,
    known: Mapping[str, Life],
    found: Iterable[Finding],
    versions: Mapping[str, int],
    today: date,
    changes: Changes,
) -> Advance:
    """Compare what a subject answers now with what is known of it."""
    on = today.isoformat()
    rows: list[FindingRow] = []
    present: set[str] = set()
    for finding in found:
        fingerprint = finding.fingerprint
        present.add(fingerprint)
        now = digest(finding, versions.get(finding.rule, 1))
        before = known.get(fingerprint)
        opened_on, reason = on, None
        state: FindingState = "open"
        if before is None:
            changes.new.append(fingerprint)
        elif before.digest != now or before.state == "resolved":
            (changes.changed if before.state == "open" else changes.resurfaced).append(fingerprint)
            opened_on = before.opened_on
        else:
            state, opened_on, reason = before.state, before.opened_on, before.reason
        body = encode_finding(finding)
        rows.append((fingerprint, owner, finding.rule, finding.severity, state, now, opened_on, on, reason, body))
    gone = [
        fingerprint for fingerprint, life in known.items() if fingerprint not in present and life.state != "resolved"
    ]
    changes.resolved.extend(gone)
    return Advance(tuple(rows), tuple(gone))
