"""Findings that the store keeps: found by the beginning of their fingerprint, written with their life."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector_core.errors import ConfigurationError

if TYPE_CHECKING:
    from connector_core.deliver.answer import Json
    from connector_core.deliver.people import People
    from connector_core.store.answers import KeptFinding
    from connector_core.store.store import Store

STATES = {"open": "ouvert", "dismissed": "écarté", "resolved": "résolu"}
_PREFIX = re.compile(r"[0-9a-f]{1,20}")


def only_one(store: Store, prefix: str) -> KeptFinding:
    """The one finding whose fingerprint begins so; ConfigurationError when there is none, or several."""
    wanted = prefix.lower()
    found = store.answers.find(wanted) if _PREFIX.fullmatch(wanted) else []
    if not found:
        raise ConfigurationError(f"aucun constat n'a d'empreinte qui commence par « {prefix} »", remedy=_LIST)
    if len(found) > 1:
        listed = "\n".join(f"  {each.finding.fingerprint}  {each.finding.rule}" for each in found)
        raise ConfigurationError(
            f"plusieurs constats ont une empreinte qui commence par « {prefix} »",
            remedy=f"Précisez :\n{listed}\n{_LIST}",
        )
    return found[0]


def who_of(people: People, kept: KeptFinding) -> str | None:
    """The patient's name and birth date, where the finding is about one; the professional's name where it is about
    them."""
    from connector_core.deliver.french import short_day

    owner = people.owner(kept.owner)
    person = owner.person or owner.household.get(kept.finding.patient_id or "")
    if person is None or kept.finding.patient_id is None:
        return people.professional(kept.finding)
    born = "" if person.birth_date is None else f", {person.born} le {short_day(person.birth_date)}"
    return f"{person.name}{born}"


_LIST = "« connector findings » les liste"


def to_json(kept: KeptFinding) -> Mapping[str, Json]:
    """The finding as `check --json` writes it, then its life."""
    from connector_core.deliver.answer import finding_to_json

    return {
        **finding_to_json(kept.finding),
        "state": kept.state,
        "opened_on": kept.opened_on,
        "changed_on": kept.changed_on,
        "reason": kept.reason,
    }


def life_text(kept: KeptFinding) -> str:
    """« Ouvert depuis le 02/03/2026. » and why it was dismissed."""
    from datetime import date

    from connector_core.deliver.french import short_day

    opened, changed = (short_day(date.fromisoformat(day)) for day in (kept.opened_on, kept.changed_on))
    if kept.state == "open":
        return f"Ouvert depuis le {opened}."
    told = f"{STATES[kept.state].capitalize()} le {changed}, ouvert le {opened}."
    return f"{told} Motif : {kept.reason.rstrip('. ')}." if kept.reason else told
