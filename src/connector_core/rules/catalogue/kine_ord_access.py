"""KINE-ORD, continued: direct access, without an ordonnance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Invoice, Treatment
from connector_core.rules.catalogue.kine_facts import SUPERSEDED, Once, superseded
from connector_core.rules.catalogue.kine_ord_facts import (
    covered,
    direct_access_exists,
    direct_access_open,
    direct_treatments,
)
from connector_core.rules.corrections import ANSWERED, answered
from connector_core.rules.counting import COUNT, cotation, count
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import STANDING, standing

_LAW = "article L.4321-1 du code de la santé publique ; loi du 19/05/2023 article 3"


@rule(
    "KINE-ORD-ACCES8",
    subject="dossier",
    severity="reject",
    reference=f"{_LAW} ; ARS PACA ; URPS MK Bretagne",
    confidence="C",
    needs=COUNT
    | SUPERSEDED
    | {
        "act.prescription_id",
        "coverage.kind",
        "prescription.issued_on",
        "treatment.direct_access",
        "treatment.discharged_on",
        "treatment.operated",
        "treatment.operated_on",
    },
    rests_on=("treatment.direct_access", "prescription"),
    letters=KINE_SESSION_LETTERS,
)
def eight(check: Check[Dossier]) -> Iterator[Answer]:
    """En accès direct, huit séances au plus sans diagnostic médical préalable.

    Vérifie : que les séances en accès direct, faites sans ordonnance, ne dépassent pas huit par patient.

    Pourquoi : au-delà, il faut un diagnostic médical ou une ordonnance ; les séances en trop sont un indu.

    Ne s'applique pas : aux séances faites sur ordonnance. Simple information quand le dossier laisse penser à un
    diagnostic antérieur (ordonnance plus ancienne, ALD, intervention, hospitalisation), ou quand les huit séances ne
    sont dépassées qu'en réunissant plusieurs prises en charge.

    Exemple : 9e séance en accès direct ; la 8e, dans une maison de santé, convient.

    Paramètres : kine.direct_access.structures, kine.direct_access.sessions
    """
    direct = direct_treatments(check)
    if not direct:
        return
    once = Once()
    before = 0
    for treatment in direct:
        series = check.derive(count).of(treatment.id)
        rank = 0
        known = _diagnosis(check, treatment)
        for act in () if series is None else series.sessions:
            if act.id in check.derive(superseded) or not direct_access_exists(check, act.performed_on):
                continue
            on_prescription = covered(check, act)
            if on_prescription is None and once.first("link"):
                yield _unclear(act)
            if on_prescription is not False:
                continue
            rank += 1
            most = check.number("kine.direct_access.sessions", act.performed_on)
            if rank > most and not known:
                yield Flag(
                    act,
                    f"{ordinal(rank)} séance en accès direct le {jour(act.performed_on)} ({cotation(act)}), sans "
                    f"ordonnance : {most} au plus.",
                    "Adressez le patient à son médecin ; sans ordonnance ni diagnostic antérieur, ne facturez pas.",
                    amount=act.amount,
                    evidence=(act, treatment),
                )
            elif rank + before > most and once.first(treatment.id):
                yield _to_verify(act, treatment, rank, rank + before, most)
        before += rank


def _to_verify(act: Act, treatment: Treatment, rank: int, all_told: int, most: int) -> Flag:
    if rank > most:
        what = (
            f"{ordinal(rank)} séance en accès direct le {jour(act.performed_on)}, possible avec un diagnostic antérieur"
        )
    else:
        what = (
            f"{ordinal(all_told)} séance en accès direct le {jour(act.performed_on)}, pour plusieurs prises en charge"
        )
    return Flag(
        act,
        f"{what} : {most} au plus sans diagnostic médical.",
        "Gardez au dossier le diagnostic médical antérieur ; s'il n'y en a pas, demandez une ordonnance.",
        severity="info",
        evidence=(act, treatment),
    )


def _unclear(act: Act) -> Gap:
    missing = "act.prescription_id" if act.prescription_id is None else "prescription"
    return Gap(act, (missing,), "on ne sait pas si l'acte a été fait sur ordonnance")


def _diagnosis(check: Check[Dossier], treatment: Treatment) -> bool:
    """Whether the dossier hints at a doctor's diagnosis before the treatment."""
    return bool(
        treatment.operated
        or treatment.operated_on is not None
        or treatment.discharged_on is not None
        or any(each.kind == "ALD" for each in check.subject.coverages)
        or any(each.issued_on <= treatment.started_on for each in check.subject.prescriptions)
    )


@rule(
    "KINE-ORD-ACCES-REMB",
    subject="dossier",
    severity="reject",
    reference=f"{_LAW} ; arrêté du 06/06/2025 ; ARS PACA",
    confidence="C",
    needs=STANDING
    | ANSWERED
    | {
        "act.prescription_id",
        "invoice.amo_claimed",
        "lot.sent_on",
        "prescription.issued_on",
        "treatment.direct_access",
        "treatment.started_on",
        "treatment.structure",
    },
    rests_on=("treatment.direct_access", "prescription", "invoice", "lot.sent_on"),
    letters=KINE_SESSION_LETTERS,
)
def reimbursed(check: Check[Dossier]) -> Iterator[Answer]:
    """Hors des structures prévues, l'accès direct n'est pas remboursé.

    Vérifie : qu'aucune facture d'actes faits en accès direct, sans ordonnance, dans un cabinet isolé, n'a été
    télétransmise à l'Assurance maladie.

    Pourquoi : l'accès direct n'est pris en charge que dans les équipes de soins, centres et maisons de santé,
    établissements et services ; ailleurs, ce qui est payé est un indu.

    Ne s'applique pas : aux factures non transmises, annulées, ou qui ne demandent rien à la caisse ; aux actes faits
    sur ordonnance. Dans une CPTS, depuis le 8 juin 2025, l'accès direct n'est ouvert que dans vingt départements : la
    réponse reste indéterminée tant que le cabinet ne l'a pas confirmé.

    Exemple : FSE transmise pour trois séances en accès direct dans un cabinet isolé.

    Paramètres : kine.direct_access.structures, kine.direct_access.cpts
    """
    direct = {each.id: each for each in direct_treatments(check)}
    if not direct:
        return
    invoices = {each.id: each for each in check.subject.invoices}
    once = Once()
    wrong: dict[str, list[Act]] = {}
    for act in check.derive(standing).acts:
        treatment, day = direct.get(act.treatment_id or ""), act.performed_on
        invoice = invoices.get(act.invoice_id or "")
        if treatment is None or invoice is None or not direct_access_exists(check, day):
            continue
        if not _asked_of_amo(check, invoice) or covered(check, act):
            continue
        if treatment.structure is None:
            if once.first(treatment.id):
                yield Gap(treatment, ("treatment.structure",), "la structure de la prise en charge n'est pas connue")
            continue
        allowed = direct_access_open(check, treatment.structure, day)
        if allowed is None:
            if once.first(treatment.id):
                reason = "on ne sait pas si la CPTS est dans un département de l'expérimentation"
                yield Gap(treatment, ("kine.direct_access.cpts",), reason)
        elif not allowed and covered(check, act) is None:
            if once.first("link"):
                yield _unclear(act)
        elif not allowed:
            wrong.setdefault(invoice.id, []).append(act)
    for invoice_id, acts in wrong.items():
        invoice = invoices[invoice_id]
        amounts = [act.amount for act in acts if act.amount is not None]
        yield Flag(
            invoice,
            f"La facture {invoice.number} demande à la caisse {len(acts)} acte{'s' if len(acts) > 1 else ''} en accès "
            f"direct, à partir du {jour(acts[0].performed_on)}, hors des structures prévues.",
            "Annulez la demande de remboursement, ou joignez l'ordonnance si elle existe.",
            amount=sum(amounts, Decimal(0)) if amounts else None,
            evidence=(invoice, *acts),
        )


def _asked_of_amo(check: Check[Dossier], invoice: Invoice) -> bool:
    """Whether the invoice went to the caisse and asks it for something."""
    if invoice.amo_claimed == 0:
        return False
    lot = check.subject.cabinet.lots.get(invoice.lot_id or "")
    if lot is not None and lot.sent_on is not None and check.reached(lot.sent_on):
        return True
    return any(each.payer == "AMO" for each in check.derive(answered).get(invoice.id, ()))


RULES: tuple[AnyRule, ...] = (eight, reimbursed)
