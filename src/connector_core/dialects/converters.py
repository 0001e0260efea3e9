"""The converters of the dialect language: named, typed functions from a vendor's text to a value of the model.

A converter reads one form and nothing else; what it can't read is a `ValueError` whose text is a French reason without
the value. Text is given stripped and never empty: an empty cell is an absent value and reaches no converter. None is an
absent value too. Dates and amounts repeat by the thousand in an export, so their converters remember what they have
read (twice as fast on a whole ingest).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Literal
from zoneinfo import ZoneInfo

Convert = Callable[[str], object]
Target = Literal["text", "date", "time", "timestamp", "decimal", "integer", "boolean", "list"]
"""The type of the field a converter can fill."""

PARIS = ZoneInfo("Europe/Paris")
_REMEMBERED = 100_000
_PIVOT_YEAR = 70
_CENT = Decimal("0.01")


class Memo(dict[str, object]):
    """A converter that remembers: a dict that computes what it misses. Bounded, since a file may hold anything."""

    def __init__(self, convert: Convert) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> object:
        value = self._convert(text)
        if len(self) < _REMEMBERED:
            self[text] = value
        return value


def text(value: str) -> str:
    """The text as it is."""
    return value


def upper(value: str) -> str:
    """The text in capitals."""
    return value.upper()


def digits(value: str) -> str:
    """The digits and letters of an identifier printed in groups (`1 85 12 75 …`, `10.000.001`)."""
    return re.sub(r"[\s.\-/]", "", value)


def nir(value: str) -> str:
    """The 13 characters of a NIR, printed with or without spaces and key."""
    return _nir(value)[:13]


def nir_key(value: str) -> str | None:
    """The key of a NIR printed with it, or alone; nothing where a NIR is printed without its key."""
    found = digits(value)
    if re.fullmatch(r"\d{2}", found, re.ASCII):
        return found
    return _nir(value)[13:] or None


def date_fr(value: str) -> date:
    """`02/03/2026`, `02-03-2026` or `02.03.2026`."""
    return _date(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", value, "jj/mm/aaaa")


def date_fr_short(value: str) -> date:
    """`02/03/26`: years 00 to 69 are of this century, 70 to 99 of the last; not for dates of birth."""
    match = re.fullmatch(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2})", value, re.ASCII)
    if match is None:
        raise ValueError("une date jj/mm/aa est attendue")
    day, month, year = (int(part) for part in match.groups())
    return _made(_whole(year), month, day)


def date_iso(value: str) -> date:
    """`2026-03-02`."""
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", value, re.ASCII)
    if match is None:
        raise ValueError("une date aaaa-mm-jj est attendue")
    year, month, day = (int(part) for part in match.groups())
    return _made(year, month, day)


def date_compact(value: str) -> date:
    """`20260302`."""
    match = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", value, re.ASCII)
    if match is None:
        raise ValueError("une date aaaammjj est attendue")
    year, month, day = (int(part) for part in match.groups())
    return _made(year, month, day)


def date_fr_compact(value: str) -> date:
    """`02032026`."""
    return _date(r"(\d{2})(\d{2})(\d{4})", value, "jjmmaaaa")


def date_compact_short(value: str) -> date:
    """`260302`: years 00 to 69 are of this century, 70 to 99 of the last; not for dates of birth."""
    match = re.fullmatch(r"(\d{2})(\d{2})(\d{2})", value, re.ASCII)
    if match is None:
        raise ValueError("une date aammjj est attendue")
    year, month, day = (int(part) for part in match.groups())
    return _made(_whole(year), month, day)


def time_of_day(value: str) -> time:
    """`09:30`, `09h30`, `9H30`, `0930`."""
    match = re.fullmatch(r"(\d{1,2})\s*[:hH]\s*(\d{2})(?::\d{2})?|(\d{2})(\d{2})", value, re.ASCII)
    if match is None:
        raise ValueError("une heure hh:mm est attendue")
    hour, minute = (int(part) for part in match.groups() if part is not None)
    try:
        return time(hour, minute)
    except ValueError:
        raise ValueError("cette heure n'existe pas") from None


def timestamp_iso(value: str) -> datetime:
    """`2026-03-02T09:30:00+01:00`, or `2026-03-02 09:30` in Paris time."""
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", value, re.ASCII) is None:
        raise ValueError("un horodatage aaaa-mm-jjThh:mm est attendu")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("cet horodatage n'existe pas") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=PARIS)


_day_fr = lru_cache(4096)(date_fr)
_clock = lru_cache(2048)(time_of_day)


def timestamp_fr(value: str) -> datetime:
    """`02/03/2026 09:30` in Paris time."""
    day, _, hour = value.partition(" ")
    return datetime.combine(_day_fr(day), _clock(hour.strip()), PARIS)


def timestamp_compact(value: str) -> datetime:
    """`202603020930` or `20260302 0930` in Paris time."""
    return datetime.combine(date_compact(value[:8]), time_of_day(value[8:].strip()), PARIS)


def date_of_timestamp(value: str) -> date:
    """`2026-03-02 00:00:00`: the day of a moment, as databases keep days that have no type for them."""
    return timestamp_iso(value).date()


def time_of_timestamp(value: str) -> time:
    """`1899-12-30 09:30:00`: the hour of a moment, as databases keep hours that have no type for them."""
    return timestamp_iso(value).time().replace(second=0, microsecond=0)


def decimal_fr(value: str) -> Decimal:
    """`1 234,56`: a decimal comma, thousands set apart by spaces."""
    return _decimal(re.sub(r"(?<=\d)[ \xa0\u202f](?=\d{3}(?!\d))", "", value), ",")


def decimal_point(value: str) -> Decimal:
    """`1234.56`: a decimal point."""
    return _decimal(value, ".")


def money_fr(value: str) -> Decimal:
    """`1 234,56 €`: euros with a decimal comma."""
    return _cents_at_most(decimal_fr(value.removesuffix("€").rstrip()))


def money_fr_signed(value: str) -> Decimal:
    """`+1 234,56 €`, `-12,00`: euros with a decimal comma, and a sign where money comes in too."""
    unsigned = value.removeprefix("+")
    return money_fr(value if unsigned.lstrip().startswith("-") else unsigned.lstrip())


def money_fr_debit(value: str) -> Decimal:
    """`12,00` or `-12,00`: euros with a decimal comma in a column of what goes out, below zero either way."""
    return -abs(money_fr(value))


def money_point(value: str) -> Decimal:
    """`1234.56`: euros with a decimal point."""
    return _cents_at_most(decimal_point(value.removesuffix("€").rstrip()))


def money_padded(value: str) -> Decimal:
    """`17.8800`, `17.9`, `17`: euros with a decimal point, and more or fewer zeros than centimes have."""
    amount = decimal_point(value)
    cents = amount.quantize(_CENT)
    if cents != amount:
        raise ValueError("un montant a au plus deux décimales")
    return cents


def money_cents(value: str) -> Decimal:
    """`0000001788`: whole centimes."""
    return _decimal(value, "").scaleb(-2)


def hundredths(value: str) -> Decimal:
    """`000809`: hundredths, as coefficients are written in fixed-width sets; trailing zeros do not count."""
    return _shortest(_decimal(value, "").scaleb(-2))


def decimal_padded(value: str) -> Decimal:
    """`8.10`: a decimal point and zeros that fill the column, as in dBase tables, which do not count."""
    return _shortest(decimal_point(value))


def integer(value: str) -> int:
    """`15`, `0015`."""
    if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
        raise ValueError("un nombre entier est attendu")
    return int(value)


_TRUE = frozenset({"oui", "o", "1", "vrai", "true", "t", "x", "y"})
_FALSE = frozenset({"non", "n", "0", "faux", "false", "f"})


def boolean(value: str) -> bool:
    """`Oui`/`Non`, `O`/`N`, `1`/`0`, `Vrai`/`Faux`, `T`/`F`."""
    lowered = value.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("oui ou non est attendu")


_COTATION = re.compile(
    r"([A-Z][A-Z0-9]{1,4}(?=\s)|[A-Z]{2,5})\s*(?:[xX*]\s*)?(\d{1,4}(?:[.,]\d{1,3})?)(\s*/\s*2)?", re.ASCII
)


def cotation_letter(value: str) -> str:
    """The lettre-clé of `RAM 8,09`, `AMK8.5`, `AMI 1/2`."""
    return _cotation(value).group(1)


def cotation_coefficient(value: str) -> Decimal:
    """The coefficient of `RAM 8,09`, before a rate of one half."""
    return Decimal(_cotation(value).group(2).replace(",", "."))


def cotation_rate(value: str) -> str:
    """The rate of a cotation: `0.5` where it ends in `/2`, else `1`."""
    return "0.5" if _cotation(value).group(3) else "1"


def person_family(value: str) -> str:
    """The family name of `DUPONT Marie`: the leading words in capitals."""
    family, _ = _person(value)
    return family


def person_given(value: str) -> str | None:
    """The given name of `DUPONT Marie`: what follows the words in capitals, if anything does."""
    _, given = _person(value)
    return given or None


def last_word(value: str) -> str:
    """The last word, as an identifier that stands at the end of a title (`ZD p00012`)."""
    return value.split()[-1]


def words(value: str) -> tuple[str, ...]:
    """A list set apart by commas, semicolons or bars."""
    return tuple(part.strip() for part in re.split(r"[,;|]", value) if part.strip())


def key_of(parts: Iterable[str]) -> str:
    """A stable identifier made of the texts of a row that has none of its own."""
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Converter:
    """A converter as the dialect language knows it."""

    name: str
    target: Target
    convert: Convert
    remember: bool
    example: str

    @property
    def summary(self) -> str:
        return (self.convert.__doc__ or "").partition("\n")[0]


CONVERTERS: Mapping[str, Converter] = {
    each.name: each
    for each in (
        Converter("text", "text", text, False, "Dos"),
        Converter("upper", "text", upper, False, "ram"),
        Converter("digits", "text", digits, False, "10 000 000 018"),
        Converter("nir", "text", nir, False, "1 85 04 99 999 998 07"),
        Converter("nir_key", "text", nir_key, False, "07"),
        Converter("date_fr", "date", _day_fr, True, "02/03/2026"),
        Converter("date_fr_short", "date", date_fr_short, True, "02/03/26"),
        Converter("date_iso", "date", date_iso, True, "2026-03-02"),
        Converter("date_compact", "date", date_compact, True, "20260302"),
        Converter("date_fr_compact", "date", date_fr_compact, True, "02032026"),
        Converter("date_compact_short", "date", date_compact_short, True, "260302"),
        Converter("time", "time", time_of_day, True, "09h30"),
        Converter("timestamp_iso", "timestamp", timestamp_iso, False, "2026-03-02T09:30:00+01:00"),
        Converter("timestamp_fr", "timestamp", timestamp_fr, False, "02/03/2026 09:30"),
        Converter("timestamp_compact", "timestamp", timestamp_compact, False, "202603020930"),
        Converter("date_of_timestamp", "date", date_of_timestamp, True, "2026-03-02 00:00:00"),
        Converter("time_of_timestamp", "time", time_of_timestamp, True, "1899-12-30 09:30:00"),
        Converter("decimal_fr", "decimal", decimal_fr, True, "8,09"),
        Converter("decimal_point", "decimal", decimal_point, True, "8.09"),
        Converter("money_fr", "decimal", money_fr, True, "17,88 €"),
        Converter("money_fr_signed", "decimal", money_fr_signed, True, "+17,88"),
        Converter("money_fr_debit", "decimal", money_fr_debit, True, "17,88"),
        Converter("money_point", "decimal", money_point, True, "17.88"),
        Converter("money_padded", "decimal", money_padded, True, "17.8800"),
        Converter("money_cents", "decimal", money_cents, True, "0000001788"),
        Converter("decimal_padded", "decimal", decimal_padded, True, "8.10"),
        Converter("hundredths", "decimal", hundredths, True, "000809"),
        Converter("integer", "integer", integer, True, "15"),
        Converter("boolean", "boolean", boolean, True, "Oui"),
        Converter("cotation_letter", "text", cotation_letter, True, "RAM 8,09"),
        Converter("cotation_coefficient", "decimal", cotation_coefficient, True, "RAM 8,09"),
        Converter("cotation_rate", "text", cotation_rate, True, "AMI 1/2"),
        Converter("person_family", "text", person_family, False, "EXEMPLE Anne-Marie"),
        Converter("person_given", "text", person_given, False, "EXEMPLE Anne-Marie"),
        Converter("last_word", "text", last_word, False, "ZD p00012"),
        Converter("words", "list", words, False, "AUXM, PHAR"),
    )
}
"""Every converter by its name in a dialect. `enum`, `value` and `key` are part of the language itself."""

WITHOUT_CENTURY = frozenset({"date_fr_short", "date_compact_short"})
"""Converters of dates whose year has two digits, which does not tell when a person was born."""


def _nir(value: str) -> str:
    found = digits(value).upper()
    if re.fullmatch(r"\d{6}[\dAB]\d{6}(?:\d{2})?", found, re.ASCII) is None:
        raise ValueError("un NIR de 13 caractères (15 avec la clé) est attendu")
    return found


def _date(pattern: str, value: str, form: str) -> date:
    match = re.fullmatch(pattern, value, re.ASCII)
    if match is None:
        raise ValueError(f"une date {form} est attendue")
    day, month, year = (int(part) for part in match.groups())
    return _made(year, month, day)


def _whole(year: int) -> int:
    return 2000 + year if year < _PIVOT_YEAR else 1900 + year


def _made(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("cette date n'existe pas") from None


def _decimal(value: str, point: str) -> Decimal:
    pattern = rf"-?\d{{1,12}}(?:{re.escape(point)}\d{{1,6}})?" if point else r"-?\d{1,14}"
    if not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError("un nombre est attendu")
    return Decimal(value.replace(",", "."))


def _shortest(value: Decimal) -> Decimal:
    number = value.normalize()
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number


def _cents_at_most(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        raise ValueError("un montant a au plus deux décimales")
    return value


def _cotation(value: str) -> re.Match[str]:
    match = _COTATION.fullmatch(value)
    if match is None:
        raise ValueError("une cotation (lettre-clé et coefficient) est attendue")
    return match


def _person(value: str) -> tuple[str, str]:
    parts = value.split()
    capitals = next((n for n, part in enumerate(parts) if part != part.upper()), len(parts))
    if not capitals:
        raise ValueError("un nom en capitales suivi d'un prénom est attendu")
    return " ".join(parts[:capitals]), " ".join(parts[capitals:])
