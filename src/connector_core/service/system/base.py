"""What every system's service manager can be asked, and how its commands are run."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.service.system.job import Job


class ServiceError(ConnectorError):
    """The service manager refused, or knows no such service."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class State:
    """How the service is. `enabled`: it starts with the machine; `detail` is the manager's own word."""

    installed: bool
    running: bool
    enabled: bool
    account: str | None
    detail: str


ABSENT = State(installed=False, running=False, enabled=False, account=None, detail="")


class System(Protocol):
    """The service manager of an operating system. Each method raises ServiceError when the manager refuses."""

    def install(self, job: Job) -> Sequence[str]:
        """Install the service, over a former one, so that it starts with the machine; it is not started now. Return
        what the person must still see to, in French."""
        ...

    def start(self) -> None:
        """Start the service; nothing happens when it runs."""
        ...

    def stop(self) -> None:
        """End the daemon after the turn that is running; nothing happens when it does not run."""
        ...

    def state(self) -> State:
        """How the service is now."""
        ...

    def registration(self) -> bytes:
        """What is on record of the installed service, for `put_back`."""
        ...

    def take_over(self, job: Job) -> None:
        """Have the installed service, which is stopped, run a job's program; its account and rights stay."""
        ...

    def put_back(self, registration: bytes) -> None:
        """Have the service, which is stopped, as it was on record."""
        ...

    def uninstall(self) -> None:
        """Stop and remove the service; files of the practice stay."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command went; `output` is what it wrote, errors included."""

    code: int
    output: str


class Run(Protocol):
    """Runs a command to its end."""

    def __call__(self, command: Sequence[str], cwd: Path | None = None) -> Ran: ...


def run(command: Sequence[str], cwd: Path | None = None) -> Ran:
    """Run a command of the system, without input; one that is not there ends with code 127."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return Ran(127, "")
    return Ran(done.returncode, done.stdout)


def refuse_reader(job: Job) -> None:
    """Raise ConfigurationError when an account besides the service's is to read the report: on POSIX its files are
    their owner's alone."""
    if job.reader is not None:
        raise ConfigurationError(
            "ici, le rapport ne se lit que dans le compte du service",
            where="--reader",
            remedy="Donnez à --user le compte qui lit le rapport",
        )


def check_root(uid: int) -> None:
    """Raise ConnectorError unless the caller may change the system's services."""
    if uid != 0:
        raise ConnectorError("il faut être administrateur", remedy="Relancez la commande par « sudo »")


def required(run: Run, command: Sequence[str], what: str, remedy: str) -> str:
    """What a command wrote; ServiceError that says `what` could not be done when it failed."""
    ran = run(command)
    if ran.code != 0:
        raise ServiceError(f"{what} ({command[0]} : code {ran.code})", remedy=remedy)
    return ran.output
