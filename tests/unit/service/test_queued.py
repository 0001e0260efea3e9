"""The mark of something that a command queued."""

from __future__ import annotations

from connector_core.service.queued import mark, taken


def test_a_mark_is_taken_once(tmp_path):
    path = tmp_path / "a-livrer"
    assert not taken(path)
    mark(path)
    mark(path)
    assert taken(path)
    assert not taken(path)


def test_where_no_mark_can_be_made_nothing_is_marked(tmp_path):
    path = tmp_path / "gone" / "a-livrer"
    mark(path)
    assert not taken(path)
