"""Télétransmission: B2 lots and NOEMIE returns, from the public layout of 2007, not verified on a real file."""

from __future__ import annotations

from collections.abc import Callable

from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Connector, ConnectorInfo

__version__ = "0.1.0"

INFO = ConnectorInfo(
    id="teletransmission",
    vendor="norme publique de 2007",
    product="Lots B2 et retours NOEMIE",
    version=__version__,
    capabilities=frozenset({"files", "returns"}),
    verified=False,
    requires_core=">=0.1,<1",
)


@hookimpl
def connector_register_connectors(register: Callable[[Connector], None]) -> None:
    """The one connector of this package."""
    from connector_teletransmission.connector import shipped

    register(shipped(INFO))
