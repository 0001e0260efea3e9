"""The pivot format: records of the common model as JSON, one object a line.

Values are JSON strings in ISO form (dates, times, timestamps with offset), decimal strings for money and coefficients,
integers and booleans as such. Unknown keys and unknown records are refused. Reading and writing are lossless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

import msgspec
from pydantic import ValidationError

from connector_core.errors import RowRefused
from connector_core.model.iso import iso_date, iso_decimal, iso_time, iso_timestamp
from connector_core.model.records import KINDS, Record, field_names
from connector_core.model.shape import FieldType, target_of
from connector_core.model.values import MODEL_VERSION
from connector_core.nearest import nearest

Header = Mapping[str, object]
Converter = Callable[[object], object]


def header(practice: str, exported_at: datetime, covers: tuple[str, ...] | None = None) -> dict[str, object]:
    """The first line of a pivot file; `covers` is left out when the file covers everything."""
    line: dict[str, object] = {
        "record": "pivot",
        "model_version": MODEL_VERSION,
        "practice": practice,
        "exported_at": exported_at.isoformat(),
    }
    if covers is not None:
        line["covers"] = list(covers)
    return line


def record_from_json(fields: Mapping[str, object]) -> Record:
    """One decoded line as a record. RowRefused names the fields at fault, never their values."""
    kind, values = draft_from_json(fields)
    return validated(kind, values)


def draft_from_json(fields: Mapping[str, object]) -> tuple[type[Record], dict[str, object]]:
    """One decoded line as a kind and typed values, before validation."""
    name = fields.get("record")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RowRefused(f"type d'enregistrement inconnu{_near(name, KINDS)}", fields=("record",))
    converters = _converters(kind)
    values: dict[str, object] = {}
    for key, value in fields.items():
        if key == "record":
            continue
        convert = converters.get(key)
        if convert is None:
            raise RowRefused(f"clé inconnue pour {kind.record}{_near(key, converters)}", fields=(kind.record,))
        if value is None:
            continue
        try:
            values[key] = convert(value)
        except (ValueError, TypeError):
            raise RowRefused(f"valeur illisible pour {kind.record}.{key}", fields=(f"{kind.record}.{key}",)) from None
    return kind, values


def validated(kind: type[Record], values: Mapping[str, object]) -> Record:
    """Typed values as a record of the model; the boundary where pydantic's errors become ours."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RowRefused(explain(kind, error)) from None


def _near(unknown: object, known: Iterable[str]) -> str:
    """Names a word of ours only: what is unknown may be a value."""
    near = nearest(unknown, known) if isinstance(unknown, str) else None
    return f", proche de « {near} »" if near else ""


def explain(kind: type[Record], error: ValidationError) -> str:
    """What a validation error says, in French, with field names and without values."""
    told: list[str] = []
    for detail in error.errors(include_input=False, include_context=False, include_url=False):
        field = str(detail["loc"][0]) if detail["loc"] else ""
        name = f"{kind.record}.{field}" if field in kind.model_fields else kind.record
        told.append(f"{name} : {_SAID.get(detail['type'], 'valeur refusée par le modèle')}")
    return " ; ".join(dict.fromkeys(told))


_SAID: Mapping[str, str] = {
    "missing": "champ obligatoire absent",
    "extra_forbidden": "clé inconnue",
    "literal_error": "valeur hors de la liste admise",
    "string_too_short": "texte vide",
    "string_too_long": "texte trop long",
    "greater_than_equal": "nombre trop petit",
    "less_than_equal": "nombre trop grand",
    "timezone_aware": "horodatage sans fuseau",
    "string_pattern_mismatch": "forme inattendue",
    "value_error": "montant à plus de deux décimales",
}


def record_to_json(record: Record) -> dict[str, object]:
    """A record as the JSON object of its line; absent fields are left out, provenance is not part of the format."""
    line: dict[str, object] = {"record": record.record}
    for name in field_names(KINDS[record.record]):
        value = getattr(record, name)
        if value is None:
            continue
        line[name] = _plain(value)
    return line


def encode_line(fields: Mapping[str, object]) -> bytes:
    """One line of a pivot file, terminated."""
    return msgspec.json.encode(fields) + b"\n"


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes") if value.second == 0 == value.microsecond else value.isoformat()
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value


@cache
def _converters(kind: type[Record]) -> Mapping[str, Converter]:
    return {name: _converter(kind, name) for name in field_names(kind)}


def _converter(kind: type[Record], field: str) -> Converter:
    target = target_of(kind, field)
    convert = _FROM_TEXT.get(target)
    if convert is not None:
        return _from_text(convert)
    return _tuple if target == "list" else _as_is


_FROM_TEXT: Mapping[FieldType, Callable[[str], object]] = {
    "timestamp": iso_timestamp,
    "date": iso_date,
    "time": iso_time,
    "decimal": iso_decimal,
}


def _from_text(convert: Callable[[str], object]) -> Converter:
    def converter(value: object) -> object:
        if not isinstance(value, str):
            raise TypeError
        return convert(value)

    return converter


def _tuple(value: object) -> object:
    if not isinstance(value, list):
        raise TypeError
    return tuple(value)


def _as_is(value: object) -> object:
    return value
