"""What the practice is told of a file: its findings and the questions left open, without where they were read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from connector_core.formats.document import SpooledFile
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.pipeline.attempt import Pipeline
from connector_core.pipeline.given import Input, Rules
from connector_core.plugins.host import PluginHost
from connector_core.plugins.loader import load_plugins
from connector_core.store.store import Store

AS_OF = dt.date(2026, 11, 20)


@dataclass(frozen=True)
class Answers:
    """What was answered, and how much of the input was refused."""

    findings: frozenset[str]
    undetermined: frozenset[str]
    rejects: Sequence[str]


@cache
def host() -> PluginHost:
    """The connectors that are installed."""
    return load_plugins()


@cache
def rules() -> Rules:
    """Their rules."""
    return Rules(host(), load_parameters(), load_tariffs())


def answers(file: SpooledFile, source: str = "") -> Answers:
    """Read a file of a source into an empty store and check it."""
    store = Store.in_memory()
    pipeline = Pipeline(store, rules(), lambda: dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC))
    outcome = pipeline.attempt([Input(source, file)], AS_OF)
    found = answers_of(store)
    refused = [each.state for each in outcome.files if each.state != "committed"]
    return replace(found, rejects=[*found.rejects, *refused])


def answers_of(store: Store) -> Answers:
    """What a store answers."""
    findings = (kept.finding for kept in store.answers.findings())
    return Answers(
        frozenset(
            repr((each.fingerprint, each.severity, each.patient_id, each.message, str(each.amount), str(each.due_on)))
            for each in findings
        ),
        frozenset(repr((each.rule, each.subject, each.missing, each.reason)) for each in store.answers.undetermined()),
        [f"{each.place} {each.reason}" for each in store.files.rejects()],
    )
