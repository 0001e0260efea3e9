"""A process that has everything but the mutated module in memory, and forks to try each mutant.

Cosmic Ray starts a command for each mutant. An interpreter that imports the project and reads 1,800 cases would take
seconds; a fork of this process takes a tenth of one. In the fork, the mutated module and the modules that import it are
imported afresh, then asked, until one fails, the cheapest first:

1. the cases of the rules these modules hold, or of all rules where what asks them is among these modules;
2. what `tests/unit/rules/test_cases.py` promises of these rules: the days on which they wake, the parameters they name;
3. the test files named after the modules, by pytest.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from connector_core.rules.catalogue import core_rules
from connector_core.testing import cases as case_module
from connector_core.testing.cases import Case, load_cases
from mutation.concerned import dependants, files_of_tests, imports

SECONDS = 90
"""Of processor, after which a mutant that neither passes nor fails is ended; the longest tests, those of `kernel`, take
some 35."""
TESTS = Path("tests/unit/rules")
CASES = Path("src/connector_core/rules/catalogue/cases")


@dataclass(frozen=True, slots=True)
class Concern:
    """What is imported again and asked when one module is mutated."""

    modules: frozenset[str]
    codes: tuple[str, ...]
    files: tuple[Path, ...]


def serve(address: str) -> None:
    """Answer as `ask.said_of` says, for each module named on the socket, one after the other."""
    imported = imports(Path("src"))
    homes = {str(each.code): each.function.__module__ for each in core_rules()}
    known = {file.stem: load_cases(file) for file in sorted(CASES.glob("*.toml"))}
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            with connection, connection.makefile("r", encoding="utf-8") as asked:
                name, _, how_much = asked.readline().strip().partition(" ")
                if not name:
                    return
                concern = _concern(name, imported, homes)
                connection.sendall(_in_a_fork(partial(_try, concern, known, how_much == "cases")).encode())


def _concern(name: str, imported: Mapping[str, frozenset[str]], homes: Mapping[str, str]) -> Concern:
    reached = dependants(name, imported)
    every = case_module.__name__ in reached
    codes = sorted(
        (code for code, home in homes.items() if every or home in reached), key=lambda code: homes[code] != name
    )
    return Concern(reached, tuple(codes), tuple(files_of_tests(name, reached, TESTS)))


def _in_a_fork(work: Callable[[], str]) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        said = work()
        os.write(write, said.encode()[:4000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        ended = os.WTERMSIG(status)
        return "timeout" if ended == signal.SIGPROF else f"killed: signal {ended}"
    return said or "killed: ended without an answer"


def _try(concern: Concern, known: Mapping[str, list[Case]], cases_only: bool) -> str:
    sys.dont_write_bytecode = True
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123  # a device
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            failed = next(_failed_cases(concern, known), None)
            if failed is None and not cases_only:
                failed = next(_failed_tests(concern, known), None)
    except BaseException as error:  # noqa: BLE001  # whatever a mutant does at import, it is killed
        return f"killed: {type(error).__name__} outside a rule"
    if failed is not None:
        return f"killed: {failed}"
    return "survived the cases" if cases_only else "survived"


def _failed_cases(concern: Concern, known: Mapping[str, list[Case]]) -> Iterator[str]:
    _forget(concern.modules)
    fresh = import_module(case_module.__name__)
    for code in concern.codes:
        for case in known[code]:
            if fresh.differences(case):
                yield f"{code}: {case.name}"


def _failed_tests(concern: Concern, known: Mapping[str, list[Case]]) -> Iterator[str]:
    fresh = import_module(case_module.__name__)
    setattr(fresh, "load_cases", lambda path: known[path.stem])  # noqa: B010  # a module as the type checker sees it
    promises = _test_cases()
    rules = {str(each.code): each for each in fresh.core_rules()}
    for code in concern.codes:
        for test, about in (
            (promises.test_what_a_rule_answers_changes_on_wake_days_only, code),
            (promises.test_a_rule_names_every_parameter_it_reads, code),
            (promises.test_a_rule_explains_itself_under_the_fixed_headings, rules[code]),
            (promises.test_a_rule_names_parameters_that_exist, rules[code]),
        ):
            try:
                test(about)
            except AssertionError:
                yield f"{code}: {test.__name__}"
    arguments = ["-x", "-q", *_QUIET, *map(str, concern.files)]
    if concern.files and pytest.main(arguments, plugins=[_Examples()]) != pytest.ExitCode.OK:
        yield f"one of {', '.join(each.name for each in concern.files)}"


_USELESS = ("cacheprovider", "connector", "xdist", "cov", "faulthandler")
"""Plugins that a fork has no use for, and whose start takes time."""
_QUIET = (
    "--tb=no",
    # The project has a plugin for pytest, so pytest would rewrite its modules; here they are in memory already.
    "-Wignore::pytest.PytestAssertRewriteWarning",
    *(f"-pno:{each}" for each in _USELESS),
)


class _Examples:
    """The property tests try the same examples on each mutant, without a deadline: a busy machine kills none."""

    def pytest_configure(self) -> None:
        # Once pytest has prepared it for its assertions.
        from hypothesis import settings

        settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
        settings.load_profile("mutants")


def _forget(names: frozenset[str]) -> None:
    for name in names & set(sys.modules):
        package, _, last = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)
        del sys.modules[name]


def _test_cases() -> ModuleType:
    spec = spec_from_file_location("test_cases", TESTS / "test_cases.py")
    if spec is None or spec.loader is None:
        raise ImportError(str(TESTS / "test_cases.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    serve(sys.argv[1])
