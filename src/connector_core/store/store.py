"""One open store: its connection and its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from connector_core.store.answers import Answers
from connector_core.store.connection import open_database, transaction, translated
from connector_core.store.dossiers import Dossiers
from connector_core.store.files import Files
from connector_core.store.outbox import Outbox


class Store:
    """The store of one practice. `files`, `dossiers`, `answers` and `outbox` are its tables; writes go inside
    `transaction`."""

    def __init__(self, path: Path | None, key: bytes | None, *, read_only: bool = False) -> None:
        self.path = path
        self._connection = open_database(path, key, read_only=read_only)
        self.files = Files(self._connection)
        self.dossiers = Dossiers(self._connection)
        self.answers = Answers(self._connection)
        self.outbox = Outbox(self._connection)

    @classmethod
    def in_memory(cls) -> Store:
        """A store that is never written to disk, for checks that leave no trace."""
        return cls(None, None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; also the boundary at which SQLite's errors become ours."""
        with translated(self.path):
            try:
                with transaction(self._connection):
                    yield
            except BaseException:
                self.dossiers = Dossiers(self._connection)
                raise

    def fact(self, name: str) -> str | None:
        """A single fact about the practice or the last check."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
