"""Starting the agent with a session: what is written for each system. A desktop entry quotes as a shell does."""

from __future__ import annotations

import plistlib
import subprocess

import pytest

from connector_core.service.autostart import desktop_entry, property_list


@pytest.mark.parametrize("argument", ["simple", "deux mots", 'un " guillemet', "100 %", "$HOME", "a\\b", "`date`", "é"])
def test_an_argument_comes_back_as_it_was(argument: str) -> None:
    (line,) = [each for each in desktop_entry(["/opt/x", argument]).splitlines() if each.startswith("Exec=")]
    value = line.removeprefix("Exec=").replace("\\\\", "\\").replace("%%", "%")
    told = subprocess.run(["sh", "-c", f"printf '%s\\n' {value}"], capture_output=True, encoding="utf-8", check=True)
    assert told.stdout.splitlines() == ["/opt/x", argument]


def test_launchd_is_given_the_command_as_it_is() -> None:
    told = plistlib.loads(property_list(["/opt/x", "deux mots"]))
    assert (told["ProgramArguments"], told["RunAtLoad"]) == (["/opt/x", "deux mots"], True)
