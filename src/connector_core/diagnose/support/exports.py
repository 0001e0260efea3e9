"""The form of what lies in the folders of exports: how the newest files are written, and which of their titles a
dialect knows. Of any other title, and of every value, nothing but the form is told. A share that does not answer in
time is said to be silent."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Thread

from connector_core.diagnose.support.exact import moment
from connector_core.diagnose.support.sources import ending
from connector_core.diagnose.support.vocabulary import Vocabulary
from connector_core.errors import ConnectorError
from connector_core.formats.document import probe_of
from connector_core.formats.masking import masked
from connector_core.formats.physical import mark_of
from connector_core.formats.sniffing import guess_encoding, sniff
from connector_core.settings.model import Source
from connector_core.sources.local import LocalFile

PATIENCE = 15.0
"""Seconds that a folder may take to answer."""
_NEWEST = 5
_MOST_FILES = 20_000
_MOST_COLUMNS = 120
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]{0,80})[\s/>]")


def exports(sources: Sequence[Source], words: Vocabulary) -> Mapping[str, object]:
    """Every folder that is configured; one that can't be listed is said."""
    return {
        "folders": [{"source": each.id, **_in_time(each.folder, words)} for each in sources if each.folder is not None]
    }


def _in_time(folder: Path, words: Vocabulary) -> Mapping[str, object]:
    """What a thread finds out, which is left to itself where the folder does not answer."""
    found: list[Mapping[str, object]] = []

    def ask() -> None:
        try:
            found.append(_folder(folder, words))
        except OSError as error:
            found.append({"problem": f"le dossier ne se lit pas ({type(error).__name__})"})

    asking = Thread(target=ask, name="exports", daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return found[0] if found else {"problem": "le dossier n'a pas répondu à temps"}


def _folder(folder: Path, words: Vocabulary) -> Mapping[str, object]:
    with os.scandir(folder) as entries:
        files = [(each.stat(), Path(each.path)) for each in islice(entries, _MOST_FILES) if each.is_file()]
    endings = Counter(ending(path.name) for _, path in files)
    newest = sorted(files, key=lambda each: (-each[0].st_mtime, each[1].name))[:_NEWEST]
    return {
        "files": len(files),
        "endings": [{"ending": name, "files": count} for name, count in sorted(endings.items())],
        "newest": [
            {
                "name": masked(path.stem) + ending(path.name),
                "bytes": status.st_size,
                "changed_at": moment(datetime.fromtimestamp(status.st_mtime, UTC).isoformat()),
                **_form(path, words),
            }
            for status, path in newest
        ],
    }


def _form(path: Path, words: Vocabulary) -> Mapping[str, object]:
    try:
        head = probe_of(LocalFile(path)).head
    except ConnectorError as error:
        return {"problem": error.what}
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"<"):
        roots = [found[1].decode("ascii", "replace") for found in _ROOT.finditer(start[:2000])][:2]
        return {"form": "xml", "encoding": guess_encoding(head), "elements": [words.shown(each) for each in roots]}
    if not start or (b"\0" in head and not mark_of(head)[1]):
        return {"form": "binary" if start else "empty"}
    guess = sniff(head)
    return {
        "form": "text",
        "encoding": guess.encoding,
        "separator": guess.separator if guess.width > 1 else None,
        "quote": guess.quote,
        "line_of_titles": guess.header,
        "columns": guess.width,
        "titles": [words.shown(each) for each in guess.columns[:_MOST_COLUMNS]],
        "decimal": guess.decimal,
        "dates": guess.date_form,
    }
