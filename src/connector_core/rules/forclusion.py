"""Until when payment of an invoice may be asked for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.rules.calendar import months_later, next_quarter
from connector_core.rules.invoices import Followed
from connector_core.rules.kernel import Check

ACCIDENT = "41"
"""Nature d'assurance: accident du travail, maladie professionnelle."""

_DAY = timedelta(days=1)


class Limit(NamedTuple):
    """The last day on which payment of an invoice may be asked for (forclusion the day after), and the day of care
    from which that runs."""

    care: date
    last: date


def last_day(check: Check[Dossier], each: Followed) -> Limit | None:
    """The last day of an invoice, by its earliest act, which is lost first; None where its acts are not known."""
    care = each.first_care
    if care is None:
        return None
    if each.invoice.nature == ACCIDENT:
        return Limit(care, months_later(care, 12 * check.number("tt.limit.accident_years", care)))
    return Limit(care, months_later(next_quarter(care), 12 * check.number("tt.limit.years", care)) - _DAY)
