"""Where records came from: the file and the place in it of what a dossier, or the practice, holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from connector_core.formats.rows import locator
from connector_core.model.finding import Evidence
from connector_core.model.values import Provenance
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.codec import Place, Stored, placed
from connector_core.store.store import Store

_SHARED = ("practitioner", "lot", "bank_credit")


@dataclass(frozen=True)
class Places:
    """The places of some records, by kind and id."""

    view: PracticeView
    known: Mapping[tuple[str, str], tuple[int, Place]]

    @classmethod
    def of_records(cls, view: PracticeView, stored: Iterable[Stored]) -> Places:
        return cls(view, placed(stored))

    @classmethod
    def of(cls, store: Store, view: PracticeView, dossiers: Iterable[int]) -> Places:
        """The places of what some dossiers hold, and of what belongs to the practice."""
        own = (chain(*records) for _, _, _, records in store.dossiers.some(dossiers))
        shared = (store.shared.of(kind) for kind in _SHARED)
        return cls.of_records(view, chain.from_iterable((*own, *shared)))

    def found(self, evidence: Evidence) -> Evidence:
        """The evidence with the place it came from; as it was where that is not known."""
        place = self.known.get((evidence.kind, evidence.id))
        if place is None:
            return evidence
        number, where = place
        provenance = Provenance(
            source=self.view.source(number), sha256=self.view.digest(number), locator=locator(where)
        )
        return replace(evidence, provenance=provenance)
