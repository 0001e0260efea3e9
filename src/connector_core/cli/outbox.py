"""`connector outbox`: what is to be delivered, what was, what was given up; and trying again now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.lazy import DefaultGroup

if TYPE_CHECKING:
    from connector_core.deliver.answer import Json
    from connector_core.store.outbox import Parcel

STATES = {"waiting": "en attente", "trying": "livraison commencée", "done": "livré", "given_up": "abandonné"}
WAYS = {"desktop": "à l'écran", "apprise": "hors de l'ordinateur"}
_COLOURS = {"waiting": "yellow", "trying": "yellow", "done": "green", "given_up": "red"}
_PATIENCE = 60.0
"""Seconds to wait for a worker that is reading files."""


@click.group(
    "outbox",
    cls=DefaultGroup,
    help="Liste les livraisons (fichiers du rapport, calendrier, avis, signalements) ou les réessaie. Sans autre mot, "
    "les liste.",
)
def command() -> None:
    pass


@command.command(
    "list", help="Liste les livraisons et ce qu'elles sont devenues. Code de sortie : 1 si l'une a échoué."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def list_command(context: Context, as_json: bool) -> int:
    with context.store() as store:
        parcels = store.outbox.parcels()
    _tell(context, parcels, as_json=as_json)
    return 1 if any(each.problem for each in parcels) else 0


@command.command(
    "retry",
    help="Réessaie maintenant tout ce qui attend ou a été abandonné. Code de sortie : 1 si l'une échoue encore.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON : les livraisons telles qu'elles sont.")
@click.pass_obj
def retry_command(context: Context, as_json: bool) -> int:
    from filelock import FileLock, Timeout

    from connector_core.errors import StoreError
    from connector_core.service.assembly import rules_of
    from connector_core.service.deliveries import outgoing_of

    try:
        with FileLock(context.places.worker_lock, timeout=_PATIENCE), context.store(write=True) as store:
            outgoing = outgoing_of(context.settings, store, rules_of(context.settings, context.host))
            with console.progress() as tell:
                tell("livraisons", 0)
                slots = outgoing.retry()
            parcels = [each for each in store.outbox.parcels() if each.slot in slots]
    except Timeout:
        raise StoreError(
            "le service est en train de lire des fichiers", where=str(context.places.data), remedy="Réessayez bientôt"
        ) from None
    _tell(context, parcels, as_json=as_json)
    return 1 if any(each.problem for each in parcels) else 0


def _tell(context: Context, parcels: Sequence[Parcel], *, as_json: bool) -> None:
    if as_json:
        console.emit({"deliveries": [parcel_json(each) for each in parcels]})
        return
    if not parcels:
        click.echo("Rien à livrer.")
    titles = titles_of(context, parcels)
    for each in parcels:
        for line in parcel_text(each, titles):
            click.echo(line)


def parcel_json(parcel: Parcel) -> dict[str, Json]:
    return {
        "slot": parcel.slot,
        "state": parcel.state,
        "attempts": parcel.attempts,
        "queued_at": parcel.queued_at,
        "due_at": parcel.due_at if parcel.state == "waiting" else None,
        "done_at": parcel.done_at,
        "problem": parcel.problem,
    }


def parcel_text(parcel: Parcel, titles: Mapping[str, str]) -> Iterator[str]:
    from connector_core.deliver import french

    yield f"{called(parcel, titles)} : {_state(parcel)}"
    if parcel.problem is not None:
        yield f"  ! {parcel.problem}"
    if parcel.state == "waiting" and parcel.attempts:
        yield f"  {french.count(parcel.attempts, 'essai')} en échec"


def _state(parcel: Parcel) -> str:
    from datetime import datetime

    from connector_core.deliver import french

    def moment(text: str) -> str:
        return french.moment(datetime.fromisoformat(text).astimezone())

    state = click.style(STATES[parcel.state], fg=_COLOURS[parcel.state])
    match parcel.state:
        case "waiting":
            return f"{state} jusqu'au {moment(parcel.due_at)}"
        case "trying":
            return f"{state}, pas terminée"
        case "done":
            return f"{state} le {moment(parcel.done_at or parcel.queued_at)}"
        case "given_up":
            return f"{state} après {french.count(parcel.attempts, 'essai')} : « connector outbox retry »"


def counted(parcels: Sequence[Parcel]) -> str:
    """« 2 en attente, 1 abandonnée, 3 faites »."""
    words = {
        "waiting": ("en attente",) * 2,
        "trying": ("commencée", "commencées"),
        "given_up": ("abandonnée", "abandonnées"),
        "done": ("faite", "faites"),
    }
    counts = {state: sum(each.state == state for each in parcels) for state in words}
    return ", ".join(f"{count} {words[state][count > 1]}" for state, count in counts.items() if count)


def titles_of(context: Context, parcels: Sequence[Parcel]) -> Mapping[str, str]:
    """What each delivery of files brings, by its id; extensions are only loaded where one of them has such a delivery,
    and say nothing of it while they can't be."""
    from connector_core.deliver.names import DELIVERIES
    from connector_core.errors import ConnectorError

    ids = {rest for kind, _, rest in (each.slot.partition(":") for each in parcels) if kind == "file"}
    if ids <= DELIVERIES.keys():
        return DELIVERIES
    try:
        return {**{each.id: each.title for each in context.host.deliveries}, **DELIVERIES}
    except ConnectorError:
        return DELIVERIES


def called(parcel: Parcel, titles: Mapping[str, str]) -> str:
    """« Rapport, classeur », « Avis à camille (à l'écran) »."""
    kind, _, rest = parcel.slot.partition(":")
    if kind == "write-back":
        return f"Signalements dans {rest}"
    if kind != "notice":
        return titles.get(rest, rest)
    person, by, *_ = rest.split(":")
    return f"Avis à {person} ({WAYS[by]})"
