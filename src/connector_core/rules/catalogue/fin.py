"""FIN: what the patient must be told before an excess, who may be asked for one, and what tiers payant is owed.

An excess (dépassement) is what is billed above the tariff. Acts that stand are looked at, whoever did them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Coverage
from connector_core.model.vocabulary import CoverageKind
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import IS_OPEN, is_open
from connector_core.rules.counting import cotation
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule
from connector_core.rules.standing import STANDING, standing

_EXCESS = "excess"
"""The fault of an excess that may not be asked for."""
_NO_EXCESS: frozenset[CoverageKind] = frozenset({"C2S", "AME"})
_WHOLE: frozenset[CoverageKind] = frozenset({"C2S", "AME", "AT"})
"""Rights under which the patient pays nothing in advance."""
_AMO_PART: frozenset[CoverageKind] = frozenset({"ALD", "MATERNITE"})
"""Rights under which the AMO part is not paid in advance."""
_OWED = _WHOLE | _AMO_PART


@rule(
    "FIN-DEVIS-70",
    subject="dossier",
    severity="reject",
    reference="arrêté du 02/10/2008 (JO 11/10/2008) ; arrêté du 30/05/2018 ; L.1111-3 CSP",
    confidence="S+C",
    needs=STANDING | {"quote.for_date", "quote.issued_on"},
    rests_on=("quote", "act.excess"),
)
def quote_above(check: Check[Dossier]) -> Iterator[Answer]:
    """Un dépassement sur une visite de 70 € ou plus est précédé d'une information écrite.

    Vérifie : que, lorsque les honoraires d'une visite atteignent 70 € et comprennent un dépassement, une information
    écrite (devis) a été remise au plus tard le jour de la visite.

    Pourquoi : l'information préalable est une obligation ; à défaut, la pénalité est égale au dépassement.

    Ne s'applique pas : à une visite sans dépassement, quel que soit son montant ; sous 70 €, voyez FIN-DEVIS-ULT.

    Exemple : 75 € dont 20 € de dépassement (DE), sans devis : signalé ; 75 € sans dépassement : rien.

    Paramètres : fin.quote.amount
    """
    for day, acts in visits_in_excess(check):
        total = total_of(acts)
        if total is None:
            yield Gap(acts[0], ("act.amount",), f"le montant d'un acte de la visite du {jour(day)} n'est pas connu")
        elif total >= check.decimal("fin.quote.amount", day) and not _informed(check, day):
            excess = excess_of(acts)
            yield Flag(
                acts[0],
                f"Visite du {jour(day)} : {euros(total)} d'honoraires dont {euros(excess)} de dépassement, sans "
                "information écrite préalable.",
                "Remettez un devis daté avant la visite et gardez-en un double signé ; la pénalité est égale au "
                "dépassement.",
                fault="quote",
                amount=excess,
                evidence=acts,
            )


@rule(
    "FIN-DEVIS-ULT",
    subject="dossier",
    severity="reject",
    reference="L.1111-3 CSP ; Ordre des masseurs-kinésithérapeutes",
    confidence="C",
    needs=STANDING | {"quote.for_date", "quote.issued_on"},
    rests_on=("quote", "act.excess"),
)
def quote_planned(check: Check[Dossier]) -> Iterator[Answer]:
    """Un dépassement prévu pour une visite ultérieure est précédé d'une information écrite, même sous 70 €.

    Vérifie : qu'un dépassement facturé à une visite qui n'est pas la première avec ce praticien, donc prévue à
    l'avance, a été précédé d'une information écrite. Signalé une fois par praticien, à la première de ces visites.

    Pourquoi : lorsque l'acte est réalisé lors d'une visite ultérieure, l'information écrite est due quel que soit le
    montant.

    Ne s'applique pas : à la première visite avec un praticien ; à 70 € et au-dessus, voyez FIN-DEVIS-70.

    Exemple : 40 € dont 10 € de dépassement à la deuxième séance, sans devis : signalé ; le jour de la première
    séance : rien.

    Paramètres : fin.quote.amount
    """
    told = Once()
    first: dict[str, date] = {}
    for act in check.derive(standing).acts:
        first.setdefault(act.practitioner_id, act.performed_on)
    for day, acts in visits_in_excess(check):
        total, practitioner = total_of(acts), acts[0].practitioner_id
        if total is None or total >= check.decimal("fin.quote.amount", day):
            continue  # FIN-DEVIS-70 answers
        if day > first[practitioner] and not _informed(check, day) and told.first(practitioner):
            excess = excess_of(acts)
            yield Flag(
                acts[0],
                f"Visite du {jour(day)} : {euros(excess)} de dépassement prévu à l'avance, sans information écrite.",
                "Remettez un devis daté avant la visite, même sous 70 €, et gardez-en un double.",
                fault="quote",
                amount=excess,
                evidence=acts,
            )


@rule(
    "FIN-DE",
    subject="dossier",
    severity="reject",
    reference="convention nationale ; SNMKR, tarifs ; ordremk.fr : dépassement pour exigence particulière (DE)",
    confidence="C",
    needs=STANDING | {"act.qualifier"},
    rests_on=("act.excess", "act.qualifier"),
)
def excess_qualified(check: Check[Dossier]) -> Iterator[Answer]:
    """Un dépassement porte le qualificatif DE.

    Vérifie : qu'un acte facturé avec un dépassement porte le qualificatif DE (exigence particulière de temps ou de
    lieu du patient).

    Pourquoi : un praticien conventionné ne dépasse le tarif que pour une exigence particulière ; sans qualificatif, le
    dépassement est un indu.

    Ne s'applique pas : à un acte au tarif ; au patient qui a la C2S ou l'AME (FIN-DE-C2S).

    Exemple : 15 € de dépassement sans qualificatif : signalé ; avec DE : rien.

    Paramètres : fin.excess.qualifier
    """
    for act in _in_excess(check):
        if act.qualifier != check.text("fin.excess.qualifier", act.performed_on):
            yield _refused(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} : {euros(act.excess or Decimal(0))} de dépassement sans "
                "le qualificatif DE.",
                "Facturez au tarif, ou portez DE et notez l'exigence du patient.",
            )


@rule(
    "FIN-DE-C2S",
    subject="dossier",
    severity="reject",
    reference="L.861-3 du code de la sécurité sociale ; L.251-2 du code de l'action sociale et des familles",
    confidence="M",
    needs=STANDING | IS_OPEN | {"act.qualifier", "coverage.kind", "coverage.payer"},
    rests_on=("act.excess", "act.qualifier", "coverage.kind"),
)
def excess_refused(check: Check[Dossier]) -> Iterator[Answer]:
    """Pas de dépassement pour un patient qui a la C2S ou l'AME.

    Vérifie : qu'aucun dépassement n'est facturé à un patient qui a la C2S ou l'AME le jour de l'acte. Avec le
    qualificatif DE (exigence particulière), le dépassement est seulement à vérifier.

    Pourquoi : ces patients ne paient rien d'avance, et les tarifs leur sont opposables.

    Ne s'applique pas : hors C2S et AME. La portée exacte de l'exception DE n'a pas été relue dans les textes. Si le
    type d'un droit AMO ouvert ce jour-là manque, la réponse est indéterminée.

    Exemple : 5 € de dépassement sans qualificatif à un patient C2S : signalé.

    Paramètres : fin.excess.qualifier
    """
    told = Once()
    for act in _in_excess(check):
        rights = _rights(check, act.performed_on)
        if not any(each.kind in _NO_EXCESS for each in rights):
            if any(each.kind is None and each.payer == "AMO" for each in rights) and told.first("kind"):
                yield Gap(act, ("coverage.kind",), "on ne sait pas si le patient a la C2S ou l'AME")
            continue
        asked = act.qualifier == check.text("fin.excess.qualifier", act.performed_on)
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} : {euros(act.excess or Decimal(0))} de dépassement pour un "
            "patient en C2S ou AME.",
            "Vérifiez que l'exigence particulière est notée." if asked else "Facturez au tarif.",
            severity="info" if asked else None,
            fault=_EXCESS,
            amount=act.excess,
            evidence=(act,),
        )


@rule(
    "FIN-TP-OBLIG",
    subject="dossier",
    severity="info",
    reference="L.861-3 et L.432-1 du code de la sécurité sociale ; L.251-2 du code de l'action sociale et des familles",
    confidence="M",
    needs=IS_OPEN
    | {"coverage.kind", "invoice.cancelled_on", "invoice.closed_on", "invoice.number", "invoice.third_party"},
    rests_on=("coverage.kind", "invoice"),
)
def third_party_owed(check: Check[Dossier]) -> Iterator[Answer]:
    """Le tiers payant est dû à certains patients.

    Vérifie : qu'une facture n'est pas payée d'avance par un patient qui a la C2S, l'AME ou un accident du travail
    (tiers payant intégral), ni sa part AMO par un patient en ALD ou en maternité.

    Pourquoi : ces patients ne doivent pas avancer les frais.

    Ne s'applique pas : aux factures annulées. En ALD et en maternité, seuls les soins en rapport sont concernés : à
    vérifier.

    Exemple : facture sans tiers payant d'un patient C2S : à vérifier ; en tiers payant intégral : rien.

    Paramètres : aucun
    """
    if not any(each.kind in _OWED for each in check.subject.coverages):
        return
    told = Once()
    for invoice in check.subject.invoices:
        if invoice.cancelled_on is not None:
            continue
        kinds = {each.kind for each in _rights(check, invoice.closed_on)}
        if not kinds & _OWED:
            continue
        if invoice.third_party is None:
            if told.first("third_party"):
                yield Gap(invoice, ("invoice.third_party",), "aucune source ne dit si la facture est en tiers payant")
        elif invoice.third_party == "NONE" or (invoice.third_party == "AMO" and kinds & _WHOLE):
            owed = "intégral" if kinds & _WHOLE else "sur la part AMO, si les soins sont en rapport"
            yield Flag(
                invoice,
                f"Facture n° {invoice.number} du {jour(invoice.closed_on)} : le tiers payant {owed} est dû à ce "
                "patient.",
                "Vérifiez les droits du jour et remboursez le patient s'il a avancé les frais.",
                fault="third_party",
                evidence=(invoice,),
            )


@rule(
    "FIN-TM-ACTE",
    subject="dossier",
    severity="info",
    reference="règle de calcul du ticket modérateur ; aucun texte relu",
    confidence="M",
    needs={
        "invoice.amc_claimed",
        "invoice.amo_claimed",
        "invoice.cancelled_on",
        "invoice.closed_on",
        "invoice.number",
        "invoice.total",
    },
    rests_on=("invoice.amc_claimed", "invoice.amo_claimed"),
)
def share_of_amc(check: Check[Dossier]) -> Iterator[Answer]:
    """La part demandée à la complémentaire ne dépasse pas ce que l'AMO laisse.

    Vérifie : que la part AMC d'une facture n'est pas plus grande que le total moins la part AMO.

    Pourquoi : la complémentaire rejette un montant incohérent avec le décompte de l'AMO.

    Ne s'applique pas : aux factures annulées, ni à celles dont la part AMC n'est pas connue ; si c'est la part AMO, la
    réponse est indéterminée. La prise en charge des dépassements dépend du contrat, qui n'est pas lu.

    Exemple : 12 € demandés à l'AMC sur une facture de 17,88 € dont 10,73 € à l'AMO : à vérifier ; 7,15 € : rien.

    Paramètres : aucun
    """
    told = Once()
    for invoice in check.subject.invoices:
        asked = invoice.amc_claimed
        if invoice.cancelled_on is not None or asked is None:
            continue
        left = invoice.total - (invoice.amo_claimed or 0)
        if invoice.amo_claimed is None and asked <= max(left, Decimal(0)):
            if asked > 0 and told.first("amo"):
                yield Gap(invoice, ("invoice.amo_claimed",), "la part demandée à l'AMO n'est pas connue")
        elif asked > left:
            rest = "pour un total de" if invoice.amo_claimed is None else "après l'AMO il reste"
            yield Flag(
                invoice,
                f"Facture n° {invoice.number} du {jour(invoice.closed_on)} : {euros(asked)} demandés à la "
                f"complémentaire, {rest} {euros(left)}.",
                "Recalculez la part complémentaire avant l'envoi, ou recyclez la facture.",
                fault="amc",
                amount=asked - left,
                evidence=(invoice,),
            )


def _in_excess(check: Check[Dossier]) -> list[Act]:
    """The acts that stand with something above the tariff."""
    found = check.derive(standing)
    return found.acts_of(batch for batch in found.batches if batch.excess)


def visits_in_excess(check: Check[Dossier]) -> Iterator[tuple[date, list[Act]]]:
    """The visits with an excess: everything that one practitioner did with the patient on one day."""
    acts = check.derive(standing).acts
    for day, practitioner in dict.fromkeys((act.performed_on, act.practitioner_id) for act in _in_excess(check)):
        yield day, [act for act in acts if (act.performed_on, act.practitioner_id) == (day, practitioner)]


def total_of(acts: Sequence[Act]) -> Decimal | None:
    """The honoraires of a visit, in euros; None where an amount is not known."""
    amounts = [act.amount for act in acts if act.amount is not None]
    return sum(amounts, Decimal(0)) if len(amounts) == len(acts) else None


def excess_of(acts: Sequence[Act]) -> Decimal:
    """What of it is above the tariff, in euros."""
    return sum((act.excess for act in acts if act.excess), Decimal(0))


def _informed(check: Check[Dossier], day: date) -> bool:
    """Whether a written information of before the visit may be about it."""
    return any(each.issued_on <= day and each.for_date in (None, day) for each in check.subject.quotes)


def _rights(check: Check[Dossier], day: date) -> list[Coverage]:
    """The rights that are open on a day."""
    return [each for each in check.subject.coverages if is_open(each, day)]


def _refused(act: Act, message: str, action: str) -> Flag:
    return Flag(act, message, action, fault=_EXCESS, amount=act.excess, evidence=(act,))


RULES: tuple[AnyRule, ...] = (
    quote_above,
    quote_planned,
    excess_qualified,
    excess_refused,
    third_party_owed,
    share_of_amc,
)
