"""Backups of the store: whole copies of it, encrypted with its key, in a folder beside it.

The promise: a name in the folder is always a whole backup that was read back before an older one was let go. A backup
is made through SQLite's backup API under a temporary name, so that it holds what one moment had committed, whatever is
being written meanwhile; every page is checked by the key and the tables by SQLite; it is flushed to the disk, and only
then renamed. A copy of a damaged page does not pass that check: damage is told instead of being handed on, and never
pushes a good backup out. Killed at any instruction, making one leaves the others as they were.

Backups are counted, and the count orders them: the clock, which is set back now and then, only names their time.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlcipher3

from connector_core.disk import sync_file, sync_folder
from connector_core.errors import StoreDamaged, StoreError, reason_of
from connector_core.store.connection import translated, unlock

_NAME = re.compile(r"magasin-([0-9]{6,})-([0-9]{8}T[0-9]{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"
_PARTIAL = "magasin.partiel"
_SPARE = 32 * 1024**2
"""Bytes of the disk that a backup leaves free for the work itself."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: its rank, when it was made by the clock of then, and where it is."""

    number: int
    made_at: datetime
    path: Path


@dataclass(frozen=True, slots=True)
class Backups:
    """The backups of one store; the newest `kept` stay."""

    folder: Path
    key: bytes
    kept: int
    clock: Callable[[], datetime]

    def every(self) -> list[Backup]:
        """All of them, the newest first."""
        return backups_in(self.folder)

    def due(self, interval: timedelta) -> bool:
        """Whether the newest is older than that, or of a time that has not come: the clock was set back."""
        newest = next(iter(self.every()), None)
        return newest is None or not timedelta(0) <= self.clock() - newest.made_at < interval

    def make(self, connection: sqlcipher3.Connection) -> Backup:
        """Copy what a connection sees committed, and let go of the oldest backups.

        Raise what SQLite does of a page of the store that is not what was written, StoreError when the copy can't be
        made.
        """
        partial = self.folder / _PARTIAL
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(connection)
            self.sweep()
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._copy(connection, partial)
            if not is_whole(partial, self.key):
                if not holds_together(connection):
                    raise sqlcipher3.DatabaseError("malformed")
                raise StoreError("la sauvegarde du magasin n'a pas pu être relue", where=str(self.folder))
            newest = next(iter(self.every()), None)
            made_at = self.clock().astimezone(UTC).replace(microsecond=0)
            number = 1 if newest is None else newest.number + 1
            path = self.folder / f"magasin-{number:06d}-{made_at.strftime(_STAMP)}.db"
            sync_file(partial)
            partial.replace(path)
            sync_folder(self.folder)
        except OSError as error:
            raise StoreError(
                f"la sauvegarde du magasin n'a pas pu être faite ({reason_of(error)})",
                where=str(self.folder),
                remedy="Vérifiez le dossier, vos droits et la place sur le disque",
            ) from error
        finally:
            self.sweep()
        self._let_go()
        return Backup(number, made_at, path)

    def sweep(self) -> None:
        """Remove what a backup that was killed has left."""
        for left in self.folder.glob(f"{_PARTIAL}*"):
            with suppress(OSError):
                left.unlink()

    def before_migration(self, connection: sqlcipher3.Connection) -> None:
        """What the store holds before its tables change; without that copy they don't."""
        self.make(connection)

    def newest_whole(self) -> Backup | None:
        """The newest backup that this key reads to its last page."""
        return next((backup for backup in self.every() if is_whole(backup.path, self.key)), None)

    def any_opens(self) -> bool:
        """Whether the key is that of one of the backups."""
        return any(_opens(backup.path, self.key) for backup in self.every())

    def _make_room(self, connection: sqlcipher3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        if shutil.disk_usage(self.folder).free < int(pages) * int(page) + _SPARE:
            raise StoreError(
                "la place manque pour sauvegarder le magasin",
                where=str(self.folder),
                remedy="Libérez de la place ; le travail continue sans nouvelle sauvegarde",
            )

    def _copy(self, connection: sqlcipher3.Connection, partial: Path) -> None:
        with closing(sqlcipher3.connect(partial, isolation_level=None)) as target:
            unlock(target, self.key)
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a journal beside it

    def _let_go(self) -> None:
        for old in self.every()[self.kept :]:
            with suppress(OSError):
                old.path.unlink()


def backups_in(folder: Path) -> list[Backup]:
    """The backups that lie in a folder, the newest first; nothing of what they hold is looked at."""
    found: list[Backup] = []
    with suppress(OSError):
        for path in folder.iterdir():
            named = _NAME.fullmatch(path.name)
            if named is not None:
                made_at = datetime.strptime(named[2], _STAMP).replace(tzinfo=UTC)
                found.append(Backup(int(named[1]), made_at, path))
    return sorted(found, key=lambda backup: backup.number, reverse=True)


def is_whole(path: Path, key: bytes) -> bool:
    """Whether a key reads a database to its last page, and its tables hold together."""
    try:
        with translated(path), closing(_read_only(path, key)) as database:
            return holds_together(database)
    except StoreError:
        return False


def holds_together(database: sqlcipher3.Connection) -> bool:
    """Whether every page of a database is what was written with its key, and the tables agree with each other."""
    if database.execute("PRAGMA cipher_integrity_check").fetchone() is not None:
        return False
    found: list[tuple[str]] = database.execute("PRAGMA quick_check(1)").fetchall()
    return found == [("ok",)]


def _opens(path: Path, key: bytes) -> bool:
    try:
        with translated(path), closing(_read_only(path, key)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except StoreDamaged:
        return False
    return True


def _read_only(path: Path, key: bytes) -> sqlcipher3.Connection:
    connection = sqlcipher3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        unlock(connection, key)
    except BaseException:
        connection.close()
        raise
    return connection
