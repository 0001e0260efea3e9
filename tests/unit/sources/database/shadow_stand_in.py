"""Stands in for the process that makes shadows: the real one, but for Windows. A shadow is a copy of a folder.

    python shadow_stand_in.py NOTES SHADOWS BEHAVIOUR

What it was asked is written down, line by line, in SHADOWS/asked.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from pathlib import Path

from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.database.shadow.maker import serve


class Folders:
    """Makes shadows of folders, or does not, as `behaviour` says."""

    def __init__(self, shadows: Path, behaviour: str) -> None:
        self._shadows = shadows
        self._behaviour = behaviour

    def look(self) -> None:
        self._asked("look")
        self._refuse()

    def make(self, volume: str) -> str:
        tries = self._asked("make")
        if self._behaviour == "busy twice" and tries <= 2:
            raise NoShadow("busy")
        self._refuse()
        while self._behaviour == "hangs" and not (self._shadows / "goes on").exists():
            time.sleep(0.01)
        shadow = f"{{{uuid.uuid4()}}}".upper()
        shutil.copytree(volume, self._shadows / shadow)
        return shadow

    def device(self, shadow: str) -> str:
        return "" if self._behaviour == "no device" else str(self._shadows / shadow)

    def delete(self, shadow: str) -> None:
        self._asked("delete")
        if self._behaviour == "never deletes":
            raise NoShadow("failed")
        shutil.rmtree(self._shadows / shadow, ignore_errors=True)

    def _refuse(self) -> None:
        if self._behaviour.startswith("says "):
            raise NoShadow(self._behaviour.removeprefix("says "))  # type: ignore[arg-type]  # as the test says

    def _asked(self, what: str) -> int:
        with (self._shadows / "asked").open("a+", encoding="utf-8") as told:
            told.write(f"{what}\n")
            told.seek(0)
            return told.read().splitlines().count(what)


def main() -> None:
    notes, shadows, behaviour = sys.argv[1:]
    asked, answers = os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb", buffering=0)
    serve(asked, answers, lambda folder: Folders(Path(shadows), behaviour), Path(notes))
    os._exit(0)  # as the real one


if __name__ == "__main__":
    main()
