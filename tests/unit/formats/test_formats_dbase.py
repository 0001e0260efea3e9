"""dBase and FoxPro tables, written by the `dbf` package: exact values, and no silent half of a table."""

from __future__ import annotations

import datetime
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import dbf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.formats.reading import refusal_of

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.dbase import DbaseFormat, likely_code_page
from connector_core.formats.rows import Row

SECRET = "DUPONTEL"
FIELDS = "nom C(12); montant N(9,2); jour D; regle L"
FORM = DbaseFormat()

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a table and return its path."""

    def written(
        rows: Sequence[tuple[object, ...]],
        fields: str = FIELDS,
        *,
        kind: str = "db3",
        codepage: str = "cp1252",
        deleted: Sequence[int] = (),
    ) -> Path:
        path = tmp_path / f"{kind}.dbf"
        table = dbf.Table(str(path), fields, dbf_type=kind, codepage=codepage)
        table.open(dbf.READ_WRITE)
        try:
            for row in rows:
                table.append(row)
            for index in deleted:
                dbf.delete(table[index])
        finally:
            table.close()
        return path

    return written


ROWS = [
    ("Éloïse", Decimal("16.13"), datetime.date(2026, 3, 2), True),
    ("Zoé DUPONT", Decimal("-0.10"), None, False),
    ("", None, datetime.date(1950, 12, 31), None),
]
TEXTS = [["Éloïse", "16.13", "2026-03-02", "T"], ["Zoé DUPONT", "-0.10", "", "F"], ["", "", "1950-12-31", ""]]


def _until_damage(path: Path, form: DbaseFormat = FORM) -> tuple[list[Row], FileRefused | None]:
    rows: list[Row] = []
    try:
        rows.extend(form.rows(path))
    except FileRefused as refused:
        return rows, refused
    return rows, None


def _refused(path: Path) -> FileRefused:
    _, refused = _until_damage(path)
    assert refused is not None
    assert SECRET not in repr(refused)
    return refused


@pytest.mark.parametrize("kind", ["db3", "fp", "vfp"])
@pytest.mark.parametrize("codepage", ["cp1252", "cp850"])
def test_values_are_exact_in_any_code_page(write: Write, kind: str, codepage: str) -> None:
    path = write(ROWS, kind=kind, codepage=codepage)
    assert FORM.columns(path) == ("NOM", "MONTANT", "JOUR", "REGLE")
    splitter = FORM.splitter(path)
    rows = list(FORM.rows(path))
    assert [row.place for row in rows] == ["enregistrement 1", "enregistrement 2", "enregistrement 3"]
    assert [splitter.values(row.raw) for row in rows] == TEXTS


def test_the_encoding_of_the_format_replaces_that_of_the_table(write: Write) -> None:
    path = write(ROWS[:1], codepage="cp850")
    _patch(path, 29, b"\0")
    form = DbaseFormat("cp850")
    (row,) = form.rows(path)
    assert form.splitter(path).values(row.raw)[0] == "Éloïse"
    (row,) = FORM.rows(path)
    with pytest.raises(RowRefused, match="illisible") as caught:
        FORM.splitter(path).values(row.raw)
    assert caught.value.fields == ("NOM",)
    assert caught.value.__context__ is None
    with pytest.raises(ConfigurationError):
        DbaseFormat("inconnu")


def test_deleted_records_are_skipped_and_counted(write: Write) -> None:
    path = write(ROWS, deleted=[1])
    assert [row.place for row in FORM.rows(path)] == ["enregistrement 1", "enregistrement 3"]


@pytest.mark.parametrize("kind", ["db3", "fp", "vfp"])
def test_memos_are_read_whole(write: Write, kind: str) -> None:
    texts = ["mémo de Zoé", "", "x" * 511, "y" * 512, "z" * 2000]
    path = write([(f"n{n}", text) for n, text in enumerate(texts)], "nom C(5); note M", kind=kind)
    splitter = FORM.splitter(path)
    assert [splitter.values(row.raw) for row in FORM.rows(path)] == [[f"n{n}", text] for n, text in enumerate(texts)]


def test_a_memo_that_moved_is_the_same_row_and_one_that_changed_is_not(write: Write) -> None:
    first = [row.raw for row in FORM.rows(write([("a", "un"), ("b", "deux")], "nom C(5); note M"))]
    moved = [row.raw for row in FORM.rows(write([("b", "deux"), ("a", "trois")], "nom C(5); note M"))]
    assert moved[0] == first[1]
    assert moved[1] != first[0]


def test_a_memo_file_is_found_in_any_case_or_given(write: Write, tmp_path: Path) -> None:
    path = write([("a", "un")], "nom C(5); note M")
    memo = path.with_suffix(".dbt")
    upper = memo.with_name("DB3.DBT")
    memo.rename(upper)
    assert len(list(FORM.rows(path))) == 1
    elsewhere = tmp_path / "spool.bin"
    upper.rename(elsewhere)
    assert "mémos" in _refused(path).what
    assert len(list(FORM.rows(path, elsewhere))) == 1
    with pytest.raises(FileRefused):
        list(FORM.rows(path, tmp_path / "absent"))


@pytest.mark.parametrize("kind", ["db3", "fp"])
def test_a_cut_memo_file_is_refused_or_harmless(write: Write, kind: str) -> None:
    path = write([(f"n{n}", SECRET * 200) for n in range(4)], "nom C(5); note M", kind=kind)
    whole = list(FORM.rows(path))
    memo = next(each for each in path.parent.iterdir() if each.suffix in (".dbt", ".fpt"))
    data = memo.read_bytes()
    for size in range(0, len(data), 97):
        memo.write_bytes(data[:size])
        rows, refused = _until_damage(path)
        assert rows == whole[: len(rows)]
        assert refused is not None or len(rows) == 4
        assert refused is None or SECRET not in repr(refused)
    memo.write_bytes(data[: len(data) // 2])
    assert _until_damage(path)[1] is not None


def _dbase4(path: Path, memo: bytes, pointer: bytes = b"         1") -> None:
    """Write a dBase IV table with one memo, which the `dbf` package can't."""
    fields = b"NOTE".ljust(11, b"\0") + b"M" + b"\0" * 4 + bytes([10, 0]) + b"\0" * 14 + b"\r"
    header = (
        bytes([0x8B, 126, 3, 2]) + (1).to_bytes(4, "little") + (65).to_bytes(2, "little") + (11).to_bytes(2, "little")
    )
    path.write_bytes(header.ljust(29, b"\0") + b"\x03\0\0" + fields + b" " + pointer + b"\x1a")
    path.with_suffix(".dbt").write_bytes((b"\0" * 20 + (512).to_bytes(2, "little")).ljust(512, b"\0") + memo)


def test_memos_of_dbase_4(tmp_path: Path) -> None:
    path = tmp_path / "t.dbf"
    text = "mémo".encode("cp1252")
    mark = b"\xff\xff\x08\x00"
    _dbase4(path, mark + (len(text) + 8).to_bytes(4, "little") + text)
    (row,) = FORM.rows(path)
    assert FORM.splitter(path).values(row.raw) == ["mémo"]
    for wrong in (
        b"",
        mark,
        b"\0" * 16,
        mark + b"\xff" * 4,
        mark + b"\0" * 4,
        mark + (99).to_bytes(4, "little") + text,
    ):
        _dbase4(path, wrong)
        assert _refused(path).where == "enregistrement 1"
    _dbase4(path, b"", pointer=b"       abc")
    assert _refused(path).where == "enregistrement 1"
    _dbase4(path, b"", pointer=b"          ")
    assert len(list(FORM.rows(path))) == 1


def test_types_of_foxpro(write: Write) -> None:
    fields = "entier I NULL; solde Y; moment T; mesure B; texte C(4) NULL"
    rows = [
        (dbf.Null, Decimal("12.3456"), datetime.datetime.fromisoformat("2026-03-02T09:30"), 1.5, "a"),
        (-7, Decimal("-0.0001"), None, 0.1, dbf.Null),
    ]
    path = write(rows, fields, kind="vfp")
    assert FORM.columns(path) == ("ENTIER", "SOLDE", "MOMENT", "MESURE", "TEXTE")
    splitter = FORM.splitter(path)
    assert [splitter.values(row.raw) for row in FORM.rows(path)] == [
        ["", "12.3456", "2026-03-02T09:30:00", "1.5", "a"],
        ["-7", "-0.0001", "", "0.1", ""],
    ]


@pytest.mark.parametrize(
    ("offset", "content", "expected"),
    [
        (1, b"\0" * 8, ""),
        (1, b"\0\0\0\0\x02\0\0\0", ""),
        (1, b"\xff" * 8, None),
        (9, b"\0\0\0\0\0\0\xf0\x7f", None),
    ],
)
def test_odd_values_of_foxpro(write: Write, offset: int, content: bytes, expected: str | None) -> None:
    path = write([(None, 1.5)], "moment T; mesure B", kind="vfp")
    _patch(path, _record(path, 0) + offset, content)
    (row,) = FORM.rows(path)
    splitter = FORM.splitter(path)
    if expected is None:
        with pytest.raises(RowRefused):
            splitter.values(row.raw)
    else:
        assert splitter.values(row.raw)[0] == expected


def test_a_code_page_that_is_not_known_is_no_licence_to_guess(write: Write) -> None:
    path = write([*ROWS[:1], ("Zoe", None, None, None)])
    _patch(path, 29, b"\x05")
    first, second = FORM.rows(path)
    with pytest.raises(RowRefused):
        FORM.splitter(path).values(first.raw)
    assert FORM.splitter(path).values(second.raw)[0] == "Zoe"


@pytest.mark.parametrize(
    ("codepage", "said", "likely"),
    [("cp1252", 2, "cp1252"), ("cp1252", 3, ""), ("cp850", 3, "cp850"), ("cp850", 2, ""), ("cp850", 1, "")],
)
def test_a_code_page_that_makes_no_words_is_noticed(write: Write, codepage: str, said: int, likely: str) -> None:
    path = write([("Zoé", 1, None, True), ("Hélène", 2, None, True)], codepage=codepage)
    content = bytearray(path.read_bytes())
    content[29] = said
    path.write_bytes(content)
    assert likely_code_page(bytes(content), FORM.splitter(path)) == likely


def test_bytes_that_are_no_text_say_nothing_of_the_code_page(write: Write) -> None:
    path = write([("Zoé", 1)], "nom C(12); rang I", kind="vfp")
    content = bytearray(path.read_bytes())
    content[29] = 2
    path.write_bytes(content)
    assert likely_code_page(bytes(content), FORM.splitter(path)) == ""


def test_a_text_longer_than_a_byte_can_say(write: Write) -> None:
    path = write([("x" * 300, 1)], "long C(300); n N(3,0)", kind="clp")
    splitter = FORM.splitter(path)
    assert [splitter.values(row.raw) for row in FORM.rows(path)] == [["x" * 300, "1"]]


@pytest.mark.parametrize("number", ["12,50", "  +1.5", ".5", "1e3", ""])
def test_numbers_keep_their_digits(write: Write, number: str) -> None:
    path = write(ROWS[:1])
    _patch(path, _record(path, 0) + 13, number.rjust(9).encode())
    (row,) = FORM.rows(path)
    assert FORM.splitter(path).values(row.raw)[1] == number.strip().replace(",", ".")


@pytest.mark.parametrize(
    ("offset", "content", "field"),
    [
        (1, b"\x81" * 12, "NOM"),
        (1, b"a\0b", "NOM"),
        (13, b"*********", "MONTANT"),
        (13, b"  1 2    ", "MONTANT"),
        (13, b"\xff" * 9, "MONTANT"),
        (13, b"      nan", "MONTANT"),
        (22, b"20260230", "JOUR"),
        (22, b"2026 3 2", "JOUR"),
        (22, b"\xb2" * 8, "JOUR"),
        (30, b"x", "REGLE"),
    ],
)
def test_a_value_that_does_not_fit_refuses_the_row(write: Write, offset: int, content: bytes, field: str) -> None:
    path = write([(SECRET, *ROWS[0][1:])])
    _patch(path, _record(path, 0) + offset, content)
    (row,) = FORM.rows(path)
    with pytest.raises(RowRefused) as caught:
        FORM.splitter(path).values(row.raw)
    assert caught.value.fields == (field,)
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None


def test_raw_bytes_of_another_table_are_refused(write: Write) -> None:
    with pytest.raises(RowRefused):
        FORM.splitter(write(ROWS)).values(b"x")


def test_a_cut_anywhere_is_refused(write: Write) -> None:
    path = write(ROWS)
    data = path.read_bytes()
    end = _record(path, len(ROWS))
    for size in range(end):
        path.write_bytes(data[:size])
        rows, refused = _until_damage(path)
        assert refused is not None, size
        assert rows == []
    path.write_bytes(data[:end])
    assert len(list(FORM.rows(path))) == len(ROWS)


def test_half_a_file_is_refused_before_its_first_row(write: Write) -> None:
    path = write(ROWS * 20)
    path.write_bytes(path.read_bytes()[: _record(path, 30)])
    rows, refused = _until_damage(path)
    assert rows == []
    assert refused is not None
    assert "60 enregistrements" in refused.what


@pytest.mark.parametrize("announced", [0, 2, 4, 0xFFFFFFFF])
def test_a_copy_torn_between_header_and_records_is_refused(write: Write, announced: int) -> None:
    path = write(ROWS)
    _patch(path, 4, announced.to_bytes(4, "little"))
    _refused(path)


def test_a_table_with_more_after_its_end_is_refused(write: Write) -> None:
    path = write(ROWS)
    end = _record(path, len(ROWS))
    path.write_bytes(path.read_bytes()[:end] + b"x")
    assert len(_until_damage(path)[0]) == 3
    _refused(path)
    path.write_bytes(path.read_bytes()[:end] + b"\x1a\x1a")
    _refused(path)


@pytest.mark.parametrize("mark", [b"\0", b"\x1a", b"x"])
def test_a_record_without_its_mark_is_damage(write: Write, mark: bytes) -> None:
    path = write(ROWS)
    _patch(path, _record(path, 1), mark)
    rows, refused = _until_damage(path)
    assert len(rows) == 1
    assert refused is not None
    assert refused.where == "enregistrement 2"


@pytest.mark.parametrize("change", ["touched", "grown", "rewritten", "shrunk", "emptied"])
def test_a_table_that_changes_while_it_is_read_is_refused(write: Write, change: str) -> None:
    path = write(ROWS * 1000)
    rows = FORM.rows(path)
    next(rows)
    if change == "touched":
        os.utime(path, ns=(1, 1))
    elif change == "grown":
        with path.open("ab") as stream:
            stream.write(b" " * 31)
    elif change == "rewritten":
        before = path.stat()
        _patch(path, 3, b"\x1f")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        os.truncate(path, _record(path, 1024 if change == "emptied" else 2))
    with pytest.raises(FileRefused):
        list(rows)


def test_a_memo_file_that_changes_while_it_is_read_is_refused(write: Write) -> None:
    path = write([("a", "un"), ("b", "deux")], "nom C(5); note M")
    rows = FORM.rows(path)
    next(rows)
    os.utime(path.with_suffix(".dbt"), ns=(1, 1))
    with pytest.raises(FileRefused, match="pendant la lecture"):
        list(rows)


@pytest.mark.parametrize(
    ("offset", "content"),
    [
        (0, b"\x04"),
        (8, b"\x20\x00"),
        (8, b"\xff\xff"),
        (8, b"\x22\x00"),
        (10, b"\x05\x00"),
        (14, b"\x01"),
        (15, b"\x01"),
        (32, b"\x81\x81"),
        (43, b"V"),
        (43, b"B"),
        (43, b"I"),
        (43, b"M"),
        (48, b"\x00"),
        (32 * 5, b"x"),
    ],
)
def test_a_damaged_header_is_refused(write: Write, offset: int, content: bytes) -> None:
    path = write(ROWS)
    _patch(path, offset, content)
    _refused(path)
    with pytest.raises(FileRefused):
        FORM.columns(path)


def test_the_extra_that_is_not_installed_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(ROWS)
    monkeypatch.setitem(sys.modules, "dbfread.dbf", None)
    with pytest.raises(ConfigurationError, match=r"connector-core\[dbase\]"):
        FORM.columns(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["db3", "vfp"]))
def test_flipped_bytes_raise_nothing_but_refusals(write: Write, tmp_path: Path, data: st.DataObject, kind: str) -> None:
    original = tmp_path / f"{kind}.dbf"
    if not original.exists():
        write([(f"{SECRET} {n}", n, SECRET * 100) for n in range(3)], "nom C(12); n N(9,2); note M", kind=kind)
    memo = original.with_suffix(".dbt" if kind == "db3" else ".fpt")
    path = tmp_path / "abime.dbf"
    for neighbour in (".dbt", ".fpt"):
        path.with_suffix(neighbour).unlink(missing_ok=True)
    shutil.copy(original, path)
    shutil.copy(memo, path.with_suffix(memo.suffix))
    target = data.draw(st.sampled_from([path, path.with_suffix(memo.suffix)]))
    damaged = bytearray(target.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    target.write_bytes(bytes(damaged))
    rows, refused = _until_damage(path)
    assert refused is None or SECRET not in repr(refused)
    for row in rows:
        assert SECRET not in refusal_of(FORM.splitter(path), row)


def _record(path: Path, index: int) -> int:
    data = path.read_bytes()
    return int.from_bytes(data[8:10], "little") + index * int.from_bytes(data[10:12], "little")


def _patch(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(content)
