"""How records are kept: one blob per dossier, one compact array per record.

A dossier's blob is a msgpack array with one array of records per kind, in the order of `KINDS`. A record is the array
of its fields in the order of the model; the number of the file it came from, its place there and the hash of its row
stand in for the provenance. A field that is added to the model comes last in its kind, so that older blobs still
decode. Blobs are built by joining encoded records, so that an ingest never decodes what it has just encoded.

Ids carry the name of their source (`vega:p12`) as soon as they are encoded, so that two sources never collide; what was
read without a configured source has none.

What comes out of a blob went through the model's validation on its way in and is not validated again. A stored record
has the fields of its kind under their names and is frozen, so that rules read it as they would the model's own
(`as_records`); where the model's class itself is needed, `rebuild` makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
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
_MINUTE = timedelta(minutes=1)


class Stored(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A record as it lies in a blob: these, then the fields of its kind."""

    provenance = None
    """Where it came from is said by the next three; the few records that end up as evidence get a provenance."""

    id: str
    vendor: dict[str, str] | None
    file_number: int
    place_in_file: Place
    row_hash: bytes

    def model_copy(self, *, update: Mapping[str, object]) -> Stored:
        """A copy with other values, as of the model's own records."""
        return msgspec.structs.replace(self, **update)


def encode_record(record: Record, prefix: str, file: int, place: Place, row: bytes) -> bytes:
    """A validated record as it lies in a blob: its ids with the prefix of its source, and where it came from."""
    fields = record.__dict__
    moments = timestamp_fields(record.record)
    if moments:
        fields = fields | {name: _text_of(fields[name]) for name in moments if fields[name] is not None}
    values = list(fields.values())
    if prefix:
        for at in _reference_places(record.record):
            if values[at] is not None:
                values[at] = prefix + values[at]
    values[2:3] = file, place, row
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
    "timestamp": datetime,
    "decimal": Decimal,
    "integer": int,
    "boolean": bool,
    "list": tuple[str, ...],
    "map": dict[str, str],
}


@cache
def timestamp_fields(name: str) -> tuple[str, ...]:
    """The fields of a kind that hold timestamps. They lie there as text, since msgpack's own lose their offset, and
    with it the civil day."""
    kind = KINDS[name]
    return tuple(field for field in field_names(kind) if target_of(kind, field) == "timestamp")


@cache
def stored_type(name: str) -> type[Stored]:
    """The struct of a kind: what every stored record has, then the fields of the kind."""
    kind = KINDS[name]
    own = [
        (field, _TYPES[target_of(kind, field)] | None, None)
        for field in kind.model_fields
        if field not in Record.model_fields
    ]
    struct = msgspec.defstruct(
        f"Stored{kind.__name__}",
        own,
        bases=(Stored,),
        namespace={"record": name},
        array_like=True,
        frozen=True,
        gc=False,
    )
    return cast(type[Stored], struct)


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[list[Stored], ...]]:
    kinds = tuple(list[stored_type(name)] for name in KIND_NAMES)  # type: ignore[misc]  # types made at run time
    return msgspec.msgpack.Decoder(tuple[kinds])  # type: ignore[valid-type]  # types made at run time


def decode_blob(blob: bytes) -> tuple[list[Stored], ...]:
    """The records of a blob by kind; of several with one id the last counts (see `fold`)."""
    return _decoder().decode(blob)


def encode_blob(records: Sequence[Sequence[Stored]]) -> bytes:
    return _encode([[*map(_plain, each)] for each in records])


def _plain(stored: Stored) -> Stored | tuple[object, ...]:
    """A stored record whose timestamps are text again."""
    moments = timestamp_fields(kind_of(stored))
    if not any(getattr(stored, field) is not None for field in moments):
        return stored
    fields = msgspec.structs.asdict(stored)
    return tuple(_text_of(value) if isinstance(value, datetime) else value for value in fields.values())


def _text_of(moment: datetime) -> str:
    """A timestamp as text. Its offset is in whole minutes, as RFC 3339 wants it: local mean time, in use until 1911,
    loses its seconds."""
    offset = moment.utcoffset()
    if offset is not None and (odd := offset % _MINUTE):
        moment = moment.astimezone(timezone(offset - odd))
    return moment.isoformat()


def kind_of(stored: Stored) -> str:
    """The kind of a stored record, by the name it has in the pivot format."""
    return as_record(stored).record


def fold(records: tuple[list[Stored], ...]) -> tuple[list[Stored], ...]:
    """Keep the last of the records that share an id, at the place of the first."""
    return tuple(fold_list(each) if len(each) > 1 else each for each in records)


def fold_list(records: list[Stored]) -> list[Stored]:
    """The same for records of one kind; the list itself when nothing is there twice."""
    last = {record.id: record for record in records}
    return list(last.values()) if len(last) < len(records) else records


def superseded(records: list[Stored], kept: list[Stored]) -> list[Stored]:
    """Of the records that `fold_list` dropped, those that said something else than the one that stands for them."""
    if kept is records:
        return []
    stands = {record.id: record for record in kept}
    pairs = ((each, stands[each.id]) for each in records)
    return [each for each, now in pairs if each is not now and content(each) != content(now)]


def content(stored: Stored) -> tuple[object, ...]:
    """What a record says, wherever it was read."""
    values = msgspec.structs.astuple(stored)
    return values[:2] + values[len(Stored.__struct_fields__) :]


_REFERENCES = frozenset({"renewal_of", "substitute_of"})


def reference_fields(name: str) -> tuple[str, ...]:
    """The fields of a kind that hold ids of records of the same source."""
    return tuple(
        field for field in field_names(KINDS[name]) if field == "id" or field.endswith("_id") or field in _REFERENCES
    )


@cache
def _reference_places(name: str) -> tuple[int, ...]:
    """Where these are among the fields of the model."""
    fields = list(KINDS[name].model_fields)
    return tuple(fields.index(field) for field in reference_fields(name))


def as_record(stored: Stored) -> Record:
    """A stored record as rules read it: by its fields."""
    return cast(Record, stored)


def as_records(stored: list[Stored]) -> list[Record]:
    """Stored records as rules read them: by their fields."""
    return cast(list[Record], stored)


def rebuild(stored: Iterable[Stored]) -> list[Record]:
    """Records of the model's own classes from stored ones of one kind, without a provenance."""
    return [_rebuilt(each) for each in stored]


def _rebuilt(stored: Stored) -> Record:
    kind = KINDS[kind_of(stored)]
    return kind.model_construct(**{field: getattr(stored, field) for field in kind.model_fields})


def placed(stored: Iterable[Stored]) -> dict[tuple[str, str], tuple[int, Place]]:
    """Where each record came from, by kind and id: the number of its file and its place there."""
    return {(kind_of(each), each.id): (each.file_number, each.place_in_file) for each in stored}


def row_of(stored: Stored) -> tuple[int, bytes]:
    """The row a record came from: the number of its file and its hash."""
    return stored.file_number, stored.row_hash


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
    return _encode(_plain(record))


def encode_list(records: Sequence[Stored]) -> bytes:
    return _encode([*map(_plain, records)])
