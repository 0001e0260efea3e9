"""The kit finds what it says it finds: a good plugin passes, and each mutant fails one check and no other."""

from __future__ import annotations

import pytest

from connector_core.testing.conformance.examination import CODES
from connector_core.testing.conformance.mutants import MUTANTS, PLACES, Mutant
from connector_core.testing.scaffold.render import KINDS
from connector_core.testing.scaffold.sample import Kind

pytestmark = pytest.mark.kit


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_plugin_holds_gold(installed, kind: Kind) -> None:
    installed.put(Mutant("", "", kind=kind))
    examination = installed.examination()
    assert [each for each in examination.verdicts() if each.outcome in ("failed", "blocked", "open")] == []
    assert examination.level() == "gold"


def test_a_good_plugin_with_places_for_flags_holds_gold(installed) -> None:
    installed.put(Mutant("", "", PLACES, kind="database"))
    examination = installed.examination()
    verdicts = list(examination.verdicts())
    assert [each for each in verdicts if each.outcome in ("failed", "blocked", "open")] == []
    assert {each.outcome for each in verdicts if each.code.startswith("C8-")} == {"passed"}
    assert examination.level() == "gold"


def test_every_check_has_a_mutant_and_every_mutant_a_check() -> None:
    assert sorted(mutant.check for mutant in MUTANTS) == sorted(CODES)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.check)
def test_a_mutant_fails_its_check_and_no_other(installed, mutant: Mutant) -> None:
    installed.put(mutant)
    examination = installed.examination(15 if mutant.check == "C4-ENDS" else 60)
    failed = {each.code: each.said for each in examination.verdicts() if each.outcome == "failed"}
    assert list(failed) == [mutant.check], failed
