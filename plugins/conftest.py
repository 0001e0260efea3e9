"""What the tests of our plugins share: reading an export with the installed connectors, and running whole attempts."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import pytest

from connector_core.dialects.drafts import Waiting
from connector_core.dialects.plan import plan_of
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.document import probe_of
from connector_core.formats.rows import locator
from connector_core.model.coverage import Covers
from connector_core.model.pivot import record_to_json, validated
from connector_core.model.records import Record
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.pipeline.outcome import FileOutcome
from connector_core.plugins.connector import Claim
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.sources.database.extracted import extracted
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.exports.relational import Filled, Value
from connector_core.testing.exports.sql import SQLITE, deploy

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
AS_OF = dt.date(2026, 11, 20)


@dataclass
class Read:
    """What files gave: records as lines of the pivot format, rejects as (file, place, reason)."""

    lines: list[str] = field(default_factory=list)
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    covers: Covers = field(default_factory=Covers)

    @property
    def records(self) -> set[str]:
        return set(self.lines)


@dataclass
class Checked:
    """What an attempt answered."""

    files: Sequence[FileOutcome]
    rejects: list[tuple[str, str]]
    findings: set[str]
    undetermined: set[str]

    @property
    def is_whole(self) -> bool:
        return all(file.state == "committed" and not file.rejects for file in self.files)


@dataclass
class Remembered:
    content: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        return self.content.get((table, key))


class Practice:
    """A store in memory and the rules of the day; each attempt adds to it."""

    def __init__(self, rules: Rules) -> None:
        self.store = Store.in_memory()
        self._pipeline = Pipeline(self.store, rules, lambda: dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC))

    def attempt(self, files: Iterable[Path]) -> Checked:
        """Run one attempt."""
        outcome = self._pipeline.attempt([Input("", LocalFile(path)) for path in files], AS_OF)
        answers = self.store.answers
        findings = [
            (f.fingerprint, f.severity, f.patient_id, f.message, str(f.amount), str(f.due_on))
            for f in (kept.finding for kept in answers.findings())
        ]
        undetermined = [(u.rule, u.subject, u.missing, u.reason) for u in answers.undetermined()]
        return Checked(
            outcome.files,
            [(reject.place, reject.reason) for reject in self.store.files.rejects()],
            {repr(each) for each in findings},
            {repr(each) for each in undetermined},
        )


def _kept(value: Value) -> Value:
    """What SQLite keeps of a value."""
    return str(value) if isinstance(value, Decimal | dt.date | dt.time) else value


@dataclass
class Bench:
    """The connectors and rules that are installed."""

    host: PluginHost

    @cached_property
    def rules(self) -> Rules:
        return Rules(self.host, load_parameters(), load_tariffs())

    def practice(self) -> Practice:
        return Practice(self.rules)

    def export(self, sample: str) -> list[Path]:
        return sorted((FIXTURES / sample / "export").iterdir())

    def twin(self, sample: str) -> Path:
        return FIXTURES / sample / "twin.ndjson"

    def records(self) -> list[Record]:
        """The practice of the samples."""
        spec = importlib.util.spec_from_file_location("fixtures_make", FIXTURES / "make.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
            records: list[Record] = module.practice()
        finally:
            del sys.modules[spec.name]
        return records

    def extract(
        self,
        connector: str,
        dialect: str,
        tables: Sequence[Filled],
        folder: Path,
        kept: Callable[[Value], Value] = _kept,
    ) -> Path:
        """What a pass over the tables gives, which SQLite holds as `kept` says: the extract, as a file."""
        path, file = folder / "base.extrait", sqlite3.connect(folder / "base.db")
        try:
            deploy(
                tables,
                SQLITE,
                lambda statement, rows: file.executemany(statement, [[kept(value) for value in row] for row in rows]),
                file.commit,
            )
        finally:
            file.close()
        registered = self.host.connectors[connector].connector
        assert isinstance(registered, ReadsDialects)
        plan = plan_of(registered.dialects[dialect])
        path.write_bytes(extracted(f"sqlite:///{folder / 'base.db'}", None, [plan]).content)
        return path

    def copy(self, sample: str, folder: Path) -> list[Path]:
        """A copy of an export that a test may damage."""
        shutil.copytree(FIXTURES / sample / "export", folder, dirs_exist_ok=True)
        return sorted(folder.iterdir())

    def claim(self, path: Path) -> Claim | None:
        return self.host.identify(probe_of(LocalFile(path))).claim

    def read(self, paths: Iterable[Path]) -> Read:
        """Read files, those that others join on first."""
        read, lookup = Read(), Remembered()
        readings = []
        for path in paths:
            file = LocalFile(path)
            claim = self.claim(path)
            if claim is None:
                read.rejects.append((path.name, "fichier", "non reconnu"))
                continue
            reading = self.host.connectors[claim.connector].connector.read(file, claim)
            readings.append((path.name, reading))
            read.covers |= reading.covers
        for name, reading in sorted(readings, key=lambda each: not each[1].remembers):
            try:
                for row in reading.rows():
                    try:
                        entry = reading.remember(row)
                        if entry is not None:
                            lookup.content[entry[:2]] = entry[2]
                        drafts = reading.records(row, lookup)
                        if isinstance(drafts, Waiting):
                            raise RowRefused(f"attend {drafts.table}")
                        read.lines += [_line(validated(kind, values)) for kind, values in drafts]
                    except RowRefused as refused:
                        read.rejects.append((name, locator(row.place), refused.reason))
            except FileRefused as refused:
                read.rejects.append((name, refused.where or "fichier", refused.what))
        return read

    def assert_reads_twin(self, sample: str, paths: Sequence[Path] = ()) -> None:
        """The export gives exactly the records of its twin, and covers what the twin covers."""
        read, twin = self.read(paths or self.export(sample)), self.read([self.twin(sample)])
        assert read.rejects == []
        assert read.records == twin.records
        assert read.covers.names() == twin.covers.names()
        assert len(twin.records) > 50

    def assert_answers_as_twin(self, sample: str, paths: Sequence[Path] = ()) -> Checked:
        """The same findings, the same questions left open."""
        checked = self.practice().attempt(paths or self.export(sample))
        twin = self.practice().attempt([self.twin(sample)])
        assert checked.is_whole
        assert twin.is_whole
        assert checked.findings == twin.findings
        assert checked.undetermined == twin.undetermined
        return checked

    def assert_one_reject(self, paths: Sequence[Path], edit: Edit, *, column: str = "") -> str:
        """After one edit of one row, that row alone is refused, at its place, without its values; the reason."""
        before = self.read(paths)
        edit.apply()
        after = self.read(paths)
        ((name, place, reason),) = after.rejects
        assert (name, place) == (edit.path.name, edit.place)
        assert column in reason
        assert edit.after.decode("latin-1") not in reason
        for value in edit.values:
            assert value not in reason
        lost = Counter(before.lines) - Counter(after.lines)
        assert 1 <= sum(lost.values()) <= 4
        assert not Counter(after.lines) - Counter(before.lines)
        checked = self.practice().attempt(paths)
        assert checked.rejects == [(place, reason)]
        assert {file.state for file in checked.files} == {"committed"}
        return reason


@dataclass
class Edit:
    """Some bytes of one row of a file, replaced. `values` are texts of the row that no reason may repeat."""

    path: Path
    place: str
    before: bytes
    after: bytes
    line: int = 0
    values: tuple[str, ...] = ()

    def apply(self) -> None:
        content = self.path.read_bytes()
        if self.line:
            lines = content.splitlines(keepends=True)
            assert self.before in lines[self.line - 1]
            lines[self.line - 1] = lines[self.line - 1].replace(self.before, self.after, 1)
            self.path.write_bytes(b"".join(lines))
        else:
            assert content.count(self.before) == 1
            self.path.write_bytes(content.replace(self.before, self.after))


def _line(record: Record) -> str:
    return json.dumps(record_to_json(record), sort_keys=True, ensure_ascii=False)


@pytest.fixture(scope="session")
def edit() -> type[Edit]:
    return Edit


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench(load_plugins())
