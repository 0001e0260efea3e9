"""The reference of the dialect language, generated from what reads it; `docs/vendor/dialects.md` is its output."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal

from connector_core.dialects import language
from connector_core.dialects.converters import CONVERTERS, Converter, Target, key_of
from connector_core.model.records import KINDS, field_names

_INTRODUCTION = """# Dialects

This page is generated from `connector_core.dialects`.

A dialect is a TOML file in the package of a plugin. It says how the tables of an export become records of the
[common model](common-model.md). A site lays its own copy over a shipped one of the same id. Whatever is
wrong in it is told with its line and the nearest valid name.
"""
_FIELDS: Mapping[Target, str] = {
    "text": "label",
    "date": "performed_on",
    "time": "started_at",
    "timestamp": "created_at",
    "decimal": "amount",
    "integer": "quantity",
    "boolean": "urgent",
    "list": "domains",
}
"""A field that a converter of each type can fill, for its example."""
_LANGUAGE = (
    ("a column, as text", 'label = "Libellé"', "the text, without spaces around it; nothing where the cell is empty"),
    (
        "a table of words",
        'place = { from = "Lieu", as = "enum", values = { "Cab." = "CABINET" } }',
        'the word of the model; one that means `""` is as an empty cell; another refuses the row',
    ),
    (
        "an id made of columns",
        'id = { from = ["Jour", "Dossier", "#"], as = "key" }',
        f"a digest, such as `{key_of(('02/03/2026', 'D12', ''))}`: for rows that have no number of their own",
    ),
    ("a constant", 'rate = { value = "1" }', "the same on every record"),
    (
        "a column of another table",
        'letter = { join = "nomenclature", on = "Code", from = "Lettre" }',
        "that of its row whose key is the text of `on`; the row waits until that table was read",
    ),
    (
        "any of these, in some rows",
        'cancelled_on = { from = "Date", as = "date_fr", when = { column = "État", is = ["Annulée"] } }',
        "nothing in rows whose column has none of these texts; with `is_not`, one of them",
    ),
)
_CANCELLED = """A row that says that an invoice was cancelled is not left out by the `when` of its record: what it said
before would stay, since an export may be of a part of the practice, and what it lacks is no less true. The invoice says
`cancelled_on`. Where the export has a word for it and no day, the day on which it was closed serves, as in the last
line.
"""
_ROWS = """A row may make several records, also several of one kind, each with its `when`. A row of which one record
is refused makes none: where a session's row holds its invoice, and not every session has one, the invoice needs a
`when`. What no field reads goes into the `vendor` of the record that no other of the row names: the session's, not
the patient's.
"""
_TABLE_KEYS = (
    (
        'name = "seances"',
        "its name: of a database, the one it has there; of XML, its `element` where none is given",
    ),
    ('file = "seances_*.txt"', "a pattern of the file's name, case aside; what is inside tells more than the name"),
    ("columns = [...]", "the columns, where the file does not name them"),
    ('element = "patient/seance"', "XML: the elements that are rows"),
    ('record_type = "SE"', "fixed width: what each row of the table begins with, in a file of several tables"),
    ("length = 120", "fixed width: the characters of a row, where they are more than those of its columns"),
    ('remember = { key = "Code", columns = ["Lettre"] }', "what others find here by `join`; it may make no record"),
    ('ignore = ["Imprimé"]', "columns that are known and left out; any other that no field reads goes into `vendor`"),
    ('key = ["NUMERO"]', "database: what tells its rows apart"),
    ('version_column = "MODIFIE_LE"', "database: what grows with every change of a row"),
    ('growing_column = "NUMERO"', "database: in what every new row has more than all before it"),
    ("[[table.record]]", "a record that its rows make"),
)
_RECORD_KEYS = (
    ('kind = "invoice"', "the kind of the record"),
    ('when = { column = "N° facture", is_not = [""] }', "only of rows whose column has none of these texts"),
    ('when = { column = "Type", is = ["S", "B"] }', "only of rows whose column has one of these texts"),
    ("[table.record.fields]", "its fields"),
)


_OPTIONS = {
    "separator": "what stands between two cells; `;` when left out",
    "encoding": "`cp1252` when left out; of dBase, what the file says. A text that is plainly Unicode is read as it is",
    "quote": 'what stands around a cell; `"` when left out',
    "header": "the line of the titles; when left out, the first that has every column the table reads",
    "trailer": "what the last line begins with, where it counts the rows",
    "final_newline": "whether a last line without its end is a cut file; true when left out",
    "root": "the name of the root element, by which the file is known",
    "file": "a pattern of the file's name, case aside, where one file holds all tables",
    "newline": "whether each record is a line; true when left out",
    "zone": "the zone of hours without one; `Europe/Paris` when left out",
    "producer": "a pattern of the calendar's PRODID",
}


def dialect_reference() -> str:
    """The page, in Markdown."""
    parts = [_INTRODUCTION, "## A dialect\n", *_described(), "## Tables\n"]
    parts += [_table(_keys("`[[table]]`", _TABLE_KEYS)), "", _table(_keys("`[[table.record]]`", _RECORD_KEYS)), ""]
    parts += [_ROWS, "## Fields\n", _table(_fields()), "", _CANCELLED]
    parts += ["## Converters\n", "What a converter can't read refuses the row, with a reason that does not hold it.\n"]
    parts += [_table(_converters()), ""]
    parts += ["## Formats\n", _table(_formats()), "", "## Records\n", _records()]
    return "\n".join(parts)


def _described() -> Iterator[str]:
    """What the module of the language says of it, without what is for who reads the code."""
    paragraphs = (inspect.getdoc(language) or "").split("\n\n")
    text = "\n\n".join(paragraphs[1:-1])
    yield text + "\n"


def _keys(table: str, keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    yield f"In {table}", "What it says"
    for example, says in keys:
        yield f"`{example}`", says


def _fields() -> Iterator[tuple[str, ...]]:
    yield "What", "In the dialect", "What it gives"
    for what, example, gives in _LANGUAGE:
        yield what, f"`{example}`", gives


def _converters() -> Iterator[tuple[str, ...]]:
    yield "Converter", "Reads", "In the dialect", "From", "To"
    for each in CONVERTERS.values():
        field = _FIELDS[each.target]
        yield (
            f"`{each.name}`",
            each.summary,
            f'`{field} = {{ from = "…", as = "{each.name}" }}`',
            f"`{each.example}`",
            f"{_shown(each)}",
        )


def _shown(converter: Converter) -> str:
    """The value of a converter's example, as the pivot format writes it."""
    value = converter.convert(converter.example)
    match value:
        case datetime() | date() | time():
            return f"`{value.isoformat()}`"
        case bool():
            return f"`{str(value).lower()}`"
        case Decimal() | int() | str():
            return f"`{value}`"
        case tuple():
            return ", ".join(f"`{part}`" for part in value)
        case _:
            raise TypeError(f"no example of {converter.name}")


def _formats() -> Iterator[tuple[str, ...]]:
    yield "`kind`", "Options of `[format]`", "Type", "What it says"
    for kind, options in language._OPTIONS.items():
        for name, wanted in options.items():
            yield f"`{kind}`", f"`{name}`", wanted.__name__, _OPTIONS[name]
        if not options:
            yield f"`{kind}`", "", "", ""


def _records() -> str:
    lines = ["Kinds of `[[table.record]]`, and the fields that each must have (`id` goes without saying):", ""]
    for kind, record in KINDS.items():
        needed = [name for name in field_names(record) if record.model_fields[name].is_required() and name != "id"]
        lines.append(f"* `{kind}`: {', '.join(f'`{name}`' for name in needed) or 'none'}")
    return "\n".join([*lines, ""])


def _table(rows: Iterator[tuple[str, ...]]) -> str:
    head, *others = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *others])
