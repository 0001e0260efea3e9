"""Access files (`.mdb`, `.accdb`), through ODBC: Access's own driver on Windows, MDBTools' elsewhere.

The vendor's file is only copied (`file_in_use`), and the copy is read: neither locks nor half-written pages are met,
and nothing could be written to it. There are no accounts: who may write is a matter of the file's rights.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector_core.errors import ConfigurationError
from connector_core.sources.database.address import Address, file_of
from connector_core.sources.database.engine import Session, WriteProof, missing_driver, unreachable, unreadable
from connector_core.sources.database.file_in_use import KEPT, Copied, Kept, NeverStill, copied
from connector_core.sources.database.odbc_session import AGAIN, OdbcSession, connected
from connector_core.sources.database.write_attempts import proof_of_file

_DRIVERS = ("Microsoft Access Driver (*.mdb, *.accdb)", "Microsoft Access Driver (*.mdb)", "MDBTools")


class AccessEngine:
    """Databases of Access."""

    title = "Access"

    @contextmanager
    def open(self, address: Address, password: str | None) -> Iterator[Session]:
        driver = _driver()
        with ExitStack() as stack:
            copy = _copied(address, stack)
            attributes = {"DRIVER": driver, "DBQ": str(copy.path)}
            if password is not None:
                attributes["PWD"] = password
            connection = connected(address, attributes, autocommit=True)
            stack.callback(connection.close)
            yield OdbcSession(connection, address, copy.way, _quoted, copy.digest)

    def try_to_write(self, address: Address, password: str | None, tables: Sequence[str]) -> WriteProof:
        return proof_of_file(address)


ENGINE = AccessEngine()


def _driver() -> str:
    try:
        import pyodbc
    except ModuleNotFoundError:
        raise missing_driver("pyodbc", "access") from None
    installed = set(pyodbc.drivers())
    for name in _DRIVERS:
        if name in installed:
            return name
    bits = 8 * struct.calcsize("P")
    raise ConfigurationError(
        f"aucun pilote ODBC {bits} bits pour Access n'est installé",
        remedy=f"Installez « Microsoft Access Database Engine » en {bits} bits (odbc-mdbtools sous Debian)",
    )


def _copied(address: Address, stack: ExitStack) -> Copied:
    try:
        return stack.enter_context(copied(Path(file_of(address))))
    except FileNotFoundError:
        raise unreachable(address, "ce fichier n'existe pas", "Vérifiez le chemin") from None
    except PermissionError:
        why = "ce compte n'a pas le droit de lire ce fichier"
        raise unreachable(address, why, "Donnez-lui ce droit, et celui-là seul") from None
    except OSError as error:
        raise unreadable(address, error) from None
    except Kept as kept:
        raise unreachable(address, f"{KEPT} ; {kept.shadow.what}", kept.shadow.remedy) from None
    except NeverStill as never:
        why = "un logiciel écrit sans cesse dans ce fichier"
        if never.shadow is None:
            raise unreachable(address, why, AGAIN) from None
        raise unreachable(address, f"{why} ; {never.shadow.what}", never.shadow.remedy) from None


def _quoted(name: str) -> str:
    if "[" in name or "]" in name:
        raise ConfigurationError("une table ou une colonne a un nom qu'Access ne permet pas")
    return f"[{name}]"
