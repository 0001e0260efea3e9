"""Whom to remind of what, when and how: the next step of each debtor under a reminder plan.

A plan has, for each kind of debtor, steps that follow one another: the first some time after the debt began, each other
some time after the reminder before it. Which of them were done is read from the reminders that the sources give; one
that names no addressee counts for everyone who owes something on its invoice, so that nobody is asked twice.

* What one debtor owes is asked for in one letter: everything due on its day, at the level of what is furthest on;
  what is further on but too small for its step waits. Two letters to one debtor are `Plan.spacing` apart at least.
* Some debts are in nobody's letter, and it is said why (`Hold`): the patient has died, the amount is not known, the
  invoice has to be corrected and sent again, and the like. A payer is reminded only of what it was certainly asked for:
  a lot without acknowledgement has arrived if a payer answered to any invoice of it.
* The priority rests on the amount, the age and the forclusion, and its reasons are given.

Pure, and in the same order for the same answers. Nothing here holds a person's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.vocabulary import CoverageKind, ReminderChannel
from connector_core.money.ledger import Debt, debts
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.values import Known
from connector_core.rules.acknowledgements import unacknowledged
from connector_core.rules.catalogue.patient_facts import is_open
from connector_core.rules.forclusion import last_day
from connector_core.rules.french import euros, jour
from connector_core.rules.invoices import Followed, followed
from connector_core.rules.kernel import Check, ParameterUnknown
from connector_core.rules.parts import Debtor

Tone = Literal["cordial", "ferme", "dernier"]
Priority = Literal["high", "normal", "low"]
Standing = Literal["due", "coming", "small", "held"]
"""Of a debtor: to be reminded today; later; owing less than the plan asks for; with nothing that may be asked for."""

Hold = Literal[
    "deceased",
    "archived",
    "protected",
    "silent",
    "untold",
    "nameless",
    "foreclosed",
    "unasked",
    "refused",
    "lost",
    "unsent",
    "unproven",
    "rejected",
    "taken_back",
    "exhausted",
]
HOLDS: Mapping[Hold, str] = {
    "deceased": "patient décédé : aucun courrier ne lui est adressé, voyez avec la famille ou le notaire",
    "archived": "dossier archivé : vérifiez la situation du patient avant toute relance",
    "protected": "C2S, AME ou accident du travail : le tiers payant intégral est dû, vérifiez avant de réclamer",
    "silent": "aucune source ne donne les règlements de ce débiteur à cette date",
    "untold": "le montant demandé n'est pas connu",
    "nameless": "aucune source ne dit quel organisme doit payer",
    "foreclosed": "forclusion passée : aucun recours, sauf interruption prouvée (rejet antérieur, demande écrite)",
    "unasked": "gestion séparée, sans demande (DRE) : à demander à la complémentaire, non à relancer",
    "refused": "lot refusé (ARL négatif) : à corriger et à renvoyer, non à relancer",
    "lost": "lot sans accusé de réception (ARL) : à vérifier et à renvoyer, non à relancer",
    "unsent": "pas encore envoyée : à envoyer, non à relancer",
    "unproven": "aucune source ne dit qu'elle est partie : vérifiez son envoi avant de relancer",
    "rejected": "rejetée : à corriger et à renvoyer, non à relancer",
    "taken_back": "payée, puis reprise par le payeur : cherchez pourquoi avant de la redemander",
    "exhausted": "toutes les relances prévues ont été faites : à vous de décider de la suite",
}
"""Why a debt is in no letter, in French."""

_PROTECTED: frozenset[CoverageKind] = frozenset({"C2S", "AME", "AT"})
"""Rights under which the patient pays nothing in advance (rule FIN-TP-OBLIG)."""
_PRIORITIES: tuple[Priority, ...] = ("high", "normal", "low")
_STANDINGS: tuple[Standing, ...] = ("due", "coming", "small", "held")
_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan; `least` is the total, in euros, below which it is not worth a letter."""

    level: int
    after: timedelta
    channel: ReminderChannel
    tone: Tone
    least: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps for each kind of debtor, in order of their level; a debtor without steps is not reminded."""

    steps: Mapping[Debtor, Sequence[Step]]
    spacing: timedelta


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which amount (euros), age and nearness of forclusion (days) a debt counts for its priority; None where the
    parameter is not known on the day asked about."""

    amount: Decimal | None
    days: int | None
    limit_days: int | None

    @classmethod
    def of(cls, parameters: ParameterSet, day: date) -> Thresholds:
        days = _number(parameters, "suivi.unpaid.days", day)
        limit_days = _number(parameters, "tt.limit.alert_days", day)
        return cls(
            _number(parameters, "suivi.unpaid.amount", day),
            None if days is None else int(days),
            None if limit_days is None else int(limit_days),
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """A debt with what a reminder needs of it: the highest level reminded so far (0: none) and the last day of it, the
    number and the id of the lot, the last day on which the caisse may be asked, and why it may be in no letter."""

    debt: Debt
    level: int
    reminded_on: date | None
    lot: str | None = None
    limit: date | None = None
    hold: Hold | None = None
    lot_id: str | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next for one debtor.

    `claims` are what the letter of `step`, written on `on`, lists, the oldest first; `held` are the debts that are in
    no letter. Without a `step` there is no letter.
    """

    debtor: Debtor
    debtor_id: str
    standing: Standing
    step: Step | None
    on: date | None
    claims: tuple[Claim, ...]
    held: tuple[Claim, ...]
    priority: Priority
    reasons: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """What the letter asks for, in euros; without a letter, what is owed as far as it is known."""
        return _total(self.claims or self.held)

    @property
    def since(self) -> date:
        return min(claim.debt.since for claim in self.claims or self.held)


def all_claims(checks: Iterable[Check[Dossier]]) -> list[Claim]:
    """What is still owed on all dossiers of a practice: those together tell which lots have arrived."""
    found: list[Claim] = []
    arrived: set[str] = set()
    for check in checks:
        found += claims(check)
        for each in check.derive(followed):
            arrived.update(lot.id for lot in (each.lot,) if lot is not None and each.answered)
            arrived.update(lot.id for lot in (each.dre_lot,) if lot is not None and each.dre_answered)
    return [replace(each, hold=None) if each.hold == "lost" and each.lot_id in arrived else each for each in found]


def claims(check: Check[Dossier]) -> Iterator[Claim]:
    """What is still owed on a dossier, with the reminders already made."""
    by_id = {each.invoice.id: each for each in check.derive(followed)}
    for debt in debts(check):
        each = by_id[debt.invoice_id]
        made = [
            reminder
            for reminder in check.subject.reminders
            if reminder.invoice_id == debt.invoice_id and reminder.addressee in (None, debt.debtor)
        ]
        apart = debt.debtor == "AMC" and each.asked_apart
        lot = (each.dre_lot or each.lot) if apart else each.lot
        yield Claim(
            debt,
            max((reminder.level for reminder in made), default=0),
            max((reminder.sent_on for reminder in made), default=None),
            None if lot is None else lot.number,
            _limit(check, each) if debt.debtor == "AMO" else None,
            _patient_hold(check, each, debt) if debt.debtor == "PATIENT" else _payer_hold(check, each, debt),
            None if lot is None else lot.id,
        )


def next_steps(
    found: Iterable[Claim],
    plan: Plan,
    thresholds: Thresholds,
    as_of: date,
    admitted: frozenset[Hold] = frozenset(),
) -> list[NextStep]:
    """The next step of every debtor that the plan reminds: what is due first, then by priority and amount.

    `admitted` are the reasons to hold a debt back that are passed over.
    """
    by_debtor: dict[tuple[Debtor, str], list[Claim]] = {}
    for claim in found:
        if plan.steps.get(claim.debt.debtor):
            claim = replace(claim, hold=None) if claim.hold in admitted else claim
            by_debtor.setdefault((claim.debt.debtor, claim.debt.debtor_id), []).append(claim)
    steps = [
        _next(debtor, name, sorted(own, key=_claim_order), plan, thresholds, as_of)
        for (debtor, name), own in by_debtor.items()
    ]
    return sorted(
        steps,
        key=lambda each: (
            _STANDINGS.index(each.standing),
            _PRIORITIES.index(each.priority),
            -each.total,
            each.since,
            each.debtor,
            each.debtor_id,
        ),
    )


def _next(debtor: Debtor, name: str, own: Sequence[Claim], plan: Plan, thresholds: Thresholds, as_of: date) -> NextStep:
    """The first day, from today on, on which a letter is due and asks for enough; at the highest level that does."""
    dated: list[tuple[date, Step, Claim]] = []
    held: list[Claim] = []
    for claim in own:
        step = next((each for each in plan.steps[debtor] if each.level > claim.level), None)
        if claim.hold is not None:
            held.append(claim)
        elif step is None:
            held.append(replace(claim, hold="exhausted"))
        else:
            dated.append(((claim.reminded_on or claim.debt.since) + step.after, step, claim))
    reminded = [claim.reminded_on for claim in own if claim.reminded_on is not None]
    from_day = max(as_of, max(reminded) + plan.spacing) if reminded else as_of
    for day in sorted({max(due, from_day) for due, _, _ in dated}):
        listed = [(step, claim) for due, step, claim in dated if due <= day]
        for step in sorted({step for step, _ in listed}, key=lambda each: -each.level):
            asked = tuple(claim for own_step, claim in listed if own_step.level <= step.level)
            if _total(asked) < step.least:
                continue
            standing: Standing = "due" if day <= as_of else "coming"
            priority, reasons = _priority(asked, thresholds, as_of)
            return NextStep(debtor, name, standing, step, day, asked, tuple(held), priority, reasons)
    small = tuple(claim for _, _, claim in dated)
    priority, reasons = _priority(small or held, thresholds, as_of)
    return NextStep(debtor, name, "small" if small else "held", None, None, small, tuple(held), priority, reasons)


def _priority(asked: Sequence[Claim], thresholds: Thresholds, as_of: date) -> tuple[Priority, tuple[str, ...]]:
    """High for a forclusion that is near, or for much that is old; normal for one of the two."""
    reasons: list[str] = []
    total, since = _total(asked), min(claim.debt.since for claim in asked)
    if thresholds.amount is not None and total > thresholds.amount:
        reasons.append(f"plus de {euros(thresholds.amount)}")
    if thresholds.days is not None and (as_of - since).days > thresholds.days:
        reasons.append(f"dû depuis plus de {thresholds.days} jours")
    weight = len(reasons)
    last = min((claim.limit for claim in asked if claim.limit is not None), default=None)
    if last is not None and thresholds.limit_days is not None:
        left = (last - as_of).days
        if left < 0:
            reasons.insert(0, f"forclusion passée depuis le {jour(last)}, sauf envoi ou demande avant ce jour")
            weight = 2
        elif left <= thresholds.limit_days:
            reasons.insert(0, f"forclusion après le {jour(last)}, dans {left} jour{'s' * (left > 1)}")
            weight = 2
    return _PRIORITIES[2 - weight], tuple(reasons)


def _number(parameters: ParameterSet, name: str, day: date) -> Decimal | None:
    match parameters.on(name, day):
        case Known(value=int() | Decimal() as value):
            return Decimal(value)
        case _:
            return None


def _total(asked: Iterable[Claim]) -> Decimal:
    return sum((claim.debt.amount for claim in asked if claim.debt.amount is not None), _NOTHING)


def _claim_order(claim: Claim) -> tuple[date, str, str]:
    return claim.debt.since, claim.debt.number, claim.debt.invoice_id


def _limit(check: Check[Dossier], each: Followed) -> date | None:
    try:
        limit = last_day(check, each)
    except ParameterUnknown:
        return None
    return None if limit is None else limit.last


def _patient_hold(check: Check[Dossier], each: Followed, debt: Debt) -> Hold | None:
    patient = check.subject.patient
    if patient is not None and patient.deceased_on is not None:
        return "deceased"
    if "patient_payment" not in check.subject.cabinet.covers:
        return "silent"
    if debt.amount is None:
        return "untold"
    care = each.first_care or each.invoice.closed_on
    if any(right.kind in _PROTECTED and is_open(right, care) for right in check.subject.coverages):
        return "protected"
    return "archived" if patient is not None and patient.archived else None


def _payer_hold(check: Check[Dossier], each: Followed, debt: Debt) -> Hold | None:
    returns = (each.amo if debt.debtor == "AMO" else each.amc).returns
    rejected = debt.state == "rejected" or (debt.state == "partly_paid" and returns[-1].state == "rejected")
    if debt.state == "taken_back":
        return "taken_back"
    if not returns and (hold := _never_arrived(check, each, debt)):
        return hold
    if debt.state in ("waiting", "deferred") and _left_too_late(check, each, debt):
        return "foreclosed"
    if rejected:
        return "foreclosed" if _foreclosed(check, each, debt) else "rejected"
    if not returns and not check.subject.cabinet.tells_returns_of(debt.since):
        return "silent"
    if debt.amount is None:
        return "untold"
    return "nameless" if not debt.debtor_id else None


def _never_arrived(check: Check[Dossier], each: Followed, debt: Debt) -> Hold | None:
    """Why a payer who has not answered may not have been asked; None where it certainly was."""
    covers = check.subject.cabinet.covers
    if debt.debtor == "AMC" and each.asked_apart:
        if each.invoice.dre_sent_on is None:
            return "unasked" if "invoice.dre_sent_on" in covers else "unproven"
        if each.refused("AMC"):
            return "refused"
        return "lost" if each.dre_lot is not None and unacknowledged(check.subject.cabinet, each.dre_lot) else None
    if each.refused("AMO"):
        return "refused"
    if each.is_sent is None:
        return "unproven"
    if not each.is_sent:
        return "foreclosed" if _foreclosed(check, each, debt) else "unsent"
    if each.answered or each.lot is None:
        return None
    return "lost" if unacknowledged(check.subject.cabinet, each.lot) else None


def _left_too_late(check: Check[Dossier], each: Followed, debt: Debt) -> bool:
    """Whether the caisse, which has paid nothing, could no longer be asked on the day on which it was."""
    limit = _limit(check, each) if debt.debtor == "AMO" else None
    return limit is not None and each.first_sent_on is not None and limit < each.first_sent_on


def _foreclosed(check: Check[Dossier], each: Followed, debt: Debt) -> bool:
    """Whether the caisse can no longer be asked."""
    limit = _limit(check, each) if debt.debtor == "AMO" else None
    return limit is not None and limit < check.as_of
