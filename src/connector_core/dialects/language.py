"""The dialect language: a TOML file that says how a vendor's tables become records of the common model.

```toml
[dialect]
id = "vega-texte-a"
title = "Vega, listes exportées en texte"
version = "1"

[format]
kind = "delimited"              # delimited, xml, fixed, dbase, ical, database
separator = ";"
encoding = "cp1252"

[[table]]
name = "seances"
file = "vega_seances_*.txt"     # pattern of the file's name, case aside

[[table.record]]
kind = "act"
[table.record.fields]
id = "N° séance"                                             # a column, as text
performed_on = { from = "Date", as = "date_fr" }             # a column through a converter
place = { from = "Lieu", as = "enum", values = { C = "CABINET", D = "DOMICILE" } }
session_id = { from = ["Date", "N° patient"], as = "key" }   # an identifier made of columns
rate = { value = "1" }                                       # a constant
letter = { join = "nomenclature", on = "Code", from = "Lettre" }
started_at = { from = "Heure", as = "time", when = { column = "Heure", is_not = ["00:00"] } }
```

Columns that the file itself does not name are declared by the table, `columns = [...]`:

* fixed width: `{ name = "NOM", start = 11, end = 40 }`, positions from 1, both included;
* XML: `"nom"`, `{ name = "nom", path = "identite/nom" }` or, of an attribute, `{ name = "numero", path = "@numero" }`
  inside the element, `{ name = "patient", ancestor = "patient/@numero" }` for an attribute of the nearest element of
  that name around it. `element` is a tag, the end of a path (`"patient/droit"`), a whole one (`"/export/lot"`), or a
  list of those where one kind of row lies at several depths. Names are without prefixes: namespaces do not count;
* delimited: the names of all columns, in their order, of a file without titles;
* iCalendar: the vendor's own properties (`"x-praticien"`), beside those every calendar has.

A table of a database (`kind = "database"`) has the name it has there, and so have its columns. It says which of them
tell its rows apart, `key = ["NUMERO"]`. Where there is a column that grows with every change of a row, it is named as
`version_column = "MODIFIE_LE"`: only rows that are new or have changed are fetched then. Where there is none, but a
column in which every new row has more than all before it, such as a number that the database counts up, that is
`growing_column = "NUMERO"`: only new rows are fetched then, and a change of an old one is seen when the whole table is
compared, every hour unless the source says otherwise. With neither, the table is fetched whole whenever it may have
changed. Nothing else of the database is ever read.

`[format] file` is the name pattern of a file that holds several tables; `producer` that of a calendar's PRODID. The
column `#` is the rank of a row among the equal rows of its file (empty for the first): part of a key where rows have
none. `[connector]` holds texts for the connector that reads the dialect, where it asks for any. `[[write_back]]`
declares where the software may be given flags (`write_back`).

Anything wrong is a ConfigurationError that names the file, the line and the nearest valid name. This module only
parses, with `fields` for what stands beside a field and `consistency` for what must agree; `compiler` turns a dialect
and the columns of a real file into functions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from connector_core.dialects.consistency import check_consistent
from connector_core.dialects.content import Content, Table
from connector_core.dialects.fields import read_field, read_when
from connector_core.dialects.mappings import (
    Column,
    Dialect,
    FieldMapping,
    FormatKind,
    FormatSpec,
    RecordMapping,
    Remembered,
    TableMapping,
)
from connector_core.dialects.write_back import read_places
from connector_core.errors import ConfigurationError
from connector_core.formats.physical import known_encoding
from connector_core.model.records import KINDS, field_names
from connector_core.nearest import suggestion
from connector_core.toml_places import Key, key_lines

_OPTIONS: Mapping[FormatKind, Mapping[str, type]] = {
    "delimited": {
        "separator": str,
        "encoding": str,
        "quote": str,
        "header": int,
        "trailer": str,
        "final_newline": bool,
    },
    "xml": {"root": str, "file": str},
    "fixed": {"encoding": str, "newline": bool, "file": str},
    "dbase": {"encoding": str},
    "ical": {"zone": str, "producer": str},
    "database": {},
}
_TABLE_KEYS = frozenset(
    {"name", "file", "record", "columns", "element", "record_type", "remember", "ignore", "length"}
    | {"key", "version_column", "growing_column"}
)


def read_dialect(text: str, place: str) -> Dialect:
    """Parse a dialect. `place` is the name of its file, for messages."""
    from hashlib import sha256

    try:
        root = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"TOML illisible ({error})", where=place) from error
    return _dialect(Content(place, key_lines(text)), root, sha256(text.encode()).hexdigest())


def _dialect(content: Content, root: Table, digest: str) -> Dialect:
    content.only(root, {"dialect", "format", "table", "connector", "write_back"}, ())
    head = content.table(root, "dialect", ())
    content.only(head, {"id", "title", "version"}, ("dialect",))
    tables = tuple(
        _table_mapping(content, each, ("table", n)) for n, each in enumerate(content.tables(root, "table", ()))
    )
    dialect = Dialect(
        id=content.text(head, "id", ("dialect",)),
        title=content.text(head, "title", ("dialect",)),
        version=content.text(head, "version", ("dialect",)),
        format=_format(content, content.table(root, "format", ())),
        tables=tables,
        digest=digest,
        place=content.place,
        connector=_connector(content, root),
        write_back=read_places(root.get("write_back", []), content.refused),
    )
    if not tables:
        raise content.refused("aucune table", ())
    check_consistent(dialect, content)
    return dialect


def _connector(content: Content, root: Table) -> Mapping[str, str]:
    if "connector" not in root:
        return {}
    table = content.table(root, "connector", ())
    return {name: content.text(table, name, ("connector",)) for name in table}


def _format(content: Content, table: Table) -> FormatSpec:
    key = ("format",)
    if "kind" not in table:
        content.only(table, {"kind", *(name for options in _OPTIONS.values() for name in options)}, key)
    kind = content.text(table, "kind", key)
    known: dict[str, FormatKind] = {name: name for name in _OPTIONS}
    spec = known.get(kind)
    if spec is None:
        raise content.refused(f"format inconnu « {kind} »", (*key, "kind"), suggestion(kind, known))
    content.only(table, {"kind", *_OPTIONS[spec]}, key)
    options: dict[str, str | int | bool] = {}
    for name, wanted in _OPTIONS[spec].items():
        value = table.get(name)
        if value is None:
            continue
        if not isinstance(value, str | int | bool) or type(value) is not wanted:
            raise content.refused(f"« {name} » : {_SAID[wanted]} est attendu", (*key, name))
        options[name] = value
    _physical(content, options, key)
    return FormatSpec(spec, options)


def _physical(content: Content, options: Mapping[str, object], key: Key) -> None:
    for name in ("separator", "quote"):
        mark = options.get(name, "")
        if mark and len(str(mark)) != 1:
            raise content.refused(f"« {name} » : un seul caractère est attendu", (*key, name))
    encoding = options.get("encoding")
    if encoding is not None:
        try:
            known_encoding(str(encoding))
        except ConfigurationError as error:
            raise content.refused(error.what, (*key, "encoding"), error.remedy) from None


def _table_mapping(content: Content, table: Table, key: Key) -> TableMapping:
    content.only(table, _TABLE_KEYS, key)
    remember = table.get("remember")
    length = table.get("length")
    if length is not None and (type(length) is not int or length < 1):
        raise content.refused("« length » : un nombre entier positif est attendu", (*key, "length"))
    if remember is None and not table.get("record"):
        raise content.refused("la table ne fait aucun enregistrement", key, "Ajoutez [[table.record]], ou remember")
    return TableMapping(
        name=content.text(table, "name", key),
        line=content.line(key),
        records=tuple(
            _record(content, each, (*key, "record", n)) for n, each in enumerate(content.tables(table, "record", key))
        ),
        file=content.optional(table, "file", key),
        columns=tuple(
            _column(content, each, n, (*key, "columns"))
            for n, each in enumerate(content.values(table, "columns", key), 1)
        ),
        elements=content.texts(table, "element", key),
        record_type=content.optional(table, "record_type", key),
        length=length if isinstance(length, int) else None,
        remember=None if remember is None else _remembered(content, remember, (*key, "remember")),
        ignore=frozenset(content.texts(table, "ignore", key)),
        key=content.texts(table, "key", key),
        version_column=content.optional(table, "version_column", key),
        growing_column=content.optional(table, "growing_column", key),
    )


def _column(content: Content, value: object, number: int, key: Key) -> Column:
    match value:
        case str():
            return Column(value, path=value)
        case {"name": str(name), "start": int(start), "end": int(end), **rest} if not rest and 0 < start <= end:
            return Column(name, start, end)
        case {"name": str(name), "path": str(path), **rest} if not rest:
            return Column(name, path=path)
        case {"name": str(name), "ancestor": str(ancestor), **rest} if not rest and _ANCESTOR.fullmatch(ancestor):
            return Column(name, ancestor=ancestor)
        case _:
            raise content.refused(
                f"colonne mal décrite, n° {number} de la liste",
                key,
                'Écrivez un nom, { name, start, end }, { name, path } ou { name, ancestor = "balise/@attribut" }',
            )


def _remembered(content: Content, value: object, key: Key) -> Remembered:
    match value:
        case {"key": str(name), "columns": [*columns]} if all(isinstance(each, str) for each in columns):
            return Remembered(name, tuple(str(each) for each in columns))
        case _:
            raise content.refused("« remember » mal décrit", key, 'Écrivez { key = "colonne", columns = ["…"] }')


def _record(content: Content, table: Table, key: Key) -> RecordMapping:
    content.only(table, {"kind", "fields", "when"}, key)
    kind = content.text(table, "kind", key)
    if kind not in KINDS:
        raise content.refused(f"type d'enregistrement inconnu « {kind} »", (*key, "kind"), suggestion(kind, KINDS))
    fields = content.table(table, "fields", key)
    names = field_names(KINDS[kind])
    mapped: list[FieldMapping] = []
    for name, value in fields.items():
        place = (*key, "fields", name)
        if name not in names:
            raise content.refused(f"champ inconnu « {name} » pour {kind}", place, suggestion(name, names))
        mapped.append(read_field(content, kind, name, value, place))
    required = [name for name, field in KINDS[kind].model_fields.items() if field.is_required() and name not in fields]
    if required:
        raise content.refused(f"champ obligatoire « {required[0]} » absent de {kind}", key)
    return RecordMapping(kind, content.line(key), tuple(mapped), read_when(content, table.get("when"), (*key, "when")))


_SAID: Mapping[type, str] = {str: "un texte", int: "un nombre entier", bool: "true ou false"}
_ANCESTOR = re.compile(r"[^/@.]+/@[^/@.]+")
