"""What goes into a support bundle of this installation, piece by piece, and what is kept out of it.

Nothing that a plugin wrote runs in this process: what needs plugins is asked of our own commands (`support_asked`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from connector_core.cli.context import Context
from connector_core.cli.support_asked import Asked, Unanswered
from connector_core.errors import ConnectorError

if TYPE_CHECKING:
    from connector_core.diagnose.support.bundle import Piece
    from connector_core.diagnose.support.people import People
    from connector_core.diagnose.support.redaction import Redaction
    from connector_core.diagnose.support.sources import Asked as AskedSources
    from connector_core.diagnose.support.vocabulary import Vocabulary
    from connector_core.service.places import Places
    from connector_core.settings.model import Settings
    from connector_core.sources.database.passes import Known
    from connector_core.store.store import Store

_COMPUTER = "[ordinateur]"
_LOADED = ("name", "stage", "status", "reason", "remedy", "connectors", "verified", "isolated")
_CHECKED = ("id", "title", "status", "found", "expected", "remedy")
_SYSTEM_ACCOUNTS = frozenset({"root", "connector", "system", "administrator", "administrateur", "localservice"})


@dataclass
class Installation:
    """An installation looked at for a bundle. `opened` is what is to be closed; `notes` gain what could not be looked
    for (French)."""

    context: Context
    now: datetime
    opened: ExitStack
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._asked = Asked(self.context.options())
        self.opened.callback(self._asked.close)
        for words in (("plugins", "list"), ("doctor",), ("status",), ("service", "status")):
            self._asked.start(*words)

    def pieces(self) -> Iterator[Piece]:
        """Every piece, in the order of the archive."""
        from connector_core.diagnose.support import computer, configuration, exports, sources, standing
        from connector_core.diagnose.support.bundle import Piece

        yield Piece("program.json", "versions : programme, Python, système", partial(computer.computer, self.now))
        yield Piece(
            "configuration.json",
            "configuration, sans ce qui nomme quelqu'un",
            lambda: configuration.configuration(self.context.loaded),
        )
        yield Piece("doctor.json", "ce que dit « connector doctor »", self._doctor)
        yield Piece(
            "status.json",
            "ce que dit « connector status »",
            lambda: standing.of_status(self._asked.answer("status"), self.words),
        )
        yield Piece("service.json", "service du système", self._service)
        yield Piece("plugins.json", "extensions : origine, niveau, confiance", self._plugins)
        yield Piece(
            "sources.json",
            "fichiers lus, rejetés, mis de côté, par source",
            lambda: sources.sources(self.store, self._about_sources(), self.words),
        )
        yield Piece(
            "exports.json",
            "forme des derniers fichiers des dossiers",
            lambda: exports.exports(self.settings.sources, self.words),
        )
        yield Piece("outbox.json", "livraisons", lambda: standing.outbox(self.store))
        yield Piece("storage.json", "tailles du magasin, des copies, des sauvegardes", self._storage)
        yield from self._logs()

    def redaction(self) -> Redaction:
        """What is kept out; where something can't be looked for, that is noted."""
        from connector_core.diagnose.support.redaction import Redaction

        return Redaction(self._secrets(), self._hidden(), self._patterns(), self.people)

    @cached_property
    def people(self) -> People | None:
        """The people of the store; None where it can't be asked."""
        from connector_core.diagnose.support.people import People
        from connector_core.store.connection import translated

        try:
            if not self._places.store.exists():
                self.notes.append("Rien n'a encore été lu : il n'y a personne à chercher dans les pièces.")
                return People()
            with translated(self.store.path):
                return People.of(self.store)
        except (ConnectorError, OSError) as error:
            self.notes.append(
                "Le magasin n'a pas pu être lu : personne n'a pu être cherché dans les pièces, et les phrases des "
                f"journaux ont été ôtées ({_why(error)})."
            )
            return None

    @property
    def settings(self) -> Settings:
        """The configuration; what is wrong with it is said in its own piece. Raise Unanswered."""
        try:
            return self.context.settings
        except ConnectorError as error:
            raise Unanswered("la configuration est à corriger") from error

    @cached_property
    def store(self) -> Store:
        """The practice's store, read only. Raise ConnectorError or OSError, the same each time."""
        if isinstance(self._opened_store, Exception):
            raise self._opened_store
        return self._opened_store

    @cached_property
    def _opened_store(self) -> Store | ConnectorError | OSError:
        try:
            _ = self.settings  # what is wrong with the configuration is told once
            return self.opened.enter_context(self.context.store())
        except (ConnectorError, OSError) as error:
            return error

    @cached_property
    def words(self) -> Vocabulary:
        """The words of installed dialects."""
        from connector_core.diagnose.support.vocabulary import installed_vocabulary
        from connector_core.service.assembly import DIALECT_FOLDER

        return installed_vocabulary(self.context.configuration_folder / DIALECT_FOLDER)

    @cached_property
    def _places(self) -> Places:
        """Where the practice's files lie, as far as a broken configuration says."""
        from connector_core.service.places import Places

        try:
            return self.context.places
        except ConnectorError:
            return Places(_data_folder_written(self.context) or self.context.log_folder())

    def _doctor(self) -> Mapping[str, object]:
        answer = self._asked.answer("doctor")
        return {**answer, "checks": [_only(each, _CHECKED) for each in _tables(answer.get("checks"))]}

    def _service(self) -> Mapping[str, object]:
        """How the system runs the service, and which program; of its account, only whether it is the system's."""
        from connector_core.diagnose.support.exact import version
        from connector_core.service.running import read_running

        state = self._asked.answer("service", "status").get("service")
        told = dict(state) if isinstance(state, Mapping) else {}
        account = str(told.pop("account", None) or "")
        program = read_running(self._places.running)
        return {
            **told,
            "running_version": None if program is None else version(program.version),
            "account_of_the_system": account.rpartition("\\")[2].casefold() in {"", *_SYSTEM_ACCOUNTS},
        }

    def _plugins(self) -> Mapping[str, object]:
        """What is installed, from metadata; what became of it, as another process says."""
        from connector_core.cli.conformance import standing_json, standings
        from connector_core.diagnose.support.exact import digest, version
        from connector_core.plugins.loader import load_plugins
        from connector_core.plugins.state import FILE_NAME, read_state
        from connector_core.plugins.trust import TrustedExtensions

        state = read_state(self.context.configuration_folder / FILE_NAME)
        host = load_plugins(block=state.block(), no_plugins=True, trusted=TrustedExtensions(state.enabled))
        levels = standings()
        try:
            loaded: object = [
                _only(each, _LOADED) for each in _tables(self._asked.answer("plugins", "list")["plugins"])
            ]
        except Unanswered as error:
            loaded = error.what
        return {
            "installed": [
                {
                    "name": each.name,
                    "distribution": each.distribution,
                    "version": version(each.version),
                    "trust": each.trust,
                    "source": each.source,
                    "conformance": standing_json(levels.get(each.name)),
                }
                for each in host.reports
            ],
            "loaded": loaded,
            "switched_off": sorted(state.disabled),
            "enabled": [
                {"distribution": name, "version": version(each.version), "files": digest(each.digest)}
                for name, each in sorted(state.enabled.items())
            ],
        }

    def _about_sources(self) -> AskedSources:
        from zoneinfo import ZoneInfo

        from connector_core.diagnose.support.sources import Asked as AskedSources
        from connector_core.pipeline.silence import awaited_sources
        from connector_core.service.assembly import expected_sources
        from connector_core.service.databases import known_of

        settings, store = self.settings, self.store

        def known(source: str) -> Known:
            return known_of(store, source)

        awaited = awaited_sources(store, expected_sources(settings), ZoneInfo(settings.practice.timezone))
        silent = frozenset(each.id for each in awaited if self.now >= each.silent_from)
        return AskedSources(settings.sources, silent, known)

    def _storage(self) -> Mapping[str, object]:
        import shutil

        from connector_core.diagnose.support.standing import storage

        places = self._places
        folders = {"depot": places.spool, "decisions": places.decisions, "sauvegardes": places.backups}
        there = next(each for each in (places.data, *places.data.absolute().parents) if each.exists())
        return storage(places.store, folders, places.backups, shutil.disk_usage(there).free)

    def _logs(self) -> Iterator[Piece]:
        from connector_core.cli.boundary import LOG_NAME
        from connector_core.diagnose.support import logs
        from connector_core.diagnose.support.bundle import Piece
        from connector_core.service.logs import DAEMON_LOG, FIELDS, WORKER_LOG

        folder, sentences = self._places.data, self.people is not None
        for name, title in ((DAEMON_LOG, "fin du journal du service"), (WORKER_LOG, "fin du journal de la lecture")):
            member = f"logs/{Path(name).stem}.jsonl"
            yield Piece(member, title, partial(logs.log, folder, name, FIELDS, sentences=sentences))
        yield Piece("logs/errors.jsonl", "erreurs imprévues", partial(logs.errors, folder, LOG_NAME))

    def _secrets(self) -> Sequence[str]:
        """Every secret of this account's keyring, to be looked for."""
        from connector_core.secrets import open_secrets

        try:
            settings = self.settings
            kept = open_secrets(settings.secrets.keyring, settings.secrets_folder())
            return [value for name in kept.names() if (value := kept.get(name)) is not None]
        except (ConnectorError, OSError) as error:
            self.notes.append(f"Le trousseau n'a pas pu être lu : aucun secret n'a pu être cherché ({_why(error)}).")
            return ()

    def _hidden(self) -> Mapping[str, str]:
        """What names the practice, this account and this computer."""
        import getpass
        import platform

        from connector_core.diagnose.support.configuration import naming, naming_as_written
        from connector_core.diagnose.support.redaction import ACCOUNT
        from connector_core.plugins.guard import guarded

        told: dict[str, str] = {}
        user: object = guarded(getpass.getuser)
        home: object = guarded(Path.home)
        accounts = [user if isinstance(user, str) else "", home.name if isinstance(home, Path) else ""]
        told |= {each: ACCOUNT for each in accounts if each and each.casefold() not in _SYSTEM_ACCOUNTS}
        told[platform.node()] = _COMPUTER
        try:
            told |= naming(self.settings)
        except Unanswered:
            told |= naming_as_written(_written(self.context))
        return {text: sign for text, sign in told.items() if text}

    def _patterns(self) -> Sequence[re.Pattern[str]]:
        """What plugins call sensitive."""
        from connector_core.plugins.guard import guarded

        try:
            told = _tables(self._asked.answer("plugins", "list").get("sensitive"))
        except Unanswered as error:
            self.notes.append(f"Ce que les extensions disent sensible n'a pas pu être cherché ({error.what}).")
            return ()
        made = [guarded(partial(re.compile, str(each["pattern"]), int(str(each["flags"])))) for each in told]
        return [each for each in made if isinstance(each, re.Pattern)]


def _written(context: Context) -> Mapping[str, object]:
    """The tables of a configuration that may be wrong; none where it is no TOML."""
    from connector_core.settings.load import parse
    from connector_core.settings.places import FILE_NAME

    path = context.config or context.configuration_folder / FILE_NAME
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ConnectorError):
        return {}


def _data_folder_written(context: Context) -> Path | None:
    """The folder of the data that a configuration names, which may be wrong elsewhere."""
    data = _written(context).get("data")
    folder = data.get("folder") if isinstance(data, Mapping) else None
    return context.configuration_folder / folder if isinstance(folder, str) else None


def _why(error: ConnectorError | OSError) -> str:
    return error.what if isinstance(error, ConnectorError) else type(error).__name__


def _tables(value: object) -> Sequence[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _only(table: Mapping[str, object], names: Sequence[str]) -> Mapping[str, object]:
    return {name: table.get(name) for name in names}
