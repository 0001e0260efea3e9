"""Trying a proposed dialect: the export is read and checked in memory, and nothing is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector_core.cli.context import Context
    from connector_core.dialects.calibration.billing import Nomenclature
    from connector_core.dialects.mappings import Dialect
    from connector_core.formats.document import SpooledFile
    from connector_core.plugins.host import PluginHost

_FIRST = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """What came out: the rows and rejects of each file, the records, why rows were refused, what the rules found."""

    files: Sequence[tuple[str, int, int]]
    records: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]
    refused: int
    findings: int
    summary: str
    first: Sequence[str]


def nomenclature() -> Nomenclature:
    """The tariffs that ship with the project, as calibration asks them."""
    from connector_core.parameters.tariffs import Tariffs, load_tariffs

    @dataclass(frozen=True, slots=True)
    class Shipped:
        tariffs: Tariffs

        def exists(self, letter: str, coefficient: Decimal, day: date) -> bool:
            return self.tariffs.standing(letter, coefficient, day) == "valid"

        def price(self, letter: str, coefficient: Decimal, day: date) -> Decimal | None:
            found = self.tariffs.price(letter, coefficient, day, "METRO")
            return None if found is None else found[0]

    return Shipped(load_tariffs())


def tried(context: Context, host: PluginHost, dialect: Dialect, text: str, files: Sequence[SpooledFile]) -> Trial:
    """Read an export with a dialect alone, whose text is given too, and check what it says today."""
    from connector_core.cli import listing
    from connector_core.pipeline.attempt import Pipeline
    from connector_core.pipeline.given import Input
    from connector_core.service.assembly import SITE, rules_of, with_dialect
    from connector_core.service.places import utc_now
    from connector_core.store.codec import KIND_NAMES
    from connector_core.store.store import Store

    host = with_dialect(host, text, dialect.place)
    with Store.in_memory() as store:
        pipeline = Pipeline(store, rules_of(context.settings, host), utc_now)
        outcome = pipeline.attempt([Input("", file, (SITE,), dialect.id) for file in files], context.today())
        refused = store.files.rejects()
        findings = [kept.finding for kept in store.answers.findings("open")]
        kinds: Counter[str] = Counter()
        for _, _, records in store.dossiers.iterate():
            kinds.update({kind: len(each) for kind, each in zip(KIND_NAMES, records, strict=True) if each})
        counts = Counter(finding.rule for finding in findings)
        return Trial(
            tuple((file.name, file.rows, file.rejects) for file in outcome.files),
            tuple(kinds.most_common()),
            tuple(Counter(reject.reason for reject in refused).most_common(_FIRST)),
            len(refused),
            len(findings),
            listing.summary(findings, context.today()),
            tuple(f"{rule} : {count}" for rule, count in counts.most_common(_FIRST)),
        )
