"""OFX, versions 1 (SGML) and 2 (XML).

`ofxtools` reads the header and builds the tree. It skips what it can't match, lets a cut document pass and puts what it
read into its errors; so the tags are checked here first (each one known for a tag, each aggregate closed by its own,
`</OFX>` at the end), and what it raises is told anew, without a value.

The day is the one written, or where the time bears an offset, the day it then was in Paris. A FITID is unique on its
account by the standard, and some banks give one to several operations; see `Operation.key`. OFX gives one balance,
`LEDGERBAL`, from which nothing can be proven.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from datetime import UTC
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from connector_banque.accounts import account_key, without_ibans
from connector_banque.balance import AGAIN
from connector_banque.operation import Operation, Ranks, amount_of, one_line
from connector_core.dialects.converters import PARIS
from connector_core.errors import FileRefused

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

T = TypeVar("T")

SIGNS = re.compile(rb"\s*(?:OFXHEADER:|<\?xml[^>]*>\s*<\?OFX\s|<\?OFX\s)")
"""How an OFX file begins."""

_LARGEST = 8 * 1024 * 1024
"""Bytes of one file; ten years of a busy account are some 5 MB."""
_DEEPEST = 64
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_ACCOUNTS = ("BANKACCTFROM", "CCACCTFROM")
_OPERATION = "STMTTRN"
_EURO = "EUR"

_ONE_BYTE = re.compile(rb"CHARSET:\s*(?:1252|ISO-8859-1)")
_MARK = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Z0-9._]+)\s*(?P<empty>/?)>(?P<text>[^<]*(?:<!\[CDATA\[.*?\]\]>[^<]*)*)|(?P<bad><)",
    re.DOTALL,
)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_REFERENCE = re.compile(r"&(amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9A-Fa-f]{1,5});")


def operations(stream: BinaryIO) -> Iterator[tuple[int, Operation]]:
    """The operations of every bank statement of the file. Raise FileRefused before the first where it is damaged."""
    stream.seek(0)
    content = stream.read(_LARGEST + 1).removeprefix(BOM_UTF8)
    if len(content) > _LARGEST:
        raise FileRefused("le fichier est démesuré pour un relevé", remedy=AGAIN)
    body = _body(content)
    checked = _checked(body, content.count(b"\n", 0, max(content.find(b"<OFX>"), 0)))
    root = _tree(checked.text)
    statements = [each for each in root.iter() if each.tag in _STATEMENTS]
    count = sum(1 for statement in statements for _ in statement.iter(_OPERATION))
    if not statements:
        raise FileRefused("le fichier ne contient aucun relevé de compte", remedy=AGAIN)
    if count != len(checked.lines):
        raise FileRefused("des opérations sont hors de tout relevé de compte", remedy=AGAIN)
    lines = iter(checked.lines)
    for statement in statements:
        account, euros, ranks = _account(statement), _child(statement, "CURDEF") in {"", _EURO}, Ranks()
        for element in statement.iter(_OPERATION):
            yield next(lines), ranks.ranked(_operation(element, account, euros))


def _body(content: bytes) -> str:
    """The text after the header, decoded as the header says; as UTF-8 where it is that whatever the header says."""
    from ofxtools.header import parse_header

    if not content.isascii() and _is_utf8(content):
        content = _ONE_BYTE.sub(b"CHARSET:NONE", content, count=1)
    _, body = _translated(
        lambda: parse_header(BytesIO(content)), "l'en-tête OFX ou l'encodage du fichier est illisible"
    )
    return body.lstrip("\ufeff \t\r\n")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Checked(NamedTuple):
    """A body whose tags are sound: its text without empty elements, and the lines of its operations."""

    text: str
    lines: list[int]


def _checked(body: str, above: int) -> _Checked:
    """Follow the tags of a body below so many lines. An element that is never closed is a value; empty, it goes."""
    breaks = [found.start() for found in re.finditer("\n", body)]

    def line(position: int) -> int:
        return above + bisect_left(breaks, position) + 1

    def damaged(position: int) -> FileRefused:
        return FileRefused("le document OFX est coupé ou mal formé", where=f"ligne {line(position)}", remedy=AGAIN)

    if not body.startswith("<OFX>"):
        raise damaged(0)
    if not body.rstrip().endswith("</OFX>"):
        raise damaged(len(body))
    closed = set(re.findall(r"</([A-Z0-9._]+)\s*>", body))
    parts: list[str] = []
    lines: list[int] = []
    aggregates: list[str] = []
    value = ""
    position = 0
    for mark in _MARK.finditer(body):
        if mark["bad"] or mark.start() != position or (position and not aggregates):
            raise damaged(position)
        position = mark.end()
        name, text = mark["name"], _CDATA.sub(_escaped, mark["text"]).strip()
        if mark["close"]:
            if mark["empty"] or text or (name != value and aggregates.pop() != name):
                raise damaged(mark.start())
            value = ""
            parts.append(f"</{name}>")
        elif mark["empty"]:
            if text:
                raise damaged(mark.start())
            value = ""
        elif text or body.startswith(f"</{name}>", position):
            value = name
            parts.append(f"<{name}>{text}")
        elif name in closed:
            value = ""
            aggregates.append(name)
            parts.append(f"<{name}>")
            lines += [line(mark.start())] if name == _OPERATION else []
            if len(aggregates) > _DEEPEST:
                raise damaged(mark.start())
        else:
            value = ""
    if aggregates or position != len(body):
        raise damaged(position)
    return _Checked("\n".join(parts), lines)


def _escaped(cdata: re.Match[str]) -> str:
    return cdata[1].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tree(text: str) -> Element:
    from ofxtools.Parser import TreeBuilder

    # It logs every value it reads, account numbers included.
    logging.getLogger("ofxtools").setLevel(logging.CRITICAL)

    def build() -> Element:
        builder = TreeBuilder()
        builder.feed(text)
        return builder.close()

    return _translated(build, "le document OFX est mal formé")


def _translated(call: Callable[[], T], what: str) -> T:
    """What a call into ofxtools gives; what it raises holds values, and becomes `what`."""
    try:
        return call()
    except (SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError):
        pass
    raise FileRefused(what, remedy=AGAIN)


def _account(statement: Element) -> str:
    for name in _ACCOUNTS:
        found = statement.find(name)
        if found is not None and _child(found, "ACCTID"):
            return account_key(*(_child(found, part) for part in ("BANKID", "BRANCHID", "ACCTID")))
    return ""


def _operation(element: Element, account: str, euros: bool) -> Operation:
    amount = amount_of(_child(element, "TRNAMT"))
    own_currency = element.find("CURRENCY/CURSYM")
    problem = ""
    if not account:
        problem = "le numéro du compte manque"
    elif not euros or (own_currency is not None and own_currency.text != _EURO):
        problem = "l'opération n'est pas en euros"
    elif _child(element, "CORRECTFITID"):
        problem = "l'opération en corrige une autre : à reprendre à la main"
    name, memo = _child(element, "NAME"), _child(element, "MEMO")
    label = memo if memo.startswith(name) else f"{name} {memo}"
    return Operation(
        account=account,
        booked_on=_day(_child(element, "DTPOSTED")),
        amount="" if amount is None else str(amount),
        reference=_child(element, "FITID"),
        label=without_ibans(one_line(label)),
        counterparty=without_ibans(_child(element, "PAYEE/NAME")),
        problem=problem,
    )


def _day(text: str) -> str:
    """The day of an OFX time, as ISO; empty where it can't be read."""
    if "[" not in text:
        match = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(?:(?:\d{2}){1,3}(?:\.\d{1,6})?)?", text, re.ASCII)
        return "-".join(match.groups()) if match else ""
    from ofxtools.Types import DateTime

    try:
        moment = DateTime().convert(text)
    except (ValueError, ArithmeticError, TypeError, LookupError):
        return ""
    return str(moment.replace(tzinfo=UTC).astimezone(PARIS).date())


def _child(element: Element, path: str) -> str:
    found = element.find(path)
    text = "" if found is None else (found.text or "")
    return one_line(_REFERENCE.sub(_character, text))


def _character(match: re.Match[str]) -> str:
    from html import unescape

    return unescape(match[0])
