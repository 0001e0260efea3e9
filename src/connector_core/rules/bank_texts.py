"""What the label of a transfer and the text of a bank credit have in common.

A bank prints the label of a transfer cut, in capitals, amid words of its own. Two things speak for a pair: a reference,
which is a word with digits that few transfers and few credits bear; and the name of the payer, all the words of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[A-Z0-9]+")
_SHORTEST_REFERENCE = 5
_SHORTEST_NAME = 3
_SHARED_BY = 4
"""A word that more transfers or credits bear (the number of the practitioner) tells none of them apart."""
_COMMON = frozenset(
    "VIR VIRT VIREMENT SEPA INST RECU FAVEUR NOEMIE TIERS PAYANT PAIEMENT REGLEMENT PRESTATIONS REMBOURSEMENT FACTURES "
    "LOT LOTS AMO AMC REF REFERENCE MOTIF NOTPROVIDED THE DES LES DU DE LA LE ET POUR PAR SUR AUX".split()
)


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """A text in capitals, without accents, its words set apart by one space."""
    capitals = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return " ".join(_WORD.findall(capitals))


def references(text: str) -> frozenset[str]:
    """The words of a plain text that may be a reference."""
    return frozenset(word for word in text.split() if len(word) >= _SHORTEST_REFERENCE and not word.isalpha())


def names(text: str) -> frozenset[str]:
    """The words of a plain text that may name someone."""
    return frozenset(
        word for word in text.split() if len(word) >= _SHORTEST_NAME and word.isalpha() and word not in _COMMON
    )


@dataclass(frozen=True, slots=True)
class Payer:
    """What a transfer says of itself, ready to be looked for: distinctive references, and the words of the name."""

    references: frozenset[str]
    names: frozenset[str]
    body: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What a credit says, ready to be searched: all its words, and those of them that are distinctive references."""

    words: frozenset[str]
    references: frozenset[str]


class Texts:
    """Which words are distinctive, among all that transfers and credits say."""

    def __init__(self, announced: Iterable[str], printed: Iterable[str]) -> None:
        self._distinctive = _rare(announced) & _rare(printed)

    def payer(self, label: str, body: str) -> Payer:
        label, body = plain(label), plain(body)
        found = names(label) or names(body)
        return Payer(references(label) & self._distinctive, found, body.replace(" ", ""))

    def printed(self, text: str) -> Printed:
        words = frozenset(plain(text).split())
        return Printed(words, references(plain(text)) & self._distinctive)


def bears_reference(payer: Payer, printed: Printed) -> bool:
    """Whether a credit bears a reference of a transfer."""
    return not payer.references.isdisjoint(printed.references)


def bears_name(payer: Payer, printed: Printed) -> bool:
    """Whether a credit bears the whole name of a payer, or its number."""
    named = bool(payer.names) and payer.names <= printed.words
    return named or (len(payer.body) >= _SHORTEST_REFERENCE and payer.body in printed.words)


def _rare(texts: Iterable[str], words: Callable[[str], frozenset[str]] = references) -> frozenset[str]:
    """The words that some of these texts bear, and no more than few."""
    counted = Counter(word for text in texts for word in words(plain(text)))
    return frozenset(word for word, number in counted.items() if number <= _SHARED_BY)
