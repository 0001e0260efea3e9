"""Opening the store: one SQLCipher file with a random raw key, in WAL mode, on a local disk.

The promise of this file: what `transaction` commits is there after a kill at any instruction, and after a power cut on
a disk that keeps its word (WAL, `synchronous=FULL`); what it does not commit leaves no trace, be it that the process
was killed, that the disk was full or that another program held the file. Each page carries a check by the key: a byte
that changed on the disk is an error, never other data. What is not promised: a disk that loses what it said to have
written, and a file that something else has changed; `recovery` is for those. Temporary data stays in memory, so that
nothing of it reaches the disk in clear. Errors of SQLite become `StoreError`s here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3

from connector_core.errors import StoreDamaged, StoreError, StoreUnavailable, reason_of
from connector_core.store.schema import MIGRATIONS

KEY_BYTES = 32
_BUSY_MS = 10_000
_NOT_OF_THE_DISK = 1
"""SQLite's code of a statement that doesn't fit the tables: no waiting mends that."""
_CACHE_KB = 2000
"""Pages that are kept in clear in memory. A pass goes through the store once, so that more of them spare nothing."""


def open_database(
    path: Path | None,
    key: bytes | None,
    *,
    read_only: bool = False,
    before_migration: Callable[[sqlcipher3.Connection], None] | None = None,
) -> sqlcipher3.Connection:
    """Open, and create or migrate, the database at `path`; None is a database in memory, for checks that write nothing.
    `before_migration` is given a database that holds something and is about to be migrated.

    Raise StoreDamaged when the key is wrong or the file is damaged, StoreError when it was written by a newer version;
    and, read only, when nobody has created or migrated it yet.
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
                _migrate(connection, before_migration)
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
            raise StoreDamaged(
                "la clé ne convient pas, ou le fichier est endommagé",
                where=where,
                remedy="Vérifiez [secrets] et [data] avec « connector config show »",
            ) from error
        if "malformed" in text:
            raise StoreDamaged(
                "le fichier du magasin est endommagé",
                where=where,
                remedy="Le service reprend la dernière sauvegarde : « connector run », puis « connector status »",
            ) from error
        if "locked" in text or "busy" in text:
            what, remedy = "le magasin est occupé par un autre programme", "Réessayez dans un instant"
        elif "full" in text:
            what, remedy = "le disque est plein", "Libérez de la place ; rien n'est perdu"
        elif "readonly" in text:
            what, remedy = "le magasin n'est pas accessible en écriture", "Vérifiez les droits du dossier"
        elif isinstance(error, sqlcipher3.OperationalError):  # the disk's own failures
            what, remedy = (
                "le magasin ne répond pas",
                "Vérifiez la place sur le disque et les droits du dossier ; rien n'est perdu",
            )
        else:
            raise StoreError(
                f"le magasin ne répond pas ({type(error).__name__})",
                where=where,
                remedy="Vérifiez [secrets] et [data] avec « connector config show »",
            ) from error
        raise StoreUnavailable(what, where=where, remedy=remedy) from error


def unlock(connection: sqlcipher3.Connection, key: bytes) -> None:
    """Give a connection its key, before anything is asked of it. The engine writes nothing of its own to the screen."""
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute("PRAGMA temp_store = MEMORY")


def _create(path: Path) -> None:
    """Make an empty file that only this account may read, where there is none."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(
            f"le magasin ne peut pas être créé ({reason_of(error)})",
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
    unlock(connection, key)
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


def _migrate(connection: sqlcipher3.Connection, before: Callable[[sqlcipher3.Connection], None] | None = None) -> None:
    """Bring the tables up to date; of two programs that start at once, the second finds it done."""
    version = _version(connection)
    if version == len(MIGRATIONS):
        return
    if version and before is not None:
        before(connection)
    try:
        with transaction(connection):
            for migration in MIGRATIONS[_version(connection) :]:
                for statement in migration.split(";"):
                    if statement.strip():
                        connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except sqlcipher3.OperationalError as error:
        if error.sqlite_errorcode != _NOT_OF_THE_DISK:
            raise
        raise StoreError(
            "les tables du magasin n'ont pas pu être mises à jour pour cette version ; elles sont restées comme avant",
            where="magasin",
            remedy="Réinstallez la version précédente, et signalez-le à l'éditeur de connector",
        ) from error
