"""A proposal: what calibration found, as a plan, as a list of mappings, and as a dialect that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector_core.dialects.calibration.billing import Nomenclature
from connector_core.dialects.calibration.pairing import Solved
from connector_core.dialects.calibration.planning import FieldPlan, Plan, planned
from connector_core.dialects.calibration.relations import Relations
from connector_core.dialects.calibration.sample import Sample
from connector_core.dialects.calibration.solving import solve
from connector_core.dialects.calibration.widening import widened
from connector_core.dialects.calibration.writing import written
from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column that fills a field. `source` is `table.column`, `target` is `kind.field`."""

    source: str
    target: str
    confidence: float
    evidence: str

    def to_json(self) -> Mapping[str, object]:
        return {
            "source": self.source,
            "target": self.target,
            "confidence": self.confidence,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a sample."""

    sample: Sample
    solved: tuple[Solved, ...]

    @property
    def plan(self) -> Plan:
        return planned(self.solved)

    @property
    def mappings(self) -> tuple[Mapped, ...]:
        """Every column that fills a field, in the order of the dialect."""
        return tuple(_mapped(self.plan))

    def text(self, dialect_id: str, title: str) -> str:
        """The dialect as commented TOML."""
        return written(self.sample, self.plan, dialect_id, title)

    def dialect(self, dialect_id: str, title: str, place: str) -> Dialect:
        """The dialect itself. ConfigurationError when nothing was recognised."""
        if not any(not record.is_open for table in self.plan.tables for record in table.records):
            raise ConfigurationError(
                "rien n'a été reconnu dans cet export",
                remedy="Donnez un export qui contient des patients, des actes ou des factures",
            )
        return read_dialect(self.text(dialect_id, title), place)

    def without(self, source: str, target: str) -> Proposal:
        """The same proposal, a column of which no longer fills a field."""
        return replace(self, solved=tuple(_without(each, source, target) for each in self.solved))

    def meaning(self, source: str, target: str, values: Mapping[str, str]) -> Proposal:
        """The same proposal, where codes of a column mean what a person told."""
        return replace(self, solved=tuple(_meaning(each, source, target, values) for each in self.solved))

    def instead(self, source: str, target: str, other: str) -> Proposal:
        """The same proposal, a column of which fills another field than it did; a column that filled that one no longer
        does."""
        return replace(self, solved=tuple(_instead(each, source, target, other) for each in self.solved))


def propose(sample: Sample, nomenclature: Nomenclature) -> Proposal:
    """What calibration proposes for a sample."""
    relations = Relations(sample)
    solved = solve(relations, nomenclature)
    wider = widened(sample, relations, planned(solved))
    if wider is not None:
        further = solve(Relations(wider.sample), nomenclature, wider.aside)
        if _records(further) >= _records(solved):
            return Proposal(wider.sample, further)
    return Proposal(sample, solved)


def _records(solved: Sequence[Solved]) -> int:
    """How many kinds of record are made."""
    return len({record.kind for table in planned(solved).tables for record in table.records})


def _mapped(plan: Plan) -> Iterator[Mapped]:
    for each in plan.fields:
        for source in each.sources:
            yield Mapped(source, each.target, each.confidence, _evidence(each))


def _evidence(each: FieldPlan) -> str:
    return f"{each.evidence} ; ex. {each.example}" if each.example else each.evidence


def _without(solved: Solved, source: str, target: str) -> Solved:
    kept = tuple(
        pair for pair in solved.pairs if (pair.shape.source(solved.table.name), pair.field.target) != (source, target)
    )
    return solved if len(kept) == len(solved.pairs) else replace(solved, pairs=kept)


def _meaning(solved: Solved, source: str, target: str, values: Mapping[str, str]) -> Solved:
    pairs = [
        pair.meaning(values) if (pair.shape.source(solved.table.name), pair.field.target) == (source, target) else pair
        for pair in solved.pairs
    ]
    return replace(solved, pairs=tuple(pairs))


def _instead(solved: Solved, source: str, target: str, other: str) -> Solved:
    pairs = []
    for pair in solved.pairs:
        at = pair.shape.source(solved.table.name)
        if (at, pair.field.target) == (source, target):
            chosen = pair.otherwise(other)
            pairs.append(pair if chosen is None else chosen)
        elif pair.field.target != other or not any(
            (each.shape.source(solved.table.name), each.field.target) == (source, target) for each in solved.pairs
        ):
            pairs.append(pair)
    return replace(solved, pairs=tuple(pairs))
