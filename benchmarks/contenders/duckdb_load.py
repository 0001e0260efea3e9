"""Not measured: an export as native DuckDB tables, with the types that suit DuckDB. Runs in DuckDB's environment.

The wheel does not read cp1252, so the lists are written as UTF-8 first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb  # type: ignore[import-not-found]  # installed in an environment of its own

from benchmarks.contenders.reporting import report
from benchmarks.contenders.vega_rows import path_of

_DAY = "strptime(nullif(\"{0}\", ''), '%d/%m/%Y')::DATE"
_MONEY = "replace(nullif(\"{0}\", ''), ',', '.')::DECIMAL(10, 2)"
_TEXT = "nullif(\"{0}\", '')"

COLUMNS = {
    "seances": {
        "id": ("N° acte", _TEXT),
        "patient_id": ("N° patient", _TEXT),
        "performed_on": ("Date", _DAY),
        "started_at": ("Heure", _TEXT),
        "letter": ("Cotation", "split_part(\"{0}\", ' ', 1)"),
        "coefficient": ("Cotation", "replace(split_part(\"{0}\", ' ', 2), ',', '.')::DECIMAL(8, 3)"),
        "amount": ("Honoraires", _MONEY),
        "excess": ("Dépassement", _MONEY),
        "rate": ("Taux", "replace(split_part(\"{0}\", ' ', 1), '%', '')::DECIMAL(6, 2) / 100"),
        "prescription_id": ("N° ordonnance", _TEXT),
        "treatment_id": ("N° prise en charge", _TEXT),
        "session_id": ("N° séance", _TEXT),
        "invoice_id": ("Réf. facture", _TEXT),
    },
    "ordonnances": {
        "id": ("N° ordonnance", _TEXT),
        "patient_id": ("N° patient", _TEXT),
        "sessions": ("Séances prescrites", "nullif(\"{0}\", '')::INTEGER"),
        "treatment_id": ("N° prise en charge", _TEXT),
        "ended_on": ("Fin prise en charge", _DAY),
    },
    "factures": {
        "id": ("Réf. facture", _TEXT),
        "number": ("N° facture", _TEXT),
        "patient_id": ("N° patient", _TEXT),
        "closed_on": ("Date facture", _DAY),
        "patient_share": ("Part patient", _MONEY),
        "replaces": ("Remplace la facture", _TEXT),
        "cancelled_on": ("Annulée le", _DAY),
    },
    "reglements": {
        "invoice_id": ("Réf. facture", _TEXT),
        "amount": ("Montant", _MONEY),
    },
    "retours": {
        "invoice_number": ("N° facture", _TEXT),
        "payer": ("Payeur", _TEXT),
        "state": ("État", _TEXT),
        "returned_on": ("Date retour", _DAY),
    },
}
"""The columns the nine checks need: name, title in the export, expression."""


def main(folder: str, tariffs: str, database: str) -> None:
    counts: dict[str, int] = {}
    with duckdb.connect(database) as connection:
        for table, columns in COLUMNS.items():
            copy = Path(database).with_name(f"{table}.csv")
            copy.write_bytes(path_of(Path(folder), table).read_bytes().decode("cp1252").encode())
            listed = ", ".join(f"{make.format(title)} AS {name}" for name, (title, make) in columns.items())
            source = f"read_csv('{copy}', delim=';', quote='\"', header=true, all_varchar=true)"
            connection.execute(f"CREATE TABLE {table} AS SELECT {listed} FROM {source}")
            counts[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        connection.execute(
            "CREATE TABLE nomenclature AS SELECT letter, coefficient::DECIMAL(8, 3) AS coefficient,"
            " since::DATE AS since, coalesce(until::DATE, DATE '9999-12-31') AS until, amount::DECIMAL(10, 2) AS amount"
            f" FROM read_csv('{tariffs}', all_varchar=true) WHERE zone = 'METRO' AND code NOT LIKE 'KEY-%'"
        )
    report(counts=counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
