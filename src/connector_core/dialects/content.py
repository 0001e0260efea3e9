"""What a dialect's TOML holds, by its keys; whatever is not as expected is refused with its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector_core.errors import ConfigurationError
from connector_core.nearest import suggestion
from connector_core.toml_places import Key, nearest_line

Table = Mapping[str, object]


class Content:
    """The content of one file: reads keys of its tables, and knows the line of everything that it refuses."""

    def __init__(self, place: str, lines: Mapping[Key, int]) -> None:
        self.place = place
        self._lines = lines

    def table(self, table: Table, name: str, key: Key) -> Table:
        """The table under a name; it must be there."""
        value = table.get(name)
        if not isinstance(value, dict):
            raise self.refused(f"la table [{'.'.join(str(part) for part in (*key, name))}] manque", key)
        return value

    def tables(self, table: Table, name: str, key: Key) -> list[Table]:
        """The tables of an array of tables, none where it is left out."""
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.refused(f"« {name} » doit être une liste de tables [[{name}]]", (*key, name))
        return value

    def values(self, table: Table, name: str, key: Key) -> Sequence[object]:
        """What a list holds, nothing where it is left out."""
        value = table.get(name, [])
        if not isinstance(value, list):
            raise self.refused(f"« {name} » doit être une liste", (*key, name))
        return value

    def texts(self, table: Table, name: str, key: Key) -> tuple[str, ...]:
        """One text or a list of texts."""
        value = table.get(name, [])
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) and each for each in given):
            raise self.refused(f"« {name} » doit être un texte ou une liste de textes", (*key, name))
        return tuple(str(each) for each in given)

    def text(self, table: Table, name: str, key: Key) -> str:
        """A text that must be there, and may not be empty."""
        value = table.get(name)
        if not isinstance(value, str) or not value:
            raise self.refused(f"« {name} » manque ou n'est pas un texte", (*key, name))
        return value

    def optional(self, table: Table, name: str, key: Key) -> str | None:
        return self.text(table, name, key) if name in table else None

    def only(self, table: Table, allowed: Iterable[str], key: Key) -> None:
        """Refuse the keys of a table that are not among those allowed."""
        known = set(allowed)
        for name in table:
            if name not in known:
                raise self.refused(f"clé inconnue « {name} »", (*key, name), suggestion(name, known))

    def line(self, key: Key) -> int:
        """The line of a key, or of the nearest one around it."""
        return nearest_line(self._lines, key) or 1

    def refused(self, what: str, key: Key, remedy: str | None = None, line: int | None = None) -> ConfigurationError:
        """The error to raise about a key."""
        return ConfigurationError(what, where=f"{self.place}, ligne {line or self.line(key)}", remedy=remedy)
