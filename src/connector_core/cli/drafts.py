"""What `remind` and `quotes` share: the day, who the people are, writing drafts and telling what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.deliver.letters.compose import Composer
    from connector_core.deliver.letters.files import Compose, Delivered
    from connector_core.errors import ConfigurationError
    from connector_core.model.records import Patient, Practitioner


def day_of(context: Context, as_of: date | None, folder: Path | None) -> date:
    """The day asked about. Drafts are of today alone: a past day does not know what has happened since, such as a
    payment or a death."""
    if folder is not None and as_of is not None:
        raise click.UsageError("« --write » n'écrit qu'à la date du jour : ôtez « --as-of »")
    return as_of or context.today()


def composer(
    context: Context, day: date, patients: Mapping[str, Patient], practitioners: Iterable[Practitioner]
) -> Composer:
    from connector_core.deliver.letters.compose import Composer
    from connector_core.service.assembly import letter_templates, sender_of

    return Composer(
        sender_of(context.settings),
        letter_templates(context.configuration_folder),
        day,
        patients,
        {each.id: each for each in practitioners},
    )


def write(composers: Sequence[Compose], folder: Path) -> Delivered:
    from connector_core.deliver.letters.files import write_drafts

    return write_drafts(composers, folder)


def written_json(found: Delivered, folder: Path) -> dict[str, object]:
    from connector_core.deliver.letters.files import relative

    return {
        "folder": str(folder),
        "written": relative(found.written, folder),
        "kept": relative(found.kept, folder),
        "problems": [{"where": each.where, "what": each.what, "remedy": each.remedy} for each in found.problems],
    }


def written_text(found: Delivered, folder: Path) -> Iterator[str]:
    from connector_core.deliver import french

    yield ""
    yield french.typographic(f"{folder} : {french.count(len(found.written), 'fichier')} à relire. Rien n'est envoyé.")
    if found.kept:
        one = len(found.kept) == 1
        yield french.typographic(
            f"{french.count(len(found.kept), 'fichier')} déjà là, {'laissé' if one else 'laissés'} en l'état : "
            f"{'effacez-le' if one else 'effacez-les'} pour {'le' if one else 'les'} refaire."
        )


def tell_problems(problems: Sequence[ConfigurationError]) -> None:
    for each in problems:
        click.echo(str(each), err=True)
