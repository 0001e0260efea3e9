"""The spool: private, encrypted copies of what was dropped; the vendor's own file is read once and never held open.

The promise: a name in the spool is always a whole copy. A copy is encrypted chunk by chunk under a temporary name,
flushed to the disk, and only then renamed to the SHA-256 of its content. A chunk that was changed, cut or moved does
not decrypt, and the last chunk says that it is the last. Copies are encrypted with a key derived from the store's.

Format: 8 random bytes, then chunks of 64 KiB of content, each AES-256-GCM with its number as nonce.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connector_core.errors import SourceError

_CHUNK = 65536
_TAG = 16
_SALT = 8
_SUFFIX = ".copie"
_MORE, _LAST = b"suite", b"fin"


class Spool:
    """A folder of encrypted copies."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, b"connector spool").derive(key))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def take(self, path: Path) -> SpooledCopy:
        """Copy a file. Raise SourceError when it can't be read, or changed while it was read; trying again may work."""
        try:
            with path.open("rb") as stream:
                return self._write(path, stream)
        except OSError as error:
            raise SourceError(
                f"fichier illisible ({error.strerror})", where=str(path), remedy="Nouvel essai bientôt"
            ) from error

    def find(self, name: str, sha256: str) -> SpooledCopy | None:
        """The copy of a content that was taken before."""
        path = self._folder / (sha256 + _SUFFIX)
        return SpooledCopy(name, sha256, path, self._cipher) if path.exists() else None

    def encrypt_again(self, former: Spool, done: Callable[[], None] = lambda: None) -> tuple[str, ...]:
        """Encrypt with this spool's key every copy that has the key of a former spool of the same folder; `done` is
        told after each. Return the names of those that neither key reads: they stay as they are.

        Killed at any instruction, a copy is whole with the one key or the other. Raise OSError when the disk is full.
        """
        unreadable: list[str] = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            sha256 = path.name.removesuffix(_SUFFIX)
            if not SpooledCopy(path.name, sha256, path, self._cipher).is_ours:
                try:
                    self._replace(SpooledCopy(path.name, sha256, path, former._cipher))
                except SourceError:
                    unreadable.append(sha256)
                done()
        return tuple(unreadable)

    def forget(self, sha256: str) -> None:
        """Remove a copy that is no longer needed."""
        (self._folder / (sha256 + _SUFFIX)).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what an interrupted copy left behind."""
        for path in self._folder.glob("*.tmp"):
            with suppress(OSError):
                path.unlink()

    def _write(self, source: Path, stream: BinaryIO) -> SpooledCopy:
        before = _state(stream)
        digest, temporary = self._sealed(stream)
        try:
            if _state(stream) != before:
                raise SourceError(
                    "le fichier a changé pendant la copie", where=str(source), remedy="Nouvel essai bientôt"
                )
            path = self._folder / (digest + _SUFFIX)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        return SpooledCopy(source.name, digest, path, self._cipher)

    def _replace(self, copy: SpooledCopy) -> None:
        with copy.open() as stream:
            digest, temporary = self._sealed(stream)
        if digest != copy.sha256:
            temporary.unlink()
            raise _damaged()
        temporary.replace(self._folder / (copy.sha256 + _SUFFIX))

    def _sealed(self, stream: BinaryIO) -> tuple[str, Path]:
        """A content encrypted and flushed to the disk under a temporary name, with its SHA-256."""
        digest = hashlib.sha256()
        salt = os.urandom(_SALT)
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                target.write(salt)
                number, block = 0, stream.read(_CHUNK)
                while True:
                    following = stream.read(_CHUNK)
                    digest.update(block)
                    target.write(self._cipher.encrypt(_nonce(salt, number), block, _MORE if following else _LAST))
                    if not following:
                        break
                    number, block = number + 1, following
                target.flush()
                os.fsync(target.fileno())
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        return digest.hexdigest(), temporary


def _state(stream: BinaryIO) -> tuple[int, int]:
    """What changes when a file is written to."""
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


class SpooledCopy:
    """One copy, opened as often as needed."""

    def __init__(self, name: str, sha256: str, path: Path, cipher: AESGCM) -> None:
        self.name = name
        self.sha256 = sha256
        self._path = path
        self._cipher = cipher

    @property
    def size(self) -> int:
        stored = self._path.stat().st_size - _SALT
        return stored - _TAG * -(-stored // (_CHUNK + _TAG))

    @property
    def is_ours(self) -> bool:
        """Whether it begins as something that was encrypted with this key."""
        try:
            with self.open() as stream:
                stream.read(1)
        except SourceError:
            return False
        return True

    def open(self) -> BinaryIO:
        """The content; SourceError when it is not whole, at the latest where the damage is."""
        if not self._path.exists():
            raise _damaged()
        return io.BufferedReader(_Deciphered(self._path, self._cipher, self.size), _CHUNK)

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        """A plain copy for libraries that only read paths: beside the encrypted one, for the time of the block."""
        handle, name = tempfile.mkstemp(dir=self._path.parent, suffix=".tmp")
        plain = Path(name)
        try:
            with os.fdopen(handle, "wb") as target, self.open() as stream:
                while block := stream.read(_CHUNK):
                    target.write(block)
            yield plain
        finally:
            plain.unlink(missing_ok=True)


class _Deciphered(io.RawIOBase):
    """The content of a copy as a seekable stream; one chunk in memory at a time."""

    def __init__(self, path: Path, cipher: AESGCM, size: int) -> None:
        super().__init__()
        self._stream = path.open("rb")
        self._salt = self._stream.read(_SALT)
        self._cipher = cipher
        self._size = size
        self._chunks = max(1, -(-size // _CHUNK))
        self._position = 0
        self._number = -1
        self._chunk = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a buffer is what io gives here
        if self._position >= self._size:
            if self._size <= 0 and self._number < 0:
                self._decipher(0)
            return 0
        number, offset = divmod(self._position, _CHUNK)
        if number != self._number:
            self._chunk, self._number = self._decipher(number), number
        part = self._chunk[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _decipher(self, number: int) -> bytes:
        self._stream.seek(_SALT + number * (_CHUNK + _TAG))
        sealed = self._stream.read(_CHUNK + _TAG)
        try:
            return self._cipher.decrypt(
                _nonce(self._salt, number), sealed, _LAST if number == self._chunks - 1 else _MORE
            )
        except (InvalidTag, ValueError):
            raise _damaged() from None


def _damaged() -> SourceError:
    return SourceError(
        "une copie du dépôt est endommagée, ou la clé a changé",
        where="dépôt",
        remedy="Déposez à nouveau le fichier d'origine",
    )


def _nonce(salt: bytes, number: int) -> bytes:
    return salt + number.to_bytes(4, "big")
