"""Writing to the person or to the machine that called, and nothing else.

JSON goes to standard output alone; progress goes to standard error, on a terminal, once it has taken a second.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SCHEMA = 1
"""Version of the JSON objects that commands print."""
_PATIENCE = 1.0

Tell = Callable[[str, int], None]
"""Told what is being done and how far it is."""


class Titled(Protocol):
    """What a person knows by a title."""

    @property
    def title(self) -> str: ...


T = TypeVar("T", bound=Titled)


def prepare() -> None:
    """No character may stop a command: UTF-8 into pipes and files, « ? » for what a terminal can't show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def emit(content: Mapping[str, object]) -> None:
    """Print one JSON object, the only thing on standard output."""
    click.echo(json.dumps({"schema": SCHEMA, **content}, ensure_ascii=False, indent=2))


def interactive(stream: IO[str] | None = None) -> bool:
    """Whether a person sees what is written (by default to standard output)."""
    return (stream or sys.stdout).isatty()


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar for what takes longer than a second; silent when nobody looks at standard error."""
    if not sys.stderr.isatty():
        yield _silent
        return
    bar = _Bar()
    timer = threading.Timer(_PATIENCE, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.tell
    finally:
        timer.cancel()
        bar.hide()


def announced(steps: Iterable[T], tell: Tell) -> Iterator[T]:
    """The same steps, each named before it is made."""
    for number, each in enumerate(steps):
        tell(each.title, number)
        yield each


class _Bar:
    """A bar that appears late. `show` comes from the timer's thread, the rest from the command's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._what = "lecture"
        self._done = 0
        self._shown: tuple[Progress, TaskID] | None = None
        self._over = False

    def tell(self, what: str, done: int) -> None:
        with self._lock:
            self._what, self._done = what, done
            if self._shown is not None:
                bar, task = self._shown
                bar.update(task, description=what, completed=done)

    def show(self) -> None:
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._over:
                return
            bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._shown = bar, bar.add_task(self._what, total=None, completed=self._done)
            bar.start()

    def hide(self) -> None:
        with self._lock:
            self._over = True
            if self._shown is not None:
                self._shown[0].stop()


def _silent(_what: str, _done: int) -> None:
    return None
