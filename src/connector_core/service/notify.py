"""Telling the service manager how the daemon is, by systemd's protocol: one datagram of `NAME=value` lines.

Nothing of a source is told: states and counts.
"""

from __future__ import annotations

import os
from contextlib import suppress


def notify(*states: str) -> None:
    """Tell the states; silent where no service manager listens, or where it has gone."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    import socket

    abstract = address.startswith("@")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
        sender.connect(f"\0{address[1:]}" if abstract else address)
        sender.sendall("\n".join(states).encode("utf-8"))
