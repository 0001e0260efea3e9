"""The end of the logs, read as strictly as they are written: what has not the form of a line of ours is counted."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from connector_core.diagnose.support.exact import moment, version

_MOST_BYTES = 250_000
_BLOCK = 1 << 16
_LEVEL = re.compile(r"debug|info|warning|error|critical")
_EVENT = re.compile(r"[a-z][a-z_ ]{1,40}")
_HEAD = re.compile(r"(\d{4}-\d\d-\d\dT[\d:]{8})Z connector (\S{1,40}), Python ([\d.]{3,12}), (\w{1,12}), ([\w-]{0,20})")
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
_FRAME = re.compile(r"  (connector_\w{1,30}(?:\.\w{1,40}){0,6}:\d{1,5}) ([\w<>]{1,60})")
_STRANGE = "lines_of_no_known_form"
_SENTENCE = "reason"

Fields = Mapping[str, Callable[[object], object]]
"""What a line may have, and what is left of each value."""


def log(folder: Path, name: str, fields: Fields, *, sentences: bool) -> list[Mapping[str, object]]:
    """The last lines of a log of JSON and of those it was turned over to. `sentences` lets our own sentences in, which
    is only right where people can be looked for in them. Raise OSError."""
    strange = 0
    found: list[Mapping[str, object]] = []
    for line in _last_lines(folder, name):
        told = _line(line, fields, sentences)
        if told is None:
            strange += 1
        else:
            found.append(told)
    return [{_STRANGE: strange}, *found] if strange else found


def errors(folder: Path, name: str) -> list[Mapping[str, object]]:
    """The last errors that nobody foresaw: when, in which command, types and our own lines of code. Raise OSError."""
    found: list[dict[str, object]] = []
    strange = 0
    for line in _last_lines(folder, name):
        head, frame = _HEAD.fullmatch(line), _FRAME.fullmatch(line)
        if head is not None:
            found.append(
                {
                    "at": moment(f"{head[1]}+00:00"),
                    "version": version(head[2]),
                    "python": version(head[3]),
                    "command": head[5],
                    "trace": [],
                }
            )
        elif line and (frame is not None or _TYPE.fullmatch(line)) and found:
            trace = found[-1]["trace"]
            if isinstance(trace, list):
                trace.append(line.strip())
        elif line:
            strange += 1
    return [{_STRANGE: strange}, *found] if strange else [*found]


def _line(text: str, fields: Fields, sentences: bool) -> Mapping[str, object] | None:
    try:
        said: object = json.loads(text)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    at, level, event = (said.get(name) for name in ("at", "level", "event"))
    when = moment(at) if isinstance(at, str) else None
    if when is None or not _has(level, _LEVEL) or not _has(event, _EVENT):
        return None
    told = {name: allowed(said[name]) for name, allowed in fields.items() if name in said}
    if not sentences:
        told.pop(_SENTENCE, None)
    return {"at": when, "level": level, "event": event, **{k: v for k, v in told.items() if v is not None}}


def _has(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _last_lines(folder: Path, name: str) -> Iterator[str]:
    """The last lines of a log, oldest first, from its former files where it is short itself."""
    numbered = sorted(folder.glob(f"{name}.[0-9]"), key=lambda path: path.name)
    blocks: deque[bytes] = deque()
    left = _MOST_BYTES
    for path in (folder / name, *numbered):
        if left > 0 and path.is_file():
            tail = _tail(path, left)
            left -= len(tail)
            blocks.appendleft(tail)
    return (line for block in blocks for line in block.decode("utf-8", "replace").splitlines())


def _tail(path: Path, most: int) -> bytes:
    """The last whole lines of a file."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - most))
        content = stream.read(most)
    return content if size <= most else content.partition(b"\n")[2]
