"""What may be set of reminders and letters: the plan, the wording of the practice, how far they go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from connector_core.model.vocabulary import ReminderChannel
from connector_core.settings.problems import refused
from connector_core.settings.table import Table
from connector_core.settings.values import Days, DebtorKind, Euros, Text, Tone


class ReminderStep(Table):
    """One step of a reminder plan: what is done, how and when, if nothing was paid since the step before."""

    debtor: DebtorKind = Field(description="À qui : patient, caisse ou complementaire.", examples=["patient"])
    level: Annotated[int, Strict(), Field(ge=1)] = Field(
        description="Rang de la relance : 1, 2, 3… sans en sauter.", examples=[1]
    )
    after: Days = Field(
        description="Délai, en jours entiers : depuis la facture pour la première (depuis l'envoi, pour un payeur), "
        "depuis la relance précédente pour les suivantes.",
        examples=["30d"],
    )
    channel: ReminderChannel = Field(
        description="Par quel moyen : email, letter (courrier), phone, ou sms pour un patient.", examples=["email"]
    )
    tone: Tone = Field(
        description="Ton du modèle : cordial, ferme ou dernier ; sans effet sur un sms ou un appel.",
        examples=["cordial"],
    )
    least: Euros = Field(
        default=Decimal("0.00"),
        description="Total dû, en euros, au-dessous duquel cette relance n'est pas faite.",
        examples=[Decimal("5.00")],
    )

    @model_validator(mode="after")
    def _sms_to_patients(self) -> Self:
        if self.channel == "sms" and self.debtor != "patient":
            raise refused("un sms ne s'envoie qu'à un patient", "Écrivez letter, email ou phone", at=("channel",))
        return self


class Letters(Table):
    """What reminders and quotes say of the practice, and how far they go. Nothing is ever sent."""

    debtors: tuple[DebtorKind, ...] = Field(
        default=("patient", "caisse", "complementaire"),
        description="Débiteurs que le cabinet relance. Une liste vide : aucun.",
    )
    spacing: Days = Field(
        default=timedelta(days=15),
        description="Délai entre deux relances d'un même débiteur, toutes factures réunies.",
    )
    reply_within: Days = Field(
        default=timedelta(days=15), description="Délai que les courriers laissent pour régler ou répondre."
    )
    address: tuple[Text, ...] = Field(
        default=(),
        description="Adresse du cabinet, ligne par ligne, en tête des courriers.",
        examples=[["12 rue des Tilleuls", "35000 Rennes"]],
    )
    town: Text | None = Field(
        default=None, description="Ville écrite devant la date. Absent : la date seule.", examples=["Rennes"]
    )
    phone: Text | None = Field(
        default=None, description="Téléphone du cabinet, dans les courriers.", examples=["02 99 00 00 00"]
    )
    email: Text | None = Field(
        default=None,
        description="Adresse électronique du cabinet, dans les courriers.",
        examples=["cabinet@example.org"],
    )
    payment: Text | None = Field(
        default=None,
        description="Comment régler, en une phrase. Absent : les courriers demandent seulement de régler au cabinet.",
        examples=["Vous pouvez régler par carte au cabinet, par chèque ou par virement."],
    )
