"""The files of an export as one sample: those of the format that most of them have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connector_core.dialects.calibration.dbase import read_dbase
from connector_core.dialects.calibration.delimited import is_delimited, read_delimited
from connector_core.dialects.calibration.fixed import is_fixed, read_fixed
from connector_core.dialects.calibration.sample import Sample
from connector_core.dialects.calibration.xml import read_xml
from connector_core.errors import FileRefused
from connector_core.formats.dbase import field_names
from connector_core.formats.document import SpooledFile, probe_of
from connector_core.formats.physical import mark_of

_READERS: Mapping[str, Callable[[Sequence[SpooledFile]], Sample]] = {
    "delimited": read_delimited,
    "dbase": read_dbase,
    "xml": read_xml,
    "fixed": read_fixed,
}


def read_sample(files: Sequence[SpooledFile]) -> tuple[Sample, Sequence[str]]:
    """The tables of an export, and the names of the files that are left out, being of another format.

    Raise FileRefused when no file is of a format that a dialect can describe.
    """
    kinds = {file.name: format_of(file) for file in files}
    counts: dict[str, int] = {}
    for file in files:
        kind = kinds[file.name]
        if kind:
            counts[kind] = counts.get(kind, 0) + file.size
    if not counts:
        raise FileRefused(
            "ce n'est ni du texte délimité ou à largeur fixe, ni du XML, ni des tables dBase",
            where=files[0].name if len(files) == 1 else f"{len(files)} fichiers",
            remedy="Exportez en texte, en CSV ou en XML depuis le logiciel",
        )
    kind = max(counts, key=lambda each: counts[each])
    sample = _READERS[kind]([file for file in files if kinds[file.name] == kind])
    if not any(table.rows for table in sample.tables):
        raise FileRefused("cet export ne contient aucune ligne", remedy="Refaites l'export avec des données")
    return sample, [file.name for file in files if kinds[file.name] != kind]


def format_of(file: SpooledFile) -> str:
    """The format of a file as a dialect names it, "" for none."""
    head = probe_of(file).head
    mark, encoding = mark_of(head)
    start = head[len(mark) :].lstrip()
    if start.startswith((b"<", b"<\0", b"\0<")):
        return "xml"
    if not encoding and b"\0" in head:
        return "dbase" if field_names(head) else ""
    if start.startswith(b"BEGIN:"):
        return ""
    if is_fixed(head):
        return "fixed"
    return "delimited" if is_delimited(head) else ""
