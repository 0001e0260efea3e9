"""The reader in code that the page for vendors shows reads the file that the page shows."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connector_core.testing.conformance.told import MemoryFile, Told, read

PAGE = Path(__file__).parents[2] / "docs/vendor/code.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
CODE, SAMPLE, DELIVERY = (text for _, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def module() -> Iterator[Any]:
    """The code of the page, as a module: its data classes look for themselves among those that are imported."""
    made = ModuleType("connector_of_the_page")
    sys.modules[made.__name__] = made
    exec(CODE, made.__dict__)  # the page's own
    yield made
    del sys.modules[made.__name__]


def told(module, text: str) -> Told:
    return read(module.AcmeConnector(module.INFO), [MemoryFile("acme.json", text.encode())])


def test_it_reads_the_file_of_the_page(module) -> None:
    said = told(module, SAMPLE)
    assert said.is_silent
    assert said.counts == {"patient": 1, "act": 2}
    amounts = {record["id"]: record.get("amount") for record in map(json.loads, said.lines)}
    assert amounts == {"12": None, "7-1": "17.88", "7-2": "2.50"}


@pytest.mark.parametrize("left", [1, 2, 3])
def test_a_cut_file_is_told(module, left: int) -> None:
    said = told(module, "".join(SAMPLE.splitlines(keepends=True)[:left]))
    assert [error.what for _, error in said.errors] == ["le fichier semble coupé"]


@pytest.mark.parametrize(("before", "after"), [('"dom"', '"spa"'), ('"8.09"', '"huit"'), ('"patient",', '"autre",')])
def test_a_bad_row_is_told(module, before: str, after: str) -> None:
    said = told(module, SAMPLE.replace(before, after))
    assert (len(said.rejects), said.errors, said.crashes) == (1, [], [])


def test_it_covers_what_it_gives(module) -> None:
    said = told(module, SAMPLE)
    assert "act.amount" in said.covers
    assert "act.label" not in said.covers


def test_the_delivery_of_the_page_writes_one_file(tmp_path: Path) -> None:
    class Report:
        items = (1, 2)

    names: dict[str, Any] = {}
    exec(DELIVERY, names)  # the page's own
    for _ in range(2):
        assert names["DELIVERY"].deliver(Report(), tmp_path) == [tmp_path / "acme.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["acme.txt"]
    assert (tmp_path / "acme.txt").read_text(encoding="utf-8") == "2 constats\n"
