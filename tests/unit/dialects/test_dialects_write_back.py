"""What a dialect may declare of write-back: the example holds, and anything wrong is refused by its line."""

from __future__ import annotations

import pytest

from connector_core.dialects import write_back
from connector_core.dialects.language import read_dialect
from connector_core.dialects.write_back import FilePlace, NotePlace, RowPlace
from connector_core.errors import ConfigurationError
from connector_core.testing.acme import HEAD

NOTE = """
[[write_back]]
id = "note"
kind = "note"
title = "Note"
table = "PATIENTS"
row = { ID = { flag = "patient" } }
column = "NOTE"
"""
ALERT = """
[[write_back]]
id = "alertes"
kind = "alert"
title = "Alertes"
table = "ALERTES"
mark = "REFERENCE"
[write_back.columns]
ID_PATIENT = { flag = "patient", as = "integer" }
REFERENCE = { flag = "mark" }
"""
FILE = """
[[write_back]]
id = "import"
kind = "file"
title = "Import"
name = "connector_{mark}.csv"
[write_back.columns]
texte = { flag = "signed" }
"""


def test_the_example_of_the_language_is_read() -> None:
    example = (write_back.__doc__ or "").split("```toml")[1].split("```")[0]
    note, alert, file = read_dialect(HEAD + example, "acme.toml").write_back
    assert isinstance(note, NotePlace)
    assert (note.table, note.key, note.column, note.length) == ("PATIENTS", "ID", "NOTE", 2000)
    assert isinstance(alert, RowPlace)
    assert alert.columns["ID"].sequence == "GEN_ALERTES"
    assert isinstance(file, FilePlace)
    assert (file.encoding, file.separator, file.header) == ("cp1252", ";", True)


def test_a_dialect_without_it_declares_nothing() -> None:
    assert read_dialect(HEAD, "acme.toml").write_back == ()


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (NOTE, 'kind = "note"', 'kind = "notes"', "emplacement inconnu « notes ». Vouliez-vous dire « note »"),
        (NOTE, 'column = "NOTE"', 'colunm = "NOTE"', "clé inconnue « colunm ». Vouliez-vous dire « column »"),
        (NOTE, 'table = "PATIENTS"', "", "« table » manque"),
        (NOTE, "ID = {", "ID = { value = 1 }, AUTRE = {", "nomme une colonne, et une seule"),
        (NOTE, '"patient"', '"rule"', "« row » désigne la ligne du patient"),
        (NOTE, 'column = "NOTE"', 'column = "NOTE"\nlength = 0', "un nombre entier positif"),
        (NOTE, 'id = "note"', 'id = "La note"', "minuscules sans accent"),
        (ALERT, 'mark = "REFERENCE"', 'mark = "ID_PATIENT"', "ne nomme pas une colonne qui porte la marque"),
        (ALERT, '{ flag = "mark" }', '{ flag = "marque" }', "partie inconnue « marque »"),
        (ALERT, '"patient", as = "integer"', '"rule", as = "integer"', "« as » ne va pas avec cette partie"),
        (ALERT, '"patient", as = "integer"', '"patient", length = 3', "pour « text » ou « signed »"),
        (ALERT, '"patient", as = "integer"', '"severity", values = { reject = "1" }', "« values » ne va qu'avec"),
        (ALERT, '"patient", as = "integer"', '"patient", like = 3', "clé inconnue « like »"),
        (ALERT, '{ flag = "patient", as = "integer" }', '"x"', "colonne mal décrite"),
        (FILE, "_{mark}", "", "un nom de fichier simple qui contient {mark}"),
        (FILE, "connector_", "../connector_", "un nom de fichier simple qui contient {mark}"),
        (FILE, 'title = "Import"', 'title = "Import"\nencoding = "klingon"', "encodage inconnu"),
        (FILE, 'title = "Import"', 'title = "Import"\nseparator = ";;"', "un seul caractère"),
        (FILE, '{ flag = "signed" }', '{ sequence = "GEN" }', "un fichier n'a pas de séquence"),
        (FILE, '{ flag = "signed" }', '{ flag = "signed", length = 20 }', "Au moins"),
        (NOTE + NOTE, "", "", "deux emplacements se nomment « note »"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    wrong = text.replace(old, new, 1) if old else text
    with pytest.raises(ConfigurationError) as refused:
        read_dialect(HEAD + wrong, "acme.toml")
    assert said in str(refused.value)
    assert "acme.toml, ligne " in str(refused.value)
