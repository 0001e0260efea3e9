"""A connector made of dialects: what a typical vendor's plugin registers.

```python
from connector_core.plugins import hookimpl
from connector_core.plugins.connector import ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector

INFO = ConnectorInfo(id="acme", vendor="Acme", product="Acme Kiné", version="1.0")

@hookimpl
def connector_register_connectors(register):
    register(DialectConnector.from_package(INFO, "connector_acme", "dialects"))
```
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Protocol, runtime_checkable

from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.dialects.reading import DialectReading, recognise
from connector_core.errors import ConfigurationError
from connector_core.formats.document import Probe, SpooledFile
from connector_core.nearest import suggestion
from connector_core.plugins.connector import Claim, Connector, ConnectorInfo, Reading


@runtime_checkable
class ReadsDialects(Protocol):
    """A connector some of whose layouts are dialects; a site may lay its own dialect over one of the same id."""

    @property
    def dialects(self) -> Mapping[str, Dialect]: ...

    def with_dialects(self, dialects: Iterable[Dialect]) -> Connector:
        """The same connector with a site's own dialects, which replace those of the same id."""
        ...


class DialectConnector:
    """Reads every file that one of its dialects knows.

    `asks` lists the keys of `[connector]` that whoever uses the dialects understands; a dialect with another one is
    refused. It can write flags where one of its dialects declares a place for them.
    """

    def __init__(self, info: ConnectorInfo, dialects: Iterable[Dialect], asks: Collection[str] = ()) -> None:
        self.asks = frozenset(asks)
        self.dialects = {dialect.id: dialect for dialect in dialects}
        writes = any(dialect.write_back for dialect in self.dialects.values())
        self.info = replace(info, capabilities=info.capabilities | {"write_back"}) if writes else info
        for dialect in self.dialects.values():
            for name in dialect.connector:
                if name not in self.asks:
                    where = f"{dialect.place}, [connector]"
                    raise ConfigurationError(
                        f"clé inconnue « {name} »", where=where, remedy=suggestion(name, self.asks)
                    )

    @classmethod
    def from_package(
        cls, info: ConnectorInfo, package: str, folder: str, asks: Collection[str] = ()
    ) -> DialectConnector:
        """Read the dialects that a package ships in a folder, in the order of their names."""
        entries = sorted(files(package).joinpath(folder).iterdir(), key=lambda entry: entry.name)
        texts = [(entry.name, entry.read_text(encoding="utf-8")) for entry in entries if entry.name.endswith(".toml")]
        return cls(info, [read_dialect(text, name) for name, text in texts], asks)

    def with_dialects(self, dialects: Iterable[Dialect]) -> DialectConnector:
        """The same connector with a site's own dialects, which replace those of the same id."""
        return DialectConnector(self.info, (self.dialects | {each.id: each for each in dialects}).values(), self.asks)

    def identify(self, probe: Probe) -> Claim | None:
        best: Claim | None = None
        for dialect in self.dialects.values():
            known = recognise(dialect, probe)
            if known is not None and (best is None or known.score > best.score):
                best = Claim(self.info.id, dialect.id, known.score, known.reason, known.variant, dialect.version)
        return best

    def is_complete(self, probe: Probe) -> bool:
        return True

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        dialect = self.dialects.get(claim.dialect)
        if dialect is None:
            raise ConfigurationError(f"dialecte inconnu « {claim.dialect} »", where=self.info.id)
        return DialectReading(dialect, claim.variant, file, self.info.version)
