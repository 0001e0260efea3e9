"""The spool: private, encrypted copies of what was dropped; the vendor's own file is read once and never held open.

The promise: a name in the spool is always a whole copy. A copy is encrypted chunk by chunk under a temporary name,
flushed to the disk, and only then renamed to the SHA-256 of its content and its source. A chunk that was changed, cut
or moved does not decrypt, and the last chunk says that it is the last. A copy holds the name of its file, so that what
a killed process has left can be read without the original. It stays until `forget`; how often reading it was tried
after such an end is in its name, so that a copy that ends the process is not tried for ever. Copies are encrypted with
a key derived from the store's.

Format: 8 random bytes, the length of the sealed name in 2 bytes, the sealed name, then chunks of 64 KiB of content,
each AES-256-GCM with its number as nonce.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from connector_core.errors import SourceError, StoreUnavailable, reason_of
from connector_core.formats.piecewise import PiecewiseContent
from connector_core.sources.names import written_name
from connector_core.sources.originals import Original, Readable, opened
from connector_core.sources.pace import FullSpeed, Pace

if TYPE_CHECKING:
    from connector_core.sealing import Seal

_CHUNK = 65536
_TAG = 16
_SALT = 8
_LENGTH = 2
_NAMED = re.compile(r"(?P<sha256>[0-9a-f]{64})\.(?P<source>[a-z0-9_-]*)\.copie(?P<tries>[0-9]*)")
_MORE, _LAST, _NAME = b"suite", b"fin", b"nom"
_NAME_NUMBER = 0xFFFFFFFF
"""The nonce of the name, which no chunk reaches."""


class LeftCopy(NamedTuple):
    """A copy that lies in the spool: of which source, how often reading it was tried since it was left."""

    source: str
    tries: int
    copy: SpooledCopy


class Spool:
    """A folder of encrypted copies; `pace` is told what is read of the originals."""

    def __init__(self, folder: Path, key: bytes, pace: Pace | None = None) -> None:
        self._folder = folder
        self._pace = pace or FullSpeed()
        self._key = key
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @cached_property
    def _seal(self) -> Seal:
        from connector_core.sealing import Seal

        return Seal(self._key, b"connector spool")

    def take(self, source: str, path: Path, patience: float | None = None) -> SpooledCopy:
        """Copy a file of a source; with `patience`, in seconds, what it lies on has to answer within it each time.

        Raise SourceError when it can't be read, or changed while it was read, ShareSilent when it does not answer,
        StoreUnavailable when the spool can't be written to; trying again may work.
        """
        try:
            with opened(path, patience) as original:
                return self._write(source, path, original)
        except OSError as error:
            _check_own_disk(error, self._folder)
            raise SourceError(
                f"fichier illisible ({reason_of(error)})", where=str(path), remedy="Nouvel essai bientôt"
            ) from error

    def receive(self, source: str, name: str, stream: BinaryIO) -> SpooledCopy:
        """Copy what a stream gives, under a name of its own. What the stream raises passes through, and nothing is
        kept. Raise StoreUnavailable when the spool can't be written to."""
        try:
            digest, temporary = self._sealed(name, stream, self._pace)
            path = self._folder / _file_name(source, digest)
            temporary.replace(path)
        except OSError as error:
            _check_own_disk(error, self._folder)
            raise
        return SpooledCopy(name, digest, path, self._seal)

    def find(self, source: str, sha256: str) -> SpooledCopy | None:
        """The copy of a content of a source that was taken before."""
        return next((left.copy for left in self._left(source, sha256)), None)

    def left(self) -> list[LeftCopy]:
        """Every copy that lies here. One that can't be read, be it damaged or of another key, is left out."""
        return list(self._left())

    def tried(self, left: LeftCopy) -> LeftCopy:
        """Count one more try at a copy, before it is made."""
        return self._counted(left, left.tries + 1)

    def untried(self, left: LeftCopy) -> LeftCopy:
        """Forget how often reading a copy was tried."""
        return self._counted(left, 0)

    def _counted(self, left: LeftCopy, tries: int) -> LeftCopy:
        path = left.copy.path.with_name(_file_name(left.source, left.copy.sha256, tries))
        left.copy.path.replace(path)
        return LeftCopy(left.source, tries, SpooledCopy(left.copy.original, left.copy.sha256, path, self._seal))

    def encrypt_again(self, former: Spool, done: Callable[[], None] = lambda: None) -> tuple[str, ...]:
        """Encrypt with this spool's key every copy that has the key of a former spool of the same folder; `done` is
        told after each. Return the names of those that neither key reads: they stay as they are.

        Killed at any instruction, a copy is whole with the one key or the other. Raise OSError when the disk is full.
        """
        self.sweep()
        unreadable: list[str] = []
        for path in sorted(self._folder.glob("*.copie*")):
            if self._name_in(path) is None:
                try:
                    self._seal_again(path, former)
                except SourceError:
                    unreadable.append(path.name)
                done()
        return tuple(unreadable)

    def forget(self, source: str, sha256: str) -> None:
        """Remove a copy that is no longer needed."""
        for path in self._folder.glob(f"{sha256}.{source}.copie*"):
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what an interrupted copy left behind."""
        for path in self._folder.glob("*.tmp"):
            with suppress(OSError):
                path.unlink()

    def _left(self, source: str | None = None, sha256: str = "*") -> Iterator[LeftCopy]:
        for path in sorted(self._folder.glob(f"{sha256}.{'*' if source is None else source}.copie*")):
            named = _NAMED.fullmatch(path.name)
            name = None if named is None else self._name_in(path)
            if named is not None and name is not None:
                copy = SpooledCopy(name, named["sha256"], path, self._seal)
                yield LeftCopy(named["source"], int(named["tries"] or 0), copy)

    def _name_in(self, path: Path) -> str | None:
        try:
            with path.open("rb") as stream:
                salt, length = stream.read(_SALT), int.from_bytes(stream.read(_LENGTH), "big")
                return os.fsdecode(self._seal.open(_nonce(salt, _NAME_NUMBER), stream.read(length), _NAME))
        except (OSError, ValueError):
            return None

    def _write(self, source: str, path: Path, original: Original) -> SpooledCopy:
        before = original.state()
        digest, temporary = self._sealed(path.name, original, self._pace)
        try:
            if original.state() != before:
                raise SourceError(
                    "le fichier a changé pendant la copie", where=str(path), remedy="Nouvel essai bientôt"
                )
            copy = self._folder / _file_name(source, digest)
            temporary.replace(copy)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        return SpooledCopy(path.name, digest, copy, self._seal)

    def _seal_again(self, path: Path, former: Spool) -> None:
        name, named = former._name_in(path), _NAMED.fullmatch(path.name)
        if name is None or named is None:
            raise _damaged()
        with SpooledCopy(name, named["sha256"], path, former._seal).open() as stream:
            digest, temporary = self._sealed(name, stream, FullSpeed())
        if digest != named["sha256"]:
            temporary.unlink()
            raise _damaged()
        temporary.replace(path)

    def _sealed(self, name: str, stream: Readable, pace: Pace) -> tuple[str, Path]:
        """A content encrypted and flushed to the disk under a temporary name, with its SHA-256."""
        digest = hashlib.sha256()
        salt = os.urandom(_SALT)
        handle, path = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        temporary = Path(path)
        try:
            with os.fdopen(handle, "wb") as target:
                target.write(salt)
                sealed = self._seal.close(_nonce(salt, _NAME_NUMBER), os.fsencode(name), _NAME)
                target.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
                number, block = 0, stream.read(_CHUNK)
                while True:
                    following = stream.read(_CHUNK)
                    pace.read(len(block))
                    digest.update(block)
                    target.write(self._seal.close(_nonce(salt, number), block, _MORE if following else _LAST))
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


def _file_name(source: str, sha256: str, tries: int = 0) -> str:
    return f"{sha256}.{source}.copie{tries or ''}"


class SpooledCopy:
    """One copy, opened as often as needed. `original` is its file's name as the system gives it, `name` as text."""

    def __init__(self, original: str, sha256: str, path: Path, seal: Seal) -> None:
        self.original = original
        self.name = written_name(original)
        self.sha256 = sha256
        self.path = path
        self._seal = seal

    @property
    def size(self) -> int:
        stored = self.path.stat().st_size - self._start()
        return stored - _TAG * -(-stored // (_CHUNK + _TAG))

    def open(self) -> BinaryIO:
        """The content; SourceError when it is not whole, at the latest where the damage is."""
        if not self.path.exists():
            raise _damaged()
        return io.BufferedReader(_Deciphered(self.path, self._seal, self._start(), self.size), _CHUNK)

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        """A plain copy for libraries that only read paths: beside the encrypted one, for the time of the block."""
        handle, name = tempfile.mkstemp(dir=self.path.parent, suffix=".tmp")
        plain = Path(name)
        try:
            try:
                with os.fdopen(handle, "wb") as target, self.open() as stream:
                    while block := stream.read(_CHUNK):
                        target.write(block)
            except OSError as error:
                _check_own_disk(error, self.path.parent)
                raise
            yield plain
        finally:
            plain.unlink(missing_ok=True)

    def _start(self) -> int:
        """Where the content begins."""
        with self.path.open("rb") as stream:
            stream.seek(_SALT)
            return _SALT + _LENGTH + int.from_bytes(stream.read(_LENGTH), "big")


class _Deciphered(PiecewiseContent):
    """The content of a copy as a seekable stream; one chunk in memory at a time."""

    def __init__(self, path: Path, seal: Seal, start: int, size: int) -> None:
        super().__init__(size)
        self._stream = path.open("rb")
        self._salt = self._stream.read(_SALT)
        self._seal = seal
        self._start = start
        self._chunks = max(1, -(-size // _CHUNK))
        self._number = -1
        self._chunk = b""

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # as in PiecewiseContent
        if self._size <= 0:  # even then there is one chunk, which may be damaged
            self._decipher(0)
        return super().readinto(buffer)

    def piece(self, offset: int, most: int) -> bytes:
        number, begin = divmod(offset, _CHUNK)
        if number != self._number:
            self._chunk, self._number = self._decipher(number), number
        return self._chunk[begin : begin + most]

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _decipher(self, number: int) -> bytes:
        self._stream.seek(self._start + number * (_CHUNK + _TAG))
        sealed = self._stream.read(_CHUNK + _TAG)
        try:
            return self._seal.open(_nonce(self._salt, number), sealed, _LAST if number == self._chunks - 1 else _MORE)
        except ValueError:
            raise _damaged() from None


def _check_own_disk(error: OSError, folder: Path) -> None:
    """Raise StoreUnavailable when it is the spool's own disk that fails, and no fault of the file's."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        raise StoreUnavailable(
            "le dépôt n'est pas accessible en écriture" if error.errno == errno.EROFS else "le disque est plein",
            where=str(folder),
            remedy="Libérez de la place ou vérifiez le disque ; rien n'est perdu, un nouvel essai suivra",
        ) from error


def _damaged() -> SourceError:
    return SourceError(
        "une copie du dépôt est endommagée, ou la clé a changé",
        where="dépôt",
        remedy="Déposez à nouveau le fichier d'origine",
    )


def _nonce(salt: bytes, number: int) -> bytes:
    return salt + number.to_bytes(4, "big")
