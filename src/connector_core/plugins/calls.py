"""Calling one hook of one plugin.

pluggy's own calls run all plugins together, stop at the first that raises, and throw away what the others answered.
So pluggy keeps and verifies the implementations, and they are called here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pluggy


@dataclass(frozen=True, slots=True)
class HookCall:
    """One hook on one plugin; `implementations` are usually one."""

    implementations: tuple[pluggy.HookImpl, ...]

    def __call__(self, **arguments: object) -> object:
        """The first answer that is not None. Each implementation is given the arguments it asks for."""
        answer: object = None
        for each in self.implementations:
            given: object = each.function(*(arguments[name] for name in each.argnames))
            answer = given if answer is None else answer
        return answer


def hook_call(manager: pluggy.PluginManager, hook: str, plugin: object) -> HookCall | None:
    """How to call `hook` on `plugin` alone; None when the plugin does not implement it."""
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    found = tuple(each for each in caller.get_hookimpls() if each.plugin is plugin)
    return HookCall(found) if found else None


def hook_calls(manager: pluggy.PluginManager, hook: str, plugins: Mapping[str, object]) -> dict[str, HookCall]:
    """The plugins that implement `hook`, in the order given."""
    calls = {name: hook_call(manager, hook, plugin) for name, plugin in plugins.items()}
    return {name: call for name, call in calls.items() if call is not None}


def implementations(
    manager: pluggy.PluginManager, plugin: object
) -> Iterable[tuple[pluggy.HookCaller, pluggy.HookImpl]]:
    """Every hook implementation of a registered plugin, with its hook."""
    for caller in manager.get_hookcallers(plugin) or ():
        for each in caller.get_hookimpls():
            if each.plugin is plugin:
                yield caller, each
