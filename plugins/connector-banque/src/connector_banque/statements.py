"""A statement file being read, whatever its format: operations as rows, rows as drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from connector_banque.operation import COVERS, Operation, drafts_of, operation_of
from connector_core.dialects.drafts import Draft, Lookup
from connector_core.formats.document import SpooledFile
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers

Operations = Callable[[BinaryIO], Iterator[tuple[int, Operation]]]
"""Reads a stream from its beginning: operations with their line. Raises FileRefused where it is damaged."""


@dataclass
class StatementReading:
    """One OFX or CAMT.053 file being read."""

    file: SpooledFile
    operations: Operations
    signature: str
    tables: tuple[str, ...] = ("",)
    remembers: bool = False

    @property
    def covers(self) -> Covers:
        return COVERS

    def rows(self) -> Iterator[Row]:
        with self.file.open() as stream:
            for line, operation in self.operations(stream):
                yield operation.row(line)

    def records(self, row: Row, lookup: Lookup) -> list[Draft]:
        return drafts_of(operation_of(row.raw))

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        return None
