"""One best assignment: which kinds of record each table holds, and which column fills which field.

Tables and kinds are matched by what it is worth to read a table as records of a kind (`pairing`). What refers to what
can only be said once kinds are known, so this is repeated with what the round before found, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connector_core.dialects.calibration.billing import Billings, Nomenclature
from connector_core.dialects.calibration.enumerations import told_kinds
from connector_core.dialects.calibration.fits import Fit, Known
from connector_core.dialects.calibration.knowledge import kinds
from connector_core.dialects.calibration.lookups import code_lists, cotations, through
from connector_core.dialects.calibration.matching import best_matching
from connector_core.dialects.calibration.pairing import FLOOR, MISSING, NAMED, UNTOLD, Solved, fit_of, read_as, required
from connector_core.dialects.calibration.relations import Relations
from connector_core.dialects.calibration.scoring import Scorer
from connector_core.dialects.calibration.titles import likeness

_ROUNDS = 5
_TRIED = 4
"""How many kinds a table is tried as, the likeliest."""
_SECOND = 1.0
"""What a further kind must be worth for a table to be read as several records a row."""
_SAID = 0.1
"""The same, where the words of a column say that there is such a record."""


def solve(relations: Relations, nomenclature: Nomenclature, aside: frozenset[str] = frozenset()) -> tuple[Solved, ...]:
    """What each table holds, in the order of the tables; a table that holds nothing known has no kinds, nor has one
    that is set `aside` since others were widened by it."""
    known, billings = Known(), Billings(nomenclature)
    lists = code_lists(relations) | aside
    steady: dict[tuple[str, str, str], Fit | None] = {}
    solved: tuple[Solved, ...] = ()
    seen: list[object] = []
    for _ in range(_ROUNDS):
        scorers = [Scorer(relations, table, billings, known, steady) for table in relations.tables]
        solved = tuple(_round(scorers, lists))
        state = [(each.kinds, [(pair.shape.name, pair.field.target) for pair in each.pairs]) for each in solved]
        known = _known(solved)
        if state in seen:
            break
        seen.append(state)
    return tuple(_completed(relations, each, solved) for each in solved)


def _completed(relations: Relations, solved: Solved, others: Sequence[Solved]) -> Solved:
    """The same table with the patient of its rows, where only a table it refers to says who that is."""
    found = list(solved.found)
    for kind in solved.kinds:
        field = kinds()[kind].fields.get("patient_id")
        filled = {pair.field.target for pair in solved.pairs}
        if field is None or "patient_id" not in required(kind) or field.target in filled:
            continue
        holding = {
            each.table.name: (by.shape.name, to.shape.name)
            for each in others
            if each.table is not solved.table and each.kinds
            for by in each.of(each.kinds[0])
            for to in each.of(each.kinds[0])
            if by.field.name == "id" and to.field.name == "patient_id"
        }
        reached = through(relations, solved.table, field, holding)
        if reached is not None:
            found.append(reached)
    return replace(solved, found=tuple(found))


def _round(scorers: Sequence[Scorer], lists: frozenset[str]) -> Iterator[Solved]:
    looked_up = [tuple(cotations(each.relations, each.table, lists)) for each in scorers]
    tried = {
        (n, kind): read_as(scorer, (kind,), looked_up[n] if kind == "act" else ())
        for n, scorer in enumerate(scorers)
        if scorer.table.name not in lists
        for kind in _likely(scorer, len(looked_up[n]))
    }
    weights = {pair: solved.worth for pair, solved in tried.items()}
    chosen = dict(best_matching(weights))
    for n, scorer in enumerate(scorers):
        kind = chosen.get(n)
        best = max((each for at, each in tried if at == n), key=lambda each: tried[n, each].worth, default=None)
        if best is None:
            yield Solved(scorer.table, (), (), 0.0)
            continue
        if kind is None or weights[n, best] > weights[n, kind] + 2.5:
            # Several tables may hold one kind: returns of caisses and of complémentaires, years apart.
            kind = best if weights[n, best] > 0 else None
        if kind is None:
            yield Solved(scorer.table, (), (), 0.0)
        else:
            yield _extended(scorer, tried[n, kind])


def _likely(scorer: Scorer, looked_up: int) -> list[str]:
    """The kinds that a table could be at best, when each column took the field it fits best."""

    def bound(kind: str) -> float:
        fits = [
            fit_of(scorer, shape, field) for shape in scorer.table.shapes for field in kinds()[kind].fields.values()
        ]
        at_best: dict[int, float] = {}
        filled = set()
        for number, fit in enumerate(fits):
            if fit is not None and fit.score > FLOOR:
                shape, field = divmod(number, len(kinds()[kind].fields))
                at_best[shape] = max(at_best.get(shape, 0.0), fit.score - FLOOR)
                filled.add(field)
        names = list(kinds()[kind].fields)
        lacking = [each for each in required(kind) if each in names and names.index(each) not in filled]
        named = likeness(scorer.table.title, kinds()[kind].names)
        missing = len(lacking) - (looked_up if kind == "act" else 0)
        return sum(at_best.values()) - MISSING * missing + (NAMED * named if named >= 0.6 else 0.0)

    return sorted(kinds(), key=bound, reverse=True)[:_TRIED]


def _extended(scorer: Scorer, solved: Solved) -> Solved:
    """The same table with the further kinds that its other columns make."""
    names_people = any(shape.person > 0.7 or shape.nir > 0.6 for shape in scorer.table.shapes)
    nowhere_else = scorer.known.tables.get("patient", scorer.table.name) == scorer.table.name
    while len(solved.kinds) < 4 and len(scorer.table.shapes) >= 5:
        told = _told(scorer, solved)
        likely = [
            kind
            for kind in kinds()
            if kind not in solved.kinds and (kind in told or _gain(scorer, solved, kind) > _SECOND)
        ]
        tries: list[tuple[str, ...]] = [(kind,) for kind in likely]
        if names_people and "patient" not in solved.kinds:
            billed = [("patient", kind) for kind in ("act", "invoice", "patient_payment") if kind not in solved.kinds]
            tries += [("patient",), *billed]
        further = [read_as(scorer, (*solved.kinds, *each), solved.found) for each in dict.fromkeys(tries)]
        said = told | {"patient"} if names_people and nowhere_else else told
        worth = {id(each): each.worth - (_SAID if said & set(each.kinds) else _SECOND) for each in further}
        best = max(further, key=lambda each: worth[id(each)], default=None)
        if best is None or worth[id(best)] < solved.worth:
            return solved
        solved = best
    return solved


def _told(scorer: Scorer, solved: Solved) -> set[str]:
    """The kinds whose words stand in a column, which says nothing of the kinds that the table is read as."""
    return {
        kind
        for shape in scorer.table.shapes
        if (told := told_kinds(shape)) and not told & set(solved.kinds)
        for kind in told
    }


def _gain(scorer: Scorer, solved: Solved, kind: str) -> float:
    """What a further kind could add at best."""
    now = {pair.shape.name: pair.fit.score - FLOOR for pair in solved.pairs}
    total = 0.0
    filled = set()
    for shape in scorer.table.shapes:
        best = 0.0
        for field in kinds()[kind].fields.values():
            fit = fit_of(scorer, shape, field)
            if fit is not None and fit.score > FLOOR:
                best = max(best, fit.score - FLOOR)
                filled.add(field.name)
        if shape.counts:
            total += max(0.0, best - now.get(shape.name, 0.0))
    lacking = [name for name in required(kind) if name not in filled and name not in UNTOLD]
    return total - MISSING * len(lacking) - 0.6


def _known(solved: Sequence[Solved]) -> Known:
    tables: dict[str, str] = {}
    columns: dict[str, Mapping[str, str]] = {}
    best: dict[str, float] = {}
    for each in solved:
        for kind in each.kinds:
            if kind not in best or each.worth > best[kind]:
                best[kind], tables[kind] = each.worth, each.table.name
                columns[kind] = {pair.field.name: pair.shape.name for pair in each.of(kind)}
    return Known(tables, columns, {each.table.name: each.kinds for each in solved})
