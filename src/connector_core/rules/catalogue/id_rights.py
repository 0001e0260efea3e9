"""ID: the patient's payers, and what an invoice says of the insurance: exemption, nature."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Invoice
from connector_core.parameters.caisses import load_caisses, schemes
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import (
    ALD_EXEMPTION,
    STANDING_INVOICES,
    USED_RIGHTS,
    any_ald,
    is_open,
    standing_invoices,
    used_rights,
)
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import standing

_AMO_LENGTH = 9
_NOT_OURS = {"1": "acte d'un coefficient égal ou supérieur à 60", "C": "acte de la CCAM"}
_ACCIDENT = "41"


@rule(
    "ID-AMO",
    subject="dossier",
    severity="info",
    reference="SNDS, IR_ORG_V et IR_GRG_V (2020)",
    confidence="C",
    needs=USED_RIGHTS | {"coverage.organisation"},
    rests_on=("coverage.organisation",),
)
def caisse(check: Check[Dossier]) -> Iterator[Answer]:
    """La caisse du patient existe.

    Vérifie : que le code de l'organisme obligatoire a 9 chiffres (régime sur 2, caisse sur 3, centre sur 4) et que
    le régime et la caisse figurent dans la liste du SNDS.

    Pourquoi : une facture adressée à une caisse inconnue ne part pas, ou revient rejetée.

    Ne s'applique pas : aux droits qui ne couvrent aucun jour de soins ; au centre, dont la liste n'est pas publique.
    La liste est de 2020 : une caisse créée depuis n'y est pas.

    Exemple : un régime 11 n'existe pas ; 01 751 0000 convient.

    Paramètres : aucun
    """
    once, known = Once(), load_caisses()
    for right in used_rights(check, "AMO"):
        code = right.organisation
        if not once.first(code):
            continue
        if code is None:
            yield Gap(right, ("coverage.organisation",), "la caisse du patient n'est pas connue")
            continue
        if len(code) != _AMO_LENGTH or not (code.isascii() and code.isdigit()):
            found = f"Le code de la caisse du patient n'a pas {_AMO_LENGTH} chiffres."
        elif (code[:2], code[2:5]) in known:
            continue
        elif code[:2] not in schemes(known):
            found = f"Le régime {code[:2]} du patient n'existe pas."
        else:
            found = f"La caisse {code[2:5]} du régime {code[:2]} ne figure pas dans la liste du SNDS de 2020."
        yield Flag(
            right,
            found,
            "Relisez la carte Vitale, ou interrogez ADRi, et corrigez la caisse.",
            evidence=(right,),
        )


@rule(
    "ID-AMC",
    subject="dossier",
    severity="info",
    reference="gpsassurances.fr ; alan.com (carte de tiers payant)",
    confidence="C",
    needs=USED_RIGHTS | {"coverage.member_number", "coverage.organisation"},
    rests_on=("coverage.organisation",),
)
def complementary(check: Check[Dossier]) -> Iterator[Answer]:
    """Le numéro de la complémentaire a la forme attendue.

    Vérifie : que le numéro de l'AMC a 8 chiffres (9 ou 10 sur des cartes récentes), que le numéro d'adhérent n'a pas
    plus de 16 caractères, et que la fin des droits ne précède pas leur début.

    Pourquoi : la demande de remboursement est rejetée quand l'AMC ou l'adhérent ne sont pas reconnus.

    Ne s'applique pas : aux droits qui ne couvrent aucun jour de soins ; à un patient sans complémentaire.

    Exemple : un numéro de 5 chiffres ; 8 chiffres conviennent.

    Paramètres : id.amc.shortest, id.amc.longest, id.amc.member
    """
    once = Once()
    upside_down = [
        each
        for each in check.subject.coverages
        if each.payer == "AMC"
        and each.valid_from is not None
        and each.valid_to is not None
        and each.valid_to < each.valid_from
    ]
    for right in upside_down:
        yield Flag(
            right,
            "La fin des droits de la complémentaire précède leur début.",
            "Relisez la carte de tiers payant et corrigez les dates.",
            fault="dates",
            evidence=(right,),
        )
    for right in used_rights(check, "AMC"):
        number = right.organisation
        if number is None:
            if once.first("absent"):
                yield Gap(right, ("coverage.organisation",), "le numéro de la complémentaire n'est pas connu")
        elif once.first(("number", number)):
            shortest, longest = check.number("id.amc.shortest"), check.number("id.amc.longest")
            if not (shortest <= len(number) <= longest and number.isascii() and number.isdigit()):
                yield Flag(
                    right,
                    f"Le numéro de la complémentaire n'a pas de {shortest} à {longest} chiffres.",
                    "Relisez la carte de tiers payant et corrigez le numéro d'AMC.",
                    fault="numéro",
                    evidence=(right,),
                )
        member = right.member_number
        if member is not None and once.first(("member", member)):
            most = check.number("id.amc.member")
            if len(member) > most:
                yield Flag(
                    right,
                    f"Le numéro d'adhérent à la complémentaire a plus de {most} caractères.",
                    "Relisez la carte de tiers payant et corrigez le numéro d'adhérent.",
                    fault="adhérent",
                    evidence=(right,),
                )


@rule(
    "ID-EXO",
    subject="dossier",
    severity="reject",
    reference="SESAM-Vitale, cahier des charges [0364], justificatif d'exonération",
    confidence="C",
    needs=USED_RIGHTS | {"coverage.exemption_code", "coverage.kind", "invoice.exemption_code"},
    rests_on=("coverage",),
)
def exemption(check: Check[Dossier]) -> Iterator[Answer]:
    """Le justificatif d'exonération 4 demande une ALD ouverte.

    Vérifie : qu'une ALD est ouverte, à chaque jour de soins d'une facture partie avec le justificatif 4.

    Pourquoi : la caisse rejette une exonération qu'elle ne connaît pas (« situation d'exonération inconnue »).

    Ne s'applique pas : aux autres justificatifs, que les droits connus ne permettent pas de vérifier ; aux factures
    annulées ou remplacées.

    Exemple : justificatif 4 sans ALD ; justificatif 4 avec une ALD ouverte convient.

    Paramètres : aucun
    """
    once = Once()
    for invoice in check.derive(standing_invoices):
        if invoice.exemption_code != ALD_EXEMPTION:
            continue
        answers = {day: _ald_on(check, day) for day in _days(check, invoice)}
        closed = [day for day, answer in answers.items() if answer is False]
        if closed:
            yield Flag(
                invoice,
                f"La facture n° {invoice.number} porte le justificatif d'exonération 4 ; aucune ALD n'est ouverte le "
                f"{jour(closed[0])}.",
                "Interrogez ADRi : mettez les droits à jour, ou refacturez sans exonération.",
                evidence=(invoice, *check.subject.coverages),
            )
        elif None in answers.values() and once.first("ald"):
            yield Gap(invoice, ("coverage.kind",), "les droits connus ne disent pas si une ALD est ouverte")


@rule(
    "ID-EXO-MED",
    subject="dossier",
    severity="info",
    reference="SESAM-Vitale, cahier des charges [0364] ; usage, texte non lu",
    confidence="M",
    needs=STANDING_INVOICES | {"invoice.exemption_code"},
    rests_on=("invoice.exemption_code",),
)
def not_ours(check: Check[Dossier]) -> Iterator[Answer]:
    """Les justificatifs d'exonération 1 et C ne sont pas pour les soins d'auxiliaires médicaux.

    Vérifie : qu'aucune facture ne porte le justificatif 1 (actes d'un coefficient élevé) ni C (actes de la CCAM).

    Pourquoi : ces exonérations tiennent à des actes que les kinésithérapeutes et les infirmiers ne facturent pas.
    Le texte n'a pas été lu : la réponse est à vérifier.

    Ne s'applique pas : aux autres justificatifs ; aux factures annulées ou remplacées.

    Exemple : justificatif C sur AMI 1 ; justificatif 0 convient.

    Paramètres : aucun
    """
    for invoice in check.derive(standing_invoices):
        meant = _NOT_OURS.get(invoice.exemption_code or "")
        if meant is not None:
            yield Flag(
                invoice,
                f"La facture n° {invoice.number} porte le justificatif d'exonération {invoice.exemption_code} "
                f"({meant}), à vérifier pour des soins d'auxiliaire médical.",
                "Choisissez le justificatif qui convient au patient, 0 s'il n'est pas exonéré.",
                evidence=(invoice,),
            )


@rule(
    "ID-NATURE",
    subject="dossier",
    severity="info",
    reference="SNDS, IR_ASU_V ; date et numéro d'accident : usage, texte non lu",
    confidence="M",
    needs=STANDING_INVOICES | {"invoice.accident_number", "invoice.accident_on", "invoice.nature"},
    rests_on=("invoice.nature", "invoice.accident_on", "invoice.accident_number"),
)
def accident(check: Check[Dossier]) -> Iterator[Answer]:
    """Une facture d'accident du travail porte la date et le numéro de l'accident.

    Vérifie : que toute facture en accident du travail ou maladie professionnelle (nature 41) porte une date et un
    numéro d'accident.

    Pourquoi : sans eux, la caisse ne rattache pas les soins à l'accident. Le texte n'a pas été lu : la réponse est à
    vérifier.

    Ne s'applique pas : aux autres natures d'assurance. La date présumée d'une grossesse n'est pas connue du modèle.

    Exemple : nature 41 sans numéro d'accident ; complète, elle convient.

    Paramètres : aucun
    """
    once = Once()
    for invoice in check.derive(standing_invoices):
        dated, numbered = invoice.accident_on is not None, bool(invoice.accident_number)
        if invoice.nature is None and (dated or numbered) and once.first("nature"):
            yield Gap(invoice, ("invoice.nature",), "la nature d'assurance de la facture n'est pas connue")
        if invoice.nature != _ACCIDENT or (dated and numbered):
            continue
        missing = "pas de numéro" if dated else "pas de date" if numbered else "ni date ni numéro"
        yield Flag(
            invoice,
            f"La facture n° {invoice.number}, en accident du travail, n'a {missing} d'accident (usage, à vérifier).",
            "Recopiez la date et le numéro de la feuille d'accident du travail du patient.",
            evidence=(invoice,),
        )


def _days(check: Check[Dossier], invoice: Invoice) -> list[date]:
    """The days of care of an invoice, in order; that of the invoice where its acts are not known."""
    days = {act.performed_on for act in check.derive(_billed).get(invoice.id, ())}
    return sorted(days) or [invoice.closed_on]


def _billed(check: Check[Dossier]) -> dict[str, list[Act]]:
    """The acts that stand, by invoice."""
    found: dict[str, list[Act]] = {}
    for act in check.derive(standing).acts:
        if act.invoice_id is not None:
            found.setdefault(act.invoice_id, []).append(act)
    return found


def _ald_on(check: Check[Dossier], day: date) -> bool | None:
    return any_ald(each for each in check.subject.coverages if each.payer == "AMO" and is_open(each, day))


RULES: tuple[AnyRule, ...] = (caisse, complementary, exemption, not_ours, accident)
