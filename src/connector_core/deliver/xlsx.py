"""The report as a workbook, for sorting and filtering.

Text is always written as text: a name or a label that begins with `=`, `+`, `-` or `@` never becomes a formula. Amounts
and rates are numbers, dates are dates. The first sheet says what the page says first: the practice, the day, the sums.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING

from connector_core.deliver.days import day_of
from connector_core.deliver.figures_sheets import figures_sheets
from connector_core.deliver.french import short_day
from connector_core.deliver.report_model import Item, Person, ReportData
from connector_core.deliver.sheet import Cell, Column, Sheet
from connector_core.deliver.stake import NOT_AT_STAKE, at_stake
from connector_core.deliver.wording import (
    ALERT_WORDS,
    NO_MOTIF,
    SECTION_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    headline,
    lead,
)

if TYPE_CHECKING:
    from xlsxwriter import Workbook

EUROS = '#,##0.00\\ "€"'
"""Stored in the form of the file format; a French Excel shows it as `# ##0,00 €`."""
_DAY, _MOMENT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm"
_RATE = "0.0\\ %"
_LONGEST = 32_767
_FIRST_DAY = date(1900, 3, 1)
"""The first day that every spreadsheet counts alike; an earlier one is written as text."""
_MARGINS = {"left": 0.25, "right": 0.25, "top": 0.4, "bottom": 0.6}
"""In inches: the sheets are wide."""
_MOST_IN_FOOTER = 80

_PERSON = (Column("Patient", 26), Column("Né(e) le", 12), Column("Praticien", 22))
_PROOF = (Column("Dans le fichier", 34), Column("Règle", 24), Column("Référence", 46))


def render_xlsx(data: ReportData) -> bytes:
    """The workbook as it is written to the file."""
    import xlsxwriter

    stream = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, options) as book:
        made = data.made_at.replace(tzinfo=None)
        book.set_properties({"title": "Rapport", "author": data.practice, "created": made})
        for sheet in sheets(data):
            _write(book, sheet, data)
    return stream.getvalue()


def sheets(data: ReportData) -> tuple[Sheet, ...]:
    """The sheets of the workbook, in order."""
    return (
        _summary(data),
        _to_do(data),
        _patients(data),
        _unpaid(data),
        _payer_rejects(data),
        _motifs(data),
        *(() if data.figures is None or not data.has_read else figures_sheets(data.figures)),
        _sources(data),
        _unknown(data),
        _refused(data),
    )


def _summary(data: ReportData) -> Sheet:
    columns = (
        Column("Rubrique", 36),
        Column("Nombre", 9),
        *(Column(words, 16) for words in SEVERITY_WORDS.values()),
        Column("Détail", 90),
    )
    none = (None,) * (len(columns) - 2)
    said = (headline(data), lead(data), *data.notices)
    rows: list[tuple[Cell, ...]] = [
        ("Cabinet", *none, data.practice),
        ("Rapport du", *none, data.as_of),
        ("Fait le", *none, data.made_at.replace(tzinfo=None)),
        *((None, *none, text) for text in said if text),
    ]
    lines = {line.name: line for line in data.money.by_section}
    for section, words in SECTION_WORDS.items():
        if section in lines:
            line = lines[section]
            apart = "hors de la somme en jeu" if section in NOT_AT_STAKE else None
            rows.append((words.title, line.count, line.reject, line.revenue, line.info, apart))
    if data.has_read:
        rows.append(("En jeu", None, data.money.reject, data.money.revenue, None, data.money.at_stake))
    return Sheet("Résumé", columns, rows)


def _to_do(data: ReportData) -> Sheet:
    columns = (
        Column("Rang", 6),
        Column("Partie", 24),
        *_PERSON,
        Column("À faire", 48),
        Column("Constat", 48),
        Column("Gravité", 16),
        Column("Montant", 12),
        Column("En jeu", 12),
        Column("Date", 12),
        Column("Échéance", 12),
        *_PROOF,
    )
    stake = at_stake((item.finding, item.section) for item in data.items)
    rows = [
        (
            rank,
            SECTION_WORDS[item.section].title,
            *_who(item.person, item.practitioner),
            item.finding.action,
            item.finding.message,
            SEVERITY_WORDS[item.finding.severity],
            item.finding.amount,
            stake.get(item.finding.fingerprint),
            day_of(item),
            item.deadline,
            *_proof(item),
        )
        for rank, item in enumerate(data.items, 1)
    ]
    return Sheet("À faire", columns, rows, printed=len(columns) - len(_PROOF))


def _patients(data: ReportData) -> Sheet:
    columns = (
        Column("Patient", 26),
        Column("Né(e) le", 12),
        Column("Constats", 9),
        Column("En jeu", 12),
        Column("Doit", 12),
        Column("Prochaine échéance", 18),
        Column("À faire d'abord", 60),
    )
    rows = [
        (
            part.person.name,
            part.person.birth_date,
            len(part.items),
            part.at_stake,
            part.owed,
            min((item.deadline for item in part.items if item.deadline is not None), default=None),
            part.items[0].finding.action,
        )
        for part in data.patients
    ]
    return Sheet("Patients", columns, rows)


def _unpaid(data: ReportData) -> Sheet:
    columns = (*_PERSON, Column("Doit", 12), Column("Depuis le", 12), Column("Constat", 56), Column("À faire", 48))
    rows = [
        (
            *_who(item.person, item.practitioner),
            item.finding.amount,
            item.finding.due_on,
            item.finding.message,
            item.finding.action,
        )
        for item in data.section("unpaid")
    ]
    return Sheet("Impayés", columns, rows)


def _payer_rejects(data: ReportData) -> Sheet:
    columns = (*_PERSON, Column("Montant", 12), Column("Rejetée le", 12), Column("Constat", 60), Column("À faire", 56))
    rows = [
        (
            *_who(item.person, item.practitioner),
            item.finding.amount,
            item.finding.due_on,
            item.finding.message,
            item.finding.action,
        )
        for item in data.section("payer_reject")
    ]
    return Sheet("Rejets", columns, rows)


def _motifs(data: ReportData) -> Sheet:
    columns = (
        Column("Payeur", 8),
        Column("Motif", 48),
        Column("Connu", 8),
        Column("Nombre", 9),
        Column("Montant", 12),
        Column("Sans montant", 9),
        Column("Cause habituelle", 56),
        Column("Que faire", 56),
    )
    rows = [
        (
            each.payer,
            each.name or NO_MOTIF,
            "oui" if each.motif else "non",
            each.count,
            each.amount,
            each.unpriced,
            None if each.motif is None else each.motif.cause,
            None if each.motif is None else each.motif.action,
        )
        for each in data.motifs
    ]
    return Sheet("Motifs de rejet", columns, rows)


def _sources(data: ReportData) -> Sheet:
    columns = (
        Column("Source", 36),
        Column("Dernier fichier", 40),
        Column("Pris le", 18),
        Column("Lignes", 10),
        Column("Fichiers", 10),
        Column("Refus", 10),
        Column("État", 40),
        Column("Alerte", 34),
    )
    rows = [
        (
            source.label,
            source.last_file,
            None if source.last_at is None else source.last_at.replace(tzinfo=None),
            source.last_rows,
            source.files,
            source.refused,
            None if source.state is None else STATE_WORDS[source.state],
            None if source.alert is None else ALERT_WORDS[source.alert],
        )
        for source in data.sources
    ]
    return Sheet("Sources", columns, rows)


def _unknown(data: ReportData) -> Sheet:
    columns = (
        Column("Règle", 24),
        Column("Question", 60),
        Column("Cas", 8),
        Column("Ce qui manque", 60),
        Column("Il faudrait", 48),
    )
    rows = [
        (group.rule, group.title, group.count, " ; ".join(group.reasons), group.missing) for group in data.undetermined
    ]
    return Sheet("Indéterminé", columns, rows)


def _refused(data: ReportData) -> Sheet:
    columns = (Column("Source", 24), Column("Fichier", 40), Column("Où", 24), Column("Raison", 80))
    rows = [(group.source, group.file, place, group.reason) for group in data.refused for place in group.places]
    return Sheet("Refusé", columns, rows)


def _who(person: Person | None, practitioner: str | None) -> tuple[Cell, Cell, Cell]:
    if person is None:
        return "Cabinet", None, practitioner
    return person.name, person.birth_date, practitioner


def _proof(item: Item) -> tuple[Cell, Cell, Cell]:
    first = next((line for line in item.evidence if line.place is not None), None)
    where = None if first is None else ", ".join(part for part in (first.file, first.place) if part)
    return where, item.finding.rule, item.reference


def _footer(data: ReportData) -> str:
    """Practice and day on the left, the page on the right; « & » begins a code of the format."""
    practice = data.practice[:_MOST_IN_FOOTER].replace("&", "&&")
    return f"&L{practice} – rapport du {data.as_of:%d/%m/%Y}&R&P / &N"


def _write(book: Workbook, sheet: Sheet, data: ReportData) -> None:
    page = book.add_worksheet(sheet.name)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#E6F1EF"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    whole = book.add_format({"num_format": "#,##0", "valign": "top"})
    rate = book.add_format({"num_format": _RATE, "valign": "top"})
    euros = book.add_format({"num_format": EUROS, "valign": "top"})
    day = book.add_format({"num_format": _DAY, "valign": "top", "align": "left"})
    moment = book.add_format({"num_format": _MOMENT, "valign": "top", "align": "left"})
    for column, each in enumerate(sheet.columns):
        page.set_column(column, column, each.width)
        page.write_string(0, column, each.heading, head)
    for number, row in enumerate(sheet.rows, 1):
        for column, value in enumerate(row):
            match value:
                case None:
                    page.write_blank(number, column, None, text)
                case str():
                    page.write_string(number, column, value[:_LONGEST], text)
                case Decimal():
                    page.write_number(number, column, float(value), euros)
                case int():
                    page.write_number(number, column, value, whole)
                case Fraction():
                    page.write_number(number, column, float(value), rate)
                case datetime():
                    page.write_datetime(number, column, value, moment)
                case date() if value >= _FIRST_DAY:
                    page.write_datetime(number, column, value, day)
                case date():
                    page.write_string(number, column, short_day(value), text)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.set_margins(**_MARGINS)
    page.set_footer(_footer(data))
    if sheet.printed is not None:
        page.print_area(0, 0, max(len(sheet.rows), 1), sheet.printed - 1)
