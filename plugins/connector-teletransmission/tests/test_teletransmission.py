"""The connector: which files it knows, what records it makes of them, and what a practice makes of those."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner

from connector_core.cli.main import connector
from connector_core.formats.document import Probe
from connector_core.model.assemble import sent_lots
from connector_core.model.pivot import record_from_json
from connector_core.money.ledger import debts
from connector_core.pipeline.cabinet import PracticeView
from connector_core.pipeline.subjects import checks
from connector_core.rules.transfers import transfers_of
from connector_core.sources.local import LocalFile
from connector_core.store.codec import KIND_INDEX
from connector_teletransmission import INFO, b2, noemie, samples
from connector_teletransmission.compose import LotPlan, b2_group, noemie_group

SAMPLES = ("lot-clair", "lot-chiffre", "retour-908", "retour-576")
LOT, RETURN = "lot.b2", "retour.noe"
MINE = samples.PROFESSIONAL


@pytest.fixture
def drop(tmp_path):
    def put(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


def records(read, kind=None):
    found = [json.loads(line) for line in read.lines]
    return [each for each in found if kind is None or each["record"] == kind]


def one(read, kind, **wanted):
    (found,) = [each for each in records(read, kind) if all(each.get(k) == v for k, v in wanted.items())]
    return found


def test_says_that_nobody_has_verified_it():
    assert INFO.verified is False


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_cut_file_is_never_whole(bench, sample, tmp_path):
    (path,) = bench.copy(f"teletransmission/{sample}", tmp_path)
    content = path.read_bytes()
    for end in range(0, len(content), 17):
        path.write_bytes(content[:end])
        read = bench.read([path])
        assert read.rejects, end
        assert all("colonne" in place or place == "fichier" for _, place, _ in read.rejects)


def test_other_files_are_not_claimed(bench):
    ours = bench.host.connectors["teletransmission"].connector
    for head in (b"", b"000", b"000;Nom;Prenom\r\n1;A;B\r\n", b"000" + b"1" * 200, b"<xml/>", b"999TP"):
        assert ours.identify(Probe("x.noe", len(head), head)) is None


def test_a_lot_in_clear(bench):
    read = bench.read(bench.export("teletransmission/lot-clair"))
    assert one(read, "lot") == {
        "record": "lot",
        "id": f"{MINE}-012-261111",
        "number": "012",
        "practitioner_id": MINE,
        "created_on": "2026-11-11",
        "invoice_count": 3,
        "total": "89.40",
    }
    practitioner = one(read, "practitioner")
    assert (practitioner["profession"], practitioner["am_number"]) == ("MK", MINE)
    child = one(read, "patient", given_name="LOUIS")
    assert (child["birth_date"], child["nir"], child["nir_key"]) == ("2018-06-07", samples.CHILD.nir, "48")
    assert child["vendor"] == {"beneficiary_nir": samples.CHILD.own_nir, "beneficiary_nir_key": "80"}
    assert one(read, "patient", given_name="ANNE")["birth_date"] == "1955-04-12"
    invoice = one(read, "invoice", number="000001002")
    assert invoice["patient_id"] == child["id"]
    assert (invoice["third_party"], invoice["total"], invoice["amo_claimed"]) == ("FULL", "17.88", "10.72")
    assert (invoice["amc_claimed"], invoice["patient_share"], invoice["amc_number"]) == ("7.16", "0.00", "0099999999")
    assert invoice["lot_id"] == f"{MINE}-012-261111"
    at_work = one(read, "invoice", number="000001003")
    assert (at_work["nature"], at_work["accident_on"]) == ("41", "2026-10-01")
    assert "securing" not in at_work
    home = one(read, "act", invoice_id=at_work["id"])
    assert (home["place"], home["letter"], home["coefficient"], home["amount"]) == ("DOMICILE", "RAM", "8.09", "17.88")
    assert [each["performed_on"] for each in records(read, "act")[:3]] == ["2026-11-03", "2026-11-06", "2026-11-10"]


def test_an_encrypted_lot_gives_its_envelope_and_says_that_it_covers_no_invoice(bench):
    read = bench.read(bench.export("teletransmission/lot-chiffre"))
    lot = one(read, "lot")
    assert (lot["number"], lot["invoice_count"], lot["total"]) == ("012", 3, "89.40")
    assert lot["vendor"] == {"certification": "S"}
    assert len(read.lines) == 1
    assert "lot.total" in read.covers
    assert "invoice" not in read.covers


@pytest.mark.parametrize(
    ("certification", "securing", "vitale"),
    [("S", "SESAM", True), ("F", "SESAM", False), ("D", "DEGRADE", None), (" ", None, None)],
)
def test_how_an_invoice_was_secured(bench, drop, certification, securing, vitale):
    plan = samples.lot(certification)
    path = drop(LOT, b2.write([b2_group({}, [plan])]))
    invoice = records(bench.read([path]), "invoice")[0]
    assert (invoice.get("securing"), invoice.get("vitale_read")) == (securing, vitale)


@pytest.mark.parametrize(
    ("payee", "third_party", "claimed", "kept"),
    [
        ("00", "NONE", None, None),
        ("05", "AMO", "10.72", None),
        ("15", "FULL", "10.72", None),
        ("25", None, None, None),
        ("06", None, "10.72", "06"),
    ],
)
def test_who_is_paid(bench, drop, payee, third_party, claimed, kept):
    invoice = samples.invoice(samples.ANNE, "000000001", "261110", samples.act("261110"), payee_code=payee)
    header = {"provider_no+key": MINE, "lot_no": "001", "lot_date": "261111"}
    path = drop(LOT, b2.write([b2_group({}, [LotPlan(header, [invoice])])]))
    found = one(bench.read([path]), "invoice")
    assert (found.get("third_party"), found.get("amo_claimed")) == (third_party, claimed)
    assert found.get("vendor", {}).get("payee_code") == kept


@pytest.mark.parametrize(
    ("nir", "born", "birth_date"),
    [
        ("2240499999001", "240412", "1924-04-12"),
        ("1850399999002", "240412", "2024-04-12"),
        ("2270499999001", "270412", "1927-04-12"),
        ("2550499999001", "551312", None),
        ("2550499999001", "000000", None),
        ("1000299999001", "000229", "2000-02-29"),
    ],
    ids=["own number of an adult", "another's number", "not born yet", "no such month", "unknown", "leap day"],
)
def test_the_century_of_a_birth(bench, drop, nir, born, birth_date):
    person = samples.ANNE._replace(nir=nir, born=born)
    invoice = samples.invoice(person, "000000001", "261110", samples.act("261110"))
    header = {"provider_no+key": MINE, "lot_no": "001", "lot_date": "261111"}
    path = drop(LOT, b2.write([b2_group({}, [LotPlan(header, [invoice])])]))
    read = bench.read([path])
    assert read.rejects == []
    assert one(read, "patient").get("birth_date") == birth_date


def test_a_date_that_does_not_exist_refuses_one_invoice(bench, drop):
    path = drop(LOT, samples.clear_lot().replace(b"261106RAM", b"261131RAM"))
    read = bench.read([path])
    ((_, place, reason),) = read.rejects
    assert (place, reason) == ("enregistrement 3", "type 4, colonne 68 (act_date) : cette date n'existe pas")
    assert [each["number"] for each in records(read, "invoice")] == ["000001002", "000001003"]


@pytest.mark.parametrize("factor", ["      ", "000000"])
def test_a_line_without_a_coefficient_bills_a_flat_price_once(bench, drop, factor):
    flat = {"act_code": "IFD", "coefficient(4+2)": factor}
    invoice = samples.invoice(
        samples.ANNE, "000000001", "261110", samples.act("261110"), samples.act("261110", 250, more=flat)
    )
    header = {"provider_no+key": MINE, "lot_no": "001", "lot_date": "261111"}
    read = bench.read([drop(LOT, b2.write([b2_group({}, [LotPlan(header, [invoice])])]))])
    assert read.rejects == []
    assert [each["coefficient"] for each in records(read, "act")] == ["8.09", "1"]
    assert one(read, "invoice")["total"] == "20.38"


CAISSE = {"regime_code": "01", "caisse": "999", "centre": "0000"}


def test_the_caisse_an_invoice_is_sent_to_is_a_right_of_the_patient(bench, drop):
    """Who stays with a caisse has one right; who moves to another has two."""
    moved = {**CAISSE, "regime_code": "02"}
    plan = [
        samples.invoice(person, number, "261110", samples.act("261110"), **caisse)
        for person, number, caisse in (
            (samples.ANNE, "000000001", CAISSE),
            (samples.ANNE, "000000002", CAISSE),
            (samples.CHILD, "000000003", CAISSE),
            (samples.CHILD, "000000004", moved),
            (samples.WORKER, "000000005", {**CAISSE, "centre": " "}),
        )
    ]
    header = {"provider_no+key": MINE, "lot_no": "001", "lot_date": "261111"}
    read = bench.read([drop(LOT, b2.write([b2_group({}, [LotPlan(header, plan)])]))])
    rights = records(read, "coverage")
    anne = one(read, "invoice", number="000000001")["patient_id"]
    assert [each["organisation"] for each in rights] == ["019990000", "019990000", "029990000"]
    assert rights[0] == {
        "record": "coverage",
        "id": f"{anne}-019990000",
        "patient_id": anne,
        "payer": "AMO",
        "organisation": "019990000",
    }
    assert len({each["id"] for each in rights}) == 3
    assert records(bench.read(bench.export("teletransmission/lot-clair")), "coverage") == []


def test_the_balance_names_the_caisse(bench, drop):
    practice = bench.practice()
    invoice = samples.invoice(samples.ANNE, "000000001", "261110", samples.act("261110"), **CAISSE)
    header = {"provider_no+key": MINE, "lot_no": "001", "lot_date": "261111"}
    practice.attempt([drop(LOT, b2.write([b2_group({}, [LotPlan(header, [invoice])])]))])
    view = PracticeView.of(practice.store, (), {})
    asked = checks(practice.store, view, bench.rules.parameters, bench.rules.tariffs, date(2026, 11, 20))
    owed = {(debt.debtor, debt.debtor_id): debt.amount for check in asked for debt in debts(check)}
    assert owed["AMO", "019990000"] == Decimal("10.72")


def test_a_doubt_is_a_reject_and_the_rest_is_read(bench, drop):
    content = samples.clear_lot()
    lines = [content[at : at + 128] for at in range(0, len(content), 128)]
    lines[4], lines[5] = lines[5], lines[4]
    read = bench.read([drop(LOT, b"".join(lines))])
    ((_, place, reason),) = read.rejects
    assert (place, "ordre de leurs numéros" in reason) == ("enregistrement 6 (type 4), colonne 37", True)
    assert len(records(read, "invoice")) == 3
    torn = samples.newer_return().replace(b"@19806", b"@19807", 1)
    read = bench.read([drop(RETURN, torn)])
    ((_, place, reason),) = read.rejects
    assert (place.endswith("(entité 198), colonne 4"), "break_level" in reason) == (True, True)
    assert len(records(read, "payer_return")) == 5


def in_lot(number, day, *invoices):
    header = {"provider_no+key": MINE, "lot_no": number, "lot_date": day}
    return b2.write([b2_group({"file_id": f"000{number}"}, [LotPlan(header, invoices)])])


def of_the_child(amo, amc, payee, **more):
    """An invoice of 17.88 euros by what it asks of both payers, in centimes."""
    asked = {"amo_amount(5+2)": str(amo), "amc_amount(5+2)": str(amc)}
    line = samples.act("261104", more=asked)
    return samples.invoice(samples.CHILD, "000001002", "261110", line, payee_code=payee, **more)


AMC = {"amc_no": "0099999999"}
FSES = {
    "split top, amount told": of_the_child(1072, 716, "15", **AMC, **{"split_top(E/F)": "F"}),
    "split top, amount not told": of_the_child(1072, 0, "05", **{"split_top(E/F)": "F"}),
    "nothing told": of_the_child(1072, 0, "05"),
}
UNIQUE = of_the_child(1072, 716, "15", **AMC)
"""An FSE that asks both, in gestion unique."""
DRE = in_lot("013", "261112", of_the_child(0, 716, "25", **AMC))


def test_a_dre_tells_what_is_asked_of_the_complementaire_and_nothing_else(bench, drop):
    read = bench.read([drop("lot.dre", DRE)])
    assert records(read, "act") == []
    told = one(read, "invoice")
    patient = told.pop("patient_id")
    assert patient == one(read, "patient")["id"]
    assert told == {
        "record": "invoice",
        "id": f"{MINE}-000001002-26",
        "practitioner_id": MINE,
        "number": "000001002",
        "closed_on": "2026-11-10",
        "dre_lot_id": f"{MINE}-013-261112",
        "total": "17.88",
        "amc_claimed": "7.16",
        "amc_number": "0099999999",
        "amc_management": "separee",
        "dre_sent_on": "2026-11-12",
    }


@pytest.mark.parametrize(
    ("fse", "management", "claimed", "share"),
    [
        (FSES["split top, amount told"], "separee", "7.16", "0.00"),
        (FSES["split top, amount not told"], "separee", None, None),
        (FSES["nothing told"], None, "0.00", "7.16"),
        (UNIQUE, "unique", "7.16", "0.00"),
    ],
)
def test_what_an_fse_tells_of_how_the_complementaire_is_asked(bench, drop, fse, management, claimed, share):
    told = one(bench.read([drop(LOT, in_lot("012", "261111", fse))]), "invoice")
    found = (told.get("amc_management"), told.get("amc_claimed"), told.get("patient_share"))
    assert found == (management, claimed, share)
    assert "dre_sent_on" not in told


@pytest.mark.parametrize("fse", FSES)
@pytest.mark.parametrize("order", ["FSE first", "DRE first", "at once", "FSE again"])
def test_a_dre_completes_its_fse_whichever_comes_first(bench, drop, fse, order):
    lot, dre = drop(LOT, in_lot("012", "261111", FSES[fse])), drop("lot.dre", DRE)
    again = drop("again.b2", in_lot("021", "261118", FSES[fse]))
    attempts = {
        "FSE first": [[lot], [dre]],
        "DRE first": [[dre], [lot]],
        "at once": [[dre, lot]],
        "FSE again": [[lot], [dre], [again], [dre]],
    }
    practice = bench.practice()
    for files in attempts[order]:
        assert practice.attempt(files).is_whole
    ((_, _, kinds),) = practice.store.dossiers.iterate()
    (invoice,) = kinds[KIND_INDEX["invoice"]]
    assert (invoice.third_party, invoice.amo_claimed) == ("FULL", Decimal("10.72"))
    assert (invoice.amc_claimed, invoice.patient_share) == (Decimal("7.16"), Decimal("0.00"))
    assert (invoice.amc_management, invoice.dre_sent_on) == ("separee", date(2026, 11, 12))
    assert invoice.amc_number == "0099999999"
    assert invoice.lot_id == f"{MINE}-{'021-261118' if order == 'FSE again' else '012-261111'}"
    assert invoice.dre_lot_id == f"{MINE}-013-261112"
    assert [each.amount for each in kinds[KIND_INDEX["act"]]] == [Decimal("17.88")]
    answer = samples.returned("000001002", samples.CHILD, samples.amc(716, "P", 716))
    of_the_dre = (answer.opener[0], {**answer.opener[1], "lot_no": "013", "lot_date": "261112"})
    practice.attempt([drop(RETURN, returned(answer._replace(opener=of_the_dre)))])
    owned, waiting = returns_of(practice)
    assert ([each.payer for each in owned], waiting) == (["AMC"], [])


def test_an_establishment_is_refused_in_clear_words(bench, drop):
    read = bench.read([drop(LOT, samples.establishment_lot())])
    ((_, place, reason),) = read.rejects
    assert place == "enregistrement 1 (type 000), colonne 62"
    assert "établissement" in reason


def test_a_return_of_the_newer_generation(bench):
    read = bench.read(bench.export("teletransmission/retour-908"))
    paid = one(read, "payer_return", invoice_number="000001001")
    assert (paid["payer"], paid["state"], paid["claimed"], paid["paid"]) == ("AMO", "paid", "32.16", "32.16")
    assert (paid["lot_number"], paid["lot_on"], paid["returned_on"]) == ("012", "2026-11-11", "2026-11-18")
    assert (paid["transfer_on"], paid["transfer_label"]) == ("2026-11-18", "VIR CPAM 99")
    assert paid["paying_body"] == "990000001"
    both = [each for each in records(read, "payer_return") if each["invoice_number"] == "000001002"]
    assert [(each["payer"], each["paid"]) for each in both] == [("AMO", "10.72"), ("AMC", "7.16")]
    rejected = one(read, "payer_return", state="rejected")
    assert (rejected["reject_code"], rejected["reject_level"]) == ("0250", "F")
    assert rejected["reject_label"] == "L ASSURE EST ABSENT DE NOTRE REFERENTIEL"
    assert rejected["vendor"]["comment"] == "VERIFIER L ORGANISME"
    assert "transfer_on" not in rejected
    assert one(read, "payer_return", invoice_number="000000987")["paid"] == "-10.72"


def test_a_return_of_the_older_generation(bench):
    read = bench.read(bench.export("teletransmission/retour-576"))
    paid = one(read, "payer_return", invoice_number="000001011")
    assert (paid["state"], paid["paid"], paid["lot_number"], paid["returned_on"]) == (
        "paid",
        "10.72",
        "012",
        "2026-11-18",
    )
    assert "claimed" not in paid
    assert "transfer_on" not in paid
    rejected = one(read, "payer_return", invoice_number="000001012")
    assert (rejected["state"], rejected["reject_code"], rejected["act_letter"]) == ("rejected", "2900005", "RAM")
    assert rejected["care_on"] == "2026-11-04"


def returned(*invoices, **header):
    return noemie.write([noemie_group({"sender_type": "CP", **header}, [samples.paid_under("VIR", *invoices)])])


def test_a_part_paid_in_part_is_paid_and_a_part_without_a_state_is_no_return(bench, drop):
    parts = (samples.amo(3216, "P", 2000), samples.amc(500, " ", 0))
    read = bench.read([drop(RETURN, returned(samples.returned("000001001", samples.ANNE, *parts)))])
    found = one(read, "payer_return")
    assert (found["payer"], found["state"], found["claimed"], found["paid"]) == ("AMO", "paid", "32.16", "20.00")


def test_a_state_that_is_none_refuses_the_invoice_with_its_column(bench, drop):
    other = samples.returned("000001002", samples.ANNE, samples.amo(1072, "P", 1072))
    path = drop(RETURN, returned(samples.returned("000001001", samples.ANNE, samples.amo(1, "X", 1)), other))
    read = bench.read([path])
    ((_, place, reason),) = read.rejects
    assert (place, reason) == ("bloc 1, facture 1", "entité 198, colonne 14 : cet état de part n'est pas P, R ou D")
    assert one(read, "payer_return")["invoice_number"] == "000001002"


def motive(code, part, **more):
    return "294", {"reject_code": code, "reject_label": f"MOTIF {code}", "part": part, **more}


def test_each_part_has_its_own_motive_and_the_others_are_kept(bench, drop):
    parts = (samples.amo(100, "R", 0), samples.amc(50, "R", 0))
    rejects = (motive("0001", "O"), motive("0002", "O", reject_level="L", act_code="RAM"), motive("0003", "C"))
    read = bench.read([drop(RETURN, returned(samples.returned("000001001", samples.ANNE, *parts, *rejects)))])
    amo, amc = one(read, "payer_return", payer="AMO"), one(read, "payer_return", payer="AMC")
    assert (amo["reject_code"], amc["reject_code"]) == ("0001", "0003")
    assert amo["vendor"]["reject 2"] == "0002 MOTIF 0002"


def test_a_reject_of_both_parts_is_the_motive_of_both(bench, drop):
    parts = (samples.amo(100, "R", 0), samples.amc(50, "R", 0))
    read = bench.read(
        [drop(RETURN, returned(samples.returned("000001001", samples.ANNE, *parts, motive("0001", "O"))))]
    )
    assert [each["reject_code"] for each in records(read, "payer_return")] == ["0001", "0001"]


@pytest.mark.parametrize("flow", ["T", "D"])
def test_a_test_or_demonstration_is_never_money(bench, drop, flow):
    read = bench.read([drop(RETURN, samples.newer_return(flow_type=flow))])
    assert read.lines == []
    ((_, _, reason),) = read.rejects
    assert "ne sont pas comptés" in reason


def test_a_withholding_is_a_payment_below_zero_in_its_transfer(bench, drop):
    """What the payer transfers is what it pays less what it keeps, and so much is looked for in the bank."""
    withheld = ("250", {"line_no": "01", "debt_ref": "D1", "amount": "500", "sign(N/P)": "N"})
    invoice = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    read = bench.read([drop(RETURN, returned(invoice, withheld))])
    assert read.rejects == []
    kept = one(read, "payer_return", invoice_number="créance D1")
    assert (kept["paid"], kept["state"], kept["vendor"]["entity"]) == ("-5.00", "paid", "250")
    returns = [record_from_json(each) for each in records(read, "payer_return")]
    (transfer,) = transfers_of(returns).transfers
    assert transfer.amount == Decimal("27.16")


def test_a_return_names_the_professional_who_is_paid(bench):
    read = bench.read(bench.export("teletransmission/retour-908"))
    assert {each["payee_number"] for each in records(read, "payer_return")} == {MINE}


def test_a_part_paid_twice_on_one_day_by_two_transfers_is_two_payments(bench, drop):
    paid = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    both = [samples.paid_under(label, paid) for label in ("VIR A1111", "VIR B2222")]
    path = drop(RETURN, noemie.write([noemie_group({"sender_type": "CP"}, both)]))
    twice = records(bench.read([path]), "payer_return")
    assert [each["transfer_label"] for each in twice] == ["VIR A1111", "VIR B2222"]
    assert len({each["id"] for each in twice}) == 2
    again = drop("2.noe", noemie.write([noemie_group({"sender_type": "CP", "file_id": "000099"}, both)]))
    assert records(bench.read([again]), "payer_return") == twice


def test_two_professionals_are_paid_for_the_same_number_and_sum(bench, drop):
    paid = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    mine = samples.paid_under("VIR", paid)
    theirs = mine._replace(opener=("040", {"payee_no": "000000998888880"}))
    path = drop(RETURN, noemie.write([noemie_group({"sender_type": "CP"}, [mine, theirs])]))
    found = records(bench.read([path]), "payer_return")
    assert [each["payee_number"] for each in found] == [MINE, "998888880"]
    assert len({each["id"] for each in found}) == 2


def test_a_withholding_that_names_no_debt_is_refused(bench, drop):
    withheld = ("250", {"line_no": "01", "amount": "500", "sign(N/P)": "N"})
    invoice = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    read = bench.read([drop(RETURN, returned(invoice, withheld))])
    ((_, place, reason),) = read.rejects
    assert place.startswith("bloc 1, entité ")
    assert "référence de la créance" in reason
    assert len(read.lines) == 1


def test_a_one_off_payment_is_refused_by_name(bench, drop):
    one_off = ("261", {"payment_code": "00001", "amount": "500"})
    invoice = samples.returned("000001001", samples.ANNE, samples.amo(3216, "P", 3216))
    read = bench.read([drop(RETURN, returned(invoice, one_off))])
    ((_, place, reason),) = read.rejects
    assert place.startswith("bloc 1, entité ")
    assert "(261)" in reason
    assert len(read.lines) == 1


def returns_of(practice):
    kept = practice.store.waiting.every()
    owned = [each for _, _, kinds in practice.store.dossiers.iterate() for each in kinds[KIND_INDEX["payer_return"]]]
    return owned, kept


def test_a_return_before_its_lot_waits_and_is_matched(bench, drop):
    practice = bench.practice()
    practice.attempt([drop(RETURN, samples.newer_return())])
    owned, waiting = returns_of(practice)
    assert (len(owned), len(waiting)) == (0, 5)
    practice.attempt([drop(LOT, samples.clear_lot())])
    owned, waiting = returns_of(practice)
    assert (len(owned), len(waiting)) == (4, 1)


def test_a_return_sent_twice_counts_once(bench, drop):
    practice = bench.practice()
    practice.attempt([drop(LOT, samples.clear_lot()), drop(RETURN, samples.newer_return())])
    before = returns_of(practice)
    practice.attempt([drop("2.noe", samples.newer_return(b"\r\n", creation_date="261125", file_id="000099"))])
    practice.attempt([drop("3.noe", samples.newer_return() + samples.newer_return(creation_date="261126"))])
    after = returns_of(practice)
    assert [len(each) for each in after] == [len(each) for each in before] == [4, 1]
    assert sum((each.paid for each in after[0]), Decimal(0)) == Decimal("50.04")


def test_a_return_of_another_practice_is_kept_and_matches_nothing(bench, drop):
    practice = bench.practice()
    practice.attempt([drop(LOT, samples.clear_lot())])
    foreign = samples.returned("000777777", samples.ANNE, samples.amo(999, "P", 999))
    checked = practice.attempt([drop(RETURN, returned(foreign))])
    assert checked.is_whole
    owned, waiting = returns_of(practice)
    assert (len(owned), len(waiting)) == (0, 1)


ARL = "N° lot;Date du lot;Praticien;Résultat;Date de l'ARL;Motif\r\n012;11/11/2026;{};{};12/11/2026;{}\r\n"


def test_an_acknowledgement_given_as_a_list_is_that_of_the_lot(bench, drop):
    practice = bench.practice()
    arl = drop("arl.csv", ARL.format(MINE, "négatif", "NUMERO DE LOT DEJA RECU").encode())
    assert bench.read([arl]).rejects == []
    assert one(bench.read([arl]), "lot")["vendor"] == {"Motif": "NUMERO DE LOT DEJA RECU"}
    practice.attempt([arl])
    practice.attempt([drop(LOT, samples.clear_lot())])
    lots = PracticeView.of(practice.store, (), {}).cabinet.lots
    lot = lots[f"{MINE}-012-261111"]
    assert (lot.arl, lot.arl_on.isoformat(), lot.invoice_count) == ("negative", "2026-11-12", 3)
    assert len(lots) == 1


SENT = "N° lot;Date du lot;Praticien;Résultat;Date de l'ARL;Date d'envoi{}\r\n"


@pytest.mark.parametrize("more", ["", ";Motif", ";Motif;Commentaire"])
def test_a_list_may_say_when_lots_left_and_name_those_without_acknowledgement(bench, drop, more):
    lines = [f"012;11/11/2026;{MINE};;;13/11/2026", f"013;11/11/2026;{MINE};positif;14/11/2026;13/11/2026"]
    text = SENT.format(more) + "".join(line + ";" * more.count(";") + "\r\n" for line in lines)
    read = bench.read([drop("arl.csv", text.encode())])
    assert read.rejects == []
    sent, acknowledged = (one(read, "lot", number=number) for number in ("012", "013"))
    assert (sent["sent_on"], "arl" in sent, "arl_on" in sent) == ("2026-11-13", False, False)
    assert (acknowledged["sent_on"], acknowledged["arl"]) == ("2026-11-13", "positive")
    assert "lot.sent_on" in read.covers


def test_a_list_without_the_day_of_sending_covers_none(bench, drop):
    read = bench.read([drop("arl.csv", ARL.format(MINE, "positif", "").encode())])
    assert "lot.sent_on" not in read.covers
    assert "sent_on" not in one(read, "lot")


def test_a_lot_of_which_only_the_acknowledgement_is_known_has_left(bench, drop):
    practice = bench.practice()
    practice.attempt([drop(LOT, b2.write([b2_group({}, [samples.lot("S")])]))])
    cabinet = PracticeView.of(practice.store, (), {}).cabinet
    assert sent_lots(cabinet, (), (), date(2026, 11, 20)) == []
    practice.attempt([drop("arl.csv", ARL.format(MINE, "négatif", "NUMERO DE LOT DEJA RECU").encode())])
    cabinet = PracticeView.of(practice.store, (), {}).cabinet
    (left,) = sent_lots(cabinet, (), (), date(2026, 11, 20))
    assert (left.lot.sent_on, left.lot.arl) == (None, "negative")
    assert left.lot.vendor == {"certification": "S", "Motif": "NUMERO DE LOT DEJA RECU"}
    assert sent_lots(cabinet, (), (), date(2026, 11, 11)) == []


@pytest.mark.parametrize(
    ("header", "lot_date", "created_on", "sent_on"),
    [
        ({"creation_date": "261112"}, "261111", "2026-11-11", None),
        ({"creation_date": "261112"}, " ", "2026-11-12", None),
        ({"creation_date": "261112", "front_end_receipt_date": "261113"}, "261111", "2026-11-11", "2026-11-13"),
        ({}, " ", None, None),
    ],
)
def test_what_the_header_of_a_file_tells_of_its_lots(bench, drop, header, lot_date, created_on, sent_on):
    plan = samples.lot()
    plan = plan._replace(header={**plan.header, "lot_date": lot_date})
    read = bench.read([drop(LOT, b2.write([b2_group(header, [plan])]))])
    lot = one(read, "lot")
    assert (lot.get("created_on"), lot.get("sent_on")) == (created_on, sent_on)
    assert "lot.sent_on" not in read.covers
    assert one(read, "invoice", number="000001001")["lot_id"] == lot["id"]


def test_a_word_that_an_acknowledgement_does_not_know_is_refused(bench, drop):
    read = bench.read([drop("arl.csv", ARL.format(MINE, "peut-être", "").encode())])
    assert len(read.rejects) == 1


def described(bench, path):
    claim = bench.claim(path)
    return bench.host.connectors["teletransmission"].connector.describe(LocalFile(path), claim)


def test_everything_in_a_file_is_shown_by_the_names_of_the_layout(bench, drop):
    shown = described(bench, drop(RETURN, samples.newer_return()))
    assert (shown["format"], shown["warnings"]) == ("noemie-ps", [])
    ((group),) = shown["groups"]
    assert group["header"]["norm_reference"] == "908"
    invoice = next(each for each in group["records"] if each["type"] == "102")
    assert (invoice["fields"]["invoice_no"], invoice["fields"]["lot_no"]) == ("000001001", "012")
    lot = described(bench, drop(LOT, samples.clear_lot()))
    assert [each["type"] for each in lot["groups"][0]["records"]][:5] == ["1", "2", "2B", "4", "4"]
    assert json.loads(json.dumps(lot)) == lot


def test_what_is_sound_before_the_damage_is_shown_with_a_warning(bench, drop):
    shown = described(bench, drop(LOT, samples.clear_lot()[:-1]))
    assert shown["groups"][0]["records"][0]["type"] == "1"
    assert shown["warnings"] == ["enregistrement 19, colonne 128 : le fichier est coupé"]
    sealed = described(bench, drop("b.b2", samples.sealed_lot()))
    assert sealed["warnings"] == ["lot chiffré (certification S) : seule son enveloppe est lue"]


def inspected(path, *options):
    return CliRunner().invoke(connector, ["inspect", str(path), *options])


def test_inspect_prints_what_is_in_a_file(drop):
    result = inspected(drop(RETURN, samples.newer_return()), "--json")
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["format"], shown["warnings"]) == (0, "noemie-ps", [])
    payee = {"type": "040", "fields": {"entity": "040", "break_level": "02", "payee_no": f"000000{MINE}"}}
    assert payee in shown["groups"][0]["records"]
    result = inspected(drop(LOT, samples.clear_lot()[:-1]), "--json")
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["format"], len(shown["warnings"])) == (4, "b2-ps", 1)


def test_inspect_without_json_shows_no_value(drop):
    out = inspected(drop(RETURN, samples.newer_return())).stdout
    assert "payer_return" in out
    assert samples.ANNE.nir not in out
    assert "EXEMPLE" not in out
