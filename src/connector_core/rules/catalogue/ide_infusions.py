"""IDE-CUMUL, continued: the long infusions of one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.ide_bsi_facts import BILLED_AGAIN, billed_again
from connector_core.rules.catalogue.ide_lines import LONG_INFUSIONS, VISITS, may_be, must_be, visits
from connector_core.rules.catalogue.kine_facts import Once, zone_of
from connector_core.rules.counting import cotation, decimal_text
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.rejects import may_be_billed_again, may_bill_again

_LONG = (frozenset({"IDE-perf-longue"}), frozenset({"IDE-immuno-perf-longue"}))
"""The long infusions: 14, and 15 for a patient with cancer or a weak immunity."""


_PERHAPS_AGAIN = "on ne sait pas si un forfait de perfusion refacture celui d'une facture rejetée"


@rule(
    "IDE-CUMUL-PERF-JOUR",
    subject="dossier",
    severity="reject",
    reference="circulaire CNAM CIR-9/2025 du 25/06/2025 (contestée) ; NGAP titre XVI chap. II articles 3 et 4",
    confidence="C",
    needs=VISITS | BILLED_AGAIN | {"act.act_code", "practitioner.zone"},
    letters=("AMI", "AMX"),
)
def long_infusions(check: Check[Dossier]) -> Iterator[Answer]:
    """Un forfait de perfusion longue par jour et par patient.

    Vérifie : que le forfait 14 ou 15 n'est facturé qu'une fois par jour à un patient, depuis le 25 juin 2025.

    Pourquoi : selon la circulaire de la caisse nationale, les perfusions suivantes sont en 4,1 ; le texte est
    contesté.

    Ne s'applique pas : avant le 25 juin 2025 ; à la mucoviscidose ; au forfait refacturé après un rejet. Si rien ne dit
    que 15 n'est pas une séance de mucoviscidose, le constat est une information. Si le forfait d'une facture rejetée
    est peut-être refacturé, la réponse est indéterminée.

    Exemple : deux AMI 14 le même jour ; AMI 14 et AMI 4,1 conviennent.

    Paramètres : ide.perfusion.long_per_day, ide.perfusion.next_coefficient, tariff
    """
    once = Once()
    for day, acts in _infusion_days(check):
        most = check.number("ide.perfusion.long_per_day", day)
        for codes in _LONG:
            same = [act for act in acts if may_be(check, act, codes)]
            total = sum(act.quantity for act in same)
            allowed = most + may_be_billed_again(check, same)
            if most < total <= allowed:
                if once.first("invoice"):
                    yield Gap(same[-1], ("act.invoice_id",), _PERHAPS_AGAIN)
                continue
            total = 0
            for act in same:
                total += act.quantity
                if total <= allowed:
                    continue
                sure = all(must_be(check, each, codes) for each in same)
                following = decimal_text(check.decimal("ide.perfusion.next_coefficient", day))
                yield Flag(
                    act,
                    f"{total} forfaits {cotation(act)} le {jour(day)} ; {most} par jour selon la caisse nationale.",
                    f"{'F' if sure else 'Hors mucoviscidose, f'}acturez {act.letter} {following} pour les perfusions "
                    "suivantes du jour.",
                    severity=None if sure else "info",
                    fault="forfait",
                    amount=_beyond_next(check, act, min(act.quantity, total - allowed)),
                    evidence=same,
                )


@rule(
    "IDE-CUMUL-PERF-1415",
    subject="dossier",
    severity="info",
    reference="circulaire CNAM CIR-9/2025 du 25/06/2025, selon des sources tierces",
    confidence="T",
    needs=VISITS | BILLED_AGAIN | {"act.act_code"},
    letters=("AMI", "AMX"),
)
def both_infusions(check: Check[Dossier]) -> Iterator[Answer]:
    """Les forfaits de perfusion 14 et 15 s'excluent le même jour.

    Vérifie : qu'un patient n'a pas le même jour un forfait 14 et un forfait 15, depuis le 25 juin 2025.

    Pourquoi : des sources tierces le déduisent de la circulaire ; ce n'est pas confirmé, d'où une information.

    Ne s'applique pas : avant le 25 juin 2025 ; à la mucoviscidose que la source nomme ; au forfait refacturé après un
    rejet. Si l'un refacture peut-être l'autre, rejeté, la réponse est indéterminée.

    Exemple : AMI 14 et AMI 15 le même jour ; AMI 15 seul convient.

    Paramètres : ide.perfusion.long_per_day
    """
    once = Once()
    for day, acts in _infusion_days(check):
        lower, higher = ([act for act in acts if may_be(check, act, codes)] for codes in _LONG)
        if lower and higher:
            if all(may_bill_again(check, one, other) for one in lower for other in higher):
                if once.first("invoice"):
                    yield Gap(higher[-1], ("act.invoice_id",), _PERHAPS_AGAIN)
                continue
            check.number("ide.perfusion.long_per_day", day)
            yield Flag(
                lower[0],
                f"{cotation(lower[0])} et {cotation(higher[0])} le {jour(day)} : cumul non confirmé, à vérifier.",
                "Selon la circulaire de juin 2025, contestée, un seul de ces forfaits est dû par jour.",
                amount=lower[0].amount,
                evidence=(*lower, *higher),
            )


def _infusion_days(check: Check[Dossier]) -> Iterator[tuple[date, Sequence[Act]]]:
    """The days since the circular that bear a long infusion, with these."""
    days: dict[date, list[Act]] = {}
    gone = check.derive(billed_again)
    for visit in check.derive(visits):
        for act in visit.care:
            if act.id not in gone and may_be(check, act, LONG_INFUSIONS):
                days.setdefault(act.performed_on, []).append(act)
    for day, acts in days.items():
        if check.peek("ide.perfusion.long_per_day", day) is not None:
            yield day, acts


def _beyond_next(check: Check[Dossier], act: Act, quantity: int) -> Decimal | None:
    """What extra long infusions take beyond the price of those that follow the day's first."""
    coefficient = check.decimal("ide.perfusion.next_coefficient", act.performed_on)
    price = check.tariffs.price(act.letter, coefficient, act.performed_on, zone_of(check, act))
    if act.amount is None or price is None:
        return None
    check.cite(price[1])
    return max((act.amount / act.quantity - price[0]).quantize(CENT) * quantity, Decimal(0))


RULES: tuple[AnyRule, ...] = (long_infusions, both_infusions)
