"""`connector calibrate`: proposes a dialect for an export nobody has seen, writes it, and tries it.

No value of the export is shown or written: examples are masked. The texts of closed lists (`Cabinet`, `CB`) stand in
the dialect, since it translates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.cli.calibrate_trial import Trial
    from connector_core.dialects.calibration.planning import FieldPlan
    from connector_core.dialects.calibration.proposing import Proposal

_SETTLED = 0.5
"""From here on a mapping is not asked about."""


@click.command(
    "calibrate",
    help="Propose un dialecte pour un export que personne n'a encore vu : un fichier, ou tous ceux d'un dossier. "
    "L'adresse d'une base (sqlite:///…, postgresql://…) vaut un export.\n\n"
    "Les colonnes sont reconnues à leurs valeurs (NIR, RPPS, dates, cotations, montants, références entre tables) et à "
    "leurs titres. Ce qui n'est pas sûr est demandé. Le dialecte est écrit, commenté, puis essayé sur l'export. Aucune "
    "valeur n'est montrée. Code de sortie : 0 l'export se lit en entier, 1 des constats, 4 des lignes sont refusées.",
)
@click.argument("path", metavar="CHEMIN", type=click.Path())
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FICHIER",
    help="Où écrire le dialecte ; par défaut, dans le dossier de configuration, où il est aussitôt en vigueur.",
)
@click.option("--name", metavar="NOM", help="Nom du dialecte ; par défaut, celui du fichier ou du dossier.")
@click.option("--password", metavar="secret:NOM", help="Mot de passe d'une base, gardé par « connector secrets set ».")
@click.option("--yes", is_flag=True, help="Ne demande rien : garde ce qui est proposé.")
@click.option("--force", is_flag=True, help="Remplace un dialecte du même nom.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON ; le dialecte n'est écrit qu'avec --output.")
@click.pass_obj
def command(
    context: Context,
    path: str,
    output: Path | None,
    name: str | None,
    password: str | None,
    yes: bool,
    force: bool,
    as_json: bool,
) -> int:
    from connector_core.cli.calibrate_given import given
    from connector_core.cli.calibrate_trial import nomenclature, tried
    from connector_core.dialects.calibration.proposing import propose

    host = context.host  # what is wrong with the configuration is said before anything is asked or written
    with console.progress() as tell:
        tell("lecture", 0)
        found = given(context, path, password)
    slug = _slug(name or found.stem)
    title = f"{found.what} « {name or found.name} », dialecte proposé par connector calibrate"
    target = output or (None if as_json else context.configuration_folder / "dialects" / f"{slug}.toml")
    if target is not None and target.exists() and not force:
        _already_there(target)
    if found.reader is not None:
        click.echo(
            f"Le connecteur « {found.reader} » lit déjà cet export : un dialecte de plus ne sert que s'il le lit mal. "
            "« connector inspect » montre ce qu'il y trouve.",
            err=True,
        )
    with console.progress() as tell:
        tell("recherche de ce que disent les colonnes", 0)
        proposal = propose(found.sample, nomenclature())
    if not (yes or as_json):
        proposal = _asked(proposal)
    dialect = proposal.dialect(slug, title, str(target or f"{slug}.toml"))
    text = proposal.text(slug, title)
    if target is not None:
        _write(target, text)
    with console.progress() as tell:
        tell("essai du dialecte", 0)
        trial = tried(context, host, dialect, text, found.read(dialect))
    if as_json:
        console.emit({"mappings": [each.to_json() for each in proposal.mappings]})
    else:
        for line in _text(proposal, found.left_out, target, trial):
            click.echo(line)
    return 4 if trial.refused else 1 if trial.findings else 0


def _slug(name: str) -> str:
    """The id of the dialect: such as only a site's own dialects bear."""
    from connector_core.dialects.calibration.titles import same_text

    plain = "-".join("".join(c if c.isalnum() else " " for c in same_text(name)).split())
    return f"site-{plain or 'export'}"


def _already_there(target: Path) -> None:
    from connector_core.errors import ConfigurationError

    raise ConfigurationError(
        "ce dialecte existe déjà", where=str(target), remedy="Donnez --force pour le remplacer, ou un autre --name"
    )


def _write(target: Path, text: str) -> None:
    from connector_core.errors import ConfigurationError, reason_of

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"le dialecte n'a pas pu être écrit ({reason_of(error)})",
            where=str(target),
            remedy="Donnez un autre endroit avec --output",
        ) from error


def _asked(proposal: Proposal) -> Proposal:
    """The proposal with a person's answers to what is not settled."""
    unsure = [each for each in proposal.plan.fields if each.confidence < _SETTLED and len(each.sources) == 1]
    for number, each in enumerate(unsure, 1):
        ask = _ask_codes if each.codes else _ask
        proposal = ask(proposal, each, f"[{number}/{len(unsure)}]")
    return proposal


def _ask(proposal: Proposal, each: FieldPlan, count: str) -> Proposal:
    if not any(mapped.source == each.sources[0] and mapped.target == each.target for mapped in proposal.mappings):
        return proposal
    source = each.sources[0]
    click.echo(f"{count} Que contient la colonne « {source} » ? ({each.evidence}{_example(each)})")
    choices = [each.target, *each.choices]
    for number, target in enumerate(choices, 1):
        click.echo(f"  {number}. {target}{' (proposé)' if number == 1 else ''}")
    click.echo("  0. rien de cela : elle est laissée de côté")
    answer = click.prompt("Réponse", type=click.IntRange(0, len(choices)), default=1)
    if answer == 0:
        return proposal.without(source, each.target)
    return proposal if answer == 1 else proposal.instead(source, each.target, choices[answer - 1])


def _ask_codes(proposal: Proposal, each: FieldPlan, count: str) -> Proposal:
    from connector_core.dialects.calibration.knowledge import kinds

    kind, _, name = each.target.partition(".")
    known = list(kinds()[kind].fields[name].words)
    source = each.sources[0]
    click.echo(f"{count} Que veulent dire les codes de la colonne « {source} » ({each.target}) ?")
    for number, value in enumerate(known, 1):
        click.echo(f"  {number}. {value}")
    click.echo("  0. je ne sais pas")
    answers = {code: click.prompt(f"Code {code}", type=click.IntRange(0, len(known)), default=0) for code in each.codes}
    meant = {code: known[answer - 1] for code, answer in answers.items() if answer}
    return proposal.meaning(source, each.target, meant) if meant else proposal


def _example(each: FieldPlan) -> str:
    return f" ; ex. {each.example}" if each.example else ""


def _text(proposal: Proposal, left_out: Sequence[str], target: Path | None, trial: Trial) -> Iterator[str]:
    from connector_core.deliver import french

    plan = proposal.plan
    for table in plan.tables:
        kinds = ", ".join(f"{each.kind}{' (à compléter)' if each.is_open else ''}" for each in table.records)
        yield click.style(f"{table.table.name} : {kinds or 'rien de reconnu'}", bold=True)
        for record in table.records:
            for each in record.fields:
                column = " + ".join(source.partition(".")[2] for source in each.sources) or "—"
                sure = f"{each.confidence:.2f}".replace(".", ",")
                yield f"  {sure}  {column} → {each.target} : {each.evidence}{_example(each)}"
        for kind, missing in table.lacking:
            yield f"  pas d'enregistrement {kind} : il manque {', '.join(missing)}"
        if table.left:
            yield f"  sans usage : {', '.join(table.left)}"
    yield from left_out
    yield ""
    if target is not None:
        yield f"Dialecte écrit : {target}"
    yield click.style("Essai sur cet export", bold=True)
    for name, rows, rejects in trial.files:
        refused = f", {french.count(rejects, 'ligne refusée', 'lignes refusées')}" if rejects else ""
        yield f"  {name} : {french.count(rows, 'ligne')}{refused}"
    if trial.records:
        made = ", ".join(f"{french.number(count)} {kind}" for kind, count in trial.records)
        yield f"  enregistrements : {made}"
    for reason, count in trial.reasons:
        yield f"  {french.count(count, 'refus', 'refus')} : {french.typographic(reason)}"
    yield f"  {trial.summary}"
    for line in trial.first:
        yield f"    {line}"
