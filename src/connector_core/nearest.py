"""The known word nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 20


def nearest(unknown: str, known: Iterable[str]) -> str | None:
    """The nearest known word, case aside; None where none is near."""
    import difflib

    words = {word.lower(): word for word in sorted(known)}
    close = difflib.get_close_matches(unknown.lower(), words, n=1, cutoff=0.6)
    return words[close[0]] if close else None


def suggestion(unknown: str, known: Iterable[str]) -> str | None:
    """A French question naming the nearest known word, else the known words if they are few, else nothing."""
    words = sorted(set(known))
    near = nearest(unknown, words)
    if near is not None:
        return f"Vouliez-vous dire « {near} » ?"
    if 0 < len(words) <= _LISTED:
        return f"Noms connus : {', '.join(words)}"
    return None
