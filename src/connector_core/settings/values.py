"""The types of single settings: what each takes, and what it says of anything else.

A refusal names what is expected and what to write instead; it never repeats the value, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)

from connector_core.errors import ConfigurationError
from connector_core.model.finding import ParameterValue
from connector_core.nearest import suggestion
from connector_core.settings.duration import PATTERN, format_duration, parse_duration
from connector_core.settings.problems import refused
from connector_core.settings.reference import REFERENCE, RESERVED

BASE = "base"
"""Key of the validation context: the folder from which relative folders are counted."""

SLUG = r"^[a-z0-9][a-z0-9_-]{0,39}$"
AM_NUMBER = r"^\d{8,9}$"
RULE_CODE = r"^[A-Z][A-Z0-9.]*(-[A-Z0-9.]+)*$"
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_TOO_MUCH = Decimal(1_000_000)
_PASSWORD_PARAMETER = re.compile(r"(^|[?&;])\s*(password|passwd|pwd)\s*=", re.IGNORECASE)


def _slug(text: str) -> str:
    if re.fullmatch(SLUG, text) is None:
        raise refused("identifiant invalide", "Minuscules sans accent, chiffres, « - » et « _ », 40 caractères au plus")
    return text


def _am_number(text: str) -> str:
    if re.fullmatch(AM_NUMBER, text, re.ASCII) is None:
        raise refused("numéro AM invalide", "8 chiffres, ou 9 avec la clé")
    return text


def _rule_code(text: str) -> str:
    if re.fullmatch(RULE_CODE, text) is None:
        raise refused("code de règle invalide", "Un code s'écrit comme dans le rapport, par exemple « KINE-BILAN-30 »")
    return text


def _record_kind(text: str) -> str:
    from connector_core.model.records import KINDS

    if text not in KINDS:
        raise refused("type d'enregistrement inconnu", suggestion(text, KINDS))
    return text


def _reference(text: str) -> str:
    match = re.fullmatch(REFERENCE, text)
    if match is None:
        raise refused(
            "un secret ne s'écrit jamais dans la configuration, seulement sa référence « secret:<nom> »",
            "Enregistrez-le par « connector secrets set <nom> », puis écrivez « secret:<nom> »",
        )
    if match[1] in RESERVED:
        raise refused("ce nom est réservé à la clé du magasin", "Choisissez un autre nom de secret")
    return text


def without_password(text: str) -> str:
    authority, _, rest = text.partition("://")[2].partition("/")
    before_at = authority.rpartition("@")[0]
    port = authority.partition(":")[2]
    split_by_slash = "@" in rest and port != "" and not port.isdigit()
    if ":" in before_at or (not before_at and split_by_slash) or _PASSWORD_PARAMETER.search(text):
        raise refused(
            "l'adresse de la base contient un mot de passe",
            'Retirez-le, enregistrez-le par « connector secrets set <nom> » et écrivez password = "secret:<nom>"',
        )
    return text


def known_timezone(text: str) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        near = next((name for name in available_timezones() if name.lower() == text.lower()), None)
    else:
        return text
    raise refused(
        "fuseau horaire inconnu",
        f"Vouliez-vous dire « {near} » ?" if near else "Écrivez par exemple « Europe/Paris » ou « Indian/Reunion »",
    )


def _folder(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip():
        raise refused("un dossier est attendu, entre apostrophes", r"Écrivez par exemple 'D:\Vega\Exports'")
    if any(ord(character) < 32 for character in value):
        raise refused("ce chemin contient un caractère de contrôle", r"Écrivez-le entre apostrophes : 'D:\temp'")
    if value.startswith("~"):
        raise refused("« ~ » n'est pas le même dossier pour le service", "Écrivez le chemin complet")
    base = info.context.get(BASE) if isinstance(info.context, Mapping) else None
    relative = not PureWindowsPath(value).anchor  # no drive, no share, no leading slash of either kind
    return base / value if relative and isinstance(base, Path) else Path(value)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise refused("une durée s'écrit entre guillemets", "Écrivez par exemple « 10m »")
    try:
        return parse_duration(value)
    except ConfigurationError as error:
        what, remedy = error.what, error.remedy
    raise refused(what, remedy)


def _whole_days(duration: timedelta) -> timedelta:
    if duration % timedelta(days=1):
        raise refused("des jours entiers sont attendus", "Écrivez par exemple « 30d »")
    return duration


def _amount(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refused("un montant en euros est attendu, sans guillemets", "Écrivez par exemple 15.00")
    amount = Decimal(value)
    if not amount.is_finite() or amount < 0 or amount >= _TOO_MUCH or amount != round(amount, 2):
        raise refused("un montant en euros est attendu, avec deux décimales au plus", "Écrivez par exemple 15.00")
    return round(amount, 2)


def _positive(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise refused("cette durée ne peut pas être nulle")
    return duration


def _time_of_day(value: object) -> object:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            pass
    raise refused("une heure est attendue", "Écrivez par exemple « 06:30 »")


def _parameter_value(value: object) -> ParameterValue:
    if isinstance(value, str) and value and type(value) is str:
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, bool | int) or type(value) is date:
        return value
    raise refused("valeur de paramètre invalide", "Un nombre, un texte, true, false ou une date")


Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, AfterValidator(_slug), Field(json_schema_extra={"pattern": SLUG})]
AmNumber = Annotated[str, AfterValidator(_am_number), Field(json_schema_extra={"pattern": AM_NUMBER})]
RuleCode = Annotated[str, AfterValidator(_rule_code), Field(json_schema_extra={"pattern": RULE_CODE})]
RecordKind = Annotated[str, AfterValidator(_record_kind)]
SecretReference = Annotated[str, AfterValidator(_reference), Field(json_schema_extra={"pattern": REFERENCE})]
Folder = Annotated[Path, BeforeValidator(_folder)]
Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
Interval = Annotated[Duration, AfterValidator(_positive)]
Days = Annotated[Interval, AfterValidator(_whole_days)]
Euros = Annotated[
    Decimal, BeforeValidator(_amount), WithJsonSchema({"type": "number", "minimum": 0, "maximum": int(_TOO_MUCH)})
]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    PlainSerializer(time.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"}),
]
PracticeValue = Annotated[
    ParameterValue, PlainValidator(_parameter_value), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
LowerSeverity = Literal["revenue", "info"]
DebtorKind = Literal["patient", "caisse", "complementaire"]
Tone = Literal["cordial", "ferme", "dernier"]
"""How a reminder speaks: as of something forgotten; plainly, with a day to answer by; for the last time."""
