"""Starting the agent with a session, on Windows."""

from __future__ import annotations

import winreg

import pytest

from connector_core.service.autostart import start_at_logon, start_no_more

pytestmark = pytest.mark.wine

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"


def test_the_command_is_in_the_accounts_own_key_until_it_is_taken_out() -> None:
    assert "connector-agent" in start_at_logon(
        [r"C:\Program Files\Connector\pythonw.exe", "-m", "connector_core", "agent"]
    )
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN) as key:
        value, kind = winreg.QueryValueEx(key, "connector-agent")
    assert kind == winreg.REG_SZ
    assert value == r'"C:\Program Files\Connector\pythonw.exe" -m connector_core agent'
    assert start_no_more()
    assert not start_no_more()
