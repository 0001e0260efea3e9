"""Build the installer, or renew the list of pinned wheels."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from msi.layout import LOCKED, ROOT, stage
from msi.lock import locked
from msi.package import write_msi


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m msi", description=__doc__)
    parser.add_argument("--embeddable", type=Path, metavar="ZIP", help="python.org's embeddable CPython 3.11 for amd64")
    parser.add_argument("--output", type=Path, metavar="MSI", default=ROOT / "dist" / "connector.msi")
    parser.add_argument("--stage", type=Path, metavar="FOLDER", help="keep what is installed in this new folder, too")
    parser.add_argument("--lock", action="store_true", help="write the pinned wheels anew, to be reviewed")
    options = parser.parse_args()
    if options.lock:
        LOCKED.write_text(locked(), encoding="utf-8")
        return
    if options.embeddable is None:
        parser.error("--embeddable is needed")
    with TemporaryDirectory() as work:
        folder = options.stage or Path(work, "Connector")
        stage(options.embeddable, folder)
        write_msi(folder.resolve(), options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
