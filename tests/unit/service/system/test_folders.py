"""What is erased, and what a slip in a path does not cost."""

from __future__ import annotations

import pytest

from connector_core.errors import ConfigurationError
from connector_core.service.system.folders import check_ours, purge


def written(job):
    """What a daemon leaves."""
    for folder in (job.data / "depot", job.secrets, job.report / "regles"):
        folder.mkdir(parents=True)
    ours = [
        *(job.data / name for name in ("connector.db", "connector.db-wal", "connector.log", "connector.log.1")),
        *(job.data / name for name in ("sauvegardes/a.db", "decisions/a.decision", "problems.json", "worker.log")),
        *(job.data / name for name in ("connector.db.temoin", "connector.sock", "mis-de-cote-20260302T100000/a")),
        *(job.data / name for name in ("connector.lock", "worker.lock", "depot/a.copie")),
        job.secrets / "secrets.json",
        *(job.report / name for name in ("rapport.html", "echeances.ics", "regles/KINE.html")),
    ]
    for path in ours:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")


def test_a_purge_erases_everything_that_the_daemon_wrote(make_job):
    job = make_job()
    written(job)
    assert purge(job) == ()
    assert not any(folder.exists() for folder in (job.data, job.secrets, job.report))


def test_a_purge_leaves_what_is_not_ours_and_says_where(make_job):
    job = make_job()
    written(job)
    for folder in (job.data, job.report):
        (folder / "photo.jpg").write_bytes(b"x")
    assert purge(job) == (job.report, job.data)
    assert [path.name for path in job.data.iterdir()] == ["photo.jpg"]
    assert [path.name for path in job.report.iterdir()] == ["photo.jpg"]


def test_a_purge_erases_the_notices_of_each_person(make_job, tmp_path):
    job = make_job(notices=tmp_path / "avis", also=(tmp_path / "avis",))
    for person, name in (("marie", "resume.avis"), ("marie", "0123456789abcdef.vu"), ("paul", "0123456789abcdef.pris")):
        (job.notices / person).mkdir(parents=True, exist_ok=True)
        (job.notices / person / name).write_bytes(b"x")
    (job.notices / "paul" / "photo.jpg").write_bytes(b"x")
    assert purge(job) == (job.notices / "paul", job.notices)
    assert [path.name for path in job.notices.rglob("*")] == ["paul", "photo.jpg"]


def test_a_purge_of_nothing_does_nothing(make_job):
    assert purge(make_job()) == ()


def test_secrets_and_report_inside_the_data_folder_go_with_it(make_job, tmp_path):
    job = make_job(secrets=tmp_path / "data" / "secrets", report=tmp_path / "data" / "report")
    written(job)
    assert purge(job) == ()
    assert not job.data.exists()


def test_a_folder_of_someone_elses_files_is_refused_for_data(make_job):
    job = make_job()
    job.data.mkdir()
    (job.data / "photo.jpg").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match="autre chose") as error:
        check_ours(job)
    assert str(job.data) in str(error.value)


def test_a_folder_that_is_absent_empty_or_known_is_taken(make_job, tmp_path):
    job = make_job(secrets=tmp_path / "data" / "secrets", report=tmp_path / "data" / "report")
    check_ours(job)
    job.data.mkdir()
    check_ours(job)
    job.secrets.mkdir()
    check_ours(job)
    (job.data / "connector.db").write_bytes(b"x")
    (job.data / "photo.jpg").write_bytes(b"x")
    check_ours(job)
