"""A database as a source of the configuration, and a keyring with its password alone."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.contenders.empty_store import SOURCE
from connector_core.settings.model import Settings, Source


@dataclass(frozen=True, slots=True)
class Kept:
    """Gives the password of the source, and nothing else."""

    password: str

    def get(self, name: str) -> str | None:
        return self.password if name == SOURCE else None


def source(connector: str, url: str) -> Source:
    """The source; a database that knows no accounts is given the password in vain."""
    described = {"id": SOURCE, "connector": connector, "database": url}
    if not url.startswith("sqlite:"):
        described["password"] = f"secret:{SOURCE}"
    (found,) = Settings.model_validate({"source": [described]}).sources
    return found
