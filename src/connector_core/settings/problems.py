"""What validation found wrong, as French sentences with the place to correct.

Values are never repeated: a configuration may hold, by mistake, a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion
from connector_core.toml_places import Key

_REFUSED = "configuration"
_EXPECTED = {
    "string": "un texte entre guillemets est attendu",
    "int": "un nombre entier est attendu, sans guillemets",
    "bool": "true ou false est attendu, sans guillemets",
    "date": "une date est attendue, sans guillemets : 2026-01-31",
    "tuple": "une liste est attendue, entre crochets",
    "model": "une table est attendue, pas une valeur seule",
    "dict": "une table est attendue, pas une valeur seule",
    "mapping": "une table est attendue, pas une valeur seule",
}


class InvalidSettings(ConfigurationError):
    """The configuration was read and is wrong; `problems` has every fault, each with its place and remedy."""

    def __init__(self, problems: tuple[ConfigurationError, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(first.what, where=first.where, remedy=first.remedy)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def refused(what: str, remedy: str | None = None, *, at: Key = ()) -> PydanticCustomError:
    """What a validator raises: a French sentence, what to do, and where below the validated table."""
    return PydanticCustomError(_REFUSED, "{what}", {"what": what, "remedy": remedy, "at": at})


def dotted(key: Key) -> str:
    """`("source", 0, "folder")` as `source[0].folder`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Place(NamedTuple):
    """Where a person corrects a key: the order in which to tell it, and the words."""

    order: int
    words: str | None


def invalid_settings(error: ValidationError, model: type[BaseModel], where: Callable[[Key], Place]) -> InvalidSettings:
    """Every fault of `error`, in the order of the file; `where` gives the place of a key."""
    problems: dict[tuple[Place, str], ConfigurationError] = {}
    found = error.errors(include_url=False, include_input=False)
    for details in found:
        if details["type"] == "too_short" and any(_below(each["loc"], details["loc"]) for each in found):
            continue  # it has entries, and what is wrong with them is told
        key, what, remedy = _explain(details, model)
        place = where(key)
        problems.setdefault((place, what), ConfigurationError(what, where=place.words, remedy=remedy))
    return InvalidSettings(tuple(problems[each] for each in sorted(problems, key=lambda each: each[0].order)))


def table_model(model: type[BaseModel], key: Key) -> type[BaseModel] | None:
    """The model of the table at `key`, or `None` where there is no such table."""
    current = model
    for part in key:
        if isinstance(part, int):
            continue
        fields = current.model_fields.items()
        field = next((field for name, field in fields if (field.alias or name) == part), None)
        inner = inner_model(field.annotation) if field is not None else None
        if inner is None:
            return None
        current = inner
    return current


def known_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys a person may write in that table."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def inner_model(annotation: object) -> type[BaseModel] | None:
    """The model a field holds, alone or in a list."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _explain(details: ErrorDetails, model: type[BaseModel]) -> tuple[Key, str, str | None]:
    key = tuple(part for part in details["loc"] if part != "[key]")
    kind = details["type"]
    context: Mapping[str, object] = details.get("ctx", {})
    what: str
    remedy: str | None = None
    if kind == _REFUSED:
        what = str(context["what"])
        remedy = str(context["remedy"]) if context["remedy"] is not None else None
        at = context["at"]
        key += at if isinstance(at, tuple) else ()
        if key and isinstance(key[-1], str):
            what = f"{_named(key)} : {what}"
    elif kind == "extra_forbidden":
        table = table_model(model, key[:-1])
        what = f"clé inconnue {_named(key)}"
        remedy = suggestion(str(key[-1]), known_keys(table) if table is not None else ())
    elif kind == "missing":
        what = f"la clé {_named(key)} manque"
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        what = f"valeur inattendue pour {_named(key)}"
        remedy = f"Valeurs possibles : {', '.join(choices)}"
    elif kind in ("string_too_short", "too_short"):
        what = f"{_named(key)} est vide"
    elif kind == "greater_than_equal":
        what, remedy = f"{_named(key)} : ce nombre est trop petit", f"{context['ge']} au moins"
    elif kind == "less_than_equal":
        what, remedy = f"{_named(key)} : ce nombre est trop grand", f"{context['le']} au plus"
    elif kind == "tuple_type" and table_model(model, key) is not None:
        what = f"{_named(key)} est une liste de tables"
        remedy = f"Écrivez [[{key[-1]}]], avec des crochets doubles"
    else:
        what = f"{_named(key)} : {_EXPECTED.get(kind.split('_')[0], 'valeur invalide')}"
    return key, what, remedy


def _below(one: Key, other: Key) -> bool:
    """Whether a key lies in the list or table at another."""
    return len(one) > len(other) and one[: len(other)] == other


def _named(key: Key) -> str:
    """`« folder » dans [[source]]`, `« off » dans [rules]`, or a quoted name alone at the top level."""
    place = list(key)
    while place and isinstance(place[-1], int):
        place.pop()
    if not place:
        return "la configuration"
    *above, name = place
    table = ".".join(part for part in above if isinstance(part, str))
    if not table:
        return f"« {name} »"
    return f"« {name} » dans [[{table}]]" if isinstance(above[-1], int) else f"« {name} » dans [{table}]"
