"""The key of the store, and the next and the former one while it is being changed.

Changing the key never leaves less than a working one: the next key is kept beside the current one before anything is
encrypted with it, and the current one is kept as the former for as long as anything has it.
`connector_core.service.rotation` says in which order.
"""

from __future__ import annotations

import re

from connector_core.errors import ConfigurationError, StoreError
from connector_core.secrets.kept import KeyringSecrets, Secrets
from connector_core.settings.reference import FORMER_STORE_KEY, NEXT_STORE_KEY, RESERVED, STORE_KEY

KEY_BYTES = 32
"""Length of the store's key."""


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
            remedy="Lancez la commande dans le compte qui a créé le magasin, ou rendez la clé depuis sa copie : "
            f"« connector secrets set {STORE_KEY} ». Si elle est perdue : « connector secrets set-aside ». "
            "Aucune nouvelle clé n'a été créée",
        )
    drawn = _drawn()
    secrets.set(STORE_KEY, drawn.hex())
    _check_kept(secrets, STORE_KEY, drawn, "aucun magasin n'a été créé")
    return drawn


class StoreKeys:
    """The keys of a store, in one keyring. Whoever calls holds the lock of the store's worker."""

    def __init__(self, secrets: KeyringSecrets) -> None:
        self._secrets = secrets

    def to_try(self) -> tuple[bytes, ...]:
        """The keys of an existing store, the current one first; StoreError when there is none."""
        following = self.following()
        return (store_key(self._secrets), *(() if following is None else (following,)))

    def following(self) -> bytes | None:
        """The next key, when the key is being changed."""
        return self._kept(NEXT_STORE_KEY)

    def former(self) -> bytes | None:
        """The key that some backup still has, when one does."""
        return self._kept(FORMER_STORE_KEY)

    def _kept(self, name: str) -> bytes | None:
        kept = self._secrets.get(name)
        return None if kept is None else _key_bytes(kept)

    def draw_following(self) -> bytes:
        """A next key, kept beside the current one. Raise ConfigurationError where this keyring takes none."""
        if self._secrets.how_to_set is not None:
            raise ConfigurationError(
                "la clé ne peut pas être changée ici : ce trousseau ne s'écrit que de l'extérieur",
                where=f"secret « {STORE_KEY} »",
                remedy="Voyez « secrets » dans la documentation du technicien",
            )
        drawn = _drawn()
        self._secrets.put(NEXT_STORE_KEY, drawn.hex())
        _check_kept(self._secrets, NEXT_STORE_KEY, drawn, "la clé n'a pas été changée")
        return drawn

    @staticmethod
    def parsed(text: str) -> bytes:
        """A key as a person types it from paper; StoreError, without the text, when it is none."""
        return _key_bytes("".join(text.split()).lower(), "Une clé a 64 chiffres et lettres de a à f ; recommencez")

    def give_back(self, key: bytes) -> None:
        """Keep a key that the caller knows to be the one, in place of what there is."""
        self._secrets.put(STORE_KEY, key.hex())

    def promote(self) -> None:
        """The next key becomes the current one, and the current one the former. Cut off, it is done again."""
        current, following = self.to_try()
        self._secrets.put(FORMER_STORE_KEY, current.hex())
        self._secrets.put(STORE_KEY, following.hex())
        self._secrets.remove(NEXT_STORE_KEY)

    def forget_following(self) -> None:
        self._secrets.remove(NEXT_STORE_KEY)

    def forget_former(self) -> None:
        self._secrets.remove(FORMER_STORE_KEY)

    def that_are_keys(self) -> tuple[bytes, ...]:
        """The keys that are there and whole."""
        kept = (self._secrets.get(name) for name in RESERVED)
        return tuple(bytes.fromhex(text) for text in kept if text is not None and _is_key(text))

    def forget_damaged(self) -> None:
        """Forget what stands in the place of a key and is none."""
        for name in RESERVED:
            kept = self._secrets.get(name)
            if kept is not None and not _is_key(kept):
                self._secrets.remove(name)


def _drawn() -> bytes:
    import secrets as randomness

    return randomness.token_bytes(KEY_BYTES)


def _check_kept(secrets: Secrets, name: str, drawn: bytes, consequence: str) -> None:
    if secrets.get(name) != drawn.hex():
        raise StoreError(
            "le trousseau n'a pas gardé la clé du magasin",
            where=f"secret « {name} »",
            remedy=f"Vérifiez le trousseau par « connector secrets verify » ; {consequence}",
        )


def _is_key(text: str) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", text) is not None


def _key_bytes(
    text: str, remedy: str = "Rendez-la depuis sa copie, ou, si elle est perdue : « connector secrets set-aside »"
) -> bytes:
    if not _is_key(text):
        raise StoreError("la clé du magasin est abîmée", where=f"secret « {STORE_KEY} »", remedy=remedy)
    return bytes.fromhex(text)
