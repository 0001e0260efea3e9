"""C7, identity: the name of a record does not depend on the file's name, the order of rows, or what else is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from connector_core.testing.conformance.check import Broken, NotApplicable, check
from connector_core.testing.conformance.exhibit import Exhibit, SampleCheck
from connector_core.testing.conformance.movable import rows_in
from connector_core.testing.conformance.told import MemoryFile


@check("C7-RENAMED", "silver", after=["C4-READS"], exemptible=True)
def renamed(exhibit: Exhibit) -> None:
    """Files under other names are known as what they are, and give the same records.

    People rename exports, and browsers add « (1) ». What is inside says what a file is.
    """
    for n, file in enumerate(exhibit.files):
        if exhibit.exempt("C7-RENAMED", file.name) is not None:
            exhibit.used.add("C7-RENAMED")
            continue
        other = MemoryFile(f"copie {n} (1).dat", file.content)
        told = exhibit.alone(other, keep=True)
        was, now = exhibit.whole.claims[file.name], told.claims.get(other.name)
        if now is None or (was.dialect, was.variant) != (now.dialect, now.variant):
            raise Broken(f"« {file.name} » is not known under another name")
        if sorted(told.lines) != sorted(exhibit.alone(file, keep=True).lines):
            raise Broken(f"« {file.name} » gives other records under another name")


@check("C7-REORDERED", "gold", after=["C4-READS"], exemptible=True)
def reordered(exhibit: Exhibit) -> None:
    """Rows in another order give the same records under the same ids.

    Software sorts its exports as the user last sorted the screen. An id made of a line number would make every act a
    new one.
    """
    tried = 0
    for file in exhibit.files:
        if exhibit.exempt("C7-REORDERED", file.name) is not None:
            exhibit.used.add("C7-REORDERED")
            continue
        lines = rows_in(file, exhibit.rows_of(file.name))
        if len(lines.places) < 2:
            continue
        tried += 1
        told = exhibit.alone(replace(file, content=lines.reversed()), keep=True)
        if set(told.lines) != set(exhibit.alone(file, keep=True).lines):
            raise Broken(f"« {file.name} » gives other records when its rows are reversed")
    if not tried and "C7-REORDERED" not in exhibit.used:
        raise NotApplicable("no file of the sample has its rows on lines of their own")


@check("C7-SUPERSET", "gold", after=["C4-READS"], exemptible=True)
def superset(exhibit: Exhibit) -> None:
    """An export that holds more rows than the one before gives the old records under their old ids.

    Software exports everything every time: what was there yesterday must be known again today.
    """
    tried = 0
    for file in exhibit.files:
        if exhibit.exempt("C7-SUPERSET", file.name) is not None:
            exhibit.used.add("C7-SUPERSET")
            continue
        lines = rows_in(file, exhibit.rows_of(file.name))
        if len(lines.places) < 2:
            continue
        tried += 1
        whole = set(_ids(exhibit.alone(file, keep=True).lines))
        before = exhibit.alone(replace(file, content=lines.without(lines.places[-1])), keep=True)
        if set(_ids(before.lines)) - whole:
            raise Broken(f"« {file.name} » without its last row gives ids that the whole file does not give")
    if not tried and "C7-SUPERSET" not in exhibit.used:
        raise NotApplicable("no file of the sample has its rows on lines of their own")


def _ids(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        record = json.loads(line)
        yield record["record"], record["id"]


CHECKS: tuple[SampleCheck, ...] = (renamed, reordered, superset)
