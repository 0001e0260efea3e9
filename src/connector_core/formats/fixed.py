"""Fixed width: records whose fields are found by their positions, one per line or one right after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.encodings import encoding_name, likely_encoding, text_of, unreadable
from connector_core.formats.physical import Damage, is_one_byte, known_encoding, stored_encoding, whole_lines
from connector_core.formats.rows import Row

_AFTER_LAST_RECORD = b"\r\n\x1a"
_RECORDS_AT_ONCE = 2048

_EXPORT_AGAIN = "Relancez l'export, ou copiez le fichier à nouveau"


class FixedField(NamedTuple):
    """A field: `start` and `end` are 1-based positions in the record, both included."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FixedTable:
    """One kind of record: `prefix` is what such a record holds at the position of the record type, "" for any.

    `length` is that of such records where lines of different types differ in length; 0 for the length of the format.
    """

    name: str
    fields: tuple[FixedField, ...]
    prefix: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class FixedSplitter:
    """Turns the raw bytes of a record into its values; without fields, the record is of no known type.

    Each record is asked about its encoding where that is `doubtful`.
    """

    fields: tuple[FixedField, ...]
    length: int
    encoding: str
    doubtful: bool = False

    def values(self, raw: bytes) -> list[str]:
        """Return the values of one record without the spaces that pad them on the right.

        Raise `RowRefused` when the type of record is unknown, the bytes don't decode, or the length is wrong.
        """
        if not self.fields:
            raise RowRefused("type d'enregistrement inconnu")
        text = self._decoded(raw)
        if len(text) != self.length:
            raise RowRefused(self._misfit(raw, text))
        return [text[start - 1 : end].rstrip(" ") for _, start, end in self.fields]

    def _decoded(self, raw: bytes) -> str:
        if self.doubtful and not raw.isascii():
            return text_of(raw, self.encoding)
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            pass
        raise RowRefused(unreadable(raw, self.encoding))

    def _misfit(self, raw: bytes, text: str) -> str:
        """What is wrong with a record of another length, and the encoding that would explain it."""
        reason = f"l'enregistrement a {len(text)} caractère{'s' * (len(text) > 1)} au lieu de {self.length}"
        likely = likely_encoding(raw, self.encoding)
        if likely:
            return (
                f"{reason} : il semble écrit en {encoding_name(likely)}, et non en {encoding_name(self.encoding)} "
                "comme attendu ; relancez l'export ou vérifiez l'encodage attendu"
            )
        if len(raw) == self.length:
            name = encoding_name(self.encoding)
            return f"{reason} : ses positions semblent comptées en octets d'un texte en {name} ; relancez l'export"
        return reason


@dataclass(frozen=True, slots=True)
class FixedFormat:
    """How one fixed-width file is written.

    `length` is the number of characters of a record. With `lines` each record is a line; without, the records follow
    each other with nothing between them. `type_position` is the 1-based position at which the record type starts; the
    first table whose prefix is there is the record's. `doubtful` says that nothing has shown yet whether `encoding` is
    the right one, so that each record is asked.
    """

    length: int
    tables: tuple[FixedTable, ...]
    encoding: str = "cp1252"
    lines: bool = True
    type_position: int = 1
    doubtful: bool = False

    def __post_init__(self) -> None:
        known_encoding(self.encoding)
        if not self.lines and not is_one_byte(self.encoding):
            raise ConfigurationError(
                "des enregistrements qui se suivent sans fin de ligne demandent un encodage d'un octet par caractère",
                where="encoding",
            )
        if len({table.name for table in self.tables} - {""}) != len(self.tables) or not self.tables:
            raise ConfigurationError("un format à largeur fixe a au moins une table, et chacune son propre nom")
        for table in self.tables:
            if not table.fields:
                raise ConfigurationError("une table à largeur fixe a des champs", where=table.name)
            for field in table.fields:
                if not 1 <= field.start <= field.end <= self.length:
                    raise ConfigurationError("positions hors de l'enregistrement", where=f"{table.name}.{field.name}")

    def splitter(self, table: str) -> FixedSplitter:
        """Return the splitter of one table's records; that of the table "" refuses each as of an unknown type.

        Raise `ConfigurationError` for a table that isn't declared.
        """
        known = {each.name: each for each in self.tables} | {"": FixedTable("", ())}
        if table not in known:
            raise ConfigurationError(f"table inconnue : « {table} »")
        length = known[table].length or self.length
        return FixedSplitter(known[table].fields, length, stored_encoding(self.encoding), self.doubtful)

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the records, read from the beginning of the stream.

        The place is the line, or "enregistrement N" (from 1) where records aren't lines. A record of no declared type
        has the table "". Raise `FileRefused` at a last record that is too short, and at NUL bytes.
        """
        stream.seek(0)
        return self._lines(stream) if self.lines else self._records(stream)

    def _lines(self, stream: BinaryIO) -> Iterator[Row]:
        prefixes = self._prefixes()
        number = 0
        damage: Damage | None = None
        try:
            for lines in whole_lines(stream, self.encoding):
                if lines[-1:] not in (b"\n", b"\r") and self._is_cut(lines):
                    raise Damage(f"le fichier semble coupé à la ligne {number + 1}, qui n'a pas de fin")
                for line in lines.splitlines():
                    number += 1
                    if line.strip(_AFTER_LAST_RECORD):
                        yield Row(number, self._table(line, prefixes), line)
        except Damage as met:
            damage = met
        if damage is not None:
            raise damage.at(f"ligne {number + 1}")

    def _is_cut(self, line: bytes) -> bool:
        size = len(line.decode(stored_encoding(self.encoding), errors="replace"))
        lengths = {table.name: table.length for table in self.tables}
        expected = lengths.get(self._table(line, self._prefixes())) or self.length
        return size < expected and bool(line.strip(_AFTER_LAST_RECORD))

    def _records(self, stream: BinaryIO) -> Iterator[Row]:
        prefixes = self._prefixes()
        number = 0
        pending = b""
        while block := stream.read(self.length * _RECORDS_AT_ONCE):
            data = pending + block
            whole = len(data) - len(data) % self.length
            for start in range(0, whole, self.length):
                raw = data[start : start + self.length]
                number += 1
                if b"\0" in raw:
                    raise FileRefused(
                        "le fichier contient des octets nuls : il est abîmé ou n'est pas du texte",
                        where=f"enregistrement {number}",
                        remedy=_EXPORT_AGAIN,
                    )
                yield Row(f"enregistrement {number}", self._table(raw, prefixes), raw)
            pending = data[whole:]
        if pending.strip(_AFTER_LAST_RECORD):
            raise FileRefused(
                "le dernier enregistrement est incomplet : le fichier semble coupé",
                where=f"enregistrement {number + 1}",
                remedy=_EXPORT_AGAIN,
            )

    def _prefixes(self) -> list[tuple[bytes, str]]:
        encoding = stored_encoding(self.encoding)
        return [(table.prefix.encode(encoding), table.name) for table in self.tables]

    def _table(self, raw: bytes, prefixes: list[tuple[bytes, str]]) -> str:
        for prefix, name in prefixes:
            if raw.startswith(prefix, self.type_position - 1):
                return name
        return ""
