"""The motifs of payers' rejects: what a code or a label of a return means, and what to do about it.

`data/reject_motifs.csv` holds one row per motif: `labels` and `codes` are what returns carry, word for word, separated
by « | »; `name` is what the motif is called where no return is known to carry a label for it. A motif with neither
label nor code is there to be explained, and to be pointed at by a practice that knows which of its returns mean it.

No official list of codes is public: a return that matches nothing is unknown, and stays so.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple, get_args

from connector_core.errors import ConfigurationError
from connector_core.model.vocabulary import Payer
from connector_core.nearest import suggestion
from connector_core.parameters.values import Confidence

OWN_REFERENCE = "décision du cabinet"

_COLUMNS = ("motif", "payer", "name", "labels", "codes", "cause", "action", "reference", "confidence")
_NAME = re.compile(r"REJ-(?:AMO|AMC)-\d\d")


@dataclass(frozen=True, slots=True)
class Motif:
    """Why a payer rejects, in the words of a practice.

    `cause` begins in lower case and ends without a full stop, to stand after « Cause habituelle : »; `action` is one
    or more sentences. `labels` and `codes` are as returns write them.
    """

    id: str
    payer: Payer
    name: str
    labels: tuple[str, ...]
    codes: tuple[str, ...]
    cause: str
    action: str
    reference: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class OwnMotif:
    """What a practice says of a return: what it carries, then either a shipped motif it means or a cause and an action.

    Where both `code` and `label` are given, a return must carry both.
    """

    payer: Payer
    code: str | None = None
    label: str | None = None
    motif: str | None = None
    cause: str | None = None
    action: str | None = None


class _Sign(NamedTuple):
    """What a return must carry to mean a motif; None asks for nothing."""

    payer: Payer
    code: str | None
    label: str | None


class RejectMotifs:
    """The shipped motifs with the practice's own over them. Every method is a pure look-up."""

    def __init__(self, shipped: Iterable[Motif], own: Sequence[tuple[OwnMotif, Motif]] = ()) -> None:
        self.shipped = tuple(shipped)
        self.own = tuple(own)
        self._shipped: dict[_Sign, list[Motif]] = {}
        for motif in self.shipped:
            for sign in _signs(motif):
                self._shipped.setdefault(sign, []).append(motif)
        self._own: dict[_Sign, list[Motif]] = {_sign(entry): [motif] for entry, motif in self.own}

    def find(self, payer: Payer, code: str | None, label: str | None) -> Motif | None:
        """What a return of this payer means; None where nothing says so, or where it may mean two things.

        A code matches when it is the same once case, spaces and punctuation are set aside; its leading zeros count,
        since « 0104 » and « 104 » may be two codes. A label matches when it is the same, whole, once accents, case,
        punctuation and runs of spaces are set aside: one that only contains a known label, or resembles it, is
        another label. A code and a label that mean different motifs mean none. The identifier of a motif is a code
        of it.

        What the practice says of a return goes before what is shipped, and what it says of a code and a label together
        before what it says of one of them.
        """
        given = _Sign(payer, *motif_key(code, label))
        for known in (self._own, self._shipped):
            matches = known.get(given, [])
            if not matches:
                by_code = known.get(given._replace(label=None), []) if given.code else []
                by_label = known.get(given._replace(code=None), []) if given.label else []
                matches = [*by_code, *by_label]
            if matches:
                return matches[0] if len({motif.id for motif in matches}) == 1 else None
        return None

    def named(self, name: str) -> Motif | None:
        """The motif of that identifier, however it is spelled."""
        return next((motif for motif in self.all() if motif.id.casefold() == name.casefold()), None)

    def all(self) -> tuple[Motif, ...]:
        """The practice's own motifs, then those that ship with the project."""
        known = {motif.id for motif in self.shipped}
        return (*(motif for _, motif in self.own if motif.id not in known), *self.shipped)

    def with_own(self, entry: OwnMotif) -> RejectMotifs:
        """The same with one more entry of the practice. Raises ConfigurationError, without a place."""
        sign = _sign(entry)
        if sign.code is None and sign.label is None:
            raise ConfigurationError(
                "ni le code ni le libellé n'ont de lettre ou de chiffre", remedy="Écrivez-les comme le retour les donne"
            )
        if sign in self._own:
            raise ConfigurationError("ce motif de rejet est déjà décrit", remedy="Gardez une seule description")
        return RejectMotifs(self.shipped, (*self.own, (entry, self._described(entry))))

    def stamp(self) -> str:
        """Changes whenever the same return might be explained otherwise."""
        return repr((self.shipped, self.own))

    def _described(self, entry: OwnMotif) -> Motif:
        if entry.motif is not None:
            meant = next((motif for motif in self.shipped if motif.id == entry.motif), None)
            if meant is None:
                known = [motif.id for motif in self.shipped if motif.payer == entry.payer]
                raise ConfigurationError(
                    f"motif de rejet inconnu « {entry.motif} »", remedy=suggestion(entry.motif, known)
                )
            if meant.payer != entry.payer:
                raise ConfigurationError(
                    f"le motif « {meant.id} » est de l'{meant.payer}, et non de l'{entry.payer}",
                    remedy="Écrivez le payeur du motif, ou décrivez la cause et la conduite à tenir",
                )
            return meant
        if entry.cause is None or entry.action is None:
            raise ConfigurationError(
                "la cause et la conduite à tenir manquent", remedy="Écrivez « cause » et « action »"
            )
        return Motif(
            id=f"CABINET-{len(self.own) + 1}",
            payer=entry.payer,
            name=as_received(entry.code, entry.label) or "",
            labels=() if entry.label is None else (entry.label,),
            codes=() if entry.code is None else (entry.code,),
            cause=entry.cause.strip().rstrip("."),
            action=_sentence(entry.action),
            reference=OWN_REFERENCE,
            confidence="practice",
        )


def as_received(code: str | None, label: str | None) -> str | None:
    """The motif of a return in the return's own words; None where it gives none."""
    return " ".join(part for part in (code, label) if part and part.strip()) or None


def motif_key(code: str | None, label: str | None) -> tuple[str | None, str | None]:
    """What is compared of a motif: two returns of one payer that agree on it give the same one."""
    return _code_key(code), _label_key(label)


def load_motifs() -> RejectMotifs:
    """The motifs that ship with the project, read once per process."""
    return _shipped()


@cache
def _shipped() -> RejectMotifs:
    text = files("connector_core.parameters").joinpath("data/reject_motifs.csv").read_text(encoding="utf-8")
    return RejectMotifs(read_motifs(text.splitlines(), "reject_motifs.csv"))


def read_motifs(lines: Iterable[str], name: str) -> list[Motif]:
    """Parse the table; a wrong line is a ConfigurationError naming it, as is a code or a label that two motifs bear."""
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise ConfigurationError("colonnes inattendues", where=f"{name}, ligne 1", remedy=", ".join(_COLUMNS))
    motifs: dict[str, Motif] = {}
    signs: set[_Sign] = set()
    for cells in reader:
        motif = _motif(cells)
        borne = set() if motif is None else set(_signs(motif))
        if motif is None or motif.id in motifs or borne & signs:
            what = "motif de rejet illisible" if motif is None else "motif, code ou libellé déjà donné"
            raise ConfigurationError(what, where=f"{name}, ligne {reader.line_num}", remedy="Corrigez la ligne")
        motifs[motif.id] = motif
        signs |= borne
    return list(motifs.values())


def _motif(cells: Mapping[str, str | None]) -> Motif | None:
    """The motif of a row, None where a cell is missing, in excess or wrong."""
    row = {column: cells.get(column) or "" for column in _COLUMNS}
    payer: Payer | None = next((each for each in _PAYERS if each == row["payer"]), None)
    confidence: Confidence | None = next((each for each in _CONFIDENCES if each == row["confidence"]), None)
    labels, codes = _listed(row["labels"]), _listed(row["codes"])
    called = row["name"] or next(iter(labels), "")
    if (
        len(cells) != len(_COLUMNS)
        or payer is None
        or confidence is None
        or _NAME.fullmatch(row["motif"]) is None
        or not row["motif"].startswith(f"REJ-{payer}-")
        or not all((called, row["cause"], row["action"], row["reference"]))
        or not all(map(_label_key, labels))
        or not all(map(_code_key, codes))
    ):
        return None
    return Motif(row["motif"], payer, called, labels, codes, row["cause"], row["action"], row["reference"], confidence)


_PAYERS: tuple[Payer, ...] = get_args(Payer)
_CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _signs(motif: Motif) -> Iterable[_Sign]:
    for code in (motif.id, *motif.codes):
        yield _Sign(motif.payer, _code_key(code), None)
    for label in motif.labels:
        yield _Sign(motif.payer, None, _label_key(label))


def _sign(entry: OwnMotif) -> _Sign:
    return _Sign(entry.payer, *motif_key(entry.code, entry.label))


def _label_key(label: str | None) -> str | None:
    """A label without accents, case, punctuation and runs of spaces."""
    return " ".join(re.findall(r"[^\W_]+", _bare(label or ""))) or None


def _code_key(code: str | None) -> str | None:
    """A code without case, spaces and punctuation."""
    return "".join(re.findall(r"[^\W_]+", _bare(code or ""))) or None


def _bare(text: str) -> str:
    spelled = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(each for each in spelled if not unicodedata.combining(each))


def _sentence(text: str) -> str:
    bare = text.strip()
    return bare if bare.endswith((".", "!", "?")) else f"{bare}."
