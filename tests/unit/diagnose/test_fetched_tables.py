"""How an inspection says that tables are fetched: by which column, or whole."""

from __future__ import annotations

import pytest
from tests.unit.service.marked_base import GROWING, VERSIONS, Base

from connector_core.diagnose.database import seen
from connector_core.sources.database.engine import Column, Schema, Table
from connector_core.sources.database.exchange import Examined
from connector_core.sources.database.passes import Known

COLUMNS = {
    "CODES": ("CODE", "LETTRE"),
    "SEANCES": ("ID", "PATIENT", "JOUR", "VU"),
    "LIGNES": ("ID", "REF", "SEANCE", "CODE", "COEF", "VU"),
}


def ways(tmp_path, marks, *, filters=True):
    tables = tuple(Table(name, tuple(Column(each, "TEXT") for each in names)) for name, names in COLUMNS.items())
    base = Base(tmp_path / "base.db", marks)
    base.store.close()
    found = seen(Examined(Schema(tables), "essai", filters=filters), [base.plan], Known(), str)
    return {table.name: table.fetched for table in found.tables}


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        (VERSIONS, "lignes nouvelles et modifiées d'après VU"),
        (GROWING, "lignes nouvelles d'après ID, comparée à intervalles"),
    ],
)
def test_a_table_with_a_mark_is_fetched_by_it_where_the_engine_can(tmp_path, marks, said):
    whole = "lue en entier quand elle a pu changer"
    assert ways(tmp_path, marks) == {"CODES": whole, "SEANCES": said, "LIGNES": said}
    refused = f"{said} : lue en entier, ce moteur ne donne pas de lignes d'après une valeur"
    assert ways(tmp_path, marks, filters=False) == {"CODES": whole, "SEANCES": refused, "LIGNES": refused}
