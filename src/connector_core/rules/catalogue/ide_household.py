"""IDE-BSI for the people of one home: one IFI in full per visit, no other travel beside it, kilometres once.

A visit is what one nurse does in the home without going elsewhere: care of several people whose times are no further
apart than a project's parameter. Where a time is missing and somebody was cared for twice that day, visits can't be
told apart, and the rules say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from connector_core.model.dossier import Dossier, HouseholdDay
from connector_core.model.records import Act
from connector_core.rules.catalogue.ide_facts import FORFAITS, NURSE_ACTS, Passage, nurse_acts
from connector_core.rules.catalogue.kine_facts import minute
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

VISITS = NURSE_ACTS
"""What `visits` reads."""

_KILOMETRES = ("IK", "IKM", "IKS")
_TRAVEL = ("IFD", "ID", *_KILOMETRES)
_FULL = Decimal(1)


@dataclass(frozen=True, slots=True)
class _Care:
    """What one person of the home was done in one passage."""

    dossier: Dossier
    passage: Passage

    @property
    def dependent(self) -> bool:
        """Whether the passage is dependency care: a package, or its travel."""
        return any(act.letter in FORFAITS or act.letter == "IFI" for act in self.passage.acts)


@dataclass(frozen=True, slots=True)
class _Visits:
    """The visits in which several people were cared for; `untold` is the first act whose visit can't be told."""

    visits: tuple[tuple[_Care, ...], ...]
    untold: Act | None = None


def visits(check: Check[HouseholdDay]) -> _Visits:
    """The visits of a household's day. Ask through `check.derive(visits)`."""
    cares = [care for dossier in check.subject.dossiers for care in _cares(check, dossier)]
    found: list[tuple[_Care, ...]] = []
    untold: Act | None = None
    for nurse in dict.fromkeys(care.passage.practitioner_id for care in cares):
        own = [care for care in cares if care.passage.practitioner_id == nurse]
        if len({care.dossier.patient_id for care in own}) < 2:
            continue
        if all(care.passage.started_at is not None for care in own):
            found.extend(_by_time(own, check.number("ide.household.minutes", check.subject.day)))
        elif len({care.dossier.patient_id for care in own}) == len(own):
            found.append(tuple(own))  # each of them once: one visit, whatever its time
        elif untold is None:
            untold = next(care for care in own if care.passage.started_at is None).passage.acts[0]
    several = tuple(visit for visit in found if len({care.dossier.patient_id for care in visit}) > 1)
    return _Visits(several, untold)


def _cares(check: Check[HouseholdDay], dossier: Dossier) -> Iterator[_Care]:
    """What was done for one person that day."""
    for passage in check.about(dossier).derive(nurse_acts).passages:
        if passage.day == check.subject.day:
            yield _Care(dossier, passage)


def _by_time(cares: list[_Care], minutes: int) -> Iterator[tuple[_Care, ...]]:
    ordered = sorted(cares, key=_start)
    visit: list[_Care] = []
    for care in ordered:
        if visit and _start(care) - _start(visit[-1]) > minutes:
            yield tuple(visit)
            visit = []
        visit.append(care)
    yield tuple(visit)


def _start(care: _Care) -> int:
    started = care.passage.started_at
    return 0 if started is None else minute(started)


@rule(
    "IDE-BSI-IFI-COEF",
    subject="household_day",
    severity="reject",
    reference="NGAP dispositions générales article 13 D ; ameli, BSI (17/09/2024)",
    confidence="S+C",
    needs=VISITS | {"patient.household", "practitioner.zone"},
    rests_on=("patient.household",),
    letters=("IFI",),
)
def one_in_full(check: Check[HouseholdDay]) -> Iterator[Answer]:
    """Dans un foyer, une seule IFI au coefficient 1 par passage ; les autres sont à 0,01.

    Vérifie : que, lorsque plusieurs personnes d'un même foyer reçoivent des soins de dépendance au même passage, la
    première seule est facturée IFI 1 et chacune des autres IFI 0,01.

    Pourquoi : le déplacement n'est fait qu'une fois ; l'IFI à 0,01 (0,03 €) le dit à la caisse.

    Ne s'applique pas : à des passages distincts de la journée ; aux personnes de foyers différents.

    Exemple : un couple, IFI 1 et IFI 1 au même passage : signalé ; IFI 1 et IFI 0,01 : rien.

    Paramètres : ide.household.minutes, tariff
    """
    found = check.derive(visits)
    yield from _untold(found)
    for visit in found.visits:
        full = [(care, act) for care in visit for act in care.passage.of("IFI") if act.coefficient >= _FULL]
        for care, act in full[1:]:
            if care.dossier.patient_id == full[0][0].dossier.patient_id:
                continue  # twice for one person: another rule's question
            yield Flag(
                act,
                f"IFI 1 du {jour(act.performed_on)} facturée à plusieurs personnes du foyer au même passage.",
                "Facturez IFI 1 pour la première personne et IFI 0,01 pour chacune des autres.",
                fault="coefficient",
                amount=_too_much(check, act),
                evidence=(full[0][1], act),
            )


@rule(
    "IDE-BSI-IFI-MIXTE",
    subject="household_day",
    severity="reject",
    reference="NGAP dispositions générales articles 13 A et 13 D ; ameli, BSI (17/09/2024)",
    confidence="S+C",
    needs=VISITS | {"patient.household"},
    rests_on=("patient.household",),
    letters=("IFI", *_TRAVEL),
)
def no_travel_beside(check: Check[HouseholdDay]) -> Iterator[Answer]:
    """Dans un foyer où l'IFI est facturée, les autres personnes n'ont ni IFD ni IK.

    Vérifie : qu'à un passage où une personne du foyer est facturée IFI, aucune autre, soignée hors dépendance, n'est
    facturée d'un déplacement.

    Pourquoi : un seul déplacement est fait, et l'IFI le paie.

    Ne s'applique pas : à un autre passage de la journée.

    Exemple : l'épouse BSB et IFI 1, le mari AMI 1 et IFD au même passage : signalé ; le mari AMI 1 seul : rien.

    Paramètres : ide.household.minutes
    """
    found = check.derive(visits)
    yield from _untold(found)
    for visit in found.visits:
        paid = [act for care in visit for act in care.passage.of("IFI")]
        if not paid:
            continue
        for act in (act for care in visit if not care.dependent for act in care.passage.of(*_TRAVEL)):
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : le déplacement au foyer est déjà payé par une IFI.",
                "Retirez ce déplacement : au même passage, une autre personne du foyer a l'IFI.",
                fault="travel",
                amount=act.amount,
                evidence=(paid[0], act),
            )


@rule(
    "IDE-BSI-IK-UNE",
    subject="household_day",
    severity="reject",
    reference="NGAP dispositions générales article 13 ; ameli, BSI (17/09/2024)",
    confidence="S+C",
    needs=VISITS | {"patient.household"},
    rests_on=("patient.household",),
    letters=("IFI",),
)
def kilometres_once(check: Check[HouseholdDay]) -> Iterator[Answer]:
    """Dans un foyer, les kilomètres d'un passage avec IFI sont facturés une fois.

    Vérifie : qu'à un passage où plusieurs personnes du foyer ont l'IFI, les indemnités kilométriques ne sont
    facturées qu'à l'une d'elles.

    Pourquoi : la route n'est faite qu'une fois.

    Ne s'applique pas : à un autre passage de la journée ; aux personnes soignées hors dépendance (IDE-BSI-IFI-MIXTE).

    Exemple : IK facturées aux deux époux au même passage : signalé ; à l'un d'eux : rien.

    Paramètres : ide.household.minutes
    """
    found = check.derive(visits)
    yield from _untold(found)
    for visit in found.visits:
        billed = [(care, act) for care in visit if care.passage.of("IFI") for act in care.passage.of(*_KILOMETRES)]
        for care, act in billed[1:]:
            if care.dossier.patient_id == billed[0][0].dossier.patient_id:
                continue
            amount = "" if act.amount is None else f" ({euros(act.amount)})"
            yield Flag(
                act,
                f"{act.letter} du {jour(act.performed_on)}{amount} : la route est déjà facturée à une autre personne "
                "du foyer.",
                "Gardez une seule ligne de kilomètres par passage au domicile.",
                fault="kilometres",
                amount=act.amount,
                evidence=(billed[0][1], act),
            )


def _untold(found: _Visits) -> Iterator[Gap]:
    if found.untold is not None:
        reason = "l'heure d'un soin au foyer n'est pas connue, on ne sait pas de quel passage il est"
        yield Gap(found.untold, ("act.started_at",), reason)


def _too_much(check: Check[HouseholdDay], act: Act) -> Decimal | None:
    """What IFI 1 pays more than IFI 0,01."""
    practitioner = check.subject.cabinet.practitioners.get(act.practitioner_id)
    zone = "METRO" if practitioner is None else practitioner.zone
    full = check.tariffs.price("IFI", _FULL, act.performed_on, zone)
    small = check.tariffs.price("IFI", Decimal("0.01"), act.performed_on, zone)
    if full is None or small is None:
        return None
    check.cite(full[1])
    check.cite(small[1])
    return full[0] - small[0]


RULES: tuple[AnyRule, ...] = (one_in_full, no_travel_beside, kilometres_once)
