"""What the process of a plugin has from the other side: requests, the content of files, what tables have said."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connector_core.errors import SourceError
from connector_core.formats.piecewise import PiecewiseContent
from connector_core.plugins.isolation.messages import (
    BATCH_BYTES,
    Answer,
    Content,
    Find,
    Found,
    Given,
    Need,
    Request,
    decode_request,
    encode,
)
from connector_core.plugins.isolation.pipes import Closed, read_message, write_message

_PIECE = 1 << 20
"""Bytes of a file that are asked for at once: the other side gives them between two batches."""


@dataclass(slots=True)
class Wire:
    """Both pipes, and the piece of a file that was asked for beforehand: whose, from where, how much of it."""

    requests: BinaryIO
    answers: BinaryIO
    _needed: tuple[object, int, int] | None = None
    _given: Content | None = None

    def next(self) -> Request:
        """The next request; a piece that was asked for beforehand is kept."""
        while True:
            request = decode_request(read_message(self.requests))
            if not isinstance(request, Content) or self._needed is None or self._given is not None:
                return request
            self._given = request

    def need(self, reader: object, offset: int, size: int) -> None:
        """Ask for a piece, to have it later."""
        self._needed, self._given = (reader, offset, size), None
        self.say(Need(offset, size))

    def piece(self, reader: object, offset: int, size: int) -> bytes | None:
        """A piece of the file, now; None when the other side can't read it."""
        if self._needed is not None:
            wanted, given = self._needed, self._content() if self._given is None else self._given
            self._needed = self._given = None
            if wanted == (reader, offset, size):
                return given.data
        self.say(Need(offset, size))
        return self._content().data

    def _content(self) -> Content:
        request = decode_request(read_message(self.requests))
        if not isinstance(request, Content):
            raise Closed
        return request

    def say(self, answer: Answer) -> None:
        write_message(self.answers, encode(answer))


class RemoteFile:
    """A file whose content the other side has."""

    def __init__(self, wire: Wire, given: Given) -> None:
        self._wire = wire
        self.name = os.fsdecode(given.name)
        self.sha256 = given.sha256
        self.size = given.size

    def open(self) -> BinaryIO:
        return io.BufferedReader(_RemoteContent(self._wire, self.size), _PIECE)

    @contextmanager
    def as_path(self) -> Iterator[Path]:
        """A plain copy in the folder of this process, for the time of the block."""
        handle, name = tempfile.mkstemp(suffix=Path(self.name).suffix[:20])
        plain = Path(name)
        try:
            with os.fdopen(handle, "wb") as target, self.open() as stream:
                while block := stream.read(_PIECE):
                    target.write(block)
            yield plain
        finally:
            plain.unlink(missing_ok=True)


class _RemoteContent(PiecewiseContent):
    """The content of a file that the other side has. While it is read in its order, the piece after the one that is
    given is asked for beforehand: the other side sends it when it next waits, so that nobody waits for it here."""

    def __init__(self, wire: Wire, size: int) -> None:
        super().__init__(size)
        self._wire = wire
        self._follows = 0
        """Where the piece that was given last ended."""

    def piece(self, offset: int, most: int) -> bytes:
        size = min(most, BATCH_BYTES)
        data = self._wire.piece(self, offset, size)
        if not data:
            raise SourceError("le fichier ne peut plus être lu", where=None)
        goes_on, self._follows = self._follows == offset, offset + len(data)
        if goes_on and len(data) == size and self._follows < self._size:
            self._wire.need(self, self._follows, size)
        return data


class RemoteLookup:
    """What tables have said: what this file says comes from here, the rest is asked for once."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.own: dict[tuple[str, str], Mapping[str, str]] = {}
        self._tables: dict[str, Mapping[str, Mapping[str, str]]] = {}
        self._known: dict[tuple[str, str], Mapping[str, str] | None] = {}

    def find(self, table: str, key: str) -> Mapping[str, str] | None:
        place = table, key
        own = self.own.get(place)
        if own is not None:
            return own
        whole = self._tables.get(table)
        if whole is not None:
            return whole.get(key)
        if place not in self._known:
            self._wire.say(Find(table, key))
            found = self._wire.next()
            if not isinstance(found, Found):
                raise Closed
            if found.whole:
                self._tables[table] = found.entries
                return found.entries.get(key)
            self._known[place] = found.entries.get(key)
        return self._known[place]
