"""KINE-DEPL, continued: kilometres."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.model.vocabulary import Terrain
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.kine_facts import Once, by_visit
from connector_core.rules.catalogue.kine_travel import VISIT, Price, place_of, price_of, travel, visit
from connector_core.rules.counting import decimal_text
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_LETTERS = ("IK", "IKM")
_TERRAINS: dict[str, Terrain] = {"IK": "PLAINE", "IKM": "MONTAGNE"}


@rule(
    "KINE-DEPL-IK",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 C ; SNMKR, tarifs",
    confidence="C",
    needs=VISIT | {"act.distance_km", "act.place", "act.same_agglomeration", "act.terrain", "practitioner.zone"},
    rests_on=("act.distance_km",),
    letters=_LETTERS,
)
def mileage(check: Check[Dossier]) -> Iterator[Answer]:
    """Les indemnités kilométriques paient l'aller et le retour, moins l'abattement.

    Vérifie : que les kilomètres facturés ne dépassent pas 2d - 4 en plaine, 2d - 2 en montagne, d étant la distance
    entre le cabinet et le domicile du patient, et qu'ils ne sont pas facturés dans la même agglomération.

    Pourquoi : l'abattement est de 2 km sur chaque trajet, 1 km en montagne ; le surplus est un indu.

    Ne s'applique pas : aux trajets à pied ou à ski (IKS), au cabinet (KINE-DEPL-CABINET). La limite du
    masseur-kinésithérapeute le plus proche n'est pas vérifiée. Une fraction de kilomètre est comptée entière.

    Exemple : 14 km facturés pour un patient à 7 km ; 10 km, soit 3,80 €, conviennent.

    Paramètres : tariff, kine.travel.plain.free_km, kine.travel.mountain.free_km, kine.session.minutes
    """
    once = Once()
    for lines in by_visit(check.derive(travel).of(*_LETTERS)):
        line = lines[-1]
        terrain = line.terrain or _TERRAINS[line.letter]
        if terrain == "PIED" or place_of(line, visit(check, line).acts) == "CABINET":
            continue
        billed = sum(each.quantity for each in lines)
        amounts = [each.amount - (each.excess or 0) for each in lines if each.amount is not None]
        amount = sum(amounts, Decimal(0)) if len(amounts) == len(lines) else None
        if line.same_agglomeration:
            yield Flag(
                line,
                f"{line.letter} est facturée le {jour(line.performed_on)} pour un patient de la même agglomération.",
                "Retirez les indemnités kilométriques : l'indemnité forfaitaire suffit.",
                fault="agglomeration",
                amount=amount,
                evidence=lines,
            )
            continue
        if line.distance_km is None:
            if once.first("distance"):
                yield Gap(line, ("act.distance_km",), "la distance entre le cabinet et le patient n'est pas connue")
            continue
        most = _kilometres(check, line, terrain)
        price = price_of(check, "IKM" if terrain == "MONTAGNE" else "IK", line.performed_on, line.practitioner_id)
        due = None if price is None else _paid(most, price)
        if billed > most or (due is not None and amount is not None and amount > due):
            surplus: Decimal | None = None
            if price is not None and due is not None:
                check.cite(price.row.read())
                surplus = max((_paid(billed, price) if amount is None else amount) - due, Decimal(0))
            yield Flag(
                line,
                f"{line.letter} du {jour(line.performed_on)} : {billed} km facturé{'s' if billed > 1 else ''}"
                f"{'' if amount is None else f', {euros(amount)}'}, pour un patient à "
                f"{decimal_text(line.distance_km)} km ; {most} km{'' if due is None else f', {euros(due)}'}, au plus.",
                "Facturez l'aller et le retour moins l'abattement, au tarif du terrain.",
                amount=surplus,
                evidence=lines,
            )
        elif line.same_agglomeration is None and once.first("agglomeration"):
            yield Gap(
                line, ("act.same_agglomeration",), "on ne sait pas si le patient habite l'agglomération du cabinet"
            )


def _kilometres(check: Check[Dossier], line: Act, terrain: Terrain) -> int:
    """What may be billed at most, in whole kilometres."""
    name = "kine.travel.mountain.free_km" if terrain == "MONTAGNE" else "kine.travel.plain.free_km"
    way = (line.distance_km or Decimal(0)) - check.number(name, line.performed_on)
    return int((2 * max(way, Decimal(0))).to_integral_value(ROUND_CEILING))


def _paid(kilometres: int, price: Price) -> Decimal:
    return (kilometres * price.amount).quantize(CENT, ROUND_HALF_UP)


RULES: tuple[AnyRule, ...] = (mileage,)
