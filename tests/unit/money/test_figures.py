"""Every figure of a small practice, counted by hand; what no source covers; and what must hold of any practice."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.deliver.figures_words import overpaid_words
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import (
    Act,
    Appointment,
    Assessment,
    Coverage,
    Invoice,
    Lot,
    PatientPayment,
    PayerReturn,
    Treatment,
)
from connector_core.money.cash import WEEKS
from connector_core.money.figures import (
    Activity,
    Bilans,
    Delay,
    Figures,
    Missed,
    Overpaid,
    RejectedBy,
    RejectedFor,
    RejectRate,
    Step,
    Undated,
    Unsaid,
    Waiting,
)
from connector_core.money.ledger import aged, debts
from connector_core.money.spread import FEW, Spread
from connector_core.money.tally import RESTS_ON, figures_of
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.kernel import Check

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
DAY = date(2026, 3, 2)
ZERO = Decimal("0.00")


def euros(text: str) -> Decimal:
    return Decimal(text)


def act(name: str, on: date = DAY, amount: str | None = "17.88", **fields: object) -> Act:
    given: dict[str, object] = {
        "id": name,
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "performed_on": on,
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
        "amount": None if amount is None else Decimal(amount),
    }
    return Act.model_validate({**given, **fields})


def invoice(number: str, closed_on: date = DAY, **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": closed_on,
        "third_party": "FULL",
        "total": Decimal("30.00"),
        "amo_claimed": Decimal("18.00"),
        "amc_claimed": Decimal("9.00"),
        "patient_share": Decimal("3.00"),
    }
    return Invoice.model_validate({**given, **fields})


def answer(number: str, payer: str, state: str, on: date, **fields: object) -> PayerReturn:
    name = f"n{number}{payer}{on}{state}"
    given = {"id": name, "invoice_number": number, "payer": payer, "state": state, "returned_on": on}
    return PayerReturn.model_validate({**given, **fields})


def paid(number: str, payer: str, amount: str, on: date, **fields: object) -> PayerReturn:
    return answer(number, payer, "paid", on, paid=Decimal(amount), **fields)


def payment(number: str, amount: str, on: date) -> PatientPayment:
    return PatientPayment(
        id=f"r{number}{on}", patient_id="p1", invoice_id=f"f{number}", received_on=on, amount=Decimal(amount)
    )


def sent(number: str, on: date | None) -> Lot:
    return Lot(id=f"l{number}", number=number, sent_on=on)


def figures(
    *dossiers: Dossier,
    covers: Covers | None = None,
    lots: Iterable[Lot] = (),
    first: date = FIRST,
    last: date = LAST,
    returns_since: date | None = None,
) -> Figures:
    known = covers or Covers.all()
    cabinet = Cabinet(known, lots={lot.id: lot for lot in lots}, returns_since=returns_since)

    def checks() -> Iterator[Check[Dossier]]:
        for each in dossiers:
            fields = {name: getattr(each, name) for name in Dossier.__slots__ if name != "cabinet"}
            yield Check(Dossier(cabinet=cabinet, **fields), last, load_parameters(), load_tariffs())

    return figures_of(checks(), known, first, last)


def dossier(**fields: tuple[object, ...]) -> Dossier:
    if "acts" in fields:
        fields["acts"] = tuple(sorted(fields["acts"], key=attrgetter("performed_on", "id")))
    return Dossier("p1", Cabinet(Covers.all()), **fields)  # type: ignore[arg-type]  # tuples of records


def step(found: Figures, name: Step) -> Delay:
    delay = found.delay(name)
    assert delay is not None
    return delay


def test_acts_and_honoraires_by_month_and_letter() -> None:
    found = figures(
        dossier(
            acts=(
                act("before", date(2025, 12, 31)),
                act("a1", date(2026, 1, 1)),
                act("a2", date(2026, 1, 31)),
                act("a3", date(2026, 1, 31), "23.65", letter="AMK", coefficient=Decimal("10.7")),
                act("a4", date(2026, 2, 1), amount=None),
                act("km", date(2026, 2, 1), "12.00", letter="IK", coefficient=Decimal(1), quantity=20),
                act("a5", LAST),
                act("after", LAST + timedelta(days=1)),
            )
        )
    )
    january, february, june = date(2026, 1, 1), date(2026, 2, 1), date(2026, 6, 1)
    assert found.activity == (
        Activity(january, "AMK", 1, euros("23.65"), 0),
        Activity(january, "RAM", 2, euros("35.76"), 0),
        Activity(february, "IK", 1, euros("12.00"), 0),
        Activity(february, "RAM", 1, ZERO, 1),
        Activity(june, "RAM", 1, euros("17.88"), 0),
    )
    assert (found.acts, found.honoraires) == (6, euros("89.29"))


def test_what_was_cancelled_replaced_or_credited_brings_nothing() -> None:
    found = figures(
        dossier(
            acts=(
                act("cancelled", invoice_id="f1"),
                act("again", invoice_id="f3"),
                act("replaced", invoice_id="f2"),
                act("kept", date(2026, 3, 9), invoice_id="f4"),
                act("twice", date(2026, 3, 16)),
                act("taken", date(2026, 3, 16)),
                act("credit", date(2026, 3, 16), "-17.88"),
            ),
            invoices=(
                invoice("1", cancelled_on=DAY),
                invoice("2"),
                invoice("3", replaces="2"),
                invoice("4"),
                invoice("5", replaces="4"),
            ),
        )
    )
    assert [(each.acts, each.honoraires) for each in found.activity] == [(3, euros("53.64"))], (
        "an invoice whose replacement bills none of its acts still bills them"
    )


def test_how_long_an_act_waits_for_its_invoice() -> None:
    acts = tuple(act(f"a{n}", DAY - timedelta(days=n), invoice_id="f1") for n in range(10))
    late = act("late", DAY + timedelta(days=1), invoice_id="f1")
    again = (act("again", date(2026, 1, 5), invoice_id="f3"), act("first", date(2026, 1, 5), invoice_id="f2"))
    invoices = (
        invoice("1"),
        invoice("2", date(2026, 1, 5)),
        invoice("3", date(2026, 5, 5), replaces="2"),
        invoice("4", date(2026, 7, 1)),
    )
    open_act, old = act("open", date(2026, 6, 1)), act("old", date(2025, 6, 1))
    delay = step(figures(dossier(acts=(*acts, late, *again, open_act, old), invoices=invoices)), "act_to_invoice")
    assert delay == Delay("act_to_invoice", cases=11, median=4, ninth_decile=8, waiting=1, contradictory=1)


def test_how_long_an_invoice_waits_to_be_sent() -> None:
    days = (0, 1, 1, 2, 30)
    invoices = [invoice(str(n), lot_id=f"l{n}") for n in range(len(days))]
    lots = [sent(str(n), DAY + timedelta(days=day)) for n, day in enumerate(days)]
    more = (
        invoice("unsent", lot_id="lnone"),
        invoice("ahead", lot_id="lahead"),
        invoice("paper", third_party="NONE", amo_claimed=None, amc_claimed=None),
        invoice("before", lot_id="lbefore"),
        invoice("gone", lot_id="l0", cancelled_on=DAY),
    )
    others = (sent("none", None), sent("ahead", LAST + timedelta(days=1)), sent("before", date(2026, 3, 1)))
    delay = step(figures(dossier(invoices=(*invoices, *more)), lots=[*lots, *others]), "invoice_to_sent")
    assert delay == Delay("invoice_to_sent", cases=5, median=1, ninth_decile=None, waiting=2, contradictory=1)


def test_how_long_each_payer_takes() -> None:
    lots = [sent("1", DAY + timedelta(days=3))]
    invoices = [invoice(str(n), lot_id="l1") for n in range(6)]
    returns = [paid(str(n), "AMO", "18.00", DAY + timedelta(days=10 + n)) for n in range(4)]
    returns += [
        paid("4", "AMO", "8.00", DAY + timedelta(days=5)),
        paid("4", "AMO", "10.00", DAY + timedelta(days=20), transfer_on=DAY + timedelta(days=23)),
        paid("0", "AMC", "9.00", DAY + timedelta(days=19)),
    ]
    payments = [
        payment("0", "3.00", DAY - timedelta(days=2)),
        payment("1", "1.00", DAY),
        payment("1", "2.00", DAY + timedelta(days=8)),
    ]
    managed = invoice("9", lot_id="l1", dre_sent_on=DAY + timedelta(days=9), amo_claimed=Decimal(0))
    returns.append(paid("9", "AMC", "9.00", DAY + timedelta(days=19)))
    found = figures(
        dossier(invoices=(*invoices, managed), payer_returns=tuple(returns), patient_payments=tuple(payments)),
        lots=lots,
    )
    amo, amc, patient = (
        step(found, "sent_to_paid_amo"),
        step(found, "sent_to_paid_amc"),
        step(found, "invoice_to_paid_patient"),
    )
    assert amo == Delay("sent_to_paid_amo", cases=5, median=9, ninth_decile=None, waiting=1, contradictory=0)
    assert (amc.cases, amc.median, amc.waiting) == (2, None, 5), "two cases are too few for a median"
    assert (patient.cases, patient.median, patient.waiting) == (2, None, 5)


def test_money_given_back_does_not_put_off_the_day_of_the_payment() -> None:
    payments = (
        payment("1", "3.00", DAY + timedelta(days=2)),
        payment("1", "3.00", DAY + timedelta(days=2)).model_copy(update={"id": "again"}),
        payment("1", "-3.00", DAY + timedelta(days=30)),
    )
    billed = [invoice(str(n)) for n in range(1, 6)]
    same = [payment(str(n), "3.00", DAY + timedelta(days=2)) for n in range(2, 6)]
    found = step(
        figures(dossier(invoices=tuple(billed), patient_payments=(*payments, *same))), "invoice_to_paid_patient"
    )
    assert (found.cases, found.median) == (5, 2)


def test_a_payment_belongs_to_the_period_it_was_made_in() -> None:
    lots = [sent("1", DAY)]
    returns = (paid("1", "AMO", "18.00", LAST - timedelta(days=1), transfer_on=LAST + timedelta(days=1)),)
    one = dossier(invoices=(invoice("1", lot_id="l1"),), payer_returns=returns)
    assert step(figures(one, lots=lots), "sent_to_paid_amo").cases == 0
    assert step(figures(one, lots=lots, last=LAST + timedelta(days=1)), "sent_to_paid_amo").cases == 1


def test_how_many_parts_were_rejected_and_why() -> None:
    known = {"reject_code": "2D01", "reject_label": "DROITS NON OUVERTS"}
    unknown = {"reject_code": "ZZZ9"}
    answers = (
        answer("1", "AMO", "rejected", DAY, **known),
        answer("1", "AMO", "rejected", DAY + timedelta(days=5), **known),
        answer("1", "AMO", "rejected", DAY + timedelta(days=5), **unknown, act_letter="RAM"),
        paid("1", "AMO", "18.00", DAY + timedelta(days=9)),
        paid("2", "AMO", "18.00", DAY),
        answer("3", "AMO", "deferred", DAY),
        answer("4", "AMO", "rejected", FIRST - timedelta(days=1), **known),
        answer("5", "AMC", "rejected", DAY),
        answer("6", "AMO", "rejected", DAY, **unknown),
    )
    invoices = (*(invoice(str(n)) for n in range(1, 6)), invoice("6", cancelled_on=DAY))
    returns = tuple(each.model_copy(update={"id": f"n{n}"}) for n, each in enumerate(answers))
    found = figures(dossier(invoices=invoices, payer_returns=returns))
    assert found.rejects == (RejectRate("AMO", answered=3, rejected=2), RejectRate("AMC", answered=1, rejected=1))
    motif = Check(dossier(), LAST, load_parameters(), load_tariffs()).motifs.find("AMO", *known.values())
    assert motif is None or motif.name
    told = {(each.payer, each.name): each.parts for each in found.motifs}
    first = "2D01 DROITS NON OUVERTS" if motif is None else motif.name
    assert told == {("AMO", first): 1, ("AMO", "ZZZ9"): 2, ("AMC", None): 1}
    assert RejectedFor("AMC", None, None, 1) in found.motifs


def test_the_rate_of_rejects_is_told_by_organisation_too() -> None:
    rights = (Coverage(id="d1", patient_id="p1", payer="AMO", organisation="013510000"),)
    answers = (
        answer("1", "AMO", "rejected", DAY),
        paid("2", "AMO", "18.00", DAY),
        paid("1", "AMC", "9.00", DAY),
        answer("2", "AMC", "rejected", DAY),
        answer("3", "AMC", "rejected", DAY),
        answer("4", "AMO", "deferred", DAY),
    )
    invoices = (invoice("1", amc_number="A"), invoice("2", amc_number="B"), invoice("3", amc_number="B"), invoice("4"))
    unknown = Dossier("p2", Cabinet(Covers.all()), invoices=invoices[:1], payer_returns=answers[:1])
    found = figures(dossier(invoices=invoices, payer_returns=answers, coverages=rights), unknown)
    assert found.organisations == (
        RejectedBy("AMC", "B", answered=2, rejected=2),
        RejectedBy("AMC", "A", answered=1, rejected=0),
        RejectedBy("AMO", "013510000", answered=2, rejected=1),
        RejectedBy("AMO", "", answered=1, rejected=1),
    )
    assert found.rejects == (RejectRate("AMO", answered=3, rejected=2), RejectRate("AMC", answered=3, rejected=2))


def waiting_practice() -> tuple[Dossier, list[Lot]]:
    """Ten parts that the caisse paid after 10 to 19 days; then parts that wait since one day or another."""
    lots = [sent("1", DAY), *(sent(f"w{days}", LAST - timedelta(days=days)) for days in (0, 12, 17, 45))]
    only_amo: dict[str, Any] = {"amc_claimed": Decimal(0), "patient_share": Decimal(0)}
    invoices = [invoice(str(n), lot_id="l1", **only_amo) for n in range(10)]
    returns = [paid(str(n), "AMO", "18.00", DAY + timedelta(days=10 + n)) for n in range(10)]
    invoices += [
        invoice(f"w{days}", LAST - timedelta(days=days), lot_id=f"lw{days}", **only_amo) for days in (0, 12, 17, 45)
    ]
    invoices += [
        invoice("unsent", LAST, lot_id="lnone", **only_amo),
        invoice("refused", DAY, lot_id="l1", **only_amo),
        invoice("unsaid", DAY, lot_id="l1", **{**only_amo, "amo_claimed": None}),
        invoice("patient", DAY, third_party="NONE", amo_claimed=None, amc_claimed=None, patient_share=Decimal(30)),
    ]
    returns.append(answer("refused", "AMO", "rejected", DAY + timedelta(days=9)))
    return dossier(invoices=tuple(invoices), payer_returns=tuple(returns)), [*lots, sent("none", None)]


def test_what_waits_by_age_is_the_aged_balance() -> None:
    one, lots = waiting_practice()
    found = figures(one, lots=lots)
    amo, amc, patient = found.waiting
    assert amo == Waiting("AMO", (euros("72.00"), euros("18.00"), ZERO, euros("18.00")), parts=7, untold=1)
    assert (amc.parts, amc.total) == (0, ZERO)
    assert patient == Waiting("PATIENT", (ZERO, ZERO, ZERO, euros("30.00")), parts=1, untold=0)
    cabinet = Cabinet(Covers.all(), lots={lot.id: lot for lot in lots})
    check = Check(
        Dossier("p1", cabinet, invoices=one.invoices, payer_returns=one.payer_returns),
        LAST,
        load_parameters(),
        load_tariffs(),
    )
    for each in aged(debts(check), LAST):
        (own,) = [told for told in found.waiting if told.debtor == each.debtor]
        assert (own.amounts, own.untold, own.parts) == (each.amounts, each.untold, len(each.debts))


def test_what_was_paid_too_much_is_told_beside_what_waits() -> None:
    one, lots = waiting_practice()
    assert figures(one, lots=lots).overpaid == ()
    again = paid("0", "AMO", "18.00", DAY + timedelta(days=30)), paid("1", "AMO", "2.00", DAY + timedelta(days=31))
    found = figures(replace(one, payer_returns=(*one.payer_returns, *again)), lots=lots)
    assert found.overpaid == (Overpaid("AMO", euros("20.00"), parts=2),)
    words = overpaid_words(found.overpaid).replace("\u202f", " ").replace("\u00a0", " ")
    assert words == "Versé en trop, à rendre ou à voir reprendre : Caisses (AMO) 20,00 € (2 parts)."
    assert overpaid_words(()) == ""


def test_when_the_money_that_waits_may_come_in() -> None:
    one, lots = waiting_practice()
    cash = figures(one, lots=lots).cash_in
    assert cash is not None
    assert LAST.weekday() == 1
    week = {each.monday: (each.median, each.ninth_decile) for each in cash.weeks}
    assert (len(week), min(week)) == (WEEKS, date(2026, 6, 29))
    # Delays 10 … 19: a part sent today takes 14, at the latest 18 (14 and 18 July); one sent 12 days ago is among those
    # that took 13 … 19: 16 in the middle, 19 at the latest (4 and 7 July). Only two took more than 17 days: too few.
    assert {monday: told for monday, told in week.items() if any(told)} == {
        date(2026, 6, 29): (euros("18.00"), ZERO),
        date(2026, 7, 6): (ZERO, euros("18.00")),
        date(2026, 7, 13): (euros("18.00"), euros("18.00")),
    }
    assert cash.undated == (
        Undated("unsent", euros("18.00"), 1),
        Undated("rejected", euros("18.00"), 1),
        Undated("older", euros("36.00"), 2),
        Undated("too_few", euros("30.00"), 1),
    )


def test_what_comes_in_much_later_is_beyond_the_weeks() -> None:
    invoices = [invoice(str(n), third_party="NONE", patient_share=Decimal(10)) for n in range(6)]
    payments = [payment(str(n), "10.00", DAY + timedelta(days=100)) for n in range(5)]
    one = dossier(
        invoices=(*invoices[:5], invoice("6", LAST, third_party="NONE", patient_share=Decimal(10))),
        patient_payments=tuple(payments),
    )
    cash = figures(one).cash_in
    assert cash is not None
    assert (cash.beyond_median, cash.beyond_ninth_decile) == (euros("10.00"), euros("10.00"))
    assert not any(each.median or each.ninth_decile for each in cash.weeks)


def test_answers_from_before_the_returns_are_not_known() -> None:
    one = dossier(invoices=(invoice("1", lot_id="l1"), invoice("2", lot_id="l2")))
    covers = Covers.of(["act", "invoice", "lot", "payer_return"])
    found = figures(one, covers=covers, lots=[sent("1", DAY), sent("2", LAST)], returns_since=date(2026, 4, 1))
    (amo, amc) = found.waiting
    assert (amo.total, amo.parts, amo.untold) == (euros("18.00"), 2, 1)
    assert (amc.total, amc.untold) == (euros("9.00"), 1)


def appointment(name: str, on: date, status: str) -> Appointment:
    at = datetime(on.year, on.month, on.day, 9, tzinfo=UTC)
    return Appointment.model_validate(
        {"id": name, "patient_id": "p1", "practitioner_id": "mk1", "starts_at": at, "status": status}
    )


def test_missed_appointments_cost_what_the_last_session_brought() -> None:
    day = timedelta(days=1)
    found = figures(
        dossier(
            acts=(
                act("s1", DAY, "17.88"),
                act("s2", DAY + 7 * day, "20.00"),
                act("ifd", DAY + 7 * day, "4.00", letter="IFD", coefficient=Decimal(1)),
                act("none", DAY + 8 * day, None),
            ),
            appointments=(
                appointment("v0", FIRST - day, "missed"),
                appointment("v1", DAY - day, "missed"),
                appointment("v2", DAY, "booked"),
                appointment("v3", DAY + day, "missed"),
                appointment("v4", DAY + 7 * day, "honoured"),
                appointment("v5", DAY + 9 * day, "missed"),
                appointment("v6", DAY + 10 * day, "confirmed"),
                appointment("v7", DAY + 11 * day, "cancelled"),
                appointment("v8", LAST, "booked"),
                appointment("v9", LAST + day, "missed"),
            ),
        )
    )
    assert found.missed == Missed(kept=2, missed=3, cancelled=1, untold=1, cost=euros("37.88"), unpriced=1)


def sessions(treatment: str, count: int, first: date, bdks: Iterable[int] = ()) -> tuple[Act, ...]:
    """So many sessions of a treatment, one a day, with a bilan on the days of some."""
    made = [
        act(f"{treatment}s{n}", first + timedelta(days=n - 1), treatment_id=treatment, session_id=f"{treatment}z{n}")
        for n in range(1, count + 1)
    ]
    made += [
        act(
            f"{treatment}b{n}",
            first + timedelta(days=n - 1),
            "23.65",
            letter="AMK",
            coefficient=Decimal("10.7"),
            treatment_id=treatment,
            session_id=f"{treatment}z{n}",
        )
        for n in bdks
    ]
    return tuple(made)


def treated(acts: tuple[Act, ...], **fields: object) -> Dossier:
    given: dict[str, object] = {"id": "t1", "patient_id": "p1", "started_on": acts[0].performed_on, "article": 1}
    return dossier(acts=acts, treatments=(Treatment.model_validate({**given, **fields}),))


@pytest.mark.parametrize(
    ("count", "bdks", "ended", "told"),
    [
        (9, (), None, (0, 0, 0)),
        (9, (9,), None, (1, 0, 0)),
        (10, (), None, (0, 1, 0)),
        (10, (), date(2026, 3, 1), (0, 0, 1)),
        (11, (), None, (0, 0, 1)),
        (30, (1,), None, (1, 1, 0)),
        (33, (1,), None, (1, 1, 0)),
        (34, (1,), None, (1, 0, 1)),
        (34, (1, 33), None, (2, 0, 0)),
        (34, (1, 28, 34), None, (1, 0, 1)),
        (34, (1, 5, 30, 31), None, (2, 0, 0)),
        (50, (1, 30), None, (2, 1, 0)),
        (50, (1, 30, 50), None, (3, 0, 0)),
    ],
)
def test_bilans_done_due_and_lost(
    count: int, bdks: tuple[int, ...], ended: date | None, told: tuple[int, int, int]
) -> None:
    found = figures(treated(sessions("t1", count, date(2026, 2, 2), bdks), ended_on=ended)).bilans
    assert found is not None
    assert (found.done, found.due, found.lost, found.undetermined) == (*told, 0)
    assert (found.due_amount, found.lost_amount) == (found.due * euros("23.65"), found.lost * euros("23.65"))


def test_a_bilan_belongs_to_the_day_of_its_session() -> None:
    one = treated(sessions("t1", 34, date(2026, 2, 2), (1,)))
    thirtieth = date(2026, 2, 2) + timedelta(days=29)
    assert figures(one, first=thirtieth).bilans == Bilans(0, 0, 1, ZERO, euros("23.65"), 0, 0)
    assert figures(one, first=thirtieth + timedelta(days=1)).bilans == Bilans(0, 0, 0, ZERO, ZERO, 0, 0)


def test_a_bilan_done_and_not_billed_is_still_to_bill() -> None:
    acts = sessions("t1", 40, date(2026, 2, 2), (1,))
    noted = Assessment(
        id="b1", patient_id="p1", treatment_id="t1", kind="intermediate", performed_on=acts[31].performed_on
    )
    one = treated(acts)
    bilans = figures(dossier(acts=acts, treatments=one.treatments, assessments=(noted,))).bilans
    assert bilans is not None
    assert (bilans.done, bilans.due, bilans.lost) == (1, 1, 0)


def test_where_acts_or_the_article_would_decide_a_treatment_is_undetermined() -> None:
    acts = sessions("t1", 34, date(2026, 2, 2), (1,))
    loose = act("loose", date(2026, 2, 10), session_id="other")
    doubtful = figures(dossier(acts=(*acts, loose), treatments=treated(acts).treatments)).bilans
    assert doubtful == Bilans(0, 0, 0, ZERO, ZERO, 0, 1)
    unknown = tuple(
        each if each.letter == "AMK" else each.model_copy(update={"letter": "TMK", "coefficient": Decimal(9)})
        for each in acts
    )
    told = figures(treated(unknown, article=None)).bilans
    assert told == Bilans(1, 0, 0, ZERO, ZERO, 0, 1)


@pytest.mark.parametrize("absent", sorted({name for needed in RESTS_ON.values() for name in needed}))
def test_what_no_source_covers_is_unknown_never_zero(absent: str) -> None:
    every = {name for needed in RESTS_ON.values() for name in needed}
    every -= {each for each in every if each == absent or each.startswith(f"{absent}.")}
    if absent == "invoice":
        every -= {"act.invoice_id"}
    found = figures(dossier(acts=(act("a"),)), covers=Covers(fields=frozenset(every)))
    lacking = {each.figure: each.missing for each in found.unsaid}
    assert set(lacking) == {name for name, needed in RESTS_ON.items() if not set(needed) <= every} - (
        {"activity", "bilans"} if absent == "act" and "act.invoice_id" in every else set()
    )
    assert {each.step for each in found.delays}.isdisjoint(lacking)
    assert (found.missed is None) is ("missed" in lacking)
    assert (found.bilans is None) is ("bilans" in lacking)
    assert bool(found.activity) is ("activity" not in lacking)
    assert bool(found.rejects) is ("rejects" not in lacking)
    assert {f"waiting_{each.debtor.lower()}" for each in found.waiting}.isdisjoint(lacking)


def test_nothing_covered_nothing_told() -> None:
    found = figures(covers=Covers())
    assert {each.figure for each in found.unsaid} == set(RESTS_ON)
    assert Unsaid("missed", ("appointment",)) in found.unsaid
    assert (found.activity, found.delays, found.rejects, found.waiting) == ((), (), (), ())
    assert (found.cash_in, found.missed, found.bilans) == (None, None, None)


@given(
    st.lists(
        st.tuples(
            st.dates(FIRST - timedelta(days=40), LAST),
            st.sampled_from(["RAM", "AMK", "IFD", "AMI"]),
            st.none() | st.integers(1, 9999),
        ),
        max_size=40,
    )
)
def test_the_months_add_up_to_the_acts(lines: list[tuple[date, str, int | None]]) -> None:
    acts = [
        act(f"a{n:03d}", on, letter=letter, amount=None if cents is None else str(Decimal(cents) / 100))
        for n, (on, letter, cents) in enumerate(lines)
    ]
    one = dossier(acts=tuple(acts))
    whole = figures(one)
    inside = [each for each in acts if each.performed_on >= FIRST]
    assert whole.acts == len(inside)
    assert whole.honoraires == sum(each.amount for each in inside if each.amount is not None)
    assert sum(each.unpriced for each in whole.activity) == sum(each.amount is None for each in inside)
    cut = date(2026, 3, 31)
    halves = figures(one, last=cut), figures(one, first=cut + timedelta(days=1))
    assert sum(half.acts for half in halves) == whole.acts
    assert sum((half.honoraires for half in halves), ZERO) == whole.honoraires


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(-1, 60))
def test_quantiles_are_of_the_nearest_rank(delays: list[int], waited: int) -> None:
    spread = Spread()
    for each in delays:
        spread.add(each)
    assert (spread.median is None) is (len(delays) < FEW)
    if spread.median is not None:
        assert sum(each <= spread.median for each in delays) * 2 >= len(delays)
        assert sum(each < spread.median for each in delays) * 2 < len(delays)
    longer = [each for each in delays if each > waited]
    told = spread.beyond(waited)
    assert (told is None) is (len(longer) < FEW)
    if told is not None:
        assert waited < told[0] <= told[1] <= max(longer)
