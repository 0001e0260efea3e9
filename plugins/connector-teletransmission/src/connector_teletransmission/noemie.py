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

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connector_core.errors import FileRefused
from connector_teletransmission.framing import WIDTH, Frames, refused, says_the_same
from connector_teletransmission.noemie_entities import LAYOUTS, PAYLOAD, Invoice, Verified, check_layout
from connector_teletransmission.notes import CUT, Notes

LAST, MORE = b"1", b"0"
"""Flags of the last data block and, as far as is known, of the others."""

_HEAD, _END = LAYOUTS["000"], LAYOUTS["999"]
_FLOW, _END_FLOW = _HEAD.offsets("flow_type"), _END.offsets("flow_type")
_SAME_IN_TRAILER = ("sender_type", "sender_no", "dest_type", "dest_no", "exchange_app", "file_id")
_TRIAL_FLOWS = frozenset({"T", "D"})


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


def _group(frames: Frames, number: int, notes: Notes) -> tuple[Group, int]:
    header = _record(frames, 0, number)
    check_layout(_HEAD, header, f"bloc {number} (entité 000)", notes)
    if header[_HEAD.offsets("encryption(O/N)")] == b"O":
        where = f"bloc {number} (entité 000), colonne {_HEAD.column('encryption(O/N)')}"
        raise FileRefused("ce retour est chiffré", where=where, remedy="Déposez le fichier déchiffré par le logiciel")
    length = header[_HEAD.offsets("record_length")]
    if length.strip(b"0 ") and length != b"128":
        where = f"bloc {number} (entité 000), colonne {_HEAD.column('record_length')}"
        raise refused("la longueur annoncée n'est pas 128", where)
    flag, blocks, payload = _payload(frames, number, notes)
    verified = Verified(payload, number, blocks + 2, notes)
    verified.entities_in_order()
    trailer = _record(frames, blocks + 1, number)
    where = f"bloc {number + blocks + 1} (entité 999)"
    if not trailer.startswith(b"999"):
        raise refused("la fin (999) est attendue après le dernier bloc de données", f"{where}, colonne 1")
    check_layout(_END, trailer, where, notes)
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
