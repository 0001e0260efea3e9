"""What the store knows of files: which were taken, where each stands, what was refused, which rows were seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import sqlcipher3

from connector_core.model.coverage import Covers
from connector_core.store.held import HASH_BYTES, HeldTable, Kept, TableRows, kept_after, split_hashes

FileState = Literal["committed", "waiting", "incomplete", "unknown", "ambiguous", "set_aside"]
"""committed: read whole; waiting: some rows wait for a table they join on; incomplete: read up to the damage;
unknown: no connector knows it; ambiguous: several do; set_aside: its connector failed on it three times."""

NOTED_FACT = "noted"
"""The fact that holds, of the events that are noted by hand, those that some row fills."""
_READ = frozenset({"committed", "waiting", "incomplete"})
_PIECES = 200
"""Pieces of one layout's hashes beyond which they are made one."""
_SEARCHES = 40
"""Rows that are searched for one by one before a set of all is made."""


_decode_content = msgspec.msgpack.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that was taken, without anything of its content."""

    number: int
    source: str
    sha256: str
    name: str
    size: int
    state: FileState
    connector: str | None
    dialect: str | None
    rows: int
    new_rows: int
    rejects: int
    reason: str | None
    taken_at: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was set aside. `signature` says which connector failed on it, as it was then; empty where that is not
    known, so that the file may be tried again."""

    source: str
    sha256: str
    name: str
    size: int
    connector: str | None
    signature: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A refused row or file, with where it was and why; `raw` is the row itself, for the practice's own eyes."""

    file: int
    place: str
    reason: str
    raw: bytes | None


class SeenRows:
    """Hashes of rows, in pieces, without those that are stale.

    A few are searched for where they lie, which is what a small file needs; more than that are worth a set of them all.
    """

    def __init__(self, pieces: list[bytes], stale: set[bytes]) -> None:
        self._pieces = pieces
        self._stale = stale
        self._searched = 0
        self._all: set[bytes] | None = None if pieces else set()

    def __bool__(self) -> bool:
        return self._all is None or bool(self._all)

    def __contains__(self, found: bytes) -> bool:
        if self._all is not None:
            return found in self._all
        self._searched += 1
        if self._searched <= _SEARCHES:
            return found not in self._stale and any(_lies_in(piece, found) for piece in self._pieces)
        self._all = {each for piece in self._pieces for each in split_hashes(piece, HASH_BYTES)} - self._stale
        return found in self._all


def _lies_in(piece: bytes, found: bytes) -> bool:
    at = piece.find(found)
    while at >= 0 and at % HASH_BYTES:
        at = piece.find(found, at + 1)
    return at >= 0


class Files:
    """The file tables of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection

    def source_number(self, source: str) -> int:
        """The number of a source, given one when it is new."""
        row = self._connection.execute("SELECT number FROM source WHERE id = ?", (source,)).fetchone()
        if row is None:
            cursor = self._connection.execute("INSERT INTO source (id) VALUES (?)", (source,))
            return int(cursor.lastrowid)
        return int(row[0])

    def sources(self) -> dict[int, str]:
        return dict(self._connection.execute("SELECT number, id FROM source"))

    def source_of_files(self) -> dict[int, str]:
        query = "SELECT file.number, source.id FROM file JOIN source ON source.number = file.source"
        return dict(self._connection.execute(query))

    def covers(self) -> Covers:
        """What all sources together cover; what is noted by hand, where some row fills it."""
        covers = Covers()
        for (names,) in self._connection.execute("SELECT covers FROM source"):
            covers = covers | _covers(names)
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (NOTED_FACT,)).fetchone()
        return covers if row is None else covers.noting(row[0].split())

    def widen(self, source: int, covers: Covers) -> None:
        """A source covers what any of its files showed."""
        (names,) = self._connection.execute("SELECT covers FROM source WHERE number = ?", (source,)).fetchone()
        wider = _covers(names) | covers
        self._connection.execute("UPDATE source SET covers = ? WHERE number = ?", (" ".join(wider.names()), source))

    def taken(self, source: str) -> set[str]:
        """The digests of the files of a source that were read; those of which no row could be may be tried again."""
        query = (
            "SELECT sha256 FROM file JOIN source ON source.number = file.source"
            " WHERE source.id = ? AND (state IN ('committed', 'waiting') OR (state = 'incomplete' AND rows > 0))"
        )
        return {digest for (digest,) in self._connection.execute(query, (source,))}

    def replaced_at(self, source: str, sha256: str, name: str) -> str | None:
        """When another content under this name was last read after a content that was read before; None where none
        was."""
        query = (
            "SELECT max(later.done_at) FROM file JOIN source ON source.number = file.source"
            " JOIN file AS later ON later.source = file.source AND later.done_at > file.done_at"
            " WHERE source.id = ? AND file.sha256 = ? AND later.name = ?"
            " AND later.state IN ('committed', 'waiting', 'incomplete')"
        )
        (at,) = self._connection.execute(query, (source, sha256, name)).fetchone()
        return None if at is None else str(at)

    def reads(self) -> int:
        """How many times a file was read or refused: it never falls, but in an older store."""
        (count,) = self._connection.execute("SELECT coalesce(sum(attempts), 0) FROM file").fetchone()
        return int(count)

    def count(self, source: str) -> int:
        """How many files of a source are known."""
        query = "SELECT count(*) FROM file JOIN source ON source.number = file.source WHERE source.id = ?"
        return int(self._connection.execute(query, (source,)).fetchone()[0])

    def start(self, source: int, sha256: str, name: str, size: int, at: str) -> int:
        """Register a file, or one more attempt at it; returns its number."""
        query = (
            "INSERT INTO file (source, sha256, name, size, state, taken_at, attempts)"
            " VALUES (?, ?, ?, ?, 'committed', ?, 1)"
            " ON CONFLICT (source, sha256) DO UPDATE SET attempts = attempts + 1, name = excluded.name RETURNING number"
        )
        (number,) = self._connection.execute(query, (source, sha256, name, size, at)).fetchone()
        self._connection.execute("DELETE FROM reject WHERE file = ?", (number,))
        return int(number)

    def finish(
        self,
        number: int,
        *,
        state: FileState,
        at: str,
        connector: str | None = None,
        dialect: str | None = None,
        signature: str | None = None,
        rows: int = 0,
        new_rows: int = 0,
        rejects: int = 0,
        reason: str | None = None,
    ) -> None:
        """Say how reading a file ended."""
        self._connection.execute(
            "UPDATE file SET state = ?, connector = ?, dialect = ?, signature = ?, rows = ?, new_rows = ?, rejects = ?,"
            " reason = ?, done_at = ? WHERE number = ?",
            (state, connector, dialect, signature, rows, new_rows, rejects, reason, at, number),
        )
        if state in _READ and (rows or state != "incomplete"):
            self._connection.execute(
                "UPDATE source SET last_file_at = ? WHERE number = (SELECT source FROM file WHERE number = ?)",
                (at, number),
            )

    def heard(self) -> dict[str, str]:
        """When each source last gave a file that could be read, new or not; sources that never did are left out."""
        return dict(self._connection.execute("SELECT id, last_file_at FROM source WHERE last_file_at IS NOT NULL"))

    def hear(self, source: str, at: str) -> None:
        """A source gave a file that was taken before."""
        self._connection.execute("UPDATE source SET last_file_at = ? WHERE id = ?", (at, source))

    def list_files(self, source: str | None = None) -> list[FileFacts]:
        query = (
            "SELECT file.number, source.id, sha256, name, size, state, connector, dialect, rows, new_rows, rejects,"
            " reason, taken_at FROM file JOIN source ON source.number = file.source"
            " WHERE ?1 IS NULL OR source.id = ?1 ORDER BY file.number"
        )
        return [FileFacts(*row) for row in self._connection.execute(query, (source,))]

    def signatures(self) -> dict[int, str]:
        """The layout that each file was read as, or what its connector was made of when it was set aside."""
        return dict(self._connection.execute("SELECT number, signature FROM file WHERE signature IS NOT NULL"))

    def set_aside(self, source: str | None = None) -> list[SetAside]:
        """The files that were set aside, of one source or of all."""
        query = (
            "SELECT source.id, sha256, name, size, connector, coalesce(signature, ''), coalesce(reason, '')"
            " FROM file JOIN source ON source.number = file.source"
            " WHERE state = 'set_aside' AND (?1 IS NULL OR source.id = ?1) ORDER BY file.number"
        )
        return [SetAside(*row) for row in self._connection.execute(query, (source,))]

    def digests(self) -> dict[int, str]:
        return dict(self._connection.execute("SELECT number, sha256 FROM file"))

    def refuse(self, number: int, refused: Iterable[tuple[str, str, bytes | None]]) -> None:
        """Keep rows aside: (place, reason, bytes)."""
        self._connection.executemany(
            "INSERT INTO reject (file, place, reason, raw) VALUES (?, ?, ?, ?)",
            ((number, place, reason, raw) for place, reason, raw in refused),
        )

    def rejects(self, number: int | None = None) -> list[KeptReject]:
        query = "SELECT file, place, reason, raw FROM reject WHERE ?1 IS NULL OR file = ?1 ORDER BY file, rowid"
        return [KeptReject(*row) for row in self._connection.execute(query, (number,))]

    def first_reason(self, number: int) -> str | None:
        """Why the first thing was refused of a file; None where nothing was."""
        query = "SELECT reason FROM reject WHERE file = ? ORDER BY rowid LIMIT 1"
        row = self._connection.execute(query, (number,)).fetchone()
        return None if row is None else str(row[0])

    def seen(self, source: int, signature: str) -> SeenRows:
        """The rows of a source that were understood under a layout and still say what is true."""
        query = "SELECT hashes FROM seen WHERE source = ? AND signature = ?"
        pieces = [blob for (blob,) in self._connection.execute(query, (source, signature))]
        return SeenRows(pieces, self._stale(source))

    def add_seen(self, source: int, signature: str, file: int, hashes: bytes) -> None:
        """Rows of a file were understood: their hashes, one after the other."""
        if not hashes:
            return
        self._connection.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", (source, signature, file, hashes))
        self._gather_seen(source, signature, file)
        stale = self._stale(source)
        if stale:
            again = ((source, each) for each in stale.intersection(split_hashes(hashes, HASH_BYTES)))
            self._connection.executemany("DELETE FROM stale WHERE source = ? AND hash = ?", again)

    def _gather_seen(self, source: int, signature: str, file: int) -> None:
        """Make one piece of many: a database that is read every few minutes adds one each time."""
        query = "SELECT count(*) FROM seen WHERE source = ? AND signature = ?"
        (count,) = self._connection.execute(query, (source, signature)).fetchone()
        if count > _PIECES:
            query = "SELECT hashes FROM seen WHERE source = ? AND signature = ?"
            pieces = [blob for (blob,) in self._connection.execute(query, (source, signature))]
            every = dict.fromkeys(each for piece in pieces for each in split_hashes(piece, HASH_BYTES))
            self._connection.execute("DELETE FROM seen WHERE source = ? AND signature = ?", (source, signature))
            self._connection.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", (source, signature, file, b"".join(every)))

    def hold(self, source: int, tables: Mapping[str, TableRows]) -> Mapping[str, set[bytes]]:
        """The rows that tables of a source have now, all or some, by table. Returns those that said something when this
        was last said and do so no more; should one come back, it is to be understood anew."""
        gone: dict[str, set[bytes]] = {}
        for table, now in tables.items():
            query = "SELECT hashes, keys, waiting FROM held WHERE source = ? AND table_name = ?"
            row = self._connection.execute(query, (source, table)).fetchone()
            before = None if row is None else Kept(*row)
            after, gone[table] = kept_after(before, now)
            if after != before:
                query = "INSERT OR REPLACE INTO held (source, table_name, hashes, keys, waiting) VALUES (?, ?, ?, ?, ?)"
                self._connection.execute(query, (source, table, *after))
        query = "INSERT OR IGNORE INTO stale VALUES (?, ?)"
        self._connection.executemany(query, ((source, each) for some in gone.values() for each in some))
        return gone

    def held(self, source: str) -> dict[str, HeldTable]:
        """The tables of a source of which rows are held, by name."""
        query = (
            "SELECT table_name, keys IS NOT NULL, length(waiting) > 0 FROM held"
            " JOIN source ON source.number = held.source WHERE source.id = ?"
        )
        rows = self._connection.execute(query, (source,))
        return {table: HeldTable(bool(known), bool(waits)) for table, known, waits in rows}

    def held_rows(self, source: str, table: str) -> tuple[bytes, bytes]:
        """The hashes of the keys, and those of the rows, that are held of a table."""
        query = (
            "SELECT keys, hashes FROM held JOIN source ON source.number = held.source"
            " WHERE source.id = ? AND table_name = ?"
        )
        keys, hashes = self._connection.execute(query, (source, table)).fetchone()
        return keys, hashes

    def doubt(self, source: int) -> None:
        """All tables of a source are to be read whole, since some of what they say may be understood otherwise now."""
        self._connection.execute("UPDATE held SET keys = NULL WHERE source = ?", (source,))

    def overrule(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Rows, by file and hash, of which another row has since said otherwise: should one come back as it was, it is
        to be understood anew."""
        query = "INSERT OR IGNORE INTO stale SELECT source, ?2 FROM file WHERE number = ?1"
        self._connection.executemany(query, rows)

    def forget_seen(self, source: int) -> None:
        """The rows of a source are to be understood anew, since what they join on has changed."""
        self._connection.execute("DELETE FROM seen WHERE source = ?", (source,))
        self._connection.execute("DELETE FROM stale WHERE source = ?", (source,))

    def _stale(self, source: int) -> set[bytes]:
        return {each for (each,) in self._connection.execute("SELECT hash FROM stale WHERE source = ?", (source,))}

    def waiting(self, source: str) -> list[str]:
        """The digests of the files of a source that hold rows waiting for another table."""
        query = (
            "SELECT sha256 FROM file JOIN source ON source.number = file.source"
            " WHERE source.id = ? AND state = 'waiting' ORDER BY file.number"
        )
        return [digest for (digest,) in self._connection.execute(query, (source,))]

    def remembered(self, source: int) -> dict[tuple[str, str], Mapping[str, str]]:
        """What a source's tables that others join on have said, by table and key."""
        query = "SELECT table_name, key, content FROM lookup WHERE source = ?"
        decode = _decode_content
        return {(table, key): decode(blob) for table, key, blob in self._connection.execute(query, (source,))}

    def looked_up(self, source: int, table: str, key: str) -> Mapping[str, str] | None:
        """What a row of a table that others join on has said."""
        query = "SELECT content FROM lookup WHERE source = ? AND table_name = ? AND key = ?"
        row = self._connection.execute(query, (source, table, key)).fetchone()
        return None if row is None else _decode_content(row[0])

    def forget_table(self, source: int, table: str) -> None:
        """Nothing that a table has said to those that join on it holds any more."""
        self._connection.execute("DELETE FROM lookup WHERE source = ? AND table_name = ?", (source, table))

    def remember(self, source: int, entries: Iterable[tuple[str, str, Mapping[str, str]]]) -> None:
        encode = msgspec.msgpack.Encoder().encode
        self._connection.executemany(
            "INSERT OR REPLACE INTO lookup (source, table_name, key, content) VALUES (?, ?, ?, ?)",
            ((source, table, key, encode(content)) for table, key, content in entries),
        )


def _covers(names: str) -> Covers:
    listed = names.split()
    return Covers.all() if listed == ["*"] else Covers.of(listed)
