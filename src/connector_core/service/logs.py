"""What connector's processes write down of their work: one JSON object a line, bounded, and without people.

The promise of this module: nothing that comes from a file or a person gets into a log. A line has its time, its level,
an event, and fields of the closed list below, each of which takes only what has its form: a count, a word, a day of
the clock, or one of our own sentences. Whatever else a record carries (a message built from data, its arguments, a
traceback with its values) is left out; an exception is told by its type and the place in our code where it passed. What
other libraries log, warn or raise in a thread is reduced to whose it is and where.

The worker logs through structlog (`structured`), which hands its records on to `logging`; the daemon and the agent,
which idle for years, log to `logging` alone and don't load structlog, which takes 8 MB. All records become lines here.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

OURS = "connector_core"
DAEMON_LOG, WORKER_LOG, AGENT_LOG = "connector.log", "worker.log", "agent.log"
"""One file a process, since two can't turn over the same one."""

_BYTES = 1_000_000
_KEPT = 3
"""Files of each process that are kept beside the one being written: 4 MB in all."""

_EVENT = re.compile(r"[a-z][a-z_ ]{1,40}")
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
"""A day of the computer's clock. No day that was read from a file is given to a field that takes one."""
_SENTENCE_LENGTH = 300
_NUMBERS = re.compile(r"\d[\d ./:-]{3,}\d")
"""Long enough for a date, a telephone number or a NIR."""
_QUOTED = re.compile(r"«[^»]*»")
_OTHER = "other"
"""The event of a record whose own is no event of ours."""


def _count(value: object) -> object:
    return value if isinstance(value, int | float) else None


def _word(value: object) -> object:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _day(value: object) -> object:
    return value if isinstance(value, str) and _DAY.fullmatch(value) else None


def _sentence(value: object) -> object:
    """One of our own sentences, on a line, without what it quotes and without long numbers."""
    if not isinstance(value, str):
        return None
    text = _NUMBERS.sub("#", _QUOTED.sub("« … »", " ".join(value.split())))
    return text[:_SENTENCE_LENGTH]


FIELDS: Mapping[str, Callable[[object], object]] = {
    "source": _word,
    "delivery": _word,
    "files": _count,
    "rows": _count,
    "new_rows": _count,
    "gone_rows": _count,
    "rejects": _count,
    "tables": _count,
    "parts": _count,
    "asked": _count,
    "opened": _count,
    "resolved": _count,
    "notices": _count,
    "written": _count,
    "withdrawn": _count,
    "left": _count,
    "unwritable": _count,
    "tries": _count,
    "seconds": _count,
    "from_day": _day,
    "to_day": _day,
    "reason": _sentence,
    "failure": _word,
    "library": _word,
    "place": _word,
}
"""Every field that a line may have, and what it may hold; a value of another form is left out."""


class Lines(logging.Formatter):
    """A log record as one line of JSON, made of what is allowed and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        told = {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        if _is_ours(record):
            line["event"] = _event(record)
            if line["event"] == _OTHER:
                told["place"] = f"{record.module}:{record.lineno}"
        else:
            line["event"] = "library"
            told = {"library": _library(record.name), "place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            told["failure"] = type(record.exc_info[1]).__name__
            told["place"] = _place(record.exc_info[2]) or told.get("place")
        for name, allowed in FIELDS.items():
            value = allowed(told.get(name))
            if value is not None:
                line[name] = value
        return json.dumps(line, ensure_ascii=False)


class _Silent(RotatingFileHandler):
    """A log that can't be written, on a full disk for instance, stops nothing and says nothing: logging itself would
    write the whole record to standard error."""

    def handleError(self, record: logging.LogRecord) -> None:
        return None


def start(folder: Path, name: str = DAEMON_LOG) -> logging.Handler:
    """Log to a file in a folder, a few megabytes at most: our own records from `INFO` on, those of other libraries from
    `WARNING` on, warnings, and what is raised in a thread."""
    handler = _Silent(folder / name, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _raised_in_a_thread
    sys.unraisablehook = _raised_nowhere
    return handler


def stop(handler: logging.Handler) -> None:
    """Log to a file no more, and leave what Python does by itself as it was."""
    root = logging.getLogger()
    root.removeHandler(handler)
    handler.close()
    logging.captureWarnings(False)
    threading.excepthook = threading.__excepthook__
    sys.unraisablehook = sys.__unraisablehook__


def structured(name: str) -> BoundLogger:
    """A structlog logger whose records become the same lines. Loads structlog."""
    import structlog

    if not structlog.is_configured():
        structlog.configure(
            processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=True,
        )
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


def _event(record: logging.LogRecord) -> str:
    """The event of one of our own records: a few words of the code, which a test sees to."""
    message: object = record.msg
    if isinstance(message, str) and not record.args and _EVENT.fullmatch(message):
        return message
    return _OTHER


def _library(name: str) -> str:
    """Whose a record is: the name of a package that is loaded, since a logger may be called anything."""
    package = name.partition(".")[0]
    return package if package in sys.modules else "unknown"


def _place(trace: TracebackType | None) -> str | None:
    """The innermost line of connector's code that an exception has passed; of any code where it passed none."""
    ours: str | None = None
    place: str | None = None
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        place = f"{module}:{trace.tb_lineno}"
        if module.partition(".")[0].startswith("connector_"):
            ours = place
        trace = trace.tb_next
    return ours or place


def _raised_in_a_thread(raised: threading.ExceptHookArgs) -> None:
    _log_raised("thread", raised.exc_value)


def _raised_nowhere(raised: sys.UnraisableHookArgs) -> None:
    _log_raised("unraisable", raised.exc_value)


def _log_raised(event: str, error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        logging.getLogger(OURS).error(event, exc_info=(type(error), error, error.__traceback__))
