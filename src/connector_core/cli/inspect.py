"""`connector inspect`: what a file is, without showing what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.diagnose.inspect import Contents, Inspection
    from connector_core.diagnose.near import Near

_MISSING = 5
_DATE_PARTS = str.maketrans({"%": "", "Y": "aaaa", "y": "aa", "m": "mm", "d": "jj"})
_SEPARATORS = {"\t": "tabulation", ";": "point-virgule", ",": "virgule", "|": "barre"}


@click.command(
    "inspect",
    help="Dit ce qu'est un fichier : encodage, colonnes, connecteurs qui le reconnaissent, lignes, premier dommage.\n\n"
    "Les valeurs sont masquées : seule leur forme est montrée (99/99/9999, Aaaaa). "
    "D'un fichier de télétransmission (lot B2, retour NOEMIE), --json montre tout ce qu'il contient, en clair. "
    "L'adresse d'une base (sqlite:///…, postgresql://…) montre ses tables, ce que ses colonnes semblent dire, et ce "
    "qui a changé depuis sa dernière lecture ; --accept fait reprendre une lecture suspendue.\n\n"
    "Code de sortie : 0 le fichier se lit en entier, 4 il est inconnu, abîmé, ou des lignes sont refusées.",
)
@click.argument("path", metavar="CHEMIN", type=click.Path())
@click.option("--connector", metavar="ID", help="Seul connecteur interrogé.")
@click.option("--reveal", is_flag=True, help="Montre les valeurs ; sur un terminal seulement.")
@click.option("--password", metavar="secret:NOM", help="Mot de passe d'une base, gardé par « connector secrets set ».")
@click.option("--accept", is_flag=True, help="Tient la base pour bonne telle qu'elle est : sa lecture reprend.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(
    context: Context,
    path: str,
    connector: str | None,
    reveal: bool,
    password: str | None,
    accept: bool,
    as_json: bool,
) -> int:
    from connector_core.errors import ConfigurationError
    from connector_core.formats.masking import masked
    from connector_core.sources.database.address import is_address

    if reveal and not console.interactive():
        raise ConfigurationError("--reveal ne montre les valeurs que sur un terminal", remedy="Retirez --reveal")
    show = str if reveal else masked
    if is_address(path):
        from connector_core.cli.inspect_database import inspect_database

        return inspect_database(context, path, connector, show, password, accept=accept, as_json=as_json)
    if accept:
        raise ConfigurationError("--accept ne vaut que pour une base", remedy="Donnez l'adresse d'une base")
    return _inspect_file(context, Path(path), connector, show, as_json)


def _inspect_file(
    context: Context, path: Path, connector: str | None, show: Callable[[str], str], as_json: bool
) -> int:
    from connector_core.diagnose.inspect import described, inspect
    from connector_core.errors import ConfigurationError
    from connector_core.sources.local import LocalFile

    if not path.is_file():
        exists = "ce n'est pas un fichier ordinaire" if path.exists() else "ce fichier n'existe pas"
        what = "c'est un dossier" if path.is_dir() else exists
        raise ConfigurationError(what, where=str(path), remedy="Donnez le chemin d'un fichier")
    among = None if connector is None else (context.known_connector(connector),)
    file = LocalFile(path)
    with console.progress() as tell:
        found = inspect(file, context.host, show, tell, among)
    if as_json:
        console.emit(described(file, context.host, found) or {"file": _json(found)})
    else:
        for line in _text(found):
            click.echo(line)
    return 0 if found.sound else 4


def _json(found: Inspection) -> Mapping[str, object]:
    content = asdict(found)
    if found.contents is not None:
        content["contents"] = {
            **asdict(found.contents),
            "tables": [asdict(table) for table in found.contents.tables.values()],
            "records": dict(found.contents.records),
        }
    content["skipped"] = [{"connector": name, "reason": reason} for name, reason in found.skipped]
    return content


def _text(found: Inspection) -> Iterator[str]:
    from connector_core.deliver import french

    yield f"{click.style(found.name, bold=True)}  {french.count(found.size, 'octet')}"
    yield f"  SHA-256 {found.sha256}"
    declared = f" (annoncé : {found.declared})" if found.declared else ""
    yield f"  encodage : {found.encoding or 'ce n’est pas du texte'}{declared}"
    text = found.text
    if text is not None:
        yield f"  séparateur : {_SEPARATORS.get(text.separator, text.separator)}"
        yield f"  titres des colonnes : {f'ligne {text.header}' if text.header else 'aucun'}"
        forms = [f"décimales : « {text.decimal} »"] if text.decimal else []
        if text.date_form:
            forms.append(f"dates : {text.date_form.translate(_DATE_PARTS)}")
        if forms:
            yield f"  {' ; '.join(forms)}"
    if found.line_lengths:
        lengths = " ou ".join(map(french.number, found.line_lengths[:_MISSING]))
        yield f"  largeur fixe, semble-t-il : des lignes de {lengths} caractères"
    yield ""
    yield click.style(f"{found.conclusion[:1].upper()}{found.conclusion[1:]}.", bold=True)
    for claim in found.claims:
        variant = f", table {claim.variant}" if claim.variant else ""
        unverified = "" if claim.verified else " ; dialecte de référence, non vérifié sur une installation"
        yield f"  {claim.connector} ({claim.product}), {claim.score:.2f} : {claim.reason}"
        yield f"    dialecte {claim.dialect} {claim.version}{variant}{unverified}"
    if found.near is not None:
        yield from _near(found.near)
    elif found.status == "unknown" and (text is not None or found.line_lengths):
        yield "  Pour un export que personne n'a encore vu, « connector calibrate » propose un dialecte."
    if found.resting:
        asked = "interrogés" if len(found.resting) > 1 else "interrogé"
        yield f"  Pas {asked} : {', '.join(found.resting)}. « connector plugins list » dit pourquoi."
    for name, reason in found.skipped:
        yield f"  {name} n'a pas répondu : {reason}"
    if found.contents is not None:
        yield from _contents(found.contents)
    if found.fields:
        yield ""
        yield click.style("Colonne → champ (convertisseur) : forme de la première valeur", bold=True)
        for each in found.fields:
            how = f" ({each.converter})" if each.converter else ""
            sample = f" : {each.sample}" if each.sample else ""
            yield f"  {each.source} → {each.target}{how}{sample}"
    elif text is not None and text.columns:
        yield ""
        yield click.style("Colonnes : forme de la première valeur", bold=True)
        for column in text.columns:
            yield f"  {column.name} : {column.sample or '(vide)'}"


def _near(near: Near) -> Iterator[str]:
    from connector_core.deliver import french

    yield f"  Le plus proche : {near.connector}, dialecte {near.dialect}, table {near.table}."
    if near.missing:
        listed = ", ".join(f"« {column} »" for column in near.missing[:_MISSING])
        more = len(near.missing) - _MISSING
        yield f"    colonnes qui manquent : {listed}{f' et {french.number(more)} de plus' if more > 0 else ''}"
    if near.encoding is not None:
        yield f"    encodage attendu : {near.encoding}"
    if near.separator is not None:
        yield f"    séparateur attendu : {_SEPARATORS.get(near.separator, near.separator)}"


def _contents(contents: Contents) -> Iterator[str]:
    from connector_core.deliver import french

    yield ""
    for table in contents.tables.values():
        refused = f", {french.count(table.refused, 'refusée')}" if table.refused else ""
        waiting = f", {french.number(table.waiting)} en attente d'une autre table" if table.waiting else ""
        yield f"  {table.name or 'lignes'} : {french.count(table.rows, 'ligne')}{refused}{waiting}"
    if contents.records:
        made = ", ".join(f"{count} {kind}" for kind, count in contents.records.most_common())
        yield f"  enregistrements : {made}"
    for refusal in contents.refusals:
        yield f"  {french.place(refusal.place)} : {french.typographic(refusal.reason)}"
    if contents.refused > len(contents.refusals):
        left = contents.refused - len(contents.refusals)
        yield f"  … et {french.count(left, 'autre ligne refusée', 'autres lignes refusées')}."
    if contents.damage is not None:
        place, reason = contents.damage.place, contents.damage.reason
        yield click.style(f"  Abîmé, {french.place(place)} : {french.typographic(reason)}", fg="red")
