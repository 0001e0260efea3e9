"""Reading the databases of a practice: when one is asked for, while it goes on, what is done with what it gave.

A reading goes on beside the worker's other work: a thread has the child process give its extract and puts it,
encrypted, into the spool; the worker asks now and then whether one has ended. What is known of a database lies in the
store and is written after its extract was read: killed in between, the next reading finds that all rows were seen
before.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread

import msgspec

from connector_core.dialects.plan import Plan, database_plans
from connector_core.errors import ConfigurationError, ConnectorError, SourceError
from connector_core.plugins.connector import Connector
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.host import PluginHost
from connector_core.plugins.isolation.proxy import IsolatedConnector
from connector_core.secrets import GivesSecrets, resolve
from connector_core.settings.model import Source
from connector_core.sources.database.exchange import ReadPass, Request
from connector_core.sources.database.fetch import Reads, fetching
from connector_core.sources.database.parts import HeldRows
from connector_core.sources.database.passes import Known, Passed
from connector_core.sources.spool import Spool, SpooledCopy
from connector_core.store.held import HASH_BYTES, KEY_BYTES
from connector_core.store.store import Store

_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class Ended:
    """A reading that has ended: what it came to, with the copy of its extract if it has one, or why it failed."""

    source: str
    passed: Passed | None = None
    copy: SpooledCopy | None = None
    error: ConnectorError | None = None


@dataclass(slots=True)
class _Reading:
    """A reading that goes on, in a thread of its own."""

    thread: Thread
    fetching: Reads | None = None
    ended: Ended | None = None
    unwanted: bool = False


@dataclass(slots=True)
class Databases:
    """The databases of one practice. `secrets` gives the passwords, `clock` tells the time, `fetch` has a database read
    elsewhere."""

    store: Store
    spool: Spool
    host: PluginHost
    secrets: Callable[[], GivesSecrets]
    clock: Callable[[], datetime]
    fetch: Callable[[Request], AbstractContextManager[Reads]] = fetching
    _going_on: dict[str, _Reading] = field(default_factory=dict)

    @property
    def reading(self) -> tuple[str, ...]:
        """The sources that are being read."""
        return tuple(self._going_on)

    def start(self, source: Source) -> None:
        """Begin to read a source, unless it is being read. Raise ConnectorError where that can't begin."""
        if source.id in self._going_on or source.database is None:
            return
        request = self._request(source, source.database)
        reading = _Reading(Thread(daemon=True))
        reading.thread = Thread(target=self._read, args=[source.id, request, reading], daemon=True)
        self._going_on[source.id] = reading
        reading.thread.start()

    def ended(self) -> Iterator[Ended]:
        """The readings that have ended since this was last asked."""
        for source, reading in [*self._going_on.items()]:
            if reading.ended is not None:
                del self._going_on[source]
                reading.thread.join()
                yield reading.ended

    def known(self, source: str) -> Known:
        """What is known of a source's database since its last pass."""
        return known_of(self.store, source)

    def note(self, source: str, known: Known) -> None:
        """Remember what is known of a source's database from now on."""
        if known != self.known(source):
            keep_known(self.store, source, known)

    def close(self) -> None:
        """Let go of every reading."""
        for reading in self._going_on.values():
            reading.unwanted = True
            if reading.fetching is not None:
                reading.fetching.end()
        for reading in self._going_on.values():
            reading.thread.join()
        self._going_on.clear()

    def _request(self, source: Source, database: str) -> Request:
        password = None if source.password is None else resolve(source.password, self.secrets())
        number = self.store.files.count(source.id) + 1
        plans = plans_of(self.host, source.connector, source.dialect)
        known, held = self.known(source.id), held_of(self.store, source.id, plans)
        registered = self.host.connectors.get(source.connector)
        stamp = "" if registered is None else registered.stamp
        if known.connector != stamp:  # all is to be understood by it, and not only what changes
            known, held = msgspec.structs.replace(known, connector=stamp), dict.fromkeys(held)
        what = ReadPass(plans, known, number, self.clock(), held, source.compare)
        return Request(database, password, what)

    def _read(self, source: str, request: Request, reading: _Reading) -> None:
        """Have a child read, into the spool."""
        try:
            with self.fetch(request) as found:
                reading.fetching = found
                if reading.unwanted:
                    return
                copy = self.spool.receive(source, f"{source}.extrait", io.BufferedReader(found.stream, _BUFFER))
                passed = found.answer(Passed)
            if passed.status != "taken":
                self.spool.forget(source, copy.sha256)
                reading.ended = Ended(source, passed)
            else:
                reading.ended = Ended(source, passed, copy)
        except ConnectorError as error:
            reading.ended = Ended(source, error=error)
        except (OSError, ValueError, msgspec.DecodeError) as error:
            what = f"la lecture de la base a échoué ({type(error).__name__})"
            reading.ended = Ended(source, error=SourceError(what, remedy="Nouvel essai à la prochaine lecture"))


def fact_of(source: str) -> str:
    """The fact of the store that holds what is known of a source's database."""
    return f"database:{source}"


def known_of(store: Store, source: str) -> Known:
    """What a store knows of a source's database since its last pass."""
    text = store.fact(fact_of(source))
    return Known() if text is None else msgspec.json.decode(text, type=Known)


def held_of(store: Store, source: str, plans: Sequence[Plan]) -> dict[str, HeldRows | None]:
    """What a store holds of the tables of a source's database, as a pass wants it."""
    compared = {table.name for plan in plans for table in plan.tables if table.compared}
    found: dict[str, HeldRows | None] = {}
    for name, table in store.files.held(source).items():
        keys, hashes = store.files.held_rows(source, name) if table.known and name in compared else (b"", b"")
        found[name] = HeldRows(keys, _cut(hashes), table.waits) if table.known else None
    return found


def _cut(hashes: bytes) -> bytes:
    """Hashes cut to half their length, which is that of a key's."""
    return memoryview(hashes).cast("Q")[:: HASH_BYTES // KEY_BYTES].tobytes()


def keep_known(store: Store, source: str, known: Known) -> None:
    """Remember what is known of a source's database."""
    with store.transaction():
        store.set_fact(fact_of(source), msgspec.json.encode(known).decode())


def plans_among(host: PluginHost, connector: str | None = None, dialect: str | None = None) -> tuple[Plan, ...]:
    """What a connector, or any, reads of databases; `dialect` is the only one that is wanted."""
    registered = host.connectors.values() if connector is None else filter(None, [host.connectors.get(connector)])
    plans = [each for one in registered for each in _plans(one.connector)]
    return tuple(each for each in plans if dialect in (None, each.dialect))


def _plans(connector: Connector) -> tuple[Plan, ...]:
    match connector:
        case IsolatedConnector():
            return connector.databases
        case ReadsDialects():
            return database_plans(connector.dialects.values())
        case _:
            return ()


def plans_of(host: PluginHost, connector: str | None, dialect: str | None) -> tuple[Plan, ...]:
    """What may be read of a database; ConfigurationError where no dialect says."""
    plans = plans_among(host, connector, dialect)
    if not plans:
        raise ConfigurationError(
            f"le connecteur « {connector} » ne sait pas lire une base"
            if connector
            else "aucun connecteur installé ne sait lire une base",
            remedy="Mettez un dialecte de base dans le dossier « dialects », ou lisez un export",
        )
    return plans
