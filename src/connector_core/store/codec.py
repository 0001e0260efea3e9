"""How records are kept: one blob per dossier, one compact array per record.

A dossier's blob is a msgpack array with one array of records per kind, in the order of `KINDS`. A record is the array
of its fields in the order of the model; the number of the file it came from and its place there stand in for the
provenance. A field that is added to the model comes last in its kind, so that older blobs still decode. Blobs are built
by joining encoded records, so that an ingest never decodes what it has just encoded.

What comes out of a blob went through the model's validation on its way in; it is rebuilt without being validated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import TypeVar, cast

import msgspec

from connector_core.model.records import KINDS, Record, field_names
from connector_core.model.shape import FieldType, target_of

Place = int | str
KIND_NAMES = tuple(KINDS)
KIND_INDEX: Mapping[str, int] = {name: n for n, name in enumerate(KIND_NAMES)}

R = TypeVar("R", bound=Record)

_encode = msgspec.msgpack.Encoder().encode
_SMALL, _MEDIUM = 16, 65536


class Stored(msgspec.Struct, array_like=True):
    """A record as it lies in a blob: these, then the fields of its kind."""

    id: str
    vendor: dict[str, str] | None
    provenance: int
    """Number of the file the record came from."""
    place_in_file: Place


def encode_record(record: Record, file: int, place: Place) -> bytes:
    """A validated record, with where it came from, as it lies in a blob."""
    fields = record.__dict__
    moments = timestamp_fields(record.record)
    if moments:
        fields = fields | {name: fields[name].isoformat() for name in moments if fields[name] is not None}
    values = list(fields.values())
    values[2] = file
    values.insert(3, place)
    return _encode(values)


def array_header(count: int) -> bytes:
    """The msgpack header of an array of `count` items."""
    if count < _SMALL:
        return bytes((0x90 | count,))
    if count < _MEDIUM:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


class Fragments:
    """Encoded records of one dossier, gathered by kind until they are joined into a blob."""

    __slots__ = ("_counts", "_parts")

    def __init__(self) -> None:
        self._parts: dict[int, bytearray] = {}
        self._counts: dict[int, int] = {}

    def add(self, kind: int, encoded: bytes) -> None:
        part = self._parts.get(kind)
        if part is None:
            self._parts[kind] = bytearray(encoded)
            self._counts[kind] = 1
        else:
            part += encoded
            self._counts[kind] += 1

    def blob(self) -> bytes:
        """Everything gathered, as one blob."""
        pieces: list[bytes | bytearray] = [array_header(len(KIND_NAMES))]
        for kind in range(len(KIND_NAMES)):
            part = self._parts.get(kind)
            if part is None:
                pieces.append(b"\x90")
            else:
                pieces.append(array_header(self._counts[kind]))
                pieces.append(part)
        return b"".join(pieces)


_TYPES: Mapping[FieldType, type] = {
    "text": str,
    "date": date,
    "time": time,
    "timestamp": str,
    "decimal": Decimal,
    "integer": int,
    "boolean": bool,
    "list": tuple[str, ...],
    "map": dict[str, str],
}


@cache
def timestamp_fields(name: str) -> tuple[str, ...]:
    """The fields of a kind that hold timestamps. They are stored as text, since msgpack's own lose their offset, and
    with it the civil day."""
    kind = KINDS[name]
    return tuple(field for field in field_names(kind) if target_of(kind, field) == "timestamp")


@cache
def stored_type(name: str) -> type[Stored]:
    """The struct of a kind: `provenance` gives its place to the number of the file, and the place in it follows."""
    kind = KINDS[name]
    own = [
        (field, _TYPES[target_of(kind, field)] | None, None)
        for field in kind.model_fields
        if field not in Stored.__struct_fields__
    ]
    struct = msgspec.defstruct(f"Stored{kind.__name__}", own, bases=(Stored,), array_like=True)
    return cast(type[Stored], struct)


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[list[Stored], ...]]:
    kinds = tuple(list[stored_type(name)] for name in KIND_NAMES)  # type: ignore[misc]  # types made at run time
    return msgspec.msgpack.Decoder(tuple[kinds])  # type: ignore[valid-type]  # types made at run time


def decode_blob(blob: bytes) -> tuple[list[Stored], ...]:
    """The records of a blob by kind; of several with one id and one source the last counts (see `fold`)."""
    return _decoder().decode(blob)


def encode_blob(records: Sequence[Sequence[Stored]]) -> bytes:
    return _encode(records)


def fold(records: tuple[list[Stored], ...], source_of: Callable[[int], str]) -> tuple[list[Stored], ...]:
    """Keep the last of the records that share an id inside one source, at the place of the first."""
    return tuple(fold_list(each, source_of) if len(each) > 1 else each for each in records)


def fold_list(records: list[Stored], source_of: Callable[[int], str]) -> list[Stored]:
    """The same for records of one kind; the list itself when nothing is there twice."""
    if len({record.id for record in records}) == len(records):
        return records
    last = {(record.id, source_of(record.provenance)): record for record in records}
    return list(last.values()) if len(last) < len(records) else records


def superseded(records: list[Stored], kept: list[Stored], source_of: Callable[[int], str]) -> list[Stored]:
    """Of the records that `fold_list` dropped, those that said something else than the one that stands for them."""
    if kept is records:
        return []
    stands = {(record.id, source_of(record.provenance)): record for record in kept}
    pairs = ((each, stands[each.id, source_of(each.provenance)]) for each in records)
    return [each for each, now in pairs if each is not now and content(each) != content(now)]


def content(stored: Stored) -> tuple[object, ...]:
    """What a record says, wherever it was read."""
    values = msgspec.structs.astuple(stored)
    return values[:2] + values[4:]


_REFERENCES = frozenset({"renewal_of", "substitute_of"})


def reference_fields(name: str) -> tuple[str, ...]:
    """The fields of a kind that hold ids of records of the same source."""
    return tuple(
        field for field in field_names(KINDS[name]) if field == "id" or field.endswith("_id") or field in _REFERENCES
    )


Rebuild = Callable[[Iterable[Stored], Callable[[int], str]], list[Record]]


@cache
def rebuilder(name: str) -> Rebuild:
    """A function that makes records of a kind from what was stored.

    It is given the prefix for the ids of each file's source (`"vega:"`, or `""`). `provenance` is left empty: it is
    attached to the few records that end up as evidence.
    """
    kind = KINDS[name]
    references, moments = reference_fields(name), timestamp_fields(name)
    as_dict = msgspec.structs.asdict
    new, setattr_ = kind.__new__, object.__setattr__
    none_set: set[str] = set()

    def rebuild(stored: Iterable[Stored], prefix_of: Callable[[int], str]) -> list[Record]:
        made: list[Record] = []
        for each in stored:
            values = as_dict(each)
            prefix = prefix_of(values["provenance"])
            if prefix:
                for field in references:
                    reference = values[field]
                    if reference is not None:
                        values[field] = prefix + reference
            for field in moments:
                if values[field] is not None:
                    values[field] = datetime.fromisoformat(values[field])
            values["provenance"] = None
            del values["place_in_file"]
            record = new(kind)
            setattr_(record, "__dict__", values)
            setattr_(record, "__pydantic_fields_set__", none_set)
            setattr_(record, "__pydantic_extra__", None)
            setattr_(record, "__pydantic_private__", None)
            made.append(record)
        return made

    return rebuild


def places(
    name: str, stored: Iterable[Stored], prefix_of: Callable[[int], str]
) -> dict[tuple[str, str], tuple[int, Place]]:
    """Where each record came from, by kind and prefixed id: the number of its file and its place there."""
    return {(name, prefix_of(each.provenance) + each.id): place_of(each) for each in stored}


def place_of(stored: Stored) -> tuple[int, Place]:
    """Where a record came from: the number of its file and its place there."""
    return stored.provenance, stored.place_in_file


class Gathering:
    """Encoded records of one kind that belong together across dossiers (a practitioner's day, the returns of a
    month)."""

    __slots__ = ("count", "records")

    def __init__(self) -> None:
        self.records = bytearray()
        self.count = 0

    def add(self, encoded: bytes) -> None:
        self.records += encoded
        self.count += 1

    def blob(self) -> bytes:
        return array_header(self.count) + bytes(self.records)


@cache
def list_decoder(name: str) -> Callable[[bytes], list[Stored]]:
    """Decodes an array of records of one kind."""
    return msgspec.msgpack.Decoder(list[stored_type(name)]).decode  # type: ignore[misc]  # a type made at run time


def encode_stored(record: Stored) -> bytes:
    """One stored record as it lies in a blob."""
    return _encode(record)


def encode_list(records: Sequence[Stored]) -> bytes:
    return _encode(records)
