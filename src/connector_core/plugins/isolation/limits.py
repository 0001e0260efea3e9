"""How much a connector in a process of its own may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. Only the time that is spent waiting for the connector counts.

    `start` is for the process to start and import the plugin, `look` for saying whether it knows a file, `message` for
    each other answer, `file` for all answers about one file. `memory` is of the process's address space, the
    interpreter included.
    """

    start: float = 60.0
    look: float = 20.0
    message: float = 60.0
    file: float = 900.0
    memory: int = 1 << 30
    rest: float = 60.0
    """Seconds for which a connector is left alone that did not answer in time again and again."""
