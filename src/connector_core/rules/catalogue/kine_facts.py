"""Facts about a dossier's kiné acts, shared by the rules of KINE-NOM and KINE-CUMUL.

Looked at are the acts that stand: a cancelled or replaced invoice bills nothing, and a credited line takes one
equal act away. Ask through `check.derive`, so that the rules of one dossier share one pass over its acts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from connector_core.model.dossier import Dossier, PractitionerDay
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
from connector_core.parameters.tariffs import TariffRow
from connector_core.rules.kernel import Check

OLD_LETTERS = ("AMS", "AMC")
"""Letters deleted by the décision UNCAM of 14/12/2023."""
HALVED_BDK = frozenset({BDK_GENERAL / 2, BDK_NEURO / 2})
"""Coefficients that some software writes for a halved bilan, which is KINE-BILAN-CUMUL-JOUR's question."""

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
    """The kiné acts of a dossier that stand, in order of date and time; `letters` holds every act, by letter."""

    acts: list[Act] = field(default_factory=list)
    letters: dict[str, list[Act]] = field(default_factory=dict)
    days: list[list[Act]] = field(default_factory=list)
    """Days with more than one kiné act, or with a quantity above one."""
    grouped: list[Act] = field(default_factory=list)
    shared: list[Act] = field(default_factory=list)
    """Acts billed at a share of their price."""

    def of(self, *letters: str) -> list[Act]:
        """The acts under some letters, in order inside each letter."""
        return [act for letter in letters for act in self.letters.get(letter, ())]

    def same_day(self, act: Act) -> Sequence[Act]:
        """The other kiné acts of the act's day."""
        for day in self.days:
            if day[0].performed_on == act.performed_on:
                return [each for each in day if each is not act]
        return ()


def kine_acts(check: Check[Dossier]) -> KineActs:
    """Index the acts of a dossier in one pass."""
    found = KineActs()
    dead = _dead_invoices(check.subject)
    acts, letters, kine = found.acts, found.letters, KINE_SESSION_LETTERS
    credits: list[Act] = []
    together: list[Act] = []
    last: date | None = None
    for act in check.subject.acts:
        values = act.__dict__  # a third of the time of attribute access, over every act of a practice
        if dead and values["invoice_id"] in dead:
            continue
        quantity, amount, letter = values["quantity"], values["amount"], values["letter"]
        if quantity <= 0 or (amount is not None and amount < 0):
            credits.append(act)
            continue
        if letter in letters:
            letters[letter].append(act)
        else:
            letters[letter] = [act]
        if letter not in kine:
            continue
        acts.append(act)
        if values["performed_on"] == last:
            if not together:
                together = [acts[-2]]
                found.days.append(together)
            together.append(act)
        else:
            last = values["performed_on"]
            together = []
            if quantity > 1:
                together = [act]
                found.days.append(together)
        if values["group_size"] is not None and values["group_size"] > 1:
            found.grouped.append(act)
        if values["rate"] != "1":
            found.shared.append(act)
    return _without(found, credits) if credits else found


def superseded(check: Check[Dossier]) -> frozenset[str]:
    """Acts of an invoice that the caisse rejected, where another invoice bills the same practitioner's day again.

    They stand as evidence of what was rejected, and count for nothing where acts are counted.
    """
    state: dict[str, str] = {}
    for each in check.subject.payer_returns:  # in order of date: the last word on each invoice
        if each.payer == "AMO":
            state[each.invoice_number] = each.state
    rejected = {each.id for each in check.subject.invoices if state.get(each.number) == "rejected"}
    if not rejected:
        return frozenset()
    return frozenset(
        act.id
        for day in check.derive(kine_acts).days
        for act in day
        if act.invoice_id in rejected
        and any(
            other.invoice_id is not None
            and other.invoice_id not in rejected
            and other.practitioner_id == act.practitioner_id
            for other in day
        )
    )


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
    known = check.derive(_rows)
    key = (act.letter, act.coefficient)
    rows = known.get(key)
    if rows is None:
        rows = known[key] = check.tariffs.periods(act.letter, act.coefficient, "METRO")
    on_day = frozenset(row.code for row in rows if row.holds_on(act.performed_on))
    return on_day or frozenset(row.code for row in rows)


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


def heure(moment: time) -> str:
    """The time as printed in France: `9 h 05`."""
    return f"{moment.hour} h {moment.minute:02d}"


def minute(moment: time) -> int:
    """The minutes since midnight."""
    return moment.hour * 60 + moment.minute


def _rows(_: Check[Dossier] | Check[PractitionerDay]) -> dict[tuple[str, Decimal], tuple[TariffRow, ...]]:
    """The tariff rows looked up so far for one subject, by pair."""
    return {}


@lru_cache(maxsize=2048)
def _article_in(code: str) -> int | None:
    match = _ARTICLE.match(code)
    return None if match is None else int(match[1])


def _dead_invoices(dossier: Dossier) -> frozenset[str]:
    """The invoices that bill nothing: cancelled, or replaced by another one that is not."""
    if not dossier.invoices:
        return frozenset()
    replaced = {
        (each.practitioner_id, each.replaces)
        for each in dossier.invoices
        if each.replaces is not None and each.replaces != each.number and each.cancelled_on is None
    }
    return frozenset(
        each.id
        for each in dossier.invoices
        if each.cancelled_on is not None or (replaced and (each.practitioner_id, each.number) in replaced)
    )


def _without(found: KineActs, credits: Sequence[Act]) -> KineActs:
    """The same acts less one equal act for each credited line."""
    gone: set[int] = set()
    for credit in credits:
        for act in found.letters.get(credit.letter, ()):
            if (
                id(act) not in gone
                and act.performed_on == credit.performed_on
                and act.practitioner_id == credit.practitioner_id
                and act.coefficient == credit.coefficient
            ):
                gone.add(id(act))
                break
    days = [[act for act in day if id(act) not in gone] for day in found.days]
    return KineActs(
        [act for act in found.acts if id(act) not in gone],
        {letter: [act for act in acts if id(act) not in gone] for letter, acts in found.letters.items()},
        [day for day in days if len(day) > 1 or any(act.quantity > 1 for act in day)],
        [act for act in found.grouped if id(act) not in gone],
        [act for act in found.shared if id(act) not in gone],
    )
