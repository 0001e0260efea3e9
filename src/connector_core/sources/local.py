"""A file read where it lies, for commands that write nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from connector_core.errors import SourceError, reason_of
from connector_core.sources.names import written_name

_BLOCK = 1 << 20


class LocalFile:
    """A vendor's file opened read-only in place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = written_name(path.name)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        with self.open() as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    @cached_property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise SourceError(
                f"fichier illisible ({reason_of(error)})",
                where=str(self.path),
                remedy="Vérifiez qu'il existe et vos droits",
            ) from error

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        yield self.path
