"""Guesses: right on the exports one meets, and never an error."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.formats.sniffing import guess_encoding, sniff

EXPORT = "Numéro;Nom;Prénom;Date acte;Montant;\r\n" + "".join(
    f"{day};MÉRIAU;Thérèse;{day:02}/03/2026;16,13;\r\n" for day in range(1, 25)
)


@pytest.mark.parametrize(
    ("written", "guessed"),
    [
        ("cp1252", "cp1252"),
        ("cp850", "cp850"),
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_an_export_is_recognised_in_any_encoding(written: str, guessed: str) -> None:
    data = EXPORT.encode(written)
    guess = sniff(data)
    assert guess.encoding == guessed
    assert (guess.separator, guess.quote, guess.header, guess.width) == (";", '"', 1, 6)
    assert guess.columns == ("Numéro", "Nom", "Prénom", "Date acte", "Montant", "")
    assert (guess.decimal, guess.date_form) == (",", "%d/%m/%Y")
    form = guess.format()
    assert form.columns(io.BytesIO(data)) == guess.columns
    assert len(list(form.rows(io.BytesIO(data)))) == 24


@pytest.mark.parametrize("text", ["THÉRÈSE;FRANÇOIS;ZOË", "Hélène;Gaëlle;Noël", "RÉÉDUCATION;MICHÈLE", "à;où;ça", "né"])
@pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
def test_accents_tell_windows_from_dos(text: str, encoding: str) -> None:
    assert guess_encoding(text.encode(encoding)) == encoding


def test_signs_of_windows_are_no_letters_of_dos() -> None:
    assert guess_encoding("5 €;l’été «x» – …".encode("cp1252")) == "cp1252"


def test_ascii_alone_is_called_utf8_so_that_nothing_is_misread() -> None:
    assert sniff(b"a;b\n1;2\n").encoding == "utf-8"


def test_a_character_cut_by_the_end_of_the_sample_does_not_matter() -> None:
    data = EXPORT.encode()
    assert sniff(data[: data.rindex("é".encode()) + 1]).encoding == "utf-8"


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_the_one_that_cuts_rows_alike(separator: str) -> None:
    text = separator.join(["nom", "note", "n"]) + "\n" + f'Dupont{separator}"a{separator}b\nc"{separator}3\n' * 5
    guess = sniff(text.encode())
    assert (guess.separator, guess.width, guess.header) == (separator, 3, 1)


def test_decimal_commas_do_not_make_a_comma_the_separator() -> None:
    guess = sniff(b"code;montant;reste\nAMS;16,13;4,84\nAMK;22,00;6,60\n")
    assert (guess.separator, guess.decimal) == (";", ",")


def test_a_header_after_a_preamble_is_found_at_its_line() -> None:
    guess = sniff(b"Export du 02/03/2026\n\nnom;n\xc3\xa9 le;acte\nA;01/02/1950;8.5\nB;2/3/1951;9.5\n")
    assert (guess.header, guess.columns) == (3, ("nom", "né le", "acte"))
    assert (guess.decimal, guess.date_form) == (".", "%d/%m/%Y")


@pytest.mark.parametrize("line", ["12;2026-01-02;3,5", "a;a;b", "a;;b", "01/02/2026 10:30;x;y"])
def test_values_are_no_header(line: str) -> None:
    assert sniff(f"{line}\n{line}\n".encode()).header == 0
    assert sniff(f"{line}\n{line}\n".encode()).columns == ()


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-03-31", "%Y-%m-%d"),
        ("31/03/26", "%d/%m/%y"),
        ("03/31/2026", "%m/%d/%Y"),
        ("31-03-2026", "%d-%m-%Y"),
        ("31.03.2026", "%d.%m.%Y"),
        ("20260331", "%Y%m%d"),
        ("31/03/2026 09:30:00", "%d/%m/%Y"),
        ("20261331", None),
        ("texte", None),
    ],
)
def test_date_forms(value: str, form: str | None) -> None:
    assert sniff(f"nom;jour\nA;{value}\n".encode()).date_form == form


def test_quotes_inside_cells_only_are_no_quoting() -> None:
    guess = sniff(b'nom;taille\nbande;5"\nbande;6"\n')
    assert guess.quote is None
    assert (guess.width, guess.header) == (2, 1)


@pytest.mark.parametrize("sample", [b"", b"\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'"' + b"x" * 200_000])
def test_a_sample_without_anything_gives_a_guess(sample: bytes) -> None:
    guess = sniff(sample)
    assert guess.separator == ";"
    assert guess.format().header == guess.header


@given(st.binary(max_size=300) | st.text(st.sampled_from('a1;,"\t|\r\n/é')).map(str.encode))
def test_any_sample_gives_a_guess_that_makes_a_format(sample: bytes) -> None:
    guess = sniff(sample)
    assert guess.format().encoding == guess.encoding
