"""The types of single values: identifiers of a record, money, coefficients, provenance.

A value object never changes what it was given: validation is strict, so that a record can be written back exactly.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

MODEL_VERSION = 1
"""Version of the common model and of the pivot format. It changes only when a field is renamed or dropped."""

Identifier = Annotated[str, Field(min_length=1, max_length=200)]
"""Unique per record kind inside one source."""


_REMEMBERED = 100_000
_whole_cents: set[Decimal] = set()
"""Amounts that were found to be whole cents; a practice has a few thousand different ones."""


def _at_most_cents(value: Decimal) -> Decimal:
    if value in _whole_cents:
        return value
    if not value.is_finite() or value.scaleb(2) % 1:
        raise ValueError("un montant a au plus deux décimales")
    if len(_whole_cents) < _REMEMBERED:
        _whole_cents.add(value)
    return value


Money = Annotated[Decimal, AfterValidator(_at_most_cents)]
"""Euros, in whole cents."""

Coefficient = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
"""Kept exactly: in the NGAP 8.09 and 8.10 are different acts."""

Number = Annotated[Decimal, Field(allow_inf_nan=False)]


def invoice_key(number: str) -> str:
    """What tells invoices apart wherever they are told of: their number without leading zeros, which a payer's return
    adds and a list leaves out."""
    return number.lstrip("0") or number


_NEW_YEAR = timedelta(days=31)
"""How far apart the days told of one invoice may be where New Year lies between them."""


def numbered_together(one: date, other: date) -> bool:
    """Whether one number on two days may be one invoice: practice software starts its numbers anew every year."""
    return one.year == other.year or abs(one - other) <= _NEW_YEAR


def same_professional(one: str, other: str) -> bool:
    """Whether two AM numbers name one professional: each may have its key or not, and leading zeros."""
    short, long = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    return short == long or (bool(short) and short == long[:-1])


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record came from: enough to open the original at the right place.

    `source` is the configured source, `sha256` the digest of the file (or the snapshot of a database), `locator` the
    line, XPath, record number or primary key inside it.
    """

    source: str
    sha256: str
    locator: str
