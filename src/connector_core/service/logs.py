"""What the daemon writes down of its work: one JSON object a line, bounded, and without people.

Only the event's name and the fields listed here are written. A message built from data can't slip in: whatever else a
log record carries (its arguments, a traceback with its values) is left out.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

ALLOWED = (
    "source",
    "delivery",
    "files",
    "rows",
    "new_rows",
    "rejects",
    "asked",
    "opened",
    "resolved",
    "reason",
    "failure",
    "seconds",
)
"""Counts, configured names and our own words; nothing that comes from a file."""

_BYTES = 1_000_000
_KEPT = 3


class Lines(logging.Formatter):
    """A log record as one line of JSON, made of what is allowed and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": str(record.msg) if not record.args else record.name,
        }
        line.update((name, record.__dict__[name]) for name in ALLOWED if name in record.__dict__)
        return json.dumps(line, ensure_ascii=False)


class _Bounded(RotatingFileHandler):
    """A file of a bounded size. A disk that is full takes the line; the work goes on."""

    def handleError(self, record: logging.LogRecord) -> None:  # the library's name
        return None


def start(folder: Path) -> None:
    """Log to `connector.log` in a folder, a few megabytes at most."""
    handler = _Bounded(folder / "connector.log", maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(Lines())
    root = logging.getLogger("connector_core")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
