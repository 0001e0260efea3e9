"""The folder of a person's notices: written once, taken once, never lost, nobody else's."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector_core.deliver.mailbox import Letter, Mailbox, MailboxError, Sending, post
from connector_core.errors import ConfigurationError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POSIX = os.name == "posix"


def letter(number: int = 1, send: Sending = "immediate", text: str = "texte", **later: float) -> Letter:
    until = NOW + (timedelta(**later) if later else timedelta(days=1))
    return Letter(f"{number:016x}", send, "titre", text, until)


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "avis" / "camille")


def texts(box: Mailbox, now: datetime = NOW) -> list[str]:
    return [each.text for each in box.waiting(now)]


def test_what_is_posted_waits_until_it_was_shown(box: Mailbox) -> None:
    assert box.waiting(NOW) == []
    post(box.folder, letter())
    assert box.waiting(NOW) == [letter()]
    assert box.waiting(NOW) == [letter()], "a process that was killed before it showed it finds it again"
    box.shown([letter()], NOW)
    assert box.waiting(NOW) == []
    assert box.times(NOW) == {NOW}


@pytest.mark.skipif(not POSIX, reason="the rights of POSIX")
def test_others_may_read_neither_the_folder_nor_a_notice(box: Mailbox) -> None:
    post(box.folder, letter())
    assert box.folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in box.folder.iterdir()] == [0o600]
    box.folder.chmod(0o755)
    box.open()
    assert box.folder.stat().st_mode & 0o777 == 0o700


def test_what_was_shown_is_neither_written_nor_shown_again(box: Mailbox) -> None:
    post(box.folder, letter())
    box.shown(box.waiting(NOW), NOW)
    post(box.folder, letter())
    assert box.waiting(NOW) == []
    (box.folder / f"{letter().key}.pris").write_bytes(b'{"key":"0000000000000001"}')
    assert box.waiting(NOW) == []


def test_what_is_posted_twice_waits_once(box: Mailbox) -> None:
    post(box.folder, letter())
    box.waiting(NOW)
    post(box.folder, letter())
    assert texts(box) == ["texte"]


def test_a_digest_takes_the_place_of_one_that_was_not_shown(box: Mailbox) -> None:
    post(box.folder, letter(1, "digest", "hier"))
    post(box.folder, letter(2, "digest", "ce matin"))
    assert texts(box) == ["ce matin"]
    post(box.folder, letter(3, "digest", "ce soir"))
    assert texts(box) == ["ce soir"]
    post(box.folder, letter(4, text="nouveau"))
    assert sorted(texts(box)) == ["ce soir", "nouveau"]


def test_a_digest_that_is_replaced_as_it_is_taken_is_shown_as_it_is_now(box: Mailbox) -> None:
    post(box.folder, letter(1, "digest", "hier"))
    box.waiting(NOW)
    post(box.folder, letter(2, "digest", "ce matin"))
    (box.folder / "resume.avis").replace(box.folder / f"{1:016x}.pris")
    waiting = box.waiting(NOW)
    assert [each.text for each in waiting] == ["ce matin"]
    box.shown(waiting, NOW)
    assert box.waiting(NOW) == []


def test_what_is_out_of_date_is_not_shown(box: Mailbox) -> None:
    post(box.folder, letter(hours=1))
    assert texts(box, NOW + timedelta(minutes=59)) == ["texte"]
    assert texts(box, NOW + timedelta(hours=1)) == []
    assert list(box.folder.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        b'{"key":"../../x","send":"digest","title":"t","text":"t","until":"2030-01-01T00:00:00Z"}',
        b'{"key":"0000000000000001","send":"digest","title":"t","text":"t","until":"2030-01-01T00:00:00"}',
        b'{"key":"0000000000000001","send":"digest","title":"t","text":"' + b"x" * 20_000 + b'"}',
    ],
    ids=["empty", "nothing", "no text", "a way out", "no zone", "too long"],
)
def test_what_is_no_notice_is_removed(box: Mailbox, content: bytes) -> None:
    box.open()
    (box.folder / "autre.avis").write_bytes(content)
    (box.folder / "autre.pris").write_bytes(content)
    assert box.waiting(NOW) == []
    assert list(box.folder.iterdir()) == []


def test_marks_are_forgotten_after_a_while_and_a_torn_one_still_counts(box: Mailbox) -> None:
    for number in (1, 2):
        post(box.folder, letter(number))
    box.shown(box.waiting(NOW), NOW)
    (box.folder / f"{2:016x}.vu").write_bytes(b"")
    assert box.times(NOW + timedelta(days=8)) == {NOW}
    assert box.times(NOW + timedelta(days=8, seconds=1)) == frozenset()
    post(box.folder, letter(2))
    assert box.waiting(NOW) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "avis").write_text("un fichier", encoding="utf-8")
    with pytest.raises(MailboxError, match="ne peut pas être écrit"):
        post(tmp_path / "avis" / "camille", letter())
    with pytest.raises(MailboxError, match="n'est pas accessible"):
        Mailbox(tmp_path / "avis" / "camille").open()


@pytest.mark.skipif(not POSIX, reason="the owners of POSIX")
def test_the_folder_and_a_notice_are_given_to_the_account_that_shows_it(box: Mailbox, monkeypatch) -> None:
    import pwd

    given: list[tuple[str, int]] = []
    account = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setattr(os, "chown", lambda path, owner, _group, **_: given.append((Path(path).name, owner)))
    monkeypatch.setattr(os, "fchown", lambda _file, owner, _group: given.append(("its file", owner)))
    post(box.folder, letter(), account)
    post(box.folder, letter(2), account)
    assert given == [("camille", os.getuid()), ("its file", os.getuid()), ("its file", os.getuid())]


@pytest.mark.skipif(not POSIX, reason="the owners of POSIX")
def test_an_unknown_account_is_told(box: Mailbox) -> None:
    with pytest.raises(ConfigurationError, match="compte n'existe pas"):
        post(box.folder, letter(), "personne-de-ce-nom")
