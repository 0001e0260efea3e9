"""Tests of what only Windows has: not even imported elsewhere."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]
