"""The words that belong to layouts and to nobody: columns, tables and elements that an installed dialect names.

Dialects are read as files; no plugin is imported for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.formats.masking import masked
from connector_core.model.records import KINDS
from connector_core.plugins.conformance import package_folder
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.installed import installed

_QUOTED_OR_CAPITAL = re.compile(r"«\s?([^»]*?)\s?»|(?<![\w.-])(?<!\. )(?<!^)[A-ZÀ-Þ][\w'’.-]*")
"""What is quoted; or a word with a capital that begins no sentence."""
_OURS = frozenset(
    "amc amo am b2 base64 camt cpam csv dbase dre fat finess firebird iban ini iso json mysql nir noemie odbc ofx"
    " postgresql rpps sgbd sha sql sqlite toml utf-8 utf-16 utf windows xml zip".split()
)
"""What our own sentences write with capitals."""


class Vocabulary:
    """Words that may be shown as they are."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(map(_plain, words)) | _OF_THE_MODEL

    def shown(self, name: str) -> str:
        """A name that is known, as it is; the form of any other."""
        return name if _plain(name) in self._words else masked(name)

    def sentence(self, text: str) -> str:
        """A sentence that a connector may have had a hand in: only known words stay quoted, and a word with a capital,
        as names have, is shown by its form."""
        return _QUOTED_OR_CAPITAL.sub(self._said, text)

    def _said(self, found: re.Match[str]) -> str:
        if found[1] is not None:
            return self._quoted(found)
        word = found[0]
        return word if _plain(word).rstrip(".") in self._words | _OURS else masked(word)

    def _quoted(self, found: re.Match[str]) -> str:
        words = found[1].split(".")
        known = all(_plain(word) in self._words for word in words) or _plain(found[1]) in self._words
        return f"« {found[1] if known else '…'} »"


def installed_vocabulary(site: Path) -> Vocabulary:
    """What the dialects of all installed plugins name, and those in the folder of a site's own."""
    folders = [site]
    for extension in installed().extensions:
        module = extension.entry_point.value.partition(":")[0]
        package = guarded(partial(package_folder, module))
        if isinstance(package, Path):
            folders.append(package / "dialects")
    return Vocabulary(word for folder in folders for path in sorted(folder.glob("*.toml")) for word in _of_file(path))


def _of_file(path: Path) -> Iterator[str]:
    """What a dialect names; nothing of one that can't be read, which is told elsewhere."""
    dialect = guarded(lambda: read_dialect(path.read_text(encoding="utf-8"), path.name))
    return iter(()) if isinstance(dialect, Raised) else words_of(dialect)


def words_of(dialect: Dialect) -> Iterator[str]:
    """The columns, the tables and the elements that a dialect names."""
    for table in dialect.tables:
        yield table.name
        yield from (*table.elements, *table.key, *table.ignore)
        yield from (column.name for column in table.columns)
        if table.remember is not None:
            yield from (table.remember.key, *table.remember.columns)
        for each in (field for record in table.records for field in record.fields):
            yield from each.columns
            if each.join is not None:
                yield from (each.join.table, each.join.on, each.join.column)


def _plain(word: str) -> str:
    return word.strip().casefold()


_OF_THE_MODEL = frozenset({*KINDS, *(name for kind in KINDS.values() for name in kind.model_fields)})
