"""Bank statements become `bank_credit` records: OFX, CAMT.053, and lists as CSV by dialect."""

from __future__ import annotations

from collections.abc import Callable

from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Connector, ConnectorInfo

__version__ = "0.1.0"

INFO = ConnectorInfo(
    id="banque",
    vendor="connector",
    product="Relevés bancaires (OFX, CAMT.053, CSV)",
    version=__version__,
    verified=False,
    requires_core=">=0.1,<1",
)


@hookimpl
def connector_register_connectors(register: Callable[[Connector], None]) -> None:
    """The connector, with the dialects of lists that this package ships."""
    from connector_banque.connector import BankConnector

    register(BankConnector.shipped(INFO))
