"""A support bundle put together: pieces, each made behind a guard, redacted, bounded, in one archive.

A piece that can't be had is said in its place and the rest goes on. The same pieces make the same bytes: the order is
the one given, keys are sorted, and the archive bears no time of its own.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connector_core.access import close_to_others
from connector_core.diagnose.support.redaction import Json, PersonNamed, Redaction
from connector_core.errors import ConfigurationError, ConnectorError, reason_of
from connector_core.plugins.guard import Raised, guarded

MOST_BYTES = 400_000
"""The largest piece; logs are cut to fit, anything else that is larger is left out."""
_FIXED = (1980, 1, 1, 0, 0, 0)
_LINES = ".jsonl"

State = Literal["whole", "redacted", "absent", "withheld"]
"""redacted: something in it was replaced or left out; absent: it could not be had; withheld: it may not be shown."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the bundle: its name, what it is in French, and its content as plain values. The content of a name
    that ends in `.jsonl` is a list, newest last, one line each."""

    name: str
    title: str
    make: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Member:
    """A piece as it goes in. `why` says in French why it is absent or withheld; `changed` and `left_out` count
    texts."""

    name: str
    title: str
    state: State
    content: bytes
    why: str = ""
    changed: int = 0
    left_out: int = 0


def gathered(pieces: Iterable[Piece], redaction: Redaction) -> list[Member]:
    """Make every piece; what is not to be had has a member that says so."""
    return [_member(each, redaction) for each in pieces]


def archived(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Files as an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def check_new(path: Path) -> None:
    """Raise ConfigurationError for a file that is there: it is not ours to replace."""
    if path.exists():
        remedy = "Donnez un autre nom à --output, ou déplacez ce fichier"
        raise ConfigurationError("ce fichier existe déjà", where=str(path), remedy=remedy)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that no other account may read. Raise ConfigurationError where that can't be."""
    check_new(path)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            close_to_others(path)
            stream.write(content)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"ce fichier ne peut pas être écrit ({reason_of(error)})",
        where=str(path),
        remedy="Donnez à --output un fichier d'un dossier où ce compte écrit",
    )


def _member(piece: Piece, redaction: Redaction) -> Member:
    made: object = guarded(piece.make)
    if isinstance(made, Raised):
        return _absent(piece, _told(made), redaction)
    try:
        shown, counts = redaction.of(made)
    except PersonNamed:
        return _instead(piece, "withheld", "une personne y est nommée")
    content = _written(piece.name, shown)
    if len(content) > MOST_BYTES:
        return _instead(piece, "withheld", "la pièce est trop grande")
    state: State = "redacted" if counts.changed or counts.left_out else "whole"
    return Member(piece.name, piece.title, state, content, changed=counts.changed, left_out=counts.left_out)


def _told(raised: Raised) -> str:
    match raised.error:
        case ConnectorError() as error:
            return str(error)
        case OSError() as error:
            return f"inaccessible à ce compte ({type(error).__name__})"
        case _:
            return raised.description


def _absent(piece: Piece, why: str, redaction: Redaction) -> Member:
    told, _ = redaction.of(why)
    return _instead(piece, "absent", str(told))


def _instead(piece: Piece, state: State, why: str) -> Member:
    told: Json = {state: why}
    content = _written(piece.name, [told] if piece.name.endswith(_LINES) else told)
    return Member(piece.name, piece.title, state, content, why)


def _written(name: str, content: Json) -> bytes:
    if name.endswith(_LINES) and isinstance(content, list):
        return _newest([json.dumps(each, ensure_ascii=False, sort_keys=True).encode() + b"\n" for each in content])
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _newest(lines: Sequence[bytes]) -> bytes:
    """As many of the last lines as a piece may hold."""
    size = 0
    for count, line in enumerate(reversed(lines)):
        size += len(line)
        if size > MOST_BYTES:
            return b"".join(lines[len(lines) - count :])
    return b"".join(lines)
