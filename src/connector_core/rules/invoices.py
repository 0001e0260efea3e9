"""What became of each invoice of a dossier, part by part: what the money rules and the story of an invoice stand on.

An invoice is closed, put in a lot, sent, acknowledged (ARL), and answered by each payer it asks (`rules.parts`): the
caisse (AMO), the complémentaire (AMC); what neither pays is the patient's (`rules.balances`).

* A payer's answers are the returns that bear the invoice's number and that neither the lots it was in nor the payee
  contradict (`model.answering`).
* The lot of an invoice that was sent again is the latest one, by the day of the lots.
* That an invoice left is proven by the day its lot was sent, by the lot's acknowledgement (ARL), whatever it says, and
  by an answer of the caisse. It has not left where no lot holds it, or its lot has none of these, as far as the sources
  cover lots and their sending; a paper sheet goes by post, which nothing tells. What a complémentaire is asked apart,
  in gestion séparée, leaves with the DRE.

Days are compared with the day asked about; every answer that a coming day may change says so with `Check.reached`, in
the rules that ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from connector_core.model.answering import of_lot, other_sending
from connector_core.model.assemble import lot_on
from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import Act, Invoice, Lot, PayerReturn
from connector_core.rules.balances import BALANCES, balances, patient_part
from connector_core.rules.corrections import answered, replaced
from connector_core.rules.kernel import Check
from connector_core.rules.parts import Debtor, Part, payer_part

FOLLOWED = BALANCES | {
    "invoice.amc_claimed",
    "invoice.amo_claimed",
    "invoice.dre_lot_id",
    "invoice.dre_sent_on",
    "invoice.securing",
    "lot.sent_on",
}
"""What `followed` reads."""


class Followed(NamedTuple):
    """An invoice with its lot, its acts in order of date, and its parts.

    `is_sent` says whether it left, None where nothing tells. `replaced_by` is the invoice that bills its acts again,
    `replaces` the one it took over. `dre_lot` is the lot of its DRE. `sendings` are the lots it was sent
    in, as far as is known, the latest last.
    """

    invoice: Invoice
    lot: Lot | None
    acts: tuple[Act, ...]
    amo: Part
    amc: Part
    patient: Part
    is_sent: bool | None
    replaced_by: Invoice | None = None
    replaces: Invoice | None = None
    dre_lot: Lot | None = None
    sendings: tuple[Lot, ...] = ()

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        return self.amo, self.amc, self.patient

    @property
    def stands(self) -> bool:
        """Whether the invoice still asks for something: neither cancelled nor replaced."""
        return self.invoice.cancelled_on is None and self.replaced_by is None

    @property
    def asks_a_payer(self) -> bool | None:
        """Whether a payer is asked for a part (tiers payant); None where nothing tells."""
        if self.invoice.third_party is not None:
            return self.invoice.third_party != "NONE"
        claims = (self.invoice.amo_claimed, self.invoice.amc_claimed)
        return any(claims) if None not in claims else (True if any(claims) else None)

    @property
    def sent_on(self) -> date | None:
        """The day its lot left, None where it is not known or has not left."""
        return None if self.lot is None else self.lot.sent_on

    @property
    def sent_by(self) -> date | None:
        """The first day on which it is known to have left: that of its sending, else of the ARL or of an answer of the
        caisse."""
        if self.lot is not None and (known := self.lot.sent_on or self.lot.arl_on) is not None:
            return known
        return min((each.returned_on for each in self.amo.returns), default=None)

    @property
    def first_lot(self) -> Lot | None:
        return self.sendings[0] if self.sendings else None

    @property
    def first_sent_on(self) -> date | None:
        """The day on which it left for the first time, None where that is not known or it has not left."""
        return None if self.first_lot is None else self.first_lot.sent_on

    @property
    def asked_apart(self) -> bool:
        """Whether the complémentaire is asked by a DRE of its own (gestion séparée)."""
        return self.invoice.dre_sent_on is not None or self.invoice.amc_management == "separee"

    @property
    def answered(self) -> bool:
        """Whether a payer has answered what the lot asks: a complémentaire that was asked apart does not tell."""
        return bool(self.amo.returns or (self.amc.returns and not self.asked_apart))

    @property
    def dre_answered(self) -> bool:
        """Whether the complémentaire has answered what the DRE asks."""
        lot = self.dre_lot
        return lot is not None and any(of_lot(each, lot) is not False for each in self.amc.returns)

    def refused(self, debtor: Debtor) -> bool:
        """Whether the lot by which a payer was asked was refused (negative ARL)."""
        lot = self.dre_lot if debtor == "AMC" and self.asked_apart else self.lot
        return debtor != "PATIENT" and lot is not None and lot.arl == "negative"

    def owed_since(self, debtor: Debtor) -> date:
        """The first day on which a debtor is known to have been asked; that of the invoice where nothing tells it."""
        asked = None if debtor == "PATIENT" else self.sent_by
        if debtor == "AMC" and self.invoice.dre_sent_on is not None:
            asked = self.invoice.dre_sent_on
        return asked or self.invoice.closed_on

    def answer_known(self, part: Part, cabinet: Cabinet) -> bool:
        """Whether an answer of a debtor would be among those that the sources give: silence means nothing otherwise."""
        if part.debtor == "PATIENT":
            return "patient_payment" in cabinet.covers
        return bool(part.returns) or cabinet.tells_returns_of(self.owed_since(part.debtor))

    @property
    def first_care(self) -> date | None:
        """The day of its earliest act, from which the time to ask for payment runs."""
        return self.acts[0].performed_on if self.acts else None


def followed(check: Check[Dossier]) -> tuple[Followed, ...]:
    """Every invoice of the dossier, in order. Ask through `check.derive(followed)`."""
    dossier = check.subject
    if not dossier.invoices:
        return ()
    acts = check.derive(billed)
    told = check.derive(answered)
    successors = check.derive(replaced)
    by_id = {each.id: each for each in dossier.invoices} if successors else {}
    predecessors = {successor.id: by_id[each] for each, successor in successors.items()}
    covers, lots = dossier.cabinet.covers, dossier.cabinet.lots
    patient = check.derive(balances)
    found: list[Followed] = []
    for invoice in dossier.invoices:
        returns = told.get(invoice.id, ())
        sendings = [_as_known(check, each) for each in _lots_of(dossier.cabinet, invoice, returns)]
        lot = sendings[-1] if sendings else None
        dre_lot = None if invoice.dre_lot_id is None else lots.get(invoice.dre_lot_id)
        sent = _is_sent(covers, invoice, lot, returns)
        found.append(
            Followed(
                invoice,
                lot,
                tuple(acts.get(invoice.id, ())),
                payer_part("AMO", invoice, lot, returns, covers, sent=sent),
                payer_part("AMC", invoice, lot, returns, covers, sent=_is_sent_apart(covers, invoice, sent)),
                patient_part(invoice, patient),
                sent,
                successors.get(invoice.id),
                predecessors.get(invoice.id),
                None if dre_lot is None else _as_known(check, dre_lot),
                tuple(sendings),
            )
        )
    return tuple(found)


def billed(check: Check[Dossier]) -> Mapping[str, Sequence[Act]]:
    """The acts of each invoice in order of date, by its id. Ask through `check.derive(billed)`."""
    acts: dict[str, list[Act]] = {}
    for act in check.subject.acts:
        if act.invoice_id is not None:
            acts.setdefault(act.invoice_id, []).append(act)
    return acts


def _lots_of(cabinet: Cabinet, invoice: Invoice, returns: Sequence[PayerReturn]) -> list[Lot]:
    """The lots in which an invoice was sent, the latest last: the one it is in, and others that a payer answered."""
    own = None if invoice.lot_id is None else cabinet.lots.get(invoice.lot_id)
    if own is None:
        return []
    others = {each.id: each for answer in returns if (each := other_sending(answer, invoice, cabinet)) is not None}
    return sorted([own, *others.values()], key=lambda lot: lot.created_on or date.max) if others else [own]


def _as_known(check: Check[Dossier], lot: Lot) -> Lot:
    """The lot as known on the day asked about; the dossier is asked again when more of it comes into view."""
    for day in (lot.sent_on, lot.arl_on):
        if day is not None:
            check.reached(day)
    return lot_on(lot, check.as_of)


def _is_sent(covers: Covers, invoice: Invoice, lot: Lot | None, returns: Iterable[PayerReturn]) -> bool | None:
    if lot is not None and (lot.sent_on is not None or lot.arl is not None):
        return True
    if any(each.payer == "AMO" for each in returns):
        return True
    if lot is not None:
        return False if "lot.sent_on" in covers else None
    known = invoice.lot_id is None and invoice.securing != "PAPIER" and "invoice.lot_id" in covers
    return False if known else None


def _is_sent_apart(covers: Covers, invoice: Invoice, sent: bool | None) -> bool | None:
    """Whether the complémentaire was asked: by the DRE in gestion séparée, else by the invoice itself."""
    if invoice.dre_sent_on is not None:
        return True
    if invoice.amc_management != "separee":
        return sent
    return False if "invoice.dre_sent_on" in covers else None
