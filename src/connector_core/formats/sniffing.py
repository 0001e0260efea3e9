"""Guesses how a delimited text is written, from a sample of its beginning.

A guess is shown to a person or compared with what dialects declare; nothing is read on its strength alone.
"""

from __future__ import annotations

import codecs
import csv
import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from connector_core.formats.delimited import DelimitedFormat
from connector_core.formats.physical import mark_of

_SEPARATORS = ";,\t|"
_QUOTE = '"'
_LINES = 200
_HEADER_LINES = 20
_LABEL_SIZE = 60

_INTEGER = re.compile(r"[+-]?\d[\d \u00a0\u202f]*")
_NUMBER = re.compile(r"[+-]?\d[\d \u00a0\u202f]*([.,])\d+(?: ?€)?")
_DATE_FORMS = (
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}"), ("%d/%m/%Y", "%m/%d/%Y")),
    (re.compile(r"\d{4}-\d{2}-\d{2}"), ("%Y-%m-%d",)),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{2}"), ("%d/%m/%y", "%m/%d/%y")),
    (re.compile(r"\d{1,2}-\d{1,2}-\d{4}"), ("%d-%m-%Y",)),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), ("%d.%m.%Y",)),
    (re.compile(r"(?:19|20)\d{6}"), ("%Y%m%d",)),
)
_TIME_AFTER = re.compile(r"[ T]\d{1,2}:\d{2}.*")

_ACCENTED = {"é": 6, "è": 5, "ê": 4, "à": 4, "ç": 4, "ë": 3, "ï": 3, "î": 3, "ô": 3, "û": 3, "â": 3, "ù": 2, "ü": 2}
_ACCENTED |= {
    "É": 4,
    "È": 3,
    "Ë": 2,
    "Ç": 2,
    "Ê": 1,
    "À": 1,
    "Î": 1,
    "Ï": 1,
    "Ô": 1,
    "Û": 1,
    "Â": 1,
    "Ù": 1,
    "œ": 2,
    "ö": 2,
}
_SIGNS = frozenset("€°«»’–…\u00a0")


@dataclass(frozen=True, slots=True)
class Guess:
    """What a sample looks like.

    `columns` are the titles, () without header; `width` is how many columns most rows have. `quote` is None only
    where the sample holds quotes that can't be quoting. `decimal` is "," or "."; `date_form` is a strptime form; both
    are None when the sample has no such value.
    """

    encoding: str
    separator: str
    quote: str | None
    header: int
    columns: tuple[str, ...]
    width: int
    decimal: str | None
    date_form: str | None

    def format(self) -> DelimitedFormat:
        """Return the format to read such a file with."""
        return DelimitedFormat(separator=self.separator, quote=self.quote, encoding=self.encoding, header=self.header)


def sniff(sample: bytes) -> Guess:
    """Guess how a delimited text is written from its first bytes (64 KB are plenty). Any sample gives a guess.

    A sample of ASCII alone is called utf-8: if the rest isn't, its rows are refused rather than misread.
    """
    encoding = guess_encoding(sample)
    text = _text(sample, encoding)
    quote = _quote_of(text)
    separator, numbered = _best_split(text, quote)
    rows = [cells for _, cells in numbered]
    widths = Counter(len(cells) for cells in rows)
    width = max(widths, key=lambda each: (widths[each], each)) if widths else 0
    header = next((n for n, cells in numbered[:_HEADER_LINES] if len(cells) == width and _are_labels(cells)), 0)
    columns = next((tuple(cell.strip() for cell in cells) for n, cells in numbered if n == header), ())
    cells = [cell.strip() for n, row in numbered if n > header for cell in row if len(row) == width]
    return Guess(
        encoding=encoding,
        separator=separator,
        quote=quote,
        header=header,
        columns=columns,
        width=width,
        decimal=_most_common([found[1] for cell in cells if (found := _NUMBER.fullmatch(cell))]),
        date_form=_date_form(cells),
    )


def is_text(sample: bytes) -> bool:
    """Whether it is text, in UTF-16 too."""
    zeros = sample[1::2].count(0) + sample[::2].count(0)
    return b"\0" not in sample or bool(mark_of(sample)[1]) or zeros > len(sample) // 3


def is_plain(sample: bytes) -> bool:
    """Whether it is text, and neither XML, JSON nor a calendar."""
    start = sample.lstrip(b"\xef\xbb\xbf \r\n\t")
    return bool(start) and is_text(sample) and not start.startswith((b"<", b"{", b"BEGIN:"))


def guess_encoding(sample: bytes) -> str:
    """Guess the encoding: by its mark, by the NULs of UTF-16, as valid UTF-8, else cp1252 or cp850 by their accents."""
    _, announced = mark_of(sample)
    if announced:
        return announced
    if b"\0" in sample:
        return "utf-16-be" if sample[0::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    if _is_utf8(sample):
        return "utf-8"
    return max(("cp1252", "cp850"), key=lambda encoding: _plausibility(sample, encoding))


def _is_utf8(sample: bytes) -> bool:
    """Tell whether it's UTF-8, but for a last character that's cut: alone, such a character proves nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return False
    cut, _ = decoder.getstate()
    return not cut or not text.isascii()


def _plausibility(sample: bytes, encoding: str) -> int:
    """Score how much the bytes outside ASCII look like French in this encoding."""
    text = f" {sample.decode(encoding, errors='replace')} "
    score = 0
    for before, here, after in zip(text, text[1:], text[2:], strict=False):
        if here.isascii():
            continue
        beside_letter = before.isalpha() or after.isalpha()
        if here in _ACCENTED and beside_letter:
            score += -2 if here.isupper() and before.islower() else _ACCENTED[here]
        elif here in _SIGNS and not (before.isalpha() and after.isalpha() and here != "’"):
            score += 1
        else:
            score -= 2
    return score


def _text(sample: bytes, encoding: str) -> str:
    """Decode a sample whose last character or line may be cut."""
    mark, _ = mark_of(sample)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample[len(mark) :])
    end = max(text.rfind("\n"), text.rfind("\r"))
    return text[: end + 1] if end >= 0 else text


def _quote_of(text: str) -> str | None:
    separators = re.escape(_SEPARATORS)
    opened = re.search(rf"(?:^|[{separators}]){_QUOTE}", text, re.MULTILINE)
    return None if _QUOTE in text and not opened else _QUOTE


def _best_split(text: str, quote: str | None) -> tuple[str, list[tuple[int, list[str]]]]:
    """Return the separator that cuts most rows into the same number of columns, and the rows with their lines."""
    best = (0.0, ";", _split(text, ";", quote))
    for separator in _SEPARATORS:
        rows = _split(text, separator, quote)
        if rows:
            width, same = Counter(len(cells) for _, cells in rows).most_common(1)[0]
            score = same / len(rows) * (width - 1) ** 0.5
            if score > best[0]:
                best = (score, separator, rows)
    return best[1], best[2]


def _split(text: str, separator: str, quote: str | None) -> list[tuple[int, list[str]]]:
    lines = [line.decode() for line in text.encode().splitlines(keepends=True)[:_LINES]]
    if quote is None:
        contents = enumerate((line.rstrip("\r\n") for line in lines), 1)
        return [(n, content.split(separator)) for n, content in contents if content]
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=separator, quotechar=quote)
    started = 1
    with suppress(csv.Error):
        for cells in reader:
            if cells:
                rows.append((started, cells))
            started = reader.line_num + 1
    return rows


def _are_labels(cells: list[str]) -> bool:
    labels = [cell.strip() for cell in cells]
    if labels and not labels[-1]:
        labels.pop()
    return bool(labels) and len(set(labels)) == len(labels) and all(_is_label(label) for label in labels)


def _is_label(text: str) -> bool:
    return 0 < len(text) <= _LABEL_SIZE and any(each.isalpha() for each in text) and not _is_value(text)


def _is_value(text: str) -> bool:
    numeric = _INTEGER.fullmatch(text) or _NUMBER.fullmatch(text)
    return bool(numeric) or any(form.fullmatch(_TIME_AFTER.sub("", text)) for form, _ in _DATE_FORMS)


def _date_form(cells: list[str]) -> str | None:
    votes: Counter[str] = Counter()
    for cell in cells:
        text = _TIME_AFTER.sub("", cell)
        for pattern, forms in _DATE_FORMS:
            if pattern.fullmatch(text):
                votes.update(form for form in forms if _is_date(text, form))
    return max(votes, key=lambda form: votes[form]) if votes else None


def _is_date(text: str, form: str) -> bool:
    try:
        return time.strptime(text, form).tm_year > 1000
    except ValueError:
        return False


def _most_common(found: list[str]) -> str | None:
    return Counter(found).most_common(1)[0][0] if found else None
