"""The folder through which a person's own process on the desktop gets its notices: a small file each.

The promise of this folder: a notice is shown, or shown again when the process that shows it was killed at that very
moment, and never lost. It is written in one step; whoever shows it takes it by renaming it, leaves a mark once it was
shown, and removes it only then. What was taken and bears no mark is shown after a restart. What bears a mark is neither
shown nor written again, so that a delivery that is repeated after a crash shows nothing twice.

The folder and its files are the account's alone: they may hold names where the practice wants them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from connector_core.deliver.notice import Notice
from connector_core.deliver.replace import forget_partial, replace_file
from connector_core.errors import ConfigurationError, ConnectorError, reason_of

_SENT, _TAKEN, _SHOWN = ".avis", ".pris", ".vu"
_DIGEST = "resume"
_KEY = re.compile(r"[0-9a-f]{16,64}")
_MOST_BYTES = 16_384
_REMEMBERED = timedelta(days=8)
"""How long a mark is kept: longer than what was delivered may be delivered again."""

Sending = Literal["digest", "immediate"]


class MailboxError(ConnectorError):
    """The folder of a person's notices can't be used now."""

    exit_code = 3


class Letter(msgspec.Struct, frozen=True):
    """A notice on its way. It is not shown from `until` on (an instant in UTC)."""

    key: str
    send: Sending
    title: str
    text: str
    until: datetime

    @property
    def notice(self) -> Notice:
        return Notice(self.title, self.text)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Letter).decode


def post(folder: Path, letter: Letter, account: str | None = None) -> None:
    """Leave a notice for whoever shows it. A digest takes the place of one that was not shown yet.

    `account` is who shows it, if not this account; it is given the folder, which only root may do. Raise MailboxError,
    ConfigurationError when there is no such account.
    """
    try:
        owner = _owner(account)
        _make(folder, owner)
        if (folder / f"{letter.key}{_SHOWN}").exists():
            return
        name = _DIGEST if letter.send == "digest" else letter.key
        replace_file(folder / f"{name}{_SENT}", _encode(letter), durable=False, owner=owner)
    except OSError as error:
        raise MailboxError(
            f"le dossier des avis ne peut pas être écrit ({reason_of(error)})",
            where=str(folder),
            remedy="Vérifiez les droits du compte du service sur ce dossier",
        ) from error


class Mailbox:
    """The folder of one person, as seen by who shows the notices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder, and tidy it. Raise MailboxError when it is not this account's."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name == "posix" and self.folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                self.folder.chmod(0o700)
            forget_partial(self.folder)
        except OSError as error:
            raise MailboxError(
                f"le dossier des avis n'est pas accessible ({reason_of(error)})",
                where=str(self.folder),
                remedy="Vérifiez que ce dossier appartient à votre compte",
            ) from error

    def waiting(self, now: datetime) -> list[Letter]:
        """What is to be shown, the oldest first; it is taken, and what is out of date or no notice is removed."""
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self.folder.glob(f"*{_SENT}"), key=_age):
                self._take(path)
        letters: dict[str, Letter] = {}
        for path in sorted(self.folder.glob(f"*{_TAKEN}"), key=_age):
            letter = _read(path)
            if letter is None or letter.until <= now or (self.folder / f"{letter.key}{_SHOWN}").exists():
                path.unlink(missing_ok=True)
                continue
            name = _DIGEST if letter.send == "digest" else letter.key
            former = letters.pop(name, None)
            letters[name] = letter
            if former is not None and former.key != letter.key:
                (self.folder / f"{former.key}{_TAKEN}").unlink(missing_ok=True)
            if path.stem != letter.key:  # replaced by its writer between the look at it and the taking
                path.replace(self.folder / f"{letter.key}{_TAKEN}")
        return list(letters.values())

    def shown(self, letters: Iterable[Letter], at: datetime) -> None:
        """They were shown, together."""
        for letter in letters:
            (self.folder / f"{letter.key}{_SHOWN}").write_text(at.isoformat(), encoding="ascii")
            (self.folder / f"{letter.key}{_TAKEN}").unlink(missing_ok=True)

    def times(self, now: datetime) -> frozenset[datetime]:
        """When something was shown of late; marks that nothing asks for any more are forgotten."""
        found: set[datetime] = set()
        for path in self.folder.glob(f"*{_SHOWN}"):
            try:
                at = datetime.fromisoformat(path.read_text(encoding="ascii"))
                age = now - at
            except (OSError, ValueError, TypeError):  # killed while it was written: when it was is not known
                continue
            if age > _REMEMBERED:
                path.unlink(missing_ok=True)
            else:
                found.add(at)
        return frozenset(found)

    def _take(self, path: Path) -> None:
        letter = _read(path)
        if letter is None:
            path.unlink(missing_ok=True)
            return
        with contextlib.suppress(FileNotFoundError):
            path.replace(self.folder / f"{letter.key}{_TAKEN}")


def _read(path: Path) -> Letter | None:
    """What a file says; None for anything that was not written here."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        letter = _decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return letter if _KEY.fullmatch(letter.key) and letter.until.tzinfo is not None else None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _make(folder: Path, owner: int | None) -> None:
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        folder.mkdir(mode=0o700)
        if owner is not None:
            os.chown(folder, owner, -1, follow_symlinks=False)


def _owner(account: str | None) -> int | None:
    """The number of an account, where the system has such; on Windows the rights of the folder hold."""
    if account is None or os.name != "posix":
        return None
    import pwd

    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        raise ConfigurationError(
            "ce compte n'existe pas sur cet ordinateur", where="[[notify]] account", remedy="Corrigez son nom"
        ) from None
