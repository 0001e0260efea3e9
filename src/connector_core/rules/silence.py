"""When a source has been silent for too long, and what is said of it. Pure.

It is a finding about the connection, not about what the practice bills: it is no rule of the catalogue, and has the
life of any finding.

Only working days count (Monday to Friday without the public holidays): a practice that is closed has no silent source,
and what falls due then falls due when it opens again. A rhythm of a day or more runs until the midnight that ends its
last day, whatever the hour of the last file; a shorter one runs from that file, by day and by night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from connector_core.model.finding import Finding, SubjectRef
from connector_core.rules.calendar import is_working_day
from connector_core.rules.french import jour
from connector_core.rules.kernel import fingerprint

CODE = "SOURCE-SILENCE"
TITLE = "Une source n'a rien donné depuis plus longtemps que prévu."

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A source of which something is expected: `name` is that of its software; `last` is when a file last came, or,
    where none ever did (`heard` is False), since when one is expected. It bears the zone of the practice."""

    id: str
    name: str
    every: timedelta
    last: datetime
    heard: bool = True

    @property
    def silent_from(self) -> datetime:
        """The moment from which it has been silent for too long, if nothing comes until then."""
        return silent_from(self.last, self.every)


def silent_from(last: datetime, every: timedelta) -> datetime:
    """When a source is silent for too long, whose last file came at `last`, told in the practice's zone."""
    moment, left = last.replace(tzinfo=None), every
    while True:
        midnight = datetime.combine(moment.date() + _DAY, time())
        if is_working_day(moment.date()):
            ahead = midnight - moment
            if left < ahead:
                break
            left -= ahead
        moment = midnight
    if every < _DAY:
        moment += left
    elif left:
        moment = _next_opening(moment)
    return moment.replace(tzinfo=last.tzinfo)


def _next_opening(moment: datetime) -> datetime:
    """The midnight that begins the next working day."""
    day = moment.date() + _DAY
    while not is_working_day(day):
        day += _DAY
    return datetime.combine(day, time())


def silence(source: Awaited, now: datetime) -> Finding | None:
    """The finding that a source is silent; None while it is not."""
    due = source.silent_from
    if now < due:
        return None
    about = SubjectRef("source", source.id)
    return Finding(
        rule=CODE,
        severity="info",
        subject=about,
        patient_id=None,
        message=_message(source, now),
        action=(
            f"Vérifiez que l'export de {source.name} se fait encore et arrive dans le dossier surveillé, puis "
            "lancez-le une fois à la main. D'ici là, les contrôles portent sur des données anciennes. "
            "Si le cabinet était fermé, écartez ce constat."
        ),
        amount=None,
        due_on=due.date(),
        deadline=None,
        evidence=(),
        parameters=(),
        fingerprint=fingerprint(CODE, about, source.last.isoformat(timespec="minutes")),
    )


def _message(source: Awaited, now: datetime) -> str:
    last = source.last
    at = f"le {jour(last.date())} à {last.hour} h {last.minute:02d}"
    rhythm = f"un export est attendu {_rhythm(source.every)}"
    if not source.heard:
        return f"Aucun export de {source.name} n'est encore arrivé ; {rhythm}, depuis {at}."
    days = (now.date() - last.date()).days
    since = f"depuis {at}" if not days else f"depuis {days} jour{'s' * (days > 1)} : le dernier est arrivé {at}"
    return f"Aucun export de {source.name} {since}, et {rhythm}."


def _rhythm(every: timedelta) -> str:
    """« chaque jour ouvré », « toutes les 12 heures »."""
    if every % _DAY == timedelta():
        days = every // _DAY
        return "chaque jour ouvré" if days == 1 else f"tous les {days} jours ouvrés"
    for unit, name in ((_HOUR, "heure"), (_MINUTE, "minute")):
        if every % unit == timedelta():
            count = every // unit
            return f"chaque {name}" if count == 1 else f"toutes les {count} {name}s"
    return f"toutes les {int(every.total_seconds())} secondes"
