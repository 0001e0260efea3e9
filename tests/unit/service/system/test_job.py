"""What a service is made of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import connector_core
from connector_core.errors import ConfigurationError
from connector_core.service.system.job import job_of, outermost
from connector_core.settings.load import load


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "connector.toml"
    sources = "".join(
        f'[[source]]\nid = "{name}"\nconnector = "pivot"\nfolder = \'{tmp_path / name}\'\n' for name in "ab"
    )
    base = '[[source]]\nid = "base"\nconnector = "pivot"\ndatabase = "firebird://reader@localhost/base.fdb"\n'
    path.write_text(f"[data]\nfolder = '{tmp_path / 'data'}'\n{sources}{base}", encoding="utf-8")
    return path


def test_a_job_has_the_folders_of_the_configuration(configuration, tmp_path):
    job = job_of(load(configuration, {}), configuration)
    assert job.watched == (tmp_path / "a", tmp_path / "b")
    assert job.written == (tmp_path / "data",)
    assert (job.secrets, job.report) == (tmp_path / "data" / "secrets", tmp_path / "data" / "report")


def test_a_job_knows_where_the_program_lies(configuration):
    job = job_of(load(configuration, {}), configuration)
    assert job.interpreter == Path(sys.executable)
    package = Path(connector_core.__file__)
    for needed in (job.interpreter.parent, Path(sys.base_prefix), package):
        assert any(needed.is_relative_to(folder) for folder in job.program)
    assert Path(package.anchor) not in job.program


def test_the_folder_that_the_program_is_called_in_is_no_part_of_it(configuration, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert tmp_path not in job_of(load(configuration, {}), configuration).program


def test_a_configuration_that_is_not_there_is_refused(configuration, tmp_path):
    settings = load(configuration, {})
    with pytest.raises(ConfigurationError, match="n'existe pas"):
        job_of(settings, tmp_path / "absent.toml")


def test_folders_inside_others_are_left_out():
    named = ("/a/b", "/a", "/ab", "/c/d/e", "/c/d")
    assert outermost(tuple(map(Path, named))) == (Path("/a"), Path("/ab"), Path("/c/d"))
