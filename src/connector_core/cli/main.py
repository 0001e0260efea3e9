"""The command line: `connector`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NoReturn

import click

from connector_core import __version__
from connector_core.cli.french import french
from connector_core.cli.lazy import LazyGroup

_ROOM = "connector_core.cli"


class _Connector(LazyGroup):
    table: ClassVar[Mapping[str, tuple[str, str]]] = {
        "demo": (f"{_ROOM}.demo", "Montre connector sur un cabinet fictif."),
        "init": (f"{_ROOM}.init", "Écrit la configuration en quatre questions."),
        "run": (f"{_ROOM}.run", "Surveille les dossiers et tient le rapport à jour."),
        "service": (f"{_ROOM}.service", "Installe, démarre, arrête ou retire le service de cet ordinateur."),
        "check": (f"{_ROOM}.check", "Contrôle des fichiers sans rien écrire."),
        "findings": (f"{_ROOM}.findings", "Liste, écarte ou rouvre les constats."),
        "recheck": (f"{_ROOM}.recheck", "Repose toutes les questions, et dit ce qui change."),
        "forecast": (f"{_ROOM}.forecast", "Dit quels bilans viennent, d'après les rendez-vous."),
        "backtest": (f"{_ROOM}.backtest", "Dit ce qui a été manqué sur une période."),
        "simulate": (f"{_ROOM}.simulate", "Repasse une période au tarif d'une autre date."),
        "balance": (f"{_ROOM}.balance", "Dit qui doit combien, et depuis quand."),
        "figures": (f"{_ROOM}.figures", "Donne les chiffres du cabinet sur une période."),
        "invoice": (f"{_ROOM}.invoice", "Raconte ce qu'une facture est devenue."),
        "transfers": (f"{_ROOM}.transfers", "Dit quels virements annoncés sont arrivés à la banque."),
        "remind": (f"{_ROOM}.remind", "Dit qui relancer aujourd'hui, et prépare les courriers."),
        "quotes": (f"{_ROOM}.quotes", "Dit quels devis remettre, et les prépare."),
        "report": (f"{_ROOM}.report", "Écrit le rapport maintenant."),
        "outbox": (f"{_ROOM}.outbox", "Liste les livraisons, ou les réessaie."),
        "write-back": (f"{_ROOM}.write_back", "Écrit les signalements dans le logiciel, les montre, les retire."),
        "agent": (f"{_ROOM}.agent", "Affiche les avis à l'écran, dans votre session."),
        "status": (f"{_ROOM}.status", "Dit où en est chaque source, et si le service tourne."),
        "inspect": (f"{_ROOM}.inspect", "Dit ce qu'est un fichier, et où il est abîmé."),
        "calibrate": (f"{_ROOM}.calibrate", "Propose un dialecte pour un export inconnu."),
        "rules": (f"{_ROOM}.rules", "Liste les règles."),
        "parameters": (f"{_ROOM}.parameters", "Liste, montre ou vérifie les valeurs datées."),
        "price": (f"{_ROOM}.price", "Dit le tarif d'une cotation un jour donné."),
        "explain": (f"{_ROOM}.explain", "Explique une règle ou un constat."),
        "export": (f"{_ROOM}.export", "Écrit tout ce qui a été lu dans un fichier pivot."),
        "secrets": (f"{_ROOM}.secrets", "Confie des mots de passe au service, change la clé du magasin."),
        "doctor": (f"{_ROOM}.doctor", "Examine l'installation et dit quoi corriger."),
        "support-bundle": (
            f"{_ROOM}.support_bundle",
            "Écrit un fichier pour qui vous dépanne, sans patient.",
        ),
        "plugins": (f"{_ROOM}.plugins", "Liste, active ou désactive les extensions."),
        "plugin": (f"{_ROOM}.plugin", "Commence une extension pour un logiciel de plus."),
        "work": (f"{_ROOM}.work", ""),
        "answer": (f"{_ROOM}.answer", ""),
        "config": (f"{_ROOM}.config", "Vérifie ou montre la configuration."),
    }


@click.group(
    cls=_Connector,
    invoke_without_command=True,
    subcommand_metavar="COMMANDE …",
    help="Lit les exports du logiciel du cabinet, contrôle ce qui est facturé et dit quoi faire. "
    "Tout reste sur cet ordinateur.\n\n"
    "Codes de sortie : 0 rien à signaler, 1 quelque chose a été trouvé, 2 appel ou configuration à corriger, "
    "3 service ou magasin inaccessible, 4 des données ont été refusées.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FICHIER",
    help="Fichier de configuration à lire au lieu de celui du système.",
)
@click.option("--no-plugins", is_flag=True, help="Ne charge aucune extension.")
@click.version_option(__version__, prog_name="connector", message="%(prog)s %(version)s", help="Affiche la version.")
@click.pass_context
def connector(ctx: click.Context, config: Path | None, no_plugins: bool) -> None:
    from connector_core.cli.context import Context

    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return
    ctx.obj = Context(config, no_plugins)


french(connector)


def main() -> NoReturn:
    """The program."""
    connector.main()
