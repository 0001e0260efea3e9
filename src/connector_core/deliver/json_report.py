"""The contract object of what a store holds, as `connector check --json` prints it and the report folder keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from connector_core.deliver.answer import Json, Size, answer
from connector_core.deliver.figures_json import figures_to_json
from connector_core.deliver.motifs import MotifCount, rejects_by_motif
from connector_core.deliver.questions import open_questions
from connector_core.model.finding import Finding, Reject, Undetermined
from connector_core.model.values import Provenance
from connector_core.money.figures import Figures
from connector_core.parameters.motifs import RejectMotifs, load_motifs
from connector_core.store.codec import KIND_INDEX
from connector_core.store.store import Store

_ACTS = KIND_INDEX["act"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a store answers on a day: the open findings, the open questions, what was refused, out of how much, and
    what payers rejected for."""

    as_of: date
    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    rejects: tuple[Reject, ...]
    size: Size
    motifs: tuple[MotifCount, ...]

    @classmethod
    def of(cls, store: Store, as_of: date, motifs: RejectMotifs | None = None) -> Answered:
        """Read it from the store. What was refused is named by its place, never by its content; where no line was read,
        there is nothing to ask."""
        facts = {each.number: each for each in store.files.list_files()}
        return cls(
            as_of=as_of,
            findings=tuple(kept.finding for kept in store.answers.findings("open")),
            undetermined=open_questions(store) if any(each.rows for each in facts.values()) else (),
            rejects=tuple(
                Reject(Provenance(facts[each.file].source, facts[each.file].sha256, each.place), each.reason)
                for each in store.files.rejects()
            ),
            size=Size(
                patients=store.dossiers.count(),
                acts=sum(len(records[_ACTS]) for _, _, records in store.dossiers.iterate()),
            ),
            motifs=rejects_by_motif(store, motifs or load_motifs(), as_of),
        )

    def to_json(self) -> dict[str, Json]:
        motifs = [each.to_json() for each in self.motifs]
        return answer(self.as_of, self.findings, self.undetermined, self.rejects, self.size, motifs)


def render_json(answered: Answered, figures: Figures | None = None) -> str:
    """The object as indented text, ending in a line feed; with `figures`, the key of that name is added."""
    made = answered.to_json()
    if figures is not None:
        made["figures"] = figures_to_json(figures)
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"
