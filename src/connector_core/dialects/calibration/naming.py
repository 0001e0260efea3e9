"""Names of tables and patterns of files, from the names of the files of an export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

_DATE = re.compile(r"(?<!\d)(?:\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.T]?\d{2,6})?|\d{2}[-_.]\d{2}[-_.]\d{4}|\d{4,})(?!\d)")


def pattern_of(name: str) -> str:
    """The pattern of a file's name: what looks like a date or a number of an export is left open."""
    escaped = re.sub(r"([\[\]*?])", r"[\1]", PurePath(name).name)
    return re.sub(r"\*+", "*", _DATE.sub("*", escaped))


def table_names(names: Sequence[str]) -> Mapping[str, str]:
    """A name for the table of each file: without what all names begin with, dates and extensions."""
    plain = {name: _DATE.sub("", PurePath(name).stem).strip(" _-.") or PurePath(name).stem for name in names}
    stems = sorted(plain.values())
    same = next((n for n, (one, two) in enumerate(zip(stems[0], stems[-1], strict=False)) if one != two), 0)
    prefix = re.sub(r"[^ _\-.]*$", "", stems[0][:same])
    found: dict[str, str] = {}
    for name, stem in plain.items():
        wanted = stem[len(prefix) :].strip(" _-.") or stem
        number = 2
        unique = wanted
        while unique in found.values():
            unique, number = f"{wanted}-{number}", number + 1
        found[name] = unique
    return found
