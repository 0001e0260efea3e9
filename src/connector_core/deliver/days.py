"""The day that a finding is shown with, on the page and in the workbook alike."""

from __future__ import annotations

from datetime import date

from connector_core.deliver import french
from connector_core.deliver.report_model import Item
from connector_core.deliver.wording import SECTION_WORDS


def day_of(item: Item) -> date | None:
    """The day of the act, in a part of the report that is about acts; elsewhere since when it lasts."""
    if SECTION_WORDS[item.section].date == "of":
        return _act_day(item) or item.finding.due_on
    return item.finding.due_on


def _act_day(item: Item) -> date | None:
    """The day of the act that a finding is about; of several, the one that its message names."""
    days = [line.on for line in item.evidence if line.on is not None]
    named = (day for day in days if french.short_day(day) in item.finding.message)
    return next(named, days[0] if days else None)
