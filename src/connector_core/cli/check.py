"""`connector check`: reads and checks files where they lie, and databases, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import boundary, console
from connector_core.cli.context import Context
from connector_core.cli.french import Day, Whole

if TYPE_CHECKING:
    from connector_core.cli.console import Tell
    from connector_core.deliver.answer import Json, Size
    from connector_core.formats.document import SpooledFile
    from connector_core.model.finding import Reject
    from connector_core.parameters.motifs import RejectMotifs
    from connector_core.pipeline.given import Input, Rules
    from connector_core.pipeline.outcome import Outcome
    from connector_core.sources.local import LocalFile
    from connector_core.store.files import KeptReject
    from connector_core.store.store import Store


@click.command(
    "check",
    help="Contrôle des fichiers, ou tous ceux d'un dossier, sans rien écrire.\n\n"
    "Aucune configuration n'est nécessaire. Les fichiers donnés ensemble sont contrôlés ensemble. "
    "L'adresse d'une base (sqlite:///…, postgresql://…) vaut un fichier. "
    "Code de sortie : 0 rien à signaler, 1 des constats, 4 des données refusées.",
)
@click.argument("paths", metavar="CHEMIN…", nargs=-1, required=True, type=click.Path())
@click.option("--as-of", type=Day(), help="Jour du contrôle ; aujourd'hui par défaut.")
@click.option("--connector", metavar="ID", help="Seul connecteur autorisé à lire ces fichiers.")
@click.option("--password", metavar="secret:NOM", help="Mot de passe d'une base, gardé par « connector secrets set ».")
@click.option("--limit", type=Whole(0), default=50, metavar="N", help="Constats montrés ; 0 les montre tous.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(
    context: Context,
    paths: Sequence[str],
    as_of: date | None,
    connector: str | None,
    password: str | None,
    limit: int,
    as_json: bool,
) -> int:
    from connector_core.pipeline.given import Input
    from connector_core.service.assembly import rules_of
    from connector_core.sources.database.address import is_address
    from connector_core.store.store import Store

    host = context.host
    addresses = [path for path in paths if is_address(path)]
    files: list[SpooledFile] = [*_files([Path(path) for path in paths if not is_address(path)])]
    only = None if connector is None else (context.known_connector(connector),)
    files += [_extract(context, each, connector, password) for each in addresses]
    day = as_of or context.today()
    with Store.in_memory() as store:
        rules = rules_of(context.settings, host)
        with console.progress() as tell:
            payees = context.settings.practice.payees
            outcome = _attempt(store, rules, [Input("", file, only) for file in files], day, tell, payees)
        refused = store.files.rejects()
        if as_json:
            _print_json(store, day, refused, rules.motifs)
        else:
            _print(store, day, outcome, refused, limit)
        found = bool(store.answers.findings("open"))
    return 4 if refused else 1 if found else 0


def _extract(context: Context, address: str, connector: str | None, password: str | None) -> SpooledFile:
    """A database as a file."""
    from connector_core.secrets import resolve
    from connector_core.service.assembly import secrets_of
    from connector_core.service.databases import plans_of
    from connector_core.sources.database.extracted import extracted

    known = None if password is None else resolve(password, secrets_of(context.settings))
    return extracted(address, known, plans_of(context.host, connector, None))


def _attempt(
    store: Store, rules: Rules, inputs: Sequence[Input], day: date, tell: Tell, payees: Sequence[str]
) -> Outcome:
    """Read and check files together. Those that their connector breaks on are set aside; the others go on."""
    from connector_core.errors import SourceError, StoreError
    from connector_core.pipeline.attempt import Pipeline
    from connector_core.service.places import utc_now
    from connector_core.store.store import Store

    pipeline = Pipeline(store, rules, utc_now, payees=payees)
    try:
        return pipeline.attempt(inputs, day, tell)
    except (SourceError, StoreError):
        raise
    except Exception:
        if boundary.debugging():
            raise
        broken: list[tuple[Input, str]] = []
        for each in inputs:
            with Store.in_memory() as alone:
                try:
                    Pipeline(alone, rules, utc_now).attempt([each], day, tell)
                except Exception as failure:  # noqa: BLE001  # whatever a connector raises
                    broken.append((each, _reason(failure)))
        if not broken:
            raise
    sound = [each for each in inputs if all(each is not other for other, _ in broken)]
    outcome = pipeline.attempt(sound, day, tell)
    for each, reason in broken:
        pipeline.set_aside(each, reason)
    return outcome


def _reason(failure: Exception) -> str:
    from connector_core.errors import ConnectorError

    if isinstance(failure, ConnectorError):
        return str(failure)
    return f"la lecture de ce fichier a échoué ({type(failure).__name__}) ; signalez-le à l'éditeur du connecteur"


def _files(paths: Iterable[Path]) -> list[LocalFile]:
    """The files named, and those directly in the folders named; each once."""
    from connector_core.errors import ConfigurationError, reason_of
    from connector_core.sources.folder import LocalFileSystem
    from connector_core.sources.local import LocalFile

    found: dict[Path, Path] = {}
    for path in paths:
        try:
            each = sorted(entry.path for entry in LocalFileSystem().entries(path)) if path.is_dir() else [path]
        except OSError as error:
            raise ConfigurationError(f"dossier illisible ({reason_of(error)})", where=str(path)) from error
        if not path.exists():
            raise ConfigurationError("ce fichier n'existe pas", where=str(path), remedy="Vérifiez le chemin")
        if not each:
            raise ConfigurationError(
                "ce dossier ne contient aucun fichier", where=str(path), remedy="Les sous-dossiers ne sont pas lus"
            )
        found.update((file.resolve(), file) for file in each)
    return [LocalFile(file) for file in found.values()]


def _print_json(store: Store, day: date, refused: Sequence[KeptReject], known: RejectMotifs) -> None:
    import json

    from connector_core.deliver.answer import answer
    from connector_core.deliver.motifs import rejects_by_motif
    from connector_core.deliver.questions import open_questions

    findings = [kept.finding for kept in store.answers.findings("open")]
    motifs = [each.to_json() for each in rejects_by_motif(store, known, day)]
    content: dict[str, Json] = answer(
        day, findings, open_questions(store), _rejects(store, refused), _size(store), motifs
    )
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _print(store: Store, day: date, outcome: Outcome, refused: Sequence[KeptReject], limit: int) -> None:
    from connector_core.cli import listing
    from connector_core.deliver import french
    from connector_core.deliver.questions import open_questions

    size = _size(store)
    click.echo(
        f"Contrôle au {french.day(day)} : {french.count(len(store.files.list_files()), 'fichier')}, "
        f"{french.count(size.patients, 'patient')}, {french.count(size.acts, 'acte')}."
    )
    for file in outcome.files:
        how = f"{file.connector}, {french.count(file.rows, 'ligne')}" if file.connector else "non lu"
        refusals = f", {french.count(file.rejects, 'rejet')}" if file.rejects else ""
        click.echo(f"  {file.name} : {how}{refusals}")
    findings = [kept.finding for kept in store.answers.findings("open")]
    click.echo(listing.summary(findings, day))
    names = {file.sha256: file.name for file in store.files.list_files()}
    numbers = {file.number: file.name for file in store.files.list_files()}
    questions = open_questions(store) if any(file.rows for file in outcome.files) else ()
    for line in (
        *listing.findings_text(findings, day, limit, names),
        *listing.undetermined_text(questions),
        *listing.rejects_text(_rejects(store, refused), [numbers[each.file] for each in refused], limit),
    ):
        click.echo(line)


def _rejects(store: Store, refused: Iterable[KeptReject]) -> list[Reject]:
    from connector_core.model.finding import Reject
    from connector_core.model.values import Provenance

    facts = {file.number: file for file in store.files.list_files()}
    return [
        Reject(Provenance(facts[each.file].source, facts[each.file].sha256, each.place), each.reason)
        for each in refused
    ]


def _size(store: Store) -> Size:
    from connector_core.deliver.answer import Size
    from connector_core.store.codec import KIND_INDEX

    acts = KIND_INDEX["act"]
    return Size(store.dossiers.count(), sum(len(records[acts]) for _, _, records in store.dossiers.iterate()))
