"""Recognising files and reading them, format by format, on hand-made rows."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from connector_core.dialects.drafts import NoLookup
from connector_core.dialects.language import read_dialect
from connector_core.dialects.reading import DialectReading, recognise
from connector_core.errors import FileRefused, RowRefused
from connector_core.formats.document import Probe, probe_of


class File:
    def __init__(self, content, name="x.txt", path=None):
        self.content, self.name, self.path = content, name, path
        self.sha256, self.size = hashlib.sha256(content).hexdigest(), len(content)

    def open(self):
        return BytesIO(self.content)

    @contextmanager
    def as_path(self):
        assert self.path is not None
        yield self.path


def dialect(fmt, tables):
    return read_dialect(f'[dialect]\nid = "d"\ntitle = "D"\nversion = "1"\n\n[format]\n{fmt}\n\n{tables}', "d.toml")


def lot(id_="LOT", number="NUM", **options):
    lines = "".join(f"{name} = {value}\n" for name, value in options.items())
    fields = f'id = "{id_}"\nnumber = "{number}"\n\n'
    return f'[[table]]\n{lines}[[table.record]]\nkind = "lot"\n[table.record.fields]\n{fields}'


def known(found, content, name="x.txt"):
    return recognise(found, Probe(name, len(content), content[:65536]))


def records(found, content, variant, name="x.txt"):
    reading = DialectReading(found, variant, File(content, name), "1")
    read = []
    for row in reading.rows():
        read += [(row.place, record) for _, record in drafts(reading, row)]
    return read


def drafts(reading, row):
    made = reading.records(row, NoLookup())
    assert isinstance(made, list)
    return made


TEXT = dialect(
    'kind = "delimited"\nencoding = "cp1252"', lot("Réf", "N°", name='"lots"', file='"lots*.txt"', ignore='["Note"]')
)


@pytest.mark.parametrize(
    ("content", "name", "score"),
    [
        ("Réf;N°;Note\r\n", "lots_1.txt", 1.0),
        ("Réf;N°;Note\r\n", "LOTS_1.TXT", 1.0),
        ("Réf;N°;Note\r\n", "C:/export/lots_1.txt", 1.0),
        ("Réf;N°;Note\r\n", "x.txt", 0.8),
        ("note;REF;n\r\n", "x.txt", 0.8),
        ("Réf;N°;Autre\r\n", "x.txt", 0.7),
        ("Titre\r\n\r\nRéf;N°\r\n", "x.txt", 0.7),
        ('"Réf;N°;Note\r\nRéf;N°;Note\r\n', "x.txt", 0.8),
        ("Réf;Note\r\n", "lots_1.txt", None),
        ("", "lots_1.txt", None),
        ("Réf,N°,Note\r\n", "lots_1.txt", None),
        (30 * "\r\n" + "Réf;N°\r\n", "lots_1.txt", None),
    ],
)
def test_delimited_files_are_known_by_their_titles(content, name, score):
    found = known(TEXT, content.encode("cp1252"), name)
    assert (found and found.score) == score
    assert found is None or found.variant == "lots"


def test_titles_on_a_given_line_only():
    fixed = dialect('kind = "delimited"\nheader = 2', lot("A", "B", name='"t"'))
    assert known(fixed, b"x\r\nA;B\r\n") is not None
    assert known(fixed, b"A;B\r\nx\r\n") is None


PLAIN = dialect('kind = "delimited"\nencoding = "cp1252"', lot("A", "B", name='"t"'))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_what_is_certain_is_read_whatever_is_expected(encoding):
    content = "A;B\r\nété;def\r\n".encode(encoding)
    assert known(PLAIN, content).score == (0.8 if encoding == "cp1252" else 0.7)
    assert records(PLAIN, content, "t") == [(2, {"id": "été", "number": "def"})]


def test_titles_are_found_in_the_encoding_of_the_file():
    assert known(TEXT, "Réf;N°;Note\r\n".encode(), "lots_1.txt").score == 0.9
    assert records(TEXT, "Réf;N°;Note\r\né;2;\r\n".encode(), "lots") == [(2, {"id": "é", "number": "2"})]


@pytest.mark.parametrize(
    ("found", "variant", "content", "said"),
    [
        (PLAIN, "t", "A;B\r\nChloé;def\r\n".encode("cp850"), "semble écrit en cp850, alors que « D » attend cp1252"),
        (TEXT, "lots", "Réf;N°\r\na;b\r\n".encode("cp850"), "semble écrit en cp850, alors que « D » attend cp1252"),
    ],
)
def test_what_is_only_likely_is_refused_by_its_name(found, variant, content, said):
    assert "en cp850 au lieu de cp1252" in known(found, content).reason
    with pytest.raises(FileRefused, match=said) as caught:
        records(found, content, variant)
    assert "dialecte" in str(caught.value)


LATE = b"A;B\r\n" + 20000 * b"abc;d\r\n"


def test_rows_after_the_first_look_are_asked_for_their_encoding():
    assert known(PLAIN, LATE) is not None
    assert records(PLAIN, LATE + "été;€\r\n".encode(), "t")[-1][1] == {"id": "été", "number": "€"}
    assert records(PLAIN, LATE + "été;€\r\n".encode("cp1252"), "t")[-1][1] == {"id": "été", "number": "€"}
    with pytest.raises(RowRefused) as caught:
        records(PLAIN, LATE + "été;b\r\n".encode("cp850"), "t")
    assert "semble écrit en cp850, et non en cp1252" in caught.value.reason


def test_a_character_that_the_first_look_cuts_says_nothing():
    assert known(PLAIN, b"A;B\r\nabc;\xc3").score == 0.8


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_titles_in_unicode(encoding):
    unicode = dialect(f'kind = "delimited"\nencoding = "{encoding}"', lot("Réf", "N°", name='"t"'))
    content = "Réf;N°\r\n1;2\r\n".encode(encoding)
    assert known(unicode, content) is not None
    assert records(unicode, content, "t") == [(2, {"id": "1", "number": "2"})]


def test_cp1252_is_not_taken_for_utf_8():
    unicode = dialect('kind = "delimited"\nencoding = "utf-8"', lot("Réf", "N°", name='"t"'))
    content = "Réf;N°\r\n1;2\r\n".encode("cp1252")
    assert known(unicode, content).score == 0.7
    with pytest.raises(FileRefused, match="semble écrit en cp1252, alors que « D » attend UTF-8"):
        records(unicode, content, "t")


def test_a_row_that_is_not_utf_8_is_refused_alone():
    unicode = dialect('kind = "delimited"\nencoding = "utf-8"', lot("A", "B", name='"t"'))
    reading = DialectReading(unicode, "t", File("A;B\r\nété;1\r\n".encode() + "Zoé;2\r\n".encode("cp1252")), "1")
    first, second = reading.rows()
    assert drafts(reading, first)[0][1] == {"id": "été", "number": "1"}
    with pytest.raises(RowRefused) as caught:
        reading.records(second, NoLookup())
    assert "illisibles en UTF-8 ; il semble écrit en cp1252" in caught.value.reason


def test_the_best_table_names_the_variant():
    two = dialect('kind = "delimited"', lot("A", "B", name='"ab"') + lot("A", "C", name='"ac"'))
    assert known(two, b"A;B;C\r\n").variant == "ab"
    assert known(two, b"A;C\r\n").variant == "ac"


def test_delimited_rows_are_read_below_their_titles():
    content = "Titre\r\nRéf;N°;Note;Plus\r\n1;2;x;y\r\n\r\n3;4;;\r\n".encode("cp1252")
    assert records(TEXT, content, "lots") == [
        (3, {"id": "1", "number": "2", "vendor": {"Plus": "y"}}),
        (5, {"id": "3", "number": "4"}),
    ]


def test_titles_that_went_away_are_refused():
    reading = DialectReading(TEXT, "lots", File(b"A;B\r\n"), "1")
    with pytest.raises(FileRefused, match="les colonnes attendues par « D » n'y sont pas"):
        list(reading.rows())


def test_the_signature_changes_with_dialect_plugin_and_columns():
    def signature(found, content, version="1"):
        return DialectReading(found, found.tables[0].name, File(content), version).signature

    base = signature(TEXT, "Réf;N°\r\n".encode("cp1252"))
    assert base == signature(TEXT, "Réf;N°\r\n1;2\r\n".encode("cp1252"))
    assert (
        len({base, signature(TEXT, "N°;Réf\r\n".encode("cp1252")), signature(TEXT, "Réf;N°\r\n".encode("cp1252"), "2")})
        == 3
    )


def test_what_a_reading_says_of_itself():
    joined = dialect(
        'kind = "delimited"',
        lot("A", "B", name='"t"') + '[[table]]\nname = "codes"\nremember = { key = "K", columns = ["V"] }\n',
    )
    table = DialectReading(joined, "t", File(b"A;B\r\n"), "1")
    assert (table.tables, table.remembers, table.covers.names()) == (("t",), False, ("lot.id", "lot.number"))
    codes = DialectReading(joined, "codes", File(b"K;V\r\na;1\r\n;2\r\n"), "1")
    assert (codes.tables, codes.remembers, codes.covers.names()) == (("codes",), True, ())
    assert [codes.remember(row) for row in codes.rows()] == [("codes", "a", {"V": "1"}), None]
    assert table.remember(next(iter(DialectReading(joined, "codes", File(b"K;V\r\na;1\r\n"), "1").rows()))) is None


RANKED = dialect(
    'kind = "delimited"',
    '[[table]]\nname = "t"\n[[table.record]]\nkind = "lot"\n[table.record.fields]\n'
    'id = { from = ["A", "#"], as = "key" }\nnumber = "A"\n',
)


def test_equal_rows_are_told_apart_by_their_rank():
    reading = DialectReading(RANKED, "t", File(b"A;B\r\n1;\r\n2;\r\n1;\r\n1;\r\n"), "1")
    rows = list(reading.rows())
    assert len({row.raw for row in rows}) == 4
    made = [drafts(reading, row)[0][1] for row in rows]
    assert [record["number"] for record in made] == ["1", "2", "1", "1"]
    assert len({record["id"] for record in made}) == 4
    again = records(RANKED, b"A;B\r\n3;\r\n1;\r\n1;\r\n", "t")
    assert {record["id"] for record in made} >= {each["id"] for _, each in again[1:]}


COLUMNS = '[{ name = "LOT", start = 1, end = 4 }, { name = "NUM", start = 5, end = 6 }]'
FIXED = dialect('kind = "fixed"\nencoding = "cp850"', lot(name='"LOTS"', file='"lots.txt"', columns=COLUMNS))


@pytest.mark.parametrize(
    ("content", "name", "score"),
    [
        (b"L1  01\r\nL2  02\r\n", "lots.txt", 1.0),
        (b"L1  01\r\nL2  02\r\n", "x.txt", 0.8),
        (b"L1  01\r\nL2  02", "x.txt", 0.8),
        (b"L1    \r\nL2    \r\n", "lots.txt", 0.5),
        (b"L1    \r\nL2    \r\n", "x.txt", None),
        (b"L1  01\r\nL2  02\r\nL3\r\n", "x.txt", 0.8),
        (b"L1  01\r\nL2\r\nL3\r\n", "lots.txt", None),
        (b"L1  0\0\r\n", "lots.txt", None),
        (b"", "lots.txt", 0.3 + 0.2),
        (b"", "x.txt", None),
        (b"L1  01", "lots.txt", None),
    ],
)
def test_fixed_widths_are_known_by_length_and_content(content, name, score):
    found = known(FIXED, content, name)
    assert (found and found.score) == score


def test_fixed_rows_are_read():
    assert records(FIXED, "É1  01\r\n\r\nL2  02\r\n".encode("cp850"), "LOTS") == [
        (1, {"id": "É1", "number": "01"}),
        (3, {"id": "L2", "number": "02"}),
    ]


@pytest.mark.parametrize("encoding", ["cp850", "utf-8", "utf-8-sig", "utf-16"])
def test_fixed_rows_are_read_in_the_encoding_that_is_certain(encoding):
    content = "É1  01\r\nL2  02\r\n".encode(encoding)
    assert known(FIXED, content, "lots.txt").score == (1.0 if encoding == "cp850" else 0.9)
    assert records(FIXED, content, "LOTS") == [
        (1, {"id": "É1", "number": "01"}),
        (2, {"id": "L2", "number": "02"}),
    ]


def test_fixed_rows_of_another_code_page_are_refused_by_its_name():
    content = "Zoé 01\r\nL2  02\r\n".encode("cp1252")
    assert known(FIXED, content, "lots.txt").score == 0.9
    with pytest.raises(FileRefused, match="semble écrit en cp1252, alors que « D » attend cp850"):
        records(FIXED, content, "LOTS")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Zoé 02".encode(), "l'enregistrement a 7 caractères au lieu de 6 : il semble écrit en UTF-8, et non en cp850"),
        (b"L2  023", "l'enregistrement a 7 caractères au lieu de 6"),
    ],
)
def test_a_fixed_row_that_is_too_long_says_what_it_may_be(row, reason):
    reading = DialectReading(FIXED, "LOTS", File("Zoé 01\r\n".encode("cp850") + row + b"\r\n"), "1")
    first, second = reading.rows()
    assert drafts(reading, first)[0][1] == {"id": "Zoé", "number": "01"}
    with pytest.raises(RowRefused) as caught:
        reading.records(second, NoLookup())
    assert caught.value.reason.startswith(reason)
    assert ("UTF-8" in caught.value.reason) is ("UTF-8" in reason)


def test_fixed_positions_counted_in_bytes_are_told():
    reading = DialectReading(FIXED, "LOTS", File("Zoé 1\r\nÀé01  \r\n".encode()), "1")
    first, second = reading.rows()
    with pytest.raises(RowRefused) as caught:
        reading.records(first, NoLookup())
    assert "comptées en octets d'un texte en UTF-8" in caught.value.reason
    assert drafts(reading, second)


def test_records_without_line_ends_are_refused_in_unicode():
    packed = dialect('kind = "fixed"\nnewline = false', lot(name='"LOTS"', file='"lots.txt"', columns=COLUMNS))
    content = "Zoé 01L2  02".encode()
    assert "UTF-8" in known(packed, content, "lots.txt").reason
    with pytest.raises(FileRefused, match="semble écrit en UTF-8, alors que « D » attend cp1252"):
        records(packed, content, "LOTS")


def test_records_without_line_ends():
    packed = dialect('kind = "fixed"\nnewline = false', lot(name='"LOTS"', columns=COLUMNS))
    assert known(packed, b"L1  01L2  02").score == 0.8
    assert known(packed, b"L1") is None
    assert records(packed, b"L1  01L2  02", "LOTS")[1] == ("enregistrement 2", {"id": "L2", "number": "02"})


PREFIXED = '[{ name = "LOT", start = 3, end = 4 }, { name = "NUM", start = 5, end = 6 }]'


SINGLE = dialect(
    'kind = "fixed"\nfile = "tout*.txt"',
    lot(name='"A"', record_type='"AA"', columns=PREFIXED)
    + lot(name='"B"', record_type='"BB"', length="9", columns=PREFIXED),
)


@pytest.mark.parametrize(
    ("content", "name", "score"),
    [
        (b"AAL101\r\nBBL202   \r\n", "tout_1.txt", 1.0),
        (b"AAL101\r\nBBL202   \r\n", "x.txt", 0.8),
        (b"AAL101\r\nBBL202\r\nCCL202\r\n", "tout_1.txt", None),
        (b"", "tout_1.txt", None),
    ],
)
def test_types_and_widths_of_lines_are_known(content, name, score):
    found = known(SINGLE, content, name)
    assert (found and found.score) == score
    assert found is None or found.variant == ""


def test_lines_of_several_types_are_read():
    reading = DialectReading(SINGLE, "", File(b"AAL101\r\nBBL202   \r\nCCL303\r\n"), "1")
    first, second, third = reading.rows()
    assert reading.tables == ("A", "B")
    assert drafts(reading, first)[0][1] == {"id": "L1", "number": "01"}
    assert drafts(reading, second)[0][1] == {"id": "L2", "number": "02"}
    with pytest.raises(RowRefused, match="type d'enregistrement inconnu"):
        reading.records(third, NoLookup())


JOINED = dialect(
    'kind = "fixed"',
    '[[table]]\nname = "C"\nremember = { key = "LOT", columns = ["NUM"] }\n'
    f"columns = {COLUMNS}\n"
    '[[table]]\nname = "L"\n'
    f"columns = {COLUMNS.replace('end = 6', 'end = 8')}\n"
    '[[table.record]]\nkind = "lot"\n[table.record.fields]\n'
    'id = "LOT"\nnumber = { join = "C", on = "NUM", from = "NUM" }\n',
)


def test_rows_that_wait_for_a_table_are_understood_too():
    assert known(JOINED, b"L1  0001\r\n").variant == "L"
    assert known(JOINED, b"L1  01\r\n").variant == "C"


XML = dialect(
    'kind = "xml"\nroot = "export"\nfile = "*.xml"',
    lot(
        "p",
        "n",
        name='"lot"',
        element='["patient/lot", "patient/soin/lot", "/export/lot"]',
        columns='[{ name = "n", path = "@n" }, { name = "p", ancestor = "patient/@n" }, '
        '{ name = "s", ancestor = "soin/@n" }]',
    ),
)


@pytest.mark.parametrize(
    ("content", "name", "score"),
    [
        (b"<export/>", "x.xml", 1.0),
        (b"<export/>", "x.txt", 0.8),
        (b'\xef\xbb\xbf<?xml version="1.0"?><!-- <autre> -->\n<v:export a="1">', "x.txt", 0.8),
        (b"<autre><export/></autre>", "x.xml", None),
        (b"export", "x.xml", None),
        (b"", "x.xml", None),
    ],
)
def test_xml_is_known_by_its_root(content, name, score):
    found = known(XML, content, name)
    assert (found and found.score) == score


def xml(declared, encoding, name="É"):
    return f"""<?xml version="1.0" encoding='{declared}'?><export><lot n="{name}"/></export>""".encode(encoding)


@pytest.mark.parametrize(
    ("declared", "encoding", "score"),
    [
        ("ISO-8859-1", "latin-1", 1.0),
        ("iso-8859-15", "iso8859-15", 1.0),
        ("Windows-1252", "cp1252", 1.0),
        ("UTF-8", "utf-8", 1.0),
        ("ISO-8859-1", "utf-8", 0.9),
        ("ISO-8859-1", "utf-8-sig", 0.9),
        ("ISO-8859-1", "utf-16", 0.9),
    ],
)
def test_xml_is_read_in_the_encoding_that_is_certain(declared, encoding, score):
    content = xml(declared, encoding, "Zoé")
    assert known(XML, content, "x.xml").score == score
    assert records(XML, content, "") == [(1, {"number": "Zoé"})]


@pytest.mark.parametrize("name", ["l’œil à 5 €", "Zoé"])
def test_xml_of_windows_that_declares_latin_1_is_read(name):
    assert records(XML, xml("ISO-8859-1", "cp1252", name), "") == [(1, {"number": name})]


@pytest.mark.parametrize(
    ("declared", "encoding", "said"),
    [
        ("ISO-8859-1", "cp850", "semble écrit en cp850, alors que son en-tête annonce latin-1"),
        ("UTF-8", "cp1252", "semble écrit en cp1252, alors que son en-tête annonce UTF-8"),
    ],
)
def test_xml_that_is_not_what_it_declares_is_refused_by_name(declared, encoding, said):
    content = xml(declared, encoding, "Zoé")
    assert known(XML, content, "x.xml") is not None
    with pytest.raises(FileRefused, match=said):
        records(XML, content, "")


@pytest.mark.parametrize(
    ("written", "given"),
    [("Zoé".encode("latin-1"), "Zoé"), ("Zoé".encode(), "Zoé"), (b"Zo&#233; &#8364;", "Zoé €"), (b"Zo&#201;", "ZoÉ")],
)
def test_xml_rows_after_the_first_look_are_asked_for_their_encoding(written, given):
    first, last = xml("ISO-8859-1", "ascii", "A" + 70000 * "B").split(b'"/>')
    assert records(XML, first + b'"/><lot n="' + written + b'"/>' + last, "")[-1][1] == {"number": given}


def test_xml_rows_of_another_code_page_are_refused_by_its_name():
    first, last = xml("ISO-8859-1", "ascii", "A" + 70000 * "B").split(b'"/>')
    with pytest.raises(RowRefused) as caught:
        records(XML, first + b'"/><lot n="' + "Zoé".encode("cp850") + b'"/>' + last, "")
    assert "semble écrit en cp850, et non en latin-1" in caught.value.reason


def test_xml_rows_know_what_is_around_them():
    content = b'<export><patient n="P"><lot n="1"/><soin n="S"><lot n="2"/></soin></patient><lot n="3"/></export>'
    assert records(XML, content, "") == [
        (1, {"id": "P", "number": "1"}),
        (1, {"id": "P", "number": "2", "vendor": {"s": "S"}}),
        (1, {"number": "3"}),
    ]


@pytest.mark.parametrize("element", ["lot", "lots/lot", "soin/lots/lot", "/export/patient/soin/lots/lot"])
def test_what_is_around_a_row_is_found_however_short_its_path_is(element):
    found = dialect(
        'kind = "xml"\nroot = "export"',
        lot(
            "p",
            "n",
            name='"lot"',
            element=f'"{element}"',
            columns='[{ name = "n", path = "@n" }, { name = "p", ancestor = "patient/@n" }]',
        ),
    )
    content = b'<export><patient n="P"><soin><lots><lot n="1"/></lots></soin></patient></export>'
    assert records(found, content, "") == [(1, {"id": "P", "number": "1"})]


def dbf(names, rows, width=4, code_page=3):
    fields = b"".join(
        name.encode().ljust(11, b"\0") + b"C" + bytes(4) + bytes((width, 0)) + bytes(14) for name in names
    )
    header = 32 + len(fields) + 1
    size = 1 + width * len(names)
    start = (
        bytes((3, 126, 11, 20))
        + len(rows).to_bytes(4, "little")
        + header.to_bytes(2, "little")
        + size.to_bytes(2, "little")
    )
    start = start.ljust(29, b"\0") + bytes((code_page, 0, 0))
    body = b"".join(b" " + b"".join(cell.encode("cp1252").ljust(width) for cell in row) for row in rows)
    return start + fields + b"\r" + body + b"\x1a"


DBASE = dialect('kind = "dbase"', lot(name='"LOTS"', file='"lots.dbf"'))


@pytest.mark.parametrize(
    ("names", "name", "score"),
    [
        (["LOT", "NUM"], "lots.dbf", 1.0),
        (["LOT", "NUM"], "x.dbf", 0.8),
        (["NUM", "PLUS", "LOT"], "x.dbf", 0.7),
        (["LOT"], "lots.dbf", None),
    ],
)
def test_dbase_tables_are_known_by_their_fields(names, name, score):
    found = known(DBASE, dbf(names, []), name)
    assert (found and found.score) == score


def test_what_is_no_dbase_table_is_not_known():
    assert known(DBASE, b"LOT;NUM\r\n", "lots.dbf") is None


@pytest.mark.parametrize(("encoding", "first"), [("", "É1"), ('\nencoding = "cp850"', "╔1")])
def test_dbase_rows_are_read(tmp_path: Path, encoding, first):
    found = dialect(f'kind = "dbase"{encoding}', lot(name='"LOTS"'))
    path = tmp_path / "lots.dbf"
    path.write_bytes(dbf(["NUM", "LOT"], [["01", "É1"], ["02", "L2"]]))
    reading = DialectReading(found, "LOTS", File(path.read_bytes(), "lots.dbf", path), "1")
    rows = list(reading.rows())
    made = [drafts(reading, row)[0][1] for row in rows]
    assert made == [{"id": first, "number": "01"}, {"id": "L2", "number": "02"}]
    assert [row.place for row in rows] == ["enregistrement 1", "enregistrement 2"]


ICAL = dialect(
    'kind = "ical"\nproducer = "-//essai//*"',
    '[[table]]\nname = "agenda"\nfile = "*.ics"\ncolumns = ["x-kine", "x-absent", "summary"]\n'
    '[[table.record]]\nkind = "appointment"\n[table.record.fields]\nid = "uid"\npractitioner_id = "x-kine"\n'
    'patient_id = "x-absent"\nchannel = "summary"\n'
    'starts_at = { from = "dtstart", as = "timestamp_iso" }\nstatus = { value = "booked" }\n',
)


def calendar(*lines, producer="-//essai//v1//FR"):
    event = ("BEGIN:VEVENT", "UID:a", "DTSTAMP:20260301T000000Z", "DTSTART:20260302T083000Z", *lines, "END:VEVENT")
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{producer}", *event, "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize(
    ("content", "name", "score"),
    [
        (calendar(), "a.ics", 1.0),
        (calendar(), "a.txt", 0.8),
        (b"\xef\xbb\xbf\r\n" + calendar().lower().replace(b"-//essai", b"-//essai"), "a.txt", 0.8),
        (calendar(producer="-//autre//"), "a.ics", 0.5),
        (calendar(producer="-//autre//"), "a.txt", None),
        (calendar(producer=""), "a.ics", 0.5),
        (b"BEGIN:VCARD\r\n", "a.ics", None),
    ],
)
def test_calendars_are_known_by_who_produced_them(content, name, score):
    found = known(ICAL, content, name)
    assert (found and found.score) == score


def test_a_calendar_of_nobody_in_particular_is_known_by_name_only():
    anyone = dialect('kind = "ical"', "".join(ICAL_TABLE))
    assert known(anyone, calendar(), "a.ics").score == 0.5
    assert known(anyone, calendar(), "a.txt") is None


ICAL_TABLE = (
    '[[table]]\nname = "agenda"\nfile = "*.ics"\n[[table.record]]\nkind = "appointment"\n[table.record.fields]\n',
    'id = "uid"\npractitioner_id = { value = "K" }\n',
    'starts_at = { from = "dtstart", as = "timestamp_iso" }\nstatus = { value = "booked" }\n',
)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X-KINE:K1", "K1"),
        ("x-kine:K1", "K1"),
        ('X-KINE;VALUE=TEXT;P="a:b":K1', "K1"),
        ("X-KINE:a\\, b\\; c\\\\ d", "a, b; c\\ d"),
        ("X-KINE:Zo\r\n é", "Zoé"),
    ],
)
def test_properties_of_the_vendor_are_read(line, value):
    ((_, record),) = records(ICAL, calendar(line, "SUMMARY:titre"), "agenda")
    assert record["practitioner_id"] == value
    assert record["channel"] == "titre"
    assert "patient_id" not in record


def test_a_probe_shows_the_beginning():
    assert probe_of(File(b"x" * 70000)) == Probe("x.txt", 70000, b"x" * 65536)
