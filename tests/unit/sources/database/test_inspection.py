"""What an examination brings of a database: no more than it was asked for, however much there is."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from connector_core.sources.database.address import read_address
from connector_core.sources.database.inspection import LONGEST, examine
from connector_core.sources.database.sqlite import ENGINE


def test_a_sample_has_so_many_rows_and_long_values_are_cut(tmp_path):
    with closing(sqlite3.connect(tmp_path / "base.db")) as file:
        file.execute("CREATE TABLE courrier (id INTEGER PRIMARY KEY, texte TEXT, photo BLOB)")
        rows = [(number, "é" * (LONGEST + 1), b"x" * LONGEST) for number in range(30)]
        file.executemany("INSERT INTO courrier VALUES (?, ?, ?)", rows)
        file.commit()
    with ENGINE.open(read_address(f"sqlite:///{tmp_path / 'base.db'}"), None) as session:
        sampled = examine(session, 20).sampled["courrier"]
    assert sampled.rows == 30
    assert [row[0] for row in sampled.values] == [str(number) for number in range(20)]
    assert {len(row[1]) for row in sampled.values} == {LONGEST}
    assert {len(row[2]) for row in sampled.values} == {LONGEST}
