from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from connector_core.deliver import files
from connector_core.deliver.files import ReportError, write_report

POSIX = os.name == "posix"


def test_three_files_for_the_owner_alone(data, folder):
    written = write_report(data, folder)
    assert [path.name for path in written] == ["rapport.html", "rapport.json", "rapport.xlsx"]
    assert sorted(folder.iterdir()) == sorted([*written, folder / "regles"])
    assert json.loads(written[1].read_bytes())["schema"] == 1
    if POSIX:
        assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.*")} == {0o600}
        assert folder.stat().st_mode & 0o777 == (folder / "regles").stat().st_mode & 0o777 == 0o700


def test_the_same_data_gives_the_same_page(data, folder):
    (first,) = write_report(data, folder, ("html",))
    before = first.read_bytes()
    write_report(data, folder, ("html",))
    assert first.read_bytes() == before


def test_a_locked_file_stays_and_the_others_are_replaced(data, folder, monkeypatch):
    html, _, xlsx = write_report(data, folder)
    html.write_text("old")
    xlsx.write_text("old")
    replace = Path.replace

    def locked(self: Path, target: Path) -> Path:
        if target.suffix == ".xlsx":
            raise PermissionError(13, "used by another process")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(ReportError, match=r"ouvert dans un autre programme") as caught:
        write_report(data, folder)
    assert caught.value.where == str(xlsx)
    assert caught.value.remedy
    assert xlsx.read_text() == "old"
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in folder.iterdir()) == ["rapport.html", "rapport.json", "rapport.xlsx", "regles"]


def test_a_full_disk_leaves_the_old_report(data, folder, monkeypatch):
    (html,) = write_report(data, folder, ("html",))
    before = html.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="le disque est plein"):
        write_report(data, folder, ("html",))
    assert html.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["rapport.html", "regles"]


def test_what_a_killed_run_left_is_removed(data, folder):
    folder.mkdir()
    (folder / ".rapport-abc.partiel").write_text("names")
    (folder / "mine.txt").write_text("kept")
    write_report(data, folder, ("html",))
    assert sorted(path.name for path in folder.iterdir()) == ["mine.txt", "rapport.html", "regles"]


@pytest.mark.parametrize("below", ["", "autre"])
def test_a_folder_that_is_a_file_is_told(data, folder, below):
    folder.write_text("")
    with pytest.raises(ReportError, match=r"un fichier (porte déjà ce nom|est à la place)") as caught:
        write_report(data, folder / below)
    assert caught.value.exit_code == 3


def test_a_folder_without_rights_is_told(data, folder, monkeypatch):
    def refused(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    with pytest.raises(ReportError, match="refusée"):
        write_report(data, folder)


def test_nothing_is_logged(data, folder, caplog, capsys):
    with caplog.at_level(0):
        write_report(data, folder)
    assert not caplog.records
    assert capsys.readouterr() == ("", "")
    assert not hasattr(files, "logging")
