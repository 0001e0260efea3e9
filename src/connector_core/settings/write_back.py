"""What may be set of the flags that are written into a source's own software."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from connector_core.model.vocabulary import Severity
from connector_core.settings.problems import refused
from connector_core.settings.table import Table
from connector_core.settings.values import Folder, SecretReference, Slug, Text, without_password


class WriteBack(Table):
    """Flags in the software of one source. Nothing is written without this table."""

    places: Annotated[tuple[Slug, ...], Field(min_length=1)] = Field(
        description="Emplacements où écrire, par leur nom dans le dialecte ; « connector write-back places » les "
        "énumère.",
        examples=[["alertes"]],
    )
    automatic: Annotated[bool, Strict()] = Field(
        default=False,
        description="« true » : le service écrit de lui-même après chaque lecture. « false » : rien n'est écrit sans "
        "« connector write-back apply ».",
    )
    severities: tuple[Severity, ...] = Field(
        default=("reject", "revenue"), description="Gravité des constats qui sont signalés."
    )
    database: Annotated[Text, AfterValidator(without_password)] | None = Field(
        default=None,
        description="Adresse de la base où écrire, sans mot de passe. Absent : celle de la source.",
        examples=["firebird://localhost/D:/Kine4000/BASE.FDB"],
    )
    account: Text | None = Field(
        default=None,
        description="Compte de la base qui ne sert qu'à écrire ; celui de la source n'a que le droit de lire.",
        examples=["connector_ecrit"],
    )
    password: SecretReference | None = Field(
        default=None,
        description="Référence du mot de passe de ce compte, « secret:<nom> ».",
        examples=["secret:kine4000-ecriture"],
    )
    folder: Folder | None = Field(
        default=None,
        description="Dossier où le logiciel reprend les fichiers d'import, entre apostrophes.",
        examples=[r"D:\Vega\Import"],
    )

    @model_validator(mode="after")
    def _account_of_the_password(self) -> Self:
        if self.password is not None and self.account is None:
            raise refused("« password » sans « account » dans [source.write_back]", "Nommez aussi le compte")
        return self
