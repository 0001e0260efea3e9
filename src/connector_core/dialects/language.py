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
parses; `compiler` turns a dialect and the columns of a real file into functions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations

from connector_core.dialects.converters import CONVERTERS, WITHOUT_CENTURY, Target
from connector_core.dialects.mappings import (
    REPEAT,
    Column,
    Dialect,
    FieldMapping,
    FormatKind,
    FormatSpec,
    Join,
    RecordMapping,
    Remembered,
    TableMapping,
)
from connector_core.dialects.write_back import read_places
from connector_core.errors import ConfigurationError
from connector_core.formats.ical import COLUMNS as CALENDAR_COLUMNS
from connector_core.formats.physical import known_encoding
from connector_core.model.records import KINDS, field_names
from connector_core.model.shape import closed_values, target_of
from connector_core.nearest import suggestion
from connector_core.toml_places import Key, key_lines, nearest_line

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
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"TOML illisible ({error})", where=place) from error
    return _Parser(place, key_lines(text)).dialect(content, sha256(text.encode()).hexdigest())


Table = Mapping[str, object]


class _Parser:
    """Walks the parsed TOML and knows the line of everything it refuses."""

    def __init__(self, place: str, lines: Mapping[Key, int]) -> None:
        self._place = place
        self._lines = lines

    def dialect(self, content: Table, digest: str) -> Dialect:
        self._only(content, {"dialect", "format", "table", "connector", "write_back"}, ())
        head = self._table(content, "dialect", ())
        self._only(head, {"id", "title", "version"}, ("dialect",))
        tables = tuple(
            self._table_mapping(each, ("table", n)) for n, each in enumerate(self._tables(content, "table", ()))
        )
        dialect = Dialect(
            id=self._text(head, "id", ("dialect",)),
            title=self._text(head, "title", ("dialect",)),
            version=self._text(head, "version", ("dialect",)),
            format=self._format(self._table(content, "format", ())),
            tables=tables,
            digest=digest,
            place=self._place,
            connector=self._connector(content),
            write_back=read_places(content.get("write_back", []), self._refused),
        )
        if not tables:
            raise self._refused("aucune table", ())
        self._names_differ(dialect)
        self._columns_exist(dialect)
        self._joins_exist(dialect)
        if dialect.format.kind == "xml":
            self._names_are_local(dialect)
        return dialect

    def _connector(self, content: Table) -> Mapping[str, str]:
        if "connector" not in content:
            return {}
        table = self._table(content, "connector", ())
        return {name: self._text(table, name, ("connector",)) for name in table}

    def _format(self, table: Table) -> FormatSpec:
        key = ("format",)
        if "kind" not in table:
            self._only(table, {"kind", *(name for options in _OPTIONS.values() for name in options)}, key)
        kind = self._text(table, "kind", key)
        known: dict[str, FormatKind] = {name: name for name in _OPTIONS}
        spec = known.get(kind)
        if spec is None:
            raise self._refused(f"format inconnu « {kind} »", (*key, "kind"), suggestion(kind, known))
        self._only(table, {"kind", *_OPTIONS[spec]}, key)
        options: dict[str, str | int | bool] = {}
        for name, wanted in _OPTIONS[spec].items():
            value = table.get(name)
            if value is None:
                continue
            if not isinstance(value, str | int | bool) or type(value) is not wanted:
                raise self._refused(f"« {name} » : {_SAID[wanted]} est attendu", (*key, name))
            options[name] = value
        self._physical(options, key)
        return FormatSpec(spec, options)

    def _physical(self, options: Mapping[str, object], key: Key) -> None:
        for name in ("separator", "quote"):
            mark = options.get(name, "")
            if mark and len(str(mark)) != 1:
                raise self._refused(f"« {name} » : un seul caractère est attendu", (*key, name))
        encoding = options.get("encoding")
        if encoding is not None:
            try:
                known_encoding(str(encoding))
            except ConfigurationError as error:
                raise self._refused(error.what, (*key, "encoding"), error.remedy) from None

    def _table_mapping(self, table: Table, key: Key) -> TableMapping:
        self._only(table, _TABLE_KEYS, key)
        remember = table.get("remember")
        length = table.get("length")
        if length is not None and (type(length) is not int or length < 1):
            raise self._refused("« length » : un nombre entier positif est attendu", (*key, "length"))
        if remember is None and not table.get("record"):
            raise self._refused("la table ne fait aucun enregistrement", key, "Ajoutez [[table.record]], ou remember")
        return TableMapping(
            name=self._text(table, "name", key),
            line=self._line(key),
            records=tuple(
                self._record(each, (*key, "record", n)) for n, each in enumerate(self._tables(table, "record", key))
            ),
            file=self._optional(table, "file", key),
            columns=tuple(
                self._column(each, n, (*key, "columns")) for n, each in enumerate(self._list(table, "columns", key), 1)
            ),
            elements=self._texts(table, "element", key),
            record_type=self._optional(table, "record_type", key),
            length=length if isinstance(length, int) else None,
            remember=None if remember is None else self._remembered(remember, (*key, "remember")),
            ignore=frozenset(self._texts(table, "ignore", key)),
            key=self._texts(table, "key", key),
            version_column=self._optional(table, "version_column", key),
            growing_column=self._optional(table, "growing_column", key),
        )

    def _column(self, value: object, number: int, key: Key) -> Column:
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
                raise self._refused(
                    f"colonne mal décrite, n° {number} de la liste",
                    key,
                    'Écrivez un nom, { name, start, end }, { name, path } ou { name, ancestor = "balise/@attribut" }',
                )

    def _remembered(self, value: object, key: Key) -> Remembered:
        match value:
            case {"key": str(name), "columns": [*columns]} if all(isinstance(each, str) for each in columns):
                return Remembered(name, tuple(str(each) for each in columns))
            case _:
                raise self._refused("« remember » mal décrit", key, 'Écrivez { key = "colonne", columns = ["…"] }')

    def _record(self, table: Table, key: Key) -> RecordMapping:
        self._only(table, {"kind", "fields", "when"}, key)
        kind = self._text(table, "kind", key)
        if kind not in KINDS:
            raise self._refused(f"type d'enregistrement inconnu « {kind} »", (*key, "kind"), suggestion(kind, KINDS))
        fields = self._table(table, "fields", key)
        names = field_names(KINDS[kind])
        mapped: list[FieldMapping] = []
        for name, value in fields.items():
            place = (*key, "fields", name)
            if name not in names:
                raise self._refused(f"champ inconnu « {name} » pour {kind}", place, suggestion(name, names))
            mapped.append(self._field(kind, name, value, place))
        required = [
            name for name, field in KINDS[kind].model_fields.items() if field.is_required() and name not in fields
        ]
        if required:
            raise self._refused(f"champ obligatoire « {required[0]} » absent de {kind}", key)
        return RecordMapping(kind, self._line(key), tuple(mapped), self._when(table.get("when"), (*key, "when")))

    def _when(self, value: object, key: Key) -> tuple[str, frozenset[str], bool] | None:
        match value:
            case None:
                return None
            case {"column": str(column), "is": [*texts], **rest} if not rest:
                return column, frozenset(str(each) for each in texts), True
            case {"column": str(column), "is_not": [*texts], **rest} if not rest:
                return column, frozenset(str(each) for each in texts), False
            case _:
                raise self._refused("condition mal décrite", key, 'Écrivez { column = "…", is = ["…"] } ou is_not')

    def _field(self, kind: str, name: str, value: object, key: Key) -> FieldMapping:
        line = self._line(key)
        match value:
            case str():
                mapping = FieldMapping(name, line, (value,))
            case {"value": constant, **rest} if not rest:
                return FieldMapping(name, line, constant=self._constant(kind, name, constant, key))
            case {"value": _}:
                raise self._refused(f"le champ « {name} » : « value » ne va avec rien d'autre", key)
            case dict():
                self._only(value, {"from", "as", "value", "values", "join", "on"}, key)
                mapping = self._from_columns(name, value, line, key)
            case _:
                raise self._refused(
                    f"le champ « {name} » est mal décrit", key, "Donnez une colonne, { from, as } ou { value }"
                )
        self._fits(kind, mapping, key)
        return mapping

    def _from_columns(self, name: str, value: Table, line: int, key: Key) -> FieldMapping:
        columns = self._texts(value, "from", key)
        if not columns:
            raise self._refused(f"le champ « {name} » ne dit pas d'où il vient", key, 'Ajoutez from = "colonne"')
        converter = str(value.get("as", "text"))
        known = {*CONVERTERS, "enum", "key"}
        if converter not in known:
            raise self._refused(f"convertisseur inconnu « {converter} »", key, suggestion(converter, known))
        values = value.get("values")
        if (converter == "enum") != isinstance(values, dict):
            raise self._refused(f"le champ « {name} » : « enum » et « values » vont ensemble", key)
        table = {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else None
        if ("join" in value) != ("on" in value):
            raise self._refused(f"le champ « {name} » : « join » et « on » vont ensemble", key)
        if "join" in value:
            if len(columns) != 1 or converter == "key":
                raise self._refused(f"le champ « {name} » : « join » demande une colonne, et pas « key »", key)
            join = Join(self._text(value, "join", key), self._text(value, "on", key), columns[0])
            return FieldMapping(name, line, (), converter, table, join=join)
        if converter != "key" and len(columns) > (2 if converter.startswith("timestamp") else 1):
            raise self._refused(
                f"le champ « {name} » : plusieurs colonnes ne vont qu'avec « key », ou deux avec « timestamp_… »", key
            )
        return FieldMapping(name, line, columns, converter, table)

    def _fits(self, kind: str, mapping: FieldMapping, key: Key) -> None:
        target = target_of(KINDS[kind], mapping.target)
        allowed = closed_values(KINDS[kind], mapping.target)
        match mapping.converter:
            case "enum":
                if target == "boolean":
                    allowed = ("true", "false")
                for value in (mapping.values or {}).values():
                    if allowed is not None and value and value not in allowed:
                        raise self._refused(
                            f"« {value} » n'est pas une valeur de {kind}.{mapping.target}",
                            key,
                            suggestion(value, allowed),
                        )
                made: Target = "text" if target != "boolean" else "boolean"
            case "key":
                made = "text"
            case name:
                made = CONVERTERS[name].target
        if mapping.converter in WITHOUT_CENTURY and mapping.target == "birth_date":
            raise self._refused(
                f"« {mapping.converter} » ne dit pas le siècle d'une naissance",
                key,
                "Donnez une date dont l'année a quatre chiffres, ou retirez ce champ : il reste inconnu",
            )
        if made != target:
            fitting = [each.name for each in CONVERTERS.values() if each.target == target]
            raise self._refused(
                f"le convertisseur « {mapping.converter} » ne donne pas le type de {kind}.{mapping.target}",
                key,
                f"Convertisseurs possibles : {', '.join(fitting)}",
            )

    def _constant(self, kind: str, name: str, value: object, key: Key) -> object:
        allowed = closed_values(KINDS[kind], name)
        if allowed is not None and str(value) not in allowed:
            raise self._refused(f"valeur inconnue pour {kind}.{name}", key, suggestion(str(value), allowed))
        read = _CONSTANTS.get(target_of(KINDS[kind], name))
        if read is None:
            raise self._refused(f"{kind}.{name} ne se remplit pas d'une constante", key)
        try:
            return read(value)
        except (TypeError, ValueError, ArithmeticError):
            raise self._refused(f"cette constante n'a pas le type de {kind}.{name}", key) from None

    def _names_differ(self, dialect: Dialect) -> None:
        seen: set[str] = set()
        for n, table in enumerate(dialect.tables):
            if table.name in seen:
                raise self._refused(f"deux tables se nomment « {table.name} »", ("table", n, "name"))
            seen.add(table.name)

    def _columns_exist(self, dialect: Dialect) -> None:
        """Where the dialect itself says which columns there are, what it reads must be among them."""
        kind = dialect.format.kind
        for n, table in enumerate(dialect.tables):
            if kind == "database" and not table.key:
                raise self._refused(
                    f"la table « {table.name} » ne dit pas ce qui distingue ses lignes",
                    ("table", n),
                    'Ajoutez key = ["colonne"]',
                )
            said = {"key": table.key, "version_column": table.version_column, "growing_column": table.growing_column}
            for named, columns in said.items():
                if kind != "database" and columns:
                    raise self._refused(
                        f"« {named} » ne vaut que pour une base", ("table", n, named), "Retirez cette clé"
                    )
            if table.version_column and table.growing_column:
                raise self._refused(
                    "« version_column » et « growing_column » ne vont pas ensemble",
                    ("table", n, "growing_column"),
                    "Gardez « version_column », qui dit aussi ce qui change",
                )
        if kind not in {"xml", "fixed", "ical", "delimited"}:
            return
        for n, table in enumerate(dialect.tables):
            key = ("table", n)
            if kind == "delimited" and not table.columns:
                continue
            if kind == "delimited" and dialect.format.options.get("header"):
                raise self._refused(
                    "une table sans titres ne va pas avec « header »", (*key, "columns"), "Retirez l'un des deux"
                )
            if kind != "ical" and not table.columns:
                raise self._refused(f"la table « {table.name} » n'a pas de colonnes", key, "Ajoutez columns = [...]")
            for one, other in permutations(table.elements, 2):
                if not one.startswith("/") and f"/{other}".endswith(f"/{one}"):
                    raise self._refused(f"« {one} » désigne aussi « {other} »", (*key, "element"), "Allongez le chemin")
            wrong = [column.name for column in table.columns if bool(column.end) is not (kind == "fixed")]
            if wrong:
                raise self._refused(
                    f"la colonne « {wrong[0]} » n'est pas décrite pour le format {kind}", (*key, "columns")
                )
            known = [column.name for column in table.columns] + list(CALENDAR_COLUMNS if kind == "ical" else ())
            for name, line in table.column_uses():
                if name != REPEAT and name not in known:
                    raise self._refused(f"colonne inconnue « {name} »", key, suggestion(name, known), line=line)

    def _names_are_local(self, dialect: Dialect) -> None:
        """A prefix is the file's own short name of a namespace; with one, nothing would ever be found."""
        paths: list[tuple[str, Key]] = [(dialect.format.text("root", ""), ("format", "root"))]
        for n, table in enumerate(dialect.tables):
            paths += [(element, ("table", n, "element")) for element in table.elements]
            paths += [(each.ancestor or each.path, ("table", n, "columns")) for each in table.columns]
        for path, key in paths:
            if ":" in path:
                local = re.sub(r"[^/@:]*:", "", path)
                raise self._refused(f"« {path} » a un préfixe", key, f"Écrivez « {local} », sans espace de noms")

    def _joins_exist(self, dialect: Dialect) -> None:
        remembered = {table.name: table.remember for table in dialect.tables}
        for n, table in enumerate(dialect.tables):
            for record in table.records:
                for field in record.fields:
                    join = field.join
                    if join is None:
                        continue
                    kept = remembered.get(join.table)
                    if kept is None:
                        joinable = [name for name, each in remembered.items() if each is not None]
                        raise self._refused(
                            f"la table « {join.table} » n'est pas mémorisée (remember)",
                            ("table", n),
                            suggestion(join.table, joinable),
                            line=field.line,
                        )
                    if join.column not in kept.columns:
                        raise self._refused(
                            f"la table « {join.table} » ne mémorise pas la colonne « {join.column} »",
                            ("table", n),
                            suggestion(join.column, kept.columns),
                            line=field.line,
                        )

    def _table(self, table: Table, name: str, key: Key) -> Table:
        value = table.get(name)
        if not isinstance(value, dict):
            raise self._refused(f"la table [{'.'.join(str(part) for part in (*key, name))}] manque", key)
        return value

    def _tables(self, table: Table, name: str, key: Key) -> list[Table]:
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._refused(f"« {name} » doit être une liste de tables [[{name}]]", (*key, name))
        return value

    def _list(self, table: Table, name: str, key: Key) -> Sequence[object]:
        value = table.get(name, [])
        if not isinstance(value, list):
            raise self._refused(f"« {name} » doit être une liste", (*key, name))
        return value

    def _texts(self, table: Table, name: str, key: Key) -> tuple[str, ...]:
        """One text or a list of texts."""
        value = table.get(name, [])
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) and each for each in given):
            raise self._refused(f"« {name} » doit être un texte ou une liste de textes", (*key, name))
        return tuple(str(each) for each in given)

    def _text(self, table: Table, name: str, key: Key) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value:
            raise self._refused(f"« {name} » manque ou n'est pas un texte", (*key, name))
        return value

    def _optional(self, table: Table, name: str, key: Key) -> str | None:
        return self._text(table, name, key) if name in table else None

    def _only(self, table: Table, allowed: Iterable[str], key: Key) -> None:
        known = set(allowed)
        for name in table:
            if name not in known:
                raise self._refused(f"clé inconnue « {name} »", (*key, name), suggestion(name, known))

    def _line(self, key: Key) -> int:
        return nearest_line(self._lines, key) or 1

    def _refused(self, what: str, key: Key, remedy: str | None = None, line: int | None = None) -> ConfigurationError:
        return ConfigurationError(what, where=f"{self._place}, ligne {line or self._line(key)}", remedy=remedy)


_SAID: Mapping[type, str] = {str: "un texte", int: "un nombre entier", bool: "true ou false"}
_ANCESTOR = re.compile(r"[^/@.]+/@[^/@.]+")


def _exactly(wanted: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if type(value) is not wanted:
            raise TypeError
        return value

    return read


def _decimal(value: object) -> object:
    if isinstance(value, str) or type(value) is int:
        return Decimal(value)
    raise TypeError


_CONSTANTS: Mapping[str, Callable[[object], object]] = {
    "text": _exactly(str),
    "integer": _exactly(int),
    "boolean": _exactly(bool),
    "date": _exactly(date),
    "decimal": _decimal,
}
