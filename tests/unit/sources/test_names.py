"""Names of files that are no text."""

from __future__ import annotations

import pytest

from connector_core.sources.names import written_name


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("séances d'août (2).txt", "séances d'août (2).txt"),
        ("s\udce9ances.txt", "séances.txt"),
        ("\udc80\udc81.txt", "€\N{REPLACEMENT CHARACTER}.txt"),
        ("deux\nlignes\x1b[31m.txt", "deux\N{REPLACEMENT CHARACTER}lignes\N{REPLACEMENT CHARACTER}[31m.txt"),
    ],
)
def test_a_name_becomes_text(given: str, written: str) -> None:
    assert written_name(given) == written
    assert written.encode().decode() == written
