"""The calendar of what is due: read back, unchanged while nothing changes, without names, valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from connector_core.deliver.calendar import FILE_NAME, render_calendar, write_calendar
from connector_core.deliver.files import ReportError
from connector_core.deliver.report_model import Person, ReportData
from connector_core.model.finding import Finding, SubjectRef

PARIS = ZoneInfo("Europe/Paris")
MADE = datetime(2026, 3, 2, 9, 30, 15, 500_000, tzinfo=PARIS)
FINGERPRINT = "4f2a81" + "0" * 14
LONG = "Ümit-Çağatay, Jean; de «\u00a0Saint-Père\u00a0» \\ N" * 3


def finding(fingerprint: str = FINGERPRINT, **values: object) -> Finding:
    made = Finding(
        "KINE-BILAN-30", "reject", SubjectRef("treatment", "t1"), "p1", "message SECRET", "action SECRET", None,
        date(2026, 3, 1), date(2026, 3, 10), (), (), fingerprint,
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]  # the caller's own values


@pytest.fixture
def due(data: ReportData):
    """A report of some findings, each with its section; made at a moment of the test's own."""
    template = data.items[0]

    def make(*items: tuple[Finding, str], at: datetime = MADE) -> ReportData:
        shown = tuple(
            replace(
                template,
                finding=each,
                section=section,  # type: ignore[arg-type]  # the caller's own section
                deadline=each.deadline,
                opened_on=date(2026, 3, 2),
                person=Person("p1", LONG, None),
            )
            for each, section in items
        )
        return replace(data, items=shown, made_at=at, as_of=at.date())

    return make


def events(content: bytes) -> dict[str, dict[str, object]]:
    """The events by the beginning of their UID, as another program reads them."""
    found = {}
    for each in Calendar.from_ical(content).walk("VEVENT"):
        assert not each.errors
        uid, _, domain = str(each["uid"]).partition("@")
        assert domain == "connector"
        assert uid not in found
        found[uid] = {name.lower(): _plain(each.decoded(name)) for name in each}
    return found


def _plain(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def valid(content: bytes) -> bytes:
    """Check what RFC 5545 asks of any calendar's text; returns it."""
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")  # no character is cut in two
    lines = content.replace(b"\r\n ", b"").split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    for needed in (b"VERSION:2.0", b"PRODID:-//connector//echeances//FR", b"METHOD:PUBLISH"):
        assert lines.count(needed) == 1
    assert lines.count(b"BEGIN:VEVENT") == lines.count(b"END:VEVENT")
    return content


def test_a_bilan_to_do_is_a_whole_day_without_a_name(due) -> None:
    content = valid(render_calendar(due((finding(), "bilan_todo"))))
    event = events(content)[FINGERPRINT]
    assert event["summary"] == "Bilan à faire – dossier 4F2A81"
    assert (event["dtstart"], event["dtend"]) == (date(2026, 3, 10), date(2026, 3, 11))
    assert event["status"] == "CONFIRMED"
    assert event["last-modified"] == event["dtstamp"] == datetime(2026, 3, 2, 8, 30, 15, tzinfo=UTC)
    assert event["sequence"] == 9 * 60 + 30
    assert b"DTSTART;VALUE=DATE:20260310" in content
    assert b"X-WR-TIMEZONE:Europe/Paris" in content
    for secret in (b"SECRET", b"mit", b"p1", b"t1", b"KINE"):
        assert secret not in content


def test_a_name_only_where_it_is_wanted_and_then_whole(due) -> None:
    report = due((finding(), "bilan_todo"))
    content = valid(render_calendar(report, names=True))
    assert events(content)[FINGERPRINT]["summary"] == f"Bilan à faire – {LONG}"
    unnamed = valid(render_calendar(report, content))
    assert events(unnamed)[FINGERPRINT]["summary"] == "Bilan à faire – dossier 4F2A81"


def test_what_is_due_and_when(due) -> None:
    found = events(
        valid(
            render_calendar(
                due(
                    (finding("a" * 20), "bilan_todo"),
                    (finding("b" * 20, deadline=None), "bilan_todo"),
                    (finding("c" * 20, deadline=None, due_on=None), "bilan_todo"),
                    (finding("d" * 20), "payer_reject"),
                    (finding("e" * 20, deadline=None), "coding"),
                    (finding("f" * 20), "bilan_lost"),
                    (finding("1" * 20), "verify"),
                )
            )
        )
    )
    assert {name[0]: each["dtstart"] for name, each in found.items()} == {
        "a": date(2026, 3, 10),
        "b": date(2026, 3, 1),
        "c": date(2026, 3, 2),
        "d": date(2026, 3, 10),
    }
    assert found["d" * 20]["summary"] == "Facture rejetée à reprendre – dossier DDDDDD"


def test_nothing_changes_while_nothing_changes(due) -> None:
    first = render_calendar(due((finding("a" * 20), "bilan_todo"), (finding("b" * 20), "payer_reject")))
    later = due((finding("b" * 20), "payer_reject"), (finding("a" * 20), "bilan_todo"), at=MADE + timedelta(days=3))
    assert render_calendar(later, first) == first


def test_only_what_changes_is_revised(due) -> None:
    first = render_calendar(due((finding("a" * 20), "bilan_todo"), (finding("b" * 20), "payer_reject")))
    moved = finding("b" * 20, deadline=date(2026, 3, 12))
    later = MADE + timedelta(hours=1)
    second = valid(render_calendar(due((finding("a" * 20), "bilan_todo"), (moved, "payer_reject"), at=later), first))
    before, after = events(first), events(second)
    assert after["a" * 20] == before["a" * 20]
    assert after["b" * 20]["dtstart"] == date(2026, 3, 12)
    assert after["b" * 20]["sequence"] == before["b" * 20]["sequence"] + 60  # type: ignore[operator]  # a number
    assert after["b" * 20]["last-modified"] == later.astimezone(UTC).replace(microsecond=0)


def test_a_revision_counts_up_even_when_the_clock_goes_back(due) -> None:
    first = render_calendar(due((finding(), "bilan_todo")))
    earlier = due((finding(deadline=date(2026, 3, 12)), "bilan_todo"), at=MADE - timedelta(hours=2))
    second = events(render_calendar(earlier, first))[FINGERPRINT]
    assert second["sequence"] == events(first)[FINGERPRINT]["sequence"] + 1  # type: ignore[operator]  # a number


def test_what_is_resolved_is_cancelled_for_a_month_then_left_out(due) -> None:
    first = render_calendar(due((finding(), "bilan_todo")), names=True)
    resolved = MADE + timedelta(days=1)
    second = valid(render_calendar(due(at=resolved), first, names=True))
    gone = events(second)[FINGERPRINT]
    assert (gone["status"], gone["dtstart"]) == ("CANCELLED", date(2026, 3, 10))
    assert gone["summary"] == "Réglé – dossier 4F2A81"
    assert gone["sequence"] == events(first)[FINGERPRINT]["sequence"] + 24 * 60  # type: ignore[operator]  # a number
    assert render_calendar(due(at=resolved + timedelta(days=29)), second) == second
    third = valid(render_calendar(due(at=resolved + timedelta(days=31)), second))
    assert events(third) == {}


def test_what_comes_back_is_confirmed_again(due) -> None:
    first = render_calendar(due((finding(), "bilan_todo")))
    second = render_calendar(due(at=MADE + timedelta(days=1)), first)
    third = events(render_calendar(due((finding(), "bilan_todo"), at=MADE + timedelta(days=2)), second))
    assert third[FINGERPRINT]["status"] == "CONFIRMED"
    assert third[FINGERPRINT]["sequence"] > events(second)[FINGERPRINT]["sequence"]  # type: ignore[operator]  # numbers


@pytest.mark.parametrize(
    "former",
    [b"?", b"\xff\xfe", b"BEGIN:VCALENDAR\r\n", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\n"],
    ids=["no calendar", "no text", "cut", "cut later"],
)
def test_a_damaged_former_calendar_is_replaced(due, former: bytes) -> None:
    report = due((finding(), "bilan_todo"))
    assert render_calendar(report, former) == render_calendar(report)


def test_events_of_others_and_damaged_ones_are_left_out(due) -> None:
    report = due((finding(), "bilan_todo"))
    content = render_calendar(report)
    other = content.replace(f"UID:{FINGERPRINT}@connector".encode(), b"UID:1@example.org")
    assert render_calendar(report, other) == content
    assert render_calendar(report, content.replace(b"SEQUENCE:570", b"SEQUENCE:x")) == content


def test_the_file_is_written_once_for_the_owner_alone(due, folder: Path) -> None:
    (path,) = write_calendar(due((finding(), "bilan_todo")), folder)
    assert path.name == FILE_NAME
    assert path.stat().st_mode & 0o077 == 0
    before = path.stat()
    write_calendar(due((finding(), "bilan_todo"), at=MADE + timedelta(hours=1)), folder)
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    write_calendar(due(), folder)
    assert b"CANCELLED" in path.read_bytes()
    assert [each.name for each in folder.iterdir()] == [FILE_NAME]


def test_a_calendar_that_cannot_be_replaced_is_told_and_stays(due, folder: Path, monkeypatch) -> None:
    (path,) = write_calendar(due((finding(), "bilan_todo")), folder)
    before = path.read_bytes()

    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(ReportError, match="ouvert dans un autre programme"):
        write_calendar(due(), folder)
    assert path.read_bytes() == before


def test_the_calendar_of_a_whole_practice_is_valid_and_names_nobody(data: ReportData) -> None:
    content = valid(render_calendar(data))
    assert len(events(content)) >= 5
    text = content.replace(b"\r\n ", b"").decode()
    people = {item.person for item in data.items if item.person is not None}
    assert people
    assert not [each for each in people if each.name in text or each.patient_id in text.split()]
    assert render_calendar(data, content) == content
