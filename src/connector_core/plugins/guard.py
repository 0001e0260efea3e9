"""The one place where whatever a plugin raises is caught.

`SystemExit` is caught too: a plugin that calls `sys.exit` must not end the service. `KeyboardInterrupt` is not: it
comes from the person at the keyboard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from connector_core.errors import ConnectorBroke, ConnectorRests

T = TypeVar("T")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Raised:
    """What a plugin raised instead of answering."""

    error: Exception | SystemExit

    @property
    def description(self) -> str:
        """In French, without the exception's own text, which may quote a source."""
        error = self.error
        if isinstance(error, ConnectorBroke | ConnectorRests):
            return error.what
        if isinstance(error, SystemExit):
            return "a demandé l'arrêt du programme"
        if isinstance(error, ModuleNotFoundError) and _MODULE.fullmatch(error.name or ""):
            return f"il manque le module « {error.name} »"
        return f"échec inattendu ({type(error).__name__})"


def guarded(call: Callable[[], T]) -> T | Raised:
    """The answer of a call into a plugin, or what it raised."""
    try:
        return call()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the boundary that this module is about
        return Raised(error)
