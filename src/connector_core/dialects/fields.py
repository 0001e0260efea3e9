"""How a field of a record is filled: the part of the dialect language that stands beside a field's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connector_core.dialects.content import Content, Table
from connector_core.dialects.converters import CONVERTERS, WITHOUT_CENTURY, Target
from connector_core.dialects.mappings import FieldMapping, Join, When
from connector_core.model.records import KINDS
from connector_core.model.shape import closed_values, target_of
from connector_core.nearest import suggestion
from connector_core.toml_places import Key


def read_field(content: Content, kind: str, name: str, value: object, key: Key) -> FieldMapping:
    """What the dialect says of one field of a kind of records, at its place."""
    line = content.line(key)
    match value:
        case str():
            mapping = FieldMapping(name, line, (value,))
        case {"value": constant, **rest} if not rest.keys() - {"when"}:
            mapping = FieldMapping(name, line, constant=_constant(content, kind, name, constant, key))
            return replace(mapping, when=read_when(content, rest.get("when"), (*key, "when")))
        case {"value": _}:
            raise content.refused(f"le champ « {name} » : « value » ne va qu'avec « when »", key)
        case dict():
            content.only(value, {"from", "as", "value", "values", "join", "on", "when"}, key)
            mapping = _from_columns(content, name, value, line, key)
            mapping = replace(mapping, when=read_when(content, value.get("when"), (*key, "when")))
        case _:
            raise content.refused(
                f"le champ « {name} » est mal décrit", key, "Donnez une colonne, { from, as } ou { value }"
            )
    _fits(content, kind, mapping, key)
    return mapping


def read_when(content: Content, value: object, key: Key) -> When | None:
    """The test that limits a record, or a field, to some rows; None where there is none."""
    match value:
        case None:
            return None
        case {"column": str(column), "is": [*texts], **rest} if not rest:
            return When(column, frozenset(str(each) for each in texts), True)
        case {"column": str(column), "is_not": [*texts], **rest} if not rest:
            return When(column, frozenset(str(each) for each in texts), False)
        case _:
            raise content.refused("condition mal décrite", key, 'Écrivez { column = "…", is = ["…"] } ou is_not')


def _from_columns(content: Content, name: str, value: Table, line: int, key: Key) -> FieldMapping:
    columns = content.texts(value, "from", key)
    if not columns:
        raise content.refused(f"le champ « {name} » ne dit pas d'où il vient", key, 'Ajoutez from = "colonne"')
    converter = str(value.get("as", "text"))
    known = {*CONVERTERS, "enum", "key"}
    if converter not in known:
        raise content.refused(f"convertisseur inconnu « {converter} »", key, suggestion(converter, known))
    values = value.get("values")
    if (converter == "enum") != isinstance(values, dict):
        raise content.refused(f"le champ « {name} » : « enum » et « values » vont ensemble", key)
    table = {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else None
    if ("join" in value) != ("on" in value):
        raise content.refused(f"le champ « {name} » : « join » et « on » vont ensemble", key)
    if "join" in value:
        if len(columns) != 1 or converter == "key":
            raise content.refused(f"le champ « {name} » : « join » demande une colonne, et pas « key »", key)
        join = Join(content.text(value, "join", key), content.text(value, "on", key), columns[0])
        return FieldMapping(name, line, (), converter, table, join=join)
    if converter != "key" and len(columns) > (2 if converter.startswith("timestamp") else 1):
        raise content.refused(
            f"le champ « {name} » : plusieurs colonnes ne vont qu'avec « key », ou deux avec « timestamp_… »", key
        )
    return FieldMapping(name, line, columns, converter, table)


def _fits(content: Content, kind: str, mapping: FieldMapping, key: Key) -> None:
    target = target_of(KINDS[kind], mapping.target)
    allowed = closed_values(KINDS[kind], mapping.target)
    match mapping.converter:
        case "enum":
            if target == "boolean":
                allowed = ("true", "false")
            for value in (mapping.values or {}).values():
                if allowed is not None and value and value not in allowed:
                    raise content.refused(
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
        raise content.refused(
            f"« {mapping.converter} » ne dit pas le siècle d'une naissance",
            key,
            "Donnez une date dont l'année a quatre chiffres, ou retirez ce champ : il reste inconnu",
        )
    if made != target:
        fitting = [each.name for each in CONVERTERS.values() if each.target == target]
        raise content.refused(
            f"le convertisseur « {mapping.converter} » ne donne pas le type de {kind}.{mapping.target}",
            key,
            f"Convertisseurs possibles : {', '.join(fitting)}",
        )


def _constant(content: Content, kind: str, name: str, value: object, key: Key) -> object:
    allowed = closed_values(KINDS[kind], name)
    if allowed is not None and str(value) not in allowed:
        raise content.refused(f"valeur inconnue pour {kind}.{name}", key, suggestion(str(value), allowed))
    read = _CONSTANTS.get(target_of(KINDS[kind], name))
    if read is None:
        raise content.refused(f"{kind}.{name} ne se remplit pas d'une constante", key)
    try:
        return read(value)
    except (TypeError, ValueError, ArithmeticError):
        raise content.refused(f"cette constante n'a pas le type de {kind}.{name}", key) from None


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
