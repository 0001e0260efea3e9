"""What is ours among the folders that a configuration names.

A configuration may name any folder as the one for data. Rights are set, and data is erased, only where nothing but our
own files lies: a slip in a path must not cost someone else's files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.service.places import (
    BACKUP_FOLDER,
    DECISION_FOLDER,
    LOCK_FILE,
    PROBLEMS_FILE,
    QUEUED_FILE,
    RUNNING_FILE,
    SPOOL_FOLDER,
    STANDSTILL_FILE,
    STORE_FILE,
    WORKER_LOCK_FILE,
)
from connector_core.service.system.job import Job

_MARKS = (STORE_FILE, LOCK_FILE)
_DATA = (
    f"{STORE_FILE}*",
    SPOOL_FOLDER,
    BACKUP_FOLDER,
    DECISION_FOLDER,
    LOCK_FILE,
    WORKER_LOCK_FILE,
    PROBLEMS_FILE,
    QUEUED_FILE,
    RUNNING_FILE,
    STANDSTILL_FILE,
    "connector.log*",
    "worker.log*",
    "connector.sock",
    "mis-de-cote-*",
    "erreurs.log",
)
_SECRETS = ("secrets.json", "secrets.lock", "secrets.dpapi.json")
_REPORT = ("rapport.html", "rapport.json", "rapport.xlsx", "echeances.ics", "regles")


_NOTICES = tuple(f"*{suffix}*" for suffix in (".avis", ".pris", ".vu"))


def check_ours(job: Job) -> None:
    """Raise ConfigurationError when the folder of data or of secrets holds something else than what is ours."""
    for folder, key, marks in ((job.data, "[data]", _MARKS), (job.secrets, "[secrets]", _SECRETS)):
        known = any((folder / mark).exists() for mark in marks)
        beside = job.configuration.parent == folder  # where the system keeps both in one folder
        others = {job.data, job.secrets, job.report} - {folder}
        if folder.is_dir() and not known and not beside and any(each not in others for each in folder.iterdir()):
            raise ConfigurationError(
                "ce dossier contient déjà autre chose",
                where=f"{key} folder, {folder}",
                remedy="Donnez au service un dossier à lui, vide ou à créer",
            )


def purge(job: Job) -> tuple[Path, ...]:
    """Erase what the daemon wrote, the secrets, the report and the notices; returns the folders in which something else
    is left."""
    left: list[Path] = []
    people = () if job.notices is None else tuple(path for path in job.notices.glob("*") if path.is_dir())
    notices = ((folder, _NOTICES) for folder in people)
    emptied = () if job.notices is None else ((job.notices, ()),)
    for folder, names in (*notices, *emptied, (job.report, _REPORT), (job.secrets, _SECRETS), (job.data, _DATA)):
        for path in list(_named(folder, names)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        if not folder.is_dir():
            continue
        if any(folder.iterdir()):
            left.append(folder)
        else:
            folder.rmdir()
    return tuple(left)


def _named(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    return (path for name in names for path in folder.glob(name))
