"""What a person is told in a few words: how many things there are to do, and how much money waits. Pure.

No patient is named unless it is asked for, and even then only the first few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from connector_core.deliver import french
from connector_core.deliver.notice import Notice
from connector_core.deliver.report_data import money_of
from connector_core.deliver.report_model import Item, ReportData
from connector_core.deliver.sections import Section

_MOST_NAMES = 5

WORDS: Mapping[Section, tuple[str, str]] = {
    "bilan_todo": ("bilan à faire", "bilans à faire"),
    "bilan_to_bill": ("bilan à facturer", "bilans à facturer"),
    "payer_reject": ("facture rejetée", "factures rejetées"),
    "coding": ("cotation à corriger", "cotations à corriger"),
    "to_invoice": ("acte à facturer", "actes à facturer"),
}
"""What one finding and several are called, for the parts of the report about which something can be done now."""


def digest(data: ReportData, *, names: bool = False) -> Notice | None:
    """« 3 bilans à faire, 2 factures rejetées, 142,30 € en attente »; None when there is nothing to do."""
    return _told("À faire", data.items, data.money.at_stake, names=names)


def news(data: ReportData, fingerprints: Collection[str], *, names: bool = False) -> Notice | None:
    """The same for some findings; those that are no longer open are not told."""
    items = [item for item in data.items if item.finding.fingerprint in fingerprints]
    return _told("Nouveau", items, money_of(items).at_stake, names=names)


def _told(title: str, items: Sequence[Item], waiting: Decimal, *, names: bool) -> Notice | None:
    useful = [item for item in items if item.section in WORDS]
    if not useful:
        return None
    parts = list(_counts(useful))
    if waiting:
        parts.append(f"{french.euros(waiting)} en attente")
    lines = [", ".join(parts)]
    if names:
        lines += _named(useful)
    return Notice(title, "\n".join(lines))


def _counts(items: Iterable[Item]) -> Iterator[str]:
    found = [item.section for item in items]
    for section, words in WORDS.items():
        if section in found:
            yield french.count(found.count(section), *words)


def _named(items: Iterable[Item]) -> Iterator[str]:
    lines = dict.fromkeys(
        f"{item.person.name}{french.WIDE}: {WORDS[item.section][0]}" for item in items if item.person is not None
    )
    yield from list(lines)[:_MOST_NAMES]
    more = len(lines) - _MOST_NAMES
    if more > 0:
        yield f"… et {french.count(more, 'autre')}"
