"""C1, the package; C2, the hooks; C3, what a site may configure; C4, that reading ends; C8, writing back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pluggy

from connector_core import __version__
from connector_core.dialects.mappings import Dialect
from connector_core.errors import ConfigurationError
from connector_core.plugins.calls import implementations
from connector_core.plugins.dialect_connector import ReadsDialects
from connector_core.plugins.guard import Raised, guarded
from connector_core.plugins.names import CORE_DISTRIBUTION, canonical
from connector_core.testing.conformance.candidate import Candidate, PluginCheck
from connector_core.testing.conformance.check import Broken, NotApplicable, check

_SECRET = ("password", "passwd", "secret", "token", "mot_de_passe", "motdepasse", "api_key", "apikey", "cle_api", "pin")


@check("C1-DECLARED", "bronze")
def declared(candidate: Candidate) -> None:
    """An installed distribution declares the connector, in the entry-point group and under the connector's id.

    The core finds plugins by the group, and a person names one by what the list shows: two names for one thing would
    leave both guessing.
    """
    _ = candidate.declared


@check("C1-IMPORTS", "bronze", after=["C1-DECLARED"])
def imports(candidate: Candidate) -> None:
    """The module that the entry point names can be imported.

    A plugin that raises, or calls `sys.exit`, while it is imported is set aside by the loader; nothing of it is used.
    """
    if isinstance(candidate.module, Raised):
        error = candidate.module.error  # what it says is of the plugin: nothing was read yet
        raise Broken(": ".join(filter(None, (f"the import ended in {type(error).__name__}", str(error)))))


@check("C1-REQUIRES", "bronze", after=["C1-DECLARED"])
def requires(candidate: Candidate) -> None:
    """The distribution requires connector-core.

    Its metadata is all that is read before its code runs: by it an installer brings the core, and a core that is too
    old says so instead of failing somewhere.
    """
    from packaging.requirements import Requirement

    distribution = candidate.declared.entry_point.dist
    lines = [] if distribution is None else distribution.requires or []
    if not any(canonical(Requirement(line).name) == CORE_DISTRIBUTION for line in lines):
        raise Broken("no Requires-Dist line names connector-core")


@check("C1-TYPED", "silver", after=["C1-DECLARED"])
def typed(candidate: Candidate) -> None:
    """The package ships `py.typed`.

    Without it, type checkers ignore the types of the package: nobody is told that a changed interface no longer fits.
    """
    if candidate.folder is None or not (candidate.folder / "py.typed").is_file():
        raise Broken("py.typed is missing from the package")


@check("C4-ENDS", "bronze", after=["C1-IMPORTS"])
def ends(candidate: Candidate) -> None:
    """A process that reads all the samples comes to its end, and does so soon.

    A connector that waits for something, or takes the process with it, keeps everything else of the practice waiting.
    What follows happens in the process of the tests, so that it is not run where this fails.
    """
    _ = candidate.observed


@check("C1-QUIET", "silver", after=["C4-ENDS"])
def quiet(candidate: Candidate) -> None:
    """Importing and registering has no effect beside: no file, connection, process or thread, nothing set or printed.

    Every command imports the plugins, also those that must work when everything else fails.
    """
    observed = candidate.observed
    if observed.effects:
        raise Broken(f"seen while importing and registering: {', '.join(observed.effects)}")
    if observed.printed:
        raise Broken("something was printed")


@check("C1-FAST", "silver", after=["C4-ENDS"])
def fast(candidate: Candidate) -> None:
    """Importing and registering takes little processor time.

    What a plugin needs only to read a file, it imports when it reads one; every command would wait for it else.
    """
    seconds, most = candidate.observed.seconds, candidate.limits.import_seconds
    if seconds > most:
        raise Broken(f"{seconds:.1f} s of processor time, {most:g} s at most")


@check("C2-KNOWN", "bronze", after=["C1-IMPORTS"])
def known(candidate: Candidate) -> None:
    """Every function marked as a hook is one of this core, with arguments that the hook has.

    A plugin with an unknown hook is taken for one that needs a newer core, and is set aside.
    """
    found = _implementations(candidate)
    unknown = sorted({caller.name for caller, each in found if not caller.has_spec() and not each.optionalhook})
    if unknown:
        raise Broken(f"hooks that this core does not have: {', '.join(unknown)}")
    if not found:
        raise Broken("no function of the module is marked with @hookimpl")


@check("C2-WRAPPER", "bronze", after=["C2-KNOWN"])
def wrapper(candidate: Candidate) -> None:
    """No hook is wrapped.

    A wrapper sees and changes what other plugins answer; a plugin that has one is set aside.
    """
    found = _implementations(candidate)
    wrapped = sorted({caller.name for caller, each in found if each.wrapper or each.hookwrapper})
    if wrapped:
        raise Broken(f"wraps {', '.join(wrapped)}")


@check("C2-REGISTERS", "bronze", after=["C2-WRAPPER", "C1-RANGE"])
def registers(candidate: Candidate) -> None:
    """All that the plugin registers is accepted, and the connector is among it.

    One contribution that is refused, or a hook that raises, and nothing of the plugin is used.
    """
    report = candidate.report
    if report.status != "ok":
        raise Broken(". ".join(filter(None, (f"{report.stage}: {report.reason}", report.remedy))))
    if candidate.connector not in candidate.host.connectors:
        raise Broken(
            f"no connector « {candidate.connector} » is registered, but {', '.join(report.connectors) or 'none'}"
        )


@check("C1-RANGE", "bronze", after=["C2-WRAPPER"])
def core_range(candidate: Candidate) -> None:
    """`info.requires_core` says from which version of the core, and below which, the connector is meant for.

    The next major version may change what a connector is asked; a connector that claims to work with it lies. The range
    holds the core that the kit runs under.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    for connector in _offered(candidate):
        text = getattr(getattr(connector, "info", None), "requires_core", "")
        try:
            wanted = SpecifierSet(text)
        except InvalidSpecifier:
            raise Broken("requires_core is no version specifier") from None
        operators = {each.operator for each in wanted}
        if operators.isdisjoint({">=", ">", "~=", "=="}) or operators.isdisjoint({"<", "<=", "~=", "=="}):
            raise Broken("requires_core has no lower or no upper bound")
        if not wanted.contains(__version__, prereleases=True):
            raise Broken(f"requires_core leaves out {__version__}, the core that the kit runs under")


@check("C2-INFO", "silver", after=["C2-REGISTERS"])
def info(candidate: Candidate) -> None:
    """`info.version` is the version of the distribution.

    It is what a report, a claim and a diagnosis name; two versions of one thing would send a technician astray.
    """
    said, ours = candidate.tested.info.version, candidate.declared.origin.version
    if said != ours:
        raise Broken(f"info.version is « {said} », the distribution is of version {ours}")


@check("C2-STABLE", "bronze", after=["C2-REGISTERS"])
def stable(candidate: Candidate) -> None:
    """Registering a second time gives the same ids.

    What a practice configures, switches off or has been told is kept by these ids.
    """
    first, second = (_ids(candidate) for _ in range(2))
    if first != second:
        raise Broken(f"not the same twice: {', '.join(sorted(first ^ second))}")


@check("C3-EXTRA", "silver", after=["C2-REGISTERS"])
def extra(candidate: Candidate) -> None:
    """A dialect with a key under `[connector]` that the connector does not know is refused.

    A misspelled key would be ignored, and the site would not learn that its setting does nothing.
    """
    connector, dialects = _dialects(candidate)
    odd = replace(next(iter(dialects.values())), connector={"zz_unknown_key": "1"})
    answer = guarded(lambda: connector.with_dialects([odd]))
    if not isinstance(answer, Raised):
        raise Broken("a dialect with the key « zz_unknown_key » was accepted")
    if not isinstance(answer.error, ConfigurationError):
        raise Broken(f"refused with {type(answer.error).__name__} instead of ConfigurationError")


@check("C3-SITE", "silver", after=["C2-REGISTERS"])
def site(candidate: Candidate) -> None:
    """A site's own copy of a dialect takes the place of the one that is shipped.

    A site whose software exports a little otherwise is helped by a copy with two lines changed, not by a new version.
    """
    connector, dialects = _dialects(candidate)
    for dialect in dialects.values():
        own = connector.with_dialects([replace(dialect, title="the site's own")])
        used = own.dialects.get(dialect.id) if isinstance(own, ReadsDialects) else None
        if used is None or used.title != "the site's own":
            raise Broken(f"« {dialect.id} » is still the one that is shipped")
        if set(own.dialects if isinstance(own, ReadsDialects) else ()) != set(dialects):
            raise Broken(f"with a site's « {dialect.id} », other dialects are gone")


@check("C3-SECRET", "bronze", after=["C2-REGISTERS"])
def secrets(candidate: Candidate) -> None:
    """No dialect holds a secret; where one is needed, it is a reference such as `secret:acme`.

    A dialect is shipped, copied, sent to a vendor. A secret belongs in the keyring of the account that runs the
    service.
    """
    _, dialects = _dialects(candidate)
    for dialect in dialects.values():
        for name, value in dialect.connector.items():
            if any(word in name.lower() for word in _SECRET) and not value.startswith("secret:"):
                raise Broken(f"« {dialect.id} » holds « {name} » in clear")


@check("C8-DECLARED", "bronze", after=["C2-REGISTERS"])
def write_back(candidate: Candidate) -> None:
    """`write_back` is among the capabilities where a dialect has a place for flags, and nowhere else.

    The core writes by what dialects declare, and has no other way to ask: a connector that promises more leaves the
    practice waiting for flags that never come.
    """
    connector = candidate.tested
    places = isinstance(connector, ReadsDialects) and any(each.write_back for each in connector.dialects.values())
    if ("write_back" in connector.info.capabilities) != places:
        raise Broken("the connector declares write_back without a place" if not places else "it is not declared")


def _implementations(candidate: Candidate) -> list[tuple[pluggy.HookCaller, pluggy.HookImpl]]:
    """The hooks that the module implements, as pluggy finds them."""
    manager = candidate.manager()
    try:
        manager.register(candidate.module, candidate.connector)
    except pluggy.PluginValidationError as error:
        raise Broken(f"a hook asks for an argument that it does not have ({error.args[-1]})") from None
    return list(implementations(manager, candidate.module))


def _offered(candidate: Candidate) -> Iterator[object]:
    """What the plugin registers as connectors, before anybody checks it."""
    offered: list[object] = []
    for caller, each in _implementations(candidate):
        if caller.name == "connector_register_connectors":
            guarded(lambda: each.function(offered.append))  # noqa: B023  # called at once
    yield from offered


def _ids(candidate: Candidate) -> set[str]:
    host = candidate.loaded()
    kinds: Mapping[str, list[str]] = {
        "connector": list(host.connectors),
        "rule": [each.code for each in host.rules],
        "diagnostic": [each.id for each in host.diagnostics],
        "sensitive": [each.id for each in host.sensitive],
        "delivery": [each.id for each in host.deliveries],
        "dialect": [
            dialect
            for each in host.connectors.values()
            if isinstance(each.connector, ReadsDialects)
            for dialect in each.connector.dialects
        ],
    }
    return {f"{kind} {name}" for kind, names in kinds.items() for name in names}


def _dialects(candidate: Candidate) -> tuple[ReadsDialects, Mapping[str, Dialect]]:
    connector = candidate.tested
    if not isinstance(connector, ReadsDialects) or not connector.dialects:
        raise NotApplicable("the connector has no dialects")
    return connector, connector.dialects


CHECKS: tuple[PluginCheck, ...] = (
    declared,
    imports,
    requires,
    core_range,
    typed,
    ends,
    quiet,
    fast,
    known,
    wrapper,
    registers,
    info,
    stable,
    extra,
    site,
    secrets,
    write_back,
)
