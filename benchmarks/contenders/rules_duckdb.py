"""Nine checks as window SQL over native DuckDB tables, their flags written to a table. Runs in DuckDB's environment.

They are simplified: no message, no evidence, no reference, one severity. Loading, windows and writing are compared.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import duckdb  # type: ignore[import-not-found]  # installed in an environment of its own

from benchmarks.contenders.reporting import report

TODAY = "DATE '2026-11-20'"
BDK = "letter = 'AMK' AND coefficient IN (8.3, 10.7, 10.8, 16.1)"
CHECKS = {
    "nth session without bilan": f"""
        WITH sessions AS (
            SELECT id, treatment_id, performed_on,
                   row_number() OVER (PARTITION BY treatment_id ORDER BY performed_on, started_at, id) AS rank,
                   lag(performed_on, 3) OVER w AS before, lead(performed_on, 3) OVER w AS after
            FROM seances WHERE treatment_id IS NOT NULL AND NOT ({BDK})
            WINDOW w AS (PARTITION BY treatment_id ORDER BY performed_on, started_at, id)
        )
        SELECT id FROM sessions s WHERE rank IN (30, 60) AND NOT EXISTS (
            SELECT 1 FROM seances b WHERE b.treatment_id = s.treatment_id AND ({BDK.replace("letter", "b.letter")})
            AND b.performed_on BETWEEN coalesce(s.before, s.performed_on) AND coalesce(s.after, s.performed_on)
        )""",
    "unknown pair": """
        SELECT id FROM seances s WHERE s.performed_on >= DATE '2024-06-01' AND NOT EXISTS (
            SELECT 1 FROM nomenclature n WHERE n.letter = s.letter AND n.coefficient = s.coefficient
            AND s.performed_on BETWEEN n.since AND n.until
        )""",
    "amount": """
        SELECT DISTINCT s.id FROM seances s JOIN nomenclature n ON n.letter = s.letter AND n.coefficient = s.coefficient
        AND s.performed_on BETWEEN n.since AND n.until AND n.amount IS NOT NULL
        WHERE s.amount - coalesce(s.excess, 0) <> round(n.amount * s.rate, 2)""",
    "two sessions a day": f"""
        SELECT id FROM (
            SELECT id, count(*) OVER (PARTITION BY patient_id, performed_on) AS that_day
            FROM seances WHERE NOT ({BDK})
        ) WHERE that_day > 1""",
    "duplicate": """
        SELECT id FROM (
            SELECT id, row_number() OVER (
                PARTITION BY patient_id, performed_on, started_at, letter, coefficient, amount ORDER BY id
            ) AS occurrence FROM seances
        ) WHERE occurrence > 1""",
    "unpaid": f"""
        SELECT f.id FROM factures f LEFT JOIN (
            SELECT invoice_id, sum(amount) AS paid FROM reglements GROUP BY invoice_id
        ) r ON r.invoice_id = f.id
        WHERE f.cancelled_on IS NULL AND f.closed_on < {TODAY} - 60 AND f.patient_share > coalesce(r.paid, 0)""",
    "lost": f"""
        WITH done AS (
            SELECT prescription_id, count(*) AS done, max(performed_on) AS last
            FROM seances WHERE NOT ({BDK}) GROUP BY prescription_id
        )
        SELECT o.id FROM ordonnances o JOIN done ON done.prescription_id = o.id
        WHERE o.ended_on IS NULL AND done.done < o.sessions AND done.last < {TODAY} - 21""",
    "not invoiced": f"""
        SELECT id FROM seances WHERE invoice_id IS NULL AND performed_on < {TODAY} - 30""",
    "rejected, not sent again": f"""
        WITH last AS (
            SELECT invoice_number, payer, state, returned_on, row_number() OVER (
                PARTITION BY invoice_number, payer ORDER BY returned_on DESC
            ) AS back FROM retours
        )
        SELECT f.id FROM last JOIN factures f ON f.number = last.invoice_number
        WHERE back = 1 AND state = 'Rejeté' AND last.returned_on < {TODAY} - 15 AND f.cancelled_on IS NULL
        AND NOT EXISTS (SELECT 1 FROM factures again WHERE again.replaces = f.number)""",
}


def main(database: str, work: str) -> None:
    copy = Path(work) / "practice.duckdb"
    shutil.copy(database, copy)
    begin, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(str(copy)) as connection:
        connection.execute("CREATE TABLE flag (rule TEXT, subject TEXT)")
        for rule, query in CHECKS.items():
            connection.execute(f"INSERT INTO flag SELECT '{rule}', * FROM ({query})")
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    with duckdb.connect(str(copy), read_only=True) as connection:
        flags = dict(connection.execute("SELECT rule, count(*) FROM flag GROUP BY rule").fetchall())
    report(wall=wall, cpu=cpu, flags=flags)


if __name__ == "__main__":
    main(*sys.argv[1:])
