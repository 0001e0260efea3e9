"""From what was found to what a dialect says: records with their fields, those without a column of their own included.

A field that the model requires is never made up of nothing: an identifier is made of the columns of the row, the
patient of a list that names people is that name, a practice of one practitioner gets a constant. A record that lacks
anything else is not made, and `Plan.lacking` says what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector_core.dialects.calibration.enumerations import LONGEST_LIST, words_unseen
from connector_core.dialects.calibration.knowledge import kinds
from connector_core.dialects.calibration.pairing import Pair, Solved, required
from connector_core.dialects.calibration.relations import Sampled
from connector_core.dialects.calibration.shapes import Shape
from connector_core.dialects.calibration.titles import same_text
from connector_core.dialects.mappings import REPEAT
from connector_core.formats.masking import masked
from connector_core.model.letters import NURSE_ACT_LETTERS, PACKAGE_LETTERS

LONE_PRACTITIONER = "praticien"
_CANCELLED = frozenset({"annul", "annule", "annulee", "annulation", "facture annulee", "extourne", "extournee"})
"""The whole texts that say that an invoice was cancelled; a note that says more may name somebody."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One line of a dialect: a field, what follows the sign `=`, and why. `sources` are the columns it comes from, as
    `table.column`; none for a constant."""

    target: str
    value: str | Mapping[str, object]
    confidence: float
    evidence: str
    example: str = ""
    sources: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Other fields that the column could fill, the likeliest first."""
    unread: int = 0
    """How many texts of an enumeration are not understood."""
    codes: tuple[str, ...] = ()
    """Codes of which nothing says what any means: a person has to."""

    @property
    def waits(self) -> bool:
        """Whether the line can't be read until a person says what the codes mean."""
        return bool(self.codes) and "value" not in self.value

    @property
    def name(self) -> str:
        return self.target.partition(".")[2]


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """One kind of record that a table makes. `when` is the column that must be filled, or hold one of the texts
    `among`; "" for any row."""

    kind: str
    fields: tuple[FieldPlan, ...]
    when: str = ""
    among: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it can't be made until a person says what the codes of a required field mean."""
        return any(self.needs(each) for each in self.fields)

    def needs(self, field: FieldPlan) -> bool:
        """Whether it is this field that a person must complete."""
        return field.waits and field.name in required(self.kind)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What a table makes. `remember` is a key and columns that other tables look up; `left` are columns that fill
    nothing; `lacking` says which records it could not make, for want of which fields."""

    table: Sampled
    records: tuple[RecordPlan, ...]
    remember: tuple[str, tuple[str, ...]] | None = None
    left: tuple[str, ...] = ()
    lacking: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dialect will say, table by table. `profession` is that of a practitioner whom no table names, "" where
    every one is named."""

    tables: tuple[TablePlan, ...]
    profession: str = ""

    @property
    def fields(self) -> Iterator[FieldPlan]:
        return (each for table in self.tables for record in table.records for each in record.fields)


def planned(solved: Sequence[Solved]) -> Plan:
    """What a dialect says of what was found."""
    alone = not any("practitioner" in each.kinds for each in solved)
    remembered: dict[str, tuple[str, list[str]]] = {}
    for each in solved:
        for found in each.found:
            kept = remembered.setdefault(found.table, (found.key, []))[1]
            if found.shape.name not in kept:
                kept.append(found.shape.name)
        for via in (pair.shape.column.via for pair in each.pairs):
            if via is not None:
                kept = remembered.setdefault(via.table, (via.key, []))[1]
                if via.column not in kept:
                    kept.append(via.column)
    tables = [_table(each, alone) for each in solved]
    lone = _needs_lone(tables)
    if lone:
        tables = _with_lone(tables, lone, _profession(solved))
    return Plan(
        tuple(
            replace(each, remember=(at[0], tuple(at[1]))) if (at := remembered.get(each.table.name)) else each
            for each in tables
        ),
        _profession(solved) if lone else "",
    )


def _table(solved: Solved, alone: bool) -> TablePlan:
    records: list[RecordPlan] = []
    lacking: list[tuple[str, tuple[str, ...]]] = []
    for kind in solved.kinds:
        fields, missing = _fields(solved, kind, alone)
        if missing:
            lacking.append((kind, missing))
        else:
            records.append(RecordPlan(kind, fields, *_when(solved, kind)))
    used = {source for record in records for each in record.fields for source in each.sources}
    name = solved.table.name
    left = tuple(
        shape.name for shape in solved.table.shapes if shape.column.via is None and f"{name}.{shape.name}" not in used
    )
    return TablePlan(solved.table, tuple(records), None, left, tuple(lacking))


def _fields(solved: Solved, kind: str, alone: bool) -> tuple[tuple[FieldPlan, ...], tuple[str, ...]]:
    """The fields of a record, and the required ones that it lacks."""
    filled: dict[str, FieldPlan] = {}
    for pair in solved.of(kind):
        filled[pair.field.name] = _from_column(solved, pair)
    coded = filled.get("profession")
    if coded is not None and coded.codes:
        filled["profession"] = replace(coded, value={"value": "MK"}, evidence=f"{coded.evidence} ; MK est supposé")
    for found in solved.found:
        if found.field.kind == kind:
            value: dict[str, object] = {"join": found.table, "on": found.on.name, "from": found.shape.name}
            if found.converter != "text":
                value["as"] = found.converter
            why = f"trouvé dans « {found.table} » par « {found.on.name} »"
            source = (f"{found.table}.{found.shape.name}",)
            filled[found.field.name] = FieldPlan(found.field.target, value, 0.9, why, _example(found.shape), source)
    if kind == "invoice" and "cancelled_on" not in filled:
        cancelled = _cancelled(solved, filled.get("closed_on"))
        if cancelled is not None:
            filled["cancelled_on"] = cancelled
    for name in required(kind):
        if name not in filled:
            made = _made(solved, kind, name, filled, alone)
            if made is not None:
                filled[name] = made
    for one, other in (("id", "number"), ("number", "id")):
        if one in kinds()[kind].fields and one not in filled and other in filled:
            filled[one] = replace(filled[other], target=f"{kind}.{one}", confidence=0.6, choices=())
    if "id" not in filled:
        filled["id"] = _made_id(solved, kind, filled)
    order = ["id", *(name for name in kinds()[kind].fields if name != "id")]
    missing = tuple(name for name in required(kind) if name not in filled)
    return tuple(filled[name] for name in order if name in filled), missing


def _from_column(solved: Solved, pair: Pair) -> FieldPlan:
    fit, name = pair.fit, pair.shape.name
    table = solved.table.name
    value: str | dict[str, object]
    via = pair.shape.column.via
    if fit.beside:
        value = {"from": [fit.beside, name], "as": fit.converter}
    elif pair.codes:
        value = {"from": name, "as": "enum", "values": dict.fromkeys(pair.codes, "")}
    elif fit.converter == "enum":
        value = {"from": name, "as": "enum", "values": {**(fit.values or {}), **words_unseen(pair.field, fit.values)}}
    else:
        value = name if fit.converter == "text" else {"from": name, "as": fit.converter}
    if via is not None:
        said = {} if isinstance(value, str) else value
        value = {"join": via.table, "on": via.on, **said, "from": via.column}
    sources = (pair.shape.source(table), *((f"{table}.{fit.beside}",) if fit.beside else ()))
    others = sorted(pair.others.items(), key=lambda each: -each[1].score)
    choices = tuple(target for target, other in others if target != pair.field.target and other.score > 0.3)[:4]
    return FieldPlan(
        pair.field.target,
        value,
        pair.confidence,
        fit.why,
        _example(pair.shape),
        sources,
        choices,
        0 if pair.codes else len(fit.unread),
        pair.codes,
    )


def _cancelled(solved: Solved, closed: FieldPlan | None) -> FieldPlan | None:
    """That an invoice was cancelled, where a column says it by a word and none by a day: on the day it was closed."""
    if closed is None or not isinstance(closed.value, Mapping) or _joins(closed.value):
        return None
    paired = {pair.shape.name for pair in solved.pairs}
    for shape in solved.table.shapes:
        if shape.name in paired or shape.column.via is not None or len(shape.counts) > LONGEST_LIST:
            continue
        texts = [text for text in shape.counts if same_text(text) in _CANCELLED]
        if texts:
            value = {**closed.value, "when": {"column": shape.name, "is": texts}}
            why = f"« {shape.name} » dit qu'elle est annulée, sans le jour ; celui de la facture est pris"
            sources = (shape.source(solved.table.name), *closed.sources)
            return FieldPlan("invoice.cancelled_on", value, 0.6, why, _example(shape), sources)
    return None


def _example(shape: Shape) -> str:
    return masked(shape.counts.most_common(1)[0][0]) if shape.counts else ""


def _made(solved: Solved, kind: str, name: str, filled: Mapping[str, FieldPlan], alone: bool) -> FieldPlan | None:
    """A required field without a column of its own."""
    target = f"{kind}.{name}"
    if name == "patient_id" and "patient" in solved.kinds and kind != "patient":
        own = {pair.field.name: _from_column(solved, pair) for pair in solved.of("patient")}
        made = own.get("id") or _named(own)
        if made is not None:
            return replace(made, target=target, evidence=f"le patient de la même ligne ; {made.evidence}", choices=())
    if name == "practitioner_id" and alone:
        return FieldPlan(target, {"value": LONE_PRACTITIONER}, 0.5, "aucune colonne ne dit le praticien")
    if name == "profession":
        return FieldPlan(target, {"value": "MK"}, 0.4, "aucune colonne ne dit la profession")
    if name == "payer":
        return FieldPlan(target, {"value": "AMO"}, 0.3, "aucune colonne ne dit le payeur")
    return None


def _made_id(solved: Solved, kind: str, filled: Mapping[str, FieldPlan]) -> FieldPlan:
    """An identifier for records that have none: a person's name, or all that the row says of the record."""
    if kind == "patient":
        named = _named(filled)
        if named is not None:
            return named
    columns = list(
        dict.fromkeys(column for each in filled.values() for column in _columns(each.value) if not _joins(each.value))
    )
    once = kind in ("patient", "practitioner")
    parts = columns if once else [*columns, REPEAT]
    return FieldPlan(f"{kind}.id", {"from": parts, "as": "key"}, 0.5, "aucun identifiant : fait du texte de la ligne")


def _named(own: Mapping[str, FieldPlan]) -> FieldPlan | None:
    """A person identified by the number or the names that a row has."""
    if "nir" in own:
        return replace(
            own["nir"], target="patient.id", confidence=0.5, evidence="aucun identifiant : le NIR", choices=()
        )
    names = [own[name] for name in ("family_name", "given_name", "birth_date") if name in own]
    columns = list(dict.fromkeys(column for each in names for column in _columns(each.value)))
    if not columns:
        return None
    value: str | dict[str, object] = columns[0] if len(columns) == 1 else {"from": columns, "as": "key"}
    sources = tuple(dict.fromkeys(source for each in names for source in each.sources)) if len(columns) == 1 else ()
    return FieldPlan("patient.id", value, 0.5, "aucun identifiant : la personne par son nom", names[0].example, sources)


def _columns(value: str | Mapping[str, object]) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    given = value.get("from", ())
    return (given,) if isinstance(given, str) else tuple(str(each) for each in given) if isinstance(given, list) else ()


def _joins(value: str | Mapping[str, object]) -> bool:
    return isinstance(value, Mapping) and "join" in value


def _when(solved: Solved, kind: str) -> tuple[str, tuple[str, ...]]:
    """The column that says whether a row has such a record, where not every row does, and the texts that say so: a row
    of a journal is a payment where it says by which means."""
    for pair in solved.of(kind):
        if pair.field.name == "id" and pair.shape.fill < 1:
            return pair.shape.name, ()
        if len(solved.kinds) > 1 and pair.fit.unread and pair.fit.values and pair.field.form == "list":
            return pair.shape.name, tuple(pair.fit.values)
    return "", ()


def _needs_lone(tables: Sequence[TablePlan]) -> TablePlan | None:
    """The table whose rows name no practitioner, where no table does."""
    for table in tables:
        for record in table.records:
            for each in record.fields:
                if each.name == "practitioner_id" and each.value == {"value": LONE_PRACTITIONER}:
                    return table
    return None


def _with_lone(tables: Sequence[TablePlan], lone: TablePlan, profession: str) -> list[TablePlan]:
    fields = (
        FieldPlan("practitioner.id", {"value": LONE_PRACTITIONER}, 0.5, "le seul praticien du cabinet"),
        FieldPlan("practitioner.profession", {"value": profession}, 0.5, "d'après les lettres-clés"),
    )
    record = RecordPlan("practitioner", fields)
    return [replace(each, records=(record, *each.records)) if each is lone else each for each in tables]


def _profession(solved: Sequence[Solved]) -> str:
    """What the letters billed say of who bills."""
    nurse = NURSE_ACT_LETTERS | PACKAGE_LETTERS
    billed = [
        value.split()[0].upper()
        for each in solved
        for pair in each.pairs
        if pair.field.target == "act.letter"
        for value in pair.shape.counts
    ]
    return "IDE" if any(letter in nurse for letter in billed) else "MK"
