"""Checks of what lies around the store: folders and who may read them, room, sources, log, clock, daemon."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector_core.access import strangers
from connector_core.errors import reason_of
from connector_core.plugins.contributions import Diagnosis, Diagnostic
from connector_core.plugins.report import LoadReport
from connector_core.settings.model import Source

_FEW_BYTES, _TOO_FEW_BYTES = 2_000_000_000, 300_000_000
_MEGABYTE = 1_000_000
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""
_AHEAD = timedelta(hours=1)


def plugins_load(reports: Sequence[LoadReport]) -> Diagnosis:
    """Whether every plugin that is admitted was loaded, and none waits for a person."""
    failed = [report for report in reports if report.status == "failed"]
    if failed:
        told = " ; ".join(f"« {report.name} » : {report.reason}" for report in failed)
        remedy = next((report.remedy for report in failed if report.remedy), "") or "Voyez « connector plugins »"
        return Diagnosis("plugins", "failed", told, "toutes les extensions se chargent", remedy)
    waiting = [report for report in reports if report.trust == "new" and report.stage == "trust"]
    if waiting:
        told = " ; ".join(
            f"« {each.name} » ({each.distribution} {each.version}, {each.source}) {each.reason}" for each in waiting
        )
        remedy = f"{waiting[0].remedy} ; sinon : « connector plugins disable {waiting[0].name} »"
        return Diagnosis("plugins", "warning", told, "des extensions activées, ou désactivées", remedy)
    loaded = sum(report.status == "ok" for report in reports)
    off = sum(report.status == "disabled" for report in reports)
    return Diagnosis("plugins", "ok", f"chargées : {loaded}, désactivées : {off}")


def private_places(
    places: Sequence[tuple[str, Path]], *, shared: Path | None = None, admitted: Collection[str] = ()
) -> Diagnosis:
    """Whether other accounts may read what is for the service alone. In `shared`, the report's folder, the group or
    those `admitted` (by SID) may read."""
    open_to: list[str] = []
    remedies: list[str] = []
    looked = 0
    for name, path in places:
        if not path.exists():
            continue
        looked += 1
        found = strangers(path, admitted=admitted if path == shared else ())
        if path == shared and os.name == "posix":
            found = tuple(who for who in found if who != "son groupe")
        if found:
            open_to.append(f"{name} ({path}) : {', '.join(found)}")
            rights = "750" if path == shared else "600" if path.is_file() else "700"
            remedies.append(f"chmod {rights} '{path}'")
    if not open_to:
        return Diagnosis("rights", "ok", f"emplacements examinés : {looked}, aucun n'est ouvert à d'autres comptes")
    remedy = (
        " ; ".join(remedies)
        if os.name == "posix"
        else "Ne laissez ces dossiers qu'au compte du service, à SYSTEM et aux administrateurs"
    )
    return Diagnosis("rights", "failed", " ; ".join(open_to), "aucun autre compte n'y entre", remedy)


def channel_folder(folder: Path) -> Diagnosis:
    """Whether only the service can put its socket where the other accounts look for it. Windows has no such folder."""
    if os.name == "posix" and folder.exists() and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return Diagnosis(
            "channel",
            "failed",
            f"d'autres comptes peuvent écrire dans {folder}, où le service attend les commandes",
            "un dossier où seul le service écrit",
            f"chmod go-w '{folder}'",
        )
    return Diagnosis("channel", "ok", f"dossier de la prise locale : {folder}")


def room(folder: Path) -> Diagnosis:
    """Whether the disk has room for the store to grow."""
    free = shutil.disk_usage(_existing(folder)).free
    found = f"{free // _MEGABYTE} Mo libres"
    expected = f"au moins {_FEW_BYTES // _MEGABYTE} Mo"
    if free < _TOO_FEW_BYTES:
        return Diagnosis("disk", "failed", found, expected, f"Libérez de la place sur le disque de {folder}")
    if free < _FEW_BYTES:
        return Diagnosis("disk", "warning", found, expected, f"Libérez de la place sur le disque de {folder}")
    return Diagnosis("disk", "ok", found, expected)


def source_checks(sources: Sequence[Source]) -> Iterator[Diagnostic]:
    """One check for each folder of exports."""
    for source in sources:
        if source.folder is not None:
            folder = source.folder
            yield Diagnostic(
                f"source-{source.id}",
                f"Source « {source.id} »",
                lambda folder=folder, name=source.id: source_readable(name, folder),  # type: ignore[misc]  # bound now
            )


def source_readable(name: str, folder: Path) -> Diagnosis:
    """Whether this account can list a folder of exports and open what lies in it."""
    files = 0
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.is_file():
                    files += 1
                    with open(each.path, "rb") as file:  # noqa: PTH123  # as scandir gives it
                        file.read(1)
    except OSError as error:
        inside = error.filename is not None and Path(error.filename) != folder
        what = f"{folder}{', un de ses fichiers' if inside else ''} : {reason_of(error)}"
        remedy = "Vérifiez que le dossier existe, et que le compte du service a le droit de le lire"
        if inside:
            remedy = "Donnez au compte du service le droit de lire les fichiers que le logiciel y dépose"
        return Diagnosis(f"source-{name}", "failed", what, "le dossier et ses fichiers se lisent", remedy)
    return Diagnosis(f"source-{name}", "ok", f"{folder} se lit, fichiers : {files}")


def log_writable(folder: Path) -> Diagnosis:
    """Whether the log can be written. Nothing is: a file is opened at its end."""
    path = folder / "connector.log"
    try:
        existed = path.exists()
        if existed:
            with path.open("ab"):
                pass
        writable = existed or os.access(_existing(folder), os.W_OK)
    except OSError as error:
        return Diagnosis(
            "log",
            "failed",
            f"{path} : {reason_of(error)}",
            "le journal s'écrit",
            "Lancez la commande dans le compte du service, ou corrigez les droits du dossier",
        )
    if writable:
        return Diagnosis("log", "ok", f"{path} s'écrit")
    return Diagnosis(
        "log", "failed", f"{folder} ne s'écrit pas", "le journal s'écrit", "Corrigez les droits du dossier"
    )


def clock(now: datetime, last_known: datetime | None) -> Diagnosis:
    """Whether the clock is where it can be: after this program was made, and after the last file that was taken."""
    shown = f"{now.astimezone():%d/%m/%Y %H:%M %Z}"
    remedy = "Réglez la date et l'heure, et laissez le système les suivre (NTP)"
    if now < RELEASED:
        return Diagnosis("clock", "failed", f"l'horloge montre {shown}", "une date plausible", remedy)
    if last_known is not None and last_known > now + _AHEAD:
        known = f"{last_known.astimezone():%d/%m/%Y %H:%M}"
        found = f"l'horloge montre {shown}, alors qu'un fichier a été lu le {known}"
        return Diagnosis("clock", "failed", found, "une horloge qui ne recule pas", remedy)
    return Diagnosis("clock", "ok", f"l'horloge montre {shown}")


def daemon(running: bool | None) -> Diagnosis:
    """Whether the daemon runs; None where this account may not know."""
    if running:
        return Diagnosis("daemon", "ok", "le service tourne")
    if running is None:
        return Diagnosis("daemon", "warning", "ce compte n'a pas le droit de savoir si le service tourne")
    return Diagnosis("daemon", "warning", "le service ne tourne pas", "il tourne", "« connector run », ou le service")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)
