"""KINE-FORF and KINE-RQD: forfaits of the programmes of return home, and requests for téléexpertise."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.catalogue.kine_facts import (
    KINE_ACTS,
    Once,
    kine_acts,
    practitioner_of,
    treatment_of,
)
from connector_core.rules.french import jour, ordinal
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.rejects import REJECTED_INVOICES, rejected_invoices


@rule(
    "KINE-FORF-FRD",
    subject="dossier",
    severity="info",
    reference="ordremk.fr : forfait de prise en charge rapide après un accident vasculaire cérébral",
    confidence="T",
    needs=KINE_ACTS | REJECTED_INVOICES | {"treatment.discharged_on"},
    letters=("FRD",),
)
def quick_start(check: Check[Dossier]) -> Iterator[Answer]:
    """Le forfait FRD se facture une fois par programme de retour à domicile.

    Vérifie : que FRD (prise en charge rapide après un AVC) n'est pas facturé deux fois pour la même prise en charge
    ou la même sortie d'hospitalisation.

    Pourquoi : c'est un forfait par programme. La règle vient de l'Ordre, le texte officiel n'a pas été lu : non
    confirmé, simple information.

    Ne s'applique pas : à un autre programme, après une autre hospitalisation.

    Exemple : FRD facturé deux fois pour la même prise en charge.

    Paramètres : aucun
    """
    yield from _once_per_programme(check, "FRD")


@rule(
    "KINE-FORF-FAD",
    subject="dossier",
    severity="info",
    reference="ordremk.fr : forfait d'accompagnement après une chirurgie orthopédique",
    confidence="T",
    needs=KINE_ACTS | REJECTED_INVOICES | {"treatment.discharged_on"},
    letters=("FAD",),
)
def accompaniment(check: Check[Dossier]) -> Iterator[Answer]:
    """Le forfait FAD se facture une fois par programme de retour à domicile.

    Vérifie : que FAD (accompagnement après une chirurgie orthopédique) n'est pas facturé deux fois pour la même prise
    en charge ou la même sortie d'hospitalisation.

    Pourquoi : c'est un forfait par programme. La règle vient de l'Ordre, le texte officiel n'a pas été lu : non
    confirmé, simple information.

    Ne s'applique pas : à un autre programme, après une autre hospitalisation.

    Exemple : FAD facturé deux fois pour la même prise en charge.

    Paramètres : aucun
    """
    yield from _once_per_programme(check, "FAD")


def _once_per_programme(check: Check[Dossier], letter: str) -> Iterator[Answer]:
    once = Once()
    before: list[Act] = []
    for act in _billed(check, letter):
        first = next((each for each in before if _same_programme(check, each, act)), None)
        if first is not None or act.quantity > 1:
            yield Flag(
                act,
                f"Le forfait {letter} du {jour(act.performed_on)} est facturé plus d'une fois pour le même programme ; "
                "règle non confirmée par un texte officiel.",
                "Vérifiez que le patient suit un second programme ; sinon, ne gardez qu'un forfait.",
                amount=act.amount if first is not None else _beyond(act, 1),
                evidence=(act, *(() if first is None else (first,))),
            )
        elif any(None in (each.treatment_id, act.treatment_id) for each in before) and once.first("treatment"):
            yield Gap(act, ("act.treatment_id",), f"on ne sait pas si les forfaits {letter} sont du même programme")
        before.append(act)


def _same_programme(check: Check[Dossier], one: Act, other: Act) -> bool:
    if one.performed_on == other.performed_on or (
        one.treatment_id is not None and one.treatment_id == other.treatment_id
    ):
        return True
    first, second = treatment_of(check, one), treatment_of(check, other)
    if first is None or second is None or first.discharged_on is None:
        return False
    return first.discharged_on == second.discharged_on


@rule(
    "KINE-RQD",
    subject="dossier",
    severity="reject",
    reference="NGAP dispositions générales article 14.9.6",
    confidence="C",
    needs=KINE_ACTS | REJECTED_INVOICES | {"practitioner.profession"},
    letters=("RQD",),
)
def remote_expertise(check: Check[Dossier]) -> Iterator[Answer]:
    """Deux demandes de téléexpertise au plus par an et par patient.

    Vérifie : qu'un masseur-kinésithérapeute ne facture pas plus de deux RQD par année civile pour un même patient.

    Pourquoi : la limite est celle de l'article 14.9.6 ; au-delà, l'acte est un indu.

    Ne s'applique pas : aux infirmiers, qui ont leur propre limite ; aux demandes d'un autre praticien.

    Exemple : troisième RQD de l'année ; la deuxième convient.

    Paramètres : kine.rqd.year
    """
    once = Once()
    done: dict[tuple[str, int], list[Act]] = {}
    for act in _billed(check, "RQD"):
        practitioner = practitioner_of(check, act)
        year = done.setdefault((act.practitioner_id, act.performed_on.year), [])
        before = sum(each.quantity for each in year)
        year.append(act)
        if practitioner is not None and practitioner.profession != "MK":
            continue
        most = check.number("kine.rqd.year", act.performed_on)
        if before + act.quantity <= most:
            continue
        if practitioner is None:
            if once.first("practitioner"):
                yield Gap(act, ("practitioner",), "la profession du praticien n'est pas connue")
            continue
        yield Flag(
            act,
            f"{ordinal(before + act.quantity)} demande de téléexpertise RQD de l'année pour ce patient, le "
            f"{jour(act.performed_on)} : {most} au plus.",
            "Ne facturez pas cette demande.",
            amount=act.amount if before >= most else _beyond(act, most - before),
            evidence=tuple(year),
        )


def _billed(check: Check[Dossier], letter: str) -> list[Act]:
    """The acts of a letter that stand, less those of a rejected invoice that were billed again."""
    acts = check.derive(kine_acts).of(letter)
    rejected = check.derive(rejected_invoices)
    again = {(act.performed_on, act.practitioner_id) for act in acts if act.invoice_id not in rejected}
    return [
        act for act in acts if act.invoice_id not in rejected or (act.performed_on, act.practitioner_id) not in again
    ]


def _beyond(act: Act, allowed: int) -> Decimal | None:
    """The share of a line that bills more than what is allowed."""
    if act.amount is None:
        return None
    return (act.amount * (act.quantity - allowed) / act.quantity).quantize(CENT, ROUND_HALF_UP)


RULES: tuple[AnyRule, ...] = (quick_start, accompaniment, remote_expertise)
