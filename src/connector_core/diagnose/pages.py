"""The pages of the rules, in French, made from the rules themselves.

`connector explain` says the same on a terminal. Pure: rules and parameters in, pages out; `markdown` writes them for
the documentation, `connector_core.deliver.rule_html` for the practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from connector_core.deliver.field_words import FIELD_WORDS, missing_words
from connector_core.deliver.french import typographic
from connector_core.deliver.rule_page import Fact, ParameterPart, Passage, RulePage, ValueLine
from connector_core.deliver.sections import sections_of
from connector_core.deliver.wording import SECTION_WORDS, SEVERITY_MEANS, SEVERITY_WORDS
from connector_core.diagnose.explain import (
    RULE_CONFIDENCE,
    ParameterAnswer,
    RuleAnswer,
    Value,
    explain_rule,
    needs_by_record,
    source_text,
    value_text,
)
from connector_core.parameters.registry import ParameterSet
from connector_core.rules.kernel import AnyRule, SubjectKind

_SUBJECTS: dict[SubjectKind, str] = {
    "dossier": "le dossier d'un patient",
    "practitioner_day": "la journée d'un praticien",
    "household_day": "la journée d'un foyer",
    "lot": "un lot télétransmis",
    "practice": "le cabinet",
}
_ANY = "s'il y en a"
_TABLES = {
    "tariff": "Cette règle lit aussi la table des tarifs.",
    "referential": "Cette règle lit aussi la table des référentiels.",
}


def rule_pages(rules: Iterable[AnyRule], parameters: ParameterSet) -> tuple[RulePage, ...]:
    """A page for each rule, with every value of the parameters it reads."""
    return tuple(_page(rule, explain_rule(rule, parameters, date.max)) for rule in rules)


def _page(rule: AnyRule, answer: RuleAnswer) -> RulePage:
    parts = sections_of(rule.code, rule.severity)
    return RulePage(
        code=rule.code,
        title=typographic(answer.title) or rule.code,
        family=rule.family,
        severity=rule.severity,
        parts=parts,
        passages=tuple(_passages(answer)),
        facts=tuple(_facts(rule, ", ".join(f"« {SECTION_WORDS[part].title} »" for part in parts))),
        parameters=tuple(map(_parameter, answer.parameters)),
        notes=tuple(said for name, said in _TABLES.items() if name in answer.others),
    )


def _passages(answer: RuleAnswer) -> Iterator[Passage]:
    told = {
        "Ce qui est vérifié": answer.what,
        "Pourquoi": answer.why,
        "Ne s'applique pas": answer.not_when,
        "Exemple": answer.example,
    }
    for heading, text in told.items():
        if text:
            yield Passage(typographic(heading), typographic(_sentence(text)))


def _facts(rule: AnyRule, parts: str) -> Iterator[Fact]:
    yield Fact("Gravité", typographic(f"{SEVERITY_WORDS[rule.severity]} : {SEVERITY_MEANS[rule.severity]}"))
    yield Fact("Dans le rapport", typographic(parts))
    yield Fact("Porte sur", typographic(_SUBJECTS[rule.subject]))
    yield Fact("Référence", typographic(rule.reference))
    yield Fact("Appui", typographic(RULE_CONFIDENCE.get(rule.confidence, rule.confidence)))
    if rule.rests_on:
        yield Fact(typographic("Suppose qu'une source donne"), typographic(missing_words(rule.rests_on)))
    for need in needs_by_record(rule.needs):
        fields = ", ".join(FIELD_WORDS[f"{need.kind}.{name}"] for name in need.fields)
        yield Fact(typographic(f"Lit : {need.name}"), typographic(fields or _ANY))


def _parameter(parameter: ParameterAnswer) -> ParameterPart:
    lines = tuple(ValueLine(each.since, value_text(each, parameter.unit), _source(each)) for each in parameter.values)
    return ParameterPart(parameter.name, typographic(_sentence(parameter.label)), lines)


def _source(value: Value) -> str:
    note = f". {value.note}" if value.note else ""
    return typographic(f"{source_text(value)}{note}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
