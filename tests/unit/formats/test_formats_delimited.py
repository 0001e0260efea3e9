"""Delimited text: what is read, where, and what is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.reading import refusal_of

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.delimited import DelimitedFormat, _boundaries
from connector_core.formats.physical import BLOCK_SIZE, ROW_LIMIT
from connector_core.formats.rows import Row, as_row, locator

SECRET = "DUPONTEL"
ENCODINGS = ("cp1252", "cp850", "latin-1", "iso8859-15", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
BARE = DelimitedFormat(header=0)


def _until_damage(form: DelimitedFormat, data: bytes) -> tuple[list[Row], FileRefused | None]:
    rows: list[Row] = []
    try:
        rows.extend(form.rows(io.BytesIO(data)))
    except FileRefused as refused:
        return rows, refused
    return rows, None


def _collected(form: DelimitedFormat, data: bytes) -> tuple[list[Row], FileRefused]:
    rows, refused = _until_damage(form, data)
    assert refused is not None
    return rows, refused


def _values(form: DelimitedFormat, data: bytes, columns: int | None = None) -> list[list[str]]:
    splitter = form.splitter(columns)
    return [splitter.values(row.raw) for row in form.rows(io.BytesIO(data))]


def test_a_locator_names_a_line_and_leaves_any_other_place_as_it_is() -> None:
    assert locator(31) == "line 31"
    assert locator("enregistrement 4") == "enregistrement 4"
    assert as_row((1, "acte", b"a")) == Row(1, "acte", b"a")
    assert isinstance(as_row((1, "", b"")), Row)


def test_rows_follow_the_header_with_their_lines() -> None:
    data = "Export du jour\r\nnom;né le\r\nA;1\r\n\r\nÉ;2\r\n".encode("cp1252")
    form = DelimitedFormat(header=2)
    assert form.columns(io.BytesIO(data)) == ("nom", "né le")
    assert list(form.rows(io.BytesIO(data))) == [Row(3, "", b"A;1"), Row(5, "", b"\xc9;2")]
    assert _values(form, data, 2) == [["A", "1"], ["É", "2"]]


def test_rows_start_at_the_beginning_wherever_the_stream_stands() -> None:
    stream = io.BytesIO(b"a;b\n1;2\n")
    form = DelimitedFormat()
    form.columns(stream)
    assert [row.raw for row in form.rows(stream)] == [b"1;2"]
    assert [row.raw for row in form.rows(stream)] == [b"1;2"]


def test_without_header_every_line_is_a_row() -> None:
    assert BARE.columns(io.BytesIO(b"1;2\n")) == ()
    assert [row.place for row in DelimitedFormat(header=False).rows(io.BytesIO(b"1;2\n3;4\n"))] == [1, 2]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_header_and_is_refused(data: bytes) -> None:
    rows, refused = _collected(DelimitedFormat(encoding="utf-8"), data)
    assert rows == []
    assert refused.where == "ligne 1"
    assert _until_damage(DelimitedFormat(encoding="utf-8", header=0), data) == ([], None)


def test_a_blank_line_where_the_header_should_be_is_refused() -> None:
    _, refused = _collected(DelimitedFormat(header=2), b"x\n\n1;2\n")
    assert refused.where == "ligne 2"
    with pytest.raises(FileRefused, match="en-tête"):
        DelimitedFormat(header=2).columns(io.BytesIO(b"x\n\n1;2\n"))


def test_a_header_that_does_not_decode_is_refused_without_its_text() -> None:
    data = SECRET.encode() + b"\xff;b\n"
    with pytest.raises(FileRefused, match="en-tête illisible") as caught:
        DelimitedFormat(encoding="utf-8").columns(io.BytesIO(data))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_newline_in_any_encoding(newline: str, encoding: str) -> None:
    form = DelimitedFormat(encoding=encoding)
    data = newline.join(["nom;ville", "Éloïse;Orléans", "Zoé;Sète", ""]).encode(encoding)
    rows = list(form.rows(io.BytesIO(data)))
    assert [row.place for row in rows] == [2, 3]
    assert [form.splitter(2).values(row.raw) for row in rows] == [["Éloïse", "Orléans"], ["Zoé", "Sète"]]


def test_mixed_newlines_are_counted_as_lines() -> None:
    rows = list(BARE.rows(io.BytesIO(b"a\rb\nc\r\nd\n\ne\r")))
    assert rows == [Row(1, "", b"a"), Row(2, "", b"b"), Row(3, "", b"c"), Row(4, "", b"d"), Row(6, "", b"e")]


def test_blank_lines_are_rows_when_they_are_not_skipped() -> None:
    form = DelimitedFormat(header=0, skip_blank=False)
    assert [row.raw for row in form.rows(io.BytesIO(b'a\n\n"b"\n\n'))] == [b"a", b"", b'"b"', b""]


def test_a_newline_between_two_blocks_is_one_newline() -> None:
    for shift in range(-3, 4):
        first = b"x" * (BLOCK_SIZE + shift - 1)
        rows = list(BARE.rows(io.BytesIO(first + b"\r\nb\r\n")))
        assert rows == [Row(1, "", first), Row(2, "", b"b")]


def test_a_quoted_row_between_two_blocks_is_one_row() -> None:
    filler = b"a;b\n" * (BLOCK_SIZE // 4 - 1)
    rows = list(BARE.rows(io.BytesIO(filler + b'"1\n2\n3\n4\n5";x\nlast;y\n')))
    assert rows[-2:] == [Row(BLOCK_SIZE // 4, "", b'"1\n2\n3\n4\n5";x'), Row(BLOCK_SIZE // 4 + 5, "", b"last;y")]


def test_rows_are_lazy_and_come_before_the_damage() -> None:
    def read(size: int) -> bytes:
        served.append(size)
        return b"a;b\n" * 10 if len(served) < 4 else b"x\0y\n"

    served: list[int] = []
    stream = io.BytesIO()
    stream.read = read  # type: ignore[method-assign,assignment]  # counts what is read
    rows: Iterator[Row] = BARE.rows(stream)
    assert next(rows).place == 1
    assert len(served) == 1
    with pytest.raises(FileRefused) as caught:
        list(rows)
    assert caught.value.where == "ligne 31"


def test_a_stream_that_gives_a_byte_at_a_time_is_read_alike() -> None:
    data = 'nom;note\r\nÉ;"a\r\nb"\r\n'.encode("utf-8-sig")
    stream = io.BytesIO(data)
    slow = io.BytesIO(data)
    slow.read = lambda size=-1: io.BytesIO.read(slow, 1)  # type: ignore[method-assign]  # as a pipe may
    form = DelimitedFormat(encoding="utf-8")
    assert list(form.rows(slow)) == list(form.rows(stream))


def test_a_quoted_row_of_several_lines_has_the_place_of_its_first() -> None:
    data = b'nom;note\r\nA;"ligne 1\r\nligne 2\r\n\r\nfin"\r\nB;"dit ""oui"""\r\nC;d\r\n'
    rows = list(DelimitedFormat().rows(io.BytesIO(data)))
    assert [row.place for row in rows] == [2, 6, 7]
    splitter = DelimitedFormat().splitter(2)
    assert splitter.values(rows[0].raw) == ["A", "ligne 1\r\nligne 2\r\n\r\nfin"]
    assert splitter.values(rows[1].raw) == ["B", 'dit "oui"']


def test_a_quote_inside_a_cell_opens_nothing() -> None:
    rows = list(BARE.rows(io.BytesIO(b'bande 5";x\n6" y;z\n')))
    assert [BARE.splitter(2).values(row.raw) for row in rows] == [['bande 5"', "x"], ['6" y', "z"]]


def test_quotes_are_plain_characters_when_the_format_has_none() -> None:
    form = DelimitedFormat(header=0, quote=None)
    assert _values(form, b'"a;b\nc;"d"\n') == [['"a', "b"], ["c", '"d"']]


def test_an_open_quote_at_the_end_is_refused_at_the_line_where_it_opens() -> None:
    rows, refused = _collected(BARE, b'a;b\nc;"d\ne;f\n')
    assert [row.raw for row in rows] == [b"a;b"]
    assert refused.where == "ligne 2"


def test_an_endless_quote_is_refused_before_it_fills_the_memory() -> None:
    rows, refused = _collected(BARE, b"a;b\n" + b'x;"' + b"y;z\n" * (ROW_LIMIT // 4 + BLOCK_SIZE))
    assert len(rows) == 1
    assert refused.where == "ligne 2"


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    rows, refused = _collected(BARE, b"a;b\n" + b"x" * (ROW_LIMIT + 2 * BLOCK_SIZE))
    assert len(rows) == 1
    assert refused.where == "ligne 2"


def test_a_huge_cell_is_read_or_refused_as_a_row() -> None:
    big = "x" * 1_000_000
    assert _values(BARE, f"{big};1\n".encode()) == [[big, "1"]]
    (row,) = BARE.rows(io.BytesIO(f'"{big}";1\n'.encode()))
    with pytest.raises(RowRefused, match="démesurée"):
        BARE.splitter().values(row.raw)


@pytest.mark.parametrize("raw", [b'"a"b;c', b'"a;b', b'a;"b" ;c', b'"a";"b'])
def test_a_misplaced_quote_refuses_the_row(raw: bytes) -> None:
    with pytest.raises(RowRefused, match="guillemet") as caught:
        BARE.splitter().values(raw)
    assert caught.value.__context__ is None


def test_a_wrong_number_of_columns_refuses_the_row() -> None:
    splitter = BARE.splitter(3)
    for raw, told in ((b"a;b", "2 colonnes"), (b"a;b;c;d", "4 colonnes"), (b"a,b", "1 colonne")):
        with pytest.raises(RowRefused, match=f"la ligne a {told} au lieu de 3"):
            splitter.values(raw)


def test_a_last_line_without_end_is_a_cut_file() -> None:
    rows, refused = _collected(DelimitedFormat(), b"a;b\n1;2\n3;4")
    assert [row.raw for row in rows] == [b"1;2"]
    assert refused.where == "ligne 3"
    assert "coupé à la ligne 3" in refused.what


def test_a_last_line_without_end_is_read_when_the_format_allows_it() -> None:
    form = DelimitedFormat(final_newline_required=False)
    assert _values(form, b"a;b\n1;2\n3;4") == [["1", "2"], ["3", "4"]]
    assert _values(form, b'a;b\n1;2\n3;"4"') == [["1", "2"], ["3", "4"]]
    rows, refused = _collected(form, b'a;b\n1;2\n3;"4')
    assert len(rows) == 1
    assert refused.where == "ligne 3"


def test_the_end_of_file_mark_of_dos_is_not_a_row() -> None:
    assert _values(DelimitedFormat(encoding="cp850"), b"a;b\r\n1;2\r\n\x1a") == [["1", "2"]]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_nul_bytes_are_damage_at_their_line(newline: bytes) -> None:
    data = newline.join([b"a;b", b"1;2", b"3;\0\0\0\0", b"5;6", b""])
    rows, refused = _collected(DelimitedFormat(), data)
    assert [row.raw for row in rows] == [b"1;2"]
    assert refused.where == "ligne 3"


def test_utf8_that_does_not_decode_refuses_the_row_only() -> None:
    form = DelimitedFormat(encoding="utf-8", header=0)
    good, bad, other = form.rows(io.BytesIO("é;1\n".encode() + SECRET.encode() + b"\xe9;2\n3;4\n"))
    splitter = form.splitter(2)
    assert splitter.values(good.raw) == ["é", "1"]
    assert splitter.values(other.raw) == ["3", "4"]
    with pytest.raises(RowRefused, match="illisibles") as caught:
        splitter.values(bad.raw)
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("cp1252", "utf-8-sig"),
        ("utf-8", "utf-16"),
        ("utf-16-le", "utf-8-sig"),
        ("cp850", "utf-16"),
        ("utf-16", "utf-8"),
    ],
)
def test_a_byte_order_mark_that_contradicts_the_encoding_is_refused(declared: str, actual: str) -> None:
    rows, refused = _collected(DelimitedFormat(encoding=declared, header=0), "é;1\n".encode(actual))
    assert rows == []
    assert refused.where == "ligne 1"


def test_the_other_utf16_mark_is_refused_and_either_is_read_as_utf16() -> None:
    little, big = b"\xff\xfe" + "é;1\n".encode("utf-16-le"), b"\xfe\xff" + "é;1\n".encode("utf-16-be")
    _collected(DelimitedFormat(encoding="utf-16-be", header=0), little)
    for data in (little, big):
        assert _values(DelimitedFormat(encoding="utf-16", header=0), data) == [["é", "1"]]


def test_utf16_damage_is_met_at_its_line() -> None:
    form = DelimitedFormat(encoding="utf-16-le", header=0)
    rows, refused = _collected(form, "a;b\nc;d\n".encode("utf-16-le") + b"x\0\x00\xdcy\0")
    assert [row.raw for row in rows] == [b"a;b", b"c;d"]
    assert refused.where == "ligne 3"
    _, refused = _collected(form, "a;b\nc;d\n".encode("utf-16-le")[:-1])
    assert refused.where == "ligne 2"


def test_a_trailer_counts_the_rows_and_is_none_of_them() -> None:
    form = DelimitedFormat(trailer="Total;")
    for last in (b"Total;2\n", b'Total;"2"\n', b"Total;2;;\n", b"Total; 2 \n\n"):
        assert [row.raw for row in form.rows(io.BytesIO(b"a;b\n1;2\n3;4\n" + last))] == [b"1;2", b"3;4"]
    assert list(form.rows(io.BytesIO(b"a;b\nTotal;0\n"))) == []
    plain = DelimitedFormat(trailer="Total")
    assert len(list(plain.rows(io.BytesIO(b"a;b\n1;2\nTotal;1\n")))) == 1


@pytest.mark.parametrize(
    "last", [b"", b"Total;3\n", b"Total;1\n", b"Total;\n", b"Total;abc\n", b"Total;" + b"9" * 5000 + b"\n"]
)
def test_a_wrong_or_missing_trailer_is_refused_after_the_rows(last: bytes) -> None:
    rows, refused = _collected(DelimitedFormat(trailer="Total;"), b"a;b\n1;2\n3;4\n" + last)
    assert [row.raw for row in rows] == [b"1;2", b"3;4"]
    assert "999" not in str(refused)


def test_a_trailer_before_the_end_is_a_row_and_its_lack_at_the_end_is_refused() -> None:
    rows, _ = _collected(DelimitedFormat(trailer="Total;"), b"a;b\n1;2\nTotal;1\n3;4\n")
    assert len(rows) == 3
    _collected(DelimitedFormat(trailer="Total;"), b"a;b\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"separator": ""},
        {"separator": ";;"},
        {"separator": "é"},
        {"separator": "\n"},
        {"quote": ";"},
        {"quote": "«"},
        {"encoding": "rot13"},
        {"encoding": "inconnu"},
        {"trailer": ""},
    ],
)
def test_an_impossible_format_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        DelimitedFormat(**wrong)  # type: ignore[arg-type]  # each is a text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_a_cut_anywhere_is_refused_or_leaves_exactly_the_first_rows(encoding: str) -> None:
    text = 'nom;note\r\nDupont;"a\r\nb"\r\nÉloïse;c\r\n"x";"y ""z"""\r\nfin;d\r\n'
    data = text.encode(encoding)
    form = DelimitedFormat(encoding=encoding)
    whole = list(form.rows(io.BytesIO(data)))
    for size in range(len(data)):
        rows, refused = _until_damage(form, data[:size])
        assert rows == whole[: len(rows)]
        assert refused is not None or data[:size].decode(encoding).endswith(("\r", "\n"))


@given(st.data(), st.sampled_from(["cp1252", "utf-8", "utf-16", "cp850"]))
def test_flipped_bytes_raise_nothing_but_refusals(data: st.DataObject, encoding: str) -> None:
    text = f'nom;note;n\r\n{SECRET};"a\r\nb";1\r\nÉloïse;c;2\r\n"x";"y ""z""";3\r\n'
    damaged = bytearray(text.encode(encoding))
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    form = DelimitedFormat(encoding=encoding, final_newline_required=data.draw(st.booleans()))
    rows, refused = _until_damage(form, bytes(damaged))
    assert refused is None or SECRET not in str(refused)
    for row in rows:
        assert SECRET not in refusal_of(form.splitter(3), row)


def _characters(encoding: str) -> st.SearchStrategy[str]:
    if encoding.startswith("utf"):
        return st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.sampled_from(bytes(range(1, 256)).decode(encoding, errors="ignore"))


_TABLES = st.sampled_from(ENCODINGS).flatmap(
    lambda encoding: st.tuples(
        st.just(encoding),
        st.integers(1, 4).flatmap(
            lambda width: st.lists(
                st.lists(
                    st.text(st.one_of(_characters(encoding), st.sampled_from('";,\r\n \t|')), max_size=12),
                    min_size=width,
                    max_size=width,
                ),
                max_size=12,
            )
        ),
    )
)


@given(
    _TABLES,
    st.sampled_from(";,\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_what_is_read(
    table: tuple[str, list[list[str]]], separator: str, newline: str, quoting: int
) -> None:
    encoding, rows = table
    if any(set(cell) & set("\r\n") for row in rows for cell in row) and newline != "\r\n":
        quoting = csv.QUOTE_ALL  # the writer quotes no newline but its own
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=newline, quoting=quoting)  # type: ignore[arg-type]
    places = []
    for row in rows:
        so_far = text.getvalue().encode().splitlines()
        places.append(len(so_far) + 1)
        writer.writerow(row)
    form = DelimitedFormat(separator=separator, encoding=encoding, header=0)
    read = list(form.rows(io.BytesIO(text.getvalue().encode(encoding))))
    assert [form.splitter(len(rows[0])).values(row.raw) for row in read] == rows
    assert [row.place for row in read] == places


@given(st.lists(st.lists(st.text(st.sampled_from('ab"\n\r '), max_size=5), min_size=1, max_size=3), max_size=6))
def test_joined_lines_agree_with_the_csv_module(rows: list[list[str]]) -> None:
    text = "".join(";".join(row) + "\n" for row in rows)
    read, refused = _until_damage(DelimitedFormat(header=0), text.encode())
    expected: list[list[str]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True):
            if cells:
                expected.append(cells)
    except csv.Error:
        return
    assert refused is None
    splitter = DelimitedFormat().splitter()
    assert [splitter.values(row.raw) for row in read] == expected


@given(st.lists(st.text(st.sampled_from('";;""a'), max_size=14).map(str.encode), max_size=4))
def test_lines_known_by_counting_are_those_that_end_outside_quotes(lines: list[bytes]) -> None:
    boundaries = _boundaries(";", '"')
    if boundaries.close_all(lines):
        assert all(boundaries.outside(line) for line in lines)
        assert all(boundaries.closes(line) for line in lines)


def test_a_whole_block_of_quoted_cells_is_known_by_counting() -> None:
    boundaries = _boundaries(";", '"')
    assert boundaries.close_all([b'"a";"";"b"', b'""', b'"";""', b'";"'])
    for line in (b"", b'"', b'"a";b', b'"a";"b""', b'";"a"b"', b'"a""b"'):
        assert not boundaries.close_all([b'"a"', line])
