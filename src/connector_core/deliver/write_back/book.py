"""What is known of a source's flags while they are written: the ledger, and what becomes of it.

What is noted inside `writing` is known at once and committed at its end, together, so that the store is not held while
a vendor's database answers. A book that is dry changes nothing but itself: a preview goes the way of the writing up to
the first statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from connector_core.store.store import Store
from connector_core.store.write_back import Flag, FlagState, Held, Intent, KeptFlag, KeptSpot


class Book:
    """The flags and spots of one source."""

    def __init__(
        self, store: Store, source: str, *, dry: bool, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._source = source
        self.dry = dry
        self._clock = clock
        self._flags = {each.flag.mark: each for each in store.ledger.flags(source)}
        self._spots = store.ledger.spots(source)
        self._noted: list[Callable[[], None]] = []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is noted inside is committed together, at the end."""
        yield
        noted, self._noted = self._noted, []
        if noted and not self.dry:
            with self._store.transaction():
                for note in noted:
                    note()

    def flags(self) -> Sequence[KeptFlag]:
        return tuple(self._flags.values())

    def flag(self, mark: str) -> KeptFlag | None:
        return self._flags.get(mark)

    def in_spot(self, place: str, spot: str) -> Sequence[KeptFlag]:
        return [each for each in self._flags.values() if (each.place, each.spot) == (place, spot)]

    def spot(self, place: str, spot: str) -> KeptSpot:
        return self._spots.get((place, spot), KeptSpot(None, None))

    def intend(self, place: str, spot: str, flags: Iterable[tuple[Flag, Intent]], held: Held) -> None:
        """A spot is about to hold something else."""
        at, given = self._now(), list(flags)
        for flag, intent in given:
            known = self._flags.get(flag.mark)
            state: FlagState = "absent" if known is None else known.state
            self._flags[flag.mark] = KeptFlag(flag, place, spot, state, intent, at, None)
        self._spots[place, spot] = KeptSpot(self.spot(place, spot).held, held)
        self._noted.append(partial(self._store.ledger.intend, self._source, place, spot, given, held, at))

    def hold(self, place: str, spot: str, held: Held | None) -> None:
        """What a spot is now known to hold."""
        if held is None:
            self._spots.pop((place, spot), None)
        else:
            self._spots[place, spot] = KeptSpot(held, None)
        self._noted.append(partial(self._store.ledger.hold, self._source, place, spot, held))

    def settle(self, place: str, spot: str, flag: Flag, state: FlagState, problem: str | None = None) -> None:
        """What became of a flag; nothing is about to be done with it any more."""
        at = self._now()
        self._flags[flag.mark] = KeptFlag(flag, place, spot, state, None, at, problem)
        self._noted.append(partial(self._store.ledger.settle, self._source, place, spot, flag, state, at, problem))

    def forget(self, mark: str) -> None:
        self._flags.pop(mark, None)
        self._noted.append(partial(self._store.ledger.forget, mark))

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat(timespec="seconds")
