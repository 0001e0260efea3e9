"""What may be set of notices and of the calendar: who is told what, by which way, at which hours.

What leaves the PC is off unless two settings say otherwise: a `[[notify]]` block with `by = "apprise"`, and
`leaves_the_pc = true`. Its address is a reference to a secret, and it never names a patient.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from connector_core.settings.problems import refused
from connector_core.settings.table import Table
from connector_core.settings.values import Folder, SecretReference, Slug, Text, TimeOfDay

Weekday = Literal["lun", "mar", "mer", "jeu", "ven", "sam", "dim"]
Way = Literal["desktop", "apprise"]
Sending = Literal["digest", "immediate"]

WEEKDAYS: tuple[Weekday, ...] = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
"""In the order of Python's `weekday()`."""


class Calendar(Table):
    """The calendar file of what is due."""

    enabled: Annotated[bool, Strict()] = Field(
        default=True, description="Écrire « echeances.ics » : les bilans à faire et les échéances, sans nom."
    )
    folder: Folder | None = Field(
        default=None,
        description="Dossier du calendrier, par exemple un dossier synchronisé avec un téléphone. "
        "Absent : celui du rapport.",
        examples=[r"D:\Synchro\connector"],
    )
    names: Annotated[bool, Strict()] = Field(
        default=False,
        description="Écrire le nom des patients dans le calendrier. À n'accepter que si personne d'autre ne peut le "
        "lire, ni la synchronisation, ni le téléphone.",
    )


class Notifications(Table):
    """What holds for all notices."""

    folder: Folder | None = Field(
        default=None,
        description="Dossier où « connector agent » trouve les avis à afficher, un sous-dossier par personne. "
        "Absent : à côté du dossier des données.",
        examples=[r"C:\ProgramData\Connector-avis"],
    )
    most_an_hour: Annotated[int, Strict(), Field(ge=1, le=60)] = Field(
        default=4, description="Avis affichés par heure et par personne, au plus ; les autres sont réunis en un seul."
    )
    leaves_the_pc: Annotated[bool, Strict()] = Field(
        default=False,
        description='Autoriser les avis qui sortent de l\'ordinateur (by = "apprise"). Le service choisi apprend '
        "que le cabinet a tant de bilans à faire et tant d'argent en attente, jamais un nom.",
    )


class Notify(Table):
    """Who is told, how, and when."""

    person: Slug = Field(
        description="Qui est prévenu, en un mot ; « connector agent » le demande.", examples=["camille"]
    )
    by: Way = Field(
        default="desktop",
        description="Par quel moyen : desktop (un avis à l'écran, par « connector agent ») ou apprise (un service "
        "hors de l'ordinateur).",
        examples=["desktop"],
    )
    send: Sending = Field(
        default="digest",
        description="digest : un résumé par jour ; immediate : chaque nouveauté, réunie avec celles du même moment.",
        examples=["digest"],
    )
    start: TimeOfDay = Field(default=time(8), description="Rien avant cette heure du cabinet.", examples=[time(8)])
    until: TimeOfDay = Field(
        default=time(19), description="Rien à partir de cette heure du cabinet.", examples=[time(19)]
    )
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = Field(
        default=("lun", "mar", "mer", "jeu", "ven"),
        description="Jours où la personne peut être prévenue.",
        examples=[["lun", "mar", "mer", "jeu", "ven"]],
    )
    names: Annotated[bool, Strict()] = Field(
        default=False, description="Nommer les patients, à l'écran seulement.", examples=[False]
    )
    account: Text | None = Field(
        default=None,
        description="Compte du système dans lequel tourne « connector agent », s'il n'est pas celui du service.",
    )
    address: SecretReference | None = Field(
        default=None,
        description="Avec apprise : référence de l'adresse du service, « secret:<nom> » ; l'adresse elle-même se "
        "confie au trousseau.",
    )

    @model_validator(mode="after")
    def _of_its_way(self) -> Self:
        if self.by == "apprise":
            if self.address is None:
                raise refused("l'adresse du service manque", 'Écrivez address = "secret:<nom>"', at=("address",))
            if self.names:
                raise refused(
                    "un avis qui sort de l'ordinateur ne porte jamais de nom", "Ôtez names = true", at=("names",)
                )
        elif self.address is not None:
            raise refused("un avis à l'écran n'a pas d'adresse", 'Ôtez-la, ou écrivez by = "apprise"', at=("address",))
        return self
