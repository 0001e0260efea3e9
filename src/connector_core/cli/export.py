"""`connector export`: everything that was read, in the pivot format."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import OneOf, Target

if TYPE_CHECKING:
    from connector_core.model.records import Lot, Record
    from connector_core.pipeline.cabinet import PracticeView
    from connector_core.store.store import Store


@click.command(
    "export",
    help="Écrit tout ce qui a été lu dans un fichier au format pivot, que « connector check » relit.\n\n"
    "Le fichier contient des données de santé en clair : gardez-le en lieu sûr, puis effacez-le.",
)
@click.argument("file", metavar="FICHIER", type=Target(folder=False))
@click.option("--format", "form", type=OneOf(("pivot",)), default="pivot", help="Format du fichier : pivot.")
@click.option(
    "--json", "as_json", is_flag=True, help="Écrit un objet JSON : le fichier et le nombre d'enregistrements."
)
@click.pass_obj
def command(context: Context, file: Path, form: str, as_json: bool) -> int:
    from zoneinfo import ZoneInfo

    from connector_core.deliver import french

    settings = context.settings
    now = datetime.now(ZoneInfo(settings.practice.timezone))
    order = tuple(source.id for source in settings.sources)
    with console.progress() as tell, context.store() as store:
        tell("export", 0)
        count = _write(file, _lines(store, settings.practice.name, now, order, settings.leaders))
    if as_json:
        console.emit({"file": str(file), "format": form, "records": count - 1})
    else:
        click.echo(f"{file} : {french.count(count - 1, 'enregistrement')}.")
    return 0


def _lines(
    store: Store, practice: str, now: datetime, order: Sequence[str], leaders: Mapping[str, str]
) -> Iterator[bytes]:
    from connector_core.model.pivot import encode_line, header, record_to_json
    from connector_core.pipeline.cabinet import PracticeView

    covers = store.files.covers()
    yield encode_line(header(practice, now, None if covers.everything else covers.names()))
    for record in records(store, PracticeView.of(store, order, leaders)):
        yield encode_line(record_to_json(record))


def records(store: Store, view: PracticeView) -> Iterator[Record]:
    """Every record as the rules see it: ids with the name of their source, sources merged, the leader's value first.

    A lot that several sources tell of is written once, and named by the invoices of all of them.
    """
    from connector_core.pipeline.gather import bank_credits
    from connector_core.pipeline.waiting import waiting_records
    from connector_core.store.codec import KIND_NAMES, as_records

    lots = view.cabinet.lots
    for record in as_records(store.shared.of("practitioner")):
        if view.known_as(record.id) == record.id:
            yield record
    yield from {lot.id: lot for lot in lots.values()}.values()
    yield from bank_credits(store, date.min, date.max)
    for _, _, stored in store.dossiers.iterate():
        by_kind, _ = view.by_kind(stored)
        for name in KIND_NAMES:
            for record in by_kind.get(name, ()):
                yield _in_one_lot(record, lots)
    yield from waiting_records(store)


def _in_one_lot(record: Record, lots: Mapping[str, Lot]) -> Record:
    """An invoice in the lot that stands for all that sources tell of it; any other record as it is."""
    name = getattr(record, "lot_id", None)
    lot = None if name is None else lots.get(name)
    return record if lot is None or lot.id == name else record.model_copy(update={"lot_id": lot.id})


def _write(path: Path, lines: Iterator[bytes]) -> int:
    """Write the whole file or nothing, readable by this account alone; returns the number of lines."""
    from connector_core.errors import ConfigurationError, reason_of

    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for line in lines:
                    file.write(line)
                    count += 1
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"ce fichier ne peut pas être écrit ({reason_of(error)})",
            where=str(path),
            remedy="Vérifiez le dossier, vos droits et la place sur le disque",
        ) from error
    return count
