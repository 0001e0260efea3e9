"""One plugin asked everything: verdicts, the level that they add up to, the report.

A check that rests on another is not run where that one failed. Every verdict is made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from connector_core import __version__
from connector_core.plugins.conformance import LEVELS, ConformanceReport, Exemption, Level, code_digest
from connector_core.testing.conformance import (
    bundle_checks,
    identity_checks,
    package_checks,
    parse_checks,
    privacy_checks,
    record_checks,
    write_back_checks,
)
from connector_core.testing.conformance.candidate import Candidate, PluginCheck
from connector_core.testing.conformance.check import (
    Broken,
    Check,
    NotApplicable,
    Open,
    Outcome,
    Verdict,
)
from connector_core.testing.conformance.exhibit import Exhibit, SampleCheck
from connector_core.testing.conformance.scenario import samples_below
from connector_core.testing.conformance.unseen import unseen

T = TypeVar("T")

PLUGIN_CHECKS: Mapping[str, PluginCheck] = {each.code: each for each in package_checks.CHECKS}
SAMPLE_CHECKS: Mapping[str, SampleCheck] = {
    each.code: each
    for checks in (
        parse_checks.CHECKS,
        record_checks.CHECKS,
        privacy_checks.CHECKS,
        bundle_checks.CHECKS,
        identity_checks.CHECKS,
        write_back_checks.CHECKS,
    )
    for each in checks
}
CODES: tuple[str, ...] = tuple(sorted([*PLUGIN_CHECKS, *SAMPLE_CHECKS]))
_FIRST = next(iter(SAMPLE_CHECKS))
"""The check that a sample fails by which nothing can be asked about it."""
_LAST = "*"
"""In `after`: every other check of the sample and of the plugin."""
_WORST: tuple[Outcome, ...] = ("failed", "blocked", "open", "exempt", "passed", "not applicable")


def check_of(code: str) -> PluginCheck | SampleCheck:
    """A check by its code."""
    return PLUGIN_CHECKS.get(code) or SAMPLE_CHECKS[code]


@dataclass
class Examination:
    """The verdicts on one plugin."""

    candidate: Candidate
    _verdicts: dict[tuple[str, str], Verdict] = field(default_factory=dict)
    _exhibits: dict[str, Exhibit] = field(default_factory=dict)

    def samples(self) -> tuple[str, ...]:
        return samples_below(self.candidate.samples)

    def verdict(self, code: str, sample: str = "") -> Verdict:
        """What a check answers on the plugin, or on one of its samples."""
        key = code, sample
        if key not in self._verdicts:
            self._verdicts[key] = self._made(code, sample)
        return self._verdicts[key]

    def verdicts(self) -> Iterator[Verdict]:
        """All of them."""
        for code in PLUGIN_CHECKS:
            yield self.verdict(code)
        for sample in self.samples():
            for code in SAMPLE_CHECKS:
                yield self.verdict(code, sample)

    def held_back(self, level: Level) -> list[Verdict]:
        """The verdicts for which a level, or one below it, is not reached."""
        asked = LEVELS[: LEVELS.index(level) + 1]
        verdicts = [each for each in self.verdicts() if check_of(each.code).level in asked]
        shown = {each.code for each in verdicts if each.outcome == "passed" and not check_of(each.code).every}
        return [
            each
            for each in verdicts
            if each.outcome in ("failed", "blocked") or (each.outcome == "open" and each.code not in shown)
        ]

    def level(self) -> Level | None:
        """The highest level reached; None without a sample, or where not even bronze is."""
        reached = [level for level in LEVELS if self.samples() and not self.held_back(level)]
        return reached[-1] if reached else None

    def report(self) -> ConformanceReport:
        origin = self.candidate.declared.origin
        folder = self.candidate.folder
        verdicts = list(self.verdicts())
        return ConformanceReport(
            connector=self.candidate.connector,
            distribution=origin.distribution,
            version=origin.version,
            core=__version__,
            level=self.level(),
            code="" if folder is None else code_digest(folder),
            checks={code: worst(each.outcome for each in verdicts if each.code == code) for code in CODES},
            samples={name: self._exhibit(name).digest for name in self._sound()},
            exemptions=tuple(self._exemptions()),
            unseen=self._unseen(),
        )

    def _unseen(self) -> Mapping[str, tuple[str, ...]]:
        """The fields that no row of a sample fills; none where a sample can't be read, which is told by a check."""
        if any(self.verdict("C4-READS", name).outcome != "passed" for name in self.samples()):
            return {}
        return unseen(self.candidate.tested, [self._exhibit(name).whole for name in self.samples()])

    def _exemptions(self) -> Iterator[Exemption]:
        for name in self._sound():
            for each in self._exhibit(name).scenario.exempt:
                yield Exemption(each.check, name, each.reason)

    def _sound(self) -> Iterator[str]:
        """The samples that could be asked about."""
        return (name for name in self.samples() if not self._exhibit(name).problem(SAMPLE_CHECKS))

    def _exhibit(self, sample: str) -> Exhibit:
        if sample not in self._exhibits:
            self._exhibits[sample] = Exhibit(self.candidate, sample)
        return self._exhibits[sample]

    def _made(self, code: str, sample: str) -> Verdict:
        found = PLUGIN_CHECKS.get(code)
        if found is not None:
            return self._asked(found, self.candidate, "", ())
        exhibit = self._exhibit(sample)
        problem = exhibit.problem(SAMPLE_CHECKS)
        if problem:
            return Verdict(code, sample, "failed" if code == _FIRST else "blocked", problem)
        exempt = [each for each in exhibit.scenario.exempt if each.check == code]
        asked = SAMPLE_CHECKS[code]
        verdict = self._asked(asked, exhibit, sample, exempt)
        if verdict.outcome != "passed" or not exempt:
            return verdict
        if not asked.exemptible:
            return Verdict(code, sample, "failed", "the scenario exempts from it, which this check does not allow")
        if code not in exhibit.used:
            return Verdict(code, sample, "failed", "the scenario exempts from it, but it holds: take the exemption out")
        return Verdict(code, sample, "exempt", "; ".join(each.reason for each in exempt))

    def _asked(self, check: Check[T], given: T, sample: str, exempt: Iterable[object]) -> Verdict:
        failed = self._failed_before(check, sample)
        if failed:
            return Verdict(check.code, sample, "blocked", f"not run: {failed} does not hold")
        try:
            check.run(given)
        except Broken as broken:
            return Verdict(check.code, sample, "failed", str(broken))
        except NotApplicable as reason:
            return Verdict(check.code, sample, "not applicable", str(reason))
        except Open as reason:
            return Verdict(check.code, sample, "open", str(reason))
        return Verdict(check.code, sample, "passed")

    def _failed_before(self, check: Check[T], sample: str) -> str:
        before = check.after
        if before == (_LAST,):
            before = tuple(code for code in (*PLUGIN_CHECKS, *SAMPLE_CHECKS) if code != check.code)
        for code in before:
            verdict = self.verdict(code, "" if code in PLUGIN_CHECKS else sample)
            if verdict.outcome in ("failed", "blocked"):
                return code
        return ""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """One outcome for several samples: the one that holds a level back most."""
    return min(outcomes, key=_WORST.index, default="open")
