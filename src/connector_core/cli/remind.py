"""`connector remind`: whom to remind today, of what and why; and the drafts, which the practice sends itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector_core.cli import console, drafts
from connector_core.cli.context import Context
from connector_core.cli.french import Day, OneOf, Target
from connector_core.cli.unsourced import unsourced, unsourced_text

if TYPE_CHECKING:
    from connector_core.deliver.letters.compose import Composer
    from connector_core.deliver.letters.files import Compose
    from connector_core.model.dossier import Dossier
    from connector_core.model.records import Patient
    from connector_core.model.vocabulary import ReminderChannel
    from connector_core.money.reminders import Claim, Hold, NextStep, Plan, Priority
    from connector_core.rules.kernel import Check
    from connector_core.rules.parts import Debtor

_DEBTORS: Mapping[str, Debtor] = {"patient": "PATIENT", "caisse": "AMO", "complementaire": "AMC"}
_NAMES: Mapping[Debtor, str] = {"PATIENT": "Patient", "AMO": "Caisse", "AMC": "Complémentaire"}
_CHANNELS: Mapping[ReminderChannel, str] = {
    "email": "message électronique",
    "letter": "courrier",
    "phone": "appel",
    "sms": "sms",
}
_PRIORITIES: Mapping[Priority, str] = {"high": "haute", "normal": "normale", "low": "basse"}
_SHOWN = 8


@click.command(
    "remind",
    help="Dit qui relancer aujourd'hui, de combien, par quel moyen et pourquoi. « --write » prépare les courriers et "
    "les messages dans un dossier, à relire ; rien n'est jamais envoyé.\n\n"
    "Code de sortie : 1 si quelqu'un est à relancer, 2 si un modèle est à corriger.",
)
@click.option("--as-of", "as_of", type=Day(), help="Jour auquel se placer ; aujourd'hui par défaut.")
@click.option("--debtor", type=OneOf(tuple(_DEBTORS)), help="Les débiteurs d'une sorte seulement.")
@click.option("--write", "folder", type=Target(folder=True), metavar="DOSSIER", help="Écrit les courriers ici.")
@click.option("--archived", is_flag=True, help="Relance aussi les patients dont le dossier est archivé.")
@click.option("--all", "everything", is_flag=True, help="Montre aussi ce qui vient, et chaque facture sans courrier.")
@click.option("--plan", "show_plan", is_flag=True, help="Montre seulement le plan de relance en vigueur.")
@click.option("--templates", is_flag=True, help="Copie seulement les modèles, pour les modifier, et dit où ils sont.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(
    context: Context,
    as_of: date | None,
    debtor: str | None,
    folder: Path | None,
    archived: bool,
    everything: bool,
    show_plan: bool,
    templates: bool,
    as_json: bool,
) -> int:
    from connector_core.service.assembly import reminder_plan

    plan = reminder_plan(context.settings)
    if templates:
        return _templates(context, as_json=as_json)
    if show_plan:
        return _show_plan(plan, as_json=as_json)
    day = drafts.day_of(context, as_of, folder)
    if debtor is not None:
        plan = type(plan)({_DEBTORS[debtor]: plan.steps[_DEBTORS[debtor]]}, plan.spacing)
    steps, patients, composer, missing = _asked(context, plan, day, archived=archived)
    due = [each for each in steps if each.standing == "due"]
    delivered = None
    if folder is not None:
        makers: list[Compose] = [partial(composer.reminder, each.step, each) for each in due if each.step is not None]
        delivered = drafts.write(makers, folder)
    if as_json:
        written = {} if delivered is None or folder is None else {"drafts": drafts.written_json(delivered, folder)}
        total = str(sum((each.total for each in due), Decimal("0.00")))
        console.emit(
            {"as_of": day.isoformat(), "due": total, "debtors": [*map(_json, steps)], "missing": missing, **written}
        )
    else:
        for line in _text(steps, patients, day, missing, everything=everything):
            click.echo(line)
        if delivered is not None and folder is not None:
            for line in drafts.written_text(delivered, folder):
                click.echo(line)
    if delivered is not None and delivered.problems:
        if not as_json:
            drafts.tell_problems(delivered.problems)
        return 2
    return 1 if due else 0


def _asked(
    context: Context, plan: Plan, day: date, *, archived: bool
) -> tuple[list[NextStep], Mapping[str, Patient], Composer, list[str]]:
    from connector_core.money.reminders import Thresholds, all_claims, next_steps
    from connector_core.parameters.tariffs import load_tariffs
    from connector_core.pipeline.subjects import checks
    from connector_core.service.assembly import practice_parameters, view_of

    settings = context.settings
    parameters = practice_parameters(settings)
    with context.store() as store, console.progress() as tell:
        tell("relances", 0)
        view = view_of(settings, store)
        patients: dict[str, Patient] = {}
        found = all_claims(_noting(patients, checks(store, view, parameters, load_tariffs(), day)))
        practitioners = tuple(view.cabinet.practitioners.values())
    admitted: frozenset[Hold] = frozenset({"archived"} if archived else ())
    steps = next_steps(found, plan, Thresholds.of(parameters, day), day, admitted)
    missing = unsourced(view.cabinet.covers, "invoice")
    return steps, patients, drafts.composer(context, day, patients, practitioners), missing


def _noting(patients: dict[str, Patient], checks: Iterable[Check[Dossier]]) -> Iterator[Check[Dossier]]:
    """The same checks, each patient noted by id on the way."""
    for check in checks:
        if check.subject.patient is not None:
            patients[check.subject.patient_id] = check.subject.patient
        yield check


def _templates(context: Context, *, as_json: bool) -> int:
    from connector_core.deliver import french
    from connector_core.errors import ConfigurationError, reason_of
    from connector_core.service.assembly import letter_templates

    own = letter_templates(context.configuration_folder)
    try:
        written, kept = own.copy_missing()
    except OSError as error:
        raise ConfigurationError(
            f"les modèles ne peuvent pas être écrits ({reason_of(error)})",
            where=str(own.own),
            remedy="Vérifiez le dossier et vos droits",
        ) from error
    problems = own.unknown()
    if as_json:
        names = {"written": [path.name for path in written], "kept": [path.name for path in kept]}
        told = [{"where": each.where, "what": each.what, "remedy": each.remedy} for each in problems]
        console.emit({"folder": str(own.own), **names, "problems": told})
        return 0
    there = f", {french.count(len(kept), 'modèle')} déjà là" if kept else ""
    click.echo(french.typographic(f"{own.own} : {french.count(len(written), 'modèle')} à modifier{there}."))
    click.echo("Un modèle effacé redevient celui de connector.")
    drafts.tell_problems(problems)
    return 0


def _show_plan(plan: Plan, *, as_json: bool) -> int:
    from connector_core.deliver.french import count, euros

    if as_json:
        console.emit(
            {
                "spacing_days": plan.spacing.days,
                "steps": [
                    {
                        "debtor": name,
                        "level": step.level,
                        "after_days": step.after.days,
                        "channel": step.channel,
                        "tone": step.tone,
                        "least": str(step.least),
                    }
                    for name, kind in _DEBTORS.items()
                    for step in plan.steps[kind]
                ],
            }
        )
        return 0
    for kind in _DEBTORS.values():
        click.echo(click.style(_NAMES[kind], bold=True))
        for step in plan.steps[kind]:
            since = "après la relance précédente" if step.level > 1 else "après la facture ou son envoi"
            least = f", à partir de {euros(step.least)}" if step.least else ""
            way = f"{_CHANNELS[step.channel]}, ton {step.tone}"
            click.echo(f"  {step.level}. {count(step.after.days, 'jour')} {since} : {way}{least}")
        if not plan.steps[kind]:
            click.echo("  n'est pas relancé")
    click.echo(f"Au moins {count(plan.spacing.days, 'jour')} entre deux relances d'un même débiteur.")
    return 0


def _json(each: NextStep) -> dict[str, object]:
    step = each.step
    return {
        "debtor": each.debtor,
        "debtor_id": each.debtor_id,
        "standing": each.standing,
        "total": str(each.total),
        "since": each.since.isoformat(),
        "priority": each.priority,
        "reasons": list(each.reasons),
        "step": None
        if step is None or each.on is None
        else {"level": step.level, "channel": step.channel, "tone": step.tone, "on": each.on.isoformat()},
        "invoices": [_claim_json(claim) for claim in each.claims],
        "held": [{**_claim_json(claim), "hold": claim.hold} for claim in each.held],
    }


def _claim_json(claim: Claim) -> dict[str, object]:
    debt = claim.debt
    return {
        "number": debt.number,
        "invoice_id": debt.invoice_id,
        "amount": None if debt.amount is None else str(debt.amount),
        "since": debt.since.isoformat(),
        "level": claim.level,
        "reminded_on": None if claim.reminded_on is None else claim.reminded_on.isoformat(),
        "limit": None if claim.limit is None else claim.limit.isoformat(),
    }


def _text(
    steps: Sequence[NextStep], patients: Mapping[str, Patient], day: date, missing: Sequence[str], *, everything: bool
) -> Iterator[str]:
    from connector_core.deliver.french import count, euros, short_day, typographic

    due = [each for each in steps if each.standing == "due"]
    total = euros(sum((each.total for each in due), Decimal("0.00")))
    if due:
        yield typographic(f"{count(len(due), 'relance')} à faire au {short_day(day)}, {total}.")
    elif missing:
        yield unsourced_text(missing, "qui relancer n'est pas connu")
    else:
        yield f"Aucune relance à faire au {short_day(day)}."
    for each in due:
        yield ""
        yield from _due(each, patients, day)
    coming = sorted((each for each in steps if each.standing == "coming"), key=lambda each: each.on or date.max)
    if coming:
        yield ""
        first = f"la première le {short_day(coming[0].on or day)}"
        hint = "" if everything else " (« --all » les montre)"
        yield click.style(typographic(f"{count(len(coming), 'relance')} à venir, {first}{hint}."), bold=True)
        for each in coming if everything else ():
            level = "" if each.step is None else f", relance {each.step.level}"
            yield f"  {short_day(each.on or day)}  {_who(each, patients)}, {euros(each.total)}{level}"
    small = [each for each in steps if each.standing == "small"]
    if small:
        yield ""
        owing = count(len(small), "débiteur doit", "débiteurs doivent")
        yield f"{owing} trop peu pour une relance."
    yield from _held(steps, patients, everything=everything)


def _due(each: NextStep, patients: Mapping[str, Patient], day: date) -> Iterator[str]:
    from connector_core.deliver.french import count, euros, short_day, typographic

    age = count((day - each.since).days, "jour")
    head = f"{_who(each, patients)}, {euros(each.total)}"
    yield click.style(head, bold=True) + f", depuis le {short_day(each.since)} ({age})"
    if each.step is not None:
        tone = f", ton {each.step.tone}" if each.step.channel in ("email", "letter") else ""
        yield typographic(f"  → relance {each.step.level} : {_CHANNELS[each.step.channel]}{tone}")
    because = f" : {' ; '.join(each.reasons)}" if each.reasons else ""
    yield typographic(f"  priorité {_PRIORITIES[each.priority]}{because}")
    numbers = [claim.debt.number for claim in each.claims]
    more = f" et {len(numbers) - _SHOWN} de plus" if len(numbers) > _SHOWN else ""
    yield f"  facture{'s' * (len(numbers) > 1)} n° {', '.join(numbers[:_SHOWN])}{more}"
    reminded = [claim.reminded_on for claim in each.claims if claim.reminded_on is not None]
    if reminded:
        yield f"  dernière relance le {short_day(max(reminded))}"


def _held(steps: Sequence[NextStep], patients: Mapping[str, Patient], *, everything: bool) -> Iterator[str]:
    """What is in no letter, by reason."""
    from connector_core.deliver.french import count, euros, typographic
    from connector_core.money.reminders import HOLDS

    for hold, why in HOLDS.items():
        held = [(each, claim) for each in steps for claim in each.held if claim.hold == hold]
        if not held:
            continue
        amount = sum((claim.debt.amount for _, claim in held if claim.debt.amount is not None), Decimal(0))
        money = f", {euros(amount)}" if amount else ""
        yield ""
        yield click.style(f"Sans courrier : {count(len(held), 'facture')}{money}", bold=True)
        yield f"  {typographic(why)}"
        for each, claim in held if everything or hold == "deceased" else ():
            owed = "montant inconnu" if claim.debt.amount is None else euros(claim.debt.amount)
            yield f"  {_who(each, patients)}, facture n° {claim.debt.number}, {owed}"


def _who(each: NextStep, patients: Mapping[str, Patient]) -> str:
    from connector_core.deliver.people import called

    patient = patients.get(each.debtor_id) if each.debtor == "PATIENT" else None
    name = called(patient, each.debtor_id) or "non précisée"
    return f"{_NAMES[each.debtor]} {name}"
