"""The service under launchd: a property list for a daemon of the machine that runs as an account that exists.

Not run on a Mac by the project: what is tested is the property list and the commands.
"""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.service.system.base import ABSENT, Run, ServiceError, State, refuse_reader, required, run
from connector_core.service.system.job import NAME, Job

LABEL = f"fr.{NAME}.{NAME}"
PLIST = Path(f"/Library/LaunchDaemons/{LABEL}.plist")
_TARGET = f"system/{LABEL}"
_HELP = f"Voyez « launchctl print {_TARGET} »"


def plist_bytes(job: Job, account: str) -> bytes:
    """The property list that runs a job as an account: started with the machine, and again after a failure."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(job.command),
            "UserName": account,
            "WorkingDirectory": "/",
            "EnvironmentVariables": {"PYTHONUTF8": "1", "PYTHONSAFEPATH": "1"},
            "Umask": 0o077,
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ExitTimeOut": 90,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Nice": 10,
        }
    )


@dataclass(frozen=True, slots=True)
class Launchd:
    """launchd, through `launchctl`; `plist` is the file that is written."""

    run: Run = run
    plist: Path = PLIST

    def install(self, job: Job) -> Sequence[str]:
        refuse_reader(job)
        if job.account is None:
            raise ConfigurationError(
                "le service demande un compte de cet ordinateur", where="--user", remedy="Ajoutez --user COMPTE"
            )
        if self.run(["id", "-u", job.account]).code != 0:
            raise ConfigurationError(
                f"le compte « {job.account} » n'existe pas", where="--user", remedy="Nommez un compte de cet ordinateur"
            )
        for folder, mode in ((job.data, "0700"), (job.secrets, "0700"), (job.report, "0700")):
            self._ask(["install", "-d", "-m", mode, "-o", job.account, str(folder)], f"{folder} ne peut pas être créé")
        for folder in (job.data, job.secrets):
            self._ask(["chown", "-R", job.account, str(folder)], f"le dossier {folder} ne peut pas être confié")
        if self._loaded():
            self._ask(["launchctl", "bootout", _TARGET], "l'ancien service n'a pas pu être retiré")
        self.plist.write_bytes(plist_bytes(job, job.account))
        self.plist.chmod(0o644)
        self._ask(["launchctl", "enable", _TARGET], "le service n'a pas pu être activé")
        return (
            "macOS demandera peut-être d'autoriser l'interpréteur dans Réglages, Confidentialité et sécurité, "
            "Accès complet au disque.",
        )

    def start(self) -> None:
        self._installed()
        command = ["kickstart", _TARGET] if self._loaded() else ["bootstrap", "system", str(self.plist)]
        self._ask(["launchctl", *command], "le service ne démarre pas")

    def stop(self) -> None:
        self._installed()
        if self.state().running:
            self._ask(["launchctl", "kill", "SIGTERM", _TARGET], "le service ne s'arrête pas")

    def state(self) -> State:
        if not self.plist.exists():
            return ABSENT
        told: object = plistlib.loads(self.plist.read_bytes())
        account = told.get("UserName") if isinstance(told, dict) else None
        printed = self.run(["launchctl", "print", _TARGET])
        states = [line.partition("=")[2].strip() for line in printed.output.splitlines() if "state =" in line]
        detail = states[0] if printed.code == 0 and states else ""
        return State(installed=True, running=detail == "running", enabled=True, account=account or None, detail=detail)

    def registration(self) -> bytes:
        self._installed()
        return self.plist.read_bytes()

    def take_over(self, job: Job) -> None:
        account = self.state().account
        if account is None:
            raise ServiceError("le service n'a pas de compte", remedy="Lancez « connector service install »")
        self.put_back(plist_bytes(job, account))

    def put_back(self, registration: bytes) -> None:
        if self._loaded():
            self._ask(["launchctl", "bootout", _TARGET], "l'ancien service n'a pas pu être retiré")
        self.plist.write_bytes(registration)

    def uninstall(self) -> None:
        self._installed()
        if self._loaded():
            self._ask(["launchctl", "bootout", _TARGET], "le service n'a pas pu être arrêté")
        self.plist.unlink()

    def _loaded(self) -> bool:
        return self.run(["launchctl", "print", _TARGET]).code == 0

    def _ask(self, command: Sequence[str], what: str) -> str:
        return required(self.run, command, what, _HELP)

    def _installed(self) -> None:
        if not self.plist.exists():
            raise ServiceError("le service n'est pas installé", remedy="Lancez « connector service install »")
