"""The ISO text forms of the pivot format, read strictly: one form each, nothing else."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)


@lru_cache(maxsize=65536)
def iso_date(text: str) -> date:
    """`YYYY-MM-DD`; ValueError otherwise."""
    if not _DATE.fullmatch(text):
        raise ValueError("date")
    return date.fromisoformat(text)


@lru_cache(maxsize=4096)
def iso_time(text: str) -> time:
    """`HH:MM` or `HH:MM:SS`; ValueError otherwise."""
    if not _TIME.fullmatch(text):
        raise ValueError("time")
    return time.fromisoformat(text)


@lru_cache(maxsize=65536)
def iso_decimal(text: str) -> Decimal:
    """Digits with an optional point and sign; ValueError otherwise."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("decimal")
    return Decimal(text)


def iso_timestamp(text: str) -> datetime:
    """`YYYY-MM-DDTHH:MM[:SS]` with an offset or Z; ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text:
        raise ValueError("timestamp")
    return moment
