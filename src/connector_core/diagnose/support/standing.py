"""What waits to be delivered, how much room everything takes, and the state that `status` tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from connector_core.diagnose.support.exact import moment
from connector_core.diagnose.support.sources import ending
from connector_core.diagnose.support.vocabulary import Vocabulary
from connector_core.store.outbox import Parcel
from connector_core.store.schema import MIGRATIONS
from connector_core.store.store import Store

_MOST_BACKUPS = 30
_OF_SOURCES = (
    "id",
    "connector",
    "folder",
    "database",
    "reachable",
    "files",
    "rows",
    "rejects",
    "waiting",
    "last_file_state",
    "expected_every",
    "silent",
)
_OF_PARCELS = ("kind", "state", "attempts", "problem")


def outbox(store: Store) -> Mapping[str, object]:
    """Parcels by kind and state, without the places that they take, which may name somebody."""
    groups: dict[tuple[str, str], list[Parcel]] = {}
    for each in store.outbox.parcels():
        groups.setdefault((each.kind, each.state), []).append(each)
    return {
        "parcels": [
            {
                "kind": kind,
                "state": state,
                "count": len(parcels),
                "most_attempts": max(each.attempts for each in parcels),
                "oldest": moment(min(each.queued_at for each in parcels)),
                "problems": sorted({each.problem for each in parcels if each.problem})[:10],
            }
            for (kind, state), parcels in sorted(groups.items())
        ]
    }


def storage(store: Path, folders: Mapping[str, Path], backups: Path, free: int) -> Mapping[str, object]:
    """Sizes on the disk, which need no key. `folders` are counted file by file."""
    beside = [store, *(store.with_name(store.name + end) for end in ("-wal", "-journal", "-shm"))]
    made = sorted((path.stat() for path in backups.glob("*.db")), key=lambda each: each.st_mtime, reverse=True)
    return {
        "store": [{"file": path.name, "bytes": path.stat().st_size} for path in beside if path.is_file()],
        "folders": [{"folder": name, **_counted(path)} for name, path in sorted(folders.items())],
        "backups": [
            {"bytes": each.st_size, "at": moment(datetime.fromtimestamp(each.st_mtime, UTC).isoformat())}
            for each in made[:_MOST_BACKUPS]
        ],
        "free_bytes": free,
        "version_of_tables": len(MIGRATIONS),
    }


def _counted(folder: Path) -> Mapping[str, int]:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return {"files": len(sizes), "bytes": sum(sizes)}


def of_status(said: Mapping[str, object], words: Vocabulary) -> Mapping[str, object]:
    """What `connector status --json` said, without names of files, of people to notify, and doubts about dossiers."""
    sources, parcels = _tables(said.get("sources")), _tables(said.get("undelivered"))
    doubts = said.get("doubts")
    as_of = said.get("as_of")
    return {
        "running": said.get("running"),
        "as_of": moment(f"{as_of}T00:00:00+00:00") if isinstance(as_of, str) else None,
        "store": said.get("store"),
        "sources": [
            {
                **_only(each, _OF_SOURCES),
                "problems": [words.sentence(text) for text in _texts(each.get("problems"))],
                "last_file_ending": ending(str(each.get("last_file") or "")),
                "last_file_at": moment(str(each.get("last_file_at"))),
            }
            for each in sources
        ],
        "doubts": len(doubts) if isinstance(doubts, list) else None,
        "waiting": said.get("waiting"),
        "outbox": said.get("outbox"),
        "undelivered": [_only(each, _OF_PARCELS) for each in parcels],
        "notices": said.get("notices"),
        "findings": said.get("findings"),
    }


def _tables(value: object) -> Sequence[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> Sequence[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _only(table: Mapping[str, object], names: Iterable[str]) -> Mapping[str, object]:
    return {name: table.get(name) for name in names}
