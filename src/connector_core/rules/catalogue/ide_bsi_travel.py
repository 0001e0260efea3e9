"""IDE-BSI: travel and surcharges of dependency care."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Prescription
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_bsi_facts import BILLED_AGAIN, VALIDITIES, billed_again, bsi_on
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, nurse_acts
from connector_core.rules.catalogue.ide_lines import HEAVY_DRESSINGS, VISITS, WOUND_REVIEW, Visit, may_be, visits
from connector_core.rules.catalogue.kine_facts import Once, prescriptions
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.rejects import may_be_billed_again
from connector_core.rules.standing import standing

_ADVANCED_PRACTICE = "PAI"
_SURCHARGE = "surcharge"
"""The fault of a surcharge that is not due, the same as that of the rules of IDE-MAJ."""


@rule(
    "IDE-BSI-IFI-CODE",
    subject="dossier",
    severity="reject",
    reference="NGAP article 13 D ; ameli.fr, BSI (17/09/2024)",
    confidence="S+C",
    needs=VISITS,
    letters=("IFD",),
)
def travel_code(check: Check[Dossier]) -> Iterator[Answer]:
    """Le déplacement d'une séance de dépendance se facture IFI.

    Vérifie : qu'un passage de soins de dépendance (forfait BSA, BSB ou BSC, AMX, IFI, ou déplacement seul un jour
    de forfait) ne porte pas d'IFD.

    Pourquoi : l'indemnité de ces passages est IFI ; une IFD est rejetée.

    Ne s'applique pas : à un passage du même jour pour d'autres soins. Un jour sans forfait ni DI, où l'IFI n'est pas
    due non plus, c'est une information.

    Exemple : IFD et BSB ; IFI et BSB conviennent.

    Paramètres : aucun
    """
    told = Once()
    bilans = {act.performed_on for act in check.derive(nurse_acts).of("DI")}
    for act, visit in _lines(check, "IFD"):
        if visit.setting == "unclear" and told.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas à quel passage du jour appartient l'IFD")
        elif visit.setting == "inside":
            due = bool(visit.forfaits) or act.performed_on in bilans
            yield Flag(
                act,
                f"IFD le {jour(act.performed_on)} pour un passage de soins de dépendance"
                f"{'' if due else ', sans forfait ni BSI facturé ce jour-là'}.",
                "Remplacez l'IFD par une IFI ; s'il y a déjà une IFI pour ce passage, retirez l'IFD."
                if due
                else "Facturez le forfait du jour, s'il est dû, avec une IFI ; sinon cotez en AMI et gardez l'IFD.",
                severity=None if due else "info",
                amount=act.amount,
                evidence=_evidence(act, visit),
            )


@rule(
    "IDE-BSI-IFI-JOUR",
    subject="dossier",
    severity="reject",
    reference="NGAP article 13 D",
    confidence="S+C",
    needs=NURSE_ACTS | VALIDITIES | {"bsi.practitioner_id"},
    letters=("IFI",),
)
def same_day(check: Check[Dossier]) -> Iterator[Answer]:
    """IFI suppose un forfait ou un BSI facturé le même jour.

    Vérifie : que le jour de chaque IFI, un forfait BSA, BSB ou BSC, ou un DI, est facturé au patient, quel que soit
    l'infirmier.

    Pourquoi : sans l'un d'eux le même jour, l'indemnité n'est pas due.

    Ne s'applique pas : aux soins de pratique avancée (PAI facturé dans le trimestre) ; avant le lendemain. Si le BSI
    est d'un autre cabinet, qui facture peut-être les forfaits, la réponse est indéterminée.

    Exemple : IFI seule, sans forfait ce jour ; IFI le soir et forfait le matin conviennent.

    Paramètres : ide.bsi.entry_deadline, ide.bsi.validity
    """
    once = Once()
    found = check.derive(nurse_acts)
    due = {act.performed_on for act in found.of(*FORFAITS, "DI")}
    advanced = {_quarter(act.performed_on) for act in check.derive(standing).acts if act.letter == _ADVANCED_PRACTICE}
    for act in found.of("IFI"):
        day = act.performed_on
        if day in due or _quarter(day) in advanced or not check.reached(day + timedelta(days=1)):
            continue
        if not found.of(*FORFAITS) and _elsewhere(check, day):
            if once.first("practitioner"):
                reason = "le BSI est d'un infirmier hors du cabinet, qui facture peut-être le forfait du jour"
                yield Gap(act, ("practitioner",), reason)
            continue
        yield Flag(
            act,
            f"IFI le {jour(day)} sans forfait de dépendance ni BSI ce jour-là.",
            "Facturez le forfait du jour s'il est dû ; sinon retirez l'IFI.",
            amount=act.amount,
            evidence=(act,),
        )


def _elsewhere(check: Check[Dossier], day: date) -> bool:
    """Whether the BSI in force on a day is that of a nurse whom no source describes: of another practice, which may
    bill the daily packages."""
    bsi = bsi_on(check, day)
    return (
        bsi is not None
        and bsi.practitioner_id is not None
        and bsi.practitioner_id not in check.subject.cabinet.practitioners
    )


@rule(
    "IDE-BSI-IFI-4",
    subject="dossier",
    severity="reject",
    reference="NGAP article 13 D",
    confidence="C",
    needs=BILLED_AGAIN,
    letters=("IFI",),
)
def most_travel(check: Check[Dossier]) -> Iterator[Answer]:
    """Quatre IFI au plus par jour et par patient.

    Vérifie : qu'il n'y a pas plus de quatre IFI le même jour pour un patient, quel que soit l'infirmier.

    Pourquoi : au-delà de quatre, l'indemnité n'est pas due.

    Ne s'applique pas : aux indemnités kilométriques ; aux IFI refacturées après un rejet. Si celles d'une facture
    rejetée sont peut-être refacturées, la réponse est indéterminée.

    Exemple : cinq IFI le même jour ; quatre conviennent.

    Paramètres : ide.bsi.max_ifi
    """
    once, gone = Once(), check.derive(billed_again)
    billed: dict[date, list[Act]] = {}
    for act in check.derive(nurse_acts).of("IFI"):
        if act.id not in gone:
            billed.setdefault(act.performed_on, []).append(act)
    for day, acts in billed.items():
        most = check.number("ide.bsi.max_ifi", day)
        total = sum(act.quantity for act in acts)
        allowed = most + may_be_billed_again(check, acts)
        if most < total <= allowed:
            if once.first("invoice"):
                reason = "on ne sait pas si des IFI du jour refacturent celles d'une facture rejetée"
                yield Gap(acts[-1], ("act.invoice_id",), reason)
            continue
        total = 0
        for act in acts:
            total += act.quantity
            extra = min(act.quantity, total - allowed)
            if extra > 0:
                yield Flag(
                    act,
                    f"{total} IFI le {jour(day)} ; {most} au plus par jour et par patient.",
                    f"Retirez les IFI au-delà de {most}.",
                    amount=None if act.amount is None else (act.amount / act.quantity).quantize(CENT) * extra,
                    evidence=acts,
                )


@rule(
    "IDE-BSI-MAU",
    subject="dossier",
    severity="reject",
    reference="NGAP article 23.1 ; titre XVI chap. I article 12",
    confidence="C",
    needs=VISITS,
    letters=("MAU",),
)
def single_act(check: Check[Dossier]) -> Iterator[Answer]:
    """Pas de majoration d'acte unique avec les soins de dépendance.

    Vérifie : qu'un passage de soins de dépendance (forfait BSA, BSB ou BSC, AMX, IFI) ne porte pas de MAU. Dans un
    autre passage du jour d'un forfait, le constat est une information.

    Pourquoi : la MAU ne se cumule ni avec les forfaits, ni avec AMX, ni avec IFI.

    Ne s'applique pas : aux patients sans soins de dépendance (IDE-MAJ-MAU).

    Exemple : MAU et BSA.

    Paramètres : aucun
    """
    told = Once()
    for act, visit in _lines(check, "MAU"):
        if visit.setting == "unclear" and told.first("passage"):
            yield Gap(act, ("act.session_id",), "on ne sait pas à quel passage du jour appartient la MAU")
        elif visit.setting == "inside":
            yield Flag(
                act,
                f"MAU le {jour(act.performed_on)} dans un passage de soins de dépendance.",
                "Retirez la MAU.",
                fault=_SURCHARGE,
                amount=act.amount,
                evidence=_evidence(act, visit),
            )
        elif visit.setting == "apart":
            yield Flag(
                act,
                f"MAU le {jour(act.performed_on)}, jour d'un forfait {visit.forfaits[0].letter}.",
                "Vérifiez que ce passage n'a pas de lien avec la dépendance ; sinon retirez la MAU.",
                severity="info",
                fault=_SURCHARGE,
                amount=act.amount,
                evidence=_evidence(act, visit),
            )


@rule(
    "IDE-BSI-MCI",
    subject="dossier",
    severity="reject",
    reference="NGAP articles 13 D et 23.2",
    confidence="C",
    needs=VISITS
    | {
        "act.act_code",
        "act.prescription_id",
        "prescription.ends_on",
        "prescription.issued_on",
        "prescription.palliative",
    },
    rests_on=("prescription.palliative",),
    letters=("MCI",),
)
def coordination(check: Check[Dossier]) -> Iterator[Answer]:
    """Avec un forfait, la MCI demande un pansement lourd ou des soins palliatifs.

    Vérifie : que la MCI d'un passage de soins de dépendance va avec un pansement lourd et complexe du passage, ou
    que l'une des ordonnances en cours est celle d'un patient en soins palliatifs.

    Pourquoi : le forfait n'ouvre pas à lui seul droit à la majoration de coordination.

    Ne s'applique pas : aux passages sans soins de dépendance (IDE-MAJ-MCI) ; au bilan de plaie
    (IDE-ACT-BILANPLAIE).

    Exemple : MCI et BSB pour une toilette ; MCI, BSB et AMX 4 conviennent.

    Paramètres : aucun
    """
    told = Once()
    for act, visit in _lines(check, "MCI"):
        if visit.setting != "inside":
            continue
        if any(may_be(check, each, HEAVY_DRESSINGS | WOUND_REVIEW) for each in visit.passage.of("AMI", "AMX")):
            continue
        orders = _orders(check, visit)
        if any(each.palliative for each in orders):
            continue
        unknown = next((each for each in orders if each.palliative is None), None)
        if unknown is not None or not orders:
            if told.first("palliative"):
                reason = "on ne sait pas si les soins du passage sont palliatifs"
                yield Gap(act, ("prescription.palliative",), reason)
            continue
        yield Flag(
            act,
            f"MCI le {jour(act.performed_on)} avec {_named(visit)}, sans pansement lourd ni soins palliatifs.",
            "Retirez la MCI, ou facturez le pansement lourd fait à ce passage.",
            fault=_SURCHARGE,
            amount=act.amount,
            evidence=(*_evidence(act, visit), *orders),
        )


def _lines(check: Check[Dossier], letter: str) -> Iterator[tuple[Act, Visit]]:
    """The lines under a letter, each with its visit."""
    for visit in check.derive(visits):
        yield from ((act, visit) for act in visit.passage.of(letter))


def _evidence(act: Act, visit: Visit) -> tuple[Act, ...]:
    """A line, and what makes its day or its passage one of dependency care."""
    marks = visit.passage.of(*sorted(FORFAITS), "AMX", "IFI")
    return (act, *marks, *(each for each in visit.forfaits if each not in marks))


def _named(visit: Visit) -> str:
    found = visit.passage.of(*sorted(FORFAITS)) or visit.passage.of("AMX", "IFI") or visit.forfaits
    return cotation(found[0]) if found[0].letter == "AMX" else found[0].letter


def _orders(check: Check[Dossier], visit: Visit) -> list[Prescription]:
    """The prescriptions that the passage's acts name, and the others issued by then and not ended: palliative care is
    the patient's, whichever of their prescriptions says so."""
    known = check.derive(prescriptions)
    named = {act.prescription_id for act in visit.passage.acts if act.prescription_id is not None}
    day = visit.passage.day
    return [
        each
        for each in known.values()
        if each.id in named or (each.issued_on <= day and (each.ends_on is None or day <= each.ends_on))
    ]


def _quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // 3


RULES: tuple[AnyRule, ...] = (travel_code, same_day, most_travel, single_act, coordination)
