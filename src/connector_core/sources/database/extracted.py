"""A database read once, for commands that write nothing: its extract, held in memory."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from connector_core.dialects.plan import Plan
from connector_core.errors import SourceError
from connector_core.sources.database.exchange import ReadPass, Request
from connector_core.sources.database.fetch import fetching
from connector_core.sources.database.passes import Known, Passed, problem_of

_BUFFER = 1 << 16


@dataclass(frozen=True)
class Extracted:
    """An extract that is nowhere but in memory."""

    name: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        handle, name = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.content)
            yield Path(name)
        finally:
            Path(name).unlink()


def extracted(address: str, password: str | None, plans: Sequence[Plan]) -> Extracted:
    """Read a database. Raise SourceError where it can't be, or has not what a dialect expects."""
    request = Request(address, password, ReadPass(tuple(plans), Known(), 1, datetime.now(UTC)))
    with fetching(request) as found:
        content = io.BufferedReader(found, _BUFFER).read()
        passed = found.answer(Passed)
    problem = problem_of(passed)
    if problem is not None:
        raise SourceError(problem, where=address, remedy=f"Lancez « connector inspect {address} »")
    return Extracted("base.extrait", content)
