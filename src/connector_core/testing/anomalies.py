"""Plants anomalies in a synthetic practice: patients with one fault each, and exactly the findings they must give.

The practice itself is left as it is. Where one fault inevitably gives findings of two rules, both are planted. Each
fault is planted on dates at which the nomenclature is known; `today` must be 2026-08-15 or later for all to fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from connector_core.model.records import Act, Lot, Patient, Practitioner, Record
from connector_core.testing import (
    faults_bilan,
    faults_dap,
    faults_depl,
    faults_fin,
    faults_follow,
    faults_id,
    faults_nom,
    faults_ord,
    faults_tt,
)
from connector_core.testing.bench import Bench, Unplantable
from connector_core.testing.practice import Planted, Synthetic, Workshop
from connector_core.testing.transfers import with_transfers

Fault = Callable[[Bench], None]

FAULTS: tuple[Fault, ...] = (
    *faults_bilan.FAULTS,
    *faults_nom.FAULTS,
    *faults_ord.FAULTS,
    *faults_fin.FAULTS,
    *faults_dap.FAULTS,
    *faults_follow.FAULTS,
    *faults_depl.FAULTS,
)
_LATER: tuple[Fault, ...] = (*faults_id.FAULTS, *faults_tt.FAULTS)
"""Planted after the days, so that nothing that is drawn before changes."""
_BEYOND: tuple[Fault, ...] = (
    *faults_dap.AGREEMENT_FAULTS,
    *faults_depl.UNWRITTEN,
    *faults_fin.QUOTE_FAULTS,
    *faults_id.UNWRITTEN,
    *faults_tt.UNWRITTEN,
    faults_follow.many_refused,
)
_TRIES = 12


def plant(synthetic: Synthetic, seed: int, per_rule: int = 1, *, complete: bool = False) -> Synthetic:
    """The practice with every fault planted `per_rule` times, a practitioner's crowded moment and crowded day once.

    With `complete`, also what no reference layout can carry, and rejects, all settled since, in such number that their
    rate is told of the practice.
    """
    bench = _bench(synthetic, seed)
    for _ in range(per_rule):
        for fault in FAULTS:
            _try(bench, fault)
    for fault in faults_follow.DAY_FAULTS:
        _try(bench, fault)
    for _ in range(per_rule):
        for fault in _LATER:
            _try(bench, fault)
    for fault in _BEYOND if complete else ():
        _try(bench, fault)
    return _with(synthetic, bench)


def plant_only(synthetic: Synthetic, seed: int, faults: Sequence[Fault]) -> Synthetic:
    """The practice with these faults alone, in order."""
    bench = _bench(synthetic, seed)
    for fault in faults:
        _try(bench, fault)
    return _with(synthetic, bench)


def _with(synthetic: Synthetic, bench: Bench) -> Synthetic:
    added = with_transfers(bench.records, synthetic.today, "B")
    records = [*synthetic.records, *added, *bench.shop.desk.lots()]
    return replace(synthetic, records=records, planted=(*synthetic.planted, *bench.planted))


def _bench(synthetic: Synthetic, seed: int) -> Bench:
    lots = max((int(record.id[1:]) for record in synthetic.records if isinstance(record, Lot)), default=0)
    shop = Workshop.open(seed, synthetic.today, synthetic.zone, first_lot=lots)
    shop.agenda.limit = 31
    shop.agenda.occupy(record for record in synthetic.records if isinstance(record, Act))
    patients = [record for record in synthetic.records if isinstance(record, Patient)]
    shop.people.know(patients)
    staff = [record for record in synthetic.records if isinstance(record, Practitioner)]
    number = max((int(patient.id[1:]) for patient in patients), default=0)
    return Bench(shop, staff, number, synthetic.records)


def _try(bench: Bench, fault: Fault) -> None:
    """Plant a fault; where chance leaves no room for it, draw again. A fault that never fits is left out."""
    for _ in range(_TRIES):
        records, planted = len(bench.records), len(bench.planted)
        try:
            fault(bench)
        except Unplantable:
            del bench.records[records:], bench.planted[planted:]
        else:
            return


__all__ = ["FAULTS", "Fault", "Planted", "Record", "plant", "plant_only"]
