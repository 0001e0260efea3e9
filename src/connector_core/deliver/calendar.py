"""The calendar of what is due: bilans to do and deadlines, one all-day event each, in a file that a phone can follow.

An event is known by the fingerprint of its finding. Its SEQUENCE, LAST-MODIFIED and DTSTAMP change only when what it
says changes, for which the former file is read back; a file about which nothing has changed is left as it is, byte for
byte. What is resolved is cancelled for a month, for calendars that keep what they once read, and then left out.

SEQUENCE is the minutes from the day the finding was opened to the change, so that it grows even where the former file
was lost. No patient is named unless the practice says so: an event bears the beginning of the fingerprint, from which
`connector explain` tells who it is about.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector_core.deliver import french
from connector_core.deliver.files import translated
from connector_core.deliver.replace import forget_partial, replace_file
from connector_core.deliver.report_model import Item, ReportData
from connector_core.deliver.sections import Section
from connector_core.deliver.wording import SECTION_WORDS

if TYPE_CHECKING:
    from icalendar import Component

FILE_NAME = "echeances.ics"

_SHOWN = 6
"""How much of a fingerprint an event bears: enough to find it again, short enough to type."""
_DOMAIN = "connector"
_CANCELLED_FOR = timedelta(days=30)
_PRODUCT = "-//connector//echeances//FR"
_NAME = "connector : à faire"
_UNDATED: frozenset[Section] = frozenset({"bilan_lost", "past", "verify"})
"""Sections in which nothing is due, whatever dates their findings have."""


@dataclass(frozen=True, slots=True)
class _Event:
    """What an event says, and since when."""

    fingerprint: str
    day: date
    summary: str
    description: str
    cancelled: bool
    sequence: int
    modified: datetime

    def says(self) -> tuple[object, ...]:
        return self.day, self.summary, self.description, self.cancelled


def write_calendar(data: ReportData, folder: Path, *, names: bool = False) -> Sequence[Path]:
    """Write the calendar of a day unless it is there already. Raise ReportError."""
    path = folder / FILE_NAME
    with translated(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_partial(folder)
    with translated(path):
        former = path.read_bytes() if path.is_file() else b""
        content = render_calendar(data, former, names=names)
        if content != former:
            replace_file(path, content)
    return (path,)


def render_calendar(data: ReportData, former: bytes = b"", *, names: bool = False) -> bytes:
    """The calendar of a day; `former` is the one that it takes the place of, of which damaged parts don't count."""
    from icalendar import Calendar

    now = data.made_at.astimezone(UTC).replace(microsecond=0)
    before = {each.fingerprint: each for each in _read(former)}
    events = [*_due(data, before, now, names=names)]
    present = {each.fingerprint for each in events}
    events += _gone((each for each in before.values() if each.fingerprint not in present), now)
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _NAME)
    if isinstance(data.made_at.tzinfo, ZoneInfo):
        calendar.add("x-wr-timezone", data.made_at.tzinfo.key)
    calendar.add("x-published-ttl", "PT1H")
    for each in sorted(events, key=lambda each: (each.day, each.fingerprint)):
        calendar.add_component(_component(each))
    return bytes(calendar.to_ical())


def _due(data: ReportData, before: Mapping[str, _Event], now: datetime, *, names: bool) -> Iterable[_Event]:
    for item in data.items:
        day = _day(item)
        if day is None:
            continue
        fingerprint = item.finding.fingerprint
        event = _Event(fingerprint, day, _summary(item, names), _description(fingerprint), False, 0, now)
        former = before.get(fingerprint)
        if former is not None and former.says() == event.says():
            yield former
        else:
            yield _revised(event, former, datetime.combine(item.opened_on, time(), data.made_at.tzinfo))


def _gone(former: Iterable[_Event], now: datetime) -> Iterable[_Event]:
    """What was due and is no longer: cancelled for a while."""
    for each in former:
        if each.cancelled:
            if now - each.modified < _CANCELLED_FOR:
                yield each
        else:
            sequence = each.sequence + max(1, int((now - each.modified) / timedelta(minutes=1)))
            summary = f"Réglé – {_token(each.fingerprint)}"
            yield replace(each, cancelled=True, summary=summary, sequence=sequence, modified=now)


def _revised(event: _Event, former: _Event | None, opened: datetime) -> _Event:
    sequence = max(0, int((event.modified - opened.astimezone(UTC)) / timedelta(minutes=1)))
    return replace(event, sequence=sequence if former is None else max(sequence, former.sequence + 1))


def _day(item: Item) -> date | None:
    """The day of an event, which does not move while nothing changes; None for what is not due on any."""
    if item.section in _UNDATED:
        return None
    if item.section == "bilan_todo":
        return item.deadline or item.finding.due_on or item.opened_on
    return item.deadline


def _summary(item: Item, names: bool) -> str:
    words = SECTION_WORDS[item.section].singular
    what = words[:1].upper() + words[1:]
    who = item.person.name if names and item.person is not None else _token(item.finding.fingerprint)
    return f"{what} – {who}"


def _token(fingerprint: str) -> str:
    return f"dossier {fingerprint[:_SHOWN].upper()}"


def _description(fingerprint: str) -> str:
    return f"Pour en savoir plus, sur l’ordinateur du cabinet{french.WIDE}: connector explain {fingerprint[:_SHOWN]}"


def _component(each: _Event) -> Component:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{each.fingerprint}@{_DOMAIN}")
    event.add("dtstamp", each.modified)
    event.add("last-modified", each.modified)
    event.add("sequence", each.sequence)
    event.add("dtstart", each.day)
    event.add("dtend", each.day + timedelta(days=1))
    event.add("summary", each.summary)
    event.add("description", each.description)
    event.add("status", "CANCELLED" if each.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def _read(former: bytes) -> Iterable[_Event]:
    """The events of a calendar that was written here; none of one that can't be understood."""
    from icalendar import Calendar

    if not former:
        return
    try:
        calendar = Calendar.from_ical(former)
    except (ValueError, IndexError, KeyError):  # what icalendar raises over a damaged calendar
        return
    for component in calendar.walk("VEVENT"):
        with contextlib.suppress(ValueError, KeyError, AttributeError, TypeError):
            fingerprint, _, domain = str(component["uid"]).partition("@")
            day, modified = component.decoded("dtstart"), component.decoded("last-modified")
            if domain != _DOMAIN or isinstance(day, datetime) or not isinstance(modified, datetime):
                continue
            yield _Event(
                fingerprint,
                day,
                str(component["summary"]),
                str(component["description"]),
                str(component["status"]) == "CANCELLED",
                int(str(component["sequence"])),
                modified.astimezone(UTC),
            )
