"""Our own contributions, through the same hooks as any vendor's.

The loader registers this module first, and it can't be disabled. What it contributes is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from connector_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector_core.plugins.connector import Connector
    from connector_core.plugins.contributions import Delivery
    from connector_core.rules.kernel import AnyRule


@hookimpl
def connector_register_connectors(register: Callable[[Connector], None]) -> None:
    """The connector of the pivot format."""
    from connector_core.plugins.pivot import PivotConnector

    register(PivotConnector())


@hookimpl
def connector_register_deliveries(register: Callable[[Delivery], None]) -> None:
    """The report: a page, a machine-readable answer, a workbook."""
    from connector_core.deliver.files import write_report
    from connector_core.deliver.names import FORMATS, report_delivery
    from connector_core.plugins.contributions import Delivery

    for name, title in FORMATS.items():
        register(Delivery(report_delivery(name), title, partial(write_report, formats=(name,))))


@hookimpl
def connector_register_rules(register: Callable[[AnyRule], None]) -> None:
    """The shared rule base."""
    from connector_core.rules.catalogue import core_rules

    for rule in core_rules():
        register(rule)
