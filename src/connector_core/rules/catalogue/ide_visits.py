"""What the rules of IDE-MAJ, IDE-DEPL, IDE-ORD and IDE-DAP ask of a nurse's passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier, PractitionerDay
from connector_core.model.letters import NURSE_ACT_LETTERS
from connector_core.model.records import Act, Prescription
from connector_core.parameters.tariffs import TariffRow
from connector_core.rules.catalogue.ide_facts import FORFAITS, Passage, nurse_acts
from connector_core.rules.catalogue.kine_facts import prescriptions
from connector_core.rules.kernel import Check

CARE_LETTERS = NURSE_ACT_LETTERS | FORFAITS | {"DI"}
FLAT_TRAVEL = frozenset({"IFD", "IFI"})
KILOMETRES = frozenset({"IK", "IKM", "IKS"})
TRAVEL = FLAT_TRAVEL | KILOMETRES
SUNDAY_LETTERS = frozenset({"MD", "F"})
NIGHT_LETTERS = frozenset({"MN", "MN23", "N"})
"""Vendors write the letter of the NGAP's tariffs, or the code of the feuille de soins (F, N)."""

HOME = frozenset({"DOMICILE", "EHPAD"})
"""Places where travel is due: an EHPAD is its residents' home."""

SURCHARGE = "surcharge"
"""The fault of a surcharge that is not due, told by IDE-BSI-MAU and IDE-BSI-MCI too."""

_ONE = Decimal(1)


def nurse_tariff(
    check: Check[Dossier] | Check[PractitionerDay], letter: str, act: Act, coefficient: Decimal = _ONE
) -> TariffRow | None:
    """The row of a nurse's travel or surcharge on the act's day; masseurs-kinésithérapeutes share some letters."""
    practitioner = check.subject.cabinet.practitioners.get(act.practitioner_id)
    zone = "METRO" if practitioner is None else practitioner.zone
    for row in check.tariffs.periods(letter, coefficient, zone):
        if row.code.startswith("IDE-") and row.holds_on(act.performed_on) and row.amount is not None:
            return row
    return None


def worth(check: Check[Dossier], letter: str, act: Act) -> Decimal | None:
    """What a missing surcharge would have paid; the row is named in the next flag."""
    row = nurse_tariff(check, letter, act)
    if row is None:
        return None
    check.cite(row.read())
    return row.amount


def care(passage: Passage) -> list[Act]:
    """The care of a passage: neither travel nor surcharges."""
    return [act for act in passage.acts if act.letter in CARE_LETTERS]


def settled(passage: Passage) -> bool:
    """Whether the acts surely are of one visit: they bear a time or a session, or can't be of several."""
    if not passage.placed:
        return False
    if any(act.session_id is not None or act.started_at is not None for act in passage.acts):
        return True
    visits = sum(act.quantity for act in passage.acts if act.letter in FLAT_TRAVEL)
    return max(visits, sum(act.quantity for act in care(passage))) <= 1


def day_of(check: Check[Dossier], passage: Passage) -> list[Act]:
    """Every act that the passage's nurse did with the patient on its day."""
    return [
        act
        for each in check.derive(nurse_acts).passages
        if each.day == passage.day and each.practitioner_id == passage.practitioner_id
        for act in each.acts
    ]


def _adrift(check: Check[Dossier]) -> frozenset[tuple[str, date]]:
    """The nurses' days with acts that may be of any of their passages."""
    passages = check.derive(nurse_acts).passages
    return frozenset((each.practitioner_id, each.day) for each in passages if not each.placed)


def settled_day(check: Check[Dossier], passage: Passage) -> bool:
    """Whether every act of the passage's day is of a known passage."""
    return (passage.practitioner_id, passage.day) not in check.derive(_adrift)


def at_home(acts: Iterable[Act]) -> bool | None:
    """Whether acts were done at the patient's home, None when nothing tells; travel is only due there."""
    acts = tuple(acts)
    places = {act.place for act in acts if act.place is not None}
    if places:
        return not places.isdisjoint(HOME)
    return True if any(act.letter in TRAVEL for act in acts) else None


def prescribed_by(check: Check[Dossier], acts: Iterable[Act]) -> list[Prescription]:
    """The prescriptions that acts name and that a source describes, in order."""
    known = check.derive(prescriptions)
    named = {act.prescription_id: None for act in acts if act.prescription_id is not None}
    return [known[each] for each in named if each in known]


def repeated(check: Check[Dossier], acts: Sequence[Act]) -> bool:
    """Whether some care of a passage was given under the same prescription on another day too."""
    return any(
        other.performed_on != act.performed_on
        and other.prescription_id == act.prescription_id
        and other.letter == act.letter
        and other.coefficient == act.coefficient
        for act in acts
        if act.letter in CARE_LETTERS and act.prescription_id is not None
        for other in check.derive(nurse_acts).acts
    )


def total(acts: Iterable[Act]) -> Decimal | None:
    """The sum of the amounts of acts, None when one of them is not known."""
    amounts = [act.amount for act in acts]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
