"""`connector quotes`: the quotes (devis) that are due, and their drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console, drafts
from connector_core.cli.context import Context
from connector_core.cli.french import Day, Target
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.deliver.letters.compose import Composer
    from connector_core.deliver.letters.files import Compose
    from connector_core.model.records import Patient
    from connector_core.money.quotes import QuoteDue


@click.command(
    "quotes",
    help="Dit à quels patients remettre un devis : un dépassement leur a été facturé sans information écrite "
    "(FIN-DEVIS-70, FIN-DEVIS-ULT), et ils reviennent. « --write » prépare les devis, pour les séances à venir.\n\n"
    "Code de sortie : 1 si un devis est dû, 2 si le modèle est à corriger.",
)
@click.option("--as-of", "as_of", type=Day(), help="Jour auquel se placer ; aujourd'hui par défaut.")
@click.option("--write", "folder", type=Target(folder=True), metavar="DOSSIER", help="Écrit les devis ici.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, as_of: date | None, folder: Path | None, as_json: bool) -> int:
    day = drafts.day_of(context, as_of, folder)
    found, patients, composer, missing = _asked(context, day)
    due = [each for each in found if each.coming]
    delivered = None
    if folder is not None:
        makers: list[Compose] = [partial(composer.quote, each) for each in due]
        delivered = drafts.write(makers, folder)
    if as_json:
        written = {} if delivered is None or folder is None else {"drafts": drafts.written_json(delivered, folder)}
        console.emit({"as_of": day.isoformat(), "quotes": [*map(_json, found)], "missing": missing, **written})
    else:
        for line in _text(due, len(found) - len(due), patients, day, missing):
            click.echo(line)
        if delivered is not None and folder is not None:
            for line in drafts.written_text(delivered, folder):
                click.echo(line)
    if delivered is not None and delivered.problems:
        if not as_json:
            drafts.tell_problems(delivered.problems)
        return 2
    return 1 if due else 0


def _asked(context: Context, day: date) -> tuple[list[QuoteDue], Mapping[str, Patient], Composer, list[str]]:
    from connector_core.money.quotes import quotes_due
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.subjects import checks
    from connector_core.service.assembly import practice_parameters, view_of

    settings = context.settings
    found: list[QuoteDue] = []
    patients: dict[str, Patient] = {}
    with context.store() as store, console.progress() as tell:
        tell("devis", 0)
        view = view_of(settings, store)
        dismissed = {kept.finding.fingerprint for kept in store.answers.findings("dismissed")}
        for check in checks(store, view, practice_parameters(settings), load_tariffs(), day):
            own = list(quotes_due(check, settings.rules.off, dismissed))
            found += own
            if own and check.subject.patient is not None:
                patients[check.subject.patient_id] = check.subject.patient
        practitioners = tuple(view.cabinet.practitioners.values())
    found.sort(key=lambda each: (-each.excess, each.patient_id, each.practitioner_id))
    missing = unsourced(view.cabinet.covers, "act.excess", "quote")
    return found, patients, drafts.composer(context, day, patients, practitioners), missing


def _json(each: QuoteDue) -> dict[str, object]:
    return {
        "patient_id": each.patient_id,
        "practitioner_id": each.practitioner_id,
        "visit_on": each.visit_on.isoformat(),
        "total": str(each.total),
        "excess": str(each.excess),
        "rules": list(each.rules),
        "acts": [act.id for act in each.acts],
        "coming": each.coming,
    }


def _text(
    due: Sequence[QuoteDue], gone: int, patients: Mapping[str, Patient], day: date, missing: Sequence[str]
) -> Iterator[str]:
    from connector_core.deliver.french import count, euros, short_day, typographic
    from connector_core.rules.counting import cotation

    if due:
        yield f"{count(len(due), 'devis', 'devis')} à remettre au {short_day(day)}, avant la prochaine séance."
    elif missing:
        yield unsourced_text(missing, "qui attend un devis n'est pas connu")
    else:
        yield f"Aucun devis à remettre au {short_day(day)}."
    for each in due:
        patient = patients.get(each.patient_id)
        called = "" if patient is None else f"{(patient.family_name or '').upper()} {patient.given_name or ''}".strip()
        yield ""
        yield click.style(
            f"Patient {called} ({each.patient_id})" if called else f"Patient {each.patient_id}", bold=True
        )
        acts = ", ".join(cotation(act) for act in each.acts)
        yield typographic(
            f"  séance du {short_day(each.visit_on)} : {acts} ; {euros(each.total)}, dont {euros(each.excess)} de "
            f"dépassement ({', '.join(each.rules)})"
        )
    if due:
        yield ""
        yield typographic("Un devis vaut pour les séances à venir : ne l'antidatez pas.")
    if gone:
        yield ""
        told = count(gone, "patient ne semble plus venir", "patients ne semblent plus venir")
        yield typographic(f"{told} : aucun devis n'est préparé. « connector findings » garde les constats.")
