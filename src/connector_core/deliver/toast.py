"""A notice on the screen of the person whose process this is, through desktop-notifier."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector_core.deliver.notice import Notice
from connector_core.errors import ConfigurationError, ConnectorError

if TYPE_CHECKING:
    from desktop_notifier.sync import DesktopNotifierSync

_MARKUP = re.compile(r"[<>&]")
"""Some desktops take the text for markup."""


class ToastError(ConnectorError):
    """The desktop did not take the notice."""

    exit_code = 3


class Toaster:
    """Shows notices. It is made once and kept: the connection to the desktop stays open."""

    def __init__(self) -> None:
        """Raise ConfigurationError when desktop-notifier isn't installed."""
        try:
            from desktop_notifier.sync import DesktopNotifierSync
        except ModuleNotFoundError:
            raise ConfigurationError(
                "les avis à l'écran ne sont pas installés", remedy="Installez « connector-core[desktop] »"
            ) from None
        self._desktop: DesktopNotifierSync = DesktopNotifierSync(app_name="connector", app_icon=None)

    def show(self, notice: Notice) -> None:
        """Show a notice. Raise ToastError when the desktop did not take it: desktop-notifier itself says nothing of
        that, yet calls back when it did."""
        taken: list[bool] = []
        self._desktop.send(
            _MARKUP.sub(" ", notice.title),
            _MARKUP.sub(" ", notice.text),
            on_dispatched=lambda: taken.append(True),
        )
        if not taken:
            raise ToastError(
                "le bureau n'affiche pas l'avis", remedy="Lancez « connector agent » dans une session graphique"
            )
