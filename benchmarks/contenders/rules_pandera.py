"""Three checks as a pandera schema over the acts of a practice: an act twice, a cotation that does not exist, an amount
that is not the tariff. The acts are read from the plain SQLite that the floor of the ingest writes; what fails is
written to a table. Runs in pandera's environment.

They are simplified: no message, no evidence, no reference; what the shared rules except is not excepted.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]  # installed in an environment of its own
import pandera.pandas as pa  # type: ignore[import-not-found]  # the same

from benchmarks.contenders.reporting import report

COLUMNS = ("id", "patient_id", "performed_on", "letter", "coefficient", "quantity", "amount", "excess", "rate")
"""What the three checks need."""
COMPLETE = "2024-06-01"
"""Since when every cotation of the practice's acts is in the table."""


def main(database: str, tariffs: str, work: str) -> None:
    begin = time.perf_counter()
    with sqlite3.connect(database) as connection:
        acts = pd.read_sql(f"SELECT {', '.join(COLUMNS)} FROM seances", connection)
    for name in ("coefficient", "amount", "rate"):
        acts[name] = pd.to_numeric(acts[name])
    priced = _priced(acts, pd.read_csv(tariffs))
    schema = pa.DataFrameSchema(
        {
            "exists": pa.Column(bool, pa.Check(lambda found: found)),
            "amount": pa.Column(float, nullable=True),
        },
        checks=pa.Check(lambda table: (table["amount"] - table["expected"]).abs().fillna(0) < 0.005),
        unique=["patient_id", "performed_on", "letter", "coefficient"],
    )
    failures = 0
    try:
        schema.validate(priced, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases[["check", "index"]].astype(str)
        failures = len(cases)
        with sqlite3.connect(Path(work) / "flags.db") as flags:
            cases.to_sql("flags", flags, index=False)
    report(wall=time.perf_counter() - begin, counts={"seances": len(acts)}, failures=failures)


def _priced(acts: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The acts with whether their cotation exists on their day, and what it pays."""
    table = table[(table["zone"] == "METRO") & ~table["code"].str.startswith("KEY-")]
    table = table[["letter", "coefficient", "since", "until", "amount"]].fillna({"until": "9999-12-31"})
    table = table.rename(columns={"amount": "tariff"})
    found = acts.reset_index().merge(table, on=["letter", "coefficient"], how="left")
    held = found[(found["since"] <= found["performed_on"]) & (found["performed_on"] <= found["until"])]
    prices = held.groupby("index")["tariff"].first()
    acts["exists"] = acts.index.isin(prices.index) | (acts["performed_on"] < COMPLETE)
    excess = pd.to_numeric(acts["excess"]).fillna(0)
    acts["expected"] = prices.reindex(acts.index) * acts["rate"] * acts["quantity"] + excess
    return acts


if __name__ == "__main__":
    main(*sys.argv[1:])
