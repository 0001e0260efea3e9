"""Starting anew where the key of the store is lost.

The promise: nothing is thrown away, and at every instant the practice either still has the store that no key opens, as
before, or has none and can start. The store is moved last: killed before, the command is given again. A key that is a
key stays: what was set aside may yet be damaged rather than locked, and opens with it then.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from connector_core.access import make_private_folder
from connector_core.errors import StoreError, reason_of
from connector_core.secrets import StoreKeys
from connector_core.service.places import Places
from connector_core.service.rotation import Reached
from connector_core.store.rekey import opens_with

_FOLDER = "mis-de-cote"


def set_aside(places: Places, keys: StoreKeys, now: datetime, reached: Reached = lambda _step: None) -> Path:
    """Move a store that no key opens, with what belongs to it, to a folder beside it; returns that folder. Whoever
    calls holds the daemon's lock and the worker's.

    Raise StoreError, having touched nothing, when there is no store or a key opens it.
    """
    if not places.store.exists():
        raise StoreError(
            "il n'y a pas de magasin", where=str(places.store), remedy="« connector run » en fait un, avec sa clé"
        )
    if any(opens_with(places.store, key) for key in keys.that_are_keys()):
        raise StoreError(
            "une clé de ce trousseau ouvre le magasin : rien n'est perdu",
            where=str(places.store),
            remedy="Pour changer la clé : « connector secrets rotate »",
        )
    aside = places.data / f"{_FOLDER}-{now:%Y%m%dT%H%M%S}"
    try:
        make_private_folder(aside)
        beside = sorted(path for path in places.data.glob(f"{places.store.name}?*"))
        for each in (places.spool, places.backups, places.decisions, *beside, places.store):
            if each.exists():
                each.rename(aside / each.name)
                reached(each.name)
    except OSError as error:
        raise StoreError(
            f"le magasin n'a pas pu être mis de côté ({reason_of(error)})",
            where=str(places.data),
            remedy="Vérifiez vos droits et qu'aucun programme ne le tient ouvert, puis recommencez",
        ) from error
    keys.forget_damaged()
    return aside
