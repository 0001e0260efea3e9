"""Open questions as a practice reads them: of its own profession, without a name of the common model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import html as lxml_html

from connector_core.deliver.field_words import FIELD_WORDS, missing_words, reason_in_words
from connector_core.deliver.html import render_html
from connector_core.deliver.json_report import Answered
from connector_core.deliver.questions import reason_words
from connector_core.deliver.report_data import report_data
from connector_core.model.finding import SubjectRef, Undetermined
from connector_core.model.pivot import encode_line, header
from connector_core.model.records import KINDS, Act, Patient, Practitioner, Record, field_names
from connector_core.model.vocabulary import Profession
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.rules.catalogue import core_rules
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.exports.pivot import write_pivot

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
COVERS = ("practitioner", "patient", "act")


@contextmanager
def practice(rules: Rules, folder: Path, *staff: Profession) -> Iterator[Store]:
    """One that gives hardly anything."""
    people: list[Record] = [Practitioner(id=name.lower(), profession=name) for name in staff]
    act = Act(
        id="a1",
        patient_id="p1",
        practitioner_id="mk",
        performed_on=TODAY,
        letter="RAM",
        coefficient=Decimal("8.09"),
    )
    records = [*people, Patient(id="p1"), act]
    write_pivot(records, folder / "export.ndjson", exported_at=datetime(2026, 11, 20, 7, tzinfo=UTC), covers=COVERS)
    with Store.in_memory() as store:
        pipeline = Pipeline(store, rules, lambda: datetime(2026, 11, 20, 7, 12, tzinfo=UTC))
        pipeline.attempt([Input("vega", LocalFile(folder / "export.ndjson"))], TODAY)
        yield store


def answered(rules: Rules, folder: Path, *staff: Profession) -> Answered:
    with practice(rules, folder, *staff) as store:
        return Answered.of(store, TODAY)


def families(found: Answered) -> set[str]:
    return {each.rule.partition("-")[0] for each in found.undetermined if each.subject.kind == "practice"}


@pytest.mark.parametrize(
    ("staff", "asked"),
    [(("MK",), {"KINE"}), (("IDE",), {"IDE"}), (("MK", "IDE"), {"KINE", "IDE"}), ((), {"KINE", "IDE"})],
)
def test_a_practice_is_asked_about_its_own_professions(rules, tmp_path, staff, asked):
    assert families(answered(rules, tmp_path, *staff)) & {"KINE", "IDE"} == asked


def test_what_concerns_both_professions_is_asked_of_each(rules, tmp_path):
    assert {"FIN", "ID", "TT"} <= families(answered(rules, tmp_path, "IDE"))


def test_where_no_line_was_read_nothing_is_asked():
    with Store.in_memory() as store:
        store.answers.replace_undetermined([("p", [gap(("bsi",))])])
        assert not Answered.of(store, TODAY).undetermined


def test_the_report_names_no_field_of_the_model(rules, tmp_path):
    with practice(rules, tmp_path, "MK") as store:
        data = report_data(store, "Cabinet", TODAY, datetime(2026, 11, 20, 8, tzinfo=UTC), rules=rules.host.rules)
    page = lxml_html.document_fromstring(render_html(data))
    said = str(page.xpath("string(//section[@id='indetermine'])"))
    names = {f"{kind}.{name}" for kind, model in KINDS.items() for name in field_names(model)}
    assert "aucune source ne donne" in said
    assert not [name for name in names if name in said]


def gap(missing: tuple[str, ...], reason: str = "aucune source ne donne ") -> Undetermined:
    return Undetermined("IDE-BSI-OBLIG", SubjectRef("practice", "practice"), missing, reason + ", ".join(missing))


def test_a_reason_reads_as_french():
    told = reason_words(gap(("bsi", "invoice.amc_claimed")))
    assert told == (
        "aucune source ne donne les bilans de soins infirmiers (BSI) et la part demandée à la complémentaire"
    )
    plain = Undetermined("ID-AM", SubjectRef("act", "a1"), ("tariff",), "le tarif de AMS 7,5 n'est pas confirmé")
    assert reason_words(plain) == plain.reason


def test_every_field_that_a_rule_may_lack_has_words():
    lacked = {name for rule in core_rules() for name in (*rule.rests_on, *rule.needs)}
    assert lacked - FIELD_WORDS.keys() == set()
    assert missing_words(("tariff", "kine.x"), {"kine.x": "Jours de repos"}) == "un tarif confirmé et Jours de repos"


def test_every_field_of_the_model_has_words():
    names = {f"{kind}.{name}" for kind, model in KINDS.items() for name in field_names(model)}
    assert (names | KINDS.keys()) - FIELD_WORDS.keys() == set()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("act.performed_on : champ obligatoire absent", "la date des actes : champ obligatoire absent"),
        ("valeur illisible pour patient.birth_date", "valeur illisible pour la date de naissance des patients"),
        (
            "clé inconnue pour act, proche de « performed_on »",
            "clé inconnue pour les actes, proche de « performed_on »",
        ),
        (
            "act.letter : texte vide ; act : clé inconnue",
            "la lettre-clé des actes : texte vide ; les actes : clé inconnue",
        ),
        ("colonne « act.letter » : cette date n'existe pas", "colonne « act.letter » : cette date n'existe pas"),
        ("colonne « lot » : valeur vide", "colonne « lot » : valeur vide"),
        ("attend la table « patient », qui n'a pas encore été lue", None),
        ("le patient de la ligne est illisible", None),
        ("voir connector.toml : rien pour elle", None),
    ],
)
def test_why_a_row_was_refused_reads_as_french(reason, said):
    assert reason_in_words(reason) == (said or reason)


def test_the_refused_section_names_no_field_of_the_model(tmp_path, rules):
    path = tmp_path / "refus.ndjson"
    rows: list[dict[str, object]] = [
        {"record": "act", "id": "a1", "performed_on": "hier"},
        {"record": "act", "id": "a2"},
        {"record": "act", "i": 1},
    ]
    path.write_bytes(b"".join(map(encode_line, (header("Cabinet", NOW), *rows))))
    with Store.in_memory() as store:
        Pipeline(store, rules, lambda: NOW).attempt([Input("a", LocalFile(path))], TODAY)
        data = report_data(store, "Cabinet", TODAY, NOW, rules=rules.host.rules)
    page = lxml_html.document_fromstring(render_html(data))
    said = str(page.xpath("string(//section[@id='refus'])"))
    assert "valeur illisible pour la date des actes" in said
    assert "le patient de chaque acte\u00a0: champ obligatoire absent" in said
    assert "clé inconnue pour les actes" in said
    assert "act." not in said
