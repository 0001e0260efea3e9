"""Findings and refused rows as a person reads them in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import click

from connector_core.deliver import french
from connector_core.deliver.questions import reason_words
from connector_core.deliver.record_words import RECORD_WORDS
from connector_core.deliver.sections import as_told, by_urgency, section_of
from connector_core.deliver.stake import at_stake
from connector_core.model.finding import Evidence, Finding, Reject, Undetermined
from connector_core.model.vocabulary import Severity

SEVERITIES: Mapping[Severity, tuple[str, str, str]] = {
    "reject": ("REJET", "rejet à éviter", "rejets à éviter"),
    "revenue": ("RECETTE", "recette à ne pas perdre", "recettes à ne pas perdre"),
    "info": ("À VÉRIFIER", "point à vérifier", "points à vérifier"),
}
_COLOURS: Mapping[Severity, str] = {"reject": "red", "revenue": "yellow", "info": "cyan"}
_REASONS = 12


def summary(findings: Sequence[Finding], as_of: date, settled: Collection[str] = ()) -> str:
    """« 5 constats : 1 rejet à éviter, 4 recettes à ne pas perdre ; 70,95 € en jeu », the sum of the report.

    `settled` are the fingerprints of those that were dismissed or resolved: nothing is at stake in them.
    """
    if not findings:
        return "Aucun constat."
    sections = [section_of(finding, as_of) for finding in findings]
    counts = Counter(each.severity for each, section in zip(findings, sections, strict=True) if section != "past")
    parts = [french.count(counts[name], one, many) for name, (_, one, many) in SEVERITIES.items() if counts[name]]
    if past := sections.count("past"):
        parts.append(french.count(past, "erreur ancienne", "erreurs anciennes"))
    standing = [each for each in zip(findings, sections, strict=True) if each[0].fingerprint not in settled]
    money = sum(at_stake(standing).values(), Decimal(0))
    stake = f" ; {french.euros(money)} en jeu" if money else ""
    return french.typographic(f"{french.count(len(findings), 'constat')} : {', '.join(parts)}{stake}.")


def findings_text(
    findings: Sequence[Finding], as_of: date, limit: int, files: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Findings, the most urgent first; at most `limit` of them (0: all). `files` names files by their digest."""
    ordered = by_urgency(findings, as_of)
    for finding in ordered[:limit] if limit else ordered:
        yield ""
        yield from finding_text(finding, files or {}, as_of)
    if limit and len(ordered) > limit:
        yield ""
        yield f"… et {french.count(len(ordered) - limit, 'autre')} : « --limit 0 » les montre tous."


def finding_text(finding: Finding, files: Mapping[str, str], as_of: date, who: str | None = None) -> Iterator[str]:
    """One finding in a few lines, as of a day; `who` names the patient."""
    finding = as_told(finding, as_of)
    label = click.style(SEVERITIES[finding.severity][0], fg=_COLOURS[finding.severity], bold=True)
    about = [click.style(finding.rule, bold=True), _subject(finding, who)]
    if finding.amount is not None:
        about.append(french.euros(finding.amount))
    if finding.deadline is not None:
        until = "échéance passée :" if finding.deadline < as_of else "au plus tard le"
        about.append(f"{until} {french.short_day(finding.deadline)}")
    yield f"{label}  {' · '.join(about)}  [{finding.fingerprint[:8]}]"
    yield f"  {french.typographic(finding.message)}"
    yield f"  → {french.typographic(finding.action)}"
    places = [place for place in (evidence_place(each, files) for each in finding.evidence) if place]
    if places:
        yield click.style(f"  {' ; '.join(places[:3])}{' …' if len(places) > 3 else ''}", dim=True)


def evidence_place(evidence: Evidence, files: Mapping[str, str]) -> str:
    """« acte a30, export.csv, ligne 31 »; without a place when the record has none."""
    what = _called(evidence.kind, evidence.id)
    provenance = evidence.provenance
    if provenance is None:
        return what
    name = files.get(provenance.sha256, provenance.source)
    return ", ".join(part for part in (what, name, french.place(provenance.locator)) if part)


def undetermined_text(answers: Sequence[Undetermined]) -> Iterator[str]:
    """What could not be told, by reason."""
    if not answers:
        return
    counts = Counter(reason_words(each) for each in answers)
    rules: dict[str, set[str]] = {}
    for each in answers:
        rules.setdefault(reason_words(each), set()).add(each.rule)
    yield ""
    yield f"{french.count(len(answers), 'question sans réponse', 'questions sans réponse')} :"
    listed = counts.most_common(_REASONS)
    for reason, count in listed:
        concerned = sorted(rules[reason])
        named = concerned[0] if len(concerned) == 1 else french.count(len(concerned), "règle")
        times = f", {count} fois" if count > 1 else ""
        yield f"  {french.typographic(reason)} ({named}{times})"
    if len(counts) > len(listed):
        yield f"  … et {french.count(len(counts) - len(listed), 'autre raison', 'autres raisons')}."


def rejects_text(rejects: Sequence[Reject], names: Sequence[str], limit: int) -> Iterator[str]:
    """What was refused, with its place; `names` are the files, one for each reject."""
    if not rejects:
        return
    yield ""
    head = f"{french.count(len(rejects), 'rejet')} : ces données n'ont pas été contrôlées."
    yield click.style(french.typographic(head), fg="red", bold=True)
    shown = list(zip(names, rejects, strict=True))
    for name, reject in shown[:limit] if limit else shown:
        locator = reject.provenance.locator
        place = "" if locator == "fichier" else f", {french.place(locator)}"
        yield f"  {name}{place} : {french.typographic(reject.reason)}"
    if limit and len(shown) > limit:
        yield f"  … et {french.count(len(shown) - limit, 'autre')} : « --limit 0 » les montre tous."
    yield "Voyez un fichier de près : « connector inspect FICHIER »."


def _subject(finding: Finding, who: str | None) -> str:
    subject = finding.subject
    if finding.patient_id is None or subject.kind == "patient":
        return _called(subject.kind, subject.id, who)
    return f"{_called('patient', finding.patient_id, who)} · {_called(subject.kind, subject.id)}"


def _called(kind: str, identifier: str, who: str | None = None) -> str:
    word = RECORD_WORDS.get(kind, kind)
    if who is not None:
        return f"{word} {who} ({identifier})"
    return word if kind == identifier else f"{word} {identifier}"
