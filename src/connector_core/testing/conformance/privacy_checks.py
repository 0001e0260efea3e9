"""C6, errors without data; C9, nothing leaves the process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date

from connector_core.model.records import KINDS
from connector_core.model.shape import closed_values
from connector_core.testing.conformance.check import Broken, check
from connector_core.testing.conformance.exhibit import CANARY_SIGN, Exhibit, SampleCheck, texts

_SHORTEST = 4


@check("C6-TAXONOMY", "silver", after=["C4-READS"])
def taxonomy(exhibit: Exhibit) -> None:
    """Whatever is damaged, the connector raises `RowRefused` for a row, a `ConnectorError` for a file, nothing else.

    By the type of an error the core knows what to do: keep the row aside, set the file aside, try again later. Anything
    else counts as a failure of the plugin, and the file becomes poison after three tries.
    """
    for read, told in exhibit.runs():
        if told.crashes:
            crash = told.crashes[0]
            raise Broken(f"{type(crash.error).__name__} during {crash.during} of {read}")


@check("C6-REMEDY", "silver", after=["C4-READS"])
def remedy(exhibit: Exhibit) -> None:
    """Every error says what happened and what to do next; every refused row says why.

    A person at the practice reads it, and has nobody to ask.
    """
    for read, told in exhibit.runs():
        for _, error in told.errors:
            if not error.what.strip() or not (error.remedy or "").strip():
                raise Broken(f"a {type(error).__name__} says nothing to do, on {read}")
        if any(not reason.strip() for _, _, reason in told.rejects):
            raise Broken(f"a row is refused without a reason, on {read}")


@check("C6-MESSAGE", "bronze", after=["C4-READS"])
def message(exhibit: Exhibit) -> None:
    """No message holds a value of the sample.

    Messages go to logs, to the screen and to support: a name or a number in one of them has left the file.
    """
    values = Values(exhibit)
    for read, told in exhibit.runs():
        if values.are_in(told.messages):
            raise Broken(f"a message about {read} holds what was read")


@check("C6-LOG", "bronze", after=["C4-READS"])
def log(exhibit: Exhibit) -> None:
    """Nothing that is logged, warned or printed while reading holds a value of the sample.

    Logs are kept for weeks and sent to whoever helps. Libraries log what they parse: a connector switches that off.
    """
    values = Values(exhibit)
    for read, told in exhibit.runs():
        if values.are_in(told.logged):
            raise Broken(f"what was logged or printed about {read} holds what was read")


@check("C9-NETWORK", "bronze", after=["C4-READS"])
def network(exhibit: Exhibit) -> None:
    """Reading connects to nothing, looks up no name on the network and starts no process.

    Patients' data is on this PC, and stays there.
    """
    seen = {"network", "process"} & set(exhibit.candidate.observed.escapes)
    if seen:
        raise Broken(f"seen while reading: {', '.join(sorted(seen))}")


@check("C9-FILES", "bronze", after=["C4-READS"])
def files(exhibit: Exhibit) -> None:
    """Reading writes no file, neither a cache nor a temporary one.

    The core keeps what was read, encrypted. A copy that a plugin leaves behind is found by nobody but a thief.
    """
    if "file" in exhibit.candidate.observed.escapes:
        raise Broken("a file was written, moved or removed while the samples were read")


class Values:
    """The values of a sample that no message may hold, and the canary."""

    def __init__(self, exhibit: Exhibit) -> None:
        self._names = sorted({file.name for file in exhibit.files}, key=len, reverse=True)
        self._seen: dict[str, bool] = {}
        found = {form for text in _told(exhibit.whole.lines) for form in _forms(text)}
        harmless = _vocabulary() | {word.casefold() for text in exhibit.candidate_words() for word in text.split()}
        self._values = sorted(text for text in found if text.casefold() not in harmless)

    def are_in(self, messages: Iterable[str]) -> bool:
        return any(self._is_in(text) for text in messages)

    def _is_in(self, text: str) -> bool:
        if text not in self._seen:
            plain = text
            for name in self._names:
                plain = plain.replace(name, "")
            self._seen[text] = CANARY_SIGN.search(plain) is not None or any(
                value in plain and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", plain) for value in self._values
            )
        return self._seen[text]


def _told(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        record = json.loads(line)
        del record["record"]
        yield from texts(record.values())


def _forms(text: str) -> Iterator[str]:
    """How a value may be written; nothing of what is too short to tell."""
    if len(text) < _SHORTEST or (text.replace(".", "").isdigit() and len(text) <= _SHORTEST):
        return
    yield text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        yield from (f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}")
    if re.fullmatch(r"\d+\.\d+", text):
        yield text.replace(".", ",")


def _vocabulary() -> set[str]:
    return {
        value.casefold()
        for kind in KINDS.values()
        for name in kind.model_fields
        for value in closed_values(kind, name) or ()
    }


CHECKS: tuple[SampleCheck, ...] = (taxonomy, remedy, message, log, network, files)
