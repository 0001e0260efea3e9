"""Filling each engine with the practice."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from tests.engines.bed import firebird, mariadb, postgresql, sql_server_emulator
from tests.engines.bed.running import Server
from tests.engines.bed.sources import KINE4000, KINEMAX, VEGA, Place, Vendor, make_sqlite

from connector_core.model.records import Record
from connector_core.testing.exports.jet4 import write_jet4
from connector_core.testing.exports.relational import Filled


@dataclass
class Filling:
    """Makes the database that a name stands for; servers are started when they are first asked for."""

    request: pytest.FixtureRequest
    practice: Sequence[Record]
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    made: set[tuple[Path, str]]
    """The databases that servers have already, by the server's folder and their name: who only reads shares them."""
    name: str = "cabinet"

    def apart(self, name: str) -> Filling:
        """The same with databases of another name, to be written to."""
        return replace(self, name=name)

    def __call__(self, engine: str) -> Place:
        place: Place = getattr(self, engine)()
        return place

    def firebird(self) -> Place:
        server = self.request.getfixturevalue("firebird_server")
        if self._is_new(server):
            firebird.make_database(server, self.name, self._tables(KINE4000))
        return Place(
            KINE4000,
            firebird.url(server, self.name),
            firebird.READER_PASSWORD,
            lambda: firebird.connect(server, self.name),
        )

    def firebirdsql(self) -> Place:
        """The same, without Firebird's client library."""
        place = self.firebird()
        return replace(place, url=f"{place.url}?driver=firebirdsql")

    def postgresql(self) -> Place:
        server = self.request.getfixturevalue("postgresql_server")
        if self._is_new(server):
            postgresql.make_database(server, self.name, self._tables(VEGA))
        return Place(
            VEGA,
            postgresql.url(server, self.name),
            postgresql.READER_PASSWORD,
            lambda: postgresql.connect(server, self.name),
            "%s",
        )

    def mariadb(self) -> Place:
        server = self.request.getfixturevalue("mariadb_server")
        if self._is_new(server):
            mariadb.make_database(server, self.name, self._tables(VEGA))
        return Place(
            VEGA,
            mariadb.url(server, self.name),
            mariadb.READER_PASSWORD,
            lambda: mariadb.connect(server, self.name),
            "%s",
            ("`", "`"),
        )

    def sql_server_emulator(self) -> Place:
        emulator = self.request.getfixturevalue("sql_server_emulated")
        sql_server_emulator.make_database(emulator, self._tables(VEGA))
        return Place(
            VEGA,
            sql_server_emulator.url(emulator),
            sql_server_emulator.READER_PASSWORD,
            lambda: sql_server_emulator.connect(emulator),
        )

    def sqlite(self) -> Place:
        path = self.folder / "cabinet.db"
        make_sqlite(path, self._tables(VEGA))
        return Place(VEGA, f"sqlite:///{path}", None, lambda: sqlite3.connect(path, timeout=30))

    def access(self) -> Place:
        path = self._access_file()
        return Place(KINEMAX, f"access:///{path}", None, lambda: path)

    def odbc_postgresql(self) -> Place:
        place = self.postgresql()
        server = self.request.getfixturevalue("postgresql_server")
        settings = {"Servername": "127.0.0.1", "Port": str(server.port), "Database": self.name}
        name = self._dsn(Driver="PostgreSQL Unicode", **settings)
        return Place(VEGA, f"odbc://{postgresql.READER}@/{name}", place.password, place.connect, place.marker)

    def odbc_sqlite(self) -> Place:
        place = self.sqlite()
        name = self._dsn(Driver="SQLite3", Database=str(self.folder / "cabinet.db"), Timeout="5000")
        return Place(VEGA, f"odbc:///{name}", None, place.connect)

    def odbc_mdbtools(self) -> Place:
        path = self._access_file()
        name = self._dsn(Driver="MDBTools", Database=str(path))
        return Place(KINEMAX, f"odbc:///{name}", None, lambda: path)

    def _is_new(self, server: Server) -> bool:
        known = (server.folder, self.name) in self.made
        self.made.add((server.folder, self.name))
        return not known

    def _tables(self, vendor: Vendor) -> tuple[Filled, ...]:
        tables: tuple[Filled, ...] = vendor.layout.database(self.practice)
        return tables

    def _access_file(self) -> Path:
        return write_jet4(self._tables(KINEMAX), self.folder / "kinemax.mdb")

    def _dsn(self, **settings: str) -> str:
        """A source of ODBC, in a private list of them; its name is new, since the driver manager remembers old ones."""
        dsn = f"CABINET_{uuid4().hex[:12]}"
        path = self.folder / "odbc.ini"
        path.write_text(f"[{dsn}]\n" + "".join(f"{name}={value}\n" for name, value in settings.items()))
        self.monkeypatch.setenv("ODBCINI", str(path))
        return dsn
