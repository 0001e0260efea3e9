"""What may be set, with its meaning and its default.

Descriptions are read by a person in `connector config schema` and in the commented file. Every model is frozen and
refuses unknown keys. Secrets are references (`secret:<name>`), never values.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from connector_core.model.vocabulary import Zone
from connector_core.nearest import suggestion
from connector_core.settings.letters import Letters, ReminderStep
from connector_core.settings.notices import Calendar, Notifications, Notify
from connector_core.settings.problems import refused
from connector_core.settings.rules import ParameterOverride, RejectMotif, Rules
from connector_core.settings.table import Table
from connector_core.settings.values import (
    AmNumber,
    DebtorKind,
    Duration,
    Folder,
    Interval,
    RecordKind,
    SecretReference,
    Slug,
    Text,
    TimeOfDay,
    known_timezone,
    without_password,
)
from connector_core.settings.write_back import WriteBack


class Practice(Table):
    """The practice."""

    name: Text = Field(default="Cabinet", description="Nom du cabinet, tel qu'il paraît en tête du rapport.")
    zone: Zone = Field(
        default="METRO", description="Zone tarifaire : METRO (métropole) ou DROM (départements et régions d'outre-mer)."
    )
    timezone: Annotated[str, AfterValidator(known_timezone)] = Field(
        default="Europe/Paris",
        description="Fuseau horaire du cabinet, par exemple « Europe/Paris » ou « Indian/Reunion ».",
    )
    payees: tuple[AmNumber, ...] = Field(
        default=(),
        description="Numéros AM (8 chiffres, ou 9 avec la clé) des sociétés que les payeurs règlent pour les "
        "professionnels du cabinet, une SELARL par exemple : leurs retours portent ce numéro.",
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
    database: Annotated[Text, AfterValidator(without_password)] | None = Field(
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
        description="Rythme attendu des nouveautés ; au-delà, un constat signale la source. Seuls les jours ouvrés "
        "comptent, et un rythme en jours court jusqu'à minuit. Absent : aucun retard n'est signalé.",
        examples=["1d"],
    )
    poll: Interval = Field(
        default=timedelta(minutes=10),
        description="Intervalle entre deux lectures d'une base ; sans effet sur un dossier.",
    )
    compare: Interval = Field(
        default=timedelta(hours=1),
        description="Intervalle entre deux comparaisons entières d'une table de base dont seules les lignes nouvelles "
        "se reconnaissent (« growing_column » du dialecte) : le temps que peut attendre la modification d'une ligne "
        "ancienne. Toute table est comparée une fois par jour.",
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
    watch: Literal["auto", "rescan"] = Field(
        default="auto",
        description="« auto » : un dossier de ce PC est surveillé en continu, un dossier partagé ou un disque amovible "
        "est relu à intervalles. « rescan » : toujours relu à intervalles.",
    )
    write_back: WriteBack | None = Field(
        default=None,
        description="Les signalements écrits dans le logiciel lui-même, par un bloc [source.write_back] sous la "
        "source. Absent : rien n'y est écrit.",
    )

    def secrets(self) -> tuple[str, ...]:
        """The references of the secrets that the source needs."""
        of_writing = None if self.write_back is None else self.write_back.password
        return tuple(each for each in (self.password, of_writing) if each is not None)

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


class Daemon(Table):
    """The service that watches the sources."""

    rescan: Interval = Field(
        default=timedelta(seconds=60),
        description="Intervalle entre deux relectures complètes d'un dossier de ce PC, qui signale aussi lui-même ce "
        "qui y arrive.",
    )
    rescan_shares: Interval = Field(
        default=timedelta(seconds=30),
        description="Intervalle entre deux relectures d'un dossier partagé, d'un disque amovible ou d'une source "
        'watch = "rescan", que rien d\'autre ne signale.',
    )
    gentle: Annotated[bool, Strict()] = Field(
        default=True,
        description="Lit moins vite tant que les autres logiciels occupent le PC, sans jamais s'arrêter longtemps.",
    )
    settle: Duration = Field(
        default=timedelta(seconds=3),
        description="Durée pendant laquelle un fichier ne doit plus changer pour être lu, si sa source ne la fixe pas.",
    )


class Secrets(Table):
    """Where secrets are kept."""

    keyring: Literal["system", "dpapi", "systemd", "file"] = Field(
        default="system",
        description="« system » : le trousseau du compte qui fait tourner le service. « dpapi » : pour un service "
        "Windows, un fichier chiffré par Windows pour cet ordinateur. « systemd » : pour un service Linux, les secrets "
        "que systemd lui remet. « file » : un fichier lisible par ce seul compte, sans chiffrement ; à ne choisir que "
        "sur une machine sans trousseau.",
    )
    folder: Folder | None = Field(
        default=None,
        description='Dossier du fichier si keyring = "file" ou "dpapi". Absent : « secrets » dans le dossier des '
        "données.",
        examples=[r"C:\ProgramData\Connector\secrets"],
    )


class Service(Table):
    """The background service, and who may ask it something."""

    allow: tuple[Text, ...] = Field(
        default=(),
        description="Comptes de cet ordinateur, par leur nom, qui peuvent demander au service l'état, les constats et "
        "le rapport. Le compte du service et les administrateurs le peuvent toujours.",
        examples=[["marie"]],
    )
    channel: Folder | None = Field(
        default=None,
        description="Dossier où le service attend les commandes des autres comptes, sous Linux et macOS. Absent : "
        "celui que systemd prépare, sinon le dossier des données, où seul root entre.",
        examples=["/run/connector"],
    )


class Data(Table):
    """Our own data."""

    folder: Folder | None = Field(
        default=None,
        description="Dossier du magasin chiffré et des copies de travail, sur un disque local. "
        "Absent : celui que prévoit le système.",
        examples=[r"C:\ProgramData\Connector"],
    )
    backups: Annotated[int, Strict(), Field(ge=1, le=1000)] = Field(
        default=6, description="Nombre de sauvegardes chiffrées du magasin qui sont gardées dans ce dossier."
    )
    backup_every: Interval = Field(
        default=timedelta(hours=6),
        description="Intervalle entre deux sauvegardes ; il n'en est fait que si du travail a eu lieu entre-temps.",
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
    service: Service = Field(default_factory=Service, description="Le service, pour les autres comptes.")
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
    calendar: Calendar = Field(
        default_factory=Calendar,
        description="Le calendrier des bilans à faire et des échéances, à suivre d'un téléphone ou d'une montre.",
    )
    notifications: Notifications = Field(
        default_factory=Notifications, description="Ce qui vaut pour tous les avis décrits par [[notify]]."
    )
    notify: tuple[Notify, ...] = Field(
        default=(),
        description="Qui est prévenu, comment et à quelles heures, par blocs [[notify]]. Sans bloc, personne ne l'est.",
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
        self._sources_apart()
        self._every_level_once()
        self._notices_allowed()
        return self

    def _sources_apart(self) -> None:
        """What is written into a watched folder would be read, refused, and reported again without end."""
        for index, source in enumerate(self.sources):
            if source.folder is None:
                continue
            for folder, of in (
                (self.report_folder(), "du rapport"),
                (self.calendar_folder(), "du calendrier"),
                (self.data_folder(), "des données de connector"),
            ):
                if _same(source.folder, folder):
                    raise refused(
                        f"ce dossier est aussi celui {of}",
                        "Donnez à chacun le sien : ce que connector écrit serait relu sans fin",
                        at=("source", index, "folder"),
                    )

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

    def _notices_allowed(self) -> None:
        told: set[tuple[str, str, str]] = set()
        for index, each in enumerate(self.notify):
            if each.by == "apprise" and not self.notifications.leaves_the_pc:
                raise refused(
                    "cet avis sort de l'ordinateur, et rien dans [notifications] ne l'autorise",
                    'Écrivez by = "desktop", ou sciemment leaves_the_pc = true dans [notifications]',
                    at=("notify", index, "by"),
                )
            if (each.person, each.by, each.send) in told:
                raise refused("le même avis est décrit deux fois", at=("notify", index, "person"))
            told.add((each.person, each.by, each.send))

    def notices_folder(self) -> Path:
        """The folder of the notices for the screen, beside that of the data, which others may not enter; it may not
        exist."""
        if self.notifications.folder is not None:
            return self.notifications.folder
        data = self.data_folder()
        return data.with_name(f"{data.name}-avis")

    def calendar_folder(self) -> Path:
        """The folder of the calendar; it may not exist."""
        return self.calendar.folder or self.report_folder()

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
        """The folder of the file of secrets, used when `[secrets] keyring` is `file` or `dpapi`; it may not exist."""
        return self.secrets.folder or self.data_folder() / "secrets"


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are written alike; the disk, which may be a share that is gone, is not asked."""
    return os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))
