"""One open store: its connection and its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from connector_core.store.answers import Answers
from connector_core.store.claims import Claims
from connector_core.store.connection import open_database, transaction, translated
from connector_core.store.dossiers import Dossiers
from connector_core.store.files import Files
from connector_core.store.gathered import Gathered
from connector_core.store.outbox import Outbox
from connector_core.store.shared import Shared
from connector_core.store.waiting import Waiting
from connector_core.store.whereabouts import Whereabouts
from connector_core.store.write_back import Ledger

if TYPE_CHECKING:
    from connector_core.store.backup import Backup, Backups
    from connector_core.store.decisions import Decision, Decisions

ACTS_SINCE, RETURNS_SINCE = "acts_since", "returns_since"
"""The facts that say on which day the first act was done and the first payer's answer came."""
PAYEES = "payees"
"""The fact that holds the AM numbers of the companies that are paid for the professionals, as the practice configured
them when its records were last read."""
UNORDERED = "unordered"
"""The fact that some dossiers were written by a version that kept their records as they were read, in no order."""


class Store:
    """The store of one practice. `files`, `dossiers`, `claims`, `shared`, `waiting`, `gathered`, `whereabouts`,
    `answers`, `outbox` and `ledger` are its tables; writes go inside `transaction`."""

    def __init__(
        self, path: Path | None, key: bytes | None, *, read_only: bool = False, backups: Backups | None = None
    ) -> None:
        """With `backups`, one is made before tables that hold something are migrated."""
        self.path = path
        before = None if backups is None else backups.before_migration
        self._connection = open_database(path, key, read_only=read_only, before_migration=before)
        self.files = Files(self._connection)
        self.dossiers = Dossiers(self._connection)
        self.claims = Claims(self._connection)
        self.shared = Shared(self._connection)
        self.waiting = Waiting(self._connection)
        self.gathered = Gathered(self._connection)
        self.whereabouts = Whereabouts(self._connection)
        self.answers = Answers(self._connection)
        self.outbox = Outbox(self._connection)
        self.ledger = Ledger(self._connection)

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
                self.dossiers, self.claims = Dossiers(self._connection), Claims(self._connection)
                raise

    def fact(self, name: str) -> str | None:
        """A single fact about the practice or the last check."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def decide(self, decisions: Decisions, decision: Decision) -> None:
        """Do what a person decided about a finding; it outlives the loss of the store from then on."""
        identifier = decisions.keep(decision)
        try:
            with self.transaction():
                self._apply(identifier, decision)
        except BaseException:
            decisions.forget(identifier)
            raise

    def decide_again(self, decisions: Decisions) -> int:
        """Do what people decided that this store knows nothing of, where a finding still says what they judged.
        Returns how many there were."""
        known = self.decided()
        again = [
            (identifier, decision)
            for identifier, decision in decisions.newest()
            if identifier not in known
            and any(
                kept.finding.fingerprint == decision.fingerprint
                and kept.digest == decision.digest
                and kept.state != "resolved"
                for kept in self.answers.find(decision.fingerprint)
            )
        ]
        if again:
            with self.transaction():
                for identifier, decision in again:
                    self._apply(identifier, decision)
        return len(again)

    def decided(self) -> set[str]:
        """The decisions that this store knows of."""
        return {identifier for (identifier,) in self._connection.execute("SELECT id FROM decision")}

    def _apply(self, identifier: str, decision: Decision) -> None:
        self.answers.set_state(decision.fingerprint, decision.state, decision.on, decision.reason)
        self._connection.execute("INSERT INTO decision VALUES (?)", (identifier,))

    def back_up(self, backups: Backups) -> Backup:
        """Have a copy of what is committed made; StoreDamaged when a page of it is not what was written."""
        with translated(self.path):
            return backups.make(self._connection)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
