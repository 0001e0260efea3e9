"""Where a folder lies, as each system tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_core.sources import reach
from connector_core.sources.reach import linux_reach, mac_reach, reach_of, windows_reach

MOUNTS = r"""22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw
40 22 8:3 / /srv rw,relatime shared:20 - btrfs /dev/sda3 rw
41 40 0:50 / /srv/exports rw,relatime shared:21 - cifs //pc-accueil/vega rw,vers=3.0
42 22 0:51 / /mnt/mes\040exports rw - nfs4 nas:/exports rw
43 22 0:52 / /mnt/ssh rw - fuse.sshfs user@host:/ rw
44 22 0:53 / /mnt/vm rw - 9p host rw
45 22 0:54 / /mnt/smb3 rw - smb3 //nas/x rw
46 22 8:17 / /mnt/stick rw - vfat /dev/sdb1 rw
47 22 8:18 / /mnt/card rw - exfat /dev/sdc1 rw
48 22 8:19 / /media/marie/DISQUE rw - ext4 /dev/sdd1 rw
49 22 8:20 / /mnt/ntfs rw - fuseblk /dev/sde1 rw
50 40 8:21 / /srv/exports/local rw - ext4 /dev/sdf1 rw
51 22 8:22 / /mnt/twice rw - ext4 /dev/sdg1 rw
52 22 0:60 / /mnt/twice rw - nfs nas:/twice rw
54 22 0:62 / /mnt/plain rw - fuse /srv/x rw
53 22 0:61 / /mnt/auto rw - autofs systemd-1 rw
"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/cabinet/exports", "local"),
        ("/srv", "local"),
        ("/srv/exportsX", "local"),
        ("/srv/exports", "network"),
        ("/srv/exports/vega/2026", "network"),
        ("/srv/exports/local/x", "local"),
        ("/mnt/mes exports/x", "network"),
        ("/mnt/ssh", "network"),
        ("/mnt/vm", "network"),
        ("/mnt/plain", "network"),
        ("/mnt/smb3", "network"),
        ("/mnt/twice", "network"),
        ("/mnt/auto/x", "network"),
        ("/mnt/stick", "removable"),
        ("/mnt/card/x", "removable"),
        ("/media/marie/DISQUE/x", "removable"),
        ("/mnt/ntfs", "local"),
    ],
)
def test_linux_tells_by_the_mount_that_a_folder_lies_in(path: str, found: str) -> None:
    assert linux_reach(path, MOUNTS) == found


def test_a_folder_of_which_no_mount_tells_is_unknown() -> None:
    assert linux_reach("/x", "") == "unknown"


@pytest.mark.parametrize(
    ("path", "kind", "found"),
    [
        ("D:\\Vega\\Exports", 3, "local"),
        ("D:\\Vega\\Exports", 6, "local"),
        ("\\\\?\\D:\\Vega", 3, "local"),
        ("Z:\\Exports", 4, "network"),
        ("E:\\", 2, "removable"),
        ("F:\\", 5, "removable"),
        ("F:\\", 1, "unknown"),
        ("\\\\serveur\\vega\\Exports", 3, "network"),
        ("\\\\?\\UNC\\serveur\\vega\\Exports", 3, "network"),
    ],
)
def test_windows_tells_by_the_drive_or_the_server(path: str, kind: int, found: str) -> None:
    asked: list[str] = []

    def drive_type(root: str) -> int:
        asked.append(root)
        return kind

    assert windows_reach(path, drive_type) == found
    assert all(len(root) == 3 and root.endswith(":\\") for root in asked)


def test_a_windows_path_without_a_drive_tells_nothing() -> None:
    with pytest.raises(ValueError, match="drive"):
        windows_reach("Exports", lambda _root: 3)


@pytest.mark.parametrize(
    ("flags", "kind", "place", "found"),
    [
        (0x1000, "apfs", "/", "local"),
        (0x1000, "apfs", "/System/Volumes/Data", "local"),
        (0x0, "smbfs", "/Volumes/vega", "network"),
        (0x1000, "exfat", "/Volumes/CLE", "removable"),
        (0x1000, "apfs", "/Volumes/Sauvegarde", "removable"),
    ],
)
def test_a_mac_tells_by_the_file_system(flags: int, kind: str, place: str, found: str) -> None:
    assert mac_reach(flags, kind, place) == found


def test_a_link_to_a_share_lies_on_the_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts = tmp_path / "mounts"
    lines = ["1 1 8:2 / / rw - ext4 /dev/sda rw", f"2 1 0:5 / {tmp_path}/share rw - cifs //x/y rw"]
    mounts.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(reach, "_MOUNTS", mounts)
    assert reach_of(tmp_path) == "local"
    assert reach_of(tmp_path / "link") == "network"
    assert reach_of(tmp_path / "share" / ".." / "not-yet") == "local"


def test_what_can_not_be_told_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_MOUNTS", tmp_path / "none")
    assert reach_of(tmp_path) == "unknown"
