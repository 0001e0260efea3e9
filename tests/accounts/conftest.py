"""A practice whose service runs as an account of its own, asked by others: an allowed one, a stranger, root.

The accounts are those that every Debian has. Run as root: `tox -e accounts`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

collect_ignore_glob = ["test_*.py"] if os.name == "nt" else []
SERVICE, MARIE, STRANGER = "daemon", "games", "nobody"
DEADLINE = 30.0
LOOK = 0.02
PIVOT = (
    {"record": "pivot", "model_version": 1, "practice": "Cabinet", "exported_at": "2026-03-02T10:00:00+01:00"},
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "OZVRAY-SECRET", "birth_date": "1980-01-01"},
    {
        "record": "act",
        "id": "a1",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": "2026-03-02",
        "letter": "RAM",
        "coefficient": "8.09",
        "amount": "16.00",
    },
)


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Site:
    """The practice on disk. `run` calls the program as an account, with no rights of root left."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "connector.toml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    def process(self, account: str, command: list[str], **options) -> subprocess.Popen[bytes]:
        import pwd

        entry = pwd.getpwnam(account)
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return subprocess.Popen(
            command,
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=[],
            cwd=self.folder,
            env={**environment, "PYTHONUTF8": "1", "HOME": str(self.folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"},
            **options,
        )

    def program(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "connector_core", "--config", str(self.config), "--no-plugins", *words]

    def run(self, account: str, *words: str, given: str = "") -> Said:
        process = self.process(
            account,
            self.program(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = process.communicate(given.encode(), DEADLINE)
        return Said(process.returncode, out.decode(), err.decode())

    def json(self, account: str, *words: str, given: str = "") -> dict:
        said = self.run(account, *words, "--json", given=given)
        assert said.err == "", said
        return json.loads(said.out)

    @contextmanager
    def running(self, account: str = SERVICE) -> Iterator[subprocess.Popen[bytes]]:
        """The service, once it listens, has read what lies there and has delivered what it found."""
        with (self.folder / "service.txt").open("ab") as output:
            process = self.process(account, self.program("run", "--on", "2026-03-02"), stdout=output, stderr=output)
        try:
            self.wait_for(lambda: (self.folder / "run" / "connector.sock").exists(), process)
            self.wait_for(lambda: (self.report / "rapport.html").exists(), process)
            self.wait_for(lambda: self._at_rest(account), process)
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(DEADLINE)
            for each in _children(process):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.kill()
            process.wait()

    def _at_rest(self, account: str) -> bool:
        outbox = self.json(account, "status")["outbox"]
        return outbox["done"] > 0 and outbox["waiting"] == outbox["trying"] == 0

    def wait_for(self, condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        begun = time.monotonic()
        while not condition():
            assert process.poll() is None, (self.folder / "service.txt").read_text()
            assert time.monotonic() - begun < DEADLINE, "nothing happened in time"
            time.sleep(LOOK)


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


@pytest.fixture(scope="session", autouse=True)
def _as_root() -> None:
    assert os.geteuid() == 0, "run these tests as root: sudo python -m tox -e accounts"
    import connector_core

    for path in (Path(sys.executable), Path(connector_core.__file__)):
        code = subprocess.run(["test", "-r", path], user=STRANGER, check=False).returncode
        assert code == 0, f"another account can't read {path}: put the clone and the interpreter where it can"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="connector-accounts-"))
    folder.chmod(0o755)
    made = Site(folder)
    for name in ("data", "run", "report", "home"):
        (folder / name).mkdir()
        shutil.chown(folder / name, SERVICE, SERVICE)
    (folder / "data").chmod(0o700)
    (folder / "report").chmod(0o700)
    (folder / "exports").mkdir()
    lines = "\n".join(json.dumps(each) for each in PIVOT)
    (folder / "exports" / "export.ndjson").write_text(f"{lines}\n", encoding="utf-8")
    made.config.write_text(
        f"[data]\nfolder = '{made.data}'\n[report]\nfolder = '{made.report}'\n[secrets]\nkeyring = \"file\"\n"
        f'[service]\nallow = ["{MARIE}"]\nchannel = \'{folder / "run"}\'\n[daemon]\nrescan = "1s"\nsettle = "0s"\n'
        f'[[source]]\nid = "cabinet"\nconnector = "pivot"\nfolder = \'{folder / "exports"}\'\n',
        encoding="utf-8",
    )
    made.config.chmod(0o644)
    yield made
    shutil.rmtree(folder)
