"""The known word nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 20


def suggestion(unknown: str, known: Iterable[str]) -> str | None:
    """A French question naming the nearest known word, else the known words if they are few, else nothing."""
    import difflib

    words = {word.lower(): word for word in sorted(known)}
    close = difflib.get_close_matches(unknown.lower(), words, n=1, cutoff=0.6)
    if close:
        return f"Vouliez-vous dire « {words[close[0]]} » ?"
    if 0 < len(words) <= _LISTED:
        return f"Noms connus : {', '.join(words.values())}"
    return None
