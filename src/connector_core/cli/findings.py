"""`connector findings`: what was found, and what the practice decided about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import OneOf, Whole
from connector_core.cli.lazy import DefaultGroup
from connector_core.cli.relay import relayed

if TYPE_CHECKING:
    from connector_core.model.finding import Finding
    from connector_core.store.answers import FindingState
    from connector_core.store.files import FileFacts
    from connector_core.store.store import Store

_STATES = ("open", "dismissed", "resolved", "all")


@click.group(
    "findings",
    cls=DefaultGroup,
    help="Liste les constats, en écarte ou en rouvre. Sans autre mot, les liste : « connector findings list --help ».",
)
def command() -> None:
    pass


@command.command(
    "list",
    help="Liste les constats, les plus urgents d'abord. Code de sortie : 0 aucun, 1 au moins un.",
)
@click.option("--rule", metavar="CODE", help="Seulement cette règle, ou celles dont le code commence ainsi.")
@click.option("--severity", type=OneOf(("reject", "revenue", "info")), help="Seulement cette gravité.")
@click.option("--state", type=OneOf(_STATES), default="open", help="Dans cet état ; « open » par défaut.")
@click.option("--patient", metavar="ID", help="Seulement ce patient.")
@click.option("--limit", type=Whole(0), default=50, metavar="N", help="Constats montrés ; 0 les montre tous.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON, avec tous les constats.")
@click.pass_obj
@relayed
def list_command(
    context: Context,
    rule: str | None,
    severity: str | None,
    state: FindingState | str,
    patient: str | None,
    limit: int,
    as_json: bool,
) -> int:
    from connector_core.cli import listing
    from connector_core.cli.kept import life_text, to_json, who_of
    from connector_core.deliver.people import People
    from connector_core.deliver.sections import by_urgency

    day = context.today()
    with context.store() as store:
        every = store.answers.findings()
        if rule is not None:
            _refuse_unknown(rule, {kept.finding.rule for kept in every}, context)
        found = {
            kept.finding.fingerprint: kept
            for kept in every
            if state in (kept.state, "all")
            and (severity is None or kept.finding.severity == severity)
            and (rule is None or _of_rule(kept.finding.rule, rule))
            and (patient is None or _of_patient(kept.finding, patient))
        }
        taken = store.files.list_files()
        files = {file.sha256: file.name for file in taken}
        as_of = store.fact("as_of")
        ordered = by_urgency((kept.finding for kept in found.values()), day)
        shown = ordered[:limit] if limit else ordered
        people = None if as_json else People(store)
        who = {} if people is None else {each.fingerprint: who_of(people, found[each.fingerprint]) for each in shown}
    if as_json:
        console.emit({"as_of": as_of, "findings": [to_json(found[each.fingerprint]) for each in ordered]})
        return 1 if found else 0
    settled = {fingerprint for fingerprint, kept in found.items() if kept.state != "open"}
    click.echo(listing.summary(ordered, day, settled))
    if doubt := _unchecked_text(taken):
        click.echo(doubt)
    for finding in shown:
        click.echo("")
        for line in listing.finding_text(finding, files, day, who[finding.fingerprint]):
            click.echo(line)
        click.echo(f"  {life_text(found[finding.fingerprint])}")
    if limit and len(ordered) > limit:
        click.echo(f"\n… et {len(ordered) - limit} de plus : « --limit 0 » les montre tous.")
    return 1 if found else 0


def _unchecked_text(taken: Sequence[FileFacts]) -> str:
    """What keeps the list from being the whole answer: nothing was read, or not all of what came last; "" else."""
    if not taken:
        return "Rien n'a encore été lu : « connector status » dit où en est chaque source."
    last = {file.source: file for file in taken}
    if any(file.rejects or file.state not in ("committed", "waiting") for file in last.values()):
        return "Des données refusées n'ont pas été contrôlées : « connector status » dit lesquelles."
    return ""


@command.command(
    "dismiss",
    help="Écarte un constat, avec son motif. Il reparaîtra si ce qu'il dit change : gravité, montant, règle ou textes.",
)
@click.argument("fingerprint", metavar="EMPREINTE")
@click.option("--reason", required=True, metavar="MOTIF", help="Pourquoi il est écarté ; le motif est gardé.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON : le constat tel qu'il est devenu.")
@click.pass_obj
@relayed
def dismiss_command(context: Context, fingerprint: str, reason: str, as_json: bool) -> int:
    if not reason.strip():
        raise click.UsageError("le motif est vide", click.get_current_context())
    return _decide(context, fingerprint, "dismissed", reason.strip(), as_json=as_json)


@command.command("reopen", help="Rouvre un constat qui avait été écarté.")
@click.argument("fingerprint", metavar="EMPREINTE")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON : le constat tel qu'il est devenu.")
@click.pass_obj
@relayed
def reopen_command(context: Context, fingerprint: str, as_json: bool) -> int:
    return _decide(context, fingerprint, "open", None, as_json=as_json)


def _decide(context: Context, fingerprint: str, state: FindingState, reason: str | None, *, as_json: bool) -> int:
    """A short write; the daemon may be at work on the same store."""
    from connector_core.cli.kept import STATES, only_one, to_json
    from connector_core.errors import ConfigurationError
    from connector_core.store.decisions import Decision

    with context.store(write=True) as store:
        kept = only_one(store, fingerprint)
        name = kept.finding.fingerprint
        if kept.state == "resolved":
            raise ConfigurationError(
                "ce constat est résolu : les données ne le donnent plus", where=name, remedy="Il n'y a rien à décider"
            )
        if state != kept.state or reason != kept.reason:
            decision = Decision(name, kept.digest, state, context.today().isoformat(), reason)
            store.decide(context.decisions(), decision)
            _deliver(context, store)
        (kept,) = store.answers.find(name)
    if as_json:
        console.emit({"finding": to_json(kept)})
    else:
        click.echo(f"{kept.finding.rule} {name} : {STATES[state]}. « connector report » refait le rapport maintenant.")
    return 0


def _deliver(context: Context, store: Store) -> None:
    """Have the daemon deliver what a person decided."""
    from connector_core.findings.life import Changes
    from connector_core.service.assembly import rules_of
    from connector_core.service.deliveries import outgoing_of
    from connector_core.service.queued import mark

    outgoing = outgoing_of(context.settings, store, rules_of(context.settings, context.host))
    with store.transaction():
        outgoing.queue(context.today(), Changes())
    mark(context.places.queued)


def _of_rule(code: str, rule: str) -> bool:
    known, wanted = code.lower(), rule.lower()
    return known == wanted or known.startswith(f"{wanted.rstrip('-')}-")


def _refuse_unknown(rule: str, found: Collection[str], context: Context) -> None:
    """A mistyped rule has no finding: that is not to be taken for its having nothing to say."""
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.rules.paused import CODE as PAUSED
    from connector_core.rules.silence import CODE as SILENCE

    codes = {each.code for each in context.host.rules}.union(found, (PAUSED, SILENCE))
    if not any(_of_rule(code, rule) for code in codes):
        near = suggestion(rule, codes) or "Voyez « connector rules list »"
        raise ConfigurationError(f"aucune règle ne s'appelle « {rule} »", remedy=near)


def _of_patient(finding: Finding, patient: str) -> bool:
    """By the id as the store gives it (`vega:p12`), or as the vendor's software does (`p12`)."""
    known = finding.patient_id or (finding.subject.id if finding.subject.kind == "patient" else None)
    return known is not None and (known == patient or known.partition(":")[2] == patient)
