"""One service's life, told as facts: run as root on a machine of its own, whose systemd is the first process.

`python practice.py FOLDER` installs the service for an invented practice, feeds it, kills it, hangs it, stops it and
removes it, and writes what it saw to `facts.json` in a folder. It judges nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import connector_core

CONFIGURATION = Path("/etc/connector/connector.toml")
EXPORTS, DATA, REPORT = Path("/srv/Exports du cabinet"), Path("/var/lib/connector"), Path("/srv/rapport")
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
QUICK = "[Service]\nRestartSec=1\nWatchdogSec=20\n"
"""What the test can't wait for."""
TABLES = '    """,\n)\n'
MORE_TABLES = '    """,\n    """\n    CREATE TABLE {table} (number INTEGER) STRICT\n    """,\n)\n'
"""The end of the list of migrations, and the same with one more."""
DEADLINE = 60.0
PEOPLE = (
    {"record": "pivot", "model_version": 1, "practice": "Été", "exported_at": "2026-03-02T10:00:00+01:00"},
    {"record": "practitioner", "id": "mk1", "profession": "MK"},
    {"record": "patient", "id": "p1", "family_name": "LEGRAND", "birth_date": "1980-01-01"},
)


def shell(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(each) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def connector(*arguments: str) -> tuple[int, str]:
    return shell(sys.executable, "-m", "connector_core", "--config", CONFIGURATION, "--no-plugins", *arguments)


def shown(name: str) -> str:
    return shell("systemctl", "show", "connector.service", "--value", f"--property={name}")[1].strip()


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


def reported(number: int) -> bool:
    """Whether the report tells of the act of an export."""
    path = REPORT / "rapport.json"
    return path.exists() and f'"cabinet:a{number}"' in path.read_text(encoding="utf-8")


def another_daemon(former: str) -> bool:
    return waited(lambda: shown("MainPID") not in (former, "0") and shown("ActiveState") == "active")


def allowed(user: str, path: Path) -> bool:
    """Whether an account may list or read a path."""
    return shell("runuser", "-u", user, "--", "ls" if path.is_dir() else "cat", path)[0] == 0


def newer(version: str, file: str, old: str, new: str) -> str:
    """The interpreter of a newer program, installed beside the one that runs, of which one file differs."""
    program = Path("/opt", version)
    folder = shutil.copytree(Path(connector_core.__file__).parent, program / "src" / "connector_core")
    for changed, former, latter in (("__init__.py", '"0.1.0"', f'"{version}"'), (file, old, new)):
        text = (folder / changed).read_text(encoding="utf-8")
        assert former in text
        (folder / changed).write_text(text.replace(former, latter, 1), encoding="utf-8")
    shell(Path(sys.prefix, "bin", "python"), "-m", "venv", "--without-pip", program / "venv")
    (packages,) = program.glob("venv/lib/python*/site-packages")
    others = [entry for entry in sys.path if Path(entry).name == "site-packages"]
    lines = [str(program / "src"), *(f"import site; site.addsitedir({entry!r})" for entry in others)]
    (packages / "newer.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(program / "venv" / "bin" / "python")


def upgraded(interpreter: str) -> dict[str, object]:
    """How a newer program fared, and which one runs the service afterwards."""
    before = shown("MainPID")
    code, said = shell(
        interpreter, "-m", "connector_core", "--config", CONFIGURATION, "--no-plugins", "service", "upgrade"
    )
    return {
        "code": code,
        "said": said,
        "runs": shown("ActiveState") == "active" and shown("MainPID") not in (before, "0"),
        "program": shown("ExecStart"),
        "left": sorted(path.name for path in DATA.glob("connector.db.avant*")),
    }


def facts() -> dict[str, object]:
    found: dict[str, object] = {}
    EXPORTS.mkdir(parents=True)
    CONFIGURATION.parent.mkdir()
    CONFIGURATION.write_text(SETTINGS, encoding="utf-8")
    shell("useradd", "marie")

    found["install"] = connector("service", "install")
    (quick := Path("/etc/systemd/system/connector.service.d")).mkdir()
    (quick / "quick.conf").write_text(QUICK, encoding="utf-8")
    shell("systemctl", "daemon-reload")
    found["before"] = connector("service", "status", "--json")
    found["start"] = connector("service", "start")
    found["running"] = connector("service", "status", "--json")
    found["status_text"] = shown("StatusText")

    daemon = shown("MainPID")
    lines = Path(f"/proc/{daemon}/status").read_text(encoding="utf-8").splitlines()
    found["process"] = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    found["account"] = shell("id", "--user", "connector")[1].strip()
    Path("/home/marie").mkdir()
    found["sees"] = shell("nsenter", "--target", daemon, "--mount", "ls", "-A", "/home")[1]
    touched = shell("nsenter", "--target", daemon, "--mount", "touch", EXPORTS / "x", "/etc/x", "/usr/x")
    found["touched"] = touched[0]
    found["network"] = shell("nsenter", "--target", daemon, "--net", "cat", "/proc/net/dev")[1]

    drop(1)
    found["read"] = waited(lambda: reported(1))
    theirs = (DATA, DATA / "connector.db", DATA / "secrets", REPORT, REPORT / "rapport.json")
    found["may"] = {user: [str(path) for path in theirs if allowed(user, path)] for user in ("connector", "marie")}

    daemon = shown("MainPID")
    os.kill(int(daemon), signal.SIGKILL)
    found["started_again"] = another_daemon(daemon)
    drop(2)
    found["read_after_kill"] = waited(lambda: reported(2))

    daemon = shown("MainPID")
    os.kill(int(daemon), signal.SIGSTOP)
    found["replaced_when_hung"] = another_daemon(daemon)
    found["restarts"] = shown("NRestarts")

    mismatched = newer("0.2.0", "store/schema.py", TABLES, MORE_TABLES.format(table="file"))
    found["tables_fail"] = upgraded(mismatched)
    drop(3)
    found["read_after_tables_failed"] = waited(lambda: reported(3))
    broken = newer("0.3.0", "service/serve.py", '        log.info("start"', '        raise SystemExit("start"')
    found["program_fails"] = upgraded(broken)
    drop(4)
    found["read_after_program_failed"] = waited(lambda: reported(4))
    good = newer("0.4.0", "store/schema.py", TABLES, MORE_TABLES.format(table="addition"))
    found["upgraded"] = upgraded(good)
    drop(5)
    found["read_by_the_newer"] = waited(lambda: reported(5))
    found["older_again"] = upgraded(sys.executable)
    drop(6)
    found["read_after_older_again"] = waited(lambda: reported(6))

    found["stop"] = connector("service", "stop")
    found["ended"] = {name: shown(name) for name in ("ActiveState", "Result", "ExecMainStatus")}
    found["stopped"] = connector("service", "status", "--json")
    found["uninstall"] = connector("service", "uninstall")
    found["unit_left"] = Path("/etc/systemd/system/connector.service").exists()
    found["data_left"] = (DATA / "connector.db").exists()
    found["purge"] = connector("service", "uninstall", "--purge", "--yes")
    found["after_purge"] = [str(path) for path in (DATA, REPORT) if path.exists()]
    found["exports_left"] = sorted(path.name for path in EXPORTS.iterdir())
    found["journal"] = shell("journalctl", "--no-pager", "--unit", "connector")[1]
    return found


if __name__ == "__main__":
    told: dict[str, object] = {}
    try:
        told = facts()
    except Exception as error:  # noqa: BLE001  # the test that reads this tells of it
        told = {
            "error": f"{error!r}\n{traceback.format_exc()}",
            "journal": shell("journalctl", "--no-pager", "-n", "60"),
        }
    finally:
        (Path(sys.argv[1]) / "facts.json").write_text(json.dumps(told), encoding="utf-8")
