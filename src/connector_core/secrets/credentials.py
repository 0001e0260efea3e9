"""A keyring backend on systemd's credentials: `[secrets] keyring = "systemd"`.

systemd decrypts what `LoadCredentialEncrypted=` names when it starts the unit, and shows it to the unit's processes
alone, in the folder `$CREDENTIALS_DIRECTORY`. A secret is the credential `connector.<name>`. They are read here, and
set by `systemd-creds`.
"""

from __future__ import annotations

import re
from pathlib import Path

from keyring.backend import KeyringBackend

from connector_core.errors import ConfigurationError
from connector_core.settings.reference import NAME

VARIABLE = "CREDENTIALS_DIRECTORY"
_MOST_BYTES = 1_000_000
"""systemd hands over no more for a whole unit."""


class CredentialsKeyring(KeyringBackend):
    """The credentials in a folder, read-only; None is a process that systemd gave none.

    Raises `ConfigurationError`, with the name and never a value.
    """

    priority = -1
    """keyring never chooses it on its own (nor could it: the folder is mandatory)."""

    how_to_set = (
        "Le compte root l'enregistre : « systemd-creds encrypt --name=connector.NOM - "
        "/etc/credstore.encrypted/connector.NOM », puis « LoadCredentialEncrypted=connector.NOM » dans l'unité du "
        "service, et redémarrez le service"
    )

    def __init__(self, folder: str | None) -> None:
        # The base would set any attribute named by the environment; ours are given.
        self._folder = None if folder is None else Path(folder)

    def __repr__(self) -> str:
        return "CredentialsKeyring()"

    __str__ = __repr__

    def get_password(self, service: str, username: str) -> str | None:
        path = self._there() / f"{service}.{username}"
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            value = content.decode("utf-8").removesuffix("\n")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            kind = type(error).__name__
        else:
            return value or None
        raise ConfigurationError(f"ce secret de systemd ne peut pas être lu ({kind})", where=f"secret « {username} »")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self._read_only(username)

    def delete_password(self, service: str, username: str) -> None:
        raise self._read_only(username)

    def names(self) -> tuple[str, ...]:
        """The secrets that systemd gave to this unit."""
        found = (path.name.removeprefix("connector.") for path in self._there().glob("connector.*"))
        return tuple(sorted(name for name in found if re.fullmatch(NAME, name)))

    def _there(self) -> Path:
        if self._folder is None:
            raise ConfigurationError(
                "les secrets de systemd ne sont visibles que du service",
                where=f"variable d'environnement {VARIABLE}",
                remedy="Lancez la commande pendant que le service tourne : il répondra à votre place",
            )
        return self._folder

    def _read_only(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            "systemd garde les secrets du service, il ne les reçoit pas d'ici",
            where=f"secret « {name} »",
            remedy=self.how_to_set.replace("NOM", name),
        )
