"""A support bundle put together: what fails is said, what is too much is left out, the same makes the same."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connector_core.diagnose.support.bundle import MOST_BYTES, Piece, archived, gathered, write_private
from connector_core.diagnose.support.logs import errors, log
from connector_core.diagnose.support.people import People
from connector_core.diagnose.support.readme import lines, readme
from connector_core.diagnose.support.redaction import Redaction
from connector_core.diagnose.support.vocabulary import Vocabulary
from connector_core.errors import ConfigurationError, StoreError
from connector_core.service.logs import FIELDS

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes")
PEOPLE = People()
PEOPLE.add({"family_name": "Maltignol", "given_name": "Zoé", "birth_date": date(1980, 3, 2), "id": "P0017"})


def raising(error: BaseException) -> Callable[[], object]:
    def make() -> object:
        raise error

    return make


def of(*pieces: Piece, redaction: Redaction = Redaction(people=PEOPLE)) -> dict[str, str]:  # noqa: B008  # it is frozen
    return {each.name: each.content.decode() for each in gathered(pieces, redaction)}


def test_what_fails_is_said_in_its_place_and_the_rest_goes_on() -> None:
    members = gathered(
        [
            Piece("a.json", "a", raising(StoreError("la clé manque à Zoé", where="/home/anne/x", remedy="Rendez-la"))),
            Piece("b.json", "b", raising(ValueError("Maltignol"))),
            Piece("c.jsonl", "c", raising(SystemExit(3))),
            Piece("d.json", "d", lambda: {"Maltignol": 1}),
            Piece("e.json", "e", lambda: {"rows": 3}),
            Piece("f.json", "f", lambda: {"said": "Maltignol", "rows": 3}),
        ],
        Redaction(people=PEOPLE),
    )
    assert [each.state for each in members] == ["absent", "absent", "absent", "withheld", "whole", "redacted"]
    assert [each.why for each in members[:4]] == [
        "[retiré]",
        "échec inattendu (ValueError)",
        "a demandé l'arrêt du programme",
        "une personne y est nommée",
    ]
    assert json.loads(members[1].content) == {"absent": "échec inattendu (ValueError)"}
    assert json.loads(members[5].content) == {"said": "[retiré]", "rows": 3}
    told = "\n".join(lines(members))
    assert "a (n'a pas pu être obtenu : [retiré])" in told
    assert "d (retiré en entier : une personne y est nommée)" in told
    page = readme(members, "22/11/2026", ["Le trousseau n'a pas pu être lu."]).decode("utf-8-sig")
    assert "Le trousseau n'a pas pu être lu." in page
    assert "Maltignol" not in page


def test_the_same_pieces_make_the_same_bytes_in_the_order_given() -> None:
    def made(*order: str) -> bytes:
        pieces = [Piece("z.json", "z", lambda: dict.fromkeys(order, 1)), Piece("a.json", "a", lambda: [{"b": 2}])]
        return archived([(each.name, each.content) for each in gathered(pieces, Redaction())])

    assert made("one", "two") == made("two", "one")
    with zipfile.ZipFile(io.BytesIO(made("one"))) as archive:
        assert archive.namelist() == ["z.json", "a.json"]
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_piece_is_bounded() -> None:
    fits, over = ["x"] * (MOST_BYTES // 20), ["x"] * MOST_BYTES
    (small, large) = gathered([Piece("a.json", "a", lambda: fits), Piece("b.json", "b", lambda: over)], Redaction())
    assert small.state == "whole"
    assert (large.state, large.why) == ("withheld", "la pièce est trop grande")
    (log_,) = gathered([Piece("a.jsonl", "a", lambda: [{"rows": n} for n in range(MOST_BYTES // 5)])], Redaction())
    assert MOST_BYTES - 40 < len(log_.content) <= MOST_BYTES
    assert json.loads(log_.content.splitlines()[-1]) == {"rows": MOST_BYTES // 5 - 1}


def test_a_long_text_is_cut() -> None:
    assert len(json.loads(of(Piece("a.json", "a", lambda: "ab " * 5000))["a.json"])) == 2000


@posix
def test_the_file_is_for_this_account_alone_and_never_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    before = os.umask(0)
    try:
        write_private(path, b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="existe déjà"):
        write_private(path, b"y")
    assert path.read_bytes() == b"x"
    with pytest.raises(ConfigurationError, match="ne peut pas être écrit"):
        write_private(tmp_path / "none" / "b.zip", b"x")


LINE = {"at": "2026-03-02T10:00:00.000+00:00", "level": "info", "event": "work", "rows": 7, "reason": "rien"}


def put(path: Path, *said: object) -> None:
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in said), "utf-8")


def test_a_log_is_read_as_strictly_as_it_is_written(tmp_path: Path) -> None:
    put(
        tmp_path / "x.log",
        LINE,
        {**LINE, "patient": "Maltignol", "rows": "Maltignol", "source": "a b", "reason": "« Maltignol » 0612345678"},
        {**LINE, "event": "Maltignol est là"},
        {**LINE, "at": "1980-03-02"},
        {**LINE, "at": "1980-03-02T00:00:00+00:00"},
        {**LINE, "level": "Zoé"},
        "Maltignol",
        "[1]",
    )
    short = {"at": "2026-03-02T10:00:00+00:00", "level": "info", "event": "work"}
    assert log(tmp_path, "x.log", FIELDS, sentences=True) == [
        {"lines_of_no_known_form": 6},
        {**short, "rows": 7, "reason": "rien"},
        {**short, "reason": "« … » #"},
    ]
    assert log(tmp_path, "x.log", FIELDS, sentences=False)[1:] == [{**short, "rows": 7}, short]


def test_a_log_goes_back_through_its_former_files_as_far_as_there_is_room(tmp_path: Path) -> None:
    put(tmp_path / "x.log", {**LINE, "rows": 3})
    put(tmp_path / "x.log.1", {**LINE, "rows": 2})
    put(tmp_path / "x.log.2", *({**LINE, "rows": n} for n in range(5000)))
    found = log(tmp_path, "x.log", FIELDS, sentences=True)
    assert [each.get("rows") for each in found[-3:]] == [4999, 2, 3]
    assert 1000 < len(found) < 4000
    assert "lines_of_no_known_form" not in found[0]
    assert log(tmp_path, "none.log", FIELDS, sentences=True) == []


def test_an_error_is_told_by_its_types_and_our_lines(tmp_path: Path) -> None:
    put(
        tmp_path / "e.log",
        "Maltignol",
        "2026-03-02T10:00:00Z connector 0.1.0, Python 3.11.7, linux, report",
        "ValueError",
        "  connector_core.a.b:12 _read",
        "  connector_core.a.b:12 _read Maltignol",
        "Zoé: 1980-03-02",
        "",
    )
    assert errors(tmp_path, "e.log") == [
        {"lines_of_no_known_form": 3},
        {
            "at": "2026-03-02T10:00:00+00:00",
            "version": "0.1.0",
            "python": "3.11.7",
            "command": "report",
            "trace": ["ValueError", "connector_core.a.b:12 _read"],
        },
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("la colonne « Né le » manque", "la colonne « Né le » manque"),
        ("« né le » et « Maltignol »", "« né le » et « … »"),
        ("« act.amount » n'est pas un montant", "« act.amount » n'est pas un montant"),
        ("« act.Maltignol »", "« … »"),
    ],
)
def test_only_known_words_stay_quoted(text: str, shown: str) -> None:
    words = Vocabulary(["Né le", "N° patient"])
    assert words.sentence(text) == shown
    assert (words.shown("N° Patient"), words.shown("Maltignol")) == ("N° Patient", "Aaaaaaaaa")
