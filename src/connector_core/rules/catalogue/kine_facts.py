"""Facts about a dossier's kiné acts, shared by the rules of KINE-NOM and KINE-CUMUL.

Looked at are the acts that stand: a cancelled or replaced invoice bills nothing, and a credited line takes one
equal act away. Ask through `check.derive`, so that the rules of one dossier share one pass over its acts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from itertools import chain, compress, count, islice
from operator import eq

from connector_core.model.dossier import Dossier, PractitionerDay
from connector_core.model.finding import SubjectRef
from connector_core.model.letters import (
    BDK_GENERAL,
    BDK_NEURO,
    ISOLATED_ASSESSMENTS,
    KINE_SESSION_LETTERS,
    is_bdk,
    is_supplement,
)
from connector_core.model.records import Act, Practitioner, Prescription, Treatment
from connector_core.model.vocabulary import Zone
from connector_core.rules.batches import Batch, Batches, places_of
from connector_core.rules.kernel import Check
from connector_core.rules.rejects import REJECTED_INVOICES, taken_over
from connector_core.rules.standing import STANDING, standing

KINE_ACTS = STANDING
"""What `kine_acts` reads."""
SUPERSEDED = KINE_ACTS | REJECTED_INVOICES
"""What `superseded` reads."""
SAME_PASSAGE = frozenset({"act.practitioner_id", "act.session_id", "act.started_at"})
"""What `same_passage` reads."""
COMPANION = SAME_PASSAGE | {"act.duration_min"}
"""What `companion` reads."""
OPERATED_BY = frozenset({"treatment.operated", "treatment.operated_on"})
"""What `operated_by` reads."""

OLD_LETTERS = ("AMS", "AMC")
"""Letters deleted by the décision UNCAM of 14/12/2023."""
HALVED_BDK = frozenset({BDK_GENERAL / 2, BDK_NEURO / 2})
"""Coefficients that some software writes for a halved bilan, which is KINE-BILAN-CUMUL-JOUR's question."""

SURGERY = {
    **dict.fromkeys(("RAM", "RSM", "RIM", "VSM", "VIM"), False),
    **dict.fromkeys(("RAO", "RSC", "RIC", "VSC", "VIC"), True),
}
"""Letters that say whether the region was operated on."""

BPCO_GROUP = "MK-art5-readaptation-groupe"
"""ARL 20, itself a group act."""

_ARTICLE = re.compile(r"MK-art(\d+)-")
_MANY = frozenset({"AMK", "AMC", "AMS", "RAV"})


class Once:
    """Lets each question that can't be answered be told once per dossier or treatment."""

    def __init__(self) -> None:
        self._told: set[object] = set()

    def first(self, key: object) -> bool:
        if key in self._told:
            return False
        self._told.add(key)
        return True


@dataclass(slots=True)
class KineActs:
    """The acts of a dossier that stand, in batches, and its kiné acts day by day."""

    found: Batches
    kine: list[Batch]
    """The batches of kiné acts."""
    letters: dict[str, list[Batch]]
    """Every batch, of other acts too, by letter."""
    days: dict[date, list[Act]]
    """Days with more than one kiné act, or with a quantity above one."""
    shared: list[Act]
    """Kiné acts billed at a share of their price."""

    def of(self, *letters: str) -> list[Act]:
        """The acts under some letters, in order inside each letter."""
        return [act for letter in letters if letter in self.letters for act in self.acts_of(self.letters[letter])]

    def acts_of(self, batches: Iterable[Batch]) -> list[Act]:
        """The acts of some batches, in order of date and time."""
        return self.found.acts_of(batches)

    def same_day(self, act: Act) -> Sequence[Act]:
        """The other kiné acts of the act's day."""
        return [each for each in self.days.get(act.performed_on, ()) if each is not act]


def kine_acts(check: Check[Dossier]) -> KineActs:
    """Index the acts of a dossier that stand."""
    found = check.derive(standing)
    letters: dict[str, list[Batch]] = {}
    for batch in found.batches:
        letters.setdefault(batch.letter, []).append(batch)
    kine = [batch for batch in found.batches if batch.letter in KINE_SESSION_LETTERS]
    shared = [batch for batch in kine if batch.rate != "1"]
    return KineActs(found, kine, letters, _busy_days(found, kine), found.acts_of(shared) if shared else [])


def _busy_days(found: Batches, kine: Sequence[Batch]) -> dict[date, list[Act]]:
    """The days of several kiné acts, or of one with a quantity above one, in order, with their kiné acts."""
    busy: dict[date, list[Act]] = {}
    acts, days = found.acts, found.days
    if len(kine) < len(found.batches):
        places = places_of(kine)
        acts, days = found.acts_at(places), [days[place] for place in places]
    for index in compress(count(), map(eq, days, islice(days, 1, None))):  # an act on the day of the one before it
        day = days[index]
        if day in busy:
            busy[day].append(acts[index + 1])
        else:
            busy[day] = [acts[index], acts[index + 1]]
    multiple = [batch for batch in kine if batch.quantity > 1]
    if multiple:
        for act in found.acts_of(multiple):
            busy.setdefault(act.performed_on, [act])
        busy = dict(sorted(busy.items()))
    return busy


def off_tariff(check: Check[Dossier]) -> list[Act]:
    """The kiné acts whose amount must be looked at one by one, in order.

    Left out are the batches billed at their tariff and nothing more. Of a batch without amount, or whose tariff is
    not known, the first act is enough: it is told once.
    """
    found = check.derive(kine_acts).found
    tariffs, practitioners = check.tariffs, check.subject.cabinet.practitioners
    doubtful: list[int] = []
    for batch, spells in zip(found.batches, found.spells(tariffs), strict=True):
        if batch.letter not in KINE_SESSION_LETTERS:
            continue
        practitioner = practitioners.get(batch.practitioner_id)
        zone: Zone = "METRO" if practitioner is None else practitioner.zone
        prices = [tariffs.price_in(spell, batch.letter, batch.coefficient, zone) for spell in spells]
        known = [price[0] for price in prices if price is not None]
        if batch.amount is None or not known:
            doubtful.append(batch.places[0])
        elif (
            batch.quantity != 1
            or batch.rate != "1"
            or batch.excess
            or len(known) < len(prices)
            or known.count(batch.amount) < len(known)
        ):
            doubtful.extend(batch.places)
    return found.acts_at(sorted(doubtful)) if doubtful else []


def superseded(check: Check[Dossier]) -> frozenset[str]:
    """Acts of an invoice that the caisse rejected, where another invoice bills the same practitioner's day again.

    They stand as evidence of what was rejected, and count for nothing where acts are counted.
    """
    return taken_over(check, chain.from_iterable(check.derive(kine_acts).days.values()))


def treatments(check: Check[Dossier]) -> Mapping[str, Treatment]:
    """The treatments of a dossier by id."""
    return {each.id: each for each in check.subject.treatments}


def prescriptions(check: Check[Dossier]) -> Mapping[str, Prescription]:
    """The prescriptions of a dossier by id."""
    return {each.id: each for each in check.subject.prescriptions}


def treatment_of(check: Check[Dossier], act: Act) -> Treatment | None:
    """The treatment that an act names, None when it names none or one that no source describes."""
    return None if act.treatment_id is None else check.derive(treatments).get(act.treatment_id)


def practitioner_of(check: Check[Dossier], act: Act) -> Practitioner | None:
    return check.subject.cabinet.practitioners.get(act.practitioner_id)


def zone_of(check: Check[Dossier], act: Act) -> Zone:
    """The tariff zone of the act's practitioner; the model's default where no source describes them."""
    practitioner = practitioner_of(check, act)
    return "METRO" if practitioner is None else practitioner.zone


def operated_by(treatment: Treatment, day: date) -> bool | None:
    """Whether the affection had been operated on that day."""
    if treatment.operated is False:
        return False
    if treatment.operated_on is not None:
        if treatment.operated_on <= day:
            return True
        return False if treatment.operated else None
    return treatment.operated


def is_session(act: Act) -> bool:
    """Whether the act bills a session of rehabilitation: neither a bilan nor a supplement."""
    letter = act.letter
    if letter not in KINE_SESSION_LETTERS or act.kind not in (None, "session"):
        return False
    if letter not in _MANY:
        return True
    return not (
        is_bdk(act)
        or is_supplement(act)
        or (letter == "AMK" and (act.coefficient in ISOLATED_ASSESSMENTS or act.coefficient in HALVED_BDK))
    )


def codes_of(check: Check[Dossier] | Check[PractitionerDay], act: Act) -> frozenset[str]:
    """The acts of the nomenclature that one line may be: as the source says, else by its letter and coefficient."""
    if act.act_code is not None:
        return frozenset({act.act_code})
    return check.tariffs.codes_on(act.letter, act.coefficient, act.performed_on)


def article_of(check: Check[Dossier], act: Act) -> int | None:
    """The article of titre XIV chap. II: of the treatment, else of the cotation where it leaves no doubt."""
    treatment = treatment_of(check, act)
    if treatment is not None and treatment.article is not None:
        return treatment.article
    articles = {_article_in(code) for code in codes_of(check, act)}
    return articles.pop() if len(articles) == 1 else None


def same_passage(one: Act, other: Act) -> bool | None:
    """Whether two acts of one patient and one day belong to one passage; None when nothing tells."""
    if one.practitioner_id != other.practitioner_id:
        return False
    if one.session_id is not None and other.session_id is not None:
        return one.session_id == other.session_id
    if one.started_at is not None and other.started_at is not None:
        return one.started_at == other.started_at
    return None


def companion(act: Act, other: Act, minutes: int) -> bool:
    """Whether a supplement may go with an act: the same passage, or nothing that sets them apart.

    Software may give a supplement a time of its own, so that times count as apart only beyond a session's length.
    """
    if same_passage(act, other) is not False:
        return True
    if act.practitioner_id != other.practitioner_id or (act.session_id is not None and other.session_id is not None):
        return False
    if act.started_at is None or other.started_at is None:
        return False
    length = max(act.duration_min or 0, other.duration_min or 0, minutes)
    return abs(minute(act.started_at) - minute(other.started_at)) <= length


def by_visit(lines: Sequence[Act]) -> list[list[Act]]:
    """The lines of each visit together (a line for each way); a line that names no visit stands alone."""
    visits: dict[object, list[Act]] = {}
    for line in lines:
        moment = line.session_id or line.started_at
        key = line.id if moment is None else (line.practitioner_id, line.performed_on, moment)
        visits.setdefault(key, []).append(line)
    return [*visits.values()]


def whole_day(check: Check[PractitionerDay]) -> SubjectRef:
    """A practitioner's day, as the subject of an answer."""
    return SubjectRef("practitioner_day", f"{check.subject.practitioner_id}/{check.subject.day.isoformat()}")


def heure(moment: time) -> str:
    """The time as printed in France: `9 h 05`."""
    return f"{moment.hour} h {moment.minute:02d}"


def minute(moment: time) -> int:
    """The minutes since midnight."""
    return moment.hour * 60 + moment.minute


@lru_cache(maxsize=2048)
def _article_in(code: str) -> int | None:
    match = _ARTICLE.match(code)
    return None if match is None else int(match[1])
