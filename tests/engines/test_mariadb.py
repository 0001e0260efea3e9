"""MariaDB's own ways: the sum of a table as a sign of change, the right to see views."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.engines.bed import mariadb

from connector_core.sources.database.address import read_address
from connector_core.sources.database.engine import engine_of

pytestmark = pytest.mark.engines


@pytest.fixture
def base(mariadb_server):
    mariadb.make_database(mariadb_server, "somme", ())
    run(
        mariadb_server,
        "CREATE TABLE `t%s` (id INTEGER PRIMARY KEY, texte VARCHAR(20), note TEXT)",
        "INSERT INTO `t%s` VALUES (1, 'a', NULL), (2, 'b', 'c')",
        "CREATE TABLE u (id INTEGER)",
        "CREATE TABLE document (id INTEGER, page LONGBLOB)",
        "CREATE VIEW v AS SELECT * FROM `t%s`",
    )
    return mariadb_server


def run(server, *statements):
    with closing(mariadb.connect(server, "somme")) as software, software.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        software.commit()


def opened(server):
    address = read_address(mariadb.url(server, "somme"))
    return engine_of(address).open(address, mariadb.READER_PASSWORD)


@pytest.fixture
def seeing(base):
    """The same, with an account that may see views."""
    run(base, f"GRANT SHOW VIEW ON somme.* TO '{mariadb.READER}'@'%'")
    yield base
    run(base, f"REVOKE SHOW VIEW ON somme.* FROM '{mariadb.READER}'@'%'")


def names(server):
    with opened(server) as session:
        return [table.name for table in session.schema().tables]


def sign(server, *tables):
    with opened(server) as session:
        return session.token(tables)


def test_a_sum_changes_with_a_table_and_only_then(base):
    seen = [sign(base, "t%s")]
    for statement in (
        "UPDATE `t%s` SET texte = 'c' WHERE id = 1",
        "UPDATE `t%s` SET note = '' WHERE id = 1",
        "DELETE FROM `t%s` WHERE id = 2",
        "INSERT INTO `t%s` VALUES (3, 'b', 'c')",
        "DELETE FROM `t%s`",
    ):
        run(base, statement)
        seen.append(sign(base, "t%s"))
    assert None not in seen
    assert len(set(seen)) == len(seen)
    run(base, "INSERT INTO u VALUES (1)")
    assert sign(base, "t%s") == seen[-1]


def test_a_sum_is_of_the_snapshot(base):
    before = sign(base, "t%s")
    with opened(base) as session:
        run(base, "UPDATE `t%s` SET texte = 'd'")
        assert session.token(["t%s"]) == before
    assert sign(base, "t%s") != before


def test_a_view_that_an_account_may_not_see_hides_no_table(base):
    assert names(base) == ["document", "t%s", "u"]


def test_a_view_that_an_account_may_see_is_there(seeing):
    assert names(seeing) == ["document", "t%s", "u", "v"]


@pytest.mark.parametrize("table", ["v", "document", "absente"])
def test_what_has_no_sum(seeing, table):
    assert sign(seeing, table) is None
    assert sign(seeing, "t%s", table) is None
