"""A file as those who read it are given it: first a look at its beginning, then a private copy."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

PROBE_BYTES = 65536
"""How much of a file is shown to those who may know it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The first look at a file: its name, its size in bytes, and its first `PROBE_BYTES` bytes."""

    name: str
    size: int
    head: bytes


class SpooledFile(Protocol):
    """A private copy of a vendor's file. `open` gives a seekable binary stream of it."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def size(self) -> int: ...

    def open(self) -> BinaryIO: ...

    def as_path(self) -> AbstractContextManager[Path]:
        """A path to a plain copy that exists inside the `with` block, for libraries that only read paths."""
        ...


def probe_of(file: SpooledFile) -> Probe:
    """The first look at a spooled file."""
    with file.open() as stream:
        return Probe(file.name, file.size, stream.read(PROBE_BYTES))
