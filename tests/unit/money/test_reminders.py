"""Whom to remind, of what, when: on both sides of every day and amount."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Coverage, Invoice, Lot, Patient, PayerReturn, Reminder
from connector_core.money.ledger import Debt
from connector_core.money.reminders import Claim, NextStep, Plan, Step, Thresholds, all_claims, claims, next_steps
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.kernel import Check
from connector_core.rules.parts import Debtor

DAY = date(2026, 1, 5)
LATE = date(2026, 12, 31)
FIRST = Step(1, timedelta(30), "email", "cordial", Decimal("5.00"))
SECOND = Step(2, timedelta(21), "letter", "ferme", Decimal("15.00"))
THIRD = Step(3, timedelta(30), "letter", "dernier", Decimal("30.00"))
STEPS = (FIRST, SECOND, THIRD)
PLAN = Plan({"PATIENT": STEPS, "AMO": STEPS, "AMC": STEPS}, timedelta(15))
THRESHOLDS = Thresholds(Decimal(50), 60, 60)


def claim(
    number: str = "1",
    amount: str | None = "20.00",
    since: date = DAY,
    level: int = 0,
    reminded_on: date | None = None,
    debtor: Debtor = "PATIENT",
    limit: date | None = None,
    debtor_id: str = "p1",
) -> Claim:
    money = None if amount is None else Decimal(amount)
    debt = Debt(debtor, debtor_id, "p1", "mk1", f"f{number}", number, money, since, "waiting")
    return Claim(debt, level, reminded_on, None, limit)


def one(found: Sequence[Claim], as_of: date) -> NextStep:
    (step,) = next_steps(found, PLAN, THRESHOLDS, as_of)
    return step


def days(number: int) -> date:
    return DAY + timedelta(number)


@pytest.mark.parametrize(("as_of", "standing"), [(days(29), "coming"), (days(30), "due"), (days(300), "due")])
def test_the_first_reminder_is_due_some_days_after_the_debt(as_of: date, standing: str) -> None:
    found = one([claim()], as_of)
    assert (found.standing, found.step) == (standing, FIRST)
    assert found.on == max(days(30), as_of)


@pytest.mark.parametrize(("as_of", "standing"), [(days(60), "coming"), (days(61), "due")])
def test_the_next_one_some_days_after_the_one_before(as_of: date, standing: str) -> None:
    found = one([claim(level=1, reminded_on=days(40))], as_of)
    assert (found.standing, found.step) == (standing, SECOND)


@pytest.mark.parametrize(("amount", "standing", "step"), [("4.99", "small", None), ("5.00", "due", FIRST)])
def test_a_small_debt_waits_for_others(amount: str, standing: str, step: Step | None) -> None:
    found = one([claim(amount=amount)], days(30))
    assert (found.standing, found.step) == (standing, step)


def test_small_debts_are_asked_for_together_on_the_day_they_are_enough() -> None:
    found = one([claim("1", "3.00"), claim("2", "3.00", days(9))], days(30))
    assert (found.standing, found.on, found.total) == ("coming", days(39), Decimal("6.00"))


def test_a_debtor_gets_one_letter_at_the_level_of_what_is_furthest_on() -> None:
    found = one(
        [claim("1", level=1, reminded_on=days(31)), claim("2", since=days(10)), claim("3", since=days(50))], days(52)
    )
    assert found.step == SECOND
    assert [each.debt.number for each in found.claims] == ["1", "2"]
    assert found.total == Decimal("40.00")


def test_what_is_further_on_but_too_small_does_not_stop_the_rest() -> None:
    found = one([claim("1", "10.00", level=2, reminded_on=days(60)), claim("2", "6.00", days(50))], days(100))
    assert found.step == FIRST
    assert [each.debt.number for each in found.claims] == ["2"]


@pytest.mark.parametrize(("as_of", "standing"), [(days(54), "coming"), (days(55), "due")])
def test_two_letters_to_one_debtor_are_some_days_apart(as_of: date, standing: str) -> None:
    found = one([claim("1", level=3, reminded_on=days(40)), claim("2")], as_of)
    assert (found.standing, found.on) == (standing, days(55))


def test_once_all_reminders_are_made_the_practice_decides() -> None:
    found = one([claim(level=3, reminded_on=days(200))], LATE)
    assert (found.standing, found.step, found.held[0].hold) == ("held", None, "exhausted")


def test_who_is_not_in_the_plan_is_not_reminded() -> None:
    assert next_steps([claim()], Plan({"AMO": STEPS}, timedelta(15)), THRESHOLDS, LATE) == []


@pytest.mark.parametrize(
    ("given", "as_of", "priority", "reasons"),
    [
        (claim(amount="50.00"), days(60), "low", 0),
        (claim(amount="50.01"), days(60), "normal", 1),
        (claim(amount="50.00"), days(61), "normal", 1),
        (claim(amount="50.01"), days(61), "high", 2),
        (claim(debtor="AMO", limit=days(101)), days(40), "low", 0),
        (claim(debtor="AMO", limit=days(100)), days(40), "high", 1),
        (claim(debtor="AMO", limit=days(39)), days(40), "high", 1),
    ],
)
def test_the_priority_rests_on_the_amount_the_age_and_the_forclusion(
    given: Claim, as_of: date, priority: str, reasons: int
) -> None:
    found = one([given], as_of)
    assert (found.priority, len(found.reasons)) == (priority, reasons)


def test_the_forclusion_is_told_with_its_day() -> None:
    near = one([claim(debtor="AMO", limit=date(2026, 3, 31))], date(2026, 3, 30))
    assert near.reasons[0] == "forclusion après le 31/03/2026, dans 1 jour"
    past = one([claim(debtor="AMO", limit=date(2026, 3, 31))], date(2026, 4, 1))
    assert past.reasons[0].startswith("forclusion passée depuis le 31/03/2026")


def test_the_order_does_not_depend_on_the_order_of_the_debts() -> None:
    given = [
        claim("1", "80.00", debtor_id="a"),
        claim("2", "80.00", debtor_id="b"),
        claim("3", "9.00", debtor_id="c"),
        claim("4", "9.00", days(61), debtor_id="d"),
        claim("5", "1.00", debtor_id="e"),
    ]
    answers = {
        tuple(each.debtor_id for each in next_steps(order, PLAN, THRESHOLDS, days(62))) for order in permutations(given)
    }
    assert answers == {("a", "b", "c", "d", "e")}


LOT = Lot(id="l1", number="1", sent_on=DAY, arl="positive", arl_on=DAY)
NO_ARL = LOT.model_copy(update={"arl": None, "arl_on": None})
NEVER_SENT = NO_ARL.model_copy(update={"sent_on": None})


def invoice(**fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": "f1",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": "1",
        "closed_on": DAY,
        "lot_id": "l1",
        "third_party": "FULL",
        "total": Decimal("30.00"),
        "amo_claimed": Decimal("18.00"),
        "amc_claimed": Decimal("9.00"),
        "amc_number": "99900017",
        "patient_share": Decimal("3.00"),
    }
    return Invoice.model_validate({**given, **fields})


def claimed(
    *invoices: Invoice, covers: Covers | None = None, lot: Lot = LOT, as_of: date = LATE, **fields: object
) -> dict[str, Claim]:
    cabinet = Cabinet(covers or Covers.all(), lots={"l1": lot})
    rights = (Coverage(id="d1", patient_id="p1", payer="AMO", organisation="019990000"),)
    dossier = Dossier("p1", cabinet, invoices=invoices or (invoice(),), **{"coverages": rights, **fields})  # type: ignore[arg-type]  # tuples of records
    check = Check(dossier, as_of, load_parameters(), load_tariffs())
    return {each.debt.debtor: each for each in claims(check)}


def reminder(name: str, level: int, on: date, addressee: str | None, invoice_id: str = "f1") -> Reminder:
    return Reminder.model_validate(
        {"id": name, "invoice_id": invoice_id, "sent_on": on, "level": level, "addressee": addressee}
    )


def test_reminders_count_for_whom_they_were_sent_to() -> None:
    made = (
        reminder("r1", 1, days(30), "PATIENT"),
        reminder("r2", 2, days(60), "PATIENT"),
        reminder("r3", 1, days(40), "AMO"),
        reminder("r4", 3, days(90), "PATIENT", "f9"),
    )
    found = claimed(reminders=made)
    assert (found["PATIENT"].level, found["PATIENT"].reminded_on) == (2, days(60))
    assert (found["AMO"].level, found["AMO"].reminded_on) == (1, days(40))
    assert (found["AMC"].level, found["AMC"].reminded_on) == (0, None)


def test_a_reminder_without_addressee_counts_for_everyone_who_owes() -> None:
    found = claimed(reminders=(reminder("r1", 1, days(30), None),))
    assert {each.level for each in found.values()} == {1}


def test_the_forclusion_is_the_caisse_s_by_the_earliest_act() -> None:
    act = Act(
        id="a1",
        patient_id="p1",
        practitioner_id="mk1",
        performed_on=DAY,
        letter="RAM",
        coefficient=Decimal("8.09"),
        invoice_id="f1",
    )
    found = claimed(acts=(act,))
    assert (found["AMO"].limit, found["AMC"].limit, found["PATIENT"].limit) == (date(2028, 3, 31), None, None)
    old = act.model_copy(update={"performed_on": date(2017, 1, 2)})
    assert claimed(acts=(old,))["AMO"].limit is None


def answered(payer: str, state: str) -> PayerReturn:
    return PayerReturn.model_validate(
        {"id": "n1", "invoice_number": "1", "payer": payer, "state": state, "returned_on": days(9), "paid": Decimal(1)}
    )


@pytest.mark.parametrize(
    ("debtor", "fields", "hold"),
    [
        ("PATIENT", {}, None),
        ("PATIENT", {"patient": Patient(id="p1", deceased_on=DAY, archived=True)}, "deceased"),
        ("PATIENT", {"patient": Patient(id="p1", archived=True)}, "archived"),
        ("PATIENT", {"patient": Patient(id="p1", archived=False)}, None),
        ("PATIENT", {"coverages": (Coverage(id="d", patient_id="p1", payer="AMO", kind="C2S"),)}, "protected"),
        (
            "PATIENT",
            {"coverages": (Coverage(id="d", patient_id="p1", payer="AMO", kind="C2S", valid_to=days(-1)),)},
            None,
        ),
        ("PATIENT", {"covers": Covers.of(["invoice", "payer_return"])}, "silent"),
        ("AMO", {}, None),
        ("AMO", {"patient": Patient(id="p1", deceased_on=DAY)}, None),
        ("AMO", {"covers": Covers.of(["invoice", "patient_payment"])}, "silent"),
        ("AMO", {"coverages": ()}, "nameless"),
        ("AMO", {"lot": LOT.model_copy(update={"sent_on": None})}, None),
        ("AMO", {"lot": NEVER_SENT}, "unsent"),
        ("AMC", {"lot": NEVER_SENT}, "unsent"),
        ("AMO", {"lot": NEVER_SENT, "covers": Covers.of(["invoice", "payer_return", "lot.arl"])}, "unproven"),
        ("AMO", {"lot": NO_ARL}, "lost"),
        ("AMC", {"lot": NO_ARL}, "lost"),
        ("AMC", {"lot": NO_ARL, "payer_returns": (answered("AMO", "deferred"),)}, None),
        ("AMO", {"lot": NO_ARL, "payer_returns": (answered("AMC", "deferred"),)}, None),
        ("AMO", {"lot": NO_ARL, "covers": Covers.of(["invoice", "lot.sent_on", "payer_return"])}, "silent"),
        ("AMO", {"lot": NO_ARL, "covers": Covers.of(["invoice", "lot", "payer_return"])}, "silent"),
        ("AMO", {"lot": LOT.model_copy(update={"arl": "negative"})}, "refused"),
        ("AMO", {"payer_returns": (answered("AMO", "rejected"),)}, "rejected"),
        ("AMO", {"payer_returns": (answered("AMO", "deferred"),)}, None),
        ("AMO", {"payer_returns": (answered("AMO", "paid"),)}, None),
        ("AMC", {"payer_returns": (answered("AMO", "rejected"),)}, None),
    ],
)
def test_why_a_debt_is_in_no_letter(debtor: str, fields: dict[str, object], hold: str | None) -> None:
    assert claimed(**fields)[debtor].hold == hold  # type: ignore[arg-type]  # as each case says


def test_what_a_payer_took_back_is_looked_into_first() -> None:
    paid, back = (
        answered("AMO", "paid").model_copy(update={"id": f"n{amount}", "paid": Decimal(amount)}) for amount in (18, -18)
    )
    found = claimed(payer_returns=(paid, back))["AMO"]
    assert (found.debt.amount, found.debt.state, found.hold) == (Decimal("18.00"), "taken_back", "taken_back")


@pytest.mark.parametrize(
    ("fields", "debtor", "hold"),
    [
        ({"lot_id": None}, "AMO", "unsent"),
        ({"lot_id": None}, "AMC", "unsent"),
        ({"lot_id": None, "securing": "PAPIER"}, "AMO", "unproven"),
        ({"lot_id": "told"}, "AMO", "unproven"),
        ({"amc_management": "separee"}, "AMC", "unasked"),
        ({"amc_management": "separee"}, "AMO", None),
        ({"amc_management": "separee", "dre_sent_on": DAY}, "AMC", None),
        ({"amc_management": "separee", "dre_sent_on": DAY, "lot_id": None}, "AMC", None),
        ({"amc_management": "unique"}, "AMC", None),
    ],
)
def test_nobody_is_reminded_of_what_was_never_asked_for(
    fields: dict[str, object], debtor: str, hold: str | None
) -> None:
    assert claimed(invoice(**fields))[debtor].hold == hold


def test_a_demand_apart_does_not_hang_on_its_lot() -> None:
    apart = invoice(amc_management="separee", dre_sent_on=DAY)
    for lot in (NO_ARL, NEVER_SENT, LOT.model_copy(update={"arl": "negative"})):
        assert claimed(apart, lot=lot)["AMC"].hold is None
    answer = answered("AMC", "deferred")
    assert claimed(apart, lot=NO_ARL, payer_returns=(answer,))["AMO"].hold == "lost"
    unknown = Covers.of(["invoice.amc_management", "invoice.lot_id", "lot", "payer_return"])
    assert claimed(invoice(amc_management="separee"), covers=unknown)["AMC"].hold == "unproven"


def test_a_lot_has_arrived_when_any_of_its_invoices_was_answered() -> None:
    cabinet = Cabinet(Covers.all(), lots={"l1": NO_ARL})
    other = invoice(id="f2", number="2", patient_id="p2")
    answer = answered("AMO", "paid").model_copy(update={"invoice_number": "2", "paid": Decimal("18.00")})
    rights = (Coverage(id="d1", patient_id="p1", payer="AMO", organisation="019990000"),)
    silent = Check(
        Dossier("p1", cabinet, invoices=(invoice(),), coverages=rights), LATE, load_parameters(), load_tariffs()
    )
    told = Check(
        Dossier("p2", cabinet, invoices=(other,), payer_returns=(answer,)), LATE, load_parameters(), load_tariffs()
    )
    assert {each.hold for each in all_claims([silent]) if each.debt.debtor != "PATIENT"} == {"lost"}
    for order in ([silent, told], [told, silent]):
        found = [each for each in all_claims(order) if each.debt.patient_id == "p1" and each.debt.debtor != "PATIENT"]
        assert [each.hold for each in found] == [None, None]


@pytest.mark.parametrize(("as_of", "hold"), [(date(2028, 3, 31), "unsent"), (date(2028, 4, 1), "foreclosed")])
def test_once_the_forclusion_has_passed_nothing_is_to_be_sent(as_of: date, hold: str) -> None:
    act = Act(
        id="a1",
        patient_id="p1",
        practitioner_id="mk1",
        performed_on=DAY,
        letter="RAM",
        coefficient=Decimal("8.09"),
        invoice_id="f1",
    )
    found = claimed(invoice(lot_id=None), acts=(act,), as_of=as_of)
    assert (found["AMO"].hold, found["AMC"].hold) == (hold, "unsent")
    rejected = claimed(acts=(act,), as_of=as_of, payer_returns=(answered("AMO", "rejected"),))["AMO"]
    assert rejected.hold == ("rejected" if hold == "unsent" else "foreclosed")


@pytest.mark.parametrize(("sent_on", "hold"), [(date(2028, 3, 31), None), (date(2028, 4, 1), "foreclosed")])
def test_what_left_after_the_forclusion_is_not_asked_for_again(sent_on: date, hold: str | None) -> None:
    act = Act(
        id="a1",
        patient_id="p1",
        practitioner_id="mk1",
        performed_on=DAY,
        letter="RAM",
        coefficient=Decimal("8.09"),
        invoice_id="f1",
    )
    late = Lot(id="l1", number="1", sent_on=sent_on, arl="positive", arl_on=sent_on)
    found = claimed(acts=(act,), lot=late, as_of=date(2028, 12, 31))
    assert (found["AMO"].hold, found["AMC"].hold) == (hold, None)
    answer = answered("AMO", "deferred").model_copy(update={"returned_on": date(2028, 5, 1)})
    assert claimed(acts=(act,), lot=late, as_of=date(2028, 12, 31), payer_returns=(answer,))["AMO"].hold == hold
    part = answer.model_copy(update={"state": "paid"})
    assert claimed(acts=(act,), lot=late, as_of=date(2028, 12, 31), payer_returns=(part,))["AMO"].hold is None


def test_an_amount_that_is_not_known_is_in_no_letter() -> None:
    assert claimed(invoice(amo_claimed=None))["AMO"].hold == "untold"
    assert claimed(invoice(patient_share=None))["PATIENT"].hold == "untold"


def test_an_archived_dossier_is_reminded_when_the_practice_says_so() -> None:
    found = [claimed(patient=Patient(id="p1", archived=True))["PATIENT"]]
    (held,) = next_steps(found, PLAN, THRESHOLDS, LATE)
    assert (held.standing, held.step) == ("held", None)
    plan = Plan({"PATIENT": (Step(1, timedelta(30), "email", "cordial", Decimal(0)),)}, timedelta(15))
    (asked,) = next_steps(found, plan, THRESHOLDS, LATE, frozenset({"archived"}))
    assert asked.standing == "due"


def test_the_thresholds_are_those_of_the_rules() -> None:
    assert Thresholds.of(load_parameters(), DAY) == THRESHOLDS
    assert Thresholds.of(load_parameters(), date(1990, 1, 1)) == Thresholds(None, None, None)
