"""What people decided, kept beside the store until every backup knows of it.

Everything in the store can be read again from the exports, except this. The promise: a decision that a person was told
is done outlives the loss of the store. It is on the disk here, under a name of its own, before the store commits it; a
store that comes from a backup does again what it does not know. One that the store then refused is taken back; killed
between the two, it is done with the next work. Each is encrypted with a key derived from the store's.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connector_core.disk import sync_folder
from connector_core.errors import StoreError, reason_of
from connector_core.store.answers import FindingState

if TYPE_CHECKING:
    from connector_core.sealing import Seal

_SUFFIX = ".decision"
_NONCE = 12


class Decision(msgspec.Struct, frozen=True):
    """What became of a finding by a person's will; `digest` is what they judged, `on` a day."""

    fingerprint: str
    digest: str
    state: FindingState
    on: str
    reason: str | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Decision).decode


class Decisions:
    """A folder of decisions, one file each, numbered as they were made."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._key = key

    @cached_property
    def _seal(self) -> Seal:
        from connector_core.sealing import Seal

        return Seal(self._key, b"connector decisions")

    def keep(self, decision: Decision) -> str:
        """Have a decision on the disk; returns its name. Raise StoreError when that can't be."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            number = max((int(name.partition("-")[0]) for name in self._names()), default=0) + 1
            identifier = f"{number:09d}-{os.urandom(6).hex()}"
            self._write(identifier, decision)
        except OSError as error:
            raise self._not_kept(error) from error
        return identifier

    def encrypt_again(self, former: Decisions) -> None:
        """Encrypt with this key the decisions that have a former one. Killed at any instruction, each is whole with the
        one key or the other. Raise StoreError when that can't be."""
        try:
            for identifier in sorted(self._names()):
                decision = former._read(identifier)
                if decision is not None:
                    self._path(identifier).with_suffix(".tmp").unlink(missing_ok=True)
                    self._write(identifier, decision)
        except OSError as error:
            raise self._not_kept(error) from error

    def newest(self) -> list[tuple[str, Decision]]:
        """The last decision about each finding that this key reads, in the order in which they were made."""
        found: dict[str, tuple[str, Decision]] = {}
        for identifier in sorted(self._names()):
            decision = self._read(identifier)
            if decision is not None:
                found[decision.fingerprint] = identifier, decision
        return sorted(found.values(), key=lambda each: each[0])

    def forget(self, identifier: str) -> None:
        """A decision is not to be done again."""
        with suppress(OSError):
            self._path(identifier).unlink(missing_ok=True)

    def let_go(self, known: Collection[str]) -> None:
        """Forget those that every backup knows of, and what a killed process left behind."""
        for identifier in list(self._names()):
            if identifier in known:
                self.forget(identifier)
        for left in self._folder.glob("*.tmp"):
            with suppress(OSError):
                left.unlink()

    def _write(self, identifier: str, decision: Decision) -> None:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._seal.close(nonce, _encode(decision), identifier.encode())
        partial = self._folder / f"{identifier}.tmp"
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(sealed)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(self._path(identifier))
        sync_folder(self._folder)

    def _not_kept(self, error: OSError) -> StoreError:
        return StoreError(
            f"la décision n'a pas pu être gardée ({reason_of(error)})",
            where=str(self._folder),
            remedy="Vérifiez le dossier, vos droits et la place sur le disque",
        )

    def _names(self) -> Iterator[str]:
        return (path.stem for path in self._folder.glob(f"[0-9]*-*{_SUFFIX}"))

    def _path(self, identifier: str) -> Path:
        return self._folder / (identifier + _SUFFIX)

    def _read(self, identifier: str) -> Decision | None:
        try:
            sealed = self._path(identifier).read_bytes()
            return _decode(self._seal.open(sealed[:_NONCE], sealed[_NONCE:], identifier.encode()))
        except (OSError, ValueError):  # gone, cut, of another key
            return None
