"""A job, and a service manager's commands that are written down instead of run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from connector_core.service.system.base import Ran
from connector_core.service.system.job import Job

collect_ignore = [] if sys.platform == "win32" else ["test_windows.py"]
"""What asks Windows itself runs there, or in Wine (`tox -e wine`)."""


@dataclass
class Commands:
    """Commands that were asked for. `answers` gives, by the beginning of a command, how it goes; the rest goes well."""

    asked: list[str] = field(default_factory=list)
    folders: list[Path | None] = field(default_factory=list)
    answers: dict[str, Ran] = field(default_factory=dict)

    def __call__(self, command: Sequence[str], cwd: Path | None = None) -> Ran:
        self.asked.append(" ".join(command))
        self.folders.append(cwd)
        told = [ran for start, ran in self.answers.items() if self.asked[-1].startswith(start)]
        return told[-1] if told else Ran(0, "")


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    def made(**values: object) -> Job:
        paths = {name: tmp_path / name for name in ("data", "secrets", "report")}
        configuration = tmp_path / "connector.toml"
        configuration.touch()
        given: dict = {
            "interpreter": Path(sys.executable if sys.platform == "win32" else "/opt/connector/bin/python"),
            "options": ("--config", str(configuration)),
            "configuration": configuration,
            "program": (Path("/opt/connector"),),
            "watched": (Path("/srv/exports"),),
            "rescan": timedelta(minutes=1),
            **paths,
            **values,
        }
        return Job(**given)

    return made
