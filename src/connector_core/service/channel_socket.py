"""The channel on Linux and macOS: a Unix socket, whose other end the system itself identifies.

The socket lies in a folder that the other accounts may traverse: the one that systemd prepares, the one that the
configuration names, or else the data folder, which only root may enter beside the service. Who may ask is decided by
the identity of the peer; the mode of the socket only spares strangers the asking.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from connector_core.service.channel import Peer

NAME = "connector.sock"
_LONGEST = 100
"""Bytes of a path that every system takes for a socket."""
_BACKLOG = 8
_CREDENTIALS = "3i"
_XUCRED = "=IIh16I"


class SocketConnection:
    """One end of a connection."""

    def __init__(self, connected: socket.socket, patience: float) -> None:
        connected.settimeout(patience)
        self._socket = connected

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            piece = self._socket.recv(min(size - len(received), 65536))
            if not piece:
                raise ConnectionError("the other end is gone")
            received += piece
        return bytes(received)

    def peer(self) -> Peer:
        uid = peer_uid(self._socket)
        return Peer(str(uid), _names(uid), uid == 0)

    def wait(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def close(self) -> None:
        self._socket.close()


class SocketListener:
    """A socket that waits in a folder, for as long as the daemon holds the practice's lock.

    Raise OSError where it can't be made.
    """

    def __init__(self, folder: Path, *, for_others: bool, patience: float) -> None:
        self._path = folder / NAME
        self._patience = patience
        self._closed = False
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._path.unlink(missing_ok=True)
            with _short(self._path) as address:
                self._socket.bind(address)
            self._path.chmod(0o666 if for_others else 0o600)
            self._socket.listen(_BACKLOG)
        except BaseException:
            self._socket.close()
            raise

    def accept(self) -> SocketConnection | None:
        """The next connection; None once this is closed."""
        try:
            connected, _ = self._socket.accept()
        except OSError:
            if self._closed:
                return None
            raise
        if self._closed:
            connected.close()
            return None
        return SocketConnection(connected, self._patience)

    def close(self) -> None:
        """Stop waiting; whoever waits in `accept` is woken."""
        self._closed = True
        with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as waking, _short(self._path) as address:
            waking.connect(address)
        self._path.unlink(missing_ok=True)
        self._socket.close()


def connect(folder: Path, patience: float) -> tuple[SocketConnection, int]:
    """A connection to whoever waits in a folder, and their uid. Raise OSError, PermissionError among them."""
    connected = socket.socket(socket.AF_UNIX)
    try:
        with _short(folder / NAME) as address:
            connected.connect(address)
        return SocketConnection(connected, patience), peer_uid(connected)
    except BaseException:
        connected.close()
        raise


def peer_uid(connected: socket.socket) -> int:
    """The account at the other end, as the kernel noted it when the connection was made."""
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize(_CREDENTIALS)
        _, uid, _ = struct.unpack(_CREDENTIALS, connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return int(uid)
    local_peer_credentials = 0x001
    raw = connected.getsockopt(0, local_peer_credentials, struct.calcsize(_XUCRED))
    _, uid = struct.unpack_from("=II", raw)
    return int(uid)


def _names(uid: int) -> frozenset[str]:
    import pwd

    try:
        return frozenset((pwd.getpwuid(uid).pw_name,))
    except KeyError:
        return frozenset()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A path that a socket's address has room for: Linux reaches a folder by a descriptor of it."""
    if sys.platform != "linux" or len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
