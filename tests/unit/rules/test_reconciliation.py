"""Transfers and bank credits: what is certain, what is only proposed, what is neither."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_core.model.records import BankCredit, PayerReturn
from connector_core.rules.bank_days import bank_days_from, is_bank_day
from connector_core.rules.calendar import is_holiday
from connector_core.rules.candidates import Terms
from connector_core.rules.reconciliation import reconcile
from connector_core.rules.transfers import Transfer, transfers_of

DAY = date(2026, 7, 1)
"""A Wednesday."""
ALWAYS = (date(2020, 1, 1), date(2030, 1, 1))


def credit(name, amount, text="VIR SEPA CPAM DE VALMONTEL NOEMIE", days=1, counterparty=None):
    return BankCredit(
        id=name, booked_on=DAY + timedelta(days), amount=Decimal(amount), label=text, counterparty=counterparty
    )


def transfer(name, amount, label="CPAM DE VALMONTEL", body="", days=0):
    return Transfer(DAY + timedelta(days), label, body, Decimal(amount), (name,))


def answer(transfers, credits, **options):
    return reconcile(transfers, credits, covered=ALWAYS, **options)


def settled(result):
    return {
        (tuple(name for one in each.transfers for name in one.returns), tuple(c.id for c in each.credits), each.how)
        for each in result.settled
    }


def proposed(result):
    return {
        (tuple(name for one in each.transfers for name in one.returns), tuple(c.id for c in each.credits))
        for each in result.proposed
    }


def in_sums(result):
    """Whether several on one side are proposed together."""
    return any("sum" in each.reasons for each in result.proposed)


def test_bank_days():
    closed = ["2026-05-01", "2026-05-08", "2026-05-09", "2026-04-03", "2026-04-06", "2026-07-14", "2025-12-26"]
    assert not any(is_bank_day(date.fromisoformat(day)) for day in closed)
    opened = ["2026-04-02", "2025-12-24", "2026-11-26"]
    assert all(is_bank_day(date.fromisoformat(day)) for day in opened)
    assert bank_days_from(date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert bank_days_from(date(2026, 4, 7), -1) == date(2026, 4, 2)
    assert bank_days_from(date(2026, 7, 4), 0) == date(2026, 7, 4)
    assert bank_days_from(date(2026, 7, 4), 1) == date(2026, 7, 6)


def test_our_public_holidays_are_those_of_the_package():
    from holidays import country_holidays

    for year in range(2008, 2051):
        days = {date(year, 1, 1) + timedelta(n) for n in range(365 + (year % 4 == 0))}
        assert {day for day in days if is_holiday(day)} == set(country_holidays("FR", years=year))


def paid(name, amount, on=DAY, label="CPAM 0707", body="011310000", state="paid"):
    return PayerReturn(
        id=name,
        invoice_number=name,
        payer="AMO",
        state=state,
        paid=None if amount is None else Decimal(amount),
        returned_on=DAY,
        transfer_on=on,
        transfer_label=label,
        paying_body=body,
    )


def test_returns_are_gathered_into_transfers():
    later = DAY + timedelta(1)
    returns = [
        paid("a", "20.00"),
        paid("b", "-5.00", label="cpam  0707"),
        paid("c", "7.00", on=later),
        paid("d", None, state="rejected"),
        paid("e", "9.00", on=None),
        paid("f", "3.00", label="AUTRE"),
        paid("g", "-3.00", label="AUTRE"),
        paid("h", "1.00", body="99"),
    ]
    found = transfers_of(returns)
    assert [(each.on, each.amount, each.returns) for each in found.transfers] == [
        (DAY, Decimal("15.00"), ("a", "b")),
        (DAY, Decimal("1.00"), ("h",)),
        (later, Decimal("7.00"), ("c",)),
    ]
    assert found.undated == ("e",)
    assert transfers_of([*returns[::-1], returns[0]]) == found


def test_professionals_of_a_practice_are_paid_by_transfers_of_their_own():
    """The caisse gives all of a day the same label."""
    payees = {"a": ("991100018", "230.28"), "b": ("991200024", "116.40")}
    returns = [paid(name, sum_).model_copy(update={"payee_number": who}) for name, (who, sum_) in payees.items()]
    transfers = transfers_of(returns).transfers
    assert [(each.amount, each.payee) for each in transfers] == [
        (Decimal("230.28"), "991100018"),
        (Decimal("116.40"), "991200024"),
    ]
    assert len({each.key for each in transfers}) == 2
    found = settled(answer(transfers, [credit("c1", "116.40", "CPAM 0707"), credit("c2", "230.28", "CPAM 0707")]))
    assert found == {(("a",), ("c2",), "one"), (("b",), ("c1",), "one")}


def test_a_reference_and_the_sum_are_certain():
    result = answer([transfer("t", "100", "NOEMIE 2607011")], [credit("c", "100", "VIR 2607011 X")])
    assert settled(result) == {(("t",), ("c",), "one")}
    assert result.settled[0].difference == 0


def test_the_name_of_the_payer_and_the_sum_are_certain():
    assert settled(answer([transfer("t", "100")], [credit("c", "100")])) == {(("t",), ("c",), "one")}
    named = credit("c", "100", "VIR SEPA", counterparty="Cpam de Valmontel")
    assert settled(answer([transfer("t", "100")], [named])) == {(("t",), ("c",), "one")}
    numbered = credit("c", "100", "VIR 0113100001 X")
    assert settled(answer([transfer("t", "100", "", "0113100001")], [numbered])) == {(("t",), ("c",), "one")}


@pytest.mark.parametrize("text", ["VIR INST DUPONT", "VIR CPAM DE RIVEMONT", "CPAM", ""])
def test_the_sum_alone_is_only_proposed(text):
    result = answer([transfer("t", "100")], [credit("c", "100", text)])
    assert not result.settled
    ((proposal,),) = [result.proposed]
    assert "exact" in proposal.reasons
    assert not result.missing
    assert not result.unexplained


@pytest.mark.parametrize(("days", "found"), [(-2, False), (-1, True), (0, True), (7, True), (8, False)])
def test_the_days_around_a_transfer(days, found):
    """From the bank day before (Tuesday) to the fifth after (Wednesday week)."""
    result = answer([transfer("t", "100")], [credit("c", "100", days=days)])
    assert bool(result.settled) is found
    assert bool(result.missing) is not found
    assert bool(result.unexplained) is not found


def test_days_that_no_statement_covers_are_not_missing():
    lone = [transfer("t", "100")]
    for covered, missing in (
        ((DAY - timedelta(1), DAY + timedelta(7)), True),
        ((DAY - timedelta(1), DAY + timedelta(6)), False),
        ((DAY, DAY + timedelta(7)), False),
    ):
        result = reconcile(lone, [], covered=covered)
        assert bool(result.missing) is missing
        assert bool(result.uncovered) is not missing
    assert reconcile(lone, []).uncovered


def test_two_that_fit_as_well_are_only_proposed():
    one = answer([transfer("t", "100")], [credit("c", "100"), credit("d", "100", days=2)])
    assert not one.settled
    assert proposed(one) == {(("t",), ("c",)), (("t",), ("d",))}
    other = answer([transfer("t", "100"), transfer("u", "100", days=1)], [credit("c", "100")])
    assert not other.settled
    assert {"several"} <= set(other.proposed[0].reasons)


def test_a_reference_decides_between_equals_and_leaves_the_other_certain():
    transfers = [transfer("t", "100", "CPAM 2607011"), transfer("u", "100", "CPAM 2607022")]
    credits = [credit("c", "100", "CPAM 2607022"), credit("d", "100", "CPAM")]
    assert settled(answer(transfers, credits)) == {(("u",), ("c",), "one"), (("t",), ("d",), "one")}


def test_a_reference_elsewhere_forbids_the_name():
    transfers = [transfer("t", "100", "CPAM 2607011"), transfer("u", "50", "CPAM 2607022")]
    result = answer(transfers, [credit("c", "100", "CPAM 2607022")])
    assert not result.settled

    parted = answer(transfers[:1], [credit("c", "100", "CPAM"), credit("d", "60", "VIR 2607011")])
    assert not parted.settled
    assert proposed(parted) == {(("t",), ("c",)), (("t",), ("d",))}


def test_a_number_that_everyone_bears_is_no_reference():
    transfers = [transfer(f"t{n}", str(100 + n), "CPAM 691234567", days=n % 2) for n in range(6)]
    credits = [credit(f"c{n}", str(97 + n), "CPAM 691234567") for n in range(6)]
    assert all(each.how == "one" for each in answer(transfers, credits).settled)


def test_transfers_of_a_day_in_one_credit():
    transfers = [transfer("t", "100"), transfer("u", "50", "VALMONTEL DE CPAM")]
    assert settled(answer(transfers, [credit("c", "150")])) == {(("t", "u"), ("c",), "grouped")}


def test_the_transfers_of_a_day_are_those_of_one_payer():
    """Of one number, whatever their labels; of one label, where no number is given."""
    body = "011310000"
    numbered = [transfer("t", "100", "CPAM VALMONTEL", body), transfer("u", "50", "VALMONTEL", body)]
    both = credit("c", "150", "VIR CPAM VALMONTEL")
    assert settled(answer(numbered, [both])) == {(("t", "u"), ("c",), "grouped")}
    labelled = [transfer("t", "100", "CPAM VALMONTEL"), transfer("u", "50", "VALMONTEL")]
    assert not answer(labelled, [both]).settled


def test_transfers_whose_references_a_credit_bears():
    transfers = [transfer("t", "100", "AAA 10001"), transfer("u", "50", "BBB 20002", days=1), transfer("v", "150", "C")]
    result = answer(transfers, [credit("c", "150", "VIR 10001 20002")])
    assert settled(result) == {(("t", "u"), ("c",), "grouped")}


def test_a_debt_between_two_transfers_of_a_day():
    transfers = [transfer("t", "100"), transfer("u", "-30", "DE VALMONTEL CPAM")]
    assert settled(answer(transfers, [credit("c", "70")])) == {(("t", "u"), ("c",), "grouped")}


def test_a_group_is_only_proposed_when_a_part_may_be_another_credit():
    transfers = [transfer("t", "100"), transfer("u", "50", "VALMONTEL DE CPAM")]
    result = answer(transfers, [credit("c", "150"), credit("d", "50"), credit("e", "50", days=2)])
    assert not result.settled
    assert (("t", "u"), ("c",)) in proposed(result)


def test_a_group_is_only_proposed_when_the_credit_may_be_another_transfer():
    transfers = [transfer("t", "100"), transfer("u", "50", "VALMONTEL DE CPAM")]
    others = [transfer("v", "150", days=1), transfer("w", "150", days=2)]
    assert not answer([*transfers, *others], [credit("c", "150", days=2)]).settled


def test_some_transfers_of_a_day_are_only_proposed():
    names = ["CPAM DE VALMONTEL", "VALMONTEL DE CPAM", "DE CPAM VALMONTEL"]
    transfers = [transfer(f"t{n}", amount, names[n]) for n, amount in enumerate(["100", "50", "30"])]
    result = answer(transfers, [credit("c", "150")])
    assert not result.settled
    assert (("t0", "t1"), ("c",)) in {(tuple(sorted(t)), c) for t, c in proposed(result)}


def test_a_group_is_found_beside_a_credit_that_fits_two_transfers():
    transfers = [transfer("t", "100"), transfer("u", "50", "VALMONTEL DE CPAM")]
    equals = [transfer("v", "70", "MSA DU VAL"), transfer("w", "70", "MSA DU VAL", days=1)]
    credits = [credit("a", "70", "VIR MSA DU VAL"), credit("b", "150")]
    assert settled(answer([*transfers, *equals], credits)) == {(("t", "u"), ("b",), "grouped")}


def test_one_transfer_in_several_credits():
    credits = [credit("c", "60", "VIR 10001"), credit("d", "40", "VIR 10001 SUITE")]
    assert settled(answer([transfer("t", "100", "CPAM 10001")], credits)) == {(("t",), ("c", "d"), "split")}
    elsewhere = [transfer("t", "100", "CPAM 10001"), transfer("u", "500", "CPAM 20002")]
    assert not answer(elsewhere, [credit("c", "60", "VIR 10001 20002"), credits[1]]).settled
    unreferenced = [credit("c", "60"), credit("d", "40")]
    result = answer([transfer("t", "100")], unreferenced)
    assert not result.settled
    assert proposed(result) == {(("t",), ("c", "d"))}
    theirs = [credit("c", "60", "VIR INST DUPONT"), credit("d", "40", "VIR INST DUPONT")]
    assert not answer([transfer("t", "100")], theirs).proposed


@pytest.mark.parametrize(("candidates", "tried"), [(2, True), (10, True), (11, False)])
def test_sums_are_tried_of_ten_credits_or_transfers_at_most(candidates, tried):
    """Some set of many adds up to anything."""
    several = [str(2**n) for n in range(candidates)]
    credits = [credit(f"c{n}", amount) for n, amount in enumerate(several)]
    assert in_sums(answer([transfer("t", "3")], credits)) is tried
    transfers = [transfer(f"t{n}", amount, days=n % 4) for n, amount in enumerate(several)]
    assert in_sums(answer(transfers, [credit("c", "3", days=3)])) is tried


@pytest.mark.parametrize(("parts", "found"), [(5, True), (6, False)])
def test_sets_of_five_at_most_are_proposed(parts, found):
    credits = [credit(f"c{n}", str(2**n)) for n in range(parts)]
    assert in_sums(answer([transfer("t", str(2**parts - 1))], credits)) is found


def test_three_sets_of_five_proposals_at_most_are_told_of_a_transfer():
    parts = [str(10 * n) for n in (1, 9, 2, 8, 3, 7, 4, 6)]
    sums = answer([transfer("t", "100")], [credit(f"c{n}", amount) for n, amount in enumerate(parts)])
    assert len(sums.proposed) == 3
    alike = [credit(f"c{days}", "100", "VIR INST DUPONT", days) for days in (7, 6, 5, 2, 1, 0, -1)]
    nearest = answer([transfer("t", "100")], alike)
    assert [each.credits[0].id for each in nearest.proposed] == ["c0", "c-1", "c1", "c2", "c5"]


def test_a_split_is_certain_whatever_else_comes_on_its_days():
    transfers = [transfer("t", "100", "CPAM 10001"), transfer("u", "30", "CPAM 20002")]
    parts = [credit("c", "60", "VIR 10001"), credit("d", "40", "VIR 10001 SUITE")]
    others = [credit("e", "30", "VIR 20002"), credit("f", "55", "VIR INST DUPONT")]
    assert (("t",), ("c", "d"), "split") in settled(answer(transfers, [*parts, *others]))


@pytest.mark.parametrize(("amount", "certain"), [("99.99", True), ("95.00", True), ("94.99", False), ("100.01", False)])
def test_a_fee(amount, certain):
    result = answer([transfer("t", "100", "CPAM 10001")], [credit("c", amount, "VIR 10001")])
    if certain:
        assert settled(result) == {(("t",), ("c",), "fees")}
        assert result.settled[0].difference == Decimal(100) - Decimal(amount)
    else:
        assert not result.settled
        assert proposed(result) == {(("t",), ("c",))}


@pytest.mark.parametrize(("amount", "found"), [("99.99", True), ("95.00", True), ("94.99", False), ("100.01", False)])
def test_a_fee_without_a_reference_is_only_proposed(amount, found):
    result = answer([transfer("t", "100")], [credit("c", amount)])
    assert not result.settled
    assert [each.reasons for each in result.proposed] == [("less", "payer")] * found


def test_a_fee_is_less_than_what_came():
    assert answer([transfer("t", "6", "CPAM 10001")], [credit("c", "3.01", "VIR 10001")]).settled
    assert not answer([transfer("t", "6", "CPAM 10001")], [credit("c", "3", "VIR 10001")]).settled
    assert not answer([transfer("t", "2", "CPAM 10001")], [credit("c", "-1", "VIR 10001")]).settled


def test_a_debt_that_the_payer_keeps_is_a_part_below_zero():
    announced = transfers_of([paid("a", "100.00"), paid("debt", "-20.00")]).transfers
    result = answer(announced, [credit("c", "80", "CPAM 011310000")])
    assert settled(result) == {(("a", "debt"), ("c",), "one")}
    assert not answer(announced, [credit("c", "100", "CPAM 011310000")]).settled


def test_a_debit_that_a_payer_announced_takes_no_credit_back():
    announced = [transfer("t", "30", "CPAM 2607011"), transfer("u", "-30", "CPAM 2607099", days=6)]
    booked = [credit("c", "30", "VIR CPAM 2607011"), credit("d", "-30", "PRLV CPAM 2607099", days=7)]
    assert settled(answer(announced, booked)) == {(("t",), ("c",), "one"), (("u",), ("d",), "one")}
    assert answer(announced[:1], booked).returned, "without the announcement it does"


@pytest.mark.parametrize(("label", "text"), [("CPAM 10001", "VIR 10001"), ("CPAM", "VIR CPAM")])
@pytest.mark.parametrize(("amount", "found"), [("0.50", True), ("0", False), ("-0.50", False)])
def test_only_what_came_is_proposed_with_another_sum(label, text, amount, found):
    result = answer([transfer("t", "3", label)], [credit("c", amount, text)])
    assert not result.settled
    assert bool(result.proposed) is found


@pytest.mark.parametrize(
    ("booked", "reasons", "score"),
    [
        ([("100", "VIR INST DUPONT", 0)], ["exact"], 0.55),
        ([("100", "VIR INST DUPONT", -1)], ["exact"], 0.54),
        ([("100", "VIR INST DUPONT", 7)], ["exact"], 0.50),
        ([("100", "VIR INST DUPONT", 1), ("100", "VIR", 7)], ["exact", "several"], 0.44),
        ([("98", "VIR CPAM", 1)], ["less", "payer"], 0.38),
        ([("60", "VIR 10001", 1)], ["less", "reference"], 0.54),
        ([("120", "VIR 10001 CPAM", 1)], ["more", "reference", "payer"], 0.68),
        ([("100", "VIR CPAM", 1), ("-100", "PRLV", 2)], ["exact", "payer", "may_be_returned"], 0.48),
        ([("60", "VIR CPAM", 1), ("40", "VIR CPAM", 1)], ["sum", "payer"], 0.50),
    ],
)
def test_what_a_proposal_says_and_scores(booked, reasons, score):
    credits = [credit(f"c{n}", amount, text, days) for n, (amount, text, days) in enumerate(booked)]
    result = answer([transfer("t", "100", "CPAM 10001")], credits)
    assert not result.settled
    assert (list(result.proposed[0].reasons), result.proposed[0].score) == (reasons, score)


def test_a_credit_that_came_back_pays_nothing():
    credits = [credit("c", "100"), credit("r", "-100", "REJET VIREMENT CPAM DE VALMONTEL", days=2)]
    result = answer([transfer("t", "100")], credits)
    assert [(each.credit.id, each.reversal.id) for each in result.returned] == [("c", "r")]
    assert not result.settled
    assert [each.returns for each in result.missing] == [("t",)]
    again = answer([transfer("t", "100")], [*credits, credit("d", "100", days=3)])
    assert settled(again) == {(("t",), ("d",), "one")}
    twice = answer([transfer("t", "100")], [*credits, credit("d", "100")])
    assert not twice.settled
    assert not twice.returned


@pytest.mark.parametrize(
    ("came", "gone", "days", "text", "returned"),
    [
        ("100", "-100", 23, "REJET CPAM", True),
        ("100", "-100", 26, "REJET CPAM", False),
        ("100", "-100", 0, "REJET CPAM", False),
        ("100", "-100", 2, "REJET 20002", False),
        ("0.50", "-0.50", 2, "REJET CPAM", True),
        ("-0.50", "0.50", 2, "REJET CPAM", False),
        ("0", "0", 2, "REJET CPAM", False),
    ],
)
def test_what_takes_a_credit_back(came, gone, days, text, returned):
    """A debit that follows within fifteen bank days (here to the 24th) and shares a word."""
    credits = [credit("c", came, "VIR CPAM 10001"), credit("r", gone, text, days)]
    assert bool(answer([], credits).returned) is returned
    assert not answer([], credits[:1]).returned, "nothing takes itself back"


def test_what_may_have_come_back_is_not_certain():
    credits = [credit("c", "100"), credit("r", "-100", "PRLV", days=2)]
    result = answer([transfer("t", "100")], credits)
    assert not result.settled
    assert "may_be_returned" in result.proposed[0].reasons


def test_a_debit_that_may_reverse_one_of_two_credits_settles_nothing_itself():
    credits = [credit("c", "30"), credit("r", "-30", "PRLV CPAM DE VALMONTEL", days=2)]
    assert answer([transfer("t", "-30")], credits).owed
    doubt = answer([transfer("t", "-30")], [*credits, credit("n", "30", "VIR INST DUPONT")])
    assert not doubt.settled
    assert "may_be_returned" in doubt.proposed[0].reasons


def test_a_transfer_below_zero_is_owed_or_is_the_debit():
    for amount, owed in (("-30", True), ("-0.01", True), ("0.01", False)):
        result = answer([transfer("t", amount)], [])
        assert (bool(result.owed), bool(result.missing)) == (owed, not owed)
    taken = credit("c", "-30", "PRLV CPAM DE VALMONTEL INDU")
    assert settled(answer([transfer("t", "-30")], [taken])) == {(("t",), ("c",), "one")}


PAYERS = ("CPAM DE VALMONTEL", "MUTUELLE DES TILLEULS", "MSA DU VAL")
AMOUNTS = st.integers(-10, 40).filter(bool).map(Decimal)


@st.composite
def accounts(draw):
    """Transfers and credits that are partly theirs, with few amounts, so that much fits by chance."""
    transfers = [
        transfer(
            f"t{n}",
            str(draw(AMOUNTS)),
            draw(st.sampled_from(PAYERS)) + draw(st.sampled_from(["", f" {10000 + n}"])),
            f"{n}",
            draw(st.integers(0, 12)),
        )
        for n in range(draw(st.integers(0, 8)))
    ]
    credits = []
    for n in range(draw(st.integers(0, 10))):
        if transfers and draw(st.booleans()):
            one = draw(st.sampled_from(transfers))
            off = draw(st.sampled_from([0, 0, 0, -5, -2, 40]))
            amount, text = one.amount + off, f"VIR {one.label}"
        else:
            amount, text = draw(AMOUNTS), draw(st.sampled_from([*PAYERS, "VIR INST", "VIR 10001", "REJET"]))
        credits.append(credit(f"c{n}", str(amount or 1), text, draw(st.integers(-1, 18))))
    return transfers, credits


def every(result):
    transfers = [one for each in result.settled for one in each.transfers]
    transfers += [*result.missing, *result.uncovered, *result.owed]
    transfers += {one for each in result.proposed for one in each.transfers}
    credits = [one.id for each in result.settled for one in each.credits]
    credits += [one.id for each in result.returned for one in (each.credit, each.reversal)]
    credits += [each.id for each in result.unexplained]
    credits += {one.id for each in result.proposed for one in each.credits}
    return transfers, credits


@settings(max_examples=300)
@given(accounts())
def test_everything_is_told_of_once_and_sums_are_conserved(given_):
    transfers, credits = given_
    result = answer(transfers, credits)
    told, used = every(result)
    assert sorted(told, key=lambda each: each.key) == sorted(transfers, key=lambda each: each.key)
    assert sorted(used) == sorted(each.id for each in credits)
    for each in result.settled:
        announced, came = (sum(one.amount for one in side) for side in (each.transfers, each.credits))
        assert announced - came == each.difference
        if each.how == "fees":
            assert 0 < each.difference <= Terms().fees_at_most
        else:
            assert each.difference == 0
    assert all(0 < each.score < 1 for each in result.proposed)


@settings(max_examples=200)
@given(accounts(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(given_, random):
    transfers, credits = given_
    result = answer(transfers, credits)
    random.shuffle(transfers)
    random.shuffle(credits)
    assert answer(transfers, [*credits, *credits[:1]]) == result


@settings(max_examples=200)
@given(accounts(), st.lists(st.tuples(AMOUNTS, st.integers(-1, 18)), max_size=15))
def test_the_noise_of_others_settles_nothing(given_, noise):
    """Credits of others, of whatever sum, are in no certain answer, and never make one certain that was not."""
    transfers, credits = given_
    wanted = [(Decimal(abs(amount)), days) for amount, days in noise]
    others = [credit(f"n{n}", str(one), "VIR INST DUPONT JEANNE", days) for n, (one, days) in enumerate(wanted)]
    before, after = settled(answer(transfers, credits)), settled(answer(transfers, [*credits, *others]))
    assert not any(name.startswith("n") for _, names, _ in after for name in names)
    assert after <= before


def ten_years(random):
    """Returns of ten years, their credits, and those of others."""
    returns, credits = [], []
    for n in range(2500):
        day = DAY + timedelta(n)
        for payer in PAYERS[:2]:
            label = f"{payer} {n:05}{payer[:3]}"
            amount = Decimal(0)
            for part in range(8):
                one = Decimal(random.randint(500, 8000)) / 100
                amount += one
                returns.append(paid(f"{n}-{payer}-{part}", str(one), day, label, payer))
            if random.random() < 0.97:
                credits.append(credit(f"c{n}{payer}", str(amount), f"VIR {label}", n + random.randint(0, 2)))
        credits.append(credit(f"x{n}", str(Decimal(random.randint(1000, 9000)) / 100), "VIR INST DUPONT", n))
    return returns, credits


@pytest.mark.slow
def test_ten_years_take_seconds():
    returns, credits = ten_years(Random(7))
    found = transfers_of(returns)
    began = time.perf_counter()
    result = reconcile(found.transfers, credits)
    assert time.perf_counter() - began < 20
    assert len(found.transfers) == 5000
    assert len(result.settled) >= len([each for each in credits if each.id.startswith("c")]) - 5
    assert all(each.transfers[0].label in (each.credits[0].label or "") for each in result.settled)
