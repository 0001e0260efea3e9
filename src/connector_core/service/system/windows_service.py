"""The daemon as Windows hosts it: `pythonservice.exe` imports this module by the name in the service's registry key.

The service control manager speaks to a thread that is not Python's main one, so no signal stops the daemon: the
manager's request does. Start, end and failure go to the Application event log; nothing else does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import servicemanager
import win32service
import win32serviceutil

from connector_core.errors import ConnectorError
from connector_core.service.system.job import DESCRIPTION, NAME, TITLE
from connector_core.service.system.windows import CONFIGURATION, NO_PLUGINS

_STOP_HINT = 90_000
"""Milliseconds that the turn which is running may take to end."""


class ConnectorService(win32serviceutil.ServiceFramework):
    """One practice's daemon, for the configuration named in the service's parameters."""

    _svc_name_: ClassVar[str] = NAME
    _svc_display_name_: ClassVar[str] = TITLE
    _svc_description_: ClassVar[str] = DESCRIPTION

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._stop: Callable[[], None] | None = None
        self._told_to_stop = False

    def SvcStop(self) -> None:
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, _STOP_HINT)
        self._told_to_stop = True
        if self._stop is not None:
            self._stop()

    def SvcShutdown(self) -> None:
        self.SvcStop()

    def SvcDoRun(self) -> None:
        """Serve until told to stop. What is raised ends the service with an error: it is started again."""
        # Other processes are started by the interpreter, not by another host of services.
        sys.executable = str(Path(sys.executable).with_name("python.exe"))
        servicemanager.LogInfoMsg("Le service démarre.")
        try:
            self._serve()
        except ConnectorError as error:
            servicemanager.LogErrorMsg(str(error))
            raise
        servicemanager.LogInfoMsg("Le service s'est arrêté.")

    def _serve(self) -> None:
        from connector_core.service.serve import serve
        from connector_core.settings.load import load

        configuration = str(win32serviceutil.GetServiceCustomOption(NAME, CONFIGURATION))
        plain = bool(win32serviceutil.GetServiceCustomOption(NAME, NO_PLUGINS, 0))
        options = ("--config", configuration, *(("--no-plugins",) if plain else ()))
        os.chdir(Path(sys.executable).parent)
        serve(load(Path(configuration), os.environ), options=options, stopped_by=self._stopped_by)

    def _stopped_by(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        if self._told_to_stop:
            stop()
