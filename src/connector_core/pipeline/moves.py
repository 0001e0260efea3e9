"""Records that go elsewhere under their own id: an act entered for the wrong patient, an answer whose invoice number
was corrected.

An export that is a file may be of a day only, so that what it lacks is no less true. But an id is one record's: where a
file says a record again, and in another dossier than before, the record has moved, and leaves the old one in the same
transaction. Where one file has both rows, it gives an id twice, and both stay.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice, pairwise

from connector_core.store.codec import KIND_INDEX, Stored, kind_of
from connector_core.store.dossiers import Dossiers
from connector_core.store.files import SeenRows
from connector_core.store.waiting import Waiting
from connector_core.store.whereabouts import WAITING, Whereabouts, record_hash

_FEW = 2000
"""Arrivals that are looked for in their own dossiers before it is noted where all records are."""
_AT_ONCE = 500

Gone = Callable[[Stored], bool]
_Arrivals = tuple[int, list[tuple[int, int]]]
"""A record with the dossiers that it was put into and by which file, in the order it was read."""


@dataclass(slots=True)
class _Said:
    """A file that is read, and its rows that were understood before; None where what they said then holds no more."""

    file: int
    rows: SeenRows | None = None

    def says(self, stored: Stored) -> bool:
        """Whether the file still says what a record said elsewhere."""
        return self.rows is not None and (stored.file_number == self.file or stored.row_hash in self.rows)


_NOBODY = 0
"""The place among what files say of a record that no file says again, but that is put elsewhere."""


class Moves:
    """Where the records of one attempt arrive, and which others they make leave."""

    def __init__(self, dossiers: Dossiers, waiting: Waiting, whereabouts: Whereabouts, *, first: bool) -> None:
        """`first` says that nothing was read before: only what several files of the attempt say can have moved, and
        where all is need not be noted yet."""
        self._dossiers = dossiers
        self._waiting = waiting
        self._whereabouts = whereabouts
        self._said = [_Said(0)]
        self._first = first
        self._records, self._places, self._sayers = array("q"), array("I"), array("I")
        self._leaving: dict[int, dict[int, _Said]] = {}

    def reads(self, file: int) -> int:
        """A file begins to be read; what it says is told by the number that is returned."""
        self._said.append(_Said(file))
        return len(self._said) - 1

    def has_read(self, said: int, rows: bytes) -> None:
        """A file was read: the hashes of its rows that were understood before, one after the other."""
        self._said[said].rows = SeenRows([rows], set())

    def arrives(self, kind: int, identifier: str, dossier: int, said: int = _NOBODY) -> None:
        """A record is put into a dossier, or waits for one."""
        self._records.append(record_hash(kind, identifier))
        self._places.append(dossier)
        self._sayers.append(said)

    def settle(self, joined_as: Callable[[int], int]) -> None:
        """Find where the records that have arrived were before. `joined_as` says what has become of a dossier."""
        if self._records:
            noted = not self._first and (self._whereabouts.kept or self._any_comes_anew())
            arrivals = self._by_record()
            while few := list(islice(arrivals, _AT_ONCE)):
                known = self._whereabouts.of([record for record, _ in few]) if noted else _in_place(few)
                now = [(record, self._move(record, places, known.get(record), joined_as)) for record, places in few]
                if noted:
                    self._whereabouts.put((record, place) for record, place in now if known.get(record) != place)
        for column in (self._records, self._places, self._sayers):
            del column[:]

    def _move(
        self, record: int, places: list[tuple[int, int]], known: int | None, joined_as: Callable[[int], int]
    ) -> int:
        """The dossier that a record is in now: the last one that a file has put it in. It leaves the others."""
        place, said = max(enumerate(places), key=lambda each: (each[1][1] != _NOBODY, each[0]))[1]
        now = joined_as(place)
        if said != _NOBODY:
            before = {joined_as(each) for each, _ in places} | ({joined_as(known)} if known is not None else set())
            for each in before - {now} if now != WAITING else before:
                self._leaving.setdefault(each, {})[record] = self._said[said]
        return now

    @property
    def left(self) -> set[int]:
        """The dossiers that some record may have to leave."""
        return self._leaving.keys() - {WAITING}

    def gone_from(self, dossier: int) -> Gone | None:
        """Which records of a dossier have gone elsewhere; None where none has."""
        leaving = self._leaving.get(dossier)
        return None if leaving is None else partial(_leaves, leaving)

    def _by_record(self) -> Iterator[_Arrivals]:
        """What has arrived, record by record; in a first attempt, what has arrived more than once."""
        arrived: Iterable[int] = range(len(self._records))
        if self._first:
            repeated = {one for one, other in pairwise(sorted(self._records)) if one == other}
            arrived = [n for n in arrived if self._records[n] in repeated] if repeated else ()
        order = sorted(arrived, key=self._records.__getitem__)
        for record, same in groupby(order, self._records.__getitem__):
            yield record, [(self._places[n], self._sayers[n]) for n in same]

    def _any_comes_anew(self) -> bool:
        """Whether any record was not in the dossier that it arrives in. If so, it is noted where all are."""
        waiting = [record_hash(KIND_INDEX[kind_of(each)], each.id) for each in self._waiting.every()]
        if len(self._records) <= _FEW:
            wanted: dict[int, set[int]] = {}
            for record, place in zip(self._records, self._places, strict=True):
                wanted.setdefault(place, set()).add(record)
            there = {place: {record_hash(*name) for name in self._dossiers.names_in(place)} for place in wanted}
            there[WAITING] = set(waiting)
            if all(records <= there[place] for place, records in wanted.items()):
                return False
        held = ((record_hash(kind, name), number) for number, kind, name in self._dossiers.names())
        self._whereabouts.keep(chain(((record, WAITING) for record in waiting), held))
        return True


def _in_place(few: list[_Arrivals]) -> Mapping[int, int]:
    return {record: places[-1][0] for record, places in few}


def _leaves(leaving: dict[int, _Said], stored: Stored) -> bool:
    said = leaving.get(record_hash(KIND_INDEX[kind_of(stored)], stored.id))
    return said is not None and not said.says(stored)
