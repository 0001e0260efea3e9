"""Identifiers of people and places, with their check digits.

Whether a number is well formed is a question that rules ask; a record with a wrong one is kept, so that the wrong one
can be found. Nothing here says that a number belongs to somebody.

Sources: NIR, INSEE by python-stdnum; RPPS and FINESS, Luhn's algorithm by python-stdnum. The letters of Corsican
departments count as 19 (2A) and 18 (2B) in a NIR, and as 0 in a FINESS.
"""

from __future__ import annotations

from stdnum import luhn
from stdnum.exceptions import ValidationError as Malformed
from stdnum.fr import nir as stdnum_nir

_NIR_LENGTH = 13


def nir_key(nir: str) -> str | None:
    """The two check digits of a NIR of 13 characters; None when it is malformed."""
    if len(nir) != _NIR_LENGTH:
        return None
    try:
        key = stdnum_nir.calc_check_digits(nir.upper())
        stdnum_nir.validate(nir + key)
    except (Malformed, ValueError):
        return None
    return key


def nir_is_valid(nir: str, key: str) -> bool:
    """Whether a NIR of 13 characters bears its right key. Provisional numbers (first digit 7 or 8) follow the same
    rule."""
    return key == nir_key(nir)


def rpps_is_valid(rpps: str) -> bool:
    """Whether an RPPS has 11 digits, the last being its Luhn key."""
    return len(rpps) == 11 and rpps.isascii() and rpps.isdigit() and bool(luhn.is_valid(rpps))


def finess_is_valid(finess: str) -> bool:
    """Whether a FINESS has 9 characters, the last being its Luhn key."""
    digits = finess[:1] + finess[1:2].upper().replace("A", "0").replace("B", "0") + finess[2:]
    return len(digits) == 9 and digits.isascii() and digits.isdigit() and bool(luhn.is_valid(digits))


def am_number_is_valid(number: str) -> bool:
    """Whether a numéro d'assurance maladie of a professional has its 9 digits; its key's rule is not public."""
    return len(number) == 9 and number.isascii() and number.isdigit()
