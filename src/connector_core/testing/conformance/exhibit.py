"""One sample of a plugin, read whole and damaged in every way that the checks ask about.

Each attack damages one file; the other files of the sample are known to its look-ups as they are. What an attack made
the connector say is kept, so that the checks of what is silent and those of how errors are said look at the same runs.
"""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from connector_core.dialects.write_back import FilePlace, WritePlace
from connector_core.errors import ConfigurationError, SourceError
from connector_core.formats.encodings import encoding_name, written_in
from connector_core.formats.rows import Row
from connector_core.plugins.connector import Connector
from connector_core.testing.conformance.candidate import Candidate, Limits
from connector_core.testing.conformance.check import Broken, Check, Open
from connector_core.testing.conformance.databases import extract_of, plans_of
from connector_core.testing.conformance.flagged import Flagged, patients_in, places_of
from connector_core.testing.conformance.scenario import (
    DATABASE,
    Scenario,
    UnknownWord,
    database_of,
    exports_of,
    read_scenario,
)
from connector_core.testing.conformance.told import Known, MemoryFile, Told, read

CANARY = "Zqxjvkwyzqxjvkwyzqxjvkwyzqxjvkwy"
"""Text that no sample holds; a word of a file is replaced by its beginning."""
CANARY_SIGN = re.compile("zqxjv?", re.IGNORECASE)
_WORD = re.compile(rb"(?<![A-Za-z0-9])[A-Za-z0-9]{4,32}(?![A-Za-z0-9])")
_BOM = b"\xef\xbb\xbf"
_XML_ENCODING = re.compile(rb"""(<\?xml[^>]*encoding\s*=\s*["'])[^"']+""")


@dataclass(frozen=True, slots=True)
class Attack:
    """A damaged file, and what reading it beside the others came to. `lost` counts the records that are missing."""

    file: str
    damage: str
    content: bytes
    told: Told
    lost: int


@dataclass
class Exhibit:
    """A sample, its scenario, and the runs on it."""

    candidate: Candidate
    name: str
    used: set[str] = field(default_factory=set)
    """The exemptions that turned out to be needed, by check."""

    @property
    def folder(self) -> Path:
        return self.candidate.samples / self.name

    @property
    def limits(self) -> Limits:
        return self.candidate.limits

    @property
    def connector(self) -> Connector:
        return self.candidate.tested

    @cached_property
    def scenario(self) -> Scenario:
        return read_scenario(self.folder)

    def problem(self, checks: Container[str]) -> str:
        """Why nothing can be asked about the sample: its scenario is wrong, or there are no files; else empty."""
        try:
            strange = [each.check for each in self.scenario.exempt if each.check not in checks]
        except ConfigurationError as error:
            return str(error)
        if strange:
            return f"the scenario exempts from {strange[0]}, which is no check of a sample"
        return "" if self.paths else f"the sample has no files in export/, and no {DATABASE}"

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """What the sample is made of: its exports, and the script of its database."""
        base = database_of(self.folder)
        return (*exports_of(self.folder), *([] if base is None else [base]))

    @cached_property
    def files(self) -> tuple[MemoryFile, ...]:
        """What the connector is given; raise Broken where the database of the sample can't be read."""
        exports = tuple(MemoryFile(path.name, path.read_bytes()) for path in exports_of(self.folder))
        base = database_of(self.folder)
        return exports if base is None else (*exports, extract_of(base, plans_of(self.connector)))

    @cached_property
    def digest(self) -> str:
        digest = sha256()
        for path in self.paths:
            digest.update(f"{path.name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
        return digest.hexdigest()

    @cached_property
    def known(self) -> Known:
        """What the whole sample contributes to look-ups."""
        _ = self.whole
        return self._known

    @cached_property
    def whole(self) -> Told:
        """The sample as it is."""
        self._known = Known()
        return read(self.connector, self.files, self._known)

    @property
    def has_database(self) -> bool:
        return database_of(self.folder) is not None

    @cached_property
    def places(self) -> tuple[WritePlace, ...]:
        """Where the dialects that read the sample say that flags may go."""
        return places_of(self.connector, {claim.dialect for claim in self.whole.claims.values()})

    @cached_property
    def flagged(self) -> Flagged:
        """The sample's database, for flags."""
        places = [place for place in self.places if not isinstance(place, FilePlace)]
        return Flagged(self.connector, self.folder / DATABASE, places, patients_in(self.whole.lines))

    @cached_property
    def expected(self) -> Path:
        path = self.folder / self.scenario.expected
        if not path.is_file():
            raise Open(f"the sample has no {self.scenario.expected}")
        return path

    def file(self, name: str) -> MemoryFile:
        return next(file for file in self.files if file.name == name)

    def rows_of(self, name: str) -> list[Row]:
        return [row for file, row in self.whole.rows if file == name]

    def candidate_words(self) -> Iterator[str]:
        """What the connector says of itself, which is nobody's data."""
        info = self.connector.info
        yield from (info.id, info.vendor, info.product)
        yield from (claim.reason for claim in self.whole.claims.values())

    def exempt(self, check: str, file: str) -> str | None:
        """The reason for which a file need not pass a check."""
        for each in self.scenario.exempt:
            if each.check == check and fnmatchcase(file, each.file):
                return each.reason
        return None

    def alone(self, file: MemoryFile, *, keep: bool = False) -> Told:
        """One file read beside what the others contribute."""
        return read(self.connector, [file], self.known.without(file.name), keep=keep)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """How many records each file gives."""
        return {file.name: self.alone(file).size for file in self.files}

    @cached_property
    def cuts(self) -> tuple[Attack, ...]:
        """Files that end early: at offsets spread over them, and close to their ends."""
        return tuple(
            self._attack(file, f"cut after byte {end}", file.content[:end])
            for file in self.files
            for end in _ends(file.content, self.limits.cuts)
        )

    @cached_property
    def flips(self) -> tuple[Attack, ...]:
        """Files with one bit turned over."""
        attacks: list[Attack] = []
        for file in self.files:
            for n, at in enumerate(_spread(len(file.content), self.limits.flips)):
                flipped = bytes([file.content[at] ^ (1 << (n % 8))])
                content = file.content[:at] + flipped + file.content[at + 1 :]
                attacks.append(self._attack(file, f"bit {n % 8} of byte {at} turned over", content))
        return tuple(attacks)

    @cached_property
    def marked(self) -> tuple[Attack, ...]:
        """Files in which one word is another, which can't be read as what it should be."""
        attacks: list[Attack] = []
        for file in self.files:
            words = list(_WORD.finditer(file.content))
            for n in _spread(len(words), self.limits.marks):
                start, end = words[n].span()
                content = file.content[:start] + CANARY[: end - start].encode() + file.content[end:]
                attacks.append(self._attack(file, f"the word at byte {start} replaced", content))
        return tuple(attacks)

    @cached_property
    def transcoded(self) -> tuple[Attack, ...]:
        """Text files in an encoding that is not theirs."""
        return tuple(
            self._attack(file, f"written {way}", content, keep=True)
            for file in self.files
            if _is_text(file.content)
            for way, content in _transcoded(file.content)
        )

    @cached_property
    def emptied(self) -> tuple[Attack, ...]:
        """Files with nothing in them, and with their first line alone."""
        attacks: list[Attack] = []
        for file in self.files:
            attacks.append(self._attack(file, "emptied", b"", keep=True))
            first = file.content.partition(b"\n")
            if first[1] and first[2]:
                attacks.append(self._attack(file, "left with its first line", first[0] + first[1], keep=True))
        return tuple(attacks)

    @cached_property
    def giant(self) -> tuple[Attack, float, int]:
        """The largest file, its last line without an end; the seconds and the bytes of memory that it took."""
        file = max(self.files, key=lambda each: len(each.content))
        content = file.content.rstrip(b"\r\n\x1a")[:-1] + b"A" * self.limits.giant_bytes
        started = time.process_time()
        tracemalloc.start()
        try:
            attack = self._attack(file, "given a line of many megabytes", content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        return attack, time.process_time() - started, peak

    @cached_property
    def locked(self) -> tuple[Attack, ...]:
        """Files that could be looked at, and can't be opened afterwards."""
        return tuple(
            self._attack(file, "locked by another program", file.content, _LockedLater(file.name, file.content))
            for file in self.files
        )

    @cached_property
    def unknown_words(self) -> tuple[tuple[UnknownWord, Attack], ...]:
        """Files in which a word of a table is one that the table lacks, as the scenario says."""
        attacks: list[tuple[UnknownWord, Attack]] = []
        for word in self.scenario.unknown:
            touched = [
                (file, found)
                for file in self.files
                if fnmatchcase(file.name, word.file) and (found := _replaced(file.content, word)) is not None
            ]
            if not touched:
                raise Broken(f"no file of the sample holds what [[unknown]] replaces in « {word.file} »")
            attacks += [
                (word, self._attack(file, "given an unknown word", found, keep=True)) for file, found in touched
            ]
        return tuple(attacks)

    def attacks(self) -> Iterator[Attack]:
        """All of them."""
        yield from self.cuts
        yield from self.flips
        yield from self.marked
        yield from self.transcoded
        yield from self.emptied
        yield self.giant[0]
        yield from self.locked
        yield from (attack for _, attack in self.unknown_words)

    def runs(self) -> Iterator[tuple[str, Told]]:
        """Every run on the sample, the whole one first, with the words for what was read."""
        yield "the sample as it is", self.whole
        yield from ((f"{attack.file} {attack.damage}", attack.told) for attack in self.attacks())

    def _attack(
        self, file: MemoryFile, damage: str, content: bytes, given: MemoryFile | None = None, *, keep: bool = False
    ) -> Attack:
        told = self.alone(MemoryFile(file.name, content) if given is None else given, keep=keep)
        return Attack(file.name, damage, content, told, self.sizes[file.name] - told.size)


class _LockedLater(MemoryFile):
    """A file that can be opened once, to be looked at."""

    opened = 0

    def open(self) -> BinaryIO:
        object.__setattr__(self, "opened", self.opened + 1)
        if self.opened > 1:
            raise SourceError("fichier illisible (occupé)", where=self.name, remedy="Réessayez plus tard")
        return super().open()

    def as_path(self) -> Iterator[Path]:  # type: ignore[override]  # it never gives a path
        raise SourceError("fichier illisible (occupé)", where=self.name, remedy="Réessayez plus tard")


def _spread(size: int, number: int) -> list[int]:
    """So many places spread over a size, the first and the last among them."""
    if size <= number:
        return list(range(size))
    return sorted({round(n * (size - 1) / (number - 1)) for n in range(number)})


def _ends(content: bytes, number: int) -> list[int]:
    size = len(content)
    ends = {*(1 + place for place in _spread(size - 1, number)), *(size - back for back in (1, 2, 3, 7))}
    line = content.rfind(b"\n", 0, max(0, content.rstrip().rfind(b"\n")))
    ends |= {line + 1} if line > 0 else set()
    return sorted(end for end in ends if 0 < end < size)


def _is_text(content: bytes) -> bool:
    return b"\0" not in content and not any(byte < 9 for byte in content[:4096])


def _transcoded(content: bytes) -> Iterator[tuple[str, bytes]]:
    plain = content.removeprefix(_BOM)
    yield "with a byte order mark of UTF-8", _BOM + plain
    own = written_in(plain, "utf-8").instead or "utf-8"
    text = plain.decode(own, "replace")
    if not plain.isascii():
        yield from (
            (f"in {encoding_name(each)}", text.encode(each, "replace"))
            for each in ("cp1252", "cp850", "utf-8")
            if each != own
        )
    yield "in UTF-16", text.encode("utf-16")
    if _XML_ENCODING.search(plain):
        yield "and declared in UTF-8", _XML_ENCODING.sub(rb"\1UTF-8", text.encode("utf-8"), count=1)


def _replaced(content: bytes, word: UnknownWord) -> bytes | None:
    for encoding in ("utf-8", "cp1252", "cp850"):
        before = word.before.encode(encoding)
        if before in content:
            return content.replace(before, word.after.encode(encoding), 1)
    return None


def texts(values: Iterable[object]) -> Iterator[str]:
    """Every text in values of a record."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from texts(value.values())
        elif isinstance(value, list):
            yield from texts(value)


SampleCheck = Check[Exhibit]
