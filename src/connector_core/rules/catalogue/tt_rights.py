"""TT: what has to go with an invoice for a payer to pay it: rights that were checked, the ordonnance, the
complémentaire's details and circuit; and no act twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from connector_core.model.dossier import Dossier
from connector_core.model.letters import KINE_SESSION_LETTERS
from connector_core.model.records import Act, Coverage, Invoice, Prescription
from connector_core.rules.calendar import after_working_days
from connector_core.rules.catalogue.kine_days import DAYS, days
from connector_core.rules.catalogue.patient_facts import IS_OPEN, is_open
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.invoices import FOLLOWED, Followed, followed
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_UNPAID = ("unsent", "waiting", "rejected", "deferred", "paid_nothing", "taken_back")


@rule(
    "TT-GESTION-UNIQUE",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), gestion unique et gestion séparée",
    confidence="S",
    needs=FOLLOWED,
    rests_on=("invoice.amc_management",),
)
def single_circuit(check: Check[Dossier]) -> Iterator[Answer]:
    """En gestion unique, aucune demande (DRE) ne part en plus à la complémentaire.

    Vérifie : qu'une facture en gestion unique n'a pas de DRE.

    Pourquoi : la caisse transmet déjà la part de la complémentaire ; la DRE est un doublon que celle-ci rejette.

    Ne s'applique pas : à la gestion séparée ; aux factures annulées ou remplacées.

    Exemple : gestion unique et une DRE envoyée : signalé ; la feuille seule : rien.

    Paramètres : aucun
    """
    for each in check.derive(followed):
        invoice = each.invoice
        if not each.stands or invoice.dre_sent_on is None:
            continue
        if invoice.amc_management is None:
            yield Gap(invoice, ("invoice.amc_management",), "la gestion (unique ou séparée) n'est pas connue")
        elif invoice.amc_management == "unique":
            yield Flag(
                invoice,
                f"Facture n° {invoice.number} en gestion unique : une DRE est aussi partie le "
                f"{jour(invoice.dre_sent_on)}.",
                "Annulez la DRE : la caisse transmet déjà la part de la complémentaire.",
                amount=each.amc.claimed,
                due_on=invoice.dre_sent_on,
                evidence=(invoice,),
            )


@rule(
    "TT-GESTION-SEPAREE",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), gestion unique et gestion séparée",
    confidence="S",
    needs=FOLLOWED,
    rests_on=("invoice.amc_management", "invoice.dre_sent_on", "lot"),
)
def separate_circuit(check: Check[Dossier]) -> Iterator[Answer]:
    """En gestion séparée, la part de la complémentaire se demande par une DRE.

    Vérifie : qu'une facture envoyée, en gestion séparée et tiers payant de la complémentaire, a sa DRE.

    Pourquoi : sans DRE, la complémentaire n'est pas sollicitée et sa part n'est jamais payée.

    Ne s'applique pas : à la gestion unique ; sans part de complémentaire ; à une part déjà réglée ; aux factures
    annulées, remplacées ou pas encore parties.

    Exemple : tiers payant complet en gestion séparée, aucune DRE : signalé ; feuille et DRE : rien.

    Paramètres : aucun
    """
    for each in check.derive(followed):
        invoice = each.invoice
        if not each.stands or not each.is_sent or each.amc.state not in _UNPAID:
            continue
        if invoice.dre_sent_on is not None or invoice.amc_management == "unique":
            continue
        if invoice.amc_management is None:
            yield Gap(invoice, ("invoice.amc_management",), "la gestion (unique ou séparée) n'est pas connue")
            continue
        yield Flag(
            invoice,
            f"Facture n° {invoice.number} en gestion séparée, {_sent(each)} sans demande (DRE) à la complémentaire.",
            "Envoyez la DRE, ou facturez cette part au patient s'il n'y a pas de convention.",
            amount=each.amc.left,
            due_on=each.sent_by,
            evidence=(invoice,),
        )


def _sent(each: Followed) -> str:
    if each.sent_on is not None:
        return f"envoyée le {jour(each.sent_on)}"
    return "envoyée" if each.sent_by is None else f"partie au plus tard le {jour(each.sent_by)}"


@rule(
    "TT-PARAM-AMC",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), paramètres de la complémentaire",
    confidence="S",
    needs=FOLLOWED
    | {
        "act.performed_on",
        "coverage.member_number",
        "coverage.organisation",
        "coverage.payer",
        "coverage.routing",
        "coverage.valid_from",
        "coverage.valid_to",
        "invoice.amc_number",
        "invoice.closed_on",
    },
    rests_on=("coverage", "invoice.amc_claimed"),
)
def amc_details(check: Check[Dossier]) -> Iterator[Answer]:
    """Les références de la complémentaire sont complètes avant le tiers payant.

    Vérifie : pour une part de complémentaire qui n'est pas payée, que le numéro de la complémentaire, le numéro
    d'adhérent, les dates de validité et le code de routage sont renseignés, pour ceux qu'une source donne.

    Pourquoi : une demande incomplète n'atteint pas la complémentaire, ou est rejetée.

    Ne s'applique pas : sans part de complémentaire ; à une part déjà réglée ; aux factures annulées ou remplacées.

    Exemple : numéro d'adhérent absent : signalé ; références complètes : rien.

    Paramètres : aucun
    """
    rights = [each for each in check.subject.coverages if each.payer == "AMC"]
    waiting: dict[str, list[Followed]] = {}
    for each in check.derive(followed):
        if not each.stands or each.amc.state not in _UNPAID or not each.amc.claimed:
            continue
        care = each.first_care or each.invoice.closed_on
        if not rights:
            yield Gap(each.invoice, ("coverage",), "aucune complémentaire n'est décrite pour ce patient")
            return
        used = max(rights, key=partial(_fitness, each.invoice, care))
        waiting.setdefault(used.id, []).append(each)
    for right in rights:
        own = waiting.get(right.id)
        missing = _missing(check, right, own) if own else ()
        if not own or not missing:
            continue
        amount = sum((each.amc.left or Decimal(0) for each in own), Decimal(0))
        yield Flag(
            right,
            f"Complémentaire incomplète : {', '.join(missing)} ; {len(own)} facture{'s' * (len(own) > 1)} en tiers "
            "payant.",
            "Demandez la carte en cours et complétez la fiche avant d'envoyer.",
            amount=amount,
            due_on=own[0].invoice.closed_on,
            evidence=(right, *(each.invoice for each in own)),
        )


def _fitness(invoice: Invoice, care: date, right: Coverage) -> tuple[bool, bool, int, str]:
    """How well a right fits an invoice: the one that it names, else the latest that is open, else the first of all."""
    named = invoice.amc_number is not None and right.organisation == invoice.amc_number
    begins = (right.valid_from or date.min).toordinal()
    opened = is_open(right, care)
    return named, opened, begins if opened else -begins, right.id


def _missing(check: Check[Dossier], right: Coverage, own: list[Followed]) -> tuple[str, ...]:
    """What a demand to the complémentaire lacks, among what a source gives."""
    covers = check.subject.cabinet.covers
    lacking: Mapping[str, tuple[bool, str]] = {
        "coverage.organisation": (
            right.organisation is None and any(each.invoice.amc_number is None for each in own),
            "numéro de la complémentaire",
        ),
        "coverage.member_number": (right.member_number is None, "numéro d'adhérent"),
        "coverage.valid_to": (right.valid_from is None and right.valid_to is None, "dates de validité"),
        "coverage.routing": (right.routing is None, "code de routage"),
    }
    return tuple(name for field, (missing, name) in lacking.items() if missing and field in covers)


@rule(
    "TT-SCOR",
    subject="dossier",
    severity="reject",
    reference="téléservice SCOR (documentation d'un éditeur ; ameli, avenant 7)",
    confidence="C",
    needs=FOLLOWED
    | {"act.prescription_id", "invoice.securing", "prescription.document_sent_on", "prescription.issued_on"},
    rests_on=("prescription.document_sent_on", "lot.sent_on"),
)
def ordonnance_sent(check: Check[Dossier]) -> Iterator[Answer]:
    """L'ordonnance est envoyée à la caisse avec la première feuille de soins (SCOR).

    Vérifie : pour chaque ordonnance dont des actes sont dans une facture envoyée depuis plus de cinq jours ouvrés,
    qu'elle a été transmise.

    Pourquoi : sans la pièce, la caisse rejette la facture ou récupère la somme.

    Ne s'applique pas : aux factures annulées ou remplacées ; aux feuilles papier ; aux actes sans ordonnance connue ;
    au cabinet où aucune ordonnance n'a de jour de transmission, qui ne le note pas (dit une fois, sans réponse).

    Exemple : facture partie depuis dix jours, ordonnance jamais transmise : signalé ; ordonnance transmise : rien.

    Paramètres : tt.document.days
    """
    known = {each.id: each for each in check.subject.prescriptions}
    first: dict[str, tuple[date, Prescription]] = {}
    own: dict[str, list[Followed]] = {}
    for each in check.derive(followed):
        if not each.stands or each.invoice.securing == "PAPIER":
            continue
        named = {act.prescription_id for act in each.acts if act.prescription_id is not None}
        for name in sorted(named):
            prescription = known.get(name)
            if prescription is None or prescription.document_sent_on is not None:
                continue
            if each.sent_on is None:
                if each.invoice.lot_id is not None and each.lot is None:
                    yield Gap(each.invoice, ("lot",), "on ne sait pas si la facture est partie")
                continue
            first[name] = min(first.get(name, (each.sent_on, prescription)), (each.sent_on, prescription), key=_day)
            own.setdefault(name, []).append(each)
    for name, (sent_on, prescription) in first.items():
        limit = after_working_days(sent_on, check.number("tt.document.days", sent_on))
        if not check.reached(limit + timedelta(days=1)):
            continue
        asked = [each for each in own[name] if each.amo.state not in ("unasked",)]
        yield Flag(
            prescription,
            f"L'ordonnance du {jour(prescription.issued_on)} n'a pas été transmise à la caisse ; la première facture "
            f"est partie le {jour(sent_on)}.",
            "Transmettez-la par SCOR, ou sur papier, et gardez-en la preuve.",
            amount=sum((each.amo.claimed or Decimal(0) for each in asked), Decimal(0)) or None,
            due_on=limit,
            evidence=(prescription, *(each.invoice for each in own[name])),
        )


def _day(told: tuple[date, Prescription]) -> date:
    return told[0]


@rule(
    "TT-DEGRADE",
    subject="dossier",
    severity="info",
    reference="Recouv-lib (blog) ; article L.161-36-3 du code de la sécurité sociale",
    confidence="S+C",
    needs=FOLLOWED
    | {
        "act.performed_on",
        "coverage.checked_by",
        "coverage.checked_on",
        "coverage.payer",
        "invoice.closed_on",
        "invoice.securing",
    },
    rests_on=("invoice.securing", "coverage.checked_on"),
)
def degraded(check: Check[Dossier]) -> Iterator[Answer]:
    """Une feuille dégradée en tiers payant n'a pas de paiement garanti sans vérification des droits.

    Vérifie : qu'une facture en mode dégradé et en tiers payant a une vérification des droits (ADRi, ApCV ou
    attestation) entre les soins et la clôture.

    Pourquoi : sans carte Vitale, la garantie de paiement tombe ; la vérification du jour protège.

    Ne s'applique pas : aux feuilles avec carte Vitale ; sans tiers payant ; aux factures annulées, remplacées, ou que
    la caisse a payées.

    Exemple : dégradé en tiers payant sans ADRi : signalé ; ADRi du jour : rien.

    Paramètres : aucun
    """
    for each in check.derive(followed):
        invoice = each.invoice
        if invoice.securing != "DEGRADE" or not each.stands or (each.amo.returns and each.amo.settled):
            continue
        asked = each.asks_a_payer
        if asked is None:
            yield Gap(invoice, ("invoice.third_party",), "on ne sait pas si la facture est en tiers payant")
        elif asked and not _checked(check, each.first_care or invoice.closed_on, invoice.closed_on):
            yield Flag(
                invoice,
                f"Facture dégradée n° {invoice.number} en tiers payant, sans vérification des droits du jour.",
                "Vérifiez les droits (ADRi) et joignez la feuille en pièce.",
                amount=each.amo.left,
                due_on=invoice.closed_on,
                evidence=(invoice,),
            )


def _checked(check: Check[Dossier], first: date, last: date) -> bool:
    """Whether the caisse's rights were checked from one day to another, otherwise than by hand."""
    return any(
        each.payer == "AMO"
        and each.checked_on is not None
        and first <= each.checked_on <= last
        and each.checked_by != "manual"
        for each in check.subject.coverages
    )


@rule(
    "TT-ADRI",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), droits et carte Vitale",
    confidence="S",
    needs=FOLLOWED | IS_OPEN | {"act.performed_on", "coverage.checked_on", "coverage.payer"},
    rests_on=("coverage.valid_to", "coverage.checked_on"),
)
def rights_checked(check: Check[Dossier]) -> Iterator[Answer]:
    """Les droits sont vérifiés avant le tiers payant quand ils ont pris fin.

    Vérifie : pour une facture en tiers payant que la caisse n'a pas payée, que des droits étaient ouverts le jour des
    soins, ou qu'ils ont été vérifiés (ADRi, carte Vitale…) depuis leur fin. Une vérification de plus d'un an est
    signalée pour information.

    Pourquoi : des droits finis, ou une carte Vitale qui n'est pas à jour, font rejeter la facture.

    Ne s'applique pas : sans tiers payant ; à une part déjà réglée ; aux factures annulées ou remplacées ; aux droits
    sans date de fin.

    Exemple : droits finis le 31/12, soins du 05/01 : signalé ; ADRi du 05/01 : rien.

    Paramètres : tt.rights.days
    """
    rights = [each for each in check.subject.coverages if each.payer == "AMO"]
    if not rights:
        return
    for each in check.derive(followed):
        if not each.stands or not each.asks_a_payer or each.amo.state not in _UNPAID:
            continue
        care = each.first_care
        if care is None:
            continue
        checked = max((right.checked_on for right in rights if right.checked_on is not None), default=None)
        ended = [(right.valid_to, right) for right in rights if right.valid_to is not None and right.valid_to < care]
        if ended and not any(is_open(right, care) for right in rights):
            until, last = max(ended, key=lambda pair: pair[0])
            if checked is None or checked <= until:
                yield Flag(
                    each.invoice,
                    f"Droits finis le {jour(until)}, soins du {jour(care)} en tiers payant (facture n° "
                    f"{each.invoice.number}), sans vérification depuis.",
                    "Vérifiez les droits (ADRi) ou la carte Vitale, puis corrigez la facture.",
                    amount=each.amo.left,
                    due_on=care,
                    evidence=(each.invoice, last),
                )
        elif checked is not None and (care - checked).days > check.number("tt.rights.days", care):
            yield Flag(
                each.invoice,
                f"Droits vérifiés pour la dernière fois le {jour(checked)}, plus d'un an avant les soins du "
                f"{jour(care)} (facture n° {each.invoice.number}).",
                "Vérifiez les droits (ADRi) ou faites mettre à jour la carte Vitale.",
                severity="info",
                amount=each.amo.left,
                due_on=care,
                evidence=(each.invoice, max(rights, key=lambda right: right.valid_to or date.max)),
            )


@rule(
    "TT-DOUBLON",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog), doublons ; rejets « double paiement »",
    confidence="S",
    needs=FOLLOWED | DAYS,
    rests_on=("act.invoice_id", "invoice"),
)
def sent_twice(check: Check[Dossier]) -> Iterator[Answer]:
    """Le même acte n'est pas envoyé dans deux factures.

    Vérifie : que le même acte (praticien, jour, cotation) du même patient n'est pas dans deux factures qui tiennent.

    Pourquoi : la seconde est rejetée, ou payée puis récupérée.

    Ne s'applique pas : à une facture renvoyée après un rejet, annulée ou remplacée ; à deux passages du même jour ; aux
    actes admis deux fois par jour.

    Exemple : la même séance dans deux feuilles : signalé ; feuille recyclée après un rejet : rien.

    Paramètres : aucun
    """
    standing = {each.invoice.id: each for each in check.derive(followed) if each.stands and not _refused(each)}
    for day in check.derive(days):
        for act, twin in day.doubled:
            one, other = (standing.get(each.invoice_id or "") for each in (act, twin))
            if one is not None and other is not None and one is not other:
                yield _twice(one, act, twin)
    seen: dict[tuple[object, ...], list[Act]] = {}
    for act in check.subject.acts:
        own = standing.get(act.invoice_id or "")
        if own is None or act.letter in KINE_SESSION_LETTERS or act.quantity <= 0:
            continue
        same = seen.setdefault((act.practitioner_id, act.performed_on, act.letter, act.coefficient), [])
        others = [each for each in same if each.invoice_id != act.invoice_id]
        same.append(act)
        hours = {each.started_at: each for each in reversed(others)}
        if act.started_at is not None and act.started_at in hours:
            yield _twice(own, act, hours[act.started_at])
        elif others and (act.started_at is None or None in hours):
            yield Gap(act, ("act.started_at",), "deux factures portent le même acte le même jour, l'heure manque")


def _refused(each: Followed) -> bool:
    return each.amo.state == "rejected" or (each.amo.state == "unasked" and each.amc.state == "rejected")


def _twice(own: Followed, act: Act, twin: Act) -> Flag:
    return Flag(
        act,
        f"{cotation(act)} du {jour(act.performed_on)} est dans deux factures, dont la n° {own.invoice.number}.",
        "Annulez la facture en trop, ou corrigez la date de l'acte.",
        amount=act.amount,
        due_on=act.performed_on,
        evidence=(act, twin, own.invoice),
    )


RULES: tuple[AnyRule, ...] = (
    single_circuit,
    separate_circuit,
    amc_details,
    ordonnance_sent,
    degraded,
    rights_checked,
    sent_twice,
)
