"""Whether what a dialect says in one place fits what it says in another; what does not is refused with its line."""

from __future__ import annotations

import re
from itertools import permutations

from connector_core.dialects.content import Content
from connector_core.dialects.mappings import REPEAT, Dialect
from connector_core.formats.ical import COLUMNS as CALENDAR_COLUMNS
from connector_core.nearest import suggestion
from connector_core.toml_places import Key


def check_consistent(dialect: Dialect, content: Content) -> None:
    """Raise a ConfigurationError for the first contradiction inside a dialect."""
    _names_differ(dialect, content)
    _fetched_by_keys(dialect, content)
    _columns_exist(dialect, content)
    _joins_exist(dialect, content)
    if dialect.format.kind == "xml":
        _names_are_local(dialect, content)


def _names_differ(dialect: Dialect, content: Content) -> None:
    seen: set[str] = set()
    for n, table in enumerate(dialect.tables):
        if table.name in seen:
            raise content.refused(f"deux tables se nomment « {table.name} »", ("table", n, "name"))
        seen.add(table.name)


def _fetched_by_keys(dialect: Dialect, content: Content) -> None:
    """A table of a database says what tells its rows apart, and at most one way to fetch it in part; others don't."""
    kind = dialect.format.kind
    for n, table in enumerate(dialect.tables):
        if kind == "database" and not table.key:
            raise content.refused(
                f"la table « {table.name} » ne dit pas ce qui distingue ses lignes",
                ("table", n),
                'Ajoutez key = ["colonne"]',
            )
        said = {"key": table.key, "version_column": table.version_column, "growing_column": table.growing_column}
        for named, columns in said.items():
            if kind != "database" and columns:
                raise content.refused(
                    f"« {named} » ne vaut que pour une base", ("table", n, named), "Retirez cette clé"
                )
        if table.version_column and table.growing_column:
            raise content.refused(
                "« version_column » et « growing_column » ne vont pas ensemble",
                ("table", n, "growing_column"),
                "Gardez « version_column », qui dit aussi ce qui change",
            )


def _columns_exist(dialect: Dialect, content: Content) -> None:
    """Where the dialect itself says which columns there are, what it reads must be among them."""
    kind = dialect.format.kind
    if kind not in {"xml", "fixed", "ical", "delimited"}:
        return
    for n, table in enumerate(dialect.tables):
        key = ("table", n)
        if kind == "delimited" and not table.columns:
            continue
        if kind == "delimited" and dialect.format.options.get("header"):
            raise content.refused(
                "une table sans titres ne va pas avec « header »", (*key, "columns"), "Retirez l'un des deux"
            )
        if kind != "ical" and not table.columns:
            raise content.refused(f"la table « {table.name} » n'a pas de colonnes", key, "Ajoutez columns = [...]")
        for one, other in permutations(table.elements, 2):
            if not one.startswith("/") and f"/{other}".endswith(f"/{one}"):
                raise content.refused(f"« {one} » désigne aussi « {other} »", (*key, "element"), "Allongez le chemin")
        wrong = [column.name for column in table.columns if bool(column.end) is not (kind == "fixed")]
        if wrong:
            raise content.refused(
                f"la colonne « {wrong[0]} » n'est pas décrite pour le format {kind}", (*key, "columns")
            )
        known = [column.name for column in table.columns] + list(CALENDAR_COLUMNS if kind == "ical" else ())
        for name, line in table.column_uses():
            if name != REPEAT and name not in known:
                raise content.refused(f"colonne inconnue « {name} »", key, suggestion(name, known), line=line)


def _names_are_local(dialect: Dialect, content: Content) -> None:
    """A prefix is the file's own short name of a namespace; with one, nothing would ever be found."""
    paths: list[tuple[str, Key]] = [(dialect.format.text("root", ""), ("format", "root"))]
    for n, table in enumerate(dialect.tables):
        paths += [(element, ("table", n, "element")) for element in table.elements]
        paths += [(each.ancestor or each.path, ("table", n, "columns")) for each in table.columns]
    for path, key in paths:
        if ":" in path:
            local = re.sub(r"[^/@:]*:", "", path)
            raise content.refused(f"« {path} » a un préfixe", key, f"Écrivez « {local} », sans espace de noms")


def _joins_exist(dialect: Dialect, content: Content) -> None:
    remembered = {table.name: table.remember for table in dialect.tables}
    for n, table in enumerate(dialect.tables):
        for record in table.records:
            for field in record.fields:
                join = field.join
                if join is None:
                    continue
                kept = remembered.get(join.table)
                if kept is None:
                    joinable = [name for name, each in remembered.items() if each is not None]
                    raise content.refused(
                        f"la table « {join.table} » n'est pas mémorisée (remember)",
                        ("table", n),
                        suggestion(join.table, joinable),
                        line=field.line,
                    )
                if join.column not in kept.columns:
                    raise content.refused(
                        f"la table « {join.table} » ne mémorise pas la colonne « {join.column} »",
                        ("table", n),
                        suggestion(join.column, kept.columns),
                        line=field.line,
                    )
