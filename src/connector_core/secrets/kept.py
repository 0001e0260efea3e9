"""Secrets in one backend of keyring: what is written goes nowhere else, and no error, log or `repr` shows a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from connector_core.errors import ConfigurationError, StoreError
from connector_core.settings.reference import NAME, REFERENCE, RESERVED, STORE_KEY

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "connector"
"""The service under which every secret is kept in the keyring."""
_INDEX = "_names"
"""keyring can't list; the names (never the values) are kept under this one, which `NAME` can't match."""

_T = TypeVar("_T")


class GivesSecrets(Protocol):
    """Where the values of secrets are had. Names match `NAME`."""

    def get(self, name: str) -> str | None:
        """The value, or `None` when there is none."""


class Secrets(GivesSecrets, Protocol):
    """Where secrets are kept."""

    def set(self, name: str, value: str) -> None:
        """Keeps a value, in place of the former one."""

    def delete(self, name: str) -> None:
        """Forgets a value; nothing happens when there is none."""

    def names(self) -> tuple[str, ...]:
        """The names that have a value, in order."""


@runtime_checkable
class ListsNames(Protocol):
    """A backend of ours that can say which secrets it has."""

    def names(self) -> tuple[str, ...]:
        """The names that have a value."""


@runtime_checkable
class ReadOnly(Protocol):
    """A backend of ours whose secrets are set from outside."""

    how_to_set: str
    """What to do instead, in French."""


class KeyringSecrets:
    """Secrets in one backend of keyring.

    Every operation raises `ConfigurationError` when the backend refuses; the backend's own message is left out, since
    it may quote what it was given. The store's key can be set once and not deleted; `put` and `remove`, which know no
    such care, are for `StoreKeys`.
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

    @property
    def how_to_set(self) -> str | None:
        """How secrets are set where this can't be done from here (French); None where it can."""
        return self._backend.how_to_set if isinstance(self._backend, ReadOnly) else None

    def set(self, name: str, value: str) -> None:
        _checked(name)
        if not value:
            raise ConfigurationError("un secret ne peut pas être vide", where=_where(name))
        if name in RESERVED and name != STORE_KEY:
            raise ConfigurationError("ce nom est réservé à la clé du magasin", where=_where(name))
        if name == STORE_KEY and self._read(name) not in (None, value):
            raise StoreError(
                "le magasin a déjà une clé ; la remplacer le rendrait illisible",
                where=_where(name),
                remedy="« connector secrets rotate » la change sans rien perdre",
            )
        self.put(name, value)

    def delete(self, name: str) -> None:
        if _checked(name) in RESERVED:
            raise StoreError("effacer la clé du magasin le rendrait illisible", where=_where(name))
        self.remove(name)

    def put(self, name: str, value: str) -> None:
        """Keep a value in place of the former one, whatever it is the key of."""
        listed = self._listed()
        if name not in listed and not isinstance(self._backend, ListsNames):
            self._write(_INDEX, json.dumps(sorted({*listed, name})))
        self._write(name, value)

    def remove(self, name: str) -> None:
        """Forget a value, whatever it is the key of."""
        if self._read(name) is not None:
            guarded("effacer", name, lambda: self._backend.delete_password(SERVICE, name))
        listed = self._listed()
        if name in listed and not isinstance(self._backend, ListsNames):
            self._write(_INDEX, json.dumps(sorted(listed - {name})))

    def names(self) -> tuple[str, ...]:
        return tuple(name for name in sorted(self._listed()) if self._read(name) is not None)

    def _listed(self) -> frozenset[str]:
        if isinstance(self._backend, ListsNames):
            return frozenset(self._backend.names())
        try:
            listed: object = json.loads(self._read(_INDEX) or "[]")
        except ValueError:
            return frozenset()
        if not isinstance(listed, list):
            return frozenset()
        return frozenset(name for name in listed if isinstance(name, str) and re.fullmatch(NAME, name))

    def _read(self, name: str) -> str | None:
        return guarded("lire", name, lambda: self._backend.get_password(SERVICE, name))

    def _write(self, name: str, value: str) -> None:
        guarded("enregistrer", name, lambda: self._backend.set_password(SERVICE, name, value))


def reference_name(reference: str) -> str:
    """The name in `secret:<name>`; `ConfigurationError` for anything else, which is not repeated."""
    match = re.fullmatch(REFERENCE, reference)
    if match is None:
        raise ConfigurationError("référence de secret invalide", remedy="Une référence s'écrit « secret:<nom> »")
    return match[1]


def resolve(reference: str, secrets: GivesSecrets) -> str:
    """The value behind `secret:<name>`; `ConfigurationError` when this account has none by that name."""
    name = reference_name(reference)
    value = secrets.get(name)
    if value is None:
        raise ConfigurationError(
            f"le secret « {name} » est introuvable dans le trousseau de ce compte",
            remedy=f"Enregistrez-le par « connector secrets set {name} », dans le compte qui fait tourner le service",
        )
    return value


def _checked(name: str) -> str:
    if re.fullmatch(NAME, name) is None:
        raise ConfigurationError(
            "nom de secret invalide", remedy="Lettres sans accent, chiffres, « . », « _ » et « - », 64 au plus"
        )
    return name


def _where(name: str) -> str:
    return f"secret « {name} »"


def guarded(action: str, name: str | None, operation: Callable[[], _T]) -> _T:
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
        where=_where(name) if name and name != _INDEX else None,
        remedy="Vérifiez que la session de ce compte est ouverte et le trousseau déverrouillé",
    )
