"""Letters, messages and quotes: what they say, in text and in PDF, and what becomes of a template that is wrong."""

from __future__ import annotations

import re
import stat
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
from pypdf import PdfReader

from connector_core.deliver.letters.compose import Composer, file_name, wrong_templates
from connector_core.deliver.letters.draft import Draft, Sender
from connector_core.deliver.letters.files import LettersError, write_drafts
from connector_core.deliver.letters.pdf import render_pdf
from connector_core.deliver.letters.templating import NAMES, Templates, shipped
from connector_core.deliver.letters.text import render_text
from connector_core.errors import ConfigurationError
from connector_core.model.records import Act, Patient, Practitioner
from connector_core.model.vocabulary import ReminderChannel
from connector_core.money.ledger import Debt
from connector_core.money.quotes import QuoteDue
from connector_core.money.reminders import Claim, NextStep, Step, Tone
from connector_core.rules.parts import Debtor

DAY = date(2026, 3, 2)
SENDER = Sender(
    "Cabinet de l'Été",
    timedelta(15),
    ("12 rue des Tilleuls", "35000 Rennes"),
    "Rennes",
    "02 99 00 00 00",
    "cabinet@example.org",
    "Vous pouvez régler par chèque ou par virement.",
)
BARE = Sender("Cabinet", timedelta(15))
PATIENTS = {
    "p1": Patient(id="p1", family_name="Legrand-Œuvrard", given_name="Zoé", sex="F", birth_date=date(1980, 1, 1)),
    "p2": Patient(id="p2", family_name="Țepeș", given_name="<b>Chloé</b> & Cie", birth_date=date(2015, 1, 1)),
    "p3": Patient(id="p3", family_name="Martin", sex="M", birth_date=date(2008, 3, 2)),
    "p4": Patient(id="p4", family_name="Martin", sex="M", birth_date=date(2008, 3, 3)),
}
PRACTITIONERS = {
    "mk1": Practitioner(id="mk1", profession="MK", family_name="Durand", given_name="Marie", am_number="357000001"),
    "mk2": Practitioner(id="mk2", profession="MK"),
}
DEBTORS: tuple[tuple[Debtor, str], ...] = (("PATIENT", "p1"), ("AMO", "019990000"), ("AMC", "99900017"))
TONES: tuple[Tone, ...] = ("cordial", "ferme", "dernier")
CHANNELS: tuple[ReminderChannel, ...] = ("email", "letter", "sms", "phone")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "courriers"
    folder.mkdir()
    return folder


def composer(own: Path, sender: Sender = SENDER) -> Composer:
    return Composer(sender, Templates(own), DAY, PATIENTS, PRACTITIONERS)


def step(
    debtor: Debtor = "PATIENT",
    debtor_id: str = "p1",
    tone: Tone = "ferme",
    channel: ReminderChannel = "letter",
    amounts: tuple[str, ...] = ("1234.50", "16.13"),
    reminded_on: date | None = None,
    practitioners: tuple[str, ...] = ("mk1",),
) -> tuple[Step, NextStep]:
    given = tuple(
        Claim(
            Debt(
                debtor,
                debtor_id,
                "p1",
                practitioners[index % len(practitioners)],
                f"f{index}",
                f"{1200 + index}",
                Decimal(amount),
                date(2026, 1, 5) + timedelta(index),
                "waiting",
            ),
            0,
            reminded_on,
            "112",
        )
        for index, amount in enumerate(amounts)
    )
    found = Step(2, timedelta(30), channel, tone, Decimal(0))
    return found, NextStep(debtor, debtor_id, "due", found, DAY, given, (), "low", ())


def act(name: str, amount: str, excess: str | None = None, **fields: object) -> Act:
    return Act.model_validate(
        {
            "id": name,
            "patient_id": "p1",
            "practitioner_id": "mk1",
            "performed_on": DAY,
            "letter": "RAM",
            "coefficient": Decimal("8.09"),
            "amount": Decimal(amount),
            "excess": None if excess is None else Decimal(excess),
            **fields,
        }
    )


def quote(patient: str = "p1") -> QuoteDue:
    acts = (act("a1", "37.88", "20.00", label="Genou"), act("a2", "2.50", letter="IFD", coefficient=Decimal(1)))
    return QuoteDue(patient, "mk1", DAY, acts, Decimal("40.38"), Decimal("20.00"), ("FIN-DEVIS-ULT",), True)


def text(draft: Draft) -> str:
    return plain(render_text(draft).decode())


def pages(draft: Draft) -> list[str]:
    return [plain(page.extract_text()) for page in PdfReader(BytesIO(render_pdf(draft))).pages]


def plain(given: str) -> str:
    return re.sub(r"[ \u00a0\u202f]+", " ", given).replace("’", "'")


@pytest.mark.parametrize("sender", [SENDER, BARE], ids=["told", "bare"])
@pytest.mark.parametrize("reminded_on", [None, date(2026, 2, 1)], ids=["first", "again"])
@pytest.mark.parametrize(("debtor", "tone", "channel"), list(product(DEBTORS, TONES, CHANNELS)))
def test_every_draft_is_whole(
    own: Path,
    sender: Sender,
    reminded_on: date | None,
    debtor: tuple[Debtor, str],
    tone: Tone,
    channel: ReminderChannel,
) -> None:
    draft = composer(own, sender).reminder(*step(*debtor, tone, channel, reminded_on=reminded_on))
    written = text(draft)
    assert "1 250,63 €" in written
    assert sender.name.replace("’", "'") in written
    assert not re.search(r"[{}%\ue000-\uf8ff]|None|  \S|\n\n\n| ,|\.\.$", re.sub(r"\.{3,}", "", written))
    if channel in ("email", "letter"):
        assert ("1er février 2026" in written) == (reminded_on is not None and tone != "cordial")
    if debtor[0] != "PATIENT":
        assert "LEGRAND" not in written


@pytest.mark.parametrize("channel", CHANNELS)
def test_french_typography(own: Path, channel: ReminderChannel) -> None:
    written = render_text(composer(own).reminder(*step(channel=channel))).decode()
    assert "1\u202f250,63\u202f€" in written
    assert not re.search(r" [;!?:»€]|« |\w'\w", written)


def test_a_letter_as_text(own: Path) -> None:
    written = text(composer(own).reminder(*step(amounts=("1234.50",), reminded_on=date(2026, 2, 1))))
    assert written.split("\n\n") == [
        "Cabinet de l'Été\n12 rue des Tilleuls\n35000 Rennes\n02 99 00 00 00\ncabinet@example.org",
        "Zoé LEGRAND-ŒUVRARD",
        "Rennes, le 2 mars 2026",
        "Objet : Rappel de règlement",
        "Madame,",
        "Un rappel vous a été adressé le 1er février 2026. À ce jour, sauf erreur de notre part, la facture suivante "
        "reste à régler :",
        "– facture n° 1200 du 05/01/2026 : 1 234,50 €",
        "Nous vous remercions de bien vouloir régler cette somme avant le 17 mars 2026. Vous pouvez régler par chèque "
        "ou par virement.",
        "Si ce règlement vous est difficile, dites-le-nous : nous pouvons convenir d'un paiement en plusieurs fois. "
        "Pour cela, vous pouvez nous joindre au 02 99 00 00 00 ou à l'adresse cabinet@example.org.",
        "Si vous avez réglé entre-temps, merci de ne pas tenir compte de ce courrier.",
        "Nous vous prions d'agréer, Madame, nos salutations distinguées.",
        "Cabinet de l'Été\n",
    ]


@pytest.mark.parametrize("amounts", [("1250.63",), ("1234.50", "16.13")], ids=["one", "two"])
@pytest.mark.parametrize(("debtor", "tone", "channel"), list(product(DEBTORS, TONES, CHANNELS)))
def test_the_sum_is_said_once_and_who_writes_after_the_greeting(
    own: Path, debtor: tuple[Debtor, str], tone: Tone, channel: ReminderChannel, amounts: tuple[str, ...]
) -> None:
    draft = composer(own).reminder(*step(*debtor, tone, channel, amounts))
    written = text(draft)
    assert written.count("1 250,63 €") == 1
    assert pages(draft)[0].count("1 250,63 €") == 1
    assert ("Total" in written) == (len(amounts) > 1 and channel != "sms")
    assert not re.search(r"vous pouvez[^.?]*vous pouvez|expression de nos salutations", written)
    if channel in ("email", "letter"):
        greeting, signed = written.strip().split("\n\n")[-2:]
        assert greeting == "Bien cordialement," or greeting.endswith("nos salutations distinguées.")
        named = [] if debtor[0] == "PATIENT" else ["Marie DURAND, n° AM 357000001"]
        assert signed.split("\n") == ["Cabinet de l'Été", *named]


@pytest.mark.parametrize("debtor", DEBTORS)
def test_the_pdf_says_what_the_text_says(own: Path, debtor: tuple[Debtor, str]) -> None:
    draft = composer(own).reminder(*step(*debtor, "dernier"))
    (page,) = pages(draft)
    words = page.split()
    for paragraph in draft.blocks:
        if isinstance(paragraph, str):
            said = plain(paragraph).split()
            assert " ".join(said) in " ".join(words)
    for told in ("1200", "1 234,50 €", "16,13 €", "Total", "1 250,63 €", "Rennes, le 2 mars 2026", "Cabinet de l'Été"):
        assert told in page


def test_the_pdf_is_a4_french_and_has_its_font_inside(own: Path) -> None:
    reader = PdfReader(BytesIO(render_pdf(composer(own).reminder(*step()))))
    width, height = reader.pages[0].mediabox[2:]
    assert (round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) == (210, 297)
    assert str(reader.root_object["/Lang"]) == "fr-FR"
    assert reader.metadata is not None
    assert "LEGRAND" not in str(dict(reader.metadata))
    raw = render_pdf(composer(own).reminder(*step()))
    assert b"/FontFile2" in raw
    assert b"/URI" not in raw
    assert raw == render_pdf(composer(own).reminder(*step()))


def test_a_long_list_goes_on_with_its_heads(own: Path) -> None:
    found = pages(composer(own).reminder(*step("AMO", "019990000", amounts=("16.13",) * 90)))
    assert len(found) > 1
    assert all("Reste dû" in page for page in found[:-1])
    numbers = re.findall(r"\b1[23]\d\d\b", " ".join(found))
    assert set(map(str, range(1200, 1290))) <= set(numbers)
    assert "page 2" in found[1]


def test_what_comes_from_a_file_is_never_markup(own: Path) -> None:
    draft = composer(own).reminder(*step(debtor_id="p2"))
    (page,) = pages(draft)
    assert "<b>Chloé</b> & Cie" in page
    assert "TEPES" in page.upper()
    assert "<b>Chloé</b> & Cie ȚEPEȘ" in text(draft)


def test_a_minor_is_written_to_through_their_parents(own: Path) -> None:
    assert "Madame, Monsieur," in text(composer(own).reminder(*step(debtor_id="p2")))
    assert "Aux représentants légaux de" in text(composer(own).reminder(*step(debtor_id="p4")))
    grown = text(composer(own).reminder(*step(debtor_id="p3")))
    assert "représentants" not in grown
    assert "Monsieur," in grown
    assert "Madame" not in grown


def test_a_payer_s_letter_names_each_practitioner_where_there_are_several(own: Path) -> None:
    alone = composer(own).reminder(*step("AMO", "019990000"))
    assert "Marie DURAND, n° AM 357000001" in text(alone)
    assert "Praticien" not in pages(alone)[0]
    (both,) = pages(composer(own).reminder(*step("AMO", "019990000", practitioners=("mk1", "mk2"))))
    assert "Praticien" in both
    assert "Nom du praticien à" in both
    assert "mk2" not in both


@pytest.mark.parametrize("debtor", DEBTORS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_no_draft_shows_an_id_of_our_own(own: Path, debtor: tuple[Debtor, str], channel: ReminderChannel) -> None:
    unnamed = Composer(SENDER, Templates(own), DAY, PATIENTS, {})
    found = text(unnamed.reminder(*step(*debtor, channel=channel, practitioners=("source:mk8", "source:mk9"))))
    assert not re.search(r"mk\d", found)
    if debtor[0] != "PATIENT" and channel != "sms":
        assert "Nom du praticien à compléter" in found
    assert not re.search(r"mk\d", text(unnamed.quote(quote())))


def test_a_call_is_prepared_for_whom_it_is_made_to(own: Path) -> None:
    patient = text(composer(own).reminder(*step(channel="phone")))
    assert "sans parler des soins si une autre personne répond" in patient
    for debtor in DEBTORS[1:]:
        payer = text(composer(own).reminder(*step(*debtor, channel="phone")))
        assert "une autre personne" not in payer
        assert "Marie DURAND, n° AM 357000001" in payer
        assert "pour quel motif" in payer
        assert "lot n° 112" in payer


def test_an_unknown_amount_is_in_no_letter(own: Path) -> None:
    found, each = step()
    unknown = Claim(replace(each.claims[0].debt, amount=None), 0, None)
    with pytest.raises(ValueError, match="unknown amount"):
        composer(own).reminder(found, NextStep("PATIENT", "p1", "due", found, DAY, (unknown,), (), "low", ()))


def test_a_quote(own: Path) -> None:
    draft = composer(own).quote(quote())
    (page,) = pages(draft)
    for said in (text(draft), page):
        for told in (
            "Zoé LEGRAND-ŒUVRARD",
            "1er janvier 1980",
            "Marie DURAND",
            "RAM 8,09 (Genou)",
            "37,88 €",
            "20,00 €",
            "40,38 €",
            "L.1111-3",
            "Le praticien",
            "Le patient ou son représentant légal",
        ):
            assert told in said
    assert "Nom à compléter" in text(composer(own).quote(quote("p9")))


def test_every_template_ships_and_has_a_subject() -> None:
    assert len(NAMES) == 13
    for name in NAMES:
        assert ("\nObjet : " in shipped(name)) == (name != "sms")


def test_the_practice_s_own_template_goes_first(own: Path) -> None:
    (own / "patient-ferme.txt").write_bytes("\ufeffOBJET: Essai\r\n\r\nBonjour {{ total }} : merci !\r\n".encode())
    draft = composer(own).reminder(*step())
    assert (draft.subject, draft.blocks) == ("Essai", ("Bonjour 1\u202f250,63\u202f€\u00a0: merci\u202f!",))


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        ("Objet : A\n\n{{ totl }}\n", ", ligne 3 : ", "mot inconnu « totl ». Vouliez-vous dire « total » ?"),
        ("Objet : A\n\n\n{{ total \n", ", ligne ", "n'est pas fermée"),
        ("Objet : A\n{% if total %}\n", ", ligne ", "n'est pas fermée"),
        ("Bonjour\n", " : ", "n'a pas d'objet"),
        ("Objet : A\n\n{{ total + 1 }}\n", ", ligne 3 : ", "ne peut pas être rempli (TypeError)"),
        ("Objet : A\n\n{{ total.__class__.__mro__ }}\n", ", ligne 3 : ", "ne peut pas être rempli (SecurityError)"),
        ("Objet : A\n{% include 'devis.txt' %}\n", ", ligne 2 : ", "ne peut pas être rempli"),
    ],
)
def test_a_wrong_template_is_told_with_its_line(own: Path, content: str, place: str, what: str) -> None:
    path = own / "patient-ferme.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        composer(own).reminder(*step())
    told = plain(str(refused.value))
    assert told.startswith(f"{path}{place}")
    assert what in told
    assert "1 250,63" not in told
    assert [str(each) for each in wrong_templates(Templates(own), SENDER)] == [str(refused.value)]


def test_a_template_in_another_encoding(own: Path) -> None:
    (own / "sms.txt").write_bytes("Bonjour,\nété".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"sms\.txt, ligne 2 : .*UTF-8"):
        composer(own).reminder(*step(channel="sms"))


def test_the_shipped_templates_are_right(own: Path) -> None:
    assert list(wrong_templates(Templates(own), BARE)) == []
    assert list(wrong_templates(Templates(own / "none"), SENDER)) == []


def test_a_wrong_template_costs_its_own_letters_only(own: Path, tmp_path: Path) -> None:
    (own / "patient-ferme.txt").write_text("Objet : A\n\n{{ totl }}", encoding="utf-8")
    made = composer(own)
    drafts = [
        partial(made.reminder, *step()),
        partial(made.reminder, *step(debtor_id="p3")),
        partial(made.reminder, *step("AMO", "019990000")),
    ]
    found = write_drafts(drafts, tmp_path / "out" / "deep")
    assert len(found.problems) == 1
    assert sorted(path.suffix for path in found.written) == [".pdf", ".txt"]
    assert all("caisse-019990000" in path.name for path in found.written)


def test_drafts_are_readable_by_their_owner_and_never_replaced(own: Path, tmp_path: Path) -> None:
    made = [
        partial(composer(own).reminder, *step()),
        partial(composer(own).reminder, *step("AMC", "7", channel="email")),
    ]
    folder = tmp_path / "out"
    first = write_drafts(made, folder)
    assert len(first.written) == 3
    if sys.platform != "win32":
        assert {stat.S_IMODE(path.stat().st_mode) for path in first.written} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    edited = next(path for path in first.written if path.suffix == ".txt")
    edited.write_text("retouché", encoding="utf-8")
    again = write_drafts(made, folder)
    assert (again.written, sorted(again.kept)) == ([], sorted(first.written))
    assert edited.read_text(encoding="utf-8") == "retouché"


def test_a_folder_that_can_not_be_made(own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LettersError, match="écriture impossible"):
        write_drafts([], tmp_path / "file" / "out")


def test_without_reportlab_texts_are_written(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "reportlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "reportlab", None)
    made = composer(own)
    found = write_drafts([partial(made.reminder, *step()), partial(made.reminder, *step(debtor_id="p3"))], tmp_path)
    assert {path.suffix for path in found.written} == {".txt"}
    assert len(found.written) == 2
    (problem,) = found.problems
    assert "connector-core[letters]" in str(problem)


def test_names_of_files_hold_no_name_of_a_person_and_stay_apart(own: Path) -> None:
    draft = composer(own).reminder(*step())
    assert draft.file == "2026-03-02-relance-2-patient-p1"
    names = [file_name(DAY, "devis", each) for each in ("vega:P1", "vega:p1", "vega-p1", "é/\\..", "x" * 99, "x" * 98)]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", name) for name in names)


def test_templates_are_copied_once(own: Path) -> None:
    (own / "sms.txt").write_text("à moi", encoding="utf-8")
    (own / "patient-cordiale.txt").write_text("Objet : A", encoding="utf-8")
    written, kept = Templates(own).copy_missing()
    assert {path.stem for path in written} == set(NAMES) - {"sms"}
    assert [path.stem for path in kept] == ["sms"]
    assert (own / "devis.txt").read_text(encoding="utf-8") == shipped("devis")
    (problem,) = Templates(own).unknown()
    assert "« patient-cordial »" in str(problem)
