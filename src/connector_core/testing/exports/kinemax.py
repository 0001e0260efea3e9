"""The practice as Kinémax might export it: a reference layout, invented by this project.

The same tables in two physical forms of text: one fixed-width file per table, or one file whose lines begin with the
type of their record. `kinemax_dbase` writes them as dBase tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from connector_core.model.records import KINDS, Record
from connector_core.testing.exports.delimited import moment_form, rows_of
from connector_core.testing.exports.kinemax_tables import PREFIXES, TABLES
from connector_core.testing.exports.layout import Column, RowOf, Style, Table, by_kind, cells, covered, types_of
from connector_core.testing.exports.words import KINEMAX

covers: tuple[str, ...] = covered(TABLES)

STYLE = Style(
    day=lambda day: f"{day:%Y%m%d}",
    clock=lambda clock: f"{clock:%H%M}",
    moment=moment_form("%Y%m%d%H%M"),
    money=lambda amount: f"{int(amount * 100):08d}",
    number=lambda number: f"{int(number * 100):05d}",
    yes="O",
    no="N",
    enums=KINEMAX,
)


def write_fixed(records: Iterable[Record], folder: Path) -> list[Path]:
    """One fixed-width file per table."""
    kinds = by_kind(records)
    written = []
    for table in TABLES:
        path = folder / f"{table.name}.TXT"
        with path.open("w", encoding="cp850", newline="") as file:
            file.writelines(lines(table, rows_of(table.kinds[0], kinds)))
        written.append(path)
    return written


def write_single(records: Iterable[Record], folder: Path) -> list[Path]:
    """Every table in one file, each line preceded by the type of its record."""
    kinds = by_kind(records)
    path = folder / "KINEMAX.TXT"
    with path.open("w", encoding="cp850", newline="") as file:
        for table in TABLES:
            file.writelines(lines(table, rows_of(table.kinds[0], kinds), PREFIXES[table.name]))
    return [path]


def lines(table: Table, rows: Iterable[RowOf], prefix: str = "") -> Iterator[str]:
    """The lines of one table. ValueError names the column that a value does not fit in."""
    writers = [_padded(column, cell) for column, cell in zip(table.columns, cells(table, STYLE), strict=True)]
    for row in rows:
        yield prefix + "".join([writer(row) for writer in writers]) + "\r\n"


def is_number(column: Column) -> bool:
    """Whether a column holds a whole number or an amount, written right aligned with zeros."""
    kind, _, attribute = column.fields[0].partition(".")
    if column.fields[0] in KINEMAX:
        return False
    types = types_of(KINDS[kind].model_fields[attribute].annotation)
    return bool(types & {int, Decimal}) and bool not in types


def _padded(column: Column, cell: Callable[[RowOf], str]) -> Callable[[RowOf], str]:
    width, zeros = column.width, is_number(column)

    def padded(row: RowOf) -> str:
        text = cell(row)
        if len(text) > width:
            raise ValueError(f"{column.title}: a value is wider than {width}")
        return text.rjust(width, "0") if zeros and text else text.ljust(width)

    return padded
