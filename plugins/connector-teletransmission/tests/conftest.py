"""What the tests of both codecs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType

import pytest
from hypothesis import strategies as st

from connector_core.dialects.drafts import Draft
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.rows import Row
from connector_core.model.pivot import validated
from connector_teletransmission.notes import Notes


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
        return "told" if notes.told else "clean"


def understood(rows: Iterable[Row], drafts_of: Callable[[Row], list[Draft]]) -> int:
    """How many rows became records of the model; a row that can't is refused, in words that hold no value."""
    made = 0
    for row in rows:
        try:
            for kind, values in drafts_of(row):
                validated(kind, values)
                made += 1
        except RowRefused:
            continue
    return made


@pytest.fixture
def understand() -> Callable[[Iterable[Row], Callable[[Row], list[Draft]]], int]:
    return understood


@pytest.fixture
def codec() -> Callable[[ModuleType], Codec]:
    return Codec


@st.composite
def _mutated(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0:
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                data[at:at] = draw(st.binary(max_size=130))
            case 2:
                del data[at : at + draw(st.integers(0, 260))]
            case _:
                data[at:at] = data[: draw(st.integers(0, 300))]
    return bytes(data)


@pytest.fixture
def mutated() -> Callable[[Sequence[bytes]], st.SearchStrategy[bytes]]:
    """Files changed in one to eight places: bytes replaced, put in, taken out, repeated."""
    return _mutated


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fuzz: arbitrary and mutated bytes; CONNECTOR_FUZZ_EXAMPLES makes it longer")
