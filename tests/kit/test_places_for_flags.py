"""What the kit says of places for flags, beyond the mutants."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector_core.testing.conformance.mutants import PLACES, Mutant

pytestmark = pytest.mark.kit
DIALECT = "src/*/dialects/*.toml"


def _replaced(before: str, after: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert before in text
        return text.replace(before, after, 1)

    return edit


@pytest.mark.parametrize(
    ("check", "before", "after", "said"),
    [
        ("C8-PLACE", 'column = "NOTE"', 'column = "NOTES"', "NOTES"),
        ("C8-TEXT", "length = 2000", "length = 60", "note: a flag is cut after 31 characters"),
        ("C8-TEXT", "length = 60", "length = 59", "alertes: a flag is cut after 59 characters"),
        ("C8-TEXT", 'TEXTE = { flag = "text", length = 60 }\n', "", "alertes: a flag is cut after 0 characters"),
        ("C8-TEXT", 'name = "connector_', 'encoding = "ascii"\nname = "connector_', "ascii does not write French"),
    ],
)
def test_a_place_that_is_none_is_told(installed, check: str, before: str, after: str, said: str) -> None:
    installed.put(Mutant("", "", PLACES, kind="database"))
    installed.edit(DIALECT, _replaced(before, after))
    verdict = installed.examination().verdict(check, "database")
    assert verdict.outcome == "failed"
    assert said in verdict.said


def test_a_row_that_the_table_refuses_is_told(installed) -> None:
    installed.put(Mutant("", "", PLACES, kind="database"))
    installed.edit(
        "samples/database/database.sql",
        _replaced("JOUR DATE, TEXTE", "JOUR DATE, QUI TEXT NOT NULL, TEXTE"),
    )
    verdict = installed.examination().verdict("C8-ROW", "database")
    assert verdict.outcome == "failed"
    assert "alertes" in verdict.said


def test_what_it_says_holds_no_value_of_the_sample(installed) -> None:
    installed.put(Mutant("", "", PLACES, kind="database"))
    installed.edit(DIALECT, _replaced("row = { ID = {", "row = { CABINET = {"))
    said = installed.examination().verdict("C8-ROW", "database").said
    assert "note: plusieurs lignes" in said
    assert not any(word in said for word in ("EXEMPL", "FICTIVE", "Zoé", "1988"))


def test_an_import_file_that_the_connector_claims_is_told(installed) -> None:
    installed.put()
    place = """
[[write_back]]
id = "import"
kind = "file"
title = "Import des alertes"
name = "connector_{mark}.csv"
[write_back.columns]
"N° séance" = { flag = "mark" }
Date = { flag = "day" }
"N° patient" = { flag = "patient" }
Nom = { value = "" }
"Prénom" = { value = "" }
"Né(e) le" = { value = "" }
Praticien = { value = "" }
Lettre = { value = "" }
Coefficient = { value = "" }
Lieu = { flag = "signed" }
Montant = { value = "" }
"""
    installed.edit(DIALECT, lambda text: text + place)
    verdict = installed.examination().verdict("C8-UNREAD", "csv")
    assert (verdict.outcome, verdict.said) == (
        "failed",
        "import: the connector takes its own import file for an export",
    )


NOTE = """
[[write_back]]
id = "note"
kind = "note"
title = "Note"
table = "PATIENTS"
row = { ID = { flag = "patient" } }
column = "NOTE"
"""


def test_a_sample_that_is_no_database_says_so(installed) -> None:
    installed.put()
    installed.edit(DIALECT, lambda text: text + NOTE)
    verdict = installed.examination().verdict("C8-ONLY", "csv")
    assert verdict.outcome == "not applicable"
    assert "no database" in verdict.said
