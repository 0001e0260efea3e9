"""Every dossier of a store asked about once more, by a process that has done so before: its tables are loaded and its
caches filled, as those of a service are. Which rules are asked may be said before the folder to work in (see `opened`).
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from benchmarks.contenders.connector import opened
from benchmarks.contenders.reporting import report


def main(practice_folder: str, *rest: str) -> None:
    copy = Path(rest[-1]) / "practice"
    shutil.copytree(practice_folder, copy)
    with opened(copy, "".join(rest[:-1])) as practice:
        practice.ask_everything_again()
        begin = time.perf_counter()
        practice.ask_everything_again()
        report(wall=time.perf_counter() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
