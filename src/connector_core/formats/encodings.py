"""In which encoding a text is written, whatever it should be written in.

A byte order mark says it, and so do bytes outside ASCII that are UTF-8 throughout: no other text is. That much may be
read as it is. Between two encodings of one byte a character nothing is sure: `RenÚ` may be a name. There it is told
which one makes words, so that the text is refused by that name rather than read wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.physical import is_one_byte, known_encoding, mark_of

_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_TELLING = re.compile(rb"[A-Za-z\x80-\xff][\x80-\xff]|[\x80-\xff][A-Za-z]")
_CUT = re.compile(rb"[\x80-\xff]+\Z")
"""What may be a part of a character at the end of a beginning."""
_DOS = frozenset({"cp437", "cp850"})

_NO_LETTERS = frozenset("ƒµªºþÞðÐ")
"""Letters that no French word has, but that letters of French words become in another encoding."""
_BETWEEN = frozenset("’·–—")
"""Signs that stand between two letters."""
_BESIDE = frozenset("°ºª²³€…«»“”‘®©™µ\xa0") | _BETWEEN
"""Signs that stand beside one."""

_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "iso8859-1": "latin-1",
}

_AS_WINDOWS = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}

_Kind = Literal["utf-8", "cp1252", "cp850", ""]


class Written(NamedTuple):
    """How a text is written, as far as its beginning shows.

    `encoding` is what to read it with. `instead` is what it seems to be written in where that is another one, of which
    nothing is sure: it is not to be read then; "" otherwise. `doubtful` says that nothing shows whether the encoding
    that is expected is the right one: each row is to be asked.
    """

    encoding: str
    instead: str = ""
    doubtful: bool = False


def written_in(start: bytes, expected: str) -> Written:
    """How a text that should be in the encoding `expected` is written, by its beginning."""
    mark, announced = mark_of(start)
    encoding = known_encoding(expected)
    if mark:
        return Written(announced)
    if encoding.startswith("utf-16") or start.isascii():
        return Written(encoding, doubtful=is_one_byte(encoding))
    return _concluded(_seen_first(start), encoding)


def _concluded(found: _Seen, encoding: str) -> Written:
    if not is_one_byte(encoding):
        return Written(encoding, "" if found.utf8 >= found.cp1252 + found.cp850 + found.neither else found.likely)
    if found.utf8 > found.cp1252 + found.cp850:
        return Written("utf-8")
    own, other = (found.cp850, found.cp1252) if encoding in _DOS else (found.cp1252, found.cp850)
    if other > own:
        return Written(encoding, found.likely)
    return Written(encoding, doubtful=not own)


def text_of(raw: bytes, expected: str) -> str:
    """The text of a row of a doubtful file: read as UTF-8 where that is what it is.

    Raise `RowRefused` where it seems to be in another encoding, or can't be read.
    """
    if not _TELLING.search(raw):
        return _decoded(raw, expected)
    found = _concluded(_seen(raw), expected)
    if found.instead:
        raise RowRefused(
            f"le texte semble écrit en {encoding_name(found.instead)}, et non en {encoding_name(expected)} comme "
            f"attendu ; {_REMEDY}"
        )
    return _decoded(raw, found.encoding)


def as_windows(text: str) -> str:
    """A text that was read as latin-1 as what it is where it has characters that no text has: Windows software says
    latin-1 and writes cp1252."""
    return text.translate(_AS_WINDOWS)


def unreadable(raw: bytes, expected: str) -> str:
    """Why bytes can't be read in an encoding, and which they seem to be in."""
    likely = likely_encoding(raw, expected)
    reason = f"le texte contient des octets illisibles en {encoding_name(expected)}"
    return f"{reason} ; il semble écrit en {encoding_name(likely)}, {_REMEDY}" if likely else reason


def likely_encoding(raw: bytes, expected: str) -> str:
    """The encoding in which a row seems to be written where it is another one; "" where nothing says so."""
    found = _concluded(_seen(raw), known_encoding(expected))
    if found.instead:
        return found.instead
    return "" if encoding_name(found.encoding) == encoding_name(expected) else found.encoding


def refused_as(found: str, expected: str, by: str, otherwise: str) -> FileRefused:
    """The refusal of a file that seems to be written in another encoding than the one that `by` names (« X attend »);
    `otherwise` says whom to ask where the software itself writes it so."""
    name = encoding_name(found)
    return FileRefused(
        f"le fichier semble écrit en {name}, alors que {by} {encoding_name(expected)}",
        remedy="Relancez l'export sans enregistrer le fichier dans un autre programme ; si le logiciel l'écrit bien en "
        f"{name}, {otherwise}",
    )


def encoding_name(encoding: str) -> str:
    """An encoding as it is told to a person."""
    canonical = known_encoding(encoding)
    return _NAMES.get(canonical, canonical)


_REMEDY = "relancez l'export ou vérifiez l'encodage attendu"


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        pass
    raise RowRefused(unreadable(raw, encoding))


class _Seen(NamedTuple):
    """How many different words outside ASCII are words in one encoding only; `neither` are those of any or none."""

    utf8: int
    cp1252: int
    cp850: int
    neither: int

    @property
    def likely(self) -> str:
        return "cp850" if self.cp850 > self.cp1252 else "cp1252"


@lru_cache(maxsize=2)  # each table of each dialect asks about the same beginning
def _seen_first(start: bytes) -> _Seen:
    return _seen(_CUT.sub(b"", start))


def _seen(text: bytes) -> _Seen:
    lines = b"\n".join(line for line in text.splitlines() if not line.isascii())
    kinds = [_kind(word) for word in set(_WORD.findall(lines))]
    return _Seen(kinds.count("utf-8"), kinds.count("cp1252"), kinds.count("cp850"), kinds.count(""))


@lru_cache(maxsize=4096)
def _kind(word: bytes) -> _Kind:
    if _reads(word, "utf-8") is not None:
        return "utf-8"
    windows, dos = (_is_word(_reads(word, encoding)) for encoding in ("cp1252", "cp850"))
    if windows == dos:
        return ""
    return "cp1252" if windows else "cp850"


def _reads(word: bytes, encoding: str) -> str | None:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_word(text: str | None) -> bool:
    """Whether the characters outside ASCII stand where such characters stand in French and in names."""
    if text is None:
        return False
    around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return all(here.isascii() or _fits(before, here, after) for before, here, after in around)


def _fits(before: str, here: str, after: str) -> bool:
    if (here.isupper() or here.islower()) and here not in _NO_LETTERS:
        within_capitals = before.isupper() and after.isupper()
        begins_late = before.islower() or (before.isalpha() and after.islower())
        return not (begins_late if here.isupper() else within_capitals)
    if before.isalpha() and after.isalpha():
        return here in _BETWEEN
    return here in _BESIDE or not (before.isalpha() or after.isalpha())
