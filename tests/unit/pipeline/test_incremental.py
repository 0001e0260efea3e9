"""Incremental equals full: however exports arrive, the store answers as if it had read the last one alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from connector_core.model.records import KINDS, Record, field_names
from connector_core.testing.anomalies import plant
from connector_core.testing.practice import Synthetic, make_practice

TODAY = date(2026, 10, 15)
PATIENTS = 12
OWNED = ("practitioner", "lot")

Mutation = Callable[[Random, Record], dict[str, object]]


def amount(random: Random, record: Record) -> dict[str, object]:
    return {"amount": Decimal(random.randrange(1000, 6000)) / 100}


def day(random: Random, record: Record) -> dict[str, object]:
    moved = record.performed_on + timedelta(days=random.choice((-35, -7, -1, 1, 2, 40)))  # type: ignore[attr-defined]
    return {"performed_on": moved}


def coefficient(random: Random, record: Record) -> dict[str, object]:
    return {"coefficient": random.choice((Decimal("8.09"), Decimal("7.5"), Decimal("8.5"), Decimal("20.1")))}


def nothing(field: str) -> Mutation:
    return lambda random, record: {field: None}


def toggled(field: str, *values: object) -> Mutation:
    return lambda random, record: {field: random.choice(values)}


def on_some_day(field: str) -> Mutation:
    return lambda random, record: {field: random.choice((None, TODAY - timedelta(days=random.randrange(-10, 90))))}


def moved(field: str, *days: int) -> Mutation:
    return lambda random, record: {field: getattr(record, field) + timedelta(days=random.choice(days))}


def another_patient(random: Random, record: Record) -> dict[str, object]:
    """One of the practice's, whether the export has anything else of theirs or not."""
    return {"patient_id": f"P{random.randrange(1, PATIENTS + 1):05d}"}


def another_number(random: Random, record: Record) -> dict[str, object]:
    field = "number" if record.record == "invoice" else "invoice_number"
    number: str = getattr(record, field)
    return {field: random.choice(("1", "00000042", number.lstrip("0"), str(int(number) + 1).zfill(8)))}


MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    "practitioner": (toggled("zone", "METRO", "DROM"),),
    "patient": (nothing("birth_date"), on_some_day("deceased_on"), toggled("archived", None, True)),
    "coverage": (toggled("kind", "standard", "C2S", "ALD"),),
    "prescription": (toggled("sessions", None, 5, 10, 20), toggled("at_home", None, True)),
    "treatment": (on_some_day("ended_on"), toggled("region", None, "genou", "épaule"), nothing("article")),
    "act": (
        amount,
        amount,
        day,
        day,
        coefficient,
        nothing("treatment_id"),
        nothing("prescription_id"),
        another_patient,
    ),
    "assessment": (on_some_day("summary_sent_on"), nothing("act_id"), toggled("kind", "initial", "final")),
    "invoice": (
        on_some_day("cancelled_on"),
        toggled("third_party", "NONE", "FULL"),
        moved("closed_on", -400, -20, 20, 365),
        another_number,
        another_patient,
    ),
    "lot": (on_some_day("sent_on"), toggled("arl", None, "negative", "positive")),
    "payer_return": (toggled("state", "paid", "rejected"), moved("returned_on", -400, -30, 30, 200), another_number),
    "patient_payment": (amount, another_patient),
    "quote": (on_some_day("signed_on"),),
    "appointment": (toggled("status", "booked", "missed", "honoured"), another_patient),
}


@pytest.fixture(scope="session")
def busy() -> Synthetic:
    return plant(make_practice(5, PATIENTS, 1.5, 3, today=TODAY), 5, complete=True)


def some_patients(synthetic: Synthetic, random: Random, wanted: int) -> list[Record]:
    """A few patients with everything of theirs, and what belongs to the practice."""
    chosen = {each.id for each in random.sample(synthetic.patients, wanted)}
    invoices = {
        record.number  # type: ignore[attr-defined]
        for record in synthetic.records
        if record.record == "invoice" and record.patient_id in chosen  # type: ignore[attr-defined]
    }

    def belongs(record: Record) -> bool:
        if record.record == "payer_return":
            return record.invoice_number in invoices  # type: ignore[attr-defined]
        owner = record.id if record.record == "patient" else getattr(record, "patient_id", None)
        return owner in chosen or record.record in OWNED

    return [record for record in synthetic.records if belongs(record)]


def mutated(records: Sequence[Record], random: Random) -> list[Record]:
    """The same records, a few of them changed."""
    chosen = set(random.sample(range(len(records)), min(len(records), random.randrange(1, 12))))
    chosen |= {n for n, record in enumerate(records) if record.record in OWNED and random.random() < 0.05}
    return [_mutated(record, random) if n in chosen else record for n, record in enumerate(records)]


def _mutated(record: Record, random: Random) -> Record:
    choices = MUTATIONS.get(record.record)
    return record.model_copy(update=random.choice(choices)(random, record)) if choices else record


def in_pieces(records: Sequence[Record], random: Random) -> list[list[Record]]:
    shuffled = random.sample(records, len(records))
    cuts = sorted(random.sample(range(1, len(shuffled)), random.randrange(4)))
    return [shuffled[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


def test_every_kind_of_record_that_is_mutated_exists() -> None:
    assert set(MUTATIONS) <= set(KINDS)
    assert all("id" in field_names(KINDS[kind]) for kind in MUTATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_pieces_of_changing_exports_give_what_the_last_export_alone_gives(
    seed: int, busy: Synthetic, new_cabinet
) -> None:
    random = Random(seed)
    versions = [some_patients(busy, random, 6)]
    for _ in range(random.randrange(2, 5)):
        earlier = random.choice(versions)  # a correction may be taken back
        versions.append(mutated(earlier, random))

    incremental = new_cabinet()
    on = TODAY - timedelta(days=len(versions))
    for version in versions:
        on += timedelta(days=1)
        inputs = [incremental.export(piece) for piece in in_pieces(version, random)]
        together = random.randrange(1, len(inputs) + 1)
        incremental.attempt(*inputs[:together], on=on)
        for each in inputs[together:]:
            incremental.attempt(each, on=on)
        if random.random() < 0.3:
            incremental.pipeline.day_passes(on + timedelta(days=1))

    full = new_cabinet()
    full.attempt(full.export(versions[-1]), on=on)
    incremental.pipeline.day_passes(on)
    assert incremental.answers() == full.answers()
    assert incremental.store.waiting.count() == full.store.waiting.count()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_one_attempt_at_all_exports_gives_what_the_last_export_alone_gives(
    seed: int, busy: Synthetic, new_cabinet
) -> None:
    random = Random(1000 + seed)
    versions = [some_patients(busy, random, 6)]
    for _ in range(3):
        versions.append(mutated(random.choice(versions), random))
    together, full = new_cabinet(), new_cabinet()
    together.attempt(*(together.export(version) for version in versions), on=TODAY)
    full.attempt(full.export(versions[-1]), on=TODAY)
    assert together.answers() == full.answers()
