"""Which backend keeps the secrets of this account: the one that the configuration names, or an error.

There is no second choice: where a backend can't be had, nothing is kept elsewhere instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from connector_core.errors import ConfigurationError
from connector_core.secrets.kept import KeyringSecrets, guarded

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

KeyringName = Literal["system", "dpapi", "systemd", "file"]

_REFUSED_MODULES = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


def open_secrets(keyring: KeyringName, folder: Path) -> KeyringSecrets:
    """The secrets of this account, as `[secrets] keyring` says; `folder` is used by `file` and `dpapi`.

    Raises `ConfigurationError` when the system has no keyring worth the name, or not the one that was chosen.
    """
    match keyring:
        case "file":
            from connector_core.secrets.file_keyring import FileKeyring

            return KeyringSecrets(FileKeyring(folder))
        case "dpapi":
            from connector_core.secrets.dpapi import DpapiKeyring, MachineProtector

            return KeyringSecrets(DpapiKeyring(folder, MachineProtector()))
        case "systemd":
            from connector_core.secrets.credentials import VARIABLE, CredentialsKeyring

            return KeyringSecrets(CredentialsKeyring(os.environ.get(VARIABLE)))
        case "system":
            return KeyringSecrets(_system_backend())


def reachable_here(keyring: KeyringName) -> bool:
    """Whether this process can hold the secrets of the service's account at all: what systemd hands to a unit is there
    for the processes of that unit alone."""
    from connector_core.secrets.credentials import VARIABLE

    return keyring != "systemd" or VARIABLE in os.environ


def _system_backend() -> KeyringBackend:
    """The backend of the platform; a chain is reduced to its first member that is not refused."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = guarded("ouvrir", None, keyring.get_keyring)
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
