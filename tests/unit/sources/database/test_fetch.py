"""A database read by a child process: what becomes of the one who asks when the child does what drivers do."""

from __future__ import annotations

import io
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime
from threading import Thread

import msgspec
import psutil
import pytest
from tests.unit.sources.database import modelled

from connector_core.dialects.plan import plan_of
from connector_core.errors import SourceError
from connector_core.formats.extract import extract_rows
from connector_core.sources.database.engine import WriteProof
from connector_core.sources.database.exchange import MODULE, Examine, Examined, ReadPass, Request, TryToWrite
from connector_core.sources.database.fetch import asked, fetching
from connector_core.sources.database.passes import Known, Passed
from connector_core.testing.practice import make_practice

FRAME = """
import sys, struct, time
out = sys.stdout.buffer
def frame(kind, content):
    out.write(kind + struct.pack(">I", len(content)) + content)
    out.flush()
"""
QUICK = 0.5


def child(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", FRAME + code


def request(database: str = "sqlite:///nulle-part", password: str | None = None) -> Request:
    return Request(database, password, ReadPass((plan_of(modelled.dialect()),), Known(), 1, datetime.now(UTC)))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("frame(b'D', b'some rows')", "s'est arrêté"),
        ("out.write(b'D'); out.flush()", "s'est arrêté"),
        ("import os; os.abort()", "s'est arrêté"),
        ("print('a driver that talks')", "s'est arrêté"),
        ("frame(b'D', b'some rows'); time.sleep(60)", "ne répond plus"),
        ("time.sleep(60)", "ne répond plus"),
    ],
    ids=["ends early", "ends in a frame", "aborts", "talks", "hangs after some rows", "hangs"],
)
def test_a_child_that_fails_is_an_error_and_no_extract(code, said):
    begun = time.monotonic()
    with fetching(request(), silence=QUICK, command=child(code)) as found:
        process = psutil.Process(found._process.pid)
        with pytest.raises(SourceError, match=said):
            io.BufferedReader(found.stream).read()
    assert time.monotonic() - begun < 30
    assert not process.is_running()


def test_a_child_that_talks_without_end_is_given_up_too():
    endless = "while True: frame(b'D', b'x' * 1000); time.sleep(0.01)"
    with (
        pytest.raises(SourceError, match="ne répond plus"),
        fetching(request(), longest=QUICK, command=child(endless)) as found,
    ):
        io.BufferedReader(found.stream).read()


def test_an_error_of_the_child_is_raised_as_it_is_told():
    with pytest.raises(SourceError, match="ce fichier n'existe pas") as raised:
        asked(Request("sqlite:////nulle-part", None, Examine()), Examined)
    assert raised.value.remedy == "Vérifiez le chemin"


def test_a_child_ends_with_the_one_who_asked_wherever_its_driver_waits():
    """Here on a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        address = f"postgresql://lecteur@127.0.0.1:{server.getsockname()[1]}/base"
        process = subprocess.Popen([sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(Request(address, None, Examine())) + b"\n")
        process.stdin.flush()
        connection, _ = server.accept()
        with connection:
            assert process.poll() is None
            process.stdin.close()
            assert process.wait(10) == 1


def test_neither_the_command_line_nor_the_environment_has_the_password(tmp_path):
    path = modelled.sqlite_practice(tmp_path / "base.db", [])
    with fetching(request(f"sqlite:///{path}", "tres-secret")) as found:
        process = psutil.Process(found._process.pid)
        told = [*process.cmdline(), *process.environ().values()]
        found.answer(Passed)
    assert told
    assert not [each for each in told if "tres-secret" in each]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_an_extract_is_of_one_moment_while_another_program_writes(tmp_path, journal):
    """The writer adds an invoice and what it bills in one transaction, again and again: no extract has one without the
    other, and neither waits long for the other."""
    path = modelled.sqlite_practice(
        tmp_path / "base.db", make_practice(9, 2, 1, 2, today=date(2026, 10, 15)).records, journal=journal
    )
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        seen: list[int] = []
        for _ in range(4):
            with fetching(request(f"sqlite:///{path}")) as found:
                content = io.BufferedReader(found.stream).read()
                assert found.answer(Passed).status == "taken"
            rows = list(extract_rows(io.BytesIO(content)))
            invoices = {
                row.raw.split(b"\t")[0] for row in rows if row.table == "invoice" and row.raw.startswith(b"torn")
            }
            acts = {row.raw.split(b"\t")[0] for row in rows if row.table == "act" and row.raw.startswith(b"torn")}
            assert invoices == acts
            seen.append(len(acts))
        assert seen == sorted(seen)
        assert seen[-1] > seen[0], "the writer went on meanwhile"
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.communicate()


WRITER = """
import itertools, sqlite3, sys, time
base = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for n in itertools.count():
    base.execute("BEGIN IMMEDIATE")
    base.execute("INSERT INTO act (id, patient_id, practitioner_id) VALUES (?, 'p', 'm')", (f"torn{n}",))
    base.execute("INSERT INTO invoice (id, patient_id, practitioner_id) VALUES (?, 'p', 'm')", (f"torn{n}",))
    base.execute("COMMIT")
    if not n:
        print("begun", flush=True)
    time.sleep(0.005)
"""


def test_who_may_write_to_a_file_of_sqlite_is_told(tmp_path):
    path = modelled.sqlite_practice(tmp_path / "base.db", [])
    proof = asked(Request(f"sqlite:///{path}", None, TryToWrite()), WriteProof)
    assert proof == WriteProof(allowed=("écrire dans le fichier",))
    before = path.read_bytes()
    asked(Request(f"sqlite:///{path}", None, TryToWrite()), WriteProof)
    assert path.read_bytes() == before


def test_reading_leaves_the_file_as_it_was(tmp_path):
    path = modelled.sqlite_practice(tmp_path / "base.db", make_practice(9, 2, 1, 2, today=date(2026, 10, 15)).records)
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with fetching(request(f"sqlite:///{path}")) as found:
        assert found.answer(Passed).status == "taken"
    assert path.read_bytes() == before


def test_a_request_never_shows_its_password_in_what_it_answers(tmp_path):
    path = modelled.sqlite_practice(tmp_path / "base.db", [])
    passed = asked(request(f"sqlite:///{path}", "tres-secret"), Passed)
    assert b"tres-secret" not in msgspec.json.encode(passed)


def test_whoever_lets_go_of_a_reading_waits_for_nobody():
    with fetching(request(), command=child("time.sleep(60)")) as found:
        refused: list[SourceError] = []

        def read() -> None:
            try:
                found.answer(Passed)
            except SourceError as error:
                refused.append(error)

        reader = Thread(target=read)
        reader.start()
        found.end()
        reader.join(10)
        assert not reader.is_alive()
        assert len(refused) == 1


def test_a_request_does_not_show_its_password():
    assert "tres-secret" not in repr(request("sqlite:///base", "tres-secret"))


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_an_unchanged_file_is_not_even_read_again_and_a_changed_one_is(tmp_path, journal):
    path = modelled.sqlite_practice(
        tmp_path / "base.db", make_practice(9, 2, 1, 2, today=date(2026, 10, 15)).records, journal=journal
    )
    first = asked(request(f"sqlite:///{path}"), Passed)
    again = msgspec.structs.replace(request(f"sqlite:///{path}").what, known=first.known)
    with fetching(Request(f"sqlite:///{path}", None, again)) as found:
        assert io.BufferedReader(found.stream).read() == b""
        assert found.answer(Passed).status == "unchanged"
    with closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE act SET amount = '1.00' WHERE rowid = 1")
        base.commit()
    assert asked(Request(f"sqlite:///{path}", None, again), Passed).status == "taken"
