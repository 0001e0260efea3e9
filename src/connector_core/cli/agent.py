"""`connector agent`: shows a person's notices on the screen of their own session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from connector_core.cli.context import Context

if TYPE_CHECKING:
    from connector_core.settings.model import Settings
    from connector_core.settings.notices import Notify

LOCK = "agent.lock"


@click.command(
    "agent",
    help="Affiche à l'écran les avis destinés à une personne, dans sa propre session, jusqu'à ce qu'on l'arrête. "
    "Le service, lui, n'a pas d'écran. « --at-logon » le lance désormais à chaque ouverture de cette session.",
)
@click.option("--person", metavar="NOM", help="Qui est devant cet écran, comme dans [[notify]].")
@click.option("--once", is_flag=True, help="Affiche ce qui attend, puis s'arrête.")
@click.option(
    "--at-logon/--not-at-logon",
    default=None,
    help="Fait afficher ces avis à chaque ouverture de la session de ce compte, ou ne le fait plus.",
)
@click.pass_obj
def command(context: Context, person: str | None, once: bool, at_logon: bool | None) -> None:
    from zoneinfo import ZoneInfo

    from filelock import FileLock, Timeout

    from connector_core.deliver.hours import Hours
    from connector_core.deliver.mailbox import Mailbox
    from connector_core.deliver.toast import Toaster
    from connector_core.errors import ConnectorError
    from connector_core.service import logs
    from connector_core.service.agent import Agent
    from connector_core.service.places import utc_now
    from connector_core.service.signals import stop_on_signals

    if at_logon is False:
        _start_no_more()
        return
    settings = context.settings
    told = _told(settings, person)
    if at_logon:
        _start_at_logon(context, told[0].person)
        return
    desktop = Toaster()
    mailbox = Mailbox(settings.notices_folder() / told[0].person)
    mailbox.open()
    zone = ZoneInfo(settings.practice.timezone)
    agent = Agent(
        mailbox=mailbox,
        hours={each.send: Hours.of(each, zone) for each in told},
        most_an_hour=settings.notifications.most_an_hour,
        desktop=desktop,
        clock=utc_now,
    )
    try:
        with FileLock(mailbox.folder / LOCK, timeout=0):
            logs.start(mailbox.folder, logs.AGENT_LOG)
            if once:
                agent.look()
            else:
                stop_on_signals(agent.stop.set, "SIGHUP")
                agent.run()
    except Timeout:
        raise ConnectorError(
            "les avis de cette personne sont déjà affichés", where=str(mailbox.folder), remedy="Il n'y a rien à faire"
        ) from None


def _start_at_logon(context: Context, person: str) -> None:
    import sys
    from pathlib import Path

    from connector_core.service.autostart import start_at_logon

    without_window = Path(sys.executable).with_name("pythonw.exe")
    interpreter = str(without_window) if without_window.exists() else sys.executable
    where = start_at_logon([interpreter, "-m", "connector_core", *context.options(), "agent", "--person", person])
    click.echo(f"Les avis de {person} s'afficheront dès la prochaine ouverture de cette session ({where}).")


def _start_no_more() -> None:
    from connector_core.service.autostart import start_no_more

    was = start_no_more()
    click.echo("Les avis ne s'afficheront plus d'eux-mêmes." if was else "Rien n'était prévu à l'ouverture de session.")


def _told(settings: Settings, person: str | None) -> list[Notify]:
    """What the configuration says of a person's notices on the screen; ConfigurationError where it says nothing."""
    from connector_core.errors import ConfigurationError
    from connector_core.nearest import suggestion

    on_screen = [each for each in settings.notify if each.by == "desktop"]
    people = sorted({each.person for each in on_screen})
    if not people:
        raise ConfigurationError(
            "personne n'est prévenu à l'écran", where="[[notify]]", remedy='Ajoutez un bloc avec by = "desktop"'
        )
    if person is None and len(people) > 1:
        raise ConfigurationError(
            "plusieurs personnes sont prévenues à l'écran", remedy=f"Ajoutez « --person » : {', '.join(people)}"
        )
    found = [each for each in on_screen if each.person == (person or people[0])]
    if not found:
        raise ConfigurationError(
            f"personne inconnue « {person} »", where="[[notify]]", remedy=suggestion(person or "", people)
        )
    return found
