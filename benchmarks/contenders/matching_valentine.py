"""The schema matchers of valentine on what calibration is given: tables against the kinds of the common model.

`matching_valentine INPUT`: INPUT is JSON with `tables` and `kinds`, columns of texts by name, and `titled`. Each table
becomes the kind whose one-to-one matches are worth most together. COMA compares titles (its comparison of values wants
word lists from a network); the distribution-based matcher and Jaccard's distance compare values.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.contenders.reporting import report


def main(given: Path) -> None:
    import pandas  # type: ignore[import-untyped]  # installed in an environment of its own
    from valentine import valentine_match
    from valentine.algorithms import Coma, DistributionBased, JaccardDistanceMatcher
    from valentine.algorithms.jaccard_distance import StringDistanceFunction

    content = json.loads(given.read_text(encoding="utf-8"))
    matchers = {
        "distribution-based": DistributionBased(),
        "Jaccard": JaccardDistanceMatcher(threshold_dist=1.0, distance_fun=StringDistanceFunction.Exact),
    }
    if content["titled"]:
        matchers["COMA"] = Coma()
    kinds = {name: pandas.DataFrame(columns) for name, columns in content["kinds"].items()}
    matches: dict[str, list[tuple[str, str, str, str]]] = {}
    begin = time.perf_counter()
    for name, matcher in matchers.items():
        matches[name] = []
        for table, columns in content["tables"].items():
            frame = pandas.DataFrame(columns)
            best: tuple[float, list[tuple[str, str, str, str]]] = (0.0, [])
            for kind, known in kinds.items():
                found = valentine_match([frame, known], matcher, df_names=["table", "kind"], instance_sample_size=200)
                pairs = found.one_to_one_hungarian()
                worth = sum(pairs.values())
                if worth > best[0]:
                    best = worth, [(table, pair.source_column, kind, pair.target_column) for pair in pairs]
            matches[name] += best[1]
    report(wall=time.perf_counter() - begin, matches=matches)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
