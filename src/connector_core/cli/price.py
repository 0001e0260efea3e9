"""`connector price`: what one act is worth on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from connector_core.cli import console
from connector_core.cli.context import Context
from connector_core.cli.french import Day, OneOf

if TYPE_CHECKING:
    from connector_core.model.vocabulary import Zone

    _Coefficients = click.ParamType[Decimal]
else:
    _Coefficients = click.ParamType

_STANDING = {
    "other_period": "existe, mais pas ce jour-là",
    "unknown": "n'existe pas dans la nomenclature ce jour-là",
    "undetermined": "ne peut pas être vérifié ce jour-là : le tableau des tarifs n'est pas complet, ou pas confirmé",
    "valid": "existe ce jour-là, sans tarif confirmé",
}


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
    "Code de sortie : 1 quand la cotation n'a pas de tarif confirmé ce jour-là.",
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
    key = letter.strip().upper()
    standing = tariffs.standing(key, coefficient, day)
    price = tariffs.price(key, coefficient, day, where) if standing == "valid" else None
    if as_json:
        read = None if price is None else price[1]
        console.emit(
            {
                "letter": key,
                "coefficient": str(coefficient),
                "on": day.isoformat(),
                "zone": where,
                "standing": standing,
                "amount": None if price is None else str(price[0]),
                "since": None if read is None else read.since.isoformat(),
                "reference": None if read is None else read.reference,
                "acts": sorted({row.label for row in tariffs.rows_on(key, coefficient, day, where)}),
            }
        )
        return 0 if price is not None else 1
    from connector_core.rules.french import euros, jour

    said = f"{key} {str(coefficient).replace('.', ',')} le {jour(day)} ({where})"
    if price is None:
        click.echo(f"{said} {_STANDING[standing]}.")
        return 1
    amount, read = price
    click.echo(f"{said} : {euros(amount)}")
    for label in sorted({row.label for row in tariffs.rows_on(key, coefficient, day, where)}):
        click.echo(f"  {label}")
    click.echo(f"  depuis le {jour(read.since)} : {read.reference}")
    return 0
