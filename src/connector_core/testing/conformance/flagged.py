"""A sample into which the core writes flags as the dialect says: previewed, written, written again, undone.

That a flag is there once, whatever is killed meanwhile, is the core's promise and tested with the core. What a dialect
can break is where flags go: this looks at the sample's database before and after, and at what is read of it.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.database import DatabaseWriter
from connector_core.deliver.write_back.engines import connect
from connector_core.deliver.write_back.outcome import Outcome
from connector_core.deliver.write_back.session import Account
from connector_core.dialects.write_back import FilePlace, NotePlace, RowPlace, WritePlace
from connector_core.errors import ConnectorError
from connector_core.plugins.connector import Connector
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.sources.database.address import read_address
from connector_core.store.store import Store
from connector_core.store.write_back import Flag
from connector_core.testing.conformance.databases import address_of, extract_at, make_base, plans_of
from connector_core.testing.conformance.told import Known, Told, read

TEXT = "Bilan à faire, au plus tard le 12/03/2026. Règle : Bilan (BDK) dû à la 30e séance (KINE-BILAN-30)"
LONG = " ".join([TEXT] * 8)
"""Longer than any flag that the rules give."""
_PATIENTS = 40
_SIZE = re.compile(r"\((\d+)\)")
_SOURCE = "sample"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text column that a place writes into, how long the longest text in it is now, and how much it may hold."""

    place: str
    column: str
    longest: int
    size: int


@dataclass
class Trial:
    """What became of a database: what it held each time, but for the declared places, and what was said.

    `elsewhere` is the database without what the places may hold; `whole` is all of it.
    """

    whole: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Places, and why they did not take a flag."""
    written: int = 0
    again: int = 0
    missing: int = 0
    """Flags that the receipt speaks of and that are not there."""
    read: Told = field(default_factory=Told)


def places_of(connector: Connector, dialects: set[str]) -> tuple[WritePlace, ...]:
    """The places that some dialects of a connector declare."""
    if not isinstance(connector, ReadsDialects):
        return ()
    return tuple(place for each in connector.dialects.values() if each.id in dialects for place in each.write_back)


def flag_for(place: str, patient: str, text: str = TEXT) -> Flag:
    """A flag as the rules would give one."""
    mark = blake2b(f"{place}\0{patient}\0{text}".encode(), digest_size=8).hexdigest()
    return Flag(mark, f"{place}-{patient}", "KINE-BILAN-30", "reject", patient, date(2026, 3, 12), text)


def patients_in(lines: Sequence[str]) -> list[str]:
    """The ids of some patients among records."""
    records = (json.loads(line) for line in lines)
    return list(dict.fromkeys(each["id"] for each in records if each["record"] == "patient"))[:_PATIENTS]


@dataclass
class Flagged:
    """The database of a sample, the places in it, and the patients that flags are for."""

    connector: Connector
    script: Path
    places: Sequence[NotePlace | RowPlace]
    patients: Sequence[str]

    @contextmanager
    def _base(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "base.db")
            make_base(self.script, path)
            yield path

    def lacking(self) -> str:
        """Why a place can't be written to at all; empty where each can."""
        with self._base() as path, closing(Store.in_memory()) as store:
            for place in self.places:
                try:
                    self._writer(path, [place]).propose(Book(store, _SOURCE, dry=True), {})
                except ConnectorError as error:
                    return f"{place.id} : {error.what}"
        return ""

    @cached_property
    def trial(self) -> Trial:
        """Every patient flagged in every place."""
        wanted = {place.id: [flag_for(place.id, each) for each in self.patients] for place in self.places}
        tried = Trial()
        with self._base() as path, closing(Store.in_memory()) as store:
            writer = self._writer(path, self.places)
            self._note(tried, "before", path)
            writer.propose(Book(store, _SOURCE, dry=True), wanted)
            self._note(tried, "previewed", path)
            outcome = writer.apply(Book(store, _SOURCE, dry=False), wanted)
            tried.written = len(outcome.done)
            tried.refused = list(_refused(outcome, wanted))
            self._note(tried, "written", path)
            tried.again = len(writer.apply(Book(store, _SOURCE, dry=False), wanted).done)
            self._note(tried, "again", path)
            tried.missing = sum(not there for _, there in writer.verify(Book(store, _SOURCE, dry=True)))
            tried.read = read(self.connector, [extract_at(path, plans_of(self.connector))], Known(), keep=True)
            marks = {flag.mark for flags in wanted.values() for flag in flags}
            writer.undo(Book(store, _SOURCE, dry=False), marks)
            self._note(tried, "undone", path)
        return tried

    def cells(self) -> Sequence[Cell]:
        """The columns of limited length that hold a flag's words, when flags are as long as they can be."""
        wanted = {place.id: [flag_for(place.id, each, LONG) for each in self.patients[:1]] for place in self.places}
        with self._base() as path, closing(Store.in_memory()) as store:
            self._writer(path, self.places).apply(Book(store, _SOURCE, dry=False), wanted)
            with closing(sqlite3.connect(path)) as base:
                return [cell for place in self.places for cell in _cells(base, place)]

    def _writer(self, path: Path, places: Sequence[NotePlace | RowPlace]) -> DatabaseWriter:
        account = Account(read_address(address_of(path)))
        return DatabaseWriter(places, lambda: connect(account))

    def _note(self, tried: Trial, when: str, path: Path) -> None:
        with closing(sqlite3.connect(path)) as base:
            tried.whole[when] = _dump(base)
        copy = path.with_name("copy.db")
        shutil.copyfile(path, copy)
        with closing(sqlite3.connect(copy)) as base:
            tried.elsewhere[when] = _without(base, self.places, self.patients)


def files_among(places: Sequence[WritePlace]) -> list[FilePlace]:
    return [place for place in places if isinstance(place, FilePlace)]


def _refused(outcome: Outcome, wanted: Mapping[str, Sequence[Flag]]) -> Iterator[tuple[str, str]]:
    place_of = {flag.mark: place for place, flags in wanted.items() for flag in flags}
    for flag, reason in (*outcome.problems, *outcome.later, *outcome.left):
        yield place_of[flag.mark], reason


def _dump(base: sqlite3.Connection) -> str:
    """All that a database holds; numbers that it gave to rows are not given back, and are not looked at."""
    return "\n".join(line for line in base.iterdump() if "sqlite_sequence" not in line)


def _without(base: sqlite3.Connection, places: Sequence[NotePlace | RowPlace], patients: Sequence[str]) -> str:
    """All that a database holds beside what the places may hold."""
    triggers = base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        base.execute(f"DROP TRIGGER {_quoted(name)}")
    for place in places:
        table = _quoted(place.table)
        if isinstance(place, NotePlace):
            base.execute(f"UPDATE {table} SET {_quoted(place.column)} = NULL")
        else:
            for patient in patients:
                mark = flag_for(place.id, patient).mark
                base.execute(f"DELETE FROM {table} WHERE {_quoted(place.mark)} LIKE ?", (f"%{mark}%",))
    return _dump(base)


def _cells(base: sqlite3.Connection, place: NotePlace | RowPlace) -> Iterator[Cell]:
    """What a place has written, where the column says how much it holds."""
    columns = [place.column] if isinstance(place, NotePlace) else [*place.columns]
    declared = {row[1]: row[2] for row in base.execute(f"PRAGMA table_info({_quoted(place.table)})")}
    sizes = {name.casefold(): int(found[1]) for name, kind in declared.items() if (found := _SIZE.search(kind))}
    for column in columns:
        size = sizes.get(column.casefold())
        if size is not None:
            name = _quoted(column)
            (longest,) = base.execute(
                f"SELECT MAX(LENGTH({name})) FROM {_quoted(place.table)}"  # names are the dialect's
            ).fetchone()
            yield Cell(place.id, column, longest or 0, size)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
