"""How much of an export calibration understands, beside the schema matchers of valentine: F1 of the mappings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean

from benchmarks import runs
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.mappings import (
    DATABASES,
    SHIPPED,
    TODAY,
    Case,
    Mapped,
    database_case,
    found,
    invented_case,
    shipped_case,
)
from benchmarks.runs import ContenderFailed
from connector_core.dialects.calibration.knowledge import kinds
from connector_core.testing.exports.invented import INVENTED
from connector_core.testing.practice import make_practice

NAME = "calibration"
_PEER = "valentine>=1,<2"
_ROWS = 300


def measure(bench: Bench) -> Iterator[Figure]:
    """Shipped exports with titles and without, then exports that nobody has seen; both sides on the same tables."""
    try:
        peer: Path | None = bench.python_with(_PEER)
    except ContenderFailed:
        peer = None
    model = _model()
    for titles, at_least in ((True, 0.97), (False, 0.9)):
        names = [name for name in SHIPPED if not (titles and name.startswith("kinemax/largeur"))]  # they have no titles
        figures = []
        for name in names:
            case = shipped_case(name, titles=titles)
            figures.append(_figure(bench, case, titles, peer, model, at_least=at_least))
            yield figures[-1]
        yield Figure(
            NAME,
            f"the mean of the {len(figures)} shipped exports {'with' if titles else 'without'} titles",
            fmean(each.value for each in figures if each.value is not None),
            "F1",
            at_least=at_least,
            note="adjusted on",
        )
    for name in DATABASES:
        yield _figure(
            bench, database_case(name, bench.folder(name.replace("/", "-"))), True, peer, model, "adjusted on"
        )
    for export in INVENTED:
        for titles in (True, False):
            case = invented_case(export, bench.folder(export.name), titles=titles)
            known = "adjusted on" if export.tuned else "not adjusted on"
            yield _figure(bench, case, titles, peer, model, known)


def _figure(
    bench: Bench,
    case: Case,
    titles: bool,
    peer: Path | None,
    model: Mapping[str, Mapping[str, list[str]]],
    known: str = "",
    at_least: float | None = None,
) -> Figure:
    begin = time.perf_counter()
    mappings = found(case)
    took = time.perf_counter() - begin
    score, filled = case.score(mappings), case.score(mappings, filled_only=True)
    other = _peer(bench, case, titles, peer, model)
    return Figure(
        NAME,
        f"{case.name}, {'with' if titles else 'without'} titles{f', {known}' if known else ''}",
        score,
        "F1",
        ours=f"{score:.3f}; {filled:.3f} of the columns that hold anything; {took:.1f} s",
        peer=other,
        at_least=at_least,
    )


def _peer(
    bench: Bench, case: Case, titles: bool, peer: Path | None, model: Mapping[str, Mapping[str, list[str]]]
) -> str:
    if peer is None:
        return "valentine not measured"
    given = bench.folder("valentine") / "given.json"
    tables = {
        table.name: {column.name: list(column.cells)[:_ROWS] for column in table.columns}
        for table in case.sample.tables
    }
    content = {"titled": titles, "tables": tables, "kinds": model}
    given.write_text(json.dumps(content), encoding="utf-8")
    try:
        run = runs.run("matching_valentine", given, python=peer)
    except ContenderFailed:
        return "valentine failed"
    matches = run.figures["matches"]
    if not isinstance(matches, dict):
        return "valentine failed"
    scores = {name: case.score(frozenset(map(_mapped, pairs))) for name, pairs in matches.items()}
    return f"{', '.join(f'{name} {score:.3f}' for name, score in scores.items())}; {run.number('wall'):.1f} s"


def _mapped(match: list[str]) -> Mapped:
    table, column, kind, title = match
    return table, column, f"{kind}.{_titles(kind)[title]}"


def _titles(kind: str) -> dict[str, str]:
    """The fields of a kind by the French title that valentine is given for each."""
    found: dict[str, str] = {}
    for name, field in kinds()[kind].fields.items():
        title = next((text for each in field.titles if (text := " ".join(each)) not in found), name)
        found[title] = name
    return found


def _model() -> dict[str, dict[str, list[str]]]:
    """What valentine matches against: each kind of record with French titles and the values of another practice."""
    records = make_practice(5, 40, 1.5, 4, today=TODAY).records
    model: dict[str, dict[str, list[str]]] = {}
    for kind in kinds():
        rows = [record.__dict__ for record in records if record.record == kind][:_ROWS]
        if rows:
            model[kind] = {
                title: ["" if row[name] is None else str(row[name]) for row in rows]
                for title, name in _titles(kind).items()
            }
    return model
