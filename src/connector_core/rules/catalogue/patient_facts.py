"""Facts about the patient and their rights, shared by the rules of ID, FIN and KINE-NOM."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from connector_core.model.dossier import Dossier
from connector_core.model.records import Coverage, Invoice
from connector_core.model.vocabulary import Payer
from connector_core.rules.kernel import Check
from connector_core.rules.standing import STANDING, standing
from connector_core.rules.succession import DEAD_INVOICES, dead_invoices

STANDING_INVOICES = DEAD_INVOICES
"""What `standing_invoices` reads."""
LAST_BILLED = STANDING | {"invoice.closed_on"}
"""What `last_billed` reads."""
IS_OPEN = frozenset({"coverage.valid_from", "coverage.valid_to"})
"""What `is_open` reads."""
IS_ALD = frozenset({"coverage.exemption_code", "coverage.kind"})
"""What `is_ald` reads."""
USED_RIGHTS = STANDING | IS_OPEN | {"coverage.payer", "invoice.closed_on"}
"""What `used_rights` reads."""

ALD_EXEMPTION = "4"
NO_EXEMPTION = "0"
"""Codes de justificatif d'exonération: 4 is ALD, 0 is none (SESAM-Vitale, cahier des charges)."""


def age_on(born: date, day: date) -> int:
    """The age in whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_open(right: Coverage, day: date) -> bool:
    return (right.valid_from is None or right.valid_from <= day) and (right.valid_to is None or day <= right.valid_to)


def is_ald(right: Coverage) -> bool | None:
    """Whether a right is one of ALD; None when its kind and exemption leave room for one."""
    if right.kind == "ALD" or right.exemption_code == ALD_EXEMPTION:
        return True
    if right.kind == "standard" or right.exemption_code == NO_EXEMPTION:
        return False
    return None


def any_ald(rights: Iterable[Coverage]) -> bool | None:
    """Whether one of some rights is one of ALD; None when none is known to be and one may be, or none is given."""
    answers = {is_ald(each) for each in rights}
    if True in answers:
        return True
    return False if answers == {False} else None


def standing_invoices(check: Check[Dossier]) -> tuple[Invoice, ...]:
    """The invoices that are neither cancelled nor replaced."""
    dead = dead_invoices(check.subject)
    return tuple(each for each in check.subject.invoices if each.id not in dead)


def last_billed(check: Check[Dossier]) -> date | None:
    """The last day of care, else the day of the last invoice; None where nothing was billed."""
    days = check.derive(standing).days
    if days:
        return days[-1]
    return max((each.closed_on for each in check.derive(standing_invoices)), default=None)


def used_rights(check: Check[Dossier], payer: Payer) -> list[Coverage]:
    """The rights with a payer that are open on a day of care or of an invoice; all of them where nothing was billed."""
    rights = [each for each in check.subject.coverages if each.payer == payer]
    days = check.derive(_billed_days)
    return [each for each in rights if any(is_open(each, day) for day in days)] if rights and days else rights


def _billed_days(check: Check[Dossier]) -> frozenset[date]:
    """The days of care and of invoices."""
    return frozenset(check.derive(standing).days).union(
        [each.closed_on for each in check.derive(standing_invoices)],
    )
