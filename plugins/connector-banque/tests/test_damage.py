"""Statements that are cut, damaged, mis-encoded or hostile."""

from __future__ import annotations

import logging

import pytest

IBAN = "FR1420041010050500013M02606"
MONTANT = (
    f"Compte;{IBAN}\r\nSolde initial;+1\u202f000,00\r\nSolde final;+1\u202f052,50\r\n\r\n"
    "Date;Date de valeur;Libellé;Montant;Devise\r\n"
    "31/07/2026;31/07/2026;VIR SEPA CPAM DE VALMONTEL;+40,00;EUR\r\n"
    "15/07/2026;15/07/2026;CARTE ÉPICERIE;-7,50;EUR\r\n"
    "02/07/2026;02/07/2026;VIR RÈGLEMENT;+20,00;EUR\r\n"
).encode("utf-8-sig")
DEBIT_CREDIT = (
    f"Numéro de compte : {IBAN};Devise : EUR;;;;\r\nSolde en fin de période;;;;;1\xa0052,50\r\n"
    "Date;Référence;Libellé;Contrepartie;Débit;Crédit\r\n"
    '31/07/2026;;"VIR SEPA\r\nCPAM DE VALMONTEL";CPAM;;40,00\r\n'
    "15/07/2026;;CARTE ÉPICERIE;;7,50;\r\n"
    "02/07/2026;;VIR RÈGLEMENT;;;20,00\r\n"
    "Solde en début de période;;;;;1\xa0000,00\r\n"
).encode("cp1252")


@pytest.fixture(scope="module")
def statements(write):
    operations = [
        write.operation("20260731", "40.00", "F3", "VIR SEPA CPAM", "<MEMO>RÈGLEMENT"),
        write.operation("20260715", "-7.50", "F2", "CARTE"),
        write.operation("20260702", "20.00", "F1"),
    ]
    entries = [
        write.entry("2026-07-02", "20.00", "R1"),
        write.entry("2026-07-15", "-7.50", "R2"),
        write.entry("2026-07-31", "40.00", "R3"),
    ]
    balances = write.balance("OPBD", "1000.00") + write.balance("CLBD", "1052.50")
    return {
        "ofx1": write.ofx(*operations),
        "ofx2": write.ofx(*operations, version=2),
        "camt02": write.camt(*entries, balances=balances),
        "montant": MONTANT,
        "debit-credit": DEBIT_CREDIT,
    }


NAMES = ("ofx1", "ofx2", "camt02", "montant", "debit-credit")


@pytest.mark.parametrize("name", NAMES)
def test_whole_statements_are_clean(desk, statements, name):
    told = desk.read(statements[name])
    assert told.clean
    assert sorted(map(str, told.amounts)) == ["20.00", "40.00"]


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_at_any_byte_is_told(desk, statements, name):
    """Nothing is lost in silence: where a cut is not told, only white space at the end is gone."""
    content = statements[name]
    whole = desk.read(content)
    for end in range(len(content)):
        told = desk.read(content[:end])
        assert not told.clean or (told.ids == whole.ids and not content[end:].strip()), end


@pytest.mark.parametrize("name", ["montant", "debit-credit", "camt02"])
def test_what_stands_before_a_cut_is_read(desk, statements, name):
    told = desk.read(statements[name][:-60])
    assert told.credits
    assert not told.clean


@pytest.mark.parametrize("name", ["camt02", "montant", "debit-credit"])
def test_a_byte_lost_anywhere_never_changes_the_money_in_silence(desk, statements, name):
    content = statements[name]
    whole = desk.read(content)
    for at in range(len(content)):
        told = desk.read(content[:at] + content[at + 1 :])
        assert not told.clean or told.amounts == whole.amounts, at


@pytest.mark.parametrize("name", ["camt02", "montant", "debit-credit"])
def test_an_operation_missing_in_the_middle_is_told(desk, statements, name):
    content = statements[name]
    start, end = {
        "camt02": (b'<Ntry><Amt Ccy="EUR">7.50', b"</Ntry>\n"),
        "montant": (b"15/07/2026;15", b"\r\n"),
        "debit-credit": (b"15/07/2026;;", b"\r\n"),
    }[name]
    first = content.index(start)
    last = content.index(end, first) + len(end)
    told = desk.read(content[:first] + content[last:])
    assert len(told.credits) == 2
    ((place, reason),) = told.refused
    assert place in {"fichier", "ligne 3"}
    assert "solde" in reason
    assert "1052" not in reason


def test_a_list_of_another_code_page_is_refused_by_its_name(desk):
    montant, debit_credit = MONTANT.decode("utf-8-sig").replace("\u202f", " "), DEBIT_CREDIT.decode("cp1252")
    for text, encoding in ((montant, "cp1252"), (debit_credit, "cp850")):
        (reason,) = desk.read(text.encode(encoding)).refused
        assert f"semble écrit en {encoding}" in str(reason)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_in_unicode_is_read_as_what_it_is(desk, encoding):
    told = desk.read(DEBIT_CREDIT.decode("cp1252").encode(encoding))
    assert told.clean
    assert told.credits == desk.read(DEBIT_CREDIT).credits


def test_ofx_that_is_utf_8_under_a_wrong_header_is_read_as_what_it_is(desk, write):
    told = desk.read(write.ofx(write.operation("20260702", "20", "F", "RÈGLEMENT SÉANCE"), encoding="utf-8"))
    assert [each.label for each in told.credits] == ["RÈGLEMENT SÉANCE"]


def test_ofx_of_another_encoding_than_its_header_says_is_refused(desk, write):
    content = write.ofx(write.operation("20260702", "20", "F", "RÈGLEMENT")).replace(b"CHARSET:1252", b"CHARSET:NONE")
    told = desk.read(content)
    assert told.credits == []
    assert "encodage" in told.refused[0][1]


def test_an_empty_file_is_not_known(desk):
    assert not desk.read(b"").known


def test_statements_without_operations_are_whole(desk, write):
    for content in (write.ofx(), write.camt(balances=write.balance("OPBD", "5") + write.balance("CLBD", "5"))):
        told = desk.read(content)
        assert told.clean
        assert told.rows == []


def test_a_message_without_a_statement_is_refused(desk, write):
    content = write.camt()
    start, end = content.index(b"<Stmt>"), content.index(b"</Stmt>") + len(b"</Stmt>")
    assert desk.read(content[:start] + content[end:]).refused
    assert desk.read(write.ofx().replace(b"STMTRS>", b"PROFRS>")).refused


ENTITIES = {
    "billion laughs": b'<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
    "external": b'<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    "dtd": b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
}


@pytest.mark.parametrize("name", ENTITIES)
def test_document_types_are_refused(desk, write, name):
    content = write.camt(write.entry("2026-07-02", "20")).replace(b"?>\n", b"?>\n" + ENTITIES[name], 1)
    told = desk.read(content)
    assert told.credits == []
    assert "DOCTYPE" in told.refused[0][1]


def test_ofx_takes_no_declarations(desk, write):
    content = write.ofx(write.operation("20260702", "20", "F"), version=2)
    for evil in (b'<!DOCTYPE OFX [<!ENTITY a "x">]>', b"<!-- <STMTTRN> -->"):
        assert desk.read(content.replace(b"<OFX>", evil + b"<OFX>", 1)).refused
        assert desk.read(content.replace(b"<BANKTRANLIST>", b"<BANKTRANLIST>" + evil, 1)).refused


def test_too_deep_is_refused(desk, write):
    deep = b"<A>" * 100 + b"</A>" * 100
    assert desk.read(write.ofx().replace(b"<BANKTRANLIST>", deep + b"<BANKTRANLIST>")).refused
    assert desk.read(write.camt(write.entry("2026-07-02", "20", more="<A>" * 500 + "</A>" * 500))).refused


def test_an_oversized_ofx_is_refused_before_it_is_parsed(desk, write, monkeypatch):
    monkeypatch.setattr("connector_banque.ofx._LARGEST", 2000)
    told = desk.read(write.ofx(*[write.operation("20260702", "20", f"F{n}") for n in range(40)]))
    assert [reason for _, reason in told.refused] == ["le fichier est démesuré pour un relevé"]


def test_an_oversized_entry_is_refused(desk, write, monkeypatch):
    monkeypatch.setattr("connector_banque.camt._MOST_INSIDE", 50)
    told = desk.read(write.camt(write.entry("2026-07-02", "20", details="<TxDtls/>" * 60)))
    assert told.credits == []
    assert "démesurée" in told.refused[0][1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"</STMTTRN>", b""),
        (b"<STMTTRN>", b""),
        (b"<STMTTRN>", b"<stmttrn>"),
        (b"<STMTTRN>", b"<STMTTRN a='1'>"),
        (b"</BANKTRANLIST>", b"</BANKTRANLISTE>"),
        (b"<TRNAMT>", b"<TRNAMT"),
        (b"</STMTTRN>\n", b"</STMTTRN>\nmore"),
    ],
)
def test_ofx_whose_tags_do_not_close_is_refused_whole(desk, statements, before, after):
    """The library would skip what it can't match and go on."""
    content = statements["ofx1"]
    assert before in content
    told = desk.read(content.replace(before, after, 1))
    assert told.credits == []
    assert told.refused


def test_no_account_number_gets_out(desk, write, caplog, statements):
    """Neither in records, rows and refusals, nor in what libraries log."""
    caplog.set_level(logging.DEBUG)
    labelled = write.operation("20260702", "20", "F", f"VIR DE {IBAN} CPAM", "<MEMO>FR14 2004 1010 0505 0001 3M02 606")
    details = (
        f"<TxDtls><RltdPties><Dbtr><Nm>{IBAN}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{IBAN}</Ustrd></RmtInf></TxDtls>"
    )
    contents = [
        write.ofx(labelled, account="12345678901"),
        write.camt(write.entry("2026-07-02", "20", "R", details=details)),
        write.camt(write.entry("2026-07-02", "20", "R"), account="<Othr><Id>12345678901</Id></Othr>"),
        MONTANT.replace(b"CPAM DE VALMONTEL", IBAN.encode()),
        DEBIT_CREDIT,
        *(content[: len(content) // 2] for content in statements.values()),
        write.ofx(labelled + "\n<TRNAMT", account="12345678901"),
    ]
    seen = caplog.text
    for content in contents:
        told = desk.read(content)
        seen += repr(told.credits) + repr(told.refused)
    seen += caplog.text
    assert "[IBAN]" in seen
    assert IBAN not in seen
    assert "3M02 606" not in seen
    assert "12345678901" not in seen
