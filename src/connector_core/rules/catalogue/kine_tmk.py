"""KINE-TMK: télésoin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import BALNEO, BDK_GENERAL, BDK_NEURO, KINE_SESSION_LETTERS, is_bdk
from connector_core.model.records import Act
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.kine_facts import (
    SAME_PASSAGE,
    SUPERSEDED,
    Once,
    is_session,
    kine_acts,
    same_passage,
    superseded,
)
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, rule

_URGENT = "MK-art5-desencombrement-urgent"

Met = Literal["own", "other", "hospital", "nobody"]
"""Who saw the patient before a télésoin: the practitioner, another one, perhaps the hospital, or nobody."""


@rule(
    "KINE-TMK-1",
    subject="dossier",
    severity="reject",
    reference="avenant 7 article 2.3.1 ; ameli.fr, télésoin (17/09/2024)",
    confidence="C",
    needs=SUPERSEDED
    | SAME_PASSAGE
    | {
        "act.act_code",
        "assessment.act_id",
        "assessment.kind",
        "assessment.performed_on",
        "invoice.securing",
        "practitioner.substitute_of",
        "prescription.discharged_on",
        "treatment.discharged_on",
    },
    rests_on=("act",),
    letters=("TMK",),
)
def telecare(check: Check[Dossier]) -> Iterator[Answer]:
    """Le télésoin suit un acte fait en présence du patient.

    Vérifie : qu'un acte TMK n'est pas le bilan initial, que le patient a été vu dans les douze mois précédents, que
    l'acte n'est ni un désencombrement urgent (ARL 8,49) ni de la balnéothérapie, et que la facture n'est pas
    sécurisée par la carte Vitale.

    Pourquoi : ces conditions sont celles de la convention ; à défaut, le télésoin est un indu.

    Ne s'applique pas : à la part du télésoin dans l'activité de l'année (20 % au plus), qui se juge sur tous les
    patients. Simple information quand le patient n'a été vu que par un autre praticien, quand il sort d'une
    hospitalisation, où le bilan a pu être fait, ou quand seule la sécurisation de la facture surprend.

    Exemple : TMK au premier contact ; après trois séances en présence, il convient.

    Paramètres : kine.telecare.months
    """
    gone = check.derive(superseded)
    found = check.derive(kine_acts)
    invoices = {each.id: each for each in check.subject.invoices}
    once = Once()
    for act in found.of("TMK"):
        if act.id in gone:
            continue
        if _is_initial_bilan(check, act):
            yield _refused(act, "bilan", "est un bilan initial", "Faites le bilan initial en présence du patient.")
        else:
            yield from _not_met(check, act)
        if act.act_code == _URGENT or _URGENT in check.tariffs.codes_on("ARL", act.coefficient, act.performed_on):
            yield _refused(
                act,
                "urgent",
                "remplace un désencombrement urgent (ARL 8,49)",
                "Cet acte demande un contact direct : ne le facturez pas en télésoin.",
            )
        if act.coefficient in BALNEO or _with_pool(act, found.same_day(act)):
            yield _refused(
                act,
                "balneo",
                "va avec de la balnéothérapie",
                "Retirez le télésoin ou le supplément, selon ce qui a été fait.",
            )
        invoice = invoices.get(act.invoice_id or "")
        if invoice is not None and invoice.securing == "SESAM" and once.first(invoice.id):
            yield Flag(
                invoice,
                f"La facture {invoice.number} porte un télésoin du {jour(act.performed_on)} et a été sécurisée par la "
                "carte Vitale.",
                "Vérifiez que l'acte a bien été fait à distance ; le télésoin se facture en mode dégradé.",
                severity="info",
                evidence=(invoice, act),
            )


def _refused(act: Act, fault: str, what: str, action: str) -> Flag:
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} {what}, ce que le télésoin exclut.",
        action,
        fault=fault,
        amount=act.amount,
        evidence=(act,),
    )


def _is_initial_bilan(check: Check[Dossier], act: Act) -> bool:
    """Whether the act bills the first bilan of its treatment."""
    for each in check.subject.assessments:
        if each.act_id == act.id:
            return each.kind == "initial"
    if act.coefficient not in (BDK_GENERAL, BDK_NEURO):
        return False
    same = (None, act.treatment_id)
    return not any(
        each.performed_on < act.performed_on
        and (each.treatment_id in same or act.treatment_id is None)
        and (is_bdk(each) or (each.letter == "TMK" and each.coefficient in (BDK_GENERAL, BDK_NEURO)))
        for each in check.derive(kine_acts).of("AMK", "AMS", "AMC", "TMK")
    )


def _not_met(check: Check[Dossier], act: Act) -> Iterator[Flag]:
    months = check.number("kine.telecare.months", act.performed_on)
    met = _met(check, act, months_later(act.performed_on, -months))
    if met == "own":
        return
    what = f"{cotation(act)} du {jour(act.performed_on)} est un télésoin pour un patient que le praticien"
    if met == "other":
        message = f"{what} n'a pas vu lui-même dans les {months} mois précédents."
        action = "Vérifiez qu'il connaît le patient : au moins un acte ou un bilan en sa présence est demandé."
    elif met == "hospital":
        message = f"{what} n'a pas vu dans les {months} mois précédents, après une hospitalisation."
        action = "Gardez la fiche de synthèse du bilan fait à l'hôpital ; sinon, voyez d'abord le patient."
    else:
        message = f"{what} n'a pas vu dans les {months} mois précédents."
        action = "Faites d'abord une séance ou un bilan en présence du patient ; ne facturez pas ce télésoin."
    yield Flag(
        act,
        message,
        action,
        severity=None if met == "nobody" else "info",
        fault="presence",
        amount=act.amount if met == "nobody" else None,
        evidence=(act,),
    )


def _met(check: Check[Dossier], act: Act, since: date) -> Met:
    """Who saw the patient in person from a day on, up to the act's."""
    until = act.performed_on
    own = _holder(check, act.practitioner_id)
    remote = {each.id for each in check.derive(kine_acts).of("TMK")}
    seen = False
    for each in check.derive(kine_acts).found.acts:
        if each.letter in KINE_SESSION_LETTERS and each.id not in remote and since <= each.performed_on <= until:
            if _holder(check, each.practitioner_id) == own:
                return "own"
            seen = True
    if any(since <= each.performed_on <= until and each.act_id not in remote for each in check.subject.assessments):
        return "own"
    if seen:
        return "other"
    left = [each.discharged_on for each in check.subject.treatments]
    left += [each.discharged_on for each in check.subject.prescriptions]
    return "hospital" if any(day is not None and since <= day <= until for day in left) else "nobody"


def _holder(check: Check[Dossier], practitioner_id: str) -> str:
    """The practitioner, or the one whom they stand in for."""
    practitioner = check.subject.cabinet.practitioners.get(practitioner_id)
    return practitioner_id if practitioner is None else practitioner.substitute_of or practitioner_id


def _with_pool(act: Act, others: Sequence[Act]) -> bool:
    """Whether a balneotherapy supplement of the day goes with a télésoin: it says so, or nothing else is there."""
    alone = not any(is_session(each) and each.letter != "TMK" for each in others)
    for each in others:
        if each.letter == "AMK" and each.coefficient in BALNEO:
            together = same_passage(act, each)
            if together or (together is None and alone):
                return True
    return False


RULES: tuple[AnyRule, ...] = (telecare,)
