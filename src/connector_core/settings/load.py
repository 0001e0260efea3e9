"""Reads the configuration: defaults < file < environment, tables merged key by key, each value with its origin."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ValidationError

from connector_core.errors import ConfigurationError
from connector_core.settings.environment import from_environment
from connector_core.settings.model import Settings
from connector_core.settings.places import FILE_NAME, configuration_folder
from connector_core.settings.problems import Place, dotted, invalid_settings
from connector_core.settings.values import BASE
from connector_core.toml_places import Key, key_lines, nearest_line

DEFAULT = "défaut"

_PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_SYNTAX = (
    ("Unescaped '\\'", "chemin Windows entre guillemets", r"Écrivez-le entre apostrophes : 'D:\Vega\Exports'"),
    ("Invalid hex value", "chemin Windows entre guillemets", r"Écrivez-le entre apostrophes : 'D:\Vega\Exports'"),
    ("Cannot overwrite", "clé écrite deux fois", "Gardez-en une seule"),
    ("Cannot declare", "table écrite deux fois", "Réunissez leurs clés sous un seul en-tête"),
    ("Invalid value", "valeur illisible", "Un texte s'écrit entre guillemets, un chemin Windows entre apostrophes"),
    ("Invalid date", "date impossible", "Écrivez un jour du calendrier, par exemple 2026-03-02"),
    ("Expected '='", "signe « = » attendu après la clé", "Écrivez « clé = valeur »"),
    ("Invalid statement", "ligne illisible", "Une ligne est « clé = valeur », « [table] » ou « # commentaire »"),
    ("Expected newline", "texte en trop à la fin de la ligne", "Passez à la ligne après chaque valeur"),
    ("Unterminated string", "guillemet ou apostrophe de fin manquant", "Fermez le texte sur sa ligne"),
    (
        "Illegal character",
        "caractère interdit, souvent un guillemet ou une apostrophe de fin oublié",
        "Fermez le texte sur sa ligne, ou ôtez le caractère",
    ),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration with the origin of each of its values.

    `origins` has, for each dotted key (`report.folder`, `source[0].id`), `défaut`, `<fichier>:<ligne>` or
    `environnement <VARIABLE>`. `file` is the file that was read, if any.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    values: Mapping[str, object]
    lines: Mapping[Key, int]


def load(explicit: Path | None, environ: Mapping[str, str], platform_folder: Path | None = None) -> Settings:
    """The configuration in force; see `load_with_origins`."""
    return load_with_origins(explicit, environ, platform_folder).settings


def load_with_origins(explicit: Path | None, environ: Mapping[str, str], platform_folder: Path | None = None) -> Loaded:
    """The configuration in force, with the origin of each value.

    `explicit` is the file that was named (`--config`): it must exist. Otherwise `connector.toml` in `platform_folder`
    (by default the platform's configuration folder) is read if it exists. Relative folders are counted from the folder
    of the file. Raises `ConfigurationError`; a wrong content raises its subclass `InvalidSettings`, with every fault.
    """
    path = (explicit or (platform_folder or configuration_folder()) / FILE_NAME).absolute()
    file = _read(path, required=explicit is not None)
    given = from_environment(environ, Settings)
    variables = {key: name for key, (name, _) in given.items()}
    merged = dict(file.values) if file else {}
    for key, (_, value) in given.items():
        merged = _merged(merged, _nested(key, value))

    def where(key: Key) -> Place:
        if key in variables:
            return Place(-1, f"variable d'environnement {variables[key]}")
        if file is None:
            return Place(0, None)
        line = nearest_line(file.lines, key)
        return Place(line, f"{path.name}, ligne {line}") if line else Place(0, path.name)

    try:
        settings = Settings.model_validate(merged, context={BASE: path.parent})
    except ValidationError as error:
        problem = invalid_settings(error, Settings, where)
    else:
        return Loaded(settings, _origins(settings, file, variables), path if file else None)
    raise problem


def parse(text: str, name: str = FILE_NAME) -> dict[str, object]:
    """The tables of a TOML text; decimal numbers are `Decimal`. Raises `ConfigurationError` with line and column."""
    try:
        values: dict[str, object] = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # also a number or a nesting out of all bounds
        message = str(error)
    else:
        return values
    place = _PLACE.search(message)
    where = name
    if place:
        where += f", ligne {place[1]}, colonne {place[2]}" if place[1] else ", fin du fichier"
    for start, what, remedy in _SYNTAX:
        if message.startswith(start):
            raise ConfigurationError(f"syntaxe TOML : {what}", where=where, remedy=remedy)
    remedy = 'Corrigez cet endroit du fichier : une table s\'écrit « [data] », une valeur « clé = "texte" »'
    raise ConfigurationError("syntaxe TOML invalide", where=where, remedy=remedy)


def _read(path: Path, *, required: bool) -> _File | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if not required:
            return None
        raise ConfigurationError(
            "ce fichier de configuration n'existe pas",
            where=str(path),
            remedy="Corrigez le chemin donné à --config, ou créez le fichier par « connector init »",
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"ce fichier de configuration ne peut pas être lu ({type(error).__name__})",
            where=str(path),
            remedy="Vérifiez que c'est un fichier et que ce compte a le droit de le lire",
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    else:
        text = text.replace("\r\n", "\n")
        return _File(path, parse(text, path.name), key_lines(text))
    raise ConfigurationError(
        "le fichier n'est pas en UTF-8", where=f"{path.name}, ligne {line}", remedy="Enregistrez-le en « UTF-8 »"
    )


def _nested(key: Key, value: object) -> Mapping[str, object]:
    table = {str(key[-1]): value}
    for part in reversed(key[:-1]):
        table = {str(part): table}
    return table


def _merged(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """`over` laid on `under`, tables key by key. A table never hides a plain value: validation must see it."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _merged(below, value)
        elif not isinstance(value, Mapping) or below is None:
            merged[key] = value
    return merged


def _origins(settings: Settings, file: _File | None, variables: Mapping[Key, str]) -> Mapping[str, str]:
    def origin(key: Key) -> str:
        if key in variables:
            return f"environnement {variables[key]}"
        if file is not None and _holds(file.values, key):
            return f"{file.path}:{nearest_line(file.lines, key) or 1}"
        if len(key) == 3 and key[0] == "source" and key[2] == "settle":
            return origin(("daemon", "settle"))
        return DEFAULT

    return {dotted(key): origin(key) for key in _leaves(settings, ())}


def _holds(values: object, key: Key) -> bool:
    for part in key:
        if isinstance(values, list):
            values = dict(enumerate(values))
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _leaves(value: object, key: Key) -> Iterator[Key]:
    """Every key of the settings that has a value of its own, defaults included."""
    if isinstance(value, BaseModel):
        for attribute, field in type(value).model_fields.items():
            yield from _leaves(getattr(value, attribute), (*key, field.alias or attribute))
    elif isinstance(value, Mapping) and value:
        for name in value:
            yield (*key, str(name))
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        for index, each in enumerate(value):
            yield from _leaves(each, (*key, index))
    else:
        yield key
