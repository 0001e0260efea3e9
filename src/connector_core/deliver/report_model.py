"""What the practice's report shows, before any format: plain values, no store, no file.

It holds names and birth dates, since it is written for the practice's own eyes. Nothing of it is ever logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from connector_core.deliver.json_report import Answered
from connector_core.deliver.motifs import MotifCount, counted_since
from connector_core.deliver.rule_page import RulePage
from connector_core.deliver.sections import Section
from connector_core.model.finding import Finding
from connector_core.model.vocabulary import Sex
from connector_core.money.figures import Figures
from connector_core.store.files import FileState

SourceAlert = Literal["silent", "unread", "partial"]
"""A source that has given nothing for too long, whose last file could not be read, or was read in part."""


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as the report names them."""

    patient_id: str
    name: str
    birth_date: date | None
    sex: Sex | None = None

    @property
    def born(self) -> str:
        """« né », « née », or both where nothing tells."""
        return {"F": "née", "M": "né", None: "né(e)"}[self.sex]


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One record behind a finding: what it is, and the place in the original file where it stands."""

    what: str
    on: date | None
    letter: str | None
    coefficient: Decimal | None
    amount: Decimal | None
    practitioner: str | None
    file: str | None
    place: str | None
    patient: str | None = None
    """Who it is about, in a finding that is about several people."""


@dataclass(frozen=True, slots=True)
class CountedLine:
    """One line of a count of sessions, with its place in the original file."""

    rank: int | None
    on: date
    text: str
    place: str | None


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A text that a finding rests on: what was read of it (label and value), and since when that holds."""

    values: tuple[tuple[str, str], ...]
    since: date
    reference: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A finding as the report shows it; `person` is None when it is about the practice or a practitioner's day."""

    finding: Finding
    section: Section
    title: str
    reference: str
    deadline: date | None
    opened_on: date
    person: Person | None
    practitioner: str | None
    evidence: tuple[EvidenceLine, ...]
    counted: tuple[CountedLine, ...]
    basis: tuple[LegalBasis, ...]

    @property
    def amount(self) -> Decimal:
        return self.finding.amount or Decimal(0)


@dataclass(frozen=True, slots=True)
class PatientPart:
    """A patient with everything found about them, the most urgent first."""

    person: Person
    items: tuple[Item, ...]
    at_stake: Decimal
    owed: Decimal


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """The money of one section, by what threatens it."""

    name: str
    count: int
    reject: Decimal
    revenue: Decimal
    info: Decimal

    @property
    def total(self) -> Decimal:
        return self.reject + self.revenue + self.info


@dataclass(frozen=True, slots=True)
class Money:
    """`at_stake` is what acting now protects: rejects and revenue, without what is lost (bilans, and claims
    past their last day: `expired`), what can no longer be billed anew (`past`) and sessions not done yet.

    An act flagged by several rules counts once, with its largest amount.
    """

    at_stake: Decimal
    reject: Decimal
    revenue: Decimal
    owed: Decimal
    lost: Decimal
    expired: Decimal
    past: Decimal
    resumable: Decimal
    by_section: tuple[MoneyLine, ...]


@dataclass(frozen=True, slots=True)
class UndeterminedGroup:
    """A question that could not be answered, for how many subjects, and what is missing, in words."""

    rule: str
    title: str
    missing: str
    count: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedGroup:
    """Rows of one file that were refused for one reason. Their content is never here."""

    source: str
    file: str
    reason: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceState:
    """How fresh a source is: its last file, what it brought, and what is wrong with it."""

    label: str
    files: int
    rows: int
    refused: int
    last_file: str | None
    last_rows: int
    last_at: datetime | None
    state: FileState | None
    alert: SourceAlert | None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the report shows. `items` holds every open finding once, in the order of urgency.

    `pages` are those of the rules, to which the report leads; `figures` those of the last twelve months, None where
    they were not made; `knows_acts` whether any source gives acts; `notices` what is to be known of our own data
    (French sentences).
    """

    practice: str
    as_of: date
    made_at: datetime
    items: tuple[Item, ...]
    urgent: tuple[Item, ...]
    patients: tuple[PatientPart, ...]
    money: Money
    undetermined: tuple[UndeterminedGroup, ...]
    refused: tuple[RefusedGroup, ...]
    sources: tuple[SourceState, ...]
    dismissed: int
    answered: Answered
    pages: tuple[RulePage, ...] = ()
    figures: Figures | None = None
    knows_acts: bool = True
    notices: tuple[str, ...] = ()

    @property
    def has_read(self) -> bool:
        """Whether any line was ever read: where none was, the silence of the report says nothing of the practice."""
        return any(source.rows for source in self.sources)

    @property
    def motifs(self) -> tuple[MotifCount, ...]:
        """What payers rejected for, from `motifs_since` on."""
        return self.answered.motifs

    @property
    def motifs_since(self) -> date:
        return counted_since(self.as_of)

    def section(self, section: Section) -> tuple[Item, ...]:
        """The findings of one part of the report."""
        return tuple(item for item in self.items if item.section == section)

    def unnamed(self) -> tuple[Item, ...]:
        """The findings about no patient in particular."""
        return tuple(item for item in self.items if item.person is None)
