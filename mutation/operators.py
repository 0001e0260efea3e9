"""The operator that is added to Cosmic Ray's own, and the filter that leaves out what is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import WorkerOutcome, WorkResult
from parso.python.tree import PythonNode
from parso.tree import NodeOrLeaf

from mutation.kept import Place, is_kept, typing_places


class SwapIn(Operator):
    """`in` for `not in`, and the other way round, which Cosmic Ray leaves alone."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Place, Place]]:
        if isinstance(node, PythonNode) and node.type == "comparison":
            for each in node.children[1::2]:
                if _words(each) in ("in", "not in"):
                    yield each.start_pos, each.end_pos

    def mutate(self, node: PythonNode, index: int) -> PythonNode:
        places = [n for n, each in enumerate(node.children) if n % 2 and _words(each) in ("in", "not in")]
        swapped = node.children[places[index]]
        leaf = swapped.get_first_leaf()
        leaf.value = "not in" if _words(swapped) == "in" else "in"
        if isinstance(swapped, PythonNode):
            swapped.children = [leaf]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return Example("x in y", "x not in y"), Example("x not in y", "x in y")


def _words(node: NodeOrLeaf) -> str:
    return " ".join(node.get_code(include_prefix=False).split())


class Provider:
    """The operators added, as Cosmic Ray asks a plugin for them."""

    def __iter__(self) -> Iterator[str]:
        return iter(("SwapIn",))

    def __getitem__(self, name: str) -> type[Operator]:
        return {"SwapIn": SwapIn}[name]


def leave_out(session: WorkDB, module: Path) -> None:
    """Mark what is not kept, so that it is neither run nor counted."""
    typing = typing_places(module.read_text(encoding="utf-8"))
    out = [
        item.job_id
        for item in session.work_items
        if not all(is_kept(each.operator_name, each.start_pos, typing) for each in item.mutations)
    ]
    session.set_multiple_results(out, WorkResult(WorkerOutcome.SKIPPED, output="left out"))
