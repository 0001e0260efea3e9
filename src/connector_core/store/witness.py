"""Whether a key is the store's own, told without the store: a witness of the key lies beside it.

SQLCipher says the same of a wrong key and of a damaged first page. The witness is derived from the key, which is random
and can't be had back from it; it is written whenever the store has opened, which proves the key.
"""

from __future__ import annotations

import hmac
import os
from hashlib import blake2b
from pathlib import Path

_SUFFIX = ".temoin"


def witness_path(store: Path) -> Path:
    """Where the witness of a store's key lies."""
    return store.with_name(store.name + _SUFFIX)


def keep_witness(store: Path, key: bytes) -> None:
    """Write the witness of a key that has opened the store; OSError when that can't be."""
    path, text = witness_path(store), _witness(key)
    if _read(path) == text:
        return
    partial = path.with_name(path.name + ".tmp")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def is_witnessed(store: Path, key: bytes) -> bool:
    """Whether the witness says that this is the key. Without a witness nothing is said for it."""
    kept = _read(witness_path(store))
    return kept is not None and hmac.compare_digest(kept, _witness(key))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _witness(key: bytes) -> bytes:
    return blake2b(b"connector key witness", key=key, digest_size=32).hexdigest().encode()
