"""Everything that rules are asked about over a period, as of its last day, for questions that write nothing.

An attempt asks the same rules about the same subjects; it finds them by what has changed, this by the days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from connector_core.model.assemble import household_days, practitioner_days, sent_lots
from connector_core.model.dossier import Dossier, Practice, Subject
from connector_core.model.finding import Finding
from connector_core.model.records import Act, Invoice, PayerReturn
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.gather import bank_credits
from connector_core.rules.base import RuleBase
from connector_core.store.dossiers import Records
from connector_core.store.store import Store

_PRACTICE_SPAN = timedelta(days=400)
"""How far back the practice as a whole is looked at, at least."""

Asked = tuple[Subject, tuple[Finding, ...]]
"""A subject with what the rules find about it."""


@dataclass(slots=True)
class Period:
    """The days from `first` to `last`, both among them, of one practice."""

    store: Store
    view: PracticeView
    base: RuleBase
    first: date
    last: date
    _acts: list[Act] = field(default_factory=list)
    _invoices: list[Invoice] = field(default_factory=list)
    _returns: list[PayerReturn] = field(default_factory=list)

    def ask(self) -> Iterator[Asked]:
        """Ask about every dossier, whole, about each practitioner's and each home's days in the period, and about the
        lots that left in it; last about the practice, by the invoices and the payers' returns of the period and of the
        year before its end."""
        for _, patient_id, _, records in self.store.dossiers.some(self.store.dossiers.numbers()):
            dossier = self._dossier(patient_id, records)
            self._gather(dossier)
            yield self._answered(dossier)
        for day in practitioner_days(self._acts, self.view.cabinet):
            yield self._answered(day)
        for home in self.store.dossiers.households():
            people = self.store.dossiers.some(self.store.dossiers.people_of(home))
            dossiers = [self._dossier(patient_id, records) for _, patient_id, _, records in people]
            for together in household_days(home, dossiers, self.view.cabinet):
                if self._holds(together.day):
                    yield self._answered(together)
        for lot in sent_lots(self.view.cabinet, self._invoices, self._returns, self.last, self.first):
            yield self._answered(lot)
        credits = bank_credits(self.store, self._since, self.last)
        yield self._answered(Practice(self.view.cabinet, tuple(self._invoices), tuple(self._returns), credits))

    def _answered(self, subject: Subject) -> Asked:
        return subject, self.base.ask(subject, self.last).findings

    def _dossier(self, patient_id: str, records: Records) -> Dossier:
        return self.view.assembled(patient_id, records, self.last)[0].dossier

    def _gather(self, dossier: Dossier) -> None:
        self._acts += [act for act in dossier.acts if self._holds(act.performed_on)]
        self._invoices += [each for each in dossier.invoices if each.closed_on >= self._since]
        self._returns += [each for each in dossier.payer_returns if each.returned_on >= self._since]

    @property
    def _since(self) -> date:
        return min(self.first, self.last - _PRACTICE_SPAN)

    def _holds(self, day: date) -> bool:
        return self.first <= day <= self.last
