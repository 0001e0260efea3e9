"""The scanner that gives lines to keys, against texts that tomllib accepts."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core.toml_places import key_lines, nearest_line

TEXT = '''# [faux]
top = 1
"clé citée" = 'a # b'  # commentaire = 1
a.b . "c.d" = { x = 1, y = "}" }
liste = [
  "un", # ]
  "deux = 2", [ """
pas = une clé
""" ],
]
texte = """
[pas_une_table]
x = "y" \\"""
"""
brut = \'\'\'
[[non]]
l'apostrophe\'\'\'\'
[table]   # fin
k = "\\"]"
[[source]]
id = 1
[source.sub]
z = 1
[[source]]
id = 2
[[source.fils]]
v = 1
[[source.fils]]
v = 2
[ table . "autre" ]
w = 1'''


def test_lines_of_keys():
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    number = {line.strip(): index for index, line in enumerate(TEXT.splitlines(), 1)}
    assert lines == {
        ("top",): 2,
        ("clé citée",): 3,
        ("a", "b", "c.d"): 4,
        ("liste",): 5,
        ("texte",): 11,
        ("brut",): 15,
        ("table",): number["[table]   # fin"],
        ("table", "k"): 19,
        ("source", 0): 20,
        ("source", 0, "id"): 21,
        ("source", 0, "sub"): 22,
        ("source", 0, "sub", "z"): 23,
        ("source", 1): 24,
        ("source", 1, "id"): 25,
        ("source", 1, "fils", 0): 26,
        ("source", 1, "fils", 0, "v"): 27,
        ("source", 1, "fils", 1): 28,
        ("source", 1, "fils", 1, "v"): 29,
        ("table", "autre"): 30,
        ("table", "autre", "w"): 31,
    }


def test_a_key_that_is_not_written_has_the_line_of_its_table():
    lines = key_lines("[[source]]\nid = 1\n")
    assert nearest_line(lines, ("source", 0, "folder")) == 1
    assert nearest_line(lines, ("report",)) is None


@given(st.text(alphabet="a=[]{}'\".,# \n\\1"))
def test_any_text_that_is_toml_is_scanned_to_its_end(text):
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    tops = {key[0] for key in key_lines(text)}
    assert tops == set(values)


@pytest.mark.parametrize("text", ["", "\n", "# rien", "a = 1"])
def test_small_texts(text):
    assert len(key_lines(text)) == len(tomllib.loads(text))
