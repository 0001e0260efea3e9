"""What the bilan rules share: the ladder of thresholds, the neurological scope, the price of a bilan.

NGAP titre XIV chap. I section 2: a bilan within the first sessions, then at a threshold, then at every step after it;
the thresholds differ for neurological and muscular affections, peripheral lesions left out (article 4 of chap. II).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.finding import SubjectRef
from connector_core.model.records import Act, Assessment, Record
from connector_core.model.vocabulary import AssessmentKind, Zone
from connector_core.rules.counting import COUNT, RankedBdk, Series, count
from connector_core.rules.kernel import Answer, Check, Gap, ParameterUnknown

NEURO_SCOPE = COUNT | {"act.act_code", "treatment.article", "treatment.neuro_peripheral"}
"""What `neuro_scope` reads of counted sessions and of their treatment."""

NEURO_ARTICLE = 4
"""Article of chap. II whose treatments have the longer ladder."""
_MAY_BE_NEURO = frozenset({"NMI", "TER", "AMK", "AMC", "TMK"})
"""Letters under which acts of article 4 are, or were, billed; any other letter bills another article."""
_NEURO_CODE = "MK-art4-"
_PERIPHERAL_CODE = "MK-art4-peripherique"
_LYMPHOEDEMA = ("RAV", Decimal("15.5"))

_Sign = Literal["neuro", "peripheral", "other"]
Judge = Callable[[Check[Dossier], Series], Iterator[Answer]]


_LADDERS = {
    neuro: (
        "kine.bdk.first_window",
        f"kine.bdk.{scope}.threshold",
        f"kine.bdk.{scope}.step",
        "kine.bdk.tolerance_sessions",
        "kine.bdk.before_sessions",
    )
    for neuro, scope in ((False, "general"), (True, "neuro"))
}
"""The parameters of each ladder, in the order of its fields."""


class Ladder(NamedTuple):
    """The ranks at which a bilan may be billed: the first sessions, then threshold, threshold + step …"""

    neuro: bool
    first_window: int
    threshold: int
    step: int
    tolerance: int
    before: int

    def reached(self, rank: int) -> int | None:
        """The last threshold at or before a rank."""
        if rank < self.threshold:
            return None
        return rank - (rank - self.threshold) % self.step

    def window(self, rank: int) -> int | None:
        """The threshold for which a bilan of this rank counts, tolerance included."""
        reached = self.reached(rank)
        return reached if reached is not None and rank <= reached + self.tolerance else None

    def allows(self, rank: int) -> bool:
        return rank <= self.first_window or self.window(rank) is not None

    def following(self, rank: int) -> int:
        """The first threshold after a rank."""
        reached = self.reached(rank)
        return self.threshold if reached is None else reached + self.step

    def preceding(self, threshold: int) -> int:
        """The threshold before one, 0 before the first."""
        return threshold - self.step if threshold > self.threshold else 0

    def anticipates(self, rank: int) -> int | None:
        """The threshold that a bilan of this rank comes just before."""
        following = self.following(rank)
        return following if following - self.before <= rank and not self.allows(rank) else None


def read_ladder(check: Check[Dossier], neuro: bool, day: date) -> Ladder:
    """The ladder in force on a day."""
    return Ladder(neuro, *check.numbers(_LADDERS[neuro], day))


def ladders(check: Check[Dossier], series: Series, day: date) -> tuple[Ladder, ...]:
    """The ladder of a treatment; both where its scope can't be told."""
    scope = neuro_scope(check, series)
    return tuple(read_ladder(check, neuro, day) for neuro in ((False, True) if scope is None else (scope,)))


def neuro_scope(check: Check[Dossier], series: Series) -> bool | None:
    """Whether the longer ladder applies to a treatment; None when neither its description nor its letters tell."""
    if series.neuro is None:
        series.neuro = (_find_scope(check, series),)
    return series.neuro[0]


def _find_scope(check: Check[Dossier], series: Series) -> bool | None:
    treatment = series.treatment
    article = None if treatment is None else treatment.article
    peripheral = None if treatment is None else treatment.neuro_peripheral
    if peripheral or (article is not None and article != NEURO_ARTICLE):
        return False
    if article == NEURO_ARTICLE and peripheral is False:
        return True
    for act in reversed(series.sessions):
        sign = _sign(check, act)
        if sign is not None:
            return sign != "peripheral" if article == NEURO_ARTICLE else sign == "neuro"
    return None


def _sign(check: Check[Dossier], act: Act) -> _Sign | None:
    """What one session tells of its treatment."""
    if act.letter not in _MAY_BE_NEURO:
        return "other"
    rows = check.tariffs.rows_on(act.letter, act.coefficient, act.performed_on, "METRO")
    codes = {row.code for row in rows or check.tariffs.periods(act.letter, act.coefficient, "METRO")}
    if act.act_code is not None:
        codes &= {act.act_code}
    signs = {_code_sign(code) for code in codes}
    return signs.pop() if len(signs) == 1 else None


def _code_sign(code: str) -> _Sign:
    if code.startswith(_PERIPHERAL_CODE):
        return "peripheral"
    return "neuro" if code.startswith(_NEURO_CODE) else "other"


def unbilled_assessments(check: Check[Dossier], series: Series, kind: AssessmentKind) -> Iterator[Assessment]:
    """The clinical bilans of a treatment that no act bills."""
    for each in check.subject.assessments:
        if each.kind == kind and each.act_id is None and each.treatment_id == series.treatment_id:
            yield each


def asked_by_lymphoedema(check: Check[Dossier], series: Series, bdk: RankedBdk) -> bool:
    """Whether a bilan is the one that RAV 15,5 asks for before going beyond its optimal number of sessions."""
    letter, coefficient = _LYMPHOEDEMA
    if not any(act.letter == letter and act.coefficient == coefficient for act in series.sessions):
        return False
    sessions = check.number("kine.lymphoedema.sessions", bdk.act.performed_on)
    margin = check.number("kine.lymphoedema.bdk_margin", bdk.act.performed_on)
    return abs(bdk.rank - sessions) <= margin


def zone_of(check: Check[Dossier], act: Act) -> Zone:
    """The tariff zone of the act's practitioner; the model's default where no source describes them."""
    practitioner = check.subject.cabinet.practitioners.get(act.practitioner_id)
    return "METRO" if practitioner is None else practitioner.zone


def coefficient_of(check: Check[Dossier], neuro: bool, day: date) -> Decimal:
    return check.decimal("kine.bdk.neuro.coefficient" if neuro else "kine.bdk.general.coefficient", day)


def bdk_price(check: Check[Dossier], neuro: bool, session: Act) -> Decimal | None:
    """What a bilan pays on the day of a session, in the zone of its practitioner."""
    coefficient = coefficient_of(check, neuro, session.performed_on)
    priced = check.tariffs.price("AMK", coefficient, session.performed_on, zone_of(check, session))
    if priced is None:
        return None
    check.cite(priced[1])
    return priced[0]


def worth(check: Check[Dossier], act: Act) -> Decimal | None:
    """What one act brings: its amount, else its tariff where it is billed in full."""
    if act.amount is not None:
        return act.amount
    priced = check.tariffs.price(act.letter, act.coefficient, act.performed_on, zone_of(check, act))
    if priced is None or act.rate != "1":
        return None
    check.cite(priced[1])
    return priced[0]


def patient_subject(check: Check[Dossier]) -> Record | SubjectRef:
    return check.subject.patient or SubjectRef("patient", check.subject.patient_id)


def by_series(check: Check[Dossier], judge: Judge) -> Iterator[Answer]:
    """Ask about each treatment alone; where acts without treatment may change an answer, say so once per dossier."""
    counting = check.derive(count)
    doubtful = False
    for series in counting.series:
        if not series.doubtful:
            try:
                yield from judge(check, series)
            except ParameterUnknown as failure:
                yield Gap(series.subject, (failure.unknown.name,), failure.unknown.reason)
        elif not doubtful:
            doubtful = any(_asked(check, series, judge)) or any(_asked(check, series.with_loose(), judge))
    loose = counting.loose
    if doubtful or ((loose.sessions or loose.bdks) and any(_asked(check, loose, judge))):
        reason = "des séances ou des bilans du patient ne sont rattachés à aucun traitement"
        yield Gap(patient_subject(check), ("act.treatment_id",), reason)


def _asked(check: Check[Dossier], series: Series, judge: Judge) -> Iterator[Answer]:
    try:
        yield from judge(check, series)
    except ParameterUnknown as failure:
        yield Gap(series.subject, (failure.unknown.name,), failure.unknown.reason)


def any_late_bdk(check: Check[Dossier]) -> bool:
    """Whether a bilan may stand after the first sessions of its treatment: elsewhere most rules on its place have
    nothing to say. In doubt, it may."""
    counting = check.derive(count)
    if counting.loose.sessions or counting.loose.bdks:
        return True
    for series in counting.series:
        for bdk in series.bdks:
            window = check.peek("kine.bdk.first_window", bdk.act.performed_on)
            if not isinstance(window, int) or bdk.rank > window:
                return True
    return False


def misplaced_bdks(
    check: Check[Dossier], series: Series, at_fault: Callable[[Ladder, int], bool]
) -> Iterator[tuple[RankedBdk, Ladder | None]]:
    """The bilans after the first sessions whose rank is at fault, with the ladder that says so.

    The ladder is None where the scope of the treatment can't be told and decides. A bilan that RAV 15,5 asks for is
    never at fault.
    """
    for bdk in series.bdks:
        day = bdk.act.performed_on
        if bdk.rank <= check.number("kine.bdk.first_window", day) or asked_by_lymphoedema(check, series, bdk):
            continue
        possible = ladders(check, series, day)
        failing = [ladder for ladder in possible if at_fault(ladder, bdk.rank)]
        if failing:
            yield bdk, failing[0] if len(failing) == len(possible) else None


def scope_gap(subject: Record | SubjectRef, series: Series) -> Gap:
    """What to answer where the scope of a treatment would decide."""
    treatment = series.treatment
    known = treatment is not None and treatment.article == NEURO_ARTICLE
    missing = "treatment.neuro_peripheral" if known else "treatment.article"
    return Gap(subject, (missing,), "le seuil du bilan dépend de l'article de la NGAP, qui n'est pas connu")
