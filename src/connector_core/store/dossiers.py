"""Dossiers in the store: whose records are whose, and one blob per dossier.

A patient of a source belongs to one dossier. Patients of different sources share a dossier when their natural keys
agree: (NIR, birth date, birth rank), else (family name, given name, birth date) without accents or case. Two patients
of one source are never merged.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple, cast

import msgspec
import sqlcipher3

from connector_core.model.order import in_order
from connector_core.model.records import Patient
from connector_core.store.codec import (
    EMPTY,
    KIND_INDEX,
    KIND_NAMES,
    Fragments,
    Stored,
    decode_blob,
    encode_list,
    fold,
    fold_without,
    ids_in,
    join_parts,
    kind_of,
    list_decoder,
    split_blob,
    superseded,
)
from connector_core.store.packing import unpack

Records = tuple[list[Stored], ...]

_BY_INVOICE = KIND_INDEX["payer_return"], KIND_INDEX["reminder"]
"""The kinds that may name no patient but an invoice."""
_NIR = "nir|"
_BY_NAME = "name|"
_AT_ONCE = 200
_FEW_ROWS = 20
"""Rows that are searched for in the bytes of a dossier; for more it is decoded."""


class Merged(NamedTuple):
    """A dossier after an ingest: its records, the blob that holds them, and the records that are no longer true."""

    records: Records
    blob: bytes
    superseded: Records


class Dossiers:
    """The dossier tables of one open store. Every write happens inside the caller's transaction."""

    def __init__(self, connection: sqlcipher3.Connection) -> None:
        self._connection = connection
        self._by_patient: dict[tuple[int, str], int] = {}
        self._next: int | None = None
        self._blank: set[int] = set()
        """Dossiers that were made for a patient and hold nothing yet."""
        self.alike: list[tuple[int, int]] = []
        """Dossiers of people of one name and birth date who are not taken for one."""

    def owner(self, source: int, patient_id: str) -> int:
        """The dossier of a patient of a source, given one when the patient is new."""
        key = (source, patient_id)
        found = self._by_patient.get(key)
        if found is not None:
            return found
        number = self._by_patient[key] = self._given_to(source, patient_id)
        return number

    def find(self, source: int, patient_id: str) -> int | None:
        """The dossier of a patient of a source, None where there is none."""
        query = "SELECT dossier FROM patient WHERE source = ? AND id = ?"
        row = self._connection.execute(query, (source, patient_id)).fetchone()
        return None if row is None else int(row[0])

    def identify(self, source: int, patient: Patient) -> tuple[int, int | None]:
        """The dossier of a patient who is now described, and the dossier it must be joined into, if any."""
        number = self.owner(source, patient.id)
        join: int | None = None
        keys = list(natural_keys(patient))
        for key in keys:
            if self._connection.execute("INSERT OR IGNORE INTO person VALUES (?, ?)", (key, number)).rowcount:
                continue
            (known,) = self._connection.execute("SELECT dossier FROM person WHERE key = ?", (key,)).fetchone()
            if known != number and join is None and self._may_be_one(number, known, keys):
                join = known
            elif known not in (number, join) and key.startswith(_BY_NAME):
                self.alike.append((number, known))
        return number, join

    def ids_of(self, number: int) -> list[tuple[int, str]]:
        """The patients of a dossier: number of the source, id."""
        return list(self._connection.execute("SELECT source, id FROM patient WHERE dossier = ?", (number,)))

    def join(self, number: int, into: int) -> None:
        """All patients of one dossier belong to another from now on."""
        moved = self._connection.execute("SELECT source, id FROM patient WHERE dossier = ?", (number,))
        self._by_patient.update(dict.fromkeys(moved, into))
        for table in ("patient", "person", "household"):
            self._connection.execute(f"UPDATE OR IGNORE {table} SET dossier = ? WHERE dossier = ?", (into, number))
            self._connection.execute(f"DELETE FROM {table} WHERE dossier = ?", (number,))

    def households(self) -> list[str]:
        """Every home that a dossier belongs to."""
        return [key for (key,) in self._connection.execute("SELECT DISTINCT key FROM household ORDER BY key")]

    def at_homes(self) -> set[int]:
        """The dossiers that belong to a home."""
        return {number for (number,) in self._connection.execute("SELECT DISTINCT dossier FROM household")}

    def homes_of(self, number: int) -> set[str]:
        """The homes that a dossier belongs to: one at most in each source."""
        return {key for (key,) in self._connection.execute("SELECT key FROM household WHERE dossier = ?", (number,))}

    def people_of(self, household: str) -> list[int]:
        """The dossiers of a home."""
        query = "SELECT dossier FROM household WHERE key = ? ORDER BY dossier"
        return [number for (number,) in self._connection.execute(query, (household,))]

    def live_in(self, number: int, households: Iterable[str]) -> None:
        """Say anew which homes a dossier belongs to."""
        self._connection.execute("DELETE FROM household WHERE dossier = ?", (number,))
        self._connection.executemany("INSERT INTO household VALUES (?, ?)", ((key, number) for key in households))

    def load(self, number: int) -> tuple[list[Stored], ...] | None:
        row = self._connection.execute("SELECT blob FROM dossier WHERE number = ?", (number,)).fetchone()
        return None if row is None else decode_blob(row[0])

    def of_kind(self, number: int, kind: str) -> list[Stored]:
        """The records of one kind in a dossier: the others are not decoded."""
        row = self._connection.execute("SELECT blob FROM dossier WHERE number = ?", (number,)).fetchone()
        return [] if row is None else list_decoder(kind)(split_blob(row[0])[KIND_INDEX[kind]])

    def some(self, numbers: Iterable[int]) -> Iterator[tuple[int, str, str | None, Records]]:
        """Dossiers as they were saved: number, patient_id, wake_on, records. What is written meanwhile may be one of
        them: they are read a few hundred at a time."""
        wanted = list(numbers)
        for first in range(0, len(wanted), _AT_ONCE):
            few = wanted[first : first + _AT_ONCE]
            marks = ",".join("?" * len(few))
            query = f"SELECT number, patient_id, wake_on, blob FROM dossier WHERE number IN ({marks}) ORDER BY number"
            for number, patient_id, wake_on, blob in self._connection.execute(query, few).fetchall():
                yield number, patient_id, wake_on, decode_blob(blob)

    def holding(self, rows: Collection[bytes]) -> set[int]:
        """The dossiers some of whose records may come from these rows, by their hashes."""
        query = "SELECT number, blob FROM dossier"
        few = rows if len(rows) <= _FEW_ROWS else ()
        wanted = frozenset(rows)
        found: set[int] = set()
        for number, blob in self._connection.execute(query) if rows else ():
            if few:
                content = unpack(blob)
                held = any(row in content for row in few)
            else:
                held = any(each.row_hash in wanted for records in decode_blob(blob) for each in records)
            if held:
                found.add(number)
        return found

    def merge(self, number: int, fragments: Fragments, gone: Callable[[Stored], bool] | None = None) -> Merged:
        """A dossier's records with what an ingest adds to them, and without those that are `gone`, each kind
        in order. Kinds to which nothing is added, and of which nothing is gone, keep their bytes."""
        before = self._parts(number)
        records: list[list[Stored]] = []
        parts: list[bytes] = []
        overruled: list[list[Stored]] = []
        for name, old, gained in zip(KIND_NAMES, before, fragments.parts(), strict=True):
            if old == EMPTY == gained:
                records.append([])
                parts.append(EMPTY)
                overruled.append([])
                continue
            decode = list_decoder(name)
            every = decode(old if gained == EMPTY else gained)
            if old != EMPTY != gained:
                every = [*decode(old), *every]
            folded = fold(every) if gone is None else fold_without(every, gone)
            overruled.append(superseded(every, folded))
            kept = cast(list[Stored], in_order(name, folded))
            records.append(kept)
            if kept is every and EMPTY in (old, gained):
                parts.append(old if gained == EMPTY else gained)
            else:
                parts.append(encode_list(kept))
        return Merged(tuple(records), join_parts(parts), tuple(overruled))

    def _parts(self, number: int) -> list[bytes]:
        """What a dossier holds: one array of records per kind."""
        query, blank = "SELECT blob FROM dossier WHERE number = ?", number in self._blank
        row = None if blank else self._connection.execute(query, (number,)).fetchone()
        return [EMPTY] * len(KIND_NAMES) if row is None else split_blob(row[0])

    def save(self, rows: Sequence[tuple[int, str, str | None, bytes]]) -> None:
        """Write dossiers: (number, patient_id, wake_on, blob)."""
        self._blank.difference_update(number for number, *_ in rows)
        self._connection.executemany(
            "INSERT INTO dossier (number, patient_id, wake_on, blob) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET patient_id = excluded.patient_id, wake_on = excluded.wake_on,"
            " blob = excluded.blob",
            rows,
        )

    def wake(self, number: int, wake_on: str | None) -> None:
        self._connection.execute("UPDATE dossier SET wake_on = ? WHERE number = ?", (wake_on, number))

    def delete(self, number: int) -> None:
        self._connection.execute("DELETE FROM dossier WHERE number = ?", (number,))

    def awake(self, day: date) -> list[int]:
        """The dossiers whose answers may change by that day without new data."""
        query = "SELECT number FROM dossier WHERE wake_on <= ?"
        return sorted(number for (number,) in self._connection.execute(query, (day.isoformat(),)))

    def numbers(self) -> list[int]:
        """Every dossier. Each has a patient, by whose index they are listed without reading past the blobs."""
        query = "SELECT DISTINCT dossier FROM patient ORDER BY dossier"
        return [number for (number,) in self._connection.execute(query)]

    def patient_id(self, number: int) -> str:
        row = self._connection.execute("SELECT patient_id FROM dossier WHERE number = ?", (number,)).fetchone()
        return str(row[0])

    def iterate(self) -> Iterator[tuple[int, str, tuple[list[Stored], ...]]]:
        """Every dossier: number, patient, records."""
        for number, patient_id, blob in self._connection.execute("SELECT number, patient_id, blob FROM dossier"):
            yield number, patient_id, decode_blob(blob)

    def of_kinds(self, *kinds: str) -> Iterator[tuple[int, tuple[list[Stored], ...]]]:
        """The records of some kinds alone, dossier by dossier: the others are not decoded."""
        wanted = [(KIND_INDEX[kind], list_decoder(kind)) for kind in kinds]
        for number, blob in self._connection.execute("SELECT number, blob FROM dossier"):
            parts = split_blob(blob)
            yield number, tuple(decode(parts[place]) for place, decode in wanted)

    def names(self) -> Iterator[tuple[int, int, str]]:
        """Every record of a dossier: its number, the record's kind and id."""
        for number, blob in self._connection.execute("SELECT number, blob FROM dossier ORDER BY number"):
            for kind, identifier in ids_in(blob):
                yield number, kind, identifier

    def names_in(self, number: int) -> Iterator[tuple[int, str]]:
        """The records of one dossier: kind and id."""
        row = self._connection.execute("SELECT blob FROM dossier WHERE number = ?", (number,)).fetchone()
        return iter(()) if row is None else ids_in(row[0])

    def empty(self) -> bool:
        """Whether no dossier has any record, and none waits for one."""
        query = "SELECT EXISTS (SELECT 1 FROM dossier) OR EXISTS (SELECT 1 FROM orphan)"
        (some,) = self._connection.execute(query).fetchone()
        return not some

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM dossier").fetchone()[0])

    def release(self, number: int, strays: Callable[[Stored], bool]) -> list[Stored]:
        """Take out of a dossier what is in it for an invoice only and may be of another: where it belongs is to be
        found anew."""
        parts = self._parts(number)
        released: list[Stored] = []
        for kind in _BY_INVOICE:
            records = list_decoder(KIND_NAMES[kind])(parts[kind])
            out = [each for each in records if strays(each)]
            if out:
                parts[kind] = encode_list([each for each in records if each not in out])
                released += out
        if released:
            query = "UPDATE dossier SET blob = ? WHERE number = ?"
            self._connection.execute(query, (join_parts(parts), number))
        return released

    def _given_to(self, source: int, patient_id: str) -> int:
        """The dossier of a patient, a new one where they have none."""
        if self._next is None:
            row = self._connection.execute("SELECT max(dossier) FROM patient").fetchone()
            self._next = (row[0] or 0) + 1
        number = self._next
        given = "INSERT OR IGNORE INTO patient VALUES (?, ?, ?)"
        if not self._connection.execute(given, (source, patient_id, number)).rowcount:
            query = "SELECT dossier FROM patient WHERE source = ? AND id = ?"
            return int(self._connection.execute(query, (source, patient_id)).fetchone()[0])
        self._next += 1
        self._blank.add(number)
        return number

    def _may_be_one(self, number: int, other: int, keys: Iterable[str]) -> bool:
        """Whether two dossiers may be one person's: no source has a patient in both, and no two NIR differ."""
        query = "SELECT 1 FROM patient WHERE dossier = ?1 AND source IN (SELECT source FROM patient WHERE dossier = ?2)"
        if self._connection.execute(query, (number, other)).fetchone() is not None:
            return False
        own = self._nirs(number) | {key for key in keys if key.startswith(_NIR)}
        theirs = self._nirs(other)
        return not own or not theirs or bool(own & theirs)

    def _nirs(self, number: int) -> set[str]:
        query = "SELECT key FROM person WHERE dossier = ?"
        return {key for (key,) in self._connection.execute(query, (number,)) if key.startswith(_NIR)}


def names_invoice(stored: Stored) -> str | None:
    """The invoice by which a record that names no patient was put into a dossier."""
    values = msgspec.structs.asdict(stored)
    if kind_of(stored) == "patient" or values.get("patient_id") is not None:
        return None
    invoice = values.get("invoice_number") or values.get("invoice_id")
    return None if invoice is None else str(invoice)


def natural_keys(patient: Patient) -> Iterator[str]:
    """The keys by which a person is known across sources, the strongest first; none when too little is known."""
    if patient.birth_date is None:
        return
    born = patient.birth_date.isoformat()
    if patient.nir is not None:
        yield f"{_NIR}{patient.nir}|{born}|{patient.birth_rank or 1}"
    if patient.family_name and patient.given_name:
        yield f"{_BY_NAME}{_plain(patient.family_name)}|{_plain(patient.given_name)}|{born}"


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join("".join(c if c.isalnum() else " " for c in letters.lower()).split())
