"""The examination of an installation: small checks, each alone behind a guard, so that one that breaks is one answer.

A check looks and changes nothing. What it says holds no patient data: names of folders, sources and plugins, counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from connector_core.errors import ConnectorError
from connector_core.plugins.contributions import Diagnosis, Diagnostic
from connector_core.plugins.guard import Raised, guarded

Answer = Callable[[], Diagnosis]


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check came to."""

    title: str
    diagnosis: Diagnosis


def examine(checks: Iterable[Diagnostic]) -> Iterator[Examined]:
    """Run every check. One that raises an error for a person has found it; any other error is the check's own."""
    for check in checks:
        answer: object = guarded(check.run)
        yield Examined(check.title, _told(check.id, answer))


def _told(name: str, answer: object) -> Diagnosis:
    match answer:
        case Diagnosis():
            return answer
        case Raised(error=ConnectorError() as error):
            where = f" ({error.where})" if error.where else ""
            return Diagnosis(name, "failed", f"{error.what}{where}", remedy=error.remedy or "")
        case Raised():
            return Diagnosis(name, "error", f"cette vérification a échoué : {answer.description}")
        case _:
            return Diagnosis(name, "error", "cette vérification n'a pas donné de réponse")
