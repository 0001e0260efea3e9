"""C4, reading: what a sample gives, and that no damage passes for a whole file."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from connector_core.dialects.mappings import Dialect
from connector_core.dialects.recognition import nearly
from connector_core.formats.document import Probe, probe_of
from connector_core.formats.sniffing import is_plain, sniff
from connector_core.nearest import nearest
from connector_core.plugins.dialect_connector import DialectConnector, ReadsDialects
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.pivot import PivotConnector
from connector_core.sources.local import LocalFile
from connector_core.testing.conformance.check import Broken, NotApplicable, check
from connector_core.testing.conformance.exhibit import Attack, Exhibit, SampleCheck
from connector_core.testing.conformance.told import MemoryFile, read, sharing

FOREIGN = {
    "lettre.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "photo.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)),
    "archive.zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(64),
    "autre.csv": b"alpha;beta;gamma\r\n1;2;3\r\n4;5;6\r\n",
    "autre.txt": "Compte rendu de la réunion du service.\r\nRien à signaler.\r\n".encode(),
    "autre.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n<inventory><item code="1"/></inventory>\n',
    "autre.json": b'{"alpha": 1, "beta": [2, 3]}\n',
    "autre.dat": b"\x00\x01\x02\x03" * 64,
}
"""Files of nobody's practice software."""

_SECRET = "CONTENU-DU-FICHIER-VOISIN"
_DESCRIBED = 3
"""How many files that no dialect is near to are described."""
_SEPARATOR_NAMES = {"\t": "\\t"}


@check("C4-CLAIM", "bronze", after=["C2-REGISTERS", "C4-ENDS"])
def claim(exhibit: Exhibit) -> None:
    """The connector claims every file of the sample, as a dialect that it names and for a reason that it says.

    A file that nobody claims waits for a person; the reason is what this person is shown. A dialect claims a file by
    what is in it, above all by its titles: each column that the dialect reads must be there, by its name.
    """
    told = exhibit.whole
    claimed = [each for each in exhibit.files if each.name in told.claims]
    if len(claimed) < len(exhibit.files):
        left = [each for each in exhibit.files if each.name not in told.claims]
        said = [f"{len(left)} of {len(exhibit.files)} files are not claimed", *_unclaimed(exhibit, left)]
        said += [f"{each.during} ended in {type(each.error).__name__}" for each in told.crashes[:1]]
        raise Broken("; ".join(said))
    for name, each in told.claims.items():
        if each.connector != exhibit.candidate.connector or not each.dialect or not each.reason.strip():
            raise Broken(f"the claim of « {name} » lacks its connector, its dialect or its reason")
        if not 0 < each.score <= 1:
            raise Broken(f"the claim of « {name} » has a score of {each.score}")


def _unclaimed(exhibit: Exhibit, files: Iterable[MemoryFile]) -> Iterator[str]:
    """Of each file, the columns that a dialect reads and it lacks, where it has the others; else how it is written."""
    if not isinstance(exhibit.connector, ReadsDialects):
        return
    dialects = list(exhibit.connector.dialects.values())
    unlike = 0
    for file in files:
        lacking = list(_lacking(dialects, file))
        yield from lacking
        if not lacking:
            unlike += 1
            if unlike <= _DESCRIBED:
                yield from _written(dialects, file)
    if unlike:
        yield "« connector calibrate FOLDER », of the sample's export, proposes a dialect that reads it"


def _lacking(dialects: Iterable[Dialect], file: MemoryFile) -> Iterator[str]:
    for dialect in dialects:
        near = nearly(dialect, probe_of(file))
        if near is None:
            continue
        for name, line in near.lacking:
            close = nearest(name, near.titles)
            other = f", but « {close} »" if close else ""
            yield f"« {file.name} » has no column « {name} » ({dialect.place}, line {line}){other}"


def _written(dialects: Iterable[Dialect], file: MemoryFile) -> Iterator[str]:
    """How a delimited text is written: what its dialect must say."""
    head = probe_of(file).head
    if not is_plain(head):
        return
    guess = sniff(head)
    if guess.width < 2:
        return
    separator = _SEPARATOR_NAMES.get(guess.separator, guess.separator)
    titles = f", with these titles in line {guess.header}: {', '.join(guess.columns)}" if guess.header else ""
    yield f"« {file.name} » is separated by « {separator} »{titles}"
    for dialect in dialects:
        other = dialect.format.text("separator", ";")
        if dialect.format.kind == "delimited" and other != guess.separator:
            says = "says" if "separator" in dialect.format.options else "names none, which means"
            yield f"{dialect.place} {says} separator « {_SEPARATOR_NAMES.get(other, other)} »"


@check("C4-FOREIGN", "silver", after=["C2-REGISTERS"])
def foreign(exhibit: Exhibit) -> None:
    """Files of other software are not claimed.

    A file claimed by two connectors equally well is read by neither; one claimed wrongly is reported as damaged.
    """
    for name, content in FOREIGN.items():
        probe = Probe(name, len(content), content)
        answer = guarded(lambda: exhibit.connector.identify(probe))  # noqa: B023  # called at once
        if answer is not None and not isinstance(answer, Raised):
            raise Broken(f"« {name} », which is another's, is claimed")


@check("C4-READS", "bronze", after=["C4-CLAIM", "C5-MONEY"])
def reads(exhibit: Exhibit) -> None:
    """The sample gives as many records of each kind, and as many refused rows, as its scenario says.

    The scenario was counted by a person, in the export or on the screen of the software. A record that several rows say
    in the same words counts once.
    """
    told, expect = exhibit.whole, exhibit.scenario.expect
    if told.crashes:
        raise Broken(f"reading ended in {type(told.crashes[0].error).__name__}")
    counts = Counter(json.loads(line)["record"] for line in set(told.lines))
    refused = [(f"{name} {place}", reason) for name, place, reason in told.rejects]
    refused += [(f"{name} {error.where or ''}".strip(), error.what) for name, error in told.errors]
    said: list[str] = []
    if dict(counts) != {kind: number for kind, number in expect.records.items() if number}:
        said.append(f"records: {_counted(counts)}; expected: {_counted(expect.records)}")
        shared = sharing(told.lines)
        if shared:
            said.append(f"some share an id and differ: {shared}")
    if len(refused) != expect.rejects:
        places = ", ".join(place for place, _ in refused[:5])
        said.append(f"{len(refused)} rows or files refused ({places}); expected: {expect.rejects}")
        if isinstance(exhibit.connector, DialectConnector):  # its reasons are ours, and hold no value
            said += [f"the first: {reason}" for _, reason in refused[:1]]
        elif refused:
            said.append("« connector inspect FILE » says why")
    if said:
        raise Broken("; ".join(said))


@check("C4-DETERMINISTIC", "silver", after=["C4-READS", "C1-IMPORTS"])
def deterministic(exhibit: Exhibit) -> None:
    """Other processes read the same, whatever their hash seed, time zone and locale.

    The core reads a file again after a crash, and compares what it read on different days: a record that changes by
    itself is a change in the practice's books.
    """
    observed = exhibit.candidate.observed, exhibit.candidate.observed_elsewhere
    first, second = (each.digests.get(exhibit.name) for each in observed)
    if first is None or first != second:
        raise Broken("the records, or their order, differ between two processes")


@check("C4-CUT", "silver", after=["C4-READS"], exemptible=True)
def cut(exhibit: Exhibit) -> None:
    """A file that ends early is never taken for whole.

    Exports are cut: the disk fills, the software stops, the copy is interrupted. A short file that passes for whole
    makes acts disappear without a word. A format that has neither a total nor an end can't tell a cut at the end of a
    row; its scenario says so, and such cuts alone are let pass.
    """
    for attack in exhibit.cuts:
        if not attack.told.is_silent or attack.lost <= 0:
            continue
        if exhibit.exempt("C4-CUT", attack.file) is None:
            raise Broken(_lost(attack))
        exhibit.used.add("C4-CUT")
        if not _ends_a_row(attack, exhibit):
            raise Broken(f"{_lost(attack)}, in the middle of a row")


@check("C4-FLIP", "silver", after=["C4-READS"])
def flip(exhibit: Exhibit) -> None:
    """One damaged byte never silently costs more than the row that it is in.

    Memory sticks and old disks turn bits over. A mark that ends the reading early must not be found in the middle of a
    file.
    """
    most = max(exhibit.whole.most_of_a_row, 1)
    for attack in exhibit.flips:
        if attack.told.is_silent and attack.lost > most:
            raise Broken(_lost(attack))


@check("C4-ENCODING", "silver", after=["C4-READS"])
def encoding(exhibit: Exhibit) -> None:
    """A text file in another encoding, or with a byte order mark, is read right or refused, never read wrong.

    A list saved again by a spreadsheet changes its encoding: names with accents become others, and a patient is two.
    """
    attacks = exhibit.transcoded
    if not attacks:
        raise NotApplicable("the sample has no text files")
    original = Counter(exhibit.whole.lines)
    for attack in attacks:
        if attack.told.is_silent and Counter(attack.told.lines) - original:
            raise Broken(f"« {attack.file} » {attack.damage} gives other records, and nothing is said")


@check("C4-EMPTY", "silver", after=["C4-READS"])
def empty(exhibit: Exhibit) -> None:
    """A file with nothing in it, or with its first line alone, gives no record that the whole file does not give.

    Software that is asked for an empty period writes such files.
    """
    original = Counter(exhibit.whole.lines)
    for attack in exhibit.emptied:
        if Counter(attack.told.lines) - original or (not attack.content and attack.told.lines):
            raise Broken(f"« {attack.file} » {attack.damage} gives records")


@check("C4-BOMB", "silver", after=["C4-READS"])
def bomb(exhibit: Exhibit) -> None:
    """XML entities are not expanded, and no other file is read through them.

    A document of a few lines can take all the memory of the PC, or bring another file of this PC into a record.
    """
    documents = [file for file in exhibit.files if file.content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<?xml")]
    if not documents:
        raise NotApplicable("the sample has no XML files")
    with tempfile.TemporaryDirectory() as folder:
        neighbour = Path(folder, "voisin.txt")
        neighbour.write_text(_SECRET, encoding="utf-8")
        for file in documents:
            for name, content in _bombs(file.content, neighbour):
                told = exhibit.alone(MemoryFile(file.name, content), keep=True)
                if told.is_silent or any(_SECRET in text or "zzzzzzzz" in text for text in told.lines):
                    raise Broken(f"a document with {name} was read")


@check("C4-GIANT", "gold", after=["C4-READS"])
def giant(exhibit: Exhibit) -> None:
    """A line of many megabytes neither takes the memory of the PC nor passes for a row.

    A damaged file may have no line end at all; the PC of the practice has other work.
    """
    attack, seconds, peak = exhibit.giant
    if attack.told.is_silent and attack.lost > 0:
        raise Broken(_lost(attack))
    if seconds > exhibit.limits.giant_seconds:
        raise Broken(f"took {seconds:.0f} s of processor time")
    if peak > exhibit.limits.giant_memory:
        raise Broken(f"took {peak // 2**20} MB for a file of {len(attack.content) // 2**20} MB")


@check("C4-LOCKED", "silver", after=["C4-READS"])
def locked(exhibit: Exhibit) -> None:
    """A file that another program holds is reported as such, and not read as empty.

    On Windows the software that writes an export holds it; the core tries again later, if it learns of it.
    """
    for attack in exhibit.locked:
        if attack.told.is_silent and attack.lost > 0:
            raise Broken(_lost(attack))


@check("C4-PATHS", "silver", after=["C4-READS"])
def paths(exhibit: Exhibit) -> None:
    """The same files in a deep folder with accents and spaces in its name are read the same.

    That is where a practice keeps its exports.
    """
    with tempfile.TemporaryDirectory() as folder:
        deep = Path(folder, "Mes documents partagés", *["Été – exports du cabinet des Tilleuls"] * 6)
        deep.mkdir(parents=True)
        for file in exhibit.files:
            (deep / file.name).write_bytes(file.content)
        told = read(exhibit.connector, [LocalFile(deep / file.name) for file in exhibit.files])
    if Counter(told.lines) != Counter(exhibit.whole.lines):
        raise Broken("other records than from where the sample lies")


@check("C4-UNCHANGED", "bronze", after=["C4-READS"])
def unchanged(exhibit: Exhibit) -> None:
    """Reading leaves the files and their folder as they were.

    The export is the vendor's, and often the only copy.
    """
    with tempfile.TemporaryDirectory() as folder:
        for file in exhibit.files:
            Path(folder, file.name).write_bytes(file.content)
        before = _state(Path(folder))
        read(exhibit.connector, [LocalFile(path) for path in sorted(Path(folder).iterdir())], keep=False)
        after = _state(Path(folder))
    if before != after:
        touched = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise Broken(f"{len(touched)} files of the folder are not what they were")


@check("C4-GOLDEN", "gold", after=["*"], every=True)
def golden(exhibit: Exhibit) -> None:
    """The sample gives exactly the records that its author expects, field by field.

    Counts don't tell that two columns were swapped. The expected records are written from the screen of the software,
    or by another program: copied from what the plugin gives, they would only say that nothing changed. Since this
    compares everything, it is run when all else holds. Where the expected file says what it covers, that is compared
    too.
    """
    wanted = read(PivotConnector(), [LocalFile(exhibit.expected)])
    if not wanted.is_silent:
        said = [f"{place}: {reason}" for _, place, reason in wanted.rejects]  # the pivot connector's own words
        said += [f"{error.where or 'the file'}: {error.what}" for _, error in wanted.errors]
        raise Broken("; ".join([f"« {exhibit.scenario.expected} » is no whole pivot file", *said[:1]]))
    given, expected = set(exhibit.whole.lines), set(wanted.lines)
    if given != expected:
        said = [f"{len(given - expected)} records that are not expected, {len(expected - given)} that are missing"]
        raise Broken("; ".join([*said, *_differing(given - expected, expected - given)]))
    covered, wished = (set(told.covers.names()) for told in (exhibit.whole, wanted))
    if not wanted.covers.everything and covered != wished:
        raise Broken(f"other fields are covered than expected: {', '.join(sorted(covered ^ wished))}")


def _differing(given: Iterable[str], expected: Iterable[str]) -> Iterator[str]:
    """In which fields records differ that both have, by kind and id."""
    wanted = {(each["record"], each["id"]): each for each in map(json.loads, expected)}
    fields: Counter[str] = Counter()
    for record in map(json.loads, given):
        other = wanted.get((record["record"], record["id"]), record)
        differ = (name for name in record.keys() | other.keys() if record.get(name) != other.get(name))
        fields.update(f"{record['record']}.{name}" for name in differ)
    if fields:
        yield "they differ in " + ", ".join(f"{name} ({number} times)" for name, number in sorted(fields.items()))


def _counted(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()) if number) or "none"


def _lost(attack: Attack) -> str:
    return f"« {attack.file} » {attack.damage} loses {attack.lost} records, and nothing is said"


def _ends_a_row(attack: Attack, exhibit: Exhibit) -> bool:
    """Whether what is left ends where a row does: each row that is left is one of the whole file's."""
    if attack.content.endswith((b"\n", b"\r")):
        return True
    end = attack.content.rstrip()
    return any(row.raw and end.endswith(row.raw.rstrip()) for row in exhibit.rows_of(attack.file))


def _bombs(content: bytes, neighbour: Path) -> Iterator[tuple[str, bytes]]:
    start = content.index(b"?>") + 2
    root = content[start:].lstrip().removeprefix(b"<").split(b">", 1)[0].split()[0].rstrip(b"/")
    close = content.rindex(b"</")
    nested = b"".join(b'<!ENTITY z%d "%s">' % (n, b"&z%d;" % (n - 1) * 10) for n in range(1, 6))
    for name, entities, reference in (
        ("nested entities", b'<!ENTITY z0 "zzzzzzzz">' + nested, b"&z5;"),
        ("an external entity", b'<!ENTITY z0 SYSTEM "%s">' % neighbour.as_uri().encode(), b"&z0;"),
    ):
        type_ = b"\n<!DOCTYPE %s [%s]>\n" % (root, entities)
        yield name, content[:start] + type_ + content[start:close] + reference + content[close:]
        attribute = content[start:close].replace(b'="', b'="' + reference, 1)
        if b"=" in attribute:
            yield f"{name} in an attribute", content[:start] + type_ + attribute + content[close:]


def _state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


CHECKS: tuple[SampleCheck, ...] = (
    claim,
    foreign,
    reads,
    deterministic,
    cut,
    flip,
    encoding,
    empty,
    bomb,
    giant,
    locked,
    paths,
    unchanged,
    golden,
)
