"""Writing the report where the practice finds it.

A file is replaced in one step: whoever opens it sees the old report or the new one, whole. It holds names, so on POSIX
it is readable by its owner alone, as is the folder when it is made here; on Windows the folder's own rights hold.

What renders a format is imported when one is asked for: most commands, and a day without news, ask for none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connector_core.deliver.names import FORMATS, NAME, RULES_FOLDER, Format
from connector_core.deliver.replace import forget_partial, replace_file
from connector_core.errors import ConnectorError, reason_of

if TYPE_CHECKING:
    from connector_core.deliver.report_model import ReportData


def _render(data: ReportData, format_: Format) -> bytes:
    match format_:
        case "html":
            from connector_core.deliver.html import render_html

            return render_html(data).encode()
        case "json":
            from connector_core.deliver.json_report import render_json

            return render_json(data.answered, data.figures).encode()
        case "xlsx":
            from connector_core.deliver.xlsx import render_xlsx

            return render_xlsx(data)


class ReportError(ConnectorError):
    """The report can't be written now; the former one is still there."""

    exit_code = 3


def write_report(data: ReportData, folder: Path, formats: Sequence[Format] = tuple(FORMATS)) -> tuple[Path, ...]:
    """Write `rapport.<format>` for each format and return these files; with the page, those of the rules beside it.

    Every format is rendered before the first is written. A file that is locked, as Excel does to what it shows, does
    not keep the others from being replaced; the error then names it.
    """
    rendered = [(folder / f"{NAME}.{each}", _render(data, each)) for each in formats]
    locked: list[Path] = []
    with translated(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        forget_partial(folder)
    for path, content in rendered:
        try:
            with translated(path):
                replace_file(path, content)
        except Locked:
            locked.append(path)
    if "html" in formats:
        from connector_core.deliver.rule_files import write_rules

        with translated(folder / RULES_FOLDER):
            write_rules(data.pages, folder / RULES_FOLDER)
    if locked:
        raise ReportError(
            "le fichier est ouvert dans un autre programme ou protégé en écriture, l'ancien rapport reste en place",
            where=", ".join(str(path) for path in locked),
            remedy="Fermez-le (Excel par exemple), puis relancez « connector report »",
        )
    return tuple(path for path, _ in rendered)


class Locked(ReportError):
    """The target can't be replaced while another program holds it."""


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Make what fails in writing a file, or in a folder, a ReportError."""
    try:
        yield
    except PermissionError as error:
        if path.is_file():
            raise Locked(
                "le fichier est ouvert dans un autre programme ou protégé en écriture, l'ancien reste en place",
                where=str(path),
                remedy="Fermez-le (Excel par exemple) ; il est remplacé au prochain essai",
            ) from error
        raise ReportError(
            "écriture refusée", where=str(path), remedy="Vérifiez les droits sur ce dossier, ou choisissez-en un autre"
        ) from error
    except OSError as error:
        raise ReportError(
            f"écriture impossible ({reason_of(error)})",
            where=str(path),
            remedy="Vérifiez que le disque n'est pas plein et que le dossier existe",
        ) from error
