"""Faults that the rules ID must find, and FIN-TAUX with them: a patient's numbers and rights, a professional's numbers.

A number is made wrong without becoming one that somebody could bear: a NIR keeps its country 999, an RPPS its 10999.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from connector_core.model.records import Coverage, Invoice, Patient, Practitioner
from connector_core.model.vocabulary import Severity
from connector_core.testing.bench import Bench
from connector_core.testing.courses import Course
from connector_core.testing.desk import ZERO, Habits
from connector_core.testing.people import nir_key

_WHOLE = Habits("FULL", 100)
_USUAL = Habits("AMO", 60)
_PARENT_OLDER = 30
_UNKNOWN_CAISSE = "019980000"
_SHORT_AMC = "99999"
_WRONG_FINESS = "990000017"


def malformed_nir(bench: Bench) -> None:
    _short_course(bench)
    nir = _nir_of(bench)
    _number(bench, f"{nir[:3]}13{nir[5:]}")
    _on_patient(bench, "ID-NIR-FORME", "reject", "numéro dont le mois est 13")


def wrong_key(bench: Bench) -> None:
    _short_course(bench)
    bench.change(bench.last(Patient), nir_key=f"{int(nir_key(_nir_of(bench))) % 97 + 1:02d}")
    _on_patient(bench, "ID-NIR-CLE", "reject", "clé du numéro fausse")


def provisional_nir(bench: Bench) -> None:
    _short_course(bench)
    nir = _nir_of(bench)
    _number(bench, f"{int(nir[0]) + 6}{nir[1:]}")
    _on_patient(bench, "ID-NIR-PROV", "info", "numéro provisoire")


def other_month(bench: Bench) -> None:
    _short_course(bench)
    patient = bench.last(Patient)
    bench.change(patient, birth_date=_a_month_on(patient, 0))
    _on_patient(bench, "ID-NIR-COHER", "info", "mois de naissance qui n'est pas celui du numéro")


def under_a_parents_nir(bench: Bench) -> None:
    _short_course(bench, ages=(62, 72))
    patient = bench.last(Patient)
    bench.change(patient, birth_date=_a_month_on(patient, _PARENT_OLDER))
    _on_patient(bench, "ID-NIR-AYANT", "info", "adulte facturé sous le numéro d'un parent")


def ins_of_another(bench: Bench) -> None:
    course = _short_course(bench)
    patient = bench.last(Patient)
    other = bench.shop.people.patient(patient.id, on=course.treatment.started_on, ages=(5, 20))
    bench.change(patient, ins=f"{other.nir}{other.nir_key}")
    _on_patient(bench, "ID-INS", "info", "matricule INS d'une autre personne")


def wrong_rpps(bench: Bench) -> None:
    who = bench.further_practitioner()
    practitioner = bench.last(Practitioner)
    bench.change(practitioner, rpps=_with_wrong_key(practitioner.rpps or ""))
    bench.expect("ID-RPPS", "reject", "practitioner", who, None, "RPPS de clé fausse", patient=False)


def truncated_am_number(bench: Bench) -> None:
    who = bench.further_practitioner()
    practitioner = bench.last(Practitioner)
    bench.change(practitioner, am_number=(practitioner.am_number or "")[:-1])
    bench.expect("ID-AM", "info", "practitioner", who, None, "numéro AM de 8 chiffres", patient=False)


def unknown_prescriber(bench: Bench) -> None:
    course = _course(bench)
    prescription = course.prescriptions[0]
    rpps = _with_wrong_key(prescription.prescriber_rpps or "")
    course.prescriptions[0] = prescription.model_copy(update={"prescriber_rpps": rpps})
    bench.finish(course)
    note = "RPPS du prescripteur de clé fausse"
    bench.expect("ID-RPPS-PRESC", "reject", "prescription", prescription.id, None, note)


def wrong_finess(bench: Bench) -> None:
    course = _course(bench)
    prescription = course.prescriptions[0]
    course.prescriptions[0] = prescription.model_copy(update={"prescriber_finess": _WRONG_FINESS})
    bench.finish(course)
    bench.expect("ID-FINESS", "info", "prescription", prescription.id, None, "FINESS de clé fausse")


def letter_of_podiatrists(bench: Bench) -> None:
    course = bench.course(bench.in_2026(3), 9)
    act = course.sessions[4]
    act.letter, act.coefficient, act.amount = "AMP", Decimal(9), Decimal("19.35")
    bench.finish(course)
    bench.on_act("ID-AMP", "reject", act, "AMP 9 par un kinésithérapeute")


def unknown_caisse(bench: Bench) -> None:
    _short_course(bench)
    right = bench.change(bench.last(Coverage), organisation=_UNKNOWN_CAISSE)
    bench.expect("ID-AMO", "info", "coverage", right.id, None, "caisse qui ne figure pas dans la liste")


def short_amc_number(bench: Bench) -> None:
    course = _short_course(bench, paying=Habits("FULL", 60))
    patient_id = course.chart.patient.id
    right = Coverage(
        id=f"{patient_id}D2",
        patient_id=patient_id,
        payer="AMC",
        organisation=_SHORT_AMC,
        valid_from=date(course.treatment.started_on.year, 1, 1),
    )
    bench.records.append(right)
    bench.expect("ID-AMC", "info", "coverage", right.id, None, "numéro d'AMC de 5 chiffres")


def exemption_not_billed(bench: Bench) -> None:
    for invoice in _of_ald(bench):
        _on_invoice(bench, "FIN-TAUX", "reject", invoice, "soins d'une ALD à 60 %", lacking=True)


def exemption_not_sent(bench: Bench) -> None:
    for invoice in _of_ald(bench):
        bench.change(invoice, exemption_code="0")
        _on_invoice(bench, "ID-EXO-MANQ", "reject", invoice, "soins d'une ALD au justificatif 0", lacking=True)


def exemption_at_the_usual_rate(bench: Bench) -> None:
    for invoice in _of_ald(bench):
        bench.change(invoice, exemption_code="4")
        _on_invoice(bench, "ID-EXO-RATE", "reject", invoice, "justificatif 4 à 60 %", lacking=True)


def exemption_without_ald(bench: Bench) -> None:
    for invoice in _invoiced(bench, _WHOLE):
        bench.change(invoice, exemption_code="4")
        _on_invoice(bench, "ID-EXO", "reject", invoice, "justificatif 4 sans ALD")


def exemption_of_others(bench: Bench) -> None:
    for invoice in _invoiced(bench, _USUAL):
        bench.change(invoice, exemption_code="1")
        _on_invoice(bench, "ID-EXO-MED", "info", invoice, "justificatif 1 par un kinésithérapeute")


def accident_without_number(bench: Bench) -> None:
    for invoice in _invoiced(bench, _WHOLE):
        bench.change(invoice, nature="41", accident_on=date(invoice.closed_on.year, 1, 2))
        _on_invoice(bench, "ID-NATURE", "info", invoice, "accident du travail sans numéro")


def _course(bench: Bench, ages: tuple[int, int] = (30, 64), *, ald: bool = False) -> Course:
    start = bench.in_2026(3)
    return bench.course(start, 3, bdks=(), chart=bench.chart(start, ages, ald=ald))


def _short_course(bench: Bench, ages: tuple[int, int] = (30, 64), *, paying: Habits = _USUAL) -> Course:
    course = _course(bench, ages)
    bench.finish(course, paying=paying)
    return course


def _invoiced(bench: Bench, paying: Habits) -> list[Invoice]:
    """The invoices of a short course."""
    before = len(bench.records)
    _short_course(bench, paying=paying)
    return bench.invoices(before)


def _of_ald(bench: Bench) -> list[Invoice]:
    """The invoices, at the usual rate, of a short course for an open ALD."""
    before = len(bench.records)
    course = _course(bench, ald=True)
    for act in course.acts:
        act.ald = True
    bench.finish(course, paying=_USUAL)
    return bench.invoices(before)


def _nir_of(bench: Bench) -> str:
    return bench.last(Patient).nir or ""


def _number(bench: Bench, nir: str) -> None:
    """Give the patient made last another NIR, with its own right key."""
    bench.change(bench.last(Patient), nir=nir, nir_key=nir_key(nir))


def _a_month_on(patient: Patient, years: int) -> date:
    born = patient.birth_date or date.min
    return date(born.year + years, born.month % 12 + 1, min(born.day, 28))


def _with_wrong_key(rpps: str) -> str:
    return f"{rpps[:-1]}{(int(rpps[-1]) + 1) % 10}"


def _on_patient(bench: Bench, rule: str, severity: Severity, note: str) -> None:
    bench.expect(rule, severity, "patient", bench.last(Patient).id, None, note)


def _on_invoice(
    bench: Bench, rule: str, severity: Severity, invoice: Invoice, note: str, *, lacking: bool = False
) -> None:
    amount = invoice.total - (invoice.amo_claimed or ZERO) if lacking else None
    bench.expect(rule, severity, "invoice", invoice.id, amount, note)


FAULTS: tuple[Callable[[Bench], None], ...] = (
    malformed_nir,
    wrong_key,
    provisional_nir,
    other_month,
    under_a_parents_nir,
    wrong_rpps,
    truncated_am_number,
    unknown_prescriber,
    letter_of_podiatrists,
    unknown_caisse,
    short_amc_number,
    exemption_not_billed,
)

UNWRITTEN: tuple[Callable[[Bench], None], ...] = (
    ins_of_another,
    wrong_finess,
    exemption_not_sent,
    exemption_at_the_usual_rate,
    exemption_without_ald,
    exemption_of_others,
    accident_without_number,
)
"""Faults that rest on fields which no reference layout writes."""

__all__ = ["FAULTS", "UNWRITTEN"]
