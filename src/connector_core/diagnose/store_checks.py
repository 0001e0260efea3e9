"""Checks of the secrets and the store: the keyring answers, the key opens the store, its pages are whole."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.plugins.contributions import Diagnosis
from connector_core.secrets import KeyringSecrets, StoreKeys
from connector_core.settings.model import Settings
from connector_core.settings.reference import RESERVED
from connector_core.store.connection import open_database, translated
from connector_core.store.rekey import opens_with

Opened = Callable[[], KeyringSecrets]


def keyring(opened: Opened, settings: Settings) -> Diagnosis:
    """Whether the keyring answers, and has what the configuration refers to."""
    from connector_core.secrets import reference_name

    secrets = opened()
    names = secrets.names()
    wanted = {reference_name(each) for source in settings.sources for each in source.secrets()}
    missing = sorted(wanted.difference(names))
    if missing:
        return Diagnosis(
            "secrets",
            "failed",
            f"il manque : {', '.join(missing)}",
            "les secrets que la configuration attend",
            f"« connector secrets set {missing[0]} »",
        )
    kept = sum(name not in RESERVED for name in names)
    return Diagnosis("secrets", "ok", f"{secrets.backend_name} ; mots de passe gardés : {kept}")


def key_opens(opened: Opened, store: Path, *, lost: bool = False) -> Diagnosis:
    """Whether the store opens with a key of this account. It is `lost` where only backups of it are there."""
    if lost:
        return Diagnosis(
            "store",
            "failed",
            f"{store} a disparu, et ses sauvegardes sont là",
            "un magasin",
            "Démarrez le service, ou « connector run » : il reprend la dernière sauvegarde et relit la suite",
        )
    if not store.exists():
        return Diagnosis("store", "ok", "rien n'a encore été lu")
    kept = StoreKeys(opened())
    keys = kept.to_try()
    if not any(opens_with(store, key) for key in keys):
        return Diagnosis(
            "store",
            "failed",
            f"la clé n'ouvre pas {store}",
            "la clé ouvre le magasin",
            "Rendez la bonne clé : « connector secrets set store-key » ; perdue : « connector secrets set-aside »",
        )
    if len(keys) > 1 or kept.former() is not None:
        return Diagnosis(
            "store",
            "warning",
            "le magasin s'ouvre ; un changement de clé attend d'être terminé",
            "une seule clé",
            "Faites de la place sur le disque ; le service le termine à son prochain démarrage",
        )
    return Diagnosis("store", "ok", f"{store} s'ouvre")


def pages_whole(opened: Opened, store: Path) -> Diagnosis:
    """Whether every page of the store is what was written, and its tables hold together."""
    if not store.exists():
        return Diagnosis("integrity", "ok", "il n'y a pas de magasin à lire")
    with translated(store), closing(open_database(store, key_of(opened, store), read_only=True)) as database:
        damaged = database.execute("PRAGMA cipher_integrity_check").fetchone()
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if damaged is not None or found != "ok":
        return Diagnosis(
            "integrity",
            "failed",
            "des pages du magasin sont endommagées",
            "un magasin entier",
            "Arrêtez le service, gardez une copie du dossier des données, puis relancez-le",
        )
    return Diagnosis("integrity", "ok", "toutes les pages sont lisibles")


def last_taken(opened: Opened, store: Path) -> datetime | None:
    """When the last file was taken, as the clock showed it then; None when none was."""
    if not store.exists():
        return None
    with translated(store), closing(open_database(store, key_of(opened, store), read_only=True)) as database:
        (at,) = database.execute("SELECT max(taken_at) FROM file").fetchone()
    return None if at is None else datetime.fromisoformat(at)


def key_of(opened: Opened, store: Path) -> bytes:
    """A key that opens the store; ConfigurationError when this account has none."""
    for key in StoreKeys(opened()).to_try():
        if opens_with(store, key):
            return key
    raise ConfigurationError("la clé n'ouvre pas le magasin", where=str(store))
