"""Firebird's own ways: rows as blocks of text, the numbers of transactions as signs of change."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from decimal import Decimal

import pytest
from tests.engines.bed import firebird

from connector_core.sources.database.address import read_address
from connector_core.sources.database.engine import TableRead, engine_of

pytestmark = pytest.mark.engines

at = dt.datetime.fromisoformat
COLUMNS = {
    "ID": "INTEGER NOT NULL PRIMARY KEY",
    "COURT": "VARCHAR(20)",
    "FIXE": "CHAR(4)",
    "LONG": "BLOB SUB_TYPE TEXT",
    "PETIT": "SMALLINT",
    "GRAND": "BIGINT",
    "MONTANT": "NUMERIC(9,2)",
    "TAUX": "DECIMAL(4,4)",
    "JOUR": "DATE",
    "HEURE": "TIME",
    "MOMENT": "TIMESTAMP",
    "VRAI": "BOOLEAN",
}
ROWS = [
    (1, *[None] * 11),
    (2, "", "", "", 0, 0, Decimal(0), Decimal(0), dt.date(1, 1, 1), dt.time(), at("1900-01-01T00:00:00"), False),
    (
        3,
        "dû à 5 €\\N\t\n\r\b\f\v",
        "É\\",
        "l'été\r\nœuvre ",
        -32768,
        -(2**63),
        Decimal("-0.05"),
        Decimal("-0.0001"),
        dt.date(2026, 3, 2),
        dt.time(9, 30),
        at("2026-03-02T09:30:00"),
        True,
    ),
    (
        4,
        "é" * 20,
        "abcd",
        "\\N",
        32767,
        2**63 - 1,
        Decimal("9999999.99"),
        Decimal("0.9999"),
        dt.date(9999, 12, 31),
        dt.time(23, 59, 59, 123400),
        at("2026-12-31T23:59:59.000100"),
        True,
    ),
]
LINES = [
    r"1" + r"	\N" * 11,
    "2\t\t    \t\t0\t0\t0.00\t0.0000\t0001-01-01\t00:00:00\t1900-01-01 00:00:00\tfalse",
    r"3	dû à 5 €\\N\t\n\r\b\f\v	É\\  	l'été\r\nœuvre 	-32768	-9223372036854775808"
    "\t-0.05\t-0.0001\t2026-03-02\t09:30:00\t2026-03-02 09:30:00\ttrue",
    "4\t" + "é" * 20 + "\tabcd\t\\\\N\t32767\t9223372036854775807\t9999999.99\t0.9999\t9999-12-31\t23:59:59.123400"
    "\t2026-12-31 23:59:59.000100\ttrue",
]


@pytest.fixture
def base(firebird_server):
    """A database of its own, and how its software connects to it."""
    firebird.make_database(firebird_server, "ligne", ())
    return firebird_server


def run(server, *statements, rows=()):
    with closing(firebird.connect(server, "ligne")) as software:
        for statement in statements:
            software.execute_immediate(statement)
            software.commit()
        for row in rows:
            cursor = software.cursor()
            cursor.execute(f"INSERT INTO T VALUES ({', '.join('?' * len(row))})", row)
            cursor.close()
            software.commit()


def make(server, columns, rows):
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    run(server, f"CREATE TABLE T ({declared})", f"GRANT SELECT ON T TO USER {firebird.READER}", rows=rows)


def opened(server):
    return engine_of(ADDRESS := read_address(firebird.url(server, "ligne"))).open(ADDRESS, firebird.READER_PASSWORD)


def read(server, columns):
    """The lines, and at how many at once they came."""
    with opened(server) as session:
        found = list(session.lines(TableRead("T", tuple(columns), (next(iter(columns)),))))
    return b"".join(lines for _, lines in found).decode().splitlines(), [count for count, _ in found]


def test_a_block_says_exactly_what_the_driver_would(base):
    make(base, COLUMNS, ROWS)
    assert read(base, COLUMNS) == (LINES, [4])


@pytest.mark.parametrize(
    "kind", ["FLOAT", "DOUBLE PRECISION", "VARCHAR(8191) CHARACTER SET UTF8", "VARCHAR(4) CHARACTER SET OCTETS"]
)
def test_what_may_not_be_in_a_block_is_read_all_the_same(base, kind):
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY", "AUTRE": kind}, [(1, None), (2, None)])
    assert read(base, ("ID", "AUTRE"))[0] == [r"1	\N", r"2	\N"]


def test_a_table_of_very_many_columns_is_read(base):
    columns = {"ID": "INTEGER NOT NULL PRIMARY KEY", **{f"COLONNE_NUMERO_{number}": "INTEGER" for number in range(600)}}
    make(base, columns, [(number, *range(600)) for number in (1, 2)])
    assert read(base, columns)[0] == ["\t".join(map(str, (number, *range(600)))) for number in (1, 2)]


def test_an_empty_table_has_no_lines(base):
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY"}, [])
    assert read(base, ("ID",)) == ([], [])


def test_many_rows_come_in_their_order_whatever_their_length(base):
    rows = [(number, "x" * (number % 3000)) for number in range(1, 400)]
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY", "TEXTE": "VARCHAR(3000)"}, rows)
    lines, counts = read(base, ("ID", "TEXTE"))
    assert lines == [f"{number}\t{text}" for number, text in rows]
    assert sum(counts) == len(rows)
    assert len(counts) > 20


def test_a_sign_changes_with_every_change_and_only_then(base):
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY", "TEXTE": "VARCHAR(20)"}, [(1, "a"), (2, "b")])
    run(base, "CREATE TABLE U (ID INTEGER)", f"GRANT SELECT ON U TO USER {firebird.READER}")

    def sign():
        with opened(base) as session:
            return session.token(["T"])

    seen = [sign()]
    for statement in (
        "UPDATE T SET TEXTE = 'c' WHERE ID = 1",
        "UPDATE T SET TEXTE = 'a' WHERE ID = 1",
        "DELETE FROM T WHERE ID = 2",
        "INSERT INTO T VALUES (2, 'b')",
        "UPDATE T SET TEXTE = TEXTE",
        "DELETE FROM T",
    ):
        run(base, statement)
        seen.append(sign())
    assert None not in seen
    assert len(set(seen)) == len(seen)
    run(base, "INSERT INTO U VALUES (1)")
    assert sign() == seen[-1]


def test_a_sign_is_of_the_snapshot(base):
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY", "TEXTE": "VARCHAR(20)"}, [(1, "a")])
    with opened(base) as session:
        before = session.token(["T"])
    with opened(base) as session:
        session.count("T")
        run(base, "UPDATE T SET TEXTE = 'c'")
        assert session.token(["T"]) == before
    with opened(base) as session:
        assert session.token(["T"]) != before


def test_a_view_has_no_sign(base):
    make(base, {"ID": "INTEGER NOT NULL PRIMARY KEY"}, [(1,)])
    run(base, "CREATE VIEW V AS SELECT * FROM T", f"GRANT SELECT ON V TO USER {firebird.READER}")
    with opened(base) as session:
        assert session.token(["V"]) is None
        assert session.token(["T", "V"]) is None
