"""A plugin in a process of its own, as those who ask it see it.

The process is started with the first question, and anew after it was lost. It has one question at a time; while it
looks for an answer it may need a piece of the file, or what other tables have said. An answer that does not come in
time, or that is none, ends the process; why it ended is told as an error of ours.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import msgspec

from connector_core.dialects.drafts import Draft, Lookup, WholeTables
from connector_core.errors import (
    ConfigurationError,
    ConnectorBroke,
    ConnectorError,
    ConnectorRests,
    FileRefused,
    reason_of,
)
from connector_core.formats.document import SpooledFile
from connector_core.plugins.isolation.confinement import Confined, told
from connector_core.plugins.isolation.limits import Limits
from connector_core.plugins.isolation.messages import (
    Answer,
    Batch,
    Broke,
    Content,
    Find,
    Found,
    Hello,
    Meanings,
    Need,
    NotLoaded,
    Offer,
    Refused,
    Release,
    Request,
    decode_answer,
    encode,
)
from connector_core.plugins.isolation.pipes import Closed, Pipes
from connector_core.plugins.isolation.values import PackedDraft, Unpacker
from connector_core.plugins.names import Origin

MODULE = "connector_core.plugins.isolation"
_GRACE = 1.0
"""Seconds in which a process that has closed its pipe ends by itself."""
_LOOK = 0.5
"""Seconds between two looks whether the process is still there: one that it started may hold its pipe open."""
_MEGABYTE = 1 << 20
_IN_TIME = 3
"""Answers in a row that may be late before the plugin is left alone for a while."""
_REMEDY = "Signalez-le à l'éditeur de l'extension ; « connector doctor » dit quoi lui envoyer"


class Served(Protocol):
    """What an answer may need on the way: the file that is asked about, and what other tables have said."""

    @property
    def file(self) -> SpooledFile: ...

    @property
    def lookup(self) -> Lookup | None: ...


@dataclass(slots=True)
class Clock:
    """The time that is left for all answers about one file."""

    left: float


@dataclass(eq=False, slots=True)
class Asked:
    """A question that was put, and its answer once it was waited for."""

    seconds: float
    served: Served | None
    clock: Clock | None
    answer: Answer | None = None
    error: ConnectorError | None = None


@dataclass(slots=True)
class _Running:
    """One process: its pipes, the questions that were put and not waited for yet, in their order, and the file that is
    being read piece by piece."""

    confined: Confined
    pipes: Pipes
    waiting: deque[Asked] = field(default_factory=deque)
    released: list[int] = field(default_factory=list)
    open: tuple[Served, BinaryIO] | None = None

    def close_file(self) -> None:
        if self.open is not None:
            self.open[1].close()
            self.open = None

    def end(self) -> int | None:
        self.close_file()
        code = self.confined.end()
        self.pipes.let_go()
        return code


class Isolated:
    """The process of one plugin. `dialects` are those of the site that are laid over its own: (place, text). It is not
    started while it is not `admitted`, as when its files have changed since they were trusted."""

    def __init__(
        self,
        origin: Origin,
        value: str,
        limits: Limits,
        dialects: tuple[tuple[str, str], ...] = (),
        admitted: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin
        self.limits = limits
        self.value = value
        self.dialects = dialects
        self._admitted = admitted
        self._clock = clock
        self._running: _Running | None = None
        self._ending: weakref.finalize[..., Isolated] | None = None
        self._late = 0
        self._rests_until = 0.0
        self._numbers = 0
        self._unpacker = Unpacker()

    @property
    def generation(self) -> object:
        """Changes when the process is another: what was opened in the former is gone."""
        return self._running

    def number(self) -> int:
        """A number that no reading had."""
        self._numbers += 1
        return self._numbers

    def offer(self) -> Offer:
        """Start the process; what the plugin registers there. ConfigurationError when it can't be used."""
        return self._start()

    def ask(self, request: Request, seconds: float, served: Served | None = None, clock: Clock | None = None) -> Answer:
        """The answer to a question. Raise ConnectorBroke when there is none, what the connector refused otherwise."""
        return self.answer(self.put(request, seconds, served, clock))

    def put(
        self, request: Request, seconds: float, served: Served | None, clock: Clock | None, *, behind: int = 0
    ) -> Asked:
        """Put a question whose answer is waited for later; those that were put before are waited for now, but for the
        last ones, so many as it may stand `behind`."""
        if self._clock() < self._rests_until:
            raise ConnectorRests(
                f"le connecteur « {self.origin.name} » ne répond plus ; il est laissé tranquille un moment",
                remedy="Nouvel essai bientôt",
            )
        if self._running is None:
            self._start()
        running = self._running
        if running is None:
            raise self._lost("n'a pas démarré")
        while len(running.waiting) > behind:
            self._wait(running)
            running.close_file()
            if running is not self._running:
                raise self.ended()
        numbers = [running.released.pop() for _ in range(len(running.released))]
        if numbers:
            running.pipes.send(encode(Release(tuple(numbers))))
        asked = Asked(seconds, served, clock)
        running.waiting.append(asked)
        running.pipes.send(encode(request))
        return asked

    def answer(self, asked: Asked) -> Answer:
        """Wait for the answer to a question that was put."""
        while asked.answer is None and asked.error is None:
            running = self._running
            if running is None or asked not in running.waiting:
                raise self.ended()
            self._wait(running)
        if asked.error is not None:
            raise asked.error
        match asked.answer:
            case None:
                raise self.ended()
            case Refused() as refused:
                raise error_of(refused)
            case Broke(failure=failure):
                raise self.failed(failure)
            case answer:
                return answer

    def done_with(self, served: Served) -> None:
        """Nothing more is asked of its file for now."""
        running = self._running
        if running is not None and running.open is not None and running.open[0] is served:
            running.close_file()

    def with_dialect(self, place: str, text: str) -> Isolated:
        """Another process of the same plugin, with a dialect of the site laid over its own."""
        dialects = (*self.dialects, (place, text))
        return Isolated(self.origin, self.value, self.limits, dialects, self._admitted, self._clock)

    def drafts(self, packed: Iterable[PackedDraft]) -> list[Draft]:
        """The drafts that were sent."""
        try:
            return [self._unpacker.draft(each) for each in packed]
        except (LookupError, TypeError, ValueError):
            raise self.nonsense() from None

    def nonsense(self) -> ConnectorBroke:
        """The error of an answer that is none; the process is ended."""
        self.close()
        return self._lost("a répondu n'importe quoi")

    def failed(self, failure: str) -> ConnectorBroke:
        """The error of an exception that the connector raised, by the name of its class."""
        if failure == "MemoryError":
            self.close()  # what is left of its memory is good for nothing
            return self._lost(f"a demandé plus de mémoire que permis ({self.limits.memory // _MEGABYTE} Mo)")
        return self._lost(f"a échoué ({failure})")

    def ended(self) -> ConnectorBroke:
        """The error of a reading whose process is gone."""
        return self._lost("s'est arrêté")

    def release(self, generation: object, number: int) -> None:
        """A reading is asked no more. Called at any moment, so it only notes it."""
        if self._running is not None and self._running is generation:
            self._running.released.append(number)

    def close(self) -> None:
        """End the process, with all it started."""
        if self._ending is not None:
            self._ending()
        self._running = self._ending = None

    def _start(self) -> Offer:
        self.close()
        if not self._admitted():
            raise ConnectorRests(
                f"l'extension « {self.origin.name} » a changé depuis qu'elle a été activée",
                remedy=f"Si ce changement est voulu : « connector plugins enable {self.origin.name} », et relancez",
            )
        try:
            confined = Confined(MODULE, self.limits.memory)
            running = self._running = _Running(confined, Pipes(*confined.pipes))
            self._unpacker = Unpacker()
        except OSError as error:
            raise self._lost(f"n'a pas pu démarrer ({reason_of(error)})") from error
        self._ending = weakref.finalize(self, running.end)
        hello = Hello(
            self.origin.name,
            self.value,
            self.origin.distribution,
            self.origin.version,
            self.limits.memory,
            tuple(sys.path),
            self.dialects,
        )
        asked = Asked(self.limits.start, None, None)
        running.waiting.append(asked)
        running.pipes.send(encode(hello))
        match self.answer(asked):
            case Offer() as offer:
                return offer
            case NotLoaded(reason=reason, remedy=remedy):
                self.close()
                raise ConfigurationError(reason, where=self.origin.name, remedy=remedy or None)
            case _:
                raise self._ended(running, "a répondu n'importe quoi")

    def _wait(self, running: _Running) -> None:
        """Wait for the answer to the first question, giving what it needs on the way."""
        asked = running.waiting.popleft()
        try:
            while True:
                answer = self._next(running, asked)
                match answer:
                    case Need(offset=offset, size=size):
                        running.pipes.send(encode(Content(_piece(running, asked.served, offset, size))))
                    case Find(table=table, key=key):
                        running.pipes.send(encode(_found(asked.served, table, key)))
                    case _:
                        break
        except ConnectorError as error:
            asked.error = error
            return
        if not isinstance(answer, Offer):
            self._late = 0
        asked.answer = answer

    def _next(self, running: _Running, asked: Asked) -> Answer:
        """What the process says next. Whatever is wrong with that ends it."""
        seconds = asked.seconds if asked.clock is None else min(asked.seconds, asked.clock.left)
        begun = self._clock()
        try:
            message = None
            while message is None:
                left = begun + seconds - self._clock()
                if left <= 0:
                    self._be_late()
                    raise self._ended(running, f"n'a pas répondu en {seconds:.0f} s", killed=True)
                message = running.pipes.next(min(left, _LOOK))
                if message is None and running.confined.has_ended():
                    raise Closed
            answer = decode_answer(message)
            if isinstance(answer, Batch | Meanings):
                self._unpacker.learn(answer.shapes)
            return answer
        except Closed:
            ended = running.confined.ends_within(_GRACE)
            raise self._ended(
                running, "s'est arrêté" if ended else "a rompu la communication", killed=not ended
            ) from None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise self._ended(running, "a répondu n'importe quoi", killed=True) from None
        finally:
            if asked.clock is not None:
                asked.clock.left -= self._clock() - begun

    def _be_late(self) -> None:
        self._late += 1
        if self._late >= _IN_TIME:
            self._late = 0
            self._rests_until = self._clock() + self.limits.rest

    def _ended(self, running: _Running, what: str, *, killed: bool = False) -> ConnectorBroke:
        """The process is no more, or is ended now."""
        if running is self._running:
            self._running = None
        if self._ending is not None:
            self._ending.detach()
            self._ending = None
        code = running.end()
        return self._lost(what if killed else f"{what} ({told(code)})")

    def _lost(self, what: str) -> ConnectorBroke:
        return ConnectorBroke(f"le connecteur « {self.origin.name} » {what}", remedy=_REMEDY)


def _piece(running: _Running, served: Served | None, offset: int, size: int) -> bytes | None:
    """A piece of the file that is asked about; None when it can't be read."""
    if served is None:
        return None
    try:
        if running.open is None or running.open[0] is not served:
            running.close_file()
            running.open = served, served.file.open()
        stream = running.open[1]
        if stream.tell() != offset:
            stream.seek(offset)
        return stream.read(size)
    except (ConnectorError, OSError):
        return None


def _found(served: Served | None, table: str, key: str) -> Found:
    lookup = None if served is None else served.lookup
    if lookup is None:
        return Found({}, whole=False)
    tables: object = lookup
    if isinstance(tables, WholeTables):
        return Found(tables.table(table), whole=True)
    found = lookup.find(table, key)
    return Found({} if found is None else {key: found}, whole=False)


_KINDS: Mapping[str, type[ConnectorError]] = {"FileRefused": FileRefused, "ConfigurationError": ConfigurationError}


def error_of(refused: Refused) -> ConnectorError:
    """What a connector refused, as an error of the class that it raised."""
    kind = _KINDS.get(refused.kind, FileRefused)
    return kind(refused.what, where=refused.where, remedy=refused.remedy)
