"""The report as one HTML page that needs nothing else: no network, no other file, and no script to be whole.

The page carries its own content policy: one style sheet and one small script, each named by its hash, and nothing from
elsewhere. Everything that comes from a file of the practice is escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from connector_core import __version__
from connector_core.deliver import french
from connector_core.deliver.report_data import NOT_AT_STAKE, SECTIONS
from connector_core.deliver.report_model import Item, ReportData
from connector_core.deliver.sections import Section
from connector_core.deliver.wording import (
    ALERT_WORDS,
    NO_MOTIF,
    SECTION_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    SectionWords,
    headline,
    lead,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_PLACES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A finding in the table of its section, with the one date that the table shows."""

    item: Item
    on: date | None
    next_session: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section of the page; `mixed` when its findings are not all equally grave."""

    name: Section
    words: SectionWords
    rows: tuple[Row, ...]
    total: str | None
    mixed: bool

    @property
    def noun(self) -> str:
        return self.words.singular if len(self.rows) < 2 else self.words.plural


def render_html(data: ReportData) -> str:
    """The whole page."""
    from markupsafe import Markup

    style, script = _asset("report.css"), _asset("report.js")
    template = _environment().get_template("report.html")
    stakes = [line for line in data.money.by_section if line.name not in NOT_AT_STAKE and line.reject + line.revenue]
    return template.render(
        data=data,
        headline=headline(data),
        lead=lead(data),
        sections=[view for section in SECTIONS if (view := _section(data, section)) is not None],
        anchors={part.person.patient_id: f"dossier-{number}" for number, part in enumerate(data.patients, 1)},
        unnamed=data.unnamed(),
        stake_lines=stakes,
        section_words=SECTION_WORDS,
        severity_words=SEVERITY_WORDS,
        state_words=STATE_WORDS,
        alert_words=ALERT_WORDS,
        places_shown=_PLACES_SHOWN,
        no_motif=NO_MOTIF,
        policy=content_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        version=__version__,
    )


def content_policy(style: str, script: str) -> str:
    """Nothing may be loaded, sent or run but these two texts; the empty icon keeps browsers from asking for one."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _section(data: ReportData, section: Section) -> SectionView | None:
    items = data.section(section)
    if not items:
        return None
    words = SECTION_WORDS[section]
    line = next(each for each in data.money.by_section if each.name == section)
    return SectionView(
        name=section,
        words=words,
        rows=tuple(_row(item, words) for item in items),
        total=None if section == "verify" or not line.total else french.euros(line.total),
        mixed=len({item.finding.severity for item in items}) > 1,
    )


def _row(item: Item, words: SectionWords) -> Row:
    finding = item.finding
    on = finding.deadline if words.date == "deadline" else finding.due_on
    if words.date == "of":
        on = next((line.on for line in item.evidence if line.on is not None), on)
    return Row(item, on, item.section == "bilan_todo" and on is None)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("connector_core.deliver"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    environment.filters.update(
        euros=french.euros,
        day=french.day,
        weekday=french.weekday,
        short_day=french.short_day,
        moment=french.moment,
        number=french.number,
        count=french.count,
        typo=french.typographic,
    )
    return environment


@cache
def _asset(name: str) -> str:
    return files("connector_core.deliver").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
