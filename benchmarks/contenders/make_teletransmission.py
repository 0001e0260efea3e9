"""Not measured: writes B2 lots and NOEMIE returns of so many invoices, some twelve megabytes each for 20,000."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contenders.reporting import report
from connector_teletransmission import b2, noemie, samples
from connector_teletransmission.compose import Level, LotPlan, b2_group, noemie_group

_LINES = [("210", {"line_no": f"{n}", "amount_reimbursed": "1072", "act_code": "RAM"}) for n in (1, 2, 3)]
IN_A_LOT = 50
PEOPLE = 400


def main(folder: str, invoices: str) -> None:
    wanted = int(invoices)
    lots, returns = Path(folder) / "lots.b2", Path(folder) / "returns.noe"
    plans = [_lot(first) for first in range(0, wanted, IN_A_LOT)]
    groups = [b2_group({"file_id": f"{n:06}"}, plans[n : n + 100]) for n in range(0, len(plans), 100)]
    lots.write_bytes(b2.write(groups))
    transfers = [Level(("040", {"payee_no": samples.PROFESSIONAL}), list(_transfers(wanted)))]
    returns.write_bytes(noemie.write([noemie_group({"sender_type": "CP"}, transfers)]))
    report(counts={path.name: path.stat().st_size for path in (lots, returns)})


def _person(number: int) -> samples.Person:
    return samples.ANNE._replace(nir=f"25504999{number % PEOPLE:05}")


def _lot(first: int) -> LotPlan:
    header = {"provider_no+key": samples.PROFESSIONAL, "lot_no": f"{first // IN_A_LOT % 1000:03}", "lot_date": "261111"}
    return LotPlan(header, [_invoice(number) for number in range(first, first + IN_A_LOT)])


def _invoice(number: int) -> list[tuple[str, dict[str, str]]]:
    days = [f"2611{(number + n) % 28 + 1:02}" for n in range(3)]
    acts = [samples.act(day) for day in days]
    parts = samples.invoice(_person(number), f"{number:09}", max(days), *acts)
    return [(name, dict(fields)) for name, fields in parts]


def _transfers(wanted: int) -> Iterator[Level]:
    for first in range(0, wanted, IN_A_LOT):
        invoices = [
            samples.returned(
                f"{number:09}", _person(number), samples.amo(3216, "P", 3216), samples.amc(2148, "P", 2148), *_LINES
            )
            for number in range(first, first + IN_A_LOT)
        ]
        fields = {
            "accounting_or_transfer_date": f"2611{first // IN_A_LOT % 28 + 1:02}",
            "transfer_label_1": f"V{first}",
        }
        yield Level(("071", fields), [Level(("081", {"return_type": "01"}), invoices)])


if __name__ == "__main__":
    main(*sys.argv[1:])
