"""`connector forecast`: which bilans fall due over the days to come, and what they pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day, Whole
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.diagnose.forecast import DueBilan


@click.command(
    "forecast",
    help="Dit, d'après les rendez-vous pris, quels bilans seront à faire dans les jours qui viennent, et ce qu'ils "
    "rapportent. Code de sortie : 1 s'il y en a.",
)
@click.option(
    "--days", type=Whole(1, 366), default=30, metavar="N", help="Nombre de jours à venir, 366 au plus ; 30 par défaut."
)
@click.option("--on", type=Day(), help="Premier jour ; aujourd'hui par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(context: Context, days: int, on: date | None, as_json: bool) -> int:
    from connector_core.deliver.people import People, called
    from connector_core.diagnose.forecast import due_bilans
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.subjects import checks
    from connector_core.service.assembly import practice_parameters, view_of

    day, settings = on or context.today(), context.settings
    with context.store() as store, console.progress() as tell:
        tell("rendez-vous", 0)
        view = view_of(settings, store)
        found = checks(store, view, practice_parameters(settings), load_tariffs(), day)
        due: list[DueBilan] = []
        patients: dict[str, str] = {}
        for check in found:
            lines = list(due_bilans(check, days))
            due.extend(lines)
            if lines:
                patients[check.subject.patient_id] = called(check.subject.patient, check.subject.patient_id)
        due.sort(key=lambda line: (line.on, line.patient_id))
        people = People(store)
        names = {each.practitioner_id: people.practitioner(each.practitioner_id) for each in due}
    missing = unsourced(view.cabinet.covers, "appointment", "act")
    if as_json:
        console.emit(
            {
                "from": day.isoformat(),
                "days": days,
                "bilans": [_json(each) for each in due],
                "amount": str(_total(due)),
                "missing": missing,
            }
        )
    elif missing:
        click.echo(unsourced_text(missing, "rien ne peut être prévu"))
    else:
        for line in _text(due, patients, names, day, days):
            click.echo(line)
    return 1 if due else 0


def _total(due: Sequence[DueBilan]) -> Decimal:
    return sum((each.amount for each in due if each.amount is not None), Decimal("0.00"))


def _json(due: DueBilan) -> dict[str, object]:
    return {
        "on": due.on.isoformat(),
        "patient_id": due.patient_id,
        "treatment_id": due.treatment_id,
        "practitioner_id": due.practitioner_id,
        "rank": due.rank,
        "coefficient": None if due.coefficient is None else str(due.coefficient),
        "amount": None if due.amount is None else str(due.amount),
        "doubt": due.doubt,
    }


def _text(
    due: Sequence[DueBilan], patients: dict[str, str], names: dict[str, str | None], day: date, days: int
) -> Iterator[str]:
    from connector_core.deliver.french import count, euros, short_day, typographic, weekday
    from connector_core.rules.counting import decimal_text
    from connector_core.rules.french import ordinal

    period = f"du {short_day(day)} au {short_day(day + timedelta(days=days))}"
    if not due:
        yield f"Aucun bilan à prévoir {period}, d'après les rendez-vous pris."
        return
    unpriced = sum(each.amount is None for each in due)
    without = f", dont {unpriced} sans montant connu" if unpriced else ""
    yield f"{count(len(due), 'bilan')} à prévoir {period}{without} : {euros(_total(due))}."
    last: date | None = None
    for each in due:
        if each.on != last:
            yield ""
            yield click.style(weekday(each.on), bold=True)
            last = each.on
        about = [patients[each.patient_id], f"{ordinal(each.rank)} séance"]
        if each.coefficient is not None:
            about.append(f"AMK {decimal_text(each.coefficient)}")
        if each.amount is not None:
            about.append(euros(each.amount))
        if names[each.practitioner_id]:
            about.append(str(names[each.practitioner_id]))
        yield f"  {' · '.join(about)}"
        if each.doubt:
            yield f"    à vérifier : {typographic(each.doubt)}"
