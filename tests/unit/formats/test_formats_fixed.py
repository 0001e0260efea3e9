"""Fixed width: records by line or one after the other, by their type."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.reading import refusal_of

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.fixed import FixedField, FixedFormat, FixedTable
from connector_core.formats.rows import Row

SECRET = "DUPONTEL"

HEAD = FixedTable("entete", (FixedField("numero", 4, 8),), "000")
PATIENT = FixedTable("patient", (FixedField("nom", 4, 13), FixedField("montant", 14, 20)), "010")
LINES = FixedFormat(20, (HEAD, PATIENT))
RECORDS = FixedFormat(20, (HEAD, PATIENT), lines=False)


def _record(kind: str, rest: str) -> str:
    return f"{kind}{rest}".ljust(20)


TEXTS = [
    _record("000", "00042"),
    _record("010", "É LISE    0001613"),
    _record("010", " NOM      12"),
    _record("999", ""),
]


def _until_damage(form: FixedFormat, data: bytes) -> tuple[list[Row], FileRefused | None]:
    rows: list[Row] = []
    try:
        rows.extend(form.rows(io.BytesIO(data)))
    except FileRefused as refused:
        return rows, refused
    return rows, None


@pytest.mark.parametrize(
    ("form", "data", "places"),
    [
        (LINES, "\r\n".join([*TEXTS, ""]).encode("cp1252"), [1, 2, 3, 4]),
        (LINES, "\n\n".join(TEXTS).encode("cp1252"), [1, 3, 5, 7]),
        (LINES, ("\r".join(TEXTS) + "\r\x1a").encode("cp1252"), [1, 2, 3, 4]),
        (RECORDS, "".join(TEXTS).encode("cp1252"), [f"enregistrement {n}" for n in range(1, 5)]),
        (RECORDS, ("".join(TEXTS) + "\r\n\x1a").encode("cp1252"), [f"enregistrement {n}" for n in range(1, 5)]),
    ],
)
def test_records_find_their_table_and_their_place(form: FixedFormat, data: bytes, places: list[int | str]) -> None:
    rows, refused = _until_damage(form, data)
    assert refused is None
    assert [row.place for row in rows] == places
    assert [row.table for row in rows] == ["entete", "patient", "patient", ""]
    assert form.splitter("entete").values(rows[0].raw) == ["00042"]
    assert form.splitter("patient").values(rows[1].raw) == ["É LISE", "0001613"]
    assert form.splitter("patient").values(rows[2].raw) == [" NOM", "12"]


def test_a_record_of_no_known_type_is_refused_as_a_row() -> None:
    with pytest.raises(RowRefused, match="inconnu"):
        LINES.splitter("").values(TEXTS[3].encode())


def test_a_table_without_prefix_takes_every_record_and_the_type_may_be_anywhere() -> None:
    anywhere = FixedFormat(
        4,
        (FixedTable("a", (FixedField("x", 1, 2),), "A"), FixedTable("reste", (FixedField("x", 1, 4),))),
        type_position=3,
    )
    rows, _ = _until_damage(anywhere, b"01A \n01B \n")
    assert [row.table for row in rows] == ["a", "reste"]


def test_lengths_are_counted_in_characters() -> None:
    form = FixedFormat(4, (FixedTable("t", (FixedField("a", 1, 2), FixedField("b", 3, 4))),), encoding="utf-16")
    rows, refused = _until_damage(form, "éàçù\nabcd\n".encode("utf-16"))
    assert refused is None
    assert [form.splitter("t").values(row.raw) for row in rows] == [["éà", "çù"], ["ab", "cd"]]


def test_a_line_of_another_length_is_refused_as_a_row() -> None:
    rows, refused = _until_damage(LINES, f"010{SECRET}\n{TEXTS[1]}\n".encode("cp1252"))
    assert refused is None
    with pytest.raises(RowRefused, match="11 caractères au lieu de 20") as caught:
        LINES.splitter("patient").values(rows[0].raw)
    assert SECRET not in repr(caught.value)


def test_bytes_that_do_not_decode_are_refused_as_a_row() -> None:
    with pytest.raises(RowRefused, match="illisibles") as caught:
        LINES.splitter("patient").values(b"010" + SECRET.encode() + b"\x81" * 9)
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("form", [LINES, RECORDS])
def test_a_cut_anywhere_is_refused_or_leaves_exactly_the_first_records(form: FixedFormat) -> None:
    data = ("\r\n" if form.lines else "").join([*TEXTS, ""]).encode("cp1252")
    whole, _ = _until_damage(form, data)
    step = 22 if form.lines else 20
    for size in range(len(data)):
        rows, refused = _until_damage(form, data[:size])
        assert rows == whole[: len(rows)]
        assert len(rows) == (size + step - 20) // step
        assert (refused is None) == (size % step in (0, 20, 21))
        if refused is not None:
            assert str(size // step + 1) in str(refused.where)


@pytest.mark.parametrize("form", [LINES, RECORDS])
def test_nul_bytes_are_damage_after_the_records_before_them(form: FixedFormat) -> None:
    end = "\n" if form.lines else ""
    rows, refused = _until_damage(form, (TEXTS[0] + end + "\0" * 20 + end).encode())
    assert len(rows) == 1
    assert refused is not None
    assert str(refused.where).endswith(" 2")


def test_many_records_are_read_block_by_block() -> None:
    record = TEXTS[1].encode("cp1252")
    rows, refused = _until_damage(RECORDS, record * 5000 + b"010")
    assert len(rows) == 5000
    assert refused is not None
    assert refused.where == "enregistrement 5001"


@given(st.lists(st.tuples(st.text("aé Z9", max_size=10), st.text("0 1é", max_size=7)), max_size=5), st.booleans())
def test_what_is_written_is_what_is_read(values: list[tuple[str, str]], lines: bool) -> None:
    form = LINES if lines else RECORDS
    data = "".join(f"010{name:10}{amount:7}" + ("\n" if lines else "") for name, amount in values).encode("cp1252")
    rows, refused = _until_damage(form, data)
    assert refused is None
    read = [form.splitter(row.table).values(row.raw) for row in rows]
    assert read == [[name.rstrip(" "), amount.rstrip(" ")] for name, amount in values]


@given(st.data(), st.sampled_from([LINES, RECORDS]))
def test_flipped_bytes_raise_nothing_but_refusals(data: st.DataObject, form: FixedFormat) -> None:
    damaged = bytearray(("\r\n" if form.lines else "").join(TEXTS).encode("cp1252"))
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    rows, _ = _until_damage(form, bytes(damaged))
    for row in rows:
        assert "LISE" not in refusal_of(form.splitter(row.table), row)


def test_an_impossible_format_is_refused() -> None:
    field = (FixedField("a", 1, 2),)
    for tables in (
        (),
        (FixedTable("t", field), FixedTable("t", field)),
        (FixedTable("", field),),
        (FixedTable("t", ()),),
    ):
        with pytest.raises(ConfigurationError):
            FixedFormat(20, tables)
    for start, end in ((0, 3), (3, 2), (19, 21)):
        with pytest.raises(ConfigurationError):
            FixedFormat(20, (FixedTable("t", (FixedField("a", start, end),)),))
    with pytest.raises(ConfigurationError):
        FixedFormat(20, (PATIENT,), encoding="utf-8", lines=False)
    with pytest.raises(ConfigurationError):
        LINES.splitter("inconnue")
