"""In which encoding a text is written, by its beginning, and what is said of rows that are in another."""

from __future__ import annotations

import codecs

import pytest

from connector_core.errors import RowRefused
from connector_core.formats.encodings import encoding_name, likely_encoding, text_of, unreadable, written_in

NAMES = "René;Hélène;François;Chloé;ZOÉ;AOÛT;Loïc;Hôpital;maître;forêt;Muñoz;Jürgen"
CODE_PAGES = ("cp1252", "cp850")


@pytest.mark.parametrize("expected", ["cp1252", "latin-1", "iso8859-15"])
def test_windows_text_is_what_is_expected(expected: str) -> None:
    found = written_in(NAMES.encode("cp1252"), expected)
    assert (found.instead, found.doubtful) == ("", False)


@pytest.mark.parametrize("name", NAMES.split(";"))
@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_a_name_is_never_taken_for_the_other_code_page(name: str, encoding: str) -> None:
    other = CODE_PAGES[encoding == "cp1252"]
    assert written_in(name.encode(encoding) + b";", encoding).instead == ""
    assert written_in(name.encode(encoding) + b";", other).instead == encoding
    assert written_in(name.encode() + b";", encoding).encoding == "utf-8"


@pytest.mark.parametrize(
    "name", ["LÚCIA", "Lúcia", "N° 3", "12 €", "à", "Paris–Lyon", "CŒUR", "l’acte", "« x »", "JÓZEF", "5 µg"]
)
def test_what_is_rightly_in_windows_is_let_through(name: str) -> None:
    raw = name.encode("cp1252")
    assert written_in(raw + b";", "cp1252").instead == ""
    assert text_of(raw, "cp1252") == name


@pytest.mark.parametrize(
    ("start", "expected", "encoding"),
    [
        (codecs.BOM_UTF8 + b"a", "cp1252", "utf-8"),
        (codecs.BOM_UTF16_LE + b"a\0", "cp850", "utf-16-le"),
        (codecs.BOM_UTF16_BE + b"\0a", "utf-8", "utf-16-be"),
        ("é".encode("utf-16-le"), "utf-16-le", "utf-16-le"),
    ],
)
def test_a_mark_says_the_encoding(start: bytes, expected: str, encoding: str) -> None:
    assert written_in(start, expected) == (encoding, "", False)


def test_ascii_shows_nothing() -> None:
    assert written_in(b"abc", "cp1252") == ("cp1252", "", True)
    assert written_in(b"abc", "utf-8") == ("utf-8", "", False)
    assert written_in(b"12 \x80;", "cp1252") == ("cp1252", "", True)


def test_one_damaged_word_does_not_make_a_text_another() -> None:
    text = NAMES.encode() + b";Zo\xe9;"
    assert written_in(text, "cp1252") == ("utf-8", "", False)
    assert written_in(text, "utf-8") == ("utf-8", "", False)
    garbled = NAMES.encode("cp1252") + ";Zoé;".encode("cp850")
    assert written_in(garbled, "cp1252") == ("cp1252", "", False)


def test_what_is_not_utf_8_is_named() -> None:
    assert written_in(NAMES.encode("cp850"), "utf-8") == ("utf-8", "cp850", False)
    assert written_in(NAMES.encode("cp1252"), "utf-8") == ("utf-8", "cp1252", False)
    assert unreadable("Zoé".encode("cp850"), "utf-8").startswith(
        "le texte contient des octets illisibles en UTF-8 ; il semble écrit en cp850"
    )


def test_a_doubtful_row_is_read_or_refused() -> None:
    assert text_of("Zoé".encode(), "cp850") == "Zoé"
    assert text_of("Zoé".encode("cp850"), "cp850") == "Zoé"
    with pytest.raises(RowRefused, match="semble écrit en cp1252, et non en cp850"):
        text_of("Zoé".encode("cp1252"), "cp850")


def test_the_last_word_of_a_row_counts() -> None:
    assert likely_encoding("Zoé".encode("cp1252"), "cp850") == "cp1252"
    assert likely_encoding("Zoé".encode(), "cp850") == "utf-8"
    assert likely_encoding(b"Zoe", "cp850") == ""


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8-sig", "UTF-8"), ("utf-16-be", "UTF-16"), ("latin-1", "latin-1"), ("850", "cp850")]
)
def test_encodings_have_the_names_that_people_use(encoding: str, name: str) -> None:
    assert encoding_name(encoding) == name
