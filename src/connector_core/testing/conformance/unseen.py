"""Fields that a connector declares and that no row of a sample fills: mappings that nobody has seen working.

A typing error in the name of a column that may be missing, or in a word that a file of the sample lacks, shows nowhere
else: the field stays empty, and the rules take it for covered. A sample may rightly lack a field, so that no level
depends on it: it is told, for a person to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector_core.dialects.mappings import Dialect
from connector_core.plugins.connector import Connector
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.testing.conformance.told import Told

NO_SAMPLE = "*"
"""In place of the fields of a dialect of which there is no sample."""


def unseen(connector: Connector, reads: Iterable[Told]) -> Mapping[str, tuple[str, ...]]:
    """By dialect, the fields (`act.rate`) that none of its files that were read fills. Of a layout in code they are
    those that its readings cover."""
    dialects = connector.dialects if isinstance(connector, ReadsDialects) else {}
    declared = {name: _mapped(dialect) for name, dialect in dialects.items()}
    filled: dict[str, set[str]] = {}
    for told in reads:
        for file, claim in told.claims.items():
            filled.setdefault(claim.dialect, set()).update(told.filled.get(file, ()))
            if claim.dialect not in dialects and file in told.covering:
                declared.setdefault(claim.dialect, set()).update(told.covering[file].fields)
    missing = {
        name: tuple(sorted(fields - filled[name])) if name in filled else (NO_SAMPLE,)
        for name, fields in declared.items()
        if fields
    }
    return {name: fields for name, fields in sorted(missing.items()) if fields}


def _mapped(dialect: Dialect) -> set[str]:
    return {
        f"{record.kind}.{each.target}" for table in dialect.tables for record in table.records for each in record.fields
    }


def unseen_text(found: Mapping[str, Sequence[str]]) -> str:
    """Lines for the developer, each begun by a line end; empty where every field was seen."""
    return "".join(
        f"\n  {name}: no sample of it"
        if tuple(fields) == (NO_SAMPLE,)
        else f"\n  {name}: no row of a sample fills {', '.join(fields)}"
        for name, fields in found.items()
    )
