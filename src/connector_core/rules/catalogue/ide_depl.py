"""IDE-DEPL: a nurse's travel to one patient (IFD, kilometres, prescription of home care)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_visits import (
    KILOMETRES,
    care,
    nurse_tariff,
    prescribed_by,
    total,
)
from connector_core.rules.catalogue.kine_facts import Once, by_visit
from connector_core.rules.counting import decimal_text
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule


@rule(
    "IDE-DEPL-IFD",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 A ; avenants 3 et 10 (montants)",
    confidence="C",
    needs=NURSE_ACTS | {"act.place", "practitioner.zone"},
    letters=("IFD",),
)
def flat_travel(check: Check[Dossier]) -> Iterator[Answer]:
    """L'indemnité forfaitaire de déplacement (IFD) est due une fois par passage à domicile, au tarif du jour.

    Vérifie : le montant de l'IFD, qu'elle n'est facturée qu'une fois par passage, et que l'acte est fait à domicile.

    Pourquoi : au-dessus du tarif, deux fois ou au cabinet, c'est un indu ; sous le tarif, la différence est perdue.

    Ne s'applique pas : aux jours où l'on ne sait pas à quel passage appartiennent les actes (indéterminé) ; à l'IFI,
    qui a ses propres règles.

    Exemple : IFD à 2,50 € le 1er janvier 2026 ; à 2,75 €, elle convient.

    Paramètres : tariff
    """
    once = Once()
    for passage in check.derive(nurse_acts).passages:
        travels = passage.of("IFD")
        if not travels:
            continue
        done = sum(act.quantity for act in care(passage))
        timed = any(act.session_id is not None or act.started_at is not None for act in passage.acts)
        kept = 0
        for act in travels:
            kept += act.quantity
            place = act.place or next((other.place for other in passage.acts if other.place is not None), None)
            if place == "CABINET":
                yield Flag(
                    act,
                    f"IFD du {jour(passage.day)} pour un acte fait au cabinet.",
                    "Retirez l'IFD, ou corrigez le lieu de l'acte.",
                    fault="cabinet",
                    amount=act.amount,
                    evidence=(act,),
                )
            elif kept > 1:
                if passage.placed and (timed or done < kept):
                    yield Flag(
                        act,
                        f"{kept} IFD pour un seul passage, le {jour(passage.day)}.",
                        "Gardez une seule IFD par passage, ou corrigez les heures s'il y a eu plusieurs passages.",
                        fault="double",
                        amount=_beyond_first(act, kept),
                        evidence=travels,
                    )
                elif once.first("passage"):
                    yield Gap(act, ("act.session_id",), "on ne sait pas si les IFD sont du même passage")
            else:
                yield from _flat_amount(check, act, once)


def _beyond_first(act: Act, kept: int) -> Decimal | None:
    """What is billed beyond the first travel of a passage."""
    extra = min(act.quantity, kept - 1)
    return None if act.amount is None else (act.amount * extra / act.quantity).quantize(CENT, ROUND_HALF_UP)


def _flat_amount(check: Check[Dossier], act: Act, once: Once) -> Iterator[Answer]:
    """Whether an IFD is billed at its tariff."""
    row = nurse_tariff(check, act.letter, act, act.coefficient)
    if row is None or row.amount is None:
        return
    if act.amount is None:
        if once.first("amount"):
            yield Gap(act, ("act.amount",), "le montant de l'IFD n'est pas connu")
        return
    billed, due = act.amount - (act.excess or 0), row.amount * act.quantity
    if billed == due:
        return
    check.cite(row.read())
    less = billed < due
    yield Flag(
        act,
        f"IFD du {jour(act.performed_on)} facturée {euros(billed)} au lieu de {euros(due)}.",
        f"Facturez l'IFD à {euros(due)}.",
        severity="revenue" if less else None,
        fault="montant",
        amount=abs(billed - due),
        evidence=(act,),
    )


@rule(
    "IDE-DEPL-PRESC",
    subject="dossier",
    severity="info",
    reference="NGAP dispositions générales article 13 ; lecture de deux éditeurs, sans texte officiel lu",
    confidence="T",
    needs=NURSE_ACTS | {"act.prescription_id", "prescription.at_home", "prescription.issued_on"},
    letters=("IFD", *KILOMETRES),
)
def prescribed_at_home(check: Check[Dossier]) -> Iterator[Answer]:
    """Les soins à domicile sont à prescrire pour facturer le déplacement.

    Vérifie : que l'ordonnance des actes facturés avec une IFD ou des indemnités kilométriques dit « à domicile ».

    Pourquoi : sans cette mention, la caisse peut contester le déplacement ; la règle n'est pas confirmée par un texte
    officiel.

    Ne s'applique pas : aux déplacements facturés en IFI.

    Exemple : IFD sur une ordonnance sans mention du domicile ; « à domicile » convient.

    Paramètres : aucun
    """
    once = Once()
    against: dict[str, list[Act]] = {}
    for passage in check.derive(nurse_acts).passages:
        travels = passage.of("IFD", *KILOMETRES)
        if not travels or passage.of("IFI"):
            continue
        prescribed = prescribed_by(check, passage.acts)
        if not prescribed:
            if once.first("prescription"):
                yield Gap(travels[0], ("act.prescription_id",), "l'ordonnance des soins à domicile n'est pas connue")
        elif any(each.at_home is True for each in prescribed):
            continue
        elif any(each.at_home is None for each in prescribed):
            if once.first("home"):
                yield Gap(travels[0], ("prescription.at_home",), "on ne sait pas si l'ordonnance dit « à domicile »")
        else:
            against.setdefault(prescribed[0].id, []).extend(travels)
    for each in check.subject.prescriptions:
        acts = against.get(each.id)
        if acts:
            yield Flag(
                each,
                f"Déplacements facturés sur l'ordonnance du {jour(each.issued_on)}, qui ne dit pas « à domicile » "
                "(règle non confirmée par un texte officiel).",
                "Demandez au prescripteur de préciser « à domicile ».",
                amount=total(acts),
                evidence=(each, *acts),
            )


@rule(
    "IDE-DEPL-IK",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 C 1°",
    confidence="C",
    needs=NURSE_ACTS | {"act.distance_km", "act.terrain", "practitioner.zone"},
    letters=("IK", "IKM"),
)
def kilometres(check: Check[Dossier]) -> Iterator[Answer]:
    """Les kilomètres facturés sont ceux de l'aller et du retour, moins l'abattement.

    Vérifie : que les kilomètres facturés pour un passage et leur montant ne dépassent pas deux fois la distance moins
    4 km en plaine, moins 2 km en montagne, arrondis au kilomètre supérieur.

    Pourquoi : les 2 premiers kilomètres (1 en montagne) de chaque trajet ne sont pas indemnisés.

    Ne s'applique pas : aux indemnités à pied ou à ski (IKS) ; à un montant moindre, qui peut suivre du plafonnement du
    jour.

    Exemple : 10 km facturés pour un patient à 5 km ; 6 km conviennent.

    Paramètres : tariff, ide.travel.plain_allowance, ide.travel.mountain_allowance
    """
    once = Once()
    for lines in by_visit(check.derive(nurse_acts).of("IK", "IKM")):
        act = lines[-1]
        day = act.performed_on
        distance = next((each.distance_km for each in lines if each.distance_km is not None), None)
        if distance is None:
            if once.first("distance"):
                yield Gap(act, ("act.distance_km",), "la distance jusqu'au patient n'est pas connue")
            continue
        mountain = act.letter == "IKM" if act.terrain is None else act.terrain == "MONTAGNE"
        allowance = check.number(f"ide.travel.{'mountain' if mountain else 'plain'}_allowance", day)
        due_km = max(Decimal(0), 2 * (distance - allowance)).quantize(Decimal(1), ROUND_CEILING)
        row = nurse_tariff(check, "IKM" if mountain else "IK", act)
        price = None if row is None else row.amount
        due = None if price is None else (due_km * price).quantize(CENT, ROUND_HALF_UP)
        driven, amount = sum(each.quantity for each in lines), total(lines)
        billed = None if amount is None else amount - sum((each.excess or Decimal(0) for each in lines), Decimal(0))
        if driven <= due_km if billed is None or due is None else billed <= due:
            continue
        if row is not None:
            check.cite(row.read())
        loss: Decimal | None = None
        if billed is not None and due is not None:
            loss = billed - due
        elif price is not None:
            loss = ((driven - due_km) * price).quantize(CENT, ROUND_HALF_UP)
        by_amount = driven <= due_km and billed is not None and due is not None
        asked = euros(billed or Decimal(0)) if by_amount else f"{driven} km"
        most = euros(due or Decimal(0)) if by_amount else f"{due_km} km"
        yield Flag(
            act,
            f"{act.letter} du {jour(day)} : {asked} facturés pour un patient à {decimal_text(distance)} km, "
            f"{most} au plus {'en montagne' if mountain else 'en plaine'}.",
            f"Facturez {due_km} km, abattement déduit, ou corrigez la distance.",
            amount=loss,
            evidence=lines,
        )


@rule(
    "IDE-DEPL-IKMEME",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 13 C",
    confidence="C",
    needs=NURSE_ACTS | {"act.same_agglomeration"},
    letters=KILOMETRES,
)
def same_town(check: Check[Dossier]) -> Iterator[Answer]:
    """Les indemnités kilométriques ne sont pas dues dans une même agglomération.

    Vérifie : que le patient et le cabinet ne sont pas dans la même agglomération.

    Pourquoi : dans la même agglomération, seule l'indemnité forfaitaire est due.

    Ne s'applique pas : quand la source ne dit pas si l'agglomération est la même (indéterminé).

    Exemple : IK pour un patient de la même commune.

    Paramètres : aucun
    """
    once = Once()
    for act in check.derive(nurse_acts).of(*KILOMETRES):
        if act.same_agglomeration is None:
            if once.first("agglomeration"):
                yield Gap(act, ("act.same_agglomeration",), "on ne sait pas si l'agglomération est la même")
        elif act.same_agglomeration:
            yield Flag(
                act,
                f"{act.letter} du {jour(act.performed_on)} dans l'agglomération du cabinet.",
                "Retirez les indemnités kilométriques ; l'indemnité forfaitaire reste due.",
                amount=act.amount,
                evidence=(act,),
            )


RULES: tuple[AnyRule, ...] = (
    flat_travel,
    prescribed_at_home,
    kilometres,
    same_town,
)
