"""`connector check`: what it answers, and that it writes nothing."""

from __future__ import annotations

import hashlib
import json

import pytest

SECRET = "LEGRAND-SECRET"


def rows(path, *lines):
    with path.open("ab") as file:
        file.write(b"".join(lines))
    return path


@pytest.fixture
def faulty(practice):
    """Two good acts, then an unknown key, an unknown record, a bad date, and a last line that is cut."""
    path = practice.export(practice.act(1), practice.act(2, amount="16.00"))
    bad = [
        practice.act(3, surprise=SECRET),
        {"record": "mystery", "id": SECRET},
        practice.act(4, performed_on="2026-13-40"),
    ]
    return rows(path, *(json.dumps(each).encode() + b"\n" for each in bad), b'{"record":"act","id":"LEGRAND-SEC')


def test_bad_rows_are_rejected_with_their_place_and_good_rows_are_checked(practice, faulty):
    answer = practice.json("check", faulty, "--as-of", "2026-03-02", code=4)
    assert [each["provenance"]["locator"] for each in answer["rejects"]] == ["line 6", "line 7", "line 8", "line 9"]
    assert answer["counts"] == {
        "patients": 1,
        "acts": 2,
        "findings": len(answer["findings"]),
        "undetermined": len(answer["undetermined"]),
        "rejects": 4,
    }
    assert [each["subject"]["id"] for each in answer["findings"] if each["rule"] == "KINE-NOM-MONTANT"] == ["a2"]
    assert SECRET not in json.dumps(answer)


def test_a_person_reads_the_same(practice, faulty):
    text = practice.text("check", faulty, "--as-of", "02/03/2026", code=4)
    assert "Contrôle au 2 mars 2026 : 1 fichier, 1 patient, 2 actes." in text
    assert "4 rejets : ces données n'ont pas été contrôlées." in text
    assert "export.ndjson, ligne 6 : clé inconnue pour act" in text
    assert "KINE-NOM-MONTANT" in text
    assert SECRET not in text


def test_a_file_whose_name_is_no_text_is_checked(practice):
    path = practice.export(practice.act(1, amount="16.00"))
    path = path.rename(path.with_name("s\udce9ances.ndjson"))
    assert "séances.ndjson, ligne" in practice.text("check", path, "--as-of", "2026-03-02", code=1)


def test_an_empty_file_is_called_empty(practice):
    path = practice.folder / "vide.csv"
    path.touch()
    assert "vide.csv : ce fichier est vide" in practice.text("check", path, code=4)
    assert "Ce fichier est vide." in practice.text("inspect", path, code=4)


def test_exit_codes(practice):
    assert practice.json("check", practice.export(practice.act(1)), "--as-of", "2026-03-02")["findings"] == []
    practice.json("check", practice.wrong_export(), "--as-of", "2026-03-02", code=1)


def test_files_that_know_one_professional_by_two_ids_are_checked_together(practice):
    known = {"record": "practitioner", "profession": "MK", "rpps": "10999000010"}
    paths = [
        practice.export(
            {**known, "id": name},
            {"record": "patient", "id": f"p:{name}"},
            practice.act(1, id=f"a-{name}", patient_id=f"p:{name}", practitioner_id=name),
            name=f"{name}.ndjson",
        )
        for name in ("1", "MK1")
    ]
    told = practice.json("check", *paths, "--as-of", "2026-03-02")
    assert (told["counts"]["acts"], told["counts"]["rejects"]) == (2, 0)


def test_nothing_is_written(practice, faulty):
    def state():
        files = sorted(path for path in practice.folder.rglob("*") if path.is_file())
        return {path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}

    before = state()
    practice.text("check", faulty, practice.folder, code=4)
    assert state() == before
    assert not practice.data.exists()


def test_a_file_nobody_knows_is_a_reject(practice):
    path = practice.folder / "notes.txt"
    path.write_text("bonjour", encoding="utf-8")
    (reject,) = practice.json("check", path, code=4)["rejects"]
    assert reject["provenance"]["locator"] == "fichier"
    assert reject["reason"] == "aucun connecteur ne reconnaît ce fichier"
    assert "« connector inspect FICHIER »" in practice.text("check", path, code=4)


def test_a_damaged_header_is_a_reject(practice):
    path = practice.export(practice.act(1), model_version=9)
    (reject,) = practice.json("check", path, code=4)["rejects"]
    assert "version 1 du modèle" in reject["reason"]


def test_a_folder_is_the_files_directly_in_it(practice):
    inbox = practice.folder / "inbox"
    (inbox / "below").mkdir(parents=True)
    (inbox / "below" / "notes.txt").write_text("pas lu", encoding="utf-8")
    practice.export(practice.act(1), name="inbox/a.ndjson")
    practice.export(practice.act(2, performed_on="2026-02-27"), name="inbox/b.ndjson")
    answer = practice.json("check", inbox, inbox / "a.ndjson", "--as-of", "2026-03-02")
    assert answer["counts"]["acts"] == 2


@pytest.mark.parametrize(
    ("name", "said"), [("absent.txt", "ce fichier n'existe pas"), ("empty", "ce dossier ne contient aucun fichier")]
)
def test_a_wrong_path_is_a_wrong_call(practice, name, said):
    (practice.folder / "empty").mkdir()
    assert said in practice.refused("check", practice.folder / name)


def test_the_connector_may_be_named(practice):
    path = practice.export(practice.act(1))
    practice.json("check", path, "--as-of", "2026-03-02", "--connector", "pivot")
    assert "Vouliez-vous dire « pivot » ?" in practice.refused("check", path, "--connector", "pivott")


def test_today_is_the_default(practice, monkeypatch):
    from datetime import date

    monkeypatch.setattr("connector_core.service.places.today", lambda settings: date(2026, 3, 5))
    assert practice.json("check", practice.export(practice.act(1)))["as_of"] == "2026-03-05"


def test_the_practice_decides_which_rules_are_heard(practice):
    practice.configure("[rules]\noff = ['KINE-NOM-MONTANT']")
    path = practice.export(practice.act(1, amount="16.00"))
    assert practice.json("check", path, "--as-of", "2026-03-02")["findings"] == []


def test_only_the_first_findings_are_shown(practice):
    path = practice.export(*(practice.act(n, amount="16.00", performed_on=f"2026-02-{n:02}") for n in range(2, 6)))
    text = practice.text("check", path, "--as-of", "2026-03-02", "--limit", "1", code=1)
    assert text.count("KINE-NOM-MONTANT") == 1
    assert "« --limit 0 » les montre tous" in text
    assert practice.text("check", path, "--as-of", "2026-03-02", "--limit", "0", code=1).count("KINE-NOM-MONTANT") == 4


def test_the_same_data_and_day_give_the_same_answer(practice):
    path = practice.wrong_export()
    first, second = (practice.run("check", path, "--as-of", "2026-03-02", "--json").stdout for _ in range(2))
    assert first == second


@pytest.mark.usefixtures("broken_connector")
def test_a_connector_that_fails_loses_only_its_file(practice):
    practice.no_plugins = False
    path = practice.folder / "x.bin"
    path.write_bytes(b"x")
    answer = practice.json("check", path, practice.export(practice.act(1)), "--as-of", "2026-03-02", code=4)
    (reject,) = answer["rejects"]
    assert reject["reason"].startswith("la lecture de ce fichier a échoué (KeyError)")
    assert answer["counts"]["acts"] == 1
    assert SECRET not in json.dumps(answer)


def test_an_error_that_no_file_explains_is_told_as_such(practice, monkeypatch):
    from connector_core.pipeline.attempt import Pipeline

    attempt = Pipeline.attempt

    def fail_together(self, inputs, *rest):
        if len(inputs) > 1:
            raise ZeroDivisionError
        return attempt(self, inputs, *rest)

    monkeypatch.setattr(Pipeline, "attempt", fail_together)
    files = practice.export(practice.act(1)), practice.export(practice.act(2), name="b.ndjson")
    assert "ZeroDivisionError" in practice.refused("check", *files)


@pytest.mark.usefixtures("broken_connector")
def test_who_writes_a_connector_sees_where_it_fails(practice, monkeypatch):
    practice.no_plugins = False
    monkeypatch.setenv("CONNECTOR_DEBUG", "1")
    path = practice.folder / "x.bin"
    path.write_bytes(b"x")
    assert isinstance(practice.run("check", path).exception, KeyError)
