"""`connector inspect` of a database: its tables and columns, and what has changed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.diagnose.database import DatabaseSeen, Fit, TableSeen
    from connector_core.settings.model import Source
    from connector_core.sources.database.drift import Change
    from connector_core.sources.database.passes import Fetched, Known


def inspect_database(
    context: Context,
    address: str,
    connector: str | None,
    show: Callable[[str], str],
    password: str | None,
    *,
    accept: bool,
    as_json: bool,
) -> int:
    """Show a database; with `accept`, take it for what it is from now on. Its source, where one is configured with this
    address, says the password and what was known."""
    from connector_core.cli.database_password import password_of, source_at
    from connector_core.diagnose.database import SAMPLED, seen
    from connector_core.errors import ConfigurationError
    from connector_core.service.databases import plans_among
    from connector_core.sources.database.exchange import Examine, Examined, Request
    from connector_core.sources.database.fetch import asked
    from connector_core.sources.database.passes import Known

    source = source_at(context, address)
    if accept and source is None:
        raise ConfigurationError(
            "aucune source n'a cette base", where=address, remedy="Écrivez l'adresse comme dans [[source]]"
        )
    among = source.connector if source is not None and connector is None else connector
    plans = plans_among(context.host, among, None if source is None else source.dialect)
    request = Request(address, password_of(context, source, password), Examine(SAMPLED))
    examined = asked(request, Examined)
    known = Known() if source is None else _known(context, source)
    found = seen(examined, plans, known, show)
    if as_json:
        from dataclasses import asdict

        import msgspec

        console.emit(
            {
                "database": {
                    "address": address,
                    **asdict(found),
                    "changes": msgspec.to_builtins(found.changes),
                    "last": msgspec.to_builtins(found.last),
                }
            }
        )
    else:
        for line in _text(address, found):
            click.echo(line)
    if accept and source is not None:
        _accept(context, source)
        return 0
    return 0 if found.sound else 4


def _known(context: Context, source: Source) -> Known:
    from connector_core.service.databases import known_of
    from connector_core.sources.database.passes import Known

    if not context.places.store.exists():
        return Known()
    with context.store() as store:
        return known_of(store, source.id)


def _accept(context: Context, source: Source) -> None:
    """Have the next pass take the database for what it is."""
    from connector_core.service.databases import keep_known, known_of
    from connector_core.sources.database.passes import accepted

    with context.store(write=True) as store:
        keep_known(store, source.id, accepted(known_of(store, source.id)))
    click.echo("\nC'est noté : la prochaine lecture prend la base telle qu'elle est.")


def _text(address: str, found: DatabaseSeen) -> Iterator[str]:
    from connector_core.deliver import french

    yield f"{click.style(address, bold=True)}  {french.count(len(found.tables), 'table')}"
    yield f"  lecture : {found.isolation}"
    for fit in found.fits:
        yield f"  dialecte {fit.dialect} ({fit.title}) : {_fit(fit, found)}"
    if not found.fits:
        yield "  aucun dialecte ne lit de base : il en faut un pour celle-ci"
    if found.paused is not None:
        yield click.style(f"  ! lecture suspendue : {found.paused}", fg="yellow")
    if found.changes:
        yield ""
        yield click.style("Depuis la dernière lecture", bold=True)
        for change in found.changes:
            yield f"  {_change(change)}"
        yield "  Corrigez le dialecte si une colonne lue a changé de nom ou de sens, puis relancez avec --accept."
    if found.last:
        yield ""
        yield click.style("Dernière lecture qui a trouvé du nouveau", bold=True)
        for each in found.last:
            yield f"  {each.table} : {_rows(each)}"
    for table in found.tables:
        yield from _table(table)


def _fit(fit: Fit, found: DatabaseSeen) -> str:
    from connector_core.deliver import french

    if not fit.missing:
        return "lit cette base"
    if fit in found.nearest:
        return f"il manque {', '.join(fit.missing)}"
    return f"ne convient pas ({fit.there} sur {french.count(fit.wanted, 'colonne')})"


def _rows(each: Fetched) -> str:
    from connector_core.deliver import french

    rows = french.count(each.rows, "ligne")
    return f"{rows}, toute la table" if each.whole else f"{rows} sur {french.number(each.of)}, en partie"


def _table(table: TableSeen) -> Iterator[str]:
    from connector_core.deliver import french

    rows = "illisible avec ce compte" if table.rows is None else french.count(table.rows, "ligne")
    key = f", clé {', '.join(table.key)}" if table.key else ", sans clé"
    yield ""
    yield f"{click.style(table.name, bold=True)}  {rows}{key}"
    if table.fetched:
        yield f"  {table.fetched}"
    for column in table.columns:
        meaning = f", {column.meaning}" if column.meaning else ""
        sample = f" : {column.sample}" if column.sample else ""
        yield f"  {column.name} ({column.type}{meaning}){sample}"


def _change(change: Change) -> str:
    moved = f" ; ce pourrait être {change.moved_to} ({change.reason})" if change.moved_to else ""
    match change.kind:
        case "table_gone":
            return f"table {change.table} : disparue{moved}"
        case "column_gone":
            return f"{change.table}.{change.column} ({change.before}) : disparue{moved}"
        case "column_new":
            return f"{change.table}.{change.column} ({change.now}) : nouvelle"
        case "type_changed":
            return f"{change.table}.{change.column} : {change.before} est devenu {change.now}"
        case "key_changed":
            return f"{change.table} : la clé {change.before or 'aucune'} est devenue {change.now or 'aucune'}"
