"""The connector of bank statements: which format a file is of, and who reads it."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from connector_banque import camt, ofx
from connector_banque.lists import ASKS, ListReading, patterns_of
from connector_banque.statements import Operations, StatementReading
from connector_core.dialects.mappings import Dialect
from connector_core.errors import ConfigurationError
from connector_core.plugins.connector import Claim, ConnectorInfo, Probe, Reading, SpooledFile
from connector_core.plugins.dialect_connector import DialectConnector

_OFX, _CAMT = "ofx", "camt053"
_FORMATS: Mapping[str, Operations] = {_OFX: ofx.operations, _CAMT: camt.operations}
_SUFFIXES = {_OFX: ".ofx", _CAMT: ".xml"}
_INSIDE, _NAME = 0.8, 0.2


class BankConnector:
    """Reads OFX and CAMT.053 by themselves, and lists by the dialects that know them."""

    def __init__(self, lists: DialectConnector) -> None:
        for dialect in lists.dialects.values():
            patterns_of(dialect)
        self.info: ConnectorInfo = lists.info
        self._lists = lists

    @classmethod
    def shipped(cls, info: ConnectorInfo) -> BankConnector:
        """The connector with the dialects of this package."""
        return cls(DialectConnector.from_package(info, "connector_banque", "dialects", ASKS))

    @property
    def dialects(self) -> Mapping[str, Dialect]:
        return self._lists.dialects

    def with_dialects(self, dialects: Iterable[Dialect]) -> BankConnector:
        """The same connector with a site's own dialects, which replace those of the same id."""
        return BankConnector(self._lists.with_dialects(dialects))

    def identify(self, probe: Probe) -> Claim | None:
        head = probe.head.removeprefix(BOM_UTF8)
        if ofx.SIGNS.match(head):
            return self._claim(probe, _OFX, "l'en-tête d'un fichier OFX")
        version = camt.VERSION.search(head)
        if version is not None and head.lstrip().startswith(b"<"):
            return self._claim(probe, _CAMT, f"un relevé CAMT.053, version {version[1].decode()}")
        return self._lists.identify(probe)

    def is_complete(self, probe: Probe) -> bool:
        return probe.size > 0

    def read(self, file: SpooledFile, claim: Claim) -> Reading:
        operations = _FORMATS.get(claim.dialect)
        if operations is not None:
            return StatementReading(file, operations, f"{self.info.id}-{claim.dialect}-{self.info.version}")
        dialect = self.dialects.get(claim.dialect)
        if dialect is None:
            raise ConfigurationError(f"dialecte inconnu « {claim.dialect} »", where=self.info.id)
        return ListReading(dialect, claim.variant, file, self._lists.read(file, claim))

    def _claim(self, probe: Probe, name: str, reason: str) -> Claim:
        named = PurePath(probe.name).suffix.lower() == _SUFFIXES[name]
        return Claim(self.info.id, name, round(_INSIDE + _NAME * named, 3), reason, version=self.info.version)
