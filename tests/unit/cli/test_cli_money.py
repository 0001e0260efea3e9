"""`connector balance`, `connector invoice` and `connector transfers`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connector_core.cli import figures

LOT = {"record": "lot", "id": "l1", "number": "12", "created_on": "2026-01-05", "sent_on": "2026-01-06"}
ACK = {"arl": "positive", "arl_on": "2026-01-07"}
CAISSE = {"record": "coverage", "id": "d1", "patient_id": "p1", "payer": "AMO", "organisation": "019990000"}


def invoice(number: str, **values: object) -> dict[str, Any]:
    return {
        "record": "invoice",
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": "2026-01-05",
        "lot_id": "l1",
        "third_party": "FULL",
        "total": "30.00",
        "amo_claimed": "18.00",
        "amc_claimed": "9.00",
        "amc_number": "99900017",
        "patient_share": "3.00",
        **values,
    }


def answer(number: str, payer: str, state: str, on: str, **values: object) -> dict[str, Any]:
    return {
        "record": "payer_return",
        "id": f"n{number}{payer}{on}",
        "invoice_number": number,
        "payer": payer,
        "state": state,
        "returned_on": on,
        **values,
    }


@pytest.fixture
def owing(practice):
    """One invoice paid by the caisse only, one rejected, one paid by the patient alone."""
    practice.configure()
    payment = {"record": "patient_payment", "id": "e1", "patient_id": "p1", "received_on": "2026-02-20"}
    practice.take(
        practice.export(
            {**LOT, **ACK},
            CAISSE,
            invoice("1"),
            answer("1", "AMO", "paid", "2026-01-14", paid="18.00", transfer_on="2026-01-15"),
            invoice("2", closed_on="2026-02-16", amc_claimed=None, amo_claimed="18.00", patient_share="12.00"),
            answer("2", "AMO", "rejected", "2026-02-20", reject_code="2D01", reject_label="DROITS NON OUVERTS"),
            {**payment, "amount": "5.00"},
        )
    )
    return practice


def test_who_owes_what_since_when(owing) -> None:
    found = owing.json("balance", "--as-of", "2026-03-02", code=1)
    assert found["total"] == "37.00"
    by_debtor = {(each["debtor"], each["debtor_id"]): each for each in found["debtors"]}
    caisse = by_debtor["AMO", "019990000"]
    assert (caisse["total"], caisse["by_age"]["to_60"], caisse["oldest"]) == ("18.00", "18.00", "2026-01-06")
    assert [(each["number"], each["state"]) for each in caisse["invoices"]] == [("2", "rejected")]
    assert by_debtor["AMC", "99900017"]["by_age"]["to_60"] == "9.00"
    patient = by_debtor["PATIENT", "cabinet:p1"]
    assert (patient["total"], patient["by_age"]["to_30"], patient["by_age"]["to_60"]) == ("10.00", "10.00", "0.00")


def test_the_balance_of_a_past_day_knows_nothing_of_later(owing) -> None:
    assert owing.json("balance", "--as-of", "2026-01-04", code=0)["debtors"] == []
    assert owing.json("balance", "--as-of", "2026-01-13", code=1)["total"] == "30.00"
    assert owing.json("balance", "--as-of", "2026-01-14", code=1)["total"] == "12.00"


def test_the_balance_is_readable(owing) -> None:
    text = owing.text("balance", "--as-of", "2026-03-02", "--details", code=1)
    assert "37,00 € dus au 02/03/2026" in text
    assert "Complémentaire (AMC)" in text
    assert "n° 2, 18,00 €, depuis le 06/01/2026, rejetée" in text
    only = owing.text("balance", "--as-of", "2026-03-02", "--debtor", "patient", code=1)
    assert "10,00 € dus" in only
    assert "Caisse" not in only
    assert "Rien n'est dû" in owing.text("balance", "--as-of", "2026-01-04", code=0)


@pytest.fixture
def unheard(practice):
    """An export of invoices alone, one of them with an answer of the caisse: nobody tells what patients paid."""
    practice.configure()
    told = ["invoice", "invoice.patient_share", "invoice.amo_claimed", "invoice.amc_claimed", "invoice.third_party"]
    practice.take(
        practice.export(
            invoice("1", lot_id=None, closed_on="2025-11-03", amc_claimed="0.00"),
            invoice("2", lot_id=None, amo_number="019990000", amc_claimed="0.00"),
            answer("2", "AMO", "rejected", "2026-01-14"),
            covers=[*told, "invoice.amo_number", "payer_return", "payer_return.returned_on"],
        )
    )
    return practice


def test_what_nobody_tells_the_payments_of_is_not_said_to_be_owed(unheard) -> None:
    found = unheard.json("balance", "--as-of", "2026-03-02", code=1)
    assert (found["total"], [each["debtor_id"] for each in found["debtors"]]) == ("18.00", ["019990000"])
    assert [(each["debtor"], each["total"]) for each in found["unknown"]] == [("AMO", "18.00"), ("PATIENT", "6.00")]
    text = unheard.text("balance", "--as-of", "2026-03-02", "--details", code=1)
    assert "18,00 € dus au 02/03/2026." in text
    assert "Caisse (AMO) : 18,00 €, 1 facture ; aucune source ne donne les retours (NOEMIE) de ces jours" in text
    assert "Patient : 6,00 €, 2 factures ; aucune source ne donne les règlements des patients" in text
    assert "LEGRAND-SECRET Zoé (cabinet:p1), n° 1, 3,00 €, depuis le 03/11/2025" in text
    figures = unheard.json("figures", "--from", "2025-11-01", "--to", "2026-03-02")
    (waiting,) = [each for each in figures["waiting"] if each["debtor"] == "AMO"]
    assert (waiting["total"], waiting["untold"]) == ("18.00", 1)


def test_a_balance_of_which_nothing_is_known_does_not_say_that_nothing_is_owed(unheard) -> None:
    text = unheard.text("balance", "--as-of", "2026-03-02", "--debtor", "patient", code=0)
    assert text.startswith("Rien de dû n'est connu au 02/03/2026.")


def test_the_story_of_an_invoice_does_not_say_owed_of_what_nobody_tells_the_payments_of(unheard) -> None:
    (told,) = unheard.json("invoice", "2", "--as-of", "2026-03-02", code=1)["invoices"]
    assert told["standing"] == (
        "Reste dû : caisse (AMO), 18,00 € (rejetée). "
        "Demandé, sans qu'une source dise ce qui en est payé : patient, 3,00 €."
    )
    assert [part["answer_known"] for part in told["parts"]] == [True, True, False]
    assert unheard.json("invoice", "1", "--as-of", "2026-03-02", code=0)["invoices"][0]["standing"] == (
        "Demandé, sans qu'une source dise ce qui en est payé : caisse (AMO), 18,00 € ; patient, 3,00 €."
    )


def test_the_story_of_an_invoice_with_its_evidence(owing) -> None:
    (told,) = owing.json("invoice", "1", "--as-of", "2026-03-02", code=1)["invoices"]
    assert [(step["on"], step["evidence"]["kind"]) for step in told["steps"]] == [
        ("2026-01-05", "invoice"),
        ("2026-01-05", "lot"),
        ("2026-01-06", "lot"),
        ("2026-01-07", "lot"),
        ("2026-01-14", "payer_return"),
        ("2026-02-20", "patient_payment"),
    ]
    assert told["steps"][4]["text"] == "La caisse (AMO) paie 18,00 €, virement du 15/01/2026."
    assert all(step["evidence"]["provenance"]["locator"] for step in told["steps"])
    assert told["standing"] == "Reste dû : complémentaire (AMC), 9,00 € (sans réponse)."
    text = owing.text("invoice", "2", "--as-of", "2026-03-02", code=1)
    assert "La caisse (AMO) rejette : 2D01 DROITS NON OUVERTS." in text
    assert "ligne" in text


def test_what_was_paid_twice_is_told_beside_what_is_owed(practice) -> None:
    practice.configure()
    paid = [answer("1", "AMO", "paid", day, paid="18.00") for day in ("2026-01-14", "2026-01-28")]
    twice = invoice("1", amc_claimed="0.00", patient_share="0.00")
    practice.take(practice.export({**LOT, **ACK}, CAISSE, twice, *paid))
    found = practice.json("balance", "--as-of", "2026-03-02", code=1)
    assert found["debtors"] == []
    (told,) = found["overpaid"]
    assert (told["debtor_id"], told["number"], told["amount"], told["since"]) == (
        "019990000",
        "1",
        "18.00",
        "2026-01-28",
    )
    assert "n° 1, LEGRAND-SECRET Zoé (cabinet:p1), 18,00 €, caisse (AMO), depuis le 28/01/2026" in practice.text(
        "balance", "--as-of", "2026-03-02", code=1
    )
    assert practice.json("balance", "--as-of", "2026-01-20")["overpaid"] == []


def test_the_bank_has_its_place_in_the_story(practice) -> None:
    practice.configure()
    told = {"transfer_on": "2026-01-15", "transfer_label": "VIR 2601A17", "paying_body": "999"}
    practice.take(
        practice.export(
            {**LOT, **ACK},
            invoice("1"),
            answer("1", "AMO", "paid", "2026-01-14", paid="18.00", **told),
            {"record": "bank_credit", "id": "k1", "booked_on": "2026-01-16", "amount": "18.00", "label": "VIR 2601A17"},
        )
    )
    (story,) = practice.json("invoice", "1", "--as-of", "2026-03-02", code=1)["invoices"]
    (credit,) = [step for step in story["steps"] if step["evidence"]["kind"] == "bank_credit"]
    assert (credit["on"], credit["text"]) == ("2026-01-16", "Virement de 18,00 € reçu en banque.")
    assert credit["evidence"]["provenance"]["locator"]
    (before,) = practice.json("invoice", "1", "--as-of", "2026-01-15", code=1)["invoices"]
    assert not [step for step in before["steps"] if step["evidence"]["kind"] == "bank_credit"]


def test_a_replaced_invoice_is_followed_to_its_end(practice) -> None:
    practice.configure()
    alone = {"amc_claimed": "0.00", "patient_share": "0.00"}
    practice.take(
        practice.export(
            {**LOT, **ACK},
            CAISSE,
            invoice("1", **alone),
            invoice("11", **alone, replaces="1", closed_on="2026-01-20"),
            invoice("12", **alone, replaces="11", closed_on="2026-01-26"),
            answer("1", "AMO", "rejected", "2026-01-14"),
        )
    )
    told = practice.json("invoice", "1", "--as-of", "2026-03-02", code=1)["invoices"]
    assert [each["number"] for each in told] == ["1", "11", "12"]
    assert told[0]["standing"] == "Facture remplacée par la n° 11."
    assert told[2]["standing"] == "Reste dû : caisse (AMO), 18,00 € (sans réponse)."
    assert [each["number"] for each in practice.json("invoice", "12", "--as-of", "2026-03-02", code=1)["invoices"]] == [
        "12"
    ]
    assert "Facture n° 12" in practice.text("invoice", "1", "--as-of", "2026-03-02", code=1)
    paid = answer("12", "AMO", "paid", "2026-02-10", paid="18.00")
    practice.take(practice.export(paid, name="paid.ndjson"))
    assert (
        practice.json("invoice", "1", "--as-of", "2026-03-02", code=0)["invoices"][2]["standing"] == "Facture soldée."
    )


def test_what_is_announced_and_not_received_is_told(practice) -> None:
    practice.configure()
    nobody_else = {"amc_claimed": "0.00", "patient_share": "0.00"}
    told = {"transfer_on": "2026-01-15", "paying_body": "999"}
    credit = {"record": "bank_credit", "amount": "5.00", "label": "REMISE"}
    practice.take(
        practice.export(
            {**LOT, **ACK},
            CAISSE,
            invoice("1", **nobody_else),
            answer("1", "AMO", "paid", "2026-01-14", paid="18.00", transfer_label="VIR 2601A17", **told),
            invoice("2", **nobody_else, closed_on="2026-01-06", amo_claimed="20.00"),
            answer("2", "AMO", "paid", "2026-01-14", paid="20.00", transfer_label="VIR 2601B18", **told),
            {**credit, "id": "k0", "booked_on": "2026-01-02"},
            {**credit, "id": "k1", "booked_on": "2026-01-16", "amount": "20.00", "label": "MME DUPONT"},
            {**credit, "id": "k2", "booked_on": "2026-02-22"},
        )
    )
    balance = practice.json("balance", "--as-of", "2026-03-02", code=1)
    assert (balance["debtors"], balance["overpaid"]) == ([], [])
    assert [(each["amount"], each["on"], each["payers"], each["perhaps"]) for each in balance["announced"]] == [
        ("18.00", "2026-01-15", ["AMO"], False),
        ("20.00", "2026-01-15", ["AMO"], True),
    ]
    text = practice.text("balance", "--as-of", "2026-03-02", code=1)
    assert "Annoncé, non reçu : 38,00 €" in text
    assert "virement du 15/01/2026, 18,00 € (999 VIR 2601A17)" in text
    assert "un crédit du relevé est peut-être lui" in text
    assert "Annoncé" not in practice.text("balance", "--as-of", "2026-03-02", "--debtor", "patient")
    assert practice.json("balance", "--as-of", "2026-03-02", "--debtor", "patient")["announced"] == []
    (story,) = practice.json("invoice", "1", "--as-of", "2026-03-02", code=1)["invoices"]
    assert story["standing"].startswith("Facture payée, pas encore vue en banque : caisse (AMO), 18,00 €")
    assert [part["unseen"] for part in story["parts"]] == ["18.00", "0.00", "0.00"]
    early = practice.json("balance", "--as-of", "2026-01-20", code=1)["announced"]
    assert [each["amount"] for each in early] == ["20.00"], "the statements end before the days of the other one do"
    assert practice.json("invoice", "1", "--as-of", "2026-01-20")["invoices"][0]["standing"] == "Facture soldée."


def test_an_invoice_nobody_knows_is_said_plainly(owing) -> None:
    result = owing.run("invoice", "77")
    assert result.exit_code == 2
    assert "Aucune facture ne porte le numéro" in result.stderr
    assert "connector balance --details" in result.stderr


def test_the_figures_of_a_period(owing) -> None:
    acts = [owing.act(n, performed_on=f"2026-01-0{n}", invoice_id="f1") for n in (2, 3)]
    owing.take(owing.export(*acts, name="acts.ndjson"))
    found = owing.json("figures", "--from", "2026-01-01", "--to", "2026-03-02")
    assert (found["from"], found["to"], found["unsaid"]) == ("2026-01-01", "2026-03-02", [])
    assert found["activity"] == [{"month": "2026-01", "letter": "RAM", "acts": 2, "honoraires": "35.76", "unpriced": 0}]
    delays = {each["step"]: each for each in found["delays"]}
    assert (delays["act_to_invoice"]["cases"], delays["act_to_invoice"]["median"]) == (2, None)
    assert found["rejects"] == [
        {"payer": "AMO", "answered": 2, "rejected": 1},
        {"payer": "AMC", "answered": 0, "rejected": 0},
    ]
    assert found["rejected_by"] == [{"payer": "AMO", "organisation": "019990000", "answered": 2, "rejected": 1}]
    assert [(each["debtor"], each["total"]) for each in found["waiting"]] == [
        ("AMO", "18.00"),
        ("AMC", "9.00"),
        ("PATIENT", "10.00"),
    ]
    assert found["cash_in"]["estimate"] is True
    assert found["missed"] == {"kept": 0, "missed": 0, "cancelled": 0, "untold": 0, "cost": "0.00", "unpriced": 0}
    text = owing.text("figures", "--from", "2026-01-01", "--to", "2026-03-02", "--details")
    assert "Du 01/01/2026 au 02/03/2026 : 2 actes, 35,76 € d'honoraires." in text
    assert "janvier 2026" in text
    assert "mars 2026" in text
    assert "De l'acte à la facture" in text
    assert re.search(r"019990000 +50,0\s% +1 +2", text)
    assert "Rentrées attendues (estimation)" not in text  # none of them has a date
    assert re.search(r"Rentrées attendues, sans date prévisible +montant\n", text)
    assert "plus vieux que les paiements observés" in text or "trop peu de paiements observés" in text
    assert_aligned(text)
    assert "Rendez-vous manqués : aucun rendez-vous de la période n'a d'issue connue." in text


def assert_aligned(text: str) -> None:
    """Every cell ends where a column does."""
    for line in text.splitlines():
        cells = [found.end() for found in re.finditer(r"(?<= {3})\S+(?: \S+)*", line) if found.start() > 30]
        assert all(end > 48 and (end - 48) % 14 == 0 for end in cells), line


def test_a_long_name_leaves_the_columns_of_figures_where_they_are() -> None:
    name = "un motif que le cabinet a nommé bien plus longuement que ne le permet la place d'une ligne"
    made = figures._line(f"  {name}", "1,0 %", "12")
    assert_aligned(made)
    assert " ".join(made.split()) == f"{name} 1,0 % 12"
    assert figures._line("", "3").rstrip().endswith("3")


def test_the_figures_of_a_past_period_know_nothing_of_later(owing) -> None:
    found = owing.json("figures", "--from", "2026-01-01", "--to", "2026-01-13")
    assert [each["total"] for each in found["waiting"]] == ["18.00", "9.00", "3.00"]
    assert found["rejects"][0]["answered"] == 0


def test_the_practices_own_motifs_name_the_rejects(practice) -> None:
    own = """
        [[reject_motif]]
        payer = "AMO"
        code = "ZZ9"
        cause = "une cause"
        action = "Faites ceci."
    """
    practice.configure(own)
    practice.take(practice.export(invoice("1"), answer("1", "AMO", "rejected", "2026-01-20", reject_code="ZZ9")))
    (motif,) = practice.json("figures", "--from", "2026-01-01", "--to", "2026-03-02")["rejected_for"]
    assert motif == {"payer": "AMO", "motif": "CABINET-1", "name": "ZZ9", "parts": 1}


def test_figures_that_nothing_covers_are_unknown(practice) -> None:
    practice.configure()
    practice.take(practice.export(practice.act(1), covers=["act"]))
    found = practice.json("figures", "--from", "2026-01-01", "--to", "2026-03-02")
    assert {"figure": "missed", "missing": ["appointment"]} in found["unsaid"]
    assert (found["missed"], found["delays"], found["rejects"], found["waiting"]) == (None, [], [], [])
    assert found["cash_in"] is None
    text = practice.text("figures", "--from", "2026-01-01", "--to", "2026-03-02")
    assert "Les rendez-vous manqués : inconnu. Il faudrait une source qui donne les rendez-vous." in text
    assert "Rentrées attendues" not in text


def test_without_acts_nothing_is_said_of_them(practice) -> None:
    practice.configure()
    practice.take(practice.export(covers=["appointment"]))
    text = practice.text("figures", "--from", "2026-01-01", "--to", "2026-03-02")
    assert "actes inconnus" in text
    assert "Les bilans : inconnu" in text
    assert "0 acte" not in text


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (("--from", "2026-03-02", "--to", "2026-03-01"), "La période finit avant de commencer"),
        (("--from", "2026-03-02", "--to", "2099-01-01"), "La période n'est pas finie"),
        (("--from", "02/03/26"), "une année de 1900 à 2099 est attendue"),
        ((), "Il manque l'option « --from »"),
    ],
)
def test_a_period_that_is_none_is_refused(owing, period: tuple[str, ...], said: str) -> None:
    assert said in owing.refused("figures", *period)


@pytest.fixture
def banked(practice):
    """A transfer in the bank, one that is less by much, one that is not there, a debt kept, and an unknown invoice."""
    practice.configure()

    def paid(number: str, amount: str, label: str, **values: object) -> dict[str, Any]:
        told = {"transfer_on": "2026-01-15", "transfer_label": label, "paying_body": "999"}
        return answer(number, "AMO", "paid", "2026-01-14", paid=amount, **{**told, **values})

    def credit(name: str, amount: str, label: str | None, on: str = "2026-01-16") -> dict[str, Any]:
        return {"record": "bank_credit", "id": name, "booked_on": on, "amount": amount, "label": label}

    practice.take(
        practice.export(
            {**LOT, **ACK},
            *(invoice(number) for number in "123"),
            paid("1", "18.00", "VIR 2601A17"),
            paid("DETTE17", "-5.00", "VIR 2601A17"),
            paid("2", "18.00", "VIR 2602B17"),
            paid("3", "18.00", "VIR 2603C17"),
            paid("77", "9.00", "VIR 2604D17"),
            credit("k1", "13.00", "VIR 2601A17"),
            credit("k2", "11.00", "VIR 2602B17"),
            credit("k3", "50.00", None),
            credit("k4", "1.00", "DEPOT", "2026-01-01"),
            credit("k5", "1.00", "DEPOT", "2026-02-27"),
        )
    )
    return practice


def test_transfers_are_told_with_the_bank_and_with_their_score(banked) -> None:
    found = banked.json("transfers", "--as-of", "2026-03-02", code=1)
    assert [(each["how"], [one["amount"] for one in each["transfers"]]) for each in found["settled"]] == [
        ("one", ["13.00"])
    ]
    (proposed,) = found["proposed"]
    assert ([one["id"] for one in proposed["credits"]], proposed["reasons"]) == (["cabinet:k2"], ["less", "reference"])
    assert 0 < proposed["score"] < 1
    assert [(each["label"], each["amount"]) for each in found["missing"]] == [
        ("VIR 2603C17", "18.00"),
        ("VIR 2604D17", "9.00"),
    ]
    assert {each["id"] for each in found["unexplained"]} == {"cabinet:k3", "cabinet:k4", "cabinet:k5"}
    assert [(each["invoice_number"], each["paid"]) for each in found["waiting"]] == [
        ("77", "9.00"),
        ("DETTE17", "-5.00"),
    ]


def test_transfers_are_readable(banked) -> None:
    text = banked.text("transfers", "--as-of", "2026-03-02", code=1)
    assert "1 virement sur le relevé au 02/03/2026, avec certitude." in text
    score = round(banked.json("transfers", "--as-of", "2026-03-02", code=1)["proposed"][0]["score"] * 100)
    assert f"peut-être 11,00 €, le 16/01/2026, VIR 2602B17 ; indice {score} sur 100 (montant inférieur, réf" in text
    assert (
        "Sommes retenues ou reprises, sans facture connue : 1\n  n° DETTE17, caisse (AMO), paiement de -5,00 €" in text
    )
    assert "Retours dont la facture n'est pas connue : 1\n  n° 77, caisse (AMO), paiement de 9,00 €" in text
    assert "3 crédits que rien n'annonce" in text
    detailed = banked.text("transfers", "--as-of", "2026-03-02", "--details", code=1)
    assert "50,00 €, le 16/01/2026, sans libellé" in detailed
    assert "13,00 €, le 15/01/2026, 999 VIR 2601A17 : 13,00 € le 16/01/2026" in detailed


def test_an_invoice_that_only_a_return_names_is_awaited(banked) -> None:
    assert "un retour de payeur l'attend" in banked.refused("invoice", "0077", "--as-of", "2026-03-02")
    assert "attend" not in banked.refused("invoice", "78", "--as-of", "2026-03-02")


def test_what_waits_is_counted_by_status(banked) -> None:
    assert banked.json("status", code=3)["waiting"] == 2
    assert "2 enregistrements attendent leur facture : « connector transfers »" in banked.text("status", code=3)


def test_transfers_without_anything_are_nothing_to_do(practice) -> None:
    practice.configure()
    practice.take(practice.export(invoice("1", lot_id=None)))
    assert practice.text("transfers", "--as-of", "2026-03-02", code=0) == (
        "Aucun virement n'est annoncé au 02/03/2026.\n"
    )
