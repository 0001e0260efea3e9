"""Bank statements as files: OFX 1 and 2, CAMT.053 versions 02 and 08, and two lists as CSV; and what a reader makes of
each.

The ids of the twins follow the recipe that `connector-banque` documents, from what is written and not from its code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

from connector_core.dialects.converters import key_of
from connector_core.model.records import BankCredit
from connector_core.testing.bank import ACCOUNT, Line, Statement

COVERS = tuple(f"bank_credit.{name}" for name in ("amount", "booked_on", "counterparty", "id", "label"))
AMOUNTS_COVER = tuple(name for name in COVERS if not name.endswith("counterparty"))
"""Of the list with one column of amounts, which has none for who paid."""

_BANK, _BRANCH, _NUMBER = ACCOUNT[4:9], ACCOUNT[9:14], ACCOUNT[14:25]
_OFX1 = """OFXHEADER:100\r
DATA:OFXSGML\r
VERSION:102\r
SECURITY:NONE\r
ENCODING:USASCII\r
CHARSET:1252\r
COMPRESSION:NONE\r
OLDFILEUID:NONE\r
NEWFILEUID:NONE\r
\r
"""
_OFX2 = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
"""
_NAME_LENGTH = 32


def write_ofx1(statement: Statement, folder: Path) -> None:
    """OFX 1: SGML whose values are not closed, Windows-1252."""
    text = _OFX1 + "\r\n".join(_ofx(statement, lambda name, value: f"<{name}>{value}")) + "\r\n"
    (folder / "releve.ofx").write_bytes(text.encode("cp1252"))


def write_ofx2(statement: Statement, folder: Path) -> None:
    """OFX 2: XML, UTF-8."""
    text = _OFX2 + "\n".join(_ofx(statement, lambda name, value: f"<{name}>{escape(value)}</{name}>")) + "\n"
    (folder / "releve.ofx").write_bytes(text.encode())


def ofx_twin(statement: Statement) -> list[BankCredit]:
    """What OFX says of the kept lines."""
    account = key_of((_BANK, _BRANCH, _NUMBER))
    return [
        _credit(line, key_of((account, line.booked_on.isoformat(), str(line.amount), line.reference, "1")), line.label)
        for line in statement.lines
        if line.kept
    ]


def _ofx(statement: Statement, value: Callable[[str, str], str]) -> Iterator[str]:
    first, last = statement.lines[0].booked_on, statement.lines[-1].booked_on
    yield "<OFX><SIGNONMSGSRSV1><SONRS><STATUS>"
    yield from (value("CODE", "0"), value("SEVERITY", "INFO"), "</STATUS>")
    yield from (value("DTSERVER", f"{last:%Y%m%d}120000"), value("LANGUAGE", "FRA"), "</SONRS></SIGNONMSGSRSV1>")
    yield "<BANKMSGSRSV1><STMTTRNRS>"
    yield from (value("TRNUID", "1"), "<STATUS>", value("CODE", "0"), value("SEVERITY", "INFO"), "</STATUS><STMTRS>")
    yield from (value("CURDEF", "EUR"), "<BANKACCTFROM>", value("BANKID", _BANK), value("BRANCHID", _BRANCH))
    yield from (value("ACCTID", _NUMBER), value("ACCTTYPE", "CHECKING"), "</BANKACCTFROM><BANKTRANLIST>")
    yield from (value("DTSTART", f"{first:%Y%m%d}"), value("DTEND", f"{last:%Y%m%d}"))
    for line in statement.lines:
        yield "<STMTTRN>"
        yield value("TRNTYPE", "CREDIT" if line.amount > 0 else "DEBIT")
        yield value("DTPOSTED", f"{line.booked_on:%Y%m%d}")
        yield value("TRNAMT", str(line.amount))
        yield value("FITID", line.reference)
        yield value("NAME", line.label[:_NAME_LENGTH].strip())
        if len(line.label) > _NAME_LENGTH:
            yield value("MEMO", line.label)
        yield "</STMTTRN>"
    yield from ("</BANKTRANLIST><LEDGERBAL>", value("BALAMT", str(statement.closing)))
    yield from (value("DTASOF", f"{last:%Y%m%d}"), "</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>")


def write_camt(version: str) -> Callable[[Statement, Path], None]:
    """CAMT.053 of version 02 or 08."""

    def write(statement: Statement, folder: Path) -> None:
        text = "\n".join(_camt(statement, version)) + "\n"
        (folder / "releve.xml").write_bytes(text.encode())

    return write


def camt_twin(statement: Statement) -> list[BankCredit]:
    """What CAMT.053 says of the kept lines: the transactions of a group one by one."""
    account = key_of((ACCOUNT,))
    found = []
    for line in (part for entry in statement.lines if entry.kept for part in _parts(entry)):
        key = key_of((account, line.booked_on.isoformat(), str(line.amount), line.reference, "1"))
        label = f"{line.label} {line.end_to_end}".strip()
        found.append(_credit(line, key, label, line.counterparty))
    return found


def _parts(line: Line) -> tuple[Line, ...]:
    if not line.parts:
        return (line,)
    return tuple(replace(part, reference=f"{line.reference}/{part.end_to_end}") for part in line.parts)


def _camt(statement: Statement, version: str) -> Iterator[str]:
    first, last = statement.lines[0].booked_on, statement.lines[-1].booked_on
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
    yield f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>{last}T20:00:00</CreDtTm></GrpHdr>"
    yield f"<Stmt><Id>S1</Id><CreDtTm>{last}T20:00:00</CreDtTm>"
    yield f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    yield _camt_balance("OPBD", statement.opening, first)
    yield _camt_balance("CLBD", statement.closing, last)
    yield f"<TxsSummry><TtlNtries><NbOfNtries>{len(statement.lines)}</NbOfNtries></TtlNtries></TxsSummry>"
    for number, line in enumerate(statement.lines, 1):
        yield f"<Ntry><NtryRef>{number}</NtryRef>{_camt_amount(line.amount)}"
        if line.reverses:
            yield "<RvslInd>true</RvslInd>"
        yield "<Sts>BOOK</Sts>" if version == "02" else "<Sts><Cd>BOOK</Cd></Sts>"
        yield f"<BookgDt><Dt>{line.booked_on}</Dt></BookgDt><AcctSvcrRef>{line.reference}</AcctSvcrRef>"
        yield "<BkTxCd><Prtry><Cd>05</Cd></Prtry></BkTxCd><NtryDtls>"
        for part in line.parts or (line,):
            yield _camt_detail(part, version, grouped=bool(line.parts))
        yield "</NtryDtls></Ntry>"
    yield "</Stmt></BkToCstmrStmt></Document>"


def _camt_balance(kind: str, amount: Decimal, day: date) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_camt_amount(amount)}<Dt><Dt>{day}</Dt></Dt></Bal>"


def _camt_amount(amount: Decimal) -> str:
    return f'<Amt Ccy="EUR">{abs(amount)}</Amt><CdtDbtInd>{"CRDT" if amount > 0 else "DBIT"}</CdtDbtInd>'


def _camt_detail(line: Line, version: str, *, grouped: bool) -> str:
    amount = ""
    if grouped and version == "02":
        amount = f'<AmtDtls><TxAmt><Amt Ccy="EUR">{line.amount}</Amt></TxAmt></AmtDtls>'
    elif grouped:
        amount = _camt_amount(line.amount)
    name = f"<Nm>{escape(line.counterparty)}</Nm>"
    party = name if version == "02" else f"<Pty>{name}</Pty>"
    parties = f"<RltdPties><Dbtr>{party}</Dbtr></RltdPties>" if line.counterparty else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{line.end_to_end or 'NOTPROVIDED'}</EndToEndId></Refs>{amount}{parties}"
        f"<RmtInf><Ustrd>{escape(line.label)}</Ustrd></RmtInf></TxDtls>"
    )


def write_amounts(statement: Statement, folder: Path) -> None:
    """One column of signed amounts, UTF-8 with a byte order mark, thousands apart by narrow spaces."""
    first, last = statement.lines[0].booked_on, statement.lines[-1].booked_on
    rows = [
        f"Compte;{ACCOUNT}",
        f"Période;{_day(first)} - {_day(last)}",
        f"Solde initial;{_signed(statement.opening)}",
        f"Solde final;{_signed(statement.closing)}",
        "",
        "Date;Date de valeur;Libellé;Montant;Devise",
        *map(_amount_row, _newest(statement)),
    ]
    (folder / "releve_2026.csv").write_bytes(("\r\n".join(rows) + "\r\n").encode("utf-8-sig"))


def _amount_row(line: Line) -> str:
    day = _day(line.booked_on)
    return f"{day};{day};{line.label};{_signed(line.amount)};EUR"


def amounts_twin(statement: Statement) -> list[BankCredit]:
    """What the list of signed amounts says of the kept lines."""
    return _listed(statement, lambda line: (_day(line.booked_on), line.label, _signed(line.amount)), named=False)


def write_debits_credits(statement: Statement, folder: Path) -> None:
    """A column of debits and one of credits, Windows-1252, the balance before the operations below them."""
    rows = [
        f"Code de la banque : {_BANK};Code de l'agence : {_BRANCH};;;;",
        f"Numéro de compte : {ACCOUNT};Devise : EUR;;;;",
        ";;;;;",
        f"Solde en fin de période;;;;;{_fr(statement.closing)}",
        "Date;Référence;Libellé;Contrepartie;Débit;Crédit",
        *(_debit_credit(line) for line in _newest(statement)),
        f"Solde en début de période;;;;;{_fr(statement.opening)}",
    ]
    (folder / "operations_2026.csv").write_bytes(("\r\n".join(rows) + "\r\n").encode("cp1252"))


def debits_credits_twin(statement: Statement) -> list[BankCredit]:
    """What the list of debits and credits says of the kept lines."""
    return _listed(statement, lambda line: (_day(line.booked_on), "", line.label, _fr(abs(line.amount))), named=True)


def _debit_credit(line: Line) -> str:
    debit, credit = ("", _fr(line.amount)) if line.amount > 0 else (_fr(abs(line.amount)), "")
    return f'{_day(line.booked_on)};;"{line.label}";{line.counterparty};{debit};{credit}'


def _listed(statement: Statement, told: Callable[[Line], tuple[str, ...]], *, named: bool) -> list[BankCredit]:
    account = key_of((ACCOUNT,))
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for line in _newest(statement):
        texts = told(line)
        seen[texts] += 1
        rank = "" if seen[texts] == 1 else str(seen[texts])
        if line.kept:
            key = key_of((account, key_of((*texts, rank))))
            found.append(_credit(line, key, line.label, line.counterparty if named else ""))
    return found


def _newest(statement: Statement) -> tuple[Line, ...]:
    """The lines as banks list them, the newest first."""
    return statement.lines[::-1]


def _credit(line: Line, key: str, label: str, counterparty: str = "") -> BankCredit:
    return BankCredit(
        id=key,
        booked_on=line.booked_on,
        amount=line.amount,
        label=label,
        counterparty=counterparty or None,
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _fr(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\xa0").replace(".", ",")


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}".replace(",", "\u202f").replace(".", ",")
