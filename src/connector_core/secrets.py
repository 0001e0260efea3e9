"""Secrets, by name, through keyring's API, in the account that runs the service.

A configuration only holds references (`secret:kine4000-db`). Nothing here puts a value in an error, a log or a `repr`.
A keyring that keeps nothing or keeps plain text is refused; plain text in a 0600 file is a choice one has to write.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from connector_core.errors import ConfigurationError, StoreError
from connector_core.settings.reference import NAME, REFERENCE, STORE_KEY

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "connector"
"""The service under which every secret is kept in the keyring."""
KEY_BYTES = 32
"""Length of the store's key."""

_INDEX = "_names"
"""keyring can't list; the names (never the values) are kept under this one, which `NAME` can't match."""
_REFUSED_MODULES = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")

_T = TypeVar("_T")


class Secrets(Protocol):
    """Where secrets are kept. Names match `NAME`."""

    def get(self, name: str) -> str | None:
        """The value, or `None` when there is none."""

    def set(self, name: str, value: str) -> None:
        """Keeps a value, in place of the former one."""

    def delete(self, name: str) -> None:
        """Forgets a value; nothing happens when there is none."""

    def names(self) -> tuple[str, ...]:
        """The names that have a value, in order."""


class KeyringSecrets:
    """Secrets in one backend of keyring.

    Every operation raises `ConfigurationError` when the backend refuses; the backend's own message is left out, since
    it may quote what it was given. The store's key can be set once and not deleted.
    """

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    def __repr__(self) -> str:
        return f"KeyringSecrets({self.backend_name})"

    @property
    def backend_name(self) -> str:
        """The module and class of the backend, for `doctor`."""
        kind = type(self._backend)
        return f"{kind.__module__}.{kind.__qualname__}"

    def get(self, name: str) -> str | None:
        return self._read(_checked(name))

    def set(self, name: str, value: str) -> None:
        _checked(name)
        if not value:
            raise ConfigurationError("un secret ne peut pas être vide", where=f"secret « {name} »")
        if name == STORE_KEY and self._read(name) not in (None, value):
            raise StoreError(
                "le magasin a déjà une clé ; la remplacer le rendrait illisible", where=f"secret « {STORE_KEY} »"
            )
        listed = self._listed()
        if name not in listed:
            self._write(_INDEX, json.dumps(sorted({*listed, name})))
        self._write(name, value)

    def delete(self, name: str) -> None:
        if _checked(name) == STORE_KEY:
            raise StoreError("effacer la clé du magasin le rendrait illisible", where=f"secret « {STORE_KEY} »")
        if self._read(name) is not None:
            _guarded("effacer", name, lambda: self._backend.delete_password(SERVICE, name))
        listed = self._listed()
        if name in listed:
            self._write(_INDEX, json.dumps(sorted(listed - {name})))

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in sorted(self._listed()) if self._read(name) is not None)

    def _listed(self) -> frozenset[str]:
        try:
            listed: object = json.loads(self._read(_INDEX) or "[]")
        except ValueError:
            return frozenset()
        if not isinstance(listed, list):
            return frozenset()
        return frozenset(name for name in listed if isinstance(name, str) and re.fullmatch(NAME, name))

    def _read(self, name: str) -> str | None:
        return _guarded("lire", name, lambda: self._backend.get_password(SERVICE, name))

    def _write(self, name: str, value: str) -> None:
        _guarded("enregistrer", name, lambda: self._backend.set_password(SERVICE, name, value))


def open_secrets(keyring: Literal["system", "file"], folder: Path) -> KeyringSecrets:
    """The secrets of this account, as `[secrets] keyring` says; `folder` is only used by `file`.

    Raises `ConfigurationError` when the system has no keyring worth the name.
    """
    if keyring == "file":
        from connector_core.settings.secret_file import FileKeyring

        return KeyringSecrets(FileKeyring(folder))
    return KeyringSecrets(_system_backend())


def reference_name(reference: str) -> str:
    """The name in `secret:<name>`; `ConfigurationError` for anything else, which is not repeated."""
    match = re.fullmatch(REFERENCE, reference)
    if match is None:
        raise ConfigurationError("référence de secret invalide", remedy="Une référence s'écrit « secret:<nom> »")
    return match[1]


def resolve(reference: str, secrets: Secrets) -> str:
    """The value behind `secret:<name>`; `ConfigurationError` when this account has none by that name."""
    name = reference_name(reference)
    value = secrets.get(name)
    if value is None:
        raise ConfigurationError(
            f"le secret « {name} » est introuvable dans le trousseau de ce compte",
            remedy=f"Enregistrez-le par « connector secrets set {name} », dans le compte qui fait tourner le service",
        )
    return value


def store_key(secrets: Secrets, *, create: bool = False) -> bytes:
    """The 32 raw bytes of the store's key.

    With `create`, for a store that does not exist yet, a missing key is drawn at random, kept, and read back. The
    caller holds the lock of the data folder, so that two processes never draw one each. Raises `StoreError` when the
    key is missing for an existing store, damaged, or was not kept.
    """
    kept = secrets.get(STORE_KEY)
    if kept is not None:
        return _key_bytes(kept)
    if not create:
        raise StoreError(
            "la clé du magasin est introuvable dans le trousseau de ce compte ; "
            "le magasin existant ne peut pas être ouvert",
            where=f"secret « {STORE_KEY} »",
            remedy="Lancez la commande dans le compte qui a créé le magasin, ou restaurez la clé depuis sa sauvegarde. "
            "Aucune nouvelle clé n'a été créée",
        )
    import secrets as randomness

    drawn = randomness.token_bytes(KEY_BYTES)
    secrets.set(STORE_KEY, drawn.hex())
    if secrets.get(STORE_KEY) != drawn.hex():
        raise StoreError(
            "le trousseau n'a pas gardé la clé du magasin",
            where=f"secret « {STORE_KEY} »",
            remedy="Vérifiez le trousseau par « connector secrets verify » ; aucun magasin n'a été créé",
        )
    return drawn


def _key_bytes(text: str) -> bytes:
    if re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", text) is None:
        raise StoreError(
            "la clé du magasin est abîmée dans le trousseau",
            where=f"secret « {STORE_KEY} »",
            remedy="Restaurez-la depuis sa sauvegarde",
        )
    return bytes.fromhex(text)


def _checked(name: str) -> str:
    if re.fullmatch(NAME, name) is None:
        raise ConfigurationError(
            "nom de secret invalide", remedy="Lettres sans accent, chiffres, « . », « _ » et « - », 64 au plus"
        )
    return name


def _system_backend() -> KeyringBackend:
    """The backend of the platform; a chain is reduced to its first member that is not refused."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = _guarded("ouvrir", None, keyring.get_keyring)
    members: tuple[KeyringBackend, ...] = tuple(chosen.backends) if isinstance(chosen, ChainerBackend) else (chosen,)
    for member in members:
        if not _is_refused(member):
            return member
    raise ConfigurationError(
        "aucun trousseau sûr n'est disponible pour ce compte",
        remedy="Ouvrez la session du compte qui fait tourner le service, installez un trousseau "
        '(Secret Service ou KWallet), ou choisissez sciemment un fichier protégé : keyring = "file" dans [secrets]',
    )


def _is_refused(backend: KeyringBackend) -> bool:
    modules = [f"{kind.__module__}." for kind in type(backend).__mro__]
    return any(module.startswith(f"{refused}.") for module in modules for refused in _REFUSED_MODULES)


def _guarded(action: str, name: str | None, operation: Callable[[], _T]) -> _T:
    """Runs an operation of a backend. A backend may raise anything (COM, D-Bus …), with the value in its message:
    only the kind of error is passed on, and the original is not chained."""
    try:
        return operation()
    except (ConfigurationError, StoreError):
        raise
    except Exception as error:  # noqa: BLE001
        kind = type(error).__name__
    raise ConfigurationError(
        f"le trousseau n'a pas pu {action} le secret ({kind})"
        if name
        else f"le trousseau n'a pas pu s'{action} ({kind})",
        where=f"secret « {name} »" if name and name != _INDEX else None,
        remedy="Vérifiez que la session de ce compte est ouverte et le trousseau déverrouillé",
    )
