"""The quotes (devis) that are due: patients asked for an excess without the written information that precedes it.

What was done without a quote can't be made good by one written later: a quote is for the visits that come. So each is
made on the latest visit with an excess, as the model of those to come, and only where some are likely: a visit within
`STILL_COMING`, or an appointment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.rules.catalogue.fin import excess_of, quote_above, quote_planned, total_of, visits_in_excess
from connector_core.rules.kernel import Check, judge
from connector_core.rules.standing import standing

STILL_COMING = timedelta(days=60)
"""How long after the last visit a patient is taken to come again."""


@dataclass(frozen=True, slots=True)
class QuoteDue:
    """A quote that one practitioner owes one patient: the latest visit with an excess and what it cost, in euros; the
    rules that ask for it; and whether the patient seems to be coming again."""

    patient_id: str
    practitioner_id: str
    visit_on: date
    acts: tuple[Act, ...]
    total: Decimal
    excess: Decimal
    rules: tuple[str, ...]
    coming: bool


def quotes_due(check: Check[Dossier], off: Collection[str], dismissed: Collection[str]) -> Iterator[QuoteDue]:
    """What FIN-DEVIS asks of a dossier, one quote for each practitioner, unless a quote covers the visits to come.

    `off` are the rules that the practice has switched off, `dismissed` the fingerprints of findings that it dismissed.
    """
    dossier = check.subject
    if dossier.patient is not None and dossier.patient.deceased_on is not None:
        return
    if any(each.for_date is None or each.for_date > check.as_of for each in dossier.quotes):
        return
    rules = [each for each in (quote_above, quote_planned) if each.code not in off]
    practitioners = {act.id: act.practitioner_id for act in dossier.acts}
    asking: dict[str, set[str]] = {}
    for finding in judge(rules, check, {}).findings:
        practitioner = practitioners.get(finding.subject.id)
        if practitioner is not None and finding.fingerprint not in dismissed:
            asking.setdefault(practitioner, set()).add(finding.rule)
    if not asking:
        return
    latest = {acts[0].practitioner_id: (day, acts) for day, acts in _known_visits(check)}
    for practitioner, codes in sorted(asking.items()):
        day, acts = latest[practitioner]
        yield QuoteDue(
            dossier.patient_id,
            practitioner,
            day,
            tuple(acts),
            total_of(acts) or Decimal(0),
            excess_of(acts),
            tuple(sorted(codes)),
            _coming(check, practitioner),
        )


def _known_visits(check: Check[Dossier]) -> list[tuple[date, list[Act]]]:
    """The visits with an excess whose amounts are all known, the latest last."""
    return sorted(
        ((day, acts) for day, acts in visits_in_excess(check) if total_of(acts) is not None), key=lambda visit: visit[0]
    )


def _coming(check: Check[Dossier], practitioner: str) -> bool:
    last = max(
        (act.performed_on for act in check.derive(standing).acts if act.practitioner_id == practitioner),
        default=date.min,
    )
    return last + STILL_COMING >= check.as_of or any(
        each.practitioner_id == practitioner
        and each.status in ("booked", "confirmed")
        and each.starts_at.date() > check.as_of
        for each in check.subject.appointments
    )
