"""What falls due on the days of the booked appointments: the bilans (BDK) of the days to come, and what they pay.

Each booked appointment is taken for one session of the patient's only open treatment; where several are open, or where
the scope of the treatment would decide between two thresholds, the answer says so. Pure: a dossier in, lines out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.rules.bdk import Ladder, coefficient_of, ladders, zone_of
from connector_core.rules.counting import Series, coming_days, count
from connector_core.rules.kernel import Check, ParameterUnknown


@dataclass(frozen=True, slots=True)
class DueBilan:
    """A bilan that falls due on a day to come: at the session of rank `rank`, for the threshold of the same rank.

    `coefficient` and `amount` are None when the scope of the treatment, or the tariff, is not known. `doubt` says, in
    French, why the line is not certain.
    """

    on: date
    patient_id: str
    treatment_id: str
    practitioner_id: str
    rank: int
    coefficient: Decimal | None
    amount: Decimal | None
    doubt: str | None = None


def due_bilans(check: Check[Dossier], days: int) -> Iterator[DueBilan]:
    """The bilans of one patient that fall due up to so many days after the day asked about."""
    coming = check.derive(coming_days)
    open_series = [each for each in check.derive(count).series if each.ended_on is None and each.sessions]
    if not coming or not open_series:
        return
    doubt = "plusieurs traitements sont en cours" if len(open_series) > 1 else None
    until = check.as_of + timedelta(days=days)
    for series in open_series:
        for ahead, day in enumerate(coming, 1):
            if day <= until:
                yield from _due_on(check, series, len(series.sessions) + ahead, day, doubt)


def _due_on(check: Check[Dossier], series: Series, rank: int, day: date, doubt: str | None) -> Iterator[DueBilan]:
    try:
        possible = ladders(check, series, day)
    except ParameterUnknown:
        return
    hit = [ladder for ladder in possible if ladder.reached(rank) == rank]
    if not hit:
        return
    certain = hit[0] if len(hit) == len(possible) == 1 else None
    session = series.sessions[-1]
    coefficient, amount = (None, None) if certain is None else _worth(check, series, certain, day)
    yield DueBilan(
        on=day,
        patient_id=check.subject.patient_id,
        treatment_id=series.treatment_id,
        practitioner_id=session.practitioner_id,
        rank=rank,
        coefficient=coefficient,
        amount=amount,
        doubt=doubt if certain is not None else "l'article de la NGAP du traitement n'est pas connu",
    )


def _worth(check: Check[Dossier], series: Series, ladder: Ladder, day: date) -> tuple[Decimal | None, Decimal | None]:
    try:
        coefficient = coefficient_of(check, ladder.neuro, day)
    except ParameterUnknown:
        return None, None
    price = check.tariffs.price("AMK", coefficient, day, zone_of(check, series.sessions[-1]))
    return coefficient, None if price is None else price[0]
