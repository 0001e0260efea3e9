"""What an answer rests on and no source of the practice gives: without it, "nothing" would not be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_core.model.coverage import Covers


def unsourced(covers: Covers, *names: str) -> list[str]:
    """Of record kinds (`"invoice"`) and fields (`"act.excess"`), those that no source covers."""
    return [name for name in names if name not in covers]


def unsourced_text(missing: Sequence[str], unknown: str) -> str:
    """« Aucune source ne donne les factures : ce qui est dû n'est pas connu. »"""
    from connector_core.deliver.field_words import FIELD_WORDS

    *others, last = (FIELD_WORDS[name] for name in missing)
    given = f"{', '.join(others)} ni {last}" if others else last
    return f"Aucune source ne donne {given} : {unknown}."
