"""The dossiers of a store as of a day, one after the other, for questions that write nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from connector_core.model.dossier import Dossier
from connector_core.parameters.motifs import RejectMotifs, load_motifs
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.pipeline.cabinet import PracticeView
from connector_core.rules.kernel import Check
from connector_core.rules.treatments import with_treatments
from connector_core.store.store import Store


def checks(
    store: Store,
    view: PracticeView,
    parameters: ParameterSet,
    tariffs: Tariffs,
    as_of: date,
    numbers: Iterable[int] | None = None,
    motifs: RejectMotifs | None = None,
) -> Iterator[Check[Dossier]]:
    """Every dossier, or those of some numbers, as rules would see it on a day, ready to be asked about.

    `motifs` are those that ship, unless the practice has its own.
    """
    known = motifs or load_motifs()
    for _, patient_id, _, records in store.dossiers.some(store.dossiers.numbers() if numbers is None else numbers):
        dossier = view.assembled(patient_id, records, as_of)[0].dossier
        yield with_treatments(Check(dossier, as_of, parameters, tariffs, known))
