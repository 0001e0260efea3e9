"""Which of the events that are noted by hand a record fills."""

from __future__ import annotations

from collections.abc import Mapping

from connector_core.model.coverage import NOTED
from connector_core.store.dossiers import Dossiers

NOTED_FIELDS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(field for of, _, field in (name.partition(".") for name in sorted(NOTED)) if of == kind)
    for kind in sorted({name.partition(".")[0] for name in NOTED})
}
"""The fields by kind."""


def filled_in(dossiers: Dossiers) -> set[str]:
    """The fields that some record of a store fills."""
    kinds = tuple(NOTED_FIELDS)
    return {
        f"{kind}.{field}"
        for _, records in dossiers.of_kinds(*kinds)
        for kind, found in zip(kinds, records, strict=True)
        for field in NOTED_FIELDS[kind]
        if any(getattr(each, field) is not None for each in found)
    }
