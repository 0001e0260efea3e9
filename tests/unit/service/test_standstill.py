"""Work that stands still ends its process, work that goes on does not, and where it stood is known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector_core.service.standstill import standstill, stood

LONGEST = 0.4
WORK = """
import re, sys, time
from pathlib import Path
from connector_core.service.standstill import standstill

def far_longer():
    end = time.monotonic() + 3 * {longest}
    while time.monotonic() < end:
        yield

def a_loop_without_end(watch):
    with watch.watched():
        while True:
            pass

def a_search_that_holds_the_interpreter(watch):
    with watch.watched():
        re.match("(a|aa)+$", "a" * 200 + "NOM-SECRET")

def work_that_goes_on(watch):
    with watch.watched():
        for _ in far_longer():
            watch.goes_on()

def no_work(watch):
    with watch.watched():
        pass
    for _ in far_longer():
        watch.goes_on()

def work_that_fails(watch):
    try:
        with watch.watched():
            raise ValueError
    except ValueError:
        for _ in far_longer():
            pass

def one_piece_of_work_after_the_other(watch):
    for _ in far_longer():
        with watch.watched():
            pass

with standstill(Path(sys.argv[1]), {longest}) as watch:
    {work}(watch)
print("over")
"""


def at_work(folder: Path, work: str) -> tuple[int, str]:
    """Do some work in a process of its own: its exit code, and what it prints. It is part of a connector."""
    package = folder / "connector_of_mine"
    package.mkdir()
    script = package / "reading.py"
    script.write_text(WORK.format(longest=LONGEST, work=work), encoding="utf-8")
    command = [sys.executable, str(script), str(folder / "immobile.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=40)
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("work", ["a_loop_without_end", "a_search_that_holds_the_interpreter"])
def test_work_that_stands_still_ends_its_process_and_leaves_where_it_stood(tmp_path: Path, work: str) -> None:
    code, said = at_work(tmp_path, work)
    assert (code, said) == (1, "")
    lines = WORK.format(longest=LONGEST, work=work).splitlines()
    inside = range(lines.index(f"def {work}(watch):") + 1, lines.index(f"def {work}(watch):") + 5)
    assert stood(tmp_path / "immobile.txt") in {f"connector_of_mine.reading:{line}" for line in inside}
    assert "SECRET" not in (tmp_path / "immobile.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "work", ["work_that_goes_on", "no_work", "work_that_fails", "one_piece_of_work_after_the_other"]
)
def test_work_that_goes_on_and_what_is_no_work_are_left_alone(tmp_path: Path, work: str) -> None:
    assert at_work(tmp_path, work) == (0, "over")
    assert not (tmp_path / "immobile.txt").exists()
    assert stood(tmp_path / "immobile.txt") is None


def test_a_file_that_can_not_be_written_is_done_without(tmp_path: Path) -> None:
    with standstill(tmp_path / "missing" / "immobile.txt", 60.0) as watch, watch.watched():
        watch.goes_on()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None),
        ("Timeout (0:05:00)!\n", "unknown"),
        ('Thread 0x1 (most recent call first):\n  File "/usr/lib/re.py", line 3 in match\n', "unknown"),
        (
            'Thread 0x2 (most recent call first):\n  File "/x/connector_core/sources/watch.py", line 9 in wait\n\n'
            'Thread 0x1 (most recent call first):\n  File "/usr/lib/re.py", line 3 in match\n'
            '  File "C:\\Users\\Zoé\\site-packages\\connector_vega\\amounts.py", line 12 in read\n'
            '  File "/x/connector_core/pipeline/ingest.py", line 4 in read\n',
            "connector_vega.amounts:12",
        ),
    ],
)
def test_the_place_is_the_innermost_line_of_a_connector_or_of_ours(
    tmp_path: Path, text: str, place: str | None
) -> None:
    path = tmp_path / "immobile.txt"
    path.write_text(text, encoding="utf-8")
    assert stood(path) == place
