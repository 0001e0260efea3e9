"""Stores on disk, in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector_core.store.store import Store

KEY = bytes(range(32))


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "connector.db"


@pytest.fixture
def open_store(place: Path, key: bytes) -> Iterator[Callable[..., Store]]:
    """Opens the store of `place`; all are closed at the end."""
    opened: list[Store] = []

    def open_(**options) -> Store:
        opened.append(Store(place, options.pop("key", key), **options))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()
