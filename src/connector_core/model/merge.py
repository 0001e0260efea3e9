"""One patient, several sources: records that describe the same thing become one.

Records of one source are never merged with each other. Across sources they are joined by natural key: the patient by
the dossier itself; an invoice by practitioner, number and the year it was closed in, since numbers start anew every
year; an act by practitioner, day, letter, coefficient and its occurrence that day; a payer's return by invoice, lot,
payer, day, state and amounts; anything else when all it says is equal. Around New Year, sources may differ on the year
of one invoice: a few days apart, it is one. The leading source's value stands, others fill what it leaves empty, and
what they contradict is kept to be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from connector_core.model.records import KINDS, Act, Invoice, PayerReturn, Practitioner, Record, field_names
from connector_core.model.values import invoice_key, numbered_together

Sourced = Mapping[str, Sequence[Record]]
"""Records by kind."""

_NUMBERS = frozenset({"number", "invoice_number", "lot_number", "replaces"})
"""Fields that hold the number of an invoice or a lot."""
_REFERENCES: Mapping[str, str] = {
    "patient_id": "patient",
    "prescription_id": "prescription",
    "renewal_of": "prescription",
    "treatment_id": "treatment",
    "invoice_id": "invoice",
    "act_id": "act",
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sources say different things of one field. Values are left out: they are read in the records."""

    kind: str
    id: str
    field: str
    leader: str
    other: str


@dataclass(frozen=True, slots=True)
class MergedRecords:
    records: Mapping[str, list[Record]]
    contradictions: tuple[Contradiction, ...]


def merge_sources(by_source: Mapping[str, Sourced], order: Sequence[str], leaders: Mapping[str, str]) -> MergedRecords:
    """Merge the records of several sources about one patient.

    `order` lists the sources, the leading one first; `leaders` names another leader for a record kind.
    """
    merged: dict[str, list[Record]] = {}
    told: list[Contradiction] = []
    renamed: dict[tuple[str, str], str] = {}
    members: dict[str, list[list[tuple[str, Record]]]] = {}
    for kind in KINDS:
        ranked = sorted(by_source, key=lambda source: (source != leaders.get(kind), order.index(source)))
        groups: dict[Hashable, list[tuple[str, Record]]] = {}
        for source in ranked:
            for key, record in _keyed(kind, by_source[source].get(kind, ())):
                groups.setdefault(key, []).append((source, record))
        members[kind] = list(groups.values())
        if kind == "invoice":
            members[kind] = _over_new_year(members[kind])
        for group in members[kind]:
            first = group[0][1].id
            renamed.update({(kind, record.id): first for _, record in group[1:]})
    for kind, found in members.items():
        if found:
            merged[kind] = [_one(kind, group, renamed, told) for group in found]
    return MergedRecords(merged, tuple(told))


def one_each(practitioners: Sequence[Practitioner]) -> tuple[dict[str, Practitioner], dict[str, str]]:
    """Professionals of several sources joined by RPPS, else by AM number: each by the id of the first, and the ids of
    the others with the one that stands for them."""
    first: dict[str, Practitioner] = {}
    professionals: dict[str, Practitioner] = {}
    known_as: dict[str, str] = {}
    for each in practitioners:
        keys = [key for key in (each.rpps and f"rpps|{each.rpps}", each.am_number and f"am|{each.am_number}") if key]
        same = next((first[key] for key in keys if key in first), None)
        if same is None:
            professionals[each.id] = each
            first.update(dict.fromkeys(keys, each))
        else:
            known_as[each.id] = same.id
    return professionals, known_as


def _over_new_year(groups: Sequence[list[tuple[str, Record]]]) -> list[list[tuple[str, Record]]]:
    """Invoices with those of one practitioner and number joined that only New Year parts, and that no source tells of
    both."""
    found: list[list[tuple[str, Record]]] = []
    by_number: dict[Hashable, list[list[tuple[str, Record]]]] = {}
    for group in groups:
        invoice = cast(Invoice, group[0][1])
        alike = by_number.setdefault((invoice.practitioner_id, invoice_key(invoice.number)), [])
        sources = {source for source, _ in group}
        for other in alike:
            near = numbered_together(cast(Invoice, other[0][1]).closed_on, invoice.closed_on)
            if near and sources.isdisjoint(source for source, _ in other):
                other.extend(group)
                break
        else:
            alike.append(group)
            found.append(group)
    return found


def _one(
    kind: str, group: list[tuple[str, Record]], renamed: Mapping[tuple[str, str], str], told: list[Contradiction]
) -> Record:
    leader, first = group[0]
    values = _fields(first)
    for source, record in group[1:]:
        for name, value in _fields(record).items():
            if value is None or name in ("id", "vendor") or name in _REFERENCES or name.endswith("_id"):
                if values[name] is None:
                    values[name] = value
            elif values[name] is None:
                values[name] = value
            elif not _agree(name, values[name], value) and not _is_default(kind, name, value):
                told.append(Contradiction(kind, first.id, name, leader, source))
    for name, target in _REFERENCES.items():
        reference = values.get(name)
        if reference is not None:
            values[name] = renamed.get((target, cast(str, reference)), reference)
    changed = {name: value for name, value in values.items() if value is not getattr(first, name)}
    return first.model_copy(update=changed) if changed else first


def _agree(name: str, one: object, other: object) -> bool:
    """Whether two values of a field say the same: a number may be written with leading zeros here and without there."""
    return one == other or (name in _NUMBERS and invoice_key(str(one)) == invoice_key(str(other)))


def _fields(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in field_names(KINDS[record.record])}


def _is_default(kind: str, name: str, value: object) -> bool:
    return bool(KINDS[kind].model_fields[name].default == value)


def _keyed(kind: str, records: Sequence[Record]) -> list[tuple[Hashable, Record]]:
    """Records with the key by which those of another source are told to be the same: of those that share one in their
    own source, the first is the other's first, the second its second."""
    if kind == "act":
        records = sorted(records, key=_act_order)
    key_of = _KEYS.get(kind, _content)
    occurrences: Counter[Hashable] = Counter()
    keyed: list[tuple[Hashable, Record]] = []
    for record in records:
        key = key_of(record)
        occurrences[key] += 1
        keyed.append(((key, occurrences[key]), record))
    return keyed


def _act_order(record: Record) -> tuple[date, str, str]:
    act = cast(Act, record)
    return act.performed_on, str(act.started_at or ""), act.id


def _act_key(record: Record) -> Hashable:
    act = cast(Act, record)
    return act.practitioner_id, act.performed_on, act.letter, act.coefficient


def _content(record: Record) -> Hashable:
    return tuple(
        str(value)
        for name, value in _fields(record).items()
        if name not in ("id", "vendor") and name not in _REFERENCES and not name.endswith("_id")
    )


_KEYS: Mapping[str, Callable[[Record], Hashable]] = {
    "patient": lambda record: "patient",
    "act": _act_key,
    "invoice": lambda record: _invoice_key(cast(Invoice, record)),
    "payer_return": lambda record: _return_key(cast(PayerReturn, record)),
}


def natural_key(record: Record) -> Hashable:
    """What tells a record apart from others of its kind, whatever the source that tells of it."""
    return _KEYS.get(record.record, _content)(record)


def _invoice_key(each: Invoice) -> Hashable:
    return each.practitioner_id, invoice_key(each.number), each.closed_on.year


def _return_key(each: PayerReturn) -> Hashable:
    number = invoice_key(each.invoice_number)
    lot = None if each.lot_number is None else invoice_key(each.lot_number)
    return number, lot, each.payer, each.returned_on, each.state, each.claimed, each.paid
