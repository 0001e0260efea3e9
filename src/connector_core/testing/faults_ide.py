"""Plants faults in a synthetic nurse's practice: patients with one fault each, and the findings they must give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connector_core.model.records import Bsi, Lot, Practitioner, Record
from connector_core.testing import faults_ide_act, faults_ide_bsi, faults_ide_home, faults_ide_maj, faults_ide_ord
from connector_core.testing.bench import Unplantable
from connector_core.testing.nurse_bench import NurseBench
from connector_core.testing.nurse_rounds import FIRST_PATIENT, Rounds
from connector_core.testing.practice import Synthetic
from connector_core.testing.transfers import with_transfers

NurseFault = Callable[[NurseBench], None]

FAULTS: tuple[NurseFault, ...] = (
    *faults_ide_bsi.FAULTS,
    *faults_ide_home.FAULTS,
    *faults_ide_maj.FAULTS,
    *faults_ide_act.FAULTS,
    *faults_ide_ord.FAULTS,
)


def plant_nurse(synthetic: Synthetic, seed: int) -> Synthetic:
    """The practice with every fault planted once; a fault for which `today` is too early is left out."""
    lots = sum(isinstance(record, Lot) for record in synthetic.records)
    rounds = Rounds(seed, synthetic.today, synthetic.zone, FIRST_PATIENT - 1 + lots)
    patients = synthetic.patients
    rounds.people.know(patients)
    number = max((int(patient.id[1:]) for patient in patients), default=FIRST_PATIENT - 1)
    nurses = sum(isinstance(record, Practitioner) for record in synthetic.records)
    bench = NurseBench(rounds, number, nurses)
    for fault in FAULTS:
        before, planted = len(bench.records), len(bench.planted)
        try:
            fault(bench)
            if fault is not faults_ide_bsi.soon_over and _reminded(bench.records[before:], synthetic.today):
                raise Unplantable
        except Unplantable:
            del bench.records[before:], bench.planted[planted:]
    added = with_transfers(bench.records, synthetic.today, "P")
    records = [*synthetic.records, *added, *rounds.desk.lots()]
    return replace(synthetic, records=records, planted=(*synthetic.planted, *bench.planted))


def _reminded(records: Sequence[Record], today: date) -> bool:
    """Whether a BSI is to be renewed about now: of that, too, something would be found."""
    a_year_ago = today - timedelta(days=365)
    since, until = a_year_ago - timedelta(days=3), a_year_ago + timedelta(days=33)
    bases = [each for each in records if isinstance(each, Bsi) and each.kind != "intermediate"]
    return any(since < each.entered_on < until for each in bases)


__all__ = ["FAULTS", "plant_nurse"]
