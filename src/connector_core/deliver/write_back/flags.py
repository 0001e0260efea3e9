"""What is to be flagged: the open findings of a practice that one place of one source is told of. Pure.

A flag says in one line of French what there is to do and by when, with the title of the rule. Beside that it holds the
id by which the vendor's software knows the patient: nothing of a patient that the software does not have already.

Its mark is made of everything it says, so that a finding that says something else is another flag: the former one is
withdrawn, the new one written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from connector_core.deliver.french import short_day
from connector_core.deliver.sections import Section, section_of
from connector_core.deliver.wording import SECTION_WORDS
from connector_core.dialects.write_back import FlagValue
from connector_core.model.finding import Finding
from connector_core.model.vocabulary import Severity
from connector_core.store.answers import KeptFinding
from connector_core.store.write_back import Flag

_USELESS: frozenset[Section] = frozenset({"bilan_lost", "claim_lost", "past"})
"""What nothing can be done about any more."""

Value = str | int | date
"""What a column is given."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one source is told: findings of these severities, for the patients that it knows. `titles` are those of
    rules; `patients` gives the ids under which the source knows the patient of a finding."""

    source: str
    severities: Collection[Severity]
    titles: Mapping[str, str]
    patients: Callable[[KeptFinding], Collection[str]]
    as_of: date

    def flags(self, kept: Iterable[KeptFinding], place: str) -> Iterator[Flag]:
        """The flags of a place, for the findings that are open."""
        for each in kept:
            finding = each.finding
            if each.state != "open" or finding.severity not in self.severities or finding.patient_id is None:
                continue
            section = section_of(finding, self.as_of)
            if section in _USELESS:
                continue
            text = told(finding, section, self.titles.get(finding.rule, finding.rule))
            day = finding.deadline or finding.due_on or date.fromisoformat(each.opened_on)
            for patient in self.patients(each):
                mark = _mark(self.source, place, finding.fingerprint, patient, day.isoformat(), text)
                yield Flag(mark, finding.fingerprint, finding.rule, finding.severity, patient, day, text)


def told(finding: Finding, section: Section, title: str) -> str:
    """« Bilan à faire, au plus tard le 12/03/2026. Règle : Bilan (BDK) dû à la 30e séance… (KINE-BILAN-30) »."""
    words = SECTION_WORDS[section].singular
    head = f"{words[0].upper()}{words[1:]}"
    if finding.deadline is not None:
        head += f", au plus tard le {short_day(finding.deadline)}"
    elif finding.due_on is not None:
        head += f", {short_day(finding.due_on)}"
    return f"{head}. Règle : {' '.join(title.split()).rstrip('.')} ({finding.rule})"


def signed(flag: Flag, length: int | None = None) -> str:
    """The text with the mark by which it is found again; the text is cut where the whole would be too long."""
    signature = signature_of(flag)
    return f"{_cut(flag.text, None if length is None else length - len(signature) - 1)} {signature}"


def signature_of(flag: Flag) -> str:
    """The mark as texts bear it; it holds nothing that a search in a database takes for a wildcard."""
    return f"(connector {flag.mark})"


def value_of(value: FlagValue, flag: Flag) -> Value:
    """What a column is given of a flag; ValueError where the id of the patient is not a number and has to be."""
    match value.part:
        case None:
            return "" if value.constant is None else value.constant
        case "mark":
            return flag.mark
        case "text":
            return _cut(flag.text, value.length)
        case "signed":
            return signed(flag, value.length)
        case "patient":
            return int(flag.patient) if value.written_as == "integer" else flag.patient
        case "day":
            return flag.day if value.written_as == "date" else short_day(flag.day)
        case "rule":
            return flag.rule
        case "severity":
            return flag.severity if value.values is None else value.values[flag.severity]


def _cut(text: str, length: int | None) -> str:
    return text if length is None or len(text) <= length else f"{text[: max(length - 1, 0)]}…"


def _mark(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
