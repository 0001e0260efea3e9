"""The pivot format: lossless both ways, strict about everything else, and silent about values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connector_core.errors import RowRefused
from connector_core.model.pivot import encode_line, header, record_from_json, record_to_json
from connector_core.model.records import KINDS, Record, field_names
from connector_core.model.shape import closed_values, target_of

TEXT = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() != "")
OFFSETS = st.integers(min_value=-12 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
CENTS = st.integers(min_value=-(10**7), max_value=10**7).map(lambda cents: Decimal(cents).scaleb(-2))
EARLIEST = datetime(1900, 1, 2)  # noqa: DTZ001  # hypothesis adds the zone
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "date": st.dates(min_value=date(1900, 1, 1)),
    "time": st.times().map(lambda moment: moment.replace(microsecond=0)),
    "timestamp": st.datetimes(min_value=EARLIEST, timezones=OFFSETS).map(lambda moment: moment.replace(microsecond=0)),
    "decimal": CENTS.map(abs),
    "integer": st.integers(min_value=1, max_value=10),
    "boolean": st.booleans(),
    "list": st.lists(TEXT, max_size=3).map(tuple),
    "map": st.dictionaries(TEXT, TEXT, max_size=3),
}
SPECIAL = {"bsi.hem": st.from_regex(r"[0-9]{3}", fullmatch=True), "act.letter": st.sampled_from(["RAM", "AMK", "IK"])}


@st.composite
def records(draw: st.DrawFn) -> Record:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    values: dict[str, Any] = {}
    for name in field_names(kind):
        if not kind.model_fields[name].is_required() and draw(st.booleans()):
            continue
        closed = closed_values(kind, name)
        usual = st.sampled_from(closed) if closed else VALUES[target_of(kind, name)]
        values[name] = draw(SPECIAL.get(f"{kind.record}.{name}", usual))
    return kind.model_validate(values)


@settings(max_examples=300)
@given(records())
def test_a_record_survives_writing_and_reading(record: Record) -> None:
    again = record_from_json(json.loads(encode_line(record_to_json(record))))
    assert again == record
    assert record_to_json(again) == record_to_json(record)


ACT = {
    "record": "act",
    "id": "a1",
    "patient_id": "p1",
    "practitioner_id": "mk1",
    "performed_on": "2026-03-02",
    "letter": "RAM",
    "coefficient": "8.09",
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"performed_on": "2026-13-02"}, "act.performed_on"),
        ({"performed_on": "20260302"}, "act.performed_on"),
        ({"performed_on": 20260302}, "act.performed_on"),
        ({"coefficient": 8.09}, "act.coefficient"),
        ({"coefficient": "8,09"}, "act.coefficient"),
        ({"coefficient": "NaN"}, "act.coefficient"),
        ({"coefficient": "-1"}, "act.coefficient"),
        ({"amount": "17.885"}, "act.amount"),
        ({"amount": 17.88}, "act.amount"),
        ({"started_at": "9:30"}, "act.started_at"),
        ({"created_at": "2026-03-02T10:00:00"}, "act.created_at"),
        ({"place": "AILLEURS-SECRET"}, "act.place"),
        ({"quantity": "2"}, "act.quantity"),
        ({"letter": ""}, "act.letter"),
        ({"id": ""}, "act.id"),
        ({"vendor": {"a": 1}}, "act.vendor"),
        ({"provenance": {}}, "act"),
        ({"nom_secret": "x"}, "act"),
        ({"record": "nope"}, "record"),
        ({"record": 3}, "record"),
    ],
)
def test_what_is_wrong_is_named_without_its_value(change: dict[str, Any], named: str) -> None:
    with pytest.raises(RowRefused) as refused:
        record_from_json(ACT | change)
    told = f"{refused.value.reason} {' '.join(refused.value.fields)}"
    assert named in told
    for value in change.values():
        assert "SECRET" not in told
        assert not isinstance(value, str) or len(value) < 4 or value not in told
    assert "nom_secret" not in told


def test_missing_fields_are_all_named() -> None:
    with pytest.raises(RowRefused) as refused:
        record_from_json({"record": "act", "id": "a1"})
    for field in ("patient_id", "practitioner_id", "performed_on", "letter", "coefficient"):
        assert f"act.{field}" in refused.value.reason


def test_null_is_absent_and_defaults_are_written() -> None:
    record = record_from_json(ACT | {"amount": None})
    assert record_to_json(record) == ACT | {"quantity": 1, "rate": "1"}


def test_coefficients_keep_their_digits() -> None:
    assert record_to_json(record_from_json(ACT | {"coefficient": "8.10"}))["coefficient"] == "8.10"


def test_times_and_headers() -> None:
    with_time = record_from_json(ACT | {"started_at": "09:30"})
    assert record_to_json(with_time)["started_at"] == "09:30"
    assert time(9, 30) == with_time.__dict__["started_at"]
    line = header("Cabinet d'exemple", datetime(2026, 3, 2, tzinfo=UTC), ("act",))
    assert line == {
        "record": "pivot",
        "model_version": 1,
        "practice": "Cabinet d'exemple",
        "exported_at": "2026-03-02T00:00:00+00:00",
        "covers": ["act"],
    }
    assert "covers" not in header("x", datetime(2026, 3, 2, tzinfo=UTC))


def test_models_are_frozen_and_hide_what_they_were_given() -> None:
    record = record_from_json(ACT)
    with pytest.raises(ValueError, match="frozen"):
        record.id = "other"
    with pytest.raises(ValidationError) as error:
        KINDS["patient"].model_validate({"id": "p1", "sex": "VALEURSECRETE"})
    assert "VALEURSECRETE" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"record": "act", "coeficient": "8.09"}, "clé inconnue pour act, proche de « coefficient »"),
        ({"record": "act", "DUPONT Jeanne": "8.09"}, "clé inconnue pour act"),
        ({"record": "acte"}, "type d'enregistrement inconnu, proche de « act »"),
        ({"record": "DUPONT"}, "type d'enregistrement inconnu"),
        ({"record": 3}, "type d'enregistrement inconnu"),
    ],
)
def test_a_misspelt_name_is_told_by_the_known_one_alone(line: dict[str, object], said: str) -> None:
    with pytest.raises(RowRefused) as refused:
        record_from_json(line)
    assert refused.value.reason == said
