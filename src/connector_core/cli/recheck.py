"""`connector recheck`: everything asked again, and what it changes; after an upgrade, for instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Whole

if TYPE_CHECKING:
    from datetime import date

    from connector_core.findings.life import Changes
    from connector_core.store.answers import KeptFinding

_PATIENCE = 60.0
"""Seconds to wait for a worker that is reading files."""


@click.command(
    "recheck",
    help="Repose toutes les questions à toutes les données, et dit ce qui change : constats nouveaux, disparus, "
    "changés. Utile après une mise à jour. Code de sortie : 1 si quelque chose change.",
)
@click.option("--limit", type=Whole(0), default=50, metavar="N", help="Constats montrés ; 0 les montre tous.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON, avec tous les constats.")
@click.pass_obj
def command(context: Context, limit: int, as_json: bool) -> int:
    from filelock import FileLock, Timeout

    from connector_core.cli.kept import to_json, who_of
    from connector_core.deliver.people import People
    from connector_core.errors import StoreError
    from connector_core.service.assembly import pipeline_of, rules_of
    from connector_core.service.deliveries import outgoing_of
    from connector_core.service.queued import mark

    try:
        with FileLock(context.places.worker_lock, timeout=_PATIENCE), context.store(write=True) as store:
            rules = rules_of(context.settings, context.host)
            outgoing = outgoing_of(context.settings, store, rules)
            with console.progress() as tell:
                pipeline = pipeline_of(context.settings, store, rules, outgoing.queue)
                outcome = pipeline.recheck(context.today(), tell)
            mark(context.places.queued)
            kept = {each.finding.fingerprint: each for each in store.answers.findings()}
            files = {file.sha256: file.name for file in store.files.list_files()}
            groups, people = _groups(outcome.changes), People(store)
            who = {each: who_of(people, kept[each]) for found in groups.values() for each in _shown(found, limit)}
    except Timeout:
        raise StoreError(
            "le service est en train de lire des fichiers", where=str(context.places.data), remedy="Réessayez bientôt"
        ) from None
    if as_json:
        told = {name: [to_json(kept[each]) for each in found] for name, found in groups.items()}
        console.emit({"asked": outcome.asked, **told})
    else:
        for line in _text(groups, kept, who, files, context.today(), limit):
            click.echo(line)
    return 1 if any(groups.values()) else 0


def _groups(changes: Changes) -> Mapping[str, Sequence[str]]:
    """Fingerprints by what became of them."""
    return {"new": [*changes.new, *changes.resurfaced], "changed": changes.changed, "gone": changes.resolved}


def _shown(found: Sequence[str], limit: int) -> Sequence[str]:
    return found[:limit] if limit else found


def _text(
    groups: Mapping[str, Sequence[str]],
    kept: Mapping[str, KeptFinding],
    who: Mapping[str, str | None],
    files: Mapping[str, str],
    day: date,
    limit: int,
) -> Iterator[str]:
    from connector_core.cli.listing import finding_text
    from connector_core.deliver.french import count

    if not any(groups.values()):
        yield "Rien ne change."
        return
    words = {"new": "nouveau", "changed": "changé", "gone": "disparu"}
    plurals = {"new": "nouveaux", "changed": "changés", "gone": "disparus"}
    for name, found in groups.items():
        if not found:
            continue
        yield click.style(f"{count(len(found), f'constat {words[name]}', f'constats {plurals[name]}')}", bold=True)
        for fingerprint in _shown(found, limit):
            yield ""
            yield from finding_text(kept[fingerprint].finding, files, day, who[fingerprint])
        if limit and len(found) > limit:
            yield f"… et {len(found) - limit} de plus : « --limit 0 » les montre tous."
        yield ""
