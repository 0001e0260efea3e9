"""Fixed-width files as tables, and where their columns probably begin.

Columns are found from what stands at each position over all lines: where blanks end, where digits that make a date or
an identifier with its key begin, where a number padded with zeros starts again. Each way to cut a line is worth the
sum of what its pieces look like; the best is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from connector_core.dialects.calibration.naming import pattern_of, table_names
from connector_core.dialects.calibration.pieces import cut
from connector_core.dialects.calibration.sample import Column, Sample, Table
from connector_core.formats.document import SpooledFile
from connector_core.formats.sniffing import guess_encoding, sniff

_ROWS = 3000
_LEAST_WIDTH = 12
_MOST_TYPES = 40
_SAME = 0.9
_PADDED = "  "
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


def is_fixed(head: bytes) -> bool:
    """Whether lines have one length, or one for each type that begins them, and nothing separates columns."""
    return bool(line_lengths(head))


def line_lengths(head: bytes) -> tuple[int, ...]:
    """The lengths of the lines of a fixed-width file, the most frequent first; () for any other file."""
    lines = _lines(head[: head.rfind(b"\n") + 1] or head, guess_encoding(head))
    if len(lines) < 2 or b"\0" in head:
        return ()
    lengths = Counter(map(len, lines))
    length, most = lengths.most_common(1)[0]
    regular = most >= _SAME * len(lines) and length >= _LEAST_WIDTH
    if (not regular and not _type_size(lines)) or _separated(lines, sniff(head).separator):
        return ()
    return (length,) if regular else tuple(each for each, _ in lengths.most_common())


def _separated(lines: Sequence[str], separator: str) -> bool:
    """Whether nearly every line has as many separators. Where columns are padded with blanks, a comma between two
    digits is that of an amount."""
    if separator == "," and sum(_PADDED in line for line in lines) >= _SAME * len(lines):
        lines = [_DECIMAL_COMMA.sub("", line) for line in lines]
    count, same = Counter(line.count(separator) for line in lines).most_common(1)[0]
    return bool(count) and same >= _SAME * len(lines)


def read_fixed(files: Sequence[SpooledFile]) -> Sample:
    """The tables of fixed-width files: one a file, or one for each type of line where one file holds several."""
    encodings = [guess_encoding(_head(file)) for file in files]
    encoding = next((each for each in encodings if each not in ("utf-8", "ascii")), "cp1252")
    texts = {file.name: _text(file, encoding) for file in files}
    form: dict[str, object] = {"kind": "fixed", "encoding": encoding}
    if len(files) == 1:
        (lines,) = texts.values()
        size = _type_size(lines)
        if size:
            form["file"] = pattern_of(files[0].name)
            return Sample(list(_typed(lines, size)), form)
    names = table_names([file.name for file in files])
    return Sample(
        [
            _table(names[file.name], names[file.name], _regular(texts[file.name]), 0, {"file": pattern_of(file.name)})
            for file in files
            if texts[file.name]
        ],
        form,
    )


def _typed(lines: Sequence[str], size: int) -> Iterator[Table]:
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(line[:size], []).append(line)
    for name, group in groups.items():
        yield _table(name, "", _regular(group), size, {"record_type": name})


def _table(name: str, title: str, lines: Sequence[str], start: int, head: Mapping[str, object]) -> Table:
    columns: list[Column] = []
    said: list[object] = []
    pieces = cut(lines, start)
    for number, (first, last) in enumerate(pieces, 1):
        column = f"c{number}"
        columns.append(Column(column, "", [line[first:last].strip() for line in lines]))
        said.append({"name": column, "start": first + 1, "end": last})
    length = len(lines[0])
    covered = max((last for _, last in pieces), default=0)
    extra: dict[str, object] = {} if covered == length else {"length": length}
    return Table(name, title, columns, {**head, **extra, "columns": said})


def _regular(lines: Sequence[str]) -> Sequence[str]:
    """The lines of the usual length; others are refused when the export is read."""
    length = Counter(map(len, lines)).most_common(1)[0][0]
    return [line for line in lines if len(line) == length]


def _type_size(lines: Sequence[str]) -> int:
    """How many characters say the type of a line, where each type has a length of its own; 0 where lines have none."""
    lengths = Counter(map(len, lines))
    if len(lengths) < 2:
        return 0
    for size in (1, 2, 3, 4):
        kinds: dict[str, Counter[int]] = {}
        for line in lines:
            kinds.setdefault(line[:size], Counter())[len(line)] += 1
        if not 2 <= len(kinds) <= _MOST_TYPES or not all(kind.strip() and kind.isalnum() for kind in kinds):
            continue
        usual = sum(each.most_common(1)[0][1] for each in kinds.values())
        widths = {each.most_common(1)[0][0] for each in kinds.values()}
        if usual >= _SAME * len(lines) and len(widths) > 1 and len(kinds) <= max(2, len(lines) // 2):
            return size
    return 0


def _head(file: SpooledFile) -> bytes:
    with file.open() as stream:
        return stream.read(65536)


def _text(file: SpooledFile, encoding: str) -> list[str]:
    with file.open() as stream:
        raw = b"".join(islice(stream, _ROWS))
    return _lines(raw, encoding)


def _lines(raw: bytes, encoding: str) -> list[str]:
    return [line for line in raw.decode(encoding, "replace").replace("\x1a", "").splitlines() if line.strip()]
