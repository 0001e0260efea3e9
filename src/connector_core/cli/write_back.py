"""`connector write-back`: what would be written into the practice's software, writing it, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.deliver.answer import Json
    from connector_core.deliver.write_back.database import Change
    from connector_core.deliver.write_back.files import FileChange
    from connector_core.deliver.write_back.outcome import Outcome
    from connector_core.service.write_back import SourceWriting
    from connector_core.store.store import Store
    from connector_core.store.write_back import Flag, FlagState, Intent, KeptFlag

_PATIENCE = 60.0
"""Seconds to wait for a worker that is reading files."""
_STATES: Mapping[FlagState, str] = {
    "absent": "pas encore écrit",
    "written": "écrit",
    "withdrawn": "retiré",
    "undone": "annulé",
    "left": "laissé",
}
_KINDS = {"note": "note", "alert": "alerte", "agenda": "agenda", "file": "fichier d'import"}
_INTENTS: Mapping[Intent, str] = {"write": "écrire", "hand_over": "écrire", "withdraw": "retirer", "undo": "annuler"}


@click.group(
    "write-back",
    help="Signale les constats dans le logiciel du cabinet, là où son dialecte le permet. Rien n'est écrit sans un "
    "bloc [source.write_back] dans la configuration.",
)
def command() -> None:
    pass


def _source_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("--source", metavar="ID", help="Seulement cette source.")(function)


def _json_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")(function)


@command.command("places", help="Énumère les emplacements que les dialectes des sources déclarent.")
@_source_option
@_json_option
@click.pass_obj
def places_command(context: Context, source: str | None, as_json: bool) -> int:
    from connector_core.service.write_back import declared_places

    found = [
        (each.id, place, each.write_back is not None and place.id in each.write_back.places)
        for each in context.settings.sources
        if source is None or each.id == source
        for place in declared_places(each, context.host).values()
    ]
    if as_json:
        listed = [
            {"source": name, "place": place.id, "kind": place.kind, "title": place.title, "used": used}
            for name, place, used in found
        ]
        console.emit({"places": listed})
        return 0
    if not found:
        click.echo("Aucun dialecte de ces sources ne déclare d'emplacement.")
    for name, place, used in found:
        click.echo(f"{name} : {place.id} ({_KINDS[place.kind]}), {place.title}{'' if used else ' ; non utilisé'}")
    return 0


@command.command(
    "preview",
    help="Montre exactement ce qui serait écrit, sans rien écrire. Code de sortie : 1 s'il y a quelque chose à écrire.",
)
@_source_option
@_json_option
@click.pass_obj
def preview_command(context: Context, source: str | None, as_json: bool) -> int:
    found: list[tuple[str, list[Change | FileChange], Outcome]] = []
    with context.store() as store:
        for writing in _writings(context, store, source):
            changes, outcome = writing.propose()
            found.append((writing.source, changes, outcome))
    if as_json:
        console.emit({"sources": [_preview_json(*each) for each in found]})
    else:
        for name, changes, outcome in found:
            for line in _preview_text(name, changes, outcome):
                click.echo(line)
    return 1 if any(changes for _, changes, _ in found) else 0


@command.command(
    "apply",
    help="Écrit ce que « preview » montre, retire ce qui est résolu. Code de sortie : 1 si quelque chose n'a pas pu "
    "l'être.",
)
@_source_option
@_json_option
@click.pass_obj
def apply_command(context: Context, source: str | None, as_json: bool) -> int:
    with _alone(context, source) as writings:
        done = [(each.source, each.apply()) for each in writings]
    return _tell_outcomes(done, as_json=as_json)


@command.command(
    "undo",
    help="Remet ce qu'il y avait avant des signalements, tant que personne n'y a touché depuis ; ils ne seront pas "
    "réécrits tant que leur constat dit la même chose. Code de sortie : 1 si quelque chose est resté.",
)
@_source_option
@click.option("--finding", metavar="EMPREINTE", help="Seulement les signalements de ce constat.")
@click.option("--all", "every", is_flag=True, help="Tous les signalements.")
@_json_option
@click.pass_obj
def undo_command(context: Context, source: str | None, finding: str | None, every: bool, as_json: bool) -> int:
    if every == (finding is not None):
        raise click.UsageError("dites lesquels : « --finding » ou « --all »", click.get_current_context())
    done: list[tuple[str, Outcome]] = []
    with _alone(context, source) as writings:
        for writing in writings:
            marks = {
                kept.flag.mark
                for kept in writing.flags()
                if finding is None or kept.flag.fingerprint.startswith(finding.lower())
            }
            done.append((writing.source, writing.undo(marks)))
    return _tell_outcomes(done, as_json=as_json)


@command.command(
    "list",
    help="Liste les signalements et ce qu'ils sont devenus. Code de sortie : 1 si l'un d'eux manque ou attend.",
)
@_source_option
@click.option("--verify", is_flag=True, help="Regarde aussi dans le logiciel s'ils y sont.")
@_json_option
@click.pass_obj
def list_command(context: Context, source: str | None, verify: bool, as_json: bool) -> int:
    listed: list[tuple[str, KeptFlag, bool | None]] = []
    with context.store() as store:
        for writing in _writings(context, store, source):
            there = writing.verify() if verify else {}
            listed += [(writing.source, kept, there.get(kept.flag.mark)) for kept in writing.flags()]
    if as_json:
        console.emit({"flags": [_kept_json(*each) for each in listed]})
    else:
        if not listed:
            click.echo("Aucun signalement.")
        for each in listed:
            for line in _kept_text(*each):
                click.echo(line)
    return 1 if any(kept.intent is not None or there is False for _, kept, there in listed) else 0


@contextmanager
def _alone(context: Context, source: str | None) -> Iterator[Sequence[SourceWriting]]:
    """The writings, while no other process of this program writes."""
    from filelock import FileLock, Timeout

    from connector_core.errors import StoreError

    try:
        with FileLock(context.places.worker_lock, timeout=_PATIENCE), context.store(write=True) as store:
            yield _writings(context, store, source)
    except Timeout:
        raise StoreError(
            "le service est en train de lire des fichiers", where=str(context.places.data), remedy="Réessayez bientôt"
        ) from None


def _writings(context: Context, store: Store, source: str | None) -> Sequence[SourceWriting]:
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.service.write_back import writings_of

    writings = writings_of(context.settings, store, context.host)
    if not writings:
        raise ConfigurationError(
            "aucune source n'a de bloc [source.write_back]",
            remedy="« connector write-back places » énumère les emplacements possibles",
        )
    chosen = [each for each in writings if source in (None, each.source)]
    if not chosen:
        raise ConfigurationError(
            f"rien n'est écrit pour une source « {source} »",
            remedy=suggestion(str(source), [each.source for each in writings]),
        )
    return chosen


def _preview_json(source: str, changes: Sequence[Change | FileChange], outcome: Outcome) -> dict[str, Json]:
    return {
        "source": source,
        "changes": [_change_json(each) for each in changes],
        "left": [_problem_json(*each) for each in outcome.left],
        "problems": [_problem_json(*each) for each in outcome.problems],
    }


def _change_json(change: Change | FileChange) -> dict[str, Json]:
    from connector_core.deliver.write_back.files import FileChange

    if isinstance(change, FileChange):
        return {
            "place": change.place.id,
            "flags": [{**_flag_json(change.flag), "do": _verb(change.intent)}],
            "file": str(change.path),
            "text": change.text,
        }
    return {
        "place": change.spots.id,
        "flags": [{**_flag_json(flag), "do": _verb(intent)} for flag, intent in change.flags],
        "sql": change.statement.sql,
        "values": [_plain(value) for value in change.statement.values],
    }


def _verb(intent: Intent) -> str:
    return "write" if intent == "hand_over" else intent


def _plain(value: object) -> str | int | None:
    return value if isinstance(value, str | int | None) else str(value)


def _flag_json(flag: Flag) -> dict[str, Json]:
    return {
        "mark": flag.mark,
        "finding": flag.fingerprint,
        "rule": flag.rule,
        "severity": flag.severity,
        "patient": flag.patient,
        "day": flag.day.isoformat(),
        "text": flag.text,
    }


def _problem_json(flag: Flag, reason: str) -> dict[str, Json]:
    return {**_flag_json(flag), "reason": reason}


def _kept_json(source: str, kept: KeptFlag, there: bool | None) -> dict[str, Json]:
    return {
        **_flag_json(kept.flag),
        "source": source,
        "place": kept.place,
        "state": kept.state,
        "intent": kept.intent,
        "changed_at": kept.changed_at,
        "problem": kept.problem,
        "there": there,
    }


def _preview_text(source: str, changes: Sequence[Change | FileChange], outcome: Outcome) -> Iterator[str]:
    from connector_core.deliver.french import count
    from connector_core.deliver.write_back.files import FileChange

    yield click.style(f"{source} : {count(len(changes), 'écriture')}", bold=True)
    for change in changes:
        flags = [(change.flag, change.intent)] if isinstance(change, FileChange) else change.flags
        yield ""
        for flag, intent in flags:
            yield f"  {_INTENTS[intent]} : {flag.text} (constat {flag.fingerprint})"
        if isinstance(change, FileChange):
            yield f"  {'fichier' if change.text is not None else 'fichier effacé'} {change.path}"
            for line in (change.text or "").splitlines():
                yield f"    {line}"
        else:
            yield f"  {change.statement.sql}"
            for number, value in enumerate(change.statement.values, 1):
                yield f"    {number}. {_shown(value)}"
    yield from _reasons(outcome)


def _shown(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else f"« {value} »".replace("\r\n", "\\r\\n").replace("\n", "\\n")


def _reasons(outcome: Outcome) -> Iterator[str]:
    for flag, reason in (*outcome.left, *outcome.later, *outcome.problems):
        yield f"  ! {flag.rule} (constat {flag.fingerprint}) : {reason}"


def _tell_outcomes(done: Sequence[tuple[str, Outcome]], *, as_json: bool) -> int:
    if as_json:
        console.emit({"sources": [_outcome_json(*each) for each in done]})
    else:
        for source, outcome in done:
            for line in _outcome_text(source, outcome):
                click.echo(line)
    return 1 if any(each.left or each.later or each.problems for _, each in done) else 0


def _outcome_json(source: str, outcome: Outcome) -> dict[str, Json]:
    return {
        "source": source,
        "done": [{**_flag_json(flag), "state": state} for flag, state in outcome.done],
        "left": [_problem_json(*each) for each in outcome.left],
        "later": [_problem_json(*each) for each in outcome.later],
        "problems": [_problem_json(*each) for each in outcome.problems],
    }


def _outcome_text(source: str, outcome: Outcome) -> Iterator[str]:
    from connector_core.deliver.french import count

    states = [state for _, state in outcome.done]
    parts = [
        f"{count(states.count(state), _STATES[state])}"
        for state in ("written", "withdrawn", "undone")
        if state in states
    ]
    yield f"{source} : {', '.join(parts) or 'rien à faire'}"
    yield from _reasons(outcome)


def _kept_text(source: str, kept: KeptFlag, there: bool | None) -> Iterator[str]:
    state = _STATES[kept.state]
    if kept.intent is not None:
        state += " ; interrompu, « connector write-back apply » le reprend"
    if there is not None:
        state += " ; il y est" if there else " ; il n'y est plus"
    yield f"{source}, {kept.place} : {state}. {kept.flag.text} (constat {kept.flag.fingerprint})"
    if kept.problem is not None:
        yield f"  ! {kept.problem}"
