"""The guarded loader: one bad plugin never stops another, and never stops connector.

Each extension goes through the same stages (disabled? compatible by its metadata? import, register, validate), and what
became of it is a `LoadReport`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pluggy

from connector_core import __version__
from connector_core.plugins import hookspecs
from connector_core.plugins.calls import hook_call, hook_calls, implementations
from connector_core.plugins.compatibility import check_requirements
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.host import PluginHost
from connector_core.plugins.installed import Extension, Installed, extensions, installed
from connector_core.plugins.names import CORE, CORE_DISTRIBUTION, Origin, canonical
from connector_core.plugins.report import LoadReport, PluginRefused, Stage, Status
from connector_core.plugins.staging import Contributions, Staging

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_BUILTIN = "connector_core.plugins.builtin"
_EDITOR = "Signalez-le à l'éditeur de l'extension"
_WHEN: dict[Stage, str] = {"import": "à l'import", "register": "à l'enregistrement"}


def load_plugins(
    allow: Collection[str] | None = None,
    block: Collection[str] = (),
    no_plugins: bool = False,
    strict: bool = False,
    entry_points: Iterable[EntryPoint] | None = None,
) -> PluginHost:
    """Load our own contributions, then every extension that is installed and admitted.

    `allow` (None admits all) and `block` hold names of entry points or distributions; what is in both is blocked.
    `no_plugins` imports no extension and still reports what is installed. `strict` is for developers: the first
    extension that fails raises `PluginRefused`, caused by what went wrong. `entry_points` replaces what is installed.
    """
    found = installed() if entry_points is None else Installed(extensions(entry_points))
    loader = _Loader(strict)
    loader.load_core()
    for report in found.unreadable:
        loader.failed(report)
    admitted = None if allow is None else set(map(canonical, allow))
    blocked = set(map(canonical, block))
    for extension in found.extensions:
        if extension.entry_point.value == _BUILTIN:
            continue
        reason = _disabled(extension.origin, admitted, blocked, no_plugins)
        if reason:
            loader.reports.append(_report(extension.origin, "disabled", "disabled", reason))
        else:
            loader.load(extension)
    for report in _absent(found, allow or ()):
        loader.failed(report)
    return loader.host()


def load_alone(origin: Origin, entry_point: EntryPoint) -> tuple[Contributions, frozenset[str]]:
    """Import one plugin and nothing else; what it contributes, and the hooks that it implements. Raise PluginRefused
    for whatever goes wrong."""
    loader = _Loader(strict=True)
    loader.load(Extension(origin, entry_point))
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

    def load(self, extension: Extension) -> None:
        """Bring one extension through all stages; whatever it raises ends in its report."""
        outcome = guarded(partial(self._attempt, extension))
        if isinstance(outcome, Raised):
            refused = isinstance(outcome.error, PluginRefused | pluggy.PluginValidationError)
            stage: Stage = "validate" if refused and self.stage == "register" else self.stage
            reason, remedy = _told(extension.origin.name, stage, outcome)
            self.failed(_report(extension.origin, stage, "failed", reason, remedy), outcome.error)

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
        self.stage = "metadata"
        first = self.origins.get(origin.name)
        if first is not None:
            raise PluginRefused(
                f"« {first.distribution} » et « {origin.distribution} » ont chacune une extension « {origin.name} »",
                remedy=f"Gardez l'une des deux : « connector plugins disable {origin.distribution} »",
            )
        check_requirements(_requirements(entry_point))
        self.stage = "import"
        plugin: object = entry_point.load()
        self._accept(plugin, origin, self._register(plugin, origin))

    def _register(self, plugin: object, origin: Origin) -> Contributions:
        """Give the plugin its place among the hooks, and what it contributes; it keeps neither when it fails."""
        self.stage = "register"
        other = self.manager.get_name(plugin)
        if other is not None:
            raise PluginRefused(f"« {other} » et « {origin.name} » désignent le même module", remedy=_EDITOR)
        self.manager.register(plugin, origin.name)
        try:
            return self._contributions(plugin, origin)
        except BaseException:
            self.manager.unregister(plugin, origin.name)
            raise

    def _contributions(self, plugin: object, origin: Origin) -> Contributions:
        self.stage = "validate"
        self._check_hooks(plugin)
        staging = Staging(origin, self.contributions)
        self.stage = "register"
        for hook, register in _registers(staging):
            call = hook_call(self.manager, hook, plugin)
            if call is not None:
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

    def _accept(self, plugin: object, origin: Origin, staged: Contributions) -> None:
        self.plugins[origin.name] = plugin
        self.origins[origin.name] = origin
        self.contributions.add(staged)
        empty = not any(True for _ in implementations(self.manager, plugin))
        infos = staged.infos.values()
        self.reports.append(
            replace(
                _report(origin, "loaded", "ok"),
                reason="n'apporte rien : aucune de ses fonctions n'est un crochet" if empty else "",
                remedy="Marquez ses crochets de @hookimpl" if empty else "",
                connectors=tuple(info.id for info in infos),
                verified=all(info.verified for info in infos) if infos else None,
            )
        )


def _registers(staging: Staging) -> Iterator[tuple[str, Callable[..., None]]]:
    yield "connector_register_connectors", staging.connector
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
            remedy = "Installez-la, ou retirez-la de la liste des extensions admises"
            yield _report(Origin(name), "metadata", "failed", "admise, mais pas installée", remedy)


def _told(name: str, stage: Stage, raised: Raised) -> tuple[str, str]:
    match raised.error:
        case PluginRefused(what=what, remedy=remedy):
            return what, remedy or ""
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
