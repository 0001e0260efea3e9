"""XML files as tables: each element that repeats and has values of its own is a row.

An element that stands once in every row around it, without a key, is part of that row; the same element at several
depths is one table. What identifies the elements around a row is a column of it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from connector_core.dialects.calibration.delimited import ROWS
from connector_core.dialects.calibration.naming import pattern_of
from connector_core.dialects.calibration.sample import Column, Sample, Table
from connector_core.errors import FileRefused
from connector_core.formats.document import SpooledFile
from connector_core.formats.xml import parsing

if TYPE_CHECKING:
    from lxml.etree import _Element

_ELEMENTS = 150_000
"""How many elements of a file are looked at."""
Path = tuple[str, ...]


@dataclass(slots=True)
class _Node:
    path: Path
    parent: int
    attributes: Mapping[str, str]
    text: str = ""
    children: Counter[str] = field(default_factory=Counter)

    @property
    def leaf(self) -> bool:
        return not self.children


def read_xml(files: Sequence[SpooledFile]) -> Sample:
    """The tables of XML files of one root, that of the first."""
    nodes: list[_Node] = []
    patterns: list[str] = []
    for file in files:
        found = list(_nodes(file, len(nodes)))
        if found and (not nodes or found[0].path == nodes[0].path):
            nodes += found
            patterns.append(pattern_of(file.name))
    if len(nodes) < 2:
        raise FileRefused("le document XML ne contient aucun élément", remedy="Refaites l'export avec des données")
    form: dict[str, object] = {"kind": "xml", "root": nodes[0].path[0]}
    if len(set(patterns)) == 1:
        form["file"] = patterns[0]
    return Sample(list(_Tables(nodes).tables()), form)


def _nodes(file: SpooledFile, first: int) -> Iterator[_Node]:
    """The elements of a file in the order in which they begin, up to the first damage; parents by their number."""
    found: list[_Node] = []
    open_ones: list[int] = []
    try:
        with file.open() as stream:
            for parser in parsing(stream):
                for event, given in parser.read_events():
                    element = cast("_Element", given)
                    if event == "end":
                        node = found[open_ones.pop() - first]
                        node.text = (element.text or "").strip()
                        element.clear()
                        continue
                    tag = str(element.tag).rpartition("}")[2]
                    path: Path = (*(found[open_ones[-1] - first].path if open_ones else ()), tag)
                    parent = open_ones[-1] if open_ones else -1
                    if parent >= 0:
                        found[parent - first].children[tag] += 1
                    attributes = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
                    open_ones.append(first + len(found))
                    found.append(_Node(path, parent, attributes))
                if len(found) > _ELEMENTS:
                    break
    except FileRefused:
        if len(found) < 2:
            raise
    yield from found


class _Tables:
    """What the elements of a document say of its structure."""

    def __init__(self, nodes: Sequence[_Node]) -> None:
        self._nodes = nodes
        self._by_path: dict[Path, list[int]] = {}
        for number, node in enumerate(nodes):
            self._by_path.setdefault(node.path, []).append(number)
        self._kin: dict[int, list[int]] = {}
        for number, node in enumerate(nodes):
            self._kin.setdefault(node.parent, []).append(number)
        self._parts = {path for path in self._by_path if self._is_part(path)}

    def tables(self) -> Iterator[Table]:
        """A table for each tag whose elements are rows, wherever they lie."""
        tags: dict[str, list[Path]] = {}
        for path in self._by_path:
            if len(path) > 1 and path not in self._parts and self._has_values(path):
                tags.setdefault(path[-1], []).append(path)
        for tag, paths in tags.items():
            yield self._table(tag, paths)

    def _is_part(self, path: Path) -> bool:
        """Whether elements of a path belong to the row around them: text alone, or one group of values in each row."""
        numbers = self._by_path[path]
        nodes = [self._nodes[number] for number in numbers]
        if len(path) < 3:
            return all(node.leaf and not node.attributes for node in nodes)
        if all(node.leaf and not node.attributes for node in nodes):
            return True
        parents = Counter(node.parent for node in nodes)
        around = len(self._by_path[path[:-1]])
        if max(parents.values()) > 1 or len(parents) < 0.9 * around or around < 2:
            return False
        return not any(_unique(values) for values in self._attributes(numbers).values())

    def _has_values(self, path: Path) -> bool:
        return any(
            self._nodes[number].attributes
            or any((*path, child) in self._parts for child in self._nodes[number].children)
            for number in self._by_path[path]
        )

    def _attributes(self, numbers: Sequence[int]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for number in numbers:
            for name, value in self._nodes[number].attributes.items():
                found.setdefault(name, []).append(value.strip())
        return {name: values for name, values in found.items() if len(values) == len(numbers)}

    def _table(self, tag: str, paths: Sequence[Path]) -> Table:
        numbers = sorted(number for path in paths for number in self._by_path[path])[:ROWS]
        rows = [dict(self._values(number)) for number in numbers]
        repeated = {name for number in numbers for name in self._repeated(number)}
        names = list(dict.fromkeys(name for row in rows for name in row if name not in repeated))
        columns: list[Column] = []
        said: list[object] = []
        for path in names:
            name = path.lstrip("@") if path.lstrip("@") not in {column.name for column in columns} else path
            columns.append(Column(name, path.replace("@", " ").replace("/", " "), [row.get(path, "") for row in rows]))
            said.append(name if name == path else {"name": name, "path": path})
        for around, attribute in self._around(paths):
            name = f"{around}/@{attribute}"
            cells = [self._above(number, around, attribute) for number in numbers]
            columns.append(Column(name, f"{around} {attribute}", cells, inherited=True))
            said.append({"name": name, "ancestor": name})
        elements = ["/" + "/".join(path) for path in paths]
        head: dict[str, object] = {"element": elements[0] if len(elements) == 1 else elements, "columns": said}
        return Table(tag, tag, columns, head)

    def _values(self, number: int, before: str = "") -> Iterator[tuple[str, str]]:
        """The values of a row by their paths from it."""
        node = self._nodes[number]
        for name, value in node.attributes.items():
            yield f"{before}@{name}", value.strip()
        for child in self._children(number):
            other = self._nodes[child]
            if other.path in self._parts:
                if other.text:
                    yield f"{before}{other.path[-1]}", other.text
                if not other.leaf or other.attributes:
                    yield from self._values(child, f"{before}{other.path[-1]}/")

    def _repeated(self, number: int) -> Iterator[str]:
        node = self._nodes[number]
        return (child for child, count in node.children.items() if count > 1 and (*node.path, child) in self._parts)

    def _children(self, number: int) -> Sequence[int]:
        return self._kin.get(number, ())

    def _around(self, paths: Sequence[Path]) -> Iterator[tuple[str, str]]:
        """The attributes that identify the elements around the rows."""
        seen: set[tuple[str, str]] = set()
        for path in paths:
            for depth in range(len(path) - 1, 1, -1):
                tag = path[depth - 1]
                same = [each for each in self._by_path if each[-1] == tag and each not in self._parts]
                numbers = [number for each in same for number in self._by_path[each]]
                for name, values in self._attributes(numbers).items():
                    if _unique(values) and (tag, name) not in seen:
                        seen.add((tag, name))
                        yield tag, name

    def _above(self, number: int, tag: str, attribute: str) -> str:
        above = self._nodes[number].parent
        while above >= 0:
            node = self._nodes[above]
            if node.path[-1] == tag:
                return node.attributes.get(attribute, "").strip()
            above = node.parent
        return ""


def _unique(values: Sequence[str]) -> bool:
    return len(values) > 1 and all(values) and len(set(values)) == len(values)
