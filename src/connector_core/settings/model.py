"""What may be set, with its meaning and its default.

Descriptions are read by a person in `connector config schema` and in the commented file. Every model is frozen and
refuses unknown keys. Secrets are references (`secret:<name>`), never values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path, PureWindowsPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from connector_core.errors import ConfigurationError
from connector_core.model.finding import ParameterValue
from connector_core.model.vocabulary import Payer, ReminderChannel, Zone
from connector_core.nearest import suggestion
from connector_core.settings.duration import PATTERN, format_duration, parse_duration
from connector_core.settings.problems import refused
from connector_core.settings.reference import REFERENCE, STORE_KEY

BASE = "base"
"""Key of the validation context: the folder from which relative folders are counted."""

SLUG = r"^[a-z0-9][a-z0-9_-]{0,39}$"
RULE_CODE = r"^[A-Z][A-Z0-9.]*(-[A-Z0-9.]+)*$"
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_TOO_MUCH = Decimal(1_000_000)
_PASSWORD_PARAMETER = re.compile(r"(^|[?&;])\s*(password|passwd|pwd)\s*=", re.IGNORECASE)


def _slug(text: str) -> str:
    if re.fullmatch(SLUG, text) is None:
        raise refused("identifiant invalide", "Minuscules sans accent, chiffres, « - » et « _ », 40 caractères au plus")
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
    if match[1] == STORE_KEY:
        raise refused("ce nom est réservé à la clé du magasin", "Choisissez un autre nom de secret")
    return text


def _database(text: str) -> str:
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


def _timezone(text: str) -> str:
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


class Table(BaseModel):
    """One table of the configuration."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True, serialize_by_alias=True
    )


class Practice(Table):
    """The practice."""

    name: Text = Field(default="Cabinet", description="Nom du cabinet, tel qu'il paraît en tête du rapport.")
    zone: Zone = Field(
        default="METRO", description="Zone tarifaire : METRO (métropole) ou DROM (départements et régions d'outre-mer)."
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        default="Europe/Paris",
        description="Fuseau horaire du cabinet, par exemple « Europe/Paris » ou « Indian/Reunion ».",
    )


class Source(Table):
    """A folder of exports or a database, always opened read-only; exactly one of the two."""

    id: Slug = Field(
        description="Identifiant court et définitif de la source : minuscules sans accent, chiffres, « - » et « _ ».",
        examples=["vega"],
    )
    connector: Slug = Field(
        description="Connecteur qui sait lire la source ; « connector plugins list » les énumère.", examples=["vega"]
    )
    folder: Folder | None = Field(
        default=None,
        description="Dossier où le logiciel dépose ses exports, entre apostrophes. "
        "Un chemin relatif se compte depuis le dossier de ce fichier.",
        examples=[r"D:\Vega\Exports"],
    )
    database: Annotated[Text, AfterValidator(_database)] | None = Field(
        default=None,
        description="Adresse de la base du logiciel, sans mot de passe.",
        examples=["firebird://reader@localhost/D:/Kine4000/BASE.FDB"],
    )
    password: SecretReference | None = Field(
        default=None,
        description="Référence du mot de passe, « secret:<nom> » ; le mot de passe lui-même se confie au trousseau par "
        "« connector secrets set <nom> ».",
        examples=["secret:kine4000-db"],
    )
    expected_every: Interval | None = Field(
        default=None,
        description="Rythme attendu des nouveautés ; au-delà, la source est signalée en retard. "
        "Absent : aucun retard n'est signalé.",
        examples=["1d"],
    )
    poll: Interval = Field(
        default=timedelta(minutes=10),
        description="Intervalle entre deux lectures d'une base ; sans effet sur un dossier.",
    )
    dialect: Text | None = Field(
        default=None,
        description="Seul dialecte accepté pour cette source. Absent : chaque fichier est reconnu d’après son contenu.",
        examples=["vega-csv"],
    )
    settle: Duration = Field(
        default=timedelta(seconds=3),
        description="Durée pendant laquelle un fichier ne doit plus changer pour être lu. Absent : celle de [daemon].",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.database is None):
            what = "ni « folder » ni « database »" if self.folder is None else "« folder » et « database » à la fois"
            raise refused(f"{what} dans [[source]]", "Écrivez l'un des deux, et un seul")
        return self


class Report(Table):
    """The daily report."""

    folder: Folder | None = Field(
        default=None,
        description="Dossier du rapport, entre apostrophes. Absent : « report » dans le dossier des données.",
        examples=[r"C:\ProgramData\Connector\report"],
    )
    at: TimeOfDay = Field(
        default=time(6),
        description="Heure du cabinet à laquelle le rapport est refait chaque jour, même sans nouvel export.",
    )


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


class Daemon(Table):
    """The service that watches the sources."""

    rescan: Interval = Field(
        default=timedelta(seconds=60), description="Intervalle entre deux relectures complètes des dossiers."
    )
    settle: Duration = Field(
        default=timedelta(seconds=3),
        description="Durée pendant laquelle un fichier ne doit plus changer pour être lu, si sa source ne la fixe pas.",
    )


class Secrets(Table):
    """Where secrets are kept."""

    keyring: Literal["system", "file"] = Field(
        default="system",
        description="« system » : le trousseau du compte qui fait tourner le service. « file » : un fichier lisible "
        "par ce seul compte, sans chiffrement ; à ne choisir que sur une machine sans trousseau.",
    )
    folder: Folder | None = Field(
        default=None,
        description='Dossier du fichier si keyring = "file". Absent : « secrets » dans le dossier des données.',
        examples=[r"C:\ProgramData\Connector\secrets"],
    )


class Data(Table):
    """Our own data."""

    folder: Folder | None = Field(
        default=None,
        description="Dossier du magasin chiffré et des copies de travail, sur un disque local. "
        "Absent : celui que prévoit le système.",
        examples=[r"C:\ProgramData\Connector"],
    )


class Plugins(Table):
    """Which plugins may be loaded."""

    allow: tuple[Text, ...] | None = Field(
        default=None,
        description="Seules extensions à charger. Absent : toutes celles qui sont installées.",
        examples=[["connector-vega"]],
    )
    block: tuple[Text, ...] = Field(
        default=(), description="Extensions à ne jamais charger.", examples=[["connector-essai"]]
    )


class Settings(Table):
    """The whole configuration. Everything has a default: an empty file is valid.

    `daemon` stands before `sources`, which take from it what they don't say.
    """

    practice: Practice = Field(default_factory=Practice, description="Le cabinet.")
    data: Data = Field(default_factory=Data, description="Les données propres au programme.")
    report: Report = Field(default_factory=Report, description="Le rapport du jour.")
    daemon: Daemon = Field(default_factory=Daemon, description="Le service qui surveille les sources.")
    secrets: Secrets = Field(default_factory=Secrets, description="L'endroit où les secrets sont gardés.")
    plugins: Plugins = Field(default_factory=Plugins, description="Les extensions admises.")
    rules: Rules = Field(default_factory=Rules, description="Les règles que le cabinet écarte ou atténue.")
    sources: tuple[Source, ...] = Field(
        default=(),
        alias="source",
        description="Les dossiers et les bases à lire, par blocs [[source]], chacun avec « folder » ou « database ».",
    )
    parameters: tuple[ParameterOverride, ...] = Field(
        default=(),
        alias="parameter",
        description="Les valeurs de paramètres confirmées ou remplacées par le cabinet, par blocs [[parameter]].",
    )
    reject_motifs: tuple[RejectMotif, ...] = Field(
        default=(),
        alias="reject_motif",
        description="Les motifs de rejet que le cabinet sait lire, par blocs [[reject_motif]] ; ils passent avant ceux "
        "que connector connaît.",
    )
    letters: Letters = Field(
        default_factory=Letters, description="Ce que disent les relances et les devis que « connector remind » prépare."
    )
    reminders: tuple[ReminderStep, ...] = Field(
        default=(),
        alias="reminder",
        description="Le plan de relance, par blocs [[reminder]], un par étape. Un débiteur sans bloc garde le plan "
        "habituel, que « connector remind --plan » montre.",
    )
    leaders: Mapping[RecordKind, Slug] = Field(
        default_factory=dict,
        description="Source qui fait foi, par type d'enregistrement. Absent : la première source configurée.",
        examples=[{"patient": "vega"}],
    )

    @field_validator("sources")
    @classmethod
    def _settle_of_the_daemon(cls, sources: tuple[Source, ...], info: ValidationInfo) -> tuple[Source, ...]:
        daemon = info.data.get("daemon")
        if not isinstance(daemon, Daemon):
            return sources
        return tuple(
            source if "settle" in source.model_fields_set else source.model_copy(update={"settle": daemon.settle})
            for source in sources
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids: set[str] = set()
        for index, source in enumerate(self.sources):
            if source.id in ids:
                raise refused(f"deux sources portent l'identifiant « {source.id} »", at=("source", index, "id"))
            ids.add(source.id)
        for kind, leader in self.leaders.items():
            if leader not in ids:
                raise refused(f"source inconnue « {leader} »", suggestion(leader, ids), at=("leaders", kind))
        dated: set[tuple[str, date]] = set()
        for index, each in enumerate(self.parameters):
            if (each.name, each.since) in dated:
                raise refused(
                    f"le paramètre « {each.name} » a deux valeurs à partir du {each.since:%d/%m/%Y}",
                    at=("parameter", index, "since"),
                )
            dated.add((each.name, each.since))
        self._every_level_once()
        return self

    def _every_level_once(self) -> None:
        levels: dict[DebtorKind, set[int]] = {}
        for index, each in enumerate(self.reminders):
            known = levels.setdefault(each.debtor, set())
            if each.level in known:
                raise refused(f"deux relances de niveau {each.level} du même débiteur", at=("reminder", index, "level"))
            known.add(each.level)
        for index, each in enumerate(self.reminders):
            if each.level > 1 and each.level - 1 not in levels[each.debtor]:
                raise refused(
                    f"il manque la relance de niveau {each.level - 1} de ce débiteur",
                    "Numérotez les relances d'un débiteur 1, 2, 3… sans en sauter",
                    at=("reminder", index, "level"),
                )

    def data_folder(self) -> Path:
        """The folder of the store and the spool, from `[data] folder` or the platform; it may not exist."""
        if self.data.folder is not None:
            return self.data.folder
        from connector_core.settings.places import data_folder

        return data_folder()

    def report_folder(self) -> Path:
        """The folder of the report; it may not exist."""
        return self.report.folder or self.data_folder() / "report"

    def secrets_folder(self) -> Path:
        """The folder of the file of secrets, used when `[secrets] keyring` is `file`; it may not exist."""
        return self.secrets.folder or self.data_folder() / "secrets"
