"""C5, records: keys, places, money, what is covered, words that no table knows, totals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from connector_core.formats.rows import Row
from connector_core.model.records import KINDS, field_names
from connector_core.testing.conformance.check import Broken, Open, check
from connector_core.testing.conformance.exhibit import Attack, Exhibit, SampleCheck, texts
from connector_core.testing.conformance.told import sharing


@check("C5-MONEY", "bronze", after=["C4-CLAIM"])
def money(exhibit: Exhibit) -> None:
    """Amounts, coefficients and distances are `Decimal`.

    A binary fraction can't hold 17.88: centimes appear and vanish in sums.
    """
    if exhibit.whole.inexact:
        raise Broken(f"no Decimal: {', '.join(sorted(exhibit.whole.inexact))}")


@check("C5-KEYS", "bronze", after=["C4-READS"])
def keys(exhibit: Exhibit) -> None:
    """Records of one kind that differ have different ids.

    Of two records with one id the later replaces the earlier, as it must when an export says something anew: acts that
    share an id become one.
    """
    shared = sharing(exhibit.whole.lines)
    if shared:
        raise Broken(f"ids shared by records that differ: {shared}")


@check("C5-PLACE", "silver", after=["C4-READS"])
def place(exhibit: Exhibit) -> None:
    """Every row says where it is: a line number is that of the line it begins on, any other place is not empty.

    A finding shows the line of the export that it rests on; a wrong line costs the practice its trust.
    """
    contents = {file.name: file.content for file in exhibit.files}
    for name in contents:
        rows = exhibit.rows_of(name)
        lines = contents[name].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        wrong = [row for row in rows if not _is_right(row, lines)]
        if wrong:
            raise Broken(f"{len(wrong)} of {len(rows)} rows of « {name} » are not where they say")


@check("C5-COVERS", "silver", after=["C4-READS"])
def covers(exhibit: Exhibit) -> None:
    """A reading covers the fields that it gives, by the names that the model has for them.

    Where a field is covered, its absence means that it has not happened; where no source covers it, the rules that rest
    on it are not asked. A misspelt name silences them.
    """
    covered = exhibit.whole.covers
    fields = {(kind, name): record.model_fields[name] for kind, record in KINDS.items() for name in field_names(record)}
    known = {"*", *KINDS, *(f"{kind}.{name}" for kind, name in fields)}
    strange = sorted(set(covered.names()) - known)
    if strange:
        raise Broken(f"covers what the model has not: {', '.join(strange)}")
    given = {(record["record"], name) for record in map(json.loads, exhibit.whole.lines) for name in record}
    asked = {each for each in given & fields.keys() if each[1] not in ("id", "vendor")}
    asked = {each for each in asked if fields[each].get_default() is None}  # else the model may have given it
    left = sorted(f"{kind}.{name}" for kind, name in asked if f"{kind}.{name}" not in covered)
    if left:
        raise Broken(f"gives what it does not cover: {', '.join(left)}")


@check("C5-UNKNOWN", "silver", after=["C4-READS"])
def unknown(exhibit: Exhibit) -> None:
    """A word that no table of the dialect knows refuses the row, or leaves the field empty; it never becomes another.

    The vendor adds a code with its next version. A guess would be billed, and nobody would see it.
    """
    if not exhibit.scenario.unknown:
        raise Open("the scenario has no [[unknown]] word")
    for word, attack in exhibit.unknown_words:
        if attack.told.is_silent and _is_guessed(exhibit, attack, word.after):
            raise Broken(f"« {attack.file} » {attack.damage} gives a record with another value in its place")


@check("C5-TOTALS", "gold", after=["C4-READS"])
def totals(exhibit: Exhibit) -> None:
    """The fields that the scenario names add up to what the vendor's own software shows.

    A column that is read a hundred times too large, or taken for another, is seen here first.
    """
    if not exhibit.scenario.expect.totals:
        raise Open("the scenario has no totals")
    for name, text in exhibit.scenario.expect.totals.items():
        kind, _, field = name.partition(".")
        try:
            wanted = Decimal(text)
        except InvalidOperation:
            raise Broken(f"the total of {name} in the scenario is no number") from None
        records = [json.loads(line) for line in set(exhibit.whole.lines)]
        found = sum((Decimal(each[field]) for each in records if each["record"] == kind and field in each), Decimal())
        if found != wanted:
            raise Broken(f"{name} does not add up to what the scenario says")


def _is_right(row: Row, lines: list[bytes]) -> bool:
    if not isinstance(row.place, int):
        return bool(row.place.strip())
    if not 1 <= row.place <= len(lines):
        return False
    first = row.raw.partition(b"\n")[0].rstrip(b"\r")
    found = {n for n, line in enumerate(lines, 1) if line == first}
    return not found or row.place in found


def _is_guessed(exhibit: Exhibit, attack: Attack, word: str) -> bool:
    """Whether the edited row became a record that says of the word neither itself nor nothing."""
    before = Counter(exhibit.alone(exhibit.file(attack.file), keep=True).lines)
    after = Counter(attack.told.lines)
    gone, come = before - after, after - before
    if not gone:  # the word changed nothing at all: it was taken for the one it replaced
        return True
    said = [json.loads(line) for line in gone]
    return any(not any(_says_no_more(json.loads(line), other, word) for other in said) for line in come)


def _says_no_more(record: Mapping[str, object], other: Mapping[str, object], word: str) -> bool:
    """Whether all that a record says beyond another one is in the word itself."""
    more = [value for name, value in record.items() if other.get(name) != value]
    return all(text in word for text in texts(more)) and all(isinstance(value, str | dict | list) for value in more)


CHECKS: tuple[SampleCheck, ...] = (money, keys, place, covers, unknown, totals)
