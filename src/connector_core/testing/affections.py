"""What the synthetic practice treats: affections with their place in the nomenclature, and what they are billed.

Each affection names one act of the tariff table by its code; the pair (letter, coefficient) of a day follows from the
table. Before 2024-02-22 the act is billed under the letter that was then in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from connector_core.model.vocabulary import Section, Side, Zone
from connector_core.parameters.tariffs import CENT, TariffRow, Tariffs, load_tariffs

LETTERS_CHANGED_ON = date(2024, 2, 22)
_ANCHOR = date(2026, 6, 1)
_OLD_KEYS = {"METRO": Decimal("2.15"), "DROM": Decimal("2.36")}

Pair = tuple[str, Decimal]

LIMB: tuple[Side | None, ...] = ("L", "R")
BOTH: tuple[Side | None, ...] = ("B",)
NONE: tuple[Side | None, ...] = (None,)


@dataclass(frozen=True, slots=True)
class Affection:
    """One affection: its act, the pair it had before 2024-02-22, its place in the NGAP, how it is treated."""

    code: str
    pair: Pair
    old_pair: Pair
    article: int
    section: Section | None
    region: str
    pathology: str
    weight: int
    sessions: tuple[int, int]
    gap: tuple[int, int] = (2, 4)
    ages: tuple[int, int] = (18, 88)
    sides: tuple[Side | None, ...] = NONE
    operated: bool = False
    referential: bool = False
    peripheral: bool | None = None
    home: bool = False
    minutes: int = 30
    ald: bool = False
    structure: str | None = None
    supplement: str | None = None
    since: date = date(2016, 1, 1)

    @property
    def neuro(self) -> bool:
        """Whether its bilans follow the neurological calendar."""
        return self.article == 4 and self.peripheral is False

    @property
    def breast(self) -> bool:
        """Whether a new bilan is needed before going past ten sessions."""
        return self.code == "MK-art7-lymphoedeme-sein"


_D = Decimal
_AMS: Pair = ("AMS", _D("7.5"))
_AMK8: Pair = ("AMK", _D("8"))

AFFECTIONS: tuple[Affection, ...] = (
    Affection("MK-art1-A-lombalgie-commune", ("RAM", _D("8.09")), _AMS, 1, "A", "rachis lombaire",
              "Lombalgie commune", 14, (6, 15), referential=True),
    Affection("MK-art1-A-cervicalgie-non-specifique", ("RAM", _D("8.07")), _AMS, 1, "A", "rachis cervical",
              "Cervicalgie non spécifique", 8, (6, 15), referential=True),
    Affection("MK-art1-A-lombosacre-sans-chirurgie", ("RAM", _D("8.11")), _AMS, 1, "A", "rachis lombo-sacré",
              "Lomboradiculalgie S1", 7, (12, 54)),
    Affection("MK-art1-A-dorsal-sans-chirurgie", ("RAM", _D("8.1")), _AMS, 1, "A", "rachis dorsal",
              "Dorsalgie, ostéoporose fracturaire", 4, (10, 24)),
    Affection("MK-art1-A-lombosacre-avec-chirurgie", ("RAO", _D("8.09")), _AMS, 1, "A", "rachis lombo-sacré",
              "Hernie discale L5-S1 opérée", 3, (15, 37), operated=True),
    Affection("MK-art1-A-cervical-sans-chirurgie", ("RAM", _D("8.12")), _AMS, 1, "A", "rachis cervical",
              "Névralgie cervico-brachiale", 4, (10, 25)),
    Affection("MK-art1-B-tendinopathie-coiffe-non-operee", ("RSM", _D("8.09")), _AMS, 1, "B", "épaule",
              "Tendinopathie de la coiffe des rotateurs", 7, (10, 25), sides=LIMB, referential=True),
    Affection("MK-art1-B-reinsertion-coiffe", ("RSC", _D("8.11")), _AMS, 1, "B", "épaule",
              "Coiffe des rotateurs réinsérée", 4, (30, 48), sides=LIMB, operated=True, referential=True),
    Affection("MK-art1-B-epaule-bras-non-operee", ("VSM", _D("8.08")), _AMS, 1, "B", "épaule",
              "Capsulite rétractile", 5, (15, 46), sides=LIMB),
    Affection("MK-art1-B-coude-avant-bras-non-operee", ("VSM", _D("8.09")), _AMS, 1, "B", "coude",
              "Épicondylalgie latérale", 4, (8, 18), sides=LIMB),
    Affection("MK-art1-B-poignet-main-operee", ("VSC", _D("8.11")), _AMS, 1, "B", "main",
              "Suture de tendons fléchisseurs", 2, (15, 36), sides=LIMB, operated=True),
    Affection("MK-art1-C-entorse-cheville-non-operee", ("RIM", _D("8.1")), _AMS, 1, "C", "cheville",
              "Entorse externe de cheville récente", 7, (5, 10), ages=(12, 70), sides=LIMB, referential=True),
    Affection("MK-art1-C-arthroplastie-genou", ("RIC", _D("8.12")), _AMS, 1, "C", "genou",
              "Prothèse totale de genou", 6, (15, 25), ages=(55, 88), sides=LIMB, operated=True, referential=True),
    Affection("MK-art1-C-arthroplastie-hanche", ("RIC", _D("8.1")), _AMS, 1, "C", "hanche",
              "Prothèse totale de hanche", 5, (10, 15), ages=(55, 90), sides=LIMB, operated=True, referential=True),
    Affection("MK-art1-C-lca", ("RIC", _D("8.08")), _AMS, 1, "C", "genou",
              "Reconstruction du ligament croisé antérieur", 4, (25, 40), ages=(16, 45), sides=LIMB, operated=True,
              referential=True),
    Affection("MK-art1-C-genou-jambe-non-operee", ("VIM", _D("8.11")), _AMS, 1, "C", "genou",
              "Gonarthrose", 7, (10, 35), ages=(40, 88), sides=LIMB, supplement="MK-c4-kinebalneo-piscine"),
    Affection("MK-art1-C-cheville-pied-operee", ("VIC", _D("8.11")), _AMS, 1, "C", "pied",
              "Hallux valgus opéré", 3, (10, 20), ages=(30, 80), sides=LIMB, operated=True),
    Affection("MK-art1-C-hanche-cuisse-non-operee", ("VIM", _D("8.09")), _AMS, 1, "C", "hanche",
              "Coxarthrose", 4, (10, 26), ages=(45, 90), sides=LIMB),
    Affection("MK-art1-D-multiterritoires-sans-chirurgie", ("TER", _D("9.79")), ("AMS", _D("9.5")), 1, "D",
              "épaule et genou", "Polyarthrite rhumatoïde", 4, (15, 46), ages=(30, 88), sides=BOTH),
    Affection("MK-art1-E-deviation-dorsal", ("DRA", _D("8.08")), _AMS, 1, "E", "rachis dorsal",
              "Scoliose idiopathique", 3, (10, 24), gap=(6, 9), ages=(8, 15)),
    Affection("MK-art1-F-amputation-membre-inferieur", ("APM", _D("8.1")), _AMS, 1, "F", "jambe",
              "Amputation trans-tibiale", 1, (20, 46), ages=(40, 85), sides=LIMB, operated=True),
    Affection("MK-art2-localise", ("NMI", _D("8")), _AMK8, 2, None, "main",
              "Arthrite inflammatoire localisée", 2, (10, 25), sides=LIMB),
    Affection("MK-art3-abdominale-postpartum", ("RAB", _D("8")), _AMK8, 3, None, "abdomen",
              "Rééducation abdominale du post-partum", 3, (8, 10), ages=(20, 42)),
    Affection("MK-art4-hemiplegie", ("NMI", _D("9")), ("AMK", _D("9")), 4, None, "hémicorps",
              "Hémiplégie après AVC", 4, (40, 130), gap=(2, 4), ages=(45, 90), sides=LIMB, peripheral=False, home=True,
              ald=True),
    Affection("MK-art4-peripherique-1membre", ("NMI", _D("8.5")), _AMK8, 4, None, "membre inférieur",
              "Paralysie du nerf fibulaire", 2, (15, 46), sides=LIMB, peripheral=True),
    Affection("MK-art4-neuro-1membre", ("NMI", _D("8.51")), ("AMK", _D("8")), 4, None, "membre inférieur",
              "Sclérose en plaques, un membre", 2, (30, 56), sides=LIMB, peripheral=False, ald=True),
    Affection("MK-art4-paralysie-cerebrale-polyhandicap", ("TER", _D("16")), ("AMK", _D("11")), 4, None,
              "plusieurs membres", "Paralysie cérébrale", 1, (25, 56), gap=(4, 8), ages=(3, 11), sides=BOTH,
              peripheral=False, ald=True, structure="CAMSP des Glycines", since=date(2024, 4, 8)),
    Affection("MK-art5-obstructives-restrictives", ("ARL", _D("8.5")), _AMK8, 5, None, "thorax",
              "Bronchopneumopathie, rééducation respiratoire", 4, (10, 25), ages=(45, 88)),
    Affection("MK-art5-readaptation-individuelle", ("ARL", _D("28")), ("AMK", _D("28")), 5, None, "thorax",
              "BPCO, réadaptation respiratoire", 1, (15, 20), ages=(50, 80), minutes=90, ald=True),
    Affection("MK-art6-vestibulaire", ("ARL", _D("8")), _AMK8, 6, None, "tête",
              "Vertiges, rééducation vestibulaire", 3, (5, 10), gap=(5, 9)),
    Affection("MK-art7-lymphoedeme-1membre", ("RAV", _D("8")), ("AMK", _D("7")), 7, None, "membre inférieur",
              "Lymphœdème d'un membre".replace("œ", "oe"), 3, (15, 26), ages=(40, 85), sides=LIMB,
              supplement="MK-art7-supplement-bandage-1membre"),
    Affection("MK-art7-lymphoedeme-sein", ("RAV", _D("15.5")), ("AMK", _D("15.5")), 7, None, "membre supérieur",
              "Lymphoedème après cancer du sein", 2, (13, 22), ages=(40, 80), sides=LIMB, ald=True,
              since=date(2024, 2, 26)),
    Affection("MK-art8-perineale", ("RAB", _D("8.5")), _AMK8, 8, None, "périnée",
              "Rééducation périnéale", 4, (8, 10), gap=(5, 9), ages=(20, 75)),
    Affection("MK-art9-deambulation-sujet-age", ("RPE", _D("8.5")), _AMK8, 9, None, "membres inférieurs",
              "Troubles de la marche du sujet âgé", 6, (15, 46), ages=(75, 97), sides=BOTH, home=True),
    Affection("MK-art10-brulures-localisees", ("RPB", _D("8")), _AMK8, 10, None, "avant-bras",
              "Brûlure localisée", 1, (10, 24), sides=LIMB),
    Affection("MK-art11-soins-palliatifs", ("PLL", _D("12")), ("AMK", _D("12")), 11, None, "tronc",
              "Soins palliatifs", 1, (10, 26), gap=(1, 3), ages=(50, 92), home=True, ald=True),
)  # fmt: skip

BY_CODE = {affection.code: affection for affection in AFFECTIONS}


class Billing:
    """What an act is called and what it costs, by day, in one zone."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.tariffs: Tariffs = load_tariffs()
        self.pair = cache(self._pair)
        self.price = cache(self._price)

    def supplement(self, code: str, day: date) -> Pair | None:
        """The pair of a supplement, None before the letters of 2024."""
        if day < LETTERS_CHANGED_ON:
            return None
        anchors = {
            "MK-c4-kinebalneo-piscine": ("AMK", _D("3.5")),
            "MK-art7-supplement-bandage-1membre": ("RAV", _D("1")),
        }
        return self._on(code, anchors[code], day)

    def bdk(self, affection: Affection, day: date) -> Pair:
        """The bilan-diagnostic kinésithérapique of an affection."""
        coefficient = _D("10.8") if affection.neuro else _D("10.7")
        if day < LETTERS_CHANGED_ON and affection.old_pair[0] == "AMS":
            return "AMS", coefficient
        return "AMK", coefficient

    def _pair(self, affection: Affection, day: date) -> Pair:
        if day < LETTERS_CHANGED_ON:
            return affection.old_pair
        return self._on(affection.code, affection.pair, day)

    def _on(self, code: str, anchor: Pair, day: date) -> Pair:
        row = self._anchor(code, anchor)
        if not row.holds_on(day):
            row = self.tariffs.successor(row, day) or row
        return row.letter, row.coefficient

    def _anchor(self, code: str, pair: Pair) -> TariffRow:
        return next(row for row in self.tariffs.rows_on(*pair, _ANCHOR, self.zone) if row.code == code)

    def _price(self, letter: str, coefficient: Decimal, day: date) -> Decimal:
        found = self.tariffs.price(letter, coefficient, day, self.zone)
        if found is not None:
            return found[0]
        return (coefficient * _OLD_KEYS[self.zone]).quantize(CENT, "ROUND_HALF_UP")
