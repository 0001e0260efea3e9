"""What the process that makes a shadow is asked and answers, in a line of JSON each, and why there may be none."""

from __future__ import annotations

from typing import Literal

import msgspec

MODULE = "connector_core.sources.database.shadow.maker"

Why = Literal["rights", "share", "unsupported", "room", "busy", "left", "silent", "unreadable", "failed"]

_CLOSE = "Fermez le logiciel à l'heure de la lecture"
_TOLD: dict[Why, tuple[str, str]] = {
    "rights": (
        "ce compte n'a pas le droit d'en prendre",
        f"{_CLOSE}, ou faites tourner le service sous un compte qui a ce droit "
        "(« connector service install --user LocalSystem »)",
    ),
    "share": ("ce fichier est sur un partage", f"{_CLOSE}, ou lisez le fichier sur le PC qui le partage"),
    "unsupported": ("Windows n'en prend pas de ce volume", f"{_CLOSE}, ou passez par un export"),
    "room": ("la place manque pour cela", f"Libérez de la place sur ce volume. {_CLOSE}"),
    "busy": ("un autre est en cours", "Nouvel essai à la prochaine lecture"),
    "left": (
        "d'anciens n'ont pas pu être supprimés",
        "Redémarrez le PC ; en administrateur, « vssadmin list shadows » les montre",
    ),
    "silent": ("Windows n'a pas répondu à temps", "Nouvel essai à la prochaine lecture"),
    "unreadable": ("le fichier ne s'y lit pas", f"Vérifiez que ce compte peut lire le fichier. {_CLOSE}"),
    "failed": ("Windows l'a refusé", f"Voyez « VSS » dans l'Observateur d'événements. {_CLOSE}"),
}


class NoShadow(Exception):
    """There is no shadow to be had."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why

    @property
    def what(self) -> str:
        """Why, for a person."""
        return f"pas de cliché instantané : {_TOLD[self.why][0]}"

    @property
    def remedy(self) -> str:
        return _TOLD[self.why][1]


class Asked(msgspec.Struct, frozen=True):
    """`make` a shadow of a volume within so many seconds, `clear` away what processes that are gone have left, which
    comes before making too, or `look` whether one could be made and change nothing."""

    do: Literal["make", "look", "clear"]
    volume: str = ""
    within: float = 0.0


class Answered(msgspec.Struct, frozen=True):
    """The device of the shadow that was made, or why nothing was done; neither where none was asked for."""

    device: str = ""
    why: Why | None = None
