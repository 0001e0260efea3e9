"""`connector demo`: the product doing its job on real files, from exports to what to do today.

The daemon is the real one, in a process of its own, with a configuration, a store and folders of its own in a
temporary folder that is removed at the end. Only the report stays.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.errors import ConnectorError

if TYPE_CHECKING:
    from datetime import date

    from connector_core.settings.model import Settings
    from connector_core.store.files import FileFacts
    from connector_core.store.store import Store
    from connector_core.testing.rehearsal import Rehearsal, Score

_PATIENTS = 300
_SEED = 7
_MOST = 10
_PATIENCE = 55.0
_LOOK = 0.2


@click.command(
    "demo", help="Montre le produit à l'œuvre sur un cabinet inventé de 300 patients, en moins d'une minute."
)
@click.pass_obj
def command(context: Context) -> int:
    from connector_core.settings.load import load
    from connector_core.testing.rehearsal import VENDORS, rehearse

    lacking = [vendor for vendor in VENDORS if vendor not in context.host.connectors]
    if lacking:
        raise ConnectorError(
            f"les connecteurs {', '.join(lacking)} ne sont pas installés",
            where="connector demo",
            remedy="Lancez « python -m pip install -r requirements.txt »",
        )
    begun = time.monotonic()
    report = Path(tempfile.mkdtemp(prefix="connector-demo-"))
    with _removed(Path(tempfile.mkdtemp(prefix="connector-essai-"))) as folder:
        rehearsal = rehearse(_SEED, _PATIENTS, context.today())
        folders = {vendor: folder / vendor for vendor in VENDORS}
        for each in folders.values():
            each.mkdir()
        told = f"Un cabinet inventé de {len(rehearsal.first.patients)} patients, suivis avec trois logiciels."
        click.echo(f"{told} Aucune de ces personnes n'existe.\n")
        rehearsal.export(rehearsal.first, folders)
        configuration = folder / "connector.toml"
        configuration.write_text(_configuration(folders, folder, report), encoding="utf-8")
        stage = _Stage(load(configuration, {}), folders, begun)
        with _daemon(configuration, rehearsal.on, folder):
            result = _first_day(stage, rehearsal)
            rehearsal.export(rehearsal.second, folders)
            _second_day(stage)
        with stage.store() as store:
            _tell_urgent(store, rehearsal.on)
    _tell_score(result)
    click.echo(f"\nLe rapport : {report / 'rapport.html'}")
    click.echo(f"Terminé en {time.monotonic() - begun:.0f} secondes ; rien d'autre ne reste sur le disque.")
    return 0 if result.perfect else 1


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the demonstration plays."""

    settings: Settings
    folders: Mapping[str, Path]
    begun: float

    @contextmanager
    def store(self) -> Iterator[Store]:
        from connector_core.service.assembly import open_store

        store, _ = open_store(self.settings, create=False, read_only=True)
        with store:
            yield store

    def wait(self) -> list[FileFacts]:
        """Wait until the daemon has read every file that lies in the folders; returns what it knows of them."""
        lying = {
            (vendor, hashlib.sha256(path.read_bytes()).hexdigest())
            for vendor, folder in self.folders.items()
            for path in folder.iterdir()
        }
        with console.progress() as tell:
            tell("lecture des exports", 0)
            while time.monotonic() - self.begun < _PATIENCE:
                with suppress(ConnectorError), self.store() as store:
                    taken = store.files.list_files()
                    if lying <= {(each.source, each.sha256) for each in taken}:
                        return taken
                time.sleep(_LOOK)
        raise ConnectorError("le service n'a pas tout lu à temps", where="connector demo", remedy="Réessayez")


def _first_day(stage: _Stage, rehearsal: Rehearsal) -> Score:
    from connector_core.rules.french import nombre
    from connector_core.testing.rehearsal import score

    taken = stage.wait()
    with stage.store() as store:
        found = [kept.finding for kept in store.answers.findings("open")]
    click.echo(f"Jour 1 : {_counts(taken)} ; {nombre(len(found), 'constat')}.")
    return score(rehearsal.first.planted, found)


def _second_day(stage: _Stage) -> None:
    from connector_core.rules.french import nombre

    with stage.store() as store:
        before = {each.number for each in store.files.list_files()}
        opened = {kept.finding.fingerprint for kept in store.answers.findings("open")}
    taken = [each for each in stage.wait() if each.number not in before]
    with stage.store() as store:
        now = {kept.finding.fingerprint for kept in store.answers.findings("open")}
    new = nombre(sum(each.new_rows for each in taken), "nouvelle")
    more = nombre(len(now - opened), "constat ouvert", "constats ouverts")
    click.echo(f"Jour 2 : {_counts(taken)}, dont {new} ; {more}, {nombre(len(opened - now), 'résolu')}.")


def _counts(taken: Sequence[FileFacts]) -> str:
    from connector_core.rules.french import nombre

    rows = nombre(sum(each.rows for each in taken), "ligne lue", "lignes lues")
    rejects = nombre(sum(each.rejects for each in taken), "rejetée")
    return f"{nombre(len(taken), 'fichier')}, {rows}, {rejects}"


def _tell_urgent(store: Store, on: date) -> None:
    from connector_core.deliver.sections import urgent
    from connector_core.rules.french import euros

    findings = [kept.finding for kept in store.answers.findings("open")]
    click.echo("\nPar quoi commencer :")
    for number, finding in enumerate(urgent(findings, _MOST, on), 1):
        amount = "" if finding.amount is None else euros(finding.amount)
        click.echo(f"{number:3}. {amount:>10}  {finding.message} {finding.action}")


def _tell_score(result: Score) -> None:
    planted = len(result.found) + len(result.missed)
    click.echo(
        f"\nErreurs semées : {planted} ; trouvées : {len(result.found)}, manquées : {len(result.missed)}, "
        f"fausses alertes : {len(result.false)}."
    )
    for what, keys in (("Manquée", result.missed), ("Fausse alerte", result.false)):
        for rule, kind, identifier in keys:
            click.echo(f"  {what} : {rule} ({kind} {identifier})")


def _configuration(folders: Mapping[str, Path], data: Path, report: Path) -> str:
    sources = "".join(
        f"""
[[source]]
id = "{vendor}"
connector = "{vendor}"
folder = '{folder}'
settle = "1s"
"""
        for vendor, folder in folders.items()
    )
    return f"""
[practice]
name = "Cabinet de démonstration"

[data]
folder = '{data / "donnees"}'

[secrets]
keyring = "file"
folder = '{data / "secrets"}'

[report]
folder = '{report}'

[daemon]
rescan = "2s"
{sources}"""


@contextmanager
def _daemon(configuration: Path, on: date, folder: Path) -> Iterator[None]:
    """The real daemon, in a process of its own; stopped at the end as a service manager would."""
    command = [sys.executable, "-m", "connector_core", "--config", str(configuration), "run", "--on", on.isoformat()]
    with (folder / "service.txt").open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _removed(folder: Path) -> Iterator[Path]:
    """A folder that is gone afterwards."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
