"""Loaded by a Python process before anything else, because its folder is on the path: kills that process at a point.

What is run is the product as it ships, started by its own command line. This file wraps the calls of the engine and of
the operating system by which the product touches the disk, counts them, and sends SIGKILL to its own process before or
after the one asked for. `KILL_PLAN` is a folder with one file per kill, `NN-role-point-count`; the first that fits the
process' role is taken by it, and renamed when it strikes, so that each strikes once. `KILL_COUNTS` is a folder into
which a process that ends by itself writes how often each point was passed. With `KILL_SPOILT` the pipeline is made
wrong on purpose, to see that the comparison notices.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

STRUCK = ".struck"

_passed: Counter[str] = Counter()
_wanted: tuple[Path, str, int] | None = None


def _reach(point: str) -> None:
    """A point is passed; the process ends here if this is the one."""
    _passed[point] += 1
    if _wanted is not None and (point, _passed[point]) == _wanted[1:]:
        path = _wanted[0]
        path.with_name(path.name + STRUCK).touch()
        _unlink(path)
        os.kill(os.getpid(), signal.SIGKILL)


_unlink = os.unlink


def _around(name: str, call: Callable) -> Callable:
    def wrapped(*given, **named):
        _reach(f"before {name}")
        done = call(*given, **named)
        _reach(f"after {name}")
        return done

    return wrapped


def _wrap_database(module: ModuleType, of: str = "") -> None:
    class Counting(module.Connection):  # type: ignore[misc, name-defined]  # the engine's own class, known at run time alone
        def execute(self, sql, *given):
            word = sql.split(None, 1)[0].lower()
            point = of + (word if word in ("begin", "commit", "rollback", "pragma") else "statement")
            _reach(f"before {point}")
            done = super().execute(sql, *given)
            _reach(f"after {point}")
            return done

        def commit(self):
            _reach(f"before {of}commit")
            super().commit()
            _reach(f"after {of}commit")

        def executemany(self, sql, rows):
            def counted():
                for row in rows:
                    _reach("row")
                    yield row

            _reach("before statement")
            done = super().executemany(sql, counted())
            _reach("after statement")
            return done

        def backup(self, target):
            _reach("before backup")
            super().backup(target, pages=20, progress=lambda *_: _reach("pages of a backup"))
            _reach("after backup")

    connect = module.connect
    setattr(module, "connect", lambda *given, **named: connect(*given, factory=Counting, **named))  # noqa: B010


def _wrap_vendor(module: ModuleType) -> None:
    """The vendor's database, which flags are written into."""
    _wrap_database(module, "vendor's ")


def _wrap(owner: object, name: str, point: str) -> None:
    setattr(owner, name, _around(point, getattr(owner, name)))


def _wrap_worker(module: ModuleType) -> None:
    _wrap(module, "encode", "answer")
    _wrap(module, "decode_task", "task")


def _wrap_outbox(module: ModuleType) -> None:
    _wrap(module.Outgoing, "queue", "queueing")
    _wrap(module.Outgoing, "send", "delivery")


def _wrap_daemon(module: ModuleType) -> None:
    _wrap(module, "encode", "telling")
    _wrap(module, "decode_answer", "being answered")


def _wrap_folder(module: ModuleType) -> None:
    _wrap(module.WatchedFolder, "done", "noting a file")


def _spoil_pipeline(module: ModuleType) -> None:
    """A pipeline that is wrong on purpose: records are committed before the findings that they give."""
    ask = module.Pipeline._ask

    def asked(self, *given, **named):
        connection = self._store._connection
        connection.execute("COMMIT")
        _reach("between records and findings")
        connection.execute("BEGIN IMMEDIATE")
        return ask(self, *given, **named)

    module.Pipeline._ask = asked


_WRAPS: dict[str, Callable[[ModuleType], None]] = {
    "sqlcipher3": _wrap_database,
    "sqlite3": _wrap_vendor,
    "connector_core.service.worker_loop": _wrap_worker,
    "connector_core.service.outbox": _wrap_outbox,
    "connector_core.service.worker_process": _wrap_daemon,
    "connector_core.sources.folder": _wrap_folder,
}


if "KILL_SPOILT" in os.environ:
    _WRAPS["connector_core.pipeline.attempt"] = _spoil_pipeline


class _Wrapping(Loader):
    """Loads a module as its own loader does, and wraps what it has."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _WRAPS[module.__name__](module)


class _Finder(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in _WRAPS:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Wrapping(spec.loader)
                return spec
        return PathFinder.find_spec(name, path, target)


def _start(role: str) -> None:
    global _wanted
    plan = os.environ.get("KILL_PLAN")
    if plan is not None:
        for path in sorted(Path(plan).iterdir()):
            _, _, rest = path.name.partition("-")
            its_role, _, rest = rest.partition("-")
            point, _, count = rest.rpartition("-")
            if its_role == role and not path.name.endswith(STRUCK):
                _wanted = path, point, int(count)
                break
    os.replace, os.fsync = _around("rename", os.replace), _around("flush", os.fsync)
    os.unlink = _around("removal", os.unlink)
    sys.meta_path.insert(0, _Finder())
    counts = os.environ.get("KILL_COUNTS")
    if counts is not None:
        atexit.register(_write_counts, Path(counts) / f"{role}-{os.getpid()}")


def _write_counts(path: Path) -> None:
    path.write_text("".join(f"{count} {point}\n" for point, count in sorted(_passed.items())))


if "connector_core" in sys.orig_argv:
    _start("worker" if sys.orig_argv[-1] == "work" else "daemon")
