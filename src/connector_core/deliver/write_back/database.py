"""Flags in a vendor's database: written, read back, withdrawn and undone, each once.

The promise of this module. What is about to be written is in the ledger before the database is touched; one transaction
of the database writes it, each row only if it is still what was read, and reads it back before it commits; then the
ledger has the receipt. A process that ends anywhere in between leaves an intent: the next one looks for the mark of the
flag, which came with it or not at all, and knows. A row that somebody else changed in between is left alone and
looked at anew. A statement that the database refuses takes nothing else with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from connector_core.deliver.write_back.book import Book
from connector_core.deliver.write_back.outcome import CHANGED, DONE, Outcome
from connector_core.deliver.write_back.session import DatabaseFailed, Session
from connector_core.deliver.write_back.spots import NoteSpots, RowSpots, Spots, Statement, Unwritable
from connector_core.dialects.write_back import NotePlace, RowPlace
from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion
from connector_core.store.write_back import Content, Flag, FlagState, Held, Intent, KeptFlag

_UNKNOWN = -1
"""What drivers answer that don't know how many rows were changed."""
_ROUNDS = 3
"""How many times what others change meanwhile is looked at anew."""
_BUSY = "le logiciel l'a modifié au même moment ; nouvel essai plus tard"
_ALTERED = "la base a enregistré autre chose que ce qui était écrit ; rien n'a été gardé"


@dataclass(frozen=True, slots=True)
class Change:
    """What one spot is about to become, for the sake of which flags; `held` is what the ledger will know of it, with
    `living` flags in it afterwards."""

    spots: Spots
    spot: str
    flags: tuple[tuple[Flag, Intent], ...]
    before: Content | None
    after: Content | None
    held: Held
    living: bool
    statement: Statement


class _Refused(Exception):
    """One change was refused, and with it the transaction."""

    def __init__(self, change: Change, reason: str) -> None:
        self.change = change
        self.reason = reason
        super().__init__(reason)


class DatabaseWriter:
    """The places of one source that lie in its database. `connect` opens it with the account for writing."""

    def __init__(self, places: Sequence[NotePlace | RowPlace], connect: Callable[[], Session]) -> None:
        self._places = places
        self._connect = connect

    def propose(self, book: Book, wanted: Mapping[str, Sequence[Flag]]) -> tuple[list[Change], Outcome]:
        """What `apply` would do, on a dry book. Raise DatabaseFailed, ConfigurationError."""
        outcome = Outcome()
        with self._connected() as (session, every):
            self._settle(session, every, book)
            changes = list(self._changes(session, every, book, wanted, outcome))
            session.rollback()
        return changes, outcome

    def apply(self, book: Book, wanted: Mapping[str, Sequence[Flag]]) -> Outcome:
        """Write what is wanted and is not there, withdraw what is there and is not wanted any more."""
        outcome = Outcome()
        with self._connected() as (session, every):
            self._settle(session, every, book)
            for _ in range(_ROUNDS):
                outcome.problems.clear()
                outcome.later.clear()
                with book.writing():
                    changes = list(self._changes(session, every, book, wanted, outcome))
                session.rollback()
                if not self._carry_out(session, book, changes, outcome):
                    break
        return outcome

    def undo(self, book: Book, marks: Collection[str]) -> Outcome:
        """Restore what was there before some flags, where nobody has changed it since."""
        outcome = Outcome()
        with self._connected() as (session, every):
            self._settle(session, every, book)
            for _ in range(_ROUNDS):
                outcome.problems.clear()
                outcome.later.clear()
                changes: list[Change] = []
                with book.writing():
                    for spots in every:
                        for spot, flags in _by_spot(book, spots, marks).items():
                            changes += self._undoing(session, book, spots, spot, flags, outcome)
                session.rollback()
                if not self._carry_out(session, book, changes, outcome):
                    break
        return outcome

    def verify(self, book: Book) -> list[tuple[KeptFlag, bool]]:
        """The flags that the ledger says are written, each with whether it is there."""
        with self._connected() as (session, every):
            found = [
                (each, spots.bears(self._read(session, spots, each.spot, lock=False), each.flag))
                for spots in every
                for each in book.flags()
                if each.place == spots.id and each.state == "written"
            ]
            session.rollback()
        return found

    @contextmanager
    def _connected(self) -> Iterator[tuple[Session, Sequence[Spots]]]:
        with closing(self._connect()) as session:
            every: list[Spots] = []
            for place in self._places:
                grammar = session.grammar
                every.append(NoteSpots(place, grammar) if isinstance(place, NotePlace) else RowSpots(place, grammar))
            for spots in every:
                known = session.columns(spots.table)
                for column in spots.columns:
                    if column not in known:
                        raise ConfigurationError(
                            f"la table « {spots.table} » n'a pas de colonne « {column} » ; rien n'y est écrit",
                            where=f"[[write_back]] {spots.id}",
                            remedy=suggestion(column, known),
                        )
            session.rollback()
            yield session, every

    def _read(self, session: Session, spots: Spots, spot: str, *, lock: bool) -> Content | None:
        return spots.content(session.rows(spots.look(spot, lock=lock)))

    def _settle(self, session: Session, every: Sequence[Spots], book: Book) -> None:
        """Find out what a process that ended in the middle has done."""
        with book.writing():
            for spots in every:
                pending = {each.spot for each in book.flags() if each.place == spots.id and each.intent is not None}
                for spot in sorted(pending):
                    self._settle_spot(session, spots, spot, book)
        session.rollback()

    def _settle_spot(self, session: Session, spots: Spots, spot: str, book: Book) -> None:
        known = book.spot(spots.id, spot)
        content = self._read(session, spots, spot, lock=False)
        done = False
        for each in book.in_spot(spots.id, spot):
            if each.intent is not None:
                there = spots.bears(content, each.flag)
                happened = there is (each.intent == "write")
                book.settle(spots.id, spot, each.flag, DONE[each.intent] if happened else each.state)
                done = done or happened
        held = known.held
        if done and known.intended is not None:
            held = known.intended
            if spots.same(content, held.current):
                held = Held(held.original, None if content is None else dict(content))
        living = any(each.state == "written" for each in book.in_spot(spots.id, spot))
        book.hold(spots.id, spot, held if living else None)

    def _changes(
        self,
        session: Session,
        every: Sequence[Spots],
        book: Book,
        wanted: Mapping[str, Sequence[Flag]],
        outcome: Outcome,
    ) -> Iterator[Change]:
        for spots in every:
            flags = {flag.mark: flag for flag in wanted.get(spots.id, ())}
            added: dict[str, list[Flag]] = {}
            for flag in flags.values():
                known = book.flag(flag.mark)
                if known is not None and known.state not in ("absent", "withdrawn"):
                    continue
                try:
                    added.setdefault(spots.spot_of(flag), []).append(flag)
                except Unwritable as refused:
                    outcome.problems.append((flag, refused.reason))
            dropped: dict[str, list[Flag]] = {}
            for known in book.flags():
                if known.place == spots.id and known.flag.mark not in flags:
                    if known.state == "written":
                        dropped.setdefault(known.spot, []).append(known.flag)
                    elif known.state != "left":
                        book.forget(known.flag.mark)
            for spot in sorted(added.keys() | dropped.keys()):
                try:
                    yield from self._change(
                        session, book, spots, spot, added.get(spot, []), dropped.get(spot, []), outcome
                    )
                except Unwritable as refused:
                    outcome.problems += [(each, refused.reason) for each in added.get(spot, [])]

    def _change(
        self,
        session: Session,
        book: Book,
        spots: Spots,
        spot: str,
        added: Sequence[Flag],
        dropped: Sequence[Flag],
        outcome: Outcome,
    ) -> Iterator[Change]:
        before = self._read(session, spots, spot, lock=False)
        living = [each.flag for each in book.in_spot(spots.id, spot) if each.state == "written"]
        there = [flag for flag in added if spots.bears(before, flag)]
        if there:  # the ledger has lost them: the store was taken from an older backup
            living += there
            book.hold(spots.id, spot, spots.adopted(before, living))
            for flag in there:
                book.settle(spots.id, spot, flag, "written")
        held = book.spot(spots.id, spot).held
        pristine = held is not None and held.current == before
        original = held.original if pristine and held is not None else spots.adopted(before, living).original
        after = before
        flags: list[tuple[Flag, Intent]] = []
        for flag in dropped:
            try:
                after = spots.take(after, flag, pristine=pristine)
                flags.append((flag, "withdraw"))
            except Unwritable as refused:
                self._leave(book, spots, spot, flag, refused.reason, outcome)
            living.remove(flag)
        if pristine and not living:
            after = original
        for flag in added:
            if flag not in there:
                try:
                    after = spots.put(after, flag)
                    flags.append((flag, "write"))
                    living.append(flag)
                except Unwritable as refused:
                    outcome.problems.append((flag, refused.reason))
        if after == before:
            for flag, intent in flags:
                self._note(book, spots, spot, flag, intent, outcome)
            if not living:
                book.hold(spots.id, spot, None)
        elif flags:
            yield _made(spots, spot, flags, before, after, original, living=bool(living))

    def _undoing(
        self, session: Session, book: Book, spots: Spots, spot: str, flags: Sequence[Flag], outcome: Outcome
    ) -> Iterator[Change]:
        held = book.spot(spots.id, spot).held
        living = [each.flag for each in book.in_spot(spots.id, spot) if each.state == "written"]
        rest = [flag for flag in living if flag not in flags]
        try:
            before = self._read(session, spots, spot, lock=False)
            if held is None or held.current != before:
                if any(spots.bears(before, flag) for flag in flags):
                    raise Unwritable(CHANGED)
                after = before
            elif rest:
                after = before
                for flag in flags:
                    after = spots.take(after, flag, pristine=True)
            else:
                after = held.original
        except Unwritable as refused:
            for flag in flags:
                self._leave(book, spots, spot, flag, refused.reason, outcome)
            if not rest:
                book.hold(spots.id, spot, None)
            return
        if after == before:
            for flag in flags:
                self._note(book, spots, spot, flag, "undo", outcome)
            if not rest:
                book.hold(spots.id, spot, None)
            return
        original = None if held is None else held.original
        yield _made(spots, spot, [(flag, "undo") for flag in flags], before, after, original, living=bool(rest))

    def _carry_out(self, session: Session, book: Book, changes: Sequence[Change], outcome: Outcome) -> bool:
        """Intent, transaction, receipt; whether somebody else changed something meanwhile."""
        todo = list(changes)
        while todo:
            before = {flag.mark: book.flag(flag.mark) for change in todo for flag, _ in change.flags}
            with book.writing():
                for change in todo:
                    book.intend(change.spots.id, change.spot, change.flags, change.held)
            try:
                written, busy = self._write(session, todo)
            except _Refused as refused:
                with book.writing():
                    for change in todo:
                        problem = refused.reason if change is refused.change else None
                        self._take_back(book, change, before, problem)
                todo.remove(refused.change)
                outcome.later += [(flag, refused.reason) for flag, _ in refused.change.flags]
                continue
            with book.writing():
                for change, found in written:
                    held = Held(change.held.original, None if found is None else dict(found))
                    book.hold(change.spots.id, change.spot, held if change.living else None)
                    for flag, intent in change.flags:
                        self._note(book, change.spots, change.spot, flag, intent, outcome)
                for change in busy:
                    self._take_back(book, change, before, _BUSY)
                    outcome.later += [(flag, _BUSY) for flag, _ in change.flags]
            return bool(busy)
        return False

    def _write(
        self, session: Session, changes: Sequence[Change]
    ) -> tuple[list[tuple[Change, Content | None]], list[Change]]:
        """One transaction: what was written, as it was read back, and what others have changed. What ends in the middle
        of the commit is in doubt, and is found out by the next one."""
        written: list[tuple[Change, Content | None]] = []
        busy: list[Change] = []
        session.begin()
        for change in changes:
            try:
                found = self._write_one(session, change)
            except Unwritable:
                busy.append(change)
            except (DatabaseFailed, _Refused) as failure:
                session.rollback()
                reason = failure.reason if isinstance(failure, _Refused) else failure.what
                raise _Refused(change, reason) from failure
            else:
                written.append((change, found))
        session.commit()
        return written, busy

    def _write_one(self, session: Session, change: Change) -> Content | None:
        if self._read(session, change.spots, change.spot, lock=True) != change.before:
            raise Unwritable(_BUSY)
        count = session.change(change.statement)
        if count == 0:
            raise Unwritable(_BUSY)
        found = self._read(session, change.spots, change.spot, lock=False)
        if count not in (1, _UNKNOWN) or not change.spots.same(found, change.after):
            raise _Refused(change, _ALTERED)
        return found

    def _take_back(
        self, book: Book, change: Change, before: Mapping[str, KeptFlag | None], problem: str | None
    ) -> None:
        """Nothing was done of what was about to be."""
        for flag, _ in change.flags:
            known = before[flag.mark]
            state: FlagState = "absent" if known is None else known.state
            book.settle(change.spots.id, change.spot, flag, state, problem)
        held = book.spot(change.spots.id, change.spot).held
        book.hold(change.spots.id, change.spot, held)

    def _leave(self, book: Book, spots: Spots, spot: str, flag: Flag, reason: str, outcome: Outcome) -> None:
        book.settle(spots.id, spot, flag, "left", reason)
        outcome.left.append((flag, reason))

    def _note(self, book: Book, spots: Spots, spot: str, flag: Flag, intent: Intent, outcome: Outcome) -> None:
        book.settle(spots.id, spot, flag, DONE[intent])
        outcome.done.append((flag, DONE[intent]))


def _made(
    spots: Spots,
    spot: str,
    flags: Sequence[tuple[Flag, Intent]],
    before: Content | None,
    after: Content | None,
    original: Content | None,
    *,
    living: bool,
) -> Change:
    held = Held(None if original is None else dict(original), None if after is None else dict(after))
    statement = spots.change(spot, before, after, [flag for flag, _ in flags])
    return Change(spots, spot, tuple(flags), before, after, held, living, statement)


def _by_spot(book: Book, spots: Spots, marks: Collection[str]) -> dict[str, list[Flag]]:
    found: dict[str, list[Flag]] = {}
    for each in book.flags():
        if each.place == spots.id and each.state == "written" and each.flag.mark in marks:
            found.setdefault(each.spot, []).append(each.flag)
    return found
