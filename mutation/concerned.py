"""What a change of one module may reach: the modules that import it, their rules, and the tests of these."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

PACKAGE = "connector_core"
RULES = f"{PACKAGE}.rules"
CATALOGUE = f"{RULES}.catalogue"


def rule_modules(source: Path) -> dict[str, Path]:
    """The modules that are mutated, by name, with their file; a package's own module has little to mutate."""
    files = sorted((source / PACKAGE / "rules").rglob("*.py"))
    return {module_name(source, each): each for each in files if each.name != "__init__.py"}


def module_name(source: Path, file: Path) -> str:
    parts = file.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: Path) -> dict[str, frozenset[str]]:
    """For each module of the package, the modules of the package that it imports.

    What a package imports inside a function (the catalogue its families) is no import of the package's: it is looked up
    when the function is called.
    """
    files = {module_name(source, each): each for each in (source / PACKAGE).rglob("*.py")}
    return {
        name: frozenset() if file.name == "__init__.py" else frozenset(imported(file, files)) - {name}
        for name, file in files.items()
    }


def imported(file: Path, known: Container[str]) -> Iterator[str]:
    """The known modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = [f"{node.module}.{each.name}" for each in node.names]
            yield from (each for each in parts if each in known)
            if node.module in known and not all(each in known for each in parts):
                yield node.module


def dependants(name: str, imports_of: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """A module and all that import it, directly or not."""
    found = {name}
    while more := {each for each, names in imports_of.items() if not names.isdisjoint(found)} - found:
        found |= more
    return frozenset(found)


def files_of_tests(name: str, reached: Iterable[str], folder: Path) -> list[Path]:
    """The test files of a rule module: those that import it, those named after it or after a rule module it reaches.

    `test_kine_nom.py` is named after every `kine_nom…`. For what all families rest on, the files that import it are
    enough: the cases of all rules are asked as well. What no test imports is tried by the tests of what rests on it.
    """
    family = name.startswith(f"{CATALOGUE}.")
    modules = {name, *reached} if family else {name}
    files = [file for file in sorted(folder.glob("test_*.py")) if file.name != "test_cases.py"]
    found = [file for file in files if _named_after(file, modules) or any(imported(file, {name}))]
    shared = {each for each in reached if each.startswith(f"{RULES}.") and not each.startswith(CATALOGUE)}
    return found or [file for file in files if not family and any(imported(file, shared))]


def _named_after(file: Path, modules: Iterable[str]) -> bool:
    subject = file.stem.removeprefix("test_")
    stems = {each.rpartition(".")[2] for each in modules if each.startswith(f"{RULES}.")}
    return any(each == subject or each.startswith(f"{subject}_") for each in stems)
