"""The engines of the tests: real servers, each started once, and an emulator where none is to be had."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from connector_core.model.records import Record

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

if os.name != "posix" or importlib.util.find_spec("msaccessdb") is None:
    # Without the extra `engines` there is no driver to import.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def practice() -> Sequence[Record]:
    """The small practice of the samples, with what is planted in it."""
    spec = importlib.util.spec_from_file_location("fixtures_make", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return tuple(module.practice())


@pytest.fixture(scope="session")
def firebird_server() -> Iterator[object]:
    from tests.engines.bed.firebird import firebird

    with firebird() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[object]:
    from tests.engines.bed.postgresql import postgresql

    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[object]:
    from tests.engines.bed.mariadb import mariadb

    with mariadb() as server:
        yield server


@pytest.fixture
def sql_server_emulated(tmp_path: Path) -> Iterator[object]:
    from tests.engines.bed.sql_server_emulator import sql_server_emulator

    with sql_server_emulator(tmp_path) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def databases_made() -> set[tuple[Path, str]]:
    return set()


@pytest.fixture
def places(
    request: pytest.FixtureRequest,
    practice: Sequence[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    databases_made: set[tuple[Path, str]],
) -> Callable[[str], object]:
    """Fills an engine with the practice, by the engine's name."""
    from tests.engines.bed.filling import Filling

    return Filling(request, practice, tmp_path, monkeypatch, databases_made)
