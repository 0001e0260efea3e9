"""What a calibration should find, and how much of it was found: the mappings of exports whose dialect is known.

The truth of a shipped sample is what the shipped dialect maps of the columns that it has, empty ones included: an
attribute that no element of an XML file bears is no column of it. That of an invented export are its own tables. A
column of a fixed-width file is the one that holds the same texts, whatever its name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path

from benchmarks.runs import ROOT
from connector_core.diagnose.database_sample import SAMPLED, sample_of
from connector_core.dialects.calibration.files import read_sample
from connector_core.dialects.calibration.proposing import propose
from connector_core.dialects.calibration.sample import Sample, Table
from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.model.records import Record
from connector_core.parameters.tariffs import Tariffs, load_tariffs
from connector_core.sources.database.address import Address, read_address
from connector_core.sources.database.inspection import examine
from connector_core.sources.database.sqlite import ENGINE as SQLITE_ENGINE
from connector_core.sources.local import LocalFile
from connector_core.testing.exports import kine4000_database, kinemax_database, vega_database
from connector_core.testing.exports.invented import InventedExport
from connector_core.testing.exports.layout import Table as Known
from connector_core.testing.exports.relational import Filled, Value
from connector_core.testing.exports.sql import SQLITE, deploy
from connector_core.testing.nurse import make_nurse_practice
from connector_core.testing.practice import make_practice

Mapped = tuple[str, str, str]
"""A table, a column, a field of the model."""
TODAY = date(2026, 11, 20)
SHIPPED: Mapping[str, tuple[str, str]] = {
    "vega/texte-a": ("vega", "texte-a"),
    "vega/texte-b": ("vega", "texte-b"),
    "vega/xml": ("vega", "xml"),
    "kine4000/jeu-csv": ("kine4000", "jeu-csv"),
    "kine4000/jeu-tsv": ("kine4000", "jeu-tsv"),
    "kine4000/recettes": ("kine4000", "recettes"),
    "kinemax/largeur-fixe": ("kinemax", "largeur-fixe"),
    "kinemax/largeur-fixe-unique": ("kinemax", "largeur-fixe-unique"),
    "kinemax/dbase": ("kinemax", "dbase"),
}
"""The samples that calibration can read, and the dialect of each."""


def _plain(value: Value) -> Value:
    """What SQLite keeps of a value."""
    return str(value) if isinstance(value, Decimal | date | time) else value


def _as_access(value: Value) -> Value:
    """What Access gives for a value: days as moments, hours as moments of its first day, amounts with four decimals."""
    match value:
        case Decimal():
            return f"{value:.4f}"
        case datetime():
            return str(value)
        case date():
            return f"{value} 00:00:00"
        case time():
            return f"1899-12-30 {value}"
        case _:
            return value


Layout = tuple[str, str, Callable[[Iterable[Record]], Sequence[Filled]], Callable[[Value], Value]]
DATABASES: Mapping[str, Layout] = {
    "kine4000/firebird": ("kine4000", "firebird", kine4000_database.database, _plain),
    "kinemax/access": ("kinemax", "access", kinemax_database.database, _as_access),
    "vega/postgresql": ("vega", "postgresql", vega_database.database, _plain),
}
"""The reference databases, as SQLite holds them: the plugin, its dialect, the tables of a practice, what becomes of a
value."""


@dataclass(frozen=True, slots=True)
class Case:
    """An export as calibration is given it, and its mappings. `filled` are the columns that hold any value."""

    name: str
    sample: Sample
    truth: frozenset[Mapped]
    filled: frozenset[tuple[str, str]]
    renamed: Mapping[tuple[str, str], tuple[str, str]]
    """The columns of the sample under the names of the truth, where they differ."""

    def score(self, found: frozenset[Mapped], *, filled_only: bool = False) -> float:
        """F1 of what was found."""
        named = frozenset(
            (*self.renamed.get((table, column), (table, column)), field) for table, column, field in found
        )
        truth = self.truth
        if filled_only:
            truth = frozenset(each for each in truth if each[:2] in self.filled)
            named = frozenset(each for each in named if each[:2] in self.filled or each not in self.truth)
        return 2 * len(named & truth) / (len(named) + len(truth))


@dataclass(frozen=True, slots=True)
class Shipped:
    """The tariffs, as calibration asks them."""

    tariffs: Tariffs

    def exists(self, letter: str, coefficient: Decimal, day: date) -> bool:
        return self.tariffs.standing(letter, coefficient, day) == "valid"

    def price(self, letter: str, coefficient: Decimal, day: date) -> Decimal | None:
        found = self.tariffs.price(letter, coefficient, day, "METRO")
        return None if found is None else found[0]


def found(case: Case) -> frozenset[Mapped]:
    """What calibration maps."""
    proposal = propose(case.sample, Shipped(load_tariffs()))
    return frozenset((*each.source.partition(".")[::2], each.target) for each in proposal.mappings)


def shipped_case(name: str, *, titles: bool) -> Case:
    """A shipped sample; without titles, tables keep no name either."""
    vendor, stem = SHIPPED[name]
    path = ROOT / f"plugins/connector-{vendor}/src/connector_{vendor}/dialects/{stem}.toml"
    dialect = read_dialect(path.read_text(encoding="utf-8"), path.name)
    files = [LocalFile(each) for each in sorted((ROOT / "fixtures" / name / "export").iterdir())]
    sample, _ = read_sample(files)
    truth = truth_of(dialect)
    if dialect.format.kind == "fixed":
        texts = dict(_fixed_texts(dialect, files))
        filled = frozenset(column for column, cells in texts.items() if any(cells))
        return Case(name, _without_titles(sample), truth, filled, _same_texts(dialect, sample, texts))
    borne = {(table.name, column.name) for table in sample.tables for column in table.columns}
    truth = frozenset(each for each in truth if each[:2] in borne)
    return Case(name, sample if titles else _without_titles(sample), truth, _filled(sample), {})


def database_dialect(name: str) -> Dialect:
    """The shipped dialect of a reference database."""
    vendor, stem, _, _ = DATABASES[name]
    path = ROOT / f"plugins/connector-{vendor}/src/connector_{vendor}/dialects/{stem}.toml"
    return read_dialect(path.read_text(encoding="utf-8"), path.name)


def deployed(name: str, folder: Path) -> Address:
    """A reference database of the practice of the samples, in SQLite."""
    practice: Callable[[], list[Record]] = import_module("fixtures.make").practice
    _, _, tables, kept = DATABASES[name]
    path = folder / "base.db"
    with closing(sqlite3.connect(path)) as file:
        deploy(
            tables(practice()),
            SQLITE,
            lambda statement, rows: file.executemany(statement, [[kept(value) for value in row] for row in rows]),
            file.commit,
        )
    return read_address(f"sqlite:///{path}")


def database_case(name: str, folder: Path) -> Case:
    """A reference database, whose tables and columns have names."""
    with SQLITE_ENGINE.open(deployed(name, folder), None) as session:
        sample = sample_of(examine(session, SAMPLED))
    return Case(name, sample, truth_of(database_dialect(name)), _filled(sample), {})


def invented_case(export: InventedExport, folder: Path, *, titles: bool, seed: int = 77) -> Case:
    """An invented export, of a dozen patients over some months, written into a folder."""
    if export.nurse:
        records = make_nurse_practice(seed, 8, 6, today=TODAY).records
    else:
        records = make_practice(seed, 12, 1.0, 3, today=TODAY).records
    sample, _ = read_sample([LocalFile(each) for each in export.write(records, folder, titles=titles)])
    renamed: dict[tuple[str, str], tuple[str, str]] = {}
    for table, known in _same_tables(export, sample, titles=titles):
        for column in table.columns:
            title = column.name
            if not titles and title[1:].isdigit():
                title = known.columns[int(title[1:]) - 1].title
            renamed[table.name, column.name] = known.name, title
    filled = frozenset(renamed[each] for each in _filled(sample))
    return Case(export.name, sample, export.truth, filled, renamed)


def _same_tables(export: InventedExport, sample: Sample, *, titles: bool) -> Iterator[tuple[Table, Known]]:
    for table in sample.tables:
        if export.form is None and not titles:
            yield table, export.tables[int(table.name[1:]) - 1]
        else:
            yield table, next(each for each in export.tables if each.name.endswith(table.name))


def truth_of(dialect: Dialect) -> frozenset[Mapped]:
    """The columns that a dialect maps, with their fields."""
    return frozenset(_mapped(dialect))


def _mapped(dialect: Dialect) -> Iterator[Mapped]:
    for table in dialect.tables:
        for record in table.records:
            for field in record.fields:
                target = f"{record.kind}.{field.target}"
                if field.join is not None:
                    yield field.join.table, field.join.column, target
                elif field.converter != "key":
                    yield from ((table.name, column, target) for column in field.columns)


def _filled(sample: Sample) -> frozenset[tuple[str, str]]:
    return frozenset(
        (table.name, column.name) for table in sample.tables for column in table.columns if any(column.cells)
    )


def _without_titles(sample: Sample) -> Sample:
    return replace(
        sample,
        tables=[
            replace(table, title="", columns=[replace(column, title="") for column in table.columns])
            for table in sample.tables
        ],
    )


def _fixed_texts(dialect: Dialect, files: Sequence[LocalFile]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """The texts of every column of a fixed-width export, as its dialect cuts them."""
    for table in dialect.tables:
        lines = [
            line
            for file in files
            for line in file.path.read_text(encoding=dialect.format.text("encoding", "cp1252")).splitlines()
            if (
                line.startswith(table.record_type)
                if table.record_type
                else (table.file or "").lower() == file.name.lower()
            )
        ]
        for column in table.columns:
            yield (table.name, column.name), [line[column.start - 1 : column.end].strip() for line in lines]


def _same_texts(
    dialect: Dialect, sample: Sample, texts: Mapping[tuple[str, str], list[str]]
) -> Mapping[tuple[str, str], tuple[str, str]]:
    """The columns of a sample by the columns of a dialect that hold the same texts."""
    names = {table.record_type or table.name: table.name for table in dialect.tables}
    renamed: dict[tuple[str, str], tuple[str, str]] = {}
    for table in sample.tables:
        for column in table.columns:
            for (of, name), cells in texts.items():
                same = of == names.get(table.name) and cells == list(column.cells) and any(cells)
                if same and (of, name) not in renamed.values():
                    renamed[table.name, column.name] = of, name
                    break
    return renamed


__all__ = [
    "DATABASES",
    "SHIPPED",
    "Case",
    "Mapped",
    "Shipped",
    "database_case",
    "database_dialect",
    "deployed",
    "found",
    "invented_case",
    "shipped_case",
    "truth_of",
]
