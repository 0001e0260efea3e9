"""Mapped drives are refused for a service, with the share's path."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest

from connector_core.errors import ConfigurationError
from connector_core.service.system.drives import refuse_mapped

LETTERS = {"Z:": r"\\serveur\partage", "Y:": "", "C:": None}


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (r"Z:\Vega\Exports", r"'\\serveur\partage\Vega\Exports'"),
        (r"z:\Vega", r"'\\serveur\partage\Vega'"),
        ("Z:\\", "\\\\serveur\\partage"),
        (r"Y:\Vega", r"'\\serveur\partage\dossier'"),
    ],
)
def test_a_mapped_drive_is_refused_with_the_path_to_write(written, instead):
    with pytest.raises(ConfigurationError) as error:
        refuse_mapped([PureWindowsPath(written)], LETTERS.__getitem__)
    assert instead in str(error.value.remedy)
    assert error.value.where == str(PureWindowsPath(written))


def test_a_disk_and_a_share_are_taken():
    refuse_mapped([PureWindowsPath(r"C:\Exports"), PureWindowsPath(r"\\serveur\partage\Exports")], LETTERS.__getitem__)
