"""Which accounts may read a file or a folder of ours, and making a folder that no other may enter.

On POSIX the mode decides. On Windows the access list does: ours admits the account that makes the folder, SYSTEM and
the Administrators, and inherits nothing. An account that is not known to be one of these is a stranger.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Collection
from pathlib import Path

from connector_core.access_windows import ADMINISTRATORS, SYSTEM

_TOLD = {
    "WD": "tout le monde",
    "S-1-1-0": "tout le monde",
    "BU": "les utilisateurs de l'ordinateur",
    "S-1-5-32-545": "les utilisateurs de l'ordinateur",
    "AU": "tout utilisateur connecté",
    "S-1-5-11": "tout utilisateur connecté",
    "IU": "qui est devant l'écran",
    "BG": "les invités",
}
_ADMITTED = ("SY", SYSTEM, "BA", ADMINISTRATORS, "OW", "S-1-3-4")
"""SYSTEM, the Administrators, and the rights of the owner."""
_ENTRY = re.compile(r"\((A|OA|XA);([A-Z]*);([^;]*);[^;]*;[^;]*;([^;)]*)[^)]*\)")
_MOST_ACCOUNTS = 5


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this account (on Windows also SYSTEM and the Administrators) may enter; one that is
    there stays as it is. On POSIX, folders above it that are missing are this account's alone as well.

    Raise OSError.
    """
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        if sys.platform == "win32":
            from connector_core import access_windows

            access_windows.admit_only(folder, access_windows.own_sid())


def close_to_others(path: Path) -> None:
    """Let no other account have a file or a folder that this one has just made, with a mode of 0600 or 0700, whatever
    the folder above hands down on Windows. Raise OSError."""
    if sys.platform == "win32":
        from connector_core import access_windows

        access_windows.admit_only(path, access_windows.own_sid())


def strangers(path: Path, status: os.stat_result | None = None, admitted: Collection[str] = ()) -> tuple[str, ...]:
    """Who else may read or change a file or a folder, in French words; `admitted` are SIDs that may, on Windows.

    Raise OSError when this account may not even ask.
    """
    if sys.platform == "win32":
        from connector_core import access_windows

        return foreign_entries(access_windows.listed(path), {access_windows.own_sid(), *admitted})
    mode = (status or path.stat()).st_mode
    return tuple(
        word for bits, word in ((stat.S_IRWXG, "son groupe"), (stat.S_IRWXO, "tous les comptes")) if mode & bits
    )


def foreign_entries(sddl: str, admitted: Collection[str]) -> tuple[str, ...]:
    """Whom an access list in Windows' own words (SDDL) lets in beside those who are `admitted` (by SID).

    An entry that only what is made in the folder inherits, for its maker, lets nobody in.
    """
    listed = sddl.partition("D:")[2].partition("S:(")[0]
    entries = _ENTRY.findall(listed)
    if not entries and "(" not in listed and "P" not in listed:
        return (_TOLD["WD"],)
    found = (
        account
        for _, flags, rights, account in entries
        if rights and account not in _ADMITTED and account not in admitted and not _for_makers(flags, account)
    )
    return tuple(dict.fromkeys(_TOLD.get(account, account) for account in found))[:_MOST_ACCOUNTS]


def _for_makers(flags: str, account: str) -> bool:
    return "IO" in flags and account in ("CO", "S-1-3-0")
