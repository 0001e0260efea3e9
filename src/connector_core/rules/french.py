"""French wording shared by the rules: an amount, a day, a rank, so many of something.

What a physiotherapist reads on a quote: ``23,65 €``, ``02/03/2026``, ``31e``.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["euros", "jour", "nombre", "ordinal"]

_CENT = Decimal("0.01")


def euros(amount: Decimal) -> str:
    """The amount as printed in France: two decimals, a comma, thousands apart (``1 234,50 €``)."""
    text = f"{amount.quantize(_CENT, rounding=ROUND_HALF_UP):,.2f}"
    return text.replace(",", " ").replace(".", ",") + " €"


def jour(day: date) -> str:
    """The day as printed in France: ``02/03/2026``."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def ordinal(number: int) -> str:
    """The feminine rank of a session: ``1re``, ``2e``, ``31e``."""
    return "1re" if number == 1 else f"{number}e"


def nombre(number: int, one: str, several: str | None = None) -> str:
    """So many of something: ``0 ligne``, ``1 ligne``, ``2 lignes``; in French zero is singular."""
    return f"{number} {one if number < 2 else several or f'{one}s'}"
