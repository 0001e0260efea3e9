"""A draft as PDF: A4, for an envelope with a window on the right, its font inside; the same draft gives the same bytes.

Drawn by reportlab, which is installed with the extra `letters` and imported here alone. Bitstream Vera, which comes
with it, has the letters of French and of most names written in Latin script; a letter that it lacks is written without
its accent. Everything that is not of this module is text, never markup.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from connector_core.deliver.french import NARROW, WIDE, day, typographic
from connector_core.deliver.letters.draft import Block, Draft, Signatures, Table
from connector_core.errors import ConfigurationError

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import Flowable

_NORMAL, _BOLD = "Vera", "VeraBd"
_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210 * _MM, 297 * _MM
_MARGIN = 22 * _MM
_TEXT = _WIDTH - 2 * _MARGIN
_BODY_TOP = _HEIGHT - 100 * _MM
"""Where the text of a letter begins: below the fold that the window of the envelope needs."""
_QUOTE_TOP = _HEIGHT - 50 * _MM
_WINDOW_LEFT, _WINDOW_TOP, _WINDOW_WIDTH = 110 * _MM, _HEIGHT - 50 * _MM, 85 * _MM
_ADDRESS_LINES = 3
_SIZE, _LEADING = 9.5, 13.5
_GREY = 0.55
_LINE_GREY = 0.75


def render_pdf(draft: Draft) -> bytes:
    """The draft as a PDF file. Raises `ConfigurationError` where reportlab is not installed."""
    try:
        from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageTemplate
    except ImportError:
        raise ConfigurationError(
            "les courriers en PDF demandent « reportlab », qui n'est pas installé",
            remedy="Lancez « python -m pip install 'connector-core[letters]' » ; les textes, eux, sont écrits",
        ) from None
    _register_fonts()
    file = BytesIO()
    top = _QUOTE_TOP if draft.medium == "quote" else _BODY_TOP
    document = BaseDocTemplate(
        file,
        pagesize=(_WIDTH, _HEIGHT),
        title=_printable(draft.subject),
        author=_printable(draft.sender.name),
        subject="",
        lang="fr-FR",
        invariant=1,
    )
    document.addPageTemplates(
        [
            PageTemplate("first", [_frame(Frame, top)], onPage=lambda canvas, _: _first_page(canvas, draft)),
            PageTemplate("next", [_frame(Frame, _HEIGHT - 20 * _MM)], onPage=lambda canvas, _: _foot(canvas)),
        ]
    )
    story: list[Flowable] = [NextPageTemplate("next"), *_subject(draft)]
    for block in draft.blocks:
        story += _flowables(block)
    document.build(story)
    return file.getvalue()


def _frame(frame: type, top: float) -> object:
    bottom = 18 * _MM
    return frame(_MARGIN, bottom, _TEXT, top - bottom, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)


def _first_page(canvas: Canvas, draft: Draft) -> None:
    line = _HEIGHT - 22 * _MM
    for number, text in enumerate(draft.sender.header):
        canvas.setFont(_BOLD if number == 0 else _NORMAL, _SIZE)
        for part in _fitted(text, _BOLD if number == 0 else _NORMAL, _WINDOW_WIDTH):
            canvas.drawString(_MARGIN, line, part)
            line -= _LEADING
    canvas.setFont(_NORMAL, _SIZE)
    if draft.medium == "quote":
        canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 22 * _MM, _printable(_dated(draft)))
        return
    line = _WINDOW_TOP
    for text in draft.recipient:
        for part in _fitted(text, _NORMAL, _WINDOW_WIDTH):
            canvas.drawString(_WINDOW_LEFT, line, part)
            line -= _LEADING
    canvas.setStrokeGray(_LINE_GREY)
    canvas.setDash(1, 2)
    for _ in range(_ADDRESS_LINES):
        canvas.line(_WINDOW_LEFT, line - 2, _WINDOW_LEFT + 0.8 * _WINDOW_WIDTH, line - 2)
        line -= _LEADING + 3
    canvas.setDash()
    canvas.setStrokeGray(0)
    canvas.drawString(_WINDOW_LEFT, _BODY_TOP + 8 * _MM, _printable(_dated(draft)))


def _foot(canvas: Canvas) -> None:
    canvas.setFont(_NORMAL, 7.5)
    canvas.setFillGray(_GREY)
    canvas.drawCentredString(_WIDTH / 2, 10 * _MM, f"page {canvas.getPageNumber()}")
    canvas.setFillGray(0)


def _dated(draft: Draft) -> str:
    return (f"{draft.sender.town}, le " if draft.sender.town else "Le ") + day(draft.written_on)


def _subject(draft: Draft) -> list[Flowable]:
    text = draft.subject if draft.medium == "quote" else f"Objet{WIDE}: {draft.subject}"
    return [_paragraph(text, _style(bold=True, after=5 * _MM))]


def _flowables(block: Block) -> list[Flowable]:
    match block:
        case Table():
            return [_table(block)]
        case Signatures():
            return [_signatures(block)]
        case str():
            return [_paragraph(block, _style(after=3.2 * _MM))]


def _table(table: Table) -> Flowable:
    from reportlab.platypus import LongTable

    head, cell, right = _style(bold=True, size=8.5), _style(size=8.5), _style(size=8.5, right=True)
    last = len(table.heads) - 1

    def line(cells: tuple[str, ...], style: ParagraphStyle) -> list[Flowable]:
        bold = style is head
        end = _style(bold=True, size=8.5, right=True) if bold else right
        return [_paragraph(text, end if column == last else style) for column, text in enumerate(cells)]

    rows = [line(table.heads, head), *(line(row.cells, cell) for row in table.rows)]
    if table.has_total:
        rows.append(line(("Total", *("",) * (last - 1), table.total), head))
    flowable = LongTable(
        rows,
        colWidths=_widths(len(table.heads)),
        repeatRows=1,
        spaceBefore=1 * _MM,
        spaceAfter=5 * _MM,
        style=[
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, _black()),
            ("LINEBELOW", (0, 1), (-1, -2), 0.25, _grey()),
            *([("LINEABOVE", (0, -1), (-1, -1), 0.8, _black())] if table.has_total else []),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ],
    )
    result: Flowable = flowable
    return result


def _widths(columns: int) -> list[float]:
    """The first column and those of words take what the amount leaves."""
    amount = 0.22 * _TEXT
    if columns == 5:  # with the practitioner
        return [0.16 * _TEXT, 0.12 * _TEXT, 0.15 * _TEXT, 0.37 * _TEXT, 0.2 * _TEXT]
    if columns == 3:
        return [0.52 * _TEXT, 0.26 * _TEXT, amount]
    return [(_TEXT - amount) / (columns - 1)] * (columns - 1) + [amount]


def _signatures(signatures: Signatures) -> Flowable:
    from reportlab.platypus import Table as Grid

    style = _style(size=8.5)
    cells = [_paragraph(f"{place}\n(date et signature)", style) for place in signatures.places]
    grid: Flowable = Grid(
        [cells],
        colWidths=[_TEXT / len(cells)] * len(cells),
        rowHeights=[34 * _MM],
        spaceBefore=3 * _MM,
        style=[
            ("BOX", (0, 0), (-1, -1), 0.5, _grey()),
            ("INNERGRID", (0, 0), (-1, -1), 0.5, _grey()),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )
    return grid


def _paragraph(text: str, style: ParagraphStyle) -> Flowable:
    from reportlab.platypus import Paragraph

    lines = (escape(_printable(typographic(line))) for line in text.split("\n"))
    paragraph: Flowable = Paragraph("<br/>".join(lines), style)
    return paragraph


@cache
def _style(*, bold: bool = False, size: float = _SIZE, right: bool = False, after: float = 0) -> ParagraphStyle:
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        f"{bold}{size}{right}{after}",
        fontName=_BOLD if bold else _NORMAL,
        fontSize=size,
        leading=size * _LEADING / _SIZE,
        alignment=2 if right else 0,
        spaceAfter=after,
    )


def _black() -> object:
    from reportlab.lib.colors import black

    return black


def _grey() -> object:
    from reportlab.lib.colors import Color

    return Color(_LINE_GREY, _LINE_GREY, _LINE_GREY)


def _fitted(text: str, font: str, width: float) -> list[str]:
    from reportlab.lib.utils import simpleSplit

    parts: list[str] = simpleSplit(_printable(typographic(text)), font, _SIZE, width)
    return parts


@cache
def _register_fonts() -> frozenset[int]:
    """Make the fonts known; gives the characters that both have."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    fonts = [TTFont(name, f"{name}.ttf") for name in (_NORMAL, _BOLD)]
    for font in fonts:
        registerFont(font)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def _printable(text: str) -> str:
    """The text with what the font has: a plain no-break space for the narrow one, a letter without its accent."""
    known = _register_fonts()
    return "".join(
        character if ord(character) in known else _near(character, known) for character in text.replace(NARROW, WIDE)
    )


def _near(character: str, known: frozenset[int]) -> str:
    if unicodedata.category(character) == "Cc":
        return " "
    plain = unicodedata.normalize("NFKD", character)
    return "".join(each for each in plain if ord(each) in known and not unicodedata.combining(each)) or "?"
