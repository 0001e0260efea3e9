"""What operations become: which are kept, as what, and told apart how."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector_banque import INFO
from connector_banque.accounts import without_ibans
from connector_banque.connector import BankConnector
from connector_core.dialects.language import read_dialect
from connector_core.errors import ConfigurationError

CREDIT = "VIR SEPA CPAM DE VALMONTEL"


def detail(amount="", reference="", label="", end="", side="", name="", pty=False):
    who = f"<Pty><Nm>{name}</Nm></Pty>" if pty else f"<Nm>{name}</Nm>"
    return (
        f"<TxDtls><Refs>{f'<AcctSvcrRef>{reference}</AcctSvcrRef>' if reference else ''}"
        f"<EndToEndId>{end or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"{f'<Amt Ccy=`EUR`>{amount}</Amt>' if amount else ''}".replace("`", '"')
        + f"{f'<CdtDbtInd>{side}</CdtDbtInd>' if side else ''}"
        f"{f'<RltdPties><Dbtr>{who}</Dbtr></RltdPties>' if name else ''}"
        f"{f'<RmtInf><Ustrd>{label}</Ustrd></RmtInf>' if label else ''}</TxDtls>"
    )


def test_overlapping_statements_tell_of_a_credit_once(desk, write):
    july = [write.operation("20260702", "20.00", "F1"), write.operation("20260720", "40.00", "F2")]
    august = [write.operation("20260720", "40.00", "F2"), write.operation("20260803", "40.00", "F3")]
    one, other = desk.read(write.ofx(*july)), desk.read(write.ofx(*august))
    assert len({*one.ids, *other.ids}) == 3
    assert one.rows[1].raw == other.rows[0].raw


@pytest.mark.parametrize("reference", ["", "R"])
def test_overlapping_messages_tell_of_a_credit_once(desk, write, reference):
    """Also where the bank numbers the entries of each statement anew."""

    def entry(day, number):
        return write.entry(day, "20.00", reference and f"{reference}{day}", more=f"<NtryRef>{number}</NtryRef>")

    days = ["2026-07-02", "2026-07-20", "2026-07-20", "2026-08-03"]
    if reference:
        days.pop(1)
    one = desk.read(write.camt(*(entry(day, n) for n, day in enumerate(days[:-1]))))
    other = desk.read(write.camt(*(entry(day, n) for n, day in enumerate(days[1:]))))
    assert len(set(one.ids)) == len(days) - 1
    assert len({*one.ids, *other.ids}) == len(days)


def test_equal_credits_of_a_day_are_told_apart_without_a_reference(desk, write):
    for content in (
        write.ofx(*[write.operation("20260702", "20.00")] * 3),
        write.ofx(*[write.operation("20260702", "20.00", "0")] * 3),
        write.camt(*[write.entry("2026-07-02", "20.00")] * 3),
    ):
        told = desk.read(content)
        assert len(set(told.ids)) == 3
        assert len({row.raw for row in told.rows}) == 3


def test_one_reference_for_several_operations_is_no_identity(desk, write):
    content = write.ofx(write.operation("20260702", "20.00", "X"), write.operation("20260703", "20.00", "X"))
    assert len(set(desk.read(content).ids)) == 2


def test_a_label_that_the_bank_completes_is_the_same_operation(desk, write):
    short, long = (write.ofx(write.operation("20260702", "20.00", "F", name)) for name in ("VIR", "VIR CPAM"))
    assert desk.read(short).ids == desk.read(long).ids


def test_accounts_are_told_apart(desk, write):
    one, other = (write.ofx(write.operation("20260702", "20.00", "F"), account=number) for number in ("1", "2"))
    assert desk.read(one).ids != desk.read(other).ids
    spaced = "<IBAN>FR14 2004 1010 0505 0001 3M02 606</IBAN>"
    entry = write.entry("2026-07-02", "20.00")
    assert desk.read(write.camt(entry)).ids == desk.read(write.camt(entry, account=spaced)).ids


def test_two_statements_of_one_file_that_overlap(desk, write):
    content = write.ofx(write.operation("20260702", "20.00", "F"))
    start, end = content.index(b"<STMTTRNRS>"), content.index(b"</STMTTRNRS>") + len(b"</STMTTRNRS>")
    told = desk.read(content[:end] + content[start:end] + content[end:])
    assert len(told.rows) == 2
    assert len(set(told.ids)) == 1


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ("PRLV SEPA CPAM DE VALMONTEL INDU", True),
        ("REJET VIR SEPA", True),
        ("Virement retourné", True),
        ("RETOUR DE VIREMENT", True),
        ("CAISSE PRIMAIRE D'ASSURANCE", True),
        ("PRLV LOYER", False),
        ("CARTE CPAMARKET", False),
        ("VIR SEPA EMIS", False),
        ("MUTUELLE DES TILLEULS COTISATION", False),
        ("INDUSTRIE DU BOIS", False),
    ],
)
def test_debits_are_kept_where_they_take_payers_money_back(desk, write, label, kept):
    for content in (
        write.ofx(write.operation("20260702", "-20.00", "F", label), encoding="utf-8"),
        write.camt(write.entry("2026-07-02", "-20.00", details=detail(label=label))),
    ):
        told = desk.read(content)
        assert told.clean
        assert told.amounts == ([Decimal("-20.00")] if kept else [])
        assert len(told.rows) == 1


def test_a_reversal_keeps_its_own_side(desk, write):
    """A credit taken back is a debit; a debit taken back is money that came in."""
    back = "<RvslInd>true</RvslInd>"
    told = desk.read(write.camt(write.entry("2026-07-02", "-20", more=back), write.entry("2026-07-03", "7", more=back)))
    assert told.amounts == [Decimal(-20), Decimal(7)]


@pytest.mark.parametrize("state", ["<Sts>PDNG</Sts>", "<Sts><Cd>INFO</Cd></Sts>"])
def test_what_is_not_booked_is_no_credit_and_counts_in_no_balance(desk, write, state):
    balances = write.balance("OPBD", "0") + write.balance("CLBD", "20")
    told = desk.read(
        write.camt(write.entry("2026-07-02", "20"), write.entry("2026-07-03", "9", state=state), balances=balances)
    )
    assert told.clean
    assert told.amounts == [Decimal(20)]


def test_a_group_becomes_its_transactions(desk, write):
    details = detail("12.00", end="E1", label="UN", name="CPAM", pty=True) + detail("8.00", end="E2", label="DEUX")
    told = desk.read(write.camt(write.entry("2026-07-02", "20.00", "R", details=details), version="08"))
    assert [(each.amount, each.label, each.counterparty) for each in told.credits] == [
        (Decimal("12.00"), "UN E1", "CPAM"),
        (Decimal("8.00"), "DEUX E2", None),
    ]


def test_a_group_with_both_sides(desk, write):
    details = detail("25.00", end="E1", side="CRDT") + detail("5.00", end="E2", side="DBIT", label="REJET VIR")
    told = desk.read(write.camt(write.entry("2026-07-02", "20.00", "R", details=details), version="08"))
    assert told.amounts == [Decimal(25), Decimal(-5)]


def test_a_group_that_says_no_amounts_stays_one(desk, write):
    told = desk.read(
        write.camt(write.entry("2026-07-02", "20.00", details=detail("12.00", label="UN") + detail(label="DEUX")))
    )
    assert [(each.amount, each.label) for each in told.credits] == [(Decimal("20.00"), "UN DEUX")]


def test_a_group_that_does_not_add_up_is_refused(desk, write):
    details = detail("12.00") + detail("9.00")
    told = desk.read(write.camt(write.entry("2026-07-02", "20.00", details=details), write.entry("2026-07-03", "1")))
    assert told.amounts == [Decimal(1)]
    assert told.refused == [(4, "les opérations de l'écriture groupée ne donnent pas son montant")]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"day": "", "amount": "20"}, "date"),
        ({"day": "2026-02-31", "amount": "20"}, "date"),
        ({"day": "2026-07-02", "amount": "20", "currency": "USD"}, "euros"),
        ({"day": "2026-07-02", "amount": "20.001"}, "montant"),
        ({"day": "2026-07-02", "amount": "20", "state": ""}, "Sts"),
    ],
)
def test_one_bad_entry_is_refused_alone_without_its_values(desk, write, entry, reason):
    told = desk.read(write.camt(write.entry(**entry), write.entry("2026-07-03", "1")))
    assert told.amounts == [Decimal(1)]
    ((_, text),) = told.refused
    assert reason in text
    assert "20" not in text


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (("2026", "20"), "date"),
        (("20260231", "20"), "date"),
        (("20260702", "vingt"), "montant"),
        (("20260702", "1e5"), "montant"),
        (("20260702", "20", "F", "N", "<CORRECTFITID>E<CORRECTACTION>DELETE"), "corrige"),
        (("20260702", "20", "F", "N", "<CURRENCY><CURRATE>1<CURSYM>USD</CURRENCY>"), "euros"),
    ],
)
def test_one_bad_operation_is_refused_alone_at_its_line(desk, write, operation, reason):
    content = write.ofx(write.operation("20260701", "1", "G"), write.operation(*operation))
    told = desk.read(content)
    assert told.amounts == [Decimal(1)]
    ((line, text),) = told.refused
    assert reason in text
    assert content.splitlines()[line - 1] == b"<STMTTRN>"


def test_an_account_that_is_not_in_euros_is_refused(desk, write):
    told = desk.read(write.ofx(write.operation("20260702", "20"), currency="CHF"))
    assert told.credits == []
    assert "euros" in told.refused[0][1]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20260702", "2026-07-02"),
        ("20260702235959", "2026-07-02"),
        ("20260702000000.000", "2026-07-02"),
        ("20260702000000[+1:CET]", "2026-07-02"),
        ("20260701230000[0:GMT]", "2026-07-02"),
        ("20260702120000.000[-5:EST]", "2026-07-02"),
    ],
)
def test_days_of_ofx(desk, write, written, day):
    (credit,) = desk.read(write.ofx(write.operation(written, "20", "F"))).credits
    assert credit.booked_on.isoformat() == day


@pytest.mark.parametrize(
    ("written", "amount"), [("20", "20.00"), ("+20.5", "20.50"), ("1234,56", "1234.56"), ("20.5000", "20.50")]
)
def test_amounts_of_ofx(desk, write, written, amount):
    assert desk.read(write.ofx(write.operation("20260702", written, "F"))).amounts == [Decimal(amount)]


def test_values_of_ofx_that_are_empty_quoted_or_escaped(desk, write):
    more = "<CHECKNUM>\n<MEMO><![CDATA[R&D <1>]]></MEMO>"
    content = write.ofx(write.operation("20260702", "20", "F", "DUPONT &amp; FILS &#233;", more))
    (credit,) = desk.read(content).credits
    assert credit.label == "DUPONT & FILS é R&D <1>"
    content = write.ofx(write.operation("20260702", "20", "F", "A<MEMO/>"), version=2)
    assert [each.label for each in desk.read(content).credits] == ["A"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_byte_order_mark_before_ofx(desk, write, version):
    content = write.ofx(write.operation("20260702", "20", "F", "É"), version=version, encoding="utf-8")
    assert [each.label for each in desk.read(b"\xef\xbb\xbf" + content).credits] == ["É"]


def test_balances_of_a_message_in_pages(desk, write):
    entry = write.entry("2026-07-02", "20")
    for balances, whole in (
        ([("OPBD", "5"), ("ITBD", "25")], True),
        ([("ITBD", "5"), ("ITBD", "25")], True),
        ([("ITBD", "5"), ("CLBD", "25")], True),
        ([("PRCD", "-5"), ("CLBD", "15")], True),
        ([("CLBD", "25")], True),
        ([("OPBD", "5"), ("CLBD", "24")], False),
        ([("ITBD", "5"), ("ITBD", "24")], False),
        ([("OPBD", "5"), ("CLBD", "x")], False),
    ):
        text = "".join(
            write.balance(kind, amount) if amount != "x" else write.balance(kind, "1").replace('"EUR">1<', '"EUR">?<')
            for kind, amount in balances
        )
        assert desk.read(write.camt(entry, balances=text)).clean is whole, balances


def test_the_number_of_entries_that_is_announced(desk, write):
    def summary(number):
        return f"<TxsSummry><TtlNtries><NbOfNtries>{number}</NbOfNtries></TtlNtries></TxsSummry>"

    entries = [write.entry("2026-07-02", "20"), write.entry("2026-07-03", "2", state="<Sts>PDNG</Sts>")]
    assert desk.read(write.camt(*entries, summary=summary(2))).clean
    ((place, reason),) = desk.read(write.camt(*entries, summary=summary(3))).refused
    assert place == "ligne 3"
    assert "nombre" in reason


def test_the_second_statement_is_read_though_the_first_is_not_whole(desk, write):
    balances = write.balance("OPBD", "5") + write.balance("CLBD", "24")
    content = write.camt(write.entry("2026-07-02", "20"), balances=balances)
    other = write.camt(write.entry("2026-08-02", "30"))
    start, end = other.index(b"<Stmt>"), other.index(b"</Stmt>") + len(b"</Stmt>")
    told = desk.read(content.replace(b"</BkToCstmrStmt>", other[start:end] + b"</BkToCstmrStmt>"))
    assert told.amounts == [Decimal(20), Decimal(30)]
    assert len(told.refused) == 1


def test_a_line_with_a_debit_and_a_credit_is_refused(desk):
    def told(debit, credit, opening="0,00"):
        text = (
            "Numéro de compte : 1;;;;;\r\nSolde en fin de période;;;;;20,00\r\n"
            "Date;Référence;Libellé;Contrepartie;Débit;Crédit\r\n"
            f"02/07/2026;;VIR;;{debit};{credit}\r\n;;;;;\r\nSolde en début de période;;;;;{opening}\r\n"
        )
        return desk.read(text.encode("cp1252"))

    assert told("", "20,00").amounts == [Decimal(20)]
    assert told("0,00", "20,00").amounts == [Decimal(20)]
    assert told("-5,00", "", "25,00").clean
    assert told("5,00", "", "25,00").clean
    assert told("5,00", "25,00").refused == [(4, "la ligne a un débit et un crédit")]
    assert told("", "").refused == [(4, "la ligne n'a pas de date, ou ni débit ni crédit")]


def test_a_pattern_that_is_none_is_refused():
    shipped = BankConnector.shipped(INFO)
    place = "plugins/connector-banque"
    for account in ("'(('", "'Compte'", "'(a)(b)'"):
        text = SITE.replace("ACCOUNT", account)
        with pytest.raises(ConfigurationError, match="expression régulière"):
            shipped.with_dialects([read_dialect(text, place)])
    with pytest.raises(ConfigurationError, match="« acount »"):
        shipped.with_dialects([read_dialect(SITE.replace("account = ACCOUNT", "acount = '(a)'"), place)])


SITE = """
[dialect]
id = "banque-montant"
title = "La banque du site"
version = "2"

[format]
kind = "delimited"
separator = ","
encoding = "utf-8"

[connector]
account = ACCOUNT

[[table]]
name = "operations"

[[table.record]]
kind = "bank_credit"

[table.record.fields]
id = { from = ["Jour", "Texte", "Somme", "#"], as = "key" }
booked_on = { from = "Jour", as = "date_iso" }
amount = { from = "Somme", as = "money_point" }
label = "Texte"
"""


def test_a_site_lays_its_own_dialect_over_a_shipped_one(desk):
    text = SITE.replace("ACCOUNT", "'Compte ([0-9]+)'")
    own = BankConnector.shipped(INFO).with_dialects([read_dialect(text, "site.toml")])
    assert own.dialects["banque-montant"].title == "La banque du site"
    content = "Compte 123\nJour,Texte,Somme\n2026-07-02,VIR,20.00\n2026-07-02,VIR,20.00\n2026-07-02,PRLV,-3.00\n"
    desk = type(desk)()
    desk.connector = own
    told = desk.read(content)
    assert told.clean
    assert told.amounts == [Decimal(20), Decimal(20)]
    assert len(set(told.ids)) == 2
    assert desk.read(content.replace("Compte 123", "")).refused == [
        (None, "le numéro du compte manque : le relevé semble coupé")
    ]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("VIR DE FR14 2004 1010 0505 0001 3M02 606 CPAM", "VIR DE [IBAN] CPAM"),
        ("FR1420041010050500013M02606", "[IBAN]"),
        ("DE89370400440532013000 et BE68539007547034", "[IBAN] et [IBAN]"),
        ("FR1420041010050500013M02607", "FR1420041010050500013M02607"),
        ("REF AB12 3456 7890", "REF AB12 3456 7890"),
    ],
)
def test_ibans_in_labels_are_hidden(text, hidden):
    assert without_ibans(text) == hidden
