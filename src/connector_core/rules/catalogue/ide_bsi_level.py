"""IDE-BSI: the level of the daily package, from the levels of hygiene, elimination and mobility of the BSI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Bsi
from connector_core.model.vocabulary import BsiPackage
from connector_core.parameters.hem import levels
from connector_core.rules.catalogue.ide_bsi_facts import (
    PACKAGES,
    VALIDITIES,
    born_on,
    bsi_on,
    named,
    packages,
    tariff_of,
)
from connector_core.rules.catalogue.ide_facts import FORFAITS
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_ORDER: tuple[BsiPackage, ...] = ("BSA", "BSB", "BSC")


@dataclass(frozen=True, slots=True)
class _Due:
    """The package that a BSI leads to on a day; `younger` and `since_entry` where the age of 90 changes it.

    `allowed` are the packages that the age on the day of entry, or on the day of care, leads to.
    """

    package: BsiPackage
    allowed: tuple[BsiPackage, ...]
    younger: BsiPackage | None = None
    since_entry: bool = False


def _due(check: Check[Dossier], bsi: Bsi, act: Act) -> _Due | Gap:
    """The package due under a BSI on the day of an act, or what is missing to know it."""
    found = None if bsi.hem is None else levels(bsi.hem)
    if found is None:
        if bsi.package is not None:
            return _Due(bsi.package, (bsi.package,))
        if bsi.hem is None:
            return Gap(bsi, ("bsi.hem", "bsi.package"), "le BSI ne dit pas à quel forfait il conduit")
        return Gap(bsi, ("bsi.hem",), "la combinaison HEM du BSI n'est pas dans la table de la NGAP")
    if found.younger == found.aged:
        return _Due(found.aged, (found.aged,))
    born = born_on(check)
    if born is None:
        return Gap(bsi, ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
    aged = check.number("ide.bsi.aged", act.performed_on)
    if age_on(born, act.performed_on) < aged:
        return _Due(found.younger, (found.younger,))
    if age_on(born, bsi.entered_on) >= aged:
        return _Due(found.aged, (found.aged,), found.younger)
    return _Due(found.aged, (found.aged, found.younger), found.younger, since_entry=True)


def _difference(check: Check[Dossier], act: Act, due: BsiPackage) -> Decimal | None:
    """What separates the package billed from the one that is due; None where a price is not confirmed."""
    billed, expected = tariff_of(check, act), tariff_of(check, act, letter=due)
    if billed is None or expected is None:
        return None
    check.cite(billed[1])
    check.cite(expected[1])
    return abs(billed[0] - expected[0]) * act.quantity


@rule(
    "IDE-BSI-FORFAIT-90",
    subject="dossier",
    severity="revenue",
    reference="NGAP annexe 1, tableau 2",
    confidence="C",
    needs=PACKAGES | VALIDITIES | {"bsi.hem", "bsi.package", "patient.birth_date", "practitioner.zone"},
    rests_on=("bsi",),
    letters=FORFAITS,
)
def very_old(check: Check[Dossier]) -> Iterator[Answer]:
    """À partir de 90 ans, 25 des 100 combinaisons HEM conduisent à un forfait plus élevé.

    Vérifie : que le forfait d'un patient de 90 ans et plus n'est pas resté au niveau des patients plus jeunes.

    Pourquoi : l'âge de 90 ans est un critère supplémentaire de classement ; la différence est une perte.

    Ne s'applique pas : aux combinaisons que l'âge ne change pas. Si le patient a eu 90 ans après la saisie du BSI,
    c'est une information.

    Exemple : H3 E0 M3 à 91 ans facturé BSB au lieu de BSC ; à 80 ans, BSB convient.

    Paramètres : ide.bsi.aged, ide.bsi.entry_deadline, ide.bsi.validity, tariff
    """
    once = Once()
    for act in check.derive(packages):
        bsi = bsi_on(check, act.performed_on)
        if bsi is None or bsi.hem is None:
            continue
        due = _due(check, bsi, act)
        if isinstance(due, Gap):
            if due.missing == ("patient.birth_date",) and once.first("age"):
                yield due
            continue
        if due.younger != act.letter or due.younger == due.package:
            continue
        loss = _difference(check, act, due.package)
        yield Flag(
            act,
            f"{named(act)} du {jour(act.performed_on)} : à 90 ans et plus, {_hem(bsi)} conduit à {due.package}"
            f"{'' if loss is None else f' ({euros(loss)} de plus)'}.",
            "Vérifiez le niveau affiché par l'outil BSI ; il a été établi avant les 90 ans du patient."
            if due.since_entry
            else f"Facturez {due.package}, le forfait de l'outil BSI.",
            severity="info" if due.since_entry else None,
            amount=loss,
            evidence=(act, bsi),
        )


@rule(
    "IDE-BSI-FORFAIT-NIVEAU",
    subject="dossier",
    severity="reject",
    reference="NGAP annexe 1, tableau 2 ; dispositions générales article 23.3",
    confidence="S+C",
    needs=PACKAGES | VALIDITIES | {"bsi.hem", "bsi.package", "patient.birth_date", "practitioner.zone"},
    rests_on=("bsi",),
    letters=FORFAITS,
)
def level(check: Check[Dossier]) -> Iterator[Answer]:
    """Le forfait facturé est celui auquel le BSI conduit.

    Vérifie : que BSA, BSB ou BSC est le niveau de la combinaison HEM du BSI en vigueur, selon l'âge du patient ; à
    défaut de combinaison, le niveau affiché par l'outil.

    Pourquoi : le type de forfait est déterminé par l'outil BSI ; un niveau trop élevé est un indu, trop bas une
    perte.

    Ne s'applique pas : sans BSI en vigueur (IDE-BSI-OBLIG). Si le forfait est celui de l'outil mais pas celui de la
    table, c'est une information.

    Exemple : H3 E2 M1 (BSB) facturé BSC ; H3 E2 M3 à 92 ans facturé BSC convient.

    Paramètres : ide.bsi.aged, ide.bsi.entry_deadline, ide.bsi.validity, tariff
    """
    once = Once()
    for act in check.derive(packages):
        bsi = bsi_on(check, act.performed_on)
        if bsi is None:
            continue
        due = _due(check, bsi, act)
        if isinstance(due, Gap):
            if once.first(due.missing):
                yield due
            continue
        if act.letter in due.allowed:
            continue
        shown = bsi.package == act.letter
        low = _ORDER.index(due.package) > _rank(act)
        yield Flag(
            act,
            f"{named(act)} du {jour(act.performed_on)} : {_hem(bsi)} conduit à {due.package}.",
            "Vérifiez la combinaison HEM du BSI : l'outil affiche le forfait facturé."
            if shown
            else f"Facturez {due.package}, le forfait de l'outil BSI.",
            severity="info" if shown else "revenue" if low else None,
            amount=_difference(check, act, due.package),
            evidence=(act, bsi),
        )


def _rank(act: Act) -> int:
    return next(rank for rank, letter in enumerate(_ORDER) if letter == act.letter)


def _hem(bsi: Bsi) -> str:
    """The combination as the tool writes it: `H3 E2 M1`; the BSI by its day where there is none."""
    if bsi.hem is None or levels(bsi.hem) is None:
        return f"le BSI du {jour(bsi.entered_on)}"
    return " ".join(f"{domain}{digit}" for domain, digit in zip("HEM", bsi.hem, strict=True))


RULES: tuple[AnyRule, ...] = (very_old, level)
