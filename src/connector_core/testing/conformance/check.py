"""What a check is, and what it may answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from connector_core.plugins.conformance import Level

if TYPE_CHECKING:
    pass

T = TypeVar("T")
Outcome = Literal["passed", "failed", "exempt", "not applicable", "open", "blocked"]
"""`exempt`: passed, but for what the scenario gives a reason for. `open`: the sample shows nothing of it, so the level
that asks for it is not reached. `blocked`: not run, since a check that it rests on failed."""

DOCUMENTATION = "docs/vendor/checks.md"
"""The page of the checks; each has an anchor of its own."""


class Broken(Exception):
    """A promise does not hold; the text says what was seen, without a value of a sample."""


class NotApplicable(Exception):
    """The check has no meaning for this plugin or sample, and holds no level back."""


class Open(Exception):
    """The sample lacks what the check needs."""


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """One promise. `after` are checks without which this one would only repeat their failure; `exemptible` says that a
    scenario may give a reason why a format can't keep it; `every` that each sample must show it, not one of them."""

    code: str
    level: Level
    title: str
    why: str
    run: Callable[[T], None]
    after: tuple[str, ...] = ()
    exemptible: bool = False
    every: bool = False

    @property
    def link(self) -> str:
        return f"{DOCUMENTATION}#{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check answered on a plugin (`sample` is empty) or on one of its samples."""

    code: str
    sample: str
    outcome: Outcome
    said: str = ""


def check(
    code: str, level: Level, *, after: Iterable[str] = (), exemptible: bool = False, every: bool = False
) -> Callable[[Callable[[T], None]], Check[T]]:
    """Make a check of a function; the first line of its docstring is the promise, the rest says why it matters."""

    def made(run: Callable[[T], None]) -> Check[T]:
        title, _, why = (inspect.getdoc(run) or "").partition("\n")
        return Check(code, level, title, " ".join(why.split()), run, tuple(after), exemptible, every)

    return made
