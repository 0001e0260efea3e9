"""What an examination says of a database that is copied as a file while the vendor's software has it open."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_core.diagnose import database_checks
from connector_core.errors import ConfigurationError
from connector_core.plugins.contributions import Diagnostic
from connector_core.settings.model import Source
from connector_core.sources.database.passes import Known
from connector_core.sources.database.shadow.exchange import NoShadow


class Looked:
    """Shadows that could be had, or not; none is ever made."""

    def __init__(self, none: NoShadow | None = None) -> None:
        self.none = none

    def look(self, path: Path) -> None:
        if self.none is not None:
            raise self.none


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.mdb"
    path.write_bytes(b"whole")
    return path


@pytest.fixture
def kept(base, monkeypatch):
    """The file is open in a program that shares it with nobody."""

    def refused(path: Path, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    monkeypatch.setattr(database_checks, "forbidden", lambda path: False)


def secrets():
    raise ConfigurationError("none are asked for")


def checks(database: str, shadows: Looked | None) -> dict[str, Diagnostic]:
    source = Source(id="kinemax", connector="kinemax", database=database)
    made = database_checks.database_checks([source], lambda each: [], secrets, lambda name: Known(), lambda: shadows)
    return {each.id: each for each in made}


def diagnosed(base: Path, shadows: Looked | None):
    diagnosis = checks(f"access:///{base}", shadows)["in-use-kinemax"].run()
    assert diagnosis.id == "in-use-kinemax"
    return diagnosis


def test_only_a_file_that_is_copied_is_looked_at(base):
    assert set(checks(f"sqlite:///{base}", None)) == {"source-kinemax", "writes-kinemax"}
    assert set(checks(f"access:///{base}", None)) == {"source-kinemax", "writes-kinemax", "in-use-kinemax"}


@pytest.mark.parametrize(
    ("shadows", "otherwise"),
    [
        (None, "pas de cliché instantané hors de Windows"),
        (Looked(), "sinon dans deux clichés instantanés"),
        (Looked(NoShadow("rights")), "pas de cliché instantané : ce compte n'a pas le droit"),
    ],
)
def test_a_file_that_opens_is_well_with_or_without_shadows(base, shadows, otherwise):
    diagnosis = diagnosed(base, shadows)
    assert diagnosis.status == "ok"
    assert "quand il est au repos ; " in diagnosis.found
    assert otherwise in diagnosis.found


def test_a_file_that_is_kept_is_well_where_there_are_shadows(base, kept):
    diagnosis = diagnosed(base, Looked())
    assert (diagnosis.status, "deux clichés instantanés" in diagnosis.found) == ("ok", True)


def test_a_file_that_is_kept_without_shadows_is_told_with_what_to_do(base, kept):
    diagnosis = diagnosed(base, Looked(NoShadow("rights")))
    assert diagnosis.status == "failed"
    assert diagnosis.found.startswith("ce fichier est ouvert en mode exclusif ; pas de cliché instantané : ce compte")
    assert "--user LocalSystem" in diagnosis.remedy


def test_a_file_that_the_account_may_not_read_is_told_as_that(base, kept, monkeypatch):
    monkeypatch.setattr(database_checks, "forbidden", lambda path: True)
    diagnosis = diagnosed(base, Looked())
    assert diagnosis.status == "failed"
    assert "n'a pas le droit de lire ce fichier" in diagnosis.found


def test_a_file_that_is_not_there_is_told(base):
    base.unlink()
    diagnosis = diagnosed(base, None)
    assert (diagnosis.status, diagnosis.remedy) == ("failed", "Vérifiez le chemin")
