"""`connector balance`: who owes what, since when, on any day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.money.bank import Unseen
    from connector_core.money.ledger import Aged, Debt, Overpayment
    from connector_core.rules.parts import Debtor

_NAME = 40
_UNHEARD: Mapping[Debtor, str] = {
    "AMO": "aucune source ne donne les retours (NOEMIE) de ces jours",
    "AMC": "aucune source ne donne les retours (NOEMIE) de ces jours",
    "PATIENT": "aucune source ne donne les règlements des patients",
}
_DEBTORS: Mapping[str, Debtor] = {"patient": "PATIENT", "caisse": "AMO", "complementaire": "AMC"}


@click.command(
    "balance",
    help="Dit qui doit combien, et depuis quand : patients, caisses et complémentaires, par ancienneté ; ce qui a "
    "été versé en trop ; et les virements annoncés qui ne sont pas reçus. "
    "Code de sortie : 1 si quelque chose est dû, versé en trop ou annoncé et non reçu.",
)
@click.option("--as-of", "as_of", type=Day(), help="Jour du solde ; aujourd'hui par défaut.")
@click.option("--debtor", type=click.Choice(tuple(_DEBTORS)), help="Les débiteurs d'une sorte seulement.")
@click.option("--details", is_flag=True, help="Ajoute les factures de chaque débiteur.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, as_of: date | None, debtor: str | None, details: bool, as_json: bool) -> int:
    from connector_core.deliver.people import called
    from connector_core.money.ledger import aged, debts, overpayments
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.banked import unseen_transfers
    from connector_core.pipeline.subjects import checks
    from connector_core.service.assembly import practice_parameters, view_of

    day, settings = as_of or context.today(), context.settings
    with context.store() as store, console.progress() as tell:
        tell("soldes", 0)
        view = view_of(settings, store)
        parameters, tariffs = practice_parameters(settings), load_tariffs()
        found = checks(store, view, parameters, tariffs, day)
        patients: dict[str, str] = {}
        owed: list[Debt] = []
        overpaid: list[Overpayment] = []
        for check in found:
            due, too_much = list(debts(check)), list(overpayments(check))
            owed.extend(due)
            overpaid.extend(too_much)
            if due or too_much:
                patients[check.subject.patient_id] = called(check.subject.patient, check.subject.patient_id)
        announced = unseen_transfers(store, view.cabinet, day, parameters, tariffs)
    missing = unsourced(view.cabinet.covers, "invoice")
    kind = None if debtor is None else _DEBTORS[debtor]
    asked = [debt for debt in owed if kind in (None, debt.debtor)]
    balances = aged((debt for debt in asked if debt.answer_known), day)
    unknown = aged((debt for debt in asked if not debt.answer_known), day)
    overpaid = [each for each in overpaid if kind in (None, each.debtor)]
    announced = [each for each in announced if kind is None or kind in each.payers]
    if as_json:
        console.emit(
            {
                "as_of": day.isoformat(),
                "total": str(_total(balances)),
                "debtors": [*map(_json, balances)],
                "unknown": [*map(_json, unknown)],
                "overpaid": [*map(_overpaid_json, overpaid)],
                "announced": [*map(_announced_json, announced)],
                "missing": missing,
            }
        )
    else:
        for line in (
            *_text(balances, patients, day, details, missing, nothing=not unknown),
            *_unknown_text(unknown, patients, details),
            *_overpaid_text(overpaid, patients),
            *_announced_text(announced),
        ):
            click.echo(line)
    return 1 if balances or overpaid or announced else 0


def _title(text: str) -> str:
    return text[0].upper() + text[1:]


def _total(balances: Sequence[Aged]) -> Decimal:
    return sum((each.total for each in balances), Decimal("0.00"))


def _json(each: Aged) -> dict[str, object]:
    from connector_core.money.ledger import AGES

    ages = [*(f"to_{age}" for age in AGES), f"over_{AGES[-1]}"]
    return {
        "debtor": each.debtor,
        "debtor_id": each.debtor_id,
        "total": str(each.total),
        "by_age": {name: str(amount) for name, amount in zip(ages, each.amounts, strict=True)},
        "oldest": each.oldest.isoformat(),
        "untold": each.untold,
        "invoices": [_invoice_json(debt) for debt in each.debts],
    }


def _invoice_json(debt: Debt) -> dict[str, object]:
    return {
        "number": debt.number,
        "invoice_id": debt.invoice_id,
        "patient_id": debt.patient_id,
        "practitioner_id": debt.practitioner_id,
        "amount": None if debt.amount is None else str(debt.amount),
        "since": debt.since.isoformat(),
        "state": debt.state,
    }


def _unknown_text(unknown: Sequence[Aged], patients: Mapping[str, str], details: bool) -> Iterator[str]:
    from connector_core.deliver.french import count, euros
    from connector_core.money.story import DEBTORS

    if not unknown:
        return
    yield ""
    yield click.style("Inconnu, hors de ces sommes : demandé, sans qu'une source dise ce qui en est payé", bold=True)
    for kind, missing in _UNHEARD.items():
        own = [each for each in unknown if each.debtor == kind]
        if not own:
            continue
        invoices = count(sum(len(each.debts) for each in own), "facture")
        yield f"  {_title(DEBTORS[kind])} : {euros(_total(own))}, {invoices} ; {missing}"
        for each in own if details else ():
            for debt in each.debts:
                yield f"    {patients.get(each.debtor_id, each.debtor_id) or 'non précisée'}, {_invoice_text(debt)}"


def _overpaid_json(each: Overpayment) -> dict[str, object]:
    return {
        "debtor": each.debtor,
        "debtor_id": each.debtor_id,
        "number": each.number,
        "invoice_id": each.invoice_id,
        "patient_id": each.patient_id,
        "amount": str(each.amount),
        "since": each.since.isoformat(),
    }


def _overpaid_text(overpaid: Sequence[Overpayment], patients: Mapping[str, str]) -> Iterator[str]:
    from connector_core.deliver.french import euros, short_day
    from connector_core.money.story import DEBTORS

    if not overpaid:
        return
    yield ""
    yield click.style("Versé en trop, à rendre ou à voir reprendre", bold=True)
    for each in overpaid:
        about = f"n° {each.number}, {patients.get(each.patient_id, each.patient_id)}"
        yield f"  {about}, {euros(each.amount)}, {DEBTORS[each.debtor]}, depuis le {short_day(each.since)}"


def _announced_json(each: Unseen) -> dict[str, object]:
    return {
        "on": each.on.isoformat(),
        "label": each.label,
        "body": each.body,
        "payers": sorted(each.payers),
        "amount": str(each.amount),
        "perhaps": each.perhaps,
    }


def _announced_text(announced: Sequence[Unseen]) -> Iterator[str]:
    from connector_core.deliver.french import euros, short_day

    if not announced:
        return
    total = euros(sum((each.amount for each in announced), Decimal("0.00")))
    yield ""
    yield click.style(f"Annoncé, non reçu : {total}", bold=True)
    for each in announced:
        name = " ".join(text for text in (each.body, each.label) if text)
        perhaps = ", un crédit du relevé est peut-être lui" if each.perhaps else ""
        yield f"  virement du {short_day(each.on)}, {euros(each.amount)}{f' ({name})' if name else ''}{perhaps}"


def _text(
    balances: Sequence[Aged],
    patients: Mapping[str, str],
    day: date,
    details: bool,
    missing: Sequence[str],
    *,
    nothing: bool,
) -> Iterator[str]:
    from connector_core.deliver.french import euros, short_day
    from connector_core.money.ledger import AGES
    from connector_core.money.story import DEBTORS, state_words

    if not balances and missing:
        yield unsourced_text(missing, "ce qui est dû n'est pas connu")
        return
    if not balances:
        told = "Rien n'est dû" if nothing else "Rien de dû n'est connu"
        yield f"{told} au {short_day(day)}."
        return
    yield f"{euros(_total(balances))} dus au {short_day(day)}."
    heads = ["0–30 j", "31–60 j", "61–90 j", f"plus de {AGES[-1]} j", "total"]
    for kind in ("AMO", "AMC", "PATIENT"):
        own = [each for each in balances if each.debtor == kind]
        if not own:
            continue
        yield ""
        yield click.style(f"{_title(DEBTORS[own[0].debtor]):<{_NAME + 2}}", bold=True) + "".join(
            f"{head:>14}" for head in heads
        )
        for each in own:
            name = patients.get(each.debtor_id, each.debtor_id) or "non précisée"
            if len(name) > _NAME:
                yield f"  {name}"
                name = ""
            yield f"  {name:<{_NAME}}" + "".join(f"{euros(amount):>14}" for amount in (*each.amounts, each.total))
            if each.untold:
                yield f"    et {each.untold} facture{'s' * (each.untold > 1)} dont le montant demandé n'est pas connu"
            for debt in each.debts if details else ():
                yield f"    {_invoice_text(debt)}, {state_words(debt.debtor, debt.state)}"


def _invoice_text(debt: Debt) -> str:
    from connector_core.deliver.french import euros, short_day

    amount = "montant inconnu" if debt.amount is None else euros(debt.amount)
    return f"n° {debt.number}, {amount}, depuis le {short_day(debt.since)}"
