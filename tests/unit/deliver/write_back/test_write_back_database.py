"""Flags in a vendor's database: each once, withdrawn, undone to the byte, and nothing else touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.unit.deliver.write_back.vendor import Vendor

from connector_core.deliver.write_back.session import DatabaseFailed, Session
from connector_core.deliver.write_back.spots import Grammar, Row, Statement
from connector_core.errors import ConfigurationError
from connector_core.testing.acme import flag


class Killed(BaseException):
    """The process ends here."""


class Watched:
    """A session that does something at a point, once: another program's write, an end of the process, a failure."""

    def __init__(self, session: Session, at: str, do: Callable[[], object], number: int = 1) -> None:
        self._session = session
        self._at = at
        self._do = do
        self._left = number

    @property
    def grammar(self) -> Grammar:
        return self._session.grammar

    def _passes(self, point: str) -> None:
        if point == self._at:
            self._left -= 1
            if self._left == 0:
                self._do()

    def begin(self) -> None:
        self._passes("begin")
        self._session.begin()
        self._passes("begun")

    def rows(self, statement: Statement) -> Sequence[Row]:
        return self._session.rows(statement)

    def columns(self, table: str) -> Sequence[str]:
        return self._session.columns(table)

    def change(self, statement: Statement) -> int:
        self._passes("change")
        count = self._session.change(statement)
        self._passes("changed")
        return count

    def commit(self) -> None:
        self._passes("commit")
        self._session.commit()
        self._passes("committed")

    def rollback(self) -> None:
        self._session.rollback()

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    return Vendor.make(tmp_path)


NOTE = flag(1)
OTHER = flag(2, text="Facture rejetée (SUIVI-REJET-NONTRAITE)")
ALERT = flag(3, place="alertes")
ENTRY = flag(4, place="agenda")


def test_a_flag_becomes_the_last_line_of_the_note_and_undoing_it_restores_what_was_there(vendor: Vendor) -> None:
    flags = [flag(number, patient) for number, patient in enumerate(("12", "13", "14"))]
    before = vendor.dump()
    assert {state for _, state in vendor.apply(note=flags).done} == {"written"}
    signatures = [f"(connector {each.mark})" for each in flags]
    assert vendor.note(12) == f"{NOTE.text} {signatures[0]}"
    assert vendor.note(13) == f"{NOTE.text} {signatures[1]}"
    assert vendor.note(14) == f"Sonner deux fois.\n\n{NOTE.text} {signatures[2]}"
    assert {state for _, state in vendor.undo(*flags).done} == {"undone"}
    assert vendor.dump() == before


def test_nothing_but_the_declared_places_is_touched(vendor: Vendor) -> None:
    before = vendor.dump().splitlines()
    vendor.apply(note=[NOTE], alertes=[ALERT], agenda=[ENTRY])
    after = vendor.dump().splitlines()
    assert {line for line in after if line not in before} == {
        "INSERT INTO \"PATIENTS\" VALUES(12,'OZVRAY','" + f"{NOTE.text} (connector {NOTE.mark})',0);",
        "INSERT INTO \"ALERTES\" VALUES(2,12,'2026-03-02','Bilan à faire. Le 30e (KINE-BILAN-30)',1,'connector',"
        f"'{ALERT.mark}',0);",
        f"INSERT INTO \"AGENDA\" VALUES(2,'2026-03-02','{NOTE.text} (connector {ENTRY.mark})');",
    }
    assert [line for line in before if line not in after] == ["INSERT INTO \"PATIENTS\" VALUES(12,'OZVRAY',NULL,0);"]
    vendor.undo(NOTE, ALERT, ENTRY)
    assert vendor.dump().splitlines() == before


def test_a_preview_shows_every_statement_with_its_values_and_writes_nothing(vendor: Vendor) -> None:
    before = vendor.dump()
    changes, outcome = vendor.propose(note=[NOTE, OTHER], alertes=[ALERT])
    assert not outcome.problems
    assert [change.statement.sql for change in changes] == [
        'UPDATE "PATIENTS" SET "NOTE" = ? WHERE "ID" = ? AND "NOTE" IS NULL',
        'INSERT INTO "ALERTES" ("ID_PATIENT", "JOUR", "TEXTE", "NIVEAU", "ORIGINE", "REFERENCE")'
        " VALUES (?, ?, ?, ?, ?, ?)",
    ]
    assert changes[0].statement.values == (
        f"{NOTE.text} (connector {NOTE.mark})\r\n{OTHER.text} (connector {OTHER.mark})",
        12,
    )
    assert vendor.dump() == before
    assert not vendor.book().flags()


def test_applying_again_changes_nothing(vendor: Vendor) -> None:
    wanted = {"note": [NOTE, OTHER], "alertes": [ALERT], "agenda": [ENTRY]}
    vendor.apply(**wanted)
    after = vendor.dump()
    assert not vendor.apply(**wanted).done
    assert vendor.propose(**wanted)[0] == []
    assert vendor.dump() == after


def test_what_is_resolved_is_withdrawn_and_the_rest_stays(vendor: Vendor) -> None:
    before = vendor.dump()
    vendor.apply(note=[NOTE, OTHER], alertes=[ALERT], agenda=[ENTRY])
    outcome = vendor.apply(note=[OTHER], alertes=[], agenda=[ENTRY])
    assert {each.mark for each, state in outcome.done if state == "withdrawn"} == {NOTE.mark, ALERT.mark}
    assert vendor.note(12) == f"{OTHER.text} (connector {OTHER.mark})"
    assert vendor.one("SELECT count(*) FROM ALERTES WHERE REFERENCE IS NOT NULL") == 0
    vendor.apply()
    assert vendor.dump() == before
    assert {state for _, state in vendor.apply(note=[NOTE]).done} == {"written"}  # found again


def test_a_note_that_people_go_on_writing_keeps_what_they_wrote(vendor: Vendor) -> None:
    vendor.apply(note=[NOTE])
    vendor.by_hand(
        "UPDATE PATIENTS SET NOTE = 'Avant' || char(13, 10) || NOTE || char(13, 10) || 'Après' WHERE ID = 12"
    )
    vendor.apply(note=[NOTE, OTHER])
    assert vendor.note(12) == (
        f"Avant\r\n{NOTE.text} (connector {NOTE.mark})\r\nAprès\r\n{OTHER.text} (connector {OTHER.mark})"
    )
    vendor.apply()
    assert vendor.note(12) == "Avant\r\nAprès"


def test_what_somebody_changed_since_is_said_and_left(vendor: Vendor) -> None:
    vendor.apply(note=[NOTE], alertes=[ALERT])
    vendor.by_hand("UPDATE PATIENTS SET NOTE = NOTE || ' vu' WHERE ID = 12")
    vendor.by_hand("UPDATE ALERTES SET LU = 1 WHERE REFERENCE = ?", ALERT.mark)
    after = vendor.dump()
    outcome = vendor.undo(NOTE, ALERT)
    assert not outcome.done
    assert {reason for _, reason in outcome.left} == {"quelqu'un l'a modifié depuis dans le logiciel ; il y reste"}
    assert vendor.dump() == after
    assert (vendor.state(NOTE), vendor.state(ALERT)) == ("left", "left")
    assert not vendor.apply(note=[NOTE], alertes=[ALERT]).done


def test_what_somebody_added_beside_a_flag_stops_undo_but_not_its_withdrawal(vendor: Vendor) -> None:
    vendor.apply(note=[NOTE, OTHER])
    vendor.by_hand("UPDATE PATIENTS SET NOTE = NOTE || char(13, 10) || 'Rappeler' WHERE ID = 12")
    vendor.apply(note=[OTHER])
    assert vendor.note(12) == f"{OTHER.text} (connector {OTHER.mark})\r\nRappeler"
    assert {state for _, state in vendor.undo(OTHER).done} == {"undone"}  # nobody changed it since that withdrawal
    assert vendor.note(12) == "Rappeler"


def test_what_was_removed_by_hand_is_not_written_again_and_needs_no_undoing(vendor: Vendor) -> None:
    vendor.apply(note=[NOTE], alertes=[ALERT])
    vendor.by_hand("UPDATE PATIENTS SET NOTE = NULL WHERE ID = 12")
    vendor.by_hand("DELETE FROM ALERTES WHERE REFERENCE = ?", ALERT.mark)
    after = vendor.dump()
    assert not vendor.apply(note=[NOTE], alertes=[ALERT]).done
    assert {state for _, state in vendor.undo(NOTE, ALERT).done} == {"undone"}
    assert vendor.dump() == after


def test_one_of_several_flags_in_a_note_is_undone_alone(vendor: Vendor) -> None:
    vendor.apply(note=[NOTE, OTHER])
    vendor.undo(NOTE)
    assert vendor.note(12) == f"{OTHER.text} (connector {OTHER.mark})"
    assert not vendor.apply(note=[NOTE, OTHER]).done  # a person did not want it
    vendor.undo(OTHER)
    assert vendor.note(12) is None


def test_a_row_that_the_software_changes_between_the_look_and_the_write_keeps_its_change(vendor: Vendor) -> None:
    vendor.opened = lambda session: Watched(
        session, "begin", lambda: vendor.by_hand("UPDATE PATIENTS SET NOTE = 'Nouvelle adresse' WHERE ID = 12")
    )
    outcome = vendor.apply(note=[NOTE])
    assert [state for _, state in outcome.done] == ["written"]
    assert not outcome.later
    assert vendor.note(12) == f"Nouvelle adresse\r\n{NOTE.text} (connector {NOTE.mark})"
    vendor.undo(NOTE)
    assert vendor.note(12) == "Nouvelle adresse"


def test_a_row_that_changes_at_every_look_is_left_for_later_and_stops_nothing_else(vendor: Vendor) -> None:
    class Restless(Watched):
        def begin(self) -> None:
            vendor.by_hand("UPDATE PATIENTS SET NOTE = coalesce(NOTE, '') || '.' WHERE ID = 12")
            super().begin()

    vendor.opened = lambda session: Restless(session, "", lambda: None)
    outcome = vendor.apply(note=[NOTE, flag(5, "13")])
    assert [each.patient for each, _ in outcome.done] == ["13"]
    assert [(each.patient, reason) for each, reason in outcome.later] == [
        ("12", "le logiciel l'a modifié au même moment ; nouvel essai plus tard")
    ]
    assert vendor.note(12) == "..."
    assert vendor.state(NOTE) == "absent"
    vendor.opened = lambda session: session
    vendor.apply(note=[NOTE, flag(5, "13")])
    assert vendor.state(NOTE) == "written"


def test_the_software_can_t_change_a_row_between_its_last_look_and_the_commit(vendor: Vendor) -> None:
    import sqlite3

    refused: list[str] = []

    def interfere() -> None:
        with pytest.raises(sqlite3.OperationalError) as locked:
            vendor.by_hand("UPDATE PATIENTS SET NOTE = 'x' WHERE ID = 12")
        refused.append(str(locked.value))

    vendor.opened = lambda session: Watched(session, "change", interfere)
    vendor.apply(note=[NOTE])
    assert refused == ["database is locked"]
    assert vendor.note(12) == f"{NOTE.text} (connector {NOTE.mark})"


ENDS = [("begin", 1), ("begun", 1), ("change", 1), ("change", 2), ("changed", 1), ("changed", 2), ("commit", 1)]


@pytest.mark.parametrize(("point", "number"), [*ENDS, ("committed", 1)])
def test_an_end_at_any_point_neither_doubles_nor_loses_a_flag(
    vendor: Vendor, tmp_path: Path, point: str, number: int
) -> None:
    def ended(act: Callable[[], object]) -> None:
        """Do it, with an end of the process in the middle, and again."""

        def end() -> None:
            raise Killed

        vendor.opened = lambda session: Watched(session, point, end, number)
        with pytest.raises(Killed):
            act()
        vendor.opened = lambda session: session
        act()

    def rows(dump: str) -> list[str]:
        return sorted(re.sub(r"VALUES\(\d+", "VALUES(", line) for line in dump.splitlines())

    (tmp_path / "calm").mkdir()
    calm = Vendor.make(tmp_path / "calm")
    before = vendor.dump()
    wanted = {"note": [NOTE, OTHER, flag(5, "14")], "alertes": [ALERT], "agenda": [ENTRY]}
    fewer = {"note": [OTHER], "alertes": [], "agenda": [ENTRY]}

    calm.apply(**wanted)
    ended(lambda: vendor.apply(**wanted))
    assert rows(vendor.dump()) == rows(calm.dump())
    calm.apply(**fewer)
    ended(lambda: vendor.apply(**fewer))
    assert rows(vendor.dump()) == rows(calm.dump())
    ended(lambda: vendor.undo(OTHER, ENTRY))
    assert vendor.dump() == before
    assert {each.state for each in vendor.book().flags()} <= {"undone", "withdrawn"}


def test_a_preview_after_an_end_in_the_middle_tells_what_is_left_to_do(vendor: Vendor) -> None:
    def end() -> None:
        raise Killed

    vendor.opened = lambda session: Watched(session, "committed", end)
    with pytest.raises(Killed):
        vendor.apply(note=[NOTE])
    vendor.opened = lambda session: session
    assert vendor.propose(note=[NOTE])[0] == []
    assert vendor.book().flags()[0].intent == "write"  # a preview settles nothing


def test_a_ledger_that_was_lost_finds_its_flags_again(vendor: Vendor) -> None:
    before = vendor.dump()
    vendor.apply(note=[flag(5, "14")], alertes=[ALERT], agenda=[ENTRY])
    after = vendor.dump()
    vendor.store = type(vendor.store).in_memory()
    vendor.apply(note=[flag(5, "14")], alertes=[ALERT], agenda=[ENTRY])
    assert vendor.dump() == after
    vendor.apply()
    assert vendor.dump() == before


def test_a_statement_that_the_database_refuses_takes_nothing_else_with_it(vendor: Vendor) -> None:
    vendor.by_hand("CREATE TRIGGER refused BEFORE INSERT ON ALERTES BEGIN SELECT RAISE(ABORT, 'OZVRAY'); END")
    outcome = vendor.apply(note=[NOTE], alertes=[ALERT])
    assert [each.mark for each, _ in outcome.done] == [NOTE.mark]
    ((refused, reason),) = outcome.later
    assert refused == ALERT
    assert reason == "la base du logiciel ne l'accepte pas (IntegrityError)"
    assert vendor.state(ALERT) == "absent"


def test_what_the_database_makes_something_else_of_is_not_kept(vendor: Vendor) -> None:
    vendor.by_hand(
        "CREATE TRIGGER cut AFTER UPDATE OF NOTE ON PATIENTS WHEN length(NEW.NOTE) > 20"
        " BEGIN UPDATE PATIENTS SET NOTE = substr(NEW.NOTE, 1, 20) WHERE ID = NEW.ID; END"
    )
    outcome = vendor.apply(note=[NOTE], alertes=[ALERT])
    assert [each.mark for each, _ in outcome.done] == [ALERT.mark]
    assert "autre chose" in outcome.later[0][1]
    assert vendor.note(12) is None


def test_what_can_t_be_written_is_told(vendor: Vendor) -> None:
    vendor.by_hand("UPDATE PATIENTS SET NOTE = ? WHERE ID = 13", "x" * 1980)
    flags = [flag(1, "99"), flag(2, "p12"), flag(3, "13"), flag(4, "14")]
    outcome = vendor.apply(note=flags)
    assert [each.patient for each, _ in outcome.done] == ["14"]
    assert {each.patient: reason for each, reason in outcome.problems} == {
        "99": "le patient n'a pas de ligne dans cette table",
        "p12": "l'identifiant du patient n'est pas un nombre, que cette table demande",
        "13": "la place manque dans la note",
    }


def test_a_note_that_is_no_text_is_told_and_stays_and_stops_nothing_else(vendor: Vendor) -> None:
    vendor.by_hand("UPDATE PATIENTS SET NOTE = CAST(x'436f6465e9' AS TEXT) WHERE ID = 12")
    vendor.by_hand("UPDATE PATIENTS SET NOTE = x'00ff' WHERE ID = 13")
    outcome = vendor.apply(note=[NOTE, flag(3, "13"), flag(4, "14")])
    assert [each.patient for each, _ in outcome.done] == ["14"]
    assert [each.patient for each, _ in outcome.problems] == ["12", "13"]
    assert vendor.one("SELECT hex(NOTE) FROM PATIENTS WHERE ID = 12") == "436F6465E9"


def test_a_table_that_is_not_as_declared_stops_before_anything_is_written(vendor: Vendor) -> None:
    vendor.by_hand("ALTER TABLE PATIENTS RENAME COLUMN NOTE TO REMARQUE")
    before = vendor.dump()
    with pytest.raises(ConfigurationError, match="« PATIENTS » n'a pas de colonne « NOTE »"):
        vendor.apply(note=[NOTE], alertes=[ALERT])
    assert vendor.dump() == before


def test_a_database_that_is_busy_is_told_and_tried_again(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3
    from contextlib import closing

    monkeypatch.setattr("connector_core.deliver.write_back.on_sqlite.PATIENCE", 0)
    with closing(sqlite3.connect(vendor.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseFailed, match="OperationalError"):
            vendor.apply(note=[NOTE])
    assert vendor.note(12) is None
    vendor.apply(note=[NOTE])
    assert vendor.state(NOTE) == "written"
