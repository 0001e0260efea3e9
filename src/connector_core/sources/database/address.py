"""The address of a database, as the configuration gives it: `firebird://reader@localhost/D:/Kine4000/BASE.FDB`.

It never holds a password. What it says of the database is for a person's eyes; nothing of it is an error's secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PureWindowsPath
from urllib.parse import parse_qsl, unquote, urlsplit

from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion

SCHEMES = ("sqlite", "postgresql", "mysql", "mariadb", "firebird", "mssql", "access", "odbc")
_SECRET = frozenset({"password", "passwd", "pwd"})
_EXAMPLE = "Écrivez par exemple « postgresql://lecteur@localhost/cabinet » ou « sqlite:///D:/Logiciel/base.db »"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. `name` is that of the database, its file, or its DSN; `options` are the engine's own."""

    scheme: str
    user: str | None
    host: str | None
    port: int | None
    name: str
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str | None:
        """The last value of an option; None where there is none."""
        return dict(self.options).get(name)

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{self.host or ''}{port}/{self.name}"


def is_address(text: str) -> bool:
    """Whether a text is meant as the address of a database rather than as a path."""
    scheme, mark, _ = text.partition("://")
    return bool(mark) and scheme.isalnum()


def read_address(text: str) -> Address:
    """Parse an address; raise ConfigurationError, which does not repeat it, where it is none."""
    scheme, mark, _ = text.partition("://")
    if not mark:
        raise ConfigurationError("l'adresse de la base n'en est pas une", remedy=_EXAMPLE)
    if scheme not in SCHEMES:
        raise ConfigurationError("moteur de base inconnu", remedy=suggestion(scheme, SCHEMES) or _EXAMPLE)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ConfigurationError("l'adresse de la base est mal écrite", remedy=_EXAMPLE) from None
    options = tuple(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or any(name.lower() in _SECRET for name, _ in options):
        raise ConfigurationError(
            "l'adresse de la base contient un mot de passe",
            remedy='Retirez-le, et écrivez password = "secret:<nom>"',
        )
    name = unquote(parts.path)[1:]
    if not name and scheme not in ("odbc",):
        raise ConfigurationError("l'adresse de la base ne la nomme pas", remedy=_EXAMPLE)
    return Address(
        scheme,
        None if parts.username is None else unquote(parts.username),
        parts.hostname,
        port,
        name,
        options,
    )


def file_of(address: Address) -> str:
    """The path that the address of a file gives: `sqlite:///D:/base.db` is `D:/base.db`, `sqlite:////var/base.db` is
    `/var/base.db`, and so is `sqlite:///var/base.db` where that is no drive of Windows."""
    name = address.name
    if address.host:
        return f"//{address.host}/{name}"
    return name if PureWindowsPath(name).drive or name.startswith("/") else f"/{name}"
