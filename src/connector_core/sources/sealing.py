"""Chunks of a copy, sealed with AES-256-GCM under a key derived from the store's.

Apart from the spool, which imports this with its first copy: the library takes 7 MB of memory, and a day that passes
without a file asks the rules without it.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """The cipher of one spool. No nonce is used twice; `mark` must be the same when a chunk is opened."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, b"connector spool").derive(key))

    def close(self, nonce: bytes, chunk: bytes, mark: bytes) -> bytes:
        """The chunk, sealed."""
        return self._cipher.encrypt(nonce, chunk, mark)

    def open(self, nonce: bytes, sealed: bytes, mark: bytes) -> bytes:
        """What was sealed; raise ValueError when it was changed, cut or moved, or the key is another."""
        try:
            return self._cipher.decrypt(nonce, sealed, mark)
        except InvalidTag:
            raise ValueError("broken seal") from None
