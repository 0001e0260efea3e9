"""Where a folder lies: on a disk of this PC, elsewhere on the network, or on something that can be pulled out.

Only a disk of this PC tells what happens on it. A share tells nothing of what other machines write, or goes deaf once
it has dropped; what can be pulled out is gone without a word. Such folders are looked at again and again instead, and
so are those of which nothing can be told: looking is always right, waiting to be told is not.

The mounts are asked, not the folder, which may be on a share that does not answer.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Literal

Reach = Literal["local", "network", "removable", "unknown"]

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_NETWORK_TYPES = frozenset(
    {"9p", "afs", "autofs", "ceph", "cifs", "coda", "davfs", "fuse", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "webdav", "afpfs"}
)
_REMOVABLE_TYPES = frozenset({"exfat", "iso9660", "msdos", "udf", "vfat"})
_REMOVABLE_PLACES = ("/media/", "/run/media/", "/Volumes/")
_DRIVES: dict[int, Reach] = {2: "removable", 3: "local", 4: "network", 5: "removable", 6: "local"}
"""What GetDriveTypeW answers: 5 is a disc to be read only, 6 a disk in memory."""
_MNT_LOCAL = 0x1000
"""Of statfs on macOS: the file system is stored on this machine."""


def reach_of(folder: Path) -> Reach:
    """Where a folder lies; one that does not exist lies where it would be made."""
    try:
        if sys.platform == "win32":
            return windows_reach(os.path.realpath(folder), _drive_type)
        elif sys.platform == "darwin":  # noqa: RET505  # mypy tells the systems apart by the branches of one statement
            return mac_reach(*_statfs(str(folder)))
        else:
            path = os.path.abspath(folder)  # noqa: PTH100  # asks nothing of the folder, and takes its `..` out
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
            found = linux_reach(path, mounts)
            return linux_reach(os.path.realpath(path), mounts) if found == "local" else found
    except (OSError, ValueError):
        return "unknown"


def linux_reach(path: str, mounts: str) -> Reach:
    """By the lines of `/proc/self/mountinfo`; of mounts one over the other, the last."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        place = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields.split(" ")[4])
        if len(place) >= len(best) and _lies_in(path, place):
            best, kind = place, rest.partition(" ")[0]
    return _by_type(kind, best)


def mac_reach(flags: int, kind: str, place: str) -> Reach:
    """By what statfs says of the file system: its flags, its type, where it is mounted."""
    return _by_type(kind, place) if flags & _MNT_LOCAL else "network"


def windows_reach(path: str, drive_type: Callable[[str], int]) -> Reach:
    """By the drive, or by the path itself where it names a server."""
    anchor = PureWindowsPath(path).anchor
    bare = anchor.upper().removeprefix("\\\\?\\")
    if bare.startswith(("UNC\\", "\\\\")):
        return "network"
    if not bare[:1].isalpha() or not bare.endswith("\\"):
        raise ValueError("no drive")
    return _DRIVES.get(drive_type(bare), "unknown")


def _by_type(kind: str, place: str) -> Reach:
    if not kind:
        return "unknown"
    if kind in _NETWORK_TYPES or kind.startswith("fuse."):
        return "network"
    if kind in _REMOVABLE_TYPES or f"{place}/".startswith(_REMOVABLE_PLACES):
        return "removable"
    return "local"


def _lies_in(path: str, place: str) -> bool:
    return place == "/" or path == place or path.startswith(f"{place}/")


def _drive_type(root: str) -> int:
    windll = getattr(ctypes, "windll")  # noqa: B009  # there is none elsewhere
    return int(windll.kernel32.GetDriveTypeW(ctypes.c_wchar_p(root)))


class _Statfs(ctypes.Structure):
    """`struct statfs` of macOS with 64-bit inodes."""

    _fields_ = (
        ("f_bsize", ctypes.c_uint32),
        ("f_iosize", ctypes.c_int32),
        ("f_counts", ctypes.c_uint64 * 5),
        ("f_fsid", ctypes.c_int32 * 2),
        ("f_owner", ctypes.c_uint32),
        ("f_type", ctypes.c_uint32),
        ("f_flags", ctypes.c_uint32),
        ("f_fssubtype", ctypes.c_uint32),
        ("f_fstypename", ctypes.c_char * 16),
        ("f_mntonname", ctypes.c_char * 1024),
        ("f_mntfromname", ctypes.c_char * 1024),
        ("f_reserved", ctypes.c_uint32 * 8),
    )


def _statfs(path: str) -> tuple[int, str, str]:
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "statfs$INODE64", None) or libc.statfs  # the first on Intel, the second on Apple silicon
    answer = _Statfs()
    if call(os.fsencode(path), ctypes.byref(answer)) != 0:
        raise OSError(ctypes.get_errno(), "statfs")
    return answer.f_flags, answer.f_fstypename.decode(), os.fsdecode(answer.f_mntonname)
