"""A keyring backend in one JSON file that only its owner may read: `[secrets] keyring = "file"`.

The file is replaced whole, under a lock, and synced, so that a cut never loses a secret. A folder that other accounts
may read is refused, as is, on POSIX, one that another account owns.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock
from keyring.backend import KeyringBackend

from connector_core.access import close_to_others, make_private_folder, strangers
from connector_core.disk import sync_folder
from connector_core.errors import ConfigurationError

_LOCK_NAME = "secrets.lock"
_PATIENCE = 30.0
"""Seconds for another writer to end."""
_VERSION = 1

_Content = dict[str, dict[str, str]]


class FileKeyring(KeyringBackend):
    """Secrets by service and name in `<folder>/secrets.json` (0600 in a 0700 folder), created on first write.

    Raises `ConfigurationError`, with the path and never a value. `_sealed` and `_opened` let a backend below keep
    something else than plain text.
    """

    file_name = "secrets.json"

    priority = -1
    """keyring never chooses it on its own (nor could it: the folder is mandatory)."""

    def __init__(self, folder: Path) -> None:
        # The base would set any attribute named by the environment; ours are given.
        self._folder = folder
        self._path = folder / self.file_name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    __str__ = __repr__

    def get_password(self, service: str, username: str) -> str | None:
        with self._disk():
            kept = self._read().get(service, {}).get(username)
        return None if kept is None else self._opened(service, username, kept)

    def set_password(self, service: str, username: str, password: str) -> None:
        sealed = self._sealed(service, username, password)
        with self._disk():
            self._make_folder()
            with self._locked():
                self._store(service, username, sealed)

    def delete_password(self, service: str, username: str) -> None:
        with self._disk():
            if self._read().get(service, {}).get(username) is not None:
                with self._locked():
                    self._store(service, username, None)

    def _sealed(self, service: str, username: str, value: str) -> str:
        """What the file holds of a value."""
        return value

    def _opened(self, service: str, username: str, kept: str) -> str:
        """The value of what the file holds."""
        return kept

    def _store(self, service: str, username: str, password: str | None) -> None:
        content = self._read()
        names = content.setdefault(service, {})
        if password is None:
            names.pop(username, None)
        else:
            names[username] = password
        self._write(content)

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kind = type(error).__name__
        else:
            return
        raise ConfigurationError(
            f"le fichier de secrets ne peut pas être lu ou écrit ({kind})",
            where=str(self._path),
            remedy="Vérifiez les droits du compte qui fait tourner le service sur ce dossier, et la place libre",
        )

    def _read(self) -> _Content:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return {}
        with os.fdopen(descriptor, "rb") as file:
            self._check_private(self._folder, self._folder.stat(), "700")
            self._check_private(self._path, os.fstat(file.fileno()), "600")
            raw = file.read()
        try:
            document: object = json.loads(raw)
        except ValueError:
            document = None
        content = (
            document.get("secrets") if isinstance(document, dict) and document.get("version") == _VERSION else None
        )
        if not isinstance(content, dict) or not all(isinstance(names, dict) for names in content.values()):
            raise ConfigurationError(
                "le fichier de secrets est abîmé", where=str(self._path), remedy="Restaurez-le depuis une sauvegarde"
            )
        return {
            str(service): {str(name): value for name, value in names.items() if isinstance(value, str)}
            for service, names in content.items()
        }

    def _write(self, content: _Content) -> None:
        document = json.dumps({"version": _VERSION, "secrets": content}, ensure_ascii=False, indent=1, sort_keys=True)
        temporary = self._folder / f".{self.file_name}.{os.getpid()}"
        with suppress(FileNotFoundError):
            temporary.unlink()
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                close_to_others(temporary)
                file.write(document.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        sync_folder(self._folder)

    def _make_folder(self) -> None:
        make_private_folder(self._folder)
        self._check_private(self._folder, self._folder.stat(), "700")

    @staticmethod
    def _check_private(path: Path, status: os.stat_result, mode: str) -> None:
        if sys.platform != "win32" and status.st_uid != os.geteuid():
            raise ConfigurationError(
                "les secrets appartiennent à un autre compte",
                where=str(path),
                remedy="Lancez la commande dans le compte qui fait tourner le service",
            )
        if strangers(path, status):
            raise ConfigurationError(
                "d'autres comptes ont accès aux secrets",
                where=str(path),
                remedy=f"Corrigez par : chmod {mode} '{path}'"
                if sys.platform != "win32"
                else "Ne laissez ce dossier qu'au compte du service, à SYSTEM et aux administrateurs",
            )

    def _locked(self) -> FileLock:
        """One writer at a time, so that two commands never lose each other's secret."""
        return FileLock(self._folder / _LOCK_NAME, timeout=_PATIENCE, mode=0o600)
