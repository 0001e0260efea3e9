"""The table of motifs: what a return means, and above all when nothing is said of it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from importlib.resources import files

import pytest

from connector_core.errors import ConfigurationError
from connector_core.model.vocabulary import Payer
from connector_core.parameters.motifs import Motif, OwnMotif, RejectMotifs, as_received, load_motifs, read_motifs

MOTIFS = load_motifs()
TABLE = files("connector_core.parameters").joinpath("data/reject_motifs.csv").read_text(encoding="utf-8")
OTHER: dict[Payer, Payer] = {"AMO": "AMC", "AMC": "AMO"}
LABELS = [pytest.param(motif, label, id=label) for motif in MOTIFS.shipped for label in motif.labels]
CODES = [pytest.param(motif, code, id=code) for motif in MOTIFS.shipped for code in (motif.id, *motif.codes)]

UNLABELLED = {f"REJ-AMO-{number:02}" for number in range(8, 15)} | {"REJ-AMC-12"}
"""Causes for which no source gives what a return carries."""


def own(**values: str) -> OwnMotif:
    payer: Payer = "AMC" if values.pop("payer", "AMC") == "AMC" else "AMO"
    said = {} if "motif" in values else {"cause": "cause du cabinet", "action": "Conduite du cabinet."}
    return OwnMotif(payer, **{**said, **values})


def test_the_table_is_whole() -> None:
    assert [motif.id for motif in MOTIFS.shipped] == [
        *(f"REJ-AMO-{number:02}" for number in range(1, 16)),
        *(f"REJ-AMC-{number:02}" for number in range(1, 13)),
    ]
    assert {motif.id for motif in MOTIFS.shipped if not motif.labels} == UNLABELLED


@pytest.mark.parametrize("motif", MOTIFS.shipped, ids=lambda motif: str(motif.id))
def test_every_motif_says_why_and_what_to_do(motif: Motif) -> None:
    assert motif.reference
    assert not motif.cause.endswith(".")
    assert " :" not in motif.cause, "it follows « Cause habituelle : »"
    assert motif.action[0].isupper()
    assert motif.action.endswith(".")
    assert len(f"{motif.action} Cause habituelle : {motif.cause}.") < 500, "it is read in a table"
    assert not {'"', "\n", "  "} & set(motif.cause + motif.action)


@pytest.mark.parametrize(("motif", "label"), LABELS)
def test_a_label_is_found_however_it_is_written(motif: Motif, label: str) -> None:
    bare = label.translate(str.maketrans("éèêàÉ", "eeeaE"))
    for written in (label, label.upper(), bare.upper(), f"  {label.replace(' ', '   ')} .", label.replace("'", "’")):
        assert MOTIFS.find(motif.payer, None, written) is motif, written
        assert MOTIFS.find(motif.payer, "0000 000", written) is motif, "an unknown code says nothing against it"


@pytest.mark.parametrize(("motif", "label"), LABELS)
def test_what_only_resembles_a_label_is_another_one(motif: Motif, label: str) -> None:
    words = label.split()
    for near in (
        " ".join(words[:-1]),
        " ".join(words[1:]),
        f"{label} non confirmé",
        f"Pas de {label}",
        label.replace(" ", ""),
        f"{label[:-1]}x",
    ):
        assert MOTIFS.find(motif.payer, None, near) is None, near
    assert MOTIFS.find(OTHER[motif.payer], None, label) is None


@pytest.mark.parametrize(("motif", "code"), CODES)
def test_a_code_is_found_with_its_zeros_and_whatever_its_spaces(motif: Motif, code: str) -> None:
    for written in (code, code.lower(), f" {code} ", code.replace(" ", ""), code.replace(" ", "-")):
        assert MOTIFS.find(motif.payer, written, None) is motif, written
        assert MOTIFS.find(motif.payer, written, "Libellé que personne ne connaît") is motif
    for near in (code.lstrip("0") if code[0] == "0" else f"0{code}", f"{code}1", code[:-1]):
        assert MOTIFS.find(motif.payer, near, None) is None, near
    assert MOTIFS.find(OTHER[motif.payer], code, None) is None


def test_an_agreement_of_a_word_is_not_corrected() -> None:
    assert MOTIFS.find("AMC", None, "Droit fermés") is not None
    assert MOTIFS.find("AMC", None, "Droits fermés") is None


@pytest.mark.parametrize(("code", "label"), [(None, None), ("", ""), (" ", None), (None, " - "), ("…", "«»")])
def test_nothing_received_means_nothing(code: str | None, label: str | None) -> None:
    assert MOTIFS.find("AMO", code, label) is None
    assert MOTIFS.with_own(own(payer="AMO", code="1")).find("AMO", code, label) is None


def test_a_code_and_a_label_of_two_motifs_mean_neither() -> None:
    assert MOTIFS.find("AMO", "0250 050", "L'assuré est absent de notre référentiel") is MOTIFS.named("REJ-AMO-07")
    assert MOTIFS.find("AMO", "0250 050", "Facture déjà payée") is None


def test_a_code_that_two_motifs_might_bear_is_refused_in_the_table() -> None:
    with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 3"):
        read_motifs(_rows(codes=("1", "1"), labels=("a", "b")), "t.csv")
    with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 3"):
        read_motifs(_rows(codes=("1", "2"), labels=("Été", "ETE.")), "t.csv")
    assert len(read_motifs(_rows(codes=("1", "01"), labels=("a", "b")), "t.csv")) == 2


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("motif", "REJ-01"),
        ("motif", "REJ-AMC-01"),
        ("payer", "CPAM"),
        ("labels", ""),
        ("labels", "a||b"),
        ("codes", "1|-"),
        ("cause", ""),
        ("action", ""),
        ("reference", ""),
        ("confidence", "S"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_line(column: str, cell: str) -> None:
    header, first, second = csv.reader(_rows(codes=("1", "2"), labels=("a", "b")))
    second[header.index(column)] = cell
    with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 3") as caught:
        read_motifs(_lines([header, first, second]), "t.csv")
    assert caught.value.remedy


def test_a_row_too_short_or_too_long_and_other_columns_are_refused() -> None:
    header, first, _ = csv.reader(_rows(codes=("1", "2"), labels=("a", "b")))
    for row in (first[:-1], [*first, "x"]):
        with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 2"):
            read_motifs(_lines([header, row]), "t.csv")
    with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 1"):
        read_motifs(_lines([header[:-1]]), "t.csv")
    with pytest.raises(ConfigurationError, match=r"t\.csv, ligne 1"):
        read_motifs([], "t.csv")


def test_the_practice_s_own_go_first() -> None:
    motifs = MOTIFS.with_own(own(label="droit fermes")).with_own(own(label="PLAFOND ATTEINT", action="Attendez"))
    found = motifs.find("AMC", None, "Droit fermés")
    assert found is not None
    assert (found.id, found.confidence, found.cause) == ("CABINET-1", "practice", "cause du cabinet")
    other = motifs.find("AMC", "12", "Plafond atteint")
    assert other is not None
    assert (other.name, other.action) == ("PLAFOND ATTEINT", "Attendez.")
    assert motifs.find("AMO", None, "Plafond atteint") is None
    assert MOTIFS.find("AMC", None, "Plafond atteint") is None, "the shipped ones are as before"
    assert motifs.all()[:2] == (found, other)


def test_the_practice_may_give_a_shipped_motif_another_name() -> None:
    motifs = MOTIFS.with_own(own(payer="AMO", label="Double paiement", motif="REJ-AMO-15"))
    assert motifs.find("AMO", None, "DOUBLE PAIEMENT") is MOTIFS.named("rej-amo-15")
    assert motifs.all() == MOTIFS.all()


def test_a_code_and_a_label_together_go_before_each_alone() -> None:
    motifs = MOTIFS
    for entry in (own(code="10"), own(label="Refus"), own(code="10", label="Refus")):
        motifs = motifs.with_own(entry)
    assert [_id(motifs.find("AMC", *received)) for received in (("10", "Refus"), ("10", None), ("11", "Refus"))] == [
        "CABINET-3",
        "CABINET-1",
        "CABINET-2",
    ]
    two = MOTIFS.with_own(own(code="10")).with_own(own(label="Refus"))
    assert two.find("AMC", "10", "Refus") is None, "two of its own that disagree"
    both = MOTIFS.with_own(own(code="10", label="Refus"))
    assert both.find("AMC", "10", None) is None
    assert both.find("AMC", None, "Refus") is None


@pytest.mark.parametrize(
    ("entry", "what", "remedy"),
    [
        (own(motif="REJ-AMC-1", label="x"), "motif de rejet inconnu « REJ-AMC-1 »", "REJ-AMC-"),
        (own(motif="REJ-AMO-01", label="x"), "de l'AMO, et non de l'AMC", "payeur"),
        (own(motif="cabinet", label="x"), "motif de rejet inconnu", "REJ-AMC-01"),
        (own(label="«»"), "ni lettre", None),
        (replace(own(label="x"), action=None), "conduite à tenir", "action"),
    ],
)
def test_a_wrong_entry_of_the_practice_is_refused(entry: OwnMotif, what: str, remedy: str | None) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MOTIFS.with_own(entry)
    if remedy is not None:
        assert what in caught.value.what
        assert remedy in (caught.value.remedy or "")


def test_the_same_motif_described_twice_is_refused() -> None:
    motifs = MOTIFS.with_own(own(label="Refus"))
    with pytest.raises(ConfigurationError, match="déjà décrit"):
        motifs.with_own(own(label="REFUS !"))


def test_another_explanation_is_another_stamp() -> None:
    one = MOTIFS.with_own(own(label="Refus"))
    assert one.stamp() == MOTIFS.with_own(own(label="Refus")).stamp()
    others = (MOTIFS, MOTIFS.with_own(own(label="Refusé")), MOTIFS.with_own(own(label="Refus", cause="autre")))
    assert one.stamp() not in {each.stamp() for each in others}
    assert RejectMotifs(MOTIFS.shipped[1:]).stamp() != MOTIFS.stamp()


def test_as_received() -> None:
    assert as_received(" 01", "Été  ") == " 01 Été  "
    assert as_received(None, "Été") == "Été"
    assert as_received("", " ") is None


def _id(motif: Motif | None) -> str | None:
    return None if motif is None else motif.id


def _rows(codes: tuple[str, str], labels: tuple[str, str]) -> list[str]:
    header = next(csv.reader([TABLE.splitlines()[0]]))
    rows = [
        [f"REJ-AMO-0{number}", "AMO", "", label, code, "c", "A.", "r", "source"]
        for number, (code, label) in enumerate(zip(codes, labels, strict=True), 1)
    ]
    return _lines([header, *rows])


def _lines(rows: list[list[str]]) -> list[str]:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().splitlines()
