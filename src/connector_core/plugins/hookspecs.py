"""The hooks of connector, in one place.

A plugin is a Python package with an entry point in the group `connector.plugins.v1`. Its module implements the hooks
it needs with `connector_core.plugins.hookimpl`. Hooks register; the objects registered do the work, one at a time,
behind a guard. The major version is in the name of the group; minor versions only add arguments, so an implementation
may ask for fewer than are listed here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from connector_core.plugins.connector import Connector
    from connector_core.plugins.contributions import Delivery, Diagnostic, Event, SensitivePattern
    from connector_core.rules.kernel import AnyRule

PROJECT = "connector"
ENTRY_POINT_GROUP = "connector.plugins.v1"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def connector_register_connectors(register: Callable[[Connector], None]) -> None:
    """Call `register` with each connector the plugin offers.

    :param register: refuses a connector whose id is taken or whose `info` is incomplete, naming the plugin.
    """


@hookspec
def connector_register_rules(register: Callable[[AnyRule], None]) -> None:
    """Call `register` with each rule the plugin adds to the shared base.

    :param register: refuses a rule whose code is taken.
    """


@hookspec
def connector_register_diagnostics(register: Callable[[Diagnostic], None]) -> None:
    """Call `register` with each check of the computer that a diagnosis should run.

    :param register: refuses a diagnostic whose id is taken.
    """


@hookspec
def connector_register_sensitive(register: Callable[[SensitivePattern], None]) -> None:
    """Call `register` with patterns of the vendor's own identifiers, so that they never reach a log or a bundle.

    :param register: refuses a pattern that does not compile.
    """


@hookspec
def connector_register_deliveries(register: Callable[[Delivery], None]) -> None:
    """Call `register` with each place findings can be delivered to (a report, a file, a vendor's agenda).

    :param register: refuses a delivery whose id is taken.
    """


@hookspec(firstresult=True)
def connector_secret(reference: str) -> str | None:
    """The value of a secret reference such as `kine4000-db`; None leaves it to the next plugin. The first answer wins.

    :param reference: the name after `secret:` in the configuration.
    """


@hookspec
def connector_event(event: Event) -> None:
    """Something happened (a file was committed, findings changed). Return values and exceptions are ignored.

    :param event: what happened, without patient data.
    """
