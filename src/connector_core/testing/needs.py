"""What rules read, field by field: the test of `Rule.needs`, for the shared base and for a vendor's own rules.

A rule is asked alone, about records that note which of their fields are read:

```python
trace = NeedsTrace()
for case in load_cases(Path("MYSOFTWARE-1.toml")):
    trace.ask([my_rule], case)
assert trace.read(my_rule) <= my_rule.needs
```

A fact that rules share (`Check.derive`) is noted by itself, over every case and whichever rule asked for it: a rule
reads all that its facts read. Only what is met is noted, so that a branch which no case reaches is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import FunctionType
from typing import TypeVar, cast, get_args, get_type_hints

from connector_core.model.dossier import Cabinet, Dossier, HouseholdDay, Practice, PractitionerDay, SentLot, Subject
from connector_core.model.records import KINDS, Record, field_names
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.kernel import AnyRule, Check, ParameterUnknown, Rule, SubjectKind, subject_kind
from connector_core.rules.treatments import with_treatments
from connector_core.testing.cases import Case, subjects

T = TypeVar("T")
Whole = Cabinet | Dossier | PractitionerDay | HouseholdDay | SentLot | Practice
Fact = Callable[..., object]

_IDENTITY = frozenset({"id", "record", "provenance", "events"})
"""What tells a record from another one, or is the same for every record of its kind."""
_MADE_BY: Mapping[SubjectKind, frozenset[str]] = {
    "dossier": frozenset(),
    "practitioner_day": frozenset({"act.performed_on", "act.practitioner_id"}),
    "household_day": frozenset({"act.performed_on", "patient.household"}),
    "lot": frozenset({"lot.sent_on", "invoice.dre_lot_id", "invoice.lot_id"}),
    "practice": frozenset(),
}
"""The fields that make a subject out of records: a rule about it rests on them, whatever else it reads."""


class NeedsTrace:
    """What rules have read of the cases they were asked about."""

    def __init__(self) -> None:
        self._parameters, self._tariffs = load_parameters(), load_tariffs()
        self._rules: dict[str, _Reading] = {}
        self._facts: dict[Fact, _Reading] = {}

    def ask(self, rules: Iterable[AnyRule], case: Case) -> None:
        """Ask rules, each alone, about everything that the records of a case make.

        As in a practice, a rule that needs a lettre-clé is spared the dossiers without it. A parameter without a value
        ends the answer; what else a rule raises is raised.
        """
        asked = tuple(rules)
        for made in subjects(case.records, case.as_of, case.covers):
            subject = self._with_treatments(made, case)
            notes = _Notes(self._facts)
            traced = cast(Dossier, _traced(subject, notes))  # or another subject, as the rule's own name for it says
            for rule in _concerned(asked, subject):
                check = _TracedCheck(traced, case.as_of, self._parameters, self._tariffs)
                check.notes = notes
                reading = self._rules.setdefault(rule.code, _Reading(set(_MADE_BY[rule.subject])))
                with notes.of(reading), suppress(ParameterUnknown):
                    for _ in cast(Rule[Dossier], rule).function(check):
                        pass

    def _with_treatments(self, subject: Subject, case: Case) -> Subject:
        """A dossier as rules see it, with its treatments put together where no record gives any."""
        if not isinstance(subject, Dossier):
            return subject
        return with_treatments(Check(subject, case.as_of, self._parameters, self._tariffs)).subject

    def read(self, rule: AnyRule) -> frozenset[str]:
        """The fields that a rule read, itself or in its facts, as `Rule.needs` names them."""
        return _names(self._closure(self._rules.get(rule.code, _Reading())))

    def read_by(self, fact: Fact) -> frozenset[str]:
        """The fields that a shared fact read, those of the facts that it asks for among them."""
        return _names(self._closure(self._facts.get(fact, _Reading())))

    def facts(self) -> frozenset[Fact]:
        """The shared facts that rules have asked for."""
        return frozenset(self._facts)

    def _closure(self, reading: _Reading) -> Iterator[_Reading]:
        yield reading
        known, ahead = set[Fact](), [*reading.facts]
        while ahead:
            fact = ahead.pop()
            if fact not in known:
                known.add(fact)
                yield self._facts[fact]
                ahead.extend(self._facts[fact].facts)


@dataclass(slots=True)
class _Reading:
    """What a rule or a fact read itself, and the facts that it asked for."""

    names: set[str] = field(default_factory=set)
    facts: set[Fact] = field(default_factory=set)


@dataclass(slots=True)
class _Notes:
    """Where a read is noted: with the rule or the fact that is being asked (`now`)."""

    facts: dict[Fact, _Reading]
    now: _Reading = field(default_factory=_Reading)

    @contextmanager
    def of(self, reading: _Reading) -> Iterator[None]:
        """Note with another one until it has answered."""
        before, self.now = self.now, reading
        try:
            yield
        finally:
            self.now = before


class _TracedCheck(Check[Dossier]):
    """A check whose facts are noted by themselves."""

    __slots__ = ("notes",)

    notes: _Notes

    def derive(self, function: Callable[[Check[Dossier]], T]) -> T:
        self.notes.now.facts.add(function)
        with self.notes.of(self.notes.facts.setdefault(function, _Reading())):
            return super().derive(function)

    def about(self, subject: Dossier) -> Check[Dossier]:
        check = _TracedCheck(subject, self.as_of, self.parameters, self.tariffs)
        check.notes = self.notes
        return check


class _Traced:
    """Passes for a record, or for what holds records, and notes what is read of it."""

    __slots__ = ("_notes", "_real")

    def __init__(self, real: object, notes: _Notes) -> None:
        self._real, self._notes = real, notes


class _TracedRecord(_Traced):
    __slots__ = ()

    _all: frozenset[str]

    def __getattr__(self, name: str) -> object:
        """What is no field: whatever handles the record as a whole (`model_dump`) may read all of them."""
        if name not in _IDENTITY and not name.startswith("__pydantic_"):
            self._notes.now.names |= self._all
        return getattr(self._real, name)

    def model_copy(self, *, update: Mapping[str, object]) -> _TracedRecord:
        """A copy reads nothing; it is noted in its turn what is read of it."""
        return type(self)(cast(Record, self._real).model_copy(update=update), self._notes)

    def __eq__(self, other: object) -> bool:
        """Ids are unique among the records of a kind, so that comparing two reads nothing else."""
        return isinstance(other, _TracedRecord) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str]:
        record = cast(Record, self._real)
        return record.record, record.id


@cache
def _record_class(kind: type[Record]) -> type[_TracedRecord]:
    notes = {name: f"{kind.record}.{name}" for name in field_names(kind) if name not in _IDENTITY}
    read = {name: _noting(name, note) for name, note in notes.items()}
    names = {"__slots__": (), "_all": frozenset(notes.values()), **_passing_for(kind), **read}
    return type(f"Traced{kind.__name__}", (_TracedRecord,), names)


def _whole_class(kind: type[Whole]) -> type[_Traced]:
    hints = get_type_hints(kind)
    read = {each.name: _noting(each.name, _kind_in(hints[each.name])) for each in fields(kind)}
    asked = {name: each for name, each in vars(kind).items() if isinstance(each, FunctionType) and name[0] != "_"}
    return type(f"Traced{kind.__name__}", (_Traced,), {"__slots__": (), **_passing_for(kind), **asked, **read})


def _passing_for(kind: type) -> dict[str, object]:
    """What makes `isinstance` and class patterns take a traced object for one of its kind."""
    return {"__class__": property(lambda _: kind)}


def _kind_in(hint: object) -> str | None:
    """The kind of records that a collection holds."""
    held = next((each for each in get_args(hint) if isinstance(each, type) and issubclass(each, Record)), None)
    several = held is not None and type(None) not in get_args(hint)
    return held.record if held is not None and several else None


def _noting(name: str, note: str | None) -> property:
    def read(traced: _Traced) -> object:
        if note is not None:
            traced._notes.now.names.add(note)
        return getattr(traced._real, name)

    return property(read)


_WHOLES: Mapping[type, type[_Traced]] = {kind: _whole_class(kind) for kind in get_args(Whole)}


def _traced(value: object, notes: _Notes) -> object:
    """The same value, with records that note what is read of them."""
    match value:
        case Cabinet() | Dossier() | PractitionerDay() | HouseholdDay() | SentLot() | Practice():
            held = {each.name: _traced(getattr(value, each.name), notes) for each in fields(value)}
            whole = replace(value, **held)  # type: ignore[arg-type]  # each field with what stood in it
            return _WHOLES[type(value)](whole, notes)
        case tuple():
            return tuple(_traced(each, notes) for each in value)
        case Mapping():
            return {key: _traced(each, notes) for key, each in value.items()}
        case Record():
            return _record_class(KINDS[value.record])(value, notes)
        case _:
            return value


def _names(readings: Iterable[_Reading]) -> frozenset[str]:
    """A kind is named alone only where none of its fields is."""
    names = frozenset(name for reading in readings for name in reading.names)
    return names - {name.partition(".")[0] for name in names if "." in name}


def _concerned(rules: Iterable[AnyRule], subject: Subject) -> list[AnyRule]:
    """The rules that a practice would ask about a subject."""
    kind = subject_kind(subject)
    about = [rule for rule in rules if rule.subject == kind]
    if not isinstance(subject, Dossier):
        return about
    letters = frozenset(act.letter for act in subject.acts)
    return [rule for rule in about if rule.concerns(letters)]


__all__ = ["NeedsTrace"]
