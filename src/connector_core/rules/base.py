"""A rule base: rules grouped by what they are asked about, with the parameters they read, ready to judge subjects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Dossier, HouseholdDay, Practice, PractitionerDay, SentLot, Subject
from connector_core.model.finding import SubjectRef, Undetermined
from connector_core.model.vocabulary import Severity
from connector_core.parameters.motifs import RejectMotifs, load_motifs
from connector_core.parameters.registry import ParameterSet
from connector_core.parameters.tariffs import Tariffs
from connector_core.rules.batches import batches
from connector_core.rules.kernel import AnyRule, Check, Rule, S, Verdict, judge
from connector_core.rules.precedence import chain_ranks
from connector_core.rules.treatments import with_treatments


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What a practice decided about rules: switched off, or heard at another severity."""

    off: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] | None = None


class RuleBase:
    """Rules that may be asked, given what the sources of the practice cover.

    A rule that rests on something no source covers is not asked; `uncovered` answers for it, once for the practice.
    """

    def __init__(
        self,
        rules: Iterable[AnyRule],
        parameters: ParameterSet,
        tariffs: Tariffs,
        covers: Covers,
        adjustments: Adjustments | None = None,
        motifs: RejectMotifs | None = None,
    ) -> None:
        self.parameters = parameters
        self.tariffs = tariffs
        self.motifs = motifs or load_motifs()
        self._chains = chain_ranks()
        self._adjustments = adjustments or Adjustments()
        self._dossier: list[Rule[Dossier]] = []
        self._day: list[Rule[PractitionerDay]] = []
        self._household: list[Rule[HouseholdDay]] = []
        self._lot: list[Rule[SentLot]] = []
        self._practice: list[Rule[Practice]] = []
        self._concerned: dict[frozenset[str], list[Rule[Dossier]]] = {}
        self.uncovered: list[Undetermined] = []
        self.rules = tuple(each for each in rules if each.code not in self._adjustments.off)
        for each in self.rules:
            missing = tuple(name for name in each.rests_on if name not in covers)
            if missing:
                said = (
                    "la colonne est vide partout pour" if covers.empty.issuperset(missing) else "aucune source ne donne"
                )
                reason = f"{said} {', '.join(missing)}"
                self.uncovered.append(Undetermined(each.code, SubjectRef("practice", "practice"), missing, reason))
                continue
            match each.subject:
                case "dossier":
                    self._dossier.append(each)  # type: ignore[arg-type]  # the subject's name says its type
                case "practitioner_day":
                    self._day.append(each)  # type: ignore[arg-type]  # the subject's name says its type
                case "household_day":
                    self._household.append(each)  # type: ignore[arg-type]  # the subject's name says its type
                case "lot":
                    self._lot.append(each)  # type: ignore[arg-type]  # the subject's name says its type
                case "practice":
                    self._practice.append(each)  # type: ignore[arg-type]  # the subject's name says its type
        self._letters = frozenset(letter for each in self._dossier for letter in each.letters)
        self.household_letters = frozenset(letter for each in self._household for letter in each.letters)
        """The lettres-clés without which no rule has anything to say of a household."""

    @property
    def asks_days(self) -> bool:
        """Whether any rule is about a practitioner's day."""
        return bool(self._day)

    @property
    def asks_lots(self) -> bool:
        """Whether any rule is about a lot that has left."""
        return bool(self._lot)

    @property
    def asks_practice(self) -> bool:
        """Whether any rule is about the practice as a whole."""
        return bool(self._practice)

    def ask(self, subject: Subject, as_of: date) -> Verdict:
        """Ask every rule of the subject's kind about it."""
        return self._adjusted(self._judged(subject, as_of))

    def _judged(self, subject: Subject, as_of: date) -> Verdict:
        match subject:
            case Dossier():
                check = with_treatments(self._check(subject, as_of))
                return judge(self._concerning(check), check, self._chains)
            case PractitionerDay():
                return judge(self._day, self._check(subject, as_of), self._chains)
            case HouseholdDay():
                return judge(self._household, self._check(subject, as_of), self._chains)
            case SentLot():
                return judge(self._lot, self._check(subject, as_of), self._chains)
            case Practice():
                return judge(self._practice, self._check(subject, as_of), self._chains)

    def _check(self, subject: S, as_of: date) -> Check[S]:
        return Check(subject, as_of, self.parameters, self.tariffs, self.motifs)

    def _concerning(self, check: Check[Dossier]) -> list[Rule[Dossier]]:
        """The rules that may have something to say, given the letters of a dossier's acts."""
        letters = check.derive(batches).letters & self._letters
        rules = self._concerned.get(letters)
        if rules is None:
            rules = self._concerned[letters] = [each for each in self._dossier if each.concerns(letters)]
        return rules

    def _adjusted(self, verdict: Verdict) -> Verdict:
        severities = self._adjustments.severities
        if not severities or not verdict.findings:
            return verdict
        findings = tuple(
            replace(each, severity=severities[each.rule]) if each.rule in severities else each
            for each in verdict.findings
        )
        return replace(verdict, findings=findings)
