"""The figures of a practice, read from its store: over a period, or those that the day's report shows.

Making them takes a look at every dossier, seconds for a practice of ten years, and the report is written many times a
day. The report's figures are therefore made with the first report of a day, and again when the rules, the parameters,
what the sources cover or how far back they reach has changed; in between, the store keeps them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import msgspec

from connector_core.money.figures import Figures
from connector_core.money.tally import figures_of
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.given import Rules
from connector_core.pipeline.subjects import checks
from connector_core.service.assembly import practice_motifs, practice_parameters, view_of
from connector_core.settings.model import Settings
from connector_core.store.store import ACTS_SINCE, RETURNS_SINCE, Store

_FACT = "figures"
_MONTHS = 12


class _Kept(msgspec.Struct, frozen=True):
    """What the store keeps: the figures, and what they were made of."""

    made_of: str
    figures: Figures


_decode = msgspec.json.Decoder(_Kept).decode


@dataclass(frozen=True, slots=True)
class Made:
    """The figures for a report; None where they could not be made, which `problems` says (French, without data)."""

    figures: Figures | None
    problems: tuple[str, ...] = ()


def figures_over(settings: Settings, store: Store, first: date, last: date) -> Figures:
    """The figures of a period, from every dossier of the store."""
    view = view_of(settings, store)
    found = checks(store, view, practice_parameters(settings), load_tariffs(), last, motifs=practice_motifs(settings))
    return figures_of(found, view.cabinet.covers, first, last)


def twelve_months(last: date) -> date:
    """The first day of the twelve months of which a day's month is the last."""
    months = last.year * 12 + last.month - _MONTHS
    return date(months // 12, months % 12 + 1, 1)


def kept_figures(settings: Settings, store: Store, rules: Rules, day: date) -> Made:
    """The figures of the last twelve months for the report of a day: those that the store keeps, made anew where they
    are of another day or of other rules. A report is not held back by figures that can't be made."""
    made_of = _made_of(store, rules, day)
    kept = _kept(store)
    if kept is not None and kept.made_of == made_of:
        return Made(kept.figures)
    try:
        figures = figures_over(settings, store, twelve_months(day), day)
    except Exception as failure:  # noqa: BLE001  # the type alone is safe to show
        return Made(None, (f"les chiffres du cabinet n'ont pas pu être faits ({type(failure).__name__}).",))
    with store.transaction():
        store.set_fact(_FACT, msgspec.json.encode(_Kept(made_of, figures)).decode())
    return Made(figures)


def _kept(store: Store) -> _Kept | None:
    """What the store keeps; None where it keeps nothing, or what another version wrote."""
    text = store.fact(_FACT)
    try:
        return None if text is None else _decode(text)
    except msgspec.DecodeError:
        return None


def _made_of(store: Store, rules: Rules, day: date) -> str:
    covers = ",".join(store.files.covers().names())
    reach = f"{store.fact(ACTS_SINCE)}|{store.fact(RETURNS_SINCE)}"
    return hashlib.sha256(f"{day}|{rules.digest()}|{covers}|{reach}".encode()).hexdigest()
