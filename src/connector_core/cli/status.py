"""`connector status`: where each source stands, and whether the daemon runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.relay import relayed

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from connector_core.service.places import Places
    from connector_core.settings.model import Source
    from connector_core.store.files import FileFacts
    from connector_core.store.outbox import Parcel
    from connector_core.store.store import Store


_LEAST_FREE = 50 * 1024**2
"""Bytes below which a disk is about to be full."""
_MOST_DOUBTS = 20
"""Doubts that are listed for a person; `--json` has all."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source. `problems` are French sentences; none means that all is well."""

    id: str
    connector: str | None
    folder: str | None
    database: str | None
    reachable: bool | None
    files: int
    rows: int
    rejects: int
    waiting: int
    last_file: str | None
    last_file_at: str | None
    last_file_state: str | None
    expected_every: str | None
    silent: bool
    problems: tuple[str, ...]


@click.command(
    "status",
    help="Dit où en est chaque source et si le service tourne.\n\n"
    "Code de sortie : 0 tout va bien, 1 une source ou une livraison est à regarder, 3 le service ne tourne pas ou le "
    "magasin ne s'ouvre pas.",
)
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
@relayed
def command(context: Context, as_json: bool) -> int:
    from connector_core.cli.outbox import STATES, counted, parcel_json, parcel_text, titles_of
    from connector_core.errors import ConnectorError
    from connector_core.service.assembly import is_lost

    running = daemon_runs(context.places.lock)
    files: Sequence[FileFacts] = ()
    severities: Mapping[str, int] = {}
    as_of: str | None = None
    problem: str | None = None
    doubts: Sequence[str] = ()
    waiting = 0
    silent: Collection[str] = ()
    refused: Mapping[int, str | None] = {}
    now = datetime.now().astimezone()
    parcels: Sequence[Parcel] = ()
    notices = _notices(context)
    try:
        if context.places.store.exists() or is_lost(context.places):
            with context.store() as store:
                files, severities, as_of = store.files.list_files(), _severities(store), store.fact("as_of")
                doubts, waiting = store.answers.doubts(), store.waiting.count()
                silent, parcels = _silent(context, store, now), store.outbox.parcels()
                refused = {each.number: store.files.first_reason(each.number) for each in files if each.rejects}
                notices += _recovered(store)
    except ConnectorError as error:
        problem = str(error)
    undelivered = [each for each in parcels if each.problem is not None]
    told = _told(context.places, _zone(context)) if running else {}
    sources = _sources(context.settings.sources, files, silent, told, refused)
    if as_json:
        console.emit(
            {
                "running": running,
                "as_of": as_of,
                "store": {"path": str(context.places.store), "problem": problem},
                "sources": [{**asdict(each), "problems": list(each.problems)} for each in sources],
                "doubts": list(doubts),
                "waiting": waiting,
                "outbox": {state: sum(each.state == state for each in parcels) for state in STATES},
                "undelivered": [parcel_json(each) for each in undelivered],
                "notices": list(notices),
                "findings": {name: severities.get(name, 0) for name in ("reject", "revenue", "info")},
            }
        )
    else:
        for line in _text(context, running, as_of, problem, sources, severities):
            click.echo(line)
        for each in notices:
            click.echo(click.style(f"! {each}", fg="yellow"))
        if waiting:
            click.echo(f"\n{_waiting(waiting)} : « connector transfers » les montre.")
        if doubts:
            click.echo(f"\nEntre sources, {len(doubts)} point{'s' * (len(doubts) > 1)} à éclaircir :")
            for text in doubts[:_MOST_DOUBTS]:
                click.echo(f"  {text}")
        if parcels:
            click.echo(f"\nLivraisons : {counted(parcels)}.")
            titles = titles_of(context, undelivered)
            for line in (line for each in undelivered for line in parcel_text(each, titles)):
                click.echo(f"  {line}")
    if not running or problem is not None:
        return 3
    return 1 if notices or undelivered or any(each.problems for each in sources) else 0


def _waiting(number: int) -> str:
    from connector_core.deliver.french import count

    return count(number, "enregistrement attend sa facture", "enregistrements attendent leur facture")


def _notices(context: Context) -> list[str]:
    """What is to be looked at on the disk of our own data (French)."""
    import shutil

    folder = context.places.data
    if not folder.exists() or shutil.disk_usage(folder).free >= _LEAST_FREE:
        return []
    return [f"le disque est presque plein : {folder}. Libérez de la place ; rien n'est perdu"]


def _recovered(store: Store) -> list[str]:
    from connector_core.store.recovery import noted, told

    recovery = noted(store)
    if recovery is None:
        return []
    return [f"{told(recovery)}. Le fichier endommagé : {recovery.aside} ; effacez-le quand il ne sert plus"]


def daemon_runs(lock: Path) -> bool | None:
    """Whether another process holds the lock; None when this account may not look."""
    from filelock import FileLock, Timeout

    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return None


def _severities(store: Store) -> Mapping[str, int]:
    return Counter(kept.finding.severity for kept in store.answers.findings("open"))


def _silent(context: Context, store: Store, now: datetime) -> Collection[str]:
    """The sources that have given nothing for longer than expected."""
    from connector_core.pipeline.silence import awaited_sources
    from connector_core.service.assembly import expected_sources

    awaited = awaited_sources(store, expected_sources(context.settings), _zone(context))
    return {each.id for each in awaited if now >= each.silent_from}


def _zone(context: Context) -> ZoneInfo:
    """That of the practice: the report tells its times in it, too."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(context.settings.practice.timezone)


def _told(places: Places, zone: ZoneInfo) -> Mapping[str, str]:
    """What the daemon says is wrong, by source."""
    from connector_core.deliver import french
    from connector_core.service.standing import read_standing

    return {
        source: f"{problem.what}, depuis le {french.moment(problem.since.astimezone(zone))}"
        for source, problem in read_standing(places.problems).items()
    }


def _sources(
    configured: Sequence[Source],
    files: Sequence[FileFacts],
    silent: Collection[str],
    told: Mapping[str, str],
    refused: Mapping[int, str | None],
) -> list[SourceStatus]:
    by_source: dict[str, list[FileFacts]] = {}
    for file in files:
        by_source.setdefault(file.source, []).append(file)
    found = [
        _source(source, by_source.pop(source.id, []), told.get(source.id), refused, silent=source.id in silent)
        for source in configured
    ]
    return [*found, *(_former(name, each) for name, each in by_source.items())]


def _source(
    source: Source, files: Sequence[FileFacts], told: str | None, refused: Mapping[int, str | None], *, silent: bool
) -> SourceStatus:
    from connector_core.settings.duration import format_duration

    last = max(files, key=lambda file: (file.taken_at, file.number), default=None)
    reachable = None if source.folder is None else source.folder.is_dir()
    every = source.expected_every
    problems: list[str] = []
    if told is not None:
        problems.append(told)
    elif reachable is False:
        problems.append("le dossier est introuvable ou inaccessible")
    if silent and every is not None:
        problems.append(f"rien de nouveau depuis plus de {format_duration(every)}")
    if last is not None and last.state not in ("committed", "waiting"):
        problems.append(f"le dernier fichier n'a pas été lu en entier : {last.reason or last.state}")
    waiting = sum(file.state == "waiting" for file in files)
    if waiting:
        problems.append("des lignes attendent un autre fichier de l'export")
    if last is not None and last.rejects and last.state in ("committed", "waiting"):
        first = refused.get(last.number)
        why = "" if first is None else f" (le premier : {first})"
        problems.append(f"rejets dans le dernier fichier : {last.rejects}{why}")
    return SourceStatus(
        id=source.id,
        connector=source.connector,
        folder=None if source.folder is None else str(source.folder),
        database=source.database,
        reachable=reachable,
        files=len(files),
        rows=sum(file.rows for file in files),
        rejects=sum(file.rejects for file in files),
        waiting=waiting,
        last_file=None if last is None else last.name,
        last_file_at=None if last is None else last.taken_at,
        last_file_state=None if last is None else last.state,
        expected_every=None if every is None else format_duration(every),
        silent=silent,
        problems=tuple(problems),
    )


def _former(name: str, files: Sequence[FileFacts]) -> SourceStatus:
    """A source that the configuration no longer names; what was read of it stays, and is nobody's problem."""
    last = max(files, key=lambda file: (file.taken_at, file.number))
    return SourceStatus(
        id=name,
        connector=last.connector,
        folder=None,
        database=None,
        reachable=None,
        files=len(files),
        rows=sum(file.rows for file in files),
        rejects=sum(file.rejects for file in files),
        waiting=sum(file.state == "waiting" for file in files),
        last_file=last.name,
        last_file_at=last.taken_at,
        last_file_state=last.state,
        expected_every=None,
        silent=False,
        problems=(),
    )


def _text(
    context: Context,
    running: bool | None,
    as_of: str | None,
    problem: str | None,
    sources: Sequence[SourceStatus],
    severities: Mapping[str, int],
) -> Iterator[str]:
    from connector_core.cli.listing import SEVERITIES
    from connector_core.deliver import french

    zone = _zone(context)
    yield _RUNNING[running]
    if problem is not None:
        yield f"Le magasin ne s'ouvre pas : {problem}"
    elif not context.places.store.exists():
        yield "Rien n'a encore été lu."
    if not sources:
        yield "Aucune source n'est configurée : « connector init »."
    for source in sources:
        yield ""
        yield click.style(source.id, bold=True) + (f" ({source.connector})" if source.connector else "")
        if source.folder:
            yield f"  dossier : {source.folder}"
        if source.database:
            yield f"  base : {source.database}"
        if source.last_file_at is None:
            yield "  aucun fichier lu"
        else:
            at = datetime.fromisoformat(source.last_file_at).astimezone(zone)
            yield f"  dernier fichier : {source.last_file}, le {french.moment(at)}"
            yield (
                f"  {french.count(source.files, 'fichier')}, {french.count(source.rows, 'ligne')}, "
                f"{french.count(source.rejects, 'rejet')}"
            )
        for each in source.problems:
            yield click.style(f"  ! {each}", fg="yellow")
    if as_of is not None:
        from datetime import date

        words = {name: (one, many) for name, (_, one, many) in SEVERITIES.items() if severities[name]}
        counts = [french.count(severities[name], *forms) for name, forms in words.items()]
        yield ""
        yield f"Constats ouverts au {french.day(date.fromisoformat(as_of))} : {', '.join(counts) or 'aucun'}."


_RUNNING = {
    True: "Le service tourne.",
    False: "Le service ne tourne pas : « connector run ».",
    None: "Ce compte n'a pas le droit de savoir si le service tourne.",
}
