"""Lists of operations as CSV, by dialect: a table of the core's language, and what stands around it.

`[connector]` of such a dialect holds up to three patterns, each with one group, for lines that are no operations:
`account` finds the number of the account, `opening` and `closing` the balances before and after the operations. What a
dialect names must be there: a list without it is cut. Patterns are matched at the beginning of a line.

Every line of the table makes one `bank_credit` of its signed amount; which of them are kept is `operation`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import cast

from connector_banque.accounts import account_key, without_ibans
from connector_banque.balance import AGAIN, Proof
from connector_banque.operation import credit, one_line
from connector_core.dialects.converters import key_of, money_fr_signed
from connector_core.dialects.drafts import Draft, Lookup, NoLookup, Waiting
from connector_core.dialects.mappings import Dialect
from connector_core.dialects.physical import delimited_format, expected_encoding
from connector_core.dialects.recognition import find_header
from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.delimited import DelimitedSplitter
from connector_core.formats.document import SpooledFile, probe_of
from connector_core.formats.encodings import Written, written_in
from connector_core.formats.rows import Row
from connector_core.model.coverage import Covers
from connector_core.plugins.connector import Reading

ACCOUNT, OPENING, CLOSING = "account", "opening", "closing"
ASKS = (ACCOUNT, OPENING, CLOSING)
"""What a dialect may say to this connector."""

_NAMES = {ACCOUNT: "le numéro du compte", OPENING: "le solde initial", CLOSING: "le solde final"}
_APART = b"\x1d"
"""Set between the key of the account and the bytes of a line."""


def patterns_of(dialect: Dialect) -> Mapping[str, re.Pattern[str]]:
    """The patterns of a dialect; one that is wrong is a ConfigurationError."""
    patterns: dict[str, re.Pattern[str]] = {}
    for name, text in dialect.connector.items():
        with suppress(re.error):
            patterns[name] = re.compile(text)
        if name not in patterns or patterns[name].groups != 1:
            raise ConfigurationError(
                f"« {name} » n'est pas une expression régulière d'un groupe", where=f"{dialect.place}, [connector]"
            )
    return patterns


@dataclass
class _Around:
    """What the lines around the table say."""

    patterns: Mapping[str, re.Pattern[str]]
    found: dict[str, str] = field(default_factory=dict)

    def take(self, line: str) -> bool:
        """Take what a line says, if it is one of those lines."""
        for name, pattern in self.patterns.items():
            match = pattern.match(line)
            if match is not None and match[1] is not None:
                self.found.setdefault(name, match[1].strip())
                return True
        return False

    def check(self) -> None:
        """Refuse a list in which something is missing that its dialect says is there."""
        for name in self.patterns:
            if not self.found.get(name):
                raise FileRefused(f"{_NAMES[name]} manque : le relevé semble coupé", remedy=AGAIN)

    def balance(self, name: str) -> Decimal | None:
        text = self.found.get(name)
        if text is None:
            return None
        try:
            return money_fr_signed(text)
        except ValueError as error:
            reason = str(error)
        raise FileRefused(f"{_NAMES[name]} est illisible : {reason}", remedy=AGAIN)


@dataclass
class ListReading:
    """One list being read. `inner` reads its table."""

    dialect: Dialect
    table: str
    file: SpooledFile
    inner: Reading
    tables: tuple[str, ...] = ("",)
    remembers: bool = False

    @property
    def covers(self) -> Covers:
        return self.inner.covers

    @cached_property
    def signature(self) -> str:
        return self.inner.signature

    def rows(self) -> Iterator[Row]:
        around = _Around(patterns_of(self.dialect))
        self._read_preamble(around)
        account = account_key(around.found[ACCOUNT]) if ACCOUNT in around.found else ""
        proof = Proof("fichier")
        plain = delimited_format(self.dialect, 0, self._written).splitter()
        separator = self.dialect.format.text("separator", ";")
        for row in self.inner.rows():
            line = _text(plain, row.raw)
            if not line.strip(separator + ' "') or around.take(line):
                continue
            kept = row._replace(raw=account.encode() + _APART + row.raw)
            proof.add(self._amount(kept))
            yield kept
        around.check()
        proof.opening, proof.closing = around.balance(OPENING), around.balance(CLOSING)
        failure = proof.failure()
        if failure is not None:
            raise failure

    def records(self, row: Row, lookup: Lookup) -> list[Draft] | Waiting:
        values = self._operation(row)
        account = row.raw.partition(_APART)[0].decode()
        return credit(
            key_of((account, str(values["id"]))),
            cast(date, values["booked_on"]),
            cast(Decimal, values["amount"]),
            without_ibans(one_line(str(values.get("label", "")))),
            without_ibans(one_line(str(values.get("counterparty", "")))),
            reverses=False,
        )

    def remember(self, row: Row) -> tuple[str, str, Mapping[str, str]] | None:
        return None

    @cached_property
    def _written(self) -> Written:
        return written_in(probe_of(self.file).head, expected_encoding(self.dialect))

    def _read_preamble(self, around: _Around) -> None:
        """Take what stands before the titles."""
        header = find_header(self.dialect, self.dialect.table(self.table), probe_of(self.file).head)
        last = 0 if header is None else header[0] - 1
        written = delimited_format(self.dialect, 0, self._written)
        plain = replace(written, quote=None, trailer=None, final_newline_required=False)
        splitter = plain.splitter()
        with self.file.open() as stream:
            for row in plain.rows(stream):
                if not isinstance(row.place, int) or row.place > last:
                    break
                around.take(_text(splitter, row.raw))

    def _operation(self, row: Row) -> dict[str, object]:
        """The values of the one operation of a line; raise RowRefused where it has none or several."""
        drafts = self.inner.records(row._replace(raw=row.raw.partition(_APART)[2]), NoLookup())
        made = [] if isinstance(drafts, Waiting) else [values for _, values in drafts if values.get("amount")]
        if len(made) > 1:
            raise RowRefused("la ligne a un débit et un crédit")
        if not made and not isinstance(drafts, Waiting) and drafts:
            made = [drafts[0][1]]
        if not made or "booked_on" not in made[0] or "amount" not in made[0]:
            raise RowRefused("la ligne n'a pas de date, ou ni débit ni crédit")
        return made[0]

    def _amount(self, row: Row) -> Decimal | None:
        """The signed amount of a line; None where it can't be read, which `records` tells."""
        try:
            return cast(Decimal, self._operation(row)["amount"])
        except RowRefused:
            return None


def _text(splitter: DelimitedSplitter, raw: bytes) -> str:
    """A line as it is written, its unreadable bytes replaced: `records` tells of those of an operation."""
    try:
        return splitter.text(raw)
    except RowRefused:
        return raw.decode(splitter.encoding, "replace")
