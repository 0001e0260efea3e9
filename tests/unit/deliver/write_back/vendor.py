"""The database and the folder of Acme, and two connections to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.database import Change, DatabaseWriter
from connector_core.deliver.write_back.engines import connect
from connector_core.deliver.write_back.files import FileWriter
from connector_core.deliver.write_back.outcome import Outcome
from connector_core.deliver.write_back.session import Account, Session
from connector_core.dialects.language import read_dialect
from connector_core.dialects.write_back import FilePlace, NotePlace, RowPlace
from connector_core.sources.database.address import read_address
from connector_core.store.store import Store
from connector_core.store.write_back import Flag, FlagState
from connector_core.testing.acme import AGENDA, ALERTS, HEAD, IMPORT, NOTE, TABLES

ROWS = """
INSERT INTO PATIENTS VALUES (12, 'OZVRAY', NULL, 0), (13, 'LEBLANC', '', 0),
    (14, 'DUPRÉ', 'Sonner deux fois.' || char(10), 1);
INSERT INTO ALERTES (ID_PATIENT, TEXTE) VALUES (12, 'Code 1234');
INSERT INTO AGENDA VALUES (1, '2026-03-02', 'Réunion');
INSERT INTO ACTES VALUES (1, 12, 16.13), (2, 14, 22.1);
"""


def places() -> tuple[list[NotePlace | RowPlace], FilePlace]:
    every = read_dialect(HEAD + NOTE + ALERTS + AGENDA + IMPORT, "acme.toml").write_back
    (file,) = (place for place in every if isinstance(place, FilePlace))
    return [place for place in every if not isinstance(place, FilePlace)], file


@dataclass
class Vendor:
    """A vendor's SQLite database, and the ledger of what was written there."""

    path: Path
    store: Store = field(default_factory=Store.in_memory)
    opened: Callable[[Session], Session] = lambda session: session

    @classmethod
    def make(cls, folder: Path) -> Vendor:
        vendor = cls(folder / "base.db")
        with closing(sqlite3.connect(vendor.path)) as database:
            database.executescript(TABLES + ROWS)
        return vendor

    def _session(self) -> Session:
        return self.opened(connect(Account(read_address(f"sqlite:///{self.path}"))))

    def writer(self) -> DatabaseWriter:
        return DatabaseWriter(places()[0], self._session)

    def files(self) -> FileWriter:
        return FileWriter(places()[1], self.path.parent / "import")

    def book(self, *, dry: bool = False) -> Book:
        return Book(self.store, "acme", dry=dry)

    def propose(self, **wanted: Sequence[Flag]) -> tuple[list[Change], Outcome]:
        return self.writer().propose(self.book(dry=True), wanted)

    def apply(self, **wanted: Sequence[Flag]) -> Outcome:
        return self.writer().apply(self.book(), wanted)

    def undo(self, *flags: Flag) -> Outcome:
        return self.writer().undo(self.book(), {each.mark for each in flags})

    def by_hand(self, statement: str, *values: object) -> None:
        """What the vendor's software does meanwhile, on a connection of its own."""
        with closing(sqlite3.connect(self.path, timeout=0)) as database, database:
            database.execute(statement, values)

    def one(self, query: str, *values: object) -> object:
        with closing(sqlite3.connect(self.path)) as database:
            row = database.execute(query, values).fetchone()
            return None if row is None else row[0]

    def note(self, patient: int) -> object:
        return self.one("SELECT NOTE FROM PATIENTS WHERE ID = ?", patient)

    def dump(self) -> str:
        with closing(sqlite3.connect(self.path)) as database:
            return "\n".join(database.iterdump())

    def state(self, given: Flag) -> FlagState | None:
        known = self.book(dry=True).flag(given.mark)
        return None if known is None else known.state
