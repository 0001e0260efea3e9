"""Letters of mapped network drives, which belong to a person's session: a service has none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath, PureWindowsPath

from connector_core.errors import ConfigurationError

ShareOf = Callable[[str], str | None]
"""The share (`\\\\server\\share`) that a letter (`Z:`) stands for, an empty text when it stands for nothing that is
known, None for a disk of the machine."""


def refuse_mapped(folders: Iterable[PurePath], share_of: ShareOf) -> None:
    """Raise ConfigurationError for the first folder on a mapped drive, with the path to write instead."""
    for folder in folders:
        path = PureWindowsPath(folder)
        if not path.drive.endswith(":"):
            continue
        share = share_of(path.drive.upper())
        if share is None:
            continue
        if share:
            instead = str(PureWindowsPath(share + "\\", *path.parts[1:]))
            remedy = f"Écrivez à la place, entre apostrophes : '{instead}'"
        else:
            remedy = r"Écrivez le chemin du partage, entre apostrophes : '\\serveur\partage\dossier'"
        raise ConfigurationError(
            f"le lecteur {path.drive} n'existe que dans la session d'une personne ; un service ne le voit pas",
            where=str(folder),
            remedy=remedy,
        )
