"""Extracts of databases: what is written comes back, and nothing that was cut is taken for whole."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.extract import (
    EXTRACT_ENDS,
    ExtractHeader,
    ExtractSplitter,
    ExtractTable,
    encoded_header,
    encoded_rows,
    extract_rows,
    header_of,
    table_begins,
    table_ends,
)

HEADER = ExtractHeader("essai", 3, (ExtractTable("ACTES", ("ID", "A"), 1), ExtractTable("LIENS", ("A", "B", "C"), 2)))


def extract(*tables: tuple[str, list[list[object]]]) -> bytes:
    parts = [encoded_header(HEADER)]
    for name, rows in tables:
        blocks = list(encoded_rows(rows))
        parts += [table_begins(name), *(lines for _, lines in blocks), table_ends(sum(count for count, _ in blocks))]
    return b"".join([*parts, EXTRACT_ENDS])


def rows_of(content: bytes) -> list[tuple[object, str, list[str]]]:
    return [
        (row.place, row.table, ExtractSplitter(row.raw.count(b"\t") + 1).values(row.raw))
        for row in extract_rows(BytesIO(content))
    ]


def test_rows_have_their_table_and_their_key_as_place():
    content = extract(("ACTES", [[1, "a"], [2, None]]), ("LIENS", [["x", "y", "z"]]))
    assert rows_of(content) == [
        ("ACTES 1", "ACTES", ["1", "a"]),
        ("ACTES 2", "ACTES", ["2", ""]),
        ("LIENS x y", "LIENS", ["x", "y", "z"]),
    ]
    assert header_of(content) == HEADER


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\\N"),
        ("", ""),
        (12, "12"),
        (True, "true"),
        (False, "false"),
        (Decimal("16.30"), "16.30"),
        (Decimal("1E+3"), "1000"),
        (16.34, "16.34"),
        (1e-7, "0.0000001"),
        (date(2026, 3, 2), "2026-03-02"),
        (time(9, 30), "09:30:00"),
        (datetime(2026, 3, 2, 9, 30), "2026-03-02 09:30:00"),  # noqa: DTZ001  # as databases keep it
        (timedelta(hours=9, minutes=30), "09:30:00"),
        (b"\x01\xff", "\\\\x01ff"),
        (type("Identifier", (str,), {})("sous-classe"), "sous-classe"),
        (complex(1, 2), "(1+2j)"),
    ],
)
def test_values_have_one_text_each(value, text):
    ((count, lines),) = encoded_rows([[value, "x"]])
    assert (count, lines) == (1, f"{text}\tx\n".encode())


def test_no_value_and_an_empty_one_are_two_rows_that_read_alike():
    none, empty = rows_of(extract(("ACTES", [[1, None]]))), rows_of(extract(("ACTES", [[1, ""]])))
    assert none == empty
    assert extract(("ACTES", [[1, None]])) != extract(("ACTES", [[1, ""]]))


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20))
def test_any_text_comes_back(pairs):
    whole = [[key, text] for key, text in pairs if all(not 0xD800 <= ord(each) <= 0xDFFF for each in key + text)]
    found = rows_of(extract(("ACTES", list(map(list, whole)))))
    assert [values for _, _, values in found] == [list(map(str, each)) for each in whole]


def test_bytes_that_are_no_text_are_a_refused_row():
    ((_, lines),) = encoded_rows([[1, b"\xe9".decode("utf-8", "surrogateescape")]])
    with pytest.raises(RowRefused, match="encodage"):
        ExtractSplitter(2).values(lines[:-1])


def test_a_row_of_another_width_is_refused():
    with pytest.raises(RowRefused, match="colonnes"):
        ExtractSplitter(3).values(b"1\t2")


def test_an_extract_that_is_cut_anywhere_is_refused():
    whole = extract(("ACTES", [[1, "a"], [2, "b"]]), ("LIENS", [["x", "y", "z"]]))
    for end in range(len(whole) - 1):
        with pytest.raises(FileRefused):
            list(extract_rows(BytesIO(whole[:end])))
    assert len(list(extract_rows(BytesIO(whole)))) == 3


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"\n2\tb\n", b"\n", "il manque des lignes"),
        (b"\\T\tACTES", b"\\T\tAUTRES", "qu'il n'annonce pas"),
        (b"\\T\tACTES", b"\\T\tACT\xc5S", "qu'il n'annonce pas"),
        (b"connector-extract 1", b"connector-extract 2", "pas un extrait"),
        (b'"dialect"', b'"dialecte"', "pas un extrait"),
        (b"\\T\tACTES\n", b"", "abîmé"),
    ],
)
def test_an_extract_that_was_changed_is_refused(before, after, said):
    content = extract(("ACTES", [[1, "a"], [2, "b"]]))
    assert before in content
    with pytest.raises(FileRefused, match=said):
        list(extract_rows(BytesIO(content.replace(before, after, 1))))


def test_what_is_no_extract_has_no_header():
    assert header_of(b"ID;A\n1;2\n") is None
    assert header_of(encoded_header(HEADER)[:-5]) is None
