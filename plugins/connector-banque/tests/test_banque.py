"""Statements of every format, on the samples of `fixtures/banque`."""

from __future__ import annotations

import json

import pytest

from connector_banque import INFO

LISTS = ("banque/csv-montant", "banque/csv-debit-credit")
OFX = ("banque/ofx1", "banque/ofx2")
CAMT = ("banque/camt053-02", "banque/camt053-08")
SAMPLES = (*OFX, *CAMT, *LISTS)


def credits(read):
    return [json.loads(line) for line in read.lines]


def test_says_that_nobody_has_verified_it():
    assert INFO.verified is False


@pytest.mark.parametrize("sample", SAMPLES)
def test_answers_as_the_pivot_twin(bench, sample):
    bench.assert_answers_as_twin(sample)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_format_tells_of_the_same_money(bench, sample):
    read = credits(bench.read(bench.export(sample)))
    other = credits(bench.read(bench.export(SAMPLES[0])))
    by_day: dict[str, list[float]] = {}
    for each in other:
        by_day.setdefault(each["booked_on"], []).append(round(float(each["amount"]) * 100))
    for each in read:
        by_day[each["booked_on"]].append(-round(float(each["amount"]) * 100))
    assert {sum(amounts) for amounts in by_day.values()} == {0}


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_kept(bench, sample):
    """Two equal credits of one day are two; money that payers took back is below zero; no other debit is there."""
    read = credits(bench.read(bench.export(sample)))
    assert len({each["id"] for each in read}) == len(read)
    assert sum(each["amount"] == "40.00" for each in read) == 2
    below = sorted((each["amount"], each["label"].split()[0]) for each in read if each["amount"].startswith("-"))
    assert below == [("-37.58", "PRLV"), ("-61.25", "REJET")]
    assert not any("LOYER" in each["label"] for each in read)
