"""iCalendar: the events of a calendar.

The raw bytes of a row are the unfolded lines of its event, with the time zones it names that the calendar defines, and
without DTSTAMP, which says when the calendar was exported rather than what the event is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast
from zoneinfo import ZoneInfo

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.encodings import unreadable
from connector_core.formats.physical import ROW_LIMIT, Damage, known_encoding, stored_encoding, whole_lines
from connector_core.formats.rows import Row

if TYPE_CHECKING:
    from icalendar import Component
    from icalendar.prop import vDDDLists


class _Written(Protocol):
    """A property that writes itself as it was read; icalendar doesn't say the type."""

    def to_ical(self) -> bytes: ...


COLUMNS = (
    "uid",
    "summary",
    "dtstart",
    "dtend",
    "status",
    "location",
    "description",
    "last-modified",
    "attendee",
    "categories",
    "recurrence-id",
    "rrule",
    "rdate",
    "exdate",
)
"""The values of a row, in order.

Instants are in ISO form with their offset; a whole day is a date alone. `dtend` is computed from DURATION where that is
what the event has, and empty where it has neither. Attendees, categories, added and excluded dates are joined by
commas. A recurring event is one row with its rule (`FREQ=WEEKLY;COUNT=3`): whoever reads the row expands it;
`recurrence-id` says which occurrence a row replaces.
"""

_NEEDED = frozenset({*COLUMNS, "duration"})
_INSTANTS = frozenset({"dtstart", "dtend", "last-modified", "recurrence-id"})
_LISTS = frozenset({"attendee", "categories"})
_DATES = frozenset({"rdate", "exdate"})

_EXPORT_AGAIN = "Relancez l'export, ou copiez le fichier à nouveau"


@dataclass(frozen=True, slots=True)
class IcalSplitter:
    """Turns the raw bytes of an event into the values of `COLUMNS`; `zone` is that of times which name none."""

    zone: str
    encoding: str

    def values(self, raw: bytes) -> list[str]:
        """Return the values of one event, an absent property as "".

        Raise `RowRefused` when the event doesn't decode or one of its properties can't be understood.
        """
        event = self._event(raw)
        values: list[str] | None
        try:
            values = [self._value(event, column) for column in COLUMNS]
        except _FOREIGN:
            values = None
        if values is None or any(name is None or name.lower() in _NEEDED for name, _ in event.errors):
            raise RowRefused("une propriété de l'événement est illisible")
        return values

    def _event(self, raw: bytes) -> Component:
        from icalendar import Calendar

        event: Component | None = None
        text: str | None = None
        with suppress(UnicodeDecodeError):
            text = raw.decode(self.encoding)
        if text is None:
            raise RowRefused(unreadable(raw, self.encoding))
        try:
            calendar = Calendar.from_ical("BEGIN:VCALENDAR\r\n" + text + "END:VCALENDAR\r\n")
            (event,) = calendar.walk("VEVENT")
        except _FOREIGN:
            pass
        if event is None:
            raise RowRefused("l'événement est illisible")
        return event

    def _value(self, event: Component, column: str) -> str:
        if column == "dtend" and "DTEND" not in event and "DURATION" in event and "DTSTART" in event:
            return self._iso(event.decoded("DTSTART"), event.decoded("DURATION"))
        if column not in event:
            return ""
        if column in _LISTS:
            return ",".join(_texts(event[column]))
        if column in _DATES:
            found = event[column]
            return ",".join(
                self._iso(when) for each in (found if isinstance(found, list) else [found]) for when in _whens(each)
            )
        if column == "rrule":
            return _rule(event[column])
        if column in _INSTANTS:
            if "TZID" in event[column].params and not _has_zone(event.decoded(column)):
                raise ValueError
            return self._iso(event.decoded(column))
        if isinstance(event[column], list):
            raise ValueError
        return str(event[column])

    def _iso(self, when: object, lasting: object = None) -> str:
        if isinstance(when, datetime):
            if when.tzinfo is None:
                when = when.replace(tzinfo=ZoneInfo(self.zone))
            if isinstance(lasting, timedelta):
                when = (when.astimezone(ZoneInfo("UTC")) + lasting).astimezone(when.tzinfo)
            return when.isoformat()
        if isinstance(when, date):
            return (when + lasting if isinstance(lasting, timedelta) else when).isoformat()
        raise ValueError


_FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What icalendar lets out for text that it can't understand."""


@dataclass(frozen=True, slots=True)
class IcalFormat:
    """How calendars of a source are read: `zone` is the IANA name of the zone of times which name none."""

    zone: str = "Europe/Paris"
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        known_encoding(self.encoding)
        try:
            ZoneInfo(self.zone)
        except (LookupError, ValueError, OSError):
            raise ConfigurationError(f"fuseau horaire inconnu : « {self.zone} »") from None

    def splitter(self) -> IcalSplitter:
        """Return the splitter of the events."""
        return IcalSplitter(self.zone, stored_encoding(self.encoding))

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the events, read from the beginning of the stream; the place is "VEVENT N", counted from 1.

        Raise `FileRefused`, after the events before it, when the file isn't a calendar, is cut (nothing after the last
        END:VCALENDAR proves more), or its components aren't nested as they should be.
        """
        stream.seek(0)
        zones: dict[bytes, bytes] = {}
        number = 0
        for name, lines in _components(stream, self.encoding):
            if name == b"VTIMEZONE":
                zones[_zone_name(lines)] = _joined(lines)
            else:
                number += 1
                kept = [line for line in lines if _name(line) != b"DTSTAMP"]
                used = [zones[named] for named in sorted(zones) if any(_names_zone(line, named) for line in kept)]
                yield Row(f"VEVENT {number}", "", b"".join(used) + _joined(kept))


def _components(stream: BinaryIO, encoding: str) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield the events and time zones of every calendar in the stream, each with its lines."""
    open_names: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    number = 0
    ended = False
    damage: Damage | None = None
    try:
        for at, line in _unfolded(stream, encoding):
            number = at
            name = _name(line)
            within = line.partition(b":")[2].strip().upper()
            if not open_names and not (name == b"BEGIN" and within == b"VCALENDAR"):
                raise Damage("le fichier n'est pas un calendrier iCalendar, ou continue après sa fin")
            if name == b"BEGIN":
                if len(open_names) == 1:
                    lines, size = [], 0
                open_names.append(within)
            size += len(line)
            if size > ROW_LIMIT:
                raise Damage(f"un élément du calendrier dépasse {ROW_LIMIT // 1024 // 1024} Mo")
            if len(open_names) > 1:
                lines.append(line)
            else:
                size = 0
            if name == b"END":
                if not open_names or open_names.pop() != within:
                    raise Damage("un élément du calendrier se ferme sans s'être ouvert")
                ended = ended or not open_names
                if len(open_names) == 1 and within in (b"VEVENT", b"VTIMEZONE"):
                    yield within, lines
    except Damage as met:
        damage = met
    if damage is not None:
        raise damage.at(f"ligne {max(number, 1)}")
    if open_names or not ended:
        raise FileRefused(
            "le calendrier semble coupé : sa fin (END:VCALENDAR) manque",
            where=f"ligne {max(number, 1)}",
            remedy=_EXPORT_AGAIN,
        )


def _unfolded(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, bytes]]:
    """Yield the content lines with the number of their first physical line; empty lines are left out."""
    number = 0
    started = 0
    parts: list[bytes] = []
    size = 0
    for block in whole_lines(stream, encoding):
        for line in block.splitlines():
            number += 1
            if parts and line[:1] in (b" ", b"\t"):
                parts.append(line[1:])
                size += len(line)
                if size > ROW_LIMIT:
                    raise Damage(f"une ligne dépasse {ROW_LIMIT // 1024 // 1024} Mo")
            elif line.strip():
                if parts:
                    yield started, b"".join(parts)
                parts, started, size = [line], number, len(line)
    if parts:
        yield started, b"".join(parts)


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].partition(b";")[0].strip().upper()


def _zone_name(lines: list[bytes]) -> bytes:
    for line in lines:
        if _name(line) == b"TZID":
            return line.partition(b":")[2].strip()
    return b""


def _names_zone(line: bytes, zone: bytes) -> bool:
    return b"TZID=" + zone in line or b'TZID="' + zone in line


def _has_zone(when: object) -> bool:
    return isinstance(when, datetime) and when.tzinfo is not None


def _rule(found: object) -> str:
    rule = cast("_Written", found).to_ical().decode()
    if "FREQ=" not in rule:
        raise ValueError
    return rule


def _whens(found: object) -> list[object]:
    dates = cast("vDDDLists", found)
    whens: list[object] = [each.dt for each in dates.dts]
    if "TZID" in dates.params and not all(_has_zone(when) for when in whens):
        raise ValueError
    return whens


def _texts(found: object) -> list[str]:
    if isinstance(found, list):
        return [text for each in found for text in _texts(each)]
    return [str(each) for each in getattr(found, "cats", [found])]
