"""Invented people: names, and identifiers whose keys are right although nobody can bear them.

A NIR here names the department 99 (born abroad), the country 999, which does not exist, and an order of 900 or more.
RPPS numbers begin with 10999 and pass the Luhn check; caisse and AM numbers use the department 99.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from connector_core.model.records import Patient, Practitioner
from connector_core.model.vocabulary import Sex, Zone

_HEADS = (
    "Bar Bel Bour Cas Chan Cor Dar Del Dor Far Fon Gar Gra Han Jar Lan Lau Mal Mar Mer Mon Nar Oz Pel Por Quin "
    "Ros San Sau Tal Ter Val Var Vil Bé Cré Flé Gué Lé Né Pré Tré Ré Sé"
).split()
_TAILS = (
    "bigny court drac dou fleury gnac guet lac leval lier lude mace mond nard neuil niac nière rac rault reuil "
    "rive roy sac selin sson tagne telet tier tignol tréal vac vert vieux vray zac çon"
).split()
_GIVEN_F = (
    "Adèle Agnès Aline Anaïs Béatrice Camille Cécile Chloé Claire Élise Émilie Éva Françoise Gaëlle Hélène Inès "
    "Irène Jeanne Judith Léa Louise Lucie Maëlle Margaux Mathilde Nadia Noémie Odile Pauline Rachel Sabine Salomé "
    "Solène Sylvie Yasmine Zoé"
).split()
_GIVEN_M = (
    "Adrien Alain Amaury Aurélien Basile Benoît Cédric Clément Damien Didier Éloi Émile Fabien Félix Gaël Gérard "
    "Grégoire Hugo Ismaël Jérôme Joël Karim Léo Loïc Marius Mathéo Noé Octave Pascal Raphaël Rémi Romain "
    "Sébastien Théo Tristan Yann"
).split()


def luhn_digit(digits: str) -> str:
    """The digit that makes a number pass the Luhn check."""
    doubled = (int(digit) * (2 if rank % 2 == 0 else 1) for rank, digit in enumerate(reversed(digits)))
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def rpps(number: int) -> str:
    """An RPPS number of the invented range, key included."""
    body = f"10999{number:05d}"
    return body + luhn_digit(body)


def nir_key(nir: str) -> str:
    """The two-digit key of a NIR without letters."""
    return f"{97 - int(nir) % 97:02d}"


class People:
    """Draws people; two never share a NIR."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._nirs: set[str] = set()
        self._households: set[str] = set()

    def know(self, patients: Iterable[Patient]) -> None:
        """Never draw the NIR or the home of one of these."""
        for each in patients:
            if each.nir is not None:
                self._nirs.add(each.nir)
            if each.household is not None:
                self._households.add(each.household)

    def practitioner(self, number: int, zone: Zone) -> Practitioner:
        sex = self._sex()
        am_number = f"99{number:06d}"
        return Practitioner(
            id=f"MK{number}",
            profession="MK",
            family_name=self._family_name(),
            given_name=self._given_name(sex),
            rpps=rpps(number),
            am_number=am_number + luhn_digit(am_number),
            zone=zone,
        )

    def patient(self, patient_id: str, *, on: date, ages: tuple[int, int]) -> Patient:
        """A person whose age on a day lies in a range, both ends included."""
        random = self._random
        sex = self._sex()
        age = random.randint(*ages)
        born = date(on.year - age - 1, on.month, min(on.day, 28)) + timedelta(days=random.randint(2, 363))
        nir = self._nir(sex, born)
        return Patient(
            id=patient_id,
            family_name=self._family_name(),
            given_name=self._given_name(sex),
            birth_date=born,
            sex=sex,
            nir=nir,
            nir_key=nir_key(nir),
            birth_rank=1,
            household=self._household(),
            archived=False,
        )

    def _nir(self, sex: Sex, born: date) -> str:
        while True:
            order = self._random.randint(900, 999)
            nir = f"{1 if sex == 'M' else 2}{born.year % 100:02d}{born.month:02d}99999{order}"
            if nir not in self._nirs:
                self._nirs.add(nir)
                return nir

    def _household(self) -> str:
        number = self._random.randint(1, 99999)
        while (household := f"FOY{number:05d}") in self._households:
            number = number % 99999 + 1
        self._households.add(household)
        return household

    def _sex(self) -> Sex:
        return "F" if self._random.random() < 0.56 else "M"

    def _family_name(self) -> str:
        random = self._random
        name = random.choice(_HEADS) + random.choice(_TAILS)
        draw = random.random()
        if draw < 0.04:
            return f"{name}-{random.choice(_HEADS)}{random.choice(_TAILS)}"
        if draw < 0.06:
            return f"D'{name}"
        return f"Le {name}" if draw < 0.08 else name

    def _given_name(self, sex: Sex) -> str:
        random = self._random
        names = _GIVEN_F if sex == "F" else _GIVEN_M
        name = random.choice(names)
        return f"{name}-{random.choice(names)}" if random.random() < 0.05 else name
