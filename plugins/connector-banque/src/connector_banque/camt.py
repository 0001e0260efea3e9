"""CAMT.053, the bank-to-customer statement of ISO 20022, versions 02 to 08.

Read as it goes by: only one entry is in memory at a time. What differs between versions is read wherever it may stand:
the state of an entry (`Sts`, or `Sts/Cd` since 08), the names of parties (`Dbtr/Nm`, or `Dbtr/Pty/Nm` since 08), the
amount of a detail (`AmtDtls/TxAmt/Amt`, or `Amt` since 04).

`RvslInd` says that an entry reverses another; `CdtDbtInd` gives its own side all the same (a credit that is reversed is
`DBIT`). An entry that groups several transactions becomes one operation for each of them, where each gives its amount;
where these don't add up to the entry, it is refused. `AcctSvcrRef` is taken as the bank's reference; `NtryRef` is not,
since banks number the entries of each statement anew with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, cast

from connector_banque.accounts import account_key, without_ibans
from connector_banque.balance import AGAIN, Proof
from connector_banque.operation import Operation, Ranks, amount_of, one_line
from connector_core.errors import FileRefused
from connector_core.formats.xml import parsing

if TYPE_CHECKING:
    from lxml.etree import _Element

VERSION = re.compile(rb"""xmlns(?::[\w.-]+)?\s*=\s*["']urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-8])["']""")
"""The namespace of a message, which names its version."""

_STATEMENT = ["Document", "BkToCstmrStmt", "Stmt"]
_MOST_INSIDE = 500_000
"""Elements inside one entry: some ten thousand transactions. A larger entry is an attack."""
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOTAVAILABLE"})
_OPENING, _CLOSING, _PREVIOUS, _INTERIM = "OPBD", "CLBD", "PRCD", "ITBD"
_BALANCES = frozenset({_OPENING, _CLOSING, _PREVIOUS, _INTERIM})
_EURO = "EUR"


class _Statement:
    """The statement being read: what it says of itself, and its operations as they come."""

    def __init__(self, line: int) -> None:
        self._account = ""
        self._balances: list[tuple[str, Decimal | None]] = []
        self._proof = Proof(f"ligne {line}")
        self._ranks = Ranks()

    def take(self, name: str, element: _Element) -> Iterator[tuple[int, Operation]]:
        """Take one part of the statement; an entry gives its operations."""
        match name:
            case "Acct":
                self._account = account_key(_text(element, "Id/IBAN") or _text(element, "Id/Othr/Id"))
            case "Bal":
                kind = _text(element, "Tp/CdOrPrtry/Cd")
                if kind in _BALANCES:
                    self._balances.append((kind, _signed(element)))
            case "TxsSummry":
                number = _text(element, "TtlNtries/NbOfNtries")
                if re.fullmatch(r"\d{1,15}", number, re.ASCII):
                    self._proof.announced = int(number)
            case "Ntry":
                self._proof.add(_signed(element) if _state(element) == "BOOK" else Decimal(0))
                for operation in _entry(element, self._account):
                    yield _line(element), self._ranks.ranked(operation)
            case _:
                pass

    def failure(self) -> FileRefused | None:
        """Why the statement can't be whole, once it has been read."""
        if any(amount is None for _, amount in self._balances):
            return FileRefused("un solde du relevé est illisible", where=self._proof.where, remedy=AGAIN)
        self._proof.opening, self._proof.closing = _bounds(self._balances)
        return self._proof.failure()


def operations(stream: BinaryIO) -> Iterator[tuple[int, Operation]]:
    """The operations of every statement of the message, each statement checked against its own balances.

    Raise FileRefused where the document is damaged, and at the end for a statement that can't be whole.
    """
    path: list[str] = []
    statement: _Statement | None = None
    found = False
    failures: list[FileRefused] = []
    inside = 0
    for parser in parsing(stream):
        for event, each in parser.read_events():
            element = cast("_Element", each)
            if event == "start":
                path.append(_local(element))
                inside = inside + 1 if len(path) > len(_STATEMENT) else 0
                if inside > _MOST_INSIDE:
                    raise FileRefused(
                        "une partie du relevé est démesurée", where=f"ligne {_line(element)}", remedy=AGAIN
                    )
                if path == _STATEMENT:
                    statement, found = _Statement(_line(element)), True
                continue
            if statement is not None and path[:-1] == _STATEMENT:
                yield from statement.take(path[-1], element)
                inside = 0
            elif statement is not None and path == _STATEMENT:
                failure = statement.failure()
                failures += [] if failure is None else [failure]
                statement = None
            if len(path) <= len(_STATEMENT) + 1:
                _forget(element)
            path.pop()
    if not found:
        raise FileRefused("le message ne contient aucun relevé de compte", where="ligne 1", remedy=AGAIN)
    if failures:
        raise failures[0]


def _bounds(balances: list[tuple[str, Decimal | None]]) -> tuple[Decimal | None, Decimal | None]:
    """The balances before and after the operations. Of a statement in pages, the inner ones are interim (ITBD)."""
    interim = [amount for kind, amount in balances if kind == _INTERIM]
    first: dict[str, Decimal | None] = {}
    for kind, amount in balances:
        first.setdefault(kind, amount)
    opening = first.get(_OPENING, first.get(_PREVIOUS))
    if opening is None and interim:
        opening = interim.pop(0)
    closing = first.get(_CLOSING)
    if closing is None and interim:
        closing = interim[-1]
    return opening, closing


def _entry(element: _Element, account: str) -> Iterator[Operation]:
    """The operations of one entry."""
    details = [*element.iterfind(_anywhere("NtryDtls/TxDtls"))]
    whole = _operation(element, details, account)
    amounts = [_detail_amount(each, whole.amount) for each in details]
    known = [amount for amount in amounts if amount is not None]
    if whole.problem or len(details) < 2 or len(known) < len(amounts):
        yield whole
    elif sum(known) != Decimal(whole.amount):
        yield replace(whole, problem="les opérations de l'écriture groupée ne donnent pas son montant")
    else:
        for detail, amount in zip(details, known, strict=True):
            reference = _reference(detail, "Refs/AcctSvcrRef")
            if not reference and whole.reference:
                reference = one_line(f"{whole.reference}/{_text(detail, 'Refs/EndToEndId')}")
            label, who = _words(element, [detail])
            yield replace(whole, amount=str(amount), reference=reference, label=label, counterparty=who)


def _operation(element: _Element, details: list[_Element], account: str) -> Operation:
    """The entry as one operation."""
    amount = _signed(element)
    state = _state(element)
    problem = ""
    if not account:
        problem = "le numéro du compte manque avant l'écriture"
    elif not state:
        problem = "l'état de l'écriture (Sts) est absent"
    elif _currency(element) != _EURO:
        problem = "l'écriture n'est pas en euros"
    elif amount is None:
        problem = "le montant ou le sens de l'écriture est illisible"
    reference = _reference(element, "AcctSvcrRef")
    if not reference and len(details) == 1:
        reference = _reference(details[0], "Refs/AcctSvcrRef")
    label, who = _words(element, details)
    return Operation(
        account=account,
        booked_on=_first(element, "BookgDt/Dt", "BookgDt/DtTm")[:10],
        amount="" if amount is None else str(amount),
        reference=reference,
        label=label,
        counterparty=who,
        reverses=_text(element, "RvslInd") in {"true", "1"},
        pending=state not in {"", "BOOK"},
        problem=problem,
    )


def _words(entry: _Element, details: list[_Element]) -> tuple[str, str]:
    """What an entry says through some of its details: a label, and who is on the other side."""
    words: list[str] = []
    who = ""
    for detail in details:
        for path in ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "AddtlTxInf", "Refs/EndToEndId"):
            words += _texts(detail, path)
        who = who or _first(detail, *(f"RltdPties/{party}{path}" for party in _PARTIES for path in _NAMES))
    words += _texts(entry, "AddtlNtryInf")
    kept = dict.fromkeys(word for word in words if word.upper() not in _NO_REFERENCE)
    return without_ibans(one_line(" ".join(kept))), without_ibans(one_line(who))


_PARTIES = ("UltmtDbtr", "Dbtr", "Cdtr")
_NAMES = ("/Nm", "/Pty/Nm")


def _detail_amount(detail: _Element, entry: str) -> Decimal | None:
    """The amount of a detail, on the side of its entry where it says no side of its own."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = _find(detail, path)
        if found is not None:
            amount = amount_of((found.text or "").strip())
            side = _text(detail, "CdtDbtInd")
            if amount is None or found.get("Ccy", _EURO) != _EURO or side not in {"", "CRDT", "DBIT"}:
                return None
            negative = side == "DBIT" if side else entry.startswith("-")
            return -amount if negative else amount
    return None


def _signed(element: _Element) -> Decimal | None:
    """The amount of an entry or a balance in euros, below zero for a debit; None where it can't be read."""
    amount = amount_of(_text(element, "Amt"))
    side = _text(element, "CdtDbtInd")
    if amount is None or amount < 0 or side not in {"CRDT", "DBIT"} or _currency(element) != _EURO:
        return None
    return -amount if side == "DBIT" else amount


def _state(entry: _Element) -> str:
    return _text(entry, "Sts/Cd") or _text(entry, "Sts")


def _currency(element: _Element) -> str:
    amount = _find(element, "Amt")
    return "" if amount is None else amount.get("Ccy", "")


def _reference(element: _Element, path: str) -> str:
    found = _text(element, path)
    return "" if found.upper() in _NO_REFERENCE else found


def _first(element: _Element, *paths: str) -> str:
    return next(filter(None, (_text(element, path) for path in paths)), "")


def _text(element: _Element, path: str) -> str:
    found = _find(element, path)
    return "" if found is None else (found.text or "").strip()


def _texts(element: _Element, path: str) -> list[str]:
    return [text for found in element.iterfind(_anywhere(path)) if (text := (found.text or "").strip())]


def _find(element: _Element, path: str) -> _Element | None:
    return element.find(_anywhere(path))


def _anywhere(path: str) -> str:
    """A path in the namespace of whatever version."""
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _line(element: _Element) -> int:
    return cast("int | None", element.sourceline) or 1


def _forget(element: _Element) -> None:
    """Free an element that is done with, and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
