"""Writing drafts into a folder of the practice's own.

They hold names, so on POSIX they are readable by their owner alone, as is the folder when it is made here. A draft that
is there already is left alone: the practice may have edited it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connector_core.deliver.letters.draft import Draft
from connector_core.deliver.letters.pdf import render_pdf
from connector_core.deliver.letters.text import render_text
from connector_core.errors import ConfigurationError, ConnectorError, reason_of

Compose = Callable[[], Draft]
"""Makes one draft; raises `ConfigurationError` where its template is wrong."""

_PRINTED = frozenset({"letter", "quote"})


class LettersError(ConnectorError):
    """A draft can't be written where it was asked for; what was written before it is there."""

    exit_code = 3


@dataclass(slots=True)
class Delivered:
    """What became of some drafts: files written, files left as they were, and what kept others from being made."""

    written: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    problems: list[ConfigurationError] = field(default_factory=list)


def write_drafts(composers: Iterable[Compose], folder: Path) -> Delivered:
    """Write each draft as text and, where it is to be printed, as PDF.

    A template that is wrong costs its own drafts only; each problem is told once.
    """
    found = Delivered()
    told: set[str] = set()
    _prepared(folder)
    for compose in composers:
        try:
            draft = compose()
            _write(folder / f"{draft.file}.txt", render_text(draft), found)
            if draft.medium in _PRINTED and not (folder / f"{draft.file}.pdf").exists():
                _write(folder / f"{draft.file}.pdf", render_pdf(draft), found)
            elif draft.medium in _PRINTED:
                found.kept.append(folder / f"{draft.file}.pdf")
        except ConfigurationError as error:
            if str(error) not in told:
                told.add(str(error))
                found.problems.append(error)
    return found


def _prepared(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _failure(folder, error) from error


def _write(path: Path, content: bytes, found: Delivered) -> None:
    """A new file with this content, whole or not at all."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        found.kept.append(path)
        return
    except OSError as error:
        raise _failure(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _failure(path, error) from error
    found.written.append(path)


def _failure(path: Path, error: OSError) -> LettersError:
    return LettersError(
        f"écriture impossible ({reason_of(error)})",
        where=str(path),
        remedy="Vérifiez le dossier, vos droits et la place sur le disque",
    )


def relative(paths: Sequence[Path], folder: Path) -> list[str]:
    """The names of files in a folder, in order."""
    return sorted(path.relative_to(folder).as_posix() for path in paths)
