"""The kit finds what it says it finds: a good plugin passes, and each mutant fails one check and no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector_core.testing.conformance.candidate import Candidate, Limits
from connector_core.testing.conformance.examination import CODES, Examination
from connector_core.testing.conformance.mutants import ENTRY_POINTS, METADATA, MUTANTS, NAME, PACKAGE, Mutant, files_of
from connector_core.testing.scaffold.render import KINDS
from connector_core.testing.scaffold.sample import Kind

pytestmark = pytest.mark.kit


@contextmanager
def examined(folder: Path, mutant: Mutant) -> Iterator[Examination]:
    """The examination of a mutant, installed where only this test sees it."""
    installed = {ENTRY_POINTS, METADATA}
    for name, content in files_of(mutant).items():
        path = folder / name
        if name in installed:
            path = path.parent / f"{PACKAGE}-0.1.0.dist-info" / path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    source = str(folder / "src")
    sys.path.insert(0, source)
    try:
        yield Examination(Candidate(NAME, folder / "samples", [source], Limits(cuts=40, flips=120)))
    finally:
        sys.path.remove(source)
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_plugin_holds_gold(tmp_path: Path, kind: Kind) -> None:
    with examined(tmp_path, Mutant("", "", kind=kind)) as examination:
        wrong = [each for each in examination.verdicts() if each.outcome in ("failed", "blocked", "open")]
        assert wrong == []
        assert examination.level() == "gold"


def test_every_check_has_a_mutant_and_every_mutant_a_check() -> None:
    assert sorted(mutant.check for mutant in MUTANTS) == sorted(CODES)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.check)
def test_a_mutant_fails_its_check_and_no_other(tmp_path: Path, mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUTANT", raising=False)
    with examined(tmp_path, mutant) as examination:
        failed = {each.code: each.said for each in examination.verdicts() if each.outcome == "failed"}
    monkeypatch.delenv("MUTANT", raising=False)
    assert list(failed) == [mutant.check], failed
