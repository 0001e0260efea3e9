"""What a file is: how it is written, who claims it, what it holds, where it is damaged.

Values are only shown by their form (`99/99/9999`, `Aaaaa`) unless the caller gives another way to show them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from itertools import islice

from connector_core.diagnose.near import Near, nearest_layout
from connector_core.dialects.calibration.fixed import line_lengths
from connector_core.dialects.compiler import same_name
from connector_core.dialects.drafts import Draft, Waiting
from connector_core.dialects.mappings import Dialect, FieldMapping
from connector_core.errors import ConnectorError, FileRefused, RowRefused
from connector_core.formats.document import Probe, SpooledFile, probe_of
from connector_core.formats.masking import masked
from connector_core.formats.physical import mark_of
from connector_core.formats.rows import locator
from connector_core.formats.sniffing import Guess, guess_encoding, is_plain, is_text, sniff
from connector_core.model.pivot import validated
from connector_core.plugins.connector import Claim, Describes, Reading
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.host import PluginHost

Show = Callable[[str], str]
"""How a value is shown."""
Tell = Callable[[str, int], None]

_SAMPLED = 50
_REFUSALS = 5
_TELL_EVERY = 2000
_XML_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding=[\"']([A-Za-z0-9._-]+)[\"']")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column as the file shows it, and the form of its first value."""

    name: str
    sample: str


@dataclass(frozen=True, slots=True)
class TextFacts:
    """How a delimited text seems to be written. `header` is the line of the titles, 0 when there are none."""

    separator: str
    quote: str | None
    header: int
    decimal: str | None
    date_form: str | None
    columns: tuple[ColumnFacts, ...]


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """A connector that knows the file. `verified` is False for layouts that nobody has seen on an installation."""

    connector: str
    product: str
    verified: bool
    dialect: str
    variant: str
    version: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """Where a field of the model comes from, through which converter, and the form of its first value."""

    table: str
    source: str
    target: str
    converter: str
    sample: str


@dataclass(slots=True)
class TableFacts:
    """The rows of one table: all, those refused, those that wait for another file."""

    name: str
    rows: int = 0
    refused: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    place: str
    reason: str


@dataclass(slots=True)
class Contents:
    """What reading the file to its end showed. `damage` is where reading had to stop."""

    tables: dict[str, TableFacts] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0
    damage: Refusal | None = None
    samples: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything about one file. `status` is `known`, `ambiguous` or `unknown`; `near` is what an unknown one is
    nearest to, `line_lengths` how long its lines are where it seems to be of fixed width, `resting` the extensions that
    are installed and could not be asked about it."""

    name: str
    size: int
    sha256: str
    encoding: str
    declared: str | None
    text: TextFacts | None
    status: str
    conclusion: str
    claims: tuple[ClaimFacts, ...]
    skipped: tuple[tuple[str, str], ...]
    fields: tuple[FieldFacts, ...]
    contents: Contents | None
    near: Near | None = None
    line_lengths: tuple[int, ...] = ()
    resting: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every row of the file can be used."""
        contents = self.contents
        return contents is not None and contents.damage is None and not contents.refused


def inspect(
    file: SpooledFile,
    host: PluginHost,
    show: Show = masked,
    tell: Tell | None = None,
    among: Sequence[str] | None = None,
) -> Inspection:
    """Look at a file and read it to its end. Nothing is written, and nothing a plugin raises gets out."""
    probe = probe_of(file)
    found = host.identify(probe, among)
    claim = found.claim
    dialect = _dialect(host, claim)
    contents = None if claim is None else _read(file, host, claim, show, tell or _silent)
    lengths = line_lengths(probe.head) if claim is None and is_plain(probe.head) else ()
    text = None if lengths else _text(probe, dialect, show)
    encoding = guess_encoding(probe.head) if is_text(probe.head) else ""
    near = None
    if text is not None and found.status == "unknown":
        titles = [column.name for column in text.columns]
        any_will_do = probe.head.isascii() or encoding.startswith("utf")
        near = nearest_layout(host, titles, "" if any_will_do else encoding, text.separator, among)
    return Inspection(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        encoding=encoding,
        declared=_declared(probe.head, dialect),
        text=text,
        status=found.status,
        conclusion=found.reason,
        claims=tuple(_claim(host, each) for each in found.claims),
        skipped=tuple((each.connector, each.reason) for each in found.skipped),
        fields=() if claim is None or dialect is None else tuple(_fields(dialect, claim, text, contents)),
        contents=contents,
        near=near,
        line_lengths=lengths,
        resting=tuple(each.name for each in host.reports if each.status != "ok") if found.status == "unknown" else (),
    )


def described(file: SpooledFile, host: PluginHost, found: Inspection) -> Mapping[str, object] | None:
    """Everything a file says, where its connector can tell; None where it can't, or fails to."""
    if found.status != "known":
        return None
    connector = host.connectors[found.claims[0].connector].connector
    if not isinstance(connector, Describes):
        return None
    claim = host.identify(probe_of(file), (connector.info.id,)).claim
    answer = None if claim is None else guarded(partial(connector.describe, file, claim))
    return answer if isinstance(answer, Mapping) else None


def _dialect(host: PluginHost, claim: Claim | None) -> Dialect | None:
    if claim is None:
        return None
    connector: object = host.connectors[claim.connector].connector
    return connector.dialects.get(claim.dialect) if isinstance(connector, ReadsDialects) else None


def _claim(host: PluginHost, claim: Claim) -> ClaimFacts:
    info = host.connectors[claim.connector].connector.info
    return ClaimFacts(
        claim.connector,
        info.product,
        info.verified,
        claim.dialect,
        claim.variant,
        claim.version,
        round(claim.score, 3),
        claim.reason,
    )


def _declared(head: bytes, dialect: Dialect | None) -> str | None:
    """The encoding that the file itself announces, else the one its dialect expects."""
    _, announced = mark_of(head)
    if announced:
        return announced
    named = _XML_DECLARATION.match(head.lstrip())
    if named is not None:
        return named[1].decode("ascii")
    return None if dialect is None else dialect.format.text("encoding", "") or None


def _text(probe: Probe, dialect: Dialect | None, show: Show) -> TextFacts | None:
    """How a delimited text is written; None for what is not one."""
    if dialect is not None and dialect.format.kind != "delimited":
        return None
    if not is_plain(probe.head):
        return None
    guess = sniff(probe.head)
    if guess.width < 2:
        return None
    samples = _first_values(probe, guess)
    columns = tuple(
        ColumnFacts(name, show(sample) if sample else "") for name, sample in zip(guess.columns, samples, strict=False)
    )
    return TextFacts(guess.separator, guess.quote, guess.header, guess.decimal, guess.date_form, columns)


def _first_values(probe: Probe, guess: Guess) -> list[str]:
    """The first value of each column that is not empty, among the first rows."""
    import io

    found = [""] * guess.width
    try:
        fmt = guess.format()
        splitter = fmt.splitter(guess.width)
        for row in islice(fmt.rows(io.BytesIO(probe.head)), _SAMPLED):
            try:
                values = splitter.values(row.raw)
            except RowRefused:
                continue
            found = [had or value.strip() for had, value in zip(found, values, strict=False)]
    except ConnectorError:  # the beginning of a file ends anywhere
        pass
    return found


class _Remembered:
    """What the file itself contributes to joins."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Mapping[str, str]] = {}

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        return self.known.get((table, key))


def _read(file: SpooledFile, host: PluginHost, claim: Claim, show: Show, tell: Tell) -> Contents:
    contents = Contents()
    connector = host.connectors[claim.connector].connector
    outcome = guarded(lambda: _scan(connector.read(file, claim), claim, contents, show, partial(tell, file.name)))
    if isinstance(outcome, Raised):
        match outcome.error:
            case FileRefused(where=where, what=what):
                contents.damage = Refusal(where or "fichier", what)
            case ConnectorError() as error:
                contents.damage = Refusal("fichier", str(error))
            case _:
                contents.damage = Refusal("fichier", f"le connecteur « {claim.connector} » : {outcome.description}")
    return contents


def _scan(reading: Reading, claim: Claim, contents: Contents, show: Show, tell: Callable[[int], None]) -> None:
    lookup = _Remembered()
    for number, row in enumerate(reading.rows()):
        if number % _TELL_EVERY == 0:
            tell(number)
        name = row.table or claim.variant or claim.dialect
        table = contents.tables.setdefault(name, TableFacts(name))
        table.rows += 1
        try:
            entry = reading.remember(row)
            if entry is not None:
                lookup.known[entry[0], entry[1]] = entry[2]
            drafts = reading.records(row, lookup)
            if isinstance(drafts, Waiting):
                table.waiting += 1
                continue
            for kind, values in drafts:
                validated(kind, values)
        except RowRefused as refused:
            table.refused += 1
            contents.refused += 1
            if len(contents.refusals) < _REFUSALS:
                contents.refusals.append(Refusal(locator(row.place), refused.reason))
            continue
        _note(drafts, contents, show)


def _note(drafts: Iterable[Draft], contents: Contents, show: Show) -> None:
    for kind, values in drafts:
        contents.records[kind.record] += 1
        for name, value in values.items():
            target = f"{kind.record}.{name}"
            if target not in contents.samples and value is not None:
                contents.samples[target] = show(_written(value))


def _fields(dialect: Dialect, claim: Claim, text: TextFacts | None, contents: Contents | None) -> Iterator[FieldFacts]:
    """The map of the fields; a sample is what the column holds where that was seen, else what was understood of it."""
    samples = {} if contents is None else contents.samples
    columns = {} if text is None else {same_name(column.name): column.sample for column in text.columns}
    for table in dialect.tables:
        if claim.variant and table.name != claim.variant:
            continue
        for record in table.records:
            for each in record.fields:
                target = f"{record.kind}.{each.target}"
                converter = "" if each.constant is not None else each.converter
                raw = columns.get(same_name(each.columns[0])) if len(each.columns) == 1 else None
                sample = samples.get(target, "") if raw is None else raw
                yield FieldFacts(table.name, _source(each), target, converter, sample)


def _source(mapping: FieldMapping) -> str:
    when = f", selon {mapping.when.column}" if mapping.when is not None else ""
    if mapping.constant is not None:
        return f"constante {mapping.constant}{when}"
    if mapping.join is not None:
        join = mapping.join
        return f"{join.on} → {join.table}.{join.column}{when}"
    return " + ".join(mapping.columns) + when


def _written(value: object) -> str:
    match value:
        case bool():
            return "oui" if value else "non"
        case datetime():
            return value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
        case Mapping():
            return ", ".join(map(str, value.values()))
        case tuple() | list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _silent(_what: str, _done: int) -> None:
    return None
