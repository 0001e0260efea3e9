"""`connector doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.relay import relayed

if TYPE_CHECKING:
    from datetime import datetime

    from connector_core.diagnose.doctor import Examined
    from connector_core.diagnose.store_checks import Opened
    from connector_core.plugins.contributions import Diagnosis, Diagnostic
    from connector_core.settings.model import Settings

_STATES = {
    "ok": ("bon", "green"),
    "warning": ("à voir", "yellow"),
    "failed": ("à corriger", "red"),
    "error": ("non vérifié", "magenta"),
}


@click.command(
    "doctor",
    help="Examine l'installation : configuration, extensions, trousseau, magasin, fichiers mis de côté, "
    "droits des dossiers, place, sources, service, horloge, journal. Rien n'est modifié.\n\n"
    "Code de sortie : 0 tout va bien, 1 quelque chose est à voir ou à corriger, 2 la configuration est à corriger.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def command(context: Context, as_json: bool) -> int:
    from connector_core.diagnose.doctor import examine

    with console.progress() as tell:
        examined = list(examine(console.announced(_checks(context), tell)))
    if as_json:
        console.emit({"checks": [{"title": each.title, **asdict(each.diagnosis)} for each in examined]})
    else:
        for each in examined:
            for line in _text(each):
                click.echo(line)
    states = {each.diagnosis.status for each in examined}
    if any(each.diagnosis.id == "configuration" and each.diagnosis.status == "failed" for each in examined):
        return 2
    return 0 if states == {"ok"} else 1


def _checks(context: Context) -> Iterator[Diagnostic]:
    """Our own checks, then those of the plugins. Without a valid configuration, those that need none."""
    from datetime import UTC, datetime

    from connector_core.diagnose import installation_checks as around
    from connector_core.errors import ConnectorError
    from connector_core.plugins.contributions import Diagnostic

    yield Diagnostic("configuration", "Configuration", partial(_configuration, context))
    yield Diagnostic("plugins", "Extensions", partial(_plugins, context))
    if not _has_settings(context):
        yield Diagnostic("clock", "Horloge", partial(around.clock, datetime.now(UTC), None))
        return
    yield from _checks_of(context, context.settings)
    try:
        yield from context.host.diagnostics
    except ConnectorError:
        return  # the check of the plugins has said it


def _checks_of(context: Context, settings: Settings) -> Iterator[Diagnostic]:
    from connector_core.cli.status import daemon_runs
    from connector_core.diagnose import installation_checks as around
    from connector_core.diagnose import store_checks as inside
    from connector_core.plugins.contributions import Diagnostic
    from connector_core.secrets import open_secrets
    from connector_core.service.assembly import is_lost

    places = context.places
    opened = partial(open_secrets, settings.secrets.keyring, settings.secrets_folder())
    yield Diagnostic("secrets", "Trousseau", lambda: inside.keyring(opened, settings))
    yield Diagnostic("store", "Magasin", lambda: inside.key_opens(opened, places.store, lost=is_lost(places)))
    yield Diagnostic("integrity", "Contenu du magasin", lambda: inside.pages_whole(opened, places.store))
    yield Diagnostic("set-aside", "Fichiers mis de côté", lambda: _set_aside(context, opened))
    yield Diagnostic("rights", "Droits des dossiers", lambda: _rights(context, settings))
    yield Diagnostic("channel", "Prise locale", lambda: around.channel_folder(settings.service.channel or places.data))
    yield Diagnostic("disk", "Place sur le disque", lambda: around.room(places.data))
    yield from around.source_checks(settings.sources)
    yield from _database_checks(context, settings)
    yield Diagnostic("daemon", "Service", lambda: around.daemon(daemon_runs(places.lock)))
    yield Diagnostic("clock", "Horloge", lambda: _clock(partial(inside.last_taken, opened, places.store)))
    yield Diagnostic("log", "Journal", lambda: around.log_writable(places.data))


def _database_checks(context: Context, settings: Settings) -> Iterator[Diagnostic]:
    if not any(source.database for source in settings.sources):
        return
    from connector_core.diagnose.database_checks import database_checks
    from connector_core.service.assembly import secrets_of
    from connector_core.service.databases import known_of, plans_of
    from connector_core.sources.database.passes import Known

    def known(name: str) -> Known:
        if not context.places.store.exists():
            return Known()
        with context.store() as store:
            return known_of(store, name)

    yield from database_checks(
        settings.sources,
        lambda source: plans_of(context.host, source.connector, source.dialect),
        lambda: secrets_of(settings),
        known,
    )


def _configuration(context: Context) -> Diagnosis:
    from connector_core.cli.config import doubtful_names, unknown_names
    from connector_core.errors import ConnectorError
    from connector_core.plugins.contributions import Diagnosis
    from connector_core.settings.problems import InvalidSettings

    file: Path | None = None
    problems: tuple[ConnectorError, ...] = ()
    doubts: tuple[ConnectorError, ...] = ()
    try:
        file = context.loaded.file
    except InvalidSettings as invalid:
        problems = invalid.problems
    else:
        with suppress(ConnectorError):  # of plugins that can't be loaded the next check tells
            if not context.no_plugins:
                problems, doubts = tuple(unknown_names(context)), tuple(doubtful_names(context))
    if problems or doubts:
        found = problems or doubts
        told = " ; ".join(f"{each.where} : {each.what}" if each.where else each.what for each in found)
        remedy = found[0].remedy or "Corrigez le fichier"
        return Diagnosis("configuration", "failed" if problems else "warning", told, remedy=remedy)
    if file is None:
        return Diagnosis("configuration", "warning", "aucun fichier", "connector.toml", "« connector init »")
    return Diagnosis("configuration", "ok", f"{file} est bonne")


def _plugins(context: Context) -> Diagnosis:
    from connector_core.diagnose.installation_checks import plugins_load

    host = context.host if _has_settings(context) else context.host_without_settings()
    return plugins_load(host.reports)


def _has_settings(context: Context) -> bool:
    from connector_core.errors import ConnectorError

    try:
        return context.loaded is not None
    except ConnectorError:
        return False


def _set_aside(context: Context, opened: Opened) -> Diagnosis:
    from connector_core.diagnose.set_aside import files_set_aside
    from connector_core.errors import ConnectorError

    try:
        connectors = context.host.connectors
    except ConnectorError:
        connectors = {}  # the check of the plugins has said it
    return files_set_aside(opened, context.places.store, connectors)


def _rights(context: Context, settings: Settings) -> Diagnosis:
    import sys

    from connector_core.diagnose.installation_checks import private_places

    places, report = context.places, settings.report_folder()
    looked: list[tuple[str, Path]] = [
        ("données", places.data),
        ("magasin", places.store),
        ("copies", places.spool),
        ("sauvegardes", places.backups),
        ("secrets", settings.secrets_folder()),
        ("rapport", report),
    ]
    admitted: tuple[str, ...] = ()
    if sys.platform == "win32":
        from connector_core.access_windows import sid_named

        admitted = tuple(filter(None, map(sid_named, settings.service.allow)))
    return private_places(looked, shared=report if settings.service.allow else None, admitted=admitted)


def _clock(last_taken: Callable[[], datetime | None]) -> Diagnosis:
    from datetime import UTC, datetime

    from connector_core.diagnose.installation_checks import clock
    from connector_core.errors import ConnectorError

    try:
        last = last_taken()
    except ConnectorError:
        last = None  # the check of the store has said it
    return clock(datetime.now(UTC), last)


def _text(examined: Examined) -> Iterator[str]:
    diagnosis = examined.diagnosis
    word, colour = _STATES[diagnosis.status]
    yield f"{click.style(f'{word:<12}', fg=colour)}{examined.title}"
    yield textwrap.indent(diagnosis.found, " " * 12)
    if diagnosis.status != "ok" and diagnosis.remedy:
        yield textwrap.indent(f"→ {diagnosis.remedy}", " " * 12)
