"""`connector service`: the daemon as a service of this computer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.service.system.base import System
    from connector_core.service.system.job import Job


@click.group("service", help="Installe, démarre, arrête ou retire le service de cet ordinateur.")
def command() -> None:
    pass


@command.command(
    "install",
    help="Installe le service : il démarrera avec l'ordinateur. Il ne démarre pas maintenant. Un service déjà installé "
    "est réglé de nouveau.",
)
@click.option(
    "--user", metavar="COMPTE", help="Compte existant qui fait tourner le service ; sans cela, un compte à lui seul."
)
@click.option("--reader", metavar="COMPTE", help="Compte qui pourra lire le rapport.")
@click.pass_obj
def install_command(context: Context, user: str | None, reader: str | None) -> int:
    from connector_core.service.system.folders import check_ours

    _check_administrator()
    job = _job(context, user, reader)
    check_ours(job)
    for note in _system().install(job):
        click.echo(f"À voir : {note}")
    click.echo("Le service est installé : « connector service start » le démarre.")
    return 0


@command.command("start", help="Démarre le service.")
def start_command() -> int:
    return _done(lambda system: system.start(), "Le service tourne.")


@command.command("stop", help="Arrête le service ; ce qu'il était en train de lire est repris au prochain démarrage.")
@click.option(
    "--own", is_flag=True, help="Le laisse tourner si c'est un autre programme, plus récent, qui le fait tourner."
)
@click.pass_obj
def stop_command(context: Context, own: bool) -> int:
    if own and _is_of_another(context):
        return 0
    return _done(lambda system: system.stop(), "Le service est arrêté.")


@command.command(
    "upgrade",
    help="Fait tourner le service installé par ce programme-ci, plus récent. S'il n'ouvre pas le magasin, l'ancien "
    "programme et le magasin d'avant sont remis, et le service tourne comme avant.",
)
@click.option("--if-installed", is_flag=True, help="Sans service installé, ne fait rien et finit sans erreur.")
@click.pass_obj
def upgrade_command(context: Context, if_installed: bool) -> int:
    from connector_core.service.running import this_program
    from connector_core.service.system.upgrade import upgrade

    _check_administrator()
    system = _system()
    if if_installed and not system.state().installed:
        return 0
    program = this_program()
    upgrade(system, _job(_served(context), None, None), program)
    click.echo(f"Le service tourne avec la version {program.version}.")
    return 0


@command.command(
    "status", help="Dit si le service est installé et s'il tourne. Code de sortie : 0 il tourne, 3 il ne tourne pas."
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
def status_command(as_json: bool) -> int:
    state = _system().state()
    if as_json:
        console.emit({"service": asdict(state)})
    elif not state.installed:
        click.echo("Le service n'est pas installé : « connector service install ».")
    else:
        click.echo("Le service tourne." if state.running else "Le service ne tourne pas.")
        click.echo(f"  compte : {state.account or 'celui du système'}")
        click.echo(f"  démarre avec l'ordinateur : {'oui' if state.enabled else 'non'}")
        if state.detail:
            click.echo(f"  état : {state.detail}")
    return 0 if state.running else 3


@command.command("uninstall", help="Arrête et retire le service. Les données restent, sauf avec --purge.")
@click.option("--purge", is_flag=True, help="Efface aussi le magasin, les copies, les secrets, le journal, le rapport.")
@click.option("--yes", is_flag=True, help="Efface sans demander.")
@click.pass_obj
def uninstall_command(context: Context, purge: bool, yes: bool) -> int:
    from connector_core.cli.init import ask_one_of

    _check_administrator()
    job = _job(context, None, None) if purge else None
    if job is not None and not yes:
        question = f"Effacer définitivement les données de {job.data} et le rapport de {job.report} ? (oui, non)"
        if ask_one_of(question, ("oui", "non"), "non") == "non":
            raise click.Abort
    system = _system()
    if system.state().installed or job is None:
        system.uninstall()
    if job is None:
        click.echo("Le service est retiré. Les données restent.")
    else:
        _erase(job)
    return 0


def _erase(job: Job) -> None:
    from connector_core.service.system.folders import purge

    left = purge(job)
    click.echo("Le service est retiré, les données sont effacées.")
    for folder in left:
        click.echo(f"À voir : {folder} contient autre chose, qui reste.")


def _done(act: Callable[[System], None], told: str) -> int:
    _check_administrator()
    act(_system())
    click.echo(told)
    return 0


def _job(context: Context, user: str | None, reader: str | None) -> Job:
    from connector_core.service.system.job import job_of
    from connector_core.settings.places import FILE_NAME

    named = context.config.absolute() if context.config is not None else context.configuration_folder / FILE_NAME
    return job_of(context.settings, named, no_plugins=context.no_plugins, account=user, reader=reader)


def _is_of_another(context: Context) -> bool:
    """Whether another program than this one runs the daemon."""
    from connector_core.service.places import Places
    from connector_core.service.running import read_running, this_program

    running = read_running(Places(_job(_served(context), None, None).data).running)
    return running not in (None, this_program())


def _served(context: Context) -> Context:
    """The call, for the configuration that the installed service runs for, where the system keeps that and the call
    names none."""
    if sys.platform == "win32" and context.config is None:
        from connector_core.service.system.windows import configuration_of_service

        return replace(context, config=configuration_of_service())
    return context


def _system() -> System:
    """The service manager of this computer."""
    if sys.platform == "win32":
        from connector_core.service.system.windows import Windows

        return Windows()
    if sys.platform == "darwin":
        from connector_core.service.system.launchd import Launchd

        return Launchd()
    from connector_core.service.system.systemd import Systemd

    return Systemd()


def _check_administrator() -> None:
    if sys.platform == "win32":
        from connector_core.service.system.windows import check_administrator

        check_administrator()
    else:
        from connector_core.service.system.base import check_root

        check_root(os.geteuid())
