"""Where the files of a practice lie, and which day it is there: what the daemon knows without opening anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connector_core.settings.model import Settings

STORE_FILE = "connector.db"
SPOOL_FOLDER = "depot"
BACKUP_FOLDER = "sauvegardes"
DECISION_FOLDER = "decisions"
LOCK_FILE = "connector.lock"
WORKER_LOCK_FILE = "worker.lock"
PROBLEMS_FILE = "problems.json"
RUNNING_FILE = "running.json"
QUEUED_FILE = "a-livrer"
STANDSTILL_FILE = "immobile.txt"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of a practice lie."""

    data: Path

    @property
    def store(self) -> Path:
        return self.data / STORE_FILE

    @property
    def spool(self) -> Path:
        return self.data / SPOOL_FOLDER

    @property
    def backups(self) -> Path:
        return self.data / BACKUP_FOLDER

    @property
    def decisions(self) -> Path:
        """What people decided since the oldest backup."""
        return self.data / DECISION_FOLDER

    @property
    def lock(self) -> Path:
        """Held by the daemon."""
        return self.data / LOCK_FILE

    @property
    def problems(self) -> Path:
        """What the daemon says is wrong with the sources."""
        return self.data / PROBLEMS_FILE

    @property
    def running(self) -> Path:
        """Which program runs the daemon, written when it has opened the store."""
        return self.data / RUNNING_FILE

    @property
    def queued(self) -> Path:
        """A mark of a command that queued something for the daemon to deliver."""
        return self.data / QUEUED_FILE

    @property
    def worker_lock(self) -> Path:
        """Held by whoever works for the daemon: one that its daemon left behind ends before another begins."""
        return self.data / WORKER_LOCK_FILE

    @property
    def standstill(self) -> Path:
        """Where the worker's task stood, of one that did not go on."""
        return self.data / STANDSTILL_FILE


def utc_now() -> datetime:
    return datetime.now(UTC)


def today(settings: Settings) -> date:
    """The civil day in the practice's own zone."""
    return datetime.now(ZoneInfo(settings.practice.timezone)).date()
