"""The daemon's log: one object a line, made of allowed fields and nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector_core.service import logs

SECRET = "OZVRAY-SECRET"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logging.Logger]:
    root = logging.getLogger("connector_core")
    before = root.handlers[:], root.level, root.propagate
    logs.start(tmp_path)
    yield logging.getLogger("connector_core.essai")
    for handler in root.handlers[:]:
        if handler not in before[0]:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(before[1])
    root.propagate = before[2]


def lines(tmp_path: Path) -> list[dict[str, object]]:
    text = (tmp_path / "connector.log").read_text("utf-8")
    assert SECRET not in text
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_is_one_line_with_what_is_allowed(log: logging.Logger, tmp_path: Path) -> None:
    log.info("work", extra={"files": 2, "reason": "été", "patient": SECRET})
    (line,) = lines(tmp_path)
    assert (line["event"], line["level"], line["files"], line["reason"]) == ("work", "info", 2, "été")
    assert set(line) == {"at", "level", "event", "files", "reason"}


def test_what_is_built_from_data_is_left_out(log: logging.Logger, tmp_path: Path) -> None:
    log.warning("patient %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("attempt", extra={"failure": "ValueError"})
    first, second = lines(tmp_path)
    assert first["event"] == "connector_core.essai"
    assert (second["event"], second["failure"]) == ("attempt", "ValueError")


def test_nothing_of_it_goes_elsewhere(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.error("work")
    assert capsys.readouterr() == ("", "")
