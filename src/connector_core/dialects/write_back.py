"""Where a vendor's software may be given flags, as a dialect declares it.

```toml
[[write_back]]
id = "note"                     # what the configuration names; never changed once it is used
kind = "note"                   # a line at the end of a text column of the patient's row
title = "Note du dossier"
table = "PATIENTS"
row = { ID = { flag = "patient", as = "integer" } }          # the one column that tells the row
column = "NOTE"
length = 2000                                                # characters it holds; left out, as many as there are

[[write_back]]
id = "alertes"
kind = "alert"                  # or "agenda": a row of its own
title = "Alertes du dossier"
table = "ALERTES"
mark = "REFERENCE"              # the column that bears the flag's mark: filled with `mark` or `signed`
[write_back.columns]
ID = { sequence = "GEN_ALERTES" }                            # only where the database numbers no row by itself
ID_PATIENT = { flag = "patient", as = "integer" }
JOUR = { flag = "day", as = "date" }
TEXTE = { flag = "text", length = 120 }
NIVEAU = { flag = "severity", values = { reject = "1", revenue = "2", info = "3" } }
ORIGINE = { value = "connector" }
REFERENCE = { flag = "mark" }

[[write_back]]
id = "import"
kind = "file"                   # a file of its own, in the folder that the configuration gives
title = "Fichier d'import des alertes"
name = "connector_{mark}.csv"
encoding = "cp1252"
separator = ";"
header = true
[write_back.columns]
patient = { flag = "patient" }
texte = { flag = "signed" }
```

The parts of a flag: `mark` (16 hexadecimal digits, its key), `text` (one line of French), `signed` (the text, then the
mark), `patient` (the id that the vendor's software gives the patient), `day`, `rule` and `severity`. Nothing else of a
patient is ever written.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from connector_core.model.vocabulary import Severity
from connector_core.nearest import suggestion
from connector_core.toml_places import Key

PlaceKind = Literal["note", "alert", "agenda", "file"]
FlagPart = Literal["mark", "text", "signed", "patient", "day", "rule", "severity"]
WrittenAs = Literal["text", "integer", "date"]

SIGNATURE_LENGTH = len(" (connector 0123456789abcdef)")
"""Characters that a signed text has beside the text itself."""


@dataclass(frozen=True, slots=True)
class FlagValue:
    """What a column is given: a part of the flag, a constant, or the next number of a sequence of the database."""

    part: FlagPart | None = None
    written_as: WrittenAs = "text"
    values: Mapping[str, str] | None = None
    length: int | None = None
    constant: str | int | None = None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class NotePlace:
    """A line at the end of a text column; `key` is the column that tells the row, by a part of the flag."""

    id: str
    title: str
    table: str
    key: str
    row: FlagValue
    column: str
    length: int | None = None
    kind: PlaceKind = "note"


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A row of its own; `mark` is the column by which it is found again."""

    id: str
    title: str
    table: str
    mark: str
    columns: Mapping[str, FlagValue]
    kind: PlaceKind = "alert"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A delimited file of one line, which the software picks up."""

    id: str
    title: str
    name: str
    columns: Mapping[str, FlagValue]
    encoding: str = "cp1252"
    separator: str = ";"
    header: bool = True
    kind: PlaceKind = "file"


WritePlace = NotePlace | RowPlace | FilePlace

Refuse = Callable[[str, Key, str | None], Exception]
"""Makes the error that says what is wrong, where, and what to write instead."""
Table = Mapping[str, object]

_COMMON = {"id", "kind", "title"}
_KEYS: Mapping[PlaceKind, frozenset[str]] = {
    "note": frozenset(_COMMON | {"table", "row", "column", "length"}),
    "alert": frozenset(_COMMON | {"table", "mark", "columns"}),
    "agenda": frozenset(_COMMON | {"table", "mark", "columns"}),
    "file": frozenset(_COMMON | {"name", "encoding", "separator", "header", "columns"}),
}
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]*\{mark\}[A-Za-z0-9_.-]*")
_SEQUENCE = re.compile(r"[A-Za-z0-9_$]+")
_SEVERITIES = set(get_args(Severity))
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def read_places(content: object, refuse: Refuse) -> tuple[WritePlace, ...]:
    """The places that a dialect declares under `write_back`, given what TOML made of it."""
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise refuse("« write_back » doit être une liste de tables [[write_back]]", ("write_back",), None)
    places = [_Place(each, ("write_back", number), refuse).read() for number, each in enumerate(content)]
    known: set[str] = set()
    for number, place in enumerate(places):
        if place.id in known:
            raise refuse(f"deux emplacements se nomment « {place.id} »", ("write_back", number, "id"), None)
        known.add(place.id)
    return tuple(places)


class _Place:
    """One `[[write_back]]` being read."""

    def __init__(self, table: Table, key: Key, refuse: Refuse) -> None:
        self._table = table
        self._key = key
        self._refuse = refuse

    def read(self) -> WritePlace:
        kinds = {str(each): each for each in get_args(PlaceKind)}
        name = self._text("kind")
        if name not in kinds:
            raise self._refused(f"emplacement inconnu « {name} »", "kind", suggestion(name, kinds))
        kind: PlaceKind = kinds[name]
        for given in self._table:
            if given not in _KEYS[kind]:
                raise self._refused(f"clé inconnue « {given} »", given, suggestion(given, _KEYS[kind]))
        identifier, title = self._text("id"), self._text("title")
        if _ID.fullmatch(identifier) is None:
            raise self._refused("« id » : minuscules sans accent, chiffres, « - » et « _ »", "id")
        if kind == "note":
            key, row = self._row()
            return NotePlace(identifier, title, self._text("table"), key, row, self._text("column"), self._length())
        if kind == "file":
            return self._file(identifier, title)
        columns = self._columns()
        mark = self._text("mark")
        if mark not in columns or columns[mark].part not in ("mark", "signed"):
            raise self._refused(
                "« mark » ne nomme pas une colonne qui porte la marque",
                "mark",
                'Remplissez cette colonne de { flag = "mark" } ou { flag = "signed" }',
            )
        return RowPlace(identifier, title, self._text("table"), mark, columns, kind)

    def _file(self, identifier: str, title: str) -> FilePlace:
        name = self._text("name")
        if _FILE_NAME.fullmatch(name) is None:
            raise self._refused(
                "« name » : un nom de fichier simple qui contient {mark}", "name", 'Par exemple "connector_{mark}.csv"'
            )
        encoding, separator = self._text("encoding", "cp1252"), self._text("separator", ";")
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise self._refused("encodage inconnu", "encoding", "Par exemple cp1252 ou utf-8") from None
        if len(separator) != 1:
            raise self._refused("« separator » : un seul caractère est attendu", "separator")
        header = self._table.get("header", True)
        if not isinstance(header, bool):
            raise self._refused("« header » : true ou false est attendu", "header")
        columns = self._columns()
        for column, value in columns.items():
            if value.sequence is not None:
                raise self._refused("un fichier n'a pas de séquence", "columns", None, column)
        return FilePlace(identifier, title, name, columns, encoding, separator, header)

    def _row(self) -> tuple[str, FlagValue]:
        given = self._table.get("row")
        if not isinstance(given, dict) or len(given) != 1:
            raise self._refused(
                "« row » nomme une colonne, et une seule", "row", 'row = { ID = { flag = "patient", as = "integer" } }'
            )
        ((name, value),) = given.items()
        row = self._value(value, "row", str(name))
        if row.part != "patient":
            raise self._refused("« row » désigne la ligne du patient", "row", '{ flag = "patient" }')
        return str(name), row

    def _columns(self) -> Mapping[str, FlagValue]:
        given = self._table.get("columns")
        if not isinstance(given, dict) or not given:
            raise self._refused("« columns » manque", "columns", "Ajoutez [write_back.columns]")
        return {str(name): self._value(value, "columns", str(name)) for name, value in given.items()}

    def _value(self, value: object, *place: str) -> FlagValue:
        match value:
            case {"value": str() | int() as constant, **rest} if not rest and not isinstance(constant, bool):
                return FlagValue(constant=constant)
            case {"sequence": str(sequence), **rest} if not rest and _SEQUENCE.fullmatch(sequence):
                return FlagValue(sequence=sequence)
            case {"flag": str(name), **rest}:
                return self._part(name, {str(option): each for option, each in rest.items()}, place)
            case _:
                raise self._refused(
                    "colonne mal décrite",
                    place[0],
                    "Donnez { flag = … }, { value = … } ou { sequence = … }",
                    *place[1:],
                )

    def _part(self, name: str, options: Table, place: tuple[str, ...]) -> FlagValue:
        parts = {str(each): each for each in get_args(FlagPart)}
        ways = {str(each): each for each in get_args(WrittenAs)}
        part = parts.get(name)
        if part is None:
            raise self._refused(f"partie inconnue « {name} »", place[0], suggestion(name, parts), *place[1:])
        for option in options:
            if option not in ("as", "values", "length"):
                known = ("as", "values", "length")
                raise self._refused(f"clé inconnue « {option} »", place[0], suggestion(option, known), *place[1:])
        way = ways.get(str(options.get("as", "text")))
        if way is None or (way == "date" and part != "day") or (way == "integer" and part != "patient"):
            raise self._refused("« as » ne va pas avec cette partie", place[0], _ways(part), *place[1:])
        values = options.get("values")
        if values is not None and (part != "severity" or not isinstance(values, dict) or set(values) != _SEVERITIES):
            raise self._refused(
                "« values » ne va qu'avec « severity »",
                place[0],
                "Dites quoi écrire de reject, revenue, info",
                *place[1:],
            )
        length = options.get("length")
        least = SIGNATURE_LENGTH + 10 if part == "signed" else 1
        if length is not None and (part not in ("text", "signed") or type(length) is not int or length < least):
            raise self._refused(
                "« length » : un nombre de caractères, pour « text » ou « signed »",
                place[0],
                f"Au moins {least}",
                *place[1:],
            )
        table = {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else None
        return FlagValue(part, way, table, length if isinstance(length, int) else None)

    def _length(self) -> int | None:
        length = self._table.get("length")
        if length is None:
            return None
        if type(length) is not int or length < 1:
            raise self._refused("« length » : un nombre entier positif est attendu", "length")
        return length

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._table.get(name, default)
        if not isinstance(value, str) or not value:
            raise self._refused(f"« {name} » manque ou n'est pas un texte", name)
        return value

    def _refused(self, what: str, name: str, remedy: str | None = None, *rest: str) -> Exception:
        return self._refuse(what, (*self._key, name, *rest), remedy)


def _ways(part: FlagPart) -> str:
    ways: Mapping[str, Iterable[str]] = {"day": ("text", "date"), "patient": ("text", "integer")}
    return f"Possible : {', '.join(ways.get(part, ('text',)))}"
