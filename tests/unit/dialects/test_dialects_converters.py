"""Converters: what each reads, what each refuses, and that a refusal repeats nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.dialects.converters import CONVERTERS, PARIS, Memo, key_of

TYPES = {
    "text": str,
    "date": date,
    "time": time,
    "timestamp": datetime,
    "decimal": Decimal,
    "integer": int,
    "boolean": bool,
    "list": tuple,
}

GOOD = [
    ("text", " Dos", " Dos"),
    ("upper", "ram", "RAM"),
    ("digits", "10.000-000/18", "1000000018"),
    ("nir", "1 85 04 99 999 998 07", "1850499999998"),
    ("nir", "2850199999123", "2850199999123"),
    ("nir", "1 85 04 2a 999 998 07", "185042A999998"),
    ("nir_key", "1 85 04 99 999 998 07", "07"),
    ("nir_key", "07", "07"),
    ("nir_key", "2850199999123", None),
    ("date_fr", "2/3/2026", date(2026, 3, 2)),
    ("date_fr", "02.03.2026", date(2026, 3, 2)),
    ("date_fr", "02-03-2026", date(2026, 3, 2)),
    ("date_fr_short", "02/03/26", date(2026, 3, 2)),
    ("date_fr_short", "02/03/69", date(2069, 3, 2)),
    ("date_fr_short", "02/03/70", date(1970, 3, 2)),
    ("date_iso", "2026-03-02", date(2026, 3, 2)),
    ("date_compact", "20260302", date(2026, 3, 2)),
    ("date_fr_compact", "02032026", date(2026, 3, 2)),
    ("date_compact_short", "260302", date(2026, 3, 2)),
    ("date_compact_short", "690302", date(2069, 3, 2)),
    ("date_compact_short", "700302", date(1970, 3, 2)),
    ("time", "09:30", time(9, 30)),
    ("time", "09h30", time(9, 30)),
    ("time", "9 H 30", time(9, 30)),
    ("time", "0930", time(9, 30)),
    ("time", "09:30:15", time(9, 30)),
    ("timestamp_iso", "2026-03-02T09:30", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("timestamp_iso", "2026-03-02 09:30", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("timestamp_iso", "2026-03-02T08:30:00Z", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("timestamp_fr", "02/03/2026 09h30", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("date_of_timestamp", "2026-03-02 00:00:00", date(2026, 3, 2)),
    ("date_of_timestamp", "2026-03-02 23:59:59", date(2026, 3, 2)),
    ("time_of_timestamp", "1899-12-30 09:30:00", time(9, 30)),
    ("timestamp_compact", "202603020930", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("timestamp_compact", "20260302 0930", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)),
    ("decimal_fr", "8,09", Decimal("8.09")),
    ("decimal_fr", "8,10", Decimal("8.10")),
    ("decimal_fr", "1 234 567,5", Decimal("1234567.5")),
    ("decimal_point", "8.09", Decimal("8.09")),
    ("decimal_padded", "8.10", Decimal("8.1")),
    ("decimal_padded", "20.00", Decimal("20")),
    ("money_padded", "17.8800", Decimal("17.88")),
    ("money_padded", "-17.9", Decimal("-17.90")),
    ("money_padded", "17", Decimal("17.00")),
    ("money_fr", "1\u202f234,56 €", Decimal("1234.56")),
    ("money_fr", "-17,88", Decimal("-17.88")),
    ("money_fr_signed", "+1\xa0234,56 €", Decimal("1234.56")),
    ("money_fr_signed", "+ 17,88", Decimal("17.88")),
    ("money_fr_signed", "17,88", Decimal("17.88")),
    ("money_fr_signed", "-17,88", Decimal("-17.88")),
    ("money_fr_debit", "17,88", Decimal("-17.88")),
    ("money_fr_debit", "-17,88 €", Decimal("-17.88")),
    ("money_fr_debit", "0,00", Decimal("0.00")),
    ("money_point", "17.88 €", Decimal("17.88")),
    ("money_cents", "00001788", Decimal("17.88")),
    ("money_cents", "00002000", Decimal("20.00")),
    ("money_cents", "-001788", Decimal("-17.88")),
    ("hundredths", "00809", Decimal("8.09")),
    ("hundredths", "00810", Decimal("8.1")),
    ("hundredths", "02000", Decimal("20")),
    ("integer", "0015", 15),
    ("integer", "-3", -3),
    ("boolean", "Oui", True),
    ("boolean", "T", True),
    ("boolean", "0", False),
    ("boolean", "Faux", False),
    ("cotation_letter", "RAM 8,09", "RAM"),
    ("cotation_letter", "AMK10", "AMK"),
    ("cotation_letter", "MN23 1", "MN23"),
    ("cotation_letter", "AMK x 8.5", "AMK"),
    ("cotation_coefficient", "AMK10", Decimal("10")),
    ("cotation_coefficient", "AMK8.5", Decimal("8.5")),
    ("cotation_coefficient", "RAM 8,10", Decimal("8.10")),
    ("cotation_coefficient", "AMI 1/2", Decimal("1")),
    ("cotation_rate", "AMI 1/2", "0.5"),
    ("cotation_rate", "AMI 1,2", "1"),
    ("cotation_rate", "AMI 2", "1"),
    ("person_family", "EXEMPLE-TEST Anne Marie", "EXEMPLE-TEST"),
    ("person_given", "DE LA TOUR Anne Marie", "Anne Marie"),
    ("person_given", "EXEMPLE", None),
    ("last_word", "ZD p00012", "p00012"),
    ("words", "AUXM, PHAR;|OPTI ", ("AUXM", "PHAR", "OPTI")),
]

BAD = [
    ("nir", "285019999912"),
    ("nir", "28501A9999123"),
    ("nir", "٢850199999123"),
    ("nir_key", "7"),
    ("nir_key", "285019999912"),
    ("date_fr", "31/02/2026"),
    ("date_fr", "02/03/26"),
    ("date_fr", "2026-03-02"),
    ("date_fr", "02/03/2026 "),
    ("date_fr_short", "02/03/2026"),
    ("date_fr_short", "30/02/26"),
    ("date_iso", "2026-3-2"),
    ("date_iso", "2026-02-30"),
    ("date_compact", "2026030"),
    ("date_compact", "20260230"),
    ("date_fr_compact", "20260302"),
    ("date_fr_compact", "2032026"),
    ("date_fr_compact", "30022026"),
    ("date_compact_short", "20260302"),
    ("date_compact_short", "260230"),
    ("time", "930"),
    ("time", "25:00"),
    ("time", "09:60"),
    ("timestamp_iso", "2026-03-02"),
    ("timestamp_iso", "2026-02-30T09:30"),
    ("timestamp_iso", "20260302T0930"),
    ("timestamp_fr", "02/03/2026"),
    ("date_of_timestamp", "2026-03-02"),
    ("date_of_timestamp", "2026-02-30 00:00:00"),
    ("time_of_timestamp", "09:30:00"),
    ("timestamp_compact", "20260302"),
    ("decimal_fr", "8.09"),
    ("decimal_fr", "8 09"),
    ("decimal_fr", "1 2345"),
    ("decimal_fr", "1,"),
    ("decimal_fr", "NaN"),
    ("decimal_point", "8,09"),
    ("decimal_point", "1e5"),
    ("decimal_padded", "8,10"),
    ("money_padded", "17,88"),
    ("money_padded", "17.8801"),
    ("money_fr", "17,885"),
    ("money_fr", "dix"),
    ("money_fr_signed", "+-17,88"),
    ("money_fr_signed", "+ -17,88"),
    ("money_fr_signed", "++17,88"),
    ("money_fr_debit", "17.88"),
    ("money_point", "17.885"),
    ("money_cents", "17,88"),
    ("hundredths", "8.09"),
    ("integer", "1.0"),
    ("integer", "12345678901"),
    ("integer", "١"),
    ("boolean", "peut-être"),
    ("cotation_letter", "8,09 RAM"),
    ("cotation_letter", "RAM"),
    ("cotation_coefficient", "RAM 8,09 + IK"),
    ("cotation_rate", "AMI"),
    ("person_family", "Anne Exemple"),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_reads(name, text, value):
    found = CONVERTERS[name].convert(text)
    assert found == value
    if isinstance(value, Decimal):
        assert str(found) == str(value), "digits are kept"


@pytest.mark.parametrize(("name", "text"), BAD)
def test_refuses_without_repeating(name, text):
    with pytest.raises(ValueError, match=r"\w") as caught:
        CONVERTERS[name].convert(text)
    assert text.strip() not in str(caught.value)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize("converter", CONVERTERS.values(), ids=lambda each: each.name)
def test_examples_convert_to_the_target(converter):
    assert type(converter.convert(converter.example)) is TYPES[converter.target]


@pytest.mark.parametrize("converter", CONVERTERS.values(), ids=lambda each: each.name)
def test_has_a_summary(converter):
    assert converter.summary.endswith(".")
    assert CONVERTERS[converter.name] is converter


@pytest.mark.parametrize("converter", CONVERTERS.values(), ids=lambda each: each.name)
@given(text=st.text(min_size=1).map(str.strip).filter(bool))
def test_any_text_is_read_or_refused(converter, text):
    with suppress(ValueError):
        value = converter.convert(text)
        assert value is None or type(value) is TYPES[converter.target]


@given(st.dates(min_value=date(1, 1, 1)))
def test_days_come_back(day):
    assert CONVERTERS["date_fr"].convert(f"{day.day:02}/{day.month:02}/{day.year:04}") == day
    assert CONVERTERS["date_iso"].convert(day.isoformat()) == day
    assert CONVERTERS["date_compact"].convert(day.isoformat().replace("-", "")) == day


@given(st.integers(min_value=0, max_value=99_999_999))
def test_amounts_come_back(cents):
    amount = Decimal(cents).scaleb(-2)
    assert CONVERTERS["money_cents"].convert(f"{cents:010}") == amount
    assert CONVERTERS["money_point"].convert(f"{amount:.2f}") == amount
    assert CONVERTERS["money_fr"].convert(f"{amount:,.2f} €".replace(",", " ").replace(".", ",")) == amount


@given(st.integers(min_value=0, max_value=99_999))
def test_coefficients_lose_only_what_fills_the_column(hundredths):
    value = CONVERTERS["hundredths"].convert(f"{hundredths:05}")
    assert value == Decimal(hundredths).scaleb(-2)
    assert str(value) == f"{hundredths / 100:g}" or hundredths >= 10_000_000
    assert CONVERTERS["decimal_padded"].convert(f"{hundredths / 100:.2f}") == value


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # a wall clock
def test_moments_are_on_the_clock_of_paris(moment):
    moment = moment.replace(second=0, microsecond=0, fold=0)
    for name, form in (("timestamp_fr", "%d/%m/%Y %Hh%M"), ("timestamp_compact", "%Y%m%d%H%M")):
        found = CONVERTERS[name].convert(moment.strftime(form))
        assert isinstance(found, datetime)
        assert found.replace(tzinfo=None) == moment
        assert found.utcoffset() in (timedelta(hours=1), timedelta(hours=2))


def test_a_key_depends_on_every_part_and_its_place():
    assert key_of(["a", "b"]) == key_of(iter(["a", "b"]))
    assert len({key_of(parts) for parts in (["a", "b"], ["b", "a"], ["ab"], ["ab", ""], ["", "ab"])}) == 5


def test_a_memo_asks_once_and_is_bounded(monkeypatch):
    monkeypatch.setattr("connector_core.dialects.converters._REMEMBERED", 2)
    asked: list[str] = []

    def convert(text: str) -> str:
        asked.append(text)
        return text

    memo = Memo(convert)
    assert [memo[text] for text in "aabbcc"] == list("aabbcc")
    assert asked == ["a", "b", "c", "c"]
