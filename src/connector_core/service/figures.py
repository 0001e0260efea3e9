"""The figures of a practice, read from its store: over a period, or those that the day's report shows."""

from __future__ import annotations

from datetime import date

from connector_core.money.figures import Figures
from connector_core.money.tally import figures_of
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.subjects import checks
from connector_core.service.assembly import practice_motifs, practice_parameters, view_of
from connector_core.settings.model import Settings
from connector_core.store.store import Store


def figures_over(settings: Settings, store: Store, first: date, last: date) -> Figures:
    """The figures of a period, from every dossier of the store."""
    view = view_of(settings, store)
    found = checks(store, view, practice_parameters(settings), load_tariffs(), last, motifs=practice_motifs(settings))
    return figures_of(found, view.cabinet.covers, first, last)
