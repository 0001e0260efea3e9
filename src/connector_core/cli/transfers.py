"""`connector transfers`: what payers say they transferred beside what the bank has, and the answers that wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.model.records import BankCredit, PayerReturn
    from connector_core.rules.reconciliation import How, Proposed, Reason, Reconciliation, Returned, Settled
    from connector_core.rules.transfers import Transfer

T = TypeVar("T")

_HOW: Mapping[How, str] = {
    "one": "",
    "grouped": "plusieurs virements en un crédit",
    "split": "un virement en plusieurs crédits",
    "fees": "des frais ont été retenus",
}
_REASONS: Mapping[Reason, str] = {
    "exact": "même montant",
    "reference": "référence du virement",
    "payer": "nom du payeur",
    "less": "montant inférieur",
    "more": "montant supérieur",
    "sum": "la somme convient",
    "several": "d'autres conviennent aussi",
    "may_be_returned": "peut-être repris par la banque",
}
_STATES = {"paid": "paiement", "rejected": "rejet", "deferred": "réponse différée"}


@click.command(
    "transfers",
    help="Compare les virements que les payeurs annoncent avec le relevé bancaire : reçus, à confirmer, absents, et "
    "crédits que rien n'explique. Montre aussi les retours dont la facture n'est pas connue, et les sommes que les "
    "payeurs reprennent.\n\n"
    "Code de sortie : 1 si un virement manque ou est à confirmer, ou si un retour attend sa facture.",
)
@click.option("--as-of", "as_of", type=Day(), help="Jour auquel se placer ; aujourd'hui par défaut.")
@click.option("--details", is_flag=True, help="Ajoute les virements reçus et les crédits sans annonce, un par ligne.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, as_of: date | None, details: bool, as_json: bool) -> int:
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.banked import practice_transfers
    from connector_core.pipeline.waiting import waiting_returns
    from connector_core.service.assembly import practice_parameters, view_of

    day, settings = as_of or context.today(), context.settings
    with context.store() as store:
        view = view_of(settings, store)
        found = practice_transfers(store, view.cabinet, day, practice_parameters(settings), load_tariffs())
        waiting = [each for each in waiting_returns(store) if each.returned_on <= day]
    missing = unsourced(view.cabinet.covers, "payer_return", "bank_credit")
    if as_json:
        console.emit({**_json(found, waiting, day), "unsourced": missing})
    else:
        for line in _text(found, waiting, day, details, missing):
            click.echo(line)
    return 1 if found.missing or found.proposed or waiting else 0


def _json(found: Reconciliation, waiting: Sequence[PayerReturn], day: date) -> dict[str, object]:
    return {
        "as_of": day.isoformat(),
        "settled": [{**_sides(each), "how": each.how, "difference": str(each.difference)} for each in found.settled],
        "proposed": [{**_sides(each), "score": each.score, "reasons": list(each.reasons)} for each in found.proposed],
        "missing": [*map(_transfer, found.missing)],
        "uncovered": [*map(_transfer, found.uncovered)],
        "owed": [*map(_transfer, found.owed)],
        "returned": [{"credit": _credit(each.credit), "reversal": _credit(each.reversal)} for each in found.returned],
        "unexplained": [*map(_credit, found.unexplained)],
        "waiting": [
            {
                "id": each.id,
                "invoice_number": each.invoice_number,
                "payer": each.payer,
                "state": each.state,
                "paid": None if each.paid is None else str(each.paid),
                "returned_on": each.returned_on.isoformat(),
                "transfer_on": None if each.transfer_on is None else each.transfer_on.isoformat(),
                "transfer_label": each.transfer_label,
                "paying_body": each.paying_body,
            }
            for each in waiting
        ],
    }


def _sides(each: Settled | Proposed) -> dict[str, object]:
    return {"transfers": [*map(_transfer, each.transfers)], "credits": [*map(_credit, each.credits)]}


def _transfer(each: Transfer) -> dict[str, object]:
    return {
        "on": each.on.isoformat(),
        "amount": str(each.amount),
        "label": each.label,
        "body": each.body,
        "returns": list(each.returns),
    }


def _credit(each: BankCredit) -> dict[str, object]:
    return {"id": each.id, "booked_on": each.booked_on.isoformat(), "amount": str(each.amount), "label": each.label}


def _text(
    found: Reconciliation, waiting: Sequence[PayerReturn], day: date, details: bool, missing: Sequence[str]
) -> Iterator[str]:
    from connector_core.deliver.french import count, short_day

    settled = sum(len(each.transfers) for each in found.settled)
    if missing:
        yield unsourced_text(missing, "rien ne peut être rapproché")
    elif settled or found.proposed or found.missing or found.uncovered:
        yield f"{count(settled, 'virement')} sur le relevé au {short_day(day)}, avec certitude."
    else:
        yield f"Aucun virement n'est annoncé au {short_day(day)}."
    if details:
        yield from map(_settled, found.settled)
    yield from _part("À confirmer", found.proposed, _proposed)
    yield from _part("Annoncés, absents du relevé", found.missing, _told)
    yield from _part("Le relevé ne couvre pas ces jours", found.uncovered, _told)
    yield from _part("À rendre au payeur, qui les retiendra", found.owed, _told)
    yield from _part("Repris par la banque", found.returned, _returned)
    if details:
        yield from _part("Crédits que rien n'annonce", found.unexplained, _named)
    elif found.unexplained:
        yield ""
        yield f"{count(len(found.unexplained), 'crédit')} que rien n'annonce : « --details » les montre."
    debts = [each for each in waiting if each.paid is not None and each.paid < 0]
    yield from _part("Sommes retenues ou reprises, sans facture connue", debts, _answer)
    others = [each for each in waiting if each not in debts]
    yield from _part("Retours dont la facture n'est pas connue", others, _answer)
    if others:
        yield "  Ils comptent dès que leur lot, ou la facture, est lu. Sinon, vérifiez qu'ils sont bien à ce cabinet."


def _part(title: str, found: Sequence[T], told: Callable[[T], str]) -> Iterator[str]:
    if found:
        yield ""
        yield click.style(f"{title} : {len(found)}", bold=True)
        yield from map(told, found)


def _told(each: Transfer) -> str:
    from connector_core.deliver.french import euros, short_day

    label = " ".join(text for text in (each.body, each.label) if text)
    return f"  {euros(each.amount)}, le {short_day(each.on)}" + (f", {label}" if label else "")


def _named(each: BankCredit) -> str:
    from connector_core.deliver.french import euros, short_day

    named = each.label or each.counterparty or "sans libellé"
    return f"  {euros(each.amount)}, le {short_day(each.booked_on)}, {named}"


def _settled(each: Settled) -> str:
    from connector_core.deliver.french import euros, short_day

    announced = " et ".join(_told(one).strip() for one in each.transfers)
    came = " et ".join(f"{euros(one.amount)} le {short_day(one.booked_on)}" for one in each.credits)
    how = _HOW[each.how]
    return f"  {announced} : {came}" + (f" ({how})" if how else "")


def _proposed(each: Proposed) -> str:
    from connector_core.rules.catalogue.tt_bank import percent

    announced = " et ".join(_told(one).strip() for one in each.transfers)
    came = " et ".join(_named(one).strip() for one in each.credits)
    reasons = ", ".join(_REASONS[reason] for reason in each.reasons)
    return f"  {announced} : peut-être {came} ; {percent(each.score)} ({reasons})"


def _returned(each: Returned) -> str:
    from connector_core.deliver.french import short_day

    return f"{_named(each.credit)} : repris le {short_day(each.reversal.booked_on)}"


def _answer(each: PayerReturn) -> str:
    from connector_core.deliver.french import euros, short_day
    from connector_core.money.story import DEBTORS

    paid = "" if not each.paid else f" de {euros(each.paid)}"
    transfer = "" if each.transfer_on is None else f", virement du {short_day(each.transfer_on)}"
    return (
        f"  n° {each.invoice_number}, {DEBTORS[each.payer]}, {_STATES[each.state]}{paid}, "
        f"reçu le {short_day(each.returned_on)}{transfer}"
    )
