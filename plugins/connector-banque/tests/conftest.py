"""Statements in memory, read by the connector itself."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from connector_banque import INFO
from connector_banque.connector import BankConnector
from connector_core.dialects.drafts import NoLookup
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.document import probe_of
from connector_core.model.pivot import validated


@dataclass(frozen=True)
class Content:
    """A spooled file that is only bytes."""

    content: bytes
    name: str = "fichier"

    @property
    def size(self):
        return len(self.content)

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()

    def open(self):
        return io.BytesIO(self.content)

    @contextmanager
    def as_path(self):
        raise AssertionError("read from memory")
        yield


@dataclass
class Told:
    """What a statement gave: credits, rows, and (place, reason) of what was refused."""

    credits: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    refused: list[tuple[object, str]] = field(default_factory=list)
    known: bool = True

    @property
    def clean(self):
        return self.known and not self.refused

    @property
    def ids(self):
        return [each.id for each in self.credits]

    @property
    def amounts(self):
        return [each.amount for each in self.credits]


class Desk:
    """Reads statements with the connector as shipped."""

    def __init__(self):
        self.connector = BankConnector.shipped(INFO)

    def read(self, content, name="fichier"):
        file = Content(content if isinstance(content, bytes) else content.encode(), name)
        told = Told()
        claim = self.connector.identify(probe_of(file))
        if claim is None:
            told.known = False
            return told
        try:
            reading = self.connector.read(file, claim)
            for row in reading.rows():
                told.rows.append(row)
                try:
                    told.credits += [validated(*draft) for draft in reading.records(row, NoLookup())]
                except RowRefused as refused:
                    told.refused.append((row.place, refused.reason))
        except FileRefused as refused:
            told.refused.append((refused.where, refused.what))
        return told


def ofx(*operations, account="00020700010", currency="EUR", before="", version=1, encoding="cp1252"):
    """An OFX file of operations, each a string of tags."""
    inside = "".join(f"<STMTTRN>\n{each}\n</STMTTRN>\n" for each in operations)
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n"
        "OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
        if version == 1
        else '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="202" SECURITY="NONE" '
        'OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
    )
    body = (
        f"<OFX>\n<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}\n{before}<BANKACCTFROM><BANKID>99999"
        f"<BRANCHID>00000<ACCTID>{account}<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n{inside}</BANKTRANLIST>"
        "<LEDGERBAL><BALAMT>1.00<DTASOF>20260731</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )
    return (head + body).encode(encoding if version == 1 else "utf-8")


def operation(day, amount, fitid="", name="VIR SEPA CPAM DE VALMONTEL", more=""):
    fitid = f"<FITID>{fitid}\n" if fitid else ""
    return f"<TRNTYPE>CREDIT\n<DTPOSTED>{day}\n<TRNAMT>{amount}\n{fitid}<NAME>{name}\n{more}".strip()


def entry(day, amount, reference="", more="", details="", state="<Sts>BOOK</Sts>", currency="EUR"):
    value = Decimal(amount)
    side = "DBIT" if value < 0 else "CRDT"
    ref = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(value)}</Amt><CdtDbtInd>{side}</CdtDbtInd>{more}{state}'
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{ref}<NtryDtls>{details}</NtryDtls></Ntry>\n"
    )


def balance(kind, amount):
    value = Decimal(amount)
    side = "DBIT" if value < 0 else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(value)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd></Bal>\n"
    )


def camt(*entries, balances="", summary="", account="<IBAN>FR1420041010050500013M02606</IBAN>", version="02"):
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{space}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>\n<Stmt><Id>1</Id><Acct><Id>{account}</Id></Acct>\n{balances}"
        f"{summary}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


@pytest.fixture(scope="session")
def desk():
    return Desk()


@pytest.fixture(scope="session")
def write():
    """Ways to write statements, by name."""
    from types import SimpleNamespace

    return SimpleNamespace(ofx=ofx, operation=operation, camt=camt, entry=entry, balance=balance)
