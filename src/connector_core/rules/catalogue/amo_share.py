"""What each invoice asks of the caisse, against what the law lets it ask.

An act's share lies between two rates; where what is known leaves no doubt they are one. The sums over the invoice are
compared with what was claimed, give or take a cent per line, since each line is rounded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.letters import (
    KINE_SESSION_LETTERS,
    NURSE_ACT_LETTERS,
    SURCHARGE_LETTERS,
    TRAVEL_LETTERS,
)
from connector_core.model.records import Act, Coverage, Invoice
from connector_core.parameters.caisses import load_caisses
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_facts import FORFAITS
from connector_core.rules.catalogue.patient_facts import (
    ALD_EXEMPTION,
    IS_ALD,
    IS_OPEN,
    NO_EXEMPTION,
    STANDING_INVOICES,
    any_ald,
    is_ald,
    is_open,
    standing_invoices,
)
from connector_core.rules.french import euros
from connector_core.rules.invoices import billed
from connector_core.rules.kernel import Check

SHARES = (
    STANDING_INVOICES
    | IS_ALD
    | IS_OPEN
    | {
        "act.ald_related",
        "act.amount",
        "act.excess",
        "act.invoice_id",
        "act.letter",
        "act.performed_on",
        "coverage.organisation",
        "coverage.payer",
        "coverage.rate",
        "invoice.amo_claimed",
        "invoice.exemption_code",
        "invoice.nature",
        "invoice.third_party",
        "invoice.total",
    }
)
"""What `shares` reads."""

EXEMPT_CODES = frozenset({"3", "4", "5", "6", "7"})
"""Codes de justificatif d'exonération that go with the whole price (SESAM-Vitale, cahier des charges)."""

_ASPA = "9"
_ANY_RATE = frozenset({"1", "C"})
_LETTERS = KINE_SESSION_LETTERS | NURSE_ACT_LETTERS | TRAVEL_LETTERS | SURCHARGE_LETTERS | FORFAITS | {"DI"}
_PARAMETERS = (
    "fin.rate.normal",
    "fin.rate.exempt",
    "fin.rate.aspa",
    "fin.rate.local",
    "fin.rate.local_departments",
    "fin.rate.general_schemes",
    "fin.rate.exempt_scheme",
)
_DAY = timedelta(days=1)
_ZERO, _WHOLE = Decimal(0), Decimal(100)
_ALD_WHY = "soins en rapport avec une ALD"


class Rate(NamedTuple):
    """The percentages between which the caisse's share of an act lies.

    `confirmed` says whether the text that sets them was read; `doubt` names what would tell which it is.
    """

    low: Decimal
    high: Decimal
    why: str = "taux normal"
    confirmed: bool = True
    doubt: str | None = None


_ANY = Rate(_ZERO, _WHOLE, "taux libre")


class Share(NamedTuple):
    """One invoice: what is claimed of the caisse, and what should be.

    `lacking` is what was not claimed and should have been, `surplus` what was claimed in excess; `unknown` names what
    keeps from comparing at all, `doubt` what would settle a rate that may be right or wrong.
    """

    invoice: Invoice
    acts: Sequence[Act]
    ald_acts: Sequence[Act]
    """Its acts done while an ALD was open."""
    claimed: Decimal | None = None
    asked: str = ""
    due: str = ""
    """What is claimed and what should be, in euros and in percent, as told."""
    why: str = ""
    confirmed: bool = True
    lacking: Decimal | None = None
    surplus: Decimal | None = None
    unknown: str | None = None
    doubt: str | None = None


def shares(check: Check[Dossier]) -> list[Share]:
    """The share of every invoice that stands. Ask through `check.derive(shares)`."""
    invoices = check.derive(standing_invoices)
    if not invoices:
        return []
    acts = check.derive(billed)
    rights = _Rights(check)
    return [_share(invoice, acts.get(invoice.id, ()), rights) for invoice in invoices]


def _share(invoice: Invoice, acts: Sequence[Act], rights: _Rights) -> Share:
    ald_acts = [act for act in acts if rights.ald_on(act.performed_on)] if rights.some_ald else []
    claimed = invoice.amo_claimed
    if claimed is None:
        unknown = None if invoice.third_party in (None, "NONE") else "invoice.amo_claimed"
        return Share(invoice, acts, ald_acts, unknown=unknown)
    if not claimed and invoice.third_party in (None, "NONE"):
        return Share(invoice, acts, ald_acts, claimed)
    if not acts:
        return Share(invoice, acts, ald_acts, claimed, unknown="act.invoice_id")
    amounts = [act.amount for act in acts if act.amount is not None]
    if len(amounts) < len(acts) or sum(amounts, _ZERO) != invoice.total:
        return Share(invoice, acts, ald_acts, claimed, unknown="act.amount")
    bases = [amount if act.excess is None else amount - act.excess for act, amount in zip(acts, amounts, strict=True)]
    base = sum(bases, _ZERO)
    if base <= 0:
        return Share(invoice, acts, ald_acts, claimed)
    rates = [rights.rate(invoice, act) for act in acts]
    low, high = base * rates[0].low / 100, base * rates[0].high / 100
    if any(rate is not rates[0] for rate in rates):
        low = sum((amount * rate.low for amount, rate in zip(bases, rates, strict=True)), _ZERO) / 100
        high = sum((amount * rate.high for amount, rate in zip(bases, rates, strict=True)), _ZERO) / 100
    slack = CENT * len(acts)
    lacking = low - claimed if claimed < low - slack else None
    surplus = claimed - high if claimed > high + slack else None
    doubts = [rate.doubt for rate in rates if rate.doubt is not None]
    doubt: str | None = None
    if "act.ald_related" in doubts and claimed < high - slack:
        doubt = "act.ald_related"
    elif claimed > low + slack:
        doubt = next((each for each in doubts if each != "act.ald_related"), None)
    if lacking is None and surplus is None:
        return Share(invoice, acts, ald_acts, claimed, doubt=doubt)
    return Share(
        invoice,
        acts,
        ald_acts,
        claimed,
        asked=_told(claimed, base),
        due=_told(low if surplus is None else high, base),
        why=max(rates, key=lambda rate: rate.low).why,
        confirmed=all(rate.confirmed for rate in rates),
        lacking=None if lacking is None else lacking.quantize(CENT, ROUND_HALF_UP),
        surplus=None if surplus is None else surplus.quantize(CENT, ROUND_HALF_UP),
        doubt=doubt,
    )


def _told(part: Decimal, whole: Decimal) -> str:
    return f"{euros(part)} ({(part * 100 / whole).quantize(Decimal(1), ROUND_HALF_UP)} %)"


class _Rights:
    """The rights of one dossier, by the spells over which neither they nor the rates change; what is the same is
    looked at once."""

    def __init__(self, check: Check[Dossier]) -> None:
        self._check = check
        self._all = check.subject.coverages
        self.some_ald = any(each.payer == "AMO" and is_ald(each) for each in self._all)
        starts = {*check.parameters.changes(_PARAMETERS)}
        starts.update(each.valid_from for each in self._all if each.valid_from is not None)
        starts.update(end + _DAY for each in self._all if (end := each.valid_to) is not None and end < date.max)
        self._starts = sorted(starts)
        self._ald: dict[int, bool | None] = {}
        self._rates: dict[tuple[object, ...], Rate] = {}

    def ald_on(self, day: date) -> bool | None:
        """Whether an ALD is open on a day; None when the rights known that day don't say."""
        spell = bisect_right(self._starts, day)
        if spell not in self._ald:
            self._ald[spell] = any_ald(each for each in self._all if each.payer == "AMO" and is_open(each, day))
        return self._ald[spell]

    def rate(self, invoice: Invoice, act: Act) -> Rate:
        """Between which rates the caisse's share of an act lies."""
        if act.letter not in _LETTERS:
            return _ANY
        spell = bisect_right(self._starts, act.performed_on)
        key = (spell, invoice.exemption_code, invoice.nature, act.ald_related)
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = self._find(invoice, act)
        return found

    def _find(self, invoice: Invoice, act: Act) -> Rate:
        check, day, code, nature = self._check, act.performed_on, invoice.exemption_code, invoice.nature
        rights = [each for each in self._all if is_open(each, day)]
        kinds = {each.kind for each in rights}
        if "AME" in kinds or code in _ANY_RATE or nature == "90":
            return _ANY
        exempt = check.decimal("fin.rate.exempt", day)
        unrelated = code == ALD_EXEMPTION and act.ald_related is False
        if nature == "41":
            return Rate(exempt, exempt, "accident du travail ou maladie professionnelle")
        if nature == "30":
            return Rate(exempt, exempt, "maternité")
        if code in EXEMPT_CODES and not unrelated:
            return Rate(exempt, exempt, f"justificatif d'exonération {code}")
        if "INVALIDITE" in kinds:
            return Rate(exempt, exempt, "pension d'invalidité")
        if "MATERNITE" in kinds:  # the right may begin before the sixth month
            return Rate(exempt, exempt, "maternité, à partir du sixième mois", confirmed=False)
        ald = self.ald_on(day)
        if ald and act.ald_related:
            return Rate(exempt, exempt, _ALD_WHY)
        if code == _ASPA:
            aspa = check.decimal("fin.rate.aspa", day)
            return Rate(aspa, exempt if ald else aspa, "ASPA ou ASI", confirmed=False)
        normal = self._normal(invoice, act, rights)
        if ald and act.ald_related is None:
            return Rate(normal.low, exempt, _ALD_WHY, normal.confirmed, "act.ald_related")
        return normal

    def _normal(self, invoice: Invoice, act: Act, rights: Sequence[Coverage]) -> Rate:
        """The rate of an act for which nothing says that the patient is exempt."""
        check, day = self._check, act.performed_on
        low, whole = check.decimal("fin.rate.normal", day), check.decimal("fin.rate.exempt", day)
        amo = [each for each in rights if each.payer == "AMO"]
        if invoice.nature == "13":
            local = check.decimal("fin.rate.local", day)
            return Rate(local, local, "régime local d'Alsace-Moselle", confirmed=False)
        if not amo:
            return Rate(low, whole, doubt="coverage")
        if any(each.organisation is None for each in amo):
            return Rate(low, whole, doubt="coverage.organisation")
        codes = [each.organisation or "" for each in amo]
        if any(code[:2] == check.text("fin.rate.exempt_scheme", day) for code in codes):
            return Rate(whole, whole, "régime des mines", confirmed=False)
        general = check.text("fin.rate.general_schemes", day).split()
        if any(code[:2] not in general for code in codes):
            return Rate(_ZERO, whole, "régime particulier")
        local_departments = frozenset(check.text("fin.rate.local_departments", day).split())
        high = low
        if any(load_caisses().get((code[:2], code[2:5]), frozenset()) & local_departments for code in codes):
            high = check.decimal("fin.rate.local", day)
        own = [each.rate for each in rights if each.payer == "AMO" and each.rate is not None]
        bottom, top = min((low, *own)), max((high, *own))
        if any(each.kind == "C2S" for each in rights):
            return Rate(bottom, whole, "complémentaire santé solidaire")
        doubt: str | None = None
        if any_ald(amo) is None:
            doubt = "coverage.kind"
        elif invoice.exemption_code is None:
            doubt = "invoice.exemption_code"
        elif invoice.nature is None:
            doubt = "invoice.nature"
        if doubt is not None:
            return Rate(bottom, whole, doubt=doubt)
        if act.ald_related or invoice.exemption_code != NO_EXEMPTION:
            return Rate(bottom, whole)
        return Rate(bottom, top)
