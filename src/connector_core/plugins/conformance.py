"""The conformance report that a plugin ships: which level its tests showed, of which code, under which core.

The report is `conformance.json` in the package of the plugin, written by the conformance kit (`pytest --certify`). It
names the digest of the package's files, so that it speaks of no other code than the one that was tested. It is read
without importing the plugin. It is the vendor's word: whoever doubts it runs the kit on the samples that it names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from connector_core.errors import ConfigurationError

Level = Literal["bronze", "silver", "gold"]
LEVELS: tuple[Level, ...] = get_args(Level)
FILE_NAME = "conformance.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Exemption:
    """What a sample's format can't keep, and why."""

    check: str
    sample: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What the kit found. `level` is None where not even bronze was reached.

    `core` is the version of connector-core, `code` the digest of the plugin's files, `checks` the outcome of each
    check, `samples` the digest of each sample, `unseen` the fields of each dialect that no sample fills (`*` for a
    dialect without one), which holds no level back.
    """

    connector: str
    distribution: str
    version: str
    core: str
    level: Level | None
    code: str
    checks: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)
    exemptions: Sequence[Exemption] = ()
    unseen: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> str:
        content = {
            "format": FORMAT,
            "connector": self.connector,
            "distribution": self.distribution,
            "version": self.version,
            "core": self.core,
            "level": self.level,
            "code": self.code,
            "checks": dict(self.checks),
            "samples": dict(sorted(self.samples.items())),
            "exemptions": [
                {"check": each.check, "sample": each.sample, "reason": each.reason} for each in self.exemptions
            ],
            "unseen": {name: list(fields) for name, fields in self.unseen.items()},
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def package_folder(module: str, path: Sequence[str] | None = None) -> Path | None:
    """The folder of the package that an entry point names, found without importing it; None for a single module.

    `path` is where it is looked for, by default wherever Python finds packages, those installed in place included.
    """
    package = module.partition(".")[0]
    spec = find_spec(package) if path is None else PathFinder.find_spec(package, list(path))
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    return Path(places[0]) if places else None


def code_digest(folder: Path) -> str:
    """Digest of every file of a package but its report and what Python leaves there; line ends don't count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != FILE_NAME and "__pycache__" not in path.parts:
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a plugin's report is worth here: the report, and whether it speaks of the files that are installed."""

    report: ConformanceReport
    is_of_these_files: bool


def standing_of(module: str, path: Sequence[str] | None = None) -> Standing | None:
    """The standing of the plugin whose entry point names a module; None where it ships no report."""
    folder = package_folder(module, path)
    report = None if folder is None else read_report(folder)
    return None if folder is None or report is None else Standing(report, report.code == code_digest(folder))


def read_report(folder: Path) -> ConformanceReport | None:
    """The report in a package's folder; None without one. Raise ConfigurationError where it can't be read."""
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["level"] not in (None, *LEVELS):
            raise _unreadable(path)
        return ConformanceReport(
            connector=str(content["connector"]),
            distribution=str(content["distribution"]),
            version=str(content["version"]),
            core=str(content["core"]),
            level=content["level"],
            code=str(content["code"]),
            checks={str(code): str(outcome) for code, outcome in content["checks"].items()},
            samples={str(name): str(digest) for name, digest in content["samples"].items()},
            exemptions=tuple(
                Exemption(str(each["check"]), str(each["sample"]), str(each["reason"]))
                for each in content["exemptions"]
            ),
            unseen={str(name): tuple(map(str, fields)) for name, fields in content.get("unseen", {}).items()},
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> ConfigurationError:
    return ConfigurationError(
        "le rapport de conformité est illisible", where=str(path), remedy="Réinstallez l'extension"
    )
