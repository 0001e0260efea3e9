"""Settings given by environment variables: `CONNECTOR__REPORT__FOLDER=/srv/rapport`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, get_args, get_origin

from pydantic import BaseModel

from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion
from connector_core.settings.problems import InvalidSettings, inner_model
from connector_core.toml_places import Key

PREFIX = "CONNECTOR__"


class Variable(NamedTuple):
    """A variable that sets one key; `listed` when its text is a list separated by commas."""

    name: str
    key: Key
    listed: bool


def variables(model: type[BaseModel], key: Key = ()) -> Iterator[Variable]:
    """Every variable that may be set. Lists of tables and tables with free keys have none."""
    for attribute, field in model.model_fields.items():
        here = (*key, field.alias or attribute)
        choices = (field.annotation, *get_args(field.annotation))
        listed = any(get_origin(choice) is tuple for choice in choices)
        inner = inner_model(field.annotation)
        if inner is not None and not listed:
            yield from variables(inner, here)
        elif inner is None and get_origin(field.annotation) is not Mapping:
            yield Variable(PREFIX + "__".join(map(str, here)).upper(), here, listed)


def from_environment(environ: Mapping[str, str], model: type[BaseModel]) -> Mapping[Key, tuple[str, object]]:
    """For each key of `model` set by a variable: the variable's name and the value.

    Raises `InvalidSettings` naming every variable with our prefix that sets nothing; values are not repeated.
    """
    known = {variable.name: variable for variable in variables(model)}
    given = sorted(name for name in environ if name.startswith(PREFIX))
    problems = tuple(
        ConfigurationError(
            "cette variable ne règle rien", where=f"variable d'environnement {name}", remedy=_remedy(name, known)
        )
        for name in given
        if name not in known
    )
    if problems:
        raise InvalidSettings(problems)
    return {known[name].key: (name, _value(environ[name], known[name].listed)) for name in given}


def _remedy(name: str, known: Mapping[str, Variable]) -> str:
    return suggestion(name, known) or "Les listes de tables et les tables libres s'écrivent dans le fichier"


def _value(text: str, listed: bool) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if listed else text
