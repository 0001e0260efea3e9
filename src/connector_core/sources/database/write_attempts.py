"""Finding out whether an account may write: by statements that would, if any row met their condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from connector_core.sources.database.engine import Table, WriteProof

Try = Callable[[str], bool | None]
"""Sends a statement and takes it back: whether it is allowed, None where it fails for another reason than rights."""


def proof(tables: Iterable[tuple[Table, str]], quote: Callable[[str], str], attempt: Try) -> WriteProof:
    """What the account may do to these tables, each given with its name as it stands in a statement."""
    allowed: list[str] = []
    refused = untried = 0
    for table, name in tables:
        for kind, statements in _writes(table, name, quote):
            answer = next((found for found in map(attempt, statements) if found is not None), None)
            if answer:
                allowed.append(f"{kind} {table.name}")
            elif answer is None:
                untried += 1
            else:
                refused += 1
    return WriteProof(tuple(allowed), refused, f"écritures non essayées : {untried}" if untried else None)


def _writes(table: Table, name: str, quote: Callable[[str], str]) -> Iterator[tuple[str, Iterator[str]]]:
    """By what they do; several of a kind, where one may be wrong in itself: a column that is computed, or counted."""
    columns = [quote(column) for column in table.names()]
    yield "ajouter à", (f"INSERT INTO {name} ({each}) SELECT {each} FROM {name} WHERE 1 = 0" for each in columns)
    yield "modifier", (f"UPDATE {name} SET {each} = {each} WHERE 1 = 0" for each in columns)
    yield "supprimer de", iter([f"DELETE FROM {name} WHERE 1 = 0"])
