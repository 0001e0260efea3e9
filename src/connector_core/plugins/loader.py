"""The guarded loader: one bad plugin never stops another, and never stops connector.

Each extension goes through the same stages (disabled? trusted? compatible by its metadata? import, register, validate),
and what
became of it is a `LoadReport`. One that does not come with connector is not imported here: its connectors are asked in
a process of their own, once a person enabled it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pluggy

from connector_core import __version__
from connector_core.errors import ConfigurationError
from connector_core.plugins import hookspecs
from connector_core.plugins.calls import hook_call, hook_calls, implementations
from connector_core.plugins.compatibility import check_requirements
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.host import PluginHost
from connector_core.plugins.installed import Extension, Installed, extensions, installed
from connector_core.plugins.names import CORE, CORE_DISTRIBUTION, Origin, canonical, nearest_name
from connector_core.plugins.provenance import source_of
from connector_core.plugins.report import LoadReport, PluginRefused, Stage, Status
from connector_core.plugins.staging import Contributions, Staging
from connector_core.plugins.trust import Standing, TrustedExtensions

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from connector_core.plugins.state import Enabled

_BUILTIN = "connector_core.plugins.builtin"
_CONNECTORS = "connector_register_connectors"
_EDITOR = "Signalez-le à l'éditeur de l'extension"
_WHEN: dict[Stage, str] = {"import": "à l'import", "register": "à l'enregistrement"}


def load_plugins(
    allow: Collection[str] | None = None,
    block: Collection[str] = (),
    no_plugins: bool = False,
    strict: bool = False,
    entry_points: Iterable[EntryPoint] | None = None,
    trusted: TrustedExtensions | None = None,
) -> PluginHost:
    """Load our own contributions, then every extension that is installed, admitted and `trusted`; only those that come
    with connector when that is left out.

    `allow` (None admits all) and `block` hold names of entry points or distributions; what is in both is blocked.
    `no_plugins` imports no extension and still reports what is installed. `strict` is for developers: the first
    extension that fails raises `PluginRefused`, caused by what went wrong. `entry_points` replaces what is installed:
    whoever gives them answers for them, so that they are loaded here, unless `trusted` is given too.
    """
    found = installed() if entry_points is None else Installed(extensions(entry_points))
    answered_for = entry_points is not None and trusted is None
    trusted = trusted or TrustedExtensions()
    loader = _Loader(strict)
    loader.load_core()
    for report in found.unreadable:
        loader.failed(report)
    admitted = None if allow is None else set(map(canonical, allow))
    blocked = set(map(canonical, block))
    for extension in found.extensions:
        if extension.entry_point.value == _BUILTIN:
            continue
        standing = Standing("given") if answered_for else trusted.of(extension)
        loader.about(extension, standing)
        reason = _disabled(extension.origin, admitted, blocked, no_plugins)
        record = trusted.record(extension)
        if reason:
            loader.reports.append(loader.report("disabled", "disabled", reason))
        elif standing.trust in ("ours", "given"):
            loader.load(extension)
        elif standing.trust == "enabled" and record is not None:
            loader.load_isolated(extension, record, trusted)
        else:
            loader.untrusted(extension.origin, standing)
    for report in _absent(found, allow or ()):
        loader.failed(report)
    return loader.host()


def load_alone(origin: Origin, entry_point: EntryPoint) -> tuple[Contributions, frozenset[str]]:
    """Import one plugin and nothing else; what it contributes, and the hooks that it implements. Raise PluginRefused
    for whatever goes wrong."""
    loader = _Loader(strict=True)
    extension = Extension(origin, entry_point)
    loader.about(extension, Standing("given"))
    loader.load(extension)
    plugin = loader.plugins[origin.name]
    return loader.contributions, frozenset(hook.name for hook, _ in implementations(loader.manager, plugin))


@dataclass(slots=True)
class _Loader:
    strict: bool
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(hookspecs.PROJECT))
    plugins: dict[str, object] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    contributions: Contributions = field(default_factory=Contributions)
    reports: list[LoadReport] = field(default_factory=list)
    stage: Stage = "metadata"
    _about: LoadReport | None = None
    """What is known of the extension at hand before anything is done with it."""

    def __post_init__(self) -> None:
        self.manager.add_hookspecs(hookspecs)

    def load_core(self) -> None:
        """Our own contributions; connector without its rules would find nothing wrong, so a failure is raised."""
        from connector_core.plugins import builtin

        origin = Origin(CORE, CORE_DISTRIBUTION, __version__)
        staged = guarded(partial(self._register, builtin, origin))
        if isinstance(staged, Raised):
            raise PluginRefused(
                "les règles et les connecteurs de base ne se chargent pas", remedy="Réinstallez connector-core"
            ) from staged.error
        self._accept(builtin, origin, staged)

    def about(self, extension: Extension, standing: Standing) -> None:
        """Turn to another extension."""
        report = _report(extension.origin, "metadata", "ok")
        self._about = replace(report, trust=standing.trust, source=source_of(extension.entry_point.dist))

    def report(self, stage: Stage, status: Status, reason: str = "", remedy: str = "") -> LoadReport:
        """A report about the extension at hand."""
        about = self._about or _report(Origin(CORE, CORE_DISTRIBUTION, __version__), stage, status)
        return replace(about, stage=stage, status=status, reason=reason, remedy=remedy)

    def load(self, extension: Extension) -> None:
        """Bring one extension through all stages; whatever it raises ends in its report."""
        self._guarded(extension.origin, partial(self._attempt, extension))

    def load_isolated(self, extension: Extension, record: Enabled, trusted: TrustedExtensions) -> None:
        """Register what an enabled extension offers, without importing it."""
        self._guarded(extension.origin, partial(self._attempt_isolated, extension, record, trusted))

    def untrusted(self, origin: Origin, standing: Standing) -> None:
        """Say of an extension that it waits for a person."""
        enable = f"« connector plugins enable {origin.name} »"
        if standing.trust == "changed":
            reason = f"a changé depuis qu'elle a été activée ({standing.changed})"
            self.failed(self.report("trust", "failed", reason, f"Si ce changement est voulu : {enable}"))
        else:
            remedy = f"Si vous savez d'où elle vient : {enable}"
            self.reports.append(self.report("trust", "disabled", "n'a pas été activée sur cet ordinateur", remedy))

    def _guarded(self, origin: Origin, attempt: Callable[[], None]) -> None:
        outcome = guarded(attempt)
        if isinstance(outcome, Raised):
            refused = isinstance(outcome.error, PluginRefused | pluggy.PluginValidationError)
            stage: Stage = "validate" if refused and self.stage == "register" else self.stage
            reason, remedy = _told(origin.name, stage, outcome)
            self.failed(self.report(stage, "failed", reason, remedy), outcome.error)

    def failed(self, report: LoadReport, cause: BaseException | None = None) -> None:
        if self.strict:
            raise PluginRefused(report.reason, where=report.name, remedy=report.remedy) from cause
        self.reports.append(report)

    def host(self) -> PluginHost:
        return PluginHost(
            self.contributions,
            self.reports,
            hook_calls(self.manager, "connector_secret", self.plugins),
            hook_calls(self.manager, "connector_event", self.plugins),
        )

    def _attempt(self, extension: Extension) -> None:
        origin, entry_point = extension.origin, extension.entry_point
        self._check_metadata(extension)
        self.stage = "import"
        plugin: object = entry_point.load()
        self._accept(plugin, origin, self._register(plugin, origin))

    def _attempt_isolated(self, extension: Extension, record: Enabled, trusted: TrustedExtensions) -> None:
        from connector_core.plugins.isolation.process import Isolated
        from connector_core.plugins.isolation.proxy import proxy_of

        origin, entry_point = extension.origin, extension.entry_point
        self._check_metadata(extension)
        self.stage = "register"
        offer = record.plugins[origin.name]
        isolated = Isolated(
            origin,
            entry_point.value,
            trusted.limits,
            admitted=lambda: trusted.of(extension).trust == "enabled",
        )
        staging = Staging(origin, self.contributions, record.digest)
        for offered in offer.connectors:
            staging.connector(proxy_of(isolated, offered))
        elsewhere = staging.finish()
        plugin: object = object()
        if record.in_process and offer.hooks:
            self.stage = "import"
            plugin = entry_point.load()
            elsewhere.add(self._register(plugin, origin, connectors=False))
        without = () if record.in_process else offer.hooks
        self._accept(plugin, origin, elsewhere, isolated=bool(offer.connectors), without=without)

    def _check_metadata(self, extension: Extension) -> None:
        self.stage = "metadata"
        origin = extension.origin
        first = self.origins.get(origin.name)
        if first is not None:
            raise PluginRefused(
                f"« {first.distribution} » et « {origin.distribution} » ont chacune une extension « {origin.name} »",
                remedy=f"Gardez l'une des deux : « connector plugins disable {origin.distribution} »",
            )
        check_requirements(_requirements(extension.entry_point))

    def _register(self, plugin: object, origin: Origin, *, connectors: bool = True) -> Contributions:
        """Give the plugin its place among the hooks, and what it contributes, with or without its connectors; it keeps
        neither when it fails."""
        self.stage = "register"
        other = self.manager.get_name(plugin)
        if other is not None:
            raise PluginRefused(f"« {other} » et « {origin.name} » désignent le même module", remedy=_EDITOR)
        self.manager.register(plugin, origin.name)
        try:
            return self._contributions(plugin, origin, connectors=connectors)
        except BaseException:
            self.manager.unregister(plugin, origin.name)
            raise

    def _contributions(self, plugin: object, origin: Origin, *, connectors: bool) -> Contributions:
        self.stage = "validate"
        self._check_hooks(plugin)
        staging = Staging(origin, self.contributions)
        self.stage = "register"
        for hook, register in _registers(staging):
            call = hook_call(self.manager, hook, plugin)
            if call is not None and (connectors or hook != _CONNECTORS):
                call(register=register)
        self.stage = "validate"
        return staging.finish()

    def _check_hooks(self, plugin: object) -> None:
        found = list(implementations(self.manager, plugin))
        unknown = sorted({hook.name for hook, each in found if not hook.has_spec() and not each.optionalhook})
        if unknown:
            raise PluginRefused(
                f"utilise des crochets que cette version n'offre pas : {', '.join(unknown)}",
                remedy="Mettez connector-core à jour",
            )
        if any(each.wrapper or each.hookwrapper for _, each in found):
            raise PluginRefused("enveloppe les crochets des autres extensions", remedy=_EDITOR)

    def _accept(
        self,
        plugin: object,
        origin: Origin,
        staged: Contributions,
        *,
        isolated: bool = False,
        without: Sequence[str] = (),
    ) -> None:
        """Keep what a plugin contributes. `without` are hooks of its that are not asked, since it runs elsewhere."""
        self.plugins[origin.name] = plugin
        self.origins[origin.name] = origin
        self.contributions.add(staged)
        infos = staged.infos.values()
        reason = remedy = ""
        if without:
            told = ", ".join(_HOOKS_TOLD.get(hook, hook) for hook in without)
            reason = f"ce qui tournerait dans connector lui-même n'est pas chargé : {told}"
            remedy = f"Si vous faites confiance à l'éditeur : « connector plugins enable {origin.name} --in-process »"
        elif not infos and not any(True for _ in implementations(self.manager, plugin)):
            reason = "n'apporte rien : aucune de ses fonctions n'est un crochet"
            remedy = "Marquez ses crochets de @hookimpl"
        self.reports.append(
            replace(
                self.report("loaded", "ok", reason, remedy),
                connectors=tuple(info.id for info in infos),
                verified=all(info.verified for info in infos) if infos else None,
                isolated=isolated,
            )
        )


_HOOKS_TOLD = {
    "connector_register_rules": "ses règles",
    "connector_register_diagnostics": "ses vérifications",
    "connector_register_sensitive": "ses motifs sensibles",
    "connector_register_deliveries": "ses livraisons",
    "connector_secret": "ses secrets",
    "connector_event": "ce qu'elle fait des événements",
}


def _registers(staging: Staging) -> Iterator[tuple[str, Callable[..., None]]]:
    yield _CONNECTORS, staging.connector
    yield "connector_register_rules", staging.rule
    yield "connector_register_diagnostics", staging.diagnostic
    yield "connector_register_sensitive", staging.sensitive
    yield "connector_register_deliveries", staging.delivery


def _requirements(entry_point: EntryPoint) -> list[str]:
    """What the distribution requires; nothing, where it has no metadata to say so (some finders raise then)."""
    distribution = entry_point.dist
    text = None if distribution is None else guarded(partial(distribution.read_text, "METADATA"))
    if distribution is None or not isinstance(text, str):
        return []
    return distribution.requires or []


def _disabled(origin: Origin, allow: Set[str] | None, block: Set[str], no_plugins: bool) -> str:
    if not origin.names.isdisjoint(block):
        return "désactivée"
    if allow is not None and origin.names.isdisjoint(allow):
        return "absente de la liste des extensions admises"
    return "aucune extension n'est chargée pour cette commande" if no_plugins else ""


def _absent(found: Installed, allow: Iterable[str]) -> Iterator[LoadReport]:
    known = {CORE, CORE_DISTRIBUTION, *(canonical(report.name) for report in found.unreadable)}
    known.update(*(extension.origin.names for extension in found.extensions))
    for name in allow:
        if canonical(name) not in known:
            near = nearest_name(name, known)
            remedy = f"Vouliez-vous dire « {near} » ?" if near else "Installez-la, ou retirez-la de [plugins] allow"
            yield _report(Origin(name), "metadata", "failed", "admise, mais pas installée", remedy)


def _told(name: str, stage: Stage, raised: Raised) -> tuple[str, str]:
    match raised.error:
        case PluginRefused(what=what, remedy=remedy):
            return what, remedy or ""
        case ConfigurationError(what=what, where=where, remedy=remedy):  # nothing was read yet that it could quote
            return f"{where} : {what}" if where else what, remedy or _EDITOR
        case pluggy.PluginValidationError():
            return (
                "un de ses crochets demande un argument que cette version n'offre pas",
                "Mettez connector-core à jour",
            )
        case ModuleNotFoundError():
            remedy = "Réinstallez l'extension avec ses dépendances"
        case _:
            remedy = f"Mettez l'extension à jour, ou désactivez-la : « connector plugins disable {name} »"
    return f"{_WHEN.get(stage, 'à la vérification')} : {raised.description}", remedy


def _report(origin: Origin, stage: Stage, status: Status, reason: str = "", remedy: str = "") -> LoadReport:
    return LoadReport(origin.name, origin.distribution, origin.version, stage, status, reason, remedy)
