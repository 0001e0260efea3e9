r"""One Windows service's life, told as facts: run by the installed interpreter, in Wine or on a Windows to throw away.

`python.exe practice.py FOLDER first` installs the service for an invented practice, starts it, feeds it and kills it;
`second NEWER FAILING`, on the machine started again, finds it started, feeds it, runs the installers of two newer
versions, stops and removes it. Each writes what it saw to `first.json` or `second.json` in a folder. It judges nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

import win32api
import win32con
import win32service

ROOT = Path("C:\\Cabinet")
CONFIGURATION, EXPORTS, DATA, REPORT = (ROOT / name for name in ("connector.toml", "Exports du cabinet", "data", "r"))
SETTINGS = f"""
[data]
folder = '{DATA}'
[secrets]
keyring = "file"
[report]
folder = '{REPORT}'
[daemon]
rescan = "1s"
settle = "0s"
[[source]]
id = "cabinet"
connector = "pivot"
folder = '{EXPORTS}'
"""
DEADLINE = 120.0
PEOPLE = (
    {"record": "pivot", "model_version": 1, "practice": "Été", "exported_at": "2026-03-02T10:00:00+01:00"},
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "LEGRAND", "birth_date": "1980-01-01"},
)


def interpreter() -> str:
    """The one that runs the service, or else this."""
    path = DATA / "running.json"
    if not path.exists():
        return sys.executable
    return str(Path(json.loads(path.read_text(encoding="utf-8"))["folder"], "python.exe"))


def connector(*arguments: str) -> tuple[int, str]:
    command = [interpreter(), "-m", "connector_core", "--config", str(CONFIGURATION), "--no-plugins", *arguments]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def waited(condition: Callable[[], bool]) -> bool:
    """Whether a condition came to hold in time."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def drop(number: int) -> None:
    """An export with one act that is billed below its tariff."""
    act = {
        "record": "act",
        "id": f"a{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": "2026-03-02",
        "letter": "RAM",
        "coefficient": "8.09",
        "amount": "16.00",
    }
    lines = [json.dumps(each) for each in (*PEOPLE, act)]
    (EXPORTS / f"{number}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")


def log() -> list[dict]:
    """The daemon's log so far."""
    path = DATA / "connector.log"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def have_read(files: int) -> bool:
    """Whether so many files were read and told of in the report, over all runs."""
    return sum(line["files"] for line in log() if line["event"] == "work") >= files


def findings() -> list[tuple[str, str]]:
    """Rule and subject of every finding in the report, as often as they are there."""
    report = json.loads((REPORT / "rapport.json").read_text(encoding="utf-8"))
    return sorted((each["rule"], each["subject"]["id"]) for each in report["findings"])


class Manager:
    """The service as the service control manager knows it."""

    def __init__(self) -> None:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
        self._service = win32service.OpenService(manager, "connector", win32service.SERVICE_ALL_ACCESS)

    def now(self) -> dict:
        return cast("dict", win32service.QueryServiceStatusEx(self._service))

    def configured(self) -> dict[str, object]:
        kind, start, _, path, _, _, _, account, title = win32service.QueryServiceConfig(self._service)
        return {"kind": kind, "start": start, "path": path, "account": account, "title": title}

    def is_running(self) -> bool:
        return self.now()["CurrentState"] == win32service.SERVICE_RUNNING

    def kill(self) -> None:
        process = win32api.OpenProcess(win32con.PROCESS_TERMINATE, False, self.now()["ProcessId"])
        win32api.TerminateProcess(process, 9)

    def close(self) -> None:
        win32service.CloseServiceHandle(self._service)


def upgraded(manager: Manager, msi: str, number: int) -> dict[str, object]:
    """What became of the service when the installer of a newer version ran, and of an export after it."""
    done = subprocess.run(["msiexec", "/i", msi, "/qn"], stdin=subprocess.DEVNULL, check=False)
    found = {
        "code": done.returncode,
        "path": manager.configured()["path"],
        "running": manager.is_running(),
        "program": json.loads((DATA / "running.json").read_text(encoding="utf-8")),
        "left": sorted(path.name for path in DATA.glob("connector.db.avant*")),
    }
    drop(number)
    return {**found, "read": waited(lambda: have_read(number))}


def first() -> dict[str, object]:
    found: dict[str, object] = {}
    EXPORTS.mkdir(parents=True)
    CONFIGURATION.write_text(SETTINGS, encoding="utf-8")
    found["before"] = connector("service", "status", "--json")
    found["install"] = connector("service", "install")
    # Wine's icacls leaves the folder open to everyone, and secrets in such a one are refused: the service makes it.
    (DATA / "secrets").rmdir()
    manager = Manager()
    found["configured"] = manager.configured()
    found["installed"] = connector("service", "status", "--json")
    found["start"] = connector("service", "start")
    found["running"] = connector("service", "status", "--json")
    found["start_again"] = connector("service", "start")
    drop(1)
    found["read"] = waited(lambda: have_read(1))
    found["findings"] = findings()
    found["source"] = event_source()
    manager.kill()
    return found


def second() -> dict[str, object]:
    found: dict[str, object] = {}
    manager = Manager()
    found["started_by_the_system"] = waited(manager.is_running)
    found["start"] = connector("service", "start")
    drop(2)
    found["read"] = waited(lambda: have_read(2))
    found["findings"] = findings()
    found["newer"] = upgraded(manager, sys.argv[3], 3)
    found["failing"] = upgraded(manager, sys.argv[4], 4)
    found["stop"] = connector("service", "stop")
    found["ended"] = manager.now()
    found["stop_again"] = connector("service", "stop")
    found["stopped"] = connector("service", "status", "--json")
    found["log"] = [line["event"] for line in log()]
    manager.close()
    found["uninstall"] = connector("service", "uninstall")
    found["removed"] = connector("service", "status", "--json")
    found["data_left"] = (DATA / "connector.db").exists()
    found["purge"] = connector("service", "uninstall", "--purge", "--yes")
    found["after_purge"] = [str(path) for path in (DATA, REPORT) if path.exists()]
    found["exports_left"] = sorted(path.name for path in EXPORTS.iterdir())
    return found


def event_source() -> tuple[str, int]:
    """Where Windows looks for the words of the service's events, and of which kinds those are."""
    winreg = import_module("winreg")  # on other systems, its types have nothing
    key = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\connector"
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as source:
        names = ("EventMessageFile", "TypesSupported")
        file, kinds = (winreg.QueryValueEx(source, name)[0] for name in names)
    return file, kinds


if __name__ == "__main__":
    told: dict[str, object] = {}
    try:
        told = {"first": first, "second": second}[sys.argv[2]]()
    except Exception:  # noqa: BLE001  # the test that reads this tells of it
        told = {"error": traceback.format_exc()}
    finally:
        Path(sys.argv[1], f"{sys.argv[2]}.json").write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)
