"""`connector explain`: what a rule says on a day, or why a finding was raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.dated_values import parameter_json, parameter_text
from connector_core.cli.french import Day

if TYPE_CHECKING:
    from connector_core.deliver.report_model import LegalBasis
    from connector_core.diagnose.explain import RuleAnswer
    from connector_core.parameters.motifs import Motif
    from connector_core.store.answers import KeptFinding

_WIDTH = 100


@click.command(
    "explain",
    help="Explique une règle, un paramètre, un motif de rejet ou un constat : textes, valeurs datées, et ce qui a été "
    "compté.\n\n"
    "NOM est un code de règle (KINE-BILAN-30), un nom de paramètre, un motif de rejet (REJ-AMO-01), ou le début de "
    "l'empreinte d'un constat.",
)
@click.argument("name", metavar="NOM")
@click.option("--on", type=Day(), help="Jour des valeurs ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, name: str, on: date | None, as_json: bool) -> int:
    from connector_core.diagnose.explain import explain_parameter, explain_rule, find_rule, hex_like
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.service.assembly import practice_motifs, practice_parameters

    day = on or context.today()
    rules = context.host.rules
    parameters, motifs = practice_parameters(context.settings), practice_motifs(context.settings)
    rule = find_rule(name, rules)
    if rule is not None:
        answer = explain_rule(rule, parameters, day)
        off = rule.code in context.settings.rules.off
        if as_json:
            console.emit({"on": day.isoformat(), "rule": _rule_json(answer), "switched_off": off})
        else:
            _print(_rule_text(answer, day, off=off))
    elif name in parameters.names():
        value = explain_parameter(name, parameters, day)
        if as_json:
            console.emit({"on": day.isoformat(), "parameter": parameter_json(value)})
        else:
            _print(parameter_text(value, day))
    elif (motif := motifs.named(name)) is not None:
        if as_json:
            console.emit({"motif": asdict(motif)})
        else:
            _print(_motif_text(motif))
    elif hex_like(name):
        _explain_finding(context, name, as_json)
    else:
        codes = [*(each.code for each in rules), *(each.id for each in motifs.all())]
        near = suggestion(name, codes) or suggestion(name, parameters.names())
        raise ConfigurationError(f"aucune règle ne s'appelle « {name} »", remedy=near)
    return 0


def _explain_finding(context: Context, prefix: str, as_json: bool) -> None:
    from connector_core.cli.kept import only_one, to_json, who_of
    from connector_core.deliver.evidence import basis
    from connector_core.deliver.people import People
    from connector_core.diagnose.explain import find_rule, severity_reason
    from connector_core.service.assembly import practice_parameters

    with context.store() as store:
        kept = only_one(store, prefix)
        files = {file.sha256: file.name for file in store.files.list_files()}
        who = None if as_json else who_of(People(store), kept)
    finding = kept.finding
    rule = find_rule(finding.rule, context.host.rules)
    reason = severity_reason(finding, rule, context.settings.rules.lower.get(finding.rule))
    if as_json:
        console.emit({"finding": {**to_json(kept), "severity_reason": reason}})
    else:
        parameters = practice_parameters(context.settings)
        known = set(parameters.names())
        read = {each.name: parameters.parameter(each.name) for each in finding.parameters if each.name in known}
        labels = {name: each.label for name, each in read.items()}
        units = {name: each.unit for name, each in read.items()}
        _print(_finding_text(kept, files, context.today(), reason, who, basis(finding.parameters, labels, units)))
        if rule is not None:
            click.echo(f"\nLa règle : « connector explain {rule.code} ».")


def _rule_text(answer: RuleAnswer, day: date, *, off: bool) -> Iterator[str]:
    from connector_core.cli.listing import SEVERITIES
    from connector_core.deliver.field_words import FIELD_WORDS, missing_words
    from connector_core.deliver.french import typographic
    from connector_core.deliver.wording import SEVERITY_MEANS
    from connector_core.diagnose.explain import RULE_CONFIDENCE, needs_by_record

    yield f"{click.style(answer.code, bold=True)}  {typographic(answer.title)}"
    if off:
        yield "Cette règle est écartée par la configuration du cabinet ([rules] off)."
    sections = {
        "Vérifie": answer.what,
        "Pourquoi": answer.why,
        "Ne s'applique pas": answer.not_when,
        "Exemple": answer.example,
        "Gravité": f"{SEVERITIES[answer.severity][0].lower()} : {SEVERITY_MEANS[answer.severity]}",
        "Référence": f"{answer.reference} ({RULE_CONFIDENCE.get(answer.confidence, answer.confidence)})",
        "Suppose qu'une source donne": missing_words(answer.rests_on),
    }
    for heading, text in sections.items():
        if text:
            yield ""
            yield click.style(heading, bold=True)
            yield _wrapped(typographic(text))
    yield ""
    yield click.style("Lit dans vos données", bold=True)
    for need in needs_by_record(answer.needs):
        fields = ", ".join(FIELD_WORDS[f"{need.kind}.{name}"] for name in need.fields) or "s'il y en a"
        yield _wrapped(typographic(f"{need.name} : {fields}"))
    for parameter in answer.parameters:
        yield ""
        yield from parameter_text(parameter, day)
    if "tariff" in answer.others:
        yield ""
        yield "Cette règle lit aussi la table des tarifs."
    if "referential" in answer.others:
        yield ""
        yield "Cette règle lit aussi la table des référentiels."


def _motif_text(motif: Motif) -> Iterator[str]:
    from connector_core.deliver.french import typographic
    from connector_core.diagnose.explain import VALUE_CONFIDENCE

    yield f"{click.style(motif.id, bold=True)}  {typographic(motif.name)}"
    received = [f"« {each} »" for each in (*motif.codes, *motif.labels)]
    sections = {
        "Cause habituelle": f"{motif.cause[:1].upper()}{motif.cause[1:]}.",
        "Que faire": motif.action,
        "Reconnu dans un retour de l'" + motif.payer: ", ".join(received) or "aucun code ni libellé connu",
        "Référence": f"{motif.reference} ({VALUE_CONFIDENCE[motif.confidence]})",
    }
    for heading, text in sections.items():
        yield ""
        yield click.style(typographic(heading), bold=True)
        yield _wrapped(typographic(text))


def _finding_text(
    kept: KeptFinding, files: Mapping[str, str], day: date, reason: str, who: str | None, texts: Sequence[LegalBasis]
) -> Iterator[str]:
    from connector_core.cli.kept import life_text
    from connector_core.cli.listing import evidence_place, finding_text
    from connector_core.deliver.french import short_day, typographic

    finding = kept.finding
    yield from finding_text(finding, files, day, who)
    yield ""
    yield f"Empreinte {finding.fingerprint}. {life_text(kept)}"
    yield f"Gravité : {reason}."
    if finding.due_on is not None:
        yield f"Depuis le {short_day(finding.due_on)}."
    if finding.also:
        yield f"Décrit aussi par : {', '.join(finding.also)}."
    if finding.counted:
        yield ""
        yield click.style("Ce qui a été compté", bold=True)
        for line in finding.counted:
            rank = "    " if line.rank is None else f"{line.rank:>4}"
            yield f"{rank}  {short_day(line.on)}  {line.text}  ({evidence_place(line.evidence, files)})"
    if finding.derived:
        yield ""
        yield click.style("Traitement reconstitué : aucune source n'en donne pour ce patient", bold=True)
        for step in finding.derived:
            yield _wrapped(typographic(step))
    if finding.evidence:
        yield ""
        yield click.style("Lu dans", bold=True)
        for each in finding.evidence:
            yield f"  {evidence_place(each, files)}"
    if texts:
        yield ""
        yield click.style("Valeurs lues", bold=True)
        for text in texts:
            values = " ; ".join(f"{label} : {value}" for label, value in text.values)
            yield typographic(f"  {values}, depuis le {short_day(text.since)}")
            yield f"    {text.reference}"
            if text.note:
                yield f"    {text.note}"


def _rule_json(answer: RuleAnswer) -> Mapping[str, object]:
    return {**asdict(answer), "parameters": [parameter_json(each) for each in answer.parameters]}


def _wrapped(text: str) -> str:
    width = min(get_terminal_size().columns, _WIDTH)
    return fill(text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)
