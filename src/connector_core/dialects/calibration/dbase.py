"""dBase files as tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from connector_core.dialects.calibration.delimited import ROWS
from connector_core.dialects.calibration.naming import pattern_of, table_names
from connector_core.dialects.calibration.sample import Column, Sample, Table
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.document import SpooledFile


def read_dbase(files: Sequence[SpooledFile]) -> Sample:
    """The tables of dBase files, one each; a table without rows says nothing and is left out."""
    names = table_names([file.name for file in files])
    tables = [_table(file, names[file.name]) for file in files]
    return Sample([table for table in tables if table.rows], {"kind": "dbase"})


def _table(file: SpooledFile, name: str) -> Table:
    from connector_core.formats.dbase import DbaseFormat

    rows: list[list[str]] = []
    with file.as_path() as path:
        splitter = DbaseFormat().splitter(path)
        try:
            for row in islice(DbaseFormat().rows(path), ROWS):
                try:
                    rows.append(splitter.values(row.raw))
                except RowRefused:
                    continue
        except FileRefused:
            if not rows:
                raise
    columns = [
        Column(field.name, field.name, [row[n].strip() for row in rows]) for n, field in enumerate(splitter.fields)
    ]
    return Table(name, name, columns, {"file": pattern_of(file.name)})
