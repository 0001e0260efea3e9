"""Lots that nobody acknowledged (ARL), although the sources would tell."""

from __future__ import annotations

from datetime import date, timedelta

from connector_core.model.dossier import Cabinet
from connector_core.model.records import Lot

_DAY = timedelta(days=1)


def unacknowledged(cabinet: Cabinet, lot: Lot) -> bool:
    """Whether a lot left and nobody acknowledged it, although an acknowledgement would be known."""
    if lot.arl is not None or lot.sent_on is None or "lot.arl" not in cabinet.covers:
        return False
    return not _untold_acknowledgement(cabinet, lot.sent_on)


def _untold_acknowledgement(cabinet: Cabinet, sent_on: date) -> bool:
    """Whether a lot left before the sources told of any acknowledgement, so that it may have had one."""
    if cabinet.covers.everything:
        return False
    told = [each.arl_on or each.sent_on for each in cabinet.lots.values() if each.arl is not None]
    first = min((day for day in told if day is not None), default=None)
    return first is None or sent_on < first - _DAY
