"""What is kept out of a support bundle: secrets, numbers, what names the practice, and the people of the store."""

from __future__ import annotations

import base64
import re
from datetime import date
from urllib.parse import quote

import pytest

from connector_core.diagnose.support.exact import Exact, digest, moment, version
from connector_core.diagnose.support.people import People
from connector_core.diagnose.support.redaction import PersonNamed, Redaction

SECRET = "s3cr/et é+x"
PEOPLE = People()
PEOPLE.add_name("D'Ozvray-Maltignol", "Zoé")
PEOPLE.add_name("Ng", "Li")
PEOPLE.add_name("LE GOUVELLEC", "Marie Ange")
PEOPLE.add_day(date(1980, 3, 2))
PEOPLE.add_codes(["P0017", "2800399999901", "vega:FA-17", "712", "31112", None])


def shown(text: str, redaction: Redaction = Redaction(people=PEOPLE)) -> object:  # noqa: B008  # it is frozen
    return redaction.of({"said": text})[0]["said"]  # type: ignore[index,call-overload]  # what was given


@pytest.mark.parametrize(
    "text",
    [
        "D'OZVRAY-MALTIGNOL",
        "d ozvray maltignol",
        "le dossier de Maltignol",
        "ozvray_2",
        r"D:\Exports\maltignol\a",
        "zoé",
        "ZOE",
        "exportmaltignol",
        "MaltignolZoe",
        "li ng",
        "NG Li",
        "Le Gouvellec",
        "gouvellec",
        "marie-ange",
        "P0017",
        "dossier p0017.",
        "FA17",
    ],
)
def test_a_person_of_the_store_is_found_however_written(text: str) -> None:
    assert shown(text) == "[retiré]"


@pytest.mark.parametrize("text", ["ng", "li", "le", "P0018", "le magasin s'ouvre", "ozvra", "712 fichiers", "mariee"])
def test_what_names_nobody_stays(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("text", ["1980-03-02", "02031980", "2800399999901", "280 039 999 9901"])
def test_a_person_is_found_where_digits_are_kept(text: str) -> None:
    assert shown(Exact(text)) == "[retiré]"


def test_versions_and_instants_are_not_taken_for_numbers_of_invoices() -> None:
    kept = [version("3.11.12"), moment("2026-11-22T18:00:00+00:00"), digest("3f35e1b7f276a1d4"), version("2025.11.12")]
    assert [shown(each) for each in kept if each is not None] == kept


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("né le 02/03/81", "né le #"),
        ("né le 2-3-1981", "né le #"),
        ("19810302", "#"),
        ("1981.03.02", "#"),
        ("1981-03-02T10:00:00Z", "#"),
        ("au 2026-11-22T18:00:00+00:00", "au 2026-11-22T18:00:00+00:00"),
        ("à 06:30, puis 07:00:00", "à 06:30, puis 07:00:00"),
        ("06 12 34 56 78", "#"),
        ("+33 6.12.34.56.78", "+#"),
        ("1 85 05 78 006 084 36", "#"),
        ("1 85 05 2A 006 084 36", "#"),
        ("FR76 3000 6000 0112 3456 7890 189", "#"),
        ("zoe.x@example.org", "#"),
        ("facture 00001001", "facture #"),
        ("300 lignes, 2026", "300 lignes, 2026"),
        (r"C:\Users\Anne Durand\Exports", r"C:\Users\[compte]\Exports"),
        (r"c:\users\Anne Durand", r"c:\users\[compte]"),
        ("/home/anne/exports", "/home/[compte]/exports"),
        ("/home/anne : refusé", "/home/[compte] : refusé"),
        ("firebird://anne@localhost/D:/BASE.FDB", "firebird://[compte]@localhost/D:/BASE.FDB"),
        ("S-1-5-21-1-2-3-1001 y entre", "[compte] y entre"),
    ],
)
def test_numbers_and_accounts_become_signs(text: str, left: str) -> None:
    assert shown(text, Redaction()) == left


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        Exact(SECRET.encode().hex()),
    ],
)
def test_a_secret_is_found_however_written(text: str) -> None:
    said = shown(
        type(text)(f"{text}") if isinstance(text, Exact) else f"a {text} b", Redaction(secrets=[SECRET, "x", ""])
    )
    assert isinstance(said, str)
    assert said.replace("[secret]", "").replace("=", "") in ("", "a  b")


def test_a_name_that_a_long_text_is_cut_in_is_found() -> None:
    assert shown(f"{'a ' * 998}Maltignol {'b' * 100_000}") == "[retiré]"


def test_a_secret_that_holds_another_is_taken_whole() -> None:
    assert shown("abcdefgh abcd", Redaction(secrets=["abcd", "abcdefgh"])) == "[secret] [secret]"


def test_what_names_the_practice_is_replaced_as_a_word() -> None:
    redaction = Redaction(hidden={"Cabinet des Tilleuls": "[cabinet]", "marie": "[compte]", "X": "[compte]"})
    assert shown("CABINET DES TILLEULS, Marie, mariee, X", redaction) == "[cabinet], [compte], mariee, X"


def test_an_account_that_is_called_like_a_key_takes_nothing_with_it() -> None:
    content, _ = Redaction(hidden={"service": "[compte]"}).of({"service": "service"})
    assert content == {"service": "[compte]"}


def test_what_a_plugin_calls_sensitive_becomes_a_sign() -> None:
    assert shown("dossier VG-AB12", Redaction(patterns=[re.compile("VG-[A-Z]{2}[0-9]{2}")])) == "dossier #"


def test_a_number_that_may_be_a_nir_is_none_of_ours() -> None:
    content, _ = Redaction().of(
        {"rows": 2_800_399_999_901, "bytes": 62_276_366_336, "share": 0.5, "on": True, "no": None}
    )
    assert content == {"rows": "#", "bytes": 62_276_366_336, "share": 0.5, "on": True, "no": None}


@pytest.mark.parametrize("key", ["Maltignol", "s3cr", "02/03/1980", "n 0612345678"])
def test_a_key_that_names_somebody_takes_the_piece_with_it(key: str) -> None:
    with pytest.raises(PersonNamed):
        Redaction(secrets=["s3cr"], people=PEOPLE).of({"tables": [{key: 1}]})


def test_what_was_done_is_counted() -> None:
    _, counts = Redaction(people=PEOPLE).of(["zoé", "rien", "06 12 34 56 78", "a"])
    assert (counts.changed, counts.left_out) == (1, 1)


def test_nothing_but_plain_values_gets_in() -> None:
    with pytest.raises(TypeError):
        Redaction().of({"at": date(2026, 1, 1)})


@pytest.mark.parametrize("text", ["", "abc", "3.11.12 ; rm", "1980-03-02", "Dupont"])
def test_only_what_has_the_form_keeps_its_digits(text: str) -> None:
    assert not isinstance(digest(text), Exact)
    assert moment(text) is None
    assert not isinstance(version(text), Exact) or text == "1980-03-02"
