"""Faults that the rules IDE-ORD and IDE-DAP must find."""

from __future__ import annotations

from datetime import timedelta

from connector_core.testing.nurse_bench import MAU, MCI, NurseBench
from connector_core.testing.nurse_rounds import NOON, Line

_DAY = timedelta(days=1)
_HEAVY = Line("AMI", "4", "IDE-pansement-lourd-4")
_INJECTION = Line("AMI", "1", "IDE-sous-cutanee")
_MEDICATION = Line("AMI", "1.2", "IDE-administration-medic")


def never_healed(bench: NurseBench) -> None:
    folder = bench.folder()
    begin = folder.since - timedelta(days=120)
    order = folder.order(begin - _DAY, "Pansement jusqu'à cicatrisation")
    for day in (begin, folder.since):
        folder.visit(day, NOON, [_HEAVY, MCI], order)
    bench.finish(folder)
    note = "pansement quatre mois après le premier"
    bench.expect("IDE-ORD-CICAT", "reject", ("prescription", order.id), folder, "12.60", note)


def past_the_end(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Injections", ends_on=folder.since + 9 * _DAY)
    for days in (0, 9, 11):
        folder.visit(folder.since + days * _DAY, NOON, [_INJECTION, MAU], order)
    bench.finish(folder)
    note = "injection après la fin prescrite"
    bench.expect("IDE-ORD-FIN", "reject", ("prescription", order.id), folder, "3.15", note)


def no_quantity(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Injections sous-cutanées")
    for days in (0, 1):
        folder.visit(folder.since + days * _DAY, NOON, [_INJECTION, MAU], order)
    bench.finish(folder)
    note = "ordonnance sans durée ni fréquence"
    bench.expect("IDE-ORD-QUANTI", "reject", ("prescription", order.id), folder, "6.30", note)


def second_month(bench: NurseBench) -> None:
    folder = bench.folder()
    order = folder.order(folder.since - _DAY, "Médicaments, deux mois", ends_on=folder.since + 60 * _DAY)
    visits = [folder.visit(folder.since + days * _DAY, NOON, [_MEDICATION, MAU], order) for days in (0, 27, 33)]
    bench.on_act("IDE-DAP-AP", "reject", folder, visits[-1][0], "deuxième mois sans demande d'accord")


FAULTS = (never_healed, past_the_end, no_quantity, second_month)
