"""The reminder plan in force: the practice's own steps, or the usual ones of a debtor that it says nothing of.

The usual plans leave time: a patient is asked a month after the invoice, then after three more weeks, then after a
month; a payer, which answers late rather than never, is asked first by e-mail or telephone.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from connector_core.model.vocabulary import ReminderChannel
from connector_core.settings.letters import ReminderStep
from connector_core.settings.model import Settings
from connector_core.settings.values import DebtorKind, Tone


def reminder_steps(settings: Settings, debtor: DebtorKind) -> tuple[ReminderStep, ...]:
    """The steps for one kind of debtor, in order of their level; none where the practice does not remind it."""
    if debtor not in settings.letters.debtors:
        return ()
    own = [each for each in settings.reminders if each.debtor == debtor]
    usual = [each for each in USUAL if each.debtor == debtor]
    return tuple(sorted(own or usual, key=lambda each: each.level))


def _step(debtor: DebtorKind, level: int, days: int, channel: ReminderChannel, tone: Tone, least: str) -> ReminderStep:
    return ReminderStep(
        debtor=debtor, level=level, after=timedelta(days=days), channel=channel, tone=tone, least=Decimal(least)
    )


USUAL: tuple[ReminderStep, ...] = (
    _step("patient", 1, 30, "email", "cordial", "5.00"),
    _step("patient", 2, 21, "letter", "ferme", "15.00"),
    _step("patient", 3, 30, "letter", "dernier", "30.00"),
    _step("caisse", 1, 30, "email", "cordial", "0.00"),
    _step("caisse", 2, 30, "letter", "ferme", "0.00"),
    _step("caisse", 3, 30, "letter", "dernier", "0.00"),
    _step("complementaire", 1, 45, "email", "cordial", "5.00"),
    _step("complementaire", 2, 30, "letter", "ferme", "5.00"),
    _step("complementaire", 3, 30, "letter", "dernier", "15.00"),
)
"""The steps of a debtor for which the configuration has none."""
