"""IDE-BSI: one daily package, at its full price, from the days on which it exists; AIS no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_bsi_facts import (
    BILLED_AGAIN,
    PACKAGES,
    billed_again,
    born_on,
    named,
    packages,
    tariff_of,
)
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, full_rate, nurse_acts
from connector_core.rules.catalogue.ide_lines import billed_share
from connector_core.rules.catalogue.kine_facts import Once, prescriptions
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.rejects import may_bill_again


@rule(
    "IDE-BSI-FORFAIT-UNIQUE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I article 12 ; ameli.fr, Bilan de soins infirmiers",
    confidence="S+C",
    needs=PACKAGES,
    letters=FORFAITS,
)
def single(check: Check[Dossier]) -> Iterator[Answer]:
    """Un seul forfait BSA, BSB ou BSC par patient et par jour.

    Vérifie : qu'un patient n'a pas deux forfaits le même jour, quels que soient les infirmiers.

    Pourquoi : le forfait comprend tous les soins de dépendance de la journée ; il n'est facturable qu'une fois, par
    un seul infirmier.

    Ne s'applique pas : aux actes AMX, aux déplacements IFI et aux majorations de chaque infirmier ; au forfait
    refacturé après un rejet. Si la facture de l'un est rejetée et celle de l'autre inconnue, c'est indéterminé.

    Exemple : BSB le matin par un infirmier et BSB le soir par un autre ; BSB, puis AMX et IFI conviennent.

    Paramètres : aucun
    """
    once = Once()
    first: dict[date, Act] = {}
    for act in check.derive(packages):
        day = act.performed_on
        if act.rate == "0":
            continue
        had = first.get(day)
        if had is not None and may_bill_again(check, had, act):
            if once.first("invoice"):
                yield Gap(
                    act, ("act.invoice_id",), "on ne sait pas si ce forfait refacture celui d'une facture rejetée"
                )
            continue
        extra = act.amount
        if had is None:
            first[day] = act
            if act.quantity == 1:
                continue
            if extra is not None:
                extra = (extra - extra / act.quantity).quantize(CENT, ROUND_HALF_UP)
        others = () if had is None else (had,)
        nurses = had is not None and had.practitioner_id != act.practitioner_id
        yield Flag(
            act,
            f"{named(act)} du {jour(day)} : plus d'un forfait le même jour{', par deux infirmiers' if nurses else ''}.",
            "Ne gardez qu'un forfait par jour, facturé par un seul infirmier.",
            amount=extra,
            evidence=(act, *others),
        )


@rule(
    "IDE-BSI-TAUX",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 11 B 5",
    confidence="C",
    needs=PACKAGES | {"practitioner.zone"},
    letters=FORFAITS,
)
def full_price(check: Check[Dossier]) -> Iterator[Answer]:
    """Le forfait BSA, BSB ou BSC est toujours facturé à taux plein.

    Vérifie : que le forfait n'est ni réduit de moitié, ni facturé à zéro, ni coté d'un autre coefficient que 1.

    Pourquoi : les forfaits journaliers sont toujours à taux plein ; c'est l'acte AMX de la séance qui est réduit.

    Ne s'applique pas : à l'acte AMX facturé à 50 % avec le forfait. Un montant qui serait la moitié d'un tarif non
    confirmé laisse la réponse indéterminée.

    Exemple : la moitié de BSB ; BSB et la moitié d'AMX 1 conviennent.

    Paramètres : tariff
    """
    once = Once()
    for act in check.derive(packages):
        price = tariff_of(check, act, Decimal(1))
        halved = (
            price is not None
            and act.amount is not None
            and act.amount == (price[0] / 2).quantize(CENT, ROUND_HALF_UP) * act.quantity
        )
        if full_rate(act) and act.coefficient == 1 and not halved:
            if price is None and billed_share(check, act) < 1 and once.first("tariff"):
                reason = f"{named(act)} semble facturé à moitié, mais son tarif n'est pas confirmé"
                yield Gap(act, ("tariff",), reason)
            continue
        loss: Decimal | None = None
        if price is not None:
            check.cite(price[1])
            paid = (price[0] * Decimal(act.rate)).quantize(CENT, ROUND_HALF_UP) if act.amount is None else act.amount
            loss = max(price[0] * act.quantity - paid, Decimal(0))
        yield Flag(
            act,
            f"{named(act)} du {jour(act.performed_on)} n'est pas facturé à taux plein.",
            "Facturez le forfait entier ; seul l'acte AMX est réduit de moitié.",
            amount=loss,
            evidence=(act,),
        )


@rule(
    "IDE-BSI-AGE-DATES",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024) ; avenants 6, 8 et 10",
    confidence="S",
    needs=NURSE_ACTS | {"patient.birth_date"},
    letters=FORFAITS,
)
def open_to(check: Check[Dossier]) -> Iterator[Answer]:
    """Les forfaits ont été ouverts par âge : 90 ans en 2020, 85 ans en 2022, tous en octobre 2023.

    Vérifie : que le patient avait l'âge requis le jour du forfait.

    Pourquoi : avant la généralisation, les soins d'un patient plus jeune se facturaient à l'acte.

    Ne s'applique pas : à partir du 3 octobre 2023.

    Exemple : BSA le 1er mai 2023 à 70 ans ; à 87 ans, il convient.

    Paramètres : ide.bsi.since, ide.bsi.package_age
    """
    once = Once()
    born = born_on(check)
    for act in check.derive(nurse_acts).of(*FORFAITS):
        day = act.performed_on
        if day < check.day("ide.bsi.since", day):
            text = "n'existe pas encore à cette date"
        else:
            least = check.number("ide.bsi.package_age", day)
            if least == 0:
                continue
            if born is None:
                if once.first("age"):
                    yield Gap(act, ("patient.birth_date",), "la date de naissance du patient n'est pas connue")
                continue
            age = age_on(born, day)
            if age >= least:
                continue
            text = f"est alors réservé aux patients de {least} ans et plus ; le patient a {age} ans"
        patient = check.subject.patient
        yield Flag(
            act,
            f"{named(act)} du {jour(day)} {text}.",
            "Vérifiez la date du soin ; à cette date, ces soins se facturent à l'acte.",
            amount=act.amount,
            evidence=(act, *(() if patient is None else (patient,))),
        )


@rule(
    "IDE-BSI-AIS",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I articles 11 et 13, abrogés (UNCAM 02/06/2026) ; ameli.fr, BSI (17/09/2024)",
    confidence="S+C",
    needs=BILLED_AGAIN | {"act.place", "act.prescription_id", "prescription.dependency"},
    letters=("AIS",),
)
def former_letter(check: Check[Dossier]) -> Iterator[Answer]:
    """AIS ne se facture plus pour un patient dépendant, ni, depuis juin 2026, pour aucun autre.

    Vérifie : qu'aucun AIS n'est facturé depuis 2024 dans le champ du BSI, ni après l'abrogation de la cotation.

    Pourquoi : ces lignes sont rejetées à la liquidation ; les soins de dépendance relèvent des forfaits BSA, BSB et
    BSC.

    Ne s'applique pas : avant le 1er janvier 2024 ; entre cette date et l'abrogation, aux actes faits hors du
    domicile et à ceux dont l'ordonnance dit qu'elle n'est pas de dépendance ; le coefficient d'une garde à domicile,
    hors du champ du BSI mais non confirmé, est alors une information. Un AIS déjà rejeté, dont le forfait du jour est
    peut-être la correction, est indéterminé.

    Exemple : AIS 3 le 1er février 2024 ; le 1er novembre 2023, il convient.

    Paramètres : ide.ais.rejected_since, ide.ais.repealed, ide.ais.guard
    """
    gone, once = check.derive(billed_again), Once()
    for act in check.derive(nurse_acts).of("AIS"):
        day = act.performed_on
        if act.id in gone or day < check.day("ide.ais.rejected_since", check.as_of):
            continue
        if any(may_bill_again(check, act, each) for each in check.derive(packages)):
            if once.first("invoice"):
                yield Gap(act, ("act.invoice_id",), "on ne sait pas si le forfait du jour refacture cet AIS rejeté")
            continue
        repealed = day >= check.day("ide.ais.repealed", check.as_of)
        if not repealed:
            prescription = check.derive(prescriptions).get(act.prescription_id or "")
            if prescription is not None and prescription.dependency is False:
                continue
            if act.place not in (None, "DOMICILE"):
                continue
        guard = not repealed and act.coefficient >= check.decimal("ide.ais.guard", check.as_of)
        text = "les soins de dépendance ne se facturent plus en AIS"
        if guard:
            text = "le coefficient est celui d'une garde à domicile (non confirmé), sinon l'acte est rejeté"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(day)} : {'la cotation AIS est abrogée' if repealed else text}.",
            "Vérifiez l'acte." if guard else "Faites un BSI et facturez le forfait auquel il conduit.",
            severity="info" if guard else None,
            amount=act.amount,
            evidence=(act,),
        )


RULES: tuple[AnyRule, ...] = (single, full_price, former_letter, open_to)
