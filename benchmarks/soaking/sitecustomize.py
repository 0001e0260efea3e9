"""Loaded by the daemon of the soak before anything else: its day is what a file says, so that days pass in minutes."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

if "connector_core" in sys.orig_argv and sys.orig_argv[-1] == "run":
    from connector_core.service import places

    _day = Path(os.environ["SOAK_DAY"])
    setattr(places, "today", lambda _settings: date.fromisoformat(_day.read_text()))  # noqa: B010  # mypy knows a function
