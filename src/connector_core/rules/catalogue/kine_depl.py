"""KINE-DEPL: the travel of physiotherapists to their patients' homes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue import kine_depl_ehpad, kine_depl_ifs, kine_depl_ik
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.kine_travel import (
    FLAT,
    FORMER,
    MILEAGE,
    TRAVEL,
    VISIT,
    place_of,
    price_of,
    together,
    travel,
    visit,
    visits_of,
)
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule


@rule(
    "KINE-DEPL-CODE",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 E ; SNMKR, FAQ",
    confidence="C",
    needs=TRAVEL | {"practitioner.zone"},
    letters=FLAT,
)
def code(check: Check[Dossier]) -> Iterator[Answer]:
    """Depuis 2026, le déplacement forfaitaire est IFD ou IFS, à leur tarif.

    Vérifie : qu'IFO, IFR, IFN et IFP ne sont plus facturées, et qu'IFD et IFS ne le sont pas au-dessus de leur tarif.

    Pourquoi : une seule indemnité spécifique, IFS, remplace les quatre autres ; la caisse rejette les anciens codes.

    Ne s'applique pas : aux soins faits avant le 1er janvier 2026, aux indemnités kilométriques. Sans montant, le tarif
    ne se vérifie pas : la réponse est indéterminée.

    Exemple : IFN le 2 février 2026 ; le 3 novembre 2025, c'est juste.

    Paramètres : tariff, kine.travel.single_since
    """
    once = Once()
    for line in check.derive(travel).of(*FLAT):
        day = line.performed_on
        if day < check.day("kine.travel.single_since"):
            continue
        if line.letter in FORMER:
            yield Flag(
                line,
                f"{line.letter} est facturée le {jour(day)} : ce code n'existe plus depuis le "
                f"{jour(check.day('kine.travel.single_since'))}.",
                "Facturez IFS si l'acte y ouvre droit, sinon IFD.",
                amount=line.amount,
                evidence=(line,),
            )
            continue
        if line.amount is None:
            if "act.amount" in check.subject.cabinet.covers and once.first("amount"):
                yield Gap(line, ("act.amount",), f"le montant de {line.letter} n'est pas connu")
            continue
        price = price_of(check, line.letter, day, line.practitioner_id)
        if price is None:
            continue
        more = line.amount - (line.excess or 0) - price.amount * line.quantity
        if more > 0:
            check.cite(price.row.read())
            yield Flag(
                line,
                f"{line.letter} du {jour(day)} est facturée {euros(more)} de plus que son tarif, "
                f"{euros(price.amount)}.",
                "Corrigez le montant de l'indemnité.",
                fault="montant",
                amount=more,
                evidence=(line,),
            )


@rule(
    "KINE-DEPL-UNE",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 A et E ; SNMKR, tarifs",
    confidence="C",
    needs=VISIT,
    letters=FLAT,
)
def one_a_visit(check: Check[Dossier]) -> Iterator[Answer]:
    """Un passage au domicile ne porte qu'une indemnité forfaitaire de déplacement.

    Vérifie : qu'IFD et IFS ne sont facturées ni ensemble ni deux fois pour un même passage.

    Pourquoi : l'indemnité est due une fois par déplacement, et les deux indemnités s'excluent.

    Ne s'applique pas : aux indemnités kilométriques, qui s'y ajoutent ; à deux passages du même jour.

    Exemple : IFD et IFS pour la même séance ; IFS seule convient.

    Paramètres : kine.session.minutes
    """
    once = Once()
    kept: list[Act] = []
    for line in check.derive(travel).of(*FLAT):
        day = line.performed_on
        kept = [each for each in kept if each.performed_on == day]
        others = [each for each in kept if each.practitioner_id == line.practitioner_id]
        twins = {each.id: together(check, each, line) for each in others}
        twin = next((each for each in others if twins[each.id]), None)
        most = max(1, visits_of(check, line))
        if twin is None and (len(others) >= most or line.quantity > most):
            twin = others[0] if others else line
        if twin is None:
            kept.append(line)
            if (line.quantity > 1 or None in twins.values()) and once.first("visit"):
                yield Gap(line, ("act.session_id",), "on ne sait pas à quel passage du jour va chaque indemnité")
            continue
        extra = line.amount
        if twin is line and extra is not None:
            extra = (extra - extra / line.quantity).quantize(CENT, ROUND_HALF_UP)
        yield Flag(
            line,
            f"{line.letter} est facturée {line.quantity} fois le {jour(day)}, pour un seul passage."
            if twin is line
            else f"{twin.letter} et {line.letter} sont facturées pour un seul passage, le {jour(day)}.",
            "Gardez une seule indemnité forfaitaire par passage : IFS si l'acte y ouvre droit, sinon IFD.",
            amount=extra,
            evidence=(line,) if twin is line else (line, twin),
        )


@rule(
    "KINE-DEPL-CABINET",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13",
    confidence="C",
    needs=VISIT | {"act.place"},
    rests_on=("act.place",),
    letters=(*FLAT, *MILEAGE),
)
def at_the_practice(check: Check[Dossier]) -> Iterator[Answer]:
    """Aucun déplacement n'est dû pour un acte fait au cabinet.

    Vérifie : qu'IFD, IFS et les indemnités kilométriques ne sont pas facturées pour une séance au cabinet.

    Pourquoi : les frais de déplacement ne sont remboursés que pour un acte fait au domicile du patient.

    Ne s'applique pas : au domicile, en EHPAD, en établissement.

    Exemple : IFS pour une séance au cabinet ; IFS au domicile convient.

    Paramètres : kine.session.minutes
    """
    once = Once()
    for line in check.derive(travel).of(*FLAT, *MILEAGE):
        acts: Sequence[Act] = () if line.place is not None else visit(check, line).acts
        place = place_of(line, acts)
        if place is None:
            if once.first("place"):
                yield Gap(line, ("act.place",), "le lieu des soins n'est pas connu")
        elif place == "CABINET":
            yield Flag(
                line,
                f"{line.letter} est facturée le {jour(line.performed_on)} pour un acte au cabinet.",
                "Retirez l'indemnité, ou corrigez le lieu des soins.",
                amount=line.amount,
                evidence=(line, *acts),
            )


RULES: tuple[AnyRule, ...] = (
    code,
    *kine_depl_ifs.RULES,
    one_a_visit,
    at_the_practice,
    *kine_depl_ehpad.RULES,
    *kine_depl_ik.RULES,
)
