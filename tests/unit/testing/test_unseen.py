"""Fields that no sample fills are told, by dialect."""

from __future__ import annotations

import pytest

from connector_core.dialects.language import read_dialect
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector
from connector_core.plugins.pivot import PivotConnector
from connector_core.testing.conformance.told import MemoryFile, read
from connector_core.testing.conformance.unseen import unseen, unseen_text

DIALECT = """
[dialect]
id = "acme-{name}"
title = "Acme"
version = "1"
[format]
kind = "delimited"
separator = ";"
[[table]]
name = "patients"
file = "{name}*.csv"
[[table.record]]
kind = "patient"
[table.record.fields]
id = "N"
family_name = "Nom"
birth_date = {{ from = "Naissance", as = "date_fr" }}
given_name = "Usuel"
"""
HEAD = "N;Nom;Naissance;Usuel\n"


def connector(*names: str) -> DialectConnector:
    dialects = [read_dialect(DIALECT.format(name=name), f"{name}.toml") for name in names]
    return DialectConnector(ConnectorInfo("acme", "Acme", "Acme", "1"), dialects)


def told(made, **files: str):
    return [read(made, [MemoryFile(f"{name}.csv", (HEAD + rows).encode())]) for name, rows in files.items()]


def test_what_no_row_of_any_sample_fills_is_told() -> None:
    made = connector("un")
    found = unseen(made, told(made, un="1;EXEMPLE;;\n2;FICTIVE;;\n"))
    assert found == {"acme-un": ("patient.birth_date", "patient.given_name")}


def test_one_row_of_one_sample_is_enough() -> None:
    made = connector("un")
    assert unseen(made, told(made, un1="1;EXEMPLE;12/04/1955;\n", un2="2;FICTIVE;;Anne\n")) == {}


def test_each_dialect_is_told_of_by_itself() -> None:
    made = connector("un", "deux", "trois")
    found = unseen(made, told(made, un="1;EXEMPLE;12/04/1955;Anne\n", deux="1;EXEMPLE;12/04/1955;\n"))
    assert found == {"acme-deux": ("patient.given_name",), "acme-trois": ("*",)}
    lines = unseen_text(found).splitlines()
    assert lines == ["", "  acme-deux: no row of a sample fills patient.given_name", "  acme-trois: no sample of it"]


@pytest.mark.parametrize(("said", "missing"), [(', "amount": "17.88"', {}), ("", {"pivot": ("act.amount",)})])
def test_of_a_layout_in_code_it_is_what_its_readings_cover(said: str, missing: dict) -> None:
    head = '{"record": "pivot", "model_version": 1, "practice": "C", "exported_at": "2026-03-02T10:00:00+01:00"'
    act = '{"record": "act", "id": "a", "patient_id": "p", "practitioner_id": "m", "performed_on": "2026-03-02"'
    act += ', "letter": "RAM", "coefficient": "8.09"'
    content = f'{head}, "covers": ["act.id", "act.amount"]}}\n{act}{said}}}\n'
    made = PivotConnector()
    assert unseen(made, [read(made, [MemoryFile("export.ndjson", content.encode())])]) == missing
