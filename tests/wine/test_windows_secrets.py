"""What only Windows has, run under Wine: DPAPI, access lists, and who is at the other end of a named pipe."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from connector_core import access_windows
from connector_core.access import make_private_folder, strangers
from connector_core.errors import ConfigurationError
from connector_core.secrets import open_secrets, store_key
from connector_core.secrets.dpapi import MachineProtector
from connector_core.service.channel import Ended, Hello, Output, Refused, Request, receive_said, send
from connector_core.service.channel_pipe import PipeConnection, PipeListener, connected_to_other, opened, pipe_name
from connector_core.service.channel_server import Server

pytestmark = pytest.mark.wine

VALUE = "hunter2-é"
ECHO = "import sys; print(sys.stdin.buffer.readline().decode(), sys.stdin.read()); sys.exit(7)"


def test_dpapi_decrypts_what_it_encrypted_for_the_same_name_only() -> None:
    machine = MachineProtector()
    sealed = machine.protect(VALUE.encode(), b"a")
    assert VALUE.encode() not in sealed
    assert machine.unprotect(sealed, b"a") == VALUE.encode()
    with pytest.raises(OSError, match=r"."):
        machine.unprotect(sealed, b"b")
    with pytest.raises(OSError, match=r"."):
        machine.unprotect(sealed[:-3], b"a")


def test_secrets_are_kept_encrypted_in_a_folder_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    open_secrets("dpapi", folder).set("base", VALUE)
    secrets = open_secrets("dpapi", folder)
    assert secrets.get("base") == VALUE
    assert secrets.names() == ("base",)
    assert VALUE.encode() not in (folder / "secrets.dpapi.json").read_bytes()
    assert store_key(secrets, create=True) == store_key(secrets)
    assert strangers(folder) == ()
    assert strangers(folder / "secrets.dpapi.json") == ()


def test_a_private_folder_admits_its_maker_system_and_administrators(tmp_path: Path) -> None:
    folder = tmp_path / "prive"
    make_private_folder(folder)
    listed = access_windows.listed(folder)
    assert strangers(folder) == ()
    assert "(A;OICI;FA;;;SY)" in listed
    assert access_windows.owner_of(folder) == access_windows.own_sid()


def test_a_folder_that_others_may_read_is_refused_for_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    open_secrets("file", folder).set("base", VALUE)
    access_windows.admit_only(folder, "S-1-1-0")
    assert strangers(folder) == ("tout le monde",)
    with pytest.raises(ConfigurationError, match="d'autres comptes"):
        open_secrets("file", folder).get("base")
    assert strangers(folder, admitted=["S-1-1-0", "WD"]) == ()


def asked(name: str, request: Request) -> list[object]:
    connection = PipeConnection(opened(name), 20, served=False)
    try:
        send(connection, request)
        said: list[object] = [receive_said(connection)]
        while isinstance(said[-1], Hello | Output):
            said.append(receive_said(connection))
        return said
    finally:
        connection.close()


def test_a_pipe_relays_a_command_and_knows_who_asked() -> None:
    name = pipe_name("essai-un")
    server = Server(PipeListener(name, [], 5), "marque", access_windows.own_sid(), [], [sys.executable, "-c", ECHO])
    server.start()
    try:
        said = asked(name, Request(("secrets", "set"), {}, ("base",), VALUE.encode()))
        text = b"".join(each.content for each in said if isinstance(each, Output)).decode()
        assert said[0] == Hello("marque")
        assert '["secrets", "set", "--", "base"]' in text
        assert VALUE in text
        assert said[-1] == Ended(7)
        (refused,) = asked(name, Request(("config", "show")))[1:]
        assert isinstance(refused, Refused)
    finally:
        server.close()


def test_the_peer_is_this_account_once_something_was_received() -> None:
    listener = PipeListener(pipe_name("essai-deux"), [], 5)
    accepted: list[PipeConnection | None] = []
    thread = threading.Thread(target=lambda: accepted.append(listener.accept()))
    thread.start()
    connection = PipeConnection(opened(pipe_name("essai-deux")), 5, served=False)
    thread.join(20)
    (served,) = accepted
    assert served is not None
    assert served.peer() is None
    connection.send(b"x")
    assert served.receive(1) == b"x"
    peer = served.peer()
    assert peer is not None
    assert peer.account == access_windows.own_sid()
    connection.close()
    with pytest.raises(ConnectionError):
        served.receive(1)
    served.close()


def test_who_connects_and_goes_holds_up_nobody() -> None:
    name = pipe_name("essai-cinq")
    program = [sys.executable, "-c", ECHO]
    server = Server(PipeListener(name, [], 5), "marque", access_windows.own_sid(), [], program)
    server.start()
    try:
        for _ in range(5):
            PipeConnection(opened(name), 5, served=False).close()
        assert asked(name, Request(("status",)))[-1] == Ended(7)
    finally:
        server.close()


def test_this_accounts_own_daemon_is_not_asked(tmp_path: Path) -> None:
    assert connected_to_other("essai-trois", tmp_path, 5) is None
    listener = PipeListener(pipe_name("essai-trois"), [], 5)
    thread = threading.Thread(target=listener.accept)
    thread.start()
    assert connected_to_other("essai-trois", tmp_path, 5) is None
    thread.join(20)
    assert not thread.is_alive()
