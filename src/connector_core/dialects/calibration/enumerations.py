"""Which value of a closed list each text of a column means: by the words for it, by their beginnings, by their letters.

The texts of a column are matched to the values of the list as one best matching, so that `C`, `D` read as cabinet and
domicile here and as chèque and carte there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from connector_core.dialects.calibration.knowledge import Field, kinds
from connector_core.dialects.calibration.matching import best_matching
from connector_core.dialects.calibration.sample import Listed
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import same_text
from connector_core.dialects.compiler import same_name

LONGEST_LIST = 14
"""How many texts a column has at most whose texts are a closed list."""
_TOLD = 3
"""How many whole words of a list make it that list."""
_WORD, _SAID_ELSEWHERE, _BEGINNING, _SHORT, _LETTER = 1.0, 0.9, 0.8, 0.62, 0.5


def listed(shape: Shape, field: Field) -> Listed | None:
    """The texts of a column as values of a field; None where they are too many, or none can be read."""
    if not 0 < len(shape.counts) <= LONGEST_LIST or not field.words:
        return None
    if field.target not in shape.listed:
        shape.listed[field.target] = _listed(shape, field)
    return shape.listed[field.target]


def told_kinds(shape: Shape) -> frozenset[str]:
    """The kinds of record of which a column says something, since its texts are words of one of their lists."""
    return frozenset(
        name
        for name, kind in kinds().items()
        for field in kind.fields.values()
        if field.form == "list" and (found := listed(shape, field)) is not None and found.told
    )


def _listed(shape: Shape, field: Field) -> Listed | None:
    weights = {
        (text, value): likely
        for text in shape.counts
        for value, words in field.words.items()
        if (likely := _likely(text, value, words)) > 0
    }
    exact = {text: value for (text, value), likely in weights.items() if likely >= _SAID_ELSEWHERE}
    open_ends = {pair: weight for pair, weight in weights.items() if pair[0] not in exact}
    taken = set(exact.values())
    matched = best_matching({pair: weight for pair, weight in open_ends.items() if pair[1] not in taken})
    meanings = exact | dict(matched)
    if not meanings:
        return None
    total = sum(shape.counts.values())
    score = sum(shape.counts[text] * weights[text, value] for text, value in meanings.items()) / total
    spread = sum(weights[text, value] for text, value in meanings.items()) / len(shape.counts)
    unread = tuple(text for text in shape.counts if text not in meanings)
    whole = sum(len(text) > 1 and weights[text, value] >= _SAID_ELSEWHERE for text, value in meanings.items())
    told = whole >= _TOLD and len(unread) < len(meanings)
    if told:
        # A text that means none of the values may be the commonest of all: what caisses pay, in a journal of receipts.
        return Listed(meanings, unread, max((score + spread) / 2, 0.6 + 0.4 * spread), True)
    return Listed(meanings, unread, (score + spread) / 2)


@lru_cache(maxsize=65536)
def _likely(text: str, value: str, words: tuple[str, ...]) -> float:
    said = same_text(text)
    if not said:
        return _WORD if text in words else 0.0
    plain = said.replace(" ", "")
    if len(plain) > 1:
        plain = plain.replace("+", "")
    best = 0.0
    for rank, word in enumerate(words):
        whole = word.replace(" ", "")
        if plain == whole or plain.replace("%", "") == whole.replace("%", ""):
            short = len(whole) == 1 and len(value) > 1
            best = max(best, _LETTER + 0.06 if short else _WORD if len(whole) > 2 or len(value) <= 2 else 0.92)
        elif len(plain) >= 3 and whole.startswith(plain):
            best = max(best, _BEGINNING)
        elif len(plain) == 2 and whole.startswith(plain):
            best = max(best, _SHORT)
        elif rank == 0 and len(plain) == 1 and whole.startswith(plain):
            best = max(best, _LETTER)
        elif len(whole) >= 4 and (whole in plain or (len(plain) >= 4 and plain in whole)):
            best = max(best, _BEGINNING)
    return best


def words_unseen(field: Field, seen: Mapping[str, str] | None) -> dict[str, str]:
    """Texts for the values of a list that the sample does not hold, where the others are whole words: a rejection that
    comes next month must not be refused."""
    if seen is not None and any(len(same_text(text)) < 3 or not any(map(str.isalpha, text)) for text in seen):
        return {}
    meant = {} if seen is None else seen
    known = {same_name(text) for text in meant}
    words = ((word, value) for value, texts in field.words.items() for word in texts if value not in meant.values())
    found: dict[str, str] = {}
    for word, value in words:
        if (len(word) >= 3 or word == value.lower()) and word not in known and value not in found.values():
            found[word] = value
    return found
