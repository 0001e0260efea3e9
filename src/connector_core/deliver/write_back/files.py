"""Flags as files that the vendor's software picks up: one file each, whole under its name or not there.

The promise of this module. A file is written under a temporary name, flushed to the disk, and only then given its name;
the ledger knows of each of the two steps before it is taken. A process that ends in between leaves what the next one
can tell apart: the temporary file is still there, or the file has its name, or the software has taken it already. So
each flag is handed over once. Only files that bear the mark of a flag are ever touched, and only as long as they hold
what was written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connector_core.deliver.names import NAME
from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.flags import value_of
from connector_core.deliver.write_back.outcome import CHANGED, DONE, Outcome
from connector_core.dialects.write_back import FilePlace
from connector_core.disk import sync_folder
from connector_core.errors import SourceError, reason_of
from connector_core.store.write_back import Flag, Held, Intent, KeptFlag

_TAKEN = "le logiciel l'a déjà repris ; à retirer dans le logiciel"
_NO_NUMBER = "l'identifiant du patient n'est pas un nombre, que ce fichier demande"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is about to be written, or removed (`text` None)."""

    place: FilePlace
    path: Path
    flag: Flag
    intent: Intent
    text: str | None


class FileWriter:
    """One place of a source that takes files, in the folder that the configuration gives."""

    def __init__(self, place: FilePlace, folder: Path) -> None:
        self._place = place
        self._folder = folder

    def propose(self, book: Book, wanted: Mapping[str, Sequence[Flag]]) -> tuple[list[FileChange], Outcome]:
        """What `apply` would do, on a dry book. Raise SourceError."""
        outcome = Outcome()
        with self._reached():
            self._settle(book)
            return self._changes(book, wanted, outcome), outcome

    def apply(self, book: Book, wanted: Mapping[str, Sequence[Flag]]) -> Outcome:
        """Hand over what is wanted and was not, remove what was not taken and is not wanted any more."""
        outcome = Outcome()
        with self._reached(), book.writing():
            self._settle(book)
            changes = self._changes(book, wanted, outcome)
        self._carry_out(book, changes, outcome)
        return outcome

    def undo(self, book: Book, marks: Collection[str]) -> Outcome:
        """Remove the files that the software has not taken."""
        outcome = Outcome()
        with self._reached(), book.writing():
            self._settle(book)
            changes = [
                change
                for known in self._known(book)
                if known.state == "written" and known.flag.mark in marks
                for change in self._removal(book, known, "undo", outcome)
            ]
        self._carry_out(book, changes, outcome)
        return outcome

    def verify(self, book: Book) -> list[tuple[KeptFlag, bool]]:
        """The flags that were handed over, each with whether its file is still there."""
        with self._reached():
            return [(each, self._path(each.flag).exists()) for each in self._known(book) if each.state == "written"]

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """The boundary at which a folder that can't be used becomes an error of ours."""
        try:
            self._folder.stat()
            yield
        except OSError as error:
            raise SourceError(
                f"le dossier des fichiers d'import n'est pas utilisable ({reason_of(error)})",
                where=str(self._folder),
                remedy="Vérifiez « folder » dans [source.write_back], le réseau et vos droits",
            ) from error

    def _known(self, book: Book) -> list[KeptFlag]:
        return [each for each in book.flags() if each.place == self._place.id]

    def _path(self, flag: Flag) -> Path:
        return self._folder / self._place.name.format(mark=flag.mark)

    def _partial(self, flag: Flag) -> Path:
        return self._folder / f".{NAME}-{flag.mark}.partiel"

    def _settle(self, book: Book) -> None:
        """Find out what a process that ended in the middle has done."""
        for known in self._known(book):
            if known.intent is None:
                continue
            there = self._path(known.flag).exists()
            partial = self._partial(known.flag)
            given = known.intent == "hand_over" and partial.exists()
            handed = there or (known.intent == "hand_over")
            if not book.dry:
                if given:
                    self._give_name(known.flag)
                elif known.intent == "write":
                    partial.unlink(missing_ok=True)
            happened = handed is (known.intent in ("write", "hand_over"))
            state = DONE[known.intent] if happened else known.state
            spot = book.spot(self._place.id, known.spot)
            book.settle(self._place.id, known.spot, known.flag, state)
            held = spot.intended if handed and happened else spot.held
            book.hold(self._place.id, known.spot, held if state == "written" else None)

    def _changes(self, book: Book, wanted: Mapping[str, Sequence[Flag]], outcome: Outcome) -> list[FileChange]:
        flags = {flag.mark: flag for flag in wanted.get(self._place.id, ())}
        changes: list[FileChange] = []
        for flag in flags.values():
            known = book.flag(flag.mark)
            if known is not None and known.state not in ("absent", "withdrawn"):
                continue
            try:
                text = file_text(self._place, flag)
            except ValueError:
                outcome.problems.append((flag, _NO_NUMBER))
                continue
            if self._path(flag).exists():  # the ledger has lost it: the store was taken from an older backup
                book.settle(self._place.id, flag.mark, flag, "written")
                book.hold(self._place.id, flag.mark, _held(self._content(text)))
            else:
                changes.append(FileChange(self._place, self._path(flag), flag, "write", text))
        for known in self._known(book):
            if known.flag.mark not in flags:
                if known.state == "written":
                    changes += self._removal(book, known, "withdraw", outcome)
                elif known.state != "left":
                    book.forget(known.flag.mark)
        return changes

    def _removal(self, book: Book, known: KeptFlag, intent: Intent, outcome: Outcome) -> list[FileChange]:
        path = self._path(known.flag)
        held = book.spot(self._place.id, known.spot).held
        found = _digest(path)
        if found is not None and held is not None and held.current == {"sha256": found}:
            return [FileChange(self._place, path, known.flag, intent, None)]
        reason = _TAKEN if found is None else CHANGED
        book.settle(self._place.id, known.spot, known.flag, "left", reason)
        book.hold(self._place.id, known.spot, None)
        outcome.left.append((known.flag, reason))
        return []

    def _carry_out(self, book: Book, changes: Sequence[FileChange], outcome: Outcome) -> None:
        for change in changes:
            flag, spot = change.flag, change.flag.mark
            content = None if change.text is None else self._content(change.text)
            held = _held(content)
            try:
                with book.writing():
                    book.intend(self._place.id, spot, [(flag, change.intent)], held)
                if content is None:
                    change.path.unlink(missing_ok=True)
                    sync_folder(self._folder)
                else:
                    self._stage(flag, content)
                    with book.writing():
                        book.intend(self._place.id, spot, [(flag, "hand_over")], held)
                    self._give_name(flag)
            except OSError as error:
                outcome.later.append((flag, f"le fichier n'a pas pu être écrit ({reason_of(error)})"))
                continue
            state = DONE[change.intent]
            with book.writing():
                book.settle(self._place.id, spot, flag, state)
                book.hold(self._place.id, spot, held if state == "written" else None)
            outcome.done.append((flag, state))

    def _content(self, text: str) -> bytes:
        return text.encode(self._place.encoding, "replace")

    def _stage(self, flag: Flag, content: bytes) -> None:
        with self._partial(flag).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    def _give_name(self, flag: Flag) -> None:
        self._partial(flag).replace(self._path(flag))
        sync_folder(self._folder)


def file_text(place: FilePlace, flag: Flag) -> str:
    """What the file of a flag says. Raise ValueError where the id of the patient is not a number and has to be."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=place.separator, lineterminator="\r\n")
    if place.header:
        writer.writerow(place.columns)
    writer.writerow([_cell(value_of(value, flag)) for value in place.columns.values()])
    return text.getvalue()


def _cell(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _held(content: bytes | None) -> Held:
    return Held(None, None if content is None else {"sha256": hashlib.sha256(content).hexdigest()})


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
