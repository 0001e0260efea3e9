"""Rows to drafts: positions, conditions, joins, keys, what is left over, and refusals without values."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from connector_core.dialects.compiler import compile_table, missing_columns, positions, same_name
from connector_core.dialects.converters import PARIS, key_of
from connector_core.dialects.drafts import NoLookup, Waiting
from connector_core.dialects.language import read_dialect
from connector_core.errors import ConfigurationError, RowRefused

HEAD = """
[dialect]
id = "essai"
title = "Essai"
version = "1"

[format]
kind = "delimited"

[[table]]
name = "codes"
remember = { key = "Code", columns = ["Lettre", "Jour"] }

"""
ACT = """
[[table.record]]
kind = "act"

[table.record.fields]
id = "N°"
patient_id = "Dossier"
practitioner_id = { value = "K" }
performed_on = { from = "Date", as = "date_fr" }
letter = "Lettre"
coefficient = { from = "Coeff", as = "decimal_fr" }
"""


class Lookup(dict):
    def find(self, table, key):
        return self.get((table, key))


def compiled(more, columns, name="t", table='[[table]]\nname = "t"\n'):
    dialect = read_dialect(HEAD + table + more, "essai.toml")
    return compile_table(dialect.table(name), columns, dialect.place)


def one(more, row, lookup=None, table='[[table]]\nname = "t"\n'):
    drafts = compiled(more, tuple(row), table=table).drafts(tuple(row.values()), lookup or NoLookup())
    ((_, record),) = drafts
    return record


MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)
ROW = {"N°": "A1", "Dossier": "P1", "Date": "02/03/2026", "Lettre": "RAM", "Coeff": "8,09"}


@pytest.mark.parametrize(
    ("one_name", "other"),
    [("N° séance", "n seance"), ("  Né(e)\tle ", "ne(e) LE"), ("\ufeffCode", "code"), ("Œuvre", "uvre")],
)
def test_names_are_compared_without_accents_case_or_doubled_space(one_name, other):
    assert same_name(one_name) == same_name(other)


@pytest.mark.parametrize(
    ("field", "named", "expected"),
    [
        ('label = { from = "Note", when = TEST }', "label", "vu"),
        ('label = { value = "fixe", when = TEST }', "label", "fixe"),
        ('started_at = { from = "Heure", as = "time", when = TEST }', "started_at", time(9, 30)),
        ('created_at = { from = ["Date", "Heure"], as = "timestamp_fr", when = TEST }', "created_at", MOMENT),
        (
            'session_id = { from = ["Date", "Note"], as = "key", when = TEST }',
            "session_id",
            key_of(["02/03/2026", "vu"]),
        ),
        ('label = { join = "codes", on = "Code", from = "Lettre", when = TEST }', "label", "SF"),
        ('place = { from = "Lieu", as = "enum", values = { c = "CABINET" }, when = TEST }', "place", "CABINET"),
    ],
)
def test_a_field_may_be_filled_in_some_rows_alone(field, named, expected):
    row = {**ROW, "Note": "vu", "Heure": "09:30", "Code": "12", "Lieu": "C", "État": " Annulée "}
    lookup = Lookup({("codes", "12"): {"Lettre": "SF", "Jour": ""}})
    for test, filled in (
        ('{ column = "Etat", is = ["Annulée", "A"] }', True),
        ('{ column = "Etat", is = ["Réglée"] }', False),
        ('{ column = "Etat", is_not = ["Annulée"] }', False),
        ('{ column = "Etat", is_not = [""] }', True),
    ):
        record = one(f"{ACT}{field.replace('TEST', test)}\n", row, lookup)
        assert (named in record, record.get(named, expected)) == (filled, expected)


def test_a_field_that_is_not_filled_refuses_no_row():
    field = 'started_at = { from = "Heure", as = "time", when = { column = "État", is = ["Faite"] } }\n'
    assert "started_at" not in one(ACT + field, {**ROW, "Heure": "midi", "État": "Prévue"})
    with pytest.raises(RowRefused, match="colonne « Heure »") as refused:
        one(ACT + field, {**ROW, "Heure": "midi", "État": "Faite"})
    assert refused.value.fields == ("act.started_at",)


def test_the_column_of_a_condition_is_one_that_the_table_reads():
    field = 'label = { from = "Note", when = { column = "État", is = ["Faite"] } }\n'
    assert "vendor" not in one(ACT + field, {**ROW, "Note": "vu", "État": "Prévue"})
    with pytest.raises(ConfigurationError, match="colonne « État » absente"):
        compiled(ACT + field, (*ROW, "Note"))


def test_the_first_of_two_columns_of_one_name_counts():
    assert positions(["Nom", "nom", "Prénom"]) == {"nom": 0, "prenom": 2}


def test_a_row_becomes_typed_values():
    assert one(ACT, {**ROW, "Coeff": " 8,09 "}) == {
        "id": "A1",
        "patient_id": "P1",
        "practitioner_id": "K",
        "performed_on": date(2026, 3, 2),
        "letter": "RAM",
        "coefficient": Decimal("8.09"),
    }


def test_an_empty_cell_is_absent():
    assert "letter" not in one(ACT, {**ROW, "Lettre": "  "})


def test_columns_in_any_order_and_writing():
    row = {"COEFF": "8,09", "lettre": "RAM", "DATE": "02/03/2026", "n°": "A1", "dossier": "P1"}
    assert one(ACT, row)["coefficient"] == Decimal("8.09")


def test_what_is_left_over_is_kept_in_vendor():
    record = one(ACT, {**ROW, "Remarque": " vu ", "Vide": "", "": "sans titre"})
    assert record["vendor"] == {"Remarque": "vu"}


def test_what_the_dialect_ignores_is_not_kept():
    record = one(ACT, {**ROW, "Remarque": "vu"}, table='[[table]]\nname = "t"\nignore = ["REMARQUE"]\n')
    assert "vendor" not in record


def test_a_row_without_left_overs_has_no_vendor():
    assert "vendor" not in one(ACT, {**ROW, "Remarque": ""})


@pytest.mark.parametrize("reverse", [False, True])
def test_left_overs_go_with_the_record_that_no_other_of_the_row_names(reverse):
    patient = '[[table.record]]\nkind = "patient"\n[table.record.fields]\nid = "Dossier"\n'
    both = ACT + patient if reverse else patient + ACT
    drafts = compiled(both, (*ROW, "Note")).drafts((*ROW.values(), "vu"), NoLookup())
    assert {kind.record: record.get("vendor") for kind, record in drafts} == {"patient": None, "act": {"Note": "vu"}}


def test_left_overs_go_with_the_record_that_is_made_where_the_others_name_it():
    when = 'when = { column = "Date", is = [""] }\n'
    patient = '[[table.record]]\nkind = "patient"\n[table.record.fields]\nid = "Dossier"\n'
    both = patient + ACT.replace('kind = "act"\n', f'kind = "act"\n{when}')
    ((_, record),) = compiled(both, (*ROW, "Note")).drafts((*ROW.values(), "vu"), NoLookup())
    assert record["vendor"] == {"Note": "vu"}


def test_left_overs_go_with_the_first_record_only():
    both = ACT + '[[table.record]]\nkind = "lot"\n[table.record.fields]\nid = "N°"\nnumber = "N°"\n'
    drafts = compiled(both, (*ROW, "Note")).drafts((*ROW.values(), "vu"), NoLookup())
    assert [record.get("vendor") for _, record in drafts] == [{"Note": "vu"}, None]


@pytest.mark.parametrize(
    ("when", "text", "made"),
    [
        ('{ column = "Type", is = ["A", "B"] }', " A ", True),
        ('{ column = "Type", is = ["A", "B"] }', "C", False),
        ('{ column = "Type", is_not = ["A", "B"] }', "B", False),
        ('{ column = "Type", is_not = [""] }', "B", True),
        ('{ column = "Type", is_not = [""] }', "", False),
        ('{ column = "Type", is = [""] }', " ", True),
    ],
)
def test_conditions(when, text, made):
    more = ACT.replace('kind = "act"\n', f'kind = "act"\nwhen = {when}\n')
    drafts = compiled(more, (*ROW, "Type")).drafts((*ROW.values(), text), NoLookup())
    assert len(drafts) == made


def test_a_missing_column_is_told_when_the_table_is_compiled():
    with pytest.raises(ConfigurationError, match="colonne « Coeff » absente du fichier") as caught:
        compiled(ACT, tuple(ROW)[:-1])
    assert caught.value.where == "essai.toml, table t"
    dialect = read_dialect(HEAD + '[[table]]\nname = "t"\n' + ACT, "x")
    assert missing_columns(dialect.table("t"), tuple(ROW)[:-2]) == ("Lettre", "Coeff")


def test_a_refusal_names_the_column_and_the_field_only():
    with pytest.raises(RowRefused) as caught:
        one(ACT, {**ROW, "Date": "31/02/2026"})
    assert caught.value.reason == "colonne « Date » : cette date n'existe pas"
    assert caught.value.fields == ("act.performed_on",)


ENUM = (
    ACT
    + 'place = { from = "Lieu", as = "enum", values = { Cabinet = "CABINET", "Établi" = "ETABLISSEMENT", "?" = "" } }\n'
)


@pytest.mark.parametrize(("text", "value"), [("CABINET", "CABINET"), ("etabli", "ETABLISSEMENT"), ("?", None)])
def test_enumerations_compare_as_names_do(text, value):
    assert one(ENUM, {**ROW, "Lieu": text})["place"] == value


def test_a_word_that_is_not_listed_is_refused_without_it():
    with pytest.raises(RowRefused) as caught:
        one(ENUM, {**ROW, "Lieu": "Secret"})
    assert caught.value.reason == "colonne « Lieu » : valeur absente de la liste du dialecte"


def test_enumerations_of_yes_and_no():
    more = ACT + 'urgent = { from = "U", as = "enum", values = { "urgent" = "true", "-" = "false", "?" = "" } }\n'
    assert [one(more, {**ROW, "U": text}).get("urgent") for text in ("Urgent", "-", "?", "")] == [
        True,
        False,
        None,
        None,
    ]


def test_two_texts_that_compare_as_one_can_not_mean_two_things():
    more = ACT + 'place = { from = "Lieu", as = "enum", values = { "É" = "EHPAD", "E" = "ETABLISSEMENT" } }\n'
    with pytest.raises(ConfigurationError, match="ne diffèrent que par la casse ou les accents") as caught:
        compiled(more, (*ROW, "Lieu"))
    assert (caught.value.where or "").startswith("essai.toml, ligne ")


def test_keys_are_made_of_columns():
    more = ACT.replace('id = "N°"', 'id = { from = ["N°", "Date"], as = "key" }')
    assert one(more, ROW)["id"] == one(more, {**ROW, "N°": " A1 "})["id"] != one(more, {**ROW, "N°": "A2"})["id"]


STAMP = ACT + 'created_at = { from = ["Jour", "Heure"], as = "timestamp_fr" }\n'


@pytest.mark.parametrize(
    ("day", "hour", "value"),
    [("02/03/2026", "09h30", datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)), ("", "09h30", None), ("02/03/2026", "", None)],
)
def test_a_day_and_an_hour_are_a_moment(day, hour, value):
    assert one(STAMP, {**ROW, "Jour": day, "Heure": hour}).get("created_at") == value


@pytest.mark.parametrize(("name", "day"), [("timestamp_iso", "2026-03-02"), ("timestamp_compact", "20260302")])
def test_days_of_moments_have_every_form(name, day):
    record = one(STAMP.replace("timestamp_fr", name), {**ROW, "Jour": day, "Heure": "09:30"})
    assert record["created_at"] == datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)


def test_a_bad_moment_is_refused():
    with pytest.raises(RowRefused, match="colonne « Jour »") as caught:
        one(STAMP, {**ROW, "Jour": "31/02/2026", "Heure": "09:30"})
    assert caught.value.fields == ("act.created_at",)


JOIN = ACT.replace('letter = "Lettre"', 'letter = { join = "codes", on = "Lettre", from = "Lettre" }')
DATED = ACT + 'created_at = { join = "codes", on = "Lettre", from = "Jour", as = "timestamp_iso" }\n'


def test_a_joined_value_is_found():
    assert one(JOIN, {**ROW, "Lettre": "C1"}, Lookup({("codes", "C1"): {"Lettre": "RAM"}}))["letter"] == "RAM"


def test_a_joined_table_that_was_not_read_is_awaited():
    assert compiled(JOIN, tuple(ROW)).drafts(tuple(ROW.values()), NoLookup()) == Waiting("codes", "RAM")


def test_an_empty_key_joins_nothing():
    assert "letter" not in one(JOIN, {**ROW, "Lettre": ""})


def test_an_empty_joined_value_is_absent():
    assert "letter" not in one(JOIN, ROW, Lookup({("codes", "RAM"): {"Lettre": ""}}))


def test_a_bad_joined_value_is_refused():
    with pytest.raises(RowRefused, match="colonne « Jour » : un horodatage") as caught:
        one(DATED, ROW, Lookup({("codes", "RAM"): {"Jour": "secret"}}))
    assert "secret" not in caught.value.reason
    good = one(DATED, ROW, Lookup({("codes", "RAM"): {"Jour": "2026-03-02 09:30"}}))
    assert good["created_at"] == datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)


def test_a_table_contributes_what_others_join_on():
    table = compiled(ACT, ("Jour", "Code", "Lettre"), name="codes")
    assert table.remembered is not None
    assert table.remembered(("2026", " C1 ", " RAM ")) == ("C1", {"Lettre": "RAM", "Jour": "2026"})
    assert table.remembered(("2026", " ", "RAM")) is None
    assert table.drafts(("2026", "C1", "RAM"), NoLookup()) == []
    assert compiled(ACT, tuple(ROW)).remembered is None
