"""An emulator of SQL Server: its wire protocol (TDS 7.4) on loopback, over a SQLite file. It is not SQL Server.

It shows that a driver connects, logs in, and reads rows of the right types, and that a refusal comes back as one. It
says nothing of T-SQL, of locks or of isolation: what is asked is rewritten for SQLite, whose snapshots stand for those
of the server. Batches only: no parameters, no encryption, no Windows login.
"""

from __future__ import annotations

import re
import socketserver
import sqlite3
import struct
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from connector_core.testing.exports.relational import Filled
from connector_core.testing.exports.sql import SQL_SERVER, Flavour, deploy

READER, READER_PASSWORD = "lecteur", "lecteur-secret"
WRITER, WRITER_PASSWORD = "logiciel", "logiciel-secret"
DATABASE = "cabinet"
WRITES = Flavour({**SQL_SERVER.types, "memo": "NVARCHAR(4000)"}, "?", SQL_SERVER.quote)
"""SQL Server's names for types, kept by SQLite as they are declared, with SQLite's marker."""
_REPLY = 0x04
_NO_LOGIN, _DENIED, _NO_OBJECT, _NO_SNAPSHOT, _NOT_HERE = 18456, 229, 208, 3952, 40000
_COLLATION = b"\x0c\x04\xd0\x00\x34"
_PACKET = 4096
_FIRST_MOMENT = datetime(1900, 1, 1)  # noqa: DTZ001  # the server's DATETIME has no zone

Wire = Literal["whole", "numeric", "date", "time", "datetime", "bit", "text"]


@dataclass(frozen=True)
class Emulator:
    """A running emulator, over one file."""

    path: Path
    port: int
    asked: list[str] = field(default_factory=list)


@contextmanager
def sql_server_emulator(folder: Path, *, snapshots: bool = True) -> Iterator[Emulator]:
    """An emulator over a new SQLite file in a folder; `snapshots` is whether the database allows that isolation."""
    path = folder / "sql-server-emulator.db"
    asked: list[str] = []
    with _Server(path, asked, snapshots) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Emulator(path, server.server_address[1], asked)
        finally:
            server.shutdown()
            thread.join()


def make_database(emulator: Emulator, tables: Iterable[Filled]) -> None:
    """Fill the file."""
    connection = connect(emulator)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        deploy(tables, WRITES, lambda statement, rows: _each(connection, statement, rows), connection.commit)
    finally:
        connection.close()


def connect(emulator: Emulator) -> sqlite3.Connection:
    """A connection of what stands for the software, straight to the file."""
    return sqlite3.connect(emulator.path, timeout=30, isolation_level="IMMEDIATE")


def url(emulator: Emulator, user: str = READER) -> str:
    """The database as a source is configured with it."""
    return f"mssql://{user}@127.0.0.1:{emulator.port}/{DATABASE}"


def _each(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[object]]) -> None:
    for row in rows:
        connection.execute(statement, [_kept(value) for value in row])


def _kept(value: object) -> object:
    """What SQLite keeps of a value."""
    match value:
        case bool() | int() | str() | None:
            return value
        case Decimal():
            return str(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case other:
            return str(other)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, path: Path, asked: list[str], snapshots: bool) -> None:
        self.path, self.asked, self.snapshots = path, asked, snapshots
        super().__init__(("127.0.0.1", 0), _Session)


class _Session(socketserver.BaseRequestHandler):
    """One connection: what is asked in packets, answered in packets."""

    server: _Server

    def setup(self) -> None:
        self._file: sqlite3.Connection | None = None
        self._snapshot = False

    def handle(self) -> None:
        try:
            while True:
                kind, body = self._message()
                self._reply(self._answer(kind, body))
        except (EOFError, ConnectionError):
            pass
        finally:
            if self._file is not None:
                self._file.close()

    def _answer(self, kind: int, body: bytes) -> bytes:
        match kind:
            case 0x12:
                return _prelogin()
            case 0x10:
                mode = _mode_of(body)
                if mode is None:
                    return _error(_NO_LOGIN, "Login failed for user")
                file = f"file:{self.server.path}?mode={mode}"
                self._file = sqlite3.connect(file, uri=True, timeout=10, isolation_level=None)
                _information_schema(self._file)
                return _logged_in()
            case 0x01 if self._file is not None:
                headers: int = struct.unpack_from("<I", body)[0]
                statement = body[headers:].decode("utf-16-le")
                self.server.asked.append(statement)
                self._snapshot = self._snapshot or statement.endswith("ISOLATION LEVEL SNAPSHOT")
                if self._snapshot and statement.startswith("SELECT") and not self.server.snapshots:
                    return _error(_NO_SNAPSHOT, "Snapshot isolation transaction failed accessing database")
                return _run(statement, self._file)
            case 0x06:
                return _done(0x20)
            case other:
                return _error(_NOT_HERE, f"the emulator does not know messages of kind {other}")

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.request.recv(size - len(found))
            if not part:
                raise EOFError
            found += part
        return found

    def _message(self) -> tuple[int, bytes]:
        body = b""
        while True:
            kind, status, length = struct.unpack(">BBH", self._exactly(8)[:4])
            body += self._exactly(length - 8)
            if status & 1:
                return kind, body

    def _reply(self, body: bytes) -> None:
        size = _PACKET - 8
        parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        for number, part in enumerate(parts, 1):
            last = 1 if number == len(parts) else 0
            self.request.sendall(struct.pack(">BBHHBB", _REPLY, last, len(part) + 8, 51, number % 256, 0) + part)


def _information_schema(file: sqlite3.Connection) -> None:
    """The views of the catalog that are asked for."""
    file.execute("ATTACH ':memory:' AS INFORMATION_SCHEMA")
    file.execute("CREATE TABLE INFORMATION_SCHEMA.TABLES (TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE)")
    file.execute(
        "CREATE TABLE INFORMATION_SCHEMA.COLUMNS (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION INTEGER,"
        " DATA_TYPE, CHARACTER_MAXIMUM_LENGTH INTEGER, NUMERIC_PRECISION INTEGER, NUMERIC_SCALE INTEGER, IS_NULLABLE)"
    )
    file.execute("CREATE TABLE INFORMATION_SCHEMA.TABLE_CONSTRAINTS (TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE)")
    file.execute(
        "CREATE TABLE INFORMATION_SCHEMA.KEY_COLUMN_USAGE"
        " (TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, ORDINAL_POSITION INTEGER)"
    )
    for (table,) in file.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
        file.execute("INSERT INTO INFORMATION_SCHEMA.TABLES VALUES ('dbo', ?, 'BASE TABLE')", (table,))
        file.execute(
            "INSERT INTO INFORMATION_SCHEMA.TABLE_CONSTRAINTS VALUES (?, ?, 'PRIMARY KEY')", (table, f"PK_{table}")
        )
        for number, name, declared, _, _, rank in file.execute(f'PRAGMA main.table_info("{table}")').fetchall():
            kind, first, second = _declared(declared)
            is_text = kind in {"nvarchar", "char"}
            sizes = (first if is_text else None, None if is_text else first, None if is_text else second)
            file.execute(
                "INSERT INTO INFORMATION_SCHEMA.COLUMNS VALUES ('dbo', ?, ?, ?, ?, ?, ?, ?, 'YES')",
                (table, name, number + 1, kind, *sizes),
            )
            if rank:
                file.execute(
                    "INSERT INTO INFORMATION_SCHEMA.KEY_COLUMN_USAGE VALUES ('dbo', ?, ?, ?, ?)",
                    (table, f"PK_{table}", name, rank),
                )


def _declared(text: str) -> tuple[str, int | None, int | None]:
    match = re.fullmatch(r"(\w+)(?:\((\w+)(?:,(\d+))?\))?", text)
    assert match is not None, text
    kind, first, second = match.groups()
    kind = {"integer": "int"}.get(kind.lower(), kind.lower())
    return kind, (-1 if first == "MAX" else int(first)) if first else None, int(second) if second else None


_WIRES: dict[str, Wire] = {
    "int": "whole",
    "numeric": "numeric",
    "date": "date",
    "time": "time",
    "datetime": "datetime",
    "bit": "bit",
}


def _run(statement: str, file: sqlite3.Connection) -> bytes:
    text = statement.strip().rstrip(";")
    if re.match(r"(?i)set\b|use\b", text):
        return _done()
    if match := re.match(r"(?i)(?:if @@trancount > 0 )?(begin|commit|rollback)\s+tran", text):
        text = match.group(1).upper()
        if text != "BEGIN" and not file.in_transaction:
            return _done()
    text = re.sub(r"CAST\(N'([-\d]+)T([:\d]+)\.000' AS DATETIME\)", r"'\1 \2'", text)  # as the file keeps moments
    rewritten = re.sub(r"\[dbo\]\.", "", text).replace("[", '"').replace("]", '"').replace("N'", "'")
    try:
        cursor = file.execute(rewritten)
        if cursor.description is None:
            return _done()
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        readonly = "readonly" in str(error)
        number = _DENIED if readonly else _NO_OBJECT
        return _error(number, "The permission was denied" if readonly else f"Invalid: {error}")
    kinds = _kinds_of(rewritten, file)
    columns = [
        (name, *kinds.get(name, ("whole" if all(isinstance(row[n], int | None) for row in rows) else "text", 0)))
        for n, (name, *_) in enumerate(cursor.description)
    ]
    return _table(columns, rows)


def _kinds_of(statement: str, file: sqlite3.Connection) -> dict[str, tuple[Wire, int]]:
    """How the columns of the table that is read go over the wire, with their scale."""
    match = re.search(r'(?i)\bfrom\s+"([^"]+)"', statement)
    if match is None:
        return {}
    found = {}
    for _, name, declared, *_ in file.execute(f'PRAGMA main.table_info("{match.group(1)}")').fetchall():
        kind, _, scale = _declared(declared)
        found[name] = found[f'MAX("{name}")'] = (_WIRES.get(kind, "text"), scale or 0)
    return found


def _table(columns: Sequence[tuple[str, Wire, int]], rows: Sequence[Sequence[object]]) -> bytes:
    parts = [b"\x81" + struct.pack("<H", len(columns))]
    for name, wire, scale in columns:
        parts.append(struct.pack("<IH", 0, 9) + _TYPES[wire].replace(b"?", bytes([scale])) + _short(name))
    for row in rows:
        parts.append(b"\xd1")
        parts += [_cell(value, wire, scale) for value, (_, wire, scale) in zip(row, columns, strict=True)]
    return b"".join(parts) + _done(0x10, len(rows))


_TYPES: dict[Wire, bytes] = {
    "whole": b"\x26\x08",
    "numeric": b"\x6a\x09\x12?",
    "date": b"\x28",
    "time": b"\x29\x00",
    "datetime": b"\x6f\x08",
    "bit": b"\x68\x01",
    "text": b"\xe7" + struct.pack("<H", 8000) + _COLLATION,
}


def _cell(value: object, wire: Wire, scale: int) -> bytes:
    if value is None:
        return b"\xff\xff" if wire == "text" else b"\0"
    match wire:
        case "whole":
            return b"\x08" + struct.pack("<q", int(str(value)))
        case "bit":
            return b"\x01" + bytes([int(bool(value))])
        case "numeric":
            number = int(Decimal(str(value)).scaleb(scale))
            return b"\x09" + bytes([number >= 0]) + abs(number).to_bytes(8, "little")
        case "date":
            return b"\x03" + (date.fromisoformat(str(value)).toordinal() - 1).to_bytes(3, "little")
        case "time":
            hours, minutes, seconds = (int(part) for part in str(value).split(":"))
            return b"\x03" + (hours * 3600 + minutes * 60 + seconds).to_bytes(3, "little")
        case "datetime":
            since = datetime.fromisoformat(str(value)) - _FIRST_MOMENT
            return b"\x08" + struct.pack("<iI", since.days, since.seconds * 300)
        case "text":
            text = str(value).encode("utf-16-le")
            return struct.pack("<H", len(text)) + text


def _prelogin() -> bytes:
    options = ((0, bytes([15, 0, 7, 208, 0, 0])), (1, b"\x02"), (2, b"\0"), (3, b""), (4, b"\0"))
    place, heads, values = 5 * len(options) + 1, b"", b""
    for number, value in options:
        heads += struct.pack(">BHH", number, place + len(values), len(value))
        values += value
    return heads + b"\xff" + values


def _mode_of(body: bytes) -> str | None:
    """How the file is opened for who logs in; None for whom it is not."""

    def text(at: int, *, hidden: bool = False) -> str:
        place, length = struct.unpack_from("<HH", body, at)
        found = body[place : place + 2 * length]
        if hidden:
            found = bytes(((each ^ 0xA5) << 4 & 0xF0) | ((each ^ 0xA5) >> 4) for each in found)
        return found.decode("utf-16-le")

    return _MODES.get((text(40), text(44, hidden=True)))


_MODES = {(READER, READER_PASSWORD): "ro", (WRITER, WRITER_PASSWORD): "rw"}


def _logged_in() -> bytes:
    acknowledged = b"\x01\x74\x00\x00\x04" + _short("Microsoft SQL Server") + bytes([15, 0, 7, 208])
    return (
        _changed(1, DATABASE, "master")
        + _changed(4, str(_PACKET), str(_PACKET))
        + b"\xad"
        + struct.pack("<H", len(acknowledged))
        + acknowledged
        + _done()
    )


def _changed(kind: int, now: str, before: str) -> bytes:
    text = bytes([kind]) + _short(now) + _short(before)
    return b"\xe3" + struct.pack("<H", len(text)) + text


def _error(number: int, text: str) -> bytes:
    body = struct.pack("<iBBH", number, 1, 16, len(text)) + text.encode("utf-16-le")
    body += _short("EMULATOR") + _short("") + struct.pack("<i", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body + _done(0x02)


def _done(status: int = 0, rows: int = 0) -> bytes:
    return b"\xfd" + struct.pack("<HHQ", status, 0xC1, rows)


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")
