"""From the store to what the report shows.

Reads the open findings and, for those alone, the dossiers they are about; nothing is computed again and nothing is
written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import get_args

from connector_core.deliver import french
from connector_core.deliver.evidence import basis, counted_lines, evidence_lines, practitioner_of
from connector_core.deliver.field_words import missing_words, reason_in_words
from connector_core.deliver.json_report import Answered
from connector_core.deliver.people import Owner, People
from connector_core.deliver.questions import reason_words
from connector_core.deliver.report_model import (
    Item,
    Money,
    MoneyLine,
    PatientPart,
    Person,
    RefusedGroup,
    ReportData,
    SourceAlert,
    SourceState,
    UndeterminedGroup,
)
from connector_core.deliver.rule_page import RulePage
from connector_core.deliver.sections import Section, as_told, by_urgency, section_of, urgent
from connector_core.deliver.stake import NOT_AT_STAKE, at_stake
from connector_core.model.finding import Undetermined
from connector_core.money.figures import Figures
from connector_core.parameters.motifs import RejectMotifs
from connector_core.parameters.registry import ParameterSet
from connector_core.rules.kernel import AnyRule
from connector_core.rules.paused import CODE as PAUSED
from connector_core.rules.paused import TITLE as PAUSED_TITLE
from connector_core.rules.silence import CODE as SILENCE
from connector_core.rules.silence import TITLE as SILENCE_TITLE
from connector_core.rules.silence import Awaited
from connector_core.store.answers import KeptFinding
from connector_core.store.files import FileFacts, Files
from connector_core.store.recovery import noted, told
from connector_core.store.store import Store

SECTIONS: tuple[Section, ...] = get_args(Section)
_URGENT = 6
_MOST_REASONS = 3
_ASK_AGAIN = "« connector run » les tient à jour, « connector recheck » les refait."
_READ = frozenset({"committed", "waiting"})


@dataclass(frozen=True, slots=True)
class ExpectedSource:
    """A configured source, and what it is called."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Texts:
    """What rules and parameters are called, for people."""

    titles: Mapping[str, str]
    references: Mapping[str, str]
    labels: Mapping[str, str]
    units: Mapping[str, str]

    @classmethod
    def of(cls, rules: Iterable[AnyRule], parameters: ParameterSet | None) -> Texts:
        known = list(rules)
        named = {} if parameters is None else {name: parameters.parameter(name) for name in parameters.names()}
        labels = {name: each.label for name, each in named.items()}
        units = {name: each.unit for name, each in named.items()}
        titles = {rule.code: rule.documentation.strip().split("\n\n")[0].replace("\n", " ") for rule in known}
        titles |= {SILENCE: SILENCE_TITLE, PAUSED: PAUSED_TITLE}
        return cls(titles, {rule.code: rule.reference for rule in known}, labels, units)


def report_data(
    store: Store,
    practice: str,
    as_of: date,
    made_at: datetime,
    *,
    rules: Iterable[AnyRule] = (),
    parameters: ParameterSet | None = None,
    motifs: RejectMotifs | None = None,
    sources: Sequence[ExpectedSource] = (),
    awaited: Sequence[Awaited] = (),
    pages: Sequence[RulePage] = (),
    figures: Figures | None = None,
) -> ReportData:
    """Everything the report shows on a day. `made_at` is in the practice's own zone, which file times are told in;
    `awaited` are the sources of which something is expected by then."""
    texts = Texts.of(rules, parameters)
    kept = store.answers.findings("open", "dismissed")
    answered = Answered.of(store, as_of, motifs)
    items = _items(store, [each for each in kept if each.state == "open"], as_of, texts)
    first = {each.fingerprint for each in urgent([item.finding for item in items], _URGENT, as_of)}
    return ReportData(
        practice=practice,
        as_of=as_of,
        made_at=made_at,
        items=items,
        urgent=tuple(item for item in items if item.finding.fingerprint in first),
        patients=_patients(items),
        money=money_of(items),
        undetermined=_undetermined(answered.undetermined, texts),
        refused=_refused(store.files),
        sources=_sources(store.files, sources, {each.id for each in awaited if made_at >= each.silent_from}, made_at),
        dismissed=sum(each.state == "dismissed" for each in kept),
        answered=answered,
        pages=tuple(pages),
        figures=figures,
        knows_acts="act" in store.files.covers(),
        notices=_notices(store, as_of),
    )


def _notices(store: Store, as_of: date) -> tuple[str, ...]:
    """That the store comes from a backup, as long as the damaged one is kept; that the rules were asked on another day
    than that of the report."""
    notices: list[str] = []
    recovery = noted(store)
    if recovery is not None:
        text = told(recovery)
        notices.append(f"{text[0].upper()}{text[1:]}.")
    asked = store.fact("as_of")
    if asked is not None and asked != as_of.isoformat():
        day = french.day(date.fromisoformat(asked))
        notices.append(f"Ces constats sont ceux du {day}, dernier jour où tout a été contrôlé. {_ASK_AGAIN}")
    return tuple(map(french.typographic, notices))


def _items(store: Store, kept: Sequence[KeptFinding], as_of: date, texts: Texts) -> tuple[Item, ...]:
    people = People(store)
    files = {each.number: each.name for each in store.files.list_files()}
    by_fingerprint = {each.finding.fingerprint: each for each in kept}
    owners: dict[str, Owner] = {}
    items: list[Item] = []
    for finding in by_urgency((as_told(each.finding, as_of) for each in kept), as_of):
        life = by_fingerprint[finding.fingerprint]
        owner = owners.get(life.owner)
        if owner is None:
            owner = owners[life.owner] = people.owner(life.owner)
        items.append(
            Item(
                finding=finding,
                section=section_of(finding, as_of),
                title=french.typographic(texts.titles.get(finding.rule, finding.rule)),
                reference=french.typographic(texts.references.get(finding.rule, "")),
                deadline=finding.deadline,
                opened_on=date.fromisoformat(life.opened_on),
                person=owner.person or owner.household.get(finding.patient_id or ""),
                practitioner=practitioner_of(finding, owner, people),
                evidence=evidence_lines(finding, owner, people, files),
                counted=counted_lines(finding, owner),
                basis=basis(finding.parameters, texts.labels, texts.units),
            )
        )
    return tuple(items)


def _patients(items: Sequence[Item]) -> tuple[PatientPart, ...]:
    by_person: dict[Person, list[Item]] = {}
    for item in items:
        if item.person is not None:
            by_person.setdefault(item.person, []).append(item)
    parts = [
        PatientPart(
            person,
            tuple(found),
            sum(_at_stake(found).values(), Decimal(0)),
            sum((item.amount for item in found if item.section == "unpaid"), Decimal(0)),
        )
        for person, found in by_person.items()
    ]
    return tuple(sorted(parts, key=lambda part: (part.person.name, part.person.patient_id)))


def money_of(items: Sequence[Item]) -> Money:
    """The sums of the report. What the lines of `by_section` say adds up to the totals."""
    counted = _at_stake(items)
    severity = {item.finding.fingerprint: item.finding.severity for item in items}
    told: dict[Section, Decimal] = {
        section: sum((item.amount for item in items if item.section == section), Decimal(0)) for section in NOT_AT_STAKE
    }
    reject = sum((amount for key, amount in counted.items() if severity[key] == "reject"), Decimal(0))
    revenue = sum((amount for key, amount in counted.items() if severity[key] == "revenue"), Decimal(0))
    by_section = [
        _money_line(section, [item for item in items if item.section == section], counted) for section in SECTIONS
    ]
    return Money(
        at_stake=reject + revenue,
        reject=reject,
        revenue=revenue,
        owed=told["unpaid"],
        lost=told["bilan_lost"],
        expired=told["claim_lost"],
        past=told["past"],
        resumable=told["lost_sight"],
        by_section=tuple(line for line in by_section if line.count),
    )


def _at_stake(items: Iterable[Item]) -> dict[str, Decimal]:
    return at_stake((item.finding, item.section) for item in items)


def _money_line(name: str, items: Sequence[Item], counted: Mapping[str, Decimal]) -> MoneyLine:
    sums = {"reject": Decimal(0), "revenue": Decimal(0), "info": Decimal(0)}
    for item in items:
        apart = item.section in NOT_AT_STAKE or item.finding.severity == "info"
        sums[item.finding.severity] += item.amount if apart else counted.get(item.finding.fingerprint, Decimal(0))
    return MoneyLine(name, len(items), sums["reject"], sums["revenue"], sums["info"])


def _undetermined(answers: Iterable[Undetermined], texts: Texts) -> tuple[UndeterminedGroup, ...]:
    groups: dict[tuple[str, tuple[str, ...]], Counter[str]] = {}
    for each in answers:
        groups.setdefault((each.rule, each.missing), Counter())[reason_words(each)] += 1
    return tuple(
        UndeterminedGroup(
            rule=rule,
            title=french.typographic(texts.titles.get(rule, rule)),
            missing=missing_words(missing, texts.labels),
            count=reasons.total(),
            reasons=tuple(
                french.typographic(reason)
                for reason, _ in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_REASONS]
            ),
        )
        for (rule, missing), reasons in sorted(groups.items())
    )


def _refused(files: Files) -> tuple[RefusedGroup, ...]:
    facts = {each.number: each for each in files.list_files()}
    groups: dict[tuple[int, str], list[str]] = {}
    for reject in files.rejects():
        groups.setdefault((reject.file, reject.reason), []).append(french.place(reject.place))
    return tuple(
        RefusedGroup(
            facts[number].source, facts[number].name, french.typographic(reason_in_words(reason)), tuple(places)
        )
        for (number, reason), places in groups.items()
    )


def _sources(
    files: Files, expected: Sequence[ExpectedSource], silent: Collection[str], now: datetime
) -> tuple[SourceState, ...]:
    by_source: dict[str, list[FileFacts]] = {}
    for each in files.list_files():
        by_source.setdefault(each.source, []).append(each)
    listed = {each.id: each for each in expected}
    listed.update({name: ExpectedSource(name, name or "Fichiers vérifiés") for name in by_source if name not in listed})
    return tuple(_source(each, by_source.get(name, []), now, silent=name in silent) for name, each in listed.items())


def _source(source: ExpectedSource, found: Sequence[FileFacts], now: datetime, *, silent: bool) -> SourceState:
    last = max(found, key=lambda each: (each.taken_at, each.number), default=None)
    last_at = None if last is None else datetime.fromisoformat(last.taken_at).astimezone(now.tzinfo)
    alert: SourceAlert | None = None
    if silent:
        alert = "silent"
    elif last is not None and last.state not in _READ:
        alert = "partial" if last.state == "incomplete" else "unread"
    return SourceState(
        label=source.label,
        files=len(found),
        rows=sum(each.rows for each in found),
        refused=sum(each.rejects for each in found),
        last_file=None if last is None else last.name,
        last_rows=0 if last is None else last.rows,
        last_at=last_at,
        state=None if last is None else last.state,
        alert=alert,
    )
