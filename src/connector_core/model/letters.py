"""Lettres-clés of the NGAP: which family an act's letter belongs to.

Source: NGAP of 2026-06-21, annexe 2 and titres XIV and XVI; the letters deleted by avenant 7 (arrêté of 21/08/2023) are
kept, since acts billed before 2024-06-01 bear them.
"""

from decimal import Decimal

from connector_core.model.records import Act
from connector_core.model.vocabulary import ActKind

KINE_SESSION_LETTERS = frozenset(
    "APM ARL DRA NMI PLL RAB RAM RAO RAV RIC RIM RPB RPE RSC RSM TER VIC VIM VSC VSM AMK AMC AMS TMK".split()
)
"""Letters under which a masseur-kinésithérapeute bills a session; AMK, AMC and AMS also bill bilans."""

NURSE_ACT_LETTERS = frozenset({"AMI", "AMX", "AIS", "TMI"})
PACKAGE_LETTERS = frozenset({"BSA", "BSB", "BSC", "FRD", "FAD", "TLL", "TLS", "TLD"})
TRAVEL_LETTERS = frozenset({"IFD", "IFI", "IFS", "IFO", "IFR", "IFN", "IFP", "IK", "IKM", "IKS", "ID"})
SURCHARGE_LETTERS = frozenset({"MAU", "MCI", "MIE", "MD", "MN", "MN23", "F", "N"})
LETTERS = (
    KINE_SESSION_LETTERS | NURSE_ACT_LETTERS | PACKAGE_LETTERS | TRAVEL_LETTERS | SURCHARGE_LETTERS | frozenset({"DI"})
)
"""Every letter that has a kind here."""

BDK_GENERAL = Decimal("10.7")
"""Coefficient of the bilan-diagnostic kinésithérapique, NGAP titre XIV chap. I section 2."""
BDK_NEURO = Decimal("10.8")
"""The same for neurological and muscular affections, peripheral lesions left out."""
ISOLATED_ASSESSMENTS = frozenset({Decimal("5"), Decimal("8.5"), Decimal("10"), Decimal("20")})
"""AMK coefficients of the isolated diagnostic acts, NGAP titre XIV chap. I section 1."""
BALNEO = frozenset({Decimal("1.2"), Decimal("2.2"), Decimal("2.5"), Decimal("3.5")})
"""AMK coefficients of the balneotherapy supplement, NGAP titre XIV chap. IV."""
BANDAGE = frozenset({Decimal("1"), Decimal("2")})
"""RAV coefficients of the bandage supplement, NGAP titre XIV chap. II article 7."""

_BDK_LETTERS = frozenset({"AMK", "AMC", "AMS"})


def is_bdk(act: Act) -> bool:
    """Whether the act bills a bilan-diagnostic kinésithérapique, under any of its letters since 2018."""
    return act.letter in _BDK_LETTERS and act.coefficient in (BDK_GENERAL, BDK_NEURO)


def is_supplement(act: Act) -> bool:
    """Whether the act is a supplement to a session (balneotherapy, bandage) and no session by itself."""
    return (act.letter == "AMK" and act.coefficient in BALNEO) or (act.letter == "RAV" and act.coefficient in BANDAGE)


def act_kind(act: Act) -> ActKind:
    """The kind of an act: as the source says, else from its letter and coefficient."""
    if act.kind is not None:
        return act.kind
    letter = act.letter
    if letter in KINE_SESSION_LETTERS:
        if is_bdk(act) or (letter == "AMK" and act.coefficient in ISOLATED_ASSESSMENTS):
            return "assessment"
        return "other" if is_supplement(act) else "session"
    if letter in NURSE_ACT_LETTERS:
        return "session"
    if letter == "DI":
        return "bsi"
    if letter in PACKAGE_LETTERS:
        return "package"
    if letter in TRAVEL_LETTERS:
        return "travel"
    if letter in SURCHARGE_LETTERS:
        return "surcharge"
    return "other"
