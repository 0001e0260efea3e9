"""What lies beside the store, sealed with AES-256-GCM under a key derived from the store's.

Imported where something is sealed or opened for the first time: the library takes 7 MB of memory, and a day that passes
without a file or a decision asks the rules without it.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """The cipher of one purpose, whose key opens nothing that was sealed for another. No nonce is used twice; `mark`
    must be the same when a content is opened."""

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, purpose).derive(key))

    def close(self, nonce: bytes, content: bytes, mark: bytes) -> bytes:
        """The content, sealed."""
        return self._cipher.encrypt(nonce, content, mark)

    def open(self, nonce: bytes, sealed: bytes, mark: bytes) -> bytes:
        """What was sealed; raise ValueError when it was changed, cut or moved, or the key is another."""
        try:
            return self._cipher.decrypt(nonce, sealed, mark)
        except InvalidTag:
            raise ValueError("broken seal") from None
