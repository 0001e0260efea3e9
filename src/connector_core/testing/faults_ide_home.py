"""Faults that the rules IDE-BSI about the people of one home must find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from connector_core.model.records import Prescription
from connector_core.testing.nurse_bench import IFI, MAU, NurseBench
from connector_core.testing.nurse_rounds import MORNING, Folder, Line

_BSB = Line("BSB")
_IK = Line("IK", quantity=6)
_INJECTION = Line("AMI", "1", "IDE-sous-cutanee")


def two_full(bench: NurseBench) -> None:
    first, second, order = _couple(bench, [_BSB, IFI])
    act = second.visit(second.since, MORNING + 20, [_BSB, IFI], order)[-1]
    bench.finish(first, second)
    bench.expect("IDE-BSI-IFI-COEF", "reject", ("act", act.id), second, "2.72", "IFI 1 pour chacun des deux époux")


def husband_travelled(bench: NurseBench) -> None:
    first, order, _ = bench.dependent()
    first.visit(first.since, MORNING, [_BSB, IFI], order)
    second = bench.folder((66, 86), since=first.since)
    _move_in(second, first)
    other = second.order(second.since - timedelta(days=1), "Injection à domicile, 1 fois", sessions=1)
    act = second.visit(second.since, MORNING + 20, [_INJECTION, MAU, Line("IFD")], other)[-1]
    bench.finish(first, second)
    bench.expect("IDE-BSI-IFI-MIXTE", "reject", ("act", act.id), second, "2.75", "IFD du mari, IFI de l'épouse")


def road_twice(bench: NurseBench) -> None:
    first, second, order = _couple(bench, [_BSB, IFI, _IK])
    act = second.visit(second.since, MORNING + 20, [_BSB, Line("IFI", "0.01"), _IK], order)[-1]
    bench.finish(first, second)
    bench.expect("IDE-BSI-IK-UNE", "reject", ("act", act.id), second, "2.10", "kilomètres à chacun des deux époux")


def _couple(bench: NurseBench, lines: Sequence[Line]) -> tuple[Folder, Folder, Prescription]:
    """A dependent couple out of town, the first of whom was just cared for; and the second's prescription."""
    first, order, _ = bench.dependent()
    second, other, _ = bench.dependent(since=first.since)
    _move_in(second, first)
    first.distance_km = second.distance_km = Decimal(5)
    first.visit(first.since, MORNING, lines, order)
    return first, second, other


def _move_in(folder: Folder, host: Folder) -> None:
    folder.chart.patient = folder.patient.model_copy(update={"household": host.patient.household})


FAULTS = (two_full, husband_travelled, road_twice)
