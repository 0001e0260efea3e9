"""Until when care that was billed wrongly can still be billed, or billed anew: as long as payment may be asked for.

The rules on sending and on what is owed (TT, SUIVI) tell of that limit themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from connector_core.model.records import Act, Assessment
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.values import Known
from connector_core.rules.calendar import months_later, next_quarter

_APART = ("TT", "SUIVI")
_LIMIT = "tt.limit.years"
_DAY = timedelta(days=1)


def claimable_until(
    family: str, records: Iterable[object], due_on: date | None, parameters: ParameterSet
) -> date | None:
    """The last day on which payment of the latest care among records may be asked for; None where there is none, or the
    limit is not known. For care of before the limit is known from, the last day of later care is told."""
    if family in _APART or _LIMIT not in parameters:
        return None
    days = [each.performed_on for each in records if isinstance(each, (Act, Assessment))]
    if not days:
        return None
    known_from = parameters.parameter(_LIMIT).values[0].since
    care = max(known_from, *days, due_on or known_from)
    years = parameters.on(_LIMIT, care)
    if not isinstance(years, Known) or not isinstance(years.value, int):
        return None
    return months_later(next_quarter(care), 12 * years.value) - _DAY
