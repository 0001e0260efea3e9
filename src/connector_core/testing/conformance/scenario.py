"""What reading a sample must give: the `scenario.toml` beside it.

```toml
title = "Acme, séances en CSV"

[expect]
rejects = 0
records = { act = 6, patient = 3 }
totals = { "act.amount" = "107.28" }     # a sum that the vendor's own software shows

[[unknown]]                              # a word that no table of the dialect knows
file = "*.csv"
before = ";Cabinet;"
after = ";Ailleurs;"

[[exempt]]                               # what the format can't keep, and why
check = "C4-CUT"
file = "*.csv"
reason = "la liste n'a pas de ligne de total"
```

The files of the sample lie in `export/`, the records that they must give in `expected.ndjson`, in the pivot format.
The sample of a database is `database.sql`, a script for SQLite.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from connector_core.errors import ConfigurationError, reason_of

FILE_NAME = "scenario.toml"
DATABASE = "database.sql"
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=15)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Expected(_Part):
    """How many rows are refused, how many records of each kind are made, what fields add up to (as texts)."""

    rejects: int = 0
    records: dict[str, int]
    totals: dict[str, str] = Field(default_factory=dict)


class UnknownWord(_Part):
    """An edit that writes a word which the dialect does not know; `before` is there once at least."""

    file: _Text = "*"
    before: _Text
    after: _Text


class Exempt(_Part):
    """A check that these files can't pass, and why."""

    check: _Text
    file: _Text = "*"
    reason: _Reason


class Scenario(_Part):
    """A sample's outcome, as its author says it."""

    title: _Text
    expect: Expected
    expected: _Text = "expected.ndjson"
    unknown: list[UnknownWord] = Field(default_factory=list)
    exempt: list[Exempt] = Field(default_factory=list)


def read_scenario(folder: Path) -> Scenario:
    """The scenario of a sample; ConfigurationError where it is wrong."""
    path = folder / FILE_NAME
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"scénario illisible ({reason_of(error)})", where=str(path)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"TOML illisible ({error})", where=str(path)) from error
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        key = ".".join(map(str, wrong["loc"]))
        raise ConfigurationError(f"« {key} » : {wrong['msg']}", where=str(path)) from None


def exports_of(folder: Path) -> tuple[Path, ...]:
    """The files of a sample, in the order of their names."""
    exports = folder / "export"
    return tuple(sorted(path for path in exports.iterdir() if path.is_file())) if exports.is_dir() else ()


def database_of(folder: Path) -> Path | None:
    """The script that makes the database of a sample; None where it has none."""
    path = folder / DATABASE
    return path if path.is_file() else None


def samples_below(folder: Path) -> tuple[str, ...]:
    """The names of the samples in a folder; `.` where the folder is one itself."""
    if (folder / FILE_NAME).is_file():
        return (".",)
    return tuple(sorted(path.parent.name for path in folder.glob(f"*/{FILE_NAME}")))
