"""A connector in a process of its own answers as it would here, and what it does to its process stays there."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

import pytest
from tests.integration.isolation.processes import gone

from connector_core.dialects.drafts import NoLookup, Waiting
from connector_core.errors import ConnectorBroke, ConnectorRests, FileRefused
from connector_core.formats.document import probe_of
from connector_core.pipeline.remembered import Remembered
from connector_core.plugins.connector import Describes
from connector_core.store.store import Store

LINES = [f"p{number}" for number in range(7000)]


def test_a_file_is_read_as_it_would_be_here(hostile):
    assert hostile.ids(hostile.file("hostile", *LINES)) == LINES
    assert hostile.connector.identify(probe_of(hostile.file("other"))) is None
    assert not hostile.connector.is_complete(probe_of(hostile.file("hostile unfinished")))


def test_rows_are_refused_or_wait_one_by_one(hostile):
    assert hostile.ids(hostile.file("hostile", "a", "!b", "c", ">d")) == ["a", "refused", "c", "waits"]


def test_few_of_many_rows_are_asked_about(hostile):
    reading = hostile.opened(hostile.file("hostile", *LINES))
    found = [
        reading.records(row, NoLookup())[0][1]["id"] for number, row in enumerate(reading.rows()) if number % 1000 == 5
    ]
    assert found == ["p5", "p1005", "p2005", "p3005", "p4005", "p5005", "p6005"]


@pytest.mark.isolation
def test_rows_may_be_asked_about_in_any_order(hostile):
    reading = hostile.opened(hostile.file("hostile", *LINES[:300]))
    rows = list(reading.rows())
    assert [reading.records(row, NoLookup())[0][1]["id"] for row in reversed(rows)] == LINES[299::-1]
    assert [row.raw for row in reading.rows()] == [row.raw for row in rows]


@pytest.mark.parametrize("whole", [True, False])
def test_joined_rows_find_what_is_remembered_and_what_was_said_before_them(hostile, whole):
    here_too = import_module("connector_hostile")
    lines = [*LINES[:200], ">p7", ">p300", ">z", *LINES[200:400], "p7", ">p300", ">p7", ">z", ">nobody"]
    file = hostile.file("hostile joined", *lines)

    def understood(reading):
        lookup = remembered(("people", "z", {"at": "elsewhere"}), ("others", "nobody", {"at": "0"}))
        given: list[object] = []
        for row in reading.rows():
            entry = reading.remember(row)
            if entry is not None:
                lookup.add(*entry)
            asked = lookup if whole else OneByOne(lookup)
            given.append((entry, reading.records(row, asked)))
        return given

    here, there = understood(here_too.Reading(file)), understood(hostile.opened(file))
    assert there == here
    assert [isinstance(drafts, Waiting) for entry, drafts in here if entry is None] == [False, True, *[False] * 4, True]


def remembered(*entries):
    """Look-ups of which a store remembers these."""
    files = Store.in_memory().files
    files.remember(1, entries)
    return Remembered(files, 1)


class OneByOne:
    """A look-up that gives no whole tables."""

    def __init__(self, lookup):
        self.find = lookup.find


def test_a_damaged_file_gives_what_comes_before_the_damage(hostile):
    rows = hostile.opened(hostile.file("hostile refuse rows", *LINES)).rows()
    assert [next(rows).raw, next(rows).raw] == [b"p0", b"p1"]
    with pytest.raises(FileRefused, match="le fichier est coupé") as raised:
        next(rows)
    assert (raised.value.where, raised.value.remedy) == ("line 2", "Exportez à nouveau")
    with pytest.raises(FileRefused, match="coupé"):
        hostile.opened(hostile.file("hostile refuse read"))


def test_a_file_is_described(hostile):
    file = hostile.file("hostile", "a")
    assert isinstance(hostile.connector, Describes)
    described = hostile.connector.describe(file, hostile.claim(file))
    assert described == {"format": "hostile", "groups": [{"lines": ["hostile", "a"]}], "warnings": []}


def test_the_environment_is_ours_only_where_it_must_be(hostile, monkeypatch):
    monkeypatch.setenv("CONNECTOR_STORE_KEY", "s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    hostile.isolated.close()
    given = hostile.ids(hostile.file("hostile", "?environment", "?arguments"))
    assert not [each for each in given if "s3cret" in each or "redential" in each or "REDENTIAL" in each]
    known = {
        "PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "PYTHONPATH",
        "PYTHONUTF8",
        "PYTHONHOME",
        "TMPDIR",
        "TEMP",
        "TMP",
    }
    names = {each.partition("=")[0] for each in given if "=" in each}
    assert names - known <= {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT", "COMSPEC", "PROCESSOR_ARCHITECTURE"}


def test_what_it_writes_gets_nowhere(hostile, capfd):
    assert hostile.ids(hostile.file("hostile garbage rows", *LINES[:5])) == LINES[:5]
    assert hostile.ids(hostile.file("hostile garbage records", "a", "here", "b")) == ["a", "here", "b"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        pytest.param("hang", "n'a pas répondu en 2 s", marks=pytest.mark.isolation),
        ("segfault", "s'est arrêté (SIGSEGV)"),
        ("leave", "s'est arrêté (code 0)"),
        ("raise_with_data", "a échoué (RuntimeError)"),
    ],
)
def test_a_file_that_breaks_it_is_told_and_the_next_is_read(hostile, deed, reason):
    (pid,) = hostile.ids(hostile.file("hostile", "?pid"))
    with pytest.raises(ConnectorBroke) as raised:
        hostile.ids(hostile.file(f"hostile {deed} rows", *LINES[:10]))
    assert reason in raised.value.what
    assert "DUPONT" not in str(raised.value)
    assert deed == "raise_with_data" or gone(int(pid))
    assert hostile.ids(hostile.file("hostile", "a")) == ["a"]


@pytest.mark.isolation
def test_memory_is_limited(hostile):
    with pytest.raises(ConnectorBroke, match=r"a demandé plus de mémoire que permis \(400 Mo\)"):
        hostile.ids(hostile.file("hostile leak rows", "a", "b", "c"))
    assert hostile.ids(hostile.file("hostile", "a")) == ["a"]


@pytest.mark.isolation
def test_what_it_started_ends_with_it(hostile):
    deeds = ["hostile start rows", "hostile start_in_a_session rows", "hostile fork rows"]
    for deed in deeds:
        hostile.ids(hostile.file(deed, "a", "b"))
    pids = [int(each) for each in hostile.ids(hostile.file("hostile", "?started", "?pid"))]
    assert len(pids) == len(deeds) + 1
    hostile.isolated.close()
    assert all(map(gone, pids))


@pytest.mark.isolation
def test_a_process_that_leaves_another_behind_is_noticed(new_hostile):
    hostile = new_hostile(message=50.0)
    begun = time.monotonic()
    with pytest.raises(ConnectorBroke, match=r"s'est arrêté \(code 0\)"):
        hostile.ids(hostile.file("hostile fork_and_leave rows", "a", "b"))
    assert time.monotonic() - begun < 20


@pytest.mark.isolation
def test_it_is_left_alone_when_it_does_not_answer_again_and_again(new_hostile):
    hostile = new_hostile(look=0.5, rest=3600.0)
    file, other = hostile.file("hostile hang identify"), hostile.file("hostile", name="other.txt")
    for _ in range(3):
        with pytest.raises(ConnectorBroke):
            hostile.claim(file)
    with pytest.raises(ConnectorRests):
        hostile.claim(other)


@pytest.mark.isolation
def test_the_time_for_one_file_is_limited(new_hostile):
    hostile = new_hostile(message=60.0, file=0.0)
    with pytest.raises(ConnectorBroke, match="n'a pas répondu en 0 s"):
        hostile.opened(hostile.file("hostile"))


def test_a_reading_whose_process_is_gone_says_so(hostile):
    reading = hostile.opened(hostile.file("hostile", *LINES[:5]))
    hostile.isolated.close()
    with pytest.raises(ConnectorBroke, match="s'est arrêté"):
        list(reading.rows())


@pytest.mark.isolation
def test_its_folder_goes_with_it(hostile):
    (folder,) = {
        each.partition("=")[2]
        for each in hostile.ids(hostile.file("hostile", "?environment"))
        if each.startswith("TMPDIR=")
    }
    assert Path(folder).is_dir()
    hostile.isolated.close()
    assert not Path(folder).exists()


CALLS = ("identify", "is_complete", "read", "rows", "records", "remember", "describe")
HARMLESS = ("garbage", "start", "start_in_a_session", "fork", "nothing")
DEADLY = {
    "hang": "n'a pas répondu en 2 s",
    "spin": "n'a pas répondu en 2 s",
    "leak": "a demandé plus de mémoire que permis (400 Mo)",
    "segfault": "s'est arrêté (SIGSEGV)",
    "abort": "s'est arrêté (SIGABRT)",
    "kill_itself": "s'est arrêté (SIGKILL)",
    "leave": "s'est arrêté (code 0)",
    "leave_politely": "a échoué (SystemExit)",
    "fork_and_leave": "s'est arrêté (code 0)",
    "raise_with_data": "a échoué (RuntimeError)",
}


def everything_asked(hostile, file):
    """Every call of a connector, one after the other."""
    connector, probe = hostile.connector, probe_of(file)
    claim = connector.identify(probe)
    assert connector.is_complete(probe)
    lookup = remembered()
    reading = connector.read(file, claim)
    given = []
    for row in reading.rows():
        entry = reading.remember(row)
        given.append((entry, reading.records(row, lookup)))
    return given, connector.describe(file, claim)


@pytest.mark.isolation
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("deed", HARMLESS)
def test_what_it_does_beside_its_work_changes_no_answer(hostile, deed, call):
    here = everything_asked(hostile, hostile.file(f"hostile nothing {call}", "a", "here", "b"))
    there = everything_asked(hostile, hostile.file(f"hostile {deed} {call}", "a", "here", "b"))
    assert there[0] == here[0]
    pids = [int(each) for each in hostile.ids(hostile.file("hostile", "?started", "?pid"))]
    hostile.isolated.close()
    assert all(map(gone, pids))


@pytest.mark.isolation
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("deed", DEADLY)
def test_no_call_of_it_does_harm(new_hostile, deed, call):
    hostile = new_hostile(look=2.0, message=2.0, memory=400 << 20)
    joined = "joined " if call == "remember" else ""
    pid = int(hostile.ids(hostile.file("hostile", "?pid"))[0])
    begun = time.monotonic()
    with pytest.raises(ConnectorBroke) as raised:
        everything_asked(hostile, hostile.file(f"hostile {deed} {call} {joined}".rstrip(), "a", "here", "b"))
    assert time.monotonic() - begun < 15
    assert DEADLY[deed] in raised.value.what
    assert "DUPONT" not in str(raised.value)
    assert deed in ("raise_with_data", "leave_politely") or gone(pid)
    assert hostile.ids(hostile.file("hostile", "a")) == ["a"]


@pytest.mark.isolation
def test_pieces_that_are_sent_beforehand_are_those_of_the_file_that_is_read(hostile):
    """Two files of several pieces, row by row in turn; then one that was left in the middle, and another."""
    filling = "x" * 1500
    files = [
        hostile.file("hostile", *(f"{name}{number}{filling}" for number in range(1800)), name=name)
        for name in ("one.txt", "other.txt")
    ]
    here = [hostile_rows(file) for file in files]
    readings = [hostile.opened(file) for file in files]
    going = [iter(reading.rows()) for reading in readings]
    for at in range(1800):
        for file, rows in zip(here, going, strict=True):
            assert next(rows).raw == file[at]
    left = hostile.opened(files[0])
    for number, row in enumerate(left.rows()):
        left.records(row, NoLookup())
        if number == 1500:
            break
    again = hostile.opened(files[1])
    assert [row.raw for row in again.rows()] == here[1]
    assert hostile.ids(files[0]) == [raw.decode() for raw in here[0]]


def hostile_rows(file):
    """The rows that the file has after its first line."""
    return file.path.read_bytes().splitlines()[1:]
