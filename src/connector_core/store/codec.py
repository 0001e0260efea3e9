"""How records are kept: one blob per dossier, one compact array per record.

A dossier's blob is a packed msgpack array with one array of records per kind, in the order of `KINDS`. A record is the
array of its fields in the order of the model; the number of the file it came from, its place there and the hash of its
row stand in for the provenance. A field that is added to the model comes last in its kind, so that older blobs still
decode. Blobs are built by joining encoded records, so that an ingest never decodes what it has just encoded.

Ids carry the name of their source (`vega:p12`) as soon as they are encoded, so that two sources never collide; what was
read without a configured source has none.

What comes out of a blob went through the model's validation on its way in and is not validated again. A stored record
has the fields of its kind under their names, passes for one of its kind and is frozen, so that rules read it as they
would the model's own (`as_records`); where pydantic is asked about a record, `rebuild` makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeVar, cast

import msgspec
from msgspec import to_builtins

from connector_core.model.apart import told_again
from connector_core.model.records import KINDS, Invoice, Record, field_names
from connector_core.model.shape import FieldType, target_of
from connector_core.store.packing import pack, unpack

Place = int | str
KIND_NAMES = tuple(KINDS)
KIND_INDEX: Mapping[str, int] = {name: n for n, name in enumerate(KIND_NAMES)}

R = TypeVar("R", bound=Record)

_encode = msgspec.msgpack.Encoder().encode
_SMALL, _MEDIUM = 16, 65536


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
    values = list(record.__dict__.values())
    references, moments = _special_places(record.record)
    for at in moments:
        if values[at] is not None:
            values[at] = to_builtins(values[at])
    if prefix:
        for at in references:
            if values[at] is not None:
                values[at] = prefix + values[at]
    values[2:3] = file, place, row
    return _encode(values)


EMPTY = b"\x90"
"""An array of no records."""


def array_header(count: int) -> bytes:
    """The msgpack header of an array of `count` items."""
    if count < _SMALL:
        return bytes((0x90 | count,))
    if count < _MEDIUM:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


class Fragments:
    """Encoded records of one dossier, in the order they were read in, packed as they become many: an ingest holds those
    of every dossier until all files are read."""

    __slots__ = ("_kinds", "_open", "_packed")

    def __init__(self) -> None:
        self._kinds = bytearray()
        self._open = bytearray()
        self._packed: list[bytes] = []

    def add(self, kind: int, encoded: bytes) -> None:
        self._kinds.append(kind)
        self._open += encoded
        if len(self._open) > _OPEN:
            self._packed.append(pack(self._open))
            self._open = bytearray()

    def parts(self) -> list[bytes]:
        """What was gathered: one array of records per kind."""
        records = iter(_raw(b"".join((array_header(len(self._kinds)), *map(unpack, self._packed), self._open))))
        gathered: list[list[msgspec.Raw]] = [[] for _ in KIND_NAMES]
        for kind, run in groupby(self._kinds):  # a file mostly holds one kind
            gathered[kind].extend(islice(records, len([*run])))
        return [b"".join((array_header(len(each)), *each)) if each else EMPTY for each in gathered]


_OPEN = 3072
"""Bytes of a dossier that are left as they are until there are more."""


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
    """The fields of a kind that hold timestamps. They lie there as RFC 3339 text, since msgpack's own lose their
    offset, and with it the civil day."""
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
        namespace={"record": name, **_passing_for(kind)},
        array_like=True,
        frozen=True,
        gc=False,
    )
    return cast(type[Stored], struct)


def _passing_for(kind: type[Record]) -> dict[str, object]:
    """What makes `isinstance` and class patterns take a stored record for one of its kind.

    pydantic looks for its own marks before it asks what class an object says it is.
    """
    marks = dict.fromkeys(("__pydantic_validator__", "__pydantic_decorators__"))
    return {"__class__": property(lambda _: kind), **marks}


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[list[Stored], ...]]:
    kinds = tuple(list[stored_type(name)] for name in KIND_NAMES)  # type: ignore[misc]  # types made at run time
    return msgspec.msgpack.Decoder(tuple[kinds])  # type: ignore[valid-type]  # types made at run time


def join_parts(parts: Iterable[bytes]) -> bytes:
    """A blob from its arrays of records, one per kind."""
    return pack(b"".join((array_header(len(KIND_NAMES)), *parts)))


def split_blob(blob: bytes) -> list[bytes]:
    """The arrays of records that a blob joins, one per kind."""
    return [*map(bytes, _raw(unpack(blob)))]


_raw = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


def decode_blob(blob: bytes) -> tuple[list[Stored], ...]:
    """The records of a blob by kind; of several with one id the last counts (see `fold`)."""
    return _decoder().decode(unpack(blob))


class _Named(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The beginning of a record: the rest is passed over."""

    id: str


_decode_names = msgspec.msgpack.Decoder(tuple[list[_Named], ...]).decode


def ids_in(blob: bytes) -> Iterator[tuple[int, str]]:
    """The records of a blob by kind and id, which takes a fraction of decoding them."""
    return ((kind, each.id) for kind, records in enumerate(_decode_names(unpack(blob))) for each in records)


def decode_one(kind: int, encoded: bytes) -> Stored:
    """One encoded record of a kind."""
    return list_decoder(KIND_NAMES[kind])(array_header(1) + encoded)[0]


def _plain(stored: Stored) -> Stored | tuple[object, ...]:
    """A stored record whose timestamps are text again."""
    moments = timestamp_fields(kind_of(stored))
    if not any(getattr(stored, field) is not None for field in moments):
        return stored
    fields = msgspec.structs.asdict(stored)
    return tuple(to_builtins(value) if isinstance(value, datetime) else value for value in fields.values())


def kind_of(stored: Stored) -> str:
    """The kind of a stored record, by the name it has in the pivot format."""
    return as_record(stored).record


_id_of = attrgetter("id")


def fold(records: list[Stored]) -> list[Stored]:
    """Of records of one kind that share an id, keep the last, at the place of the first; the list itself when nothing
    is there twice. An invoice of which the FSE and the DRE are told is one."""
    if len(set(map(_id_of, records))) == len(records):
        return records
    found: dict[str, Stored] = {}
    for record in records:
        before = found.get(record.id)
        found[record.id] = record if before is None else _told_again(before, record)
    return list(found.values())


def _told_again(before: Stored, now: Stored) -> Stored:
    earlier, later = as_record(before), as_record(now)
    if isinstance(earlier, Invoice) and isinstance(later, Invoice):
        return cast(Stored, told_again(earlier, later))
    return now


def superseded(records: list[Stored], kept: list[Stored]) -> list[Stored]:
    """Of records, those that are not kept and said something else than the one that stands for them, if any does."""
    if kept is records:
        return []
    stands = {record.id: record for record in kept}
    pairs = ((each, stands.get(each.id)) for each in records)
    return [each for each, now in pairs if now is None or (each is not now and content(each) != content(now))]


def fold_without(records: list[Stored], gone: Callable[[Stored], bool]) -> list[Stored]:
    """As `fold`, without the records that are gone; a record that another stands for now keeps its place."""
    left = [record for record in records if not gone(record)]
    if len(left) == len(records):
        return fold(records)
    first: dict[str, int] = {}
    for place, record in enumerate(records):
        first.setdefault(record.id, place)
    return sorted(fold(left), key=lambda record: first[record.id])


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
def _special_places(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the references and the timestamps are among the fields of the model."""
    at = list(KINDS[name].model_fields).index
    return tuple(map(at, reference_fields(name))), tuple(map(at, timestamp_fields(name)))


def as_record(stored: Stored) -> Record:
    """A stored record as rules read it: by its fields."""
    return cast(Record, stored)


def as_records(stored: list[Stored]) -> list[Record]:
    """Stored records as rules read them: by their fields."""
    return cast(list[Record], stored)


def records_by_kind(blob: tuple[list[Stored], ...]) -> dict[str, list[Record]]:
    """What was decoded of a blob, as rules read it: the kinds of which there is any, by their names."""
    return cast(dict[str, list[Record]], {name: each for name, each in zip(KIND_NAMES, blob, strict=True) if each})


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
