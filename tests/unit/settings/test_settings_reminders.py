"""The reminder plan in force."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connector_core.settings.letters import Letters, ReminderStep
from connector_core.settings.model import Settings
from connector_core.settings.reminders import USUAL, reminder_steps
from connector_core.settings.values import DebtorKind

KINDS: tuple[DebtorKind, ...] = ("patient", "caisse", "complementaire")


@pytest.mark.parametrize("debtor", KINDS)
def test_the_usual_plan_is_one_that_may_be_written(debtor: DebtorKind) -> None:
    steps = reminder_steps(Settings(), debtor)
    assert [each.level for each in steps] == [1, 2, 3]
    assert [each.tone for each in steps] == ["cordial", "ferme", "dernier"]
    assert Settings(reminder=USUAL).reminders == USUAL


def test_a_debtor_with_steps_of_its_own_has_those_alone() -> None:
    own = tuple(
        ReminderStep(debtor="patient", level=level, after=timedelta(days=level), channel="phone", tone="ferme")
        for level in (2, 1)
    )
    settings = Settings(reminder=own)
    assert [each.level for each in reminder_steps(settings, "patient")] == [1, 2]
    assert reminder_steps(settings, "caisse") == reminder_steps(Settings(), "caisse")


def test_a_debtor_may_be_left_alone() -> None:
    settings = Settings(letters=Letters(debtors=("caisse",)))
    assert reminder_steps(settings, "patient") == ()
    assert reminder_steps(settings, "caisse") != ()


def test_amounts_are_to_the_cent() -> None:
    step = ReminderStep(
        debtor="patient", level=1, after=timedelta(days=1), channel="phone", tone="ferme", least=Decimal("7.5")
    )
    assert str(step.least) == "7.50"
