"""Cosmic Ray's sessions: one file per module, in a copy of the tree, since a mutant is written over its module."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cosmic_ray.plugins
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import WorkerOutcome, WorkItem, WorkResult

from mutation import ask
from mutation.concerned import rule_modules
from mutation.figures import Result, Survivor
from mutation.operators import Provider, leave_out

ROOT = Path(__file__).parents[1]
_COPIED = ("src", "tests/unit/rules", "mutation", "pyproject.toml")
_SECONDS = 900.0
"""By the clock: far more than the warm process gives a mutant of the processor before it ends it itself."""


class BaselineFailed(Exception):
    """The tests of a module fail without a mutant."""


class Sessions:
    """The sessions kept in a folder. A module's session is made anew when its source has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.modules = rule_modules(ROOT / "src")
        cosmic_ray.plugins.OPERATOR_PROVIDERS["connector"] = Provider()

    def run(self, names: list[str], *, again: bool, cases_only: bool, at_most: int | None) -> Iterator[Result]:
        """Try the mutants of modules that were not tried yet; with `again`, also those that survived.

        With `cases_only`, what the cases do not kill is left as survived, without the test files being asked. `at_most`
        so many of each module are tried, drawn at random.
        """
        with _tree() as tree, _warm(tree) as address:
            for name in names:
                file = self.modules[name].relative_to(ROOT)
                with use_db(str(self._session(name))) as session:
                    if not session.num_work_items:
                        init([file], session, {})
                    leave_out(session, file)
                    _forget(session, lambda result: _is_lost(result) or (again and not result.is_killed))
                    if waiting := session.pending_work_items[:at_most]:
                        if (said := ask.said_of(address, name, "all")) != "survived":
                            raise BaselineFailed(f"{name}: its tests fail without a mutant ({said})")
                        command = _command(address, name, "cases" if cases_only else "all")
                        for item in waiting:
                            session.set_result(item.job_id, mutate_and_test(item.mutations, command, _SECONDS))
                    yield _result(name, session)

    def result(self, name: str) -> Result | None:
        """What is known of a module; None where its present source has no session."""
        path = self._session(name)
        if not path.exists():
            return None
        with use_db(str(path), WorkDB.Mode.open) as session:
            return _result(name, session)

    def _session(self, name: str) -> Path:
        source = hashlib.blake2b(self.modules[name].read_bytes(), digest_size=6).hexdigest()
        return self._folder / f"{name.partition('.rules.')[2]}.{source}.sqlite"


def _result(name: str, session: WorkDB) -> Result:
    done = [(item, result) for item, result in session.completed_work_items if not _is_lost(result)]
    tried = [(item, result) for item, result in done if result.worker_outcome is not WorkerOutcome.SKIPPED]
    survivors = (_survivor(name, item, result) for item, result in tried if not result.is_killed)
    return Result(
        name,
        sum(result.is_killed for _, result in tried),
        sum((result.output or "").strip() == "timeout" for _, result in tried),
        len(done) - len(tried),
        session.num_work_items - len(done),
        tuple(sorted(survivors, key=lambda each: (each.line, each.operator, each.after))),
        sum((result.output or "").strip() == "survived the cases" for _, result in tried),
    )


def _is_lost(result: WorkResult) -> bool:
    """Whether the test command ended without an answer, which Cosmic Ray takes for a mutant that was killed."""
    said = (result.output or "").strip()
    if result.worker_outcome is WorkerOutcome.SKIPPED:
        return False
    return said != "timeout" and not said.startswith(("survived", "killed: "))


def _forget(session: WorkDB, which: Callable[[WorkResult], bool]) -> None:
    """Make mutants wait again. Cosmic Ray has no way to forget one result: they are all written anew but these."""
    kept = [(job, result) for job, result in session.results if not which(result)]
    if len(kept) < session.num_results:
        items = session.work_items
        session.clear()
        session.add_work_items(items)
        for job, result in kept:
            session.set_result(job, result)


def _survivor(name: str, item: WorkItem, result: WorkResult) -> Survivor:
    (mutation,) = item.mutations
    lines = (result.diff or "").splitlines()
    before = [each[1:].strip() for each in lines if each.startswith("-") and not each.startswith("---")]
    after = [each[1:].strip() for each in lines if each.startswith("+") and not each.startswith("+++")]
    return Survivor(
        name,
        mutation.start_pos[0],
        mutation.definition_name or "",
        mutation.operator_name.partition("/")[2],
        " ".join(before),
        " ".join(after),
    )


def _command(address: str, name: str, how_much: str) -> str:
    # Without the site's own packages an interpreter starts in a few milliseconds.
    return shlex.join([sys.executable, "-I", "-S", str(Path("mutation/ask.py").resolve()), address, name, how_much])


@contextmanager
def _tree() -> Iterator[Path]:
    """A copy of the tree, the working directory while it lasts."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="connector-mutation-") as made:
        tree = Path(made)
        for each in _COPIED:
            source, target = ROOT / each, tree / each
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        os.chdir(tree)
        try:
            yield tree
        finally:
            os.chdir(before)


@contextmanager
def _warm(tree: Path) -> Iterator[str]:
    """The warm process, on the copy, and the address of its socket."""
    address = str(tree / "socket")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tree / "src"), str(tree)))}
    with subprocess.Popen(
        [sys.executable, "-m", "mutation.warm", address], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None or process.stdout.readline().strip() != "ready":
                raise BaselineFailed("the process that tries mutants did not start")
            yield address
        finally:
            process.terminate()
