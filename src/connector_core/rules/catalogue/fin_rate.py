"""FIN-TAUX and the exemptions it follows from: the share of the price that the caisse is asked to pay."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.rules.catalogue.amo_share import EXEMPT_CODES, SHARES, Share, shares
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import NO_EXEMPTION
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_FAULT = "taux"
_ALD = "act.ald_related"
_UNKNOWN = {
    _ALD: "une ALD est ouverte, et rien ne dit si les soins sont en rapport avec elle",
    "act.amount": "les montants des actes ne sont pas connus, ou ne font pas le total de la facture",
    "act.invoice_id": "aucun acte n'est rattaché à la facture",
    "invoice.amo_claimed": "la part demandée à la caisse n'est pas connue",
    "invoice.exemption_code": "la facture ne dit pas si le patient est exonéré",
    "invoice.nature": "la nature d'assurance de la facture n'est pas connue",
    "coverage": "aucun droit connu ne couvre les soins",
    "coverage.kind": "les droits connus ne disent pas si le patient est exonéré",
    "coverage.organisation": "la caisse du patient n'est pas connue",
}


@rule(
    "ID-EXO-MANQ",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), motif « exonération du ticket modérateur connue non transmise »",
    confidence="S",
    needs=SHARES,
    rests_on=("coverage", "act.ald_related", "invoice.exemption_code"),
)
def not_sent(check: Check[Dossier]) -> Iterator[Answer]:
    """Une ALD ouverte est transmise avec les soins qui s'y rapportent.

    Vérifie : qu'une facture de soins en rapport avec une ALD ouverte ce jour-là ne part pas avec le justificatif
    d'exonération 0.

    Pourquoi : la caisse rejette la facture (« exonération connue non transmise »), et la part du patient ou de sa
    complémentaire a été demandée à tort.

    Ne s'applique pas : aux soins sans rapport avec l'ALD ; aux factures annulées ou remplacées ; aux accidents du
    travail et à la maternité.

    Exemple : ALD ouverte, soins en rapport, justificatif 0 ; justificatif 4 convient.

    Paramètres : fin.rate.normal, fin.rate.exempt, fin.rate.aspa, fin.rate.local, fin.rate.local_departments,
    fin.rate.general_schemes, fin.rate.exempt_scheme
    """
    once = Once()
    for share in check.derive(shares):
        invoice = share.invoice
        if invoice.nature in ("30", "41") or not share.ald_acts:
            continue
        related = [act for act in share.ald_acts if act.ald_related]
        if invoice.exemption_code == NO_EXEMPTION and related:
            yield Flag(
                invoice,
                f"La facture n° {invoice.number} porte le justificatif d'exonération 0 ; des soins sont en rapport "
                "avec une ALD ouverte.",
                "Refacturez avec le justificatif 4, à 100 %, et rendez ou annulez la part du patient ou de l'AMC.",
                fault=_FAULT,
                amount=share.lacking,
                evidence=(invoice, *related),
            )
        elif invoice.exemption_code == NO_EXEMPTION and any(act.ald_related is None for act in share.ald_acts):
            if once.first(_ALD):
                yield Gap(invoice, (_ALD,), _UNKNOWN[_ALD])
        elif (
            invoice.exemption_code is None
            and related
            and (share.claimed is None or share.lacking is not None)
            and once.first("code")
        ):
            yield Gap(invoice, ("invoice.exemption_code",), _UNKNOWN["invoice.exemption_code"])


@rule(
    "ID-EXO-RATE",
    subject="dossier",
    severity="reject",
    reference="SESAM-Vitale, cahier des charges (RG_VF650 à 653)",
    confidence="C",
    needs=SHARES,
    rests_on=("invoice.exemption_code", "invoice.amo_claimed", "act.invoice_id"),
)
def exempt_rate(check: Check[Dossier]) -> Iterator[Answer]:
    """Un justificatif d'exonération 3, 4, 5, 6 ou 7 va avec le taux de 100 %.

    Vérifie : que la part demandée à la caisse d'une facture exonérée est le total de ses actes, dépassements à part.

    Pourquoi : le taux et le justificatif se contredisent ; la facture est rejetée.

    Ne s'applique pas : aux actes d'une facture en ALD dont la source dit qu'ils sont sans rapport avec elle ; à
    l'aide médicale de l'État ; aux factures annulées ou remplacées.

    Exemple : justificatif 4 à 60 % ; à 100 %, c'est juste.

    Paramètres : fin.rate.normal, fin.rate.exempt, fin.rate.aspa, fin.rate.local, fin.rate.local_departments,
    fin.rate.general_schemes, fin.rate.exempt_scheme
    """
    once = Once()
    for share in check.derive(shares):
        code = share.invoice.exemption_code
        if code not in EXEMPT_CODES:
            continue
        if share.unknown is not None:
            if once.first(share.unknown):
                yield Gap(share.invoice, (share.unknown,), _UNKNOWN[share.unknown])
        elif share.lacking is not None:
            yield Flag(
                share.invoice,
                f"La facture n° {share.invoice.number}, au justificatif d'exonération {code}, demande {share.asked} "
                f"à la caisse au lieu de {share.due}.",
                "Refacturez à 100 % ; si le patient n'est pas exonéré, corrigez le justificatif.",
                fault=_FAULT,
                amount=share.lacking,
                evidence=(share.invoice, *share.acts),
            )


@rule(
    "FIN-TAUX",
    subject="dossier",
    severity="reject",
    reference="CSS L.160-13 et L.160-14 ; SESAM-Vitale, cahier des charges (RG_VF650 à 653) ; agatheyou (60/40)",
    confidence="C",
    needs=SHARES,
    rests_on=("invoice.amo_claimed", "act.invoice_id", "coverage"),
)
def rate(check: Check[Dossier]) -> Iterator[Answer]:
    """La caisse paie 60 % des soins, ou 100 % quand le patient est exonéré.

    Vérifie : que la part demandée à la caisse est de 60 % du prix des actes, dépassements à part ; de 100 % pour des
    soins en rapport avec une ALD, en invalidité, en maternité (nature 30) et en accident du travail. Pour
    information seulement, faute d'avoir lu les textes ou de savoir le mois de grossesse : 90 % en Alsace-Moselle,
    80 % avec l'ASPA, 100 % au régime des mines ou quand un droit de maternité est ouvert.

    Pourquoi : à un mauvais taux, la facture est rejetée ou le trop-perçu récupéré.

    Ne s'applique pas : à l'aide médicale de l'État, à la prévention, aux régimes qui ont leurs propres taux, aux
    factures annulées ou remplacées ; à un centime près par ligne. Un taux plus fort que 60 % n'est signalé que si la
    facture elle-même dit que le patient n'est pas exonéré.

    Exemple : soins en rapport avec une ALD à 60 % ; à 100 %, c'est juste.

    Paramètres : fin.rate.normal, fin.rate.exempt, fin.rate.aspa, fin.rate.local, fin.rate.local_departments,
    fin.rate.general_schemes, fin.rate.exempt_scheme
    """
    once = Once()
    for share in check.derive(shares):
        if share.unknown is not None:
            if once.first(share.unknown):
                yield Gap(share.invoice, (share.unknown,), _UNKNOWN[share.unknown])
        elif share.lacking is not None:
            yield _flag(share, share.lacking, "Vérifiez les droits (ADRi) et refacturez au bon taux.")
        elif share.surplus is not None:
            action = "Refacturez au taux normal ; si le patient est exonéré, corrigez le justificatif."
            yield _flag(share, share.surplus, action)
        elif share.doubt is not None and once.first(share.doubt):
            yield Gap(share.invoice, (share.doubt,), _UNKNOWN[share.doubt])


def _flag(share: Share, amount: Decimal, action: str) -> Flag:
    sure = "" if share.confirmed else " (taux à vérifier)"
    return Flag(
        share.invoice,
        f"La facture n° {share.invoice.number} demande {share.asked} à la caisse au lieu de {share.due} : "
        f"{share.why}{sure}.",
        action,
        severity="reject" if share.confirmed else "info",
        fault=_FAULT,
        amount=amount,
        evidence=(share.invoice, *share.acts),
    )


RULES: tuple[AnyRule, ...] = (not_sent, exempt_rate, rate)
