"""New content in the place of a file in one step: whoever opens it sees the old content or the new one, whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from connector_core.deliver.names import NAME
from connector_core.disk import sync_folder

_PREFIX = f".{NAME}-"
_SUFFIX = ".partiel"


def replace_file(path: Path, content: bytes, *, durable: bool = True, owner: int | None = None) -> None:
    """Put new content in the place of a file in one step.

    With `durable`, the content is on the disk before the name points to it; without, which is far quicker for many
    files, a power cut may leave an empty file. `owner` is the account (POSIX) that the file is given to before the name
    points to it, so that nobody can have another file given away in its place.
    """
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if owner is not None:
                os.fchown(descriptor, owner, -1)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def forget_partial(folder: Path) -> None:
    """Remove what a run that was killed while writing has left."""
    for left in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            left.unlink()
