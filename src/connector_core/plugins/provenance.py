"""Where an installed distribution came from, what it is made of, and who answers for it; nothing of it is imported."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from connector_core.plugins.guard import guarded

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

_WRITTEN_BY_INSTALLERS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_BLOCK = 1 << 20


def source_of(distribution: Distribution | None) -> str:
    """Where it was installed from, in French: an index, a file, an address, the folder of who develops it."""
    if distribution is None:
        return "origine inconnue"
    text = guarded(partial(distribution.read_text, "direct_url.json"))
    try:
        told: object = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        told = None
    if not isinstance(told, Mapping) or not isinstance(url := told.get("url"), str):
        by = guarded(partial(distribution.read_text, "INSTALLER"))
        installer = by.strip()[:40] if isinstance(by, str) and by.strip() else "un programme inconnu"
        return f"PyPI ou un autre dépôt, par {installer}"
    where = _address(url)
    match told:
        case {"dir_info": {"editable": True}}:
            return f"dossier de développement {where}"
        case {"dir_info": _}:
            return f"dossier {where}"
        case {"vcs_info": {"commit_id": str(commit)}}:
            return f"{where}, état {commit[:12]}"
        case _:
            return f"fichier {where}"


def digest_of(distribution: Distribution, entry_points: Iterable[EntryPoint]) -> str:
    """SHA-256 of every file that it installed and of every module that an entry point names, by name and content.

    What Python and the installer write by themselves (compiled files, records) does not count. Raise OSError when a
    file can't be read.
    """
    files = dict(_installed(distribution))
    for entry_point in entry_points:
        files.update(_of_module(entry_point.module.partition(".")[0]))
    total = hashlib.sha256()
    for name in sorted(files):
        path = files[name]
        content = _digest(path) if path.is_file() else "absent"
        total.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def contact_of(distribution: Distribution | None) -> str:
    """Who answers for it, as its metadata say: addresses and a page; nothing where they don't."""
    if distribution is None:
        return ""
    told: list[str] = []
    for key in ("Author-email", "Maintainer-email", "Author", "Home-page", "Project-URL"):
        values = guarded(partial(_values, distribution, key))
        told += values if isinstance(values, list) else []
    return ", ".join(dict.fromkeys(each.strip()[:120] for each in told if each.strip()))


def _values(distribution: Distribution, key: str) -> list[str]:
    return [str(each) for each in distribution.metadata.get_all(key) or []]


def _address(url: str) -> str:
    """An address without a password; a local one as a path."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        from urllib.request import url2pathname  # brings an HTTP client and TLS along, which nothing else needs

        return url2pathname(parts.path)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _installed(distribution: Distribution) -> Iterator[tuple[str, Path]]:
    for file in distribution.files or ():
        if file.name not in _WRITTEN_BY_INSTALLERS and _counts(file.name) and "__pycache__" not in file.parts:
            yield file.as_posix(), Path(str(distribution.locate_file(file)))


def _of_module(name: str) -> Iterator[tuple[str, Path]]:
    """The files of a top-level module, which is found without being imported."""
    spec = guarded(partial(find_spec, name))
    places = getattr(spec, "submodule_search_locations", None)
    if places is None:
        origin = getattr(spec, "origin", None)
        if isinstance(origin, str):
            yield Path(origin).name, Path(origin)
        return
    for place in places:
        for folder, folders, names in os.walk(place):
            folders[:] = [each for each in folders if each != "__pycache__"]
            for each in filter(_counts, names):
                path = Path(folder, each)
                yield f"{name}/{path.relative_to(place).as_posix()}", path


def _counts(name: str) -> bool:
    return not name.endswith((".pyc", ".pyo"))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
