"""A pytest plugin: no log that any process wrote during the run names a person of the invented practice.

Whatever ran in a test's temporary folder has left its logs there. They are searched when a run ends; a leak fails the
run and is told by file and kind, without its text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector_core.testing import people

LOGS = re.compile(r"(connector|worker|agent|erreurs)\.log(\.\d+)?")
_LEAKS = "logged people"


def without_accents(text: str) -> str:
    """Without accents, which logs and exports may have lost."""
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


def _words(words: tuple[str, ...] | list[str]) -> str:
    return "|".join(re.escape(without_accents(each)) for each in words)


_FAMILY = rf"(?:{_words(people._HEADS)})(?:{_words(people._TAILS)})"
KINDS = {
    "a family name": re.compile(rf"\b{_FAMILY}\b", re.IGNORECASE),
    "a given name": re.compile(
        rf"\b(?:{_words([*people._GIVEN_F, *people._GIVEN_M])}|{_words([n.upper() for n in people._GIVEN_F])}"
        rf"|{_words([n.upper() for n in people._GIVEN_M])})\b"
    ),
    "a NIR": re.compile(r"(?<!\d)[1-8](?:[ .]?\d){12}(?:[ .]?\d{2})?(?!\d)"),
    "a date": re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{2}[/.-]\d{2}[/.-]\d{4}|(?:19|20)\d{2}[01]\d[0-3]\d)(?!\d)"),
    "what a test calls secret": re.compile(r"SECRET|OZVRAY|LEGRAND|MALCOURT"),
}
"""What must not be in a log: the names that the invented people are drawn from, anything like a NIR, any date that is
not the time of the line itself or of the clock."""


def leaks(folder: Path) -> Iterator[str]:
    """What the logs below a folder tell of people: where, and which kind of thing."""
    for path in sorted(folder.rglob("*.log*")):
        if LOGS.fullmatch(path.name) and path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                text = without_accents(_without_time(line))
                for kind, pattern in KINDS.items():
                    if pattern.search(text):
                        yield f"{path}:{number}: {kind}"


def _without_time(line: str) -> str:
    """A line without its own time, and without the days that the computer's clock showed: the field `at` of JSON, those
    of the event `clock`, the beginning of any other."""
    try:
        fields = json.loads(line)
    except ValueError:
        return re.sub(r"^\d{4}-\d{2}-\d{2}T[\d:]+Z ", "", line)
    if isinstance(fields, dict):
        for field in ("at", "from_day", "to_day") if fields.get("event") == "clock" else ("at",):
            fields.pop(field, None)
    return json.dumps(fields, ensure_ascii=False)


class LoggedPeople:
    """Searches when a run ends. Under xdist the workers' folders lie in the controller's, which searches them all."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        folder: Path | None = session.config._tmp_path_factory._basetemp  # type: ignore[attr-defined]  # pytest's own
        if folder is None or hasattr(session.config, "workerinput"):
            return
        self.found = list(leaks(folder))
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            terminalreporter.section("people in logs", red=True)
            for each in self.found:
                terminalreporter.line(each)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LoggedPeople(), _LEAKS)
