"""Where a nurse's faults are made: folders added to a practice, each with one fault and the findings it must give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.records import Bsi, Practitioner, Prescription, Record
from connector_core.model.vocabulary import Severity
from connector_core.testing.bench import Unplantable
from connector_core.testing.courses import ActDraft
from connector_core.testing.nurse_dependency import WORDS
from connector_core.testing.nurse_rounds import MORNING, Folder, Line, Rounds, open_folder
from connector_core.testing.practice import Planted

IFI, MAU, MCI, MD = Line("IFI"), Line("MAU"), Line("MCI"), Line("MD")
_FIRST_MONDAY = date(2026, 1, 12)
_MONDAYS = 8
"""Mondays of early 2026 on which faults begin: tariffs are known, and no public holiday is near."""


@dataclass(slots=True)
class NurseBench:
    """Adds patients to a practice. A fault function calls it and says what must be found."""

    rounds: Rounds
    number: int
    nurses: int
    records: list[Record] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    usual: str = ""
    """The nurse of every fault that needs no day of its own."""

    def __post_init__(self) -> None:
        self.usual = self.nurse()

    @property
    def today(self) -> date:
        return self.rounds.today

    def nurse(self) -> str:
        """A nurse of whom nobody was a patient yet."""
        self.nurses += 1
        found: Practitioner = self.rounds.nurse(self.nurses)
        self.records.append(found)
        return found.id

    def folder(
        self, ages: tuple[int, int] = (30, 64), *, since: date | None = None, nurse: str | None = None
    ) -> Folder:
        """A further patient, seen from a Monday on."""
        if since is None:
            since = _FIRST_MONDAY + timedelta(weeks=self.rounds.random.randrange(_MONDAYS))
        if since + timedelta(days=40) > self.today:
            raise Unplantable
        self.number += 1
        return open_folder(self.rounds, self.number, nurse or self.usual, since, ages)

    def dependent(
        self, *, since: date | None = None, hem: str = "321", ages: tuple[int, int] = (66, 86)
    ) -> tuple[Folder, Prescription, Bsi]:
        """A further patient whose BSI, entered on the first day, leads to BSB."""
        folder = self.folder(ages, since=since)
        order = dependency_order(folder, folder.since - timedelta(days=3))
        return folder, order, folder.bsi("initial", folder.since, hem, order, first_care_on=folder.since)

    def finish(self, *folders: Folder) -> None:
        """Invoice the folders and keep their records."""
        for folder in folders:
            self.records.extend(folder.records())

    def expect(
        self,
        rule: str,
        severity: Severity,
        subject: tuple[str, str],
        folder: Folder | None,
        amount: str | Decimal | None,
        note: str,
    ) -> None:
        """Say what must be found about a patient, or about a day."""
        money = Decimal(amount) if isinstance(amount, str) else amount
        owner = None if folder is None else folder.patient.id
        self.planted.append(Planted(rule, severity, *subject, owner, money, note))

    def on_act(
        self, rule: str, severity: Severity, folder: Folder, act: ActDraft, note: str, amount: str | None = None
    ) -> None:
        """Finish a folder with a finding about one act, by default for its whole amount."""
        self.finish(folder)
        self.expect(rule, severity, ("act", act.id), folder, act.amount if amount is None else amount, note)

    def on_line(
        self,
        rule: str,
        severity: Severity,
        lines: Sequence[Line],
        letter: str,
        note: str,
        amount: str | None = None,
        *,
        home: bool = False,
    ) -> None:
        """One visit of a patient who is not dependent; the finding is about its last line under a letter."""
        folder = self.folder()
        order = folder.order(folder.since - timedelta(days=1), "Soins, 1 fois", sessions=1)
        acts = folder.visit(folder.since, MORNING, lines, order, place="DOMICILE" if home else "CABINET")
        self.on_act(rule, severity, folder, [act for act in acts if act.letter == letter][-1], note, amount)

    def on_package(
        self, rule: str, severity: Severity, lines: Sequence[Line], letter: str, note: str, amount: str | None = None
    ) -> None:
        """One visit of a dependent patient; the finding is about its last line under a letter."""
        folder, order, _ = self.dependent()
        acts = folder.visit(folder.since, MORNING, lines, order)
        self.on_act(rule, severity, folder, [act for act in acts if act.letter == letter][-1], note, amount)


def dependency_order(folder: Folder, issued_on: date) -> Prescription:
    """A prescription of nursing for dependency."""
    return folder.order(issued_on, WORDS, daily=True, dependency=True)
