"""Cutting lines of one length into columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise

from connector_core.model.identifiers import nir_is_valid, nir_is_well_formed, rpps_is_valid
from connector_core.model.letters import LETTERS

_LOOKED_AT = 300
_CODES = 14
_LONGEST_PIECE = 24
_ALONE = 1.5
_LONGEST_KEY = 14
_PAIR = [8, 4, 8, 4]


def cut(lines: Sequence[str], start: int = 0) -> list[tuple[int, int]]:
    """The columns of lines of one length from position `start` on, as positions from 0, the last excluded. Each reaches
    to where the next begins; blanks at the end belong to the last."""
    looked = _spread(lines)
    length = len(looked[0])
    pieces: list[int] = []
    for first, last in _chunks(looked, start, length):
        pieces += [first + begin for begin in _begun(_best([line[first:last] for line in looked]), looked, first)]
    if not pieces:
        return []
    ends = [*pieces[1:], length]
    return list(zip(pieces, ends, strict=True))


def _begun(pieces: Sequence[tuple[int, int]], lines: Sequence[str], first: int) -> list[int]:
    """Where pieces begin; a NIR and its key are two, a day and its hour are one where another moment follows."""
    found: list[int] = []
    sizes = [end - begin for begin, end in pieces]
    joined = [n for n in range(1, len(sizes)) if _PAIR in (sizes[n - 1 : n + 3], sizes[n - 3 : n + 1] if n > 2 else [])]
    for number, (begin, end) in enumerate(pieces):
        if number in joined and sizes[number] == 4:
            continue
        found.append(begin)
        if end - begin == 15 and all(
            _is_keyed(line[first + begin : first + end]) for line in lines if line[first + begin] != " "
        ):
            found.append(begin + 13)
    return found


def _spread(lines: Sequence[str]) -> Sequence[str]:
    step = max(1, len(lines) // _LOOKED_AT)
    return lines[::step]


def _chunks(lines: Sequence[str], start: int, length: int) -> list[tuple[int, int]]:
    """The stretches between positions where something begins after blanks in the lines that have anything there."""
    begins = [start, *(at for at in range(start + 1, length) if _begins(lines, at))]
    return [
        (first, last)
        for first, last in zip(begins, [*begins[1:], length], strict=True)
        if any(line[first:last].strip() for line in lines)
    ]


def _begins(lines: Sequence[str], at: int) -> bool:
    """Whether a column begins at a position. One blank between words of a text is no sign of it; two are."""
    here = [line for line in lines if line[at] != " "]
    after = [line for line in here if line[at - 1] == " "]
    if len(after) < max(1, 0.6 * len(here)):
        return False
    apart = sum(at < 2 or line[at - 2] == " " for line in after)
    words = sum(at >= 2 and line[at - 2].isalpha() for line in after)
    if len(after) < 3 or len(after) < 0.2 * len(lines):
        return apart == len(after) == len(here)
    return apart >= 0.5 * len(after) or words <= 0.1 * len(after)


def _best(texts: Sequence[str]) -> list[tuple[int, int]]:
    """The best way to cut a stretch into pieces."""
    filled = [text for text in texts if text.strip()]
    width = max(len(text.rstrip()) for text in filled)
    head = _before_text(filled)
    if head is None:
        plain = [text.strip() for text in filled]
        padded = all(text[-1] == " " for text in filled)
        alone = (
            padded and max(map(len, plain)) <= _LONGEST_KEY and len({re.sub(r"\d+", "9", each) for each in plain}) == 1
        )
        return _dearest(filled, width, _ALONE if alone else 0.0)
    return [*(_dearest([text[:head] for text in filled], head) if head else ()), (head, width)]


def _before_text(texts: Sequence[str]) -> int | None:
    """Where words begin in a stretch that ends in words, 0 for its beginning; None where there are none."""
    small = [found.start() for text in texts if (found := re.search(r"[a-zà-ÿ]", text))]
    if len(small) < 0.5 * len(texts):
        return None
    first = min(small)
    if any(re.search(r"[^\dA-Z ]", text[:first]) for text in texts):
        return 0
    return first - 1 if first and all(text[first - 1].isupper() for text in texts) else first


def _dearest(texts: Sequence[str], width: int, alone: float = 0.0) -> list[tuple[int, int]]:
    """The pieces of the greatest worth together; `alone` is what it is worth to be one piece."""
    worth: list[float] = [0.0] * (width + 1)
    back: list[int] = [0] * (width + 1)
    for end in range(1, width + 1):
        options = [
            (
                worth[begin]
                + _piece([text[begin:end].ljust(end - begin) for text in texts])
                + (alone if end - begin == width else 0.0),
                begin,
            )
            for begin in range(max(0, end - _LONGEST_PIECE), end)
        ]
        if end > _LONGEST_PIECE:
            options.append((0.3 * end, 0))
        worth[end], back[end] = max(options)
    found: list[tuple[int, int]] = []
    end = width
    while end > 0:
        found.append((back[end], end))
        end = back[end]
    return found[::-1]


def _piece(cells: Sequence[str]) -> float:
    """What a piece is worth: more for what is particular, by the character, less for each cut."""
    width = len(cells[0])
    filled = [cell for cell in cells if cell.strip()]
    if not filled:
        return 0.05 * width - 0.2
    plain = [cell.strip() for cell in filled]
    whole = all(len(cell) == width for cell in plain)
    if whole and all(cell.isascii() and cell.isdigit() for cell in plain):
        return _digits(plain, width)
    if any(cell[0] == " " for cell in filled):
        return -0.6 * width
    if all(map(str.isdigit, plain)):
        return 0.45 * min(width, 10) - 0.2 - (0.4 * max(0, width - 10))
    different = len(set(plain))
    if all(cell.isalpha() for cell in plain):
        if width == 1 and set(plain) <= {"O", "N"} and "N" in plain:
            return 0.95
        if width > 1 and set(plain) <= LETTERS:
            return 1.0 * width
        if width == 2 and _two_codes(plain):
            return 0.6
        return (0.52 * width - 0.1) if different <= _CODES else 0.4 * width - 0.2
    if all(re.fullmatch(r"[A-Za-z][\w-]*", cell) for cell in plain):
        return 0.62 * min(width, 14) - 0.4 if _one_form(plain) else 0.3 * width - 0.4
    if width == 1:
        return 0.4
    return 0.3 * width - 0.4


def _two_codes(cells: Sequence[str]) -> bool:
    """Whether two letters are two codes rather than one: each goes with several of the other, or one never changes."""
    firsts, seconds = {cell[0] for cell in cells}, {cell[-1] for cell in cells}
    different = len(set(cells))
    return different > 1 and (different > max(len(firsts), len(seconds)) or 1 in (len(firsts), len(seconds)))


def _one_form(cells: Sequence[str]) -> bool:
    """Whether identifiers have the same letters at the same places."""
    return len(set(cells)) > 1 and len({re.sub(r"\d+", "9", cell) for cell in cells}) == 1


def _digits(cells: Sequence[str], width: int) -> float:
    varied = len(set(cells)) > 1 or len(cells) < 3
    for size, holds, each in _KNOWN:
        if varied and width == size and all(map(holds, cells)):
            round_minutes = size == 12 and all(cell[-1] in "05" for cell in cells)
            if size == 4 and len({cell[2:] for cell in cells}) < 2:
                continue
            return (0.9 if round_minutes else each) * width
    if width > 10:
        return 0.2 * width - 0.6
    zeros = [sum(cell[at] == "0" for cell in cells) / len(cells) for at in range(width)]
    again = any(before < 0.9 and here > 0.97 for before, here in pairwise(zeros))
    padded = 0.6 if zeros[0] > 0.9 and width > 2 else 0.0
    nine = 0.62 * width if width == 9 and varied and not zeros[0] and not again else 0.0
    return max(0.18 * width - 0.06, 0.45 * width - 0.7 + padded, nine) - (1.2 if again and width > 3 else 0.0)


def _is_day(cell: str) -> bool:
    try:
        return 1900 <= date(int(cell[:4]), int(cell[4:6]), int(cell[6:])).year < 2100
    except ValueError:
        return False


def _is_likely_clock(cell: str) -> bool:
    return 6 <= int(cell[:2]) < 23 and int(cell[2:]) < 60


def _is_moment(cell: str) -> bool:
    return _is_day(cell[:8]) and _is_likely_clock(cell[8:12]) and cell[12:] < "60"


def _is_nir(cell: str) -> bool:
    return nir_is_well_formed(cell) and int(cell[3:5]) <= 12 and not _is_day(cell[:8])


def _is_keyed(cell: str) -> bool:
    return nir_is_well_formed(cell[:13]) and nir_is_valid(cell[:13], cell[13:])


_KNOWN: Sequence[tuple[int, Callable[[str], bool], float]] = (
    (8, _is_day, 1.0),
    (12, _is_moment, 1.0),
    (14, _is_moment, 1.0),
    (4, _is_likely_clock, 0.9),
    (11, rpps_is_valid, 1.0),
    (13, _is_nir, 1.0),
    (15, _is_keyed, 1.0),
)
"""Digits that say what they are: how many, what holds of them, and what each is worth."""
