"""Flags as import files: whole or not there, handed over once, and taken back only while they lie there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.deliver.write_back.vendor import Vendor, places

from connector_core.deliver.write_back.files import FileWriter
from connector_core.deliver.write_back.outcome import Outcome
from connector_core.dialects.write_back import FlagValue
from connector_core.errors import SourceError
from connector_core.store.write_back import Flag
from connector_core.testing.acme import flag

FLAG = flag(1, "p12", place="import", text="Bilan à faire ; 30e séance")
OTHER = flag(2, "p13", place="import")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def vendor(tmp_path: Path) -> Vendor:
    (tmp_path / "import").mkdir()
    return Vendor.make(tmp_path)


def apply(vendor: Vendor, *flags: Flag) -> Outcome:
    return vendor.files().apply(vendor.book(), {"import": flags})


def lying(vendor: Vendor) -> list[str]:
    return sorted(path.name for path in (vendor.path.parent / "import").iterdir())


def path_of(vendor: Vendor, given: Flag) -> Path:
    return vendor.path.parent / "import" / f"connector_{given.mark}.csv"


def test_a_flag_is_a_file_of_its_own_as_the_preview_shows_it(vendor: Vendor) -> None:
    changes, _ = vendor.files().propose(vendor.book(dry=True), {"import": [FLAG]})
    assert lying(vendor) == []
    apply(vendor, FLAG)
    assert lying(vendor) == [f"connector_{FLAG.mark}.csv"]
    content = path_of(vendor, FLAG).read_bytes().decode("cp1252")
    assert content == changes[0].text
    assert content == f'patient;jour;texte\r\np12;02/03/2026;"{FLAG.text} (connector {FLAG.mark})"\r\n'


def test_what_is_over_is_removed_and_what_was_taken_is_told(vendor: Vendor) -> None:
    apply(vendor, FLAG, OTHER)
    path_of(vendor, OTHER).unlink()  # the software picks it up
    assert not apply(vendor, FLAG, OTHER).done
    outcome = apply(vendor)
    assert [(each, state) for each, state in outcome.done] == [(FLAG, "withdrawn")]
    assert outcome.left == [(OTHER, "le logiciel l'a déjà repris ; à retirer dans le logiciel")]
    assert lying(vendor) == []
    assert vendor.state(OTHER) == "left"


def test_undo_removes_what_nobody_changed(vendor: Vendor) -> None:
    apply(vendor, FLAG, OTHER)
    path_of(vendor, OTHER).write_bytes(b"autre chose")
    outcome = vendor.files().undo(vendor.book(), {FLAG.mark, OTHER.mark})
    assert [each for each, _ in outcome.done] == [FLAG]
    assert [each for each, _ in outcome.left] == [OTHER]
    assert lying(vendor) == [path_of(vendor, OTHER).name]
    assert not apply(vendor, FLAG, OTHER).done


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("point", ["before staging", "staged", "before the name", "named"])
def test_an_end_at_any_step_hands_over_once(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, point: str, taken: bool
) -> None:
    handed_over: list[str] = []

    def pick_up() -> None:
        """What the software does, if it looks just then."""
        for path in (vendor.path.parent / "import").glob("connector_*.csv"):
            handed_over.append(path.name)
            path.unlink()

    def ends(method: str, when: str) -> None:
        original: Callable[..., None] = getattr(FileWriter, method)

        def ended(self: FileWriter, *arguments: object) -> None:
            if when == "after":
                original(self, *arguments)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(FileWriter, method, ended)
            with pytest.raises(Killed):
                apply(vendor, FLAG)

    ends(
        *{
            "before staging": ("_stage", "before"),
            "staged": ("_stage", "after"),
            "before the name": ("_give_name", "before"),
            "named": ("_give_name", "after"),
        }[point]
    )
    if taken:
        pick_up()
    vendor.files().propose(vendor.book(dry=True), {"import": [FLAG]})  # changes nothing
    apply(vendor, FLAG)
    pick_up()
    apply(vendor, FLAG)
    pick_up()
    assert handed_over == [path_of(vendor, FLAG).name]
    assert lying(vendor) == []
    assert vendor.state(FLAG) == "written"


def test_a_folder_that_is_not_there_is_told(vendor: Vendor) -> None:
    (vendor.path.parent / "import").rmdir()
    with pytest.raises(SourceError, match="le dossier des fichiers d'import n'est pas utilisable"):
        apply(vendor, FLAG)
    assert not vendor.book().flags()


def test_a_ledger_that_was_lost_finds_the_files_that_still_lie_there(vendor: Vendor) -> None:
    apply(vendor, FLAG, OTHER)
    path_of(vendor, OTHER).write_bytes(b"autre chose")
    vendor.store = type(vendor.store).in_memory()
    assert not apply(vendor, FLAG, OTHER).done
    outcome = apply(vendor)
    assert [each for each, _ in outcome.done] == [FLAG]
    assert [each for each, _ in outcome.left] == [OTHER]
    assert lying(vendor) == [path_of(vendor, OTHER).name]


def test_a_file_that_can_t_be_written_is_tried_again_and_keeps_no_other_from_it(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = FileWriter._stage

    def full(self: FileWriter, given: Flag, content: bytes) -> None:
        if given == FLAG:
            raise OSError(28, "No space left on device")
        stage(self, given, content)

    with monkeypatch.context() as patched:
        patched.setattr(FileWriter, "_stage", full)
        outcome = apply(vendor, FLAG, OTHER)
    assert [each for each, _ in outcome.later] == [FLAG]
    assert [each for each, _ in outcome.done] == [OTHER]
    assert apply(vendor, FLAG, OTHER).done == [(FLAG, "written")]


def test_an_id_that_has_to_be_a_number_and_is_none_is_told(vendor: Vendor) -> None:
    place = replace(places()[1], columns={"patient": FlagValue("patient", "integer"), "marque": FlagValue("mark")})
    writer = FileWriter(place, vendor.path.parent / "import")
    outcome = writer.apply(vendor.book(), {"import": [FLAG, flag(2, "13", place="import")]})
    assert [each.patient for each, _ in outcome.done] == ["13"]
    assert [(each, reason) for each, reason in outcome.problems] == [
        (FLAG, "l'identifiant du patient n'est pas un nombre, que ce fichier demande")
    ]
