"""Lines of ours in a text that belongs to others. Pure.

A line is added at the end and taken out as it was added; what others have written around it stays to the byte.
"""

from __future__ import annotations

import re

_END = re.compile(r"\r\n|\n|\r")


def with_line(text: str | None, line: str) -> str:
    """The text and, at its end, one more line; lines end as those of the text do, else as on Windows."""
    if not text:
        return line
    ends = _END.findall(text)
    return f"{text}{ends[-1] if ends else _WINDOWS}{line}"


def has_line(text: str | None, line: str) -> bool:
    """Whether a whole line of the text is this one."""
    return text is not None and line in _END.split(text)


def without_line(text: str, line: str) -> str:
    """The text without a line that it has, and without the line's end before it (after it, where it is the first)."""
    start = 0
    before: tuple[int, int] | None = None
    for end in [*_END.finditer(text), None]:
        stop = len(text) if end is None else end.start()
        if text[start:stop] == line:
            if before is not None:
                return text[: before[0]] + text[stop:]
            return text[end.end() :] if end is not None else ""
        if end is not None:
            before = end.span()
            start = end.end()
    raise ValueError("no such line")


_WINDOWS = "\r\n"
