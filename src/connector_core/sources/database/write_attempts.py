"""Finding out whether an account may write: by statements that would, if any row met their condition, or by opening the
file that a database is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from connector_core.sources.database.address import Address, file_of
from connector_core.sources.database.engine import Table, WriteProof, unreadable
from connector_core.sources.database.file_in_use import KEPT
from connector_core.sources.rights import forbidden

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


def proof_of_file(address: Address) -> WriteProof:
    """Whether the file of a database opens for writing. Nothing is written: not even a lock is taken. Raise SourceError
    where it opens for nothing."""
    try:
        os.close(os.open(file_of(address), os.O_WRONLY | getattr(os, "O_BINARY", 0)))
    except PermissionError:
        if not forbidden(Path(file_of(address)), writing=True):
            return WriteProof(untried=f"{KEPT}, l'écriture n'a pas été essayée")
        return WriteProof(refused=1)
    except OSError as error:
        raise unreadable(address, error) from None
    return WriteProof(allowed=("écrire dans le fichier",))


def _writes(table: Table, name: str, quote: Callable[[str], str]) -> Iterator[tuple[str, Iterator[str]]]:
    """By what they do; several of a kind, where one may be wrong in itself: a column that is computed, or counted."""
    columns = [quote(column) for column in table.names()]
    yield "ajouter à", (f"INSERT INTO {name} ({each}) SELECT {each} FROM {name} WHERE 1 = 0" for each in columns)
    yield "modifier", (f"UPDATE {name} SET {each} = {each} WHERE 1 = 0" for each in columns)
    yield "supprimer de", iter([f"DELETE FROM {name} WHERE 1 = 0"])
