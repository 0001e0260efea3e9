"""The entities of a NOEMIE-PS return: their layouts, their order, the levels that they open and close.

What is known of them, and what is inferred, stands at the top of `noemie`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from connector_teletransmission.framing import WIDTH, refused
from connector_teletransmission.layout import Layout, load_layouts
from connector_teletransmission.noemie_totals import AMOUNTS, COUNTS, MONEY, Closing, Level, Way, unexplained
from connector_teletransmission.notes import Notes

LAYOUTS = load_layouts("noemie-ps.csv")
PAYLOAD = WIDTH - 1
"""Bytes of entities in a data block, after its flag."""

_END, _CLOSE = LAYOUTS["999"], LAYOUTS["990"]
_UNKNOWN = re.compile(rb"[0-9]{5}[^@]*@(?=[0-9]{5}|\Z)")

_RANKS: Mapping[bytes, int] = {
    b"020": 1,
    b"040": 2,
    b"070": 3,
    b"071": 3,
    b"080": 4,
    b"081": 4,
    b"100": 5,
    b"102": 5,
}
"""The levels, from the file's to the invoice's, and the entities that open them."""
_INVOICE_RANK = 5
_PERSON = frozenset({b"103", b"110", b"120", b"150", b"160"})
"""Entities that say whose an invoice is; they stand before its parts, lines and rejects."""
_OF_INVOICE = _PERSON | {b"198", b"199", b"210", b"290", b"294"}
_NAMED_BY: Mapping[bytes, tuple[str, ...]] = {
    b"020": ("payee_no",),
    b"040": ("payee_no",),
    b"070": ("accounting_date",),
    b"071": ("accounting_or_transfer_date",),
    b"080": ("lot_date", "lot_no"),
    b"081": ("return_type",),
    b"100": ("invoice_no",),
    b"102": ("invoice_no", "invoice_no_suffix"),
}
_NAME_AT = {code: [LAYOUTS[code.decode()].offsets(name) for name in names] for code, names in _NAMED_BY.items()}


class Invoice(NamedTuple):
    """An invoice in a group: the places of its context and of its own entities among those of the group."""

    payee: int
    dated: int
    lot: int
    first: int
    end: int


def named_by(code: str) -> tuple[str, ...]:
    """The fields of an entity that opens a level by which its 990 names it."""
    return _NAMED_BY[code.encode()]


def fields_of(entity: bytes) -> Mapping[str, str]:
    """The fields of an entity by the names of the layout; one that the layout lacks has its level and its text."""
    layout = LAYOUTS.get(entity[:3].decode("latin-1"))
    if layout is not None and len(entity) == layout.length:
        return layout.values(entity)
    text = entity.decode("latin-1")
    return {"entity": text[:3], "break_level": text[3:5], "raw": text}


def check_layout(layout: Layout, raw: bytes, where: str, notes: Notes) -> None:
    """Refuse what is not of its layout; bytes of a text that can't be printed are kept and told."""
    if layout.fits(raw, 0) and len(raw) == layout.length:
        return
    for flaw in layout.flaws(raw):
        place = f"{where}, colonne {flaw.column}"
        if flaw.odd is None:
            raise refused(flaw.what, place)
        notes.tell(f"{place} : {flaw.what}, gardé tel quel")


@dataclass(slots=True)
class Verified:
    """Cuts the data of a group into entities, and sees to their order and their totals."""

    payload: bytes
    number: int
    blocks: int
    notes: Notes
    entities: list[bytes] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    _levels: list[Level] = field(default_factory=lambda: [Level(0, b"000", b"")])
    _closings: list[Closing] = field(default_factory=list)
    _closed: set[bytes] = field(default_factory=set)
    _left: dict[bytes, str] = field(default_factory=dict)
    _context: list[int] = field(default_factory=lambda: [-1] * 6)
    _depths: dict[bytes, bytes] = field(default_factory=dict)
    """The break level of each kind of entity."""
    _lots: set[bytes] = field(default_factory=set)
    _lot_levels: int = 0
    _unnamed: bool = False
    _in_invoice: bool = False
    _past_person: bool = False

    def entities_in_order(self) -> None:
        """Cut everything; FileRefused at the first entity that is not one, or not in its place."""
        payload, entities, depths, at = self.payload, self.entities, self._depths, 0
        while at < len(payload):
            code = payload[at : at + 3]
            known = _KNOWN.get(code)
            if known is None:
                at = self._unknown(at)
                continue
            end = at + known.length
            entity = payload[at:end]
            if not known.fits(payload, at):
                check_layout(known.layout, entity, self._where(at), self.notes)
            entities.append(entity)
            if known.rank:
                self._open(known.rank, code, entity, at)
            elif code == b"990":
                self._close(entity, at)
            else:
                self._add(known, code, entity, at)
            if entity[_DEPTH] != depths.get(code):
                self._check_depth(known, code, entity[_DEPTH], at)
            at = end
        self._leave(0, len(payload))

    def totals(self, trailer: bytes, where: str) -> None:
        """Find the way to add up and the way to count that hold for every total."""
        if not self._unnamed:
            for code in self._closed & self._left.keys():
                raise refused(f"le niveau {code.decode()} n'est pas fermé par un 990", self._left[code])
            for code in self._left:
                self.notes.tell(f"aucun niveau {code.decode()} n'est fermé par un 990")
        top = self._levels[0]
        total = _signed(trailer, _END, "amount_total")
        amounts = [(each.amount, each.sums) for each in self._closings]
        self._hold(AMOUNTS, [*amounts, (total, top.sums)], where)
        self._hold(COUNTS, [(each.said, each.counts) for each in self._closings], where)
        entities, closings = len(self.entities), sum(1 for each in self.entities if each[:3] == b"990")
        ways = {self.blocks, self.blocks - 1, self.blocks - 2}
        ways |= {entities, entities + 2, entities - closings, entities - closings + 2}
        self._agrees(trailer, "record_count", ways, where)
        if trailer[_END.offsets("lot_count")].strip(b"0 "):
            self._agrees(trailer, "lot_count", {len(self._lots), self._lot_levels}, where)

    def _agrees(self, trailer: bytes, name: str, ways: set[int], where: str) -> None:
        said = trailer[_END.offsets(name)]
        width = _END.by_name[name].width
        if not said.isdigit() or int(said) not in {each % 10**width for each in ways}:
            raise refused(f"{name} : ne correspond pas à ce qui précède", f"{where}, colonne {_END.column(name)}")

    def _hold(self, ways: Sequence[Way], totals: Sequence[tuple[int, Sequence[int]]], where: str) -> None:
        """Refuse a total that no way explains; those beyond the closings are of the 999, which `where` names."""
        wrong = unexplained(totals, ways)
        if wrong is None:
            return
        if wrong < len(self._closings):
            place = f"{self._where(self._closings[wrong].at)}, colonne {_CLOSE.column('lower_count')}"
        else:
            place = f"{where}, colonne {_END.column('amount_total')}"
        raise refused("ce total ne correspond pas à ce qu'il totalise", place)

    def _where(self, at: int) -> str:
        """The block in which an entity begins, and its code, for people."""
        return f"bloc {self.number + 1 + at // PAYLOAD} (entité {_printable(self.payload[at : at + 3])})"

    def _check_depth(self, known: _Entity, code: bytes, depth: bytes, at: int) -> None:
        """Doubt a break level that is not that of the other entities of its kind, or not below that of what the entity
        stands in."""
        first = self._depths.setdefault(code, depth)
        if code == b"990":
            sound = depth in (_CLOSING_DEPTH, b"  ")
        else:
            above = self._depths.get(self._levels[-2 if known.rank else -1].code, _NO_DEPTH)
            sound = first == depth and (depth > above or depth.isspace())
        if not sound:
            self.notes.doubt(_WRONG_DEPTH, f"{self._where(at)}, colonne {_DEPTH.start + 1}")

    def _unknown(self, at: int) -> int:
        """An entity of a code that the layout lacks: up to its end mark, if what follows may be an entity."""
        found = _UNKNOWN.match(self.payload, at)
        if found is None:
            raise refused("une entité est attendue ici", f"{self._where(at)}, colonne 1")
        code = self.payload[at : at + 3].decode()
        self.notes.tell(f"entité {code} : inconnue de la disposition publique, gardée telle quelle")
        self.entities.append(self.payload[at : found.end()])
        self._count_leaf()
        return found.end()

    def _open(self, rank: int, code: bytes, entity: bytes, at: int) -> None:
        self._leave(rank, at)
        above = self._levels[-1].rank
        if (rank == 3 and not above) or (rank == 4 and above < 3) or (rank == _INVOICE_RANK and above < 3):
            raise refused("cette entité précède celles dont elle dépend", f"{self._where(at)}, colonne 1")
        level = self._levels[-1]
        level.counts[0] += 1
        level.counts[2] += 1
        name = b"".join([entity[each] for each in _NAME_AT[code]]).strip(b" ")
        self._levels.append(Level(rank, code, name))
        place = len(self.entities) - 1
        self._context[rank] = place
        for lower in range(rank + 1, _INVOICE_RANK + 1):
            self._context[lower] = -1
        if rank == 4:
            self._lot_levels += 1
        self._in_invoice, self._past_person = rank == _INVOICE_RANK, False
        if self._in_invoice:
            lot = entity if code == b"102" else self.entities[self._context[4]] if self._context[4] >= 0 else b""
            self._lots.add(lot[20:29] if code == b"102" else lot[5:14])
            payee = self._context[2] if self._context[2] >= 0 else self._context[1]
            self.invoices.append(Invoice(payee, self._context[3], self._context[4], place, place + 1))

    def _leave(self, rank: int, at: int) -> None:
        """Leave the levels that an entity of this rank can't be in."""
        while len(self._levels) > 1 and self._levels[-1].rank >= rank:
            level = self._pop()
            self._left.setdefault(level.code, f"{self._where(min(at, len(self.payload) - 1))}, colonne 1")

    def _pop(self) -> Level:
        level = self._levels.pop()
        above = self._levels[-1]
        above.sums = [*map(add, above.sums, level.sums)]
        above.counts[2] += level.counts[2]
        above.counts[3] += level.counts[3]
        if level.rank == _INVOICE_RANK:
            self._in_invoice = False
            self.invoices[-1] = self.invoices[-1]._replace(end=len(self.entities))
        return level

    def _close(self, entity: bytes, at: int) -> None:
        name = entity[_CLOSED_ID].strip(b" ")
        target: Level | None = self._levels[-1]
        if target is not None and (name != target.name or not target.rank):
            target = next((each for each in reversed(self._levels[1:]) if name in (each.name, each.code)), None)
        if target is None:
            self._unnamed = True
            self._levels[-1].counts[3] += 1
            self.notes.tell("un total 990 ne nomme aucun niveau ouvert : il n'est pas vérifié")
            return
        while self._levels[-1] is not target:
            level = self._pop()
            self._left.setdefault(level.code, f"{self._where(at)}, colonne 1")
        amount = int(entity[_LOWER_AMOUNT].strip() or b"0")
        amount = -amount if entity[_LOWER_SIGN] == b"N" else amount
        count = int(entity[_LOWER_COUNT].strip() or b"0")
        self._closings.append(Closing(at, count, amount, tuple(target.sums), tuple(target.counts)))
        self._closed.add(target.code)
        self._pop()
        self._levels[-1].counts[3] += 1

    def _add(self, known: _Entity, code: bytes, entity: bytes, at: int) -> None:
        if code in _OF_INVOICE:
            if not self._in_invoice:
                raise refused("cette entité n'est dans aucune facture", f"{self._where(at)}, colonne 1")
            if code not in _PERSON:
                self._past_person = True
            elif self._past_person:
                raise refused("cette entité n'est pas à sa place dans la facture", f"{self._where(at)}, colonne 1")
        elif not self._in_invoice:
            if len(self._levels) == 1:
                raise refused("cette entité précède celles dont elle dépend", f"{self._where(at)}, colonne 1")
            self.others.append(len(self.entities) - 1)
        level = self._levels[-1]
        counts = level.counts
        counts[1] += 1
        counts[2] += 1
        for to, where, sign in known.money:
            text = entity[where]
            if not text.isspace():  # the layout lets digits or spaces through
                level.sums[to] += -int(text) if sign is not None and entity[sign] == b"N" else int(text)

    def _count_leaf(self) -> None:
        level = self._levels[-1]
        level.counts[1] += 1
        level.counts[2] += 1


_DEPTH = _CLOSE.offsets("break_level")
_NO_DEPTH, _CLOSING_DEPTH = b"00", b"99"
_WRONG_DEPTH = "break_level : ce n'est pas le niveau où se trouve cette entité"
_CLOSED_ID, _LOWER_COUNT, _LOWER_AMOUNT, _LOWER_SIGN = (
    _CLOSE.offsets(name) for name in ("closed_level_id", "lower_count", "lower_amount", "sign(N/P)")
)


class _Entity(NamedTuple):
    """An entity as the reader needs it."""

    layout: Layout
    length: int
    fits: Callable[[bytes, int], object]
    rank: int
    money: tuple[tuple[int, slice, slice | None], ...]


def _entity(code: bytes, layout: Layout) -> _Entity:
    money = tuple(
        (to, layout.offsets(name), layout.offsets("sign(N/P)") if signed else None)
        for to, name, signed in MONEY.get(code, ())
    )
    return _Entity(layout, layout.length, layout.fits, _RANKS.get(code, 0), money)


_KNOWN: Mapping[bytes, _Entity] = {
    name.encode(): _entity(name.encode(), layout) for name, layout in LAYOUTS.items() if name not in ("000", "999")
}


def _signed(raw: bytes, layout: Layout, name: str) -> int:
    """An amount in centimes with its sign."""
    amount = int(raw[layout.offsets(name)].strip() or b"0")
    return -amount if raw[layout.offsets("sign(N/P)")] == b"N" else amount


def _printable(code: bytes) -> str:
    return code.decode() if code.isdigit() else "?"
