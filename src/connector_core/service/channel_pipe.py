"""The channel on Windows: a named pipe that admits the service's account, SYSTEM, the Administrators and those who may
ask, refuses the network, and learns from the system who wrote to it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection
from pathlib import Path

from connector_core.service.channel import Peer

_PREFIX = r"\\.\pipe\connector-"


def pipe_name(mark: str) -> str:
    """The pipe of a practice's daemon."""
    return _PREFIX + mark


if sys.platform == "win32":
    import pywintypes
    import win32api
    import win32con
    import win32file
    import win32pipe
    import win32security
    import winerror

    from connector_core import access_windows

    _REJECT_REMOTE = 0x8
    _FIRST = 0x80000
    _IDENTIFIED_ONLY = 0x100000 | 0x10000
    """SECURITY_SQOS_PRESENT and SECURITY_IDENTIFICATION: the other end learns who we are, and can't act as us."""
    _BUFFER = 65536
    _LOOK = 0.02
    _BUSY = 5.0
    """Seconds that the daemon may take between two connections."""

    class PipeConnection:
        """One end of a pipe."""

        def __init__(self, handle: object, patience: float, *, served: bool) -> None:
            self._handle = handle
            self._patience = patience
            self._served = served
            self._received = False

        def send(self, content: bytes) -> None:
            for start in range(0, len(content), _BUFFER):
                try:
                    win32file.WriteFile(self._handle, content[start : start + _BUFFER])
                except pywintypes.error as error:
                    raise ConnectionError(error.strerror) from None

        def receive(self, size: int) -> bytes:
            received = bytearray()
            deadline = time.monotonic() + self._patience
            try:
                while len(received) < size:
                    _, there, _ = win32pipe.PeekNamedPipe(self._handle, 0)
                    if there:
                        _, piece = win32file.ReadFile(self._handle, min(size - len(received), there))
                        received += piece
                        deadline = time.monotonic() + self._patience
                    elif time.monotonic() > deadline:
                        raise TimeoutError("the other end is too slow")
                    else:
                        time.sleep(_LOOK)
            except pywintypes.error as error:
                raise ConnectionError(error.strerror) from None
            self._received = True
            return bytes(received)

        def peer(self) -> Peer | None:
            """Known once something was received."""
            if not self._received:
                return None
            try:
                win32security.ImpersonateNamedPipeClient(self._handle)
                try:
                    token = win32security.OpenThreadToken(win32api.GetCurrentThread(), win32con.TOKEN_QUERY, True)
                finally:
                    win32security.RevertToSelf()
                return _peer(token)
            except pywintypes.error as error:
                raise PermissionError(error.strerror) from None

        def wait(self, seconds: float) -> None:
            self._patience = seconds

        def close(self) -> None:
            """At the daemon's end, once the other has read everything and let go, or took too long: what is not read
            by then is lost."""
            try:
                if self._served:
                    self._wait_until_let_go()
                    win32pipe.DisconnectNamedPipe(self._handle)
                win32api.CloseHandle(self._handle)
            except pywintypes.error:
                return

        def _wait_until_let_go(self) -> None:
            deadline = time.monotonic() + self._patience
            while time.monotonic() < deadline:
                try:
                    win32pipe.PeekNamedPipe(self._handle, 0)
                except pywintypes.error:
                    return
                time.sleep(_LOOK)

    class PipeListener:
        """A pipe of which an instance always waits."""

        def __init__(self, name: str, allow: Collection[str], patience: float) -> None:
            self._name = name
            self._patience = patience
            self._closed = False
            readers = (access_windows.sid_named(account) for account in allow)
            admitted = [access_windows.own_sid(), access_windows.SYSTEM, access_windows.ADMINISTRATORS]
            sddl = "D:P" + "".join(f"(A;;GA;;;{sid})" for sid in admitted)
            sddl += "".join(f"(A;;GRGW;;;{sid})" for sid in readers if sid is not None)
            self._security = pywintypes.SECURITY_ATTRIBUTES()
            self._security.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
                sddl, win32security.SDDL_REVISION_1
            )
            self._waiting = self._instance(_FIRST)

        def accept(self) -> PipeConnection | None:
            """The next connection; None once this is closed, or when one is gone before it was taken."""
            waiting = self._waiting
            try:
                win32pipe.ConnectNamedPipe(waiting, None)
            except pywintypes.error as error:
                if error.winerror == winerror.ERROR_NO_DATA:  # connected, and gone again
                    win32pipe.DisconnectNamedPipe(waiting)
                    return None
                if error.winerror != winerror.ERROR_PIPE_CONNECTED:
                    raise ConnectionError(error.strerror) from None
            connection = PipeConnection(waiting, self._patience, served=True)
            if self._closed:
                connection.close()
                return None
            self._waiting = self._instance(0)
            return connection

        def close(self) -> None:
            self._closed = True
            try:
                win32api.CloseHandle(opened(self._name))
            except pywintypes.error:
                return

        def _instance(self, first: int) -> object:
            try:
                return win32pipe.CreateNamedPipe(
                    self._name,
                    win32pipe.PIPE_ACCESS_DUPLEX | first,
                    win32pipe.PIPE_TYPE_BYTE | win32pipe.PIPE_WAIT | _REJECT_REMOTE,
                    win32pipe.PIPE_UNLIMITED_INSTANCES,
                    _BUFFER,
                    _BUFFER,
                    0,
                    self._security,
                )
            except pywintypes.error as error:
                raise OSError(error.winerror, error.strerror) from None

    def connected_to_other(mark: str, data: Path, patience: float) -> PipeConnection | None:
        """A connection to the daemon of a practice when it is another account's; None when there is none, or when it
        runs as this account, or when whoever made the pipe is not the owner of the practice's folder."""
        try:
            handle = opened(pipe_name(mark))
        except pywintypes.error:
            return None
        owner = _owner(handle)
        trusted = {access_windows.SYSTEM, access_windows.ADMINISTRATORS, access_windows.owner_of(data)}
        if owner == access_windows.own_sid() or owner not in trusted:
            win32api.CloseHandle(handle)
            return None
        return PipeConnection(handle, patience, served=False)

    def opened(name: str) -> object:
        """A handle to whoever waits on a pipe, a moment later where they are just taking another connection. Raise
        pywintypes.error when nobody does."""
        deadline = time.monotonic() + _BUSY
        while True:
            try:
                return win32file.CreateFile(
                    name,
                    win32con.GENERIC_READ | win32con.GENERIC_WRITE,
                    0,
                    None,
                    win32con.OPEN_EXISTING,
                    _IDENTIFIED_ONLY,
                    None,
                )
            except pywintypes.error as error:
                if error.winerror != winerror.ERROR_PIPE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK)

    def _owner(handle: object) -> str | None:
        try:
            descriptor = win32security.GetSecurityInfo(
                handle, win32security.SE_KERNEL_OBJECT, win32security.OWNER_SECURITY_INFORMATION
            )
            return str(win32security.ConvertSidToStringSid(descriptor.GetSecurityDescriptorOwner()))
        except pywintypes.error:
            return None

    def _peer(token: object) -> Peer:
        sid, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
        name, domain, _ = win32security.LookupAccountSid(None, sid)
        groups = win32security.GetTokenInformation(token, win32security.TokenGroups)
        enabled = {
            str(win32security.ConvertSidToStringSid(group)) for group, flags in groups if flags & 0x4
        }  # SE_GROUP_ENABLED: an administrator who was not asked for consent is none
        return Peer(
            str(win32security.ConvertSidToStringSid(sid)),
            frozenset((str(name), f"{domain}\\{name}")),
            access_windows.ADMINISTRATORS in enabled
            or str(win32security.ConvertSidToStringSid(sid)) == access_windows.SYSTEM,
        )
