"""Delimited files as tables, with titles or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connector_core.dialects.calibration.naming import pattern_of, table_names
from connector_core.dialects.calibration.sample import Column, Sample, Table
from connector_core.dialects.calibration.scoring import speaks
from connector_core.dialects.calibration.titles import phrase
from connector_core.dialects.compiler import same_name
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.delimited import DelimitedFormat
from connector_core.formats.document import SpooledFile, probe_of
from connector_core.formats.masking import masked
from connector_core.formats.sniffing import Guess, sniff

ROWS = 3000
"""How many rows of a table are looked at."""


@dataclass(frozen=True, slots=True)
class _File:
    file: SpooledFile
    guess: Guess
    titles: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    ends: bool


def is_delimited(head: bytes) -> bool:
    """Whether the beginning of a file is text whose lines have several columns."""
    guess = sniff(head)
    return guess.width >= 2


def read_delimited(files: Sequence[SpooledFile]) -> Sample:
    """The tables of delimited files; files with the same titles, and names alike but for numbers, are one table."""
    read = [each for each in map(_read, files) if each.rows or each.titles]
    if not read:
        raise FileRefused("aucune ligne n'a pu être lue", remedy="Vérifiez que l'export est complet")
    separator, quote, encoding = Counter(
        (each.guess.separator, each.guess.quote, each.guess.encoding) for each in read
    ).most_common(1)[0][0]
    if any(each.guess.encoding != "utf-8" for each in read):
        encoding = next(each.guess.encoding for each in read if each.guess.encoding != "utf-8")
    groups: dict[tuple[str, tuple[str, ...], int], list[_File]] = {}
    for each in read:
        groups.setdefault((pattern_of(each.file.name), each.titles, each.guess.width), []).append(each)
    names = table_names([group[0].file.name for group in groups.values()])
    tables = [_table(names[group[0].file.name], pattern, group) for (pattern, _, _), group in groups.items()]
    form: dict[str, object] = {"kind": "delimited", "separator": separator}
    if quote != '"':
        form["quote"] = quote or ""
    form["encoding"] = encoding
    if all(each.titles and each.guess.header == 1 for each in read):
        form["header"] = 1
    if not all(each.ends for each in read):
        form["final_newline"] = False
    return Sample(tables, form)


def _table(name: str, pattern: str, group: Sequence[_File]) -> Table:
    first = group[0]
    rows = list(islice((row for each in group for row in each.rows), ROWS))
    names = list(first.titles) or [f"c{n}" for n in range(1, first.guess.width + 1)]
    columns: list[Column] = []
    seen = {""}
    for n, title in enumerate(names):
        if same_name(title) not in seen:  # a dialect can't name a second column of one title, or one without
            seen.add(same_name(title))
            columns.append(Column(title, title if first.titles else "", [row[n].strip() for row in rows]))
    head: dict[str, object] = {"file": pattern}
    if not first.titles:
        head["columns"] = names
    return Table(name, name, columns, head)


def _read(file: SpooledFile) -> _File:
    head = probe_of(file).head
    guess = sniff(head)
    header = guess.header if _heads(head, guess) else 0
    titles = guess.columns if header else ()
    fmt = DelimitedFormat(guess.separator, guess.quote, guess.encoding, header, final_newline_required=False)
    rows = list(_rows(file, fmt, guess.width))
    if titles and _are_data(titles, rows):
        fmt = DelimitedFormat(guess.separator, guess.quote, guess.encoding, 0, final_newline_required=False)
        titles, rows = (), list(_rows(file, fmt, guess.width))
    return _File(file, guess, titles, rows, _ends(file))


def _are_data(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether what was taken for titles is a first row: its texts come again below, or none says anything and most have
    the form of what stands below. Titles are shown to people, so data must not pass for them."""
    below = [{row[n].strip() for row in rows} for n in range(len(titles))]
    if any(title and title in texts for title, texts in zip(titles, below, strict=True)):
        return True
    if any(speaks(phrase(title)) for title in titles):
        return False
    alike = [masked(title) in set(map(masked, texts)) for title, texts in zip(titles, below, strict=True) if title]
    return len(rows) > 1 and sum(alike) >= 0.5 * len(alike)


def _heads(head: bytes, guess: Guess) -> bool:
    """Whether the line of titles is the first of its width: lines of data above it make it one of them."""
    if guess.header <= 1:
        return guess.header == 1
    lines = head.splitlines()[: guess.header - 1]
    separator = guess.separator.encode()
    return all(line.count(separator) + 1 != guess.width for line in lines)


def _rows(file: SpooledFile, fmt: DelimitedFormat, width: int) -> Iterator[Sequence[str]]:
    """The rows of the usual width, up to the first damage."""
    splitter = fmt.splitter(width)
    try:
        with file.open() as stream:
            for row in islice(fmt.rows(stream), ROWS):
                try:
                    yield splitter.values(row.raw)
                except RowRefused:
                    continue
    except FileRefused:
        return


def _ends(file: SpooledFile) -> bool:
    with file.open() as stream:
        if file.size:
            stream.seek(-1, 2)
            return stream.read(1) in (b"\n", b"\r", b"\x1a", b"\0")
    return True
