"""COMA, as valentine has it, on what calibration is given: tables against the kinds of record of the common model.

`matching_valentine INPUT FOLDER`: INPUT is JSON with `tables` and `kinds`, columns of texts by name, and `titled`. Each
table becomes the kind whose one-to-one matches are worth most together.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.contenders.reporting import report


def main(given: Path) -> None:
    import pandas
    from valentine import valentine_match
    from valentine.algorithms import Coma

    content = json.loads(given.read_text(encoding="utf-8"))
    begin = time.perf_counter()
    matcher = Coma(use_instances=True, use_schema=bool(content["titled"]))
    kinds = {name: pandas.DataFrame(columns) for name, columns in content["kinds"].items()}
    found: list[tuple[str, str, str, str]] = []
    for table, columns in content["tables"].items():
        frame = pandas.DataFrame(columns)
        best: tuple[float, list[tuple[str, str, str, str]]] = (0.0, [])
        for kind, known in kinds.items():
            matches = valentine_match([frame, known], matcher, df_names=["table", "kind"], instance_sample_size=200)
            pairs = matches.one_to_one()
            worth = sum(pairs.values())
            if worth > best[0]:
                best = worth, [(table, pair.source_column, kind, pair.target_column) for pair in pairs]
        found += best[1]
    report(wall=time.perf_counter() - begin, matches=found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
