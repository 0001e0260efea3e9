"""What an export of an invented software is, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from xml.sax.saxutils import escape

from connector_core.model.records import Patient, Record
from connector_core.testing.exports.delimited import TextForm, rows_of, write_table
from connector_core.testing.exports.layout import RowOf, Style, Table, by_kind, cells

Kinds = Mapping[str, Sequence[Record]]
Rows = Callable[[Table, Kinds], Iterable[RowOf]]


@dataclass(frozen=True, slots=True)
class InventedExport:
    """One export. `form` is None for XML. `renamed` gives the identifiers of its own; `rows` the lines of a table.

    `tuned` says that calibration was adjusted on it; the others only measure it.
    """

    name: str
    tables: tuple[Table, ...]
    style: Style
    form: TextForm | None
    extension: str
    renamed: Callable[[Sequence[Record]], Sequence[Record]]
    rows: Rows
    tuned: bool = False
    nurse: bool = False
    """Whether it is of a nurse's practice rather than a physiotherapist's."""

    @property
    def truth(self) -> frozenset[tuple[str, str, str]]:
        """Table, title and model field of every column; a name for a person fills two fields."""
        return frozenset(
            (table.name, column.title, name)
            for table in self.tables
            for column in table.columns
            for name in column.fields
        )

    def write(self, records: Sequence[Record], folder: Path, *, titles: bool = True) -> list[Path]:
        """The files of the export, without their titles where `titles` is False."""
        kinds = by_kind(self.renamed(records))
        if self.form is None:
            return [_write_xml(self, kinds, folder / f"{self.name}.{self.extension}", titles=titles)]
        written = []
        for table in self.tables:
            path = folder / f"{table.name}.{self.extension}"
            write_table(path, table, self.style, self.form, self.rows(table, kinds))
            if not titles:
                content = path.read_bytes()
                path.write_bytes(content[content.index(b"\n") + 1 :])
            written.append(path)
        return written


def plain_rows(table: Table, kinds: Kinds) -> Iterable[RowOf]:
    return rows_of(table.kinds[0], kinds)


def whole_nir(row: RowOf) -> str:
    """The patient's NIR and its key in one."""
    patient = cast(Patient, row["patient"])
    return f"{patient.nir}{patient.nir_key}" if patient.nir else ""


def whole_name(row: RowOf) -> str:
    """The patient's names in one."""
    patient = cast(Patient, row["patient"])
    return f"{(patient.family_name or '').upper()} {patient.given_name or ''}".strip()


def _write_xml(export: InventedExport, kinds: Kinds, path: Path, *, titles: bool) -> Path:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<sauvegarde>"]
    for number, table in enumerate(export.tables, 1):
        row_tag = table.name if titles else f"t{number}"
        names = [column.title if titles else f"c{n}" for n, column in enumerate(table.columns, 1)]
        writers = cells(table, export.style)
        for row in export.rows(table, kinds):
            found = [(name, write(row)) for name, write in zip(names, writers, strict=True)]
            inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in found if text)
            lines.append(f"  <{row_tag}>{inside}</{row_tag}>")
    path.write_text("\n".join([*lines, "</sauvegarde>", ""]), encoding="utf-8")
    return path
