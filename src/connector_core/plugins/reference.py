"""The reference of the hooks, generated from their specifications; `docs/vendor/hooks.md` is its output."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from connector_core.plugins import hookspecs

_INTRODUCTION = f"""# Hooks

This page is generated from `connector_core.plugins.hookspecs`.

A plugin is a Python package with an entry point in the group `{hookspecs.ENTRY_POINT_GROUP}`. The module it names
implements the hooks it needs, marked with `hookimpl`; a function may leave out arguments that it does not use.

```python
from collections.abc import Callable

from connector_core.plugins import hookimpl
from connector_core.plugins.contributions import Diagnosis, Diagnostic


def export_is_switched_on() -> Diagnosis:
    return Diagnosis("mysoftware-export", "ok", found="l'export automatique est activé")


@hookimpl
def connector_register_diagnostics(register: Callable[[Diagnostic], None]) -> None:
    register(Diagnostic("mysoftware-export", "Export automatique", export_is_switched_on))
```

What every hook may count on:

* Plugins are called one at a time. What one raises, `SystemExit` included, is caught, and the others are still called.
* The five hooks that register are called once, when connector starts. If one of them raises, or registers something
  that is refused, nothing of that plugin is used, and `connector plugins list` says why.
* A plugin that implements a hook missing from this page needs a newer connector-core, and is set aside.
* A plugin that does not come with connector is imported only after a person enabled it, and then in a process of its
  own, for its connectors alone. The other hooks are called where that person said `--in-process`
  ([plugins](../technician/plugins.md)).
* A plugin does not wrap hooks (`wrapper`, `hookwrapper`); it would be set aside.
"""


def hooks() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every hook with its specification, in the order of the file."""
    for name, value in vars(hookspecs).items():
        if inspect.isfunction(value) and hasattr(value, f"{hookspecs.PROJECT}_spec"):
            yield name, value


def hook_reference() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(name, hook) for name, hook in hooks())])


def signature(name: str, hook: Callable[..., object]) -> str:
    """The line that defines a hook."""
    given = inspect.signature(hook)
    parameters = ", ".join(f"{each.name}: {each.annotation}" for each in given.parameters.values())
    return f"def {name}({parameters}) -> {given.return_annotation}"


def _section(name: str, hook: Callable[..., object]) -> str:
    text, *parameters = (inspect.getdoc(hook) or "").split(":param ")
    lines = [f"## `{name}`", "", "```python", signature(name, hook), "```", "", text.strip(), ""]
    for parameter in parameters:
        argument, _, meaning = parameter.partition(":")
        lines.append(f"* `{argument}`: {' '.join(meaning.split())}")
    return "\n".join([*lines, ""])
