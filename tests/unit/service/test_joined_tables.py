"""Tables that only make sense together arrive in any order: acts that name no patient wait for the table that does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path

import pytest

from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.service import source_files
from connector_core.service.places import utc_now
from connector_core.sources.local import LocalFile
from connector_core.sources.originals import ShareSilent, sha256_of
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


def changed_code(content: str) -> str:
    """The table of codes, in which one code has another coefficient."""
    code = next(line for line in content.splitlines() if "8.09" in line)
    return content.replace(code, code.replace("8.09", "8.5"))


@pytest.fixture
def delivered(new_service, kine_host: PluginHost, exports: Path):
    """A practice whose whole export was read."""
    service = new_service(host=kine_host, sources=("kine4000",), connector="kine4000", day=TODAY)
    for path in exports.iterdir():
        shutil.copy2(path, service.folder / "kine4000")
    service.settle()
    assert set(service.states().values()) == {"committed"}
    return service


def test_a_table_that_changes_alone_has_the_files_that_join_on_it_read_again(
    delivered, kine_host: PluginHost, exports: Path, expected
) -> None:
    assert answers(delivered.store) == expected[1]
    codes = delivered.folder / "kine4000" / CODES
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    delivered.moment += timedelta(hours=1)
    delivered.settle()
    with Store.in_memory() as fresh:
        read(fresh, kine_host, sorted(codes.parent.iterdir()))
        assert answers(delivered.store) == answers(fresh) != expected[1]
    shutil.copyfile(exports / CODES, codes)
    delivered.moment += timedelta(hours=1)
    delivered.settle()
    assert (acts(delivered.store), answers(delivered.store)) == expected
    assert delivered.copies() == []


def test_what_joins_on_a_row_that_is_given_to_another_patient_goes_along(delivered, kine_host) -> None:
    care = delivered.folder / "kine4000" / CARE
    title, *rows = care.read_text("utf-8").splitlines()
    patient = title.replace('"', "").split(",").index("id_patient")
    first = next(n for n, row in enumerate(rows) if "P00001" in row)
    cells = rows[first].split(",")
    cells[patient] = '"P00002"'
    rows[first] = ",".join(cells)
    care.write_text("\n".join((title, *rows)) + "\n", "utf-8")
    delivered.moment += timedelta(hours=1)
    before = acts(delivered.store)
    delivered.settle()
    assert acts(delivered.store) != before
    with Store.in_memory() as fresh:
        read(fresh, kine_host, sorted(care.parent.iterdir()))
        assert acts(delivered.store) == acts(fresh)
        assert answers(delivered.store) == answers(fresh)


def read_since(service) -> list[str]:
    """The files that were read since this was last asked."""
    names = sorted(file.name for work in service.told for file in work.files)
    service.told.clear()
    return names


def test_only_the_files_that_join_on_what_has_changed_are_read_again(delivered) -> None:
    read_since(delivered)
    codes = delivered.folder / "kine4000" / CODES
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    delivered.settle()
    assert read_since(delivered) == [ACTS, CODES]
    codes.write_text(codes.read_text("utf-8") + '"NEUF","AMS","1.00"\n', "utf-8")
    delivered.settle()
    assert read_since(delivered) == [CODES]
    assert delivered.copies() == []


def test_of_files_that_are_read_again_the_newest_has_the_last_word(
    new_service, kine_host: PluginHost, exports: Path
) -> None:
    service = new_service(host=kine_host, sources=("kine4000",), connector="kine4000", day=TODAY)
    folder = service.folder / "kine4000"
    for path in exports.iterdir():
        shutil.copy(path, folder)
    first = folder / "actes_1.csv"
    first.write_text((folder / ACTS).read_text("utf-8").replace(',"17.86",', ',"12.86",'), "utf-8")
    assert first.read_bytes() != (folder / ACTS).read_bytes()
    os.utime(first, (0, 0))
    service.settle()
    codes = folder / CODES
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    service.settle()
    assert service.states()[first.name] == "committed"
    first.unlink()
    with Store.in_memory() as fresh:
        read(fresh, kine_host, sorted(folder.iterdir()))
        assert answers(service.store) == answers(fresh)


def test_a_file_that_is_gone_is_understood_anew_when_it_comes_back(
    delivered, kine_host: PluginHost, exports: Path
) -> None:
    folder = delivered.folder / "kine4000"
    codes, gone = folder / CODES, folder / ACTS
    gone.unlink()
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    delivered.settle()
    assert answers(delivered.store) == {}
    gone.write_text((exports / ACTS).read_text("utf-8") + "\n", "utf-8")
    delivered.settle()
    with Store.in_memory() as fresh:
        read(fresh, kine_host, sorted(folder.iterdir()))
        assert answers(delivered.store) == answers(fresh) != {}


def failing(name: str, failure: Exception) -> Callable[[Path, float | None], str]:
    """Reads contents, but that of one file."""

    def sha256(path: Path, patience: float | None) -> str:
        if path.name == name:
            raise failure
        return sha256_of(path, patience)

    return sha256


def test_a_file_that_cannot_be_read_again_holds_no_other_up(delivered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "sha256_of", failing("factures.csv", PermissionError()))
    codes = delivered.folder / "kine4000" / CODES
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    read_since(delivered)
    delivered.settle()
    assert read_since(delivered) == [ACTS, CODES]


def test_where_a_share_does_not_answer_all_is_read_later(delivered, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = delivered.folder / "kine4000" / CODES
    codes.write_text(changed_code(codes.read_text("utf-8")), "utf-8")
    read_since(delivered)
    with monkeypatch.context() as patched:
        patched.setattr(source_files, "sha256_of", failing(ACTS, ShareSilent("le partage ne répond plus")))
        assert delivered.settle().problems == {"kine4000": "le partage ne répond plus"}
    assert (read_since(delivered), answers(delivered.store), delivered.copies()) == ([], {}, [])
    delivered.turn(60)
    assert read_since(delivered) == [ACTS, CODES]
    assert answers(delivered.store) != {}
