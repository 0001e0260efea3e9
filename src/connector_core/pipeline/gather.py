"""Records that belong together across dossiers: a practitioner's day, the returns of a month.

They are gathered beside the dossiers, so that a question about a day needs neither all dossiers nor a search.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import asdict

from connector_core.model.records import Record
from connector_core.pipeline.cabinet import PracticeView
from connector_core.store.codec import (
    KIND_INDEX,
    Gathering,
    Stored,
    encode_list,
    fold_list,
    list_decoder,
    rebuilder,
)
from connector_core.store.dossiers import Merged
from connector_core.store.store import Store

DAYS = "practitioner_day"
"""Gatherings of acts by practitioner and day; the key is `mk1/2026-03-02`."""
INVOICES = "invoices"
"""Gatherings of invoices by the month they were closed in; the key is `2026-03`."""
RETURNS = "returns"
"""Gatherings of payers' returns by month; the key is `2026-03`."""

_KINDS = {DAYS: "act", INVOICES: "invoice", RETURNS: "payer_return"}
_ACTS = KIND_INDEX["act"]


class Gatherings:
    """The gatherings that one attempt changes: what it adds, and what left its place."""

    def __init__(self, store: Store, added: dict[tuple[str, str], Gathering]) -> None:
        self._dossiers = store.dossiers
        self._added = added
        self._left: dict[str, set[str]] = {}
        self.changed = bool(added)

    def moved(self, merged: Merged, view: PracticeView) -> None:
        """Notice the acts of a changed dossier that are no longer on the day they were on."""
        if merged.before is None:
            return
        now = {(view.prefix(each.provenance) + each.id, _day_key(each, view)) for each in merged.records[_ACTS]}
        for each in merged.before[_ACTS]:
            key = _day_key(each, view)
            identity = view.prefix(each.provenance) + each.id
            if (identity, key) not in now:
                self._left.setdefault(key, set()).add(identity)
                self.changed = True

    def save(self, view: PracticeView, *, everything: bool) -> Iterator[tuple[str, list[Record]]]:
        """Write what changed, and yield each changed practitioner's day (each day, if `everything`) with its acts."""
        for subject, key in self._added:
            if subject != DAYS:
                self._dossiers.gather([(subject, key, self._records(subject, key, view)[1])])
        days = {key for subject, key in self._added if subject == DAYS} | set(self._left)
        if everything:
            days.update(self._dossiers.gathered_keys(DAYS))
        rows: list[tuple[str, str, bytes]] = []
        for key in sorted(days):
            stored, blob = self._records(DAYS, key, view)
            rows.append((DAYS, key, blob))
            yield key, rebuilder("act")(stored, view.prefix)
        self._dossiers.gather(rows)

    def _records(self, subject: str, key: str, view: PracticeView) -> tuple[list[Stored], bytes]:
        decode = list_decoder(_KINDS[subject])
        added = self._added.get((subject, key))
        before = self._dossiers.gathered(subject, key)
        left = self._left.get(key, set()) if subject == DAYS else set()
        if before is None and added is not None:
            blob = added.blob()
            stored = decode(blob)
            folded = fold_list(stored, view.source)
            return (stored, blob) if folded is stored else (folded, encode_list(folded))
        stored = decode(before) if before is not None else []
        stored = [each for each in stored if view.prefix(each.provenance) + each.id not in left]
        if added is not None:
            stored = fold_list([*stored, *decode(added.blob())], view.source)
        return stored, encode_list(stored)


def day_key(practitioner: str, day: date) -> str:
    return f"{practitioner}/{day.isoformat()}"


def month_key(day: date) -> str:
    return day.isoformat()[:7]


def _day_key(act: Stored, view: PracticeView) -> str:
    values = asdict(act)
    return day_key(view.prefix(act.provenance) + values["practitioner_id"], values["performed_on"])
