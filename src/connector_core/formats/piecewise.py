"""A seekable stream over a content of known size that is had piece by piece."""

from __future__ import annotations

import io
from abc import abstractmethod


class PiecewiseContent(io.RawIOBase):
    """The content; `piece` gives what stands at a place of it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._position = 0

    @abstractmethod
    def piece(self, offset: int, most: int) -> bytes:
        """Bytes from an offset before the end on: at least one, at most so many."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a buffer is what io gives here
        if self._position >= self._size:
            return 0
        piece = self.piece(self._position, len(buffer))
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)
