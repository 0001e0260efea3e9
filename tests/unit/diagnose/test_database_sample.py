"""What calibration is given of a database: keys where the schema has none, signs of change, what types say."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connector_core.diagnose.database_sample import sample_of
from connector_core.dialects.calibration.sample import Growing
from connector_core.sources.database.engine import Column, Schema, Table
from connector_core.sources.database.exchange import Examined, Sampled


def sampled(columns: dict[str, str], *rows: str, key: tuple[str, ...] = ()):
    """The one table of a sample, by its columns with their types and by its rows, values apart by bars."""
    table = Table("t", tuple(Column(name, kind) for name, kind in columns.items()), key)
    values = tuple(tuple(row.split("|")) for row in rows)
    (found,) = sample_of(Examined(Schema((table,)), "", {"t": Sampled(len(values), values)})).tables
    return found


def test_the_primary_key_is_the_key():
    found = sampled({"a": "INTEGER", "b": "INTEGER"}, "1|7", "2|7", key=("b", "a"))
    assert found.head["key"] == ["b", "a"]
    assert found.key == ("b", "a")


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (["x|1|A1", "x|2|A2"], ["b"]),
        (["A1|7|1.5", "A1|8|1.5", "B1|7|1.5"], ["a", "b"]),
        (["A1||1.5", "A1||1.5"], ["a", "b", "c"]),
    ],
    ids=["one column", "two together", "nothing less than all"],
)
def test_without_one_the_fewest_columns_that_tell_rows_apart_are(rows, key):
    found = sampled({"a": "TEXT", "b": "TEXT", "c": "TEXT"}, *rows)
    assert found.head["key"] == key
    assert found.key == ()


@pytest.mark.parametrize(
    ("name", "value", "sign"),
    [
        ("MODIFIE_LE", "2026-03-02 10:30:05", True),
        ("DateMaj", "2026-03-02 10:30:05", True),
        ("SAISI_LE", "2026-03-02 10:30:05", False),
        ("MODIFIE_LE", "", False),
        ("MODIFIE_PAR", "dupont", False),
    ],
)
def test_a_moment_of_the_last_change_in_every_row_is_the_sign_of_change(name, value, sign):
    found = sampled({"id": "INTEGER", name: "TIMESTAMP"}, f"1|{value}", f"2|{value}", key=("id",))
    assert found.head.get("version_column") == (name if sign else None)


def dated(*days: int, start: int = 1) -> list[str]:
    """Rows with a number, a day of 2026 and who was born when."""
    begin, born = date(2026, 1, 1), date(1980, 6, 1)
    return [
        f"{number}|{begin + timedelta(days=day)}|{born - timedelta(days=day * 37 % 101)}"
        for number, day in enumerate(days, start)
    ]


COUNTED = {"id": "INTEGER", "jour": "DATE", "ne_le": "DATE"}


def test_a_key_that_grows_with_the_dates_of_its_rows_is_proposed():
    found = sampled(COUNTED, *dated(*(n // 3 for n in range(60)), start=95), key=("id",))
    assert found.growing == Growing("id", "jour", 60)
    assert "growing_column" not in found.head


@pytest.mark.parametrize(
    ("columns", "rows", "key"),
    [
        (COUNTED, dated(*range(40), 20), ("id",)),
        (COUNTED, dated(*range(29)), ("id",)),
        (COUNTED, dated(*(n // 5 for n in range(45))), ("id",)),
        (COUNTED, dated(*range(40)), ()),
        (COUNTED, dated(*range(40)), ("id", "jour")),
        (COUNTED | {"id": "VARCHAR(9)"}, dated(*range(40)), ("id",)),
        (COUNTED, [*dated(*range(40)), "41||1980-01-01"], ("id",)),
        (COUNTED, [*dated(*range(40)), "-41|2026-06-01|1980-01-01"], ("id",)),
        (COUNTED | {"modifie_le": "TIMESTAMP"}, [f"{row}|2026-03-02 10:30:05" for row in dated(*range(40))], ("id",)),
    ],
    ids="a-row-before few-rows few-days no-key two-keys a-text a-day-missing no-number a-sign-of-change".split(),
)
def test_no_other_key_is(columns, rows, key):
    assert sampled(columns, *rows, key=key).growing is None


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("DATE", "day"),
        ("DATETIME2", "moment"),
        ("TIMESTAMP(0)", "moment"),
        ("TIME", "clock"),
        ("BOOLEAN", "flag"),
        ("BIT", "flag"),
        ("TINYINT(1)", "flag"),
        ("NUMERIC(9,2)", "number"),
        ("VARCHAR(60)", ""),
    ],
)
def test_a_type_says_what_a_column_holds(kind, declared):
    assert sampled({"a": kind}, "1").columns[0].declared == declared


def test_a_table_without_rows_or_without_the_right_to_it_is_left_out():
    table = Table("t", (Column("a", "TEXT"),))
    assert sample_of(Examined(Schema((table,)), "", {"t": Sampled(0, ())})).tables == []
    assert sample_of(Examined(Schema((table,)), "")).tables == []
