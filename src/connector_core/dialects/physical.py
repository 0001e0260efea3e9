"""From what a dialect declares to the formats that read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector_core.dialects.mappings import Dialect, TableMapping
from connector_core.formats.delimited import DelimitedFormat
from connector_core.formats.encodings import Written
from connector_core.formats.fixed import FixedField, FixedFormat, FixedTable
from connector_core.formats.xml import ANCESTOR, XmlFormat, XmlTable

Values = Sequence[str]
Split = Callable[[bytes], Values]


def expected_encoding(dialect: Dialect) -> str:
    """The encoding in which a dialect of text expects its files."""
    return dialect.format.text("encoding", "utf-8" if dialect.format.kind == "ical" else "cp1252")


def delimited_format(dialect: Dialect, header: int, written: Written | None = None) -> DelimitedFormat:
    """The format of a delimited dialect, for a file whose titles are on line `header`, written as was found."""
    options = dialect.format
    encoding, _, doubtful = written or Written(expected_encoding(dialect))
    return DelimitedFormat(
        separator=options.text("separator", ";"),
        quote=options.text("quote", '"') or None,
        encoding=encoding,
        header=header,
        final_newline_required=bool(options.options.get("final_newline", True)),
        trailer=options.text("trailer", "") or None,
        doubtful=doubtful,
    )


def fixed_format(dialect: Dialect, tables: Sequence[TableMapping], written: Written | None = None) -> FixedFormat:
    """The format of a fixed-width file that holds these tables, written as was found."""
    encoding, _, doubtful = written or Written(expected_encoding(dialect))
    return FixedFormat(
        length=max(length_of(table) for table in tables),
        tables=tuple(
            FixedTable(
                table.name,
                tuple(FixedField(column.name, column.start, column.end) for column in table.columns),
                table.record_type or "",
                length_of(table),
            )
            for table in tables
        ),
        encoding=encoding,
        lines=bool(dialect.format.options.get("newline", True)),
        doubtful=doubtful,
    )


def length_of(table: TableMapping) -> int:
    """The number of characters of a fixed-width record."""
    return table.length or max(column.end for column in table.columns)


def declared_columns(tables: Sequence[TableMapping]) -> dict[str, tuple[str, ...]]:
    """The names of the columns that the dialect itself declares, by table."""
    return {table.name: tuple(column.name for column in table.columns) for table in tables}


@dataclass(frozen=True, slots=True)
class XmlLayout:
    """An XML format. A table whose rows lie at several depths is several tables of it; `names` gives the dialect's
    own."""

    format: XmlFormat
    names: Mapping[str, str]
    values: Mapping[str, Split]


def xml_layout(tables: Sequence[TableMapping]) -> XmlLayout:
    """The format of an XML dialect."""
    names: dict[str, str] = {}
    made: list[XmlTable] = []
    for table in tables:
        paths = tuple(ANCESTOR + column.ancestor if column.ancestor else column.path for column in table.columns)
        for n, element in enumerate(table.elements or (table.name,)):
            name = f"{table.name}@{n}" if n else table.name
            names[name] = table.name
            made.append(XmlTable(name, element, paths))
    xml = XmlFormat(tuple(made))
    return XmlLayout(xml, names, {name: xml.splitter(name).values for name in names})


_ESCAPED = re.compile(r"\\([\\;,nN])")


def calendar_properties(names: Sequence[str], split: Split) -> Split:
    """Values of an event, followed by those of the vendor's own properties."""
    patterns = [
        re.compile(rb'^%b(?:;(?:[^:"\r\n]|"[^"\r\n]*")*)?:([^\r\n]*)' % re.escape(name.encode()), re.I | re.M)
        for name in names
    ]

    def values(raw: bytes) -> Values:
        found = list(split(raw))
        for pattern in patterns:
            match = pattern.search(raw)
            text = "" if match is None else match.group(1).decode("utf-8", "replace")
            found.append(_ESCAPED.sub(lambda each: "\n" if each[1] in "nN" else each[1], text))
        return found

    return values
