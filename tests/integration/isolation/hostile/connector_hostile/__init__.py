"""A connector that does to its process whatever a file tells it to.

The first line of a file is `hostile`, then what to do and where: `hang rows`. The other lines are one patient each,
whose id is the line; a line that is `?NAME` becomes the patient whose id is what NAME stands for in this process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

from connector_core.dialects.drafts import Waiting
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.model.records import Patient
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Claim, ConnectorInfo

INFO = ConnectorInfo(id="hostile", vendor="Hostile SARL", product="Logiciel hostile", version="3.1")
_SLEEPER = "import time\nwhile True: time.sleep(60)"


def hang():
    while True:
        time.sleep(60)


def spin():
    while True:
        pass


def leak():
    held = []
    while True:
        held.append(bytearray(1 << 24))


def garbage():
    """Write to where the answers would be, were they on the standard output."""
    for stream in (sys.stdout, sys.stderr):
        stream.write("DUPONT Jeanne")
        stream.flush()
    os.write(1, b"\xff" * 100_000)


def segfault():
    ctypes.string_at(0)


def leave():
    os._exit(0)


def leave_politely():
    sys.exit(0)


def abort():
    os.abort()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def raise_with_data():
    raise RuntimeError("DUPONT Jeanne, 2 85 05 78 006 084 36")


def refuse():
    raise FileRefused("le fichier est coupé", where="line 2", remedy="Exportez à nouveau")


started: list[int] = []


def start():
    started.append(subprocess.Popen([sys.executable, "-c", _SLEEPER]).pid)


def start_in_a_session():
    started.append(subprocess.Popen([sys.executable, "-c", _SLEEPER], start_new_session=True).pid)


def fork():
    pid = os.fork()
    if not pid:
        hang()
    started.append(pid)


def fork_and_leave():
    """Leave a process behind that holds every pipe open."""
    if os.fork():
        os._exit(0)
    hang()


def nothing():
    """Be no trouble."""


DEEDS = {
    each.__name__: each
    for each in (
        hang,
        spin,
        leak,
        garbage,
        segfault,
        leave,
        leave_politely,
        abort,
        kill_itself,
        raise_with_data,
        refuse,
        start,
        start_in_a_session,
        fork,
        fork_and_leave,
        nothing,
    )
}


def words(head: bytes) -> list[str]:
    return head.partition(b"\n")[0].decode("ascii", "replace").split()


def told(head: bytes, where: str) -> None:
    """Do what the file tells for this place."""
    given = words(head)
    if given[2:3] == [where]:
        DEEDS[given[1]]()


class Reading:
    tables = ("people",)
    covers = Covers.of(["patient"])
    remembers = False
    signature = "hostile-1"

    def __init__(self, file):
        self._file = file
        with file.open() as stream:
            self._head = stream.read(200)
        self.remembers = "joined" in words(self._head)

    def rows(self):
        with self._file.open() as stream:
            for number, line in enumerate(stream, 1):
                if number > 1:
                    yield Row(number, "people", line.rstrip(b"\n"))
                if number == 3:
                    told(self._head, "rows")

    def records(self, row, lookup):
        text = row.raw.decode()
        if text == "here":
            told(self._head, "records")
        if text.startswith("!"):
            raise RowRefused("la ligne est refusée", fields=("patient.id",))
        if text.startswith(">"):
            found = lookup.find("people", text[1:])
            return Waiting("people", text[1:]) if found is None else [(Patient, {"id": f"{text[1:]}={found['at']}"})]
        return [(Patient, {"id": each}) for each in facts(text)]

    def remember(self, row):
        if row.raw == b"here":
            told(self._head, "remember")
        return None if row.raw.startswith(b">") else ("people", row.raw.decode(), {"at": str(row.place)})


def facts(text: str) -> list[str]:
    match text:
        case "?environment":
            return sorted(f"{name}={value}" for name, value in os.environ.items())
        case "?started":
            return [str(pid) for pid in started]
        case "?pid":
            return [str(os.getpid())]
        case "?arguments":
            return list(sys.argv)
        case _:
            return [text]


class Connector:
    info = INFO

    def identify(self, probe):
        if not probe.head.startswith(b"hostile"):
            return None
        told(probe.head, "identify")
        return Claim("hostile", "hostile", 0.9, "la première ligne le dit")

    def is_complete(self, probe):
        told(probe.head, "is_complete")
        return b"unfinished" not in probe.head

    def read(self, file, claim):
        with file.open() as stream:
            told(stream.read(200), "read")
        return Reading(file)

    def describe(self, file, claim):
        with file.open() as stream:
            head = stream.read(200)
        told(head, "describe")
        return {"format": "hostile", "groups": [{"lines": head.decode().splitlines()}], "warnings": []}


@hookimpl
def connector_register_connectors(register):
    register(Connector())
