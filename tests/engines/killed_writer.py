"""A process that writes flags and is killed: what is to be done comes as JSON, « ready » is said just before it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.engines.test_written_flags import WANTED, Software

from connector_core.store.store import Store


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    with Store(Path(asked["store"]), bytes(32)) as store:
        software = Software(asked["url"], lambda: None, (), numbered=asked["numbered"], store=store)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        software.apply(**(WANTED if asked["write"] else {}))


if __name__ == "__main__":
    main()
