"""Where an invoice stands, and the steps that led there."""

from datetime import date
from decimal import Decimal

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.records import BankCredit, Invoice, Lot, PatientPayment, PayerReturn, Reminder
from connector_core.money.bank import InBank
from connector_core.money.story import standing, story, to_their_end
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.invoices import followed
from connector_core.rules.kernel import Check

DAY = date(2026, 3, 2)
UNKNOWN = InBank()


def invoice(number: str, **fields: object) -> Invoice:
    given: dict[str, object] = {
        "id": f"f{number}",
        "patient_id": "p1",
        "practitioner_id": "mk1",
        "number": number,
        "closed_on": DAY,
        "third_party": "AMO",
        "total": Decimal("20.00"),
        "amo_claimed": Decimal("12.00"),
        "patient_share": Decimal(0),
    }
    return Invoice.model_validate({**given, **fields})


def check(*invoices: Invoice, lots: tuple[Lot, ...] = (), **fields: tuple[object, ...]) -> Check[Dossier]:
    cabinet = Cabinet(Covers.all(), lots={lot.id: lot for lot in lots})
    dossier = Dossier("p1", cabinet, invoices=invoices, **fields)  # type: ignore[arg-type]  # tuples of records
    return Check(dossier, date(2026, 6, 1), load_parameters(), load_tariffs())


def test_where_an_invoice_stands() -> None:
    paid = PayerReturn(id="n1", invoice_number="1", payer="AMO", state="paid", paid=Decimal("12.00"), returned_on=DAY)
    asked = check(
        invoice("1"),
        invoice("2", cancelled_on=DAY),
        invoice("3"),
        invoice("4", replaces="3"),
        invoice("5", third_party="NONE", amo_claimed=None),
        invoice("6", amo_claimed=None, lot_id="l1"),
        payer_returns=(paid,),
    )
    found = asked.derive(followed)
    assert [standing(each, UNKNOWN) for each in found] == [
        "Facture soldée.",
        "Facture annulée.",
        "Facture remplacée par la n° 4.",
        "Reste dû : caisse (AMO), 12,00 € (pas encore envoyée).",
        "Rien n'est demandé sur cette facture.",
        "Reste dû : caisse (AMO), montant inconnu (sans réponse).",
    ]


def test_money_taken_back_is_no_payment() -> None:
    answers = [
        PayerReturn(
            id=f"n{n}", invoice_number="1", payer="AMO", state="paid", paid=Decimal(paid), returned_on=date(2026, 3, n)
        )
        for n, paid in ((9, "12.00"), (10, "-12.00"))
    ]
    asked = check(invoice("1"), payer_returns=tuple(answers))
    (each,) = asked.derive(followed)
    assert [step.text for step in story(asked, each, UNKNOWN)][1:] == [
        "La caisse (AMO) paie 12,00 €.",
        "La caisse (AMO) reprend 12,00 €.",
    ]
    assert standing(each, UNKNOWN) == "Reste dû : caisse (AMO), 12,00 € (payée, puis reprise par le payeur)."
    nothing = check(invoice("1"), payer_returns=(answers[0].model_copy(update={"paid": Decimal(0)}),))
    (each,) = nothing.derive(followed)
    assert standing(each, UNKNOWN) == "Reste dû : caisse (AMO), 12,00 € (réponse sans paiement)."


def test_a_cheque_that_came_back_is_told_and_owed_again() -> None:
    payments = tuple(
        PatientPayment(
            id=f"e{n}", patient_id="p1", invoice_id="f1", received_on=date(2026, 3, n), amount=Decimal(amount)
        )
        for n, amount in ((9, "8.00"), (20, "-8.00"))
    )
    asked = check(invoice("1", third_party="NONE", patient_share=Decimal("8.00")), patient_payments=payments)
    (each,) = asked.derive(followed)
    assert [step.text for step in story(asked, each, UNKNOWN)][1:] == [
        "Le patient règle 8,00 €.",
        "Règlement du patient rendu ou impayé : 8,00 €.",
    ]
    assert standing(each, UNKNOWN) == "Reste dû : patient, 8,00 € (à régler)."


def test_an_invoice_that_no_longer_stands_and_is_paid_anyway_says_so() -> None:
    paid = PayerReturn(id="n1", invoice_number="1", payer="AMO", state="paid", paid=Decimal("12.00"), returned_on=DAY)
    (each,) = check(invoice("1", cancelled_on=DAY), payer_returns=(paid,)).derive(followed)
    assert standing(each, UNKNOWN) == "Facture annulée ; payée malgré tout : caisse (AMO), 12,00 €."
    first, _ = check(invoice("1"), invoice("2", replaces="1"), payer_returns=(paid,)).derive(followed)
    assert standing(first, UNKNOWN) == "Facture remplacée par la n° 2 ; payée malgré tout : caisse (AMO), 12,00 €."


def test_what_is_paid_and_not_in_the_bank_is_not_settled() -> None:
    paid = PayerReturn(
        id="n1",
        invoice_number="1",
        payer="AMO",
        state="paid",
        paid=Decimal("12.00"),
        returned_on=DAY,
        transfer_on=date(2026, 3, 4),
    )
    (each,) = check(invoice("1"), payer_returns=(paid,)).derive(followed)
    unseen = "Facture payée, pas encore vue en banque : caisse (AMO), 12,00 €, virement du 04/03/2026"
    assert standing(each, InBank(missing=frozenset({"n1"}))) == f"{unseen}."
    assert standing(each, InBank(perhaps=frozenset({"n1"}))) == f"{unseen} (un crédit du relevé est peut-être le sien)."
    assert standing(each, InBank(missing=frozenset({"n2"}))) == "Facture soldée."
    owing = invoice("1", patient_share=Decimal("8.00"))
    (each,) = check(owing, payer_returns=(paid,)).derive(followed)
    assert standing(each, InBank(missing=frozenset({"n1"}))) == (
        "Reste dû : patient, 8,00 € (à régler). "
        "Payé, pas encore vu en banque : caisse (AMO), 12,00 €, virement du 04/03/2026."
    )


def test_invoices_that_replace_each_other_are_each_told_once() -> None:
    found = check(invoice("1", replaces="2"), invoice("2", replaces="1"), invoice("3")).derive(followed)
    first, second, third = found
    assert to_their_end([first], found) == [first, second]
    assert to_their_end([second, third, second], found) == [second, first, third]


def test_the_motif_of_a_refused_lot_is_told() -> None:
    lot = Lot(id="l1", number="12", created_on=DAY, arl="negative", arl_on=DAY, vendor={"Motif": "Lot déjà reçu"})
    asked = check(invoice("1", lot_id="l1"), lots=(lot,))
    (each,) = asked.derive(followed)
    assert [step.text for step in story(asked, each, UNKNOWN)][1:] == [
        "Mise dans le lot n° 12.",
        "Accusé de réception (ARL) négatif : Lot déjà reçu.",
    ]
    assert standing(each, UNKNOWN) == "Reste dû : caisse (AMO), 12,00 € (lot refusé)."
    apart = {"amo_claimed": None, "third_party": "FULL", "amc_claimed": Decimal("8.00"), "dre_sent_on": DAY}
    (each,) = check(invoice("1", lot_id="l1", **apart), lots=(lot,)).derive(followed)
    assert standing(each, UNKNOWN) == (
        "Reste dû : caisse (AMO), montant inconnu (lot refusé) ; complémentaire (AMC), 8,00 € (sans réponse)."
    )
    silent = check(invoice("1", lot_id="l1"), lots=(lot.model_copy(update={"vendor": None}),))
    (each,) = silent.derive(followed)
    assert [step.text for step in story(silent, each, UNKNOWN)][-1] == "Accusé de réception (ARL) négatif."


def test_the_bank_and_the_reminders_are_part_of_the_story() -> None:
    paid = PayerReturn(
        id="n1", invoice_number="1", payer="AMO", state="paid", paid=Decimal("5.00"), returned_on=date(2026, 3, 9)
    )
    credit = BankCredit(id="k1", booked_on=date(2026, 3, 11), amount=Decimal("105.00"))
    reminder = Reminder(id="l1", invoice_id="f1", sent_on=date(2026, 4, 9), level=1)
    other = Reminder(id="l2", invoice_id="f9", sent_on=date(2026, 4, 9), level=1)
    asked = check(invoice("1"), payer_returns=(paid,), reminders=(reminder, other))
    (each,) = asked.derive(followed)
    assert [step.text for step in story(asked, each, InBank({"n1": credit}))] == [
        "Facture n° 1 de 20,00 €.",
        "La caisse (AMO) paie 5,00 €.",
        "Virement de 105,00 € reçu en banque.",
        "Relance de niveau 1.",
    ]
