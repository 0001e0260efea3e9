"""`connector invoice`: what an invoice became, step by step, with the records that tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day

if TYPE_CHECKING:
    from connector_core.model.finding import Evidence
    from connector_core.money.bank import InBank
    from connector_core.money.story import Step
    from connector_core.rules.invoices import Followed
    from connector_core.rules.parts import Debtor


@click.command(
    "invoice",
    help="Raconte ce qu'une facture est devenue : lot, envoi, accusé de réception, réponses des payeurs, règlements, "
    "relances, facture qui la remplace, et ce qui reste dû ou n'est pas encore vu en banque. "
    "Code de sortie : 1 s'il reste quelque chose dû, ou annoncé par un payeur et absent des relevés.",
)
@click.argument("number", metavar="NUMÉRO")
@click.option("--as-of", "as_of", type=Day(), help="Jour auquel se placer ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, number: str, as_of: date | None, as_json: bool) -> int:
    from connector_core.deliver.people import called
    from connector_core.errors import ConfigurationError
    from connector_core.model.values import invoice_key
    from connector_core.money.ledger import unheard
    from connector_core.money.story import story, to_their_end, unseen_payments
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.banked import bank_of
    from connector_core.pipeline.places import Places
    from connector_core.pipeline.subjects import checks
    from connector_core.pipeline.waiting import waiting_returns
    from connector_core.rules.invoices import followed
    from connector_core.service.assembly import practice_parameters, view_of

    day, settings = as_of or context.today(), context.settings
    told: list[_Told] = []
    patients: dict[str, str] = {}
    with context.store() as store:
        view, owners = view_of(settings, store), store.claims.dossiers(number)
        places, parameters = Places.of(store, view, owners), practice_parameters(settings)
        for check in checks(store, view, parameters, load_tariffs(), day, owners):
            known = check.derive(followed)
            patients[check.subject.patient_id] = called(check.subject.patient, check.subject.patient_id)
            asked = [each for each in known if invoice_key(each.invoice.number) == invoice_key(number)]
            for each in to_their_end(asked, known):
                bank = bank_of(store, check, each)
                steps = story(check, each, bank)
                found = [replace(step, evidence=places.found(step.evidence)) for step in steps]
                told.append(_Told(each, found, bank, unheard(check, each)))
        files = {file.sha256: file.name for file in store.files.list_files()}
        awaited = any(invoice_key(each.invoice_number) == invoice_key(number) for each in waiting_returns(store))
    if not told:
        raise ConfigurationError(
            f"aucune facture ne porte le numéro « {number} » à cette date"
            + (" ; un retour de payeur l'attend" if awaited else ""),
            remedy="« connector transfers » montre ce retour"
            if awaited
            else "« connector balance --details » liste les factures qui ne sont pas soldées",
        )
    if as_json:
        console.emit({"as_of": day.isoformat(), "invoices": [_json(each) for each in told]})
    else:
        for one in told:
            patient_id = one.invoice.invoice.patient_id
            for line in _text(one, files, patients.get(patient_id, patient_id)):
                click.echo(line)
    waits = any(
        each.invoice.stands
        and ((not part.settled and part.debtor not in each.unheard) or unseen_payments(part, each.bank))
        for each in told
        for part in each.invoice.parts
    )
    return 1 if waits else 0


class _Told(NamedTuple):
    """An invoice, its steps, what the bank tells of its answers, and the debtors whose answers no source gives."""

    invoice: Followed
    steps: Sequence[Step]
    bank: InBank
    unheard: frozenset[Debtor]


def _json(told: _Told) -> dict[str, object]:
    from connector_core.money.story import standing, unseen_payments

    each, steps, bank, unheard = told
    return {
        "invoice_id": each.invoice.id,
        "number": each.invoice.number,
        "patient_id": each.invoice.patient_id,
        "practitioner_id": each.invoice.practitioner_id,
        "total": str(each.invoice.total),
        "standing": standing(each, bank, unheard),
        "parts": [
            {
                "debtor": part.debtor,
                "claimed": None if part.claimed is None else str(part.claimed),
                "received": str(part.received),
                "left": None if part.left is None else str(part.left),
                "state": part.state,
                "answer_known": part.debtor not in unheard,
                "unseen": str(sum((each.paid or 0 for each in unseen_payments(part, bank)), Decimal("0.00"))),
            }
            for part in each.parts
        ],
        "steps": [
            {
                "on": None if step.on is None else step.on.isoformat(),
                "text": step.text,
                "evidence": _evidence(step.evidence),
            }
            for step in steps
        ],
    }


def _evidence(evidence: Evidence) -> dict[str, object]:
    found = evidence.provenance
    place = None if found is None else {"source": found.source, "sha256": found.sha256, "locator": found.locator}
    return {"kind": evidence.kind, "id": evidence.id, "provenance": place}


def _text(told: _Told, files: Mapping[str, str], who: str) -> Iterator[str]:
    from connector_core.cli.listing import evidence_place
    from connector_core.deliver.french import short_day, typographic
    from connector_core.money.story import standing

    each, steps, bank, unheard = told
    yield click.style(f"Facture n° {each.invoice.number}, patient {who}", bold=True)
    for step in steps:
        on = "date inconnue" if step.on is None else short_day(step.on)
        yield f"  {on:<13} {typographic(step.text)}"
        yield click.style(f"  {'':<13} {evidence_place(step.evidence, files)}", dim=True)
    yield f"  {typographic(standing(each, bank, unheard))}"
