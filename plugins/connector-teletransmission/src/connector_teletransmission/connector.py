"""The connector: which file is which, reading it, and showing what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from connector_core.dialects.drafts import Draft, Lookup
from connector_core.errors import FileRefused
from connector_core.formats.document import Probe, SpooledFile
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.plugins.connector import Claim, ConnectorInfo, Reading
from connector_core.plugins.dialect_connector import DialectConnector
from connector_teletransmission import b2, b2_records, noemie, noemie_entities, noemie_records
from connector_teletransmission.framing import WIDTH, Frames
from connector_teletransmission.notes import Notes

B2, NOEMIE = "b2-ps", "noemie-ps"

_NAMES: Mapping[str, tuple[str, ...]] = {B2: ("*.b2", "*.fse", "*.dre"), NOEMIE: ("*.noe", "*.noemie", "*.rsp")}
"""Names such files often have; they only add to the score."""
_NAMED, _INSIDE = 0.2, 0.8
_FIRST = re.compile(rb"000[A-Z ]{2}[0-9 ]{14}")
_FIRST_LINE = 510
"""How much of a file shows whether it has the end marks of NOEMIE entities."""
_MARKS = 3
_ENTITY = re.compile(rb"[ -~][0-9]{5}")


def format_of(head: bytes) -> str | None:
    """`b2-ps`, `noemie-ps`, or neither, from the beginning of a file."""
    if _FIRST.match(head) is None:
        return None
    if head[:_FIRST_LINE].count(b"@") >= _MARKS:
        return NOEMIE
    second = Frames.at(head, 0).offset(1)
    block = head[second : second + WIDTH]
    if head[65:67] == b"B2" and not (_ENTITY.match(block) and block[1:4].decode() in noemie_entities.LAYOUTS):
        return B2
    if block[:3] == b"999" or (_ENTITY.match(block) and block[1:4].decode() in noemie_entities.LAYOUTS):
        return NOEMIE
    return None


class TeletransmissionConnector:
    """Reads B2 lots and NOEMIE returns; its dialects read what has no public layout, such as acknowledgements."""

    def __init__(self, info: ConnectorInfo, dialects: DialectConnector) -> None:
        self.info = info
        self._dialects = dialects

    def identify(self, probe: Probe) -> Claim | None:
        found = format_of(probe.head)
        if found is None:
            return self._dialects.identify(probe)
        named = any(fnmatchcase(probe.name.lower(), pattern) for pattern in _NAMES[found])
        score = _INSIDE + _NAMED * named
        said = "lot B2" if found == B2 else "retour NOEMIE"
        return Claim(self.info.id, found, round(score, 3), f"l'enregistrement 000 d'un {said}", version="2007")

    def is_complete(self, probe: Probe) -> bool:
        return True

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        match claim.dialect:
            case "b2-ps":
                return B2Reading(file, _signature(B2, self.info.version))
            case "noemie-ps":
                return NoemieReading(file, _signature(NOEMIE, self.info.version))
            case _:
                return self._dialects.read(file, claim)

    def describe(self, file: SpooledFile, claim: Claim) -> Mapping[str, object] | None:
        """Everything in a file by the names of the layout, as far as it can be read."""
        match claim.dialect:
            case "b2-ps":
                return _described(B2, _content(file), _b2_groups)
            case "noemie-ps":
                return _described(NOEMIE, _content(file), _noemie_groups)
            case _:
                return None


@dataclass
class B2Reading:
    """One file of lots being read."""

    file: SpooledFile
    signature: str
    tables: tuple[str, ...] = b2_records.TABLES
    remembers: bool = False

    @cached_property
    def covers(self) -> Covers:
        """What the file can say: where every lot is encrypted, only the lots."""
        lots = (part for part in b2.walk(_content(self.file), Notes()) if isinstance(part, b2.Lot))
        sealed = False
        with suppress(FileRefused):  # told when the rows are read
            sealed = (first := next(lots, None)) is not None and bool(first.sealed) and all(lot.sealed for lot in lots)
        return Covers.of(b2_records.COVERS_SEALED if sealed else b2_records.COVERS)

    def rows(self) -> Iterator[Row]:
        """The rows of each lot once its totals hold."""
        notes = Notes()
        told: set[bytes] = set()
        for part in b2.walk(_content(self.file), notes):
            if isinstance(part, b2.Lot):
                yield from b2_records.rows_of(part, told)
        yield from b2_records.doubts_of(notes)

    def records(self, row: Row, lookup: Lookup) -> list[Draft]:
        return b2_records.drafts_of(row)

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        return None


@dataclass
class NoemieReading:
    """One file of returns being read."""

    file: SpooledFile
    signature: str
    tables: tuple[str, ...] = noemie_records.TABLES
    remembers: bool = False
    covers: Covers = field(default_factory=lambda: Covers.of(noemie_records.COVERS))

    def rows(self) -> Iterator[Row]:
        """The rows of each return once its totals hold."""
        notes = Notes()
        for group in noemie.walk(_content(self.file), notes):
            yield from noemie_records.rows_of(group)
        yield from b2_records.doubts_of(notes)

    def records(self, row: Row, lookup: Lookup) -> list[Draft]:
        return noemie_records.drafts_of(row)

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        return None


def _content(file: SpooledFile) -> bytes:
    with file.open() as stream:
        return stream.read()


def _signature(name: str, version: str) -> str:
    return f"{name}-{version}"


_Described = Mapping[str, object]
_Groups = Callable[[bytes, Notes], Iterator[_Described]]


def _described(name: str, content: bytes, groups: _Groups) -> _Described:
    notes = Notes()
    shown: list[_Described] = []
    damage: list[str] = []
    try:
        for group in groups(content, notes):
            shown.append(group)
    except FileRefused as refused:
        damage.append(f"{refused.where} : {refused.what}")
    return {"format": name, "groups": shown, "warnings": [*notes.told, *damage]}


def _b2_groups(content: bytes, notes: Notes) -> Iterator[_Described]:
    start, lots = 0, list[b2.Lot]()
    try:
        for part in b2.walk(content, notes):
            if isinstance(part, b2.Lot):
                lots.append(part)
                continue
            shown = [*_b2_shown(lots), _record("999", b2.fields_of(part.trailer))]
            yield _group(part.header, shown, b2.fields_of)
            start, lots = start + len(b2.write([part])), []
    except FileRefused:
        if lots:
            yield _group(content[start : start + WIDTH], list(_b2_shown(lots)), b2.fields_of)
        raise


def _b2_shown(lots: Sequence[b2.Lot]) -> Iterator[_Described]:
    for lot in lots:
        yield _record(b2.name_of(lot.header), b2.fields_of(lot.header))
        for invoice in lot.invoices:
            for record in invoice.records:
                name = b2.name_of(record)
                yield _record(name, b2.fields_of(record) or {"raw": record.decode("latin-1")})
        if lot.sealed:
            yield _record("chiffré", {"records": str(len(lot.sealed))})
        yield _record(b2.name_of(lot.trailer), b2.fields_of(lot.trailer))


def _noemie_groups(content: bytes, notes: Notes) -> Iterator[_Described]:
    for group in noemie.walk(content, notes):
        if group.is_trial:
            notes.tell("flux d'essai ou de démonstration : ses montants ne sont pas comptés")
        entities = [*group.entities, group.trailer]
        shown = [_record(each[:3].decode("latin-1"), noemie_entities.fields_of(each)) for each in entities]
        yield _group(group.header, shown, noemie_entities.fields_of)


def _group(header: bytes, records: Sequence[_Described], fields_of: Callable[[bytes], Mapping[str, str]]) -> _Described:
    return {"header": fields_of(header), "records": records}


def _record(name: str, fields: Mapping[str, str]) -> _Described:
    return {"type": name, "fields": fields}


def shipped(info: ConnectorInfo) -> TeletransmissionConnector:
    """The connector with the dialects of this package."""
    dialects = DialectConnector.from_package(info, "connector_teletransmission", "dialects")
    return TeletransmissionConnector(info, dialects)
