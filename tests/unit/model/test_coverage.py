"""What sources cover, and what that says about absence."""

from __future__ import annotations

import pytest

from connector_core.model.coverage import Covers


def test_a_kind_covers_itself_and_all_its_fields() -> None:
    covers = Covers.of(["act"])
    assert "act" in covers
    assert "act.amount" in covers
    assert "lot" not in covers
    assert "lot.arl" not in covers


def test_a_field_covers_the_existence_of_its_record_and_no_other_field() -> None:
    covers = Covers.of(["lot.arl"])
    assert "lot.arl" in covers
    assert "lot" in covers
    assert "lot.sent_on" not in covers
    assert "lo" not in covers


def test_everything_covers_anything_and_nothing_covers_nothing() -> None:
    assert "act.amount" in Covers.all()
    assert "act" not in Covers()


def test_two_sources_cover_what_either_does() -> None:
    both = Covers.of(["act"]) | Covers.of(["lot.arl"])
    assert "act.letter" in both
    assert "lot.arl" in both
    assert "lot.number" not in both
    assert (both | Covers.all()).everything
    assert (Covers.all() | both).everything


@pytest.mark.parametrize("names", [(), ("act",), ("act.amount", "lot", "patient.nir")])
def test_its_names_rebuild_it(names: tuple[str, ...]) -> None:
    assert Covers.of(names).names() == tuple(sorted(names))
    assert Covers.of(Covers.of(names).names()) == Covers.of(names)
    assert Covers.all().names() == ("*",)
