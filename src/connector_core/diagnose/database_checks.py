"""Checks of the databases that are read: they answer, they are what a dialect expects and what they were, and their
account is refused a write, which is tried and taken back. Of one that is copied as a file, how that is done while
another program has it open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from connector_core.diagnose.database import last_reading
from connector_core.dialects.plan import Plan
from connector_core.errors import reason_of
from connector_core.plugins.contributions import Diagnosis, Diagnostic
from connector_core.secrets import Secrets, resolve
from connector_core.settings.model import Source
from connector_core.sources.database.address import file_of, read_address
from connector_core.sources.database.drift import differences
from connector_core.sources.database.engine import WriteProof
from connector_core.sources.database.exchange import Examine, Examined, Request, TryToWrite
from connector_core.sources.database.fetch import SILENCE, asked
from connector_core.sources.database.file_in_use import KEPT
from connector_core.sources.database.passes import Known
from connector_core.sources.database.plan import found_in
from connector_core.sources.database.shadow.copies import shadows_of_system
from connector_core.sources.database.shadow.exchange import NoShadow
from connector_core.sources.rights import forbidden

Plans = Callable[[Source], Sequence[Plan]]
_COPIED = "access"
"""The scheme of databases that are copied as a file."""
_NAMED = 4
_RIGHTS = {
    "postgresql": "Donnez à ce compte SELECT seul : REVOKE INSERT, UPDATE, DELETE, TRUNCATE sur les tables",
    "mysql": "Donnez à ce compte SELECT seul : REVOKE ALL, puis GRANT SELECT",
    "mariadb": "Donnez à ce compte SELECT seul : REVOKE ALL, puis GRANT SELECT",
    "firebird": "Lisez avec un compte qui n'a que GRANT SELECT, et jamais avec SYSDBA",
    "sqlite": "Retirez au compte du service le droit d'écrire dans ce fichier",
    "access": "Retirez au compte du service le droit d'écrire dans ce fichier",
}
_ANY_RIGHTS = "Lisez avec un compte qui n'a que le droit SELECT"


class LooksForShadows(Protocol):
    """Knows whether there would be a shadow copy of a file."""

    def look(self, path: Path) -> None:
        """Raise NoShadow where there would be none."""
        ...


def database_checks(
    sources: Sequence[Source],
    plans: Plans,
    secrets: Callable[[], Secrets],
    known: Callable[[str], Known],
    shadows: Callable[[], LooksForShadows | None] = shadows_of_system,
) -> Iterator[Diagnostic]:
    """Two checks for each database, three for one that is copied."""
    for source in sources:
        if source.database is not None:
            ask = partial(_request, source, source.database, secrets)
            yield Diagnostic(
                f"source-{source.id}", f"Source « {source.id} »", partial(_readable, source, ask, plans, known)
            )
            yield Diagnostic(
                f"writes-{source.id}", f"Droits sur la base « {source.id} »", partial(_refused, source, ask, plans)
            )
            if source.database.startswith(f"{_COPIED}://"):
                yield Diagnostic(
                    f"in-use-{source.id}",
                    f"Copie de la base « {source.id} » pendant son usage",
                    partial(_copied, source.id, source.database, shadows),
                )


Ask = Callable[[Examine | TryToWrite], Request]


def _request(source: Source, database: str, secrets: Callable[[], Secrets], what: Examine | TryToWrite) -> Request:
    password = None if source.password is None else resolve(source.password, secrets())
    return Request(database, password, what)


def _readable(source: Source, ask: Ask, plans: Plans, known: Callable[[str], Known]) -> Diagnosis:
    """Whether a database answers and is what it was, and what a dialect expects."""
    name = f"source-{source.id}"
    remedy = f"« connector inspect {source.database} » montre ce qui a changé"
    examined = asked(ask(Examine()), Examined, silence=SILENCE)
    missing = min((found_in(plan, examined.schema)[1] for plan in plans(source)), key=len)
    if missing:
        what = f"il manque : {_some(missing)}"
        return Diagnosis(name, "failed", what, "les tables et les colonnes qu'un dialecte attend", remedy)
    before = known(source.id)
    changed = differences(before.schema, examined.schema) if before.schema is not None else ()
    if changed or before.paused is not None:
        what = before.paused or "la structure de la base a changé"
        tables = sorted({change.table for change in changed})
        return Diagnosis(name, "failed", f"{what}{f' ({_some(tables)})' if tables else ''}", "la base connue", remedy)
    last = last_reading(before.fetched)
    said = f"la base se lit ({examined.isolation}), tables : {len(examined.schema.tables)}"
    return Diagnosis(name, "ok", f"{said} ; {last}" if last else said)


def _refused(source: Source, ask: Ask, plans: Plans) -> Diagnosis:
    """Whether the account is refused what it has no need of."""
    name, scheme = f"writes-{source.id}", (source.database or "").partition("://")[0]
    proof = asked(ask(TryToWrite()), WriteProof, silence=SILENCE)
    expected, remedy = "un compte qui ne peut que lire", _RIGHTS.get(scheme, _ANY_RIGHTS)
    if proof.allowed and _written_to(source, scheme):
        return Diagnosis(name, "ok", "ce compte peut écrire dans le fichier, comme [source.write_back] le demande")
    if proof.allowed:
        return Diagnosis(name, "failed", f"ce compte peut {_some(proof.allowed)}", expected, remedy)
    if proof.untried is not None or not proof.refused:
        return Diagnosis(name, "warning", proof.untried or "aucune écriture n'a pu être essayée", expected, remedy)
    return Diagnosis(name, "ok", f"ce compte ne peut pas écrire, écritures essayées et refusées : {proof.refused}")


def _copied(source: str, database: str, shadows: Callable[[], LooksForShadows | None]) -> Diagnosis:
    """Whether a file can be copied as it is open now, and in which ways it could be."""
    name, path = f"in-use-{source}", Path(file_of(read_address(database)))
    none = _without_shadow(path, shadows())
    try:
        path.open("rb").close()
    except PermissionError:
        if forbidden(path):
            expected, remedy = "un compte qui peut le lire", "Donnez-lui ce droit, et celui-là seul"
            return Diagnosis(name, "failed", "ce compte n'a pas le droit de lire ce fichier", expected, remedy)
        if none is None:
            return Diagnosis(name, "ok", f"{KEPT} : il est lu dans deux clichés instantanés")
        expected = "un fichier qui s'ouvre, ou un cliché instantané"
        return Diagnosis(name, "failed", f"{KEPT} ; {none[0]}", expected, none[1])
    except OSError as error:
        return Diagnosis(name, "failed", f"fichier illisible ({reason_of(error)})", remedy="Vérifiez le chemin")
    otherwise = "sinon dans deux clichés instantanés" if none is None else none[0]
    return Diagnosis(name, "ok", f"le fichier s'ouvre et se copie quand il est au repos ; {otherwise}")


def _without_shadow(path: Path, shadows: LooksForShadows | None) -> tuple[str, str] | None:
    """Why there would be no shadow of a file, and what to do; None where there would."""
    if shadows is None:
        return "pas de cliché instantané hors de Windows", ""
    try:
        shadows.look(path)
    except NoShadow as none:
        return none.what, none.remedy
    return None


def _written_to(source: Source, scheme: str) -> bool:
    """Whether flags are written into the very file that is read: SQLite has no account for writing alone."""
    flags = source.write_back
    return scheme == "sqlite" and flags is not None and flags.database in (None, source.database)


def _some(names: Sequence[str]) -> str:
    more = f" et {len(names) - _NAMED} autres" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
