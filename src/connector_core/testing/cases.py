"""Rule cases as data: what must be flagged, what must not, what can't be determined.

One TOML file per rule beside the catalogue (`rules/catalogue/cases/KINE-BILAN-30.toml`). A case lists pivot records and
the answers expected of that one rule when the whole rule base is asked:

```toml
[[case]]
name = "34 séances, aucun bilan depuis l'initial"
as_of = 2026-03-02
flags = [{ subject = "treatment:t1", severity = "revenue", amount = "23.65" }]

[[case.record]]
record = "act"
repeat = 34                 # {n} counts from 1; dates advance by `every` days
every = 2
id = "s{n}"
performed_on = 2025-12-01
letter = "RAM"
coefficient = "8.09"
treatment_id = "t1"
```

A patient `p1` and a practitioner `mk1` (MK, METRO) exist unless the case gives its own; `patient_id` and
`practitioner_id` default to them. `flags` and `gaps` list what the rule must answer, and nothing else; keys left out
of an expected answer are not compared. `covers` narrows what the source covers.

A rule needs a case that it can't answer. Where nothing that it reads may be missing, the file says why instead, before
its cases: `never_undetermined = "…"`, in French.

Beside `subject`, a flag may give `severity`, `amount`, `due_on`, `deadline`, `also`, the ids of its `evidence`, its
`fault` (what the fingerprint is made of), what it `says` (a text, or several, that the message or the action must
hold), and what was `counted`: `{ lines = 10, first = "s1", last = "s10" }`. A gap may give what is `missing` and what
its reason `says`.

`parameters` are the practice's own values, as if written in its configuration:
`[{ name = "kine.bdk.first_window", since = 2026-02-01, value = 9 }]`. They show on which day a rule reads what.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from connector_core.model.assemble import assemble_dossier, household_days, practitioner_days, sent_lots
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier, Practice, Subject
from connector_core.model.finding import Finding, ParameterValue, SubjectRef, Undetermined
from connector_core.model.pivot import record_from_json
from connector_core.model.records import KINDS, Act, BankCredit, Invoice, Lot, PayerReturn, Practitioner, Record
from connector_core.model.values import invoice_key
from connector_core.parameters.registry import ParameterSet, load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.parameters.values import DatedValue
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules
from connector_core.rules.kernel import fingerprint

Expected = Mapping[str, object]
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of one rule."""

    rule: str
    name: str
    as_of: date
    flags: tuple[Expected, ...]
    gaps: tuple[Expected, ...]
    covers: Covers
    records: tuple[Record, ...]
    parameters: tuple[tuple[str, DatedValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything the rule base answered about a set of records."""

    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What one file says of a rule; `never_undetermined` is why no field that the rule reads may be missing."""

    cases: tuple[Case, ...]
    never_undetermined: str | None


def load_case_file(path: Path) -> CaseFile:
    """One file; the rule is the file's name. A key that is not known is a ValueError."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = sorted(content.keys() - {"case", "never_undetermined"})
    reason = content.get("never_undetermined")
    if unknown:
        raise ValueError(f"{path.stem}: unknown keys {unknown}")
    if reason is not None and not (isinstance(reason, str) and reason.strip()):
        raise ValueError(f"{path.stem}: never_undetermined must be a text")
    return CaseFile(tuple(_case(path.stem, entry) for entry in content["case"]), reason)


def load_cases(path: Path) -> list[Case]:
    """The cases of one file."""
    return [*load_case_file(path).cases]


def answers(
    records: Sequence[Record], as_of: date, covers: Covers, parameters: Sequence[tuple[str, DatedValue]] = ()
) -> Answers:
    """Ask the whole rule base about records that make one practice, with the practice's own parameters if any."""
    base = _base(covers, load_parameters().with_practice(parameters)) if parameters else _shipped(covers)
    verdicts = [base.ask(subject, as_of) for subject in subjects(records, as_of, covers)]
    return Answers(
        tuple(finding for verdict in verdicts for finding in verdict.findings),
        (*base.uncovered, *(gap for verdict in verdicts for gap in verdict.undetermined)),
    )


@cache
def _shipped(covers: Covers) -> RuleBase:
    return _base(covers, load_parameters())


def _base(covers: Covers, parameters: ParameterSet) -> RuleBase:
    return RuleBase(core_rules(), parameters, load_tariffs(), covers)


def subjects(records: Sequence[Record], as_of: date, covers: Covers) -> list[Subject]:
    """Everything that rules are asked about records that make one practice."""
    cabinet = Cabinet(
        covers,
        {each.id: each for each in _of(Practitioner, records)},
        {each.id: each for each in _of(Lot, records)},
        min((each.performed_on for each in _of(Act, records)), default=None),
        min((each.returned_on for each in _of(PayerReturn, records)), default=None),
    )
    by_patient: dict[str, dict[str, list[Record]]] = {}
    invoices, returns = tuple(_of(Invoice, records)), tuple(_of(PayerReturn, records))
    credits = tuple(each for each in _of(BankCredit, records) if each.booked_on <= as_of)
    invoiced = {invoice_key(each.number): each.patient_id for each in invoices}
    for record in records:
        if record.record == "payer_return":
            owner = invoiced.get(invoice_key(getattr(record, "invoice_number")))  # noqa: B009  # whatever its class
        else:
            owner = record.id if record.record == "patient" else getattr(record, "patient_id", None)
        if owner is not None:
            by_patient.setdefault(owner, {}).setdefault(record.record, []).append(record)
    dossiers = [assemble_dossier(owner, found, cabinet, as_of).dossier for owner, found in sorted(by_patient.items())]
    acts = [act for dossier in dossiers for act in dossier.acts]
    homes: dict[str, list[Dossier]] = {}
    for dossier in dossiers:
        if dossier.patient is not None and dossier.patient.household is not None:
            homes.setdefault(dossier.patient.household, []).append(dossier)
    days = [day for home, found in homes.items() for day in household_days(home, found, cabinet)]
    lots = sent_lots(cabinet, invoices, returns, as_of)
    practice = Practice(cabinet, invoices, returns, credits)
    return [*dossiers, *practitioner_days(acts, cabinet), *days, *lots, practice]


def _of(kind: type[R], records: Sequence[Record]) -> list[R]:
    """The records of a kind, by its name: what is stored has another class."""
    return [cast(R, each) for each in records if each.record == kind.record]


def differences(case: Case) -> list[str]:
    """What the rule answered otherwise than expected; empty when the case holds."""
    found = answers(case.records, case.as_of, case.covers, case.parameters)
    flags = [_flag(each) for each in found.findings if each.rule == case.rule]
    gaps = [_gap(each) for each in found.undetermined if each.rule == case.rule]
    return [*_unmatched("finding", case.flags, flags), *_unmatched("undetermined", case.gaps, gaps)]


def _unmatched(what: str, expected: Iterable[Expected], got: list[dict[str, object]]) -> Iterator[str]:
    left = list(got)
    for wanted in expected:
        match = next((each for each in left if all(_agrees(each, *item) for item in wanted.items())), None)
        if match is None:
            yield f"missing {what}: {dict(wanted)}"
        else:
            left.remove(match)
    yield from (f"unexpected {what}: {each}" for each in left)


def _agrees(got: Mapping[str, object], key: str, wanted: object) -> bool:
    match key:
        case "says":
            return all(str(each) in str(got["says"]) for each in (wanted if isinstance(wanted, list) else [wanted]))
        case "fault":
            kind, _, identity = str(got["subject"]).partition(":")
            return fingerprint(str(got["rule"]), SubjectRef(kind, identity), str(wanted)) == got["fingerprint"]
        case _:
            return got.get(key) == wanted


def _flag(finding: Finding) -> dict[str, object]:
    counted = finding.counted
    return {
        "rule": finding.rule,
        "fingerprint": finding.fingerprint,
        "subject": f"{finding.subject.kind}:{finding.subject.id}",
        "severity": finding.severity,
        "message": finding.message,
        "action": finding.action,
        "amount": None if finding.amount is None else str(finding.amount),
        "due_on": finding.due_on,
        "deadline": finding.deadline,
        "also": list(finding.also),
        "evidence": sorted(each.id for each in finding.evidence),
        "says": f"{finding.message}\n{finding.action}",
        "counted": {
            "lines": len(counted),
            **({"first": counted[0].evidence.id, "last": counted[-1].evidence.id} if counted else {}),
        },
    }


def _gap(gap: Undetermined) -> dict[str, object]:
    return {"subject": f"{gap.subject.kind}:{gap.subject.id}", "missing": list(gap.missing), "says": gap.reason}


def _case(rule: str, entry: Mapping[str, object]) -> Case:
    known = {"name", "as_of", "flags", "gaps", "covers", "record", "parameters"}
    if not set(entry) <= known:
        raise ValueError(f"{rule}: unknown keys {sorted(set(entry) - known)}")
    as_of, covers = entry["as_of"], entry.get("covers")
    if not isinstance(as_of, date):
        raise ValueError(f"{rule}: as_of must be a date")
    records = tuple(_records(entry["record"]))  # type: ignore[arg-type]  # TOML gives a list of tables
    return Case(
        rule=rule,
        name=str(entry["name"]),
        as_of=as_of,
        flags=tuple(entry.get("flags", ())),  # type: ignore[arg-type]  # TOML gives a list of tables
        gaps=tuple(entry.get("gaps", ())),  # type: ignore[arg-type]  # TOML gives a list of tables
        covers=Covers.all() if covers is None else Covers.of(covers),  # type: ignore[arg-type]  # a list of names
        records=records,
        parameters=tuple(_parameter(each) for each in entry.get("parameters", ())),  # type: ignore[attr-defined]  # a list of tables
    )


def _parameter(entry: Mapping[str, ParameterValue]) -> tuple[str, DatedValue]:
    name, since, value = str(entry["name"]), entry["since"], entry["value"]
    if not isinstance(since, date):
        raise ValueError(f"{name}: since must be a date")
    if isinstance(load_parameters().parameter(name).values[0].value, Decimal):
        value = Decimal(str(value))
    return name, DatedValue(since, value, "paramètre du cabinet", "practice")


def _records(entries: Sequence[Mapping[str, object]]) -> Iterator[Record]:
    given = [each for entry in entries for each in _repeated(entry)]
    defaults: list[dict[str, object]] = [
        {"record": "practitioner", "id": "mk1", "profession": "MK"},
        {"record": "patient", "id": "p1"},
    ]
    present = {(each["record"], each["id"]) for each in given}
    for each in (*(d for d in defaults if (d["record"], d["id"]) not in present), *given):
        fields = KINDS[str(each["record"])].model_fields
        if "patient_id" in fields:
            each.setdefault("patient_id", "p1")
        if "practitioner_id" in fields:
            each.setdefault("practitioner_id", "mk1")
        yield record_from_json(each)


def _repeated(entry: Mapping[str, object]) -> Iterator[dict[str, object]]:
    fields = dict(entry)
    repeat = int(str(fields.pop("repeat", 1)))
    every = int(str(fields.pop("every", 1)))
    for n in range(1, repeat + 1):
        yield {key: _counted(value, n, every) for key, value in fields.items()}


def _counted(value: object, n: int, every: int) -> object:
    match value:
        case str():
            return value.replace("{n}", str(n))
        case date():
            return (value + timedelta(days=(n - 1) * every)).isoformat()
        case _:
            return value


__all__ = ["Answers", "Case", "CaseFile", "answers", "differences", "load_case_file", "load_cases", "subjects"]
