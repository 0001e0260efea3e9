"""What SUIVI-REJET-NONTRAITE says of the motif of a reject."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connector_core.model.coverage import Covers
from connector_core.model.dossier import Cabinet, Dossier
from connector_core.model.finding import Finding
from connector_core.model.records import Invoice, PayerReturn
from connector_core.model.vocabulary import Payer
from connector_core.parameters.motifs import OwnMotif, RejectMotifs, load_motifs
from connector_core.parameters.registry import load_parameters
from connector_core.parameters.tariffs import load_tariffs
from connector_core.rules.base import RuleBase
from connector_core.rules.catalogue import core_rules

AS_OF = date(2026, 4, 19)
RULES = [each for each in core_rules() if each.code == "SUIVI-REJET-NONTRAITE"]
INVOICE = Invoice(
    id="f1",
    patient_id="p1",
    practitioner_id="mk1",
    number="F1",
    closed_on=date(2026, 3, 2),
    total=Decimal(80),
    third_party="FULL",
    amo_claimed=Decimal(48),
    amc_claimed=Decimal(32),
)


def reject(name: str = "n1", payer: Payer = "AMO", code: str | None = None, label: str | None = None) -> PayerReturn:
    return PayerReturn(
        id=name,
        invoice_number="F1",
        payer=payer,
        state="rejected",
        returned_on=date(2026, 3, 10),
        reject_code=code,
        reject_label=label,
    )


def asked(*returns: PayerReturn, motifs: RejectMotifs | None = None) -> tuple[Finding, ...]:
    base = RuleBase(RULES, load_parameters(), load_tariffs(), Covers.all(), motifs=motifs)
    cabinet = Cabinet(Covers.all(), {}, {})
    return base.ask(Dossier("p1", cabinet, invoices=(INVOICE,), payer_returns=returns), AS_OF).findings


def test_a_known_motif_is_explained() -> None:
    (finding,) = asked(reject(code="0250 050", label="ASSURE ABSENT"))
    assert finding.message == (
        "Facture n° F1 rejetée par l'AMO le 10/03/2026, non renvoyée. Motif reçu : « 0250 050 ASSURE ABSENT »."
    )
    motif = load_motifs().named("REJ-AMO-07")
    assert motif is not None
    assert finding.action == f"{motif.action} Cause habituelle : {motif.cause}."


def test_an_unknown_motif_is_shown_as_received_and_not_explained() -> None:
    (finding,) = asked(reject(code="2D01", label="Droits non ouverts"))
    assert finding.message.endswith("Motif inconnu de connector, tel que reçu : « 2D01 Droits non ouverts ».")
    assert "Cause habituelle" not in finding.action
    assert finding.action.startswith("Cherchez ce que ce motif veut dire")


def test_no_motif_at_all_is_told() -> None:
    (finding,) = asked(reject())
    assert finding.message.endswith("Le retour ne donne pas de motif.")
    assert finding.action.startswith("Cherchez la cause auprès de l'organisme")


def test_the_practice_s_own_words_are_used() -> None:
    motifs = load_motifs().with_own(OwnMotif("AMO", "2D01", None, None, "droits à revoir", "Appelez la caisse."))
    (finding,) = asked(reject(code="2D01", label="Droits non ouverts"), motifs=motifs)
    assert finding.action == "Appelez la caisse. Cause habituelle : droits à revoir."
    assert "Motif reçu : « 2D01 Droits non ouverts »." in finding.message


def test_every_motif_of_one_day_is_told_once() -> None:
    (finding,) = asked(
        reject("n1", label="Bénéficiaire inconnu en BDO"),
        reject("n2", label="Bénéficiaire inconnu en BDO"),
        reject("n3", label="Inconnu"),
        reject("n4", label="Prescripteur inconnu au fichier national"),
    )
    assert finding.message.count("Motif reçu") == 2
    assert finding.message.count("Motif inconnu de connector") == 1
    assert finding.action.count("Cause habituelle") == 2
    assert [each.id for each in finding.evidence] == ["f1", "n1", "n2", "n3", "n4"]


def test_a_return_without_a_motif_hides_none_of_another() -> None:
    (finding,) = asked(reject("n1"), reject("n2", label="Bénéficiaire inconnu en BDO"))
    assert "Motif reçu : « Bénéficiaire inconnu en BDO »." in finding.message
    assert "Le retour ne donne pas de motif." not in finding.message


def test_what_a_motif_is_called_changes_nothing_of_the_finding_s_identity() -> None:
    one, other = asked(reject(label="Bénéficiaire inconnu en BDO")), asked(reject(label="Autre"))
    assert one[0].fingerprint == other[0].fingerprint


def test_the_motif_of_one_payer_says_nothing_of_the_other() -> None:
    mine, theirs = asked(
        reject("n1", "AMO", label="Ayant droit inconnu"), reject("n2", "AMC", label="Ayant droit inconnu")
    )
    assert "Motif inconnu" in mine.message
    assert "Motif reçu" in theirs.message
