"""The database of a sample: its SQL is run in SQLite, and read from there as the core reads any database.

What that gives, the extract, is the file of the sample: it is what a connector for a database is given.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from connector_core.dialects.plan import Plan, database_plans
from connector_core.errors import SourceError
from connector_core.plugins.connector import Connector
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.sources.database.extracted import extracted
from connector_core.testing.conformance.check import Broken
from connector_core.testing.conformance.scenario import DATABASE
from connector_core.testing.conformance.told import MemoryFile


def plans_of(connector: Connector) -> tuple[Plan, ...]:
    """What each of the connector's dialects for a database reads."""
    return database_plans(connector.dialects.values()) if isinstance(connector, ReadsDialects) else ()


def extract_of(script: Path, plans: Sequence[Plan]) -> MemoryFile:
    """What the first of these plans that fits reads of the database that a script makes.

    Raise Broken where none fits, or the script does not run.
    """
    if not plans:
        raise Broken(f"the sample has a {DATABASE}, and the connector no dialect for a database")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "base.db")
        make_base(script, path)
        return extract_at(path, plans)


def make_base(script: Path, path: Path) -> None:
    """Run the script of a sample; raise Broken where it does not run."""
    try:
        with closing(sqlite3.connect(path)) as base:
            base.executescript(script.read_text(encoding="utf-8"))
            base.commit()
    except sqlite3.Error as error:
        raise Broken(f"{DATABASE} does not run in SQLite ({error.sqlite_errorname})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Broken(f"{DATABASE} can't be read ({type(error).__name__})") from None


def address_of(path: Path) -> str:
    """The address of a database in a file."""
    return f"sqlite:///{quote(path.as_posix())}"


def extract_at(path: Path, plans: Sequence[Plan]) -> MemoryFile:
    """What the first of these plans that fits reads of a database; raise Broken where none fits."""
    try:
        found = extracted(address_of(path), None, plans)
    except SourceError as error:
        raise Broken(f"the database that {DATABASE} makes is not read: {error.what}") from None
    return MemoryFile(found.name, found.content)
