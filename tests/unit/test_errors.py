"""What a person is told of an error of the system."""

from __future__ import annotations

import errno

import pytest

from connector_core.errors import reason_of


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "ce chemin n'existe pas"),
        (PermissionError(errno.EACCES, "Permission denied"), "accès refusé"),
        (OSError(errno.ENOSPC, "No space left on device"), "le disque est plein"),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "Invalid cross-device link"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_the_reason_is_told_in_french_where_it_is_known(error: OSError, told: str) -> None:
    assert reason_of(error) == told


def test_windows_speaks_for_itself() -> None:
    class WindowsError(PermissionError):
        winerror = 32

    error = WindowsError(errno.EACCES, "Le fichier est utilisé par un autre processus")
    assert reason_of(error) == "Le fichier est utilisé par un autre processus"
