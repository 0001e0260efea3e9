"""Shadow copies by WMI, which makes them on every Windows; `vssadmin create shadow` is for servers alone.

Only administrators, backup operators and the system's account may. The shadow is made in the context
`ClientAccessible`: without asking programs to flush what they have in memory, and to stay until it is deleted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pywintypes
import win32file
import win32security

from connector_core.access import make_private_folder
from connector_core.access_windows import ADMINISTRATORS
from connector_core.sources.database.shadow.exchange import NoShadow, Why
from connector_core.sources.database.shadow.records import ID
from connector_core.sources.reach import reach_of

if TYPE_CHECKING:
    from win32com.client.dynamic import CDispatch

_ALLOWED = (ADMINISTRATORS, "S-1-5-32-551")
"""Whom VSS lets make shadows: administrators, among them the system's account, and backup operators."""
_CLASS = "Win32_ShadowCopy"
_CONTEXT = "ClientAccessible"
_IMPERSONATE = 3
_DEVICE = re.compile(r"\\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy[0-9]+")
_CODES: dict[int, Why] = {
    1: "rights",
    3: "unsupported",
    4: "unsupported",
    5: "unsupported",
    6: "room",
    7: "busy",
    8: "room",
    9: "busy",
}
"""What `Create` returns; all else that is not 0 is a failure."""
_NOT_FOUND = 0x80041002
"""WBEM_E_NOT_FOUND."""
_ERRORS: dict[int, Why] = {
    0x80041003: "rights",  # WBEM_E_ACCESS_DENIED
    0x80070005: "rights",  # E_ACCESSDENIED
    _NOT_FOUND: "unsupported",
    0x8004100E: "unsupported",  # WBEM_E_INVALID_NAMESPACE
    0x80041010: "unsupported",  # WBEM_E_INVALID_CLASS
    0x80040154: "unsupported",  # REGDB_E_CLASSNOTREG
}
"""What WMI raises; all else is a want of rights for who has none, and a failure for others."""


class Wmi:
    """Shadow copies by a connection to WMI."""

    def __init__(self, service: CDispatch) -> None:
        self._service = service

    @classmethod
    def connected(cls, private: Path) -> Wmi:
        """Connect; `private` is a folder that only this account may enter."""
        try:
            make_private_folder(private)
        except OSError:
            raise NoShadow("failed") from None
        # win32com unpickles what it finds in the temporary folder: that of the system's account is open to others.
        os.environ["TMP"] = os.environ["TEMP"] = str(private)
        from win32com.client.dynamic import Dispatch

        with _told():
            service = Dispatch("WbemScripting.SWbemLocator").ConnectServer(".", "root\\cimv2")
            service.Security_.ImpersonationLevel = _IMPERSONATE
        return cls(service)

    def look(self) -> None:
        with _told():
            self._service.Get(_CLASS)
        if not is_one_of(*_ALLOWED):
            raise NoShadow("rights")

    def make(self, volume: str) -> str:
        with _told():
            kind = self._service.Get(_CLASS)
            given = kind.Methods_.Item("Create").InParameters.SpawnInstance_()
            given.Properties_.Item("Volume").Value = volume
            given.Properties_.Item("Context").Value = _CONTEXT
            told = kind.ExecMethod_("Create", given).Properties_
            code = int(told.Item("ReturnValue").Value)
            if code:
                raise NoShadow(_CODES.get(code, "failed"))
            return str(told.Item("ShadowID").Value)

    def device(self, shadow: str) -> str:
        with _told():
            device = str(self._shadow(shadow).Properties_.Item("DeviceObject").Value)
        if _DEVICE.fullmatch(device) is None:
            raise NoShadow("failed")
        return device

    def delete(self, shadow: str) -> None:
        try:
            self._shadow(shadow).Delete_()
        except pywintypes.com_error as error:
            if _code(error) != _NOT_FOUND:
                raise _refused(error) from None

    def _shadow(self, shadow: str) -> CDispatch:
        if ID.fullmatch(shadow) is None:
            raise NoShadow("failed")
        found: CDispatch = self._service.Get(f"{_CLASS}.ID='{shadow}'")
        return found


def place_of(path: Path) -> tuple[str, str]:
    """The volume that a file lies on, and the file's path in it. Raise NoShadow where it is on a share."""
    if reach_of(path) == "network":
        raise NoShadow("share")
    real = os.path.realpath(path)
    try:
        volume = str(win32file.GetVolumePathName(real))
        return volume, os.path.relpath(real, volume)
    except (pywintypes.error, ValueError):
        raise NoShadow("unsupported") from None


def is_one_of(*groups: str) -> bool:
    """Whether this process has the rights of one of these groups, by SID: an administrator who does not run it as one
    has not."""
    sids = map(win32security.ConvertStringSidToSid, groups)
    own = None
    return any(win32security.CheckTokenMembership(own, sid) for sid in sids)  # type: ignore[arg-type]  # none is meant


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except pywintypes.com_error as error:
        raise _refused(error) from None


def _refused(error: pywintypes.com_error) -> NoShadow:
    why = _ERRORS.get(_code(error))
    return NoShadow(why or ("failed" if is_one_of(*_ALLOWED) else "rights"))


def _code(error: pywintypes.com_error) -> int:
    """The error's number: that of what was called, where it told one."""
    told = error.args[2] if len(error.args) > 2 else None
    return int((told[5] if told and told[5] else error.args[0]) & 0xFFFFFFFF)
