"""Facts about a dossier's bilans de soins infirmiers (BSI), shared by the rules of IDE-BSI.

A BSI initial or de renouvellement is valid from its entry until the day before its anniversary; the care of the week
before its entry may rest on it. A BSI intermédiaire changes the level and keeps the term of the BSI before it. A draft
is worth nothing. Ask through `check.derive`, so that the rules of one dossier share one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.finding import ParameterRead
from connector_core.model.records import Act, Bsi, Invoice
from connector_core.model.vocabulary import BsiKind
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.kine_facts import zone_of
from connector_core.rules.counting import cotation
from connector_core.rules.kernel import Check
from connector_core.rules.rejects import REJECTED_INVOICES, taken_over

VALIDITIES = frozenset({"bsi.entered_on", "bsi.kind", "bsi.status"})
"""What `validities` reads."""
CLOSED_FROM = frozenset({"bsi.closed_on", "bsi.doctor_replied_on", "bsi.entered_on"})
"""What `closed_from` reads."""
BILLED_AGAIN = NURSE_ACTS | REJECTED_INVOICES
"""What `billed_again` reads."""
PACKAGES = BILLED_AGAIN
"""What `packages` reads."""
BILANS = BILLED_AGAIN | VALIDITIES | {"act.act_code"}
"""What `bilans` reads."""

_DAY = timedelta(days=1)
_KINDS: Mapping[str, BsiKind] = {"IDE-BSI-RENOUV": "renewal", "IDE-BSI-INTERM": "intermediate"}
"""What a code of the tariff table says of a DI 1,2."""


@dataclass(frozen=True, slots=True)
class Validity:
    """A BSI, the first day of care that may rest on it, and its term (the anniversary, on which it is over).

    `sure` is False for a BSI intermédiaire whose initial BSI no source gives: its term is at most that.
    """

    bsi: Bsi
    first: date
    term: date
    sure: bool = True

    @property
    def draft(self) -> bool:
        return self.bsi.status == "draft"

    @property
    def base(self) -> bool:
        """Whether it opens a year of its own."""
        return self.bsi.kind != "intermediate"

    def covers(self, day: date) -> bool:
        return self.first <= day < self.term


def validities(check: Check[Dossier]) -> tuple[Validity, ...]:
    """The BSIs of a dossier in order of entry, drafts included. Reads ide.bsi.entry_deadline and ide.bsi.validity."""
    since = check.peek("ide.bsi.since", check.as_of)
    found: list[Validity] = []
    for bsi in check.subject.bsis:
        entered = bsi.entered_on
        if isinstance(since, date) and entered < since:
            continue
        term = months_later(entered, check.number("ide.bsi.validity", entered))
        if bsi.kind != "intermediate":
            week = timedelta(days=check.number("ide.bsi.entry_deadline", entered))
            found.append(Validity(bsi, entered - week, term))
            continue
        before = next((each for each in reversed(found) if each.base and not each.draft), None)
        found.append(Validity(bsi, entered, term if before is None else before.term, before is not None))
    return tuple(found)


def covering(check: Check[Dossier], day: date) -> list[Validity]:
    """The BSIs, drafts left out, on which the care of a day may rest, in order of entry."""
    return [each for each in check.derive(validities) if not each.draft and each.covers(day)]


def validity_on(check: Check[Dossier], day: date) -> Validity | None:
    """The BSI in force on a day with its term: the last entered by then, else the first entered in the week after."""
    found = covering(check, day)
    by_then = [each for each in found if each.bsi.entered_on <= day]
    return by_then[-1] if by_then else found[0] if found else None


def bsi_on(check: Check[Dossier], day: date) -> Bsi | None:
    """The BSI in force on a day, closed or being closed, the one that sets the level; None when there is none."""
    found = validity_on(check, day)
    return None if found is None else found.bsi


def draft_on(check: Check[Dossier], day: date) -> Bsi | None:
    """The draft on which the care of a day would rest."""
    return next((each.bsi for each in check.derive(validities) if each.draft and each.covers(day)), None)


def expired_on(check: Check[Dossier], day: date) -> Validity | None:
    """The last BSI that was over on a day, its anniversary included; an intermédiaire only where it stands alone."""
    over = [each for each in check.derive(validities) if not each.draft and each.term <= day]
    return max(over, key=lambda each: (each.base, each.bsi.entered_on), default=None)


def closed_from(check: Check[Dossier], bsi: Bsi) -> date:
    """The day from which a BSI that is no draft counts as closed. Reads ide.bsi.doctor_delay.

    With an answer of the doctor in time, that of the answer, or of the closing when it came later; without one, the day
    after the delay. Where no source gives answers, a closing before then is believed.
    """
    delay = check.number("ide.bsi.doctor_delay", bsi.entered_on)
    alone = bsi.entered_on + timedelta(days=delay) + _DAY
    reply = bsi.doctor_replied_on
    if reply is not None and reply < alone:
        return reply if bsi.closed_on is None else max(reply, bsi.closed_on)
    if bsi.closed_on is not None and "bsi.doctor_replied_on" not in check.subject.cabinet.covers:
        return min(bsi.closed_on, alone)
    return alone


def closed_by(check: Check[Dossier], validity: Iterable[Validity], day: date | None) -> bool:
    """Whether one of some BSIs was closed on a day; where the day is not known, whether there is one."""
    return any(day is None or closed_from(check, each.bsi) <= day for each in validity)


def packages(check: Check[Dossier]) -> Sequence[Act]:
    """The daily packages that stand, from the day on which they exist, in order."""
    since = check.peek("ide.bsi.since", check.as_of)
    gone = check.derive(billed_again)
    return [
        act
        for act in check.derive(nurse_acts).acts
        if act.letter in FORFAITS and act.id not in gone and not (isinstance(since, date) and act.performed_on < since)
    ]


def invoices(check: Check[Dossier]) -> Mapping[str, Invoice]:
    """The invoices of a dossier by id."""
    return {each.id: each for each in check.subject.invoices}


def invoiced_on(check: Check[Dossier], act: Act) -> date | None:
    """The day on which an act was invoiced, None when it is not, or not known to be."""
    invoice = None if act.invoice_id is None else check.derive(invoices).get(act.invoice_id)
    return None if invoice is None else invoice.closed_on


def billed_again(check: Check[Dossier]) -> frozenset[str]:
    """Nurse acts of an invoice that the caisse rejected, where another invoice bills the same nurse's day again."""
    return taken_over(check, check.derive(nurse_acts).acts)


@dataclass(frozen=True, slots=True)
class Bilan:
    """A BSI with the DI that bills it, or one of the two alone; `kind` is None where nothing tells it."""

    on: date
    kind: BsiKind | None
    bsi: Bsi | None
    act: Act | None

    @property
    def done(self) -> bool:
        """Whether it is more than a draft: billed, or entered for good."""
        return self.act is not None or (self.bsi is not None and self.bsi.status != "draft")


def bilans(check: Check[Dossier]) -> tuple[Bilan, ...]:
    """The BSIs of a dossier and their DIs in order. Reads ide.bsi.di_initial, di_following and di_window.

    A DI goes with the nearest BSI; a DI of an initial BSI that is further away, with the initial BSI before it.
    """
    bsis = [each.bsi for each in check.derive(validities)]
    acts = _billed(check)
    pairs: dict[str, Act] = {}
    taken: set[str] = set()
    close = [
        (abs((act.performed_on - bsi.entered_on).days), act, bsi)
        for act in acts
        for bsi in bsis
        if abs((act.performed_on - bsi.entered_on).days) <= check.number("ide.bsi.di_window", act.performed_on)
    ]
    for _, act, bsi in sorted(close, key=lambda each: (each[0], each[2].status == "draft")):
        if bsi.id not in pairs and act.id not in taken:
            pairs[bsi.id] = act
            taken.add(act.id)
    for act in acts:
        if act.id in taken or _kind(check, act) != "initial":
            continue
        before = [
            bsi for bsi in bsis if bsi.kind == "initial" and bsi.id not in pairs and bsi.entered_on <= act.performed_on
        ]
        if before:
            pairs[before[-1].id] = act
            taken.add(act.id)
    found = [Bilan(bsi.entered_on, bsi.kind, bsi, pairs.get(bsi.id)) for bsi in bsis]
    found += [Bilan(act.performed_on, _kind(check, act), None, act) for act in acts if act.id not in taken]
    return tuple(sorted(found, key=lambda each: each.on))


def _billed(check: Check[Dossier]) -> list[Act]:
    """The DIs that bill a BSI, in order."""
    since = check.peek("ide.bsi.since", check.as_of)
    gone = check.derive(billed_again)
    return [
        act
        for act in check.derive(nurse_acts).of("DI")
        if act.id not in gone
        and not (isinstance(since, date) and act.performed_on < since)
        and act.coefficient in di_coefficients(check, act.performed_on)
    ]


def di_coefficients(check: Check[Dossier], day: date) -> tuple[Decimal, Decimal]:
    """The coefficients of an initial BSI, and of one of renewal or intermédiaire."""
    return check.decimal("ide.bsi.di_initial", day), check.decimal("ide.bsi.di_following", day)


def _kind(check: Check[Dossier], act: Act) -> BsiKind | None:
    """The kind of BSI that a DI says it bills."""
    if act.coefficient == check.decimal("ide.bsi.di_initial", act.performed_on):
        return "initial"
    return None if act.act_code is None else _KINDS.get(act.act_code)


def tariff_of(
    check: Check[Dossier], act: Act, coefficient: Decimal | None = None, *, letter: str | None = None
) -> tuple[Decimal, ParameterRead] | None:
    """The tariff of an act, or of another cotation in its place, with its row; None when not confirmed."""
    return check.tariffs.price(
        letter or act.letter,
        act.coefficient if coefficient is None else coefficient,
        act.performed_on,
        zone_of(check, act),
    )


def named(act: Act) -> str:
    """The act as a message begins with it: `Le forfait BSB`, `DI 2,5`."""
    return f"Le forfait {act.letter}" if act.letter in FORFAITS else cotation(act)


def born_on(check: Check[Dossier]) -> date | None:
    return None if check.subject.patient is None else check.subject.patient.birth_date
