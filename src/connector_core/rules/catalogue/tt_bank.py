"""TT: the transfers that payers announce, against the credits of the bank.

A transfer can't be told from the others alone: two of one sum may be each other's. So the question is one of the
practice as a whole, and its answers are about transfers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from connector_core.model.dossier import Practice
from connector_core.model.finding import SubjectRef
from connector_core.model.records import PayerReturn, Record
from connector_core.rules.candidates import Terms
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.reconciliation import Proposed, Reconciliation, reconcile
from connector_core.rules.transfers import Announced, Transfer, transfers_of

_SHOWN = 2
"""Candidates of one transfer that are told."""


def reconciled(check: Check[Practice]) -> Reconciliation:
    """The transfers and credits of the practice, put together."""
    terms = Terms(
        early=check.number("tt.bank.early_days"),
        late=check.number("tt.bank.late_days"),
        fees_at_most=check.decimal("tt.bank.fees"),
        returned_within=check.number("tt.bank.returned_days"),
    )
    return reconcile(_announced(check).transfers, check.subject.bank_credits, terms)


def _announced(check: Check[Practice]) -> Announced:
    since = check.as_of - timedelta(days=check.number("tt.bank.days"))
    recent = [each for each in check.subject.payer_returns if (each.transfer_on or each.returned_on) >= since]
    return transfers_of(recent)


@rule(
    "TT-RAPPROCHEMENT",
    subject="practice",
    severity="info",
    reference="Recouv-lib (blog), rapprochement bancaire",
    confidence="S",
    needs={
        "bank_credit.amount",
        "bank_credit.booked_on",
        "bank_credit.counterparty",
        "bank_credit.label",
        "payer_return.paid",
        "payer_return.payee_number",
        "payer_return.paying_body",
        "payer_return.returned_on",
        "payer_return.transfer_label",
        "payer_return.transfer_on",
    },
    rests_on=("payer_return.paid", "bank_credit"),
)
def bank_agrees(check: Check[Practice]) -> Iterator[Answer]:
    """Chaque virement annoncé par un payeur est sur le compte, pour son montant.

    Vérifie : que la somme de ce que les retours d'un payeur disent payer par un virement est créditée en banque, dans
    les jours qui l'entourent. Un virement absent du relevé est signalé, comme un crédit qui lui ressemble sans être de
    son montant.

    Pourquoi : un virement rejeté par la banque, ou fait sur un autre compte, passe sinon inaperçu.

    Ne s'applique pas : aux jours que les relevés ne couvrent pas ; à un virement rapproché avec certitude, frais de
    banque et retenues compris ; à ce que le payeur reprend ; au-delà d'un an.

    Exemple : retours pour 230,28 €, crédit de 212,40 € : signalé ; sommes égales : rien.

    Paramètres : tt.bank.days, tt.bank.early_days, tt.bank.late_days, tt.bank.fees, tt.bank.returned_days
    """
    found = reconciled(check)
    by_id = {each.id: each for each in check.subject.payer_returns}
    for transfer in found.missing:
        yield _flag(
            transfer,
            by_id,
            "n'est pas sur le relevé.",
            "Vérifiez le compte indiqué à ce payeur, puis réclamez le virement.",
        )
    proposals: dict[Transfer, list[Proposed]] = {}
    for proposal in found.proposed:
        for transfer in proposal.transfers:
            proposals.setdefault(transfer, []).append(proposal)
    for transfer, own in proposals.items():
        yield _flag(transfer, by_id, _proposed(own), "Comparez le relevé et le retour.", own)
    undated = _announced(check).undated
    if undated:
        reason = f"{len(undated)} paiements de payeurs ne disent pas le jour de leur virement"
        yield Gap(SubjectRef("practice", "practice"), ("payer_return.transfer_on",), reason)


def _proposed(proposals: Sequence[Proposed]) -> str:
    """What may be a transfer: of equal scores, what bears its reference first."""
    ranked = sorted(proposals, key=lambda each: (-each.score, "reference" not in each.reasons))
    said = " ou ".join(_candidate(each) for each in ranked[:_SHOWN])
    more = f" (ou {len(ranked) - _SHOWN} de plus)" if len(ranked) > _SHOWN else ""
    if all("less" in each.reasons or "more" in each.reasons for each in ranked):
        return f"n'a pas de crédit de son montant ; le relevé porte {said}{more}, qui est peut-être lui."
    return f"n'est pas rapproché avec certitude ; le relevé porte {said}{more}, qui est peut-être lui."


def _candidate(proposal: Proposed) -> str:
    credits = " et ".join(f"{euros(each.amount)} le {jour(each.booked_on)}" for each in proposal.credits)
    together = "avec d'autres virements, " if len(proposal.transfers) > 1 else ""
    return f"{credits} ({together}{percent(proposal.score)})"


def percent(score: float) -> str:
    """The score of a proposal, which orders proposals and is no probability: « indice 64 sur 100 »."""
    return f"indice {round(score * 100)} sur 100"


def _flag(
    transfer: Transfer,
    returns: dict[str, PayerReturn],
    told: str,
    action: str,
    proposals: Sequence[Proposed] = (),
) -> Flag:
    credits: dict[str, Record] = {each.id: each for proposal in proposals for each in proposal.credits}
    label = " ".join(text for text in (transfer.body, transfer.label) if text)
    named = f" ({label})" if label else ""
    return Flag(
        SubjectRef(
            "transfer", "/".join((transfer.on.isoformat(), *transfer.key[1:3], *filter(None, [transfer.payee])))
        ),
        f"Le virement de {euros(transfer.amount)} annoncé pour le {jour(transfer.on)}{named} {told}",
        action,
        amount=transfer.amount,
        due_on=transfer.on,
        evidence=(*(returns[name] for name in transfer.returns), *credits.values()),
    )


RULES: tuple[AnyRule, ...] = (bank_agrees,)
