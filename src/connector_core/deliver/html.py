"""The report as one HTML page that needs nothing else: no network, no other file, and no script to be whole.

The page carries its own content policy: one style sheet and one small script, each named by its hash, and nothing from
elsewhere. A finding says by itself what its rule says; the page of the rule, which lies beside the report, is one link
away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector_core import __version__
from connector_core.deliver import french
from connector_core.deliver.days import day_of
from connector_core.deliver.figures_view import figures_view
from connector_core.deliver.names import RULES_FOLDER, RULES_INDEX, rule_link
from connector_core.deliver.page import asset, content_policy, environment
from connector_core.deliver.plots import HEIGHT, WIDTH
from connector_core.deliver.report_data import SECTIONS
from connector_core.deliver.report_model import Item, Money, ReportData
from connector_core.deliver.sections import Section
from connector_core.deliver.stake import NOT_AT_STAKE
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

    style, script = asset("base.css", "report.css", "figures.css"), asset("report.js")
    template = environment().get_template("report.html")
    stakes = [line for line in data.money.by_section if line.name not in NOT_AT_STAKE and line.reject + line.revenue]
    return template.render(
        data=data,
        headline=headline(data),
        lead=lead(data),
        sections=[view for section in SECTIONS if (view := _section(data, section)) is not None],
        anchors={part.person.patient_id: f"dossier-{number}" for number, part in enumerate(data.patients, 1)},
        rule_links={page.code: rule_link(page.code) for page in data.pages},
        rules_index=f"{RULES_FOLDER}/{RULES_INDEX}" if data.pages else None,
        unnamed=data.unnamed(),
        figures=None if data.figures is None or not data.has_read else figures_view(data.figures),
        plot_width=WIDTH,
        plot_height=HEIGHT,
        stake_lines=stakes,
        stake_info=any(line.info for line in stakes),
        apart=_apart(data.money),
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


def _apart(money: Money) -> str:
    """« 536,64 € à réclamer à des patients, 71,17 € de bilans perdus »; what is nothing is not told."""
    told = (
        (money.owed, "à réclamer à des patients"),
        (money.resumable, "de séances prescrites restant à faire"),
        (money.lost, "de bilans perdus"),
        (money.expired, "de sommes forcloses"),
        (money.past, "d'erreurs trop anciennes pour être corrigées"),
    )
    return ", ".join(f"{french.euros(amount)} {words}" for amount, words in told if amount)


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
    on = item.finding.deadline if words.date == "deadline" else day_of(item)
    return Row(item, on, item.section == "bilan_todo" and on is None)
