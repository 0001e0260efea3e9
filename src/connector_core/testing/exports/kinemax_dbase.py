"""The Kinémax reference layout as dBase III tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from connector_core.model.records import KINDS, Record
from connector_core.testing.exports.kinemax import STYLE
from connector_core.testing.exports.kinemax_tables import TABLES
from connector_core.testing.exports.layout import Column, Table, by_kind, types_of

CodePage = Literal["cp1252", "cp850"]


def write_dbase(records: Iterable[Record], folder: Path, *, code_page: CodePage = "cp1252") -> list[Path]:
    """One `.DBF` per table: amounts N(9,2), coefficients N(6,2), dates D, yes and no L, everything else C or N."""
    import dbf

    kinds = by_kind(records)
    written = []
    for table in TABLES:
        path = folder / f"{table.name}.DBF"
        fields = [_field(column) for column in table.columns]
        file = dbf.Table(str(path), "; ".join(spec for spec, _ in fields), codepage=code_page, dbf_type="db3")
        file.open(mode=dbf.READ_WRITE)
        attributes = [column.fields[0].partition(".")[2] for column in table.columns]
        converters = [convert for _, convert in fields]
        try:
            for record in kinds[table.kinds[0]]:
                values = record.__dict__
                file.append(
                    tuple(
                        None if (value := values[name]) is None else convert(value)
                        for name, convert in zip(attributes, converters, strict=True)
                    )
                )
        finally:
            file.close()
        written.append(path)
    return written


def _field(column: Column) -> tuple[str, Callable[[object], object]]:
    """A column as a dBase field, and how its values become those of the field."""
    name = column.fields[0]
    kind, _, attribute = name.partition(".")
    enum = STYLE.enums.get(name)
    types = types_of(KINDS[kind].model_fields[attribute].annotation)
    if enum is not None:
        return f"{column.title} C({column.width})", lambda value: enum[str(value)]
    if bool in types:
        return f"{column.title} L", lambda value: value
    if Decimal in types:
        size = "N(6,2)" if attribute == "coefficient" else "N(9,2)"
        return f"{column.title} {size}", lambda value: value
    if int in types:
        return f"{column.title} N({column.width},0)", lambda value: value
    if date in types:
        return f"{column.title} D", lambda value: value
    return f"{column.title} C({column.width})", _text(column, types)


def _text(column: Column, types: set[object]) -> Callable[[object], object]:
    from datetime import datetime, time

    if datetime in types:
        return STYLE.moment  # type: ignore[return-value]  # the field holds moments
    if time in types:
        return STYLE.clock  # type: ignore[return-value]  # the field holds times
    return str


__all__ = ["CodePage", "Table", "write_dbase"]
