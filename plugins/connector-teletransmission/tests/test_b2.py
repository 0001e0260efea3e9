"""B2 lots: what is read is verified, and written back to the byte."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_core.errors import ConfigurationError, FileRefused
from connector_teletransmission import b2, b2_records, samples
from connector_teletransmission.compose import LotPlan, b2_group
from connector_teletransmission.notes import Notes

LONG = os.environ.get("CONNECTOR_FUZZ_EXAMPLES")
"""How many files each property is tried on, other ones each time; by default the same few."""
TRIED = settings(
    max_examples=int(LONG or 60),
    derandomize=LONG is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)

NEWLINES = (b"", b"\n", b"\r\n", b"\r")
FILES = {
    "joined": samples.clear_lot(),
    "lines": samples.clear_lot(b"\r\n"),
    "sealed": samples.sealed_lot(),
    "sealed lines": samples.sealed_lot(b"\n"),
}

DIGITS = st.text("0123456789", min_size=1, max_size=5)
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)


@st.composite
def lines(draw):
    amount = draw(st.integers(0, 99_999))
    amo = draw(st.integers(0, amount))
    number = draw(st.integers(1, 99))
    fields = {
        "sequence": f"{number:02}",
        "act_date": "261105",
        "act_code": draw(TEXT)[:5],
        "quantity": str(draw(st.integers(0, 99))),
        "coefficient(4+2)": draw(DIGITS),
        "fees_total(5+2)": str(amount),
        "amo_amount(5+2)": str(amo),
        "amc_amount(5+2)": str(draw(st.integers(0, amount - amo))),
    }
    complements = draw(
        st.lists(st.just(("4S", {"sequence": f"{number:02}", "executant_condition(L/S)": "L"})), max_size=1)
    )
    return [("4", fields), *complements]


@st.composite
def invoices(draw):
    head = {
        "insured_nir": draw(st.text("0123456789AB", max_size=13)),
        "nir_key": draw(st.text("0123456789", min_size=2, max_size=2)),
        "invoice_no": draw(st.text("0123456789", min_size=9, max_size=9)),
        "invoice_date": "261110",
        "amc_no": draw(TEXT),
    }
    complements = draw(
        st.lists(st.sampled_from([("2S", {}), ("2M", {}), ("2P", {}), ("2B", {}), ("2C", {})]), max_size=3)
    )
    acts = draw(st.lists(lines(), min_size=1, max_size=3))
    return [("2", head), *complements, *(part for act in acts for part in act)]


@st.composite
def groups(draw):
    header = {"sender_no": draw(DIGITS), "file_id": draw(TEXT)[:6], "message": draw(TEXT)}
    lots = [
        LotPlan(
            {"provider_no+key": samples.PROFESSIONAL, "lot_no": f"{n:03}", "lot_date": "261111"},
            draw(st.lists(invoices(), max_size=3)),
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    return b2_group(header, lots, draw(st.sampled_from(NEWLINES)))


@TRIED
@given(st.lists(groups(), min_size=1, max_size=3))
def test_what_is_written_is_read_and_written_back(files):
    data = b2.write(files)
    read = b2.read(data)
    assert b2.write(read) == data
    assert [list(b2.records_of(group)) for group in read] == [list(b2.records_of(group)) for group in files]


@pytest.mark.parametrize(
    ("record", "field", "start", "end"),
    [
        ("1", "lot_no", 20, 22),
        ("1", "lot_date", 72, 77),
        ("1", "lot_certification", 81, 81),
        ("2", "invoice_no", 27, 35),
        ("2", "birth_date", 96, 101),
        ("2", "amc_no", 119, 128),
        ("2S", "beneficiary_nir", 50, 62),
        ("4", "act_code", 74, 78),
        ("4", "amo_amount(5+2)", 106, 112),
        ("4", "amc_amount(5+2)", 122, 128),
        ("5", "total_billed", 58, 65),
        ("6", "lot_total_amc", 43, 51),
        ("999", "lot_count", 83, 85),
    ],
)
def test_columns_are_those_of_the_public_layout(record, field, start, end):
    found = b2.LAYOUTS[record].by_name[field]
    assert (found.start, found.end) == (start, end)


def test_every_record_has_128_columns():
    assert set(b2.LAYOUTS) == set("000 1 2 2S 2M 2P 2B 2C 4 4S 5 6 999".split())
    assert {layout.length for layout in b2.LAYOUTS.values()} == {128}


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_never_whole(codec, name):
    data = FILES[name]
    for end in range(len(data)):
        outcome = codec(b2).outcome(data[:end])
        assert outcome == ("refused" if end < len(data.rstrip(b"\r\n")) else "told"), end


@pytest.mark.parametrize("byte", [0x00, 0x1B, 0x7F])
def test_a_byte_that_cant_be_is_never_taken(codec, byte):
    data = FILES["joined"]
    for at in range(len(data)):
        torn = data[:at] + bytes([byte]) + data[at + 1 :]
        assert codec(b2).outcome(torn) in ("refused", "told"), at


def test_records_in_another_order_are_refused(codec):
    data = FILES["joined"]
    records = [data[at : at + 128] for at in range(0, len(data), 128)]
    for at, (one, other) in enumerate(pairwise(records)):
        if one != other:
            swapped = [*records[:at], other, one, *records[at + 2 :]]
            assert codec(b2).outcome(b"".join(swapped)) in ("refused", "told"), at


@pytest.mark.parametrize(
    ("swapped", "place", "what"),
    [
        ((4, 5), "enregistrement 6 (type 4), colonne 37", "les lignes d'une facture"),
        ((4, 6), "enregistrement 6 (type 4), colonne 37", "les lignes d'une facture"),
        ((9, 10), "enregistrement 11 (type 2S), colonne 36", "les compléments d'une facture"),
    ],
)
def test_an_order_that_some_software_might_write_is_a_doubt_with_its_place(swapped, place, what):
    data = FILES["joined"]
    records = [data[at : at + 128] for at in range(0, len(data), 128)]
    one, other = swapped
    records[one], records[other] = records[other], records[one]
    notes = Notes()
    assert b2.write(b2.read(b"".join(records), notes)) == b"".join(records)
    ((doubt, where),) = notes.doubts.items()
    assert (where, doubt.startswith(what)) == (place, True)
    assert notes.told == [f"{place} : {doubt}"]


def test_lines_without_numbers_are_in_no_order_to_doubt(codec):
    at = b2.LAYOUTS["4"].offsets("sequence")
    data = FILES["joined"]
    records = [data[n : n + 128] for n in range(0, len(data), 128)]
    blank = [each[: at.start] + b"00" + each[at.stop :] if b2.name_of(each) == "4" else each for each in records]
    assert codec(b2).outcome(b"".join(blank)) == "clean"


def test_a_record_that_is_missing_or_twice_is_refused(codec):
    data = FILES["joined"]
    for at in range(0, len(data), 128):
        assert codec(b2).outcome(data[:at] + data[at + 128 :]) == "refused"
        assert codec(b2).outcome(data[: at + 128] + data[at:]) == "refused"


@pytest.mark.fuzz
@TRIED
@given(st.data())
def test_fuzz_any_file_that_is_read_gives_records_or_refusals(understand, data):
    """What the layout lets through: digits or blanks in its numbers, anything in its texts."""
    (group,) = b2.read(FILES["joined"])
    (lot,) = group.lots
    torn = tuple(data.draw(let_through(record)) for record in lot.invoices[0].records)
    lot = lot._replace(header=data.draw(let_through(lot.header)), invoices=(b2.Invoice(3, torn),))
    understand(b2_records.rows_of(lot, set()), b2_records.drafts_of)


@st.composite
def let_through(draw, record):
    layout = b2.LAYOUTS[b2.name_of(record)]
    content = bytearray(record)
    for field in draw(st.lists(st.sampled_from(layout.fields), max_size=6)):
        match field.kind:
            case "N":
                digits = draw(st.text("0123456789", min_size=field.width, max_size=field.width))
                put = draw(st.sampled_from([digits.encode(), b" " * field.width, b"0" * field.width]))
            case "A" if field.name != "complement":
                put = draw(st.binary(min_size=field.width, max_size=field.width))
            case _:
                continue
        content[field.start - 1 : field.end] = put
    return bytes(content)


def record_at(data, name, nth=0):
    starts = [at for at in range(0, len(data), 128) if b2.name_of(data[at : at + 128]) == name]
    return starts[nth]


TOTALS = [
    ("5", "type4_count"),
    ("5", "total_billed"),
    ("5", "total_amo"),
    ("5", "total_amc"),
    ("6", "invoice_count"),
    ("6", "act_line_count"),
    ("6", "type2_count"),
    ("6", "type5_count"),
    ("6", "lot_total_billed"),
    ("6", "lot_total_amo"),
    ("6", "lot_total_amc"),
    ("999", "lot_count"),
    ("999", "file_volume"),
]


@pytest.mark.parametrize(("record", "field"), TOTALS)
def test_a_wrong_total_names_its_record_and_column(record, field):
    data = FILES["joined"]
    layout = b2.LAYOUTS[record]
    column = layout.by_name[field]
    at = record_at(data, record) + column.start - 1
    wrong = str((int(data[at : at + column.width]) + 7) % 10**column.width).rjust(column.width, "0").encode()
    with pytest.raises(FileRefused) as refused:
        b2.read(data[:at] + wrong + data[at + column.width :])
    assert refused.value.where == (
        f"enregistrement {record_at(data, record) // 128 + 1} (type {record}), colonne {column.start}"
    )
    assert field in refused.value.what


def test_a_number_that_is_none_names_its_column():
    data = FILES["joined"]
    at = record_at(data, "4") + b2.LAYOUTS["4"].column("coefficient(4+2)") + 1
    with pytest.raises(FileRefused, match="des chiffres sont attendus") as refused:
        b2.read(data[:at] + b"X" + data[at + 1 :])
    assert refused.value.where is not None
    assert "(type 4), colonne 81" in refused.value.where


def test_the_layout_of_establishments_is_recognised_and_refused():
    with pytest.raises(FileRefused, match="établissement") as refused:
        b2.read(samples.establishment_lot())
    assert refused.value.where == "enregistrement 1 (type 000), colonne 62"


@pytest.mark.parametrize("certification", ["S", "F", "D"])
@pytest.mark.parametrize("newline", NEWLINES)
def test_the_envelope_of_an_encrypted_lot_is_read(certification, newline):
    before, after = samples.sealed_lot(newline).split(b"261111   S")
    data = before + b"261111   " + certification.encode() + after
    notes = Notes()
    (group,) = b2.read(data, notes)
    (lot,) = group.lots
    assert lot.invoices == ()
    assert len(lot.sealed) == 15
    assert b2.fields_of(lot.trailer)["lot_total_billed"] == "000008940"
    assert notes.told == [f"lot chiffré (certification {certification}) : seule son enveloppe est lue"]
    assert b2.write([group]) == data


def test_a_lot_of_certification_s_in_clear_is_read(codec):
    data = b2.write([b2_group({"sender_no": "1"}, [samples.lot("S")])])
    ((lot,),) = (group.lots for group in b2.read(data))
    assert len(lot.invoices) == 3
    assert codec(b2).outcome(data) == "clean"


@pytest.mark.parametrize("letter", ["A", "E", "V"])
def test_a_complement_of_later_years_is_kept_and_told(letter):
    data = FILES["joined"]
    at = record_at(data, "2B")
    data = data[: at + 35] + letter.encode() + data[at + 36 :]
    notes = Notes()
    assert b2.write(b2.read(data, notes)) == data
    assert notes.told == [f"enregistrement de type 2{letter} : hors de la disposition publique, gardé tel quel"]


def test_an_accented_name_is_kept_and_told():
    data = FILES["joined"].replace(b"CABINET DES TILLEULS", "CABINET DES ÉRABLES ".encode("latin-1"))
    notes = Notes()
    assert b2.write(b2.read(data, notes)) == data
    assert notes.told == [
        "enregistrement 2 (type 1), colonne 42 : provider_name : un octet non imprimable, gardé tel quel"
    ]


def test_several_groups_each_with_its_own_line_ends(codec):
    data = samples.clear_lot() + samples.clear_lot(b"\r\n") + samples.sealed_lot(b"\n")
    assert len(b2.read(data)) == 3
    assert codec(b2).outcome(samples.clear_lot() + samples.clear_lot(b"\r\n")) == "clean"


def test_an_empty_file_is_refused(codec):
    assert codec(b2).outcome(b"") == "refused"


def test_a_record_can_only_hold_what_fits():
    layout = b2.LAYOUTS["1"]
    with pytest.raises(ConfigurationError, match="lot_no"):
        layout.build({"lot_non": "1"})
    with pytest.raises(ConfigurationError):
        layout.build({"lot_no": "1234"})
    with pytest.raises(ConfigurationError, match="des chiffres"):
        layout.build({"lot_no": "X"})


@pytest.mark.fuzz
@TRIED
@given(st.data())
def test_fuzz_mutated_files_are_refused_or_read_without_a_loss(codec, mutated, data):
    codec(b2).outcome(data.draw(mutated(list(FILES.values()))))


@pytest.mark.fuzz
@TRIED
@given(st.binary(max_size=600))
def test_fuzz_arbitrary_bytes_are_refused(codec, data):
    assert codec(b2).outcome(data) == "refused"
