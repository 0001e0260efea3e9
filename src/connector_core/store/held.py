"""What a source's database held when its tables were last read: its rows, by the hashes of their keys and their bytes.

A whole table says all that there is: a row that was held and is not in it is gone. A part says nothing of the rows that
it lacks: they stay held. A row that it has takes the place of the one with its key, which says so no more.

Rows that were refused since they name a row of another table that is not there are held as waiting: what they said when
it was there is gone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

HASH_BYTES, KEY_BYTES = 16, 8
"""Lengths of the hashes that `formats.row_hashes` makes of rows and keys; the store is only given them."""


@dataclass(slots=True)
class TableRows:
    """The rows of a table as a file has them, all or some: the hashes of their keys and of their bytes, one after the
    other, and of those that wait."""

    whole: bool
    keys: bytearray = field(default_factory=bytearray)
    hashes: bytearray = field(default_factory=bytearray)
    waiting: set[bytes] = field(default_factory=set)

    def understood(self) -> Iterator[bytes]:
        """The hashes of the rows that say something."""
        return (each for each in split_hashes(self.hashes, HASH_BYTES) if each not in self.waiting)


class HeldTable(NamedTuple):
    """Whether it is known which rows are held of a table, and whether any of them waits."""

    known: bool
    waits: bool


class Kept(NamedTuple):
    """The rows that are held of a table. `keys` is None where nobody knows which, so that it has to be read whole."""

    hashes: bytes
    keys: bytes | None
    waiting: bytes


def kept_after(before: Kept | None, now: TableRows) -> tuple[Kept, set[bytes]]:
    """What is held once a table was read, and the hashes of the rows that say nothing any more."""
    if now.whole:
        after = Kept(bytes(now.hashes), bytes(now.keys), b"".join(sorted(now.waiting)))
        if before is None or before == after:
            return after, set()
        return after, _understood(before) - _understood(after)
    if before is None or before.keys is None:
        hashes = dict.fromkeys(split_hashes(before.hashes if before else b"", HASH_BYTES))
        hashes |= dict.fromkeys(split_hashes(now.hashes, HASH_BYTES))
        return Kept(b"".join(hashes), None, before.waiting if before else b""), set()
    return _with_part(before, before.keys, now)


def _with_part(before: Kept, known: bytes, now: TableRows) -> tuple[Kept, set[bytes]]:
    places = {key: n for n, key in enumerate(memoryview(known).cast("Q"))}
    keys, hashes = bytearray(known), bytearray(before.hashes)
    replaced: set[bytes] = set()
    for key, row in zip(split_hashes(now.keys, KEY_BYTES), split_hashes(now.hashes, HASH_BYTES), strict=True):
        number = int.from_bytes(key, sys.byteorder)
        place = places.get(number)
        if place is None:
            places[number] = len(places)
            keys += key
            hashes += row
        else:
            at = slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
            replaced.add(bytes(hashes[at]))
            hashes[at] = row
    waited = set(split_hashes(before.waiting, HASH_BYTES))
    here = set(split_hashes(now.hashes, HASH_BYTES))
    waiting = (waited - replaced - here) | now.waiting
    gone = (replaced - waited) - (here - now.waiting)
    return Kept(bytes(hashes), bytes(keys), b"".join(sorted(waiting))), gone


def _understood(kept: Kept) -> set[bytes]:
    return set(split_hashes(kept.hashes, HASH_BYTES)).difference(split_hashes(kept.waiting, HASH_BYTES))


def split_hashes(hashes: bytes | bytearray, size: int) -> Iterator[bytes]:
    """Hashes that are one after the other."""
    return (bytes(hashes[n : n + size]) for n in range(0, len(hashes), size))
