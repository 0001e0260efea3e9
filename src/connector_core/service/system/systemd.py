"""The service under systemd: a unit that gives the daemon its folders and nothing else.

The daemon may write to the folders of data, secrets and report, read the watched ones, and talk to nobody: no network,
no capability, no other process in sight. Folders below a home or a temporary folder, which the unit hides, are shown to
it one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.service.system.base import ABSENT, Run, ServiceError, State, refuse_reader, required, run
from connector_core.service.system.job import DESCRIPTION, NAME, TITLE, Job, outermost

UNIT = Path(f"/etc/systemd/system/{NAME}.service")
_HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))
_LEAST_WATCHDOG = 900
"""Seconds without a word after which the daemon is taken for hung; it gives one a turn, and each minute of a task."""
_HELP = "Voyez « systemctl status connector » et « journalctl --unit connector »"

_CONFINED = """\
CapabilityBoundingSet=
NoNewPrivileges=yes
UMask=0077
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
PrivateIPC=yes
PrivateMounts=yes
RemoveIPC=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""


def unit_text(job: Job, account: str) -> str:
    """The unit that runs a job as an account."""
    watchdog = max(_LEAST_WATCHDOG, 3 * int(job.rescan.total_seconds()))
    return "\n".join(
        [
            "[Unit]",
            f"Description={TITLE}: {DESCRIPTION}",
            "After=remote-fs.target",
            _paths("RequiresMountsFor", job.written),
            "StartLimitIntervalSec=1h",
            "StartLimitBurst=10",
            "",
            "[Service]",
            "Type=notify",
            f"ExecStart={' '.join(_argument(each) for each in job.command)}",
            f"User={account}",
            "WorkingDirectory=/",
            "Environment=PYTHONUTF8=1 PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1",
            "TimeoutStartSec=15min",
            f"WatchdogSec={watchdog}",
            "TimeoutStopSec=90",
            "KillMode=mixed",
            "Restart=on-failure",
            "RestartSec=30",
            "# A configuration to correct is not tried again.",
            "RestartPreventExitStatus=2",
            "",
            "# The practice's software goes first.",
            "Nice=10",
            "CPUWeight=20",
            "IOSchedulingClass=idle",
            "MemoryMax=512M",
            "# A reader that takes more is ended alone, and its file set aside.",
            "OOMPolicy=continue",
            "TasksMax=64",
            "",
            *_folders(job),
            f"RuntimeDirectory={NAME}",
            "RuntimeDirectoryMode=0755",
            _CONFINED,
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


@dataclass(frozen=True, slots=True)
class Systemd:
    """systemd, through its commands; `unit` is the file that is written."""

    run: Run = run
    unit: Path = UNIT

    def install(self, job: Job) -> Sequence[str]:
        refuse_reader(job)
        account = job.account or self._own_account()
        self._check_account(account)
        for folder in (job.data, job.secrets):
            self._ask(["install", "-d", "-m", "0700", str(folder)], f"le dossier {folder} ne peut pas être créé")
            self._ask(["chown", "-R", f"{account}:", str(folder)], f"le dossier {folder} ne peut pas être confié")
        for folder in (job.report, *job.also):
            if not folder.exists():
                made = ["install", "-d", "-m", "0700", "-o", account, str(folder)]
                self._ask(made, f"le dossier {folder} ne peut pas être créé")
        self.unit.write_text(unit_text(job, account), encoding="utf-8")
        self.unit.chmod(0o644)
        self._ask(["systemctl", "daemon-reload"], "systemd n'a pas relu ses unités")
        self._ask(["systemctl", "enable", "--quiet", self.unit.name], "le service n'a pas pu être activé")
        return tuple(self._unreadable(job, account))

    def start(self) -> None:
        self._installed()
        self._ask(["systemctl", "start", self.unit.name], "le service ne démarre pas")

    def stop(self) -> None:
        self._installed()
        self._ask(["systemctl", "stop", self.unit.name], "le service ne s'arrête pas")

    def state(self) -> State:
        if not self.unit.exists():
            return ABSENT
        names = ("ActiveState", "SubState", "UnitFileState", "User")
        shown = self._ask(
            ["systemctl", "show", self.unit.name, f"--property={','.join(names)}"], "systemd ne répond pas"
        )
        said = dict(line.partition("=")[::2] for line in shown.splitlines())
        return State(
            installed=True,
            running=said.get("ActiveState") in ("active", "reloading", "deactivating"),
            enabled=said.get("UnitFileState") == "enabled",
            account=said.get("User") or None,
            detail=f"{said.get('ActiveState', '')} ({said.get('SubState', '')})",
        )

    def registration(self) -> bytes:
        self._installed()
        return self.unit.read_bytes()

    def take_over(self, job: Job) -> None:
        account = self.state().account
        if account is None:
            raise ServiceError("le service n'a pas de compte", remedy="Lancez « connector service install »")
        self.put_back(unit_text(job, account).encode())

    def put_back(self, registration: bytes) -> None:
        self.unit.write_bytes(registration)
        # A service that failed to start several times is not started before its failures are forgotten.
        self.run(["systemctl", "reset-failed", self.unit.name])
        self._ask(["systemctl", "daemon-reload"], "systemd n'a pas relu ses unités")

    def uninstall(self) -> None:
        self._installed()
        self._ask(["systemctl", "disable", "--quiet", "--now", self.unit.name], "le service n'a pas pu être arrêté")
        self.unit.unlink()
        self._ask(["systemctl", "daemon-reload"], "systemd n'a pas relu ses unités")

    def _ask(self, command: Sequence[str], what: str) -> str:
        return required(self.run, command, what, _HELP)

    def _installed(self) -> None:
        if not self.unit.exists():
            raise ServiceError("le service n'est pas installé", remedy="Lancez « connector service install »")

    def _own_account(self) -> str:
        if self.run(["id", "--user", NAME]).code != 0:
            home = ["--home-dir", f"/var/lib/{NAME}", "--no-create-home", "--shell", "/usr/sbin/nologin"]
            self._ask(["useradd", "--system", "--user-group", *home, NAME], f"le compte {NAME} n'a pas pu être créé")
        return NAME

    def _check_account(self, account: str) -> None:
        said = self.run(["id", "--user", account])
        if said.code != 0:
            raise ConfigurationError(
                f"le compte « {account} » n'existe pas", where="--user", remedy="Nommez un compte de cet ordinateur"
            )
        if said.output.strip() == "0":
            raise ConfigurationError(
                "le service ne tourne pas sous root", where="--user", remedy="Nommez un autre compte, ou aucun"
            )

    def _unreadable(self, job: Job, account: str) -> Iterator[str]:
        """What the account can't read or write yet. A folder that the unit shows by itself is tried from inside."""
        wanted = [(folder, "-r", "rX") for folder in job.watched] + [(job.report, "-w", "rwX")]
        for folder, right, rights in wanted:
            if not folder.is_dir():
                yield f"Le dossier {folder} n'existe pas encore."
            elif not self._may(account, right, folder):
                yield (
                    f"Le compte {account} n'a pas accès à {folder}. Donnez-le-lui, par exemple par : "
                    f"setfacl -R -m u:{account}:{rights} -m d:u:{account}:{rights} '{folder}'"
                )
        if not self._may(account, "-r", job.configuration):
            yield f"Le compte {account} ne peut pas lire {job.configuration}."
        for folder in job.program:
            if not self._may(account, "-x", folder):
                yield (
                    f"Le compte {account} n'atteint pas le programme, dans {folder}. Ouvrez-lui les dossiers au-dessus "
                    "(chmod a+x), ou installez le programme ailleurs, par exemple dans /opt."
                )

    def _may(self, account: str, right: str, path: Path) -> bool:
        inside = path if path.is_dir() else path.parent
        cwd, named = (inside, os.path.relpath(path, inside)) if _is_hidden(path) else (None, str(path))
        return self.run(["runuser", "-u", account, "--", "test", right, named], cwd).code == 0


def _folders(job: Job) -> Iterator[str]:
    """What is shown or may be written. What doesn't exist when the service starts and is hidden stays hidden."""
    yield _paths("ReadWritePaths", job.written)
    shown = [path for path in job.written if _is_hidden(path)]
    if shown:
        yield _paths("BindPaths", shown)
    read = (*job.program, *job.watched, job.configuration.parent)
    only_read = [path for path in outermost(tuple(read)) if _is_hidden(path) and path not in shown]
    if only_read:
        yield _paths("BindReadOnlyPaths", only_read, optional=True)


def _is_hidden(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _HIDDEN)


def _paths(key: str, paths: Iterable[Path], *, optional: bool = False) -> str:
    mark = "-" if optional else ""
    return f"{key}=" + " ".join(_quoted(mark + str(path).replace(":", "\\:")) for path in paths)


def _argument(text: str) -> str:
    return _quoted(text.replace("$", "$$"))


def _quoted(text: str) -> str:
    """A word of a unit: specifiers and quotes mean themselves."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if escaped == text and " " not in text and "'" not in text else f'"{escaped}"'
