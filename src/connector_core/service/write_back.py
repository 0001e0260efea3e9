"""The flags of a practice put together: which findings, into which places of which source, with which account.

Nothing is written for a source that the configuration does not switch on, nor into a place that it does not name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from connector_core.deliver.french import count
from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.database import Change, DatabaseWriter
from connector_core.deliver.write_back.engines import connect
from connector_core.deliver.write_back.files import FileChange, FileWriter
from connector_core.deliver.write_back.flags import Wanted
from connector_core.deliver.write_back.outcome import Outcome
from connector_core.deliver.write_back.session import Account
from connector_core.dialects.write_back import FilePlace, NotePlace, RowPlace, WritePlace
from connector_core.errors import ConfigurationError, ConnectorError, SourceError
from connector_core.nearest import suggestion
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.host import PluginHost
from connector_core.secrets import resolve
from connector_core.service.assembly import secrets_of
from connector_core.service.databases import known_of
from connector_core.service.logs import structured
from connector_core.service.places import today
from connector_core.settings.model import Settings, Source
from connector_core.settings.write_back import WriteBack
from connector_core.sources.database.address import Address, read_address
from connector_core.store.answers import KeptFinding
from connector_core.store.store import Store
from connector_core.store.write_back import Flag, KeptFlag

_WHERE = "[source.write_back]"


class WriteBackLater(ConnectorError):
    """Some flags could not be written now; the others were."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class SourceWriting:
    """What is written into the software of one source. Everything may raise what the database or the folder raises."""

    source: str
    places: tuple[WritePlace, ...]
    writers: tuple[DatabaseWriter | FileWriter, ...]
    store: Store
    wanted: Callable[[], Mapping[str, Sequence[Flag]]]

    def propose(self) -> tuple[list[Change | FileChange], Outcome]:
        """What `apply` would do; nothing is written, not even into the ledger."""
        wanted, book = self.wanted(), Book(self.store, self.source, dry=True)
        changes: list[Change | FileChange] = []
        outcome = Outcome()
        for writer in self.writers:
            proposed, told = writer.propose(book, wanted)
            changes += proposed
            outcome.add(told)
        return changes, outcome

    def apply(self) -> Outcome:
        """Write what is wanted, withdraw what is over."""
        wanted, book, outcome = self.wanted(), Book(self.store, self.source, dry=False), Outcome()
        for writer in self.writers:
            outcome.add(writer.apply(book, wanted))
        return outcome

    def undo(self, marks: Collection[str]) -> Outcome:
        """Restore what was there before some flags."""
        book, outcome = Book(self.store, self.source, dry=False), Outcome()
        for writer in self.writers:
            outcome.add(writer.undo(book, marks))
        return outcome

    def deliver(self) -> bool:
        """Apply for the outbox: raise WriteBackLater where something has to be tried again."""
        outcome = self.apply()
        if outcome.done or outcome.left or outcome.problems:
            states = [state for _, state in outcome.done]
            structured(__name__).info(
                "flags",
                source=self.source,
                written=states.count("written"),
                withdrawn=states.count("withdrawn"),
                left=len(outcome.left),
                unwritable=len(outcome.problems),
            )
        if outcome.later:
            raise WriteBackLater(
                f"{count(len(outcome.later), 'signalement')} à réessayer : {outcome.later[0][1]}", where=self.source
            )
        return True

    def verify(self) -> dict[str, bool]:
        """Whether each flag that the ledger says is written is there, by mark."""
        book = Book(self.store, self.source, dry=True)
        return {kept.flag.mark: there for writer in self.writers for kept, there in writer.verify(book)}

    def flags(self) -> Sequence[KeptFlag]:
        """Every flag that was ever written, or was to be, and is not forgotten."""
        return self.store.ledger.flags(self.source)


@dataclass(frozen=True, slots=True)
class Automatic:
    """The writing of a source by the service. What is wrong with it is found out when something is to be written, and
    stops nothing else."""

    source: str
    made: Callable[[], SourceWriting]

    def deliver(self) -> bool:
        return self.made().deliver()


def automatic_writings(settings: Settings, store: Store, host: PluginHost) -> tuple[Automatic, ...]:
    """The sources into whose software the service writes by itself."""
    return tuple(
        Automatic(source.id, partial(_writing, settings, source, source.write_back, store, host))
        for source in settings.sources
        if source.write_back is not None and source.write_back.automatic
    )


def writings_of(settings: Settings, store: Store, host: PluginHost) -> tuple[SourceWriting, ...]:
    """The sources into whose software flags are written. Raise ConfigurationError where a place is not declared."""
    return tuple(
        _writing(settings, source, source.write_back, store, host)
        for source in settings.sources
        if source.write_back is not None
    )


def declared_places(source: Source, host: PluginHost) -> Mapping[str, WritePlace]:
    """The places that the dialects of a source declare, by name. Two dialects may declare the same place, alike."""
    registered = host.connectors.get(source.connector)
    if registered is None or not isinstance(registered.connector, ReadsDialects):
        return {}
    found: dict[str, WritePlace] = {}
    for dialect in registered.connector.dialects.values():
        if source.dialect is None or dialect.id == source.dialect:
            for place in dialect.write_back:
                if found.setdefault(place.id, place) != place:
                    raise ConfigurationError(
                        f"plusieurs dialectes ont un emplacement « {place.id} »",
                        where=f"[[source]] {source.id}",
                        remedy="Nommez celui de votre logiciel par « dialect »",
                    )
    return found


def _writing(
    settings: Settings, source: Source, write_back: WriteBack, store: Store, host: PluginHost
) -> SourceWriting:
    declared = declared_places(source, host)
    places: list[WritePlace] = []
    for name in write_back.places:
        place = declared.get(name)
        if place is None:
            raise ConfigurationError(
                f"aucun dialecte de la source « {source.id} » n'a d'emplacement « {name} »",
                where=_WHERE,
                remedy=suggestion(name, declared) or "« connector write-back places » énumère ceux qu'il y a",
            )
        places.append(place)
    titles = {rule.code: rule.documentation.strip().split("\n\n")[0] for rule in host.rules}

    def wanted() -> Mapping[str, Sequence[Flag]]:
        as_of = store.fact("as_of")
        day = today(settings) if as_of is None else date.fromisoformat(as_of)
        asked = Wanted(source.id, write_back.severities, titles, _patients(store, source.id), day)
        kept = store.answers.findings("open")
        return {place.id: list(asked.flags(kept, place.id)) for place in places}

    return SourceWriting(
        source.id,
        tuple(places),
        _writers(settings, source, write_back, places, store),
        store,
        wanted,
    )


def _writers(
    settings: Settings, source: Source, write_back: WriteBack, places: Sequence[WritePlace], store: Store
) -> tuple[DatabaseWriter | FileWriter, ...]:
    writers: list[DatabaseWriter | FileWriter] = []
    in_database: list[NotePlace | RowPlace] = []
    for place in places:
        if not isinstance(place, FilePlace):
            in_database.append(place)
        elif write_back.folder is None:
            raise ConfigurationError(
                f"l'emplacement « {place.id} » demande « folder »", where=_WHERE, remedy="Donnez le dossier d'import"
            )
        else:
            writers.append(FileWriter(place, write_back.folder))
    if in_database:
        text = write_back.database or source.database
        if text is None:
            raise ConfigurationError(
                f"l'emplacement « {in_database[0].id} » demande « database »", where=_WHERE, remedy="Donnez l'adresse"
            )
        setting = f"[[source]] {source.id}" if write_back.database is None else _WHERE
        address = _address(text, f"{setting}, database")
        _own_account(source, write_back, address)
        reference = write_back.password

        def opened() -> Account:
            if known_of(store, source.id).paused is not None:
                raise SourceError(
                    "la base du logiciel n'est plus ce qu'elle était ; rien n'y est écrit",
                    where=source.id,
                    remedy="« connector status » dit ce qui a changé",
                )
            password = None if reference is None else resolve(reference, secrets_of(settings))
            return Account(address, write_back.account, password)

        writers.append(DatabaseWriter(in_database, lambda: connect(opened())))
    return tuple(writers)


def _address(text: str, setting: str) -> Address:
    """The database at an address; what is wrong with it is told of the setting."""
    try:
        return read_address(text)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=setting, remedy=error.remedy) from None


def _own_account(source: Source, write_back: WriteBack, address: Address) -> None:
    """The account that reads has no right to write, and the one that writes is not used to read."""
    if address.scheme == "sqlite":
        return
    reader = None if source.database is None else _address(source.database, f"[[source]] {source.id}, database").user
    if write_back.account is None or write_back.account == reader:
        raise ConfigurationError(
            "l'écriture demande un compte qui ne serve qu'à cela",
            where=_WHERE,
            remedy="Faites-en créer un, aux droits limités à l'emplacement, et nommez-le par « account »",
        )


def _patients(store: Store, source: str) -> Callable[[KeptFinding], Sequence[str]]:
    numbers = [number for number, name in store.files.sources().items() if name == source]

    def patients(kept: KeptFinding) -> Sequence[str]:
        """The ids under which a source knows the patient of a finding; none where it does not."""
        if kept.owner.startswith("d"):
            return sorted(each for number, each in store.dossiers.ids_of(int(kept.owner[1:])) if number in numbers)
        named, _, patient = (kept.finding.patient_id or "").partition(":")
        return [patient] if named == source and patient else []

    return patients
