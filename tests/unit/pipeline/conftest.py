"""A practice whose files are attempted one by one, and what the store then says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

import pytest

from connector_core.model.finding import Finding
from connector_core.model.pivot import encode_line, header, record_to_json
from connector_core.model.records import Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.gather import Collector, Gatherings
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.outcome import Outcome
from connector_core.plugins.loader import load_plugins
from connector_core.rules.base import Adjustments
from connector_core.rules.kernel import AnyRule
from connector_core.sources.local import LocalFile
from connector_core.store.answers import FindingState, KeptFinding
from connector_core.store.codec import KIND_INDEX, Stored
from connector_core.store.store import Store

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = date(2026, 3, 2)


def clock() -> datetime:
    return NOW


def with_rules(rules: Rules, *added: AnyRule, only: bool = False) -> Rules:
    """The same rules and some more, or only these."""
    host = load_plugins(no_plugins=True)
    host.rules = (*added,) if only else (*host.rules, *added)
    return replace(rules, host=host)


@dataclass
class Cabinet:
    """A practice. Files are written to `folder` and attempted against `store` on the day `on`."""

    folder: Path
    store: Store
    rules: Rules
    on: date = DAY
    order: Sequence[str] = ()
    leaders: Mapping[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.store, self.rules, clock, self.order, self.leaders)

    def export(
        self,
        records: Iterable[Record | str],
        *,
        source: str = "a",
        name: str | None = None,
        covers: tuple[str, ...] | None = None,
    ) -> Input:
        """A pivot file of some records, ready to be attempted; a text stands as a line of its own."""
        path = self.folder / (name or f"{source}-{next(self.numbers):05d}.ndjson")
        lines = [
            each.encode() + b"\n" if isinstance(each, str) else encode_line(record_to_json(each)) for each in records
        ]
        path.write_bytes(encode_line(header("Cabinet", NOW, covers)) + b"".join(lines))
        return Input(source, LocalFile(path))

    def take(self, *records: Record | str, source: str = "a", on: date | None = None) -> Outcome:
        """Write records to one file and attempt it."""
        return self.attempt(self.export(records, source=source), on=on)

    def attempt(self, *inputs: Input, on: date | None = None) -> Outcome:
        return self.pipeline.attempt(inputs, on or self.on)

    def kept(self, *states: FindingState) -> list[KeptFinding]:
        return self.store.answers.findings(*states)

    def open(self, rule: str = "") -> list[Finding]:
        return [kept.finding for kept in self.kept("open") if kept.finding.rule.startswith(rule)]

    def codes(self) -> list[str]:
        return sorted(finding.rule for finding in self.open())

    def answers(self) -> tuple[object, object]:
        """Everything it answers now, comparable between two stores."""
        found = {each.fingerprint: (each.rule, each.severity, each.amount, each.message) for each in self.open()}
        gaps = Counter((gap.rule, gap.subject, gap.missing, gap.reason) for gap in self.store.answers.undetermined())
        return found, gaps

    def gatherings(self) -> Gatherings:
        """What is gathered across dossiers, as it lies there."""
        return Gatherings(self.store, PracticeView.of(self.store, (), {}), Collector(self.store.gathered))

    def records(self, kind: str) -> list[Stored]:
        """The records of a kind in all dossiers."""
        return [each for _, _, dossier in self.store.dossiers.iterate() for each in dossier[KIND_INDEX[kind]]]


@pytest.fixture(scope="session")
def core_rules() -> Rules:
    """The shared rule base as it ships."""
    return Rules(load_plugins(no_plugins=True), load_parameters(), load_tariffs(), Adjustments())


@pytest.fixture
def new_cabinet(tmp_path: Path, core_rules: Rules) -> Iterator[Callable[..., Cabinet]]:
    """Makes practices with a store each."""
    made: list[Cabinet] = []

    def make(**options) -> Cabinet:
        folder = tmp_path / f"cabinet{len(made)}"
        folder.mkdir()
        made.append(Cabinet(folder, Store.in_memory(), **{"rules": core_rules, **options}))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.fixture
def cabinet(new_cabinet: Callable[..., Cabinet]) -> Cabinet:
    return new_cabinet()
