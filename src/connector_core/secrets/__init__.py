"""Secrets, by name, through keyring's API, in the account that runs the service.

A configuration only holds references (`secret:kine4000-db`). Nothing here puts a value in an error, a log or a `repr`.
A keyring that keeps nothing or keeps plain text is refused; plain text in a 0600 file is a choice one has to write.
Importing this package imports neither keyring nor any of its backends.
"""

from connector_core.secrets.kept import SERVICE, GivesSecrets, KeyringSecrets, Secrets, reference_name, resolve
from connector_core.secrets.opening import open_secrets
from connector_core.secrets.store_key import KEY_BYTES, StoreKeys, store_key

__all__ = [
    "KEY_BYTES",
    "SERVICE",
    "GivesSecrets",
    "KeyringSecrets",
    "Secrets",
    "StoreKeys",
    "open_secrets",
    "reference_name",
    "resolve",
    "store_key",
]
