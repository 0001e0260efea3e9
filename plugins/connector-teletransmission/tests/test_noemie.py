"""NOEMIE returns: what is read is verified, and written back to the byte."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_core.errors import FileRefused
from connector_teletransmission import noemie, noemie_entities, noemie_records, samples
from connector_teletransmission.compose import Level, noemie_group
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
    "newer": samples.newer_return(),
    "newer lines": samples.newer_return(b"\r\n"),
    "older": samples.older_return(),
    "older lines": samples.older_return(b"\n"),
    "trial": samples.trial_return(b"\r"),
}
TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
NUMBER = st.text("0123456789", min_size=9, max_size=9)
CENTS = st.integers(0, 9_999_999)


@st.composite
def parts(draw):
    found = [samples.amo(draw(CENTS), draw(st.sampled_from("PRD ")), draw(CENTS), draw(st.sampled_from("NP")))]
    if draw(st.booleans()):
        found.append(samples.amc(draw(CENTS), draw(st.sampled_from("PRD ")), draw(CENTS), draw(st.sampled_from("NP"))))
    for n in range(draw(st.integers(0, 3))):
        found.append(("210", {"line_no": str(n), "amount_reimbursed": str(draw(CENTS)), "sign(N/P)": "P"}))
    for label in draw(st.lists(TEXT, max_size=2)):
        found.append(("294", {"reject_code": "0250", "reject_label": label, "part": draw(st.sampled_from("OC "))}))
    if draw(st.booleans()):
        found.append(("295", {"comment": draw(TEXT)}))
    return found


@st.composite
def invoices(draw):
    return samples.returned(draw(NUMBER), draw(st.sampled_from([samples.ANNE, samples.CHILD])), *draw(parts()))


@st.composite
def groups(draw):
    transfers = [
        samples.paid_under(draw(TEXT), *draw(st.lists(invoices(), max_size=4))) for _ in range(draw(st.integers(0, 3)))
    ]
    header = {"sender_type": "CP", "file_id": draw(TEXT)[:6], "flow_type": draw(st.sampled_from(" RTD"))}
    return noemie_group(header, transfers, draw(st.sampled_from(NEWLINES)))


@TRIED
@given(st.lists(groups(), min_size=1, max_size=3))
def test_what_is_written_is_read_and_written_back(files):
    data = noemie.write(files)
    read = noemie.read(data)
    assert noemie.write(read) == data
    assert [group.entities for group in read] == [group.entities for group in files]


@pytest.mark.parametrize(
    ("entity", "field", "start", "end"),
    [
        ("071", "accounting_or_transfer_date", 6, 11),
        ("071", "paying_body", 76, 85),
        ("102", "invoice_no", 6, 14),
        ("102", "lot_no", 21, 23),
        ("102", "lot_date", 24, 29),
        ("198", "amo_state", 14, 14),
        ("199", "amc_paid", 15, 22),
        ("294", "reject_level", 96, 96),
        ("990", "lower_amount", 31, 41),
        ("999", "amount_total", 86, 96),
    ],
)
def test_columns_are_those_of_the_public_layout(entity, field, start, end):
    found = noemie_entities.LAYOUTS[entity].by_name[field]
    assert (found.start, found.end) == (start, end)


def test_the_25_entities_of_the_public_layout():
    assert len(noemie_entities.LAYOUTS) == 25
    ends = {name: layout.length for name, layout in noemie_entities.LAYOUTS.items()}
    assert (ends["102"], ends["103"], ends["198"], ends["210"], ends["294"], ends["990"]) == (40, 152, 24, 118, 153, 43)


@pytest.mark.fuzz
@TRIED
@given(groups())
def test_fuzz_any_file_that_is_read_gives_records_or_refusals(understand, group):
    (read,) = noemie.read(noemie.write([group]))
    understand(noemie_records.rows_of(read), noemie_records.drafts_of)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_never_whole(codec, name):
    data = FILES[name]
    for end in range(len(data)):
        outcome = codec(noemie).outcome(data[:end])
        assert outcome == ("refused" if end < len(data.rstrip(b"\r\n")) else "told"), end


@pytest.mark.parametrize("name", ["newer", "older lines"])
@pytest.mark.parametrize("byte", [0x00, 0x7F, 0xE9])
def test_a_byte_that_cant_be_is_never_taken_unseen(codec, name, byte):
    data = FILES[name]
    for at in range(len(data)):
        torn = data[:at] + bytes([byte]) + data[at + 1 :]
        assert codec(noemie).outcome(torn) in ("refused", "told"), at


@pytest.mark.parametrize("name", ["newer", "older"])
def test_blocks_in_another_order_are_refused(codec, name):
    data = FILES[name]
    blocks = [data[at : at + 128] for at in range(0, len(data), 128)]
    for at, (one, other) in enumerate(pairwise(blocks)):
        swapped = b"".join([*blocks[:at], other, one, *blocks[at + 2 :]])
        assert codec(noemie).outcome(swapped) == "refused", at


def entities_of(data):
    (group,) = noemie.read(data)
    return group


def with_entities(group, entities):
    return noemie.write([group._replace(entities=tuple(entities))])


@pytest.mark.parametrize("name", ["newer", "older"])
def test_an_entity_that_is_missing_or_twice_is_never_taken_unseen(codec, name):
    group = entities_of(FILES[name])
    entities = list(group.entities)
    for at, entity in enumerate(entities):
        without, twice = [*entities[:at], *entities[at + 1 :]], [*entities[:at], entity, *entities[at:]]
        assert codec(noemie).outcome(with_entities(group, without)) in ("refused", "told"), entity[:3]
        assert codec(noemie).outcome(with_entities(group, twice)) in ("refused", "told"), entity[:3]


@pytest.mark.parametrize("name", ["newer", "older"])
@pytest.mark.parametrize("depth", [b"00", b"77"])
def test_a_break_level_that_is_not_that_of_its_kind_is_a_doubt_with_its_place(name, depth):
    group = entities_of(FILES[name])
    kinds = [entity[:3] for entity in group.entities]
    for at, entity in enumerate(group.entities):
        if kinds.count(entity[:3]) == 1 and depth == b"77":
            continue  # nothing tells the depth of a kind that is there once, but what it stands in
        torn = with_entities(group, [*group.entities[:at], entity[:3] + depth + entity[5:], *group.entities[at + 1 :]])
        notes = Notes()
        assert noemie.write(noemie.read(torn, notes)) == torn
        ((what, place),) = notes.doubts.items()
        assert what.startswith("break_level")
        assert place.endswith("colonne 4")
        if kinds.index(entity[:3]) < at:
            assert f"(entité {entity[:3].decode()})" in place


def test_another_length_of_records_is_refused():
    column = noemie_entities.LAYOUTS["000"].offsets("record_length")
    data = FILES["newer"]
    for said, sound in ((b"129", False), (b"128", True), (b"000", True), (b"   ", True)):
        changed = data[: column.start] + said + data[column.stop :]
        if sound:
            assert noemie.write(noemie.read(changed)) == changed
            continue
        with pytest.raises(FileRefused) as refused:
            noemie.read(changed)
        assert refused.value.where == "bloc 1 (entité 000), colonne 83"


@pytest.mark.parametrize("field", ["lower_count", "lower_amount"])
def test_a_wrong_total_names_its_block_and_entity(field):
    group = entities_of(FILES["newer"])
    column = noemie_entities.LAYOUTS["990"].offsets(field)
    for at, entity in enumerate(group.entities):
        if entity[:3] != b"990":
            continue
        said = int(entity[column]) + 1
        wrong = (
            entity[: column.start] + str(said).rjust(column.stop - column.start, "0").encode() + entity[column.stop :]
        )
        with pytest.raises(FileRefused, match="ce total ne correspond pas") as refused:
            noemie.read(with_entities(group, [*group.entities[:at], wrong, *group.entities[at + 1 :]]))
        assert refused.value.where is not None
        assert "(entité 990), colonne 23" in refused.value.where


@pytest.mark.parametrize("field", ["record_count", "lot_count", "amount_total"])
def test_a_wrong_total_of_the_file_is_refused(field):
    data = FILES["newer"]
    column = noemie_entities.LAYOUTS["999"].offsets(field)
    at = len(data) - 128 + column.stop - 1
    wrong = data[:at] + (b"7" if data[at : at + 1] != b"7" else b"8") + data[at + 1 :]
    with pytest.raises(FileRefused) as refused:
        noemie.read(wrong)
    assert refused.value.where == f"bloc {len(data) // 128} (entité 999), colonne {column.start + 1}"


def test_totals_may_count_in_another_way_if_they_all_do():
    """Whether withholdings are in the total is not public: either reading holds, if it holds everywhere."""
    withheld = ("250", {"line_no": "01", "debt_ref": "D1", "amount": "500", "sign(N/P)": "N"})
    invoice = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    group = noemie_group({"sender_type": "CP"}, [samples.paid_under("VIR", invoice, withheld)])
    (read,) = noemie.read(noemie.write([group]))
    assert len(read.others) == 1
    less = [
        noemie_entities.LAYOUTS["990"].build({**noemie_entities.fields_of(each), "lower_amount": "2716"})
        if each[:3] == b"990" and each[5:7] in (b"01", b"26")
        else each
        for each in group.entities
    ]
    with pytest.raises(FileRefused):
        noemie.read(with_entities(group, less))


def test_an_entity_that_the_layout_lacks_is_kept_and_told(codec):
    group = entities_of(FILES["newer"])
    entities = list(group.entities)
    at = next(n for n, each in enumerate(entities) if each[:3] == b"198")
    data = noemie.write([group._replace(entities=(*entities[: at + 1], b"19706QUELQUE CHOSE@", *entities[at + 1 :]))])
    with pytest.raises(FileRefused):
        noemie.read(data)  # the totals count one entity less
    closing = next(n for n in range(at, len(entities)) if entities[n][:3] == b"990")
    fields = noemie_entities.fields_of(entities[closing])
    entities[closing] = noemie_entities.LAYOUTS["990"].build(
        {**fields, "lower_count": str(int(fields["lower_count"]) + 1)}
    )
    entities.insert(at + 1, b"19706QUELQUE CHOSE@")
    data = with_entities(group, entities)
    notes = Notes()
    assert noemie.write(noemie.read(data, notes)) == data
    assert notes.told == ["entité 197 : inconnue de la disposition publique, gardée telle quelle"]
    assert codec(noemie).outcome(data) == "told"


def test_bytes_that_cant_be_printed_in_a_text_are_kept_and_told():
    data = FILES["newer"].replace(b"VERIFIER L ORGANISME", b"VERIFIER L\x00\x1bORGANISM")
    notes = Notes()
    assert noemie.write(noemie.read(data, notes)) == data
    assert len(notes.told) == 1
    assert "(entité 295), colonne 17 : comment" in notes.told[0]


def test_several_groups_each_with_its_own_line_ends(codec):
    data = samples.newer_return() + samples.older_return(b"\r\n") + samples.trial_return(b"\n")
    read = noemie.read(data)
    assert [group.newline for group in read] == [b"", b"\r\n", b"\n"]
    assert [group.is_trial for group in read] == [False, False, True]
    assert codec(noemie).outcome(data) == "clean"


def test_another_flag_of_continuation_is_told(codec):
    group = entities_of(FILES["newer"])
    assert codec(noemie).outcome(noemie.write([group._replace(flag=b"2")])) == "told"


def test_a_return_without_data_is_read(codec):
    assert codec(noemie).outcome(noemie.write([noemie_group({}, [])])) == "clean"


def test_a_total_that_names_no_level_is_told_and_not_verified(codec):
    group = entities_of(FILES["newer"])
    entities = [
        noemie_entities.LAYOUTS["990"].build(
            {**noemie_entities.fields_of(each), "closed_level_id": "AUTRE", "lower_amount": "1"}
        )
        if each[:3] == b"990"
        else each
        for each in group.entities
    ]
    assert codec(noemie).outcome(with_entities(group, entities)) == "told"


def test_an_encrypted_return_is_recognised_and_refused():
    data = FILES["newer"]
    at = noemie_entities.LAYOUTS["000"].column("encryption(O/N)") - 1
    with pytest.raises(FileRefused, match="chiffré"):
        noemie.read(data[:at] + b"O" + data[at + 1 :])


def test_an_invoice_outside_of_a_transfer_is_refused():
    invoice = Level(("102", {"invoice_no": "000000001"}), [samples.amo(1, "P", 1)])
    with pytest.raises(FileRefused, match="précède celles dont elle dépend"):
        noemie.read(noemie.write([noemie_group({}, [Level(("040", {"payee_no": "1"}), [invoice])])]))


@pytest.mark.fuzz
@TRIED
@given(st.data())
def test_fuzz_mutated_files_are_refused_or_read_without_a_loss(codec, mutated, data):
    codec(noemie).outcome(data.draw(mutated(list(FILES.values()))))


@pytest.mark.fuzz
@TRIED
@given(st.data())
def test_fuzz_mutated_entities_are_refused_or_read_without_a_loss(codec, data):
    """The mutation is inside the blocks, whose frame stays right."""
    group = entities_of(FILES["newer"])
    payload = bytearray(b"".join(group.entities))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    codec(noemie).outcome(with_entities(group, [bytes(payload)]))


@pytest.mark.fuzz
@TRIED
@given(st.binary(max_size=600))
def test_fuzz_arbitrary_bytes_are_refused(codec, data):
    assert codec(noemie).outcome(data) == "refused"
