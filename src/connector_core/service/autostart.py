"""Starting the agent with the session of the account that asks for it, as each system does it for one account.

Linux desktops read `.desktop` files in `autostart` (freedesktop.org, Desktop Application Autostart), macOS property
lists in `LaunchAgents`, Windows the key `Run` of the account.
"""

from __future__ import annotations

import os
import plistlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from connector_core.errors import ConfigurationError, reason_of

NAME = "connector-agent"
_LABEL = "fr.connector.agent"
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"


def start_at_logon(command: Sequence[str]) -> str:
    """Have a command started with every session of this account; returns where that is written."""
    if sys.platform == "win32":
        return _write_run(subprocess.list2cmdline(command))
    path, content = _file(command)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"le démarrage avec la session n'a pas pu être écrit ({reason_of(error)})",
            where=str(path),
            remedy="Vérifiez vos droits sur ce dossier",
        ) from error
    return str(path)


def start_no_more() -> bool:
    """Have nothing of ours started with the sessions of this account; returns whether something was."""
    if sys.platform == "win32":
        return _delete_run()
    path, _ = _file(())
    was = path.exists()
    path.unlink(missing_ok=True)
    return was


def desktop_entry(command: Sequence[str]) -> str:
    """The entry of a command for a desktop's autostart; each argument is quoted as the specification asks."""
    return (
        "[Desktop Entry]\nType=Application\nName=connector\nComment=Avis du cabinet à l'écran\n"
        f"Exec={' '.join(map(_quoted, command))}\nTerminal=false\nNoDisplay=true\n"
    )


def property_list(command: Sequence[str]) -> bytes:
    """The agent of a session, for launchd."""
    return plistlib.dumps({"Label": _LABEL, "ProgramArguments": list(command), "RunAtLoad": True})


def _file(command: Sequence[str]) -> tuple[Path, bytes]:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist", property_list(command)
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return configuration / "autostart" / f"{NAME}.desktop", desktop_entry(command).encode("utf-8")


def _quoted(argument: str) -> str:
    """An argument of `Exec`: in quotes, with what a shell reads there escaped, then every escape once more, as in any
    text of the file; `%` doubled."""
    escaped = "".join(f"\\{each}" if each in '"`$\\' else each for each in argument)
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'


if sys.platform == "win32":
    import winreg

    def _write_run(command: str) -> str:
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, command)
        return rf"HKCU\{_RUN}, {NAME}"

    def _delete_run() -> bool:
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            try:
                winreg.DeleteValue(key, NAME)
            except FileNotFoundError:
                return False
        return True
