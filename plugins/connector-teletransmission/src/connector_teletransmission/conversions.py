"""What the columns say: dates of two-digit years, centimes, hundredths. Texts repeat a lot, so results are kept.

A date is AAMMJJ. The public layout says so of B2; of NOEMIE it is inferred, as are its amounts in centimes.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

_THIS_CENTURY = 70
"""Years 00 to 69 are of this century, for everything but births."""
_LONGEST_LIFE = 115
_OWN_CARD = 16
"""Age from which a person is insured under a number of their own."""


@lru_cache(8192)
def day(text: str) -> date | None:
    """`261120`; None for zeros or spaces. ValueError when there is no such day."""
    if not text.strip("0 "):
        return None
    year = int(text[:2])
    return date(year + (2000 if year < _THIS_CENTURY else 1900), int(text[2:4]), int(text[4:6]))


@lru_cache(65536)
def euros(text: str) -> Decimal:
    """`0001788` as 17.88; blank is nothing."""
    return Decimal(int(text) if text.strip() else 0).scaleb(-2)


@lru_cache(4096)
def coefficient(text: str) -> Decimal:
    """`000809` as 8.09, `000800` as 8: zeros that fill the column don't count."""
    value = Decimal(int(text)).scaleb(-2)
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


@lru_cache(65536)
def birth(text: str, nir: str, on: date) -> date | None:
    """A birth date AAMMJJ as seen on the day `on`; None when it is none (a month or a day that is not known).

    The century is not written. A birth after `on` is of the last century. Where both centuries are possible, a person
    whose own number is used (its year and month are theirs) is an adult; anyone else is taken for the younger.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    born = _existing(on.year // 100 * 100 + int(text[:2]), text)
    older = _existing(on.year // 100 * 100 - 100 + int(text[:2]), text)
    if born is None or born > on or older is None:
        return born if born is not None and born <= on else older
    is_own = nir[1:5] == text[:4]
    young = on.year - born.year < _OWN_CARD
    return older if is_own and young and on.year - older.year <= _LONGEST_LIFE else born


def _existing(year: int, text: str) -> date | None:
    try:
        return date(year, int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
