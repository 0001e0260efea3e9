"""`connector config`: the configuration, verified, shown with its origins, described."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.errors import ConfigurationError
    from connector_core.model.finding import ParameterValue
    from connector_core.settings.load import Loaded


@click.group("config", help="Vérifie la configuration, la montre, ou la décrit.")
def command() -> None:
    pass


@command.command(
    "check",
    help="Vérifie la configuration, et que règles, paramètres et connecteurs nommés existent ici. "
    "Ce qui est bon mais peut être une faute de frappe est signalé. "
    "Code de sortie : 0 tout est bon, 2 quelque chose est à corriger.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def check_command(context: Context, as_json: bool) -> int:
    from connector_core.errors import ConfigurationError
    from connector_core.settings.problems import InvalidSettings

    doubts: tuple[ConfigurationError, ...] = ()
    try:
        problems = tuple(unknown_names(context))
        doubts = tuple(doubtful_names(context))
    except InvalidSettings as error:
        problems = error.problems
    except ConfigurationError as error:
        problems = (error,)
    if as_json:
        console.emit({"valid": not problems, "problems": told(problems), "warnings": told(doubts)})
        return 2 if problems else 0
    for line in doubted(doubts):
        click.echo(line)
    if problems:
        raise InvalidSettings(problems)
    file = context.loaded.file
    click.echo(
        f"{file} : la configuration est bonne." if file else "Aucun fichier : les valeurs par défaut s'appliquent."
    )
    return 0


def doubted(doubts: Iterable[ConfigurationError]) -> Iterator[str]:
    """What may be meant so, or be a mistake, as a person reads it."""
    return (f"À vérifier : {each}" for each in doubts)


def told(problems: Iterable[ConfigurationError]) -> list[dict[str, str | None]]:
    """Problems as a JSON object tells them."""
    return [{"where": each.where, "what": each.what, "remedy": each.remedy} for each in problems]


@command.command("show", help="Montre chaque valeur de la configuration en vigueur et d'où elle vient.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def show_command(context: Context, as_json: bool) -> int:
    from connector_core.settings.leaves import leaves

    loaded = context.loaded
    values = dict(leaves(loaded.settings))
    if as_json:
        listed = {key: {"value": value, "origin": _origin(loaded, key)} for key, value in values.items()}
        console.emit({"file": None if loaded.file is None else str(loaded.file), "values": listed})
        return 0
    for key, value in values.items():
        click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}  ({_origin(loaded, key)})")
    return 0


@command.command("schema", help="Écrit le schéma JSON du fichier de configuration, pour les éditeurs.")
def schema_command() -> int:
    from connector_core.settings.schema import configuration_schema_json

    click.echo(configuration_schema_json(), nl=False)
    return 0


def unknown_names(context: Context) -> Iterator[ConfigurationError]:
    """What the configuration names and this installation does not have, in the order of the file."""
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion
    from connector_core.parameters.motifs import load_motifs
    from connector_core.parameters.registry import load_parameters
    from connector_core.service.assembly import dialects_of, own_motif
    from connector_core.sources.database.address import read_address

    loaded, host = context.loaded, context.host
    settings, parameters = loaded.settings, load_parameters()
    codes = {rule.code for rule in host.rules}

    def place(key: str) -> str:
        return _origin(loaded, key)

    for n, source in enumerate(settings.sources):
        if source.connector not in host.connectors:
            remedy = suggestion(source.connector, host.connectors) or "Voyez « connector plugins list »"
            yield ConfigurationError(
                f"connecteur inconnu « {source.connector} »", where=place(f"source[{n}].connector"), remedy=remedy
            )
        else:
            known = tuple(dialects_of(host.connectors[source.connector].connector))
            if known and source.dialect is not None and source.dialect not in known:
                yield ConfigurationError(
                    f"dialecte inconnu « {source.dialect} »",
                    where=place(f"source[{n}].dialect"),
                    remedy=suggestion(source.dialect, known),
                )
        if source.database is not None:
            try:
                read_address(source.database)
            except ConfigurationError as error:
                yield ConfigurationError(error.what, where=place(f"source[{n}].database"), remedy=error.remedy)
    for key, named in (("rules.off", settings.rules.off), ("rules.lower", tuple(settings.rules.lower))):
        for code in named:
            if code not in codes:
                yield ConfigurationError(f"règle inconnue « {code} »", where=place(key), remedy=suggestion(code, codes))
    for n, each in enumerate(settings.parameters):
        where = place(f"parameter[{n}].name")
        if each.name not in parameters.names():
            yield ConfigurationError(
                f"paramètre inconnu « {each.name} »", where=where, remedy=suggestion(each.name, parameters.names())
            )
        elif _kind(each.value) != (kind := _kind(parameters.parameter(each.name).values[-1].value)):
            yield ConfigurationError(
                f"le paramètre « {each.name} » attend {kind}", where=place(f"parameter[{n}].value")
            )
    yield from _absent_extensions(context)
    motifs = load_motifs()
    for n, entry in enumerate(settings.reject_motifs):
        try:
            motifs = motifs.with_own(own_motif(entry))
        except ConfigurationError as error:
            yield ConfigurationError(error.what, where=place(f"reject_motif[{n}].payer"), remedy=error.remedy)
    yield from _wrong_templates(context)


def _absent_extensions(context: Context) -> Iterator[ConfigurationError]:
    """Extensions that are admitted and not installed. Those that are blocked need not be."""
    from connector_core.errors import ConfigurationError
    from connector_core.plugins.names import canonical, nearest_name

    known = _installed_extensions(context)
    for name in context.settings.plugins.allow or ():
        if canonical(name) not in known:
            near = nearest_name(name, known)
            yield ConfigurationError(
                f"extension inconnue « {name} »",
                where=_origin(context.loaded, "plugins.allow"),
                remedy=f"Vouliez-vous dire « {near} » ?" if near else f"Installées ici : {', '.join(sorted(known))}",
            )


def unread_sources(context: Context) -> Iterator[ConfigurationError]:
    """The configured sources whose connector no loaded extension has; nothing where the configuration is to be
    corrected first, or no extension is to be loaded."""
    from connector_core.errors import ConfigurationError

    if context.no_plugins:
        return
    try:
        loaded = context.loaded
    except ConfigurationError:
        return
    try:
        known = context.host.connectors
    except ConfigurationError as error:  # a dialect of this site's, for instance, that is wrong
        yield error
        return
    for n, source in enumerate(loaded.settings.sources):
        if source.connector not in known:
            yield ConfigurationError(
                f"la source « {source.id} » ne peut pas être lue : "
                f"son connecteur « {source.connector} » n'est pas chargé",
                where=_origin(loaded, f"source[{n}].connector"),
            )
    yield from _waiting_dialects(context)


def doubtful_names(context: Context) -> Iterator[ConfigurationError]:
    """What the configuration names, may rightly name, and is not here: extensions that are blocked wherever they are
    installed, or by a mistyped name; dialects of extensions that are not loaded."""
    from connector_core.errors import ConfigurationError
    from connector_core.plugins.names import canonical, nearest_name

    known = _installed_extensions(context)
    for name in context.settings.plugins.block:
        if canonical(name) not in known:
            near = nearest_name(name, known)
            yield ConfigurationError(
                f"l'extension « {name} », à bloquer, n'est pas installée",
                where=_origin(context.loaded, "plugins.block"),
                remedy=f"Vouliez-vous dire « {near} » ?" if near else "Sans effet tant qu'elle ne l'est pas",
            )
    yield from _waiting_dialects(context)


def _waiting_dialects(context: Context) -> Iterator[ConfigurationError]:
    """The dialects of this site that lie over those of an extension that is not loaded."""
    from connector_core.errors import ConfigurationError
    from connector_core.service.assembly import DIALECT_FOLDER, waiting_dialects

    for dialect in waiting_dialects(context.host, context.configuration_folder / DIALECT_FOLDER):
        yield ConfigurationError(
            f"le dialecte « {dialect.id} » n'est celui d'aucune extension chargée",
            where=dialect.place,
            remedy="Sans effet tant que l'extension n'est pas chargée ; sinon, retirez ce fichier",
        )


def _installed_extensions(context: Context) -> set[str]:
    """What a person may call the extensions that are installed, loaded or not."""
    from connector_core.plugins.names import canonical

    here = [report for report in context.host.reports if report.distribution]
    return {canonical(name) for report in here for name in (report.name, report.distribution)}


def _wrong_templates(context: Context) -> Iterator[ConfigurationError]:
    """What is wrong in the practice's own templates of letters."""
    from connector_core.deliver.letters.compose import wrong_templates
    from connector_core.service.assembly import letter_templates, sender_of

    templates = letter_templates(context.configuration_folder)
    yield from templates.unknown()
    yield from wrong_templates(templates, sender_of(context.settings))


def _kind(value: ParameterValue) -> str:
    match value:
        case bool():
            return "true ou false"
        case str():
            return "un texte"
        case _ if hasattr(value, "isoformat"):
            return "une date"
        case _:
            return "un nombre"


def _origin(loaded: Loaded, key: str) -> str:
    """The origin of a key, or of the nearest table above it."""
    from connector_core.settings.load import DEFAULT

    origins = loaded.origins
    if key in origins:
        return origins[key]
    below = (origin for name, origin in origins.items() if name.startswith((f"{key}.", f"{key}[")))
    return next(below, origins.get(key.rpartition(".")[0], DEFAULT))
