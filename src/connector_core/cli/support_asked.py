"""Our own commands, asked in processes of their own: a plugin that hangs or crashes there stops nothing here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from connector_core.errors import ConnectorError

PATIENCE = 120.0
"""Seconds that the commands may take, all together."""
_CODES = {2: "l'appel ou la configuration est à corriger", 3: "le service ou le magasin est inaccessible"}
_NO_PLUGINS = "--no-plugins"


class Unanswered(ConnectorError):
    """One of our own commands gave no answer."""


@dataclass
class Asked:
    """Commands that run beside each other; `options` are the general ones."""

    options: Sequence[str]
    _running: dict[tuple[str, ...], subprocess.Popen[bytes]] = field(default_factory=dict)
    _answers: dict[tuple[str, ...], Mapping[str, object] | Unanswered] = field(default_factory=dict)
    _until: float = field(default_factory=lambda: time.monotonic() + PATIENCE)

    def start(self, *words: str) -> None:
        """Have a command begin."""
        with suppress(OSError):  # said when its answer is asked for
            self._running[words] = self._started(self.options, words)

    def answer(self, *words: str) -> Mapping[str, object]:
        """What a command answers as JSON; where it breaks, what it answers without plugins. Raise Unanswered."""
        if words not in self._answers:
            self._answers[words] = self._answered(words)
        found = self._answers[words]
        if isinstance(found, Unanswered):
            raise found
        return found

    def close(self) -> None:
        """End what still runs."""
        for process in self._running.values():
            process.kill()
            process.communicate()
        self._running.clear()

    def _answered(self, words: tuple[str, ...]) -> Mapping[str, object] | Unanswered:
        try:
            running = self._running.pop(words) if words in self._running else self._started(self.options, words)
            return self._collected(words, running)
        except (Unanswered, OSError) as broken:
            why = broken.what if isinstance(broken, Unanswered) else type(broken).__name__
        if _NO_PLUGINS in self.options:
            return Unanswered(why)
        try:
            answer = self._collected(words, self._started([*self.options, _NO_PLUGINS], words))
        except (Unanswered, OSError):
            return Unanswered(why)
        return {**answer, "without_plugins_since": why}

    def _started(self, options: Sequence[str], words: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "connector_core", *options, *words, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "CONNECTOR_DEBUG"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    def _collected(self, words: Sequence[str], process: subprocess.Popen[bytes]) -> Mapping[str, object]:
        command = f"« connector {' '.join(words)} »"
        try:
            said, _ = process.communicate(timeout=max(1.0, self._until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Unanswered(f"{command} n'a pas répondu à temps") from None
        try:
            content: object = json.loads(said)
        except ValueError:
            content = None
        if isinstance(content, Mapping):
            return content
        why = _CODES.get(process.returncode, f"code {process.returncode}")
        raise Unanswered(f"{command} n'a pas donné de réponse ({why})")
