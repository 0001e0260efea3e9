"""The identifiers that an invented software gives to the records of a practice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connector_core.model.records import Record

_REFERENCES = {
    "patient_id": "patient",
    "practitioner_id": "practitioner",
    "prescription_id": "prescription",
    "renewal_of": "prescription",
    "treatment_id": "treatment",
    "act_id": "act",
    "invoice_id": "invoice",
    "replaces": "invoice",
    "lot_id": "lot",
    "substitute_of": "practitioner",
}


def numbered(first: Mapping[str, int], form: str = "{}") -> Callable[[Sequence[Record]], Sequence[Record]]:
    """Records whose identifiers are whole numbers, each kind counting from its own first."""

    def renamed(records: Sequence[Record]) -> Sequence[Record]:
        counts: dict[str, int] = {}
        names: dict[tuple[str, str], str] = {}
        for record in records:
            number = counts[record.record] = counts.get(record.record, first.get(record.record, 1) - 1) + 1
            names[record.record, record.id] = form.format(number)
        passages: dict[str, str] = {}
        return [_renamed(record, names, passages) for record in records]

    return renamed


def _renamed(record: Record, names: Mapping[tuple[str, str], str], passages: dict[str, str]) -> Record:
    values = dict(record.__dict__)
    values["id"] = names[record.record, record.id]
    for name, kind in _REFERENCES.items():
        if values.get(name):
            values[name] = names.get((kind, values[name]), values[name])
    if values.get("session_id"):
        values["session_id"] = passages.setdefault(values["session_id"], str(70001 + len(passages)))
    return type(record).model_construct(**values)


def as_they_are(records: Sequence[Record]) -> Sequence[Record]:
    return records
