"""The daemon's end of the local channel: runs a few commands of the program for other accounts of the computer.

The promise: who asks is who the system says, and is the service's own account, root or an administrator, or one that
`[service] allow` names; anyone else gets nothing. What is asked is one of `COMMANDS`, and is run by the program itself
in a process of its own; nothing passes through a shell, and nothing of a request is in an argument or the environment
of a process, where others may read it. A request is bounded in size, in time and in output, and so is their number.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread, Timer
from typing import IO, Protocol

from connector_core.service.channel import (
    PIECE,
    Connection,
    Ended,
    Hello,
    Output,
    Peer,
    Refused,
    practice_mark,
    receive_request,
    send,
)
from connector_core.service.channel_commands import NotRelayed, Relayed, checked
from connector_core.settings.model import Settings

log = logging.getLogger(__name__)

COMMAND = "answer"
"""The command of the program that runs what was asked; it is for the daemon alone."""

AT_ONCE = 4
MOST_PRINTED = 64_000_000
"""Bytes of output of one command."""
PATIENCE = 5.0
"""Seconds for the other end to ask, and to take each piece of the answer."""
_QUIET = 60.0
"""Seconds between two refusals in the log."""
_PAUSE = 1.0
"""Seconds after a connection that came to nothing."""
_STOPPED = 124


class Listener(Protocol):
    """Waits for connections."""

    def accept(self) -> Connection | None:
        """The next connection; None once this is closed, or for one that is gone again. Raise OSError when waiting
        fails."""
        ...

    def close(self) -> None: ...


class Server:
    """Answers on a listener from a thread of its own until closed; `program` starts the program for this practice."""

    def __init__(
        self, listener: Listener, practice: str, own: str, allow: Collection[str], program: Sequence[str]
    ) -> None:
        self._listener = listener
        self._practice = practice
        self._own = own
        self._allow = frozenset(name.casefold() for name in allow)
        self._program = tuple(program)
        self._free = Semaphore(AT_ONCE)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = Event()
        self._quiet_until = time.monotonic()
        self._thread = Thread(target=self._listen, name="channel", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and end what still runs for others."""
        self._closed.set()
        self._listener.close()
        for process in list(self._running):
            process.kill()
        self._thread.join(PATIENCE)

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection = self._listener.accept()
            except OSError as error:
                if not self._closed.is_set():
                    log.error("channel", extra={"failure": type(error).__name__})
                self._closed.wait(_PAUSE)
                continue
            if connection is not None:
                self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        """Greet, and have whoever may ask answered by a thread of its own."""
        try:
            send(connection, Hello(self._practice))
            peer = connection.peer()
            if peer is not None and not self._may(peer, None):
                self._refuse(connection, _STRANGER)
            elif not self._free.acquire(blocking=False):
                self._refuse(connection, Refused("le service répond déjà à d'autres", "Réessayez dans un instant"))
            else:
                Thread(target=self._answer, args=(connection,), name="channel-answer", daemon=True).start()
        except OSError:
            connection.close()

    def _answer(self, connection: Connection) -> None:
        try:
            request = receive_request(connection)
            peer = connection.peer()
            relayed, words = checked(request)
            if peer is None or not self._may(peer, relayed):
                self._refuse(connection, _STRANGER if peer is None or not self._may(peer, None) else _RESERVED)
                return
            log.info("channel", extra={"reason": " ".join(request.command)})
            self._run(connection, relayed, words, request.given or b"")
        except NotRelayed:
            self._refuse(connection, Refused("le service ne fait pas cela pour un autre compte"))
        except OSError:
            return  # whoever asked is gone, or never asked
        finally:
            connection.close()
            self._free.release()

    def _may(self, peer: Peer, relayed: Relayed | None) -> bool:
        """Whether an account may ask for something, or, with None, for anything at all."""
        if peer.account == self._own or peer.administrator:
            return True
        if relayed is not None and relayed.for_administrators:
            return False
        return any(name.casefold() in self._allow for name in peer.names)

    def _refuse(self, connection: Connection, refused: Refused) -> None:
        """Refuse; in the log, once a minute at most, so that nobody can flood it."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            log.warning("channel", extra={"failure": "refused"})
        with suppress(OSError):
            send(connection, refused)
        connection.close()

    def _run(self, connection: Connection, relayed: Relayed, words: Sequence[str], given: bytes) -> None:
        """Run the program, pass on what it prints as it does, and its exit code."""
        with self._started() as process:
            stopped: list[str] = []

            def stop(why: str) -> None:
                stopped.append(why)
                process.kill()

            timer = Timer(relayed.seconds, stop, ("trop long",))
            timer.daemon = True
            timer.start()
            passing = _Passing(connection, stop)
            streams = [
                Thread(target=passing.stream, args=(number, stream), daemon=True)
                for number, stream in ((1, process.stdout), (2, process.stderr))
            ]
            for each in streams:
                each.start()
            with suppress(OSError):
                stdin = process.stdin
                if stdin is not None:
                    stdin.write(json.dumps(words).encode() + b"\n" + given)
                    stdin.close()
            for each in streams:
                each.join()
            code = process.wait()
            timer.cancel()
        if stopped and not passing.broken:
            send(
                connection, Refused(f"la commande a été arrêtée ({stopped[0]})", "Réessayez dans le compte du service")
            )
        elif not passing.broken:
            send(connection, Ended(code if code >= 0 else _STOPPED))

    @contextmanager
    def _started(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [*self._program, COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._running.add(process)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            self._running.discard(process)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()


class _Passing:
    """Passes on what a process prints, on both its outputs, to one connection."""

    def __init__(self, connection: Connection, stop: _Stop) -> None:
        self._connection = connection
        self._stop = stop
        self._lock = Lock()
        self._left = MOST_PRINTED
        self.broken = False

    def stream(self, number: int, stream: IO[bytes]) -> None:
        while piece := os.read(stream.fileno(), PIECE):
            with self._lock:
                if self.broken or self._left < len(piece):
                    self._stop("trop de texte")
                    return
                self._left -= len(piece)
                try:
                    send(self._connection, Output(number, piece))
                except OSError:
                    self.broken = True
                    self._stop("plus personne n'écoute")
                    return


class _Stop(Protocol):
    def __call__(self, why: str) -> None: ...


_STRANGER = Refused(
    "ce compte n'a pas accès au service de connector",
    "Demandez à qui a installé connector de l'ajouter à allow, dans [service]",
)
_RESERVED = Refused(
    "les secrets sont réservés au compte du service et aux administrateurs",
    "Lancez la commande en tant qu'administrateur (sudo, sous Linux)",
)


@contextmanager
def listening(settings: Settings, options: Sequence[str]) -> Iterator[None]:
    """Answer on the local channel of a practice. Where it can't be opened, that is logged: watching goes on without."""
    data = settings.data_folder()
    program = [sys.executable, "-m", "connector_core", *options]
    try:
        listener, own = _opened(settings, data)
    except OSError as error:
        log.error("channel", extra={"failure": type(error).__name__})
        yield
        return
    server = Server(listener, practice_mark(data), own, settings.service.allow, program)
    server.start()
    try:
        yield
    finally:
        server.close()


def _opened(settings: Settings, data: Path) -> tuple[Listener, str]:
    """A listener, and the account of this process."""
    if sys.platform == "win32":
        from connector_core.access_windows import own_sid
        from connector_core.service.channel_pipe import PipeListener, pipe_name

        return PipeListener(pipe_name(practice_mark(data)), settings.service.allow, PATIENCE), own_sid()
    from connector_core.service.channel_socket import SocketListener

    prepared = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    folder = settings.service.channel or (Path(prepared) if prepared else data)
    return SocketListener(folder, for_others=bool(settings.service.allow), patience=PATIENCE), str(os.geteuid())
