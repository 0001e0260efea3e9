"""Texts whose form is known where they are made, so that their digits are nobody's number."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from connector_core.diagnose.installation_checks import RELEASED

_DIGEST = re.compile(r"[0-9a-f]{8,64}")
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,5}){0,4}[A-Za-z0-9.+!-]{0,24}")


class Exact(str):
    """A version, a digest or an instant of ours: it keeps its digits. Secrets and people are looked for in it, too."""

    __slots__ = ()


def version(text: str) -> str:
    """A version as it is; any other text is one like any other."""
    return Exact(text) if _VERSION.fullmatch(text) else text


def digest(text: str) -> str:
    """A digest as it is; any other text is one like any other."""
    return Exact(text) if _DIGEST.fullmatch(text) else text


def moment(text: str) -> str | None:
    """An instant in ISO form, to the second, in UTC; None for what is none, or lies before this program was made."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None or at < RELEASED else Exact(at.astimezone(UTC).isoformat(timespec="seconds"))
