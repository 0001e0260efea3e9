"""Which questions of the rules are open for a practice, and how they read.

A rule of the other profession is not a question of the practice: a masseur-kinésithérapeute is not told that no source
gives the BSI. That holds for what no source covers only; what a rule asks of an act that is there stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from connector_core.deliver.field_words import missing_words
from connector_core.model.finding import Undetermined
from connector_core.model.records import Practitioner
from connector_core.model.vocabulary import Profession
from connector_core.store.codec import as_records
from connector_core.store.store import Store

_PROFESSIONS: Mapping[str, Profession] = {"KINE": "MK", "IDE": "IDE"}


def open_questions(store: Store) -> tuple[Undetermined, ...]:
    """What the rules could not answer, without what does not concern the professions of the practice, where a source
    gives them."""
    staff = cast(list[Practitioner], as_records(store.shared.of("practitioner")))
    professions = {each.profession for each in staff}
    return tuple(each for each in store.answers.undetermined() if not professions or _concerns(each, professions))


def _concerns(each: Undetermined, professions: set[Profession]) -> bool:
    profession = _PROFESSIONS.get(each.rule.partition("-")[0])
    return each.subject.kind != "practice" or profession is None or profession in professions


def reason_words(each: Undetermined) -> str:
    """The reason without the technical names that it ends with: « aucune source ne donne les factures »."""
    names = ", ".join(each.missing)
    return each.reason.removesuffix(names) + missing_words(each.missing) if _ends_with(each, names) else each.reason


def _ends_with(each: Undetermined, names: str) -> bool:
    return bool(names) and each.reason.endswith(f" {names}")
