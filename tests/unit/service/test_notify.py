"""What a service manager hears."""

from __future__ import annotations

import socket
import sys

import pytest

from connector_core.service.notify import notify

if sys.platform == "win32":
    pytest.skip("Windows has no such manager", allow_module_level=True)


@pytest.mark.parametrize("abstract", [False, True])
def test_states_arrive_as_lines_of_one_datagram(tmp_path, monkeypatch, abstract):
    name = f"@{tmp_path.name}-connector" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name[1:]}" if abstract else name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=prêt")
        assert manager.recv(4096).decode("utf-8") == "READY=1\nSTATUS=prêt"


def test_nobody_listening_is_no_error(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")
