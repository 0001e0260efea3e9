"""B2 lots in the layout of the professionals (PS): reading, writing, totals.

A file is one or more groups: `000`, lots, `999`. A lot is `1`, invoices, `6`; an invoice is `2` (with 2S, 2M, 2P, 2B,
2C), its lines `4` (with 4S) and `5`. Every record has 128 bytes. Certain, from the public layout of 2007: the columns,
the order, the meaning of the totals of types 5 and 6. Inferred, and therefore read in more than one way:

* what type 5 counts as lines and type 6 as records (with the complements or without them);
* what `file_volume` of the 999 counts (records, with the header and the trailer or without them, or bytes);
* that in a lot of certification S, F or D types 1 and 6 are in clear; the records between them are kept as they are,
  unless they are in clear too.

Records of later types (3x, 2A, 2E, 2V, 4E…) are kept whole, and told.

Reading is strict: what is cut, out of order, not of its type or does not add up is a FileRefused that names the record
and the column, and no value. Signs of damage that sound files of some software might show as well (lines of an invoice
out of their order, a last line end that is missing) are doubts: told with their place, the file being read. Writing
what was read gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connector_core.errors import FileRefused
from connector_teletransmission.framing import Frames, refused, says_the_same
from connector_teletransmission.layout import Layout, load_layouts
from connector_teletransmission.notes import CUT, Notes

LAYOUTS = load_layouts("b2-ps.csv")
SEALED = b"SFD"
"""Certifications of lots whose invoices are encrypted on their way: S with Vitale, F without, D degraded."""

_HEAD, _LOT, _INVOICE, _ACT = LAYOUTS["000"], LAYOUTS["1"], LAYOUTS["2"], LAYOUTS["4"]
_TOTAL, _TRAILER, _END = LAYOUTS["5"], LAYOUTS["6"], LAYOUTS["999"]
_NORM = _HEAD.offsets("norm('CP'=establishments)")
_PROVIDER = _LOT.offsets("provider_no+key")
_LOT_NO, _CERTIFICATION = _LOT.offsets("lot_no"), _LOT.offsets("lot_certification")
_TRAILER_LOT = _TRAILER.offsets("lot_no")
_INVOICE_KEY = slice(1, 35)
_SEQUENCE = _ACT.offsets("sequence")
_BILLED, _AMO, _AMC = (_ACT.offsets(name) for name in ("fees_total(5+2)", "amo_amount(5+2)", "amc_amount(5+2)"))
_SAME_IN_TRAILER = ("sender_type", "sender_no", "dest_type", "dest_no", "application", "file_id")
_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LATER = Layout("", ())


class Invoice(NamedTuple):
    """The records of one invoice, type 2 first, type 5 last; `number` is the place of the first in the file, from 1."""

    number: int
    records: tuple[bytes, ...]


class Lot(NamedTuple):
    """One lot. `sealed` are the records of a lot whose invoices are encrypted; it then has no invoice to read.

    `file` is the 000 of the file that it was read from.
    """

    number: int
    header: bytes
    invoices: tuple[Invoice, ...]
    sealed: tuple[bytes, ...]
    trailer: bytes
    file: bytes = b""


class Group(NamedTuple):
    """One file as it was sent; several may have been joined. `tail` is what follows its last record."""

    number: int
    header: bytes
    lots: tuple[Lot, ...]
    trailer: bytes
    newline: bytes
    tail: bytes


def read(data: bytes, notes: Notes | None = None) -> tuple[Group, ...]:
    """Everything in a file, verified; FileRefused where it is not what a B2 file is."""
    return tuple(each for each in walk(data, notes or Notes()) if isinstance(each, Group))


def write(groups: Sequence[Group]) -> bytes:
    """The bytes of a file."""
    pieces: list[bytes] = []
    for group in groups:
        pieces += [group.newline.join(records_of(group)), group.tail]
    return b"".join(pieces)


def records_of(group: Group) -> Iterator[bytes]:
    """The records of a group, in order."""
    yield group.header
    for lot in group.lots:
        yield lot.header
        for invoice in lot.invoices:
            yield from invoice.records
        yield from lot.sealed
        yield lot.trailer
    yield group.trailer


def name_of(record: bytes) -> str:
    """The type of a record, with the letter of its complement; `""` for one of another kind than these."""
    first = record[:1]
    if first in (b"2", b"4"):
        letter = record[35:36]
        return (first + letter).decode() if letter and letter[0] in _LETTERS else first.decode()
    if record[:3] in (b"000", b"999"):
        return record[:3].decode()
    return first.decode("latin-1") if first in (b"1", b"3", b"5", b"6") else ""


def walk(data: bytes, notes: Notes) -> Iterator[Lot | Group]:
    """Each lot as soon as its totals are verified, then the group that holds it as soon as its trailer is."""
    start, number = 0, 1
    if not data:
        raise refused("le fichier est vide", "octet 1")
    while start < len(data):
        walker = _Walker(Frames.at(data, start), number, notes)
        lots: list[Lot] = []
        for lot in walker.lots():
            lots.append(lot)
            yield lot
        group = walker.finish(lots)
        yield group
        start, number = walker.end_of(group), walker.number


@dataclass(slots=True)
class _Walker:
    """Goes through the records of one group."""

    frames: Frames
    number: int
    """The record that comes next, counted from 1 in the whole file."""
    notes: Notes
    _first: int = 0
    _header: bytes = b""

    def lots(self) -> Iterator[Lot]:
        self._first = self.number
        self._header = self._next()
        self._check(_HEAD, self._header, self._first)
        if self._header[_NORM].strip() == b"CP":
            raise FileRefused(
                "ce fichier B2 est celui d'un établissement (norme CP), pas d'un cabinet",
                where=self._place(self._first, _HEAD, "norm('CP'=establishments)"),
                remedy="Seule la disposition des professionnels de santé (PS) est lue",
            )
        length = self._header[_HEAD.offsets("record_length")]
        if length.strip(b"0 ") and length != b"128":
            raise refused("la longueur annoncée n'est pas 128", self._place(self._first, _HEAD, "record_length"))
        while (record := self._next()).startswith(b"1"):
            yield self._lot(record)
        self.number -= 1

    def finish(self, lots: Sequence[Lot]) -> Group:
        number, trailer = self.number, self._next()
        if not trailer.startswith(b"999"):
            raise refused("un lot (1) ou la fin (999) est attendu", f"enregistrement {number}, colonne 1")
        self._check(_END, trailer, number)
        for name in _SAME_IN_TRAILER:
            if not says_the_same(trailer[_END.offsets(name)], self._header[_HEAD.offsets(name)]):
                raise refused(f"{name} : n'est pas celui de l'en-tête 000", self._place(number, _END, name))
        self._counted(_END, trailer, number, "lot_count", (len(lots),))
        count = number - self._first + 1
        volume = trailer[_END.offsets("file_volume")]
        if volume.strip(b"0 "):
            self._counted(_END, trailer, number, "file_volume", (count, count - 2, count * 128))
        else:
            self.notes.tell("le volume du fichier (999) n'est pas rempli : il n'est pas vérifié")
        tail = self.frames.after(number - self._first)
        if self.frames.lacks_its_end(tail):
            self.notes.doubt(CUT, f"enregistrement {number}, colonne 129")
        return Group(self._first, self._header, tuple(lots), trailer, self.frames.newline, tail)

    def end_of(self, group: Group) -> int:
        """Where the next group begins."""
        return self.frames.offset(self.number - 1 - self._first) + 128 + len(group.tail)

    def _lot(self, header: bytes) -> Lot:
        number = self.number - 1
        self._check(_LOT, header, number)
        if header[_CERTIFICATION] in (b"S", b"F", b"D") and not self._is_clear(header):
            return self._sealed_lot(number, header)
        invoices: list[Invoice] = []
        counts = _Counts()
        while (record := self._next()).startswith(b"2"):
            invoices.append(self._invoice(record, header, counts))
        if not record.startswith(b"6"):
            raise refused("une facture (2) ou la fin du lot (6) est attendue", f"{self._here()}, colonne 1")
        self._check_trailer(record, header)
        place = self.number - 1
        for name, counted in (
            ("invoice_count", (counts.invoices,)),
            ("act_line_count", (counts.acts, counts.acts + counts.act_complements)),
            ("type2_count", (counts.invoices, counts.invoices + counts.complements)),
            ("type5_count", (counts.invoices,)),
            ("lot_total_billed", (counts.billed,)),
            ("lot_total_amo", (counts.amo,)),
            ("lot_total_amc", (counts.amc,)),
        ):
            self._counted(_TRAILER, record, place, name, counted)
        return Lot(number, header, tuple(invoices), (), record, self._header)

    def _is_clear(self, header: bytes) -> bool:
        """Whether the invoices of a lot that should be encrypted are in clear: the next record begins one of them."""
        offset = self.frames.offset(self.number - self._first)
        record = self.frames.data[offset : offset + 128]
        return record[:1] in (b"2", b"6") and record[_PROVIDER] == header[_PROVIDER]

    def _sealed_lot(self, number: int, header: bytes) -> Lot:
        sealed: list[bytes] = []
        while not self._ends(record := self._next(), header):
            sealed.append(record)
        self._check_trailer(record, header)
        certification = header[_CERTIFICATION].decode()
        self.notes.tell(f"lot chiffré (certification {certification}) : seule son enveloppe est lue")
        return Lot(number, header, (), tuple(sealed), record, self._header)

    def _ends(self, record: bytes, header: bytes) -> bool:
        """Whether a record among encrypted ones is the clear end of the lot."""
        return (
            record.startswith(b"6")
            and record[_PROVIDER] == header[_PROVIDER]
            and record[_TRAILER_LOT] == header[_LOT_NO]
            and all(flaw.odd is not None for flaw in _TRAILER.flaws(record))
        )

    def _check_trailer(self, record: bytes, header: bytes) -> None:
        place = self.number - 1
        self._check(_TRAILER, record, place)
        if record[_PROVIDER] != header[_PROVIDER]:
            raise refused("le professionnel n'est pas celui du lot", self._place(place, _TRAILER, "provider_no+key"))
        if record[_TRAILER_LOT] != header[_LOT_NO]:
            raise refused("le numéro n'est pas celui du lot", self._place(place, _TRAILER, "lot_no"))

    def _invoice(self, first: bytes, header: bytes, counts: _Counts) -> Invoice:
        number = self.number - 1
        if name_of(first) != "2":
            raise refused("un complément (2) précède sa facture", f"{self._here()}, colonne 36")
        self._check(_INVOICE, first, number)
        if first[_PROVIDER] != header[_PROVIDER]:
            raise refused("le professionnel n'est pas celui du lot", self._place(number, _INVOICE, "provider_no+key"))
        key = first[_INVOICE_KEY]
        records = [first]
        phase = billed = amo = amc = acts = complements = 0
        sequence = last = b""
        following = self._next
        while True:
            record = following()
            name, rank, layout = _PLACES.get(record[0:36:35]) or _place_of(record)
            if rank < phase or not rank or (rank == 4 and phase < 3):
                raise refused("cet enregistrement n'est pas à sa place", f"{self._here()}, colonne 1")
            phase = min(rank, 3)
            if layout is _LATER:
                self.notes.tell(f"enregistrement de type {name} : hors de la disposition publique, gardé tel quel")
            elif not layout.fits(record, 0):
                self._flaws(layout, record, self.number - 1)
            if record[_INVOICE_KEY] != key:
                raise refused("ce n'est pas la même facture", f"{self._here()}, colonne {_different(record, first)}")
            records.append(record)
            if rank == 1:
                self._complement_follows(name, records)
            if name == "4":
                try:
                    billed += int(record[_BILLED])
                    amo += int(record[_AMO])
                    amc += int(record[_AMC].strip() or b"0")
                except ValueError:
                    raise refused("un montant manque", self._place(self.number - 1, _ACT, "fees_total(5+2)")) from None
                acts += 1
                sequence = record[_SEQUENCE]
                if sequence <= last and acts > 1 and sequence.strip(b"0 "):
                    self.notes.doubt(_LINES_OUT_OF_ORDER, self._place(self.number - 1, _ACT, "sequence"))
                last = sequence
            elif rank == 4:
                complements += 1
                if name == "4S" and record[_SEQUENCE] != sequence:
                    raise refused(
                        "ce complément n'est pas celui de la ligne 4 qui précède", f"{self._here()}, colonne 37"
                    )
            elif rank == 5:
                break
        if not acts:
            raise refused("la facture n'a aucune ligne (4)", f"{self._here()}, colonne 1")
        if not _adds_up(record, acts, complements, billed, amo, amc):
            place = self.number - 1
            self._counted(_TOTAL, record, place, "type4_count", (acts, acts + complements))
            for total, found in (("total_billed", billed), ("total_amo", amo), ("total_amc", amc)):
                self._counted(_TOTAL, record, place, total, (found,))
        counts.add(acts, complements, len(records) - 2 - acts - complements, billed, amo, amc)
        return Invoice(number, tuple(records))

    def _complement_follows(self, name: str, records: Sequence[bytes]) -> None:
        """Doubt complements in another order than the layout's; whether that order is imposed is not public."""
        before = name_of(records[-2])
        if name in _COMPLEMENTS and before in _COMPLEMENTS and _COMPLEMENTS.index(name) <= _COMPLEMENTS.index(before):
            self.notes.doubt(_COMPLEMENTS_OUT_OF_ORDER, f"{self._here()} (type {name}), colonne 36")

    def _next(self) -> bytes:
        frames = self.frames
        newline = frames.newline
        begin = frames.start + (self.number - (self._first or self.number)) * (128 + len(newline))
        end = begin + 128
        record = frames.data[begin:end]
        if len(record) < 128 or (newline and frames.data[end : end + len(newline)] != newline):
            try:
                record = frames.record(self.number - (self._first or self.number))
            except FileRefused as cut:
                column = (cut.where or "").rpartition(", ")[2]
                raise FileRefused(cut.what, where=f"{self._here(0)}, {column}", remedy=cut.remedy) from None
        self.number += 1
        return record

    def _here(self, back: int = 1) -> str:
        """The record read last, for people."""
        return f"enregistrement {self.number - back}"

    def _place(self, number: int, layout: Layout, name: str) -> str:
        return f"enregistrement {number} (type {layout.name}), colonne {layout.column(name)}"

    def _check(self, layout: Layout, record: bytes, number: int) -> None:
        if not layout.fits(record, 0):
            self._flaws(layout, record, number)

    def _flaws(self, layout: Layout, record: bytes, number: int) -> None:
        """Refuse a record that is not of its layout; a signature or an accented letter is only told."""
        for flaw in layout.flaws(record):
            place = f"enregistrement {number} (type {layout.name}), colonne {flaw.column}"
            if flaw.odd is None or (flaw.odd < 0x80 and flaw.field != "certification_zone"):
                raise refused(flaw.what, place)
            self.notes.tell(f"{place} : {flaw.what}, gardé tel quel")

    def _counted(self, layout: Layout, record: bytes, number: int, name: str, ways: Sequence[int]) -> None:
        """A total agrees with what was counted, in one of the ways to count it."""
        try:
            said = int(record[layout.offsets(name)])
        except ValueError:
            raise refused(f"{name} : le total manque", self._place(number, layout, name)) from None
        if said not in (each % 10 ** layout.by_name[name].width for each in ways):
            raise refused(f"{name} : ne correspond pas à ce qui précède", self._place(number, layout, name))


@dataclass(slots=True)
class _Counts:
    """What the invoices of a lot add up to; amounts in centimes."""

    invoices: int = 0
    acts: int = 0
    act_complements: int = 0
    complements: int = 0
    billed: int = 0
    amo: int = 0
    amc: int = 0

    def add(self, acts: int, act_complements: int, complements: int, billed: int, amo: int, amc: int) -> None:
        self.invoices += 1
        self.acts += acts
        self.act_complements += act_complements
        self.complements += complements
        self.billed += billed
        self.amo += amo
        self.amc += amc


_COMPLEMENTS = ("2S", "2M", "2P", "2B", "2C")
_LINES_OUT_OF_ORDER = "les lignes d'une facture (type 4) ne se suivent pas dans l'ordre de leurs numéros"
_COMPLEMENTS_OUT_OF_ORDER = "les compléments d'une facture ne sont pas dans l'ordre 2S, 2M, 2P, 2B, 2C"
_ORDER: Mapping[str, tuple[int, Layout]] = {
    **{name: (1, LAYOUTS[name]) for name in _COMPLEMENTS},
    "3": (2, _LATER),
    "4": (3, _ACT),
    "4S": (4, LAYOUTS["4S"]),
    "5": (5, _TOTAL),
}
"""The place of each record in an invoice, after its type 2."""


_PLACES: Mapping[bytes, tuple[str, int, Layout]] = {
    name.ljust(2).encode(): (name, rank, layout) for name, (rank, layout) in _ORDER.items()
}
"""The same by the first and the 36th column, as they are nearly always."""


def _place_of(record: bytes) -> tuple[str, int, Layout]:
    """The place of a record, complements that the public layout lacks included; rank 0 is no place."""
    name = name_of(record)
    known = _ORDER.get(name)
    if known is not None:
        return name, *known
    match name[:1], len(name):
        case "2", 2:
            return name, 1, _LATER
        case "4", 2:
            return name, 4, _LATER
        case _:
            return name, 0, _LATER


_SAID_ACTS = _TOTAL.offsets("type4_count")
_SAID_BILLED, _SAID_AMO, _SAID_AMC = (_TOTAL.offsets(name) for name in ("total_billed", "total_amo", "total_amc"))


def _adds_up(record: bytes, acts: int, complements: int, billed: int, amo: int, amc: int) -> bool:
    """Whether a type 5 says what was counted, without a word on what is wrong."""
    try:
        said = int(record[_SAID_ACTS])
        return (
            (said == acts or said == acts + complements)
            and int(record[_SAID_BILLED]) == billed
            and int(record[_SAID_AMO]) == amo
            and int(record[_SAID_AMC]) == amc
        )
    except ValueError:
        return False


def _different(record: bytes, first: bytes) -> int:
    return 1 + next((n for n in range(1, 35) if record[n] != first[n]), 0)


def fields_of(record: bytes) -> Mapping[str, str]:
    """The fields of a record by the names of the layout; none for one that the layout lacks."""
    layout = LAYOUTS.get(name_of(record))
    return {} if layout is None else layout.values(record)
