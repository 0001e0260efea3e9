"""The five lists of a Vega export as typed rows, the way a good engineer would read them with `csv`: for every peer.

Text is stripped, an empty cell is None; dates, times and amounts repeat by the thousand, so their parsers remember.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

Parse = Callable[[str], object]

_PARIS = ZoneInfo("Europe/Paris")


@cache
def day(text: str) -> date:
    return date(int(text[6:]), int(text[3:5]), int(text[:2]))


@cache
def clock(text: str) -> time:
    return time(int(text[:2]), int(text[3:]))


def moment(text: str) -> datetime:
    return datetime.combine(day(text[:10]), clock(text[11:]), _PARIS)


@cache
def money(text: str) -> Decimal:
    return Decimal(text.replace("\xa0", "").replace(",", "."))


@cache
def cotation(text: str) -> tuple[str, Decimal]:
    letter, _, coefficient = text.partition(" ")
    return letter, Decimal(coefficient.replace(",", "."))


@cache
def rate(text: str) -> Decimal:
    return Decimal(text.removesuffix("%").strip()) / 100


def yes(text: str) -> bool:
    return {"Oui": True, "Non": False}[text]


TABLES: dict[str, dict[str, Parse]] = {
    "patients": {
        "id": str,
        "family_name": str,
        "given_name": str,
        "birth_date": day,
        "sex": str,
        "nir": str,
        "birth_rank": int,
        "household": str,
        "deceased_on": day,
        "archived": yes,
    },
    "ordonnances": {
        "prescription_id": str,
        "patient_id": str,
        "issued_on": day,
        "prescriber_rpps": str,
        "prescriber_structure": str,
        "sessions": int,
        "indication": str,
        "at_home": yes,
        "daily": yes,
        "renewal_of": str,
        "renewed_by": str,
        "treatment_id": str,
        "practitioner_id": str,
        "started_on": day,
        "ended_on": day,
        "article": int,
        "section": str,
        "region": str,
        "side": str,
        "operated": yes,
        "operated_on": day,
        "discharged_on": day,
        "pathology": str,
        "situation": str,
        "neuro_peripheral": yes,
        "direct_access": yes,
        "structure": str,
    },
    "seances": {
        "id": str,
        "patient_id": str,
        "practitioner_id": str,
        "performed_on": day,
        "started_at": clock,
        "duration_min": int,
        "cotation": cotation,
        "quantity": int,
        "amount": money,
        "excess": money,
        "qualifier": str,
        "rate": rate,
        "prescription_id": str,
        "treatment_id": str,
        "session_id": str,
        "place": str,
        "group_size": int,
        "ald_related": yes,
        "invoice_id": str,
        "created_at": moment,
        "label": str,
    },
    "factures": {
        "id": str,
        "number": str,
        "patient_id": str,
        "practitioner_id": str,
        "closed_on": day,
        "lot_id": str,
        "third_party": str,
        "total": money,
        "amo_claimed": money,
        "amc_claimed": money,
        "patient_share": money,
        "replaces": str,
        "cancelled_on": day,
        "securing": str,
        "nature": str,
    },
    "reglements": {
        "id": str,
        "patient_id": str,
        "invoice_id": str,
        "received_on": day,
        "amount": money,
        "means": str,
    },
}
"""The columns of each list in the order of the file, with how each is read."""


def path_of(folder: Path, table: str) -> Path:
    """The file of a list in an export folder."""
    (found,) = folder.glob(f"vega_{table}_*.txt")
    return found


def rows(folder: Path, table: str) -> Iterator[dict[str, object]]:
    """The rows of a list, typed; a cotation gives a letter and a coefficient."""
    columns = TABLES[table]
    names, parsers = tuple(columns), tuple(columns.values())
    at = names.index("cotation") if "cotation" in names else None
    with path_of(folder, table).open(encoding="cp1252", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        next(reader)
        for cells in reader:
            row: dict[str, object] = {
                name: (parse(text) if parse is not str else text) if (text := cell.strip()) else None
                for name, parse, cell in zip(names, parsers, cells, strict=True)
            }
            if at is not None:
                row["letter"], row["coefficient"] = row.pop("cotation")  # type: ignore[misc]  # a pair
            yield row
