"""From changed dossiers to what they answer now.

Only what changed is asked again: the dossiers that an ingest touched, those whose day has come, or all of them when
the rules, the parameters or what the sources cover have changed. Every owner's answers are compared with what it
answered before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import chain
from operator import attrgetter
from typing import cast

from connector_core.findings.life import Changes, advance
from connector_core.model.answering import of_the_practice
from connector_core.model.assemble import household_days, practitioner_day, sent_lots
from connector_core.model.dossier import Dossier, Practice
from connector_core.model.finding import Finding
from connector_core.model.merge import Contradiction
from connector_core.model.records import Act, Invoice, Patient, PayerReturn
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.gather import INVOICES, RETURNS, Gatherings, bank_credits, month_key, told_once
from connector_core.pipeline.places import Places
from connector_core.rules.base import RuleBase
from connector_core.rules.kernel import Verdict
from connector_core.store.answers import FindingRow
from connector_core.store.codec import (
    KIND_INDEX,
    Fragments,
    Stored,
    as_records,
    row_of,
)
from connector_core.store.dossiers import Records
from connector_core.store.store import Store

PRACTICE_SPAN = timedelta(days=400)
"""How far back the practice as a whole is looked at."""
_LOTS_SPAN = timedelta(days=365)
"""How far back lots are looked at; their invoices are closed before they leave."""
_BATCH = 500
LOTS = "l"
"""The owner of what is answered about lots."""
_PATIENTS, _ACTS, _INVOICES = KIND_INDEX["patient"], KIND_INDEX["act"], KIND_INDEX["invoice"]
_SILENCE = Verdict((), (), None)
_letter = attrgetter("letter")


@dataclass(slots=True)
class Recheck:
    """Asks the rules about owners and writes what changed. Lives for one transaction. `so_far` is told how many were
    asked, now and then."""

    store: Store
    base: RuleBase
    view: PracticeView
    as_of: date
    so_far: Callable[[int], None] = lambda _asked: None
    changes: Changes = field(default_factory=Changes)
    asked: int = 0
    _answered: dict[str, Verdict] = field(default_factory=dict)
    """What owners answer now, held back until there are many: what they answered before is looked up at once."""
    _versions: dict[str, int] = field(default_factory=dict)
    _homes: set[str] = field(default_factory=set)
    """Homes of which a dossier was asked about, or left."""
    _at_homes: set[int] = field(default_factory=set)
    """The dossiers that belonged to a home before."""

    def __post_init__(self) -> None:
        self._versions = {rule.code: rule.version for rule in self.base.rules}
        self._at_homes = self.store.dossiers.at_homes()

    def changed(
        self,
        fragments: Iterable[tuple[int, Fragments]],
        gatherings: Gatherings,
        gone_from: Callable[[int], Callable[[Stored], bool] | None],
    ) -> set[int]:
        """Add to each dossier what it gains, take out what is gone from it, write it, and ask about it; returns the
        dossiers.
        One that is left without any record is no more, and what was found in it is resolved."""
        done: set[int] = set()
        overruled: list[tuple[int, bytes]] = []
        rows: list[tuple[int, str, str | None, bytes]] = []
        for number, gained in fragments:
            merged = self.store.dossiers.merge(number, gained, gone_from(number))
            gatherings.moved(merged)
            overruled.extend(row_of(each) for replaced in merged.superseded for each in replaced)
            if not any(merged.records):
                self._lives_in(number, merged.records)
                self._keep(f"d{number}", _SILENCE)
                self.store.dossiers.delete(number)
                self.store.answers.replace_doubts(f"d{number}", ())
                done.add(number)
                continue
            patient_id = self._patient_id(merged.records)
            self._lives_in(number, merged.records)
            rows.append((number, patient_id, self.dossier(number, patient_id, merged.records), merged.blob))
            done.add(number)
            if len(rows) >= _BATCH:
                self.store.dossiers.save(rows)
                rows = []
        self.store.dossiers.save(rows)
        self.store.files.overrule(overruled)
        return done

    def again(self, numbers: Iterable[int]) -> None:
        """Ask about dossiers whose data has not changed."""
        for number, patient_id, before, records in self.store.dossiers.some(sorted(numbers)):
            self._lives_in(number, records)
            wake = self.dossier(number, patient_id, records)
            if wake != before:
                self.store.dossiers.wake(number, wake)

    def _patient_id(self, records: Records) -> str:
        """The patient a dossier is about, by the id of the leading source."""
        patients = records[_PATIENTS]
        if patients:
            return min(patients, key=lambda each: self.view.order.index(self.view.source(each.file_number))).id
        first = next(each for stored in records for each in stored)
        return str(getattr(first, "patient_id"))  # noqa: B009  # every kind that may stand without its patient has it

    def dossier(self, number: int, patient_id: str, records: Records) -> str | None:
        """Ask about one dossier; returns the next day on which its answers may change by themselves."""
        assembled, contradictions = self.view.assembled(patient_id, records, self.as_of)
        if len(self.view.order) > 1:
            self.store.answers.replace_doubts(f"d{number}", map(_doubt, contradictions))
        verdict = self.base.ask(assembled.dossier, self.as_of)
        if verdict.findings:
            verdict = replace(verdict, findings=self._with_provenance(verdict.findings, chain(*records)))
        self._keep(f"d{number}", verdict)
        wake = min((day for day in (assembled.wake_on, verdict.wake_on) if day is not None), default=None)
        return None if wake is None else wake.isoformat()

    def day(self, key: str, stored: list[Stored]) -> None:
        """Ask about one practitioner's day; one on which nothing was done, or which is still to come, answers
        nothing."""
        acts = cast(list[Act], as_records(stored))
        verdict = _SILENCE
        if acts and acts[0].performed_on <= self.as_of:
            verdict = self.base.ask(practitioner_day(acts, self.view.cabinet), self.as_of)
        if verdict.findings:
            verdict = replace(verdict, findings=self._with_provenance(verdict.findings, stored))
        self._keep(f"j{key}", verdict)

    def no_days(self) -> None:
        """Where no rule is about a practitioner's day, the days have no answers; some may be left of other rules."""
        for owner in self.store.answers.owners("j"):
            self._keep(owner, _SILENCE)

    def households(self) -> None:
        """Ask about the homes of the dossiers that were asked about, day by day."""
        for home in sorted(self._homes):
            people = list(self.store.dossiers.some(self.store.dossiers.people_of(home)))
            dossiers = [self._dossier(patient_id, records) for _, patient_id, _, records in people]
            verdicts = [self.base.ask(day, self.as_of) for day in household_days(home, dossiers, self.view.cabinet)]
            findings = tuple(finding for verdict in verdicts for finding in verdict.findings)
            if findings:
                stored = chain.from_iterable(chain(*records) for _, _, _, records in people)
                findings = self._with_provenance(findings, stored)
            undetermined = dict.fromkeys(answer for verdict in verdicts for answer in verdict.undetermined)
            self._keep(f"h{home}", Verdict(findings, tuple(undetermined), None))

    def _dossier(self, patient_id: str, records: Records) -> Dossier:
        return self.view.assembled(patient_id, records, self.as_of)[0].dossier

    def _lives_in(self, number: int, records: Records) -> None:
        """Notice the homes of a dossier that a rule about homes may concern."""
        homes: set[str] = set()
        letters = self.base.household_letters
        if letters and not letters.isdisjoint(map(_letter, as_records(records[_ACTS]))):
            for stored, patient in zip(records[_PATIENTS], as_records(records[_PATIENTS]), strict=True):
                household = cast(Patient, patient).household
                if household is not None:
                    homes.add(f"{self.view.source(stored.file_number)}:{household}")
        before = self.store.dossiers.homes_of(number) if number in self._at_homes else set()
        if homes != before:
            self.store.dossiers.live_in(number, homes)
        self._homes |= homes | before

    def practice(self, gatherings: Gatherings) -> None:
        """Ask about the practice as a whole, and about the lots that have left, as far as any rule is about them."""
        lots, whole = _SILENCE, _SILENCE
        if self.base.asks_lots or self.base.asks_practice:
            first = self.as_of - PRACTICE_SPAN
            since = month_key(first)
            stored_invoices = list(gatherings.since(INVOICES, since))
            stored_returns = list(gatherings.since(RETURNS, since))
            several = len(self.view.order) > 1
            known = self.view.with_known_practitioners({"invoice": as_records(stored_invoices)})
            invoices = told_once(cast(list[Invoice], known["invoice"]), several=several)
            told = told_once(cast(list[PayerReturn], as_records(stored_returns)), several=several)
            returns = of_the_practice(told, self.view.cabinet)
            if self.base.asks_lots:
                lots = self._lots(invoices, returns, chain(stored_invoices, stored_returns))
            if self.base.asks_practice:
                whole = self._whole(invoices, returns, first)
        self._keep(LOTS, lots)
        self._keep("p", replace(whole, undetermined=(*self.base.uncovered, *whole.undetermined)))

    def _whole(self, invoices: Iterable[Invoice], returns: Iterable[PayerReturn], first: date) -> Verdict:
        subject = Practice(
            self.view.cabinet,
            tuple(each for each in invoices if each.closed_on <= self.as_of),
            tuple(each for each in returns if each.returned_on <= self.as_of),
            bank_credits(self.store, first, self.as_of),
        )
        return self.base.ask(subject, self.as_of)

    def _lots(self, invoices: list[Invoice], returns: list[PayerReturn], stored: Iterable[Stored]) -> Verdict:
        lots = sent_lots(self.view.cabinet, invoices, returns, self.as_of, self.as_of - _LOTS_SPAN)
        verdicts = [self.base.ask(each, self.as_of) for each in lots]
        findings = tuple(finding for verdict in verdicts for finding in verdict.findings)
        if findings:
            findings = self._with_provenance(findings, chain(stored, self.store.shared.of("lot")))
        return Verdict(findings, tuple(gap for each in verdicts for gap in each.undetermined), None)

    def flush(self) -> None:
        """Compare the answers that are held back with what their owners answered before, and write what is new."""
        self.so_far(self.asked)
        known = self.store.answers.lives(self._answered)
        rows: list[FindingRow] = []
        for owner, verdict in self._answered.items():
            before = known.get(owner, {})
            if not verdict.findings and not before:
                continue
            ahead = advance(owner, before, verdict.findings, self._versions, self.as_of, self.changes)
            rows.extend(ahead.rows)
            for fingerprint in ahead.resolved:
                self.store.answers.set_state(fingerprint, "resolved", self.as_of.isoformat(), None)
        self.store.answers.write(rows)
        self.store.answers.replace_undetermined((owner, each.undetermined) for owner, each in self._answered.items())
        self._answered = {}

    def _keep(self, owner: str, verdict: Verdict) -> None:
        self.asked += 1
        self._answered[owner] = verdict
        if len(self._answered) >= _BATCH:
            self.flush()

    def _with_provenance(self, findings: Iterable[Finding], stored: Iterable[Stored]) -> tuple[Finding, ...]:
        places = Places.of_records(self.view, stored)
        return tuple(
            replace(
                finding,
                evidence=tuple(places.found(evidence) for evidence in finding.evidence),
                counted=tuple(replace(line, evidence=places.found(line.evidence)) for line in finding.counted),
            )
            for finding in findings
        )


def _doubt(each: Contradiction) -> str:
    return (
        f"{each.kind} {each.id} : « {each.field} » n'est pas le même dans {each.leader} et dans {each.other} ; "
        f"{each.leader} fait foi"
    )
