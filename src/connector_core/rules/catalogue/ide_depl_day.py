"""IDE-DEPL, continued: a nurse's travel over a day, across patients.

A day holds acts and nothing else: whether an invoice was cancelled since is not known here. Lines that another invoice
bills again at the same time count once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from connector_core.model.dossier import PractitionerDay
from connector_core.model.finding import SubjectRef
from connector_core.model.records import Act
from connector_core.parameters.tariffs import CENT
from connector_core.rules.batches import BATCHES, Batches
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_LETTERS
from connector_core.rules.catalogue.ide_visits import FLAT_TRAVEL, TRAVEL, nurse_tariff, total
from connector_core.rules.catalogue.kine_facts import heure, minute
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import net_of_credits

NURSE_ROUND = BATCHES | {
    "act.invoice_id",
    "act.patient_id",
    "act.session_id",
    "act.started_at",
    "practitioner.profession",
}
"""What `nurse_round` reads."""

_UNIT = ("IFD", "IFI")
_CAPPED = ("IK", "IKM")


@dataclass(frozen=True, slots=True)
class Round:
    """A nurse's day: the acts that stand, in order of time, with the time of each where it is known."""

    acts: tuple[Act, ...] = ()
    times: dict[str, time] = field(default_factory=dict)

    def of(self, *letters: str) -> list[Act]:
        return [act for act in self.acts if act.letter in letters]

    def at(self, act: Act) -> time | None:
        return self.times.get(act.id)


def nurse_round(check: Check[PractitionerDay]) -> Round:
    """The day of a nurse with its travel; empty for another profession and for a day without travel."""
    subject = check.subject
    practitioner = subject.cabinet.practitioners.get(subject.practitioner_id)
    if practitioner is not None and practitioner.profession != "IDE":
        return Round()
    if not any(act.letter in TRAVEL for act in subject.acts):
        return Round()
    if practitioner is None and not any(act.letter in NURSE_LETTERS for act in subject.acts):
        return Round()
    by_patient: dict[str, list[Act]] = {}
    for act in subject.acts:
        by_patient.setdefault(act.patient_id, []).append(act)
    acts: list[Act] = []
    times: dict[str, time] = {}
    for own in by_patient.values():
        standing = _billed_once(net_of_credits(Batches.of(own)).acts)
        acts.extend(standing)
        times.update(_times(standing))
    acts.sort(key=lambda act: (times.get(act.id, time.min), act.patient_id, act.id))
    return Round(tuple(acts), times)


def _billed_once(acts: Sequence[Act]) -> list[Act]:
    """The acts of one patient, without the lines of one invoice that another one bills again."""
    kept: dict[tuple[object, ...], Act] = {}
    found: list[Act] = []
    for act in acts:
        key = (act.letter, act.coefficient, act.quantity, act.started_at, act.session_id)
        first = kept.setdefault(key, act)
        if first is act or act.invoice_id is None or first.invoice_id in (None, act.invoice_id):
            found.append(act)
    return found


def _times(acts: Sequence[Act]) -> dict[str, time]:
    """The time of each act of one patient's day: its own, else its session's, else the day's only one."""
    sessions = {act.session_id: act.started_at for act in acts if act.session_id and act.started_at}
    every = {act.started_at for act in acts if act.started_at is not None}
    only = next(iter(every)) if len(every) == 1 else None
    known = {act.id: act.started_at or sessions.get(act.session_id or "") or only for act in acts}
    return {name: moment for name, moment in known.items() if moment is not None}


@rule(
    "IDE-DEPL-FOYER",
    subject="practitioner_day",
    severity="info",
    reference="NGAP dispositions générales article 13 ; jurisprudence relevée par Jungloo, sans texte officiel lu",
    confidence="T",
    needs=NURSE_ROUND | {"act.facility", "act.place"},
)
def household(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Un seul déplacement se facture pour plusieurs patients du même domicile.

    Vérifie : que deux patients vus à la même heure, hors établissement, ne sont pas facturés chacun avec une IFD.

    Pourquoi : deux patients vus à la même heure partagent le domicile, donc le déplacement ; la règle n'est pas
    confirmée par un texte officiel.

    Ne s'applique pas : aux patients dépendants (IFI, forfait du jour) ; aux établissements (IDE-DEPL-EHPAD) ; aux
    patients d'un même domicile vus à des heures différentes, que les actes seuls ne relient pas.

    Exemple : deux IFD à la même adresse et à la même heure ; une seule convient.

    Paramètres : aucun
    """
    found = check.derive(nurse_round)
    dependent = {act.patient_id for act in found.of("IFI", *FORFAITS)}
    travels = [
        act
        for act in found.of("IFD")
        if act.patient_id not in dependent and act.facility is None and act.place not in ("EHPAD", "CABINET")
    ]
    if len({act.patient_id for act in travels}) < 2:
        return
    unknown = [act for act in travels if found.at(act) is None]
    if unknown:
        yield Gap(_day_of(check), ("act.started_at",), "des déplacements de ce jour n'ont pas d'heure")
    first: dict[time, Act] = {}
    for act in travels:
        moment = found.at(act)
        if moment is None:
            continue
        other = first.setdefault(moment, act)
        if other.patient_id != act.patient_id:
            yield Flag(
                act,
                f"Deux IFD à {heure(moment)} le {jour(check.subject.day)} pour deux patients : un seul déplacement, si "
                "le domicile est le même (règle non confirmée par un texte officiel).",
                "Gardez une seule IFD par domicile, ou corrigez l'heure.",
                amount=act.amount,
                evidence=(act, other),
            )


@rule(
    "IDE-DEPL-EHPAD",
    subject="practitioner_day",
    severity="reject",
    reference="NGAP dispositions générales article 13.1",
    confidence="C",
    needs=NURSE_ROUND | {"act.facility", "act.place"},
)
def nursing_home(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Un seul déplacement se facture pour plusieurs patients d'un établissement de personnes âgées.

    Vérifie : que pour les patients d'un même établissement vus au cours d'un même déplacement, l'indemnité forfaitaire
    et les indemnités kilométriques ne sont facturées qu'une fois.

    Pourquoi : les frais de déplacement ne peuvent être facturés qu'une seule fois ; le reste est un indu.

    Ne s'applique pas : à deux déplacements : un passage ailleurs, ou deux heures, entre deux patients de
    l'établissement. Dans un établissement dont rien ne dit qu'il héberge des personnes âgées, la réponse est
    indéterminée.

    Exemple : cinq IFD pour cinq patients ; une seule convient.

    Paramètres : ide.travel.trip_minutes
    """
    found = check.derive(nurse_round)
    inside = [act for act in found.of(*TRAVEL) if act.place == "EHPAD" or act.facility is not None]
    if len({act.patient_id for act in inside}) < 2:
        return
    subject = _day_of(check)
    nowhere = [act for act in inside if act.facility is None]
    if nowhere:
        yield Gap(subject, ("act.facility",), "l'établissement de certains déplacements n'est pas connu")
    for facility in sorted({act.facility for act in inside if act.facility is not None}):
        travels = [act for act in inside if act.facility == facility]
        if len({act.patient_id for act in travels}) < 2:
            continue
        if any(act.place == "ETABLISSEMENT" for act in travels):
            yield Gap(subject, ("act.place",), "on ne sait pas si l'établissement héberge des personnes âgées")
            continue
        if any(found.at(act) is None for act in travels):
            yield Gap(subject, ("act.started_at",), "des déplacements dans un établissement n'ont pas d'heure")
            continue
        minutes = check.number("ide.travel.trip_minutes", check.subject.day)
        for number, trip in enumerate(_trips(found, facility, minutes), 1):
            extra = [act for kind in (_UNIT, TRAVEL - FLAT_TRAVEL) for act in _after_first(trip, kind)]
            if extra:
                yield Flag(
                    subject,
                    f"Frais de déplacement facturés pour {len({act.patient_id for act in trip})} patients d'un "
                    f"établissement vus au cours d'un même déplacement, le {jour(check.subject.day)}.",
                    "Gardez les frais de déplacement d'un seul patient.",
                    fault=f"{facility}/{number}",
                    amount=total(extra),
                    evidence=trip,
                )


def _trips(found: Round, facility: str, minutes: int) -> list[list[Act]]:
    """The travel lines in a facility, trip by trip."""
    seen = [act for act in found.acts if found.at(act) is not None]
    trips: list[list[Act]] = []
    last: Act | None = None
    away = True
    for act in seen:
        if act.facility != facility:
            away = away or act.facility is not None or act.letter in TRAVEL or act.place in ("CABINET", "DOMICILE")
            continue
        before, now = None if last is None else found.at(last), found.at(act)
        if away or before is None or now is None or minute(now) - minute(before) > minutes:
            trips.append([])
        last, away = act, False
        if act.letter in TRAVEL:
            trips[-1].append(act)
    return trips


def _after_first(trip: Sequence[Act], letters: Sequence[str] | frozenset[str]) -> list[Act]:
    """The travel lines of one kind beyond the first patient's; the nominal IFI of 0,01 is no travel."""
    own = [act for act in trip if act.letter in letters and act.coefficient >= 1]
    return [act for act in own if act.patient_id != own[0].patient_id]


@rule(
    "IDE-DEPL-PLAF",
    subject="practitioner_day",
    severity="reject",
    reference="NGAP dispositions générales article 13 C 2°",
    confidence="C",
    needs=NURSE_ROUND | {"practitioner.zone"},
)
def daily_cap(check: Check[PractitionerDay]) -> Iterator[Answer]:
    """Les indemnités kilométriques d'un infirmier sont réduites à partir de 300 km par jour.

    Vérifie : que les indemnités du jour sont facturées en entier jusqu'à 299 km cumulés, à 50 % de 300 à 399 km, et ne
    le sont plus à partir de 400 km, dans l'ordre des passages.

    Pourquoi : le plafonnement journalier s'applique à tous les patients de la journée ; au-delà, c'est un indu.

    Ne s'applique pas : aux indemnités à pied ou à ski (IKS) ; à un écart de moins de 5 centimes.

    Exemple : 320 km facturés 112,00 € au lieu de 108,33 €.

    Paramètres : tariff, ide.travel.reduced_from, ide.travel.reduced_share, ide.travel.unpaid_from,
    ide.travel.cap_tolerance
    """
    found, day = check.derive(nurse_round), check.subject.day
    lines = [act for act in found.of(*_CAPPED) if act.quantity > 0]
    reduced_from = check.peek("ide.travel.reduced_from", day)
    driven = sum(act.quantity for act in lines)
    if not isinstance(reduced_from, int) or driven < reduced_from:
        return
    subject = _day_of(check)
    if any(act.amount is None for act in lines):
        yield Gap(subject, ("act.amount",), "le montant d'indemnités kilométriques de ce jour n'est pas connu")
        return
    if len({act.letter for act in lines}) > 1 and any(found.at(act) is None for act in lines):
        yield Gap(subject, ("act.started_at",), "l'ordre des déplacements de ce jour n'est pas connu")
        return
    steps = (0, check.number("ide.travel.reduced_from", day) - 1, check.number("ide.travel.unpaid_from", day) - 1)
    shares = (Decimal(1), check.decimal("ide.travel.reduced_share", day))
    due, done = Decimal(0), 0
    for act in lines:
        row = nurse_tariff(check, act.letter, act)
        if row is None or row.amount is None:
            yield Gap(subject, (f"tariff.{act.letter}",), "le tarif des indemnités kilométriques n'est pas connu")
            return
        check.cite(row.read())
        paid = sum(
            (share * max(0, min(done + act.quantity, last) - max(done, first)))
            for share, (first, last) in zip(shares, pairwise(steps), strict=True)
        )
        due += (paid * row.amount).quantize(CENT, ROUND_HALF_UP)
        done += act.quantity
    billed = sum((act.amount - (act.excess or 0) for act in lines if act.amount is not None), Decimal(0))
    if billed - due >= check.decimal("ide.travel.cap_tolerance", day):
        yield Flag(
            subject,
            f"{driven} km facturés {euros(billed)} le {jour(day)}, au lieu de {euros(due)} une fois le plafonnement "
            "journalier appliqué.",
            f"Ramenez les indemnités kilométriques du jour à {euros(due)}.",
            amount=billed - due,
            evidence=lines,
        )


def _day_of(check: Check[PractitionerDay]) -> SubjectRef:
    return SubjectRef("practitioner_day", f"{check.subject.practitioner_id}/{check.subject.day.isoformat()}")


RULES: tuple[AnyRule, ...] = (
    household,
    nursing_home,
    daily_cap,
)
