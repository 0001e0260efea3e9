"""A shadow of a volume: had, let go of, and deleted, whoever of those that have to do with it is killed.

The process that makes it is a real one, with folders for volumes (`shadow_stand_in`).
"""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import psutil
import pytest

from connector_core.sources.database.shadow import copies, maker
from connector_core.sources.database.shadow.copies import Shadows, shadows_of_system
from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.database.shadow.records import note

STAND_IN = Path(__file__).with_name("shadow_stand_in.py")
SOON = 20.0
"""Seconds that whatever is waited for may take."""
ANOTHER = "{11111111-2222-3333-4444-555555555555}"
READER = """
import sys, time
from pathlib import Path
from connector_core.sources.database.shadow.copies import Shadows
file, notes, *command = sys.argv[1:]
shadows = Shadows(tuple(command), lambda path: (str(path.parent), path.name), Path(notes))
with shadows.of(Path(file), time.monotonic() + 20):
    print("held", flush=True)
    sys.stdin.read()
"""


class Bench:
    """A volume with a file, its shadows, and the notes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.volume = folder / "volume"
        self.kept = folder / "shadows"
        self.notes = folder / "notes"
        self.file = self.volume / "base.mdb"

    def shadows(self, behaviour: str = "makes") -> Shadows:
        command = (sys.executable, str(STAND_IN), str(self.notes), str(self.kept), behaviour)
        return Shadows(command, lambda path: (str(self.volume), path.name), self.notes)

    @property
    def asked(self) -> list[str]:
        told = self.kept / "asked"
        return told.read_text(encoding="utf-8").splitlines() if told.exists() else []

    @property
    def there(self) -> list[Path]:
        """The shadows that there are."""
        return sorted(self.kept.glob("{*"))

    @property
    def noted(self) -> list[Path]:
        return sorted(self.notes.glob("*.json"))

    def makers(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter(["cmdline"]):
            if str(self.notes) in (process.info["cmdline"] or ()):
                yield process


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "_DELETION", SOON)
    made = Bench(tmp_path)
    made.volume.mkdir()
    made.kept.mkdir()
    made.file.write_bytes(b"whole")
    return made


def soon() -> float:
    return time.monotonic() + SOON


def until(condition) -> None:
    end = soon()
    while not condition():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.02)


def why_not(shadows: Shadows, bench: Bench, within: float = SOON) -> str:
    with pytest.raises(NoShadow) as refused, shadows.of(bench.file, time.monotonic() + within):
        pass
    assert refused.value.what.startswith("pas de cliché instantané : ")
    assert refused.value.remedy
    return refused.value.why


def test_a_file_is_had_as_it_was_and_the_shadow_goes_away(bench):
    with bench.shadows().of(bench.file, soon()) as found:
        bench.file.write_bytes(b"half")
        assert found.read_bytes() == b"whole"
        assert [each.stem for each in bench.noted] == [each.name for each in bench.there]
    assert (bench.asked, bench.there, bench.noted) == (["make", "delete"], [], [])


def test_a_shadow_goes_away_when_reading_it_fails(bench):
    with pytest.raises(OSError, match="full"), bench.shadows().of(bench.file, soon()):
        raise OSError("full")
    assert (bench.asked, bench.there, bench.noted) == (["make", "delete"], [], [])


@pytest.mark.parametrize("why", ["rights", "room"])
def test_what_windows_refuses_is_told(bench, why):
    assert why_not(bench.shadows(f"says {why}"), bench) == why
    assert (bench.asked, bench.noted) == (["make"], [])


def test_where_a_file_has_no_volume_nobody_is_asked(bench):
    def place(path: Path) -> tuple[str, str]:
        raise NoShadow("share")

    assert why_not(Shadows(bench.shadows().command, place, bench.notes), bench) == "share"
    assert bench.asked == []


def test_one_that_is_busy_is_asked_again(bench):
    with bench.shadows("busy twice").of(bench.file, soon()) as found:
        assert found.read_bytes() == b"whole"
    assert bench.asked == ["make", "make", "make", "delete"]


def test_one_that_is_busy_for_too_long_is_told(bench):
    assert why_not(bench.shadows("says busy"), bench, within=0.2) == "busy"


def test_no_time_is_left(bench):
    assert why_not(bench.shadows(), bench, within=0) == "silent"
    assert bench.asked == []


def test_one_that_comes_too_late_is_deleted_all_the_same(bench, monkeypatch):
    monkeypatch.setattr(copies, "_GRACE", 0.0)
    monkeypatch.setattr(copies, "_DELETION", 0.0)
    assert why_not(bench.shadows("hangs"), bench, within=0.1) == "silent"
    (bench.kept / "goes on").touch()
    until(lambda: bench.asked == ["make", "delete"] and not bench.noted)
    assert bench.there == []
    until(lambda: not list(bench.makers()))


def test_a_shadow_without_the_file_is_told_and_deleted(bench):
    assert why_not(bench.shadows("no device"), bench) == "unreadable"
    assert (bench.asked, bench.there, bench.noted) == (["make", "delete"], [], [])


def test_one_that_is_not_deleted_stays_noted_until_it_is(bench):
    with bench.shadows("never deletes").of(bench.file, soon()) as found:
        assert found.read_bytes() == b"whole"
    assert len(bench.there) == len(bench.noted) == 1
    bench.shadows().clear()
    assert (bench.there, bench.noted) == ([], [])


def test_none_is_made_while_too_many_are_not_deleted(bench):
    for _ in range(maker.MOST_LEFT):
        with bench.shadows("never deletes").of(bench.file, soon()):
            pass
    assert why_not(bench.shadows("never deletes"), bench) == "left"
    assert len(bench.there) == maker.MOST_LEFT
    assert bench.asked.count("make") == maker.MOST_LEFT
    with bench.shadows().of(bench.file, soon()):
        assert len(bench.there) == 1


def test_one_that_a_killed_maker_left_is_deleted_by_the_next_and_nobody_elses(bench):
    (bench.kept / ANOTHER).mkdir()
    with bench.shadows().of(bench.file, soon()):
        (process,) = bench.makers()
        process.kill()
    assert len(bench.there) == 2
    with bench.shadows().of(bench.file, soon()):
        assert len(bench.there) == 2
    assert [each.name for each in bench.there] == [ANOTHER]
    assert bench.noted == []


def test_the_shadow_of_a_killed_reader_is_deleted(bench):
    asked = (str(bench.file), str(bench.notes), *bench.shadows().command)
    with subprocess.Popen(
        [sys.executable, "-c", READER, *asked], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline().strip() == b"held"
        assert len(bench.there) == 1
        reader.kill()
    until(lambda: not bench.noted)
    assert bench.there == []


def test_two_hold_one_each(bench):
    with ExitStack() as both:
        first, second = (both.enter_context(bench.shadows().of(bench.file, soon())) for _ in range(2))
        bench.shadows().clear()
        assert first.read_bytes() == second.read_bytes() == b"whole"
        assert first != second
    assert bench.there == []


def test_what_is_not_noted_is_not_made_use_of(bench):
    bench.notes.write_bytes(b"no folder")
    assert why_not(bench.shadows(), bench) == "failed"
    assert (bench.asked, bench.there) == (["make", "delete"], [])


def test_a_note_that_says_nothing_is_of_one_that_is_gone(bench):
    bench.notes.mkdir()
    for content in (b"", b"{}", b'{"number": 0, "began": 1}', b"\xff"):
        shadow = f"{{{uuid.uuid4()}}}"
        (bench.notes / f"{shadow}.json").write_bytes(content)
        (bench.kept / shadow).mkdir()
    bench.shadows().clear()
    assert (bench.there, bench.noted) == ([], [])


def test_the_number_of_a_process_may_be_another_ones(bench):
    noted = note(bench.notes, ANOTHER)
    bench.shadows().clear()
    assert noted.exists()  # this process runs
    holder = msgspec.json.decode(noted.read_bytes())
    noted.write_bytes(msgspec.json.encode({**holder, "began": holder["began"] - 60}))
    bench.shadows().clear()
    assert not noted.exists()


def test_only_what_is_named_as_a_shadow_is_one(bench):
    bench.notes.mkdir()
    other = bench.notes / "autre.json"
    other.write_bytes(b"")
    bench.shadows().clear()
    assert other.exists()
    assert bench.asked == []


@pytest.mark.parametrize("says", ["", "print('no answer')", "print('{\"device\": 1}')"])
def test_a_maker_that_says_nothing_of_use_has_failed(bench, says):
    shadows = Shadows((sys.executable, "-c", says), bench.shadows().place, bench.notes)
    assert why_not(shadows, bench) == "failed"


def test_a_maker_that_does_not_start_has_failed(bench):
    shadows = Shadows((str(bench.folder / "absent"),), bench.shadows().place, bench.notes)
    assert why_not(shadows, bench) == "failed"


def test_a_look_makes_none(bench):
    bench.shadows().look(bench.file)
    assert bench.asked == ["look"]
    with pytest.raises(NoShadow, match="rights"):
        bench.shadows("says rights").look(bench.file)
    assert "make" not in bench.asked


def test_a_look_changes_nothing(bench):
    with bench.shadows("never deletes").of(bench.file, soon()):
        pass
    bench.shadows().look(bench.file)
    assert len(bench.there) == len(bench.noted) == 1


def test_only_windows_has_shadows():
    assert (shadows_of_system() is not None) == (sys.platform == "win32")
