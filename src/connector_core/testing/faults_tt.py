"""Faults that the rules of télétransmission (TT) must find: what went wrong between an invoice and its payment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.records import Coverage, Invoice, PayerReturn
from connector_core.model.vocabulary import Acknowledgement, Payer, Severity
from connector_core.rules.calendar import after_working_days, months_later, next_quarter
from connector_core.testing.agenda import working_day
from connector_core.testing.bench import Bench, Unplantable
from connector_core.testing.courses import Chart, Course
from connector_core.testing.desk import Habits
from connector_core.testing.transfers import bank_day

_OF_THE_CAISSE = Habits("AMO", 60)
_OF_BOTH = Habits("FULL", 60)
_WHOLE = Habits("AMO", 100)
_ON_THE_SPOT = Habits("NONE", 60)
_YEAR = timedelta(days=365)


def lost_lot(bench: Bench) -> None:
    invoice = _not_taken(bench, None)
    _on_lot(bench, "TT-ARL-ABSENT", "reject", invoice, "lot sans accusé de réception")


def refused_lot(bench: Bench) -> None:
    invoice = _not_taken(bench, "negative")
    _on_lot(bench, "TT-ARL-NEG", "info", invoice, "lot refusé, jamais renvoyé")


def silent_caisse(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    bench.leave_out(bench.answer(invoice, "AMO"))
    _on_invoice(bench, "TT-NOEMIE-ABSENT-AMO", "reject", invoice, invoice.amo_claimed, "aucune réponse de la caisse")


def silent_amc(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(90), _OF_BOTH)
    bench.leave_out(bench.answer(invoice, "AMC"))
    note = "aucune réponse de la complémentaire"
    _on_invoice(bench, "TT-NOEMIE-ABSENT-AMC", "reject", invoice, invoice.amc_claimed, note)


def late_caisse(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    bench.change(invoice, vitale_read=True)
    answer = bench.answer(invoice, "AMO")
    bench.change(answer, returned_on=after_working_days(answer.returned_on, 7))
    tenth = ((invoice.amo_claimed or Decimal(0)) / 10).quantize(Decimal("0.01"), ROUND_HALF_UP)
    _on_invoice(bench, "TT-NOEMIE-PENALITE", "info", invoice, tenth, "payée plus de neuf jours ouvrés après l'ARL")


def asked_twice_of_the_amc(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_BOTH)
    bench.change(invoice, dre_sent_on=invoice.closed_on)
    _on_invoice(bench, "TT-GESTION-UNIQUE", "reject", invoice, invoice.amc_claimed, "DRE en gestion unique")


def not_asked_of_the_amc(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_BOTH)
    bench.leave_out(bench.answer(invoice, "AMC"))
    bench.change(bench.last(Coverage), management="separee")
    bench.change(invoice, amc_management="separee")
    _on_invoice(bench, "TT-GESTION-SEPAREE", "reject", invoice, invoice.amc_claimed, "gestion séparée sans DRE")


def undated_amc(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_BOTH)
    _defer(bench, invoice, "AMC")
    right = bench.change(bench.last(Coverage), valid_from=None)
    bench.expect("TT-PARAM-AMC", "reject", "coverage", right.id, invoice.amc_claimed, "complémentaire sans dates")


def ordonnance_kept(bench: Bench) -> None:
    course = bench.course(bench.ago(60), 3, bdks=())
    prescription = course.prescriptions[0].model_copy(update={"document_sent_on": None})
    course.prescriptions[0] = prescription
    invoice = _finished(bench, course, _OF_THE_CAISSE)
    note = "ordonnance jamais transmise"
    bench.expect("TT-SCOR", "reject", "prescription", prescription.id, invoice.amo_claimed, note)


def degraded(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    _defer(bench, invoice, "AMO")
    bench.change(invoice, securing="DEGRADE")
    _on_invoice(bench, "TT-DEGRADE", "info", invoice, invoice.amo_claimed, "dégradée, droits non vérifiés")


def ended_rights(bench: Bench) -> None:
    course, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    _defer(bench, invoice, "AMO")
    ended_on = course.treatment.started_on - timedelta(days=10)
    bench.change(bench.last(Coverage), valid_from=ended_on - _YEAR, valid_to=ended_on)
    _on_invoice(bench, "TT-ADRI", "reject", invoice, invoice.amo_claimed, "droits finis avant les soins")


def in_two_invoices(bench: Bench) -> None:
    course, _ = _invoiced(bench, bench.ago(90), _OF_THE_CAISSE)
    chart = course.chart
    again = replace(course.sessions[1], id=chart.identifier("A"), session_id=chart.identifier("S"))
    bench.records.extend(bench.shop.desk.batch(chart, [again], _OF_THE_CAISSE))
    bench.on_act("TT-DOUBLON", "reject", again, "une séance dans deux factures")


def sent_late(bench: Bench) -> None:
    _, invoice = _invoiced(bench, bench.ago(60), _ON_THE_SPOT)
    invoice = _send_apart(bench, invoice, after_working_days(invoice.closed_on, 6))
    _on_invoice(bench, "TT-DELAI-FSE", "info", invoice, None, "payée par le patient, partie six jours ouvrés après")


def past_two_years(bench: Bench) -> None:
    """Sent after two years from the quarter that follows the care, but within 27 months of it."""
    sent_on = working_day(bench.ago(20))
    end = months_later(next_quarter(sent_on), -27)
    start = working_day(end - timedelta(days=bench.random.randint(5, 12)))
    if start >= end or sent_on > months_later(start, 27):
        raise Unplantable
    invoice = _sent_on(bench, start, sent_on, _OF_THE_CAISSE)
    _on_invoice(bench, "TT-FORCLUSION-MAL", "reject", invoice, invoice.amo_claimed, "partie après deux ans")


def past_27_months(bench: Bench) -> None:
    sent_on = working_day(bench.ago(20))
    start = working_day(months_later(sent_on, -27) - timedelta(days=20))
    invoice = _sent_on(bench, start, sent_on, _OF_THE_CAISSE)
    _on_invoice(bench, "TT-FORCLUSION-27", "reject", invoice, invoice.amo_claimed, "partie après 27 mois")


def accident_past_two_years(bench: Bench) -> None:
    sent_on = working_day(bench.ago(20))
    start = working_day(months_later(sent_on, -24) - timedelta(days=10))
    invoice = _of_accident(bench, _sent_on(bench, start, sent_on, _WHOLE))
    note = "accident du travail, partie plus de deux ans après les soins"
    _on_invoice(bench, "TT-FORCLUSION-AT", "reject", invoice, invoice.amo_claimed, note)


def limit_near(bench: Bench) -> None:
    """An accident of nearly two years ago, not paid; that of an earlier course was, so that answers of then are
    known."""
    start = months_later(bench.today, -24) + timedelta(days=bench.random.randint(20, 40))
    earlier, paid = _invoiced(bench, start - timedelta(days=80), _WHOLE)
    _of_accident(bench, paid)
    _, invoice = _invoiced(bench, start, _WHOLE, earlier.chart)
    invoice = _of_accident(bench, invoice)
    _defer(bench, invoice, "AMO")
    _on_invoice(
        bench, "TT-FORCLUSION-ALERTE", "info", invoice, invoice.amo_claimed, "forclusion dans quelques semaines"
    )


def missing_transfer(bench: Bench) -> None:
    """The caisse announces a transfer that the bank never booked."""
    _, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    answer = bench.answer(invoice, "AMO")
    on, label = bank_day(answer.returned_on), f"NOEMIE X{invoice.number}"
    body = bench.last(Coverage).organisation
    bench.change(answer, transfer_on=on, transfer_label=label, paying_body=body)
    name = f"{on.isoformat()}/{body}/{label}"
    bench.expect("TT-RAPPROCHEMENT", "info", "transfer", name, answer.paid, "virement absent du relevé", patient=False)


def _invoiced(bench: Bench, start: date, paying: Habits, chart: Chart | None = None) -> tuple[Course, Invoice]:
    """A short course, which one invoice bills."""
    course = bench.course(start, 3, bdks=(), chart=chart)
    return course, _finished(bench, course, paying)


def _finished(bench: Bench, course: Course, paying: Habits) -> Invoice:
    before = len(bench.records)
    bench.finish(course, paying=paying)
    (invoice,) = bench.invoices(before)
    return invoice


def _not_taken(bench: Bench, arl: Acknowledgement | None) -> Invoice:
    """The invoice of a lot that was not taken, so that the caisse never answered."""
    _, invoice = _invoiced(bench, bench.ago(60), _OF_THE_CAISSE)
    bench.leave_out(bench.answer(invoice, "AMO"))
    return _send_apart(bench, invoice, after_working_days(invoice.closed_on, 2), arl)


def _send_apart(bench: Bench, invoice: Invoice, on: date, arl: Acknowledgement | None = "positive") -> Invoice:
    return bench.change(invoice, lot_id=bench.shop.desk.send_apart(invoice, on, arl).lot_id)


def _sent_on(bench: Bench, start: date, sent_on: date, paying: Habits) -> Invoice:
    """Care of long ago, closed and sent on a day; the caisse has put its answer off."""
    _, invoice = _invoiced(bench, start, paying)
    invoice = _send_apart(bench, bench.change(invoice, closed_on=sent_on), sent_on)
    answer = _defer(bench, invoice, "AMO")
    bench.change(answer, lot_number=None, returned_on=sent_on + timedelta(days=9))
    return invoice


def _defer(bench: Bench, invoice: Invoice, payer: Payer) -> PayerReturn:
    """Make a payer's answer one that puts the payment off."""
    return bench.change(bench.answer(invoice, payer), state="deferred", paid=None)


def _of_accident(bench: Bench, invoice: Invoice) -> Invoice:
    happened_on = date(invoice.closed_on.year - 3, 6, 1)
    return bench.change(invoice, nature="41", accident_on=happened_on, accident_number=f"{happened_on:%y%m%d}001")


def _on_lot(bench: Bench, rule: str, severity: Severity, invoice: Invoice, note: str) -> None:
    bench.expect(rule, severity, "lot", invoice.lot_id or "", invoice.amo_claimed, note, patient=False)


def _on_invoice(
    bench: Bench, rule: str, severity: Severity, invoice: Invoice, amount: Decimal | None, note: str
) -> None:
    bench.expect(rule, severity, "invoice", invoice.id, amount, note)


FAULTS: tuple[Callable[[Bench], None], ...] = (
    lost_lot,
    refused_lot,
    silent_caisse,
    silent_amc,
    undated_amc,
    in_two_invoices,
    sent_late,
    past_two_years,
    past_27_months,
    accident_past_two_years,
    limit_near,
)

UNWRITTEN: tuple[Callable[[Bench], None], ...] = (
    late_caisse,
    asked_twice_of_the_amc,
    not_asked_of_the_amc,
    ordonnance_kept,
    degraded,
    ended_rights,
    missing_transfer,
)
"""Faults that rest on fields which no reference layout writes."""

__all__ = ["FAULTS", "UNWRITTEN"]
