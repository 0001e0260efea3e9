"""A dialect as a person wants to find it: TOML with the evidence for each line, and masked examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from connector_core.dialects.calibration.planning import FieldPlan, Plan, RecordPlan, TablePlan
from connector_core.dialects.calibration.sample import Growing, Sample

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 116
_UNSURE = 0.5
_OPEN = (
    "À compléter : rien ne dit ce que veulent dire les codes d'un champ obligatoire. Écrivez-le dans « values », puis "
    "retirez les « # » devant ce champ et devant les lignes qui suivent."
)
_HEAD = """\
Proposé par « connector calibrate » d'après les valeurs et les titres de l'export ; personne ne l'a encore vérifié.
Au-dessus de chaque champ : la confiance, de 0 à 1, ce qui la fonde, et la forme masquée d'une valeur. « À vérifier »
marque ce qui n'est pas sûr. Les colonnes que rien ne lit sont gardées telles quelles à côté des enregistrements."""


def written(sample: Sample, plan: Plan, dialect_id: str, title: str) -> str:
    """The dialect of a plan as commented TOML."""
    lines = [f"# {title}.", "#", *(f"# {line}" for line in _HEAD.splitlines()), ""]
    lines += ["[dialect]", f"id = {text(dialect_id)}", f"title = {text(title)}", 'version = "1"', ""]
    lines += ["[format]", *(f"{name} = {_value(value)}" for name, value in sample.format.items())]
    for table in plan.tables:
        lines += _table(table)
    return "\n".join(lines) + "\n"


def _table(plan: TablePlan) -> Iterator[str]:
    if not plan.records and plan.remember is None:
        yield ""
        yield from _comment(_not_read(plan))
        return
    lines = _lines(plan)
    if plan.remember is None and all(record.is_open for record in plan.records):
        lines = (f"# {line}".rstrip() for line in lines)
    yield ""
    yield from lines


def _lines(plan: TablePlan) -> Iterator[str]:
    yield "[[table]]"
    yield f"name = {text(plan.table.name)}"
    for name, value in plan.table.table.head.items():
        if name == "columns" and isinstance(value, list) and len(value) > 4:
            yield "columns = ["
            yield from (f"  {_value(each)}," for each in value)
            yield "]"
        else:
            yield f"{name} = {_value(value)}"
    if plan.table.table.growing is not None:
        yield from _growing(plan.table.table.growing)
    if plan.remember is not None:
        key, columns = plan.remember
        yield "# D'autres tables y cherchent ce que leurs lignes ne disent pas."
        yield f"remember = {_value({'key': key, 'columns': list(columns)})}"
    if plan.left:
        yield from _comment(f"Colonnes que rien ne lit : {', '.join(plan.left)}.")
    for kind, missing in plan.lacking:
        yield from _comment(f"Pas d'enregistrement « {kind} » : il y manque {', '.join(missing)}.")
    waits = plan.remember is not None or not all(record.is_open for record in plan.records)
    for record in plan.records:
        lines = _record(record)
        if record.is_open:
            yield ""
            yield from _comment(_OPEN)
            if waits:
                lines = (f"# {line}".rstrip() for line in lines)
        yield from lines


def _growing(found: Growing) -> Iterator[str]:
    yield from _comment(
        f"À vérifier : « {found.column} » croît comme « {found.by} », dans les {found.rows} lignes regardées. Si la "
        "base compte ainsi chaque ligne nouvelle, retirez le « # » de la ligne qui suit : seules les nouvelles sont "
        "alors lues, et la modification d'une ancienne n'est vue qu'une fois par « compare » de la source."
    )
    yield f"# growing_column = {_value(found.column)}"


def _not_read(plan: TablePlan) -> str:
    lacking = "".join(f" Pour « {kind} », il manque {', '.join(missing)}." for kind, missing in plan.lacking)
    return f"La table « {plan.table.name} » n'est pas lue : rien n'y a été reconnu.{lacking}"


def _record(record: RecordPlan) -> Iterator[str]:
    yield ""
    yield "[[table.record]]"
    yield f"kind = {text(record.kind)}"
    if record.when:
        test: dict[str, object] = {"is": list(record.among)} if record.among else {"is_not": [""]}
        yield f"when = {_value({'column': record.when, **test})}"
    yield "[table.record.fields]"
    for each in record.fields:
        yield from _comment(_reason(each))
        yield f"{'# ' if each.waits and not record.needs(each) else ''}{each.name} = {_value(each.value)}"


def _reason(each: FieldPlan) -> str:
    sure = f"{each.confidence:.2f}".replace(".", ",")
    parts = [sure, each.evidence]
    if each.example:
        parts.append(f"ex. {each.example}")
    if each.unread:
        parts.append(f"{each.unread} texte(s) à ajouter : leurs lignes sont refusées")
    if each.confidence < _UNSURE:
        others = ", ".join(each.choices)
        parts.append("à vérifier" + (f" (ou {others})" if others else ""))
    return " ; ".join(parts)


def _comment(said: str) -> Iterator[str]:
    for line in wrap(said, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"# {_printable(line)}"


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Mapping():
            inside = ", ".join(f"{key(str(name))} = {_value(each)}" for name, each in value.items())
            return f"{{ {inside} }}"
        case str():
            return text(value)
        case Sequence():
            return f"[{', '.join(_value(each) for each in value)}]"
        case _:
            raise TypeError(f"a dialect holds no {type(value).__name__}")


def key(name: str) -> str:
    """A key of TOML, between quotes where it must be."""
    return name if _BARE.fullmatch(name) else text(name)


def text(said: str) -> str:
    """A basic string of TOML."""
    escaped = said.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _printable(said: str) -> str:
    return "".join(each if each.isprintable() else "·" for each in said)
