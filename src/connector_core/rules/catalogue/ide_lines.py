"""What a nurse's line bills and whether it belongs to dependency care: shared by IDE-BSI and IDE-CUMUL.

A line is one act of the nomenclature; where the source does not say which (`act_code`), it may be any that bears its
letter and coefficient. Sets of codes are those of `tariffs.csv`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import act_kind
from connector_core.model.records import Act
from connector_core.model.vocabulary import Zone
from connector_core.parameters.tariffs import CENT, TariffRow
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, Passage, nurse_acts
from connector_core.rules.catalogue.kine_facts import codes_of, zone_of
from connector_core.rules.kernel import Check

VISITS = NURSE_ACTS
"""What `visits` reads."""

BLOOD_TEST = frozenset({"IDE-ponction-veineuse"})
VACCINATION = frozenset({"IDE-vaccination-avec-prescription", "IDE-vaccination-sans-prescription"})
WEEKLY_VISIT = frozenset({"IDE-diab-hebdo-gt75"})
ANALGESIA = frozenset({"IDE-analgesie-topique", "IDE-diab-analgesie"})
WOUND_REVIEW = frozenset({"IDE-bilan-plaie-lourde"})
HEAVY_DRESSINGS = frozenset(
    {
        "IDE-pansement-lourd-4",
        "IDE-pansement-ulcere-compression",
        "IDE-diab-pansement-lourd",
        "IDE-tpn-pose",
        "IDE-tpn-additionnel",
    }
)
"""Titre XVI chap. I article 3 and chap. II article 5 bis, the wound review and the analgesia left out."""
SHORT_INFUSIONS = frozenset({"IDE-perf-courte", "IDE-immuno-perf-courte"})
LONG_INFUSIONS = frozenset({"IDE-perf-longue", "IDE-immuno-perf-longue"})
INFUSIONS = (
    SHORT_INFUSIONS
    | LONG_INFUSIONS
    | frozenset(
        {
            "IDE-perf-suppl-heure",
            "IDE-perf-retrait",
            "IDE-perf-organisation",
            "IDE-perf-changement-flacon",
            "IDE-immuno-perf-suppl",
            "IDE-immuno-perf-retrait",
            "IDE-immuno-perf-organisation",
            "IDE-immuno-perf-flacon",
            "IDE-muco-perf",
        }
    )
)
FULL_WITH_FORFAIT = (
    INFUSIONS | HEAVY_DRESSINGS | WOUND_REVIEW | ANALGESIA | BLOOD_TEST | frozenset({"IDE-ic-bpco-suivi"})
)
"""Acts that article 12 of chap. I lets bill at full rate with a daily package."""
HALF_WITH_FORFAIT = frozenset(
    {
        "IDE-im",
        "IDE-sous-cutanee",
        "IDE-intradermique",
        "IDE-immuno-im-sc",
        "IDE-diab-insuline",
        "IDE-diab-surveillance",
    }
)
"""Acts that article 12 of chap. I lets bill at half rate with a daily package."""

_DEPENDENCY = (*sorted(FORFAITS), "AMX", "IFI")
_PLAIN: frozenset[str] = frozenset({"travel", "surcharge"})

Setting = Literal["inside", "apart", "unclear", "none"]
"""How a passage stands to dependency care: part of it, on the day of a package but of its own, one can't tell, not."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A passage and how it stands to the patient's dependency care; `forfaits` are the day's, whoever billed them."""

    passage: Passage
    setting: Setting
    forfaits: tuple[Act, ...]

    @property
    def care(self) -> list[Act]:
        """Its acts in AMI and AMX that bill something."""
        return [act for act in self.passage.of("AMI", "AMX") if act.amount != 0 and act.rate != "0"]


def visits(check: Check[Dossier]) -> tuple[Visit, ...]:
    """The passages of a dossier, in order. Ask through `check.derive(visits)`."""
    found = check.derive(nurse_acts)
    forfaits: dict[date, list[Act]] = {}
    for act in found.of(*FORFAITS):
        forfaits.setdefault(act.performed_on, []).append(act)
    marked = {(each.practitioner_id, each.day) for each in found.passages if each.of(*_DEPENDENCY)}
    return tuple(
        Visit(
            each,
            _setting(each, each.day in forfaits, (each.practitioner_id, each.day) in marked),
            tuple(forfaits.get(each.day, ())),
        )
        for each in found.passages
    )


def _setting(passage: Passage, package: bool, marked: bool) -> Setting:
    if not passage.placed:
        return "unclear" if package or marked else "none"
    if passage.of(*_DEPENDENCY):
        return "inside"
    if not package:
        return "none"
    return "inside" if all(act_kind(act) in _PLAIN for act in passage.acts) else "apart"


def with_package(check: Check[Dossier], *letters: str) -> Iterator[tuple[Act, Visit]]:
    """The billed acts under some letters on the days of a daily package, each with its visit."""
    for visit in check.derive(visits):
        if visit.forfaits:
            yield from ((act, visit) for act in visit.care if act.letter in letters)


def may_be(check: Check[Dossier], act: Act, codes: Iterable[str]) -> bool:
    """Whether a line may be one of some acts."""
    return not codes_of(check, act).isdisjoint(codes)


def must_be(check: Check[Dossier], act: Act, codes: frozenset[str]) -> bool:
    """Whether a line can only be one of some acts."""
    found = codes_of(check, act)
    return bool(found) and found <= codes


def is_weekly_visit(act: Act) -> bool:
    """Whether the source says that a line bills the weekly visit of a patient under insulin."""
    if act.act_code is not None:
        return act.act_code in WEEKLY_VISIT
    return "hebdo" in (act.label or "").casefold()


def billed_share(check: Check[Dossier], act: Act) -> Decimal:
    """The share of the act that a line bills: as the source says, else half where the amount is half of a tariff."""
    paid = act.amount
    if act.rate != "1" or paid is None:
        return Decimal(act.rate)
    paid -= act.excess or 0
    for row in check.tariffs.periods(act.letter, act.coefficient, zone_of(check, act)):
        if row.amount is not None and row.holds_on(act.performed_on) and paid == half(row.amount) * act.quantity:
            return Decimal("0.5")
    return Decimal(1)


def share_missing(check: Check[Dossier], act: Act) -> str | None:
    """What is missing to say that a line which seems billed in full is; None where it surely is.

    Only its amount could tell that it is halved, beside a tariff of the day or a practitioner that no source gives.
    """
    if act.rate != "1" or act.amount is None:
        return None
    paid = act.amount - (act.excess or 0)
    rows = _priced(check, act, zone_of(check, act))
    if not any(row.holds_on(act.performed_on) for row in rows):
        last = next((row.amount for row in reversed(rows) if row.since <= act.performed_on), None)
        return "tariff" if last is None or paid < last * act.quantity else None
    if act.practitioner_id in check.subject.cabinet.practitioners:
        return None
    overseas = (row.amount for row in _priced(check, act, "DROM") if row.holds_on(act.performed_on))
    return "practitioner.zone" if any(paid == half(each) * act.quantity for each in overseas if each) else None


def _priced(check: Check[Dossier], act: Act, zone: Zone) -> list[TariffRow]:
    """The rows of a line's cotation that give its price, confirmed or not, oldest first."""
    return [row for row in check.tariffs.periods(act.letter, act.coefficient, zone) if row.amount is not None]


def half(amount: Decimal) -> Decimal:
    """Half an amount, to the cent."""
    return (amount / 2).quantize(CENT, ROUND_HALF_UP)


def overcharge(act: Act, share: Decimal) -> Decimal | None:
    """What a line billed in full takes beyond its share; None without an amount."""
    return None if act.amount is None else act.amount - (act.amount * share).quantize(CENT, ROUND_HALF_UP)


def price_of(check: Check[Dossier], act: Act) -> Decimal | None:
    """The price of the whole line, its tariff named for the next flag; None where none is confirmed."""
    price = check.tariffs.price(act.letter, act.coefficient, act.performed_on, zone_of(check, act))
    if price is None:
        return None
    check.cite(price[1])
    return price[0] * act.quantity


def shortfall(check: Check[Dossier], act: Act) -> Decimal | None:
    """What a line billed at a share of its price loses; None where no price is confirmed."""
    price = price_of(check, act)
    if price is None:
        return None
    return price - (price * billed_share(check, act)).quantize(CENT, ROUND_HALF_UP)
