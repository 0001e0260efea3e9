"""A practice put together from its configuration: the one place where settings become objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connector_core import __version__
from connector_core.access import make_private_folder
from connector_core.deliver.letters.draft import Sender
from connector_core.deliver.letters.templating import FOLDER as LETTER_FOLDER
from connector_core.deliver.letters.templating import Templates
from connector_core.deliver.report_data import ExpectedSource, report_data
from connector_core.deliver.report_model import ReportData
from connector_core.diagnose.pages import rule_pages
from connector_core.dialects.language import read_dialect
from connector_core.dialects.mappings import Dialect
from connector_core.errors import ConfigurationError, StoreDamaged, StoreError, reason_of
from connector_core.money.figures import Figures
from connector_core.money.reminders import Plan, Step
from connector_core.nearest import suggestion
from connector_core.parameters.motifs import OwnMotif, RejectMotifs, load_motifs
from connector_core.parameters.registry import ParameterSet, load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.parameters.values import DatedValue
from connector_core.pipeline.attempt import Committing, Pipeline, Progress
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.given import Rules
from connector_core.pipeline.silence import Expected, Listening, awaited_sources
from connector_core.plugins.connector import Connector, ConnectorInfo, Registered
from connector_core.plugins.dialect_connector import DialectConnector, ReadsDialects
from connector_core.plugins.host import PluginHost
from connector_core.plugins.isolation.proxy import IsolatedConnector
from connector_core.plugins.loader import load_plugins
from connector_core.plugins.state import FILE_NAME as PLUGIN_STATE
from connector_core.plugins.state import read_state
from connector_core.plugins.trust import TrustedExtensions
from connector_core.rules.base import Adjustments
from connector_core.rules.paused import Paused
from connector_core.secrets import KeyringSecrets, StoreKeys, open_secrets, store_key
from connector_core.service.places import Places, utc_now
from connector_core.settings.model import Settings, Source
from connector_core.settings.reminders import reminder_steps
from connector_core.settings.rules import RejectMotif
from connector_core.settings.values import DebtorKind
from connector_core.store.backup import Backups, backups_in
from connector_core.store.decisions import Decisions
from connector_core.store.recovery import Recovery, check_pages, recover
from connector_core.store.rekey import opens_with
from connector_core.store.store import Store
from connector_core.store.witness import keep_witness

DIALECT_FOLDER = "dialects"
"""Beside the configuration: a site's own dialects."""
SITE = "site"
"""The connector that reads dialects which a site has made for itself; their ids begin with `SITE_PREFIX`."""
SITE_PREFIX = "site-"


def plugin_host(settings: Settings, configuration_folder: Path, *, no_plugins: bool = False) -> PluginHost:
    """The plugins this practice admits."""
    state = read_state(configuration_folder / PLUGIN_STATE)
    host = load_plugins(
        allow=settings.plugins.allow,
        block=state.block(settings.plugins.block),
        no_plugins=no_plugins,
        trusted=TrustedExtensions(state.enabled),
    )
    return with_site_dialects(host, configuration_folder / DIALECT_FOLDER)


def with_site_dialects(host: PluginHost, folder: Path) -> PluginHost:
    """Lay a site's own dialects, one TOML file each, over the shipped ones of the same id. One that is of no connector
    here is an error, unless an extension is not loaded, which may be its own: then it waits (`waiting_dialects`)."""
    all_loaded = all(report.status == "ok" for report in host.reports)
    for path in _dialect_files(folder):
        dialect, text = _site_dialect(path)
        if all_loaded or _owner(host, dialect.id) is not None:
            host = _laid_over(host, dialect, text)
    return host


def waiting_dialects(host: PluginHost, folder: Path) -> Iterator[Dialect]:
    """A site's own dialects that are of no connector here."""
    for path in _dialect_files(folder):
        dialect, _ = _site_dialect(path)
        if _owner(host, dialect.id) is None:
            yield dialect


def with_dialect(host: PluginHost, text: str, place: str) -> PluginHost:
    """Lay one dialect over the shipped one of the same id, or add it to those that the site made for itself; `place`
    names it in errors."""
    return _laid_over(host, read_dialect(text, place), text)


def _dialect_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml")) if folder.is_dir() else []


def _site_dialect(path: Path) -> tuple[Dialect, str]:
    """A dialect of the site and its text; ConfigurationError where it can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"dialecte illisible ({reason_of(error)})", where=str(path), remedy="Vérifiez le fichier et vos droits"
        ) from error
    except UnicodeDecodeError:
        raise ConfigurationError(
            "dialecte illisible", where=str(path), remedy="Enregistrez le fichier en UTF-8"
        ) from None
    return read_dialect(text, str(path)), text


def _laid_over(host: PluginHost, dialect: Dialect, text: str) -> PluginHost:
    owner = _owner(host, dialect.id)
    if owner is None:
        raise ConfigurationError(
            f"aucun connecteur installé n'a de dialecte « {dialect.id} »",
            where=dialect.place,
            remedy=suggestion(dialect.id, _owners(host)),
        )
    match owner.connector:
        case IsolatedConnector() as isolated:
            return host.with_connectors([replace(owner, connector=isolated.with_dialect(dialect.place, text))])
        case ReadsDialects() as here:
            return host.with_connectors([replace(owner, connector=here.with_dialects([dialect]))])
        case _:
            return host  # the others have no dialects


def _owner(host: PluginHost, dialect: str) -> Registered | None:
    """The connector that a dialect is of."""
    return _owners(host).get(dialect) or _of_this_site(host, dialect)


def _owners(host: PluginHost) -> dict[str, Registered]:
    return {known: registered for registered in host.connectors.values() for known in dialects_of(registered.connector)}


def dialects_of(connector: Connector) -> Iterable[str]:
    """The ids of a connector's dialects, wherever it runs; none where it has none."""
    match connector:
        case IsolatedConnector():
            return connector.dialects_of_its_own
        case ReadsDialects():
            return connector.dialects
        case _:
            return ()


def apart_sources(settings: Settings, host: PluginHost) -> tuple[str, ...]:
    """The sources of whose files each makes sense without the others: no dialect that they may be of joins rows with
    those of another table."""
    return tuple(each.id for each in settings.sources if not _may_join(each, host.connectors.get(each.connector)))


def _may_join(source: Source, registered: Registered | None) -> bool:
    """Whether files of a source may be joined; so it is where that can't be known. What a connector in code joins
    waits row by row, and no file of a folder is of a dialect for databases."""
    if registered is None:
        return True
    match registered.connector:
        case IsolatedConnector() as isolated:
            return any(source.dialect in (None, each) for each in isolated.joining_dialects)
        case ReadsDialects() as here:
            known = [each for each in here.dialects.values() if source.dialect in (None, each.id)]
            return any(each.joins_files for each in known)
        case _:
            return False


def _of_this_site(host: PluginHost, dialect: str) -> Registered | None:
    """The connector of the dialects that a site has made for itself, none of which an installed connector has."""
    if not dialect.startswith(SITE_PREFIX):
        return None
    own = ConnectorInfo(SITE, "", "dialectes de ce cabinet", __version__)
    return host.connectors.get(SITE) or Registered(DialectConnector(own, ()), "connector-core", __version__)


def rules_of(settings: Settings, host: PluginHost) -> Rules:
    """What is asked: the plugins' rules with the practice's own parameters and decisions."""
    known = {rule.code for rule in host.rules}
    all_loaded = all(report.status == "ok" for report in host.reports)
    for code in (*settings.rules.off, *settings.rules.lower):
        if code not in known and all_loaded:
            nearest = suggestion(code, known)
            raise ConfigurationError(
                f"règle inconnue « {code} »",
                where="[rules]",
                remedy=" ".join(filter(None, (nearest, "Les noms : « connector rules »"))),
            )
    adjustments = Adjustments(frozenset(settings.rules.off), dict(settings.rules.lower))
    return Rules(host, practice_parameters(settings), load_tariffs(), adjustments, practice_motifs(settings))


def practice_parameters(settings: Settings) -> ParameterSet:
    """The shipped parameters with the practice's own values over them."""
    overrides = [
        (each.name, DatedValue(each.since, each.value, "décision du cabinet", "practice", each.note))
        for each in settings.parameters
    ]
    return load_parameters().with_practice(overrides) if overrides else load_parameters()


def practice_motifs(settings: Settings) -> RejectMotifs:
    """The shipped motifs of rejects with the practice's own over them."""
    motifs = load_motifs()
    for number, entry in enumerate(settings.reject_motifs, 1):
        try:
            motifs = motifs.with_own(own_motif(entry))
        except ConfigurationError as error:
            where = f"[[reject_motif]] n° {number}"
            raise ConfigurationError(error.what, where=where, remedy=error.remedy) from None
    return motifs


def own_motif(entry: RejectMotif) -> OwnMotif:
    """A block of the configuration as the table of motifs takes it."""
    return OwnMotif(entry.payer, entry.code, entry.label, entry.motif, entry.cause, entry.action)


def reminder_plan(settings: Settings) -> Plan:
    """The practice's reminder plan; a debtor that it says nothing of has the usual one."""

    def steps(debtor: DebtorKind) -> tuple[Step, ...]:
        return tuple(
            Step(each.level, each.after, each.channel, each.tone, each.least)
            for each in reminder_steps(settings, debtor)
        )

    return Plan(
        {"PATIENT": steps("patient"), "AMO": steps("caisse"), "AMC": steps("complementaire")}, settings.letters.spacing
    )


def sender_of(settings: Settings) -> Sender:
    """What letters say of the practice."""
    letters = settings.letters
    return Sender(
        settings.practice.name,
        letters.reply_within,
        letters.address,
        letters.town,
        letters.phone,
        letters.email,
        letters.payment,
    )


def letter_templates(configuration_folder: Path) -> Templates:
    """The templates of letters, the practice's own first."""
    return Templates(configuration_folder / LETTER_FOLDER)


def backups_of(settings: Settings, key: bytes) -> Backups:
    """The backups of this practice's store."""
    return Backups(Places(settings.data_folder()).backups, key, settings.data.backups, utc_now)


def decisions_of(settings: Settings, key: bytes) -> Decisions:
    """What people of this practice decided since the oldest backup."""
    return Decisions(Places(settings.data_folder()).decisions, key)


def let_go_of_decisions(settings: Settings, backups: Backups) -> None:
    """Forget the decisions that every backup knows of, as the oldest does."""
    oldest = next(reversed(backups.every()), None)
    if oldest is not None:
        with suppress(StoreError), Store(oldest.path, backups.key, read_only=True) as store:
            decisions_of(settings, backups.key).let_go(store.decided())


def is_lost(places: Places) -> bool:
    """Whether there is no store while backups of one are there: the service takes up the last one when it starts."""
    return not places.store.exists() and bool(backups_in(places.backups))


def open_store(settings: Settings, *, create: bool, read_only: bool = False) -> tuple[Store, bytes]:
    """The practice's store and its key; with `create`, both are made when there are none yet."""
    places = Places(settings.data_folder())
    secrets = secrets_of(settings)
    exists = places.store.exists()
    if not create and is_lost(places):
        raise StoreError(
            "le magasin a disparu, et ses sauvegardes sont là",
            where=str(places.store),
            remedy="Lancez « connector run » ou démarrez le service : il reprend la dernière et relit la suite",
        )
    if not exists and not create:
        raise StoreError("rien n'a encore été lu", where=str(places.store), remedy="Lancez d'abord « connector run »")
    if not exists:
        make_private_folder(places.data)
        key = store_key(secrets, create=True)
        return Store(places.store, key, read_only=read_only, backups=backups_of(settings, key)), key
    key = opening_key(secrets, places.store)
    return Store(places.store, key, read_only=read_only, backups=backups_of(settings, key)), key


def opening_key(secrets: KeyringSecrets, store: Path) -> bytes:
    """The key of a store that exists: the next one from the moment that it opens with that. Raise StoreError."""
    *others, last = StoreKeys(secrets).to_try()
    return next((each for each in others if opens_with(store, each)), last)


def secrets_of(settings: Settings) -> KeyringSecrets:
    """The secrets of this account, as the practice keeps them."""
    return open_secrets(settings.secrets.keyring, settings.secrets_folder())


def open_sound_store(settings: Settings, *, look_closely: bool) -> tuple[Store, bytes, Recovery | None]:
    """The practice's store for the one who works on it, and its key; made when there is none yet. A store that is
    damaged is replaced by its last backup, which is told. Looking closely reads every page of it."""
    places = Places(settings.data_folder())
    if not places.store.exists() and not places.backups.exists():
        return _witnessed(*open_store(settings, create=True), None)
    key = store_key(open_secrets(settings.secrets.keyring, settings.secrets_folder()))
    backups = backups_of(settings, key)
    try:
        empty = not places.store.exists() or places.store.stat().st_size == 0
        if (look_closely or empty) and not (empty and not backups.every()):
            check_pages(places.store, key)
        store, _ = open_store(settings, create=True)
    except StoreDamaged:
        recovery = recover(places.store, backups)
        return _witnessed(*open_store(settings, create=True), recovery)
    return _witnessed(store, key, None)


def _witnessed(store: Store, key: bytes, recovery: Recovery | None) -> tuple[Store, bytes, Recovery | None]:
    """A store that has opened proves its key."""
    if store.path is not None:
        with suppress(OSError):  # it only helps when the store is damaged one day
            keep_witness(store.path, key)
    return store, key, recovery


def pipeline_of(
    settings: Settings,
    store: Store,
    rules: Rules,
    committing: Committing | None = None,
    progress: Progress | None = None,
) -> Pipeline:
    """The way from files to findings for this practice."""
    order, payees = _order(settings), settings.practice.payees
    return Pipeline(store, rules, utc_now, order, settings.leaders, committing, payees, progress)


def listening_of(settings: Settings, store: Store, host: PluginHost, committing: Committing | None = None) -> Listening:
    """What is expected of this practice's sources, each told by the name of its software."""
    expected, zone = expected_sources(settings, host), ZoneInfo(settings.practice.timezone)
    return Listening(store, expected, zone, utc_now, committing, lambda: paused_sources(settings, store, host))


def paused_sources(settings: Settings, store: Store, host: PluginHost | None = None) -> tuple[Paused, ...]:
    """The sources whose databases are not read any more, and why."""
    from connector_core.service.databases import known_of

    databases = [each for each in settings.sources if each.database is not None]
    reasons = [(each, known_of(store, each.id).paused) for each in databases]
    return tuple(Paused(each.id, _software(each, host), reason) for each, reason in reasons if reason is not None)


def expected_sources(settings: Settings, host: PluginHost | None = None) -> tuple[Expected, ...]:
    """The sources of which something is expected; without plugins they are told by their ids."""
    return tuple(
        Expected(each.id, _software(each, host), each.expected_every)
        for each in settings.sources
        if each.expected_every is not None
    )


def _software(source: Source, host: PluginHost | None) -> str:
    registered = None if host is None else host.connectors.get(source.connector)
    product = source.id if registered is None else registered.connector.info.product
    return product if product.casefold() == source.id else f"{product} (source « {source.id} »)"


def view_of(settings: Settings, store: Store) -> PracticeView:
    """What every dossier of this practice shares, as its configuration ranks the sources."""
    return PracticeView.of(store, _order(settings), settings.leaders)


def _order(settings: Settings) -> tuple[str, ...]:
    """The sources, the leading one first."""
    return tuple(source.id for source in settings.sources)


def report_of(settings: Settings, store: Store, rules: Rules, day: date, figures: Figures | None = None) -> ReportData:
    """What the report of a day shows of this practice; `figures` are those of its last twelve months."""
    return report_data(
        store,
        settings.practice.name,
        day,
        datetime.now(ZoneInfo(settings.practice.timezone)),
        rules=rules.host.rules,
        parameters=rules.parameters,
        motifs=rules.motifs,
        sources=[ExpectedSource(each.id, each.id) for each in settings.sources],
        awaited=awaited_sources(store, expected_sources(settings), ZoneInfo(settings.practice.timezone)),
        pages=rule_pages(rules.host.rules, rules.parameters),
        figures=figures,
    )
