"""The pages of the rules, for the documentation: Markdown, in French, made from the rules themselves.

`connector explain` says the same on a terminal. Pure: rules and parameters in, texts out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from connector_core.deliver.french import typographic
from connector_core.diagnose.explain import (
    RULE_CONFIDENCE,
    SEVERITY_MEANS,
    VALUE_CONFIDENCE,
    ParameterAnswer,
    RuleAnswer,
    Value,
    explain_rule,
    needs_by_record,
)
from connector_core.model.vocabulary import Severity
from connector_core.parameters.registry import ParameterSet
from connector_core.rules.kernel import AnyRule, SubjectKind

SEVERITIES: dict[Severity, str] = {"reject": "Rejet", "revenue": "Recette", "info": "À vérifier"}
_SUBJECTS: dict[SubjectKind, str] = {
    "dossier": "le dossier d'un patient",
    "practitioner_day": "la journée d'un praticien",
    "household_day": "la journée d'un foyer",
    "practice": "le cabinet",
}
_READS = "Ce qu'elle lit dans vos données"
_ANY = "s'il y en a"


def page_name(code: str) -> str:
    """The file of a rule's page: `kine-bilan-10.7.md`."""
    return f"{code.lower()}.md"


def rule_page(rule: AnyRule, parameters: ParameterSet) -> str:
    """A rule's page, with every value of the parameters it reads."""
    answer = explain_rule(rule, parameters, date.max)
    return "\n".join(_rule_lines(rule, answer)) + "\n"


def index_page(rules: Sequence[AnyRule]) -> str:
    """Every rule, by family, then by what it threatens."""
    return "\n".join(_index_lines(rules)) + "\n"


def _rule_lines(rule: AnyRule, answer: RuleAnswer) -> Iterator[str]:
    yield f"# {rule.code}"
    yield ""
    yield f"**{typographic(answer.title)}**"
    sections = {
        "Ce qui est vérifié": answer.what,
        "Pourquoi": answer.why,
        "Ne s'applique pas": answer.not_when,
        "Exemple": answer.example,
    }
    for heading, text in sections.items():
        if text:
            yield from ("", f"## {typographic(heading)}", "", typographic(_sentence(text)))
    yield from ("", "## Fiche", "", "| | |", "|---|---|")
    yield f"| Gravité | {SEVERITIES[rule.severity]} : {typographic(SEVERITY_MEANS[rule.severity])} |"
    yield f"| Porte sur | {typographic(_SUBJECTS[rule.subject])} |"
    yield f"| Référence | {_cell(rule.reference)} |"
    yield f"| Appui | {typographic(RULE_CONFIDENCE.get(rule.confidence, rule.confidence))} |"
    if rule.rests_on:
        yield f"| Suppose qu'une source donne | {', '.join(f'`{name}`' for name in rule.rests_on)} |"
    for parameter in answer.parameters:
        yield from _parameter_lines(parameter)
    if "tariff" in answer.others:
        yield from ("", "Cette règle lit aussi la table des tarifs.")
    yield from _needs_lines(rule)
    yield from ("", f"Au clavier{chr(160)}: `connector explain {rule.code}`. [Toutes les règles](catalogue.md)")


def _needs_lines(rule: AnyRule) -> Iterator[str]:
    yield from ("", f"## {typographic(_READS)}", "", "| | |", "|---|---|")
    for need in needs_by_record(rule.needs):
        fields = ", ".join(f"`{name}`" for name in need.fields)
        yield f"| {typographic(need.name)} (`{need.kind}`) | {fields or typographic(_ANY)} |"
    yield from ("", "Les champs sont ceux du [modèle commun](../vendor/common-model.md).")


def _parameter_lines(parameter: ParameterAnswer) -> Iterator[str]:
    yield from ("", f"### `{parameter.name}`", "", typographic(_sentence(parameter.label)), "")
    yield from ("| Depuis le | Valeur | Texte |", "|---|---|---|")
    for value in parameter.values:
        yield f"| {value.since:%d/%m/%Y} | {_value(value, parameter.unit)} | {_text(value)} |"


def _value(value: Value, unit: str) -> str:
    given = value.value
    if isinstance(given, bool):
        return "oui" if given else "non"
    said = _cell(str(given))
    return f"{said} {unit}" if unit and unit != "date" else said


def _text(value: Value) -> str:
    note = f". {value.note}" if value.note else ""
    return _cell(f"{value.reference} ({VALUE_CONFIDENCE[value.confidence]}){note}")


def _index_lines(rules: Sequence[AnyRule]) -> Iterator[str]:
    yield from ("# Le catalogue des règles", "", typographic(f"{len(rules)} règles, chacune avec sa page."))
    for family in dict.fromkeys(rule.family for rule in rules):
        yield from ("", f"## {family}", "")
        yield from _table(rule for rule in rules if rule.family == family)
    for severity, word in SEVERITIES.items():
        yield from ("", f"## {word} : {typographic(SEVERITY_MEANS[severity])}", "")
        yield ", ".join(_link(rule) for rule in rules if rule.severity == severity)


def _table(rules: Iterable[AnyRule]) -> Iterator[str]:
    yield from ("| Règle | Gravité | Ce que le cabinet lit |", "|---|---|---|")
    for rule in rules:
        yield f"| {_link(rule)} | {SEVERITIES[rule.severity]} | {_cell(typographic(rule.title))} |"


def _link(rule: AnyRule) -> str:
    return f"[{rule.code}]({page_name(rule.code)})"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    """A text that stays in its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
