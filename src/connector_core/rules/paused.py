"""When the database of a source is not read any more, since it is no longer what it was, and what is said of it. Pure.

Like the silence of a source it is a finding about the connection, and no rule of the catalogue. It is resolved when the
database is read again.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector_core.model.finding import Finding, SubjectRef
from connector_core.rules.kernel import fingerprint

CODE = "SOURCE-PAUSE"
TITLE = "La base d'une source n'est plus lue : elle n'est plus celle que l'on connaît."


@dataclass(frozen=True, slots=True)
class Paused:
    """A source whose database is not read: `name` is that of its software, `reason` why, as a French sentence without
    its full stop."""

    id: str
    name: str
    reason: str


def paused(source: Paused) -> Finding:
    """The finding that a source is paused."""
    about = SubjectRef("source", source.id)
    return Finding(
        rule=CODE,
        severity="info",
        subject=about,
        patient_id=None,
        message=f"La lecture de la base de {source.name} est suspendue : {source.reason}.",
        action=(
            "Prévenez la personne qui s'occupe de l'informatique : « connector inspect » montre ce qui a changé, après "
            "une mise à jour du logiciel par exemple. D'ici là, les contrôles portent sur des données anciennes."
        ),
        amount=None,
        due_on=None,
        deadline=None,
        evidence=(),
        parameters=(),
        fingerprint=fingerprint(CODE, about, source.reason),
    )
