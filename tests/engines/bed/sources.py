"""One practice in every engine: how each is filled, under which address it is read, and with which dialect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.engines.bed.answers import host

from connector_core.dialects.plan import Plan, plan_of
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.testing.exports import kine4000_database, kinemax_database, vega_database
from connector_core.testing.exports.relational import Filled
from connector_core.testing.exports.sql import SQLITE, deploy


@dataclass(frozen=True)
class Vendor:
    """A vendor's layout and the dialect that reads it; where its acts and invoices stand."""

    layout: ModuleType
    connector: str
    dialect: str
    sample: str
    act: tuple[str, str, str]
    """The table of the acts, their amount and their invoice."""
    invoice: tuple[str, str, str]
    """The table of the invoices, their key and their total."""

    def key_of(self, table: str) -> str:
        """The key of a table."""
        key: str = next(each.key for each in self.layout.TABLES if each.name == table)
        return key

    def plan(self) -> Plan:
        """What its dialect reads."""
        registered = host().connectors[self.connector].connector
        assert isinstance(registered, ReadsDialects)
        return plan_of(registered.dialects[self.dialect])


VEGA = Vendor(
    vega_database,
    "vega",
    "vega-postgresql",
    "vega/postgresql",
    ("acte", "montant", "facture_id"),
    ("facture", "id", "total"),
)
KINE4000 = Vendor(
    kine4000_database,
    "kine4000",
    "kine4000-firebird",
    "kine4000/firebird",
    ("LIGNES", "MONTANT", "ID_FACTURE"),
    ("FACTURES", "ID_FACTURE", "TOTAL"),
)
KINEMAX = Vendor(
    kinemax_database,
    "kinemax",
    "kinemax-access",
    "kinemax/access",
    ("Séances", "Montant", "Facture"),
    ("Factures", "Facture", "Total"),
)


@dataclass(frozen=True)
class Place:
    """A database with the practice in it. `connect` is how the vendor's software writes to it, with its markers."""

    vendor: Vendor
    url: str
    password: str | None
    connect: Callable[[], object]
    marker: str = "?"
    quote: tuple[str, str] = ('"', '"')


def make_sqlite(path: Path, tables: Sequence[Filled], *, wal: bool = True) -> None:
    """A SQLite file with these tables."""
    connection = sqlite3.connect(path)
    try:
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
        deploy(
            tables,
            SQLITE,
            lambda statement, rows: connection.executemany(statement, [[_kept(cell) for cell in row] for row in rows]),
            connection.commit,
        )
    finally:
        connection.close()


def _kept(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
