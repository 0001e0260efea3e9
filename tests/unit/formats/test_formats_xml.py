"""XML: rows and their lines, and the attacks that a parser must survive."""

from __future__ import annotations

import gc
import io
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.reading import refusal_of

from connector_core.errors import ConfigurationError, FileRefused, RowRefused
from connector_core.formats.rows import Row
from connector_core.formats.xml import XmlFormat, XmlTable

SECRET = "DUPONTEL"

FORM = XmlFormat(
    (
        XmlTable("patient", "patient", ("@id", "identite/nom", "identite/@sexe")),
        XmlTable("acte", "actes/acte", ("../../@id", "@n", "date", "note")),
    )
)

EXPORT = """<?xml version="1.0" encoding="{encoding}"?>
<!-- fait le 2 mars -->
<e:export xmlns:e="urn:export">
  <patient id="7">
    <identite sexe="F"><nom> DU<!-- x -->PONT é </nom><prenom>Zoé</prenom></identite>
    <actes>
      <acte n="1"><date>2026-03-02</date></acte>
      <acte n="2"><date>2026-03-09</date><note>a &lt; <b>gras</b> <![CDATA[<c>]]></note></acte>
    </actes>
  </patient>
  <acte n="3"><date>hors</date></acte>
  <patient id="8"/>
</e:export>
"""


def _until_damage(data: bytes, form: XmlFormat = FORM) -> tuple[list[Row], FileRefused | None]:
    rows: list[Row] = []
    try:
        rows.extend(form.rows(io.BytesIO(data)))
    except FileRefused as refused:
        return rows, refused
    return rows, None


def _refused(data: bytes, form: XmlFormat = FORM) -> FileRefused:
    _, refused = _until_damage(data, form)
    assert refused is not None
    assert SECRET not in repr(refused)
    assert refused.__context__ is None
    return refused


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "cp850"])
def test_rows_come_in_the_order_in_which_they_end_with_their_lines(encoding: str) -> None:
    rows, refused = _until_damage(EXPORT.format(encoding=encoding).encode(encoding))
    assert refused is None
    assert [(row.place, row.table, FORM.splitter(row.table).values(row.raw)) for row in rows] == [
        (7, "acte", ["7", "1", "2026-03-02", ""]),
        (8, "acte", ["7", "2", "2026-03-09", "a < gras <c>"]),
        (4, "patient", ["7", "DUPONT é", "F"]),
        (12, "patient", ["8", "", ""]),
    ]


def test_a_path_with_a_slash_first_is_the_whole_path() -> None:
    data = b"<a><b x='1'><b x='2'/></b></a>"
    for path, found in (("b", ["2", "1"]), ("/a/b", ["1"]), ("b/b", ["2"]), ("/b", [])):
        rows, _ = _until_damage(data, XmlFormat((XmlTable("t", path, ("@x",)),)))
        assert [row.raw.decode() for row in rows] == found


def test_a_row_may_be_its_own_text_and_have_attributes_with_a_prefix() -> None:
    form = XmlFormat((XmlTable("t", "v", (".", "@unite")),))
    rows, _ = _until_damage(b'<r xmlns:p="urn:p"><v p:unite="EUR">16,13</v></r>', form)
    assert form.splitter("t").values(rows[0].raw) == ["16,13", "EUR"]


def test_a_repeated_element_refuses_the_row_and_not_the_others() -> None:
    rows, refused = _until_damage(
        b"<r><patient id='1'><identite><nom>DUPONTEL</nom><nom>B</nom></identite></patient><patient id='2'/></r>"
    )
    assert refused is None
    with pytest.raises(RowRefused) as caught:
        FORM.splitter("patient").values(rows[0].raw)
    assert SECRET not in repr(caught.value)
    assert FORM.splitter("patient").values(rows[1].raw) == ["2", "", ""]


def test_raw_bytes_of_another_table_are_refused() -> None:
    for raw in (b"a\x1fb", b"\xff\x1f\x1f"):
        with pytest.raises(RowRefused):
            FORM.splitter("patient").values(raw)


def test_lines_beyond_sixteen_bits_are_right() -> None:
    data = b"<r>" + b"\n" * 100_000 + b"<patient id='1'/></r>"
    assert [row.place for row in _until_damage(data)[0]] == [100_001]


def test_a_cut_anywhere_is_refused_after_rows_that_are_right() -> None:
    data = EXPORT.format(encoding="utf-8").encode().rstrip()
    whole, _ = _until_damage(data)
    for size in range(len(data)):
        rows, refused = _until_damage(data[:size])
        assert refused is not None, size
        assert rows == whole[: len(rows)]


def test_rows_before_the_damage_come_first_and_the_damage_has_its_line() -> None:
    rows, refused = _until_damage(b"<r>\n<patient id='1'/>\n<patient id='2'/>\n<patient></r>\n")
    assert [row.place for row in rows] == [2, 3]
    assert refused is not None
    assert refused.where == "ligne 4"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"nom;prenom\n",
        b"\0\0\0\0",
        b"\xff\xfe\0\0<\0\0\0",
        b"<?xml version='1.0'?>",
        b"<!-- " + b"x" * 100_000 + b"--><patient/>",
        b"<patient id=DUPONTEL/>",
        b"<patient id='DUPONTEL'><nom>&dupontel;</nom></patient>",
        b"<patient id='&DUPONTEL;'/>",
        b"<patient/><patient/>",
        b"<patient>\0</patient>",
        b"<patient id='a' id='DUPONTEL'/>",
        b"<patient>&#x1f;</patient>",
        "<patient>é</patient>".encode("cp1252"),
        b"<?xml version='1.0' encoding='us-ascii'?><patient>\xe9</patient>",
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    _refused(data)


def test_a_huge_text_is_refused() -> None:
    _refused(b"<r><patient><identite><nom>" + b"x" * 11_000_000 + b"</nom></identite></patient></r>")


def test_a_deeply_nested_document_is_refused() -> None:
    _refused(b"<r>" + b"<a>" * 100_000)
    _refused(b"<r>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</r>")


BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><r><patient id='&i;'><identite><nom>&i;</nom></identite></patient></r>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_type_is_refused_before_anything_of_it_is_read(encoding: str) -> None:
    refused = _refused(BILLION_LAUGHS.encode(encoding))
    assert "DOCTYPE" in refused.what


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text(SECRET, encoding="utf-8")
    for kind in ("SYSTEM", 'PUBLIC "x"'):
        bomb = f'<!DOCTYPE r [<!ENTITY x {kind} "{outside.as_uri()}">]><r><patient><nom>&x;</nom></patient></r>'
        assert "DOCTYPE" in _refused(bomb.encode()).what
    assert "DOCTYPE" in _refused(b'<!-- c -->\n<?p ?><!DOCTYPE r SYSTEM "http://example.org/r.dtd"><r/>').what


@pytest.mark.parametrize("encoding", ["utf-7", "ebcdic-cp-fr", "utf-32", "x"])
def test_an_encoding_that_could_hide_a_document_type_is_refused(encoding: str) -> None:
    refused = _refused(f'<?xml version="1.0" encoding="{encoding}"?><r/>'.encode())
    assert "encodage" in refused.what


def test_a_document_type_that_slipped_through_is_refused_at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector_core.formats.xml._check_prolog", lambda start: None)
    for data in (
        b"<!DOCTYPE patient><patient id='1'/>",
        b"<!DOCTYPE r [<!ENTITY a 'b'>]><patient id='1'>&a;</patient>",
    ):
        rows, refused = _until_damage(data)
        assert rows == []
        assert refused is not None
        assert "DOCTYPE" in refused.what


def test_memory_does_not_grow_with_the_document() -> None:
    def peak(rows: int) -> int:
        acte = b"<acte n='1'><date>2026-03-02</date><autre>" + b"x" * 100 + b"</autre></acte>\n"
        data = b"<r><patient id='1'><actes>" + acte * rows + b"</actes></patient></r>"
        gc.collect()
        tracemalloc.start()
        assert sum(1 for _ in FORM.rows(io.BytesIO(data))) == rows + 1
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(20_000) < 4 * peak(2_000) + 200_000


_TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=10
)


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=6), st.sampled_from(["utf-8", "utf-16", "iso-8859-1"]))
def test_what_is_written_is_what_is_read(pairs: list[tuple[str, str]], encoding: str) -> None:
    body = "\n".join(
        f"<patient id={quoteattr(number)}><identite><nom>{escape(name)}</nom></identite></patient>"
        for number, name in pairs
    )
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<r>\n{body}</r>'
    rows, refused = _until_damage(text.encode(encoding, errors="xmlcharrefreplace"))
    assert refused is None
    splitter = FORM.splitter("patient")
    assert [splitter.values(row.raw)[:2] for row in rows] == [[a.strip(), b.strip()] for a, b in pairs]
    assert [row.place for row in rows] == list(range(3, 3 + len(pairs)))


@given(st.data())
def test_flipped_bytes_raise_nothing_but_refusals(data: st.DataObject) -> None:
    damaged = bytearray(EXPORT.format(encoding="utf-8").replace("PONT", SECRET).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    rows, refused = _until_damage(bytes(damaged))
    assert refused is None or SECRET not in repr(refused)
    for row in rows:
        assert SECRET not in refusal_of(FORM.splitter(row.table), row)


def test_an_attribute_of_the_nearest_element_around() -> None:
    form = XmlFormat((XmlTable("acte", "acte", ("ancestor::patient/@id", "ancestor::acte/@id", "ancestor::soin/@id")),))
    inner = b'<patient xmlns:v="urn:v" v:id="P"><x><acte id="A"><acte id="B"/></acte></x></patient>'
    rows, refused = _until_damage(b'<patient id="far">' + inner + b"</patient>", form)
    assert refused is None
    assert [form.splitter("acte").values(row.raw) for row in rows] == [["P", "A", ""], ["P", "", ""]]


def test_an_impossible_format_is_refused() -> None:
    table = XmlTable("t", "a", ("b",))
    for tables in ((), (table, table)):
        with pytest.raises(ConfigurationError):
            XmlFormat(tables)
    none = (("", ("a",)), ("/", ("a",)), ("a", ()), ("a", ("../b",)), ("a", ("",)), ("a", ("b@c",)))
    for path, columns in (*none, ("a", ("ancestor::b",)), ("a", ("ancestor::b/c/@d",))):
        with pytest.raises(ConfigurationError):
            XmlTable("t", path, columns)
    with pytest.raises(ConfigurationError):
        FORM.splitter("inconnue")
