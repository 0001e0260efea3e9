"""The files of a new plugin, from the templates beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from connector_core import __version__
from connector_core.errors import ConfigurationError
from connector_core.testing.conformance.scenario import DATABASE
from connector_core.testing.scaffold.sample import TOTAL, Kind, expected, export

KINDS: tuple[Kind, ...] = ("csv", "xml", "fixed", "database")
_NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
_COMMON = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    "LICENSE": "LICENSE.in",
    "CHANGELOG.md": "CHANGELOG.md.in",
    ".gitignore": "gitignore.in",
    ".github/workflows/conformance.yml": "conformance.yml.in",
    "src/{package}/__init__.py": "plugin.py.in",
    "tests/test_conformance.py": "test_conformance.py.in",
}


def render(name: str, kind: Kind, exports: Mapping[str, bytes] | None = None) -> Mapping[str, bytes]:
    """Every file of the distribution `connector-NAME`, by its path in it.

    With `exports`, files of a vendor by their names, these are its sample, and what they must give is left to fill in;
    else a sample is generated. That of a database is one script. Raise ConfigurationError for a name that can't be both
    a Python module's and a connector's, and for a sample that is no script.
    """
    if _NAME.fullmatch(name) is None:
        raise ConfigurationError(
            f"« {name} » ne peut pas nommer une extension",
            remedy="Prenez de 2 à 30 lettres minuscules sans accent ou chiffres, une lettre d'abord",
        )
    package = f"connector_{name}"
    words = {
        "name": name,
        "upper": name.upper(),
        "title": name.capitalize(),
        "package": package,
        "kind": kind,
        "read": "database" if kind == "database" else "exports",
        "verb": "s" if kind == "database" else "",
        "core": __version__,
        "next_major": str(int(__version__.split(".")[0]) + 1),
        "total": str(TOTAL),
    }
    made = {path.format(package=package): _filled(template, words) for path, template in _COMMON.items()}
    made[f"src/{package}/py.typed"] = b""
    made[f"src/{package}/dialects/{name}-{kind}.toml"] = _filled(f"dialect-{kind}.toml.in", words)
    if exports:
        made |= {f"samples/{kind}/{file}": content for file, content in _sample_of(kind, exports).items()}
        made[f"samples/{kind}/scenario.toml"] = _filled("scenario.toml.in", words)
        return made
    file, content = export(name, kind)
    made[f"samples/{kind}/{file}"] = content
    made[f"samples/{kind}/expected.ndjson"] = expected(kind)
    made[f"samples/{kind}/scenario.toml"] = _filled(f"scenario-{kind}.toml.in", words)
    return made


def kind_named(name: str) -> Kind:
    """A kind by its name; ValueError for any other text."""
    return KINDS[KINDS.index(name)]


def _sample_of(kind: Kind, exports: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """A vendor's files, by their paths in the sample."""
    if kind != "database":
        return {f"export/{file}": content for file, content in exports.items()}
    if [Path(file).suffix.lower() for file in exports] != [".sql"]:
        raise ConfigurationError(
            "l'échantillon d'une base est un seul script SQL",
            remedy="Donnez un fichier « .sql » que SQLite sait exécuter, avec des données inventées",
        )
    return {DATABASE: next(iter(exports.values()))}


def _filled(template: str, words: Mapping[str, str]) -> bytes:
    text = files("connector_core.testing.scaffold").joinpath("templates", template).read_text(encoding="utf-8")
    return Template(text).substitute(words).encode()
