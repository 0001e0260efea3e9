"""The templates of letters: those that ship, and the practice's own, which go first.

A template is a text in UTF-8 in which `{{ total }}` stands for a value (jinja2, sandboxed: it reaches nothing but the
values it is given). Its first line is the subject; empty lines part the paragraphs. What a template asks wrongly is a
`ConfigurationError` that names its file and line, and never holds a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

from connector_core.deliver.french import typographic
from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = "courriers"
"""Beside the configuration: the practice's own templates."""
NAMES: tuple[str, ...] = (
    *(f"{kind}-{tone}" for kind in ("patient", "caisse", "complementaire") for tone in ("cordial", "ferme", "dernier")),
    "sms",
    "appel",
    "appel-organisme",
    "devis",
)
"""Every template; its file is `<name>.txt`."""
_WITHOUT_SUBJECT = frozenset({"sms"})

TABLE = "\ue000"
"""What a template writes for the list of invoices or acts."""
SIGNATURES = "\ue001"
"""What a template writes for the place to sign."""

Value = str | int
_SUBJECT = re.compile(r"objet\s*:\s*(?P<text>\S.*)", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")


@dataclass(frozen=True, slots=True)
class Written:
    """What a template says: its subject, and its paragraphs, of which some are `TABLE` or `SIGNATURES`."""

    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Templates:
    """The templates of a practice; `own` is the folder of its own ones, which may not exist."""

    own: Path

    def write(self, name: str, values: Mapping[str, Value]) -> Written:
        """Fill in a template. Raises `ConfigurationError` naming the file and the line."""
        source, where = self._source(name)
        text = self._filled(source, where, values)
        subject, body = _parted(text)
        if subject is None and name not in _WITHOUT_SUBJECT:
            raise ConfigurationError(
                "ce modèle n'a pas d'objet",
                where=where,
                remedy="Écrivez d'abord une ligne « Objet : … », puis une ligne vide",
            )
        return Written(typographic(subject or ""), tuple(map(typographic, _paragraphs(body))))

    def copy_missing(self) -> tuple[list[Path], list[Path]]:
        """Copy the shipped templates to the practice's folder, for it to edit: those written, and those that were
        there and are left alone. OSError passes."""
        self.own.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        kept: list[Path] = []
        for name in NAMES:
            path = self.own / f"{name}.txt"
            try:
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(shipped(name))
            except FileExistsError:
                kept.append(path)
            else:
                written.append(path)
        return written, kept

    def unknown(self) -> list[ConfigurationError]:
        """The texts in the practice's folder that are no template, so that a slip in a name is not lost."""
        found = sorted(self.own.glob("*.txt")) if self.own.is_dir() else []
        return [
            ConfigurationError(
                "aucun courrier n'utilise ce modèle", where=str(path), remedy=suggestion(path.stem, NAMES)
            )
            for path in found
            if path.stem not in NAMES
        ]

    def _source(self, name: str) -> tuple[str, str]:
        path = self.own / f"{name}.txt"
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return shipped(name), f"{name}.txt"
        except OSError as error:
            raise ConfigurationError(
                f"ce modèle ne peut pas être lu ({type(error).__name__})",
                where=str(path),
                remedy="Vérifiez que c'est un fichier et que ce compte a le droit de le lire",
            ) from None
        try:
            return content.decode("utf-8-sig").replace("\r\n", "\n"), str(path)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            "ce modèle n'est pas en UTF-8", where=f"{path}, ligne {line}", remedy="Enregistrez-le en « UTF-8 »"
        )

    def _filled(self, source: str, where: str, values: Mapping[str, Value]) -> str:
        from jinja2 import Template, TemplateSyntaxError

        environment = self._environment
        try:
            code = environment.compile(source, filename=where)
        except TemplateSyntaxError as error:
            _refuse(
                "une accolade ou une instruction de ce modèle n'est pas fermée ou pas connue",
                f"{where}, ligne {error.lineno}",
                "Un mot à remplacer s'écrit « {{ total }} », une condition « {% if telephone %} … {% endif %} »",
            )
        try:
            return Template.from_code(environment, code, {}).render(dict(values))
        except Exception as error:  # noqa: BLE001  # a template is a program of the practice: it may fail in any way
            line = _line(error.__traceback__, where)
            place = where if line is None else f"{where}, ligne {line}"
            unknown = _UNDEFINED.search(str(error))
            if unknown is not None:
                _refuse(f"mot inconnu « {unknown[1]} »", place, suggestion(unknown[1], values))
            _refuse(
                f"ce modèle ne peut pas être rempli ({type(error).__name__})",
                place,
                "Reprenez cette ligne dans le modèle d'origine : renommez ce fichier, puis « connector remind "
                "--templates »",
            )

    @cached_property
    def _environment(self) -> ImmutableSandboxedEnvironment:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        return ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def shipped(name: str) -> str:
    """The text of a template that ships."""
    return files("connector_core.deliver.letters").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")


def _parted(text: str) -> tuple[str | None, str]:
    first, _, rest = text.strip().partition("\n")
    match = _SUBJECT.fullmatch(first.strip())
    return (None, text) if match is None else (match["text"], rest)


def _paragraphs(text: str) -> list[str]:
    for mark in (TABLE, SIGNATURES):
        text = text.replace(mark, f"\n\n{mark}\n\n")
    paragraphs = (
        "\n".join(line.rstrip() for line in each.strip("\n").splitlines()) for each in _BLANK_LINES.split(text)
    )
    return [each for each in paragraphs if each.strip()]


def _line(trace: TracebackType | None, where: str) -> int | None:
    """The last line of the template that was being filled."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == where:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _refuse(what: str, where: str, remedy: str | None) -> NoReturn:
    raise ConfigurationError(what, where=where, remedy=remedy) from None
