"""Acme, a software that does not exist, into which the tests of write-back write: its places for flags, its tables.

A dialect of it is `HEAD` and any of its places. Its patients have numbers; where a test flags the patients of another
software, `by_code` gives the same places and tables with the codes of these.
"""

from __future__ import annotations

from datetime import date

from connector_core.store.write_back import Flag

HEAD = """
[dialect]
id = "acme"
title = "Acme"
version = "1"
[format]
kind = "delimited"
[[table]]
name = "patients"
[[table.record]]
kind = "patient"
[table.record.fields]
id = "ID"
"""
NOTE = """
[[write_back]]
id = "note"
kind = "note"
title = "Note du dossier"
table = "PATIENTS"
row = { ID = { flag = "patient", as = "integer" } }
column = "NOTE"
length = 2000
"""
ALERTS = """
[[write_back]]
id = "alertes"
kind = "alert"
title = "Alertes du dossier"
table = "ALERTES"
mark = "REFERENCE"
[write_back.columns]
ID_PATIENT = { flag = "patient", as = "integer" }
JOUR = { flag = "day", as = "date" }
TEXTE = { flag = "text", length = 60 }
NIVEAU = { flag = "severity", values = { reject = "1", revenue = "2", info = "3" } }
ORIGINE = { value = "connector" }
REFERENCE = { flag = "mark" }
"""
AGENDA = """
[[write_back]]
id = "agenda"
kind = "agenda"
title = "Agenda"
table = "AGENDA"
mark = "OBJET"
[write_back.columns]
JOUR = { flag = "day", as = "date" }
OBJET = { flag = "signed", length = 80 }
"""
IMPORT = """
[[write_back]]
id = "import"
kind = "file"
title = "Import des alertes"
name = "connector_{mark}.csv"
[write_back.columns]
patient = { flag = "patient" }
jour = { flag = "day" }
texte = { flag = "signed" }
"""

ALERTS_TABLE = """
CREATE TABLE ALERTES (ID INTEGER PRIMARY KEY, ID_PATIENT INTEGER, JOUR DATE, TEXTE VARCHAR(60), NIVEAU INTEGER,
    ORIGINE VARCHAR(20), REFERENCE CHAR(16), LU INTEGER NOT NULL DEFAULT 0);
"""
TABLES = f"""
CREATE TABLE PATIENTS (ID INTEGER PRIMARY KEY, NOM TEXT, NOTE TEXT, VU INTEGER);
{ALERTS_TABLE}
CREATE TABLE AGENDA (ID INTEGER PRIMARY KEY, JOUR DATE, OBJET TEXT);
CREATE TABLE ACTES (ID INTEGER PRIMARY KEY, ID_PATIENT INTEGER, MONTANT NUMERIC);
"""
"""The tables in SQLite, empty."""

_NUMBERED = {
    '{ flag = "patient", as = "integer" }': '{ flag = "patient" }',
    "PATIENTS (ID INTEGER": "PATIENTS (ID TEXT",
    "ID_PATIENT INTEGER": "ID_PATIENT TEXT",
}


def by_code(text: str) -> str:
    """Places or tables as they are where patients are known by codes."""
    for numbered, coded in _NUMBERED.items():
        text = text.replace(numbered, coded)
    return text


def flag(
    number: int, patient: str = "12", place: str = "note", text: str = "Bilan à faire. Le 30e (KINE-BILAN-30)"
) -> Flag:
    """A flag about a patient, for a place, with a mark of its own."""
    mark = f"{number:08x}{place[:4].encode().hex():0<8}"
    return Flag(mark, f"f{number}", "KINE-BILAN-30", "reject", patient, date(2026, 3, 2), text)


__all__ = ["AGENDA", "ALERTS", "ALERTS_TABLE", "HEAD", "IMPORT", "NOTE", "TABLES", "by_code", "flag"]
