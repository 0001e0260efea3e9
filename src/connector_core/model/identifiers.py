"""Identifiers of people and places, with their check digits.

Whether a number is well formed is a question that rules ask; a record with a wrong one is kept, so that the wrong one
can be found. Nothing here says that a number belongs to somebody.

Sources: NIR, INSEE by python-stdnum; RPPS and FINESS, Luhn's algorithm by python-stdnum. The letters of Corsican
departments count as 19 (2A) and 18 (2B) in a NIR, and as 0 in a FINESS.

python-stdnum brings along what it asks web services with (two megabytes): it is loaded when a number is first checked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from connector_core.model.vocabulary import Sex

_NIR = re.compile(r"[1-8][0-9]{2}(?:0[1-9]|1[0-2]|[23][0-9]|4[0-2]|[5-9][0-9])(?:[0-9]{2}|2[AB])[0-9]{6}")
_HAS_KEY = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}")

NirStatus = Literal["registered", "pending", "migrant", "provisional"]
"""What the first digit of a NIR says: 1 or 2 registered, 3 or 4 being registered, 5 or 6 a migrant passing through
(no longer given), 7 or 8 provisional."""
_STATUSES: tuple[NirStatus, ...] = ("registered", "pending", "migrant", "provisional")


class NirBirth(NamedTuple):
    """What a NIR says of its bearer; the month is None where the civil registry did not know it."""

    sex: Sex
    year: int
    """The last two digits."""
    month: int | None


def nir_is_well_formed(nir: str) -> bool:
    """Whether a NIR has its 13 characters: sex, year, month (1 to 12, 20 to 42, 50 to 99), department, commune,
    order."""
    return _NIR.fullmatch(nir.upper()) is not None


def nir_status(nir: str) -> NirStatus:
    """The status of a well-formed NIR."""
    return _STATUSES[(int(nir[0]) - 1) // 2]


def nir_birth(nir: str) -> NirBirth:
    """What a well-formed NIR says of its bearer's birth."""
    month = int(nir[3:5])
    return NirBirth("M" if int(nir[0]) % 2 else "F", int(nir[1:3]), month if month <= 12 else None)


def nir_key(nir: str) -> str | None:
    """The two check digits of a NIR of 13 characters; None when it is malformed."""
    upper = nir.upper()
    if not _HAS_KEY.fullmatch(upper):
        return None
    from stdnum.fr import nir as stdnum_nir

    return stdnum_nir.calc_check_digits(upper)


def nir_is_valid(nir: str, key: str) -> bool:
    """Whether a NIR of 13 characters bears its right key. Provisional numbers (first digit 7 or 8) follow the same
    rule."""
    return key == nir_key(nir)


@lru_cache(maxsize=4096)
def rpps_is_valid(rpps: str) -> bool:
    """Whether an RPPS has 11 digits, the last being its Luhn key."""
    return len(rpps) == 11 and rpps.isascii() and rpps.isdigit() and _luhn_is_valid(rpps)


def finess_is_valid(finess: str) -> bool:
    """Whether a FINESS has 9 characters, the last being its Luhn key."""
    digits = finess[:1] + finess[1:2].upper().replace("A", "0").replace("B", "0") + finess[2:]
    return len(digits) == 9 and digits.isascii() and digits.isdigit() and _luhn_is_valid(digits)


def am_number_is_valid(number: str) -> bool:
    """Whether a numéro d'assurance maladie of a professional has its 9 digits; its key's rule is not public."""
    return len(number) == 9 and number.isascii() and number.isdigit()


def _luhn_is_valid(digits: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(digits))
