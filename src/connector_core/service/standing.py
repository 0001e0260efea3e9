"""What is wrong with a source right now, as the daemon sees it, for the commands that ask.

One small file beside the store says it, replaced as a whole; it names sources and says our own sentences, nothing of
what the files hold, not even their names. It is true while the daemon runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What is wrong (French, without data), and since when."""

    what: str
    since: datetime


class Standing:
    """Keeps the file. One that can't be written is no reason to stop watching: the log has the same sentences."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problems: dict[str, Problem] = {}
        self._write()

    def tell(self, problems: Mapping[str, str]) -> None:
        """What is wrong now, by source; a problem that goes on keeps the moment it began."""
        now = datetime.now(UTC)
        before = self._problems
        self._problems = {
            source: before[source] if source in before and before[source].what == what else Problem(what, now)
            for source, what in problems.items()
        }
        self._write()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".tmp")
        try:
            temporary.write_bytes(_encode(self._problems))
            temporary.replace(self._path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()


def read_standing(path: Path) -> dict[str, Problem]:
    """What a running daemon said last, by source; nothing where it says nothing."""
    try:
        return _decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Problem]).decode
