"""A pass over a snapshot, and what becomes of a schema, on a database of the test's own making."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.dialects.plan import Plan, plan_of
from connector_core.errors import ConfigurationError
from connector_core.formats.extract import encoded_rows
from connector_core.sources.database.address import file_of, is_address, read_address
from connector_core.sources.database.drift import Change, differences
from connector_core.sources.database.engine import Column, Schema, Since, Table, TableRead
from connector_core.sources.database.passes import COMPARE_EVERY, Known, Passed, accepted, run_pass
from connector_core.sources.database.plan import found_in

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DIALECT = """
[dialect]
id = "essai"
title = "Essai"
version = "1"
[format]
kind = "database"
[[table]]
name = "Patients"
key = ["Numero"]
version_column = "Modifie"
[[table.record]]
kind = "patient"
[table.record.fields]
id = "Numero"
family_name = "Nom"
[[table]]
name = "CODES"
key = ["CODE"]
remember = { key = "CODE", columns = ["LETTRE"] }
"""


@dataclass
class Base:
    """A snapshot in memory: the rows of each table, by column."""

    tables: dict[str, list[dict[str, object]]]
    sign: str | None = None
    isolation: str = "essai"
    filters: bool = False
    fetched: list[str] = field(default_factory=list)
    signs: dict[str, str] = field(default_factory=dict)

    def schema(self) -> Schema:
        named = sorted((name, tuple(rows[0])) for name, rows in self.tables.items())
        return schema(*(table(name, *columns) for name, columns in named))

    def token(self, tables: Sequence[str]) -> str | None:
        return " ".join(self.signs[table] for table in tables) if self.signs else self.sign

    def count(self, table: str, since: Since | None = None) -> int:
        assert since is None, "it can't be asked for rows by a value"
        return len(self.tables[table])

    def highest(self, table: str, column: str) -> str | None:
        return max((str(row[column]) for row in self.tables[table]), default=None)

    def lines(self, read: TableRead) -> Iterator[tuple[int, bytes]]:
        self.fetched.append(read.table)
        rows = sorted(self.tables[read.table], key=lambda row: str(row[read.order[0]]))
        return encoded_rows([row[column] for column in read.columns] for row in rows)


def base(**more: object) -> Base:
    patients = [{"NUMERO": n, "NOM": f"N{n}", "MODIFIE": n} for n in range(4)]
    return Base({"PATIENTS": patients, "CODES": [{"CODE": "1", "LETTRE": "AMK"}]}, **more)  # type: ignore[arg-type]


def plan() -> Plan:
    return plan_of(read_dialect(DIALECT, "essai.toml"))


def passed(of: Base, known: Known = Known(), now: datetime = NOW) -> Passed:  # noqa: B008  # frozen
    of.fetched.clear()
    return run_pass(of, [plan()], known, 1, now, lambda _content: None)


def names_fetched(of: Base, known: Known) -> tuple[str, ...]:
    return tuple(each.table for each in passed(of, known).fetched)


def test_tables_that_others_join_on_come_first_and_names_are_found_whatever_their_case():
    found, missing = found_in(plan(), base().schema())
    assert missing == []
    assert [each.table for each in found] == ["CODES", "PATIENTS"]
    assert found[1].read == TableRead("PATIENTS", ("NUMERO", "NOM"), ("NUMERO",))


def test_of_two_tables_of_one_name_but_for_the_case_the_one_that_is_meant_is_read():
    of = base()
    of.tables |= {"patients": of.tables["PATIENTS"], "Patients": of.tables["PATIENTS"]}
    assert {each.table for each in found_in(plan(), of.schema())[0]} == {"CODES", "Patients"}
    del of.tables["Patients"]
    assert found_in(plan(), of.schema())[1] == ["Patients"]


def test_a_sign_of_the_engine_is_believed_for_a_day():
    of = base(sign="1")
    known = passed(of).known
    of.tables["PATIENTS"][0] |= {"NOM": "autre", "MODIFIE": 9}
    assert passed(of, known).status == "unchanged"
    assert of.fetched == []
    again = passed(of, known, NOW + COMPARE_EVERY)
    assert (again.status, again.known.compared_at) == ("taken", NOW + COMPARE_EVERY)
    of.sign = "2"
    assert passed(of, known).status == "taken"


def test_a_table_of_which_the_engine_says_that_it_stands_still_is_left_out():
    of = base()
    of.signs = {"PATIENTS": "1", "CODES": "1"}
    known = passed(of).known
    of.signs["PATIENTS"] = "2"
    assert passed(of, known).status == "unchanged"
    assert of.fetched == [], "neither its version nor the number of its rows has changed"
    of.tables["PATIENTS"][0] |= {"NOM": "autre", "MODIFIE": 9}
    assert names_fetched(of, known) == ("Patients",)
    assert of.fetched == ["PATIENTS"]


def test_a_clock_that_was_set_back_has_every_table_compared():
    of = base(sign="1")
    known = passed(of).known
    passed(of, known, NOW - timedelta(seconds=1))
    assert of.fetched == ["CODES", "PATIENTS"]


def test_a_table_whose_version_and_count_stand_still_is_left_out():
    of = base()
    known = passed(of).known
    assert passed(of, known).status == "unchanged"
    assert of.fetched == ["CODES"], "it has no version: it is looked at"
    of.tables["PATIENTS"].pop()
    assert names_fetched(of, known) == ("Patients",)


def test_a_table_that_others_join_on_brings_them_along_when_it_has_changed():
    of = base()
    known = passed(of).known
    of.tables["CODES"][0]["LETTRE"] = "AMS"
    assert names_fetched(of, known) == ("CODES", "Patients")


def test_a_change_is_seen_by_its_version():
    of = base()
    known = passed(of).known
    of.tables["PATIENTS"][0]["NOM"] = "autre"
    assert passed(of, known).status == "unchanged"
    of.tables["PATIENTS"][0]["MODIFIE"] = 9
    assert passed(of, known).status == "taken"


def test_half_of_the_rows_may_go_and_one_more_may_not():
    of = base()
    of.tables["PATIENTS"] = [{"NUMERO": n, "NOM": "N", "MODIFIE": 1} for n in range(100)]
    known = passed(of).known
    whole = of.tables["PATIENTS"]
    of.tables["PATIENTS"] = whole[:50]
    assert passed(of, known).status == "taken"
    of.tables["PATIENTS"] = whole[:49]
    assert (passed(of, known).status, passed(of, known).shrunk) == ("shrunk", ("Patients",))
    of.tables["PATIENTS"] = whole[:99]
    few = passed(of).known
    of.tables["PATIENTS"] = whole[:1]
    assert passed(of, few).status == "taken"


def test_another_dialect_reads_what_the_former_was_paused_over():
    of = base()
    known = passed(of).known
    of.tables["PATIENTS"][0] |= {"NOUVEAU": 1}
    assert passed(of, known).status == "drifted"
    other = plan_of(read_dialect(DIALECT.replace('"1"', '"2"', 1), "essai.toml"))
    assert run_pass(of, [other], known, 1, NOW, lambda _content: None).status == "taken"


def test_what_is_accepted_is_accepted_once():
    of = base(sign="1")
    known = passed(of, accepted(passed(of).known)).known
    assert known.schema is not None
    assert not known.accepted
    of.tables["PATIENTS"][0] |= {"NOUVEAU": 1}
    assert passed(of, known).status == "drifted"
    assert passed(of, accepted(known)).status == "unchanged"


def test_the_order_of_columns_means_nothing():
    of = base()
    known = passed(of).known
    names = ("NUMERO", "MODIFIE", "NOM")
    of.tables["PATIENTS"] = [{name: row[name] for name in names} for row in of.tables["PATIENTS"]]
    assert passed(of, known).status == "unchanged"


def schema(*tables: Table) -> Schema:
    return Schema(tables)


def table(name: str, *columns: str, kind: str = "TEXT") -> Table:
    return Table(name, tuple(Column(each, kind) for each in columns), columns[:1])


ALL_ALIKE = "un nom voisin et le même type et la même place"


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        (table("T", "ID", "NOM"), table("T", "ID", "NOM"), []),
        (
            table("T", "ID", "NOM", "VILLE"),
            table("T", "ID", "NOM_USAGE", "VILLE"),
            [
                Change(
                    "column_gone", "T", "NOM", "TEXT", "", "NOM_USAGE", "un nom voisin et le même type et la même place"
                ),
                Change("column_new", "T", "NOM_USAGE", now="TEXT"),
            ],
        ),
        (table("T", "ID", "NOM"), table("T", "ID"), [Change("column_gone", "T", "NOM", "TEXT")]),
        (table("T", "ID"), table("T", "ID", "NOM"), [Change("column_new", "T", "NOM", now="TEXT")]),
        (
            table("T", "ID"),
            table("T", "ID", kind="INTEGER"),
            [Change("type_changed", "T", "ID", "TEXT", "INTEGER")],
        ),
        (
            table("ACTES", "ID", "JOUR", "LETTRE"),
            table("SEANCES", "ID", "JOUR", "LETTRE"),
            [Change("table_gone", "ACTES", moved_to="SEANCES", reason="3 de ses 3 colonnes y sont")],
        ),
        (table("ACTES", "ID", "JOUR"), table("X", "A", "B"), [Change("table_gone", "ACTES")]),
        (
            table("T", "ID", "NOM"),
            Table("T", (Column("ID", "TEXT"), Column("NOM", "TEXT")), ("ID", "NOM")),
            [Change("key_changed", "T", before="ID", now="ID, NOM")],
        ),
    ],
)
def test_what_has_changed_and_what_may_have_moved(before, now, changes):
    assert list(differences(schema(before), schema(now))) == changes


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:////srv/base.db", "/srv/base.db"),
        ("sqlite:///srv/base.db", "/srv/base.db"),
        ("sqlite:///D:/Logiciel%20kin%C3%A9/base.db", "D:/Logiciel kiné/base.db"),
        ("sqlite://serveur/partage/base.db", "//serveur/partage/base.db"),
    ],
)
def test_the_address_of_a_file_is_its_path(text, path):
    assert file_of(read_address(text)) == path


def test_the_parts_of_an_address():
    found = read_address("firebird://lecteur@pc-1:3051/D:/Kine4000/BASE.FDB?charset=WIN1252")
    assert (found.scheme, found.user, found.host, found.port) == ("firebird", "lecteur", "pc-1", 3051)
    assert (found.name, found.option("charset")) == ("D:/Kine4000/BASE.FDB", "WIN1252")
    assert str(found) == "firebird://lecteur@pc-1:3051/D:/Kine4000/BASE.FDB"
    assert not is_address("D:/exports/base.db")


@pytest.mark.parametrize(
    "text", ["lecture", "oracle://x/y", "mysql://h:port/b", "mysql://h", "mysql://u:p@h/b", "mysql://h/b?pwd=p"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigurationError) as refused:
        read_address(text)
    assert text not in str(refused.value)
