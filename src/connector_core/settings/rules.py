"""What the practice may set of the rules: which apply, the values they read, the motifs of reject that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from connector_core.model.vocabulary import Payer
from connector_core.settings.problems import refused
from connector_core.settings.table import Table
from connector_core.settings.values import LowerSeverity, PracticeValue, RuleCode, Text


class Rules(Table):
    """What the practice changes of the rules."""

    off: tuple[RuleCode, ...] = Field(
        default=(), description="Codes des règles à ne pas appliquer.", examples=[["KINE-BILAN-60"]]
    )
    lower: Mapping[RuleCode, LowerSeverity] = Field(
        default_factory=dict,
        description="Gravité abaissée, par code de règle : « revenue » ou « info ».",
        examples=[{"KINE-BILAN-30": "info"}],
    )

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        for code in self.lower:
            if code in self.off:
                raise refused(
                    f"la règle {code} est à la fois écartée et atténuée", "Gardez l'un des deux", at=("lower", code)
                )
        return self


class ParameterOverride(Table):
    """A parameter value that the practice confirms or replaces, from a day on."""

    name: Text = Field(
        description="Nom du paramètre ; « connector explain » le cite.", examples=["kine.bdk.general.threshold"]
    )
    since: Annotated[date, Strict()] = Field(
        description="Premier jour où la valeur s'applique, sans guillemets.", examples=[date(2026, 1, 1)]
    )
    value: PracticeValue = Field(description="La valeur : nombre, texte, true, false ou date.", examples=[30])
    note: Text = Field(
        description="D'où vient cette valeur ; « connector explain » l'affiche.",
        examples=["Confirmé par la CPAM le 5 janvier 2026"],
    )


class RejectMotif(Table):
    """What the practice knows of a motif of reject: what the return carries, and what it means."""

    payer: Payer = Field(description="Qui rejette : AMO (la caisse) ou AMC (la complémentaire).", examples=["AMC"])
    code: Text | None = Field(
        default=None,
        description="Code du motif, tel que le retour le donne ; les zéros de tête comptent.",
    )
    label: Text | None = Field(
        default=None,
        description="Libellé entier du motif, tel que le retour le donne ; ni les accents ni les majuscules ne "
        "comptent. Avec un code, il faut que le retour porte les deux.",
        examples=["CONTRAT RESILIE"],
    )
    motif: Text | None = Field(
        default=None,
        description="Motif déjà connu dont le code ou le libellé est un autre nom, par exemple « REJ-AMO-15 » ; à la "
        "place de cause et action.",
    )
    cause: Text | None = Field(
        default=None,
        description="Pourquoi l'organisme rejette, en quelques mots.",
        examples=["le contrat du patient a pris fin"],
    )
    action: Text | None = Field(
        default=None,
        description="Ce qu'il faut faire, en une ou deux phrases.",
        examples=["Demandez au patient sa carte en cours, puis renvoyez la demande."],
    )

    @model_validator(mode="after")
    def _said(self) -> Self:
        if self.code is None and self.label is None:
            raise refused(
                "ni « code » ni « label » dans [[reject_motif]]",
                "Écrivez le code, le libellé, ou les deux, comme le retour les donne",
            )
        either = "Écrivez soit « motif », soit « cause » et « action »"
        if self.motif is None and (self.cause is None or self.action is None):
            raise refused("« cause » ou « action » manque dans [[reject_motif]]", either)
        if self.motif is not None and (self.cause is not None or self.action is not None):
            raise refused("« motif » ne va ni avec « cause » ni avec « action » dans [[reject_motif]]", either)
        return self
