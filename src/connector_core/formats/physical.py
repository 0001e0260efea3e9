"""Physical lines: blocks of a binary stream cut at line ends, whatever the encoding and the newlines.

What leaves this module is in the encoding that `stored_encoding` names: UTF-16 becomes UTF-8 on the way, so that a line
end is always one or two ASCII bytes; every other supported encoding is passed through untouched.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from connector_core.errors import ConfigurationError, FileRefused

BLOCK_SIZE = 256 * 1024
"""Bytes read at once."""

ROW_LIMIT = 16 * 1024 * 1024
"""Bytes that one row may take; a longer one is refused before it fills the memory."""

_ONE_BYTE = frozenset({"ascii", "cp1252", "cp437", "cp850", "iso8859-1", "iso8859-15"})
_UTF8 = frozenset({"utf-8", "utf-8-sig"})
_UTF16 = frozenset({"utf-16", "utf-16-le", "utf-16-be"})

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_SEND_AGAIN = "Relancez l'export, ou copiez le fichier à nouveau"
_CHECK_ENCODING = "Vérifiez l'encodage déclaré pour ce fichier"


class Damage(Exception):
    """The stream can't be read further; the reader knows the place and turns this into a `FileRefused`."""

    def __init__(self, what: str, remedy: str = _SEND_AGAIN) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(what)

    def at(self, where: str) -> FileRefused:
        """Return the error for a person, `where` in French."""
        return FileRefused(self.what, where=where, remedy=self.remedy)


def known_encoding(name: str) -> str:
    """Return the canonical name of a supported encoding; raise `ConfigurationError` for any other."""
    try:
        canonical = codecs.lookup(name).name
    except LookupError:
        canonical = ""
    if canonical not in _ONE_BYTE | _UTF8 | _UTF16:
        raise ConfigurationError(
            f"encodage non pris en charge : « {name} »",
            remedy="Choisissez cp1252, cp850, cp437, latin-1, iso8859-15, ascii, utf-8, utf-16, utf-16-le ou utf-16-be",
        )
    return canonical


def is_one_byte(encoding: str) -> bool:
    """Tell whether each byte is one character in this encoding."""
    return known_encoding(encoding) in _ONE_BYTE


def stored_encoding(encoding: str) -> str:
    """Return the encoding of the lines that come out for a file in `encoding`."""
    canonical = known_encoding(encoding)
    return canonical if canonical in _ONE_BYTE else "utf-8"


def mark_of(start: bytes) -> tuple[bytes, str]:
    """Return the byte order mark that `start` begins with and the encoding it announces, or two empty values."""
    for mark, announced in _BOMS:
        if start.startswith(mark):
            return mark, announced
    return b"", ""


def whole_lines(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield blocks of whole lines from the stream's position, line ends included; only the last may lack its end.

    Raise `Damage` at NUL bytes, at bytes that aren't `encoding` (UTF-16 only) and at a line longer than `ROW_LIMIT`,
    after all the lines before it.
    """
    pending = b""
    damage: Damage | None = None
    try:
        for block in _stored_blocks(stream, known_encoding(encoding)):
            data = pending + block if pending else block
            end = 1 + max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1))
            if end:
                yield data[:end]
            pending = data[end:]
            if len(pending) > ROW_LIMIT:
                raise Damage(f"une ligne dépasse {ROW_LIMIT // 1024 // 1024} Mo")
    except Damage as met:
        damage = met
    if pending and (damage is None or pending.endswith(b"\r")):
        yield pending
    if damage is not None:
        raise damage


def _stored_blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    for block in _decoded_blocks(stream, encoding):
        if b"\0" in block:
            yield block[: block.index(b"\0")]
            raise Damage("le fichier contient des octets nuls : il est abîmé ou n'est pas du texte")
        yield block


def _decoded_blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    first = stream.read(BLOCK_SIZE)
    while first and len(first) < 3 and (more := stream.read(BLOCK_SIZE)):
        first += more
    mark, announced = mark_of(first)
    if mark and not _agree(encoding, announced):
        raise Damage("la marque d'ordre des octets contredit l'encodage déclaré", _CHECK_ENCODING)
    if encoding == "utf-16" and first and not mark:
        raise Damage("la marque d'ordre des octets attendue en UTF-16 manque", _CHECK_ENCODING)
    blocks = _blocks(first[len(mark) :], stream)
    if encoding in _UTF16:
        return _transcoded(blocks, announced or encoding)
    return blocks


def _agree(encoding: str, announced: str) -> bool:
    if announced == "utf-8":
        return encoding in _UTF8
    return encoding in ("utf-16", announced)


def _blocks(first: bytes, stream: BinaryIO) -> Iterator[bytes]:
    block = first or stream.read(BLOCK_SIZE)
    while block:
        yield block
        block = stream.read(BLOCK_SIZE)


def _transcoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in blocks:
        readable: bytes | None = None
        text = ""
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            readable = error.object[: error.start]
        if readable is not None:
            yield readable.decode(encoding).encode()
            raise Damage("le fichier contient des octets qui ne sont pas de l'UTF-16")
        yield text.encode()
    if decoder.getstate()[0]:
        raise Damage("le fichier semble coupé au milieu d'un caractère")
