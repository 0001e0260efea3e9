"""The outbox: what is to be delivered is queued with the findings, and delivered after they are committed.

The promise of this module. `queue` writes inside the transaction that commits the findings: killed before it, nothing
is to be delivered; killed after it, everything is. `send` delivers what is due and notes what became of it, each on its
own: what fails, or ends the process, stops none of the others and is tried again, later each time
(`connector_core.deliver.backoff`), until it is given up, which `connector outbox` and `connector status` show. Killed
between a delivery and the note of it, the delivery is made again seconds later, which changes nothing: a file is
replaced by what it is already, a notice for the screen is known by its key, and a flag in a vendor's software by its
mark. A notice through a service outside the PC may then arrive twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from connector_core.deliver import away, mailbox
from connector_core.deliver.backoff import MAX_TRIES, pause
from connector_core.deliver.hours import Hours
from connector_core.deliver.notice import Notice
from connector_core.deliver.notices import digest, news
from connector_core.deliver.report_model import ReportData
from connector_core.errors import ConnectorError
from connector_core.findings.life import Changes
from connector_core.plugins.contributions import Delivery
from connector_core.service.logs import structured
from connector_core.service.messages import Trouble
from connector_core.settings.notices import Notify
from connector_core.store.outbox import Parcel, ParcelKind
from connector_core.store.store import Store

_WRITE_BACK = "write-back:"
_REMEMBERED = timedelta(days=8)
"""How long a notice is kept that was delivered or given up: longer than any may wait for its hours."""
_INTERRUPTED = "le programme s'est arrêté pendant la livraison."
_TOLD_FOR = timedelta(days=3)
"""How long news waits for somebody to look at the screen."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a parcel is about: the report of a day; for news, some of its findings."""

    day: date
    fingerprints: tuple[str, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Body).decode


@dataclass(frozen=True, slots=True)
class Target:
    """A delivery of files and the folder they go to. What is delivered changes with `options`."""

    delivery: Delivery
    folder: Path
    options: str = ""

    @property
    def slot(self) -> str:
        return f"file:{self.delivery.id}"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is told, as the configuration says."""

    notify: Notify
    hours: Hours

    @classmethod
    def of(cls, notify: Notify, zone: ZoneInfo) -> Recipient:
        return cls(notify, Hours.of(notify, zone))

    @property
    def slot(self) -> str:
        return f"notice:{self.notify.person}:{self.notify.by}:{self.notify.send}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What went wrong, for the log, and in how many seconds something is due; None where nothing waits."""

    troubles: tuple[Trouble, ...] = ()
    due_in: float | None = None


class Writer(Protocol):
    """Writes flags into the software of a source, and knows by itself which."""

    @property
    def source(self) -> str: ...

    def deliver(self) -> bool: ...


class Reports(Protocol):
    """Makes the report of a day; what could not be part of it is told as troubles."""

    def __call__(self, day: date) -> tuple[ReportData, Sequence[Trouble]]: ...


@dataclass(slots=True)
class Outgoing:
    """The outbox of one practice at work. `clock` gives UTC, `random` numbers from 0 to 1; `address` the value behind a
    reference to a secret; `notices` is the folder of the notices for the screen; `writers` write into the software of
    sources. `goes_on` is called before each delivery."""

    store: Store
    targets: Sequence[Target]
    recipients: Sequence[Recipient]
    report: Reports
    notices: Path
    address: Callable[[str], str]
    clock: Callable[[], datetime]
    random: Callable[[], float]
    writers: Sequence[Writer] = ()
    goes_on: Callable[[], None] = lambda: None

    def queue(self, day: date, changes: Changes) -> None:
        """Have a day delivered, inside the transaction that commits what it says."""
        now = self.clock()
        outbox, stamp = self.store.outbox, self.store.outbox.stamp()
        for target in self.targets:
            key = _key(target.slot, day.isoformat(), str(target.folder), target.options, stamp)
            self._put(target.slot, key, "file", _Body(day), now, now)
        for writer in self.writers:
            slot = f"{_WRITE_BACK}{writer.source}"
            self._put(slot, _key(slot, day.isoformat(), stamp), "write_back", _Body(day), now, now)
        opened = tuple(sorted({*changes.new, *changes.resurfaced}))
        for recipient in self.recipients:
            due = recipient.hours.next(now)
            if recipient.notify.send == "digest":
                self._put(recipient.slot, _key(recipient.slot, day.isoformat()), "notice", _Body(day), now, due)
            elif opened:
                key = _key(recipient.slot, day.isoformat(), *opened)
                self._put(f"{recipient.slot}:{key}", key, "notice", _Body(day, opened), now, due)
        outbox.forget_notices(before=_iso(now - _REMEMBERED))

    def send(self) -> Sent:
        """Deliver what is due. Raise StoreError when the store fails."""
        self._take_up_interrupted()
        course = _Course(self.report)
        now = self.clock()
        targets = {target.slot: target for target in self.targets}
        writers = {f"{_WRITE_BACK}{writer.source}": writer for writer in self.writers}
        away: dict[str, list[Parcel]] = {}
        for parcel in self.store.outbox.parcels("waiting"):
            if not _is_due(parcel, now):
                continue
            recipient = self._recipient(parcel)
            if parcel.slot in targets:
                self._deliver([parcel], course, self._file(targets[parcel.slot], parcel, course))
            elif parcel.slot in writers:
                self._deliver([parcel], course, writers[parcel.slot].deliver)
            elif recipient is None:
                self._forget([parcel])
            elif not recipient.hours.admit(now):
                self._put_off(parcel, recipient.hours.next(now))
            elif recipient.notify.by == "desktop":
                self._deliver([parcel], course, self._on_screen(recipient, parcel, course))
            else:
                away.setdefault(recipient.slot, []).append(parcel)
        for recipient in self.recipients:
            if recipient.slot in away:
                together = away[recipient.slot]
                self._deliver(together, course, self._away(recipient, together, course))
        return Sent(tuple(course.troubles), self._due_in())

    def retry(self) -> frozenset[str]:
        """Try everything that waits or was given up now, but for notices outside their hours; returns the slots."""
        self._take_up_interrupted()
        now = _iso(self.clock())
        parcels = self.store.outbox.parcels("waiting", "given_up")
        with self.store.transaction():
            for parcel in parcels:
                self.store.outbox.again(parcel, now)
        self.send()
        return frozenset(parcel.slot for parcel in parcels)

    def _put(self, slot: str, key: str, kind: ParcelKind, body: _Body, now: datetime, due: datetime) -> None:
        self.store.outbox.put(slot, key, kind, _encode(body), _iso(now), _iso(due))

    def _recipient(self, parcel: Parcel) -> Recipient | None:
        return next((each for each in self.recipients if _belongs(parcel.slot, each.slot)), None)

    def _deliver(self, parcels: Sequence[Parcel], course: _Course, deliver: Callable[[], bool]) -> None:
        """Try once, and note what became of it. A delivery answers whether there was anything to deliver.

        The try is noted before it is made: a delivery that ends the process, time and again, is put off and given up as
        any other, and takes nothing else with it.
        """
        self.goes_on()
        now = self.clock()
        with self.store.transaction():
            for parcel in parcels:
                pause_after = pause(parcel.attempts + 1, self.random)
                self.store.outbox.trying(parcel, _iso(now + pause_after))
        if any(parcel.attempts >= MAX_TRIES for parcel in parcels):
            self._failed(parcels, course, _INTERRUPTED, "Interrupted")
            return
        try:
            useful = deliver()
        except ConnectorError as error:
            self._failed(parcels, course, str(error), type(error).__name__)
        except Exception as failure:  # noqa: BLE001  # a plugin's delivery: its own failure stays its own
            kind = type(failure).__name__
            self._failed(parcels, course, f"la livraison a échoué ({kind}).", kind)
        else:
            if useful:
                with self.store.transaction():
                    for parcel in parcels:
                        self.store.outbox.done(parcel, _iso(self.clock()))
                log = structured(__name__)
                for parcel in parcels:
                    log.info("delivered", delivery=label(parcel), tries=parcel.attempts + 1)
            else:
                self._forget(parcels)

    def _take_up_interrupted(self) -> None:
        """Have wait again what the process was trying when it was ended."""
        interrupted = self.store.outbox.parcels("trying")
        if interrupted:
            with self.store.transaction():
                for parcel in interrupted:
                    self.store.outbox.failed(parcel, _INTERRUPTED)

    def _failed(self, parcels: Sequence[Parcel], course: _Course, problem: str, kind: str) -> None:
        with self.store.transaction():
            for parcel in parcels:
                last = parcel.attempts + 1 >= MAX_TRIES
                (self.store.outbox.given_up if last else self.store.outbox.failed)(parcel, problem)
        for parcel in parcels:
            event = "given_up" if parcel.attempts + 1 >= MAX_TRIES else "delivery"
            fields: dict[str, str | int] = {"delivery": label(parcel), "failure": kind, "tries": parcel.attempts + 1}
            course.troubles.append(Trouble(event, fields))

    def _forget(self, parcels: Iterable[Parcel]) -> None:
        """What has become pointless; the same may be queued again."""
        with self.store.transaction():
            for parcel in parcels:
                self.store.outbox.forget(parcel)

    def _put_off(self, parcel: Parcel, due: datetime) -> None:
        with self.store.transaction():
            self.store.outbox.put_off(parcel, _iso(due))

    def _file(self, target: Target, parcel: Parcel, course: _Course) -> Callable[[], bool]:
        def deliver() -> bool:
            target.delivery.deliver(course.data(_decode(parcel.body).day), target.folder)
            return True

        return deliver

    def _on_screen(self, recipient: Recipient, parcel: Parcel, course: _Course) -> Callable[[], bool]:
        def deliver() -> bool:
            notify = recipient.notify
            notice = _notice(course, [parcel], names=notify.names)
            if notice is None:
                return False
            now = self.clock()
            until = _midnight(now, recipient.hours.zone) if notify.send == "digest" else now + _TOLD_FOR
            letter = mailbox.Letter(parcel.key, notify.send, notice.title, notice.text, until)
            mailbox.post(self.notices / notify.person, letter, notify.account)
            return True

        return deliver

    def _away(self, recipient: Recipient, parcels: Sequence[Parcel], course: _Course) -> Callable[[], bool]:
        def deliver() -> bool:
            notice = _notice(course, parcels, names=False)
            if notice is None:
                return False
            away.send(self.address(recipient.notify.address or ""), notice)
            return True

        return deliver

    def _due_in(self) -> float | None:
        now = self.clock()
        due = [_due_at(parcel) for parcel in self.store.outbox.parcels("waiting")]
        return min((max(0.0, (each - now).total_seconds()) for each in due), default=None)


@dataclass(slots=True)
class _Course:
    """One sending. The report of a day is made when a delivery first needs it, once; where it can't be made, every
    delivery of it fails alike."""

    report: Reports
    troubles: list[Trouble] = field(default_factory=list)
    _made: dict[date, ReportData | ConnectorError] = field(default_factory=dict)

    def data(self, day: date) -> ReportData:
        if day not in self._made:
            try:
                self._made[day], troubles = self.report(day)
                self.troubles += troubles
            except ConnectorError as error:
                self._made[day] = error
        made = self._made[day]
        if isinstance(made, ConnectorError):
            raise made
        return made


def label(parcel: Parcel) -> str:
    """What a parcel is called in a log: never who it is for."""
    return "notice" if parcel.kind == "notice" else parcel.slot.removeprefix("file:")


def _notice(course: _Course, parcels: Sequence[Parcel], *, names: bool) -> Notice | None:
    """What is told of parcels of one person: those of news together, a digest alone."""
    bodies = [_decode(parcel.body) for parcel in parcels]
    data = course.data(max(body.day for body in bodies))
    fingerprints = {each for body in bodies for each in body.fingerprints}
    return news(data, fingerprints, names=names) if fingerprints else digest(data, names=names)


def _belongs(slot: str, recipient: str) -> bool:
    return slot == recipient or slot.startswith(f"{recipient}:")


def _is_due(parcel: Parcel, now: datetime) -> bool:
    """Due; or, where the clock was set back, due later than anything can be."""
    due = _due_at(parcel)
    return due <= now or due > now + _REMEMBERED + timedelta(days=1)


def _due_at(parcel: Parcel) -> datetime:
    return datetime.fromisoformat(parcel.due_at)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The end of the day, in UTC."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(now.tzinfo)


def _key(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
