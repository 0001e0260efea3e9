"""The dialect language: what a good file says, and how each fault is told (file, line, nearest name)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.dialects.plan import plan_of
from connector_core.errors import ConfigurationError

GOOD = """\
[dialect]
id = "essai"
title = "Essai"
version = "1"

[format]
kind = "delimited"
separator = ";"
encoding = "cp1252"

[[table]]
name = "codes"
remember = { key = "Code", columns = ["Lettre"] }

[[table]]
name = "seances"
file = "seances_*.txt"
ignore = ["Note"]

[[table.record]]
kind = "act"
when = { column = "Type", is_not = ["R"] }

[table.record.fields]
id = { from = ["N°", "#"], as = "key" }
patient_id = "Dossier"
practitioner_id = { value = "K" }
performed_on = { from = "Date", as = "date_fr" }
letter = { join = "codes", on = "Code", from = "Lettre" }
coefficient = { value = "8.09" }
created_at = { from = ["Jour", "Heure"], as = "timestamp_fr" }
place = { from = "Lieu", as = "enum", values = { C = "CABINET", D = "DOMICILE", "?" = "" } }
urgent = { from = "Urgent", as = "enum", values = { U = "true", N = "false" } }
"""

FIXED = """\
[dialect]
id = "fixe"
title = "Fixe"
version = "1"

[format]
kind = "fixed"
encoding = "cp850"
file = "TOUT.TXT"

[[table]]
name = "LOTS"
record_type = "LO"
length = 20
columns = [{ name = "LOT", start = 3, end = 12 }, { name = "NUM", start = 13, end = 18 }]

[[table.record]]
kind = "lot"

[table.record.fields]
id = "LOT"
number = "NUM"
"""

XML = """\
[dialect]
id = "xml"
title = "XML"
version = "1"

[format]
kind = "xml"
root = "export"

[[table]]
name = "acte"
element = ["patient/acte", "patient/soin/acte"]
columns = ["nom", { name = "n", path = "@numero" }, { name = "p", ancestor = "patient/@numero" }]

[[table.record]]
kind = "appointment"

[table.record.fields]
id = "n"
patient_id = "p"
practitioner_id = "nom"
starts_at = { from = "nom", as = "timestamp_iso" }
status = { value = "booked" }
"""

ICAL = """\
[dialect]
id = "agenda"
title = "Agenda"
version = "1"

[format]
kind = "ical"
zone = "Europe/Paris"

[[table]]
name = "agenda"
columns = ["x-praticien"]

[[table.record]]
kind = "appointment"

[table.record.fields]
id = "uid"
practitioner_id = "x-praticien"
starts_at = { from = "dtstart", as = "timestamp_iso" }
status = { value = "booked" }
"""

DATABASE = """\
[dialect]
id = "base"
title = "Base"
version = "1"

[format]
kind = "database"

[[table]]
name = "SEANCES"
key = ["NUMERO"]
version_column = "MODIFIE"

[[table.record]]
kind = "quote"

[table.record.fields]
id = "CODE"
patient_id = "NUMERO"
issued_on = { from = "JOUR", as = "date_iso" }
amount = { from = "MONTANT", as = "money_point" }
"""


def test_a_table_of_a_database_is_read_by_its_key_first_and_without_its_version():
    (table,) = read_dialect(DATABASE, "x").tables
    assert table.fetched_columns() == ("NUMERO", "CODE", "JOUR", "MONTANT")
    assert (table.key, table.version_column) == (("NUMERO",), "MODIFIE")


def test_a_table_may_name_the_column_that_only_grows_with_new_rows():
    dialect = read_dialect(DATABASE.replace("version_column", "growing_column"), "x")
    (table,), (planned,) = dialect.tables, plan_of(dialect).tables
    assert (table.version_column, table.growing_column) == (None, "MODIFIE")
    assert (planned.version, planned.growing, planned.mark, planned.compared) == (None, "MODIFIE", "MODIFIE", True)


def test_what_a_dialect_says_to_its_connector_is_handed_on():
    text = GOOD.replace("[[table]]", '[connector]\naccount = "Compte (\\\\d+)"\n\n[[table]]', 1)
    assert read_dialect(text, "x").connector == {"account": "Compte (\\d+)"}
    assert read_dialect(GOOD, "x").connector == {}
    with pytest.raises(ConfigurationError, match="« account » manque ou n'est pas un texte"):
        read_dialect(GOOD + "\n[connector]\naccount = 3\n", "x")


def test_says_what_it_says():
    dialect = read_dialect(GOOD, "essai.toml")
    assert (dialect.id, dialect.title, dialect.version, dialect.place) == ("essai", "Essai", "1", "essai.toml")
    assert dialect.format.text("separator", ",") == ";"
    assert dialect.format.text("quote", "'") == "'"
    seances = dialect.table("seances")
    (act,) = seances.records
    assert act.when == ("Type", frozenset({"R"}), False)
    assert seances.used_columns() == ("Type", "N°", "Dossier", "Date", "Code", "Jour", "Heure", "Lieu", "Urgent")
    assert dialect.table("codes").used_columns() == ("Code", "Lettre")
    assert seances.counts_repeats
    assert not dialect.table("codes").counts_repeats
    by_name = {field.target: field for field in act.fields}
    assert by_name["coefficient"].constant == Decimal("8.09")
    assert by_name["letter"].join is not None
    assert by_name["letter"].join.column == "Lettre"
    assert (
        by_name["performed_on"].line == GOOD.splitlines().index('performed_on = { from = "Date", as = "date_fr" }') + 1
    )


def test_each_text_has_its_own_digest():
    assert read_dialect(GOOD, "a").digest == read_dialect(GOOD, "b").digest != read_dialect(FIXED, "a").digest


def test_columns_are_positions_paths_and_ancestors():
    (lots,) = read_dialect(FIXED, "x").tables
    assert [(each.name, each.start, each.end) for each in lots.columns] == [("LOT", 3, 12), ("NUM", 13, 18)]
    assert (lots.record_type, lots.length) == ("LO", 20)
    (acte,) = read_dialect(XML, "x").tables
    assert [(each.name, each.path, each.ancestor) for each in acte.columns] == [
        ("nom", "nom", ""),
        ("n", "@numero", ""),
        ("p", "", "patient/@numero"),
    ]
    assert acte.elements == ("patient/acte", "patient/soin/acte")
    assert read_dialect(ICAL, "x").tables[0].columns[0].name == "x-praticien"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ('label = { value = "vu" }', "vu"),
        ("quantity = { value = 2 }", 2),
        ("ald_related = { value = true }", True),
        ("amount = { value = 17 }", Decimal(17)),
        ('rate = { value = "0.5" }', "0.5"),
    ],
)
def test_constants_have_the_type_of_the_field(field, value):
    (act,) = read_dialect(GOOD + field + "\n", "x").table("seances").records
    constant = act.fields[-1].constant
    assert constant == value
    assert type(constant) is type(value)


def test_a_constant_day_is_a_toml_date():
    text = GOOD.replace('performed_on = { from = "Date", as = "date_fr" }', "performed_on = { value = 2026-03-02 }")
    assert date(2026, 3, 2) in [field.constant for field in read_dialect(text, "x").table("seances").records[0].fields]


FAULTS = [
    # what is replaced, by what, the line it is told at, what is told, the name or words offered
    (GOOD, "[dialect]", "[dialecte]", 1, "clé inconnue « dialecte »", "« dialect »"),
    (GOOD, 'id = "essai"', 'identifiant = "essai"', 2, "clé inconnue « identifiant »", ""),
    (GOOD, 'id = "essai"\n', "", 1, "« id » manque", ""),
    (GOOD, 'title = "Essai"', "title = 3", 3, "« title » manque ou n'est pas un texte", ""),
    (GOOD, 'kind = "delimited"', 'kind = "delimted"', 7, "format inconnu « delimted »", "« delimited »"),
    (GOOD, 'separator = ";"', 'seperator = ";"', 8, "clé inconnue « seperator »", "« separator »"),
    (GOOD, 'separator = ";"', 'separator = ";;"', 8, "« separator » : un seul caractère", ""),
    (GOOD, 'separator = ";"', "separator = 3", 8, "« separator » : un texte est attendu", ""),
    (GOOD, 'separator = ";"', "header = true", 8, "« header » : un nombre entier est attendu", ""),
    (GOOD, 'separator = ";"', "final_newline = 1", 8, "« final_newline » : true ou false est attendu", ""),
    (GOOD, 'separator = ";"', "quote = []", 8, "« quote » : un texte est attendu", ""),
    (GOOD, '"cp1252"', '"cp1253"', 9, "encodage non pris en charge : « cp1253 »", "cp1252"),
    (GOOD, 'name = "codes"', 'nam = "codes"', 12, "clé inconnue « nam »", "« name »"),
    (GOOD, 'name = "codes"', 'name = "seances"', 16, "deux tables se nomment « seances »", ""),
    (GOOD, '{ key = "Code", columns = ["Lettre"] }', '"Code"', 13, "« remember » mal décrit", "key ="),
    (GOOD, 'columns = ["Lettre"] }', "columns = [1] }", 13, "« remember » mal décrit", "key ="),
    (
        GOOD,
        'remember = { key = "Code", columns = ["Lettre"] }\n',
        "",
        11,
        "ne fait aucun enregistrement",
        "table.record",
    ),
    (GOOD, 'file = "seances_*.txt"', "file = 3", 17, "« file » manque ou n'est pas un texte", ""),
    (GOOD, 'ignore = ["Note"]', "ignore = [3]", 18, "« ignore » doit être un texte ou une liste de textes", ""),
    (GOOD, 'ignore = ["Note"]', "length = 0", 18, "« length » : un nombre entier positif", ""),
    (GOOD, 'ignore = ["Note"]', "length = true", 18, "« length » : un nombre entier positif", ""),
    (GOOD, 'ignore = ["Note"]', 'columns = "Note"', 18, "« columns » doit être une liste", ""),
    (GOOD, 'ignore = ["Note"]', "columns = [3]", 18, "colonne mal décrite", "{ name, start, end }"),
    (GOOD, "[[table.record]]", "[table.record]", 20, "« record » doit être une liste de tables", ""),
    (GOOD, 'kind = "act"', 'kind = "acte"', 21, "type d'enregistrement inconnu « acte »", "« act »"),
    (GOOD, 'kind = "act"', 'kind = "act"\nfor = 1', 22, "clé inconnue « for »", ""),
    (GOOD, "is_not", "isnt", 22, "condition mal décrite", "is_not"),
    (GOOD, 'is_not = ["R"] }', 'is_not = ["R"], or = 1 }', 22, "condition mal décrite", "is_not"),
    (GOOD, 'when = { column = "Type", is_not = ["R"] }', 'when = "Type"', 22, "condition mal décrite", "is_not"),
    (GOOD, "[table.record.fields]", "[table.record.champs]", 24, "clé inconnue « champs »", ""),
    (GOOD, "performed_on =", "performed_at =", 28, "champ inconnu « performed_at » pour act", "« performed_on »"),
    (GOOD, 'patient_id = "Dossier"\n', "", 20, "champ obligatoire « patient_id » absent de act", ""),
    (GOOD, 'patient_id = "Dossier"', "patient_id = 3", 26, "le champ « patient_id » est mal décrit", "{ from, as }"),
    (GOOD, 'patient_id = "Dossier"', 'patient_id = { as = "text" }', 26, "ne dit pas d'où il vient", "from ="),
    (GOOD, 'patient_id = "Dossier"', "patient_id = { from = [3] }", 26, "« from » doit être un texte", ""),
    (GOOD, 'patient_id = "Dossier"', 'patient_id = { form = "a" }', 26, "clé inconnue « form »", "« from »"),
    (
        GOOD,
        'patient_id = "Dossier"',
        'patient_id = { value = "a", as = "b" }',
        26,
        "« value » ne va qu'avec « when »",
        "",
    ),
    (
        GOOD,
        '"date_fr" }',
        '"date_fr", when = { column = "Type" } }',
        28,
        "condition mal décrite",
        "is_not",
    ),
    (
        GOOD,
        'practitioner_id = { value = "K" }',
        'practitioner_id = { value = "K", when = "Type" }',
        27,
        "condition mal décrite",
        "is_not",
    ),
    (GOOD, 'patient_id = "Dossier"', 'patient_id = { vlue = "a" }', 26, "clé inconnue « vlue »", "« value »"),
    (GOOD, "[[table]]", "[[tble]]", 11, "clé inconnue « tble »", "« table »"),
    (
        GOOD,
        'patient_id = "Dossier"',
        'patient_id = { from = ["a", "b"] }',
        26,
        "plusieurs colonnes ne vont qu'avec",
        "",
    ),
    (GOOD, '"date_fr"', '"date_fra"', 28, "convertisseur inconnu « date_fra »", "« date_fr »"),
    (GOOD, '"date_fr"', '"money_fr"', 28, "ne donne pas le type de act.performed_on", "date_fr, date_fr_short"),
    (GOOD, '"date_fr"', '"key"', 28, "ne donne pas le type de act.performed_on", "date_fr"),
    (GOOD, ', on = "Code"', "", 29, "« join » et « on » vont ensemble", ""),
    (GOOD, 'join = "codes"', 'join = "code"', 29, "la table « code » n'est pas mémorisée", "« codes »"),
    (GOOD, 'join = "codes"', 'join = "seances"', 29, "la table « seances » n'est pas mémorisée", ""),
    (GOOD, 'from = "Lettre" }', 'from = "Letre" }', 29, "ne mémorise pas la colonne « Letre »", "« Lettre »"),
    (GOOD, 'from = "Lettre" }', 'from = ["Lettre", "B"] }', 29, "« join » demande une colonne", ""),
    (
        GOOD,
        'from = "Lettre" }',
        'from = "Lettre", as = "key" }',
        29,
        "« join » demande une colonne, et pas « key »",
        "",
    ),
    (GOOD, '{ value = "8.09" }', '{ value = "huit" }', 30, "cette constante n'a pas le type de act.coefficient", ""),
    (GOOD, '{ value = "8.09" }', "{ value = 8.09 }", 30, "cette constante n'a pas le type de act.coefficient", ""),
    (GOOD, '{ value = "K" }', "{ value = 3 }", 27, "cette constante n'a pas le type de act.practitioner_id", ""),
    (GOOD, '["Jour", "Heure"]', '["Jour", "Heure", "S"]', 31, "deux avec « timestamp_… »", ""),
    (GOOD, 'from = ["Jour", "Heure"], as = "timestamp_fr"', 'value = "x"', 31, "ne se remplit pas d'une constante", ""),
    (GOOD, 'C = "CABINET"', 'C = "CABINE"', 32, "« CABINE » n'est pas une valeur de act.place", "« CABINET »"),
    (GOOD, 'U = "true"', 'U = "vrai"', 33, "« vrai » n'est pas une valeur de act.urgent", "true"),
    (GOOD, ', values = { U = "true", N = "false" }', "", 33, "« enum » et « values » vont ensemble", ""),
    (
        GOOD,
        'as = "date_fr" }',
        'as = "date_fr", values = { a = "b" } }',
        28,
        "« enum » et « values » vont ensemble",
        "",
    ),
    (
        GOOD,
        'patient_id = "Dossier"',
        'patient_id = "D"\nterrain = { value = "PLAIN" }',
        27,
        "valeur inconnue",
        "« PLAINE »",
    ),
    (FIXED, "start = 3, end = 12", "start = 12, end = 3", 15, "colonne mal décrite", "{ name, start, end }"),
    (FIXED, "start = 3, end = 12", "start = 0, end = 3", 15, "colonne mal décrite", "{ name, start, end }"),
    (FIXED, "start = 3, end = 12", 'path = "a"', 14 + 1, "« LOT » n'est pas décrite pour le format fixed", ""),
    (FIXED, 'number = "NUM"', 'number = "NUMERO"', 22, "colonne inconnue « NUMERO »", "« NUM »"),
    (FIXED, 'file = "TOUT.TXT"', 'record_type = "LO"', 9, "clé inconnue « record_type »", ""),
    (FIXED, "columns = [", "#", 11, "la table « LOTS » n'a pas de colonnes", "columns ="),
    (XML, '"patient/@numero"', '"patient"', 13, "colonne mal décrite, n° 3 de la liste", "ancestor"),
    (XML, 'kind = "xml"', 'knd = "xml"', 7, "clé inconnue « knd »", "« kind »"),
    (XML, 'kind = "xml"\n', "", 6, "« kind » manque", ""),
    (XML, 'path = "@numero"', "start = 1, end = 3", 13, "« n » n'est pas décrite pour le format xml", ""),
    (XML, 'id = "n"', 'id = "numero"', 19, "colonne inconnue « numero »", "nom"),
    (XML, '["patient/acte", ', '["acte", ', 12, "« acte » désigne aussi « patient/soin/acte »", "Allongez"),
    (XML, '"patient/soin/acte"]', '"patient/acte"]', 12, "« patient/acte » désigne aussi « patient/acte »", "Allongez"),
    (XML, '"patient/acte", ', '"o:patient/o:acte", ', 12, "« o:patient/o:acte » a un préfixe", "« patient/acte »"),
    (XML, 'path = "@numero"', 'path = "x/@o:numero"', 13, "« x/@o:numero » a un préfixe", "« x/@numero »"),
    (XML, '"patient/@numero"', '"o:patient/@numero"', 13, "« o:patient/@numero » a un préfixe", "« patient/@numero »"),
    (
        XML,
        'kind = "appointment"',
        'kind = "patient"\nfields = { id = "n", birth_date = { from = "nom", as = "date_fr_short" } }\n'
        '[[table.record]]\nkind = "appointment"',
        17,
        "« date_fr_short » ne dit pas le siècle d'une naissance",
        "quatre chiffres",
    ),
    (ICAL, 'id = "uid"', 'id = "uuid"', 18, "colonne inconnue « uuid »", "« uid »"),
    (ICAL, 'zone = "Europe/Paris"', 'zone = ["Europe/Paris"]', 8, "« zone » : un texte est attendu", ""),
]


@pytest.mark.parametrize(
    ("text", "before", "after", "line", "told", "offered"),
    FAULTS,
    ids=[f"{n}-{each[4]}" for n, each in enumerate(FAULTS)],
)
def test_a_fault_is_told_with_its_line_and_the_nearest_name(text, before, after, line, told, offered):
    assert before in text
    with pytest.raises(ConfigurationError) as caught:
        read_dialect(text.replace(before, after, 1), "essai.toml")
    error = caught.value
    assert told in error.what
    assert error.where == f"essai.toml, ligne {line}"
    assert offered in (error.remedy or "")
    assert bool(error.remedy) or not offered


@pytest.mark.parametrize(
    ("text", "before", "after", "told"),
    [
        (
            DATABASE,
            'version_column = "MODIFIE"',
            'version_column = "MODIFIE"\ngrowing_column = "NUMERO"',
            "« version_column » et « growing_column » ne vont pas ensemble",
        ),
        (DATABASE, 'key = ["NUMERO"]\n', "", "la table « SEANCES » ne dit pas ce qui distingue ses lignes"),
        (GOOD, 'ignore = ["Note"]', 'key = ["Note"]', "« key » ne vaut que pour une base"),
        (GOOD, 'ignore = ["Note"]', 'version_column = "Note"', "« version_column » ne vaut que pour une base"),
        (GOOD, 'ignore = ["Note"]', 'growing_column = "Note"', "« growing_column » ne vaut que pour une base"),
        (DATABASE, 'kind = "database"', 'kind = "database"\nencoding = "cp1252"', "clé inconnue « encoding »"),
    ],
)
def test_what_tells_rows_apart_is_for_databases_alone(text, before, after, told):
    assert before in text
    with pytest.raises(ConfigurationError, match=told):
        read_dialect(text.replace(before, after), "x")


def test_text_that_is_not_toml_is_told():
    with pytest.raises(ConfigurationError, match="TOML illisible") as caught:
        read_dialect("[dialect", "essai.toml")
    assert caught.value.where == "essai.toml"


@pytest.mark.parametrize("missing", ["dialect", "format"])
def test_a_missing_part_is_told(missing):
    text = re.sub(rf"\[{missing}\]\n(?:.+\n)+", "", GOOD)
    with pytest.raises(ConfigurationError, match=rf"la table \[{missing}\] manque"):
        read_dialect(text, "x")


def test_a_dialect_without_tables_is_told():
    with pytest.raises(ConfigurationError, match="aucune table"):
        read_dialect(GOOD.partition("[[table]]")[0], "x")


def test_a_missing_table_of_fields_is_told():
    with pytest.raises(ConfigurationError, match=r"\[table\.1\.record\.0\.fields\] manque"):
        read_dialect(GOOD.partition("[table.record.fields]")[0], "x")
