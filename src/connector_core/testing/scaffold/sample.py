"""The invented practice of a new plugin's sample: a dozen lines, in each kind of export, and the records they give.

The people do not exist; nothing here looks like a number that could be anybody's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from connector_core.model.pivot import header
from connector_core.testing.conformance.scenario import DATABASE

Kind = Literal["csv", "xml", "fixed", "database"]


class Session(NamedTuple):
    """One line of the export: a patient, an act."""

    number: str
    day: date
    patient: str
    family: str
    given: str
    birth: date
    practitioner: str
    letter: str
    coefficient: Decimal
    place: str
    amount: Decimal


_COVERS = tuple(
    f"{kind}.{field}"
    for kind, fields in (
        ("patient", ("id", "family_name", "given_name", "birth_date")),
        ("act", ("id", "patient_id", "practitioner_id", "performed_on", "letter", "coefficient", "place", "amount")),
    )
    for field in fields
)
_PLACES = {"Cabinet": "CABINET", "Domicile": "DOMICILE"}
_SHORT = {"Cabinet": "C", "Domicile": "D"}
_PEOPLE = {
    "P0001": ("EXEMPLÉ", "Anne-Laure", date(1955, 4, 12)),
    "P0002": ("FICTIVE", "Zoé", date(1988, 9, 30)),
    "P0003": ("INVENTÉ", "Théodore", date(2011, 1, 7)),
}
_LINES = (
    ("S00001", date(2026, 3, 2), "P0001", "RAM", "8.09", "Cabinet", "17.88"),
    ("S00002", date(2026, 3, 2), "P0002", "VIM", "8.11", "Cabinet", "17.92"),
    ("S00003", date(2026, 3, 4), "P0001", "RAM", "8.09", "Cabinet", "17.88"),
    ("S00004", date(2026, 3, 4), "P0003", "RAO", "8.1", "Domicile", "17.90"),
    ("S00005", date(2026, 3, 6), "P0002", "VIM", "8.11", "Cabinet", "17.92"),
    ("S00006", date(2026, 3, 9), "P0003", "RAO", "8.1", "Domicile", "17.90"),
)
SESSIONS = tuple(
    Session(number, day, patient, *_PEOPLE[patient], "MK1", letter, Decimal(coefficient), place, Decimal(amount))
    for number, day, patient, letter, coefficient, place, amount in _LINES
)
TOTAL = sum((each.amount for each in SESSIONS), Decimal())


def export(name: str, kind: Kind) -> tuple[str, bytes]:
    """The path in the sample and the content of its file of a kind."""
    return _WRITERS[kind](name)


def expected(kind: Kind) -> bytes:
    """The records that a kind gives, as a pivot file; made from the lines above, not from the export.

    They are the same for every kind, but that a database counts its rows.
    """
    said = _counted if kind == "database" else str
    lines: list[Mapping[str, object]] = [header("Cabinet fictif", datetime(2026, 3, 10, 20, tzinfo=UTC), _COVERS)]
    for each in SESSIONS:
        lines.append(
            {
                "record": "patient",
                "id": said(each.patient),
                "family_name": each.family,
                "given_name": each.given,
                "birth_date": each.birth.isoformat(),
            }
        )
        lines.append(
            {
                "record": "act",
                "id": said(each.number),
                "patient_id": said(each.patient),
                "practitioner_id": each.practitioner,
                "performed_on": each.day.isoformat(),
                "letter": each.letter,
                "coefficient": str(each.coefficient),
                "amount": str(each.amount),
                "place": _PLACES[each.place],
            }
        )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _csv(name: str) -> tuple[str, bytes]:
    head = "N° séance;Date;N° patient;Nom;Prénom;Né(e) le;Praticien;Lettre;Coefficient;Lieu;Montant"
    rows = [
        ";".join(
            (
                each.number,
                f"{each.day:%d/%m/%Y}",
                each.patient,
                each.family,
                each.given,
                f"{each.birth:%d/%m/%Y}",
                each.practitioner,
                each.letter,
                str(each.coefficient).replace(".", ","),
                each.place,
                str(each.amount).replace(".", ","),
            )
        )
        for each in SESSIONS
    ]
    lines = [head, *rows, f"Total;{len(rows)}"]
    return f"export/{name}_seances_20260310.csv", "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def _xml(name: str) -> tuple[str, bytes]:
    rows = [
        f'  <seance numero="{each.number}" date="{each.day}" praticien="{each.practitioner}" lettre="{each.letter}"'
        f' coefficient="{each.coefficient}" lieu="{each.place}" montant="{each.amount}">'
        f'<patient numero="{each.patient}" naissance="{each.birth}"><nom>{each.family}</nom>'
        f"<prenom>{each.given}</prenom></patient></seance>\n"
        for each in SESSIONS
    ]
    head = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<{name}_export>\n'
    return f"export/{name}_export_20260310.xml", "".join([head, *rows, f"</{name}_export>\n"]).encode("iso-8859-1")


def _fixed(name: str) -> tuple[str, bytes]:
    rows = [
        f"{each.number:8}{each.day:%Y%m%d}{each.patient:8}{each.family:20}{each.given:20}{each.birth:%Y%m%d}"
        f"{each.practitioner:6}{each.letter:4}{round(each.coefficient * 100):06}{_SHORT[each.place]}"
        f"{round(each.amount * 100):08}\r\n"
        for each in SESSIONS
    ]
    return f"export/{name.upper()}.TXT", "".join(rows).encode("cp850")


def _database(name: str) -> tuple[str, bytes]:
    people = [
        f"INSERT INTO PATIENTS VALUES ({_counted(number)}, '{family}', '{given}', '{birth}');\n"
        for number, (family, given, birth) in _PEOPLE.items()
    ]
    sessions = [
        f"INSERT INTO SEANCES VALUES ({_counted(each.number)}, {_counted(each.patient)}, '{each.practitioner}',"
        f" '{each.day}', '{each.letter}', {round(each.coefficient * 100)}, '{each.place}', {round(each.amount * 100)},"
        f" '{each.day} 18:00:00');\n"
        for each in SESSIONS
    ]
    return DATABASE, "".join([_TABLES, *people, *sessions]).encode()


def _counted(number: str) -> str:
    """The key that a database gives to what has this number elsewhere."""
    return str(int(number[1:]))


_TABLES = """\
CREATE TABLE PATIENTS (
  ID INTEGER NOT NULL PRIMARY KEY,
  NOM VARCHAR(40),
  PRENOM VARCHAR(40),
  NE_LE DATE
);
CREATE TABLE SEANCES (
  ID INTEGER NOT NULL PRIMARY KEY,
  ID_PATIENT INTEGER,
  PRATICIEN VARCHAR(6),
  JOUR DATE,
  LETTRE VARCHAR(4),
  COEFFICIENT INTEGER,
  LIEU VARCHAR(20),
  MONTANT INTEGER,
  MODIFIE_LE TIMESTAMP
);
"""
_WRITERS = {"csv": _csv, "xml": _xml, "fixed": _fixed, "database": _database}
