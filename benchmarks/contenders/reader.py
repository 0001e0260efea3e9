"""Not measured: reads every file of some folders again and again, as an antivirus or a backup does, until stopped."""

from __future__ import annotations

import sys
from pathlib import Path


def main(*folders: str) -> None:
    paths = [path for folder in folders for path in Path(folder).iterdir()]
    while True:
        for path in paths:
            path.read_bytes()


if __name__ == "__main__":
    main(*sys.argv[1:])
