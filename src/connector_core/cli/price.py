"""`connector price`: what one act is worth on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, assert_never

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day, OneOf

if TYPE_CHECKING:
    from connector_core.model.vocabulary import Zone
    from connector_core.parameters.tariffs import Standing, TariffRow, Tariffs

    _Coefficients = click.ParamType[Decimal]
else:
    _Coefficients = click.ParamType


class _Coefficient(_Coefficients):
    name = "NOMBRE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            number = Decimal(str(value).strip().replace(",", "."))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            self.fail("un coefficient est attendu, par exemple 8,09", param, ctx)
        return number


@click.command(
    "price",
    help="Dit le tarif d'une cotation un jour donné, au centime, et d'où il vient.\n\n"
    "Code de sortie : 1 quand la cotation n'a pas de tarif confirmé ce jour-là, 2 quand la lettre-clé est inconnue.",
)
@click.option("--letter", required=True, metavar="LETTRE", help="Lettre-clé, par exemple RAM.")
@click.option("--coefficient", required=True, type=_Coefficient(), help="Coefficient, par exemple 8,09.")
@click.option("--on", type=Day(), help="Jour de l'acte ; aujourd'hui par défaut.")
@click.option("--zone", type=OneOf(("METRO", "DROM")), help="Zone tarifaire ; celle du cabinet par défaut.")
@click.option("--json", "as_json", is_flag=True, help="Écrit un objet JSON.")
@click.pass_obj
def command(
    context: Context, letter: str, coefficient: Decimal, on: date | None, zone: Zone | None, as_json: bool
) -> int:
    from connector_core.parameters.tariffs import load_tariffs

    day, tariffs = on or context.today(), load_tariffs()
    where: Zone = zone or context.settings.practice.zone
    key = _known_letter(letter, tariffs)
    standing = tariffs.standing(key, coefficient, day)
    price = tariffs.price(key, coefficient, day, where) if standing == "valid" else None
    reason = _reason(standing, tariffs.periods(key, coefficient, where), day)
    if as_json:
        read = None if price is None else price[1]
        console.emit(
            {
                "letter": key,
                "coefficient": f"{coefficient:f}",
                "on": day.isoformat(),
                "zone": where,
                "standing": standing,
                "reason": None if price is not None else reason,
                "amount": None if price is None else str(price[0]),
                "since": None if read is None else read.since.isoformat(),
                "reference": None if read is None else read.reference,
                "acts": sorted({row.label for row in tariffs.rows_on(key, coefficient, day, where)}),
            }
        )
        return 0 if price is not None else 1
    from connector_core.rules.french import euros, jour

    said = f"{key} {f'{coefficient:f}'.replace('.', ',')} le {jour(day)} ({where})"
    if price is None:
        click.echo(f"{said} {reason}.")
        return 1
    amount, read = price
    click.echo(f"{said} : {euros(amount)}")
    for label in sorted({row.label for row in tariffs.rows_on(key, coefficient, day, where)}):
        click.echo(f"  {label}")
    click.echo(f"  depuis le {jour(read.since)} : {read.reference}")
    return 0


def _known_letter(letter: str, tariffs: Tariffs) -> str:
    from connector_core.model.letters import LETTERS
    from connector_core.nearest import suggestion

    key, known = letter.strip().upper(), LETTERS | tariffs.letters()
    if key not in known:
        near = suggestion(key, known)
        said = f"lettre-clé inconnue « {letter} »" + (f". {near}" if near else "")
        raise click.UsageError(said, click.get_current_context())
    return key


def _reason(standing: Standing, rows: Sequence[TariffRow], day: date) -> str:
    """Why there is no price; `rows` are what the table says of the cotation at any date, oldest first."""
    from connector_core.rules.french import jour

    match standing:
        case "valid":
            return "existe ce jour-là, sans tarif confirmé"
        case "other_period":
            return "existe, mais pas ce jour-là"
        case "unknown":
            return "n'existe pas dans la nomenclature ce jour-là"
        case "undetermined":
            if not rows:
                why = "la table des tarifs n'en dit rien, et n'a pas toutes les cotations de cette lettre"
            elif any(row.holds_on(day) for row in rows):
                why = "son tarif de ce jour-là est annoncé, pas confirmé"
            elif day < rows[0].since:
                why = f"la table des tarifs n'en dit rien avant le {jour(rows[0].since)}"
            else:
                last = max(row.until for row in rows if row.until is not None and row.until < day)
                why = f"la table des tarifs n'en dit rien de sûr après le {jour(last)}"
            return f"ne peut pas être vérifié : {why}"
        case _:
            assert_never(standing)
