"""What became of each bilan (BDK) that a treatment calls for: billed at its place, still to be billed, lost.

The same reading as the rules KINE-BILAN-INITIAL-MANQUANT, KINE-BILAN-30 and KINE-BILAN-60: a bilan in the first
sessions, then one for each threshold of the treatment's ladder. It is

* done where a BDK is billed at its place: on the day of the BDK. A second one for the same place is none more, but the
  one that RAV 15,5 asks for is;
* due where its place is reached and it may still be billed (or was done and no act bills it), lost where it may no
  longer: on the day of the session that called for it. The initial one is asked for at the last of the first sessions;
* undetermined where acts without treatment, an unknown article of the NGAP, or a parameter that has no value on the day
  would decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.rules.bdk import (
    Ladder,
    asked_by_lymphoedema,
    bdk_price,
    neuro_scope,
    read_ladder,
    unbilled_assessments,
)
from connector_core.rules.counting import RankedBdk, Series, count
from connector_core.rules.kernel import Check, ParameterUnknown

Outcome = Literal["done", "due", "lost", "undetermined"]


class Expected(NamedTuple):
    """One bilan; `amount` is what it pays where it is due or lost, None where that is not known."""

    outcome: Outcome
    on: date
    amount: Decimal | None = None


def expected_bilans(check: Check[Dossier], first: date, last: date) -> Iterator[Expected]:
    """The bilans of a dossier that fall into a period; one undetermined answer at most for each treatment."""
    counting = check.derive(count)
    for series in counting.series:
        found = [each for each in _known(check, series) if first <= each.on <= last]
        if series.doubtful:
            found += [each for each in _known(check, series.with_loose()) if first <= each.on <= last]
            yield from _undetermined(found)
        else:
            yield from (each for each in found if each.outcome != "undetermined")
            yield from _undetermined(each for each in found if each.outcome == "undetermined")
    loose = counting.loose
    if not any(series.doubtful for series in counting.series):
        yield from _undetermined(each for each in _known(check, loose) if first <= each.on <= last)


def _undetermined(found: Iterable[Expected]) -> Iterator[Expected]:
    each = next(iter(found), None)
    if each is not None:
        yield Expected("undetermined", each.on)


def _known(check: Check[Dossier], series: Series) -> Iterator[Expected]:
    """The bilans of a treatment, undetermined from the first parameter on that is not known."""
    try:
        yield from _of_treatment(check, series)
    except ParameterUnknown:
        yield from (Expected("undetermined", act.performed_on) for act in series.sessions)


def _of_treatment(check: Check[Dossier], series: Series) -> Iterator[Expected]:
    placed: set[str] = set()
    yield from _initial(check, series, placed)
    if series.sessions:
        yield from _thresholds(check, series, placed)
    for bdk in series.bdks:
        if bdk.act.id not in placed and asked_by_lymphoedema(check, series, bdk):
            yield Expected("done", bdk.act.performed_on)


def _initial(check: Check[Dossier], series: Series, placed: set[str]) -> Iterator[Expected]:
    early = [bdk for bdk in series.bdks if bdk.rank <= check.number("kine.bdk.first_window", bdk.act.performed_on)]
    if early:
        own = [bdk for bdk in early if not asked_by_lymphoedema(check, series, bdk)]
        yield _done((own or early)[0], placed)
        return
    if not series.sessions:
        return
    window = check.number("kine.bdk.first_window", series.sessions[-1].performed_on)
    if len(series.sessions) < window:
        return
    session = series.sessions[window - 1]
    noted = unbilled_assessments(check, series, "initial")
    can_bill = any(series.rank_on(each.performed_on) <= window for each in noted)
    open_yet = len(series.sessions) == window and series.ended_on is None
    scope = neuro_scope(check, series)
    price = None if scope is None else bdk_price(check, scope, session)
    yield Expected("due" if can_bill or open_yet else "lost", session.performed_on, price)


def _thresholds(check: Check[Dossier], series: Series, placed: set[str]) -> Iterator[Expected]:
    day, scope = series.sessions[-1].performed_on, neuro_scope(check, series)
    if scope is not None:
        yield from _of_ladder(check, series, read_ladder(check, scope, day), placed)
        return
    for neuro in (False, True):
        reached = _of_ladder(check, series, read_ladder(check, neuro, day), set())
        yield from (Expected("undetermined", each.on) for each in reached)


def _of_ladder(check: Check[Dossier], series: Series, ladder: Ladder, placed: set[str]) -> Iterator[Expected]:
    sessions = len(series.sessions)
    for threshold in range(ladder.threshold, sessions + 1, ladder.step):
        inside = [bdk for bdk in series.bdks if ladder.window(bdk.rank) == threshold]
        if inside:
            yield _done(inside[0], placed)
            continue
        session, last_tolerated = series.sessions[threshold - 1], threshold + ladder.tolerance
        noted = unbilled_assessments(check, series, "intermediate")
        can_bill = any(threshold <= series.rank_on(each.performed_on) <= last_tolerated for each in noted)
        outcome: Outcome = "due" if can_bill or sessions <= last_tolerated else "lost"
        yield Expected(outcome, session.performed_on, bdk_price(check, ladder.neuro, session))


def _done(bdk: RankedBdk, placed: set[str]) -> Expected:
    placed.add(bdk.act.id)
    return Expected("done", bdk.act.performed_on)
