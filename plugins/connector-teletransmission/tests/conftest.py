"""What the tests of both codecs share."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from connector_core.errors import FileRefused
from connector_teletransmission.b2 import Notes

EXAMPLES = int(os.environ.get("CONNECTOR_FUZZ_EXAMPLES", "60"))
"""How many files a property is tried on. For a night: `CONNECTOR_FUZZ_EXAMPLES=1000000 pytest -k fuzz --timeout 0`."""

settings.register_profile(
    "teletransmission",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="CONNECTOR_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
settings.load_profile("teletransmission")


@dataclass(frozen=True)
class Codec:
    """One of the two codecs, and what reading some bytes with it came to."""

    module: ModuleType

    def outcome(self, data: bytes) -> str:
        """`refused`, `told` (read, and something said of it) or `clean`; what is read is written back as it was."""
        notes = Notes()
        refused: FileRefused | None = None
        try:
            assert self.module.write(self.module.read(data, notes)) == data
        except FileRefused as error:
            refused = error
        if refused is not None:
            assert "colonne" in (refused.where or "") or data == b""
            assert "EXEMPLE" not in str(refused)
            return "refused"
        return "told" if notes.told or notes.cut else "clean"


@pytest.fixture
def codec() -> Callable[[ModuleType], Codec]:
    return Codec


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fuzz: arbitrary and mutated bytes; CONNECTOR_FUZZ_EXAMPLES makes it longer")
