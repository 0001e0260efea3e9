"""A process of its own that imports a plugin and reads its samples, and tells what that did beside.

Asked in JSON on its standard input, it answers in a file, so that anything on its own outputs is the plugin's. What the
interpreter does is seen by an audit hook, which can't be taken off.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint
from pathlib import Path

from connector_core.formats.document import SpooledFile
from connector_core.plugins.hookspecs import ENTRY_POINT_GROUP
from connector_core.plugins.loader import load_plugins
from connector_core.sources.local import LocalFile
from connector_core.testing.conformance.check import Broken
from connector_core.testing.conformance.databases import extract_of, plans_of
from connector_core.testing.conformance.scenario import database_of, exports_of, samples_below
from connector_core.testing.conformance.told import read

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FILES = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "sqlite3.connect"}
)
_NETWORK = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
    }
)
"""A socket alone is nothing: libraries make one to learn what the PC can do."""
_PROCESSES = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile"}
)
_ENVIRONMENT = frozenset({"os.putenv", "os.unsetenv", "os.chdir"})


class Watch:
    """What the interpreter was seen doing since it was last asked."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._seen: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if (event == "open" and self._is_written(*arguments)) or event in _FILES:
            self._seen.append("file")
        elif event in _NETWORK:
            self._seen.append("network")
        elif event in _PROCESSES:
            self._seen.append("process")
        elif event in _ENVIRONMENT:
            self._seen.append("environment")

    def _is_written(self, path: object, mode: object, flags: object) -> bool:
        if not isinstance(flags, int) or not flags & _WRITES:
            return False
        return not (isinstance(path, str | bytes | os.PathLike) and _below(os.fsdecode(path), self._own))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What happens meanwhile is none of the plugin's doing."""
        before = list(self._seen)
        try:
            yield
        finally:
            self._seen = before

    def seen(self) -> list[str]:
        found, self._seen = sorted(set(self._seen)), []
        return found


def _below(path: str, folder: Path) -> bool:
    return os.path.realpath(path).startswith(str(folder) + os.sep) or path == os.devnull


def main() -> None:
    """Answer once."""
    asked = json.load(sys.stdin)
    told = Path(asked["told"])
    warm = load_plugins(entry_points=[])
    samples = Path(asked["samples"])
    watch = Watch(samples)
    answer = _answer(asked, samples, watch, len(warm.connectors))
    told.write_text(json.dumps(answer), encoding="utf-8")


def _answer(asked: Mapping[str, str], samples: Path, watch: Watch, before: int) -> dict[str, object]:
    environment, threads = dict(os.environ), threading.active_count()
    started = time.process_time()
    host = load_plugins(entry_points=[EntryPoint(asked["name"], asked["value"], ENTRY_POINT_GROUP)])
    seconds = time.process_time() - started
    effects = watch.seen()
    if threading.active_count() > threads:
        effects.append("thread")
    if dict(os.environ) != environment:
        effects.append("environment")
    registered = host.connectors.get(asked["name"])
    digests: dict[str, str] = {}
    if registered is not None and len(host.connectors) > before:
        for sample in samples_below(samples):
            files: list[SpooledFile] = [LocalFile(path) for path in exports_of(samples / sample)]
            base = database_of(samples / sample)
            if base is not None:
                plans = plans_of(registered.connector)
                with watch.apart(), suppress(Broken):  # where it can't be read, a check says so
                    files.append(extract_of(base, plans))
            lines = read(registered.connector, files).lines
            digests[sample] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return {
        "seconds": seconds,
        "effects": sorted(set(effects)),
        "escapes": watch.seen(),
        "digests": digests,
    }


if __name__ == "__main__":
    main()
