"""Rows of Firebird as blocks of text that the server puts together: what a driver does for each value of a row costs
far more than anything else of a reading.

A block is bytes: the texts of the values, in UTF-8, apart by bytes that no UTF-8 has. So nothing that a value holds is
mistaken for what stands between two of them, and a value is written out as the extract wants it here. A table with a
column that the server does not write exactly as that, such as a floating number or a text without a character set, has
no such statement.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from connector_core.formats.extract import escaped_bytes

_BLOCK = 4000
"""Bytes after which a block is given; longer ones gain nothing, since the server copies them for each row."""
_LARGEST = 32765
"""Bytes that a text of Firebird may have."""
_NONE, _NEXT, _ENDS, _FRACTION = b"\xff", b"\xfe", b"\xfd", b"\xfc"
"""No value, the next value, the end of a row, the end of a time with its ten-thousandths."""
_WHOLE_SECONDS = b".0000" + _FRACTION
_WIDTHS = {"SMALLINT": 6, "INTEGER": 11, "BIGINT": 20, "DATE": 10, "TIME": 13, "TIMESTAMP": 24, "BOOLEAN": 5}
_NUMERIC, _DIGITS = 22, 18
"""Characters of the longest number with so many digits, its sign and its point."""
_SIZED = re.compile(r"(CHAR|VARCHAR|NUMERIC|DECIMAL)\((\d+)(?:,\d+)?\)")
_BETWEEN = bytes.maketrans(_NEXT + _ENDS, b"\t\n")
_UTF8 = 4
"""Bytes that a character may have."""

EXACT = """
SELECT TRIM(f.RDB$RELATION_NAME), TRIM(f.RDB$FIELD_NAME)
FROM RDB$RELATION_FIELDS f JOIN RDB$FIELDS t ON t.RDB$FIELD_NAME = f.RDB$FIELD_SOURCE
WHERE t.RDB$FIELD_TYPE IN (7, 8, 12, 13, 16, 23, 35)
  OR (t.RDB$FIELD_TYPE IN (14, 37) AND t.RDB$CHARACTER_SET_ID > 1)
  OR (t.RDB$FIELD_TYPE = 261 AND t.RDB$FIELD_SUB_TYPE = 1 AND t.RDB$CHARACTER_SET_ID > 1)
"""
"""The columns that may be in a block by their type: 0 and 1 are the character sets of bytes."""


def block_statement(
    table: str, columns: Sequence[tuple[str, str]], order: Collection[str], since: str | None = None
) -> str | None:
    """The statement that gives a table as blocks, each with how many rows it has; None where a row might not fit.

    Columns are given by what is asked for, and its type; names are in quotes. `since` is the column of which the rows
    have at least a value, or none at all: the value is bound.
    """
    parts = [_part(asked, kind) for asked, kind in columns]
    longest = sum(width + 1 for _, width in parts)
    if longest > _LARGEST or not all(width for _, width in parts):
        return None
    row = f" || {_literal(_NEXT)} || ".join(f"COALESCE({text}, {_literal(_NONE)})" for text, _ in parts)
    bound = "" if since is None else f"(M TYPE OF COLUMN {table}.{since} = ?) "
    meant = "" if since is None else f" WHERE {since} >= :M OR {since} IS NULL"
    return (
        f"EXECUTE BLOCK {bound}RETURNS (N INTEGER, B VARCHAR({max(_BLOCK, longest)}) CHARACTER SET OCTETS) AS\n"
        f"DECLARE L VARCHAR({longest}) CHARACTER SET OCTETS;\n"
        "BEGIN\nN = 0; B = '';\n"
        f"FOR SELECT {row} || {_literal(_ENDS)} FROM {table}{meant} ORDER BY {', '.join(order)} INTO :L DO BEGIN\n"
        f"IF (N > 0 AND OCTET_LENGTH(B) + OCTET_LENGTH(L) > {_BLOCK}) THEN BEGIN SUSPEND; N = 0; B = ''; END\n"
        "N = N + 1; B = B || L;\nEND\nIF (N > 0) THEN SUSPEND;\nEND"
    )


def lines_of(block: bytes) -> bytes:
    """The lines of an extract that a block is."""
    lines = escaped_bytes(block).translate(_BETWEEN)
    return lines.replace(_WHOLE_SECONDS, b"").replace(_FRACTION, b"00").replace(_NONE, b"\\N")


def _part(asked: str, kind: str) -> tuple[str, int]:
    """The text of a column, and how many bytes it may have; none where it may not be in a block."""
    sized = _SIZED.fullmatch(kind)
    if sized is None and kind not in _WIDTHS:
        return "", 0
    if sized is None:
        width = _WIDTHS[kind]
    elif sized[1].endswith("CHAR"):
        width = int(sized[2]) * _UTF8
        asked = f"CAST({asked} AS VARCHAR({sized[2]}) CHARACTER SET UTF8)"
    else:
        width = _NUMERIC if int(sized[2]) <= _DIGITS else 2 * _NUMERIC
    if kind == "BOOLEAN":
        asked = f"LOWER(CAST({asked} AS VARCHAR({width})))"
    text = f"CAST({asked} AS VARCHAR({width}) CHARACTER SET OCTETS)"
    if kind in ("TIME", "TIMESTAMP"):
        return f"{text} || {_literal(_FRACTION)}", width + 1
    return text, width


def _literal(text: bytes) -> str:
    return f"x'{text.hex()}'"
