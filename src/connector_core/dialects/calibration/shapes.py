"""What the values of one column are, by themselves: which converters read them, and which identifiers they could be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from connector_core.dialects.calibration.sample import Column, Listed
from connector_core.dialects.calibration.titles import Phrase, phrase
from connector_core.dialects.converters import CONVERTERS
from connector_core.model.identifiers import finess_is_valid, nir_is_valid, nir_is_well_formed, rpps_is_valid
from connector_core.model.letters import LETTERS

_TRIED = 400
"""How many different values are looked at closely."""
_MOST = 0.93
"""The share of a column's values that a converter must read to be its converter."""

_DAYS = ("date_fr", "date_iso", "date_compact", "date_fr_short")
_MOMENTS = ("timestamp_fr", "timestamp_iso", "timestamp_compact")
_CENTIMES = re.compile(r"\.\d\d(?:\s*€)?$", re.ASCII)
_MIDNIGHT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]00:00(?::00(?:\.0+)?)?", re.ASCII)
_DAY_OF_HOURS = "1899-12-30"
"""The day that Access gives to an hour without one."""
_EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 1, 1)
_POSTCODE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-58])\d{3}", re.ASCII)


@dataclass(eq=False)
class Shape:
    """A column, and what its values are. Shares are of the rows that are not empty, from 0 to 1."""

    column: Column
    counts: Counter[str] = field(init=False)
    listed: dict[str, Listed | None] = field(default_factory=dict)
    """How the column reads as the closed list of each field that was asked about."""

    def __post_init__(self) -> None:
        self.counts = Counter(cell for cell in self.column.cells if cell)

    @property
    def name(self) -> str:
        return self.column.name

    def source(self, table: str) -> str:
        """The column as `table.column`, for a column of this table; one of another table is that table's."""
        via = self.column.via
        return f"{table}.{self.name}" if via is None else f"{via.table}.{via.column}"

    @cached_property
    def title(self) -> Phrase:
        return phrase(self.column.title)

    @cached_property
    def filled(self) -> int:
        return sum(self.counts.values())

    @property
    def fill(self) -> float:
        """The share of rows that have a value."""
        return self.filled / len(self.column.cells) if self.column.cells else 0.0

    @property
    def unique(self) -> float:
        """How many different values there are, per value."""
        return len(self.counts) / self.filled if self.filled else 0.0

    @cached_property
    def values(self) -> frozenset[str]:
        return frozenset(self.counts)

    @cached_property
    def _tried(self) -> list[tuple[str, int]]:
        return self.counts.most_common(_TRIED)

    def share(self, holds: Callable[[str], bool]) -> float:
        """The share of values of which something holds."""
        total = sum(number for _, number in self._tried)
        return sum(number for value, number in self._tried if holds(value)) / total if total else 0.0

    def reads(self, converter: str) -> float:
        """The share of values that a converter reads."""
        return self._read.get(converter) or self._read.setdefault(converter, self._try(converter))

    @cached_property
    def _read(self) -> dict[str, float]:
        return {}

    def _try(self, converter: str) -> float:
        convert = CONVERTERS[converter].convert

        def reads(value: str) -> bool:
            try:
                read = convert(value)
            except ValueError:
                return False
            if isinstance(read, datetime):
                read = read.date()
            return not isinstance(read, date) or _EARLIEST <= read < _LATEST

        if self._tried and not any(reads(value) for value, _ in self._tried[:12]):
            return 0.0
        return self.share(reads)

    @cached_property
    def day(self) -> str:
        """The converter of a column of dates, "" for others."""
        return self._best(_DAYS) or ("date_of_timestamp" if self._at_midnight else "")

    @cached_property
    def _at_midnight(self) -> bool:
        """Whether values are moments at midnight, as engines without a type for days keep them."""
        midnight = self.share(lambda value: _MIDNIGHT.fullmatch(value) is not None)
        return midnight == 1 and self.reads("date_of_timestamp") >= _MOST

    @cached_property
    def moment(self) -> str:
        """The converter of a column of dates with their times, "" for others."""
        return "" if self._at_midnight else self._best(_MOMENTS)

    @cached_property
    def clock_as(self) -> str:
        """The converter of a column of hours, "" for others."""
        if self.reads("time") >= _MOST:
            return "time"
        return "time_of_timestamp" if self.share(lambda value: value.startswith(_DAY_OF_HOURS)) >= _MOST else ""

    @property
    def clock(self) -> bool:
        return self.clock_as != ""

    def _best(self, converters: Sequence[str]) -> str:
        best = max(converters, key=self.reads)
        return best if self.counts and self.reads(best) >= _MOST else ""

    @cached_property
    def days(self) -> Sequence[date | None]:
        """The dates row by row, of a column of dates or of moments."""
        converter = self.day or self.moment
        if not converter:
            return [None] * len(self.column.cells)
        known: dict[str, date | None] = {"": None}
        convert = CONVERTERS[converter].convert
        for value in self.counts:
            try:
                read = convert(value)
            except ValueError:
                read = None
            known[value] = read.date() if isinstance(read, datetime) else read if isinstance(read, date) else None
        return [known[cell] for cell in self.column.cells]

    @cached_property
    def instants(self) -> Sequence[datetime | None]:
        """The moments row by row, as a clock shows them; midnight for a date."""
        converter = self.moment
        if not converter:
            return [None if day is None else datetime(day.year, day.month, day.day) for day in self.days]  # noqa: DTZ001
        known: dict[str, datetime | None] = {"": None}
        convert = CONVERTERS[converter].convert
        for value in self.counts:
            try:
                read = convert(value)
            except ValueError:
                read = None
            known[value] = read.replace(tzinfo=None) if isinstance(read, datetime) else None
        return [known[cell] for cell in self.column.cells]

    @cached_property
    def digits(self) -> float:
        """The share of values made of digits alone."""
        return self.share(lambda value: value.isascii() and value.isdigit())

    @property
    def padded(self) -> bool:
        """Whether all values are digits of one width, some of them beginning with zeros, as fixed-width numbers are."""
        widths = {len(value) for value in self.counts}
        return self.digits == 1 and len(widths) == 1 and min(widths) > 2 and any(v[0] == "0" for v in self.counts)

    @cached_property
    def number(self) -> str:
        """How the values of a column of numbers are written: "fr", "point", "whole", "" for no numbers."""
        if not self.counts:
            return ""
        if self.digits >= _MOST:
            return "whole"
        if self.reads("money_fr_signed") >= _MOST or self.reads("decimal_fr") >= _MOST:
            return "fr"
        return "point" if self.reads("decimal_point") >= _MOST or self.reads("money_point") >= _MOST else ""

    def amounts(self, converter: str) -> Sequence[Decimal | None]:
        """The numbers row by row, as a converter reads them."""
        return self._amounts.get(converter) or self._amounts.setdefault(converter, self._convert(converter))

    @cached_property
    def _amounts(self) -> dict[str, Sequence[Decimal | None]]:
        return {}

    def _convert(self, converter: str) -> Sequence[Decimal | None]:
        known: dict[str, Decimal | None] = {"": None}
        convert = CONVERTERS[converter].convert
        for value in self.counts:
            try:
                read = convert(value)
            except ValueError:
                read = None
            known[value] = read if isinstance(read, Decimal) else None
        return [known[cell] for cell in self.column.cells]

    @property
    def money(self) -> Sequence[str]:
        """The converters that may read a column of amounts, the likeliest first."""
        match self.number:
            case "fr":
                euros = any("€" in value for value in self.counts)
                return () if not euros and self.reads("money_fr") < _MOST else ("money_fr",)
            case "point":
                plain = self.share(lambda value: _CENTIMES.search(value) is not None) == 1
                converter = "money_point" if plain else "money_padded"
                return (converter,) if self.reads(converter) >= _MOST else ()
            case "whole" if max(map(len, self.counts)) <= 12:
                return ("money_cents", "money_fr") if self.padded else ("money_fr", "money_cents")
            case _:
                return ()

    @property
    def decimals(self) -> Sequence[str]:
        """The converters that may read a column of coefficients."""
        match self.number:
            case "fr" if self.reads("decimal_fr") >= _MOST:
                return ("decimal_fr",)
            case "point" if self.reads("decimal_point") >= _MOST:
                zeros = any(re.search(r"\.\d*0$", value) for value in self.counts)
                return ("decimal_padded",) if zeros else ("decimal_point",)
            case "whole":
                return ("hundredths",) if self.padded else ("decimal_point",)
            case _:
                return ()

    @cached_property
    def counted(self) -> tuple[int, int] | None:
        """The least and the most of a column of small whole numbers."""
        if not self.counts or self.reads("integer") < 1 or self.digits < 1:
            return None
        numbers = [int(value) for value in self.counts if len(value) < 10]
        return (min(numbers), max(numbers)) if numbers else None

    @cached_property
    def flag(self) -> bool:
        """Whether the values are yes or no in one of their writings."""
        return 0 < len(self.counts) <= 2 and self.reads("boolean") == 1

    @cached_property
    def nir(self) -> float:
        """The share of NIR, with the right key where they bear it."""

        def holds(value: str) -> bool:
            found = re.sub(r"[\s.\-/]", "", value).upper()
            if len(found) == 15:
                return nir_is_well_formed(found[:13]) and nir_is_valid(found[:13], found[13:])
            return len(found) == 13 and nir_is_well_formed(found)

        return self.share(holds)

    @cached_property
    def nir_with_key(self) -> bool:
        return self.nir > 0.5 and self.share(lambda value: len(re.sub(r"[\s.\-/]", "", value)) == 15) >= 0.5

    @cached_property
    def rpps(self) -> float:
        return self.share(lambda value: rpps_is_valid(re.sub(r"\s", "", value)))

    @cached_property
    def finess(self) -> float:
        return self.share(lambda value: len(value) == 9 and finess_is_valid(value))

    @cached_property
    def nine_digits(self) -> float:
        return self.share(lambda value: len(value) == 9 and value.isascii() and value.isdigit())

    @cached_property
    def postcode(self) -> float:
        return self.share(lambda value: _POSTCODE.fullmatch(value) is not None)

    @cached_property
    def letter(self) -> float:
        return self.share(lambda value: value.upper() in LETTERS and not value.isdigit())

    @cached_property
    def cotation(self) -> float:
        """The share of a lettre-clé with its coefficient."""

        def holds(value: str) -> bool:
            try:
                return CONVERTERS["cotation_letter"].convert(value) in LETTERS
            except ValueError:
                return False

        return self.share(holds)

    @cached_property
    def person(self) -> float:
        """The share of `DUPONT Marie`."""

        def holds(value: str) -> bool:
            words = value.split()
            return (
                len(words) >= 2
                and words[0].isupper()
                and len(words[0]) > 1
                and words[-1][:1].isupper()
                and not words[-1].isupper()
                and all(part.replace("-", "").replace("'", "").isalpha() for part in words)
            )

        return self.share(holds)

    @cached_property
    def name_like(self) -> float:
        """The share of what could be a name of a person: few words of letters, the first with a capital."""

        def holds(value: str) -> bool:
            letters = re.sub(r"[\s'’\-]", "", value)
            return letters.isalpha() and value[:1].isupper() and len(letters) >= 2 and len(value.split()) <= 3

        return self.share(holds)

    @cached_property
    def identifier_like(self) -> float:
        """The share of what could be an identifier: no white space, a digit in it or short capitals."""

        def holds(value: str) -> bool:
            return len(value) <= 40 and " " not in value and (any(map(str.isdigit, value)) or value.isupper())

        return self.share(holds)

    @cached_property
    def words(self) -> float:
        """The mean number of words of a value, 0 for numbers."""
        total = sum(number for _, number in self._tried)
        counted = sum(number * len(re.findall(r"[^\W\d_]{2,}", value)) for value, number in self._tried)
        return counted / total if total else 0.0


ShapeOf = Mapping[str, Shape]
"""The columns of a table, by name."""
