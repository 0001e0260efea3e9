"""What the daemon and its worker say to each other arrives as it was said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connector_core.service.messages import (
    Failed,
    Failure,
    FileRead,
    Report,
    Task,
    Trouble,
    Work,
    decode_answer,
    decode_task,
    encode,
)
from connector_core.sources.folder import Entry

ENTRIES = [Entry(Path(name), 3, 10**18) for name in ("a.csv", "séances é.csv", "ligne\nune.csv", "\udce9t\udce9.csv")]


def test_a_task_arrives_whatever_the_names_of_its_files() -> None:
    task = Task(date(2026, 3, 2), {"a": tuple(ENTRIES)}, {"b": (Failed(ENTRIES[0], "trois fois"),)})
    line = encode(task)
    assert b"\n" not in line
    assert decode_task(line) == task


@pytest.mark.parametrize(
    "answer",
    [
        Report(),
        Report(
            works=(Work((FileRead("a", "f.csv", 3, 2, 1),), 4, 1, 0),),
            done={"a": tuple(ENTRIES)},
            failed={"a": (Failed(ENTRIES[3], "raison"),)},
            settling=2,
            problems={"a": "illisible"},
            troubles=(Trouble("attempt", {"failure": "KeyError"}),),
        ),
        Failure("StoreError", "le disque est plein", None, "Libérez de la place"),
    ],
)
def test_an_answer_arrives(answer: Report | Failure) -> None:
    line = encode(answer)
    assert b"\n" not in line
    assert decode_answer(line) == answer
