"""TT: what a payer has not answered in time, and what a late caisse owes.

The law gives the caisse seven working days from the acknowledgement (ARL) to pay or reject an electronic invoice in
tiers payant. Nothing of the kind binds the complémentaire: its delay is a choice of the practice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.answering import pays
from connector_core.model.dossier import Dossier
from connector_core.model.records import Lot, PayerReturn
from connector_core.rules.acknowledgements import unacknowledged
from connector_core.rules.calendar import after_working_days, working_days
from connector_core.rules.french import euros, jour
from connector_core.rules.invoices import FOLLOWED, Followed, followed
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.parts import Part

_DAY = timedelta(days=1)
_DECREE = "décret 2016-1069 du 03/08/2016 (JO 05/08/2016) ; article L.161-36-3 du code de la sécurité sociale"
_CENT = Decimal("0.01")


@rule(
    "TT-NOEMIE-ABSENT-AMO",
    subject="dossier",
    severity="reject",
    reference=_DECREE,
    confidence="C",
    needs=FOLLOWED | {"invoice.closed_on"},
    rests_on=("payer_return", "invoice", "lot"),
)
def no_answer_amo(check: Check[Dossier]) -> Iterator[Answer]:
    """La caisse paie ou rejette une facture en tiers payant sept jours ouvrés après l'ARL.

    Vérifie : qu'une facture dont le lot a un ARL positif depuis plus de sept jours ouvrés a une réponse de la caisse
    (retour NOEMIE). Si rien ne dit que son lot est parti ou reçu, qu'elle en a une dans les jours ouvrés que la loi
    laisse pour envoyer (huit), accuser réception (deux) et payer (sept), comptés de la date du lot.

    Pourquoi : passé ce délai, le paiement ou le rejet s'est perdu ; personne d'autre ne le réclamera.

    Ne s'applique pas : sans tiers payant ; aux factures annulées ou remplacées ; aux lots refusés (TT-ARL-NEG), ou dont
    l'ARL manque (TT-ARL-ABSENT) ; à une réponse différée ; à ce qui a été demandé avant le premier retour connu : la
    réponse a pu venir avant.

    Exemple : huitième jour ouvré sans réponse : signalé ; cinquième : rien.

    Paramètres : tt.payment.days, tt.ack.days, tt.sending.payer_days
    """
    for each in check.derive(followed):
        lot, cabinet = each.lot, check.subject.cabinet
        if each.amo.state != "waiting" or not each.stands or not each.asks_a_payer or lot is None:
            continue
        if not each.answer_known(each.amo, cabinet):
            continue
        if lot.arl is None:
            yield from _never_heard_of(check, each, lot)
        if lot.arl != "positive":
            continue
        if lot.arl_on is None:
            since = lot.sent_on or each.invoice.closed_on
            if check.reached(after_working_days(since, check.number("tt.payment.days", since) + 1)):
                yield Gap(each.invoice, ("lot.arl_on",), "le jour de l'ARL n'est pas connu")
            continue
        days = check.number("tt.payment.days", lot.arl_on)
        limit = after_working_days(lot.arl_on, days)
        if not check.reached(_next_working_day(limit)):
            continue
        yield _unanswered(each, each.amo, f"la caisse, {days} jours ouvrés après l'ARL du {jour(lot.arl_on)}", limit)


def _never_heard_of(check: Check[Dossier], each: Followed, lot: Lot) -> Iterator[Answer]:
    """An invoice of a lot of which no source says that it was acknowledged, nor would say it."""
    cabinet = check.subject.cabinet
    if unacknowledged(cabinet, lot):
        return
    made_on = lot.sent_on or lot.created_on
    if made_on is None:
        return
    days = check.number("tt.ack.days", made_on) + check.number("tt.payment.days", made_on)
    if lot.sent_on is None:
        days += check.number("tt.sending.payer_days", made_on)
    limit = after_working_days(made_on, days)
    if not check.reached(_next_working_day(limit)):
        return
    number = each.invoice.number
    yield Flag(
        each.invoice,
        f"Facture n° {number}, du lot n° {lot.number} du {jour(made_on)}, sans réponse de la caisse ni ARL connu.",
        "Vérifiez dans le logiciel que le lot est parti et reçu : renvoyez-le sinon, ou réclamez le paiement.",
        fault="AMO",
        amount=_left_in_lot(each),
        due_on=limit,
        evidence=(each.invoice, lot),
    )


def _left_in_lot(each: Followed) -> Decimal | None:
    """What the payers who are asked by an invoice's own lot still owe, as far as it is known."""
    parts = [each.amo.left, None if each.asked_apart or each.amc.state != "waiting" else each.amc.left]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if known else None


@rule(
    "TT-NOEMIE-ABSENT-AMC",
    subject="dossier",
    severity="reject",
    reference="choix du cabinet ; Recouv-lib (blog), retours des complémentaires",
    confidence="S",
    needs=FOLLOWED | {"invoice.closed_on"},
    rests_on=("payer_return", "invoice", "lot"),
)
def no_answer_amc(check: Check[Dossier]) -> Iterator[Answer]:
    """La complémentaire répond dans les trente jours.

    Vérifie : que la part de la complémentaire a une réponse dans les trente jours : de l'envoi de la demande (DRE) en
    gestion séparée ; de l'ARL, à défaut de l'envoi du lot ou de la réponse de la caisse, en gestion unique.

    Pourquoi : une complémentaire qui ne répond pas n'a souvent jamais reçu la demande, ou a payé sans retour.

    Ne s'applique pas : sans part de complémentaire ; aux factures annulées ou remplacées ; en gestion séparée sans DRE
    (TT-GESTION-SEPAREE) ; quand le lot qui la lui demande est sans ARL (TT-ARL-ABSENT) ou sans nouvelle de personne
    (TT-NOEMIE-ABSENT-AMO) ; à ce qui a été demandé avant le premier retour connu.

    Exemple : 45 jours sans réponse : signalé ; 10 jours : rien.

    Paramètres : tt.amc.days, tt.ack.days, tt.payment.days, tt.sending.payer_days
    """
    for each in check.derive(followed):
        if each.amc.state != "waiting" or not each.stands or not each.answer_known(each.amc, check.subject.cabinet):
            continue
        if each.lot is None and each.invoice.dre_sent_on is None and each.invoice.amc_management != "separee":
            closed_on = each.invoice.closed_on
            if check.reached(closed_on + timedelta(days=check.number("tt.amc.days", closed_on)) + _DAY):
                yield Gap(each.invoice, ("lot",), "on ne sait pas quand la complémentaire a été sollicitée")
            continue
        if _lost_with_its_lot(check, each):
            continue
        start = _asked_on(each)
        if start is None:
            if each.lot is not None and each.lot.arl == "positive" and each.invoice.amc_management != "separee":
                closed_on = each.invoice.closed_on
                if check.reached(closed_on + timedelta(days=check.number("tt.amc.days", closed_on)) + _DAY):
                    yield Gap(each.invoice, ("lot.arl_on",), "le jour de l'ARL n'est pas connu")
            continue
        days = check.number("tt.amc.days", start)
        limit = start + timedelta(days=days)
        if not check.reached(limit + _DAY):
            continue
        yield _unanswered(each, each.amc, f"la complémentaire, {days} jours après le {jour(start)}", limit)


def _lost_with_its_lot(check: Check[Dossier], each: Followed) -> bool:
    """Whether a lot without acknowledgement explains the complémentaire's silence, and is told of by itself."""
    if each.asked_apart:
        return each.dre_lot is not None and unacknowledged(check.subject.cabinet, each.dre_lot)
    if each.lot is None or each.lot.arl is not None or each.amo.state not in ("waiting", "unasked"):
        return False
    if unacknowledged(check.subject.cabinet, each.lot):
        return True
    return each.amo.state == "waiting" and any(True for _ in _never_heard_of(check, each, each.lot))


def _asked_on(each: Followed) -> date | None:
    """The day from which the complémentaire's answer is awaited."""
    if each.refused("AMC"):
        return None
    if each.invoice.dre_sent_on is not None:
        return each.invoice.dre_sent_on
    if each.invoice.amc_management == "separee" or each.lot is None:
        return None
    return each.lot.arl_on or each.sent_by


def _unanswered(each: Followed, part: Part, whom: str, limit: date) -> Flag:
    return Flag(
        each.invoice,
        f"Facture n° {each.invoice.number} sans réponse de {whom}.",
        "Vérifiez qu'aucun retour ni virement n'a été oublié, puis réclamez le paiement.",
        fault=part.debtor,
        amount=part.left,
        due_on=limit,
        evidence=(each.invoice,) if each.lot is None else (each.invoice, each.lot),
    )


def _next_working_day(day: date) -> date:
    return after_working_days(day, 1)


@rule(
    "TT-NOEMIE-PENALITE",
    subject="dossier",
    severity="info",
    reference=_DECREE,
    confidence="C",
    needs=FOLLOWED | {"invoice.securing", "invoice.vitale_read", "lot.arl_on", "payer_return.transfer_on"},
    rests_on=("payer_return", "invoice", "invoice.vitale_read", "lot.arl_on"),
)
def penalty(check: Check[Dossier]) -> Iterator[Answer]:
    """La caisse qui paie en retard doit une indemnité.

    Vérifie : pour une feuille de soins électronique en tiers payant, carte Vitale lue, le nombre de jours ouvrés entre
    l'ARL et le paiement de la caisse. Payée le 8e ou le 9e jour, elle doit 1 € ; à partir du 10e, 10 % de sa part.

    Pourquoi : le décret garantit le paiement en sept jours ouvrés ; l'indemnité se réclame.

    Ne s'applique pas : aux feuilles dégradées ou papier, carte Vitale non lue, sans tiers payant, à ce que la caisse
    a repris, ni plus d'un an après le paiement.

    Exemple : part de 60 € payée le 12e jour ouvré : 6 € à réclamer ; payée le 7e jour : rien.

    Paramètres : tt.payment.days, tt.penalty.last_small_day, tt.penalty.small, tt.penalty.percent, tt.penalty.days
    """
    for each in check.derive(followed):
        invoice, lot = each.invoice, each.lot
        paid = [answer for answer in each.amo.returns if pays(answer)]
        if (
            not paid
            or each.amo.state == "taken_back"
            or lot is None
            or lot.arl_on is None
            or not each.asks_a_payer
            or each.amo.rejected
        ):
            continue
        if invoice.securing not in ("SESAM", None) or invoice.vitale_read is False:
            continue
        on = _paid_on(paid[0])
        days = working_days(lot.arl_on, on)
        if days <= check.number("tt.payment.days", on) or not _recent(check, on):
            continue
        if invoice.securing is None or invoice.vitale_read is None:
            missing = "invoice.securing" if invoice.securing is None else "invoice.vitale_read"
            yield Gap(invoice, (missing,), "on ne sait pas si la feuille est électronique, carte Vitale lue")
            continue
        owed = _penalty(check, each.amo, days, on)
        if owed is None:
            yield Gap(invoice, ("invoice.amo_claimed",), "la part de la caisse n'est pas connue")
            continue
        yield Flag(
            invoice,
            f"La caisse a payé la facture n° {invoice.number} le {jour(on)}, {days} jours ouvrés après l'ARL : elle "
            f"doit {euros(owed)}.",
            "Réclamez l'indemnité à la caisse si le retard se répète.",
            amount=owed,
            due_on=on,
            evidence=(invoice, lot, paid[0]),
        )


def _paid_on(answer: PayerReturn) -> date:
    return answer.transfer_on or answer.returned_on


def _recent(check: Check[Dossier], on: date) -> bool:
    """Whether a payment is no older than a year; the finding goes away on the day it is."""
    end = on + timedelta(days=check.number("tt.penalty.days", on))
    return not check.reached(end + _DAY)


def _penalty(check: Check[Dossier], part: Part, days: int, on: date) -> Decimal | None:
    if days <= check.number("tt.penalty.last_small_day", on):
        return check.decimal("tt.penalty.small", on)
    share = part.claimed if part.claimed is not None else part.received or None
    if share is None:
        return None
    return (share * check.decimal("tt.penalty.percent", on) / 100).quantize(_CENT, ROUND_HALF_UP)


RULES: tuple[AnyRule, ...] = (no_answer_amo, penalty, no_answer_amc)
