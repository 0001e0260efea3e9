"""The process that tries mutants: a module as it is passes its own tests there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("it forks", allow_module_level=True)

ROOT = Path(__file__).parents[3]


def test_a_module_without_a_mutant_survives_its_cases_and_its_test_files() -> None:
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket is short
        address = str(Path(folder, "asked"))
        command = [sys.executable, "-m", "mutation.warm", address]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            said = [_asked(address, question) for question in ("connector_core.rules.catalogue.tt_lots", "")]
            assert process.wait(30) == 0
    assert said == ["survived", ""]


def _asked(address: str, question: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(address)
        asking.sendall(f"{question}\n".encode())
        return asking.makefile("r", encoding="utf-8").read()
