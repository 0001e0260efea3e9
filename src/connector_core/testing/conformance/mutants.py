"""Plugins that each break one promise: the new plugin of the scaffold, with one change.

For every check there is one; the kit must fail that check and no other. They are what the kit is tested with, and a
table of the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from textwrap import indent
from typing import Literal

from connector_core.testing.acme import ALERTS, ALERTS_TABLE, IMPORT, NOTE
from connector_core.testing.scaffold.render import render
from connector_core.testing.scaffold.sample import Kind

NAME = "mutant"
PACKAGE = f"connector_{NAME}"
_PLUGIN = f"src/{PACKAGE}/__init__.py"
_DIALECT = f"src/{PACKAGE}/dialects/*.toml"
ENTRY_POINTS = "src/entry_points.txt"
METADATA = "src/METADATA"
_HOOK = "\n\n\n@hookimpl"
_REGISTERED = "DialectConnector.from_package("

_READING = '''

class ChangedReading:
    """The reading of the dialect, with one change."""

    def __init__(self, inner, file):
        self.inner, self.file = inner, file

    def __getattr__(self, name):
        return getattr(self.inner, name)

{body}

class Changed(DialectConnector):
    def read(self, file, claim):
        return ChangedReading(super().read(file, claim), file)
'''
_CONNECTOR = """

class Changed(DialectConnector):
{body}
"""

_SCRIPT = "samples/database/database.sql"
_COPY = """CREATE TABLE JOURNAL (ID_PATIENT INTEGER);
CREATE TRIGGER COPIE {0} ON ALERTES BEGIN INSERT INTO JOURNAL VALUES ({1}.ID_PATIENT); END;
"""
_LAST_FIELD = 'amount = { from = "MONTANT", as = "money_cents" }'
_FIRST_SESSION = "INSERT INTO SEANCES VALUES (1,"
PLACES = (
    (_DIALECT, _LAST_FIELD, f"{_LAST_FIELD}\n{NOTE}{ALERTS}{IMPORT}"),
    (
        _SCRIPT,
        _FIRST_SESSION,
        "ALTER TABLE PATIENTS ADD COLUMN NOTE VARCHAR(2000);\n"
        f"ALTER TABLE PATIENTS ADD COLUMN CABINET INTEGER DEFAULT 1;{ALERTS_TABLE}{_FIRST_SESSION}",
    ),
)
"""The edits by which the new plugin for a database has places for flags, of every sort."""


@dataclass(frozen=True)
class Mutant:
    """A change that breaks `check`: what it does, in words and as edits (files, text before, text after).

    `without` are files that it lacks. `body` are methods of a changed reading or connector (`base`), `code` is added to
    the module.
    """

    check: str
    does: str
    edits: tuple[tuple[str, str, str], ...] = ()
    without: str = ""
    kind: Kind = "csv"
    base: Literal["", "reading", "connector"] = ""
    body: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


def files_of(mutant: Mutant) -> Mapping[str, bytes]:
    """The files of a mutant's distribution, with the metadata that installing it would write."""
    files = dict(render(NAME, mutant.kind))
    files[ENTRY_POINTS] = f"[connector.plugins.v1]\n{NAME} = {PACKAGE}\n".encode()
    files[METADATA] = "\n".join(
        ("Metadata-Version: 2.4", f"Name: connector-{NAME}", "Version: 0.1.0", "Requires-Dist: connector-core>=0.1", "")
    ).encode()
    for pattern, before, after in (*mutant.edits, *_added(mutant)):
        (name,) = (each for each in files if fnmatchcase(each, pattern))
        text = files[name].decode()
        if before not in text:
            raise ValueError(f"{mutant.check}: {name} does not hold what is to be changed")
        files[name] = text.replace(before, after, 1).encode()
    return {
        name: content for name, content in files.items() if not mutant.without or not fnmatchcase(name, mutant.without)
    }


def _added(mutant: Mutant) -> Iterator[tuple[str, str, str]]:
    """The edits that bring a mutant's code into its module, before the hook."""
    added = [mutant.code.strip("\n")] if mutant.code else []
    if mutant.base:
        template = _READING if mutant.base == "reading" else _CONNECTOR
        added.append(template.format(body=indent(mutant.body.strip("\n"), "    ")).strip("\n"))
        yield _PLUGIN, _REGISTERED, "Changed.from_package("
    if added:
        yield _PLUGIN, _HOOK, "\n\n\n".join(["", *added]) + _HOOK


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "C1-DECLARED",
        "its entry point is in another group",
        ((ENTRY_POINTS, "plugins.v1", "plugin.v1"),),
    ),
    Mutant(
        "C1-IMPORTS",
        "calls `sys.exit` when it is imported",
        code="""
raise SystemExit(3)
""",
    ),
    Mutant(
        "C1-REQUIRES",
        "its metadata does not name connector-core",
        ((METADATA, "connector-core", "click"),),
    ),
    Mutant(
        "C1-RANGE",
        "`requires_core` has no upper bound",
        ((_PLUGIN, ',<1"', '"'),),
    ),
    Mutant(
        "C1-TYPED",
        "is shipped without `py.typed`",
        without="*/py.typed",
    ),
    Mutant(
        "C1-QUIET",
        "sets an environment variable when it is imported",
        code="""
import os
os.environ['MUTANT'] = '1'
""",
    ),
    Mutant(
        "C1-FAST",
        "computes for a while when it is imported",
        code="""
import time
_end = time.process_time() + 1.2
while time.process_time() < _end:
    pass
""",
    ),
    Mutant(
        "C2-KNOWN",
        "has a hook whose name is misspelled",
        code="""
@hookimpl
def connector_register_diagnostic(register):
    pass
""",
    ),
    Mutant(
        "C2-WRAPPER",
        "wraps the hook that gives secrets",
        code="""
@hookimpl(wrapper=True)
def connector_secret(reference):
    return (yield)
""",
    ),
    Mutant(
        "C2-REGISTERS",
        "does not say who the vendor is",
        ((_PLUGIN, 'vendor="Mutant"', 'vendor=""'),),
    ),
    Mutant(
        "C2-INFO",
        "`info.version` was not raised with the distribution",
        ((_PLUGIN, "version=__version__", 'version="0.0.9"'),),
    ),
    Mutant(
        "C2-STABLE",
        "gives a sensitive pattern another id each time",
        code="""
@hookimpl
def connector_register_sensitive(register):
    import re, uuid
    from connector_core.plugins.contributions import SensitivePattern
    register(SensitivePattern(uuid.uuid4().hex, re.compile('MUT[0-9]{8}')))
""",
    ),
    Mutant(
        "C3-EXTRA",
        "drops the keys of `[connector]` that it does not know",
        base="connector",
        body="""
def with_dialects(self, dialects):
    from dataclasses import replace
    return super().with_dialects([replace(each, connector={}) for each in dialects])
""",
    ),
    Mutant(
        "C3-SITE",
        "looks at a site's dialect, and keeps its own",
        base="connector",
        body="""
def with_dialects(self, dialects):
    super().with_dialects(dialects)
    return self
""",
    ),
    Mutant(
        "C3-SECRET",
        "ships a password in its dialect",
        (
            (_DIALECT, "[[table]]", '[connector]\npassword = "tilleuls"\n\n[[table]]'),
            (_PLUGIN, '"dialects")', '"dialects", asks=("password",))'),
        ),
    ),
    Mutant(
        "C4-ENDS",
        "waits, when it reads, for an answer that never comes",
        base="reading",
        body="""
def rows(self):
    import threading
    threading.Event().wait()
    yield from self.inner.rows()
""",
    ),
    Mutant(
        "C4-CLAIM",
        "claims without saying why",
        base="connector",
        body="""
def identify(self, probe):
    from dataclasses import replace
    claim = super().identify(probe)
    return claim and replace(claim, reason='')
""",
    ),
    Mutant(
        "C4-FOREIGN",
        "claims any PDF, in case it is an export",
        base="connector",
        body="""
def identify(self, probe):
    from connector_core.plugins.connector import Claim
    if probe.head.startswith(b'%PDF'):
        return Claim(self.info.id, 'mutant-csv', 0.3, 'un document', 'seances')
    return super().identify(probe)
""",
    ),
    Mutant(
        "C4-READS",
        "leaves out what was done at home",
        (
            (
                _DIALECT,
                '[[table.record]]\nkind = "act"',
                '[[table.record]]\nkind = "act"\nwhen = { column = "Lieu", is_not = ["Domicile"] }',
            ),
        ),
    ),
    Mutant(
        "C4-DETERMINISTIC",
        "gives its rows in the order of their hashes",
        base="reading",
        body="""
def rows(self):
    yield from sorted(self.inner.rows(), key=lambda row: hash(row.raw))
""",
    ),
    Mutant(
        "C4-CUT",
        "does without the line that counts the rows",
        ((_DIALECT, 'trailer = "Total"', "final_newline = true"),),
        base="reading",
        body="""
def rows(self):
    yield from (row for row in self.inner.rows() if not row.raw.startswith(b'Total'))
""",
    ),
    Mutant(
        "C4-FLIP",
        "takes a control character for the end of the file",
        base="reading",
        body="""
def rows(self):
    for row in self.inner.rows():
        if any(byte < 32 for byte in row.raw):
            return
        yield row
""",
    ),
    Mutant(
        "C4-ENCODING",
        "drops the accents of a file that is in UTF-8",
        base="connector",
        body="""
def identify(self, probe):
    from dataclasses import replace
    return super().identify(replace(probe, head=plain(probe.head)))

def read(self, file, claim):
    return super().read(Plain(file), claim)
""",
        code="""
class Plain:
    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def open(self):
        import io
        with self.file.open() as stream:
            return io.BytesIO(plain(stream.read()))


def plain(content):
    try:
        first, end, others = content.decode('utf-8').partition('\\n')
    except UnicodeDecodeError:
        return content
    return (first + end).encode('cp1252', 'ignore') + others.encode('ascii', 'ignore')
""",
    ),
    Mutant(
        "C4-EMPTY",
        "makes a patient of an empty file",
        base="connector",
        body="""
def identify(self, probe):
    from connector_core.plugins.connector import Claim
    if probe.size == 0:
        return Claim(self.info.id, '', 0.1, 'un fichier vide')
    return super().identify(probe)

def read(self, file, claim):
    return super().read(file, claim) if file.size else Nobody()
""",
        code="""
class Nobody:
    tables, remembers, signature = ('',), False, 'nobody'

    @property
    def covers(self):
        from connector_core.model.coverage import Covers
        return Covers()

    def rows(self):
        from connector_core.formats.rows import Row
        yield Row(1, '', b'nobody')

    def records(self, row, lookup):
        from connector_core.model.records import Patient
        return [(Patient, {'id': 'nobody'})]

    def remember(self, row):
        return None
""",
    ),
    Mutant(
        "C4-BOMB",
        "lets lxml expand the entities of a document before it is read",
        kind="xml",
        base="connector",
        body="""
def identify(self, probe):
    import re
    from dataclasses import replace
    head = re.sub(rb'<!DOCTYPE.*?\\]>', b'', probe.head, flags=re.DOTALL)
    return super().identify(replace(probe, head=head))

def read(self, file, claim):
    return super().read(Expanded(file), claim)
""",
        code="""
class Expanded:
    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def open(self):
        import io
        from lxml import etree
        with self.file.open() as stream:
            content = stream.read()
        if b'<!DOCTYPE' not in content:
            return io.BytesIO(content)
        parser = etree.XMLParser(resolve_entities=True, load_dtd=True, huge_tree=True)
        root = etree.fromstring(content, parser)
        return io.BytesIO(etree.tostring(root, encoding='ISO-8859-1', xml_declaration=True))
""",
    ),
    Mutant(
        "C4-GIANT",
        "holds the file as a list of its bytes",
        base="reading",
        body="""
def rows(self):
    with self.file.open() as stream:
        held = list(stream.read())
    yield from self.inner.rows() if held else ()
""",
    ),
    Mutant(
        "C4-LOCKED",
        "takes a file that it can't open for an empty one",
        base="connector",
        body="""
def read(self, file, claim):
    from connector_core.errors import SourceError
    try:
        return super().read(file, claim) if file.open() else None
    except SourceError:
        return Empty()
""",
        code="""
class Empty:
    tables, remembers, signature = ('',), False, 'empty'

    @property
    def covers(self):
        from connector_core.model.coverage import Covers
        return Covers()

    def rows(self):
        return iter(())
""",
    ),
    Mutant(
        "C4-PATHS",
        "reads nothing below a folder with an accent in its name",
        base="reading",
        body="""
def rows(self):
    with self.file.as_path() as path:
        plain = str(path.parent).isascii()
    yield from self.inner.rows() if plain else ()
""",
    ),
    Mutant(
        "C4-UNCHANGED",
        "touches the file to mark that it was read",
        base="reading",
        body="""
def rows(self):
    import os
    with self.file.as_path() as path:
        os.utime(path, (1, 1))
    yield from self.inner.rows()
""",
    ),
    Mutant(
        "C4-GOLDEN",
        "takes the family name for the given name, and the reverse",
        ((_DIALECT, 'family_name = "Nom"\ngiven_name = "Prénom"', 'family_name = "Prénom"\ngiven_name = "Nom"'),),
    ),
    Mutant(
        "C5-MONEY",
        "computes amounts in binary fractions",
        base="reading",
        body="""
def records(self, row, lookup):
    drafts = self.inner.records(row, lookup)
    for _, values in drafts:
        if 'amount' in values:
            values['amount'] = float(values['amount'])
    return drafts
""",
    ),
    Mutant(
        "C5-KEYS",
        "names an act after its patient",
        ((_DIALECT, 'id = "N° séance"', 'id = "N° patient"\nlabel = "N° séance"'),),
    ),
    Mutant(
        "C5-PLACE",
        "counts lines from zero",
        base="reading",
        body="""
def rows(self):
    yield from (row._replace(place=row.place - 1) for row in self.inner.rows())
""",
    ),
    Mutant(
        "C5-COVERS",
        "forgets to say that it gives amounts",
        base="reading",
        body="""
@property
def covers(self):
    from connector_core.model.coverage import Covers
    return Covers.of(name for name in self.inner.covers.names() if name != 'act.amount')
""",
    ),
    Mutant(
        "C5-UNKNOWN",
        "takes any place that it does not know for the practice",
        base="reading",
        body="""
def records(self, row, lookup):
    cells = row.raw.split(b';')
    if len(cells) == 11 and cells[9].isalpha() and cells[9] != b'Domicile':
        cells[9] = b'Cabinet'
    return self.inner.records(row._replace(raw=b';'.join(cells)), lookup)
""",
    ),
    Mutant(
        "C5-TOTALS",
        "takes the coefficient for the amount",
        ((_DIALECT, 'from = "Montant"', 'from = "Coefficient"'),),
    ),
    Mutant(
        "C6-TAXONOMY",
        "lets a `KeyError` out where a word is unknown",
        base="reading",
        body="""
def records(self, row, lookup):
    from connector_core.errors import RowRefused
    try:
        return self.inner.records(row, lookup)
    except RowRefused:
        raise KeyError('place') from None
""",
    ),
    Mutant(
        "C6-REMEDY",
        "refuses a file without saying what to do",
        base="reading",
        body="""
def rows(self):
    from connector_core.errors import FileRefused
    try:
        yield from self.inner.rows()
    except FileRefused as refused:
        raise FileRefused(refused.what, where=refused.where) from None
""",
    ),
    Mutant(
        "C6-MESSAGE",
        "says which value it could not read",
        base="reading",
        body="""
def records(self, row, lookup):
    from connector_core.errors import RowRefused
    try:
        return self.inner.records(row, lookup)
    except RowRefused:
        raise RowRefused('ligne illisible : ' + row.raw.decode('cp1252', 'replace')) from None
""",
    ),
    Mutant(
        "C6-LOG",
        "logs every row at level debug",
        base="reading",
        body="""
def records(self, row, lookup):
    import logging
    logging.getLogger(__name__).debug('row %s', row.raw.decode('cp1252', 'replace'))
    return self.inner.records(row, lookup)
""",
    ),
    Mutant(
        "C7-RENAMED",
        "puts the name of the file into the ids of acts",
        base="reading",
        body="""
def records(self, row, lookup):
    drafts = self.inner.records(row, lookup)
    for _, values in drafts:
        if 'letter' in values:
            values['id'] = f"{values['id']}-{self.file.name}"
    return drafts
""",
    ),
    Mutant(
        "C7-REORDERED",
        "puts the line number into the ids of acts",
        base="reading",
        body="""
def records(self, row, lookup):
    drafts = self.inner.records(row, lookup)
    for _, values in drafts:
        if 'letter' in values:
            values['id'] = f"{values['id']}-{row.place}"
    return drafts
""",
    ),
    Mutant(
        "C7-SUPERSET",
        "puts the number of lines of the file into the ids of acts",
        base="reading",
        body="""
def records(self, row, lookup):
    if not hasattr(self, 'lines'):
        with self.file.open() as stream:
            self.lines = stream.read().count(b'\\n')
    drafts = self.inner.records(row, lookup)
    for _, values in drafts:
        if 'letter' in values:
            values['id'] = f"{values['id']}-{self.lines}"
    return drafts
""",
    ),
    Mutant(
        "C8-DECLARED",
        "declares that it writes back, and has no place for it",
        ((_PLUGIN, "    verified=False", '    capabilities=frozenset({"files", "write_back"}),\n    verified=False'),),
    ),
    Mutant(
        "C8-PLACE",
        "names a table of alerts that the sample lacks",
        (*PLACES, (_DIALECT, 'table = "ALERTES"', 'table = "ALERTE"')),
        kind="database",
    ),
    Mutant(
        "C8-ROW",
        "tells the patient's row by the number of the practice",
        (*PLACES, (_DIALECT, "row = { ID = {", "row = { CABINET = {")),
        kind="database",
    ),
    Mutant(
        "C8-TEXT",
        "declares more text than the column of its alerts holds",
        (*PLACES, (_DIALECT, "length = 60", "length = 500")),
        kind="database",
    ),
    Mutant(
        "C8-UNREAD",
        "reads the patient's household from the note that it writes into",
        (*PLACES, (_DIALECT, 'family_name = "NOM"', 'family_name = "NOM"\nhousehold = "NOTE"')),
        kind="database",
    ),
    Mutant(
        "C8-ONLY",
        "puts its alerts into a table of which the software keeps a copy",
        (*PLACES, (_SCRIPT, ALERTS_TABLE, ALERTS_TABLE + _COPY.format("AFTER INSERT", "NEW"))),
        kind="database",
    ),
    Mutant(
        "C8-UNDONE",
        "puts its alerts into a table of which the software keeps what was deleted",
        (*PLACES, (_SCRIPT, ALERTS_TABLE, ALERTS_TABLE + _COPY.format("BEFORE DELETE", "OLD"))),
        kind="database",
    ),
    Mutant(
        "C9-NETWORK",
        "connects to its vendor's server when it reads",
        base="reading",
        body="""
def rows(self):
    import socket
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 9))
    yield from self.inner.rows()
""",
    ),
    Mutant(
        "C9-FILES",
        "keeps a copy of every row in a temporary file",
        base="reading",
        body="""
def rows(self):
    import tempfile
    with tempfile.TemporaryFile() as copy:
        for row in self.inner.rows():
            copy.write(row.raw)
            yield row
""",
    ),
    Mutant(
        "C9-BUNDLE",
        "names its layout after the first patient of the file",
        base="reading",
        body="""
@property
def signature(self):
    with self.file.open() as stream:
        lines = stream.read(4096).split(b'\\n')
    cells = lines[1].split(b';') if len(lines) > 1 else []
    return 'mutant ' + (cells[3].decode('cp1252', 'replace') if len(cells) > 3 else '')
""",
    ),
)
