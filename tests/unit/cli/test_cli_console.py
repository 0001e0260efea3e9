"""What reaches the terminal: progress, and any character."""

from __future__ import annotations

import io
import sys

import pytest

from connector_core.cli import console


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes standard error a terminal; called inside the test, since pytest has its own way with it before."""

    def make():
        monkeypatch.setenv("TERM", "xterm")
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return make


def test_nothing_is_shown_when_nobody_looks(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with console.progress() as tell:
        tell("règles", 1)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("command", [("doctor",), ("calibrate", "--yes", "--json")])
def test_commands_that_take_long_say_what_they_do(practice, told, command):
    practice.configure()
    target = [practice.export(practice.act(1))] if command[0] == "calibrate" else []
    practice.run(*command, *target)
    assert told


def test_what_is_quick_shows_no_bar(terminal):
    stream = terminal()
    with console.progress() as tell:
        tell("règles", 1)
    assert stream.getvalue() == ""


def test_what_takes_long_shows_what_is_being_done(terminal):
    stream = terminal()
    bar = console._Bar()
    bar.tell("[export].csv", 0)
    bar.show()
    bar.tell("règles", 1)
    bar.hide()
    assert "règles" in stream.getvalue()
    assert "[export].csv" in stream.getvalue()


def test_a_bar_that_comes_too_late_does_not_come(terminal):
    stream = terminal()
    bar = console._Bar()
    bar.hide()
    bar.show()
    assert stream.getvalue() == ""


@pytest.mark.parametrize("interactive", [True, False])
def test_no_character_stops_a_command(monkeypatch, interactive):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(stream, "isatty", lambda: interactive, raising=False)
    monkeypatch.setattr(sys, "stdout", stream)
    console.prepare()
    stream.write("23,65 €")
    stream.flush()
    assert raw.getvalue() == (b"23,65 ?" if interactive else "23,65 €".encode())
