"""The figures of a practice over a period, as they are told: how much was done, how fast it is paid, what waits.

Plain frozen values; `connector_core.money.tally` makes them of dossiers. Amounts are euros, delays are days, months are
told by their first day and weeks by their Monday. What no source covers is not zero: the figure is left out, and
`Figures.unsaid` says which one and what would settle it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from connector_core.model.vocabulary import Payer
from connector_core.rules.parts import Debtor

Step = Literal["act_to_invoice", "invoice_to_sent", "sent_to_paid_amo", "sent_to_paid_amc", "invoice_to_paid_patient"]
"""What a delay runs between: the act and the closing of its invoice; the closing and the sending of the lot; the
sending and the payment by a payer (the DRE's, in gestion séparée); the closing and the payment by the patient."""

PAID_BY: dict[Debtor, Step] = {
    "AMO": "sent_to_paid_amo",
    "AMC": "sent_to_paid_amc",
    "PATIENT": "invoice_to_paid_patient",
}
"""The delay after which each debtor pays."""

Undatable = Literal["unsent", "deferred", "rejected", "paid_nothing", "taken_back", "partly_paid", "older", "too_few"]
"""Why no week is told for money that waits: not sent yet; deferred or rejected by the payer, answered by a payment of
nothing, taken back, or paid in part; older than the payments that were seen; too few payments seen."""

FigureName = Literal[
    "activity",
    "act_to_invoice",
    "invoice_to_sent",
    "sent_to_paid_amo",
    "sent_to_paid_amc",
    "invoice_to_paid_patient",
    "rejects",
    "waiting_amo",
    "waiting_amc",
    "waiting_patient",
    "missed",
    "bilans",
]

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Activity:
    """The acts of one letter in one month, and their honoraires; `unpriced` acts are counted, and in no amount."""

    month: date
    letter: str
    acts: int
    honoraires: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Delay:
    """How long one step takes, in days: the median and the 9th decile of the cases that ended in the period, None where
    there are too few of them. `waiting` cases began in the period and have not ended on its last day; the days of
    `contradictory` ones are in the wrong order, and they are left out."""

    step: Step
    cases: int
    median: int | None
    ninth_decile: int | None
    waiting: int
    contradictory: int


@dataclass(frozen=True, slots=True)
class RejectRate:
    """Of the parts of invoices that a payer answered in the period, those that it rejected at least once."""

    payer: Payer
    answered: int
    rejected: int


@dataclass(frozen=True, slots=True)
class RejectedBy:
    """The same of one organisation: the caisse (régime, caisse, centre) or the number of the complémentaire, empty
    where it is not known."""

    payer: Payer
    organisation: str
    answered: int
    rejected: int


@dataclass(frozen=True, slots=True)
class RejectedFor:
    """The parts that a payer rejected for one motif at least once. `motif` is None where it is unknown; `name` is then
    what was received, None where the returns give nothing."""

    payer: Payer
    motif: str | None
    name: str | None
    parts: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one kind of debtor owes on the last day, by age (`ledger.AGES`); `untold` parts are in no amount: what was
    asked for is not known, or the payers' answers of that time are not."""

    debtor: Debtor
    amounts: tuple[Decimal, ...]
    parts: int
    untold: int

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, ZERO)


@dataclass(frozen=True, slots=True)
class Overpaid:
    """What one kind of debtor has paid too much, as known on the last day: beyond what an invoice asks, twice, or of an
    invoice that no longer stands."""

    debtor: Debtor
    amount: Decimal
    parts: int


@dataclass(frozen=True, slots=True)
class Week:
    """What may come in during a week: `median` where each part takes the median delay of its debtor, `ninth_decile`
    where each takes the delay that nine in ten keep to. The same money is in both, in different weeks."""

    monday: date
    median: Decimal
    ninth_decile: Decimal


@dataclass(frozen=True, slots=True)
class Undated:
    """Money that waits and for which no week is told."""

    reason: Undatable
    amount: Decimal
    parts: int


@dataclass(frozen=True, slots=True)
class CashIn:
    """An estimate of what comes in, week by week, and beyond the last week; never a promise."""

    weeks: tuple[Week, ...]
    beyond_median: Decimal
    beyond_ninth_decile: Decimal
    undated: tuple[Undated, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """The appointments of the period: kept, missed, cancelled, and those whose outcome nothing tells.

    `cost` is what the missed ones would have brought at the price of the patient's last session before; of `unpriced`
    ones no price is known.
    """

    kept: int
    missed: int
    cancelled: int
    untold: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Bilans:
    """The bilans (BDK) of the period: billed at their place, still to be billed, lost; `undetermined` treatments could
    not be told. `unpriced` bilans, due or lost, are in no amount."""

    done: int
    due: int
    lost: int
    due_amount: Decimal
    lost_amount: Decimal
    unpriced: int
    undetermined: int


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A figure that can't be told, and what a source would have to give (`"lot.sent_on"`)."""

    figure: FigureName
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the days from `first` to `last`, both among them, as known on the last one. `cash_in` is None
    where nothing is known of what waits."""

    first: date
    last: date
    activity: tuple[Activity, ...]
    delays: tuple[Delay, ...]
    rejects: tuple[RejectRate, ...]
    organisations: tuple[RejectedBy, ...]
    motifs: tuple[RejectedFor, ...]
    waiting: tuple[Waiting, ...]
    overpaid: tuple[Overpaid, ...]
    cash_in: CashIn | None
    missed: Missed | None
    bilans: Bilans | None
    unsaid: tuple[Unsaid, ...]

    @property
    def acts(self) -> int:
        return sum(each.acts for each in self.activity)

    @property
    def honoraires(self) -> Decimal:
        return sum((each.honoraires for each in self.activity), ZERO)

    def delay(self, step: Step) -> Delay | None:
        """The delay of a step, None where no source covers it."""
        return next((each for each in self.delays if each.step == step), None)
