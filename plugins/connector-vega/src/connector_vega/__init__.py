"""Vega: reference dialects, not verified on an installation. Everything vendor-specific is in `dialects/`."""

from __future__ import annotations

from collections.abc import Callable

from connector_core.plugins import hookimpl
from connector_core.plugins.connector import Connector, ConnectorInfo
from connector_core.plugins.dialect_connector import DialectConnector

__version__ = "0.1.0"

INFO = ConnectorInfo(
    id="vega",
    vendor="Epsilog",
    product="Vega",
    version=__version__,
    verified=False,
    requires_core=">=0.1,<1",
)


@hookimpl
def connector_register_connectors(register: Callable[[Connector], None]) -> None:
    """The connector, with the dialects this package ships."""
    register(DialectConnector.from_package(INFO, "connector_vega", "dialects"))
