"""iCalendar: events, their instants, and calendars that aren't whole."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.reading import refusal_of

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.ical import COLUMNS, IcalFormat
from connector_core.formats.rows import Row

SECRET = "DUPONTEL"
FORM = IcalFormat()


def _calendar(*events: str, before: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def _until_damage(data: bytes, form: IcalFormat = FORM) -> tuple[list[Row], FileRefused | None]:
    rows: list[Row] = []
    try:
        rows.extend(form.rows(io.BytesIO(data)))
    except FileRefused as refused:
        return rows, refused
    return rows, None


def _events(data: bytes, form: IcalFormat = FORM) -> list[dict[str, str]]:
    rows, refused = _until_damage(data, form)
    assert refused is None
    return [dict(zip(COLUMNS, form.splitter().values(row.raw), strict=True)) for row in rows]


def test_every_column_of_an_event() -> None:
    (event,) = _events(
        _calendar(
            "UID:1@x\nDTSTAMP:20260301T000000Z\nDTSTART;TZID=Europe/Paris:20260302T090000\nDTEND:20260302T083000Z\n"
            "SUMMARY:Séance\\, bilan\nSTATUS:CONFIRMED\nLOCATION:Cabinet\nDESCRIPTION:a\\nb\n"
            "LAST-MODIFIED:20260301T120000Z\nATTENDEE;CN=Zoé:mailto:zoe@example.org\nATTENDEE:mailto:b@example.org\n"
            "CATEGORIES:kiné,domicile\nCATEGORIES:autre\nRRULE:FREQ=WEEKLY;COUNT=3\n"
            "EXDATE;TZID=Europe/Paris:20260309T090000\nEXDATE;VALUE=DATE:20260316\nRECURRENCE-ID;TZID=Europe/Paris:20260302T090000\n"
            "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM"
        )
    )
    assert event == {
        "uid": "1@x",
        "summary": "Séance, bilan",
        "dtstart": "2026-03-02T09:00:00+01:00",
        "dtend": "2026-03-02T08:30:00+00:00",
        "status": "CONFIRMED",
        "location": "Cabinet",
        "description": "a\nb",
        "last-modified": "2026-03-01T12:00:00+00:00",
        "attendee": "mailto:zoe@example.org,mailto:b@example.org",
        "categories": "kiné,domicile,autre",
        "recurrence-id": "2026-03-02T09:00:00+01:00",
        "rrule": "FREQ=WEEKLY;COUNT=3",
        "rdate": "",
        "exdate": "2026-03-09T09:00:00+01:00,2026-03-16",
    }


def test_an_empty_event_has_empty_values() -> None:
    assert _events(_calendar("X-A:b")) == [dict.fromkeys(COLUMNS, "")]


@pytest.mark.parametrize(
    ("properties", "start", "end"),
    [
        ("DTSTART:20260702T090000\nDTEND:20260702T093000", "2026-07-02T09:00:00+02:00", "2026-07-02T09:30:00+02:00"),
        ("DTSTART:20260302T090000\nDURATION:PT30M", "2026-03-02T09:00:00+01:00", "2026-03-02T09:30:00+01:00"),
        ("DTSTART:20260329T013000\nDURATION:PT1H", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260304", "2026-03-02", "2026-03-04"),
        ("DTSTART;VALUE=DATE:20260302\nDURATION:P2D", "2026-03-02", "2026-03-04"),
        ("DTSTART;TZID=Romance Standard Time:20260702T090000", "2026-07-02T09:00:00+02:00", ""),
    ],
)
def test_instants(properties: str, start: str, end: str) -> None:
    (event,) = _events(_calendar(properties))
    assert (event["dtstart"], event["dtend"]) == (start, end)


def test_the_zone_of_floating_times_is_a_parameter() -> None:
    (event,) = _events(_calendar("DTSTART:20260302T090000"), IcalFormat(zone="Indian/Reunion"))
    assert event["dtstart"] == "2026-03-02T09:00:00+04:00"


ZONE = (
    "BEGIN:VTIMEZONE\nTZID:Cabinet\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0300\n"
    "END:STANDARD\nEND:VTIMEZONE\n"
)


def test_a_zone_that_the_calendar_defines_is_used() -> None:
    events = _events(_calendar("DTSTART;TZID=Cabinet:20260302T090000", "DTSTART:20260302T090000", before=ZONE))
    assert [event["dtstart"] for event in events] == ["2026-03-02T09:00:00+03:00", "2026-03-02T09:00:00+01:00"]


def test_folded_lines_are_one_even_inside_a_character() -> None:
    data = _calendar("SUMMARY:Séance").replace("é".encode(), b"\xc3\r\n \xa9").replace(b"ance", b"an\r\n\tce")
    (event,) = _events(data)
    assert event["summary"] == "Séance"


def test_newlines_and_encodings() -> None:
    data = _calendar("SUMMARY:Séance")
    for newline in (b"\n", b"\r", b"\r\n\r\n"):
        assert _events(data.replace(b"\r\n", newline))[0]["summary"] == "Séance"
    assert _events(b"\xef\xbb\xbf" + data)[0]["summary"] == "Séance"
    assert _events(data.decode().encode("cp1252"), IcalFormat(encoding="cp1252"))[0]["summary"] == "Séance"
    assert _events(data.strip())[0]["summary"] == "Séance"


def test_an_event_is_the_same_whenever_it_is_exported_and_however_it_is_folded() -> None:
    first, _ = _until_damage(_calendar("UID:1\nDTSTAMP:20260301T000000Z\nSUMMARY:Bilan"))
    again, _ = _until_damage(_calendar("UID:1\nDTSTAMP:20260302T000000Z\nSUMMARY:Bi\n lan"))
    other, _ = _until_damage(_calendar("UID:1\nSUMMARY:Bilans"))
    assert first == again
    assert other[0].raw != first[0].raw
    assert [row.place for row in _until_damage(_calendar("UID:1", "UID:2"))[0]] == ["VEVENT 1", "VEVENT 2"]


def test_components_that_are_no_events_are_passed_over() -> None:
    todo = "BEGIN:VTODO\nUID:t\nSUMMARY:x\nEND:VTODO\n"
    assert [event["uid"] for event in _events(_calendar("UID:1", before=todo) + _calendar("UID:2"))] == ["1", "2"]


@pytest.mark.parametrize(
    "event",
    [
        f"DTSTART:{SECRET}",
        f"DTSTART;TZID={SECRET}:20260302T090000",
        "DTSTART:20260231T090000",
        "DTSTART:20260302T090000\nDTSTART:20260303T090000",
        f"SUMMARY:{SECRET}\nSUMMARY:b",
        f"DTSTART:20260302T090000\nDURATION:{SECRET}",
        f"RRULE:{SECRET}",
        "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY",
        f"EXDATE;TZID={SECRET}:20260302T090000",
        "RDATE;VALUE=PERIOD:20260302T090000Z/PT1H",
        f"{SECRET}",
        "DTSTART:PT5M",
    ],
)
def test_an_event_that_can_not_be_understood_is_refused_alone(event: str) -> None:
    rows, refused = _until_damage(_calendar(event, "UID:2"))
    assert refused is None
    with pytest.raises(RowRefused) as caught:
        FORM.splitter().values(rows[0].raw)
    assert SECRET not in repr(caught.value)
    assert caught.value.__context__ is None
    assert FORM.splitter().values(rows[1].raw)[0] == "2"


def test_a_property_that_is_not_read_may_be_wrong() -> None:
    (event,) = _events(_calendar("UID:1\nCREATED:jamais"))
    assert event["uid"] == "1"


def test_an_event_in_another_encoding_is_refused_alone() -> None:
    rows, refused = _until_damage(_calendar("SUMMARY:Séance").replace("é".encode(), b"\xe9"))
    assert refused is None
    with pytest.raises(RowRefused):
        FORM.splitter().values(rows[0].raw)


def test_a_cut_anywhere_is_refused_after_events_that_are_right() -> None:
    data = _calendar("UID:1\nSUMMARY:Séance", "UID:2", before=ZONE).strip()
    whole, _ = _until_damage(data)
    assert len(whole) == 2
    for size in range(len(data)):
        rows, refused = _until_damage(data[:size])
        assert refused is not None, size
        assert rows == whole[: len(rows)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nom;prenom\r\n",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nDUPONTEL\r\n",
        b"END:VCALENDAR\r\n",
        b"\xff\xfeB\0E\0",
    ],
)
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    rows, refused = _until_damage(data)
    assert rows == []
    assert refused is not None
    assert SECRET not in repr(refused)


def test_nul_bytes_are_damage() -> None:
    data = _calendar("UID:1", "UID:2")
    at = data.index(b"UID:2")
    rows, refused = _until_damage(data[:at] + b"\0" + data[at:])
    assert len(rows) == 1
    assert refused is not None


@pytest.mark.parametrize("endless", ["SUMMARY:x\n" * 2_000_000, "SUMMARY:x\n" + " y\n" * 9_000_000])
def test_an_endless_event_is_refused_before_it_fills_the_memory(endless: str) -> None:
    _, refused = _until_damage(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + endless.encode())
    assert refused is not None
    assert "16 Mo" in refused.what


@given(st.data())
def test_flipped_bytes_raise_nothing_but_refusals(data: st.DataObject) -> None:
    damaged = bytearray(
        _calendar(
            f"UID:1\nSUMMARY:{SECRET}\nDTSTART;TZID=Cabinet:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY\nCATEGORIES:a,b",
            f"UID:2\nATTENDEE;CN={SECRET}:mailto:a@b\nEXDATE:20260302T090000\nLAST-MODIFIED:20260302T090000Z",
            before=ZONE,
        )
    )
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    rows, refused = _until_damage(bytes(damaged))
    assert refused is None or SECRET not in repr(refused)
    for row in rows:
        assert SECRET not in refusal_of(FORM.splitter(), row)


def test_an_impossible_format_is_refused() -> None:
    for wrong in ("Nulle/Part", "", "../etc/passwd"):
        with pytest.raises(ConfigurationError):
            IcalFormat(zone=wrong)
    with pytest.raises(ConfigurationError):
        IcalFormat(encoding="x")
