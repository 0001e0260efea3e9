"""A notice on a desktop: the real agent and the real desktop-notifier, on a session bus with a small notification
server of the test's own. No screen is there; what the server is told is what a desktop would show."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector_core.deliver.mailbox import Letter, post

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="no D-Bus here (Debian: dbus-daemon)"),
]

SERVER = """
import asyncio, json, sys
from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, method

class Notifications(ServiceInterface):
    def __init__(self):
        super().__init__("org.freedesktop.Notifications")

    @method()
    def GetCapabilities(self) -> "as":
        return ["body", "body-markup"]

    @method()
    def GetServerInformation(self) -> "ssss":
        return ["test", "connector", "1", "1.2"]

    @method()
    def Notify(
        self, app: "s", replaces: "u", icon: "s", title: "s", body: "s", actions: "as", hints: "a{sv}", timeout: "i"
    ) -> "u":
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write(json.dumps([app, title, body]) + "\\n")
        return 1

async def main():
    bus = await MessageBus().connect()
    bus.export("/org/freedesktop/Notifications", Notifications())
    await bus.request_name("org.freedesktop.Notifications")
    print("ready", flush=True)
    await bus.wait_for_disconnect()

asyncio.run(main())
"""
SESSION = """
import subprocess, sys
server, shown, *agent = sys.argv[1:]
process = None
if server != "none":
    process = subprocess.Popen([sys.executable, server, shown], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\\n"
for _ in range(2):
    code = subprocess.run([sys.executable, "-m", "connector_core", *agent], check=False).returncode
if process is not None:
    process.kill()
sys.exit(code)
"""


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    configuration = tmp_path / "connector.toml"
    days = '"lun", "mar", "mer", "jeu", "ven", "sam", "dim"'
    configuration.write_text(
        f"[data]\nfolder = '{tmp_path / 'data'}'\n"
        f'[[notify]]\nperson = "camille"\nstart = "00:00"\nuntil = "00:00"\ndays = [{days}]\n',
        encoding="utf-8",
    )
    letter = Letter("a" * 16, "digest", "À faire", "3 bilans à faire, <b>&", datetime.now(UTC) + timedelta(hours=1))
    post(tmp_path / "data-avis" / "camille", letter)
    return configuration


def in_a_session(configuration: Path, *, server: bool) -> subprocess.CompletedProcess[str]:
    """Run the agent twice, once after the other, on a bus of its own."""
    folder = configuration.parent
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    (folder / "session.py").write_text(SESSION, encoding="utf-8")
    command = ["dbus-run-session", "--", sys.executable, folder / "session.py"]
    command += [folder / "server.py" if server else "none", folder / "shown"]
    command += ["--config", configuration, "agent", "--once"]
    return subprocess.run(list(map(str, command)), capture_output=True, encoding="utf-8", timeout=50, check=False)


def test_a_notice_is_shown_once_on_the_desktop(practice: Path) -> None:
    done = in_a_session(practice, server=True)
    told = [line for line in done.stderr.splitlines() if not line.startswith("dbus-daemon")]
    assert (done.returncode, told) == (0, [])
    shown = [json.loads(line) for line in (practice.parent / "shown").read_text(encoding="utf-8").splitlines()]
    assert shown == [["connector", "À faire", "3 bilans à faire,  b  "]]


def test_a_desktop_without_notices_is_told_and_nothing_is_lost(practice: Path) -> None:
    done = in_a_session(practice, server=False)
    assert done.returncode == 3
    assert "Le bureau n'affiche pas l'avis" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (practice.parent / "data-avis" / "camille").glob("*.pris")] == [f"{'a' * 16}.pris"]
    assert not (practice.parent / "shown").exists()
