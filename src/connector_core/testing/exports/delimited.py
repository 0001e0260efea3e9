"""Writing a table of a layout as delimited text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from connector_core.model.records import Record
from connector_core.testing.exports.layout import RowOf, Style, Table, cells, local

Quoting = Literal["all", "needed", "none"]


@dataclass(frozen=True, slots=True)
class TextForm:
    """The physical side of a text file."""

    encoding: str
    separator: str
    newline: str
    quoting: Quoting


def write_table(
    path: Path, table: Table, style: Style, form: TextForm, rows: Iterable[RowOf], *, before: Sequence[str] = ()
) -> Path:
    """One table as one file, with its titles; `before` are lines above them."""
    quoted = _quoter(form)
    writers = cells(table, style)
    separator, newline = form.separator, form.newline
    with path.open("w", encoding=form.encoding, newline="") as file:
        file.writelines(line + newline for line in before)
        file.write(separator.join(quoted(column.title) for column in table.columns) + newline)
        file.writelines(separator.join([quoted(cell(row)) for cell in writers]) + newline for row in rows)
    return path


def rows_of(kind: str, records: Mapping[str, Sequence[Record]]) -> Iterable[RowOf]:
    """One row a record."""
    return ({kind: record} for record in records[kind])


def comma(number: Decimal) -> str:
    """A number with a decimal comma, digits kept."""
    return str(number).replace(".", ",")


def cents_comma(amount: Decimal) -> str:
    """An amount with two decimals and a comma: `17,88`."""
    return f"{amount:.2f}".replace(".", ",")


def moment_form(pattern: str) -> Callable[[datetime], str]:
    """Moments on the clock of Paris, by a strftime pattern."""
    return lambda moment: local(moment).strftime(pattern)


def _quoter(form: TextForm) -> Callable[[str], str]:
    if form.quoting == "all":
        return lambda text: '"' + text.replace('"', '""') + '"'
    if form.quoting == "none":
        return _refuse_separator(form.separator)
    separator = form.separator

    def needed(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if separator in text or '"' in text else text

    return needed


def _refuse_separator(separator: str) -> Callable[[str], str]:
    def plain(text: str) -> str:
        if separator in text or '"' in text:
            raise ValueError("the layout does not quote, and a value holds its separator")
        return text

    return plain
