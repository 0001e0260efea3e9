"""The people of a store, and whether a text names one of them.

The promise: a name of a patient or a professional is found in whatever case, with or without accents, with anything but
letters and digits around it, or at an end of a longer word; so are birth dates in the usual orders, NIRs, and the
numbers of invoices, patients and professionals. What is too short to tell (names of two letters, numbers of four
digits) is not looked for alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import chain

import msgspec

from connector_core.model.records import Coverage, Invoice, Patient, Practitioner
from connector_core.store.store import Store

_WORD = re.compile(r"[a-z0-9]+")
_DIGIT = re.compile(r"\d")
_OF_DOSSIERS = (Patient.record, Coverage.record, Invoice.record)
_CODES = ("id", "nir", "ins", "household", "member_number", "number", "accident_number", "rpps", "am_number")
"""Fields of these kinds that belong to one person or one invoice."""
_SHORTEST_NAME = 3
_SHORTEST_PART = 5
"""Letters of one word of a name of several."""
_SHORTEST_END = 6
"""Letters of a name that is found at an end of a longer word."""
_SHORTEST_CODE, _SHORTEST_NUMBER = 4, 5
"""Characters of a code with letters in it, and of one without."""
_SHORTEST_RUN = 8
_MOST_PARTS = 8
"""Characters of a number that may be written in several words, and how many these are."""


class People:
    """What tells people: their names, and whatever else belongs to one of them alone."""

    def __init__(self) -> None:
        self._phrases: set[str] = set()
        self._codes: set[str] = set()
        self._longest = 1

    @classmethod
    def of(cls, store: Store) -> People:
        """Everybody whom a store knows."""
        people = cls()
        for _, records in store.dossiers.of_kinds(*_OF_DOSSIERS):
            for each in chain.from_iterable(records):
                people.add(msgspec.structs.asdict(each))
        for each in store.shared.of(Practitioner.record):
            people.add(msgspec.structs.asdict(each))
        return people

    def add(self, record: Mapping[str, object]) -> None:
        """Whom a record names, by the fields of its kind."""
        names = [
            value if isinstance(value := record.get(name), str) else None for name in ("family_name", "given_name")
        ]
        born = record.get("birth_date")
        self.add_name(*names)
        self.add_day(born if isinstance(born, date) else None)
        self.add_codes(value if isinstance(value := record.get(name), str) else None for name in _CODES)

    def add_name(self, family: str | None, given: str | None) -> None:
        """The name of a person, either half of which may not be known."""
        halves = [_words(each) for each in (family, given) if each]
        for words in halves:
            if len("".join(words)) >= _SHORTEST_NAME:
                self._phrase(words)
            if len(words) > 1:
                for word in words:
                    if len(word) >= _SHORTEST_PART:
                        self._phrase([word])
        if len(halves) == 2:
            self._phrase([*halves[0], *halves[1]])
            self._phrase([*halves[1], *halves[0]])

    def add_day(self, born: date | None) -> None:
        """A birth date."""
        if born is not None:
            self._codes |= {f"{born:%Y%m%d}", f"{born:%d%m%Y}"}

    def add_codes(self, codes: Iterable[str | None]) -> None:
        """Numbers, and codes with letters in them."""
        for code in codes:
            joined = "".join(_words(code.rpartition(":")[2])) if code else ""
            if len(joined) >= (_SHORTEST_NUMBER if joined.isdecimal() else _SHORTEST_CODE) and _DIGIT.search(joined):
                self._codes.add(joined)

    def are_in(self, text: str) -> bool:
        """Whether a text names one of them."""
        words = _words(text)
        return (
            any(phrase in self._phrases for phrase in _runs(words, self._longest, " "))
            or any(word in self._codes for word in words)
            or any(code in self._codes for code in _runs(words, _MOST_PARTS, "") if len(code) >= _SHORTEST_RUN)
            or any(end in self._phrases for word in words for end in _ends(word))
        )

    def _phrase(self, words: list[str]) -> None:
        self._phrases.add(" ".join(words))
        self._longest = max(self._longest, len(words))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _WORD.findall(plain.lower())


def _runs(words: list[str], longest: int, between: str) -> Iterator[str]:
    """Every run of words, up to a length."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            yield between.join(words[start:end])


def _ends(word: str) -> Iterator[str]:
    """The beginnings and the endings of a word that might be a name."""
    for size in range(_SHORTEST_END, len(word)):
        yield word[:size]
        yield word[-size:]
