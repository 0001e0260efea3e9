"""Errors that reach a person, and the one boundary where foreign exceptions become them.

A `ConnectorError` says what happened, where, and what to do next, in French. It never contains a value read from a
source: patient data must not reach a terminal or a log through an error. Whoever raises one keeps that promise.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

_REFUSED: Mapping[int, str] = {
    errno.EACCES: "accès refusé",
    errno.EBUSY: "un autre programme s'en sert",
    errno.EDQUOT: "le disque est plein pour ce compte",
    errno.EEXIST: "un fichier porte déjà ce nom",
    errno.EHOSTDOWN: "l'autre ordinateur ne répond pas",
    errno.EHOSTUNREACH: "l'autre ordinateur ne répond pas",
    errno.EIO: "le disque n'a pas pu lire ou écrire",
    errno.EISDIR: "c'est un dossier",
    errno.ELOOP: "ce lien tourne en rond",
    errno.EMFILE: "trop de fichiers sont ouverts",
    errno.ENAMETOOLONG: "ce nom est trop long",
    errno.ENOENT: "ce chemin n'existe pas",
    errno.ENOSPC: "le disque est plein",
    errno.ENOTDIR: "un fichier est à la place d'un dossier",
    errno.EPERM: "accès refusé",
    errno.EROFS: "le disque est en lecture seule",
    errno.ESTALE: "le partage a changé",
    errno.ETIMEDOUT: "pas de réponse à temps",
}


def reason_of(error: OSError) -> str:
    """Why the system refused something, in French; in its own words where it speaks the language of the account, as
    Windows does, or says what is not foreseen here."""
    own = error.strerror or type(error).__name__
    return own if getattr(error, "winerror", None) else _REFUSED.get(error.errno or 0, own)


class ConnectorError(Exception):
    """Base of every error shown to a person.

    `what` happened, `where` (a file, a place in it, a configuration key), and the `remedy`.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        head = f"{self.where} : {self.what}" if self.where else self.what
        return f"{head}. {self.remedy}" if self.remedy else f"{head}."


class ConfigurationError(ConnectorError):
    """The configuration, a dialect or a parameter file is wrong."""


class SourceError(ConnectorError):
    """A folder or a file can't be reached now; trying again may work."""

    exit_code = 3


class StoreError(ConnectorError):
    """The store can't be opened, read or written."""

    exit_code = 3


class StoreDamaged(StoreError):
    """The file of the store is not what was written to it, or the key is not its key."""


class StoreUnavailable(StoreError):
    """The store or the spool can't be used now, be it that the disk is full or that another program holds it; nothing
    is lost, and trying again may work."""


class FileRefused(ConnectorError):
    """A file is cut, mis-encoded or not what it claims to be; `where` is the place at which reading stopped."""

    exit_code = 4


class ConnectorBroke(ConnectorError):
    """A connector in a process of its own failed on a file: its process ended, took too long, or answered nonsense.

    What it says is ours, never the connector's.
    """

    exit_code = 4


class ConnectorRests(SourceError):
    """A connector is left alone for a while, since it did not answer in time again and again; no file was tried."""


class RowRefused(Exception):
    """One row can't become records; the rest of the file goes on.

    `reason` is a French sentence without any value of the row; `fields` names the model fields or source columns
    concerned.
    """

    def __init__(self, reason: str, *, fields: tuple[str, ...] = ()) -> None:
        self.reason = reason
        self.fields = fields
        super().__init__(reason)
