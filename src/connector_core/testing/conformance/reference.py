"""The page of the checks and their mutants, generated from both; `docs/vendor/checks.md` is its output."""

from __future__ import annotations

from collections.abc import Iterator

from connector_core.plugins.conformance import LEVELS
from connector_core.testing.conformance.examination import PLUGIN_CHECKS, SAMPLE_CHECKS, check_of
from connector_core.testing.conformance.mutants import MUTANTS

_INTRODUCTION = """# The checks

This page is generated from `connector_core.testing.conformance`.

The [conformance kit](conformance.md) asks a plugin all of this, what concerns samples on each of them.
"""
_GROUPS = {
    "C1": "The package",
    "C2": "The hooks",
    "C3": "What a site may configure",
    "C4": "Reading",
    "C5": "Records",
    "C6": "Errors without data",
    "C7": "Identity",
    "C8": "Writing back",
    "C9": "Privacy",
}
_MUTANTS = """## Mutants

A check that nothing fails proves nothing. For each there is a plugin that breaks it and nothing else: the new plugin of
`connector plugin new` with one change (`connector_core.testing.conformance.mutants`). `tox -e kit` asks the whole kit
about each, and fails unless that one check fails, and no other.
"""


def checks_reference() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRODUCTION, _levels(), *_sections(), _MUTANTS, *_mutants(), ""])


def _levels() -> str:
    lines = ["| Level | Asks for |", "| --- | --- |"]
    for level in LEVELS:
        codes = sorted(code for code in (*PLUGIN_CHECKS, *SAMPLE_CHECKS) if check_of(code).level == level)
        lines.append(f"| {level} | {', '.join(f'[{code}](#{code.lower()})' for code in codes)} |")
    return "\n".join([*lines, "", "A level includes those above it in this table.", ""])


def _sections() -> Iterator[str]:
    for group, title in _GROUPS.items():
        yield f"## {group}: {title[0].lower()}{title[1:]}\n"
        for code in (*PLUGIN_CHECKS, *SAMPLE_CHECKS):
            if code.startswith(group):
                each = check_of(code)
                yield f"### {code}\n\n{each.title} ({each.level})\n\n{each.why}\n"
                if each.exemptible:
                    yield "A scenario may exempt from it, with a reason.\n"


def _mutants() -> Iterator[str]:
    yield "| Check | The mutant | Caught |"
    yield "| --- | --- | --- |"
    for mutant in sorted(MUTANTS, key=lambda each: each.check):
        yield f"| [{mutant.check}](#{mutant.check.lower()}) | {mutant.does} | yes |"
