"""The order of a dossier's records: that of days, then of whatever tells apart what happened on one day.

A kind in which nothing happens on a day has none, and stays as it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from operator import attrgetter, is_
from typing import TypeVar, cast

from connector_core.model.records import Act, Record

T = TypeVar("T")
_Order = Callable[[Record], object]


def in_order(kind: str, records: Sequence[T]) -> Sequence[T]:
    """Records of one kind in order; themselves when they are."""
    orders = _ORDERS.get(kind)
    if orders is None or len(records) < 2:
        return records
    order, slow = cast(tuple[Callable[[T], object], Callable[[T], object]], orders)
    ordered = sorted_by(records, order, slow)
    return records if all(map(is_, ordered, records)) else ordered


def all_in_order(records: Mapping[str, Sequence[T]]) -> Mapping[str, Sequence[T]]:
    """Records by kind, each kind in order."""
    return {kind: in_order(kind, each) for kind, each in records.items()}


def sorted_by(records: Sequence[T], order: Callable[[T], object], slow: Callable[[T], object]) -> list[T]:
    """Records in an order; in that of `slow` where a field is empty in some of them and not in others."""
    try:
        return sorted(records, key=order)  # type: ignore[arg-type]  # keys that compare
    except TypeError:  # of two acts of one day, only one has a time
        return sorted(records, key=slow)  # type: ignore[arg-type]  # the same


def _by(*fields: str) -> tuple[_Order, _Order]:
    """An order of fields that are never empty."""
    order = attrgetter(*fields)
    return order, order


def _with_midnight(act: Act) -> tuple[date, time, str]:
    return act.performed_on, act.started_at or time.min, act.id


_ORDERS: Mapping[str, tuple[_Order, _Order]] = {
    "prescription": _by("issued_on", "id"),
    "treatment": _by("started_on", "id"),
    "act": (attrgetter("performed_on", "started_at", "id"), cast(_Order, _with_midnight)),
    "assessment": _by("performed_on", "id"),
    "bsi": _by("entered_on", "id"),
    "prior_agreement": _by("sent_on", "id"),
    "invoice": _by("closed_on", "number", "id"),
    "payer_return": _by("returned_on", "id"),
    "patient_payment": _by("received_on", "id"),
    "reminder": _by("sent_on", "id"),
    "quote": _by("issued_on", "id"),
    "appointment": _by("starts_at", "id"),
}
