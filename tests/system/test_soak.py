"""The soak in its bounded form: `python -m benchmarks soak` is the long one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from benchmarks.soak import FEW_EVENTS, soak

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(300)]
if os.name != "posix":
    pytest.skip("descriptors are counted where they are POSIX", allow_module_level=True)

MOST_GROWTH = 0.10
"""Twice what the long form may show: a short run is mostly warm-up."""


def test_after_some_thousand_events_nothing_is_lost_twice_or_left(tmp_path: Path) -> None:
    soaked = soak(tmp_path, FEW_EVENTS)
    assert soaked.events.total() == FEW_EVENTS
    assert set(soaked.events) == {"drop", "rewrite", "rename", "remove"}
    assert (soaked.lost, soaked.unknown, soaked.twice, soaked.files_twice) == (0, 0, 0, 0)
    assert soaked.findings == soaked.findings_expected > 0
    assert soaked.left == 0
    assert soaked.days == 3
    assert soaked.errors == []
    assert soaked.growth < MOST_GROWTH
    assert soaked.held[-1].descriptors <= soaked.held[0].descriptors
    assert soaked.held[-1].threads <= soaked.held[0].threads
