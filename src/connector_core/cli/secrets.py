"""`connector secrets`: the passwords of the sources and the key of the store, in the account of the service.

A value comes from a hidden question or from standard input, never from the command line or the environment, which
other programs may read. Nothing here prints a value, but `export-key`, to a person who asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.lazy import DefaultGroup
from connector_core.cli.relay import relayed

if TYPE_CHECKING:
    from connector_core.secrets import KeyringSecrets
    from connector_core.settings.model import Settings

_MOST_BYTES = 65536
_PROBE = "verification"


@click.group(
    "secrets",
    cls=DefaultGroup,
    help="Confie des mots de passe au trousseau du service, les liste, les efface ou les vérifie ; change la clé du "
    "magasin. Sans autre mot, les liste, sans leurs valeurs.",
)
def command() -> None:
    pass


@command.command(
    "set",
    help="Enregistre un secret. Sa valeur est demandée sans s'afficher, ou lue sur l'entrée standard ; elle ne se "
    "donne jamais sur la ligne de commande.",
)
@click.argument("name", metavar="NOM")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def set_command(context: Context, name: str, as_json: bool) -> int:
    from connector_core.settings.reference import STORE_KEY

    if name == STORE_KEY:
        _give_back(context, given_value())
    else:
        _secrets(context).set(name, given_value())
    if as_json:
        console.emit({"set": name})
    else:
        click.echo(f"Le secret « {name} » est enregistré.")
    return 0


@command.command(
    "list", help="Liste les noms des secrets, et ceux que la configuration attend. Code de sortie : 1 s'il en manque."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def list_command(context: Context, as_json: bool) -> int:
    from connector_core.settings.reference import STORE_KEY

    names = _secrets(context).names()
    wanted = _references(context.settings)
    missing = [name for name in wanted if name not in names]
    if as_json:
        listed = [
            {"name": name, "kept": name in names, "sources": list(wanted.get(name, ()))}
            for name in sorted({*names, *wanted})
        ]
        console.emit({"secrets": listed})
        return 1 if missing else 0
    for name in names:
        uses = ", ".join(wanted.get(name, ()))
        click.echo(f"{name}  (clé du magasin)" if name == STORE_KEY else f"{name}  ({uses})" if uses else name)
    for name in missing:
        click.echo(
            click.style(f"{name}  manque", fg="yellow")
            + f" : « connector secrets set {name} » ({', '.join(wanted[name])})"
        )
    if not names and not missing:
        click.echo("Aucun secret.")
    return 1 if missing else 0


@command.command("delete", help="Efface un secret.")
@click.argument("name", metavar="NOM")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def delete_command(context: Context, name: str, as_json: bool) -> int:
    from connector_core.errors import ConfigurationError

    secrets = _secrets(context)
    if secrets.get(name) is None:
        raise ConfigurationError(f"il n'y a pas de secret « {name} »", remedy="« connector secrets list » les liste")
    secrets.delete(name)
    if as_json:
        console.emit({"deleted": name})
    else:
        click.echo(f"Le secret « {name} » est effacé.")
    return 0


@command.command(
    "verify",
    help="Vérifie le trousseau par un aller-retour (écrire, relire, effacer), que la clé ouvre le magasin, et que les "
    "secrets attendus sont là. Code de sortie : 1 s'il en manque.",
)
@click.argument("name", metavar="[NOM]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def verify_command(context: Context, name: str | None, as_json: bool) -> int:
    secrets = _secrets(context)
    writable = _goes_round(secrets)
    exists = context.places.store.exists()
    if exists:
        with context.store():
            pass
    wanted = (name,) if name is not None else tuple(_references(context.settings))
    missing = [each for each in wanted if secrets.get(each) is None]
    if as_json:
        console.emit(
            {
                "backend": secrets.backend_name,
                "round_trip": writable,
                "store_opens": exists or None,
                "missing": missing,
            }
        )
        return 1 if missing else 0
    if writable:
        click.echo("Trousseau : un secret d'essai a été écrit, relu et effacé.")
    else:
        click.echo("Trousseau : lisible ; il ne s'écrit que de l'extérieur.")
    click.echo("Magasin : sa clé l'ouvre." if exists else "Magasin : il n'y en a pas encore.")
    for each in wanted:
        click.echo(f"{each} : manque." if each in missing else f"{each} : lisible.")
    return 1 if missing else 0


@command.command(
    "rotate",
    help="Change la clé : rechiffre le magasin, les copies et les sauvegardes. Interrompu, le changement se termine ou "
    "s'annule au démarrage suivant ; rien n'est perdu.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def rotate_command(context: Context, as_json: bool) -> int:
    from connector_core.secrets import StoreKeys
    from connector_core.service.locks import without_worker
    from connector_core.service.rotation import rotate

    places, keys = context.places, StoreKeys(_secrets(context))
    places.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with without_worker(places):
        done = rotate(places, keys)
    if as_json:
        console.emit({"finished": done.finished, "unreadable": list(done.unreadable)})
        return 0 if done.finished else 3
    click.echo(
        "La clé est changée." if done.finished else "Le magasin a sa nouvelle clé ; des sauvegardes l'attendent."
    )
    if not done.finished:
        click.echo("Faites de la place sur le disque : le service terminera à son prochain démarrage.")
    for each in done.unreadable:
        click.echo(f"Aucune des deux clés n'ouvre {each} : laissé tel quel.")
    click.echo("Une copie de l'ancienne clé sur papier ne vaut plus rien.")
    return 0 if done.finished else 3


@command.command(
    "set-aside",
    help="La clé est perdue : met de côté le magasin qu'elle n'ouvre plus, pour repartir à neuf. Tout ce que les "
    "dossiers contiennent encore sera relu ; ce que le cabinet avait écarté, et ce que les exports ne disent plus, est "
    "perdu avec la clé.",
)
@click.option("--yes", is_flag=True, help="Ne demande pas confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def set_aside_command(context: Context, yes: bool, as_json: bool) -> int:
    from datetime import datetime

    from connector_core.secrets import StoreKeys
    from connector_core.service.locks import without_daemon
    from connector_core.service.set_aside import set_aside

    if not yes:
        _confirm("Mettre le magasin de côté et repartir à neuf ?")
    with without_daemon(context.places):
        aside = set_aside(context.places, StoreKeys(_secrets(context)), datetime.now().astimezone())
    if as_json:
        console.emit({"set_aside": str(aside)})
    else:
        click.echo(f"Le magasin est mis de côté dans {aside}.")
        click.echo("« connector run » en fait un nouveau et relit ce que les dossiers contiennent.")
        click.echo("Si la clé se retrouve un jour, gardez ce dossier ; sinon, il ne sert à rien.")
    return 0


@command.command(
    "export-key",
    help="Montre la clé du magasin, à recopier sur papier et à garder sous clé. Seulement à l'écran, jamais dans un "
    "fichier. Elle se rend par « connector secrets set store-key ».",
)
@click.pass_obj
def export_key_command(context: Context) -> int:
    from connector_core.errors import ConfigurationError
    from connector_core.secrets import store_key

    if not console.interactive() or not sys.stdin.isatty():
        raise ConfigurationError(
            "la clé ne se montre qu'à une personne, à l'écran", remedy="Lancez la commande dans un terminal"
        )
    key = store_key(_secrets(context)).hex()
    _confirm("La clé va s'afficher. Êtes-vous seul devant l'écran ?")
    click.echo(" ".join(key[start : start + 4] for start in range(0, len(key), 4)))
    return 0


def given_value() -> str:
    """A secret's value, from a hidden question or from standard input."""
    from connector_core.errors import ConfigurationError

    if sys.stdin.isatty():
        value = str(click.prompt("Valeur (elle ne s'affiche pas)", hide_input=True))
        if str(click.prompt("Encore une fois", hide_input=True)) != value:
            raise ConfigurationError("les deux valeurs diffèrent", remedy="Rien n'a été enregistré ; recommencez")
        return value
    content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ConfigurationError("ce secret est trop long", remedy=f"{_MOST_BYTES} octets au plus")
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        pass
    raise ConfigurationError("ce secret n'est pas un texte en UTF-8", remedy="Rien n'a été enregistré")


def _confirm(question: str) -> None:
    """Abort unless the person says yes."""
    from connector_core.cli.init import ask_one_of

    if ask_one_of(f"{question} (oui, non)", ("oui", "non"), "non") == "non":
        raise click.Abort


def _give_back(context: Context, text: str) -> None:
    """Keep a key of the store that was on paper: where there is a store, it has to open it."""
    from connector_core.errors import StoreError
    from connector_core.secrets import StoreKeys
    from connector_core.store.rekey import opens_with

    keys, store = StoreKeys(_secrets(context)), context.places.store
    key = keys.parsed(text)
    if store.exists() and not opens_with(store, key):
        raise StoreError(
            "cette clé n'ouvre pas le magasin", where=str(store), remedy="Rien n'a changé. Relisez la copie de la clé"
        )
    keys.give_back(key)


def _secrets(context: Context) -> KeyringSecrets:
    from connector_core.secrets import open_secrets

    settings = context.settings
    return open_secrets(settings.secrets.keyring, settings.secrets_folder())


def _references(settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """The secrets that the configuration refers to, with the sources that do."""
    from connector_core.secrets import reference_name

    found: dict[str, tuple[str, ...]] = {}
    for source in settings.sources:
        for reference in source.secrets():
            name = reference_name(reference)
            found[name] = (*found.get(name, ()), source.id)
    return found


def _goes_round(secrets: KeyringSecrets) -> bool:
    """Write a probe, read it back, forget it. False where secrets are set from outside; ConfigurationError where a
    keyring does not give back what it was given."""
    from secrets import token_hex

    from connector_core.errors import ConfigurationError

    if secrets.how_to_set is not None:
        secrets.names()
        return False
    name, value = f"{_PROBE}-{token_hex(4)}", token_hex(32)
    secrets.set(name, value)
    try:
        back = secrets.get(name)
    finally:
        secrets.delete(name)
    if back != value or secrets.get(name) is not None:
        raise ConfigurationError(
            "le trousseau ne garde pas ce qu'on lui confie",
            where=secrets.backend_name,
            remedy="Choisissez-en un autre dans [secrets] keyring",
        )
    return True
