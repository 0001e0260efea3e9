"""Who owes what, since when: one line per debtor and invoice, and the aged balance of each debtor.

A debt is the part of an invoice that one debtor was asked for and has not paid: the patient, the caisse (AMO) or the
complémentaire (AMC). It runs from the day the debtor was asked: the patient from the closing of the invoice, a payer
from the day the lot (the DRE, in gestion séparée) left, or is first known to have left, and from the closing until
then. A part whose amount no source gives is no debt of zero: it is counted apart. So is one whose debtor has not
answered on days of which no source gives the answers: whether it is still owed is not known.

Debts are as of the day the dossier was assembled for, so that the balance of any past day can be given again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector_core.model.answering import pays
from connector_core.model.dossier import Dossier
from connector_core.rules.balances import balances
from connector_core.rules.catalogue.patient_facts import is_open
from connector_core.rules.invoices import Followed, followed
from connector_core.rules.kernel import Check
from connector_core.rules.parts import Debtor, Part, PartState

AGES = (30, 60, 90)
"""Days that separate the columns of the aged balance; the last one has no end."""
_UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Debt:
    """What one debtor owes of one invoice, in euros; `amount` is None where no source says what was asked for.

    `debtor_id` is the patient, the caisse (régime, caisse, centre) or the number of the complémentaire, empty where
    it is not known. `answer_known` is False where an answer would not be among those that the sources give.
    """

    debtor: Debtor
    debtor_id: str
    patient_id: str
    practitioner_id: str
    invoice_id: str
    number: str
    amount: Decimal | None
    since: date
    state: PartState
    answer_known: bool = True

    def days(self, as_of: date) -> int:
        """How long it has been owed."""
        return max((as_of - self.since).days, 0)


@dataclass(frozen=True, slots=True)
class Aged:
    """The balance of one debtor by age, in euros: up to 30, 60, 90 days, and older; `untold` parts have no amount."""

    debtor: Debtor
    debtor_id: str
    amounts: tuple[Decimal, ...]
    debts: tuple[Debt, ...]
    untold: int

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, Decimal("0.00"))

    @property
    def oldest(self) -> date:
        return min(debt.since for debt in self.debts)


@dataclass(frozen=True, slots=True)
class Overpayment:
    """What one debtor paid beyond what an invoice asked of them, in euros: it will be taken back, or has to be given
    back."""

    debtor: Debtor
    debtor_id: str
    patient_id: str
    invoice_id: str
    number: str
    amount: Decimal
    since: date


def debts(check: Check[Dossier]) -> Iterator[Debt]:
    """What is still owed on the invoices of a dossier that stand, in order."""
    for each in check.derive(followed):
        if not each.stands:
            continue
        for part in each.parts:
            if part.settled or part.left == 0:
                continue
            yield Debt(
                part.debtor,
                debtor_id(check.subject, each, part),
                check.subject.patient_id,
                each.invoice.practitioner_id,
                each.invoice.id,
                each.invoice.number,
                part.left,
                each.owed_since(part.debtor),
                part.state,
                each.answer_known(part, check.subject.cabinet),
            )


def unheard(check: Check[Dossier], each: Followed) -> frozenset[Debtor]:
    """The debtors of an invoice whose answers no source would give: what they still owe is not known."""
    cabinet = check.subject.cabinet
    return frozenset(part.debtor for part in each.parts if not each.answer_known(part, cabinet))


def overpayments(check: Check[Dossier]) -> Iterator[Overpayment]:
    """What was paid too much on the invoices of a dossier, in order: beyond what one asked, or at all where it was
    cancelled or replaced; and what the patient paid for one and owes for no other."""
    excess = check.derive(balances).excess
    for each in check.derive(followed):
        for part in (each.amo, each.amc):
            amount = _too_much(each, part)
            if amount:
                yield _overpayment(check, each, part, amount, _last_paid(part))
        amount = excess.get(each.invoice.id)
        if amount:
            paid = [one for one in check.subject.patient_payments if one.amount > 0]
            own = [one.received_on for one in paid if one.invoice_id == each.invoice.id]
            yield _overpayment(check, each, each.patient, amount, max(own))


def _too_much(each: Followed, part: Part) -> Decimal | None:
    """What a payer paid beyond what it is asked for: nothing, of an invoice that no longer stands."""
    if each.stands:
        return part.received - part.claimed if part.state == "overpaid" and part.claimed is not None else None
    return part.received if part.received > 0 else None


def _last_paid(part: Part) -> date:
    return max(each.returned_on for each in part.returns if pays(each))


def _overpayment(check: Check[Dossier], each: Followed, part: Part, amount: Decimal, since: date) -> Overpayment:
    return Overpayment(
        part.debtor,
        debtor_id(check.subject, each, part),
        check.subject.patient_id,
        each.invoice.id,
        each.invoice.number,
        amount,
        since,
    )


def aged(found: Iterable[Debt], as_of: date) -> list[Aged]:
    """The balance of each debtor by age, the largest first."""
    by_debtor: dict[tuple[Debtor, str], list[Debt]] = {}
    for debt in found:
        by_debtor.setdefault((debt.debtor, debt.debtor_id), []).append(debt)
    balances: list[Aged] = []
    for (debtor, name), own in by_debtor.items():
        amounts = [Decimal("0.00")] * (len(AGES) + 1)
        for debt in own:
            if debt.amount is not None:
                amounts[age_column(debt.days(as_of))] += debt.amount
        untold = sum(debt.amount is None for debt in own)
        in_order = tuple(sorted(own, key=lambda debt: (debt.since, debt.number)))
        balances.append(Aged(debtor, name, tuple(amounts), in_order, untold))
    return sorted(balances, key=lambda each: (-each.total, each.debtor, each.debtor_id))


def age_column(days: int) -> int:
    """The column of the aged balance of a debt that old: 0 up to 30 days, the last one beyond 90."""
    return sum(days > age for age in AGES)


def debtor_id(dossier: Dossier, each: Followed, part: Part) -> str:
    """Who is asked for a part: the patient, the caisse or the complémentaire; empty where it is not known."""
    match part.debtor:
        case "PATIENT":
            return dossier.patient_id
        case "AMO":
            told = next((answer.paying_body for answer in part.returns if answer.paying_body), None)
            return each.invoice.amo_number or _organisation(dossier, each, "AMO") or told or _UNKNOWN
        case "AMC":
            return each.invoice.amc_number or _organisation(dossier, each, "AMC") or _UNKNOWN


def _organisation(dossier: Dossier, each: Followed, payer: str) -> str | None:
    """The organisation whose right was open on the day of care; the only one known where none says when."""
    care = each.first_care or each.invoice.closed_on
    rights = [right for right in dossier.coverages if right.payer == payer and right.organisation is not None]
    found = [right for right in rights if is_open(right, care)] or (rights if len(rights) == 1 else [])
    return found[0].organisation if found else None
