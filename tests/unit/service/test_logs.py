"""The logs: one object a line, made of allowed fields in an allowed form and nothing else, whoever logs."""

from __future__ import annotations

import ast
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import connector_core
from connector_core.service import logs

SECRET = "OZVRAY-SECRET"
SOURCES = Path(connector_core.__file__).parent
METHODS = ("debug", "info", "warning", "error", "exception", "critical")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[logging.Handler]:
    levels = [(each, each.level) for each in (logging.getLogger(), logging.getLogger(logs.OURS))]
    handler = logs.start(tmp_path)
    yield handler
    logs.stop(handler)
    for logger, level in levels:
        logger.setLevel(level)


@pytest.fixture
def log(started: logging.Handler) -> logging.Logger:
    return logging.getLogger("connector_core.essai")


@pytest.fixture
def lines(tmp_path: Path) -> Callable[[], list[dict[str, object]]]:
    def read() -> list[dict[str, object]]:
        text = (tmp_path / logs.DAEMON_LOG).read_text("utf-8")
        assert SECRET not in text
        return [json.loads(line) for line in text.splitlines()]

    return read


def test_an_event_is_one_line_with_what_is_allowed(log: logging.Logger, lines) -> None:
    log.info("work", extra={"files": 2, "reason": "été", "patient": SECRET})
    (line,) = lines()
    assert (line["event"], line["level"], line["files"], line["reason"]) == ("work", "info", 2, "été")
    assert set(line) == {"at", "level", "event", "files", "reason"}


def test_structlog_writes_the_same_line(log: logging.Logger, lines) -> None:
    structured = logs.structured("connector_core.essai")
    log.info("work", extra={"files": 2, "reason": "été"})
    structured.info("work", files=2, reason="été", patient=SECRET)
    structured.info(f"patient {SECRET}")
    structured.info("patient %s", SECRET)
    structured.debug("work")
    ours, theirs, built, formatted = ({**line, "at": None} for line in lines())
    assert ours == theirs
    assert (built["event"], formatted["event"]) == ("other", "other")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("files", "deux", None),
        ("files", 2.5, 2.5),
        ("source", "vega-2", "vega-2"),
        ("source", "Zoé Ozvray", None),
        ("source", "", None),
        ("source", "a" * 81, None),
        ("failure", ["KeyError"], None),
        ("reason", 3, None),
        ("reason", "le\nfichier", "le fichier"),
        ("reason", f"colonne « {SECRET} » inconnue", "colonne « … » inconnue"),
        ("reason", "né le 02/03/1980, NIR 2 80 03 99 999 901 12", "né le #, NIR #"),
        ("reason", "échec, 3 fois sur 48", "échec, 3 fois sur 48"),
        ("reason", "é" * 301, "é" * 300),
    ],
)
def test_a_field_takes_only_what_has_its_form(log: logging.Logger, lines, field: str, value: object, told) -> None:
    log.info("work", extra={field: value})
    (line,) = lines()
    assert line.get(field) == told


def test_a_day_of_the_clock_is_told_and_nothing_like_it(log: logging.Logger, lines) -> None:
    log.error("clock", extra={"from_day": "2026-03-02", "to_day": "2026-03-02 né"})
    log.error("clock", extra={"from_day": "2 80 03 99 999", "to_day": 20260302})
    day, none = lines()
    assert (day["from_day"], set(day)) == ("2026-03-02", {"at", "level", "event", "from_day"})
    assert set(none) == {"at", "level", "event"}


def test_what_is_built_from_data_is_left_out(log: logging.Logger, lines) -> None:
    log.warning("patient %s", SECRET)
    log.warning(f"patient {SECRET}")  # what must not get through
    log.warning(SECRET.lower())
    for line in lines():
        assert line["event"] == "other"
        assert str(line["place"]).startswith("test_logs:")


def test_an_exception_is_its_type_and_the_place_in_our_code(log: logging.Logger, lines) -> None:
    from connector_core.settings.duration import parse_duration

    try:
        parse_duration(SECRET)
    except Exception:
        log.exception("attempt")
    try:
        json.loads(SECRET)
    except ValueError:
        log.exception("attempt", extra={"failure": SECRET})
    first, second = lines()
    assert first["failure"] == "ConfigurationError"
    assert str(first["place"]).startswith("connector_core.settings.duration:")
    assert second["failure"] == "JSONDecodeError"
    assert str(second["place"]).startswith("json.decoder:")
    assert set(first) == {"at", "level", "event", "failure", "place"}


def test_other_libraries_are_heard_of_from_warnings_on_and_say_nothing(started, lines) -> None:
    logging.getLogger("watchdog.observers").info(SECRET)
    logging.getLogger("json.decoder").warning("value %s", SECRET, extra={"reason": SECRET})
    logging.getLogger(SECRET).error(SECRET)
    first, second = lines()
    assert (first["event"], first["library"]) == ("library", "json")
    assert second["library"] == "unknown"
    assert set(first) == set(second) == {"at", "level", "event", "library", "place"}


def test_warnings_and_what_is_raised_in_a_thread_are_told_without_values(started, lines, capsys) -> None:
    def fails() -> None:
        raise KeyError(SECRET)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(SECRET, stacklevel=1)
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    warned, raised = lines()
    assert warned["event"] == "library"
    assert (raised["event"], raised["failure"]) == ("thread", "KeyError")
    assert capsys.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_stops_nothing_and_says_nothing(log, tmp_path: Path, capsys) -> None:
    (tmp_path / logs.DAEMON_LOG).mkdir()
    log.error("work", extra={"reason": SECRET})
    assert capsys.readouterr() == ("", "")


def test_nothing_of_it_goes_elsewhere(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    log.error("work")
    assert capsys.readouterr() == ("", "")


def test_a_log_is_bounded(log: logging.Logger, started: logging.Handler, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(started, "maxBytes", 1_000)
    for number in range(100):
        log.info("work", extra={"files": number})
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["connector.log", *(f"connector.log.{n}" for n in (1, 2, 3))]
    assert all(path.stat().st_size <= 1_000 for path in files)
    assert json.loads((tmp_path / logs.DAEMON_LOG).read_text("utf-8").splitlines()[-1])["files"] == 99


@pytest.mark.parametrize("module", ["connector_core.service.serve", "connector_core.service.agent"])
def test_what_idles_does_not_load_structlog(module: str) -> None:
    code = f"import sys, {module}; print('structlog' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_every_event_of_ours_stands_in_the_code_and_every_field_is_known() -> None:
    """So that nothing that is put together from data can be taken for an event."""
    found = [(path, call) for path in SOURCES.rglob("*.py") for call in _log_calls(path)]
    assert len(found) > 5
    for path, call in found:
        where = f"{path.relative_to(SOURCES)}:{call.lineno}"
        if not (isinstance(call.args[0], ast.Name) and path.name == "logs.py"):
            assert _is_event(call.args[0]) or _is_trouble(call), where
        fields = {each.arg for each in call.keywords} - {"extra", "exc_info"}
        for each in call.keywords:
            if each.arg == "extra" and isinstance(each.value, ast.Dict):
                fields |= {key.value for key in each.value.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]  # a name
        assert fields <= set(logs.FIELDS), where


def _is_event(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and logs._EVENT.fullmatch(str(argument.value)) is not None


def _is_trouble(call: ast.Call) -> bool:
    """A worker's trouble, whose event was a word in the worker's code."""
    return ast.unparse(call.args[0]) == "trouble.event"


def _log_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            owner = ast.unparse(node.func.value)
            if owner.endswith("log") or "getLogger" in owner or "structured" in owner:
                yield node
