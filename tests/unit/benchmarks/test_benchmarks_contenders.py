"""The contenders read the same rows: what each counts of a small practice agrees. Peers in their own venv stay out."""

from datetime import date
from pathlib import Path

import pytest
from benchmarks.contenders import again_ours, codec_ours, ingest_floor, make_teletransmission, split_by_position
from benchmarks.contenders.connector import TODAY, counts, opened
from benchmarks.contenders.vega_rows import TABLES, path_of, rows

from connector_core.testing.exports.vega import write_vega
from connector_core.testing.practice import make_practice

EXPORTED = date(2026, 11, 20)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five lists of a small practice."""
    folder = tmp_path_factory.mktemp("export")
    practice = make_practice(seed=1, patients=12, years=1, practitioners=2, today=EXPORTED)
    for path in write_vega(practice.records, folder, on=EXPORTED):
        if path.name.split("_")[1] not in TABLES:
            path.unlink()
    return folder


def test_the_floor_and_connector_count_the_same_rows(export: Path, tmp_path: Path) -> None:
    floor = ingest_floor.load(export, tmp_path / "floor.db")
    with opened(tmp_path / "practice") as practice:
        assert counts(practice.ingest(export)) == floor
        assert practice.take(export) == []
    assert floor == {table: len(path_of(export, table).read_text("cp1252").splitlines()) - 1 for table in TABLES}


def test_the_rows_of_the_peers_are_typed(export: Path) -> None:
    act = next(rows(export, "seances"))
    assert isinstance(act["performed_on"], date)
    assert (act["letter"], act["qualifier"]) != (None, "")
    assert all(sum(1 for _ in rows(export, table)) for table in TABLES)


def test_everything_is_asked_again_and_answers_alike(export: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "practice") as practice:
        first = practice.ingest(export)
        findings = practice.store.answers.findings()
        again = practice.ask_everything_again()
        assert again.asked == first.asked
        assert practice.store.answers.findings() == findings


def test_a_changed_act_is_the_only_new_row(export: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "practice") as practice:
        practice.ingest(export)
        assert again_ours._again(practice, export, tmp_path / "again") > 0
        assert practice.pipeline.day_passes(TODAY).asked == 0


def test_the_codecs_and_the_bare_loop_read_the_same_files(tmp_path: Path) -> None:
    make_teletransmission.main(str(tmp_path), "100")
    lots, returns = tmp_path / "lots.b2", tmp_path / "returns.noe"
    assert codec_ours.read(lots)["act"] == 300
    assert codec_ours.read(returns) == {"payer_return": 200}
    cut = split_by_position.lots(lots.read_text("latin-1"), split_by_position.positions("b2-ps"))
    assert cut == lots.stat().st_size // 128
    entities = split_by_position.returns(returns.read_text("latin-1"), split_by_position.positions("noemie-ps"))
    assert entities == 100 * 8 + 2 * 4 + 2
