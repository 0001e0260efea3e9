"""Copies of files in use: taken when the file has rested, given up when it never does, never left behind. Where another
program keeps the file to itself, or does not let it rest for long enough, two shadows have to agree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from connector_core.access import strangers
from connector_core.errors import SourceError
from connector_core.sources.database import access, file_in_use, write_attempts
from connector_core.sources.database.address import Address, read_address
from connector_core.sources.database.engine import WriteProof
from connector_core.sources.database.file_in_use import Kept, NeverStill, copied
from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.database.write_attempts import proof_of_file


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.mdb"
    path.write_bytes(b"whole")
    return path


def between(monkeypatch, act):
    """Act instead of waiting between the copy and the second reading."""
    monkeypatch.setattr(time, "sleep", lambda seconds: act())


def test_a_file_at_rest_is_copied_and_the_copy_goes_away(base, temporary):
    with copied(base, still=0) as (copy, _, _):
        assert copy.read_bytes() == b"whole"
        assert copy.suffix == ".mdb"
        assert copy.is_relative_to(temporary)
    assert list(temporary.iterdir()) == []
    assert base.read_bytes() == b"whole"


def test_the_digest_follows_the_content(base):
    with copied(base, still=0) as (_, first, _):
        pass
    with copied(base, still=0) as (_, same, _):
        pass
    base.write_bytes(b"other")
    with copied(base, still=0) as (_, other, _):
        pass
    assert first == same != other


def test_a_file_that_is_written_to_meanwhile_is_copied_again(base, monkeypatch):
    contents = iter([b"half", b"done"])
    between(monkeypatch, lambda: base.write_bytes(next(contents, b"done")))
    with copied(base) as (copy, _, _):
        assert copy.read_bytes() == b"done"


def test_a_file_that_never_rests_is_given_up(base, monkeypatch, temporary):
    numbers = count()
    between(monkeypatch, lambda: base.write_bytes(str(next(numbers)).encode()))
    with pytest.raises(NeverStill), copied(base, patience=0):
        pass
    assert list(temporary.iterdir()) == []


def test_a_file_that_is_not_there_is_told_and_leaves_nothing(tmp_path, temporary):
    with pytest.raises(FileNotFoundError), copied(tmp_path / "absent.mdb"):
        pass
    assert list(temporary.iterdir()) == []


def test_the_copy_of_a_process_that_was_killed_is_removed_by_the_next_one(base, temporary):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = temporary / f"connector-base-{ended.pid}-x"
    left.mkdir()
    (left / "base.mdb").write_bytes(b"left behind")
    with copied(base, still=0) as (copy, _, _):
        assert [each.name for each in temporary.iterdir()] == [copy.parent.name]
        with copied(base, still=0):
            assert copy.exists()  # of a process that runs


def test_nobody_else_may_enter_where_the_copy_lies(base):
    with copied(base, still=0) as (copy, _, _):
        assert strangers(copy.parent) == ()


class Shown:
    """Instants with one content after the other, or why there is none; `at` is when each was made and let go of."""

    def __init__(self, folder: Path, *shown: bytes | NoShadow) -> None:
        self.shown = iter(shown)
        self.folder = folder
        self.at: list[str] = []

    def clear(self) -> None:
        self.at.append("clear")

    @contextmanager
    def of(self, path: Path, until: float) -> Iterator[Path]:
        shown = next(self.shown)
        if isinstance(shown, NoShadow):
            raise shown
        found = self.folder / f"instant {len(self.at)}"
        found.write_bytes(shown)
        self.at.append("made")
        yield found
        self.at.append("gone")
        found.unlink()


@pytest.fixture
def kept(base, monkeypatch):
    """The file is open in another program that shares it with nobody; true for as long as it is in the list."""
    by_another = [base]
    opened = Path.open

    def refused(path: Path, *arguments: object, **named: object) -> object:
        if path in by_another:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **named)  # type: ignore[call-overload]  # whatever it was given

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(file_in_use, "forbidden", lambda path, writing=False: False)
    monkeypatch.setattr(file_in_use, "LET_GO", -1.0)
    return by_another


def test_a_file_that_is_kept_for_a_moment_is_waited_for(base, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(file_in_use, "LET_GO", 60.0)
    between(monkeypatch, kept.clear)
    shadows = Shown(tmp_path)
    with copied(base, shadows=shadows) as (copy, _, way):
        assert (copy.read_bytes(), way) == (b"whole", "copie du fichier au repos")
    assert shadows.at == ["clear"]


def test_of_a_file_that_is_kept_two_instants_that_agree_are_taken(base, kept, tmp_path, monkeypatch):
    shadows = Shown(tmp_path, b"whole", b"whole")
    between(monkeypatch, lambda: shadows.at.append("waited"))
    with copied(base, shadows=shadows) as (copy, _, way):
        assert copy.read_bytes() == b"whole"
        assert "deux clichés" in way
        assert shadows.at == ["clear", "made", "waited", "made", "gone", "gone"]


def test_two_instants_that_differ_are_not_taken_but_the_next_two(base, kept, tmp_path):
    shadows = Shown(tmp_path, b"before", b"half", b"half", b"done", b"done", b"done")
    with copied(base, still=0, shadows=shadows) as (copy, digest, _):
        assert copy.read_bytes() == b"done"
    kept.clear()
    base.write_bytes(b"done")
    with copied(base, still=0) as (_, plain, _):
        assert plain == digest


def test_instants_that_never_agree_are_given_up(base, kept, tmp_path, temporary):
    shadows = Shown(tmp_path, *(str(number).encode() for number in range(100)))
    with pytest.raises(NeverStill) as given_up, copied(base, still=0, patience=0, shadows=shadows):
        pass
    assert given_up.value.shadow is None
    assert shadows.at == ["clear", "made", "made", "gone", "gone"]
    assert list(temporary.iterdir()) == []


def test_of_a_file_that_is_kept_without_a_shadow_it_is_told_why(base, kept, tmp_path, temporary):
    with pytest.raises(Kept) as told, copied(base, shadows=Shown(tmp_path, NoShadow("rights"))):
        pass
    assert told.value.shadow.why == "rights"
    assert list(temporary.iterdir()) == []


def test_a_shadow_does_not_go_round_a_want_of_rights(base, kept, tmp_path, monkeypatch):
    monkeypatch.setattr(file_in_use, "forbidden", lambda path, writing=False: True)
    shadows = Shown(tmp_path, b"whole", b"whole")
    with pytest.raises(PermissionError), copied(base, shadows=shadows):
        pass
    assert shadows.at == ["clear"]


def test_no_shadow_is_made_of_a_file_that_opens_and_rests(base, tmp_path):
    shadows = Shown(tmp_path)
    with copied(base, still=0, shadows=shadows) as (_, _, way):
        assert way == "copie du fichier au repos"
    assert shadows.at == ["clear"]


@pytest.fixture
def restless(base, monkeypatch):
    """The file is written to whenever it is left alone, so many times."""
    contents = iter([str(number).encode() for number in range(3)])
    between(monkeypatch, lambda: base.write_bytes(next(contents, b"at rest")))
    monkeypatch.setattr(file_in_use, "BEFORE_SHADOW", 0.0)


def test_a_file_that_does_not_rest_for_long_enough_is_had_of_two_instants(base, restless, tmp_path):
    with copied(base, shadows=Shown(tmp_path, b"whole", b"whole")) as (copy, _, _):
        assert copy.read_bytes() == b"whole"


def test_without_a_shadow_a_file_that_does_not_rest_is_waited_for_as_before(base, restless, tmp_path):
    with copied(base, shadows=Shown(tmp_path, NoShadow("rights"))) as (copy, _, way):
        assert copy.read_bytes() == b"at rest"
        assert way == "copie du fichier au repos"


def test_without_a_shadow_a_file_that_never_rests_is_told_with_why(base, restless, tmp_path):
    with pytest.raises(NeverStill) as told, copied(base, patience=0, shadows=Shown(tmp_path, NoShadow("room"))):
        pass
    assert told.value.shadow is not None
    assert told.value.shadow.why == "room"


def test_a_file_that_does_not_rest_and_is_kept_then_is_told_as_kept(base, restless, kept, tmp_path, monkeypatch):
    kept.clear()
    shadows = Shown(tmp_path, NoShadow("rights"))
    monkeypatch.setattr(shadows, "of", lambda path, until: kept.append(base) or Shown.of(shadows, path, until))
    with pytest.raises(Kept), copied(base, shadows=shadows):
        pass


@pytest.mark.parametrize(
    ("failure", "what", "remedy"),
    [
        (FileNotFoundError(), "ce fichier n'existe pas", "chemin"),
        (PermissionError(), "n'a pas le droit de lire ce fichier", "Donnez-lui ce droit"),
        (OSError(5, "Input/output error"), "fichier illisible (le disque n'a pas pu lire ou écrire)", "Vérifiez"),
        (Kept(NoShadow("rights")), "mode exclusif ; pas de cliché instantané : ce compte", "--user LocalSystem"),
        (Kept(NoShadow("share")), "pas de cliché instantané : ce fichier est sur un partage", "Fermez le logiciel"),
        (NeverStill(), "écrit sans cesse dans ce fichier", "Nouvel essai"),
        (NeverStill(NoShadow("room")), "écrit sans cesse dans ce fichier ; pas de cliché", "Libérez de la place"),
    ],
)
def test_what_is_in_the_way_is_told_with_what_to_do(monkeypatch, failure, what, remedy):
    def fails(path: Path) -> None:
        raise failure

    monkeypatch.setattr(access, "_driver", lambda: "un pilote")
    monkeypatch.setattr(access, "copied", fails)
    with pytest.raises(SourceError) as told, ExitStack() as stack:
        stack.enter_context(access.ENGINE.open(address("D:/Kinemax/KINEMAX.MDB"), None))
    assert what in told.value.what
    assert remedy in (told.value.remedy or "")


def address(path: str) -> Address:
    return read_address(f"access:///{path}")


def test_a_write_that_another_program_is_in_the_way_of_is_not_taken_for_refused(base, monkeypatch):
    def denied(*arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.open", denied)
    monkeypatch.setattr(write_attempts, "forbidden", lambda path, writing: True)
    assert proof_of_file(address(str(base))) == WriteProof(refused=1)
    monkeypatch.setattr(write_attempts, "forbidden", lambda path, writing: False)
    proof = proof_of_file(address(str(base)))
    assert (proof.refused, proof.allowed) == (0, ())
    assert proof.untried is not None
