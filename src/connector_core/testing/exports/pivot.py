"""The practice in the pivot format, or the twin of what a vendor's layout expresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from connector_core.model.pivot import encode_line, header, record_to_json
from connector_core.model.records import Record


def write_pivot(
    records: Iterable[Record],
    path: Path,
    *,
    exported_at: datetime,
    practice: str = "Cabinet fictif",
    covers: tuple[str, ...] | None = None,
) -> list[Path]:
    """One NDJSON file; `covers` when it holds only what a layout expresses."""
    with path.open("wb") as file:
        file.write(encode_line(header(practice, exported_at, covers)))
        file.writelines(encode_line(record_to_json(record)) for record in records)
    return [path]
