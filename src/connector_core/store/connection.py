"""Opening the store: one SQLCipher file with a random raw key, in WAL mode, on a local disk.

The promise of this file: what `transaction` commits survives a kill at any instruction (WAL, `synchronous=FULL`), and
what it does not commit leaves no trace. Temporary data stays in memory, so that nothing of it reaches the disk in
clear. Errors of SQLite become `StoreError`s here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3

from connector_core.errors import StoreError
from connector_core.store.schema import MIGRATIONS

KEY_BYTES = 32
_BUSY_MS = 10_000
_CACHE_KB = 2000
"""Pages that are kept in clear in memory. A pass goes through the store once, so that more of them spare nothing."""


def open_database(path: Path | None, key: bytes | None, *, read_only: bool = False) -> sqlcipher3.Connection:
    """Open, and create or migrate, the database at `path`; None is a database in memory, for checks that write nothing.

    Raise StoreError when the key is wrong, the file is damaged, or it was written by a newer version; and, read only,
    when nobody has created or migrated it yet.
    """
    with translated(path):
        if path is None:
            connection = sqlcipher3.connect(":memory:", isolation_level=None)
        else:
            if not read_only:
                _create(path)
            uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "?mode=rwc")
            connection = sqlcipher3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            if path is not None:
                _unlock(connection, key, path, read_only=read_only)
            _check_version(connection)
            if not read_only:
                _migrate(connection)
            elif _version(connection) < len(MIGRATIONS):
                raise StoreError(
                    "le magasin n'est pas encore préparé pour cette version",
                    where="magasin" if path is None else str(path),
                    remedy="Réessayez dans un instant ; le service le prépare en démarrant (« connector run »)",
                )
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlcipher3.Connection) -> Iterator[None]:
    """All or nothing: everything done inside is committed together, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """The boundary at which SQLite's errors become ours; their texts hold no data, yet only their kind is kept."""
    where = "magasin" if path is None else str(path)
    try:
        yield
    except sqlcipher3.DatabaseError as error:
        text = str(error)
        if "not a database" in text:
            what, remedy = (
                "la clé ne convient pas, ou le fichier est endommagé",
                "Vérifiez [secrets] et [data] avec « connector config show »",
            )
        elif "locked" in text or "busy" in text:
            what, remedy = "le magasin est occupé par un autre programme", "Réessayez dans un instant"
        elif "full" in text:
            what, remedy = "le disque est plein", "Libérez de la place ; rien n'est perdu"
        elif "readonly" in text:
            what, remedy = "le magasin n'est pas accessible en écriture", "Vérifiez les droits du dossier"
        else:
            what, remedy = (
                f"le magasin ne répond pas ({type(error).__name__})",
                "Vérifiez [secrets] et [data] avec « connector config show »",
            )
        raise StoreError(what, where=where, remedy=remedy) from error


def _create(path: Path) -> None:
    """Make an empty file that only this account may read, where there is none."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(
            f"le magasin ne peut pas être créé ({error.strerror})",
            where=str(path),
            remedy="Vérifiez le dossier, vos droits et la place sur le disque",
        ) from error


def _unlock(connection: sqlcipher3.Connection, key: bytes | None, path: Path, *, read_only: bool) -> None:
    if key is None or len(key) != KEY_BYTES:
        raise StoreError(
            "la clé du magasin manque",
            where=str(path),
            remedy="Vérifiez [secrets] et [data] avec « connector config show »",
        )
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _version(connection: sqlcipher3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _check_version(connection: sqlcipher3.Connection) -> None:
    if _version(connection) > len(MIGRATIONS):
        raise StoreError(
            "le magasin a été écrit par une version plus récente", where="magasin", remedy="Mettez connector à jour"
        )


def _migrate(connection: sqlcipher3.Connection) -> None:
    """Bring the tables up to date; of two programs that start at once, the second finds it done."""
    if _version(connection) == len(MIGRATIONS):
        return
    with transaction(connection):
        for migration in MIGRATIONS[_version(connection) :]:
            for statement in migration.split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
