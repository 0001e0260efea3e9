"""The line of each key in a TOML text.

`tomllib` keeps no places. This scanner only has to follow a text that `tomllib` accepted: it skips values and reads
headers and keys.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping

Key = tuple[str | int, ...]
"""A place in a TOML text: `("source", 0, "folder")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[ \t]|\.)+""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_SKIPPED = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[^"'#\[\]{}\n]+|[\[\]{}\n]''',
    re.DOTALL,
)


def key_lines(text: str) -> Mapping[Key, int]:
    """The line, from 1, of every table and key of a valid TOML text; keys inside an inline table have its line."""
    lines: dict[Key, int] = {}
    arrays: dict[Key, int] = {}
    table: Key = ()
    for position, key, header in _statements(text):
        line = text.count("\n", 0, position) + 1
        if header:
            table = _with_indices(key[:-1], arrays) + key[-1:]
            if header == "[[":
                arrays[table] = arrays.get(table, -1) + 1
            table = _with_indices(table, arrays)
            place = table
        else:
            place = (*table, *key)
        lines.setdefault(place, line)
    return lines


def nearest_line(lines: Mapping[Key, int], key: Key) -> int | None:
    """The line of `key`, of the first of an array of tables, or of the nearest table around it."""
    for length in range(len(key), 0, -1):
        for place in (key[:length], (*key[:length], 0)):
            if place in lines:
                return lines[place]
    return None


def _with_indices(key: Key, arrays: Mapping[Key, int]) -> Key:
    """`key` with, after each part that is an array of tables, the index of its last table."""
    place: Key = ()
    for part in key:
        if isinstance(part, int):
            continue
        place = (*place, part)
        if place in arrays:
            place = (*place, arrays[place])
    return place


def _statements(text: str) -> Iterator[tuple[int, Key, str]]:
    """Each header (`[` or `[[`) and each key, with its position."""
    position = _end(_BLANK, text, 0)
    while position < len(text):
        header = "[[" if text.startswith("[[", position) else "[" if text.startswith("[", position) else ""
        start = position + len(header)
        end = _end(_KEY, text, start)
        yield position, tuple(_plain(part) for part in _PART.findall(text[start:end])), header
        position = _end(_BLANK, text, _end_of_line(text, end + len(header)) if header else _end_of_value(text, end))


def _plain(part: str) -> str:
    """A key without its quotes; TOML itself reads the escapes."""
    if part[0] not in "\"'":
        return part
    value: object = tomllib.loads(f"x = {part}")["x"]
    return str(value)


def _end_of_value(text: str, position: int) -> int:
    depth = 0
    while position < len(text):
        match = _SKIPPED.match(text, position)
        if match is None:
            return len(text)
        token = match[0]
        if token in ("[", "{"):
            depth += 1
        elif token in ("]", "}"):
            depth -= 1
        elif token == "\n" and depth == 0:
            return position
        position = match.end()
    return position


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match is not None else position
