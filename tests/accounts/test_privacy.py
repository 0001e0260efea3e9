"""What a second user of the computer can't read, and where a secret never is."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.accounts.conftest import SERVICE, STRANGER, Site

pytestmark = pytest.mark.accounts

VALUE = "PLANTE-7f3a9c-é"
LOOK = """
import os, socket, sys
from pathlib import Path
for line in sys.stdin:
    path = Path(line.rstrip("\\n"))
    try:
        kind = os.stat(path).st_mode & 0o170000
        if kind == 0o040000:
            os.listdir(path)
        elif kind == 0o140000:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.connect(str(path))
        else:
            path.open("rb").close()
    except PermissionError:
        continue
    print(path)
"""
"""Print what can be read of the paths on standard input."""


@pytest.fixture(scope="module")
def closed(site: Site) -> Iterator[Site]:
    """A service that nobody else was allowed to ask; a copy in its spool waits for another table."""
    text = site.config.read_text(encoding="utf-8")
    site.config.write_text(text.replace("[service]\nallow", "[service]\n#"), encoding="utf-8")
    with site.running():
        spool = site.data / "depot"
        (spool / "0.copie").write_bytes(b"x")
        (spool / "0.copie").chmod(0o600)
        os.chown(spool / "0.copie", pwd.getpwnam(SERVICE).pw_uid, -1)
        yield site
        (spool / "0.copie").unlink()


def test_a_second_user_reads_neither_store_spool_socket_nor_report(closed: Site) -> None:
    ours = [closed.data, closed.report, closed.folder / "run" / "connector.sock"]
    paths = [*ours, *closed.data.rglob("*"), *closed.report.rglob("*")]
    names = {path.name for path in paths}
    assert {"connector.db", "0.copie", "connector.sock", "rapport.html", "connector.log", "secrets.json"} <= names

    def read(account: str) -> str:
        command = [closed.program()[0], "-c", LOOK]
        process = closed.process(account, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        said, _ = process.communicate("".join(f"{path}\n" for path in paths).encode(), 30)
        assert process.returncode == 0
        return said.decode()

    assert read(STRANGER) == ""
    assert read(SERVICE).splitlines() == [str(path) for path in paths]


def test_what_the_service_makes_is_for_its_account_alone(closed: Site) -> None:
    for path in (*closed.data.rglob("*"), *closed.report.rglob("*")):
        assert path.owner() == SERVICE
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_planted_secret_is_nowhere_but_in_the_keyring(closed: Site) -> None:
    asking = closed.process(
        "root",
        closed.program("secrets", "set", "plante"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert asking.stdin is not None
    asking.stdin.write(f"{VALUE}\n".encode())
    asking.stdin.close()
    shown, answered = b"", False
    while asking.poll() is None:
        for process in psutil.process_iter():
            with suppress(OSError):
                command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
                answered = answered or command.endswith(b"\0answer\0")
                shown += command + Path(f"/proc/{process.pid}/environ").read_bytes()
    assert asking.returncode == 0
    assert answered, "the process that the daemon started was not seen"
    assert asking.stdout is not None
    assert asking.stderr is not None
    with asking.stdout, asking.stderr:
        shown += asking.stdout.read() + asking.stderr.read()
    for words in (("config", "show"), ("status",), ("secrets", "list"), ("secrets", "verify")):
        said = closed.run(SERVICE, *words)
        shown += (said.out + said.err).encode()
    assert VALUE.encode() not in shown
    bundle = closed.folder / "report" / "bundle.zip"
    asked = closed.run(SERVICE, "support-bundle", "--output", str(bundle))
    shown += (asked.out + asked.err).encode()
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    bundle.unlink()
    shown += b"".join(members.values())
    assert b'"status": "ok"' in members["doctor.json"]
    assert b'"state": "committed"' in members["sources.json"]
    assert b"OZVRAY" not in b"".join(members.values())
    assert VALUE.encode() not in shown
    holding = [
        path.name
        for path in closed.folder.rglob("*")
        if path.is_file() and VALUE.encode() in path.read_bytes() and path.name != "connector.toml"
    ]
    assert holding == ["secrets.json"]


def test_a_second_user_gets_a_bundle_without_what_only_the_service_reads(closed: Site) -> None:
    bundle = closed.folder / "own" / "bundle.zip"
    bundle.parent.mkdir(mode=0o777)
    bundle.parent.chmod(0o777)
    said = closed.run(STRANGER, "support-bundle", "--output", str(bundle))
    assert said.code == 1, said
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    for name in ("sources.json", "outbox.json", "storage.json", "logs/connector.jsonl"):
        assert "inaccessible à ce compte" in members[name], name
    assert '"connector": "pivot"' not in members["sources.json"]
    assert "Le magasin n'a pas pu être lu" in members["README.txt"]
    assert '"connector": "0.' in members["program.json"]


LEAKY = """
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        return None
    def set_password(self, service, username, password):
        raise RuntimeError(f"could not store {password}")
    def delete_password(self, service, username):
        raise RuntimeError(username)
"""


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_crash_while_a_secret_is_kept_does_not_show_it(closed: Site, debug: str, tmp_path: Path) -> None:
    (tmp_path / "leaky.py").write_text(LEAKY, encoding="utf-8")
    config = tmp_path / "connector.toml"
    config.write_text(f"[data]\nfolder = '{tmp_path / 'data'}'\n", encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "PYTHON_KEYRING_BACKEND": "leaky.Keyring",
        "CONNECTOR_DEBUG": debug,
    }
    command = [*closed.program()[:3], "--config", str(config), "secrets", "set", "plante"]
    done = subprocess.run(command, input=VALUE.encode(), capture_output=True, env=environment, check=False)
    assert done.returncode != 0
    assert b"secret" in done.stderr
    left = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert VALUE.encode() not in done.stdout + done.stderr + left
