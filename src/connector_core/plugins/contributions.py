"""Small objects a plugin may register beside connectors and rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connector_core.deliver.report_model import ReportData


DiagnosisStatus = Literal["ok", "warning", "failed", "error"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer of one diagnostic: what was found, what was expected, what to do (French, without patient data)."""

    id: str
    status: DiagnosisStatus
    found: str
    expected: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A check of the computer that a diagnosis runs under a guard."""

    id: str
    title: str
    run: Callable[[], Diagnosis]


@dataclass(frozen=True, slots=True)
class SensitivePattern:
    """A pattern of identifiers that must never leave the PC."""

    id: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A place findings go to. `deliver` writes them below a folder, each file in one step, and returns the files. It is
    asked again when it fails, and may be when the program was ended while it was at work: doing it twice is as once.

    What it is given holds names, since it is written for the practice's own eyes: a delivery keeps it on the computer
    and out of every log.
    """

    id: str
    title: str
    deliver: Callable[[ReportData, Path], Sequence[Path]]


EventName = Literal["file_committed", "file_rejected", "findings_changed", "source_silent"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `facts` hold counts, ids of sources and attempts: never anything about a person."""

    name: EventName
    facts: Mapping[str, str | int] = field(default_factory=dict)
