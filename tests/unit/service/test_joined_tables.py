"""Tables that only make sense together arrive in any order: acts that name no patient wait for the table that does."""

from __future__ import annotations

import shutil
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Input, Pipeline, Rules
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service.places import utc_now
from connector_core.sources.local import LocalFile
from connector_core.store.store import Store
from connector_core.testing.exports.kine4000 import write_kine4000
from connector_core.testing.practice import make_practice

pytest.importorskip("connector_kine4000", reason="the vendor's connector is not installed")

TODAY = date(2026, 10, 15)
ACTS, CARE, CODES = "actes.csv", "prises_en_charge.csv", "nomenclature.csv"


@pytest.fixture(scope="module")
def kine_host() -> PluginHost:
    return load_plugins(allow=("connector-kine4000",))


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kine4000")
    write_kine4000(make_practice(9, 10, 1, 2, today=TODAY).records, folder)
    return folder


def acts(store: Store) -> set[str]:
    from connector_core.store.codec import KIND_INDEX

    return {
        f"{patient}/{each.id}" for _, patient, kinds in store.dossiers.iterate() for each in kinds[KIND_INDEX["act"]]
    }


def answers(store: Store) -> dict[str, object]:
    return {kept.finding.fingerprint: kept.finding.amount for kept in store.answers.findings("open")}


@pytest.fixture(scope="module")
def expected(kine_host: PluginHost, exports: Path) -> tuple[set[str], dict[str, object]]:
    """What the whole export says when it is read in the best order."""
    with Store.in_memory() as store:
        read(store, kine_host, sorted(exports.iterdir(), reverse=True))
        assert len(acts(store)) > 50
        return acts(store), answers(store)


def read(store: Store, host: PluginHost, paths: list[Path]) -> None:
    rules = Rules(host, load_parameters(), load_tariffs())
    Pipeline(store, rules, utc_now).attempt([Input("kine4000", LocalFile(path)) for path in paths], TODAY)


@pytest.mark.parametrize("first", list(permutations((ACTS, CARE, CODES))))
def test_in_one_attempt_the_order_does_not_matter(kine_host, exports: Path, expected, first: tuple[str, ...]) -> None:
    others = [path for path in exports.iterdir() if path.name not in first]
    with Store.in_memory() as store:
        read(store, kine_host, [*(exports / name for name in first), *others])
        assert (acts(store), answers(store)) == expected


@pytest.mark.parametrize("late", [(CARE,), (CODES,), (CARE, CODES)])
def test_rows_that_wait_are_taken_up_when_their_table_arrives(
    new_service, kine_host, exports: Path, expected, late: tuple[str, ...]
) -> None:
    service = new_service(host=kine_host, sources=("kine4000",), connector="kine4000", day=TODAY)
    folder = service.folder / "kine4000"
    for path in exports.iterdir():
        if path.name not in late:
            shutil.copy(path, folder)
    service.settle()
    assert service.states()[ACTS] == "waiting"
    assert acts(service.store) == set()
    assert len(service.copies()) == 1, "the acts wait in the spool"
    (folder / ACTS).unlink()

    service.start()
    for name in late:
        shutil.copy(exports / name, folder)
        service.settle()
    assert service.states()[ACTS] == "committed"
    assert (acts(service.store), answers(service.store)) == expected
    assert service.copies() == []
    assert not service.store.files.rejects()


def test_a_table_that_says_otherwise_has_the_rows_that_join_on_it_understood_anew(
    kine_host, exports: Path, tmp_path: Path
) -> None:
    before = (exports / CODES).read_text("utf-8")
    code = next(line for line in before.splitlines() if "8.09" in line)
    changed, full = tmp_path / "changed", tmp_path / "full"
    for folder in (changed, full):
        shutil.copytree(exports, folder)
        (folder / CODES).write_text(before.replace(code, code.replace("8.09", "8.5")), "utf-8")
    with (changed / ACTS).open("a") as file:
        file.write("\n")
    with Store.in_memory() as store, Store.in_memory() as fresh:
        read(store, kine_host, sorted(exports.iterdir()))
        earlier = answers(store)
        read(store, kine_host, [changed / ACTS, changed / CODES])
        read(fresh, kine_host, sorted(full.iterdir()))
        assert answers(store) == answers(fresh) != earlier
