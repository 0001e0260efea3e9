"""The sources as the store knows them: how many files of which layout, what was refused and why, what was set aside.

No name of a file is told, only its ending; a row's place is its number or its table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from connector_core.diagnose.support.exact import Exact, digest, moment
from connector_core.diagnose.support.vocabulary import Vocabulary
from connector_core.settings.duration import format_duration
from connector_core.settings.model import Source
from connector_core.sources.database.passes import Known
from connector_core.store.files import FileFacts
from connector_core.store.store import Store

_ENDING = re.compile(r"\.[a-z0-9]{1,6}")
_LINE = re.compile(r"(?:line|ligne) (\d{1,9})")
_TABLE = re.compile(r"([^\s/\[]+)[\s/\[].*", re.DOTALL)
_MOST_LAYOUTS, _MOST_REJECTS, _MOST_SET_ASIDE = 60, 80, 40
_TOKEN = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What the configuration says of the sources, and who can tell more: `silent` are those that are late, `known` says
    what the last pass over a database left."""

    sources: Sequence[Source] = ()
    silent: frozenset[str] = frozenset()
    known: Callable[[str], Known] = lambda _source: Known()


def sources(store: Store, asked: Asked, words: Vocabulary) -> Mapping[str, object]:
    """Every source that is configured, or was once read."""
    files = store.files.list_files()
    configured = {each.id: each for each in asked.sources}
    names = [*configured, *sorted({file.source for file in files}.difference(configured))]
    heard = store.files.heard()
    return {
        "sources": [
            {
                "id": name,
                **_configured(configured.get(name)),
                "last_heard": moment(heard[name]) if name in heard else None,
                "silent": name in asked.silent,
                **_read(store, [file for file in files if file.source == name], words),
                "database_pass": _pass(asked.known(name), words),
            }
            for name in names
        ]
    }


def _configured(source: Source | None) -> Mapping[str, object]:
    if source is None:
        return {"configured": False}
    every = source.expected_every
    return {
        "configured": True,
        "connector": source.connector,
        "kind": "folder" if source.folder is not None else "database",
        "engine": None if source.database is None else source.database.partition(":")[0],
        "expected_every": None if every is None else format_duration(every),
        "writes_back": source.write_back is not None,
    }


def _read(store: Store, files: Sequence[FileFacts], words: Vocabulary) -> Mapping[str, object]:
    layouts: dict[tuple[str, str, str, str], list[FileFacts]] = {}
    signatures = store.files.signatures()
    for file in files:
        key = (file.state, file.connector or "", file.dialect or "", signatures.get(file.number) or "")
        layouts.setdefault(key, []).append(file)
    aside = [each for each in store.files.set_aside() if files and each.source == files[0].source]
    return {
        "files": len(files),
        "layouts": [_layout(key, each, words) for key, each in sorted(layouts.items(), key=_by_state)[:_MOST_LAYOUTS]],
        "rejects": list(_rejects(store, files, words)),
        "set_aside": [
            {
                "mark": Exact(each.sha256[:_TOKEN]),
                "ending": ending(each.name),
                "bytes": each.size,
                "connector": each.connector,
                "connector_as_it_was": digest(each.signature),
                "reason": words.sentence(each.reason),
            }
            for each in aside[:_MOST_SET_ASIDE]
        ],
    }


def _by_state(layout: tuple[tuple[str, ...], object]) -> tuple[bool, tuple[str, ...]]:
    """What was not read whole comes first."""
    return layout[0][0] == "committed", layout[0]


def _layout(key: tuple[str, str, str, str], files: Sequence[FileFacts], words: Vocabulary) -> Mapping[str, object]:
    state, connector, dialect, signature = key
    sizes, taken = [file.size for file in files], [file.taken_at for file in files]
    reasons = Counter(words.sentence(file.reason) for file in files if file.reason)
    return {
        "state": state,
        "connector": connector,
        "dialect": dialect,
        "signature": digest(signature),
        "files": len(files),
        "endings": _counted(ending(file.name) for file in files),
        "rows": sum(file.rows for file in files),
        "new_rows": sum(file.new_rows for file in files),
        "rejects": sum(file.rejects for file in files),
        "bytes": {"least": min(sizes), "most": max(sizes)},
        "first_taken": moment(min(taken)),
        "last_taken": moment(max(taken)),
        "reasons": [{"reason": reason, "files": count} for reason, count in reasons.most_common(10)],
    }


def _rejects(store: Store, files: Sequence[FileFacts], words: Vocabulary) -> Iterator[Mapping[str, object]]:
    """What was refused, by reason and table, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    for file in files:
        for each in store.files.rejects(file.number) if file.rejects else ():
            line = _LINE.fullmatch(each.place)
            key = words.sentence(each.reason), "line" if line else _place(each.place, words)
            counts[key] += 1
            if line:
                first[key] = min(int(line[1]), first.get(key, int(line[1])))
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    for (reason, place), count in ranked[:_MOST_REJECTS]:
        yield {"reason": reason, "place": place, "first_line": first.get((reason, place)), "count": count}


def _place(place: str, words: Vocabulary) -> str:
    """The table or the element of a place, without what tells its row apart."""
    if place == "fichier":
        return place
    found = _TABLE.fullmatch(place.lstrip("/"))
    return words.shown(place if found is None else found[1])


def _pass(known: Known, words: Vocabulary) -> Mapping[str, object] | None:
    if known == Known():
        return None
    return {
        "dialect": known.dialect,
        "plan": digest(known.plan),
        "isolation": known.isolation,
        "paused": None if known.paused is None else words.sentence(known.paused),
        "failures": known.failures,
        "compared_at": None if known.compared_at is None else moment(known.compared_at.isoformat()),
        "tables": [{"name": words.shown(name), "rows": each.rows} for name, each in sorted(known.tables.items())],
        "fetched": [
            {"table": words.shown(each.table), "rows": each.rows, "of": each.of, "whole": each.whole}
            for each in known.fetched
        ],
        "columns": [
            {"table": words.shown(table.name), "columns": [words.shown(column.name) for column in table.columns]}
            for table in (() if known.schema is None else known.schema.tables)
        ],
    }


def ending(name: str) -> str:
    """The ending of a file's name, which says what it is; nothing of one that may be a word."""
    found = _ENDING.fullmatch(PurePath(name).suffix.lower())
    return "" if found is None else found[0]


def _counted(words: Iterable[str]) -> list[Mapping[str, object]]:
    return [{"ending": word, "files": count} for word, count in sorted(Counter(words).items())]
