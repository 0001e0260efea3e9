"""A practice of ten years in the databases of real engines, each started for the benchmark, and as delimited text."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.engines.bed.sources import KINE4000, VEGA, Place, Vendor, make_sqlite
from tests.engines.bed.writing import sql_of

from benchmarks.bench import PATIENTS_A_YEAR, YEARS
from benchmarks.contenders.database_delimited import DIALECT
from benchmarks.contenders.make_export import TODAY
from connector_core.formats.extract import ExtractSplitter, extract_rows, header_of
from connector_core.sources.database.extracted import extracted
from connector_core.testing.exports.relational import Filled
from connector_core.testing.practice import make_practice

SQLITE = "SQLite"


@dataclass(frozen=True, slots=True)
class _Engine:
    """An engine of the test bed: what must be installed for it, and how a database of it is had."""

    vendor: Vendor
    name: str
    driver: str
    program: str
    marker: str
    quote: tuple[str, str] = ('"', '"')

    @contextmanager
    def place(self, tables: Sequence[Filled]) -> Iterator[Place]:
        """The tables in a database of a server that is started for it."""
        bed = import_module(f"tests.engines.bed.{self.name}")  # which imports the driver
        with getattr(bed, self.name)() as server:
            bed.make_database(server, _NAME, tables)
            connect = partial(bed.connect, server, _NAME)
            url, password = bed.url(server, _NAME), bed.READER_PASSWORD
            yield _indexed(Place(self.vendor, url, password, connect, self.marker, self.quote))

    @property
    def lacking(self) -> str:
        """What is not installed of it; empty where all is."""
        if find_spec(self.driver) is None:
            return f"the driver {self.driver} is not installed"
        there = shutil.which(self.program, path="/usr/sbin:/usr/bin") or [*Path("/usr/lib").glob(self.program)]
        return "" if there else "its server is not installed"


_NAME = "cabinet"
_ENGINES: Mapping[str, _Engine] = {
    "Firebird": _Engine(KINE4000, "firebird", "firebird", "firebird", "?"),
    "PostgreSQL": _Engine(VEGA, "postgresql", "psycopg", "postgresql/*/bin/initdb", "%s"),
    "MariaDB": _Engine(VEGA, "mariadb", "pymysql", "mariadbd", "%s", ("`", "`")),
}
ENGINES = (*_ENGINES, SQLITE)


@dataclass(slots=True)
class PracticeDatabases:
    """The practice, made once, and what was made of it. `folder` is where files go."""

    folder: Path
    _tables: dict[str, tuple[Filled, ...]] = field(default_factory=dict)
    _texts: dict[str, Path] = field(default_factory=dict)

    @contextmanager
    def place(self, engine: str) -> Iterator[Place]:
        """The practice in a database of an engine, for as long as the block lasts."""
        if engine == SQLITE:
            path = self.folder / "cabinet.db"
            make_sqlite(path, self._filled(VEGA))
            yield _indexed(Place(VEGA, f"sqlite:///{path}", None, lambda: sqlite3.connect(path, timeout=30)))
            return
        known = _ENGINES[engine]
        with known.place(self._filled(known.vendor)) as place:
            yield place

    def delimited(self, place: Place) -> Path:
        """The folder with the same rows as delimited text, and the dialect that reads them."""
        vendor = place.vendor
        folder = self._texts.get(vendor.dialect)
        if folder is None:
            folder = self._texts[vendor.dialect] = self.folder / vendor.dialect
            folder.mkdir()
            _write_texts(extracted(place.url, place.password, [vendor.plan()]).content, folder)
            (folder / DIALECT).write_text(_delimited(_text_of(vendor)), encoding="utf-8")
        return folder

    def _filled(self, vendor: Vendor) -> tuple[Filled, ...]:
        if vendor.dialect not in self._tables:
            practice = make_practice(
                seed=1, patients=PATIENTS_A_YEAR * YEARS, years=YEARS, practitioners=4, today=TODAY
            )
            for each in (VEGA, KINE4000):
                self._tables[each.dialect] = each.layout.database(practice.records)
        return self._tables[vendor.dialect]


def lacking(engine: str) -> str:
    """What is not installed of an engine; empty where it can be measured."""
    return "" if engine == SQLITE else _ENGINES[engine].lacking


def statements(place: Place) -> list[str]:
    """What fetches the columns that the dialect reads, in its order of rows."""
    fetched = []
    for table in place.vendor.plan().tables:
        columns = ", ".join(f"<{name}>" for name in table.columns)
        order = ", ".join(f"<{name}>" for name in table.columns[: table.key])
        fetched.append(sql_of(place, f"SELECT {columns} FROM <{table.name}> ORDER BY {order}"))
    if not place.url.startswith("firebird:"):
        return fetched
    return [each.replace('"INDICATION"', 'CAST("INDICATION" AS VARCHAR(2000))') for each in fetched]


def _indexed(place: Place) -> Place:
    """The same, with the index that software would have which looks for the acts of an invoice."""
    acts, _, of_invoice = place.vendor.act
    connection: Any = place.connect()
    with closing(connection):
        cursor = connection.cursor()
        cursor.execute(sql_of(place, f"CREATE INDEX <acts_of_invoice> ON <{acts}> (<{of_invoice}>)"))
        cursor.close()
        connection.commit()
    return place


def _write_texts(extract: bytes, folder: Path) -> None:
    header = header_of(extract)
    if header is None:
        raise ValueError("no extract")
    columns = {table.name: table.columns for table in header.tables}
    rows: dict[str, list[list[str]]] = {name: [] for name in columns}
    for row in extract_rows(io.BytesIO(extract)):
        rows[row.table].append(ExtractSplitter(len(columns[row.table])).values(row.raw))
    for name, some in rows.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
            writer.writerow(columns[name])
            writer.writerows(some)


def _text_of(vendor: Vendor) -> str:
    name = vendor.dialect.removeprefix(f"{vendor.connector}-")
    return files(f"connector_{vendor.connector}").joinpath("dialects", f"{name}.toml").read_text(encoding="utf-8")


def _delimited(dialect: str) -> str:
    """A dialect for a database as one for delimited text: its tables are files, everything else is as it was."""
    lines = []
    name = ""
    for line in dialect.splitlines():
        key, _, value = line.partition(" = ")
        match key:
            case "kind" if value == '"database"':
                lines += ['kind = "delimited"', 'separator = ";"', "quote = '\"'", 'encoding = "utf-8"', "header = 1"]
            case "key":
                lines.append(f'file = "{name}.csv"')
            case "version_column" | "growing_column":
                pass
            case _:
                name = value.strip('"') if key == "name" else name
                lines.append(line)
    return "\n".join(lines) + "\n"
