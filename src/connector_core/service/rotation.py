"""Changing the key of everything that is encrypted: the store, the copies, the decisions, the backups.

The promise: killed at any instruction, or out of disk, the practice's store opens at the next start with a key that is
in the keyring, and a change that was begun is finished or undone there. No key is forgotten while a file has it:

1. the next key is drawn and kept beside the current one;
2. the store is encrypted with it, in one transaction: from here on the change is finished, before it is undone;
3. the copies and the decisions are encrypted with it, each in one step; one that has it already is left alone;
4. the next key becomes the current one, which is kept as the former;
5. the backups are encrypted with it, each in one transaction, and the former is forgotten.

Backups that can't be encrypted now (the disk is full) hold nothing up: the former key is kept, and it is tried again
at the next start. Whoever calls holds the worker's lock, so that nobody else works on the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector_core.errors import StoreError, reason_of
from connector_core.secrets import StoreKeys
from connector_core.service.places import Places
from connector_core.sources.spool import Spool
from connector_core.store.decisions import Decisions
from connector_core.store.rekey import opens_with, rekey
from connector_core.store.witness import keep_witness

Reached = Callable[[str], None]
"""Told which step has been reached; tests kill the process there."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of the key came to. `unreadable` are files that neither key opens: they stay as they are;
    `finished` is false when backups have to wait for the next start."""

    unreadable: tuple[str, ...] = ()
    finished: bool = True


def rotate(places: Places, keys: StoreKeys, reached: Reached = lambda _step: None) -> Rotated:
    """Give a practice another key. Raise StoreError when there is no store, or none that its key opens; the former
    key is then still the one."""
    finish(places, keys)
    if not places.store.exists():
        raise StoreError("rien n'a encore été lu", where=str(places.store), remedy="Il n'y a pas encore de clé")
    if keys.former() is not None:
        raise StoreError(
            "un changement de clé attend encore d'être terminé",
            where=str(places.data),
            remedy="Faites de la place sur le disque et redémarrez le service, puis recommencez",
        )
    current = keys.to_try()[0]
    if not opens_with(places.store, current):
        raise StoreError(
            "la clé ne convient pas, ou le fichier est endommagé",
            where=str(places.store),
            remedy="La clé n'a pas été changée. Voyez « connector doctor »",
        )
    following = keys.draw_following()
    reached("drawn")
    try:
        rekey(places.store, current, following)
    except StoreError:
        with suppress(StoreError):  # the next start does it, at the latest
            finish(places, keys)
        raise
    reached("store")
    copies = _promoted(places, keys, current, following, reached)
    backups = _backups(places, keys, reached)
    return Rotated((*copies, *backups.unreadable), backups.finished)


def finish(places: Places, keys: StoreKeys) -> Rotated:
    """Finish or undo a change that was cut off; nothing happens when there is none. Raise StoreError when it can't be
    finished now: the next start tries again."""
    copies = _begun(places, keys)
    backups = _backups(places, keys)
    return Rotated((*copies, *backups.unreadable), backups.finished)


def encrypt_databases_again(paths: Iterable[Path], former: bytes, key: bytes) -> tuple[str, ...]:
    """Encrypt database files with another key; those that have it already are left alone. Return the names of those
    that neither key opens. Raise StoreError when one can't be written."""
    unreadable: list[str] = []
    for path in paths:
        if opens_with(path, key):
            continue
        if opens_with(path, former):
            rekey(path, former, key)
        else:
            unreadable.append(path.name)
    return tuple(unreadable)


def _begun(places: Places, keys: StoreKeys) -> tuple[str, ...]:
    """Finish or undo what a next key was drawn for; return the names of the copies that neither key opens."""
    following = keys.following()
    if following is None:
        return ()
    if not places.store.exists():
        keys.forget_following()
        return ()
    current = keys.to_try()[0]
    if opens_with(places.store, current):
        unreadable = _copies(places, following, current)
        keys.forget_following()
        return unreadable
    if opens_with(places.store, following):
        return _promoted(places, keys, current, following)
    return ()


def _promoted(
    places: Places, keys: StoreKeys, current: bytes, following: bytes, reached: Reached = lambda _step: None
) -> tuple[str, ...]:
    """The store has the next key: let the copies have it, and make it the current one."""
    unreadable = _copies(places, current, following, reached)
    reached("copies")
    with suppress(OSError):  # it only helps when the store is damaged one day
        keep_witness(places.store, following)
    keys.promote()
    reached("promoted")
    return unreadable


def _copies(places: Places, former: bytes, key: bytes, reached: Reached = lambda _step: None) -> tuple[str, ...]:
    Decisions(places.decisions, key).encrypt_again(Decisions(places.decisions, former))
    if not places.spool.is_dir():
        return ()
    try:
        return Spool(places.spool, key).encrypt_again(Spool(places.spool, former), lambda: reached("copy"))
    except OSError as error:
        raise StoreError(
            f"les copies n'ont pas pu être rechiffrées ({reason_of(error)})",
            where=str(places.spool),
            remedy="Libérez de la place ; le changement de clé se terminera au prochain démarrage",
        ) from error


def _backups(places: Places, keys: StoreKeys, reached: Reached = lambda _step: None) -> Rotated:
    """Let the backups have the current key, and forget the former one."""
    former = keys.former()
    if former is None:
        return Rotated()
    paths = sorted(places.backups.glob("*.db"))
    unreadable: tuple[str, ...] = ()
    if paths:
        try:
            unreadable = encrypt_databases_again(paths, former, keys.to_try()[0])
        except StoreError:
            return Rotated(finished=False)
    reached("backups")
    keys.forget_former()
    return Rotated(unreadable)
