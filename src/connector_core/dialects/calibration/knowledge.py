"""The fields of the common model as calibration knows them: `fields.toml`, checked and frozen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, cast

from connector_core.dialects.calibration.titles import Phrase, phrase

Fill = Literal["full", "most", "some", ""]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a column may fill. `rank` is its place among the fields of its kind, from 0 to 1."""

    kind: str
    name: str
    form: str
    argument: str
    titles: tuple[Phrase, ...]
    fill: Fill
    least: int
    most: int
    rank: float
    words: Mapping[str, tuple[str, ...]]
    rare: bool

    @property
    def target(self) -> str:
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: the words for it, and its fields by name."""

    name: str
    names: tuple[Phrase, ...]
    fields: Mapping[str, Field]


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind that can be proposed, by name."""
    text = files("connector_core.dialects.calibration").joinpath("fields.toml").read_text(encoding="utf-8")
    content = cast("Mapping[str, Mapping[str, object]]", tomllib.loads(text))
    return {name: _kind(name, each) for name, each in content.items()}


def _kind(name: str, content: Mapping[str, object]) -> Kind:
    fields = cast("Mapping[str, Mapping[str, object]]", content["fields"])
    words = cast("Mapping[str, Mapping[str, list[str]]]", content.get("values", {}))
    last = max(1, len(fields) - 1)
    return Kind(
        name,
        tuple(phrase(each) for each in cast("list[str]", content["names"])),
        {
            each: _field(name, each, said, {key: tuple(texts) for key, texts in words.get(each, {}).items()}, n / last)
            for n, (each, said) in enumerate(fields.items())
        },
    )


def _field(
    kind: str, name: str, said: Mapping[str, object], words: Mapping[str, tuple[str, ...]], rank: float
) -> Field:
    form, _, argument = str(said["form"]).partition(" ")
    least, most = cast("list[int]", said.get("range", [0, 0]))
    titles = tuple(phrase(each) for each in cast("list[str]", said["titles"]))
    fill = cast(Fill, said.get("fill", ""))
    return Field(kind, name, form, argument, titles, fill, least, most, rank, words, bool(said.get("rare")))
