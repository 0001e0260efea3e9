"""The local channel: what may be asked, by whom, and within which bounds."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from connector_core.errors import ConfigurationError
from connector_core.service import channel_server
from connector_core.service.channel import (
    Ended,
    Hello,
    Output,
    Peer,
    Refused,
    Request,
    Said,
    Unreachable,
    practice_mark,
    receive_said,
    send,
)
from connector_core.service.channel_client import ask, reach
from connector_core.service.channel_commands import COMMANDS, NotRelayed, Relayed, checked
from connector_core.service.channel_server import AT_ONCE, Server
from connector_core.settings.model import Settings

OWN, MARIE, ROOT = "1000", Peer("1001", frozenset({"marie"}), False), Peer("0", frozenset({"root"}), True)
STRANGER = Peer("1002", frozenset({"paul"}), False)
DEADLINE = 20.0
ECHO = """
import json, sys
words = json.loads(sys.stdin.buffer.readline())
print(json.dumps(words), sys.stdin.read(), sys.argv[1:], flush=True)
print("à part", file=sys.stderr)
sys.exit(7)
"""


class Pipe:
    """One end of a connection in this process."""

    def __init__(self, peer: Peer | None = None) -> None:
        self._given: deque[int] = deque()
        self._changed = threading.Condition()
        self._peer = peer
        self.closed = False
        self.other = self

    @classmethod
    def pair(cls, peer: Peer | None) -> tuple[Pipe, Pipe]:
        """The command's end, and the daemon's, where the command is `peer`."""
        command, daemon = cls(), cls(peer)
        command.other, daemon.other = daemon, command
        return command, daemon

    def send(self, content: bytes) -> None:
        if self.other.closed:
            raise ConnectionError
        with self.other._changed:
            self.other._given.extend(content)
            self.other._changed.notify_all()

    def receive(self, size: int) -> bytes:
        with self._changed:
            there = self._changed.wait_for(lambda: len(self._given) >= size or self.other.closed, DEADLINE)
            if not there or len(self._given) < size:
                raise ConnectionError
            return bytes(self._given.popleft() for _ in range(size))

    def peer(self) -> Peer | None:
        return self._peer

    def wait(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        self.closed = True
        with self.other._changed:
            self.other._changed.notify_all()


class Waiting:
    """A listener to which the test connects."""

    def __init__(self) -> None:
        self._connections: deque[Pipe | None] = deque()
        self._there = threading.Semaphore(0)

    def connect(self, peer: Peer | None) -> Pipe:
        command, daemon = Pipe.pair(peer)
        self._connections.append(daemon)
        self._there.release()
        return command

    def accept(self) -> Pipe | None:
        self._there.acquire()
        return self._connections.popleft()

    def close(self) -> None:
        self._connections.append(None)
        self._there.release()


@pytest.fixture
def served() -> Iterator[Callable[..., Waiting]]:
    servers: list[Server] = []

    def serve(script: str = ECHO) -> Waiting:
        waiting = Waiting()
        servers.append(Server(waiting, "marque", OWN, ["Marie"], [sys.executable, "-c", script]))
        servers[-1].start()
        return waiting

    yield serve
    for each in servers:
        each.close()


def exchange(waiting: Waiting, peer: Peer, request: Request) -> list[Said]:
    """All that the daemon says."""
    command = waiting.connect(peer)
    send(command, request)
    said: list[Said] = []
    while not said or isinstance(said[-1], Hello | Output):
        said.append(receive_said(command))
    return said


def printed(said: list[Said], stream: int) -> str:
    return b"".join(each.content for each in said if isinstance(each, Output) and each.stream == stream).decode()


def test_the_program_is_given_the_words_and_its_answer_comes_back(served) -> None:
    said = exchange(served(), MARIE, Request(("findings", "list"), {"json": True, "rule": "KINE-BILAN-30"}))
    assert said[0] == Hello("marque")
    words, rest = printed(said, 1).split("]", 1)
    assert json.loads(words + "]") == ["findings", "list", "--json", "--rule=KINE-BILAN-30"]
    assert rest.split() == ["['answer']"]
    assert printed(said, 2).strip() == "à part"
    assert said[-1] == Ended(7)


def test_a_secret_is_given_on_standard_input_alone(served) -> None:
    said = exchange(served(), ROOT, Request(("secrets", "set"), {}, ("base",), b"hunter2"))
    assert printed(said, 1).strip() == '["secrets", "set", "--", "base"] hunter2 [\'answer\']'


@pytest.mark.parametrize(
    ("peer", "command", "answered"),
    [
        (Peer(OWN, frozenset(), False), ("secrets", "list"), True),
        (ROOT, ("secrets", "list"), True),
        (MARIE, ("status",), True),
        (Peer("1003", frozenset({"MARIE"}), False), ("status",), True),
        (MARIE, ("secrets", "list"), False),
        (STRANGER, ("status",), False),
        (Peer("1004", frozenset(), False), ("status",), False),
    ],
)
def test_who_may_ask_what(served, peer: Peer, command: tuple[str, ...], answered: bool) -> None:
    last = exchange(served(), peer, Request(command))[-1]
    assert isinstance(last, Ended if answered else Refused)


def test_where_the_system_tells_who_asks_only_afterwards_nobody_is_still_nobody(served) -> None:
    waiting = served()
    command, daemon = Pipe.pair(None)
    waiting._connections.append(daemon)
    waiting._there.release()
    assert receive_said(command) == Hello("marque")
    send(command, Request(("status",)))
    assert isinstance(receive_said(command), Refused)


def test_a_command_that_takes_too_long_is_ended(served, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {**COMMANDS, ("status",): Relayed(seconds=0.5)}
    monkeypatch.setattr("connector_core.service.channel_commands.COMMANDS", quick)
    said = exchange(served("import time; time.sleep(60)"), MARIE, Request(("status",)))
    assert isinstance(said[-1], Refused)
    assert "trop long" in said[-1].what


def test_a_command_that_prints_too_much_is_ended(served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_server, "MOST_PRINTED", 200_000)
    said = exchange(served("while True: print('x' * 1000)"), MARIE, Request(("status",)))
    assert isinstance(said[-1], Refused)
    assert "trop de texte" in said[-1].what
    assert len(printed(said, 1)) <= 200_000


def test_so_many_are_answered_at_once_and_no_more(served) -> None:
    waiting = served()
    held = [waiting.connect(MARIE) for _ in range(AT_ONCE)]
    for each in held:
        assert receive_said(each) == Hello("marque")
    refused = exchange(waiting, MARIE, Request(("status",)))[-1]
    assert isinstance(refused, Refused)
    assert "répond déjà" in refused.what
    held[0].close()
    deadline = time.monotonic() + DEADLINE
    while isinstance(exchange(waiting, MARIE, Request(("status",)))[-1], Refused):
        assert time.monotonic() < deadline


def test_a_command_whose_asker_is_gone_is_ended(served, tmp_path: Path) -> None:
    script = (
        f"import os, time\nopen({str(tmp_path / 'begun')!r}, 'w').write(str(os.getpid()))\n"
        "while True:\n    print('x' * 1000, flush=True)\n    time.sleep(0.01)\n"
    )
    command = served(script).connect(MARIE)
    send(command, Request(("status",)))
    begun = tmp_path / "begun"
    wait_for(lambda: begun.exists() and begun.read_text() != "")
    command.close()
    wait_for(lambda: not psutil.pid_exists(int(begun.read_text())))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


REFUSED = [
    Request(("config", "show")),
    Request(("run",)),
    Request(("answer",)),
    Request(("secrets", "export-key")),
    Request(("secrets", "set-aside")),
    Request(()),
    Request(("report",), {"folder": "/tmp/x"}),
    Request(("report",), {"open": True}),
    Request(("status",), {"config": "/tmp/x"}),
    Request(("findings", "list"), {"rule": "A --folder=/tmp/x"}),
    Request(("findings", "list"), {"rule": True}),
    Request(("findings", "list"), {"json": "oui"}),
    Request(("findings", "list"), {"json": False}),
    Request(("findings", "list"), {"limit": -1}),
    Request(("findings", "list"), {}, ("dismiss",)),
    Request(("findings", "dismiss"), {"reason": "x"}),
    Request(("findings", "dismiss"), {"reason": "x"}, ("--config=/tmp/x",)),
    Request(("findings", "dismiss"), {"reason": "x\ny"}, ("ab",)),
    Request(("findings", "dismiss"), {"reason": "x" * 501}, ("ab",)),
    Request(("findings", "dismiss"), {"reason": "x"}, ("ab", "cd")),
    Request(("secrets", "set"), {}, ("base",)),
    Request(("secrets", "set"), {}, ("../base",), b"x"),
    Request(("status",), {}, (), b"x"),
]


@pytest.mark.parametrize("request_", REFUSED, ids=str)
def test_what_is_not_on_the_list_is_not_asked_for(request_: Request) -> None:
    with pytest.raises(NotRelayed):
        checked(request_)


def test_values_are_single_words_that_can_not_be_options() -> None:
    _, words = checked(Request(("findings", "dismiss"), {"reason": "--json ; $(id)"}, ("ab12",), no_plugins=True))
    assert words == ["--no-plugins", "findings", "dismiss", "--reason=--json ; $(id)", "--", "ab12"]


def test_every_command_and_option_of_the_list_exists() -> None:
    import click

    from connector_core.cli.main import connector

    context = click.Context(connector)
    for words, relayed in COMMANDS.items():
        command: click.Command | None = connector
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(context, word)
        assert command is not None, words
        options = {name.removeprefix("--") for each in command.params for name in each.opts}
        assert set(relayed.options) <= options
        assert any(isinstance(each, click.Argument) for each in command.params) == (relayed.argument is not None)


def settings(data: Path, **service: object) -> Settings:
    return Settings.model_validate({"data": {"folder": str(data)}, "service": service, "secrets": {"keyring": "file"}})


def test_a_command_that_is_not_relayed_is_told_before_anything_is_said() -> None:
    command, daemon = Pipe.pair(None)
    with pytest.raises(ConfigurationError, match="ne fait pas cela"):
        ask(command, Request(("config", "show")), lambda _stream, _content: None)
    assert not daemon._given


def test_a_daemon_that_ends_in_the_middle_is_told() -> None:
    command, daemon = Pipe.pair(None)
    send(daemon, Output(1, b"la moiti"))
    daemon.close()
    shown: list[bytes] = []
    with pytest.raises(Unreachable, match="jusqu'au bout"):
        ask(command, Request(("status",)), lambda _stream, content: shown.append(content))


if sys.platform != "win32":
    from connector_core.service.channel_socket import NAME, SocketListener, connect

    @pytest.fixture
    def folder(tmp_path: Path) -> Path:
        deep = tmp_path / ("long" * 20) / ("long" * 20)
        deep.mkdir(parents=True)
        return deep

    def test_a_socket_in_a_deep_folder_tells_who_is_at_the_other_end(folder: Path) -> None:
        listener = SocketListener(folder, for_others=False, patience=5)
        try:
            connection, uid = connect(folder, 5)
            accepted = listener.accept()
            assert accepted is not None
            accepted.send(b"bonjour")
            assert connection.receive(7) == b"bonjour"
            assert uid == os.geteuid()
            assert accepted.peer().account == str(os.geteuid())
            assert (folder / NAME).stat().st_mode & 0o777 == 0o600
            connection.close()
            with pytest.raises(ConnectionError):
                accepted.receive(1)
            accepted.close()
        finally:
            listener.close()
        assert not (folder / NAME).exists()
        with pytest.raises(OSError, match="No such file"):
            connect(folder, 5)

    def test_what_a_killed_daemon_left_is_replaced(folder: Path) -> None:
        first = SocketListener(folder, for_others=True, patience=5)
        assert (folder / NAME).stat().st_mode & 0o777 == 0o666
        first._socket.close()
        second = SocketListener(folder, for_others=True, patience=5)
        connection, _ = connect(folder, 5)
        connection.close()
        second.close()

    def test_closing_wakes_who_waits(folder: Path) -> None:
        listener = SocketListener(folder, for_others=False, patience=5)
        accepted: list[object] = ["nothing yet"]
        thread = threading.Thread(target=lambda: accepted.append(listener.accept()))
        thread.start()
        listener.close()
        thread.join(DEADLINE)
        assert accepted[-1] is None

    @contextmanager
    def listening_on(folder: Path, mark: str) -> Iterator[None]:
        """A daemon that greets, and says no more."""
        listener = SocketListener(folder, for_others=False, patience=5)

        def greet() -> None:
            while (connection := listener.accept()) is not None:
                with suppress(OSError):
                    send(connection, Hello(mark))
                connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            yield
        finally:
            listener.close()
            thread.join(DEADLINE)

    def test_without_a_daemon_a_command_is_run_here(folder: Path) -> None:
        assert reach(settings(folder)) is None
        assert reach(settings(folder / "absent")) is None

    def test_the_daemons_own_account_does_it_itself_where_it_can(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with listening_on(folder, practice_mark(folder)):
            assert reach(settings(folder)) is None
            monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
            systemd = settings(folder).model_copy(
                update={"secrets": settings(folder).secrets.model_copy(update={"keyring": "systemd"})}
            )
            connection = reach(systemd)
            assert connection is not None, "only the daemon has the secrets"
            connection.close()
            monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
            assert reach(systemd) is None

    def test_the_daemon_of_another_practice_is_not_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connector_core.service.channel_client.reachable_here", lambda _keyring: False)
        with listening_on(folder, practice_mark(folder / "autre")):
            assert reach(settings(folder)) is None

    def test_whoever_listens_in_a_folder_that_others_may_write_to_is_not_trusted(
        folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("connector_core.service.channel_client.reachable_here", lambda _keyring: False)
        folder.chmod(0o777)
        with listening_on(folder, practice_mark(folder)), pytest.raises(Unreachable, match="n'est pas le service"):
            reach(settings(folder))

    def test_a_socket_that_does_not_open_stops_nothing(folder: Path) -> None:
        with channel_server.listening(settings(folder, channel=str(folder / "absent")), ()):
            assert reach(settings(folder)) is None
