"""The commented file that `connector init` writes: every key, its meaning, and its default behind a `#`."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connector_core.model.vocabulary import Zone
from connector_core.settings.duration import format_duration
from connector_core.settings.model import Practice, Report, Secrets, Settings, Source
from connector_core.settings.problems import inner_model
from connector_core.settings.table import Table

_HEAD = """\
# Configuration de connector.
#
# Ce qui suit « # » est un commentaire. Une clé écrite derrière « # » montre sa valeur par défaut ou un exemple :
# ôtez le « # » pour la régler.
# Un chemin Windows s'écrit entre apostrophes : 'D:\\Vega\\Exports'.
# Aucun mot de passe ici : « connector secrets set <nom> », puis password = "secret:<nom>".
# Vérification : « connector config check »."""
_WIDTH = 110
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def commented_configuration(
    practice_name: str,
    zone: Zone = "METRO",
    sources: Sequence[Source] = (),
    *,
    timezone: str = "Europe/Paris",
    report: Report | None = None,
    secrets: Secrets | None = None,
) -> str:
    """The commented TOML of a new installation; it loads back as what was given, all else at its default."""
    return commented(
        Settings(
            practice=Practice(name=practice_name, zone=zone, timezone=timezone),
            source=tuple(sources),
            report=report or Report(),
            secrets=secrets or Secrets(),
        )
    )


def commented(settings: Settings) -> str:
    """The commented TOML of a configuration: the practice and what differs from a default
    are set, the rest is shown behind `#`."""
    blocks = [_HEAD]
    for attribute, field in Settings.model_fields.items():
        key = field.alias or attribute
        value = getattr(settings, attribute)
        if isinstance(value, Table):
            blocks.append("\n".join((*_prose(field.description), f"[{key}]", *_table(value, live=key == "practice"))))
        elif key == "source":
            examples = "\n\n".join(_commented_block(key, each.model_dump(exclude_unset=True)) for each in _EXAMPLES)
            live = [_block(key, _source_values(each, settings.daemon.settle)) for each in settings.sources]
            blocks += [_legend(field, Source), *(live or [examples])]
        elif isinstance(value, tuple) and (model := inner_model(field.annotation)) is not None:
            example = {name: each.examples[0] for name, each in model.model_fields.items() if each.examples}
            live = [_block(key, _given(each)) for each in value]
            blocks += [_legend(field, model), *(live or [_commented_block(key, example)])]
        else:
            prose = "\n".join(_prose(field.description))
            leader = {"patient": settings.sources[0].id if settings.sources else _EXAMPLES[0].id}
            lines = [f"[{key}]", *_lines(value)] if value else [f"#[{key}]", *(f"#{line}" for line in _lines(leader))]
            blocks.append("\n".join((prose, *lines)))
    return "\n\n".join(blocks) + "\n"


_EXAMPLES = (
    Source(id="vega", connector="vega", folder=Path(r"D:\Vega\Exports"), expected_every=timedelta(days=1)),
    Source(
        id="kine4000",
        connector="kine4000",
        database="firebird://reader@localhost/D:/Kine4000/BASE.FDB",
        password="secret:kine4000-db",
        poll=timedelta(minutes=10),
    ),
)


def _source_values(source: Source, usual_settle: timedelta) -> Mapping[str, object]:
    values = {name: getattr(source, name) for name in Source.model_fields if name in source.model_fields_set}
    if values.get("settle") == usual_settle:
        del values["settle"]
    return {name: value for name, value in values.items() if value is not None}


def _given(table: Table) -> Mapping[str, object]:
    return {name: value for name, value in table if value is not None}


def _table(table: Table, *, live: bool) -> Iterator[str]:
    for name, field in type(table).model_fields.items():
        value: object = getattr(table, name)
        default: object = field.get_default(call_default_factory=True)
        yield from _prose(field.description)
        if live or value != default:
            yield f"{name} = {_toml(value)}"
        else:
            shown = field.examples[0] if field.examples else default
            yield f"#{name} = {_toml(shown)}"


def _legend(field: FieldInfo, model: type[BaseModel]) -> str:
    lines = list(_prose(field.description))
    for name, each in model.model_fields.items():
        lines += _prose(f"{name} : {each.description}", indent="  ")
    return "\n".join(lines)


def _block(key: str, values: Mapping[str, object]) -> str:
    return "\n".join((f"[[{key}]]", *_lines(values)))


def _commented_block(key: str, values: Mapping[str, object]) -> str:
    return "\n".join(f"#{line}" for line in _block(key, values).splitlines())


def _lines(values: Mapping[str, object]) -> Iterator[str]:
    return (f"{_key(name)} = {_toml(value)}" for name, value in values.items())


def _prose(text: str | None, indent: str = "") -> Iterator[str]:
    return iter(
        textwrap.wrap(
            text or "",
            _WIDTH,
            initial_indent=f"# {indent}",
            subsequent_indent=f"# {indent}{indent}",
            break_on_hyphens=False,
            break_long_words=False,
        )
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _toml(value: object) -> str:
    """A TOML value that is read back as `value`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text if "." in text else f"{text}.0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f'"{value.isoformat("minutes" if value.second == 0 else "seconds")}"'
    if isinstance(value, timedelta):
        return f'"{format_duration(value)}"'
    if isinstance(value, Table):
        return _toml({name: getattr(value, name) for name in value.model_fields_set})
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_lines({str(key): each for key, each in value.items()})) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """A literal string where there is a backslash to keep, else a basic string."""
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
