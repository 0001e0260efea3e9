"""Faults that the rules FIN must find."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from connector_core.model.records import Coverage
from connector_core.model.vocabulary import CoverageKind
from connector_core.testing.bench import Bench
from connector_core.testing.courses import ActDraft
from connector_core.testing.desk import Habits

_EXCESS = Decimal("5.00")
_ON_THE_SPOT = Habits("NONE", 60)


def dear_visit_without_quote(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 4, bdks=())
    act = course.sessions[0]
    _exceed(act, Decimal(75) - act.amount)
    bench.finish(course, paying=_ON_THE_SPOT)
    bench.on_act("FIN-DEVIS-70", "reject", act, "75 € avec dépassement, sans devis", act.excess)


def later_visit_without_quote(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 4, bdks=())
    act = course.sessions[1]
    _exceed(act, _EXCESS)
    bench.finish(course, paying=_ON_THE_SPOT)
    bench.on_act("FIN-DEVIS-ULT", "reject", act, "dépassement à la deuxième visite, sans devis", act.excess)


def excess_without_qualifier(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 4, bdks=())
    act = course.sessions[0]
    _exceed(act, _EXCESS)
    act.qualifier = None
    bench.finish(course, paying=_ON_THE_SPOT)
    bench.on_act("FIN-DE", "reject", act, "dépassement sans qualificatif", act.excess)


def excess_of_the_poor(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 4, bdks=())
    act = course.sessions[0]
    _exceed(act, _EXCESS)
    act.qualifier = None
    _entitle(bench, "C2S")
    bench.finish(course, paying=Habits("FULL", 60))
    bench.on_act("FIN-DE-C2S", "reject", act, "dépassement en C2S", act.excess)


def paid_in_advance(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 2, bdks=())
    _entitle(bench, "C2S")
    before = len(bench.records)
    bench.finish(course, paying=_ON_THE_SPOT)
    for invoice in bench.invoices(before):
        bench.expect("FIN-TP-OBLIG", "info", "invoice", invoice.id, None, "patient C2S sans tiers payant")


def too_much_of_the_amc(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 2, bdks=())
    before = len(bench.records)
    bench.finish(course, paying=Habits("FULL", 60))
    for invoice in bench.invoices(before):
        bench.change(invoice, amc_claimed=(invoice.amc_claimed or Decimal(0)) + _EXCESS)
        bench.expect("FIN-TM-ACTE", "info", "invoice", invoice.id, _EXCESS, "part AMC trop grande")


def _exceed(act: ActDraft, excess: Decimal) -> None:
    act.excess, act.qualifier = excess, "DE"
    act.amount += excess


def _entitle(bench: Bench, kind: CoverageKind) -> None:
    """Give the patient made last another right than the ordinary one."""
    bench.change(bench.last(Coverage), kind=kind)


FAULTS: tuple[Callable[[Bench], None], ...] = (
    excess_without_qualifier,
    excess_of_the_poor,
    paid_in_advance,
    too_much_of_the_amc,
)
QUOTE_FAULTS: tuple[Callable[[Bench], None], ...] = (dear_visit_without_quote, later_visit_without_quote)
"""What no reference layout can carry: none of them has quotes."""
