"""TT: the acknowledgement (ARL) of a lot, without which nobody knows that it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import SentLot
from connector_core.model.records import Invoice
from connector_core.model.values import invoice_key
from connector_core.model.vocabulary import Payer
from connector_core.rules.acknowledgements import unacknowledged
from connector_core.rules.calendar import after_working_days
from connector_core.rules.french import jour, nombre
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, rule

_READ = frozenset(
    {
        "invoice.amc_claimed",
        "invoice.amc_management",
        "invoice.amo_claimed",
        "invoice.cancelled_on",
        "invoice.dre_lot_id",
        "invoice.lot_id",
        "invoice.number",
        "invoice.replaces",
        "lot.arl",
        "lot.arl_on",
        "lot.number",
        "lot.sent_on",
        "lot.total",
        "payer_return.invoice_number",
        "payer_return.payer",
    }
)
"""What both rules read of a lot and its invoices."""

_Part = tuple[Payer, str]
"""A part of an invoice: who is asked for it, and the invoice's number, which one lot has once."""


@rule(
    "TT-ARL-ABSENT",
    subject="lot",
    severity="reject",
    reference="Recouv-lib (blog), pannes de télétransmission ; décret 2016-1069 pour le second délai",
    confidence="S",
    needs=_READ,
    rests_on=("lot.arl", "lot.sent_on"),
)
def no_acknowledgement(check: Check[SentLot]) -> Iterator[Answer]:
    """Un lot envoyé a reçu son accusé de réception (ARL).

    Vérifie : qu'un lot a un ARL dans les deux jours ouvrés de son envoi : sans lui, simple information. Passé le délai
    où la caisse paie ou rejette (sept jours ouvrés), le lot est tenu pour perdu ; s'il a été répondu à certaines de ses
    factures, les autres sont signalées, et ce qu'il ne demande qu'aux complémentaires, passé le leur (trente jours).

    Pourquoi : un lot sans ARL n'est pas arrivé ; aucune de ses factures ne sera payée tant qu'il n'est pas renvoyé.

    Ne s'applique pas : quand la caisse a répondu à toutes ses factures (une complémentaire qui répond à une DRE, en
    gestion séparée, n'en dit rien), quand toutes ont été annulées, remplacées ou remises dans un autre lot, ni aux lots
    d'avant le premier ARL connu.

    Exemple : envoyé depuis quatre jours ouvrés, aucun ARL : à vérifier ; ARL reçu : rien.

    Paramètres : tt.ack.days, tt.payment.days, tt.amc.days
    """
    lot, sent_on = check.subject.lot, check.subject.lot.sent_on
    if sent_on is None or not unacknowledged(check.subject.cabinet, lot):
        return
    if not check.reached(after_working_days(sent_on, check.number("tt.ack.days", sent_on) + 1)):
        return
    answered, waiting = _answered(check), _waiting(check)
    lost = check.reached(after_working_days(sent_on, check.number("tt.payment.days", sent_on) + 1))
    if answered and waiting is not None:
        waiting = _left_out(check, sent_on, waiting) if lost else None
    if waiting is None:
        return
    yield Flag(
        lot,
        f"Le lot n° {lot.number} envoyé le {jour(sent_on)} n'a pas d'accusé de réception (ARL)"
        + (" ; il y a été répondu en partie" if answered else "")
        + f"{_told(waiting)}.",
        _what_to_do(answered=answered, lost=lost),
        severity=None if lost else "info",
        amount=_claimed(check, waiting),
        due_on=after_working_days(sent_on, check.number("tt.ack.days", sent_on)),
        evidence=(lot, *waiting.invoices, *waiting.dres),
    )


@rule(
    "TT-ARL-NEG",
    subject="lot",
    severity="info",
    reference="usage, aucun texte lu",
    confidence="M",
    needs=_READ,
    rests_on=("lot.arl",),
)
def negative_acknowledgement(check: Check[SentLot]) -> Iterator[Answer]:
    """Un lot refusé (ARL négatif) est corrigé et renvoyé.

    Vérifie : qu'aucune facture n'est restée dans un lot dont l'accusé de réception est négatif.

    Pourquoi : la caisse n'a pris aucune facture du lot ; elles ne seront payées qu'une fois corrigées et renvoyées.

    Ne s'applique pas : quand toutes ses factures ont été annulées, remplacées ou remises dans un autre lot, ou quand un
    payeur y a répondu depuis (autrement qu'à une DRE, en gestion séparée). L'usage n'est confirmé par aucun texte lu :
    c'est une information.

    Exemple : ARL négatif reçu il y a dix jours, rien de renvoyé : signalé ; lot renvoyé : rien.

    Paramètres : aucun
    """
    lot = check.subject.lot
    if lot.arl != "negative" or _answered(check):
        return
    waiting = _waiting(check)
    if waiting is None:
        return
    told = "" if lot.arl_on is None else f" le {jour(lot.arl_on)}"
    if lot.sent_on is not None and lot.arl_on is not None and lot.sent_on > lot.arl_on:
        return
    yield Flag(
        lot,
        f"Le lot n° {lot.number} a été refusé{told} (ARL négatif){_told(waiting)}.",
        "Lisez le motif dans l'ARL, corrigez, puis renvoyez le lot.",
        amount=_claimed(check, waiting),
        due_on=lot.arl_on or lot.sent_on,
        evidence=(lot, *waiting.invoices, *waiting.dres),
    )


def _what_to_do(*, answered: bool, lost: bool) -> str:
    if answered:
        return "Cherchez dans le logiciel ce qui attend : renvoyez-le, ou réclamez-en le paiement."
    if lost:
        return "Renvoyez le lot depuis le logiciel, puis surveillez son ARL."
    return "Relevez les retours ; sans ARL, préparez le renvoi du lot."


def _left_out(check: Check[SentLot], sent_on: date, waiting: _Waiting) -> _Waiting | None:
    """What nobody answered of a lot of which other parts were answered; None where there is nothing.

    What is asked of a complémentaire alone has its delay, not the caisse's.
    """
    told = _told_of(check)
    left = tuple(each for each in waiting.invoices if each.amo_claimed and _part("AMO", each) not in told)
    late = check.reached(sent_on + timedelta(days=check.number("tt.amc.days", sent_on) + 1))
    if late:
        left += tuple(
            each
            for each in waiting.invoices
            if not each.amo_claimed and each.amc_claimed and not _is_apart(each) and _part("AMC", each) not in told
        )
    dres = tuple(each for each in waiting.dres if late and each.amc_claimed and _part("AMC", each) not in told)
    return _Waiting(left, dres) if left or dres else None


def _answered(check: Check[SentLot]) -> bool:
    """Whether a payer has answered what a lot asks. What a complémentaire is asked by a DRE does not travel with the
    invoice, but with the other DRE of their lot."""
    apart = {_part("AMC", each) for each in check.subject.invoices if _is_apart(each)}
    apart -= {_part("AMC", each) for each in check.subject.dres}
    return not _told_of(check) <= apart


def _is_apart(invoice: Invoice) -> bool:
    return invoice.amc_management == "separee"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What still waits in a lot: invoices, and DRE of invoices."""

    invoices: tuple[Invoice, ...]
    dres: tuple[Invoice, ...]


def _waiting(check: Check[SentLot]) -> _Waiting | None:
    """What still waits in a lot; None where it held something and nothing is left, empty where nothing is known."""
    own, dres = check.subject.invoices, check.subject.dres
    replaced = {each.replaces for each in (*own, *dres) if each.replaces is not None}
    left, asked = (
        tuple(each for each in some if each.cancelled_on is None and each.number not in replaced)
        for some in (own, [each for each in dres if each.amc_management != "unique"])
    )
    if left or asked or (not own and not dres and "invoice.lot_id" not in check.subject.cabinet.covers):
        return _Waiting(left, asked)
    return None


def _claimed(check: Check[SentLot], waiting: _Waiting) -> Decimal | None:
    """What the payers are asked for in a lot and have not answered, as far as its invoices tell; else its total."""
    told = _told_of(check)
    asked = [(_part("AMO", each), each.amo_claimed) for each in waiting.invoices]
    asked += [(_part("AMC", each), each.amc_claimed) for each in waiting.invoices if not _is_apart(each)]
    asked += [(_part("AMC", each), each.amc_claimed) for each in waiting.dres]
    parts = [claimed for part, claimed in asked if claimed is not None and part not in told]
    return sum(parts, Decimal(0)) if parts else check.subject.lot.total


def _told_of(check: Check[SentLot]) -> set[_Part]:
    """The parts that were answered."""
    return {(each.payer, invoice_key(each.invoice_number)) for each in check.subject.payer_returns}


def _part(payer: Payer, invoice: Invoice) -> _Part:
    return payer, invoice_key(invoice.number)


def _told(waiting: _Waiting) -> str:
    told = [(len(waiting.invoices), "facture", "factures"), (len(waiting.dres), "demande (DRE)", "demandes (DRE)")]
    named = " et ".join(nombre(*each) for each in told if each[0])
    one = len(waiting.invoices) + len(waiting.dres) == 1
    return f" ; {named} {'attend' if one else 'attendent'}" if named else ""


RULES: tuple[AnyRule, ...] = (no_acknowledgement, negative_acknowledgement)
