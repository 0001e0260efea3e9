"""Changing the key of an encrypted file in place.

The promise: at any instruction, killed or out of disk, the file opens with the former key or with the new one, and what
was committed is all there. SQLCipher rewrites every page in one transaction, with a rollback journal: the file is taken
out of WAL mode first, which also waits for every other program to let go of it, and is held alone until the end.
"""

from __future__ import annotations

from pathlib import Path

import sqlcipher3

from connector_core.errors import StoreError
from connector_core.store.connection import translated

_BUSY_MS = 10_000


def opens_with(path: Path, key: bytes) -> bool:
    """Whether a key opens a file. Raise StoreError when that can't be told: it is held, missing or unreadable."""
    if not path.exists():
        raise StoreError("ce fichier n'existe pas", where=str(path))
    with translated(path):
        connection = _connected(path, key)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher3.DatabaseError as error:
            if "not a database" in str(error):
                return False
            raise
        finally:
            connection.close()
    return True


def rekey(path: Path, former: bytes, key: bytes) -> None:
    """Encrypt a file with another key. Raise StoreError when the former does not open it, when another program holds
    it, or when the disk is full; it is then as it was."""
    with translated(path):
        connection = _connected(path, former)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise StoreError(
                    "le magasin est occupé par un autre programme", where=str(path), remedy="Réessayez dans un instant"
                )
            connection.execute(f"PRAGMA rekey = \"x'{key.hex()}'\"").fetchone()
        finally:
            connection.close()


def _connected(path: Path, key: bytes) -> sqlcipher3.Connection:
    connection = sqlcipher3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return connection
