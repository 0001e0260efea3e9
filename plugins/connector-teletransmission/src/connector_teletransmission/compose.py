"""Making B2 lots and NOEMIE returns: for the samples, the tests, and whoever needs a file of the reference layout.

What is given is fields by the names of the layouts; what follows from it is filled in: the identity that every record
of an invoice repeats, the totals, the 990, the 999.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from connector_teletransmission import b2, noemie, noemie_entities

Fields = Mapping[str, str]
Part = tuple[str, Fields]
"""The name of a record or an entity, and its fields."""

_REPEATED = ("provider_no+key", "insured_nir", "nir_key", "invoice_no")
_HEADER = {"sender_type": "TP", "dest_type": "CP", "record_length": "128"}


class LotPlan(NamedTuple):
    """A lot to make: its header, and its invoices, each as its records from type 2 on, without the totals."""

    header: Fields
    invoices: Sequence[Sequence[Part]]


def b2_group(header: Fields, lots: Sequence[LotPlan], newline: bytes = b"", tail: bytes | None = None) -> b2.Group:
    """A file of lots. `tail` is what follows the last record; the line end, if none is given."""
    head = b2.LAYOUTS["000"].build({**_HEADER, "application": "TR", **header})
    made = [_lot(plan) for plan in lots]
    records = 2 + sum(2 + sum(len(invoice.records) for invoice in lot.invoices) for lot in made)
    same = {name: b2.fields_of(head).get(name, "") for name in _COPIED_B2}
    trailer = {**same, "lot_count": str(len(made)), "file_volume": str(records)}
    return b2.Group(1, head, tuple(made), b2.LAYOUTS["999"].build(trailer), newline, newline if tail is None else tail)


_COPIED_B2 = ("sender_type", "sender_no", "dest_type", "dest_no", "application", "file_id")


def _lot(plan: LotPlan) -> b2.Lot:
    header = b2.LAYOUTS["1"].build(plan.header)
    provider = plan.header["provider_no+key"]
    invoices = [_invoice(provider, parts) for parts in plan.invoices]
    records = [record for invoice in invoices for record in invoice.records]
    totals = [b2.fields_of(record) for record in records if b2.name_of(record) == "5"]
    kinds = [b2.name_of(record) for record in records]
    trailer = {
        "provider_no+key": provider,
        "lot_no": plan.header["lot_no"],
        "invoice_count": str(len(invoices)),
        "act_line_count": str(kinds.count("4")),
        "type2_count": str(kinds.count("2")),
        "type5_count": str(len(invoices)),
        "lot_total_billed": str(sum(int(total["total_billed"]) for total in totals)),
        "lot_total_amo": str(sum(int(total["total_amo"]) for total in totals)),
        "lot_total_amc": str(sum(int(total["total_amc"]) for total in totals)),
    }
    return b2.Lot(1, header, tuple(invoices), (), b2.LAYOUTS["6"].build(trailer))


def _invoice(provider: str, parts: Sequence[Part]) -> b2.Invoice:
    same = {name: parts[0][1].get(name, "") for name in _REPEATED} | {"provider_no+key": provider}
    acts = [fields for name, fields in parts if name == "4"]
    billed, amo, amc = (
        sum(int(fields.get(name, "0")) for fields in acts)
        for name in ("fees_total(5+2)", "amo_amount(5+2)", "amc_amount(5+2)")
    )
    total = {
        "type4_count": str(len(acts)),
        "total_billed": str(billed),
        "total_amo": str(amo),
        "total_amc": str(amc),
        "patient_share": str(billed - amo - amc),
    }
    every = [*parts, ("5", total)]
    return b2.Invoice(1, tuple(b2.LAYOUTS[name].build({**fields, **same}) for name, fields in every))


class Level(NamedTuple):
    """A level of a return to make: the entity that opens it, and what it holds; a 990 closes it."""

    opener: Part
    content: Sequence[Level | Part]


_DEPTH = {"020": "01", "040": "02", "070": "03", "071": "03", "080": "04", "081": "04", "100": "05", "102": "05"}
_LEAF_DEPTH = "06"
_COPIED_NOEMIE = ("sender_type", "sender_no", "sender_prog", "dest_type", "dest_no", "exchange_app", "file_id")


def noemie_group(
    header: Fields, levels: Sequence[Level], newline: bytes = b"", tail: bytes | None = None
) -> noemie.Group:
    """A return. `tail` is what follows the last block; the line end, if none is given."""
    head = noemie_entities.LAYOUTS["000"].build(
        {"sender_type": "CP", "dest_type": "TP", "record_length": "128", **header}
    )
    made = [_level(level) for level in levels]
    entities = [entity for part in made for entity in part.entities]
    fields = noemie_entities.fields_of(head)
    lots = {(entity[20:23], entity[23:29]) for entity in entities if entity[:3] == b"102"}
    lots |= {(entity[11:14], entity[5:11]) for entity in entities if entity[:3] == b"080"}
    amount = sum(part.amount for part in made)
    trailer = {
        **{name: fields.get(name, "") for name in _COPIED_NOEMIE},
        "record_count": str(2 + len(noemie.blocks_of(entities, noemie.MORE))),
        "flow_type": fields["flow_type"],
        "lot_count": str(len(lots)),
        "amount_total": str(abs(amount)),
        "sign(N/P)": "N" if amount < 0 else "P",
    }
    return noemie.Group(
        1,
        head,
        tuple(entities),
        noemie_entities.LAYOUTS["999"].build(trailer),
        newline,
        noemie.MORE,
        newline if tail is None else tail,
    )


class _Made(NamedTuple):
    entities: list[bytes]
    amount: int


def _level(level: Level) -> _Made:
    code, fields = level.opener
    entities = [noemie_entities.LAYOUTS[code].build({"break_level": _DEPTH[code], **fields})]
    lower = sum(1 for part in level.content if isinstance(part, Level))
    amount = 0
    for part in level.content:
        if isinstance(part, Level):
            made = _level(part)
            entities += made.entities
            amount += made.amount
        else:
            entities.append(noemie_entities.LAYOUTS[part[0]].build({"break_level": _LEAF_DEPTH, **part[1]}))
    direct = [part for part in level.content if not isinstance(part, Level)]
    amount += sum(_amounts(direct))
    name = "".join(noemie_entities.fields_of(entities[0])[each] for each in noemie_entities.named_by(code))
    closing = {
        "break_level": "99",
        "closed_level_id": name,
        "lower_count": str(lower or len(direct)),
        "lower_amount": str(abs(amount)),
        "sign(N/P)": "N" if amount < 0 else "P",
    }
    entities.append(noemie_entities.LAYOUTS["990"].build(closing))
    return _Made(entities, amount)


def _amounts(parts: Sequence[Part]) -> Iterator[int]:
    """What entities of one level add to its total: the parts, or the lines where there are none."""
    kinds = {code for code, _ in parts}
    counted = {"198": "amo_paid", "199": "amc_paid", "261": "amount"}
    if not kinds & {"198", "199"}:
        counted["210"] = "amount_reimbursed"
    for code, fields in parts:
        if code in counted:
            amount = int(fields.get(counted[code], "0"))
            yield -amount if fields.get("sign(N/P)") == "N" else amount
