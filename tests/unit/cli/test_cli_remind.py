"""`connector remind` and `connector quotes`."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

LOT = {"record": "lot", "id": "l1", "number": "12", "sent_on": "2026-01-06", "arl": "positive", "arl_on": "2026-01-07"}
CAISSE = {"record": "coverage", "id": "d1", "patient_id": "p1", "payer": "AMO", "organisation": "019990000"}
DEAD = {"record": "patient", "id": "p2", "family_name": "FEU-SECRET", "deceased_on": "2026-01-20"}
FILED = {"record": "patient", "id": "p3", "family_name": "RANGÉ", "archived": True}


def invoice(number: str, patient: str = "p1", **values: object) -> dict[str, Any]:
    return {
        "record": "invoice",
        "id": f"f{number}",
        "patient_id": patient,
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": "2026-01-05",
        "lot_id": "l1",
        "third_party": "AMO",
        "total": "80.00",
        "amo_claimed": "18.00",
        "patient_share": "62.00",
        **values,
    }


REMINDED = {
    "record": "reminder",
    "id": "r1",
    "patient_id": "p1",
    "invoice_id": "f1",
    "sent_on": "2026-02-06",
    "level": 1,
    "addressee": "PATIENT",
}


@pytest.fixture
def owing(practice, monkeypatch):
    """A patient reminded once, one who has died, one whose dossier is archived; the caisse owes for the first."""
    practice.configure("[practice]\nname = \"Cabinet de l'Été\"\n[letters]\ntown = 'Rennes'\n")
    nothing = {"amo_claimed": "0.00"}
    practice.take(
        practice.export(
            LOT,
            CAISSE,
            DEAD,
            FILED,
            invoice("1"),
            REMINDED,
            invoice("2", "p2", **nothing),
            invoice("3", "p3", **nothing),
            invoice("4", amo_claimed=None, patient_share="0.00"),
        )
    )
    monkeypatch.setattr("connector_core.service.places.today", lambda _: date(2026, 3, 2))
    return practice


def test_whom_to_remind_today(owing) -> None:
    found = owing.json("remind", code=1)
    assert (found["as_of"], found["due"]) == ("2026-03-02", "80.00")
    patient, caisse, *others = found["debtors"]
    assert (patient["debtor_id"], patient["total"], patient["since"]) == ("cabinet:p1", "62.00", "2026-01-05")
    assert patient["step"] == {"level": 2, "channel": "letter", "tone": "ferme", "on": "2026-03-02"}
    assert (patient["priority"], patient["reasons"]) == ("normal", ["plus de 50,00 €"])
    assert (caisse["debtor_id"], caisse["step"]["level"], caisse["held"][0]["hold"]) == ("019990000", 1, "untold")
    holds = {each["debtor_id"]: each["held"][0]["hold"] for each in others}
    assert holds == {"cabinet:p2": "deceased", "cabinet:p3": "archived"}


def test_it_is_told_to_a_person(owing) -> None:
    text = owing.text("remind", code=1)
    assert "2 relances à faire au 02/03/2026, 80,00 €." in text
    assert "Patient LEGRAND-SECRET Zoé (cabinet:p1), 62,00 €, depuis le 05/01/2026 (56 jours)" in text
    assert "→ relance 2 : courrier, ton ferme" in text
    assert "priorité normale : plus de 50,00 €" in text
    assert "dernière relance le 06/02/2026" in text
    assert "patient décédé : aucun courrier ne lui est adressé" in text
    assert "Patient FEU-SECRET (cabinet:p2), facture n° 2, 62,00 €" in text
    assert "le montant demandé n'est pas connu" in text
    assert "RANGÉ" not in text
    assert "RANGÉ" in owing.text("remind", "--all", code=1)


@pytest.mark.parametrize(
    ("day", "code", "level"),
    [("2026-02-27", 1, 2), ("2026-02-26", 0, 2), ("2026-02-05", 1, 1), ("2026-02-04", 1, 1), ("2026-02-03", 0, 1)],
)
def test_any_day_can_be_asked_about(owing, day: str, code: int, level: int) -> None:
    found = owing.json("remind", "--as-of", day, "--debtor", "patient", code=code)
    assert {each["debtor"] for each in found["debtors"]} == {"PATIENT"}
    assert found["debtors"][0]["step"]["level"] == level


def test_what_comes_is_told(owing) -> None:
    text = owing.text("remind", "--as-of", "2026-02-26", "--debtor", "patient")
    assert "1 relance à venir, la première le 27/02/2026 (« --all » les montre)." in text
    assert "27/02/2026  Patient LEGRAND-SECRET Zoé (cabinet:p1), 62,00 €, relance 2" in owing.text(
        "remind", "--as-of", "2026-02-26", "--debtor", "patient", "--all"
    )


def test_drafts_are_written_for_the_living_and_the_known(owing, tmp_path: Path) -> None:
    folder = tmp_path / "courriers du jour"
    found = owing.json("remind", "--write", folder, code=1)["drafts"]
    caisse, letter, text = found["written"]
    assert caisse == "2026-03-02-relance-1-caisse-019990000.txt"
    assert re.fullmatch(r"2026-03-02-relance-2-patient-cabinet-p1-[0-9a-f]{6}\.pdf", letter)
    assert text == letter.replace(".pdf", ".txt")
    assert sorted(path.name for path in folder.iterdir()) == found["written"]
    page = PdfReader(BytesIO((folder / letter).read_bytes())).pages[0].extract_text().replace("\xa0", " ")
    assert "Zoé LEGRAND-SECRET" in page
    assert "62,00 €" in page
    assert "Rennes, le 2 mars 2026" in page
    assert "Un rappel vous a été adressé le 6 février 2026" in page
    assert not any("SECRET" in path.name for path in folder.iterdir())
    again = owing.json("remind", "--write", folder, code=1)["drafts"]
    assert (again["written"], len(again["kept"])) == ([], 3)
    assert "3 fichiers déjà là, laissés en l'état" in owing.text("remind", "--write", folder, code=1)


def test_the_archived_are_reminded_on_demand(owing, tmp_path: Path) -> None:
    written = owing.json("remind", "--archived", "--write", tmp_path / "a", code=1)["drafts"]["written"]
    assert sum("patient-cabinet-p3" in name for name in written) == 1
    assert not any("p2" in name for name in written)


def test_drafts_are_of_today_alone(owing, tmp_path: Path) -> None:
    refused = owing.refused("remind", "--as-of", "2026-03-01", "--write", tmp_path / "a")
    assert "« --write » n'écrit qu'à la date du jour" in refused
    assert not (tmp_path / "a").exists()


def test_a_wrong_template_is_told_and_the_rest_is_written(owing, tmp_path: Path) -> None:
    text = owing.text("remind", "--templates")
    assert "13 modèles à modifier" in text
    own = owing.folder / "courriers"
    (own / "patient-ferme.txt").write_text("Objet : A\n\n{{ totl }}\n", encoding="utf-8")
    result = owing.run("remind", "--write", tmp_path / "a")
    assert result.exit_code == 2
    assert (
        f"{own / 'patient-ferme.txt'}, ligne 3 : mot inconnu « totl ». Vouliez-vous dire « total » ?" in result.stderr
    )
    assert "SECRET" not in result.stderr
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["2026-03-02-relance-1-caisse-019990000.txt"]
    (problem,) = owing.json("config", "check", code=2)["problems"]
    assert "mot inconnu « totl »" in problem["what"]
    assert len(owing.json("remind", "--templates")["kept"]) == 13
    assert owing.json("remind", "--write", tmp_path / "b", code=2)["drafts"]["problems"][0]["where"].endswith("ligne 3")


def test_the_plan_in_force(owing) -> None:
    text = owing.text("remind", "--plan")
    assert "1. 30 jours après la facture ou son envoi : message électronique, ton cordial, à partir de 5,00 €" in text
    assert len(owing.json("remind", "--plan")["steps"]) == 9
    owing.configure("[letters]\nspacing = '1d'\n")
    assert "Au moins 1 jour entre deux relances" in owing.text("remind", "--plan")
    owing.configure("[letters]\ndebtors = ['caisse']\n")
    assert "n'est pas relancé" in owing.text("remind", "--plan")
    assert {each["debtor"] for each in owing.json("remind", code=1)["debtors"]} == {"AMO"}


def test_nothing_to_do(owing) -> None:
    assert "Aucune relance à faire au 06/01/2026." in owing.text("remind", "--as-of", "2026-01-06")


@pytest.fixture
def exceeding(practice, monkeypatch):
    practice.configure()
    practice.take(
        practice.export(
            practice.act(1, amount="75.00", excess="20.00", qualifier="DE"),
            practice.act(2, performed_on="2025-06-02", patient_id="p4", amount="75.00", excess="20.00", qualifier="DE"),
        )
    )
    monkeypatch.setattr("connector_core.service.places.today", lambda _: date(2026, 3, 3))
    return practice


def test_quotes_that_are_due(exceeding, tmp_path: Path) -> None:
    found = exceeding.json("quotes", code=1)["quotes"]
    assert {(each["patient_id"], each["excess"], each["coming"]) for each in found} == {
        ("cabinet:p1", "20.00", True),
        ("cabinet:p4", "20.00", False),
    }
    text = exceeding.text("quotes", "--write", tmp_path / "devis", code=1)
    assert "1 devis à remettre au 03/03/2026, avant la prochaine séance." in text
    assert "Patient LEGRAND-SECRET Zoé (cabinet:p1)" in text
    assert "ne l'antidatez pas" in text
    assert "1 patient ne semble plus venir" in text
    files = sorted((tmp_path / "devis").iterdir())
    assert [path.suffix for path in files] == [".pdf", ".txt"]
    page = PdfReader(BytesIO(files[0].read_bytes())).pages[0].extract_text().replace("\xa0", " ")
    for told in ("Zoé LEGRAND-SECRET", "RAM 8,09", "75,00 €", "20,00 €", "Le praticien"):
        assert told in page


def test_a_dismissed_finding_asks_for_no_quote(exceeding) -> None:
    kept = exceeding.json("findings", "--rule", "FIN-DEVIS-70", "--patient", "p1", code=1)["findings"]
    exceeding.json("findings", "dismiss", kept[0]["fingerprint"], "--reason", "devis papier")
    assert [each["patient_id"] for each in exceeding.json("quotes")["quotes"]] == ["cabinet:p4"]
    assert "Aucun devis à remettre" in exceeding.text("quotes")
