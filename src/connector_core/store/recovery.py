"""A damaged store: set aside, and the newest backup that is whole put in its place.

The promise: nothing is thrown away, and no store is set aside because of a wrong key. SQLCipher can't tell damage from
a wrong key, so that the key has to be proven first: by the witness beside the store, or by a backup that it opens. A
key that neither speaks for is taken for wrong, and everything stays where it is.

The damaged file is kept under its name with the time. There is a store at every instant: what takes its place is
written beside it, flushed, and renamed onto it. Killed in between, the damage is found again and the rest is done.
Without a backup the practice starts with an empty store. What the backup does not know is read again from the files
that are still there, be they in their folders or in the spool; what people decided since is in `decisions`.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlcipher3

from connector_core.disk import sync_file, sync_folder
from connector_core.errors import StoreDamaged, StoreError, reason_of
from connector_core.store.backup import Backups, holds_together
from connector_core.store.connection import translated, unlock
from connector_core.store.store import Store
from connector_core.store.witness import is_witnessed

_FACT = "recovered"
_ASIDE = ".endommage-"
_FRESH = ".reprise"
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was done about a damaged store: when (UTC), where it is kept, and from when its backup was, if any."""

    at: str
    aside: str
    backup_at: str | None


def check_pages(path: Path, key: bytes) -> None:
    """Read every page of a store that nothing else has open; StoreDamaged when one is not what was written, or when
    there is none.

    What a killed process left in the journal is brought into the file first: a page that was being written then is
    no damage.
    """
    with translated(path), closing(_existing(path)) as database:
        unlock(database, key)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if path.stat().st_size == 0 or not holds_together(database):
            raise sqlcipher3.DatabaseError("malformed")


def recover(path: Path, backups: Backups) -> Recovery:
    """Set a damaged store aside and put the newest whole backup in its place. Nothing has it open.

    Raise StoreDamaged, having touched nothing, when the key may be wrong; StoreError when the disk doesn't let it.
    """
    if not is_witnessed(path, backups.key) and not backups.any_opens():
        raise StoreDamaged(
            "la clé ne convient pas, ou le fichier est endommagé",
            where=str(path),
            remedy="Rien n'a été touché. Vérifiez [secrets] et [data] avec « connector config show »",
        )
    at = backups.clock().astimezone(UTC)
    aside = _free_name(path, at)
    try:
        backup = backups.newest_whole()
        recovery = Recovery(at.isoformat(), aside.name, None if backup is None else backup.made_at.isoformat())
        fresh = path.with_name(path.name + _FRESH)
        for left in (fresh, *_beside(fresh)):
            left.unlink(missing_ok=True)
        if backup is not None:
            shutil.copy(backup.path, fresh)
        with Store(fresh, backups.key) as store, store.transaction():
            store.set_fact(_FACT, json.dumps([recovery.at, recovery.aside, recovery.backup_at]))
        sync_file(fresh)
        _keep(path, aside)
        for beside, kept in zip(_beside(path), _beside(aside), strict=True):
            with suppress(FileNotFoundError):
                beside.replace(kept)
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"le magasin est endommagé, et la sauvegarde n'a pas pu être reprise ({reason_of(error)})",
            where=str(path),
            remedy="Vérifiez la place sur le disque et vos droits ; un nouvel essai suivra",
        ) from error
    return recovery


def noted(store: Store) -> Recovery | None:
    """The last recovery of a store, as long as the damaged file is kept beside it."""
    told = store.fact(_FACT)
    if told is None or store.path is None:
        return None
    recovery = Recovery(*json.loads(told))
    return recovery if store.path.with_name(recovery.aside).exists() else None


def told(recovery: Recovery) -> str:
    """What a person is told of it (French)."""
    start = "le magasin était endommagé et est gardé à part"
    if recovery.backup_at is None:
        return f"{start} ; il n'y avait pas de sauvegarde, et tout est relu depuis les exports"
    made_at = datetime.fromisoformat(recovery.backup_at)
    made = f"{made_at:%d/%m/%Y} à {made_at:%H h %M} (UTC)"
    return f"{start} ; la sauvegarde du {made} a été reprise, et la suite est relue depuis les exports"


def _existing(path: Path) -> sqlcipher3.Connection:
    if not path.exists():
        raise sqlcipher3.DatabaseError("malformed")
    return sqlcipher3.connect(path, isolation_level=None)


def _free_name(path: Path, at: datetime) -> Path:
    """A name that tells the time and is not taken: the clock may have been set back."""
    stem, number = f"{path.name}{_ASIDE}{at.strftime(_STAMP)}", 1
    found = path.with_name(stem)
    while found.exists():
        number += 1
        found = path.with_name(f"{stem}-{number}")
    return found


def _keep(path: Path, aside: Path) -> None:
    """Another name for a file, if it is there; a copy where the disk knows no second name."""
    try:
        os.link(path, aside)
    except FileNotFoundError:
        aside.touch(0o600)  # the name alone still tells what happened
    except OSError:
        shutil.copy2(path, aside)


def _beside(path: Path) -> tuple[Path, Path]:
    """What SQLite keeps beside a database that is open, or was when its process was killed."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
