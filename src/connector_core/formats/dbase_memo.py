"""The memo files beside dBase tables: .dbt of dBase III and IV, .fpt of FoxPro."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO, Literal

from connector_core.errors import FileRefused
from connector_core.formats.physical import ROW_LIMIT

_DBASE3_BLOCK = 512
_END_OF_TEXT = b"\x1a"
_DBASE4_MARK = b"\xff\xff\x08\x00"
_HEADER_SIZE = 24

_Kind = Literal["dbase3", "dbase4", "foxpro"]


class MemoFile:
    """Reads memos by the pointer that a record holds."""

    def __init__(self, stream: BinaryIO, kind: _Kind, block_size: int) -> None:
        self._stream = stream
        self._kind = kind
        self._block_size = block_size
        self._size = stream.seek(0, os.SEEK_END)

    def text(self, pointer: bytes) -> bytes | None:
        """Return the bytes of a memo, b"" for a pointer to none; None when the pointer is wrong or the memo is cut."""
        block = _block_number(pointer)
        if block is None or block == 0:
            return None if block is None else b""
        start = block * self._block_size
        if start >= self._size:
            return None
        self._stream.seek(start)
        return self._until_end() if self._kind == "dbase3" else self._counted()

    def _until_end(self) -> bytes | None:
        text = bytearray()
        while len(text) <= ROW_LIMIT and (block := self._stream.read(_DBASE3_BLOCK)):
            end = block.find(_END_OF_TEXT)
            if end >= 0:
                return bytes(text) + block[:end]
            text += block
        return None

    def _counted(self) -> bytes | None:
        start = self._stream.read(8)
        if len(start) < 8:
            return None
        if self._kind == "foxpro":
            length: int = struct.unpack(">L", start[4:])[0]
        else:
            length = struct.unpack("<L", start[4:])[0] - 8
            if not start.startswith(_DBASE4_MARK):
                return None
        if not 0 <= length <= min(ROW_LIMIT, self._size):
            return None
        text = self._stream.read(length)
        return text if len(text) == length else None


def find_memo(table: Path, memo: Path | None) -> Path:
    """Return the memo file of a table: `memo` when given, else its neighbour; raise `FileRefused` when there is
    none."""
    if memo is not None:
        if memo.is_file():
            return memo
    else:
        for neighbour in sorted(table.parent.iterdir()):
            same_name = neighbour.stem.casefold() == table.stem.casefold()
            if same_name and neighbour.suffix.casefold() in (".dbt", ".fpt"):
                return neighbour
    raise FileRefused(
        "le fichier des mémos de cette table manque", remedy="Copiez aussi le fichier .dbt ou .fpt du même nom"
    )


def open_memo(stream: BinaryIO, suffix: str, version: int) -> MemoFile:
    """Return the reader of a memo file; raise `FileRefused` when its header is cut.

    `version` is the first byte of the table; `suffix` decides for FoxPro.
    """
    header = stream.read(_HEADER_SIZE)
    if len(header) < _HEADER_SIZE:
        raise FileRefused("le fichier des mémos est coupé dans son en-tête", remedy="Copiez ce fichier à nouveau")
    if suffix.casefold() == ".fpt" or version in (0x30, 0x31, 0x32, 0xF5, 0xFB):
        return MemoFile(stream, "foxpro", struct.unpack(">H", header[6:8])[0] or 1)
    if version == 0x83:
        return MemoFile(stream, "dbase3", _DBASE3_BLOCK)
    return MemoFile(stream, "dbase4", struct.unpack("<H", header[20:22])[0] or _DBASE3_BLOCK)


def _block_number(pointer: bytes) -> int | None:
    if len(pointer) == 4:
        number: int = struct.unpack("<I", pointer)[0]
        return number
    text = pointer.strip(b" \0")
    if not text:
        return 0
    return int(text) if text.isdigit() else None
