"""What is encoded comes out as it went in, for every kind of record."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.model.records import KINDS, Act, Patient, Record
from connector_core.model.shape import FieldType, closed_values, target_of
from connector_core.store.codec import (
    KIND_INDEX,
    KIND_NAMES,
    Fragments,
    Gathering,
    array_header,
    as_records,
    content,
    decode_blob,
    encode_list,
    encode_record,
    encode_stored,
    fold,
    join_parts,
    kind_of,
    list_decoder,
    placed,
    rebuild,
    reference_fields,
    row_of,
    split_blob,
    superseded,
)

TEXT = st.text(min_size=1, max_size=20)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=4)), timezone(timedelta(hours=-3, minutes=-30))])
MOMENTS = st.datetimes(timezones=ZONES)
VALUES: dict[FieldType, st.SearchStrategy] = {
    "text": TEXT,
    "date": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "time": st.times(),
    "timestamp": MOMENTS,
    "decimal": st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=2),
    "integer": st.integers(0, 2**40),
    "boolean": st.booleans(),
    "list": st.lists(TEXT, max_size=3).map(tuple),
    "map": st.dictionaries(TEXT, TEXT, max_size=3),
}
LINES = st.one_of(st.integers(1, 2**40), TEXT)


def field_values(kind: type[Record], field: str) -> st.SearchStrategy:
    closed = closed_values(kind, field)
    values = VALUES[target_of(kind, field)] if closed is None else st.sampled_from(closed)
    return values if kind.model_fields[field].is_required() else st.one_of(st.none(), values)


@st.composite
def records(draw: st.DrawFn, name: str) -> Record:
    """Any record of a kind; values are of the right type, whatever they say."""
    kind = KINDS[name]
    kind.model_rebuild()
    given = {field: draw(field_values(kind, field)) for field in kind.model_fields if field != "provenance"}
    return kind.model_construct(**{field: given.get(field) for field in kind.model_fields})


ROW = b"\x01" * 16


def prefixed(record: Record) -> Record:
    references = {name: getattr(record, name) for name in reference_fields(record.record)}
    return record.model_copy(update={name: f"vega:{each}" for name, each in references.items() if each is not None})


@pytest.mark.parametrize("name", KIND_NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_record_survives_blob_and_rebuilding(name: str, data: st.DataObject) -> None:
    record, place = data.draw(records(name)), data.draw(LINES)
    prefix, known = data.draw(st.sampled_from([("", record), ("vega:", prefixed(record))]))
    gained = Fragments()
    gained.add(KIND_INDEX[name], encode_record(record, prefix, 7, place, ROW))
    blob = join_parts(gained.parts())
    stored = decode_blob(blob)
    assert [len(each) for each in stored] == [int(kind == name) for kind in KIND_NAMES]
    (only,) = stored[KIND_INDEX[name]]
    assert encode_stored(only) == encode_record(record, prefix, 7, place, ROW)
    assert join_parts(split_blob(blob)) == blob
    assert encode_list([only]) == array_header(1) + encode_stored(only)
    assert (kind_of(only), row_of(only)) == (name, (7, ROW))
    assert placed([only]) == {(name, known.id): (7, place)}
    (rebuilt,) = rebuild([only])
    assert rebuilt == known
    assert list(rebuilt.__dict__) == list(record.__dict__)


@pytest.mark.parametrize("name", KIND_NAMES)
@settings(max_examples=10)
@given(data=st.data())
def test_rules_read_a_stored_record_as_they_would_the_model_s_own(name: str, data: st.DataObject) -> None:
    record = data.draw(records(name))
    stored = list_decoder(name)(array_header(1) + encode_record(record, "", 7, 1, ROW))
    (read,) = as_records(stored)
    assert read.record == record.record
    assert isinstance(read, KINDS[name])
    assert [kind for kind in KINDS.values() if isinstance(read, kind)] == [KINDS[name]]
    assert {field: getattr(read, field) for field in KINDS[name].model_fields} == record.__dict__
    changed = read.model_copy(update={"id": "other"})
    assert (changed.id, read.id) == ("other", record.id)
    with pytest.raises(AttributeError):
        read.id = "other"


def test_a_moment_of_local_mean_time_is_kept() -> None:
    moment = datetime(1900, 1, 1, 9, tzinfo=ZoneInfo("Europe/Paris"))
    record = KINDS["appointment"].model_construct(
        **dict.fromkeys(KINDS["appointment"].model_fields) | {"id": "r", "starts_at": moment}
    )
    (back,) = list_decoder("appointment")(array_header(1) + encode_record(record, "", 1, 1, ROW))
    assert getattr(back, "starts_at").date() == moment.date()  # noqa: B009  # a type made at run time
    assert encode_stored(back) == encode_record(record, "", 1, 1, ROW)


def test_decimals_keep_their_places_and_times_their_zone() -> None:
    act = Act(
        id="a",
        patient_id="p",
        practitioner_id="mk",
        performed_on=date(2026, 3, 2),
        letter="AMK",
        coefficient=Decimal("8.50"),
        amount=Decimal("10.00"),
        started_at=time(9, 30),
        created_at=datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=4))),
    )
    (back,) = rebuild(list_decoder("act")(b"\x91" + encode_record(act, "", 1, 1, ROW)))
    assert isinstance(back, Act)
    assert (str(back.coefficient), str(back.amount)) == ("8.50", "10.00")
    assert back.created_at is not None
    assert back.created_at.utcoffset() == timedelta(hours=4)


@given(st.lists(st.tuples(st.sampled_from(["patient", "act"]), st.binary(min_size=1, max_size=700)), max_size=40))
def test_what_a_dossier_gains_comes_out_by_kind_in_the_order_it_came(gained: list[tuple[str, bytes]]) -> None:
    fragments = Fragments()
    for kind, said in gained:
        fragments.add(KIND_INDEX[kind], msgspec.msgpack.encode([said, "x" * 900]))
    for kind, part in zip(KIND_NAMES, fragments.parts(), strict=True):
        came = [[said, "x" * 900] for name, said in gained if name == kind]
        assert msgspec.msgpack.decode(part) == came


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65535, 65536])
def test_a_gathering_of_any_size_is_read_whole(count: int) -> None:
    gathering = Gathering()
    encoded = encode_record(Patient(id="p"), "", 1, 1, ROW)
    for _ in range(count):
        gathering.add(encoded)
    assert len(list_decoder("patient")(gathering.blob())) == count
    assert gathering.blob().startswith(array_header(count))


def stored_patients(*said: tuple[str, int, str]):
    """Patients as stored: (id, file, family name)."""
    encoded = [
        encode_record(Patient(id=id_, family_name=name), "", file, line, ROW)
        for line, (id_, file, name) in enumerate(said)
    ]
    return list_decoder("patient")(array_header(len(encoded)) + b"".join(encoded))


def names(stored) -> list[tuple[str, str]]:
    return [(each.id, each.family_name) for each in stored]


def test_the_last_of_those_that_share_an_id_is_kept_at_the_place_of_the_first() -> None:
    patients = stored_patients(("p1", 1, "A"), ("p2", 1, "B"), ("p1", 2, "C"))
    assert names(fold(patients)) == [("p1", "C"), ("p2", "B")]


def test_what_is_there_once_is_left_as_it_is() -> None:
    patients = stored_patients(("p1", 1, "A"), ("p2", 1, "A"))
    assert fold(patients) is patients


def test_only_what_says_otherwise_is_superseded() -> None:
    patients = stored_patients(("p1", 1, "A"), ("p1", 2, "B"), ("p1", 3, "B"), ("p2", 1, "A"), ("p2", 2, "A"))
    kept = fold(patients)
    assert names(superseded(patients, kept)) == [("p1", "A")]
    assert superseded(kept, kept) == []


def test_what_a_record_says_is_told_apart_from_where_it_was_read() -> None:
    one, other, third = stored_patients(("p1", 1, "A"), ("p1", 2, "A"), ("p1", 2, "B"))
    assert content(one) == content(other) != content(third)
