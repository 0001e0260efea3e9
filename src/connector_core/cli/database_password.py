"""The password of a database that a command names by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.settings.model import Source


def source_at(context: Context, address: str) -> Source | None:
    """The source that is configured with this address."""
    return next((each for each in context.settings.sources if each.database == address), None)


def password_of(context: Context, source: Source | None, reference: str | None) -> str | None:
    """The password that a reference names, else the one that its source names; None where neither does."""
    from connector_core.secrets import resolve
    from connector_core.service.assembly import secrets_of

    named = reference if source is None or reference is not None else source.password
    return None if named is None else resolve(named, secrets_of(context.settings))
