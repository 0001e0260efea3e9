"""What a check answers: findings, what could not be determined, what was refused.

The JSON form of these is the contract of `connector check --json` (schema 1), documented in
`docs/vendor/common-model.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector_core.model.values import Provenance
from connector_core.model.vocabulary import Severity

ParameterValue = int | Decimal | str | bool | date
"""What a parameter holds."""
WrittenValue = int | str | bool
"""The same as it is written: decimals and dates as text."""


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """The record a question is about (`treatment`, `act`, `invoice` …), or `practitioner_day`, `practice` …"""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record that was read to conclude, and where it came from."""

    kind: str
    id: str
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class ParameterRead:
    """A dated parameter value that was read, with the text it comes from; `note` when it is carried or overridden."""

    name: str
    value: WrittenValue
    since: date
    reference: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of the reasoning behind a finding: what was counted, in order. Shown by `connector explain`."""

    rank: int | None
    on: date
    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to do or to know, with everything needed to believe it.

    `amount` is the money at stake in euros; `due_on` the day from which to act; `deadline` the last day on which acting
    still helps. `fingerprint` is the same for the same data and the same question. `also` names less specific rules
    that describe the same fault. `derived` says how the treatment in question was put together, where no source gives
    any. `claimable_until` is the last day on which payment of the care it is about may be asked for, where it says that
    the care is billed wrongly; what is found after it is past mending.
    """

    rule: str
    severity: Severity
    subject: SubjectRef
    patient_id: str | None
    message: str
    action: str
    amount: Decimal | None
    due_on: date | None
    deadline: date | None
    evidence: tuple[Evidence, ...]
    parameters: tuple[ParameterRead, ...]
    fingerprint: str
    also: tuple[str, ...] = ()
    counted: tuple[Counted, ...] = ()
    derived: tuple[str, ...] = ()
    claimable_until: date | None = None


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A question that could not be answered, and what is missing to answer it."""

    rule: str
    subject: SubjectRef
    missing: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A row or a file that was refused; the bad part is kept aside. `reason` contains no value."""

    provenance: Provenance
    reason: str


def written(value: ParameterValue) -> WrittenValue:
    """A parameter's value as it is written in JSON."""
    match value:
        case bool() | int() | str():
            return value
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
