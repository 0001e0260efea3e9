"""One best matching: of all ways to pair, each thing at most once, the one of the greatest total weight."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Left = TypeVar("Left", bound=Hashable)
Right = TypeVar("Right", bound=Hashable)


def best_matching(weights: Mapping[tuple[Left, Right], float]) -> list[tuple[Left, Right]]:
    """The pairs of the best matching, in the order of the weights given; a pair without weight is never made."""
    pairs = [pair for pair, weight in weights.items() if weight > 0]
    lefts = [left for left, _ in pairs]
    rights = [right for _, right in pairs]
    if len(set(lefts)) == len(lefts) and len(set(rights)) == len(rights):
        return pairs
    import networkx

    graph = networkx.Graph()
    for left, right in pairs:
        graph.add_edge(("left", left), ("right", right), weight=weights[left, right])
    chosen = set()
    for one, other in networkx.max_weight_matching(graph):
        left, right = (one, other) if one[0] == "left" else (other, one)
        chosen.add((left[1], right[1]))
    return [pair for pair in pairs if pair in chosen]
