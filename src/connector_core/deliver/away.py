"""Notices that leave the PC, through the services of Apprise. Off unless the practice says so twice; see the settings.

The address of a service holds its password. It is never in an error or a log: what Apprise and its services say is
reduced to whether it worked.
"""

from __future__ import annotations

from connector_core.deliver.notice import Notice
from connector_core.errors import ConfigurationError, ConnectorError


class AwayError(ConnectorError):
    """The service did not take the notice."""

    exit_code = 3


def send(address: str, notice: Notice) -> None:
    """Give a notice to the service at an address. Raise AwayError, ConfigurationError."""
    try:
        from apprise import Apprise
    except ModuleNotFoundError:
        raise ConfigurationError(
            "les services d'avis ne sont pas installés", remedy="Installez « connector-core[apprise] »"
        ) from None
    service = Apprise()
    if not service.add(address):
        raise ConfigurationError(
            "l'adresse du service d'avis n'est pas comprise",
            where="[[notify]] address",
            remedy="Vérifiez le secret par sa documentation (Apprise)",
        )
    try:
        sent = service.notify(title=notice.title, body=notice.text)
    except Exception as error:  # noqa: BLE001  # a service may raise anything, with its address in the message
        kind = type(error).__name__
    else:
        if sent:
            return
        kind = "refusé"
    raise AwayError(f"le service d'avis n'a pas pris le message ({kind})", remedy="Nouvel essai plus tard")
