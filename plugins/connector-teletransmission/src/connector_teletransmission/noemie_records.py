"""From verified NOEMIE returns to records of the common model: one `payer_return` per part of an invoice.

In code and not in a dialect, for the reasons that `b2_records` gives.

Certain, from the public layout: the parts 198 and 199 with what was claimed, paid and their states P, R and D; the
rejects 294 with their level and part; the invoice's number, its lot and the lot's date.

Inferred:

* dates are AAMMJJ and amounts centimes, as in B2; sign N makes a payment negative (money taken back);
* the day of a return is the date of its 070 or 071, so that a return sent again is the same return; it is the day of
  the transfer too where it is a 071, of parts that are paid;
* the payee (040, else 020) is the professional by AM number, filled with zeros to 15 digits;
* a part without a state, of which nothing was paid, was not handled by this payer: it is no return;
* a reject of part O is the AMO's, and the AMC's too where that one is rejected without a reject of its own;
* the older generation has no parts: what its lines (210) reimburse is the AMO's payment, a reject (290) without any
  payment is an AMO rejection; what was claimed is not said, and the AMC share of lines is kept in `vendor`;
* a payment below what was claimed is a payment: state paid, with both amounts;
* a withholding (250) is a payment below zero, in the transfer of the 071 above it, of the debt that it names: what the
  payer transfers is the sum of both. Sign P gives back what was withheld.

A part has one record. Of several rejects the first one is its motive; the others, comments and entities of which the
public layout knows nothing are kept in `vendor`. Nothing of a test or a demonstration becomes a record. One-off
payments (261) have no place in the model: they are refused by name, so that they are seen.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from connector_core.dialects.drafts import Draft
from connector_core.errors import RowRefused
from connector_core.formats.rows import Row
from connector_core.model.records import PayerReturn
from connector_teletransmission import noemie, noemie_entities
from connector_teletransmission.b2_records import DOUBT, doubtful
from connector_teletransmission.conversions import day, euros
from connector_teletransmission.layout import ENCODING, Layout

COVERS = frozenset(
    """payer_return.id payer_return.invoice_number payer_return.lot_number payer_return.lot_on payer_return.payer
    payer_return.state payer_return.claimed payer_return.paid payer_return.returned_on payer_return.transfer_on
    payer_return.transfer_label payer_return.paying_body payer_return.reject_code payer_return.reject_label
    payer_return.reject_level payer_return.act_letter payer_return.care_on payer_return.payee_number""".split()
)

INVOICE, REPEATED, OTHER, TRIAL = "facture", "facture répétée", "hors facture", "essai"
TABLES = (INVOICE, REPEATED, OTHER, TRIAL, DOUBT)

_L = noemie_entities.LAYOUTS
_STATES = {"P": "paid", "R": "rejected", "D": "deferred"}
_LEVELS = frozenset("FLA")
_SENDER = slice(_L["000"].offsets("sender_type").start, _L["000"].offsets("sender_no").stop)
_PAYEES, _DATED = frozenset({b"020", b"040"}), frozenset({b"070", b"071"})
_WITHHELD = "250"
_MODEL_LACKS = {
    "261": "paiement ponctuel ou forfaitaire (261)",
    "262": "détail d'un paiement ponctuel (262)",
}

_part_of = {
    "198": _L["198"].getter("amo_claimed", "amo_state", "amo_paid", "sign(N/P)"),
    "199": _L["199"].getter("amc_claimed", "amc_state", "amc_paid", "sign(N/P)"),
}
_dated_of = _L["071"].getter("accounting_or_transfer_date", "transfer_label_1", "transfer_label_2", "paying_body")
_invoice_of = _L["102"].getter("invoice_no", "invoice_no_suffix", "lot_no", "lot_date")
_reject_of = _L["294"].getter("reject_code", "reject_label", "reject_level", "part", "act_code", "care_date")
_older_reject_of = _L["290"].getter("line_no", "code", "label")
_line_of = _L["210"].getter("line_no", "amount_reimbursed", "sign(N/P)", "amc_amount", "act_code", "care_date_start")
_withheld_of = _L[_WITHHELD].getter(
    "debt_ref", "debt_date", "debt_nature", "operation", "amount", "sign(N/P)", "balance"
)
_lot_of = _L["080"].getter("lot_date", "lot_no")


def rows_of(group: noemie.Group) -> Iterator[Row]:
    """The rows of a verified return: each invoice with the payee, the transfer and the lot it stands under.

    What differs when a return is sent again (the file's number and date) is left out. What one return says twice under
    one transfer, totals included, is paid twice: its second time is a row of its own.
    """
    place = f"bloc {group.number}"
    if group.is_trial:
        yield Row(place, TRIAL, group.header)
        return
    entities, sender = group.entities, group.header[_SENDER]
    times: dict[bytes, int] = {}
    for number, (payee, dated, lot, first, end) in enumerate(group.invoices, 1):
        context = [entities[at] if at >= 0 else b"" for at in (payee, dated, lot)]
        raw = b"".join([sender, *context, *entities[first:end]])
        times[raw] = again = times.get(raw, 0) + 1
        if again > 1:
            yield Row(f"{place}, facture {number}", REPEATED, b"%04d" % again + raw)
        else:
            yield Row(f"{place}, facture {number}", INVOICE, raw)
    above = {
        codes: [at for at, entity in enumerate(entities) if entity[:3] in codes] if group.others else []
        for codes in (_PAYEES, _DATED)
    }
    for at in group.others:
        entity = entities[at]
        code = entity[:3].decode(ENCODING)
        if code == _WITHHELD or code in _MODEL_LACKS:
            last = [(found, bisect(found, at)) for found in above.values()]
            standing = b"".join([entities[found[before - 1]] for found, before in last if before])
            yield Row(f"{place}, entité {at + 1}", OTHER, entity + standing)


def drafts_of(row: Row) -> list[Draft]:
    """The records of one row; RowRefused names the entity and the column."""
    match row.table:
        case "facture":
            return _invoice(row.raw.decode(ENCODING))
        case "facture répétée":
            text = row.raw.decode(ENCODING)
            return [(kind, {**values, "id": f"{values['id']}/r{text[:4]}"}) for kind, values in _invoice(text[4:])]
        case "hors facture":
            text = row.raw.decode(ENCODING)
            if text.startswith(_WITHHELD):
                return [_withheld(text)]
            what = _MODEL_LACKS[text[:3]]
            raise RowRefused(f"{what} : le modèle n'a pas d'enregistrement pour elle, voyez connector inspect --json")
        case "essai":
            raise RowRefused("flux d'essai ou de démonstration : ses montants ne sont pas comptés")
        case _:
            return doubtful(row.raw.decode(ENCODING))


_SENDER_WIDTH = _SENDER.stop - _SENDER.start
_FILLED_TO_15 = "000000"
"""What stands before the 9 digits of a professional in the 15 of a payee."""
_LENGTHS = {name: layout.length for name, layout in _L.items()}


def _withheld(text: str) -> Draft:
    """A withholding, with the payee and the 070 or 071 that stand above it."""
    length = _LENGTHS[_WITHHELD]
    debt, on, nature, operation, amount, sign, balance = _withheld_of(text[:length])
    context = _context(" " * _SENDER_WIDTH + text[length:])
    if not debt.strip():
        raise RowRefused("entité 250, colonne 8 : la référence de la créance manque", fields=("debt_ref",))
    paid = _signed(amount, sign)
    told = {"debt_date": on, "debt_nature": nature, "operation": operation, "balance": balance}
    vendor = {"entity": _WITHHELD, **{name: value.strip() for name, value in told.items() if value.strip(" 0")}}
    number = f"créance {debt.strip()}"
    day = context.same["returned_on"]
    values = {**context.same, **context.moved, "invoice_number": number, "payer": "AMO", "state": "paid", "paid": paid}
    by = "-".join(str(values.get(name, "")) for name in ("payee_number", "paying_body", "transfer_label"))
    return PayerReturn, {**values, "id": f"{number}-{day}-{operation.strip()}-{paid}-{by}", "vendor": vendor}


def _invoice(text: str) -> list[Draft]:
    at = _SENDER_WIDTH
    while (code := text[at : at + 3]) not in _OPENERS:
        at += _LENGTHS[code]
    context = _context(text[:at])
    by_code: dict[str, list[str]] = {}
    while at < len(text):
        code = text[at : at + 3]
        length = _LENGTHS.get(code)
        end = at + length if length is not None else text.index("@", at) + 1
        by_code.setdefault(code, []).append(text[at:end])
        at = end
    same = _shared(by_code, context)
    rejects = _rejects(by_code) if "294" in by_code or "290" in by_code else []
    kept = _kept(by_code)
    parts = by_code.get("198", []) + by_code.get("199", [])
    drafts: list[Draft] = []
    if parts:
        rejected = [part for part in parts if part[13] == "R"]
        for part in parts:
            values = _part(part, same, context.moved)
            if values is not None:
                motives = _motives(part, rejects, rejected) if rejects else rejects
                drafts.append((PayerReturn, _told(values, motives, kept, drafts)))
        if not drafts:
            where = f"entité 198, colonne {_L['198'].column('amo_state')}"
            raise RowRefused(f"{where} : aucune part n'a d'état", fields=("amo_state",))
    else:
        drafts.append((PayerReturn, _told(_older(by_code, same, context.moved), rejects, kept, drafts)))
    return drafts


_Reject = Mapping[str, object]
_OPENERS = frozenset({"100", "102"})


class _Context(NamedTuple):
    """What stands above the invoices of a transfer: for each of their parts, for those that are paid, for `vendor`."""

    same: Mapping[str, object]
    moved: Mapping[str, object]
    vendor: Mapping[str, str]
    lot: str
    lot_on: str


@lru_cache(1024)
def _context(text: str) -> _Context:
    by_code: dict[str, str] = {}
    at = _SENDER_WIDTH
    while at < len(text):
        code = text[at : at + 3]
        by_code[code] = text[at : at + _LENGTHS[code]]
        at += _LENGTHS[code]
    moved: dict[str, object] = {}
    paying_body = ""
    if not by_code.keys() & {"070", "071"}:
        raise RowRefused("entité 070 ou 071 : aucune ne précède", fields=("accounting_date",))
    if "071" in by_code:
        on, label, more, body = _dated_of(by_code["071"])
        dated = moved["transfer_on"] = _day(on, _L["071"], "accounting_or_transfer_date")
        label = f"{label.rstrip()} {more.strip()}".strip()
        if label:
            moved["transfer_label"] = label
        paying_body = body.strip()
    else:
        dated = _day(by_code["070"][5:11], _L["070"], "accounting_date")
    if dated is None:
        raise RowRefused("entité 070 ou 071, colonne 6 : la date manque", fields=("accounting_date",))
    same: dict[str, object] = {"returned_on": dated}
    if paying_body:
        same["paying_body"] = paying_body
    vendor = {"sender": text[:_SENDER_WIDTH].strip()}
    payee = (by_code.get("040") or by_code.get("020") or "")[5:20].strip()
    if payee.strip("0"):
        same["payee_number"] = payee.removeprefix(_FILLED_TO_15)
    lot_on, lot = _lot_of(by_code["080"]) if "080" in by_code else ("", "")
    return _Context(same, moved, vendor, lot, lot_on)


def _shared(by_code: Mapping[str, Sequence[str]], context: _Context) -> dict[str, object]:
    """What every part of an invoice shares."""
    same = dict(context.same)
    vendor = dict(context.vendor)
    if "102" in by_code:
        number, suffix, lot, lot_on = _invoice_of(by_code["102"][0])
        layout = _L["102"]
        if suffix.strip():
            vendor["invoice_no_suffix"] = suffix.strip()
    else:
        number, lot, lot_on, layout = by_code["100"][0][5:14], context.lot, context.lot_on, _L["080"]
    same["invoice_number"] = number = number.strip()
    if not number:
        raise RowRefused("entité 102, colonne 6 : le numéro de facture manque", fields=("invoice_no",))
    lot = lot.strip()
    if lot:
        same["lot_number"] = lot
    lot_day = _day(lot_on, layout, "lot_date")
    if lot_day is not None:
        same["lot_on"] = lot_day
    same["vendor"] = vendor
    return same


def _part(part: str, same: Mapping[str, object], moved: Mapping[str, object]) -> dict[str, object] | None:
    code = part[:3]
    claimed, state, paid, sign = _part_of[code](part)
    known = _STATES.get(state)
    if known is None:
        if state != " " or paid.strip("0 "):
            name = "amo_state" if code == "198" else "amc_state"
            where = f"entité {code}, colonne {_L[code].column(name)}"
            raise RowRefused(f"{where} : cet état de part n'est pas P, R ou D", fields=(name,))
        return None
    values = {**same, "payer": "AMO" if code == "198" else "AMC", "state": known}
    values["claimed"], values["paid"] = euros(claimed), _signed(paid, sign)
    if known == "paid":
        values |= moved
    if code == "199":
        amc, member = part[23:33].strip(" 0"), part[33:48].strip()
        more = {
            name: value for name, value in (("amc_no", amc and part[23:33].strip()), ("amc_member_id", member)) if value
        }
        if more:
            values["vendor"] = {**_text(values["vendor"]), **more}
    return values


def _older(
    by_code: Mapping[str, Sequence[str]], same: Mapping[str, object], moved: Mapping[str, object]
) -> dict[str, object]:
    """The AMO part of an invoice of the older generation, from its lines and rejects."""
    lines = [_line_of(line) for line in by_code.get("210", ())]
    paid = sum((_signed(amount, sign) for _, amount, sign, _, _, _ in lines), Decimal(0))
    amc = sum((euros(share) for _, _, _, share, _, _ in lines), Decimal(0))
    if not paid and "290" not in by_code and "294" not in by_code:
        raise RowRefused("entité 210, colonne 53 : ni part, ni paiement, ni rejet", fields=("amount_reimbursed",))
    values = {**same, "payer": "AMO", "state": "paid" if paid else "rejected", "paid": paid}
    if paid:
        values |= moved
    if amc:
        values["vendor"] = {**_text(values["vendor"]), "amc_amount": str(amc)}
    return values


def _rejects(by_code: Mapping[str, Sequence[str]]) -> list[_Reject]:
    """The rejects of an invoice, in the order of the file. `part` is O or C, or empty where it is not said."""
    found: list[_Reject] = []
    for entity in by_code.get("294", ()):
        code, label, level, part, letter, care = _reject_of(entity)
        reject: dict[str, object] = {"part": part.strip(), "reject_code": code.strip(), "reject_label": label.strip()}
        if level in _LEVELS:
            reject["reject_level"] = level
        _line(reject, letter, care, _L["294"], "care_date")
        found.append(reject)
    lines = {values[0]: values for values in map(_line_of, by_code.get("210", ()))}
    for entity in by_code.get("290", ()):
        number, code, label = _older_reject_of(entity)
        reject = {"part": "", "reject_code": code.strip(), "reject_label": label.strip()}
        line = lines.get(number)
        if line is not None:
            _line(reject, line[4], line[5], _L["210"], "care_date_start")
        found.append(reject)
    return found


def _line(reject: dict[str, object], letter: str, care: str, layout: Layout, name: str) -> None:
    if letter.strip():
        reject["act_letter"] = letter.strip()
    on = _day(care, layout, name)
    if on is not None:
        reject["care_on"] = on


def _motives(part: str, rejects: Sequence[_Reject], rejected: Sequence[str]) -> list[_Reject]:
    """The rejects that concern a part."""
    own = "O" if part[:3] == "198" else "C"
    found = [each for each in rejects if each["part"] in (own, "")]
    if not found and own == "C" and part in rejected:
        found = [each for each in rejects if each["part"] == "O"]
    if found and all(each["part"] == "" for each in found) and rejected and part not in rejected:
        return []
    return found


_TOLD_BY = (
    "invoice_number",
    "lot_number",
    "lot_on",
    "payer",
    "returned_on",
    "state",
    "claimed",
    "paid",
    "payee_number",
    "paying_body",
    "transfer_label",
)
"""What tells one return from another, in whatever file it stands: the same part may be paid twice on one day, by two
transfers."""


def _told(
    values: dict[str, object], motives: Sequence[_Reject], kept: Mapping[str, str], before: Sequence[Draft]
) -> dict[str, object]:
    """A part with its motive, what else was said of it, and its id."""
    vendor = _text(values["vendor"])
    if kept or len(motives) > 1:
        vendor = {**vendor, **kept}
    if motives:
        values |= {field: value for field, value in motives[0].items() if field != "part" and value}
    for number, each in enumerate(motives[1:], 2):
        vendor[f"reject {number}"] = f"{each['reject_code']} {each['reject_label']}".strip()
    identifier = "-".join(str(values.get(name, "")) for name in _TOLD_BY)
    twins = 0
    if before and before[-1][1]["payer"] == values["payer"]:
        twins = sum(str(other["id"]).partition("/")[0] == identifier for _, other in before)
    values["id"] = f"{identifier}/{twins + 1}" if twins else identifier
    values["vendor"] = vendor
    return values


def _kept(by_code: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Comments, and entities that the public layout lacks."""
    kept: dict[str, str] = {}
    if "295" in by_code:
        kept["comment"] = " ".join(entity[6:134].strip() for entity in by_code["295"])
    if not by_code.keys() <= _LENGTHS.keys():
        kept |= {f"entity {code}": "".join(each) for code, each in by_code.items() if code not in _LENGTHS}
    return kept


def _text(vendor: object) -> dict[str, str]:
    return vendor if isinstance(vendor, dict) else {}


def _signed(amount: str, sign: str) -> Decimal:
    return -euros(amount) if sign == "N" else euros(amount)


def _day(text: str, layout: Layout, name: str) -> date | None:
    try:
        return day(text)
    except ValueError:
        pass
    where = f"entité {layout.name}, colonne {layout.column(name)}"
    raise RowRefused(f"{where} ({name}) : cette date n'existe pas", fields=(name,))
