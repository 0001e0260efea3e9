"""XML: the elements that are rows, read as they go by.

Entities, document types and the network are off; a document that declares a type is refused before it's parsed. Nothing
that isn't needed by an open row stays in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.encodings import encoding_name
from connector_core.formats.physical import mark_of
from connector_core.formats.rows import Row

if TYPE_CHECKING:
    from lxml.etree import XMLPullParser, _Element

_COLUMNS = "\x1f"
_REPEATED = "\x1e"
"""Neither character can occur in XML 1.0, so a value never holds one."""

_NOT_IN_ENCODING = 81
"""What libxml2 says of bytes that are not in the encoding of the document (XML_ERR_INVALID_ENCODING)."""

_CHUNK = 64 * 1024
_PROLOG_LIMIT = 64 * 1024

_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252", "ibm850", "cp850"}
)
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*+", re.DOTALL)
_DECLARED_ENCODING = re.compile(r"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ROOT = re.compile(r"<[^\W\d]")

_EXPORT_AGAIN = "Relancez l'export, ou copiez le fichier à nouveau"
_CHECK_FORMAT = "Vérifiez que le fichier est bien celui qui est attendu"


@dataclass(frozen=True, slots=True)
class XmlTable:
    """One kind of row.

    `path` is the local name of the row's element, or the end of its path (`acte`, `actes/acte`), or the whole path when
    it begins with a slash. Each column is the text of a descendant (`identite/nom`), the row's own text (`.`), an
    attribute (`@id`, `identite/@sexe`) or an ancestor's attribute, by how far it is (`../@numero`) or by its name, the
    nearest of that name (`ancestor::patient/@numero`). Names are local ones: namespaces are ignored.
    """

    name: str
    path: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.path.strip("/") or not self.columns:
            raise ConfigurationError("une table XML a un chemin et des colonnes", where=self.name)
        for column in self.columns:
            if not _COLUMN.fullmatch(column):
                raise ConfigurationError(f"colonne XML non prise en charge : « {column} »", where=self.name)


ANCESTOR = "ancestor::"
_COLUMN = re.compile(rf"\.|(?:(?:\.\./)+|{ANCESTOR}[^/@.:]+/)@[^/@.:]+|(?:[^/@.:]+/)*@?[^/@.:]+")


@dataclass(frozen=True, slots=True)
class XmlSplitter:
    """Turns the raw bytes of an XML row into its values; `columns` is how many there are."""

    columns: int

    def values(self, raw: bytes) -> list[str]:
        """Return the values, without the white space around them; a missing element or attribute is empty.

        Raise `RowRefused` when an element that must be single is repeated.
        """
        text = ""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = _REPEATED
        values = text.split(_COLUMNS)
        if _REPEATED in text or len(values) != self.columns:
            raise RowRefused("un élément qui doit être unique est répété")
        return values


@dataclass(frozen=True, slots=True)
class XmlFormat:
    """How one kind of XML file is written: the elements that are rows, and the columns of each."""

    tables: tuple[XmlTable, ...]
    _layouts: dict[str, tuple[_Layout, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len({table.name for table in self.tables}) != len(self.tables) or not self.tables:
            raise ConfigurationError("un format XML a au moins une table, et chacune son propre nom")
        layouts: dict[str, tuple[_Layout, ...]] = {}
        for table in self.tables:
            layout = _Layout(table)
            layouts[layout.steps[-1]] = (*layouts.get(layout.steps[-1], ()), layout)
        object.__setattr__(self, "_layouts", layouts)

    def splitter(self, table: str) -> XmlSplitter:
        """Return the splitter of one table's rows; raise `ConfigurationError` for a table that isn't declared."""
        for known in self.tables:
            if known.name == table:
                return XmlSplitter(len(known.columns))
        raise ConfigurationError(f"table XML inconnue : « {table} »")

    def rows(self, stream: BinaryIO, encoding: str | None = None) -> Iterator[Row]:
        """Yield the rows in the order in which they end, read from the beginning of the stream; `encoding` replaces the
        one that the document declares.

        The place is the line of the row's start tag. Raise `FileRefused` at its line, after the rows before it, when
        the document is cut, ill-formed, too deep, larger in one text than 10 MB, or declares a document type.
        """
        capture = _Capture(self._layouts)
        for parser in parsing(stream, encoding):
            yield from capture.rows(parser)


def declared_encoding(start: bytes) -> str:
    """The encoding that a document declares, by its first bytes: UTF-8 where it says nothing, or says what can't be."""
    named = _DECLARED_ENCODING.match(_prolog(start))
    return named[1].lower() if named and named[1].lower() in _ENCODINGS else "utf-8"


def parsing(stream: BinaryIO, encoding: str | None = None) -> Iterator[XMLPullParser]:
    """Parse a stream from its beginning; yield the parser, of start and end events, each time it may have some.
    `encoding` replaces the one that the document declares.

    Entities, document types and the network are off; comments and processing instructions are left out. Whoever reads
    the events clears the elements that are done with. Raise `FileRefused` at its line, after the events before it, when
    the document is cut, ill-formed, too deep, larger in one text than 10 MB, or declares a document type.
    """
    stream.seek(0)
    start = stream.read(_PROLOG_LIMIT)
    _check_prolog(start)
    stream.seek(0)
    from lxml.etree import XMLPullParser, XMLSyntaxError

    parser = XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        encoding=encoding,
    )
    line: int | None = None
    what = "le document XML est coupé ou mal formé"
    for step in _feeding(stream, parser):
        try:
            step()
        except XMLSyntaxError as error:
            line = error.lineno or 1
            if getattr(error, "code", None) == _NOT_IN_ENCODING:  # which the stubs of lxml leave out
                name = encoding_name(encoding or declared_encoding(start))
                what = f"le document XML contient des octets illisibles en {name}, qu'il annonce, ou il est abîmé"
        yield parser
        if line is not None:
            break
    if line is not None:
        raise FileRefused(what, where=f"ligne {line}", remedy=_EXPORT_AGAIN)


class _Layout:
    """A table's columns, by the way in which each is found."""

    def __init__(self, table: XmlTable) -> None:
        self.name = table.name
        self.anchored = table.path.startswith("/")
        self.steps = tuple(table.path.strip("/").split("/"))
        self.width = len(table.columns)
        self.texts: dict[str, list[int]] = {}
        self.attributes: dict[str, list[tuple[int, str]]] = {}
        self.ancestors: list[tuple[int, int, str]] = []
        self.around: list[tuple[int, str, str]] = []
        for index, column in enumerate(table.columns):
            path, at, attribute = column.rpartition("@")
            if column.startswith(ANCESTOR):
                self.around.append((index, path.removeprefix(ANCESTOR).strip("/"), attribute))
            elif column.startswith(".."):
                self.ancestors.append((index, path.count("../"), attribute))
            elif at:
                self.attributes.setdefault(path.strip("/"), []).append((index, attribute))
            else:
                self.texts.setdefault("" if column == "." else column, []).append(index)

    def matches(self, path: list[str]) -> bool:
        size = len(self.steps)
        return tuple(path[-size:]) == self.steps and (not self.anchored or len(path) == size)


class _OpenRow:
    """A row whose element hasn't ended: the values found so far, None where nothing was."""

    def __init__(self, layout: _Layout, element: _Element, depth: int) -> None:
        self.layout = layout
        self.depth = depth
        self.line = _line(element)
        self.values: list[str | None] = [None] * layout.width
        for index, levels, name in layout.ancestors:
            ancestor: _Element | None = element
            for _ in range(levels):
                ancestor = None if ancestor is None else ancestor.getparent()
            if ancestor is not None:
                self.set(index, _attribute(ancestor, name))
        for index, tag, name in layout.around:
            nearest = next((each for each in element.iterancestors() if _local(str(each.tag)) == tag), None)
            if nearest is not None:
                self.set(index, _attribute(nearest, name))

    def set(self, index: int, value: str | None) -> None:
        if value is not None:
            before = self.values[index]
            self.values[index] = value.strip() if before is None else before + _REPEATED

    def finished(self) -> Row:
        return Row(self.line, self.layout.name, _COLUMNS.join([value or "" for value in self.values]).encode())


class _Capture:
    """Follows the parser through the document and keeps only what open rows need. `line` is the last one met."""

    def __init__(self, layouts: dict[str, tuple[_Layout, ...]]) -> None:
        self._layouts = layouts
        self._path: list[str] = []
        self._open: list[_OpenRow] = []
        self._held = 0
        self.line = 1

    def rows(self, parser: XMLPullParser) -> Iterator[Row]:
        for event, element in parser.read_events():
            if event == "start":
                self._start(cast("_Element", element))
            else:
                yield from self._end(cast("_Element", element))

    def _start(self, element: _Element) -> None:
        if not self._path and element.getroottree().docinfo.internalDTD is not None:
            raise _document_type()
        name = _local(str(element.tag))
        self._path.append(name)
        self.line = _line(element) or self.line
        for layout in self._layouts.get(name, ()):
            if layout.matches(self._path):
                self._open.append(_OpenRow(layout, element, len(self._path)))
        for row in self._open:
            here = "/".join(self._path[row.depth :])
            for index, attribute in row.layout.attributes.get(here, ()):
                row.set(index, _attribute(element, attribute))
            if here in row.layout.texts:
                self._held += 1

    def _end(self, element: _Element) -> Iterator[Row]:
        for row in self._open:
            here = "/".join(self._path[row.depth :])
            indexes = row.layout.texts.get(here)
            if indexes is not None:
                self._held -= 1
                text = "".join(str(part) for part in element.itertext())
                for index in indexes:
                    row.set(index, text)
        while self._open and self._open[-1].depth == len(self._path):
            yield self._open.pop().finished()
        self._path.pop()
        if not self._held:
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def _feeding(stream: BinaryIO, parser: XMLPullParser) -> Iterator[Callable[[], object]]:
    while chunk := stream.read(_CHUNK):
        yield partial(parser.feed, chunk)
    yield parser.close


def _line(element: _Element) -> int:
    return cast("int | None", element.sourceline) or 0


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attribute(element: _Element, name: str) -> str | None:
    plain = element.get(name)
    if plain is not None:
        return str(plain)
    for key, value in element.attrib.items():
        if _local(str(key)) == name:
            return str(value)
    return None


def _document_type() -> FileRefused:
    return FileRefused(
        "le document XML déclare un type de document (DOCTYPE), ce qui n'est pas admis",
        where="ligne 1",
        remedy="Demandez à l'éditeur un export sans DOCTYPE",
    )


def _prolog(start: bytes) -> str:
    """The first characters, those outside ASCII as they may be."""
    mark, announced = mark_of(start)
    sixteen = announced or {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(start[:2], "latin-1")
    return start[len(mark) :].decode(sixteen if sixteen.startswith("utf-16") else "latin-1", errors="replace")


def _check_prolog(start: bytes) -> None:
    """Refuse what comes before the root element and could make the parser do more than parse."""
    text = _prolog(start)
    declared = _DECLARED_ENCODING.match(text)
    if declared and declared[1].lower() not in _ENCODINGS:
        raise FileRefused("l'encodage déclaré n'est pas pris en charge", where="ligne 1", remedy=_CHECK_FORMAT)
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    if rest.startswith("<!DOCTYPE"):
        raise _document_type()
    if not _ROOT.match(rest):
        raise FileRefused(
            "le fichier n'est pas du XML, ou il est coupé avant son élément racine",
            where="ligne 1",
            remedy=_CHECK_FORMAT,
        )
