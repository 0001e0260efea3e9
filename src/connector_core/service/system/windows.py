"""The service under Windows: hosted by pywin32's `pythonservice.exe`, beside the interpreter.

It runs as a virtual account of its own (`NT SERVICE\\connector`), which has no password and no other rights than those
that are given here: the folders of data, secrets and report, which lose what they inherit. It starts with the machine,
after what starts first, and again after a failure.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pywintypes
import win32api
import win32file
import win32service
import win32serviceutil
import win32wnet
import winerror

from connector_core.errors import ConfigurationError, ConnectorError
from connector_core.service.system.base import ABSENT, Run, ServiceError, State, required, run
from connector_core.service.system.drives import refuse_mapped
from connector_core.service.system.job import DESCRIPTION, NAME, TITLE, Job

if TYPE_CHECKING:
    from _win32typing import PySC_HANDLE

CLASS = "connector_core.service.system.windows_service.ConnectorService"
CONFIGURATION = "Configuration"
NO_PLUGINS = "NoPlugins"
"""The service's own parameters in the registry."""
_HOST = "pythonservice.exe"
_OWN_ACCOUNT = f"NT SERVICE\\{NAME}"
_PATIENCE = 90.0
"""Seconds that a start or a stop may take."""
_LOOK = 0.1
_AGAIN = (60_000, 300_000, 900_000)
"""Milliseconds after which a service that failed is started again; the last one from then on."""
_FORGOTTEN = 86_400
"""Seconds without a failure after which they are counted anew."""
_ADMINISTRATORS, _SYSTEM = "*S-1-5-32-544", "*S-1-5-18"
_SYSTEM_ACCOUNT = "localsystem"
"""The name by which a service is given the system's account."""
_HELP = "Voyez le journal « Application » dans l'Observateur d'événements"
_STATES = {
    win32service.SERVICE_STOPPED: "stopped",
    win32service.SERVICE_START_PENDING: "start pending",
    win32service.SERVICE_STOP_PENDING: "stop pending",
    win32service.SERVICE_RUNNING: "running",
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Windows:
    """The service control manager; `account` runs the service unless a job names another."""

    run: Run = run
    account: str = _OWN_ACCOUNT

    def install(self, job: Job) -> Sequence[str]:
        refuse_mapped((*job.watched, job.data, job.secrets, job.report), share_of)
        host = _host(job)
        account = job.account or self.account
        if self.state().installed:
            self.uninstall()
        _asked(
            "le service n'a pas pu être créé",
            lambda: win32serviceutil.InstallService(
                CLASS,
                NAME,
                TITLE,
                startType=win32service.SERVICE_AUTO_START,
                userName=account,
                exeName=str(host),
                description=DESCRIPTION,
            ),
        )
        win32serviceutil.SetServiceCustomOption(NAME, CONFIGURATION, str(job.configuration))
        win32serviceutil.SetServiceCustomOption(NAME, NO_PLUGINS, int("--no-plugins" in job.options))
        others = job.report if job.report.is_dir() else None
        for folder in (job.data, job.secrets, job.report):
            folder.mkdir(parents=True, exist_ok=True)
        self._protect(job, account, others)
        return tuple(_configured())

    def start(self) -> None:
        if self._running():
            return
        _asked("le service ne démarre pas", lambda: win32serviceutil.StartService(NAME))
        self._wait(win32service.SERVICE_RUNNING, "le service ne démarre pas")

    def stop(self) -> None:
        if not self._running():
            return
        _asked("le service ne s'arrête pas", lambda: win32serviceutil.StopService(NAME))
        self._wait(win32service.SERVICE_STOPPED, "le service ne s'arrête pas")

    def state(self) -> State:
        try:
            with _service(win32service.SERVICE_QUERY_STATUS | win32service.SERVICE_QUERY_CONFIG) as service:
                now = win32service.QueryServiceStatus(service)[1]
                configured = win32service.QueryServiceConfig(service)
        except pywintypes.error as error:
            if error.winerror == winerror.ERROR_SERVICE_DOES_NOT_EXIST:
                return ABSENT
            raise _refused("le service ne répond pas", error) from None
        return State(
            installed=True,
            running=now != win32service.SERVICE_STOPPED,
            enabled=configured[1] == win32service.SERVICE_AUTO_START,
            account=configured[7] or None,
            detail=_STATES.get(now, str(now)),
        )

    def registration(self) -> bytes:
        self._running()
        with _service(win32service.SERVICE_QUERY_CONFIG) as service:
            return str(win32service.QueryServiceConfig(service)[3]).encode()

    def take_over(self, job: Job) -> None:
        self.put_back(f'"{_host(job)}"'.encode())

    def put_back(self, registration: bytes) -> None:
        _asked("le programme du service n'a pas pu être changé", lambda: _change_program(registration.decode()))

    def uninstall(self) -> None:
        self.stop()
        _asked("le service n'a pas pu être retiré", lambda: win32serviceutil.RemoveService(NAME))

    def _running(self) -> bool:
        state = self.state()
        if not state.installed:
            raise ServiceError("le service n'est pas installé", remedy="Lancez « connector service install »")
        return state.running

    def _wait(self, wanted: int, what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while (now := win32serviceutil.QueryServiceStatus(NAME)[1]) != wanted:
            ended = wanted == win32service.SERVICE_RUNNING and now == win32service.SERVICE_STOPPED
            if ended or time.monotonic() > deadline:
                raise ServiceError(what, remedy=_HELP)
            time.sleep(_LOOK)

    def _protect(self, job: Job, account: str, others: Path | None) -> None:
        """Only the service, the administrators and the system have our folders; a reader may read the report. A folder
        that was there before, `others`, keeps its rights, and the service gets its own besides."""
        full = "(OI)(CI)F"
        service = () if account.lower() == _SYSTEM_ACCOUNT else (account,)
        for folder in job.written:
            if folder != others:
                granted = [f"{each}:{full}" for each in (*service, _ADMINISTRATORS, _SYSTEM)]
                self._icacls(folder, "/inheritance:r", "/grant:r", *granted)
            elif service:
                self._icacls(folder, "/grant", f"{account}:(OI)(CI)M")
        if job.configuration.parent in job.written:
            self._icacls(job.configuration, "/grant", "*S-1-5-32-545:R")
        if job.reader is not None:
            self._icacls(job.report, "/grant", f"{job.reader}:(OI)(CI)RX")

    def _icacls(self, path: Path, *rights: str) -> None:
        required(self.run, ["icacls", str(path), *rights, "/Q"], f"les droits de {path} n'ont pas pu être posés", _HELP)


def configuration_of_service() -> Path | None:
    """The configuration that the installed service runs for; None when there is no service."""
    try:
        kept = win32serviceutil.GetServiceCustomOption(NAME, CONFIGURATION)
    except pywintypes.error:
        return None
    return None if kept is None else Path(str(kept))


def _host(job: Job) -> Path:
    """pywin32's host of services, beside a job's interpreter."""
    host = job.interpreter.with_name(_HOST)
    if not host.is_file():
        raise ConfigurationError(
            f"{_HOST} n'est pas à côté de l'interpréteur",
            where=str(host.parent),
            remedy="Installez connector par son fichier .msi",
        )
    return host


def check_administrator() -> None:
    """Raise ConnectorError unless the caller may change the system's services."""
    try:
        handle = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CREATE_SERVICE)
    except pywintypes.error:
        raise ConnectorError(
            "il faut être administrateur", remedy="Ouvrez le terminal par « Exécuter en tant qu'administrateur »"
        ) from None
    win32service.CloseServiceHandle(handle)


def share_of(letter: str) -> str | None:
    """What a drive's letter stands for, as `drives` wants it. A letter that this session lacks may be one of the
    person's own session: a console opened as administrator doesn't see those."""
    kind = win32file.GetDriveType(f"{letter}\\")
    if kind not in (win32file.DRIVE_REMOTE, win32file.DRIVE_NO_ROOT_DIR):
        return None
    if sys.platform == "win32":
        import winreg

        with suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, rf"Network\{letter[0]}") as key:
            return str(winreg.QueryValueEx(key, "RemotePath")[0])
    with suppress(pywintypes.error):
        return str(win32wnet.WNetGetUniversalName(f"{letter}\\", 1)).rstrip("\\")
    return ""


def _configured() -> Iterator[str]:
    """Set what InstallService can't; what the system refuses is told, since the service runs without it."""
    actions = [(win32service.SC_ACTION_RESTART, delay) for delay in _AGAIN]
    wanted: tuple[tuple[int, object, str], ...] = (
        (win32service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True, "le démarrage différé"),
        (
            win32service.SERVICE_CONFIG_FAILURE_ACTIONS,
            {"ResetPeriod": _FORGOTTEN, "RebootMsg": "", "Command": "", "Actions": actions},
            "le redémarrage après un échec",
        ),
        (win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True, "le redémarrage après une erreur"),
    )
    with _service(win32service.SERVICE_ALL_ACCESS) as service:
        for level, value, what in wanted:
            try:
                win32service.ChangeServiceConfig2(service, level, value)
            except pywintypes.error:
                yield f"Windows n'a pas accepté {what}."


def _change_program(path: str) -> None:
    same = win32service.SERVICE_NO_CHANGE
    with _service(win32service.SERVICE_CHANGE_CONFIG) as service:
        win32service.ChangeServiceConfig(service, same, same, same, path, None, False, None, None, None, None)


@contextmanager
def _service(access: int) -> Iterator[PySC_HANDLE]:
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    try:
        service = win32service.OpenService(manager, NAME, access)
        try:
            yield service
        finally:
            win32service.CloseServiceHandle(service)
    finally:
        win32service.CloseServiceHandle(manager)


def _asked(what: str, ask: Callable[[], _T]) -> _T:
    try:
        return ask()
    except pywintypes.error as error:
        raise _refused(what, error) from None


def _refused(what: str, error: pywintypes.error) -> ServiceError:
    return ServiceError(
        f"{what} (code {error.winerror} : {win32api.FormatMessage(error.winerror).strip()})", remedy=_HELP
    )
