"""Who else may read: modes on POSIX, Windows' access lists as text."""

import os
import stat
import sys
from pathlib import Path

import pytest

from connector_core.access import foreign_entries, make_private_folder, strangers

posix = pytest.mark.skipif(sys.platform == "win32", reason="access lists, not modes")
OWN = "S-1-5-21-1-2-3-1001"
MARIE = "S-1-5-21-1-2-3-1002"


@posix
def test_a_private_folder_is_made_for_its_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert strangers(tmp_path / "a" / "b") == ()


@posix
@pytest.mark.parametrize(
    ("mode", "who"),
    [
        (0o700, ()),
        (0o710, ("son groupe",)),
        (0o701, ("tous les comptes",)),
        (0o755, ("son groupe", "tous les comptes")),
    ],
)
def test_modes_are_told_in_words(tmp_path: Path, mode: int, who: tuple[str, ...]) -> None:
    tmp_path.chmod(mode)
    assert strangers(tmp_path) == who
    tmp_path.chmod(0o700)


@posix
@posix
def test_folders_above_it_that_are_missing_are_for_its_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "data" / "secrets")
    modes = [
        stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path, tmp_path / "data", tmp_path / "data" / "secrets")
    ]
    assert modes == [0o755, 0o700, 0o700]


def test_a_folder_that_is_there_stays_as_it_is_and_a_file_is_no_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_private_folder(tmp_path)
    assert strangers(tmp_path) == ("son groupe",)
    (tmp_path / "fichier").write_text("")
    with pytest.raises(FileExistsError):
        make_private_folder(tmp_path / "fichier")


@pytest.mark.parametrize(
    ("sddl", "who"),
    [
        (f"D:P(A;OICI;FA;;;{OWN})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", ()),
        (f"D:PAI(A;OICI;FA;;;SY)(A;OICI;FR;;;{MARIE})", ()),
        ("D:P(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)", ("les utilisateurs de l'ordinateur",)),
        ("D:P(A;;FA;;;S-1-5-21-9-9-9-500)", ("S-1-5-21-9-9-9-500",)),
        ("D:P(A;;FA;;;WD)(A;;FR;;;S-1-1-0)", ("tout le monde",)),
        ("D:P(D;;FA;;;WD)(A;;FA;;;SY)", ()),
        ("D:AI(A;OICIIO;FA;;;CO)(A;;FA;;;OW)(A;OICIID;FA;;;SY)", ()),
        ("D:P", ()),
        ("", ("tout le monde",)),
        ("D:NO_ACCESS_CONTROL", ("tout le monde",)),
        ("O:BAG:SYD:P(A;;FA;;;SY)S:(AU;SAFA;FA;;;WD)", ()),
        ('D:P(XA;;FR;;;AU;(WIN://SYSAPPID Contains "x"))', ("tout utilisateur connecté",)),
    ],
)
def test_an_access_list_lets_in_who_it_names(sddl: str, who: tuple[str, ...]) -> None:
    assert foreign_entries(sddl, {OWN, MARIE}) == who
