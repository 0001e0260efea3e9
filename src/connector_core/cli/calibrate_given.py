"""What `connector calibrate` is given: the files of an export, or a database, as tables and as what a trial reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.dialects.calibration.sample import Sample
    from connector_core.dialects.mappings import Dialect
    from connector_core.errors import FileRefused
    from connector_core.formats.document import SpooledFile
    from connector_core.sources.database.exchange import Examined
    from connector_core.sources.local import LocalFile

_LONGEST = 300.0
"""Seconds that a database may take to give its sample."""


@dataclass(frozen=True, slots=True)
class Given:
    """An export or a database: `what` it is and its name, for a person; its tables; what was left out and why, a
    line each; what a dialect has to read of it; and the connector that reads all of it as it is, if one does."""

    what: str
    name: str
    stem: str
    sample: Sample
    left_out: Sequence[str]
    read: Callable[[Dialect], Sequence[SpooledFile]]
    reader: str | None = None


def given(context: Context, path: str, password: str | None) -> Given:
    """What stands at a path or an address. ConnectorError where there is nothing that a dialect could describe."""
    from connector_core.sources.database.address import is_address

    return _database(context, path, password) if is_address(path) else _export(context, Path(path))


def _export(context: Context, path: Path) -> Given:
    from connector_core.dialects.calibration.files import read_sample
    from connector_core.errors import FileRefused
    from connector_core.sources.names import written_name

    files = _files(path)
    try:
        sample, others = read_sample(files)
    except FileRefused as refused:
        raise _needs_none(_reader(context, files), files) or refused from None
    found = Path(written_name(path.resolve().name))
    left_out = [f"{name} : d'un autre format, laissé de côté" for name in others]
    return Given("Export", found.name, found.stem, sample, left_out, lambda _dialect: files, _reader(context, files))


def _reader(context: Context, files: Sequence[SpooledFile]) -> str | None:
    """The connector of the last of some files, where connectors read them all."""
    from connector_core.formats.document import probe_of

    connector = None
    for file in files:
        claim = context.host.identify(probe_of(file)).claim
        if claim is None:
            return None
        connector = claim.connector
    return connector


def _needs_none(connector: str | None, files: Sequence[SpooledFile]) -> FileRefused | None:
    """What to say of files of which no dialect can be made, where they need none."""
    from connector_core.errors import FileRefused

    if connector is None:
        return None
    return FileRefused(
        f"le connecteur « {connector} » lit déjà ce fichier : aucun dialecte n'est à écrire",
        where=files[-1].name,
        remedy="« connector inspect » dit ce qu'il y trouve",
    )


def _database(context: Context, address: str, password: str | None) -> Given:
    from connector_core.cli.database_password import password_of, source_at
    from connector_core.diagnose.database_sample import SAMPLED, sample_of
    from connector_core.dialects.plan import plan_of
    from connector_core.errors import SourceError
    from connector_core.sources.database.address import read_address
    from connector_core.sources.database.exchange import Examine, Examined, Request
    from connector_core.sources.database.extracted import extracted
    from connector_core.sources.database.fetch import asked

    secret = password_of(context, source_at(context, address), password)
    name = PurePosixPath(read_address(address).name.replace("\\", "/"))
    examined = asked(Request(address, secret, Examine(SAMPLED)), Examined, silence=_LONGEST)
    sample = sample_of(examined)
    if not sample.tables:
        raise SourceError(
            "cette base n'a aucune table que ce compte puisse lire et qui ait des lignes",
            where=address,
            remedy="Donnez au compte le droit SELECT sur les tables à lire",
        )
    return Given(
        "Base",
        name.name,
        name.stem,
        sample,
        list(_not_sampled(examined)),
        lambda dialect: [extracted(address, secret, [plan_of(dialect)])],
    )


def _not_sampled(examined: Examined) -> Iterator[str]:
    for table in examined.schema.tables:
        sampled = examined.sampled.get(table.name)
        if sampled is None:
            yield f"{table.name} : illisible avec ce compte, laissée de côté"
        elif not sampled.values:
            yield f"{table.name} : sans ligne, laissée de côté"


def _files(path: Path) -> Sequence[LocalFile]:
    from connector_core.errors import ConfigurationError, reason_of
    from connector_core.sources.folder import LocalFileSystem
    from connector_core.sources.local import LocalFile

    try:
        found = sorted(each.path for each in LocalFileSystem().entries(path)) if path.is_dir() else [path]
    except OSError as error:
        raise ConfigurationError(f"dossier illisible ({reason_of(error)})", where=str(path)) from error
    if not path.exists():
        raise ConfigurationError("ce fichier n'existe pas", where=str(path), remedy="Vérifiez le chemin")
    if not found:
        raise ConfigurationError(
            "ce dossier ne contient aucun fichier", where=str(path), remedy="Les sous-dossiers ne sont pas lus"
        )
    return [LocalFile(each) for each in found]
