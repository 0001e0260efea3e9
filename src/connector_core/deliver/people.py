"""What the report needs of the dossiers that have findings: the patient's name, and the records behind each finding.

Only those dossiers are read from the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from connector_core.deliver.report_model import Person
from connector_core.model.finding import Finding
from connector_core.model.records import Patient, Practitioner, Record
from connector_core.store.codec import KIND_INDEX, KIND_NAMES, Place, Stored, as_records, list_decoder, rebuild
from connector_core.store.store import Store

_OF_THE_PRACTICE = (("returns", "payer_return"), ("invoices", "invoice"))
"""What is gathered for the practice as a whole: name and kind of each."""


class Placed(NamedTuple):
    """A record, the number of the file it came from and its place there."""

    record: Record
    file: int
    place: Place


@dataclass(frozen=True, slots=True)
class Owner:
    """What is known of the subject that findings belong to."""

    person: Person | None = None
    household: Mapping[str, Person] = field(default_factory=dict)
    """The people of a home, by patient; of a dossier, none."""
    records: Mapping[tuple[str, str], Placed] = field(default_factory=dict)


class People:
    """Reads owners (`d12`, `jmk1/2026-03-02`, `hvega:F12`, `l`, `p`, `s`) from a store; ids bear the name of their
    source, as in findings."""

    def __init__(self, store: Store) -> None:
        self._store = store
        shared = cast(list[Practitioner], as_records(store.shared.of("practitioner")))
        self._practitioners = {each.id: _full_name(each) for each in shared}
        self._source_of = store.files.source_of_files()
        self._sources = {name: number for number, name in store.files.sources().items()}
        self._names: dict[tuple[int, str], str | None] = {}

    @property
    def several_practitioners(self) -> bool:
        return len({name for name in self._practitioners.values() if name}) > 1

    def practitioner(self, practitioner_id: str) -> str | None:
        return self._practitioners.get(practitioner_id)

    def professional(self, finding: Finding) -> str | None:
        """The professional whom a finding is about, by the id where no source gives a name; None for other findings."""
        if finding.subject.kind != "practitioner":
            return None
        known_as = finding.subject.id
        return self._practitioners.get(known_as) or f"Professionnel sans nom ({known_as})"

    def patient(self, placed: Placed) -> str | None:
        """The name of the patient whom a record is about; None where it names none."""
        patient_id = getattr(placed.record, "patient_id", None)
        source = self._source_of.get(placed.file)
        if source is None or not isinstance(patient_id, str):
            return None
        key = (self._sources[source], patient_id.removeprefix(f"{source}:"))
        if key not in self._names:
            number = self._store.dossiers.find(*key)
            person = None if number is None else self._dossier(number).person
            self._names[key] = None if person is None else person.name
        return self._names[key]

    def owner(self, owner: str) -> Owner:
        """The records of an owner, and the patient when it is a dossier."""
        if owner.startswith("d"):
            return self._dossier(int(owner[1:]))
        records: dict[tuple[str, str], Placed] = {}
        if owner == "s":
            return Owner()
        if owner.startswith("h"):
            people: dict[str, Person] = {}
            for number in self._store.dossiers.people_of(owner[1:]):
                found = self._dossier(number)
                records.update(found.records)
                if found.person is not None:
                    people[found.person.patient_id] = found.person
            return Owner(None, people, records)
        if owner.startswith("j"):
            month = owner[1:].rpartition("-")[0]  # acts are gathered by month
            records.update(self._gathered("acts", "act", month))
        else:
            for subject, kind in _OF_THE_PRACTICE:
                for key in self._store.gathered.keys(subject):
                    records.update(self._gathered(subject, kind, key))
            for kind in ("lot", "practitioner"):
                records.update(_placed(kind, self._store.shared.of(kind)))
        return Owner(records=records)

    def _gathered(self, subject: str, kind: str, key: str) -> Iterator[tuple[tuple[str, str], Placed]]:
        decode = list_decoder(kind)
        for chunk in self._store.gathered.of(subject, key):
            yield from _placed(kind, decode(chunk)).items()

    def _dossier(self, number: int) -> Owner:
        stored = self._store.dossiers.load(number)
        if stored is None:
            return Owner()
        records: dict[tuple[str, str], Placed] = {}
        for kind, each in zip(KIND_NAMES, stored, strict=True):
            if each:
                records.update(_placed(kind, each))
        patient_id = self._store.dossiers.patient_id(number)
        patients = cast(list[Patient], as_records(stored[KIND_INDEX["patient"]]))
        return Owner(_person(patient_id, patients), records=records)


def called(patient: Patient | None, patient_id: str) -> str:
    """« MALCOURT Grégoire (vega:p12) »; the id alone where no source names the patient."""
    name = "" if patient is None else _named(patient.family_name, patient.given_name)
    return f"{name} ({patient_id})" if name else patient_id


def _named(family: str | None, given: str | None) -> str:
    return " ".join(part for part in (family and family.upper(), given) if part)


def _placed(kind: str, stored: list[Stored]) -> dict[tuple[str, str], Placed]:
    return {
        (kind, each.id): Placed(record, each.file_number, each.place_in_file)
        for each, record in zip(stored, rebuild(stored), strict=True)
    }


def _person(patient_id: str, patients: Iterable[Patient]) -> Person:
    """One person of what several sources say: the leading one first, others fill what it leaves empty."""
    known = sorted(patients, key=lambda each: each.id != patient_id)
    family = next((each.family_name for each in known if each.family_name), None)
    given = next((each.given_name for each in known if each.given_name), None)
    born = next((each.birth_date for each in known if each.birth_date), None)
    sex = next((each.sex for each in known if each.sex), None)
    name = _named(family, given)
    return Person(patient_id, name or f"Patient sans nom ({patient_id})", born, sex)


def _full_name(practitioner: Practitioner) -> str:
    return " ".join(part for part in (practitioner.given_name, practitioner.family_name) if part)
