"""IDE-BSI: the DI that bills a BSI, initial, of renewal or intermédiaire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.rules.batches import batches
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_bsi_facts import (
    BILANS,
    PACKAGES,
    Bilan,
    bilans,
    di_coefficients,
    packages,
    tariff_of,
)
from connector_core.rules.catalogue.ide_facts import NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.kine_facts import Once, prescriptions
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_REFERENCE = "NGAP titre XVI chap. I article 12 ; ameli.fr, Bilan de soins infirmiers"


@rule(
    "IDE-BSI-DI-INITIAL",
    subject="dossier",
    severity="reject",
    reference=_REFERENCE,
    confidence="S+C",
    needs=BILANS | {"practitioner.zone"},
    letters=("DI",),
)
def initial(check: Check[Dossier]) -> Iterator[Answer]:
    """DI 2,5 ne se facture que pour le premier BSI du patient.

    Vérifie : qu'aucun BSI n'a précédé, facturé ou saisi, et que le BSI du jour n'est ni un renouvellement ni un
    intermédiaire.

    Pourquoi : pour un même patient, seul le bilan initial est coté 2,5 ; les suivants le sont 1,2.

    Ne s'applique pas : à un BSI précédent resté en brouillon et non facturé ; aux bilans d'avant 2020 (DSI). Des
    forfaits plus anciens supposent un BSI qu'aucune source ne donne : la réponse est alors indéterminée.

    Exemple : DI 2,5 alors qu'un BSI a été fait l'an dernier ; un premier DI 2,5 convient.

    Paramètres : ide.bsi.di_initial, ide.bsi.di_following, ide.bsi.di_window, ide.bsi.entry_deadline, ide.bsi.validity,
    tariff
    """
    once = Once()
    before: Bilan | None = None
    for bilan in check.derive(bilans):
        act, bsi = bilan.act, bilan.bsi
        if act is not None and act.coefficient == check.decimal("ide.bsi.di_initial", act.performed_on):
            again = bsi is not None and bsi.kind != "initial"
            if before is None and not again:
                if _cared_for_before(check, bilan) and once.first("bsi"):
                    reason = "des forfaits de dépendance plus anciens supposent un BSI qu'aucune source ne donne"
                    yield Gap(act, ("bsi",), reason)
            else:
                due = check.decimal("ide.bsi.di_following", act.performed_on)
                price = tariff_of(check, act, due)
                extra = None
                if price is not None and act.amount is not None:
                    check.cite(price[1])
                    extra = max(act.amount - price[0], Decimal(0))
                known = before.act or before.bsi if before is not None else None
                yield Flag(
                    act,
                    f"{cotation(act)} du {jour(act.performed_on)} : "
                    + (
                        f"un BSI a déjà été fait le {jour(before.on)}."
                        if before is not None
                        else "le BSI n'est pas un BSI initial."
                    ),
                    "Facturez DI 1,2 si le BSI est un renouvellement ou un intermédiaire.",
                    amount=extra,
                    evidence=(act, *(() if bsi is None else (bsi,)), *(() if known is None else (known,))),
                )
        if bilan.done:
            before = bilan


def _cared_for_before(check: Check[Dossier], bilan: Bilan) -> bool:
    """Whether daily packages were billed long before a BSI, as another one before it would have let."""
    found = check.derive(packages)
    window = timedelta(days=check.number("ide.bsi.di_window", bilan.on))
    return bool(found) and found[0].performed_on < bilan.on - window


@rule(
    "IDE-BSI-DI-RENOUV",
    subject="dossier",
    severity="reject",
    reference=_REFERENCE,
    confidence="S+C",
    needs=BILANS,
    letters=("DI",),
)
def renewal(check: Check[Dossier]) -> Iterator[Answer]:
    """Le renouvellement du BSI se fait à l'échéance des douze mois.

    Vérifie : que le DI d'un BSI de renouvellement n'est pas facturé plus de trente jours avant le terme du BSI
    précédent.

    Pourquoi : les bilans de renouvellement sont réalisés à échéance des douze mois ; plus tôt, seul un BSI
    intermédiaire est possible.

    Ne s'applique pas : au BSI intermédiaire (IDE-BSI-DI-INTERM) ; au renouvellement tardif.

    Exemple : DI 1,2 de renouvellement au 7e mois ; au 12e mois, il convient.

    Paramètres : ide.bsi.validity, ide.bsi.renewal_early, ide.bsi.di_initial, ide.bsi.di_following, ide.bsi.di_window,
    ide.bsi.entry_deadline
    """
    once = Once()
    before: Bilan | None = None
    for bilan in check.derive(bilans):
        act = bilan.act
        if act is not None and bilan.kind in ("renewal", None):
            if before is None:
                if once.first("before"):
                    yield Gap(act, ("bsi",), "le BSI que celui-ci suit n'est pas connu")
            else:
                term = months_later(before.on, check.number("ide.bsi.validity", bilan.on))
                early = term - timedelta(days=check.number("ide.bsi.renewal_early", bilan.on))
                if bilan.on < early and bilan.kind is not None:
                    known = before.bsi or before.act
                    yield Flag(
                        act,
                        f"{cotation(act)} du {jour(act.performed_on)} : renouvellement d'un BSI valable jusqu'au "
                        f"{jour(term - timedelta(days=1))}.",
                        "Attendez le terme du BSI, ou déclarez un BSI intermédiaire si l'état du patient a changé.",
                        amount=act.amount,
                        evidence=(act, *(() if known is None else (known,))),
                    )
                elif bilan.on < early and once.first("kind"):
                    yield Gap(act, ("bsi.kind",), "le DI ne dit pas s'il s'agit d'un renouvellement")
        if bilan.done and bilan.kind in ("initial", "renewal"):
            before = bilan


@rule(
    "IDE-BSI-DI-INTERM",
    subject="dossier",
    severity="reject",
    reference=_REFERENCE,
    confidence="S+C",
    needs=BILANS | {"bsi.clinical_change", "bsi.prescription_id", "prescription.dependency", "prescription.issued_on"},
    letters=("DI",),
)
def intermediate(check: Check[Dossier]) -> Iterator[Answer]:
    """Deux BSI intermédiaires au plus en douze mois, quand l'état du patient a changé.

    Vérifie : que le DI est au plus le deuxième d'un BSI intermédiaire en douze mois, qu'un changement de la situation
    clinique est noté, et que la dernière prescription pour BSI a moins d'un an.

    Pourquoi : un BSI intermédiaire suppose une situation clinique évolutive ; il ne demande pas de nouvelle
    prescription et se rattache à la dernière, de moins d'un an.

    Ne s'applique pas : au BSI initial et au renouvellement. Le troisième en douze mois glissants, mais le deuxième
    au plus depuis le dernier BSI annuel, est une information.

    Exemple : troisième BSI intermédiaire de l'année ; le deuxième convient.

    Paramètres : ide.bsi.max_intermediate, ide.bsi.intermediate_months, ide.bsi.prescription_months,
    ide.bsi.di_initial, ide.bsi.di_following, ide.bsi.di_window, ide.bsi.entry_deadline, ide.bsi.validity
    """
    once = Once()
    found = [bilan for bilan in check.derive(bilans) if bilan.done]
    for place, bilan in enumerate(found):
        act, on = bilan.act, bilan.on
        if act is None or bilan.kind in ("initial", "renewal"):
            continue
        since = months_later(on, -check.number("ide.bsi.intermediate_months", on))
        most = check.number("ide.bsi.max_intermediate", on)
        year = [each for each in found[: place + 1] if each.on > since and each.kind in ("intermediate", None)]
        count = sum(each.kind == "intermediate" for each in year)
        if bilan.kind is None or (count <= most < len(year)):
            if len(year) > most and once.first("kind"):
                yield Gap(act, ("bsi.kind",), "des DI ne disent pas s'ils sont de renouvellement ou intermédiaires")
            if bilan.kind is None:
                continue
        wrong: list[str] = []
        base = max((each.on for each in found[:place] if each.kind in ("initial", "renewal")), default=since)
        within = sum(each.on >= base and each.kind == "intermediate" for each in year)
        if within > most:
            wrong.append(f"{count} BSI intermédiaires en douze mois, {most} au plus")
        bsi = bilan.bsi
        if bsi is not None and bsi.clinical_change is False:
            wrong.append("aucun changement de la situation clinique n'est noté")
        elif (bsi is None or bsi.clinical_change is None) and once.first("change"):
            yield Gap(act, ("bsi.clinical_change",), "le changement de la situation clinique n'est pas renseigné")
        issued = _last_prescription(check, found[: place + 1], on)
        if issued is None:
            if once.first("prescription"):
                yield Gap(act, ("bsi.prescription_id",), "la dernière prescription pour BSI n'est pas connue")
        elif months_later(issued, check.number("ide.bsi.prescription_months", on)) <= on:
            wrong.append(f"la dernière prescription, du {jour(issued)}, n'a pas moins d'un an")
        slides = count > most and not wrong
        if slides:
            wrong.append(f"{count} BSI intermédiaires en douze mois glissants, de part et d'autre d'un renouvellement")
        if wrong:
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)}, BSI intermédiaire : {' ; '.join(wrong)}.",
                "Vérifiez le type du BSI ; ne facturez un BSI intermédiaire que dans ces conditions.",
                severity="info" if slides else None,
                amount=act.amount,
                evidence=(act, *(each.bsi for each in year if each.bsi is not None)),
            )


def _last_prescription(check: Check[Dossier], found: list[Bilan], day: date) -> date | None:
    """The day of the last prescription for a BSI that is known on a day."""
    known = check.derive(prescriptions)
    named = {each.bsi.prescription_id for each in found if each.bsi is not None}
    return max(
        (each.issued_on for each in known.values() if each.issued_on <= day and (each.id in named or each.dependency)),
        default=None,
    )


@rule(
    "IDE-BSI-DI-MONTANT",
    subject="dossier",
    severity="reject",
    reference=_REFERENCE,
    confidence="S+C",
    needs=NURSE_ACTS | {"practitioner.zone"},
    rests_on=("act.amount",),
    letters=("DI",),
)
def amount(check: Check[Dossier]) -> Iterator[Answer]:
    """Le BSI initial est payé 25 €, le renouvellement et l'intermédiaire 12 €.

    Vérifie : que DI 2,5 et DI 1,2 sont facturés à leur tarif, hors dépassement déclaré.

    Pourquoi : un montant trop élevé est rejeté ou récupéré ; trop bas, c'est une perte.

    Ne s'applique pas : aux autres coefficients de DI (IDE-BSI-DSI).

    Exemple : DI 1,2 facturé 25 € ; à 12 €, il convient.

    Paramètres : ide.bsi.di_initial, ide.bsi.di_following, tariff
    """
    once = Once()
    for act in check.derive(nurse_acts).of("DI"):
        since = check.peek("ide.bsi.since", act.performed_on)
        if isinstance(since, date) and act.performed_on < since:
            continue
        if act.coefficient not in di_coefficients(check, act.performed_on):
            continue
        if act.amount is None:
            if once.first("amount"):
                yield Gap(act, ("act.amount",), f"le montant de {cotation(act)} n'est pas connu")
            continue
        price = tariff_of(check, act)
        if price is None:
            if once.first("tariff"):
                yield Gap(act, ("tariff",), f"le tarif de {cotation(act)} n'est pas confirmé")
            continue
        expected = price[0] * act.quantity + (act.excess or 0)
        if act.amount != expected:
            check.cite(price[1])
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est facturé {euros(act.amount)} ; le tarif est "
                f"{euros(expected)}.",
                "Corrigez le montant ou le coefficient.",
                severity=None if act.amount > expected else "revenue",
                amount=abs(act.amount - expected),
                evidence=(act,),
            )


@rule(
    "IDE-BSI-DSI",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024)",
    confidence="S",
    needs=PACKAGES
    | {
        "bsi",
        "prescription.dependency",
        "prior_agreement.prescription_id",
        "prior_agreement.sent_on",
        "prior_agreement.treatment_id",
    },
)
def former_approach(check: Check[Dossier]) -> Iterator[Answer]:
    """Ni DSI ni demande d'accord préalable pour un patient dépendant.

    Vérifie : depuis que le BSI concerne tous les patients dépendants, qu'aucun DI n'est facturé à un autre
    coefficient que ceux du BSI, et qu'aucune demande d'accord préalable n'est faite pour ces soins.

    Pourquoi : le BSI remplace la démarche de soins infirmiers (DSI) ; aucune DSI ni DAP ne doit être réalisée.

    Ne s'applique pas : à l'accord préalable d'un autre soin ; avant le 1er janvier 2022.

    Exemple : DI 3 en 2026, ou une DAP sur une ordonnance de soins de dépendance.

    Paramètres : ide.bsi.dsi_ended, ide.bsi.di_initial, ide.bsi.di_following
    """
    billed = check.derive(nurse_acts).of("DI") if "DI" in check.derive(batches).letters else ()
    if not billed and not check.subject.prior_agreements:
        return
    ended = check.day("ide.bsi.dsi_ended", check.as_of)
    for act in billed:
        day = act.performed_on
        if day >= ended and act.coefficient not in di_coefficients(check, day):
            yield Flag(
                act,
                f"{cotation(act)} du {jour(day)} n'est pas une cotation du BSI.",
                "La DSI n'existe plus : faites un BSI et facturez DI 2,5 ou DI 1,2.",
                amount=act.amount,
                evidence=(act,),
            )
    known, once = check.derive(prescriptions), Once()
    for asked in check.subject.prior_agreements:
        if asked.sent_on < ended or asked.treatment_id is not None:
            continue
        found = known.get(asked.prescription_id or "")
        dependency = None if found is None else found.dependency
        if dependency:
            yield Flag(
                asked,
                f"Une demande d'accord préalable du {jour(asked.sent_on)} porte sur des soins de dépendance.",
                "Ne faites pas de demande d'accord préalable pour ces soins : le BSI suffit.",
                evidence=(asked, *(() if found is None else (found,))),
            )
        elif dependency is None and (check.subject.bsis or check.derive(packages)) and once.first("prior"):
            missing = "prior_agreement.prescription_id" if found is None else "prescription.dependency"
            yield Gap(asked, (missing,), "on ne sait pas si la demande d'accord porte sur des soins de dépendance")


RULES: tuple[AnyRule, ...] = (initial, renewal, intermediate, amount, former_approach)
