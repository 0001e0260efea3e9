"""A connector in a process of its own, on Windows: read, limited, ended with what it started."""

from __future__ import annotations

import sys
import time

import psutil
import pytest

from connector_core.dialects.drafts import NoLookup
from connector_core.errors import ConnectorBroke
from connector_core.formats.document import probe_of
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.process import Isolated
from connector_core.plugins.isolation.proxy import proxy_of
from connector_core.plugins.names import Origin
from connector_core.sources.local import LocalFile

PLUGIN = """
import ctypes, os, subprocess, sys, time
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.model.records import Patient
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Claim, ConnectorInfo

class Reading:
    tables, covers, remembers, signature = ("",), Covers.of(["patient"]), False, "w"
    def __init__(self, file):
        self.file = file
    def rows(self):
        with self.file.open() as stream:
            for number, line in enumerate(stream, 1):
                yield Row(number, "", line.strip())
    def remember(self, row):
        return None
    def records(self, row, lookup):
        text = row.raw.decode()
        if text == "hang":
            time.sleep(3600)
        if text == "fault":
            ctypes.string_at(0)
        if text == "leave":
            os._exit(0)
        if text == "noise":
            os.write(1, b"noise" * 1000)
        if text == "start":
            sleeper = [sys.executable, "-c", "import time; time.sleep(3600)"]
            text = str(subprocess.Popen(sleeper).pid)
        if text == "environment":
            text = " ".join(sorted(os.environ))
        return [(Patient, {"id": text})]

class Connector:
    info = ConnectorInfo(id="essai", vendor="V", product="P", version="1")
    def identify(self, probe):
        return Claim("essai", "essai", 1.0, "toujours")
    def is_complete(self, probe):
        return True
    def read(self, file, claim):
        return Reading(file)

@hookimpl
def connector_register_connectors(register):
    register(Connector())
"""


@pytest.fixture
def ids(tmp_path, monkeypatch):
    """What files of some lines give."""
    (tmp_path / "isolated_essai.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    isolated = Isolated(Origin("essai"), "isolated_essai", Limits(message=5.0))
    (offered,) = isolated.offer().connectors
    connector = proxy_of(isolated, offered)

    def read(*lines):
        path = tmp_path / "file.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        file = LocalFile(path)
        reading = connector.read(file, connector.identify(probe_of(file)))
        return [reading.records(row, NoLookup())[0][1]["id"] for row in reading.rows()]

    yield read
    isolated.close()


def test_a_file_is_read_and_noise_gets_nowhere(ids):
    lines = [f"p{number}" for number in range(3000)]
    assert ids(*lines, "noise", "last") == [*lines, "noise", "last"]


def test_the_environment_is_small(ids, monkeypatch):
    monkeypatch.setenv("CONNECTOR_SECRET", "secret")
    (names,) = ids("environment")
    assert "CONNECTOR_SECRET" not in names


@pytest.mark.parametrize(
    ("deed", "told"), [("hang", "n'a pas répondu en 5 s"), ("fault", "a échoué (OSError)"), ("leave", "(code 0)")]
)
def test_what_breaks_it_is_told_and_the_next_is_read(ids, deed, told):
    with pytest.raises(ConnectorBroke) as raised:
        ids("a", deed, "b")
    assert told in raised.value.what
    assert ids("a") == ["a"]


def test_what_it_started_ends_with_it(ids):
    (pid,) = ids("start")
    with pytest.raises(ConnectorBroke):
        ids("hang")
    deadline = time.monotonic() + 20
    while psutil.pid_exists(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(pid))
    assert sys.platform == "win32"
