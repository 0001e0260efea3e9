"""What a service manager is asked to run: which program, for which configuration, as whom, with which folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.settings.model import Settings

NAME = "connector"
"""The service's name, and its own account's where it gets one."""
TITLE = "connector"
DESCRIPTION = "Lit les exports du logiciel du cabinet, contrôle ce qui est facturé et tient le rapport à jour."


@dataclass(frozen=True, slots=True)
class Job:
    """One practice's daemon. All paths are absolute."""

    interpreter: Path
    options: tuple[str, ...]
    """The general options of the program, with the configuration named."""
    configuration: Path
    program: tuple[Path, ...]
    """Folders that the interpreter and what it imports lie in."""
    watched: tuple[Path, ...]
    """Folders of the practice's software: only ever read."""
    data: Path
    secrets: Path
    report: Path
    rescan: timedelta
    account: str | None = None
    """An account that exists, to run as; None for one of the service's own."""
    reader: str | None = None
    """An account that may read the report, besides the service's."""
    also: tuple[Path, ...] = ()
    """Other folders that the daemon writes to: for notices, the calendar, the local channel."""

    @property
    def command(self) -> tuple[str, ...]:
        """The daemon's command line."""
        return (str(self.interpreter), "-m", "connector_core", *self.options, "run")

    @property
    def written(self) -> tuple[Path, ...]:
        """The folders that the daemon writes to, none inside another."""
        return outermost((self.data, self.secrets, self.report, *self.also))


def job_of(
    settings: Settings,
    configuration: Path,
    *,
    no_plugins: bool = False,
    account: str | None = None,
    reader: str | None = None,
) -> Job:
    """The job of a practice whose configuration lies in a file.

    Raise ConfigurationError when there is no such file, nothing to watch, or folders that depend on the account.
    """
    if not configuration.is_file():
        raise ConfigurationError(
            "ce fichier de configuration n'existe pas",
            where=str(configuration),
            remedy="Créez-le par « connector init », ou nommez le vôtre par « connector --config FICHIER »",
        )
    watched = tuple(source.folder for source in settings.sources if source.folder is not None)
    if not settings.sources:
        raise ConfigurationError(
            "aucune source à surveiller", where="[[source]]", remedy="Lancez « connector init » ou ajoutez une source"
        )
    if settings.data.folder is None and sys.platform != "win32":
        raise ConfigurationError(
            "sans [data] folder, le dossier des données dépend du compte, et le service n'a pas le vôtre",
            where=str(configuration),
            remedy="Ajoutez par exemple : [data] folder = '/var/lib/connector'",
        )
    return Job(
        interpreter=Path(sys.executable),
        options=("--config", str(configuration), *(("--no-plugins",) if no_plugins else ())),
        configuration=configuration,
        program=outermost(tuple(_program())),
        watched=watched,
        data=settings.data_folder(),
        secrets=settings.secrets_folder(),
        report=settings.report_folder(),
        rescan=settings.daemon.rescan,
        account=account,
        reader=reader,
        also=tuple(_also(settings)),
    )


def _also(settings: Settings) -> Iterator[Path]:
    if any(each.by == "desktop" for each in settings.notify):
        yield settings.notices_folder()
    if settings.calendar.folder is not None:
        yield settings.calendar.folder
    if settings.service.channel is not None:
        yield settings.service.channel


def outermost(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """Folders in order, without those that lie inside another."""
    kept: list[Path] = []
    for folder in sorted(set(folders)):
        if not any(folder.is_relative_to(other) for other in kept):
            kept.append(folder)
    return tuple(kept)


def _program() -> Iterator[Path]:
    import connector_core

    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).parent)
    yield Path(connector_core.__file__).parents[1]
    # The first entry is where the program was called or lies.
    yield from (Path(entry) for entry in sys.path[1:] if Path(entry).is_absolute() and Path(entry).is_dir())
