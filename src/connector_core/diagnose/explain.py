"""What a rule says, and why a finding was raised. Pure: rules, parameters and findings in, texts out.

The rule's docstring is the text; this module only cuts it at its fixed French headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector_core.deliver.wording import SEVERITY_MEANS
from connector_core.model.finding import Finding, WrittenValue, written
from connector_core.model.records import KINDS, field_names
from connector_core.model.vocabulary import Severity
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.values import Confidence, DatedValue, Known
from connector_core.rules.kernel import AnyRule

RULE_CONFIDENCE = {
    "S": "un texte officiel le dit",
    "S+C": "un texte officiel le dit, confirmé par un second",
    "C": "confirmé par recoupement",
    "D": "déduit des textes",
    "T": "rapporté par un tiers",
    "M": "usage connu, sans texte retrouvé",
    "U": "incertain",
}
VALUE_CONFIDENCE: dict[Confidence, str] = {
    "confirmed": "confirmé",
    "derived": "déduit",
    "source": "d'après une seule source",
    "third-party": "rapporté par un tiers",
    "uncertain": "non confirmé",
    "practice": "décision du cabinet",
}
RECORDS: Mapping[str, str] = {
    "practitioner": "Praticien",
    "patient": "Patient",
    "coverage": "Droits",
    "prescription": "Ordonnance",
    "treatment": "Prise en charge",
    "act": "Acte",
    "assessment": "Bilan-diagnostic kinésithérapique",
    "bsi": "Bilan de soins infirmiers",
    "prior_agreement": "Demande d'accord préalable",
    "invoice": "Facture",
    "lot": "Lot télétransmis",
    "payer_return": "Retour de la caisse ou de la complémentaire",
    "bank_credit": "Crédit en banque",
    "patient_payment": "Règlement du patient",
    "reminder": "Relance",
    "quote": "Devis",
    "appointment": "Rendez-vous",
}
"""What a practice calls the records of the common model."""
_HEADINGS = ("Vérifie", "Pourquoi", "Ne s'applique pas", "Exemple", "Paramètres")
_HEADING = re.compile(rf"^({'|'.join(_HEADINGS)})\s*:\s*", re.MULTILINE)
_NOTHING = frozenset({"aucun", "aucun."})
_DECIMAL = re.compile(r"-?\d+\.\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Value:
    """One dated value of a parameter."""

    value: WrittenValue
    since: date
    reference: str
    confidence: Confidence
    note: str | None


@dataclass(frozen=True, slots=True)
class ParameterAnswer:
    """A parameter on a day: `current` is None when no value can be given, and `unknown` then says why."""

    name: str
    label: str
    unit: str
    current: Value | None
    unknown: str | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class RecordNeed:
    """What a rule reads of one kind of records; no fields where it only asks whether there is any."""

    kind: str
    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """A rule with everything a person needs to judge it, on a day."""

    code: str
    title: str
    what: str
    why: str
    not_when: str
    example: str
    severity: Severity
    reference: str
    confidence: str
    rests_on: tuple[str, ...]
    needs: tuple[str, ...]
    parameters: tuple[ParameterAnswer, ...]
    others: tuple[str, ...]
    """Names that the rule reads and that are not parameters (`tariff`: the table of tariffs)."""


def find_rule(name: str, rules: Iterable[AnyRule]) -> AnyRule | None:
    """The rule of that code, however it is spelled."""
    return next((rule for rule in rules if rule.code.lower() == name.lower()), None)


def explain_rule(rule: AnyRule, parameters: ParameterSet, on: date) -> RuleAnswer:
    title, sections = _sections(rule.documentation)
    known = set(parameters.names())
    names = [name.strip() for name in sections.get("Paramètres", "").rstrip(".").split(",") if name.strip()]
    return RuleAnswer(
        code=rule.code,
        title=title,
        what=sections.get("Vérifie", ""),
        why=sections.get("Pourquoi", ""),
        not_when=sections.get("Ne s'applique pas", ""),
        example=sections.get("Exemple", ""),
        severity=rule.severity,
        reference=rule.reference,
        confidence=rule.confidence,
        rests_on=rule.rests_on,
        needs=tuple(sorted(rule.needs)),
        parameters=tuple(explain_parameter(name, parameters, on) for name in names if name in known),
        others=tuple(name for name in names if name not in known and name not in _NOTHING),
    )


def needs_by_record(needs: Iterable[str]) -> tuple[RecordNeed, ...]:
    """What a rule reads, kind by kind and field by field in the order of the common model."""
    given = frozenset(needs)
    read = {kind: tuple(name for name in field_names(KINDS[kind]) if f"{kind}.{name}" in given) for kind in KINDS}
    return tuple(RecordNeed(kind, RECORDS[kind], read[kind]) for kind in KINDS if read[kind] or kind in given)


def explain_parameter(name: str, parameters: ParameterSet, on: date) -> ParameterAnswer:
    parameter = parameters.parameter(name)
    answer = parameters.on(name, on)
    current, unknown = None, None
    if isinstance(answer, Known):
        read = answer.read
        current = Value(read.value, read.since, read.reference, answer.confidence, read.note)
    else:
        unknown = answer.reason
    return ParameterAnswer(
        name, parameter.label, parameter.unit, current, unknown, tuple(map(_value, parameter.values))
    )


def value_text(value: Value, unit: str) -> str:
    """A value as a person writes it in French, with its unit."""
    given = value.value
    if isinstance(given, bool):
        return "oui" if given else "non"
    text = str(given)
    if _DECIMAL.fullmatch(text):
        text = text.replace(".", ",")
    elif _DATE.fullmatch(text):
        text = "/".join(reversed(text.split("-")))
    return f"{text} ({unit})" if unit and unit != "date" else text


def source_text(value: Value) -> str:
    """The text that a value comes from, and how sure it is."""
    sure = VALUE_CONFIDENCE[value.confidence]
    return value.reference if value.reference == sure else f"{value.reference} ({sure})"


def severity_reason(finding: Finding, rule: AnyRule | None, lowered: Severity | None) -> str:
    """Why a finding has the severity it has."""
    means = SEVERITY_MEANS[finding.severity]
    if lowered is not None and finding.severity == lowered:
        return f"{means} ; la configuration du cabinet a abaissé la gravité de cette règle"
    if rule is not None and rule.severity != finding.severity:
        return f"{means} ; dans ce cas la règle signale moins gravement qu'elle ne le peut ({rule.severity})"
    return means


def hex_like(name: str) -> bool:
    """Whether a word may be the beginning of a fingerprint."""
    return re.fullmatch(r"[0-9a-f]{4,20}", name.lower()) is not None


def _value(value: DatedValue) -> Value:
    return Value(written(value.value), value.since, value.reference, value.confidence, value.note)


def _sections(documentation: str) -> tuple[str, dict[str, str]]:
    text = "\n".join(line.strip() for line in documentation.strip().splitlines())
    pieces: Sequence[str] = _HEADING.split(text)
    found = {heading: " ".join(body.split()) for heading, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    return " ".join(pieces[0].split()), found
