"""NOEMIE-PS returns: reading, writing, control totals.

A file is one or more groups of blocks of 128 bytes: `000`, data blocks, `999`. A data block is a flag and 127 bytes;
the last one is flagged 1 and padded with spaces. Joined, they are entities one after the other, each of its own length
and ended by `@`: payee (020, 040), date or transfer (070, 071), lot or return type (080, 081), invoice (100, 102), then
the person, the parts, the lines and the rejects of that invoice. A 990 closes a level with a count and an amount. Two
generations are read: 080/100/110/120/150/160/290 and 071/081/102/103/198/199/294/295.

Certain, from the public layout of 2007: the blocks, the columns of each entity, the end mark. Inferred:

* a 990 closes every level, and names the one it closes by what identifies it (the invoice's number, the payee's …);
  one that names no open level is told and not verified, and so is a kind of level that none closes;
* what the totals add up (the parts, or the lines where there are none; with withholdings and one-off payments or
  without) and what they count is not said: one way must hold for every total of a group, and any other is refused;
* the flag of blocks that are not the last is 0; another is told, and all must be alike;
* entities of one kind have one break level, below that of what they stand in, and a 990 has 99: another is a doubt,
  told with its place.

Reading is strict: what is cut, out of order, not of its layout or does not add up is a FileRefused that names the
entity and the column, and no value. Entities that the layout lacks are kept whole and told, so are bytes of a text that
can't be printed. Writing what was read gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from connector_core.errors import FileRefused
from connector_teletransmission.b2 import CUT, Notes
from connector_teletransmission.framing import WIDTH, Frames, refused, says_the_same
from connector_teletransmission.layout import Layout, load_layouts

LAYOUTS = load_layouts("noemie-ps.csv")
PAYLOAD = WIDTH - 1
LAST, MORE = b"1", b"0"
"""Flags of the last data block and, as far as is known, of the others."""

_HEAD, _END, _CLOSE = LAYOUTS["000"], LAYOUTS["999"], LAYOUTS["990"]
_UNKNOWN = re.compile(rb"[0-9]{5}[^@]*@(?=[0-9]{5}|\Z)")
_FLOW, _END_FLOW = _HEAD.offsets("flow_type"), _END.offsets("flow_type")
_SAME_IN_TRAILER = ("sender_type", "sender_no", "dest_type", "dest_no", "exchange_app", "file_id")
_TRIAL_FLOWS = frozenset({"T", "D"})

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
_MONEY: Mapping[bytes, tuple[tuple[int, str, bool], ...]] = {
    b"198": ((0, "amo_paid", True),),
    b"199": ((1, "amc_paid", True),),
    b"210": ((2, "amount_reimbursed", True), (3, "amc_amount", False)),
    b"261": ((4, "amount", False),),
    b"250": ((5, "amount", True),),
}
"""What an entity adds to the sums of a level: which sum, from which field, and whether its sign counts."""


class Invoice(NamedTuple):
    """An invoice in a group: the places of its context and of its own entities among those of the group."""

    payee: int
    dated: int
    lot: int
    first: int
    end: int


class Group(NamedTuple):
    """One return. `flag` marks data blocks that are not the last; `tail` is what follows the last block.

    `others` are the places of entities that belong to no invoice and carry money or a comment.
    """

    number: int
    header: bytes
    entities: tuple[bytes, ...]
    trailer: bytes
    newline: bytes
    flag: bytes
    tail: bytes
    invoices: tuple[Invoice, ...] = ()
    others: tuple[int, ...] = ()

    @property
    def is_trial(self) -> bool:
        """Whether this is a test or a demonstration, whose money is none."""
        return self.header[_FLOW].decode("latin-1") in _TRIAL_FLOWS


def read(data: bytes, notes: Notes | None = None) -> tuple[Group, ...]:
    """Everything in a file, verified; FileRefused where it is not what a NOEMIE-PS file is."""
    return tuple(walk(data, notes or Notes()))


def walk(data: bytes, notes: Notes) -> Iterator[Group]:
    """Each group as soon as its totals are verified."""
    start, number = 0, 1
    if not data:
        raise refused("le fichier est vide", "octet 1")
    while start < len(data):
        group, blocks = _group(Frames.at(data, start), number, notes)
        yield group
        start += (blocks - 1) * (WIDTH + len(group.newline)) + WIDTH + len(group.tail)
        number += blocks


def write(groups: Sequence[Group]) -> bytes:
    """The bytes of a file."""
    pieces: list[bytes] = []
    for group in groups:
        blocks = [group.header, *blocks_of(group.entities, group.flag), group.trailer]
        pieces += [group.newline.join(blocks), group.tail]
    return b"".join(pieces)


def blocks_of(entities: Sequence[bytes], flag: bytes) -> list[bytes]:
    """Entities cut into data blocks."""
    payload = b"".join(entities)
    pieces = [payload[n : n + PAYLOAD] for n in range(0, len(payload), PAYLOAD)]
    return [flag + each for each in pieces[:-1]] + [LAST + each.ljust(PAYLOAD) for each in pieces[-1:]]


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


def _group(frames: Frames, number: int, notes: Notes) -> tuple[Group, int]:
    header = _record(frames, 0, number)
    _check(_HEAD, header, f"bloc {number} (entité 000)", notes)
    if header[_HEAD.offsets("encryption(O/N)")] == b"O":
        where = f"bloc {number} (entité 000), colonne {_HEAD.column('encryption(O/N)')}"
        raise FileRefused("ce retour est chiffré", where=where, remedy="Déposez le fichier déchiffré par le logiciel")
    length = header[_HEAD.offsets("record_length")]
    if length.strip(b"0 ") and length != b"128":
        where = f"bloc {number} (entité 000), colonne {_HEAD.column('record_length')}"
        raise refused("la longueur annoncée n'est pas 128", where)
    flag, blocks, payload = _payload(frames, number, notes)
    verified = _Verified(payload, number, blocks + 2, notes)
    verified.entities_in_order()
    trailer = _record(frames, blocks + 1, number)
    where = f"bloc {number + blocks + 1} (entité 999)"
    if not trailer.startswith(b"999"):
        raise refused("la fin (999) est attendue après le dernier bloc de données", f"{where}, colonne 1")
    _check(_END, trailer, where, notes)
    for name in _SAME_IN_TRAILER:
        if not says_the_same(trailer[_END.offsets(name)], header[_HEAD.offsets(name)]):
            raise refused(f"{name} : n'est pas celui de l'en-tête 000", f"{where}, colonne {_END.column(name)}")
    if trailer[_END_FLOW].strip(b"R ") != header[_FLOW].strip(b"R "):
        raise refused(
            "le type de flux n'est pas celui de l'en-tête 000", f"{where}, colonne {_END.column('flow_type')}"
        )
    verified.totals(trailer, where)
    tail = frames.after(blocks + 1)
    if frames.lacks_its_end(tail):
        notes.doubt(CUT, f"bloc {number + blocks + 1}, colonne {WIDTH + 1}")
    group = Group(
        number,
        header,
        tuple(verified.entities),
        trailer,
        frames.newline,
        flag,
        tail,
        tuple(verified.invoices),
        tuple(verified.others),
    )
    return group, blocks + 2


def _record(frames: Frames, at: int, number: int) -> bytes:
    try:
        return frames.record(at)
    except FileRefused as cut:
        column = (cut.where or "").rpartition(", ")[2]
        raise FileRefused(cut.what, where=f"bloc {number + at}, {column}", remedy=cut.remedy) from None


def _payload(frames: Frames, number: int, notes: Notes) -> tuple[bytes, int, bytes]:
    """The flag of the data blocks, how many they are, and what they hold, joined."""
    data, first, stride = frames.data, frames.offset(1), frames.stride
    if data[first : first + 3] == b"999":
        return MORE, 0, b""
    last = data[first::stride].find(LAST)
    if last < 0:
        number_of_blocks = (len(data) - first) // stride
        _record(frames, number_of_blocks + 1, number)
        raise refused("aucun bloc n'est marqué comme le dernier", f"bloc {number + number_of_blocks}, colonne 1")
    if any(
        data[first + WIDTH + n : first + last * stride + WIDTH + n + 1 : stride] != bytes([each]) * (last + 1)
        for n, each in enumerate(frames.newline)
    ):
        for at in range(1, last + 2):
            _record(frames, at, number)
    _record(frames, last + 1, number)
    flags = data[first : first + last * stride : stride]
    flag = flags[:1] or MORE
    odd = next((n for n, each in enumerate(flags) if each != flag[0]), None)
    if odd is not None or not 0x20 <= flag[0] <= 0x7E:
        raise refused("la marque de suite change d'un bloc à l'autre", f"bloc {number + 1 + (odd or 0)}, colonne 1")
    if flag != MORE:
        notes.tell("la marque de suite des blocs n'est pas 0")
    begins = range(first + 1, first + 1 + (last + 1) * stride, stride)
    payload = b"".join([data[begin : begin + PAYLOAD] for begin in begins])
    stripped = payload.rstrip(b" ")
    if len(payload) - len(stripped) >= PAYLOAD:
        raise refused("le dernier bloc de données est vide", f"bloc {number + 1 + last}, colonne 2")
    return flag, last + 1, stripped


def _check(layout: Layout, raw: bytes, where: str, notes: Notes) -> None:
    """Refuse what is not of its layout; bytes of a text that can't be printed are kept and told."""
    if layout.fits(raw, 0) and len(raw) == layout.length:
        return
    for flaw in layout.flaws(raw):
        place = f"{where}, colonne {flaw.column}"
        if flaw.odd is None:
            raise refused(flaw.what, place)
        notes.tell(f"{place} : {flaw.what}, gardé tel quel")


class _Closing(NamedTuple):
    """A 990 and the level it closes: where it begins, what it says, and what was counted."""

    at: int
    said: int
    amount: int
    sums: tuple[int, ...]
    counts: tuple[int, ...]


_Way = Callable[[Sequence[int]], int]
_BASES: tuple[_Way, ...] = (
    lambda sums: sums[0] + sums[1],
    lambda sums: sums[0],
    lambda sums: sums[2],
    lambda sums: sums[2] + sums[3],
)
_EXTRAS: tuple[_Way, ...] = (
    lambda sums: sums[4],
    lambda _: 0,
    lambda sums: sums[4] + sums[5],
    lambda sums: sums[5],
)


def _added(base: _Way, extra: _Way) -> _Way:
    return lambda sums: base(sums) + extra(sums)


_AMOUNTS: tuple[_Way, ...] = tuple(_added(base, extra) for base in _BASES for extra in _EXTRAS)
"""Ways to add up: AMO and AMC parts, AMO alone, lines, lines with their AMC share; one-off payments, withholdings."""
_COUNTS: tuple[_Way, ...] = (
    lambda counts: counts[0] or counts[1],
    lambda counts: counts[0] + counts[1],
    lambda counts: counts[2],
    lambda counts: counts[2] + counts[3],
    lambda counts: counts[2] + counts[3] + 1,
)
"""Ways to count: lower levels (or entities, in the lowest), both, every entity, with totals, with the level's own."""


@dataclass(slots=True)
class _Level:
    """An open level: what names it, and what it holds so far.

    `sums` are AMO parts, AMC parts, lines, AMC shares of lines, one-off payments, withholdings, in signed centimes;
    `counts` lower levels, entities directly in it, all entities in it, totals in it.
    """

    rank: int
    code: bytes
    name: bytes
    sums: list[int] = field(default_factory=lambda: [0] * 6)
    counts: list[int] = field(default_factory=lambda: [0] * 4)


@dataclass(slots=True)
class _Verified:
    """Cuts the data of a group into entities, and sees to their order and their totals."""

    payload: bytes
    number: int
    blocks: int
    notes: Notes
    entities: list[bytes] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    _levels: list[_Level] = field(default_factory=lambda: [_Level(0, b"000", b"")])
    _closings: list[_Closing] = field(default_factory=list)
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
                _check(known.layout, entity, self._where(at), self.notes)
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
        last = _Closing(-1, 0, total, tuple(top.sums), ())
        self._hold(_AMOUNTS, [*self._closings, last], lambda each: (each.amount, each.sums), where)
        self._hold(_COUNTS, self._closings, lambda each: (each.said, each.counts), where)
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

    def _hold(
        self,
        ways: Sequence[_Way],
        closings: Sequence[_Closing],
        pair: Callable[[_Closing], tuple[int, Sequence[int]]],
        where: str,
    ) -> None:
        """Refuse the first total that no way explains which explains those before it; `where` is the 999."""
        furthest = -1
        for way in ways:
            wrong = next((n for n, each in enumerate(closings) if not _same(way, *pair(each))), None)
            if wrong is None:
                return
            furthest = max(furthest, wrong)
        at = closings[furthest].at
        place = f"{self._where(at)}, colonne {_CLOSE.column('lower_count')}"
        if at < 0:
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
        self._levels.append(_Level(rank, code, name))
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

    def _pop(self) -> _Level:
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
        target: _Level | None = self._levels[-1]
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
        self._closings.append(_Closing(at, count, amount, tuple(target.sums), tuple(target.counts)))
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
        for to, name, signed in _MONEY.get(code, ())
    )
    return _Entity(layout, layout.length, layout.fits, _RANKS.get(code, 0), money)


_KNOWN: Mapping[bytes, _Entity] = {
    name.encode(): _entity(name.encode(), layout) for name, layout in LAYOUTS.items() if name not in ("000", "999")
}


def _same(way: _Way, said: int, counted: Sequence[int]) -> bool:
    return way(counted) == said


def _signed(raw: bytes, layout: Layout, name: str) -> int:
    """An amount in centimes with its sign."""
    amount = int(raw[layout.offsets(name)].strip() or b"0")
    return -amount if raw[layout.offsets("sign(N/P)")] == b"N" else amount


def _printable(code: bytes) -> str:
    return code.decode() if code.isdigit() else "?"
