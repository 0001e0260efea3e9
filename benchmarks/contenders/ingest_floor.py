"""The floor of an ingest: `csv.reader`, a frozen pydantic model per row, one plain SQLite transaction.

What a good project would write that checks no rule, encrypts nothing and remembers nothing of the file.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from benchmarks.contenders.reporting import report
from benchmarks.contenders.vega_rows import rows

Id = Annotated[str, Field(min_length=1)]
Money = Annotated[Decimal, Field(decimal_places=2)]
Count = Annotated[int, Field(ge=0)]


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Patient(Row):
    id: Id
    family_name: str | None
    given_name: str | None
    birth_date: date | None
    sex: str | None
    nir: str | None
    birth_rank: Count | None
    household: str | None
    deceased_on: date | None
    archived: bool | None


class Ordonnance(Row):
    prescription_id: str | None
    patient_id: Id
    issued_on: date | None
    prescriber_rpps: str | None
    prescriber_structure: str | None
    sessions: Count | None
    indication: str | None
    at_home: bool | None
    daily: bool | None
    renewal_of: str | None
    renewed_by: str | None
    treatment_id: str | None
    practitioner_id: str | None
    started_on: date | None
    ended_on: date | None
    article: int | None
    section: str | None
    region: str | None
    side: str | None
    operated: bool | None
    operated_on: date | None
    discharged_on: date | None
    pathology: str | None
    situation: str | None
    neuro_peripheral: bool | None
    direct_access: bool | None
    structure: str | None


class Seance(Row):
    id: Id
    patient_id: Id
    practitioner_id: Id
    performed_on: date
    started_at: clock | None
    duration_min: Count | None
    letter: Id
    coefficient: Annotated[Decimal, Field(ge=0)]
    quantity: int
    amount: Money | None
    excess: Money | None
    qualifier: str | None
    rate: Decimal
    prescription_id: str | None
    treatment_id: str | None
    session_id: str | None
    place: str | None
    group_size: Count | None
    ald_related: bool | None
    invoice_id: str | None
    created_at: AwareDatetime | None
    label: str | None


class Facture(Row):
    id: Id
    number: Id
    patient_id: Id
    practitioner_id: Id
    closed_on: date
    lot_id: str | None
    third_party: str | None
    total: Money
    amo_claimed: Money | None
    amc_claimed: Money | None
    patient_share: Money | None
    replaces: str | None
    cancelled_on: date | None
    securing: str | None
    nature: str | None


class Reglement(Row):
    id: Id
    patient_id: Id
    invoice_id: str | None
    received_on: date
    amount: Money
    means: str | None


MODELS: dict[str, type[Row]] = {
    "patients": Patient,
    "ordonnances": Ordonnance,
    "seances": Seance,
    "factures": Facture,
    "reglements": Reglement,
}

sqlite3.register_adapter(date, date.isoformat)
sqlite3.register_adapter(datetime, datetime.isoformat)
sqlite3.register_adapter(clock, clock.isoformat)
sqlite3.register_adapter(Decimal, str)


def models(folder: Path, table: str) -> Iterator[Row]:
    """The validated rows of a list."""
    validate = MODELS[table].model_validate
    return (validate(row) for row in rows(folder, table))


def load(folder: Path, database: Path) -> dict[str, int]:
    """Read the lists into a new SQLite file in one transaction; returns how many rows each gave."""
    counts: dict[str, int] = {}
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN")
    for table, model in MODELS.items():
        names = tuple(model.model_fields)
        connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        question_marks = ", ".join("?" * len(names))
        cursor = connection.executemany(
            f"INSERT INTO {table} VALUES ({question_marks})",
            (tuple(vars(row).values()) for row in models(folder, table)),
        )
        counts[table] = cursor.rowcount
        connection.execute(f"CREATE INDEX {table}_patient ON {table} ({'id' if table == 'patients' else 'patient_id'})")
    connection.execute("COMMIT")
    connection.close()
    return counts


def main(folder: str, work: str) -> None:
    begin, cpu = time.perf_counter(), time.process_time()
    counts = load(Path(folder), Path(work) / "floor.db")
    report(wall=time.perf_counter() - begin, cpu=time.process_time() - cpu, counts=counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
