"""SUIVI: patients' unpaid balances, rejects left alone, and the rate of rejects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connector_core.model.answering import answers, pays
from connector_core.model.dossier import Dossier, Practice
from connector_core.model.finding import SubjectRef
from connector_core.model.records import Invoice, PayerReturn
from connector_core.model.values import invoice_key
from connector_core.rules.balances import BALANCES, balances
from connector_core.rules.bdk import patient_subject
from connector_core.rules.corrections import ANSWERED
from connector_core.rules.forclusion import last_day
from connector_core.rules.french import euros, jour
from connector_core.rules.invoices import FOLLOWED, Followed, followed
from connector_core.rules.kernel import Answer, Check, Flag, Gap, ParameterUnknown, rule
from connector_core.rules.motifs import motifs_said, what_to_do
from connector_core.rules.succession import replaced_numbers

_DAY = timedelta(days=1)
_WITHOUT_KEY = 8
_Name = tuple[str, str, int | None]
"""What tells the invoices of a practice apart: number, professional, and the year, as far as an invoice of the number
is known. Of others, the day of a return tells no year: one that is sent again has answers in two of them."""
_PRACTICE = SubjectRef("practice", "practice")


@rule(
    "SUIVI-IMPAYE",
    subject="dossier",
    severity="info",
    reference="choix du cabinet ; Recouv-lib, recouvrement (blog)",
    confidence="S",
    needs=BALANCES | {"invoice.closed_on", "reminder.invoice_id", "reminder.sent_on"},
    rests_on=("invoice", "patient_payment"),
)
def suivi_impaye(check: Check[Dossier]) -> Iterator[Answer]:
    """Ce patient doit une somme importante, ou depuis longtemps.

    Vérifie : le solde du patient : ce qui reste à sa charge sur ses factures (part patient ; à défaut le total, sans
    tiers payant) moins ses règlements, liés ou non à une facture. Signalé au-dessus de 50 €, ou si une facture reste
    impayée depuis plus de 60 jours.

    Pourquoi : un impayé se recouvre d'autant mieux qu'il est réclamé tôt.

    Ne s'applique pas : aux factures annulées ou remplacées ; aux factures en tiers payant dont la part patient n'est
    pas connue, laissées de côté avec leurs règlements. Si aucune facture n'a de part connue, le solde est
    indéterminé.

    Exemple : 80 € dus depuis 75 jours : signalé ; 20 € dus depuis 10 jours : rien.

    Paramètres : suivi.unpaid.amount, suivi.unpaid.days
    """
    if not check.subject.invoices:
        return
    patient = check.derive(balances)
    unpaid = [(each, left) for each in check.subject.invoices if (left := patient.left(each))]
    if not unpaid:
        if patient.owed and all(owed is None for owed in patient.owed.values()):
            reason = "la part patient des factures n'est pas connue"
            yield Gap(patient_subject(check), ("invoice.patient_share",), reason)
        return
    balance = sum((left for _, left in unpaid), Decimal(0))
    oldest = unpaid[0][0]
    late = check.reached(oldest.closed_on + timedelta(days=check.number("suivi.unpaid.days")) + _DAY)
    if not late and balance <= check.decimal("suivi.unpaid.amount"):
        return
    unpaid_ids = {invoice.id for invoice, _ in unpaid}
    reminded = max((each.sent_on for each in check.subject.reminders if each.invoice_id in unpaid_ids), default=None)
    number = "1 facture" if len(unpaid) == 1 else f"{len(unpaid)} factures"
    yield Flag(
        patient_subject(check),
        f"Ce patient doit {euros(balance)} ({number}), depuis le {jour(oldest.closed_on)}.",
        "Relancez le patient." if reminded is None else f"Relancez le patient (dernière relance le {jour(reminded)}).",
        amount=balance,
        due_on=oldest.closed_on,
        evidence=[invoice for invoice, _ in unpaid],
    )


@rule(
    "SUIVI-REJET-NONTRAITE",
    subject="dossier",
    severity="reject",
    reference="choix du cabinet ; Recouv-lib (blog)",
    confidence="S",
    needs=FOLLOWED
    | {
        "act.performed_on",
        "invoice.nature",
        "payer_return.claimed",
        "payer_return.reject_code",
        "payer_return.reject_label",
    },
    rests_on=("payer_return", "invoice"),
)
def suivi_rejet_nontraite(check: Check[Dossier]) -> Iterator[Answer]:
    """Une facture rejetée n'est ni corrigée ni renvoyée.

    Vérifie : pour chaque part rejetée (AMO ou AMC) depuis plus de quinze jours, qu'une autre facture la remplace,
    qu'elle est repartie dans un lot plus récent, ou que ce payeur l'a réglée depuis. Le motif est montré tel que reçu ;
    s'il est connu, sa cause habituelle et la conduite à tenir l'accompagnent. Une fois la forclusion passée, la caisse
    ne paie plus, sauf interruption : le constat le dit.

    Pourquoi : un rejet oublié est une somme perdue, et le délai pour renvoyer court depuis les soins.

    Ne s'applique pas : aux factures annulées, remplacées, renvoyées ou réglées depuis.

    Exemple : rejet reçu il y a 40 jours, rien depuis : signalé ; facture renvoyée : rien.

    Paramètres : suivi.reject.days, tt.limit.years, tt.limit.accident_years
    """
    if not any(each.state == "rejected" for each in check.subject.payer_returns):
        return
    last: dict[tuple[str, str], list[PayerReturn]] = {}
    owners = {each.id: one for one in check.derive(followed) for part in (one.amo, one.amc) for each in part.returns}
    for each in check.subject.payer_returns:
        name = owners[each.id].invoice.id if each.id in owners else each.invoice_number
        if each.state == "rejected":
            before = last.get((name, each.payer), [])
            same_day = [other for other in before if other.returned_on == each.returned_on]  # a motif a line
            last[name, each.payer] = [*same_day, each]
        elif pays(each):
            last.pop((name, each.payer), None)
    replaced = replaced_numbers(check.subject.invoices) if last else ()
    for (_, payer), rejects in last.items():
        reject = rejects[-1]
        number, owner = reject.invoice_number, owners.get(reject.id)
        invoice = None if owner is None else owner.invoice
        if number in replaced if owner is None else not _is_left_alone(owner, reject):
            continue
        if not check.reached(reject.returned_on + timedelta(days=check.number("suivi.reject.days")) + _DAY):
            continue
        amount = reject.claimed
        if amount is None and invoice is not None:
            amount = invoice.amo_claimed if payer == "AMO" else invoice.amc_claimed
        yield Flag(
            invoice or reject,
            f"Facture n° {number} rejetée par l'{payer} le {jour(reject.returned_on)}, non renvoyée. "
            + motifs_said(check.motifs, rejects),
            _what_is_left(check, payer, owner, rejects) + what_to_do(check.motifs, rejects),
            fault=payer,
            amount=amount,
            due_on=reject.returned_on,
            evidence=rejects if invoice is None else (invoice, *rejects),
        )


def _what_is_left(check: Check[Dossier], payer: str, each: Followed | None, rejects: list[PayerReturn]) -> str:
    """What comes before correcting a reject of the caisse once the forclusion has passed; nothing until then."""
    if payer != "AMO" or each is None:
        return ""
    try:
        limit = last_day(check, each)
    except ParameterUnknown:
        return ""
    if limit is None or not check.reached(limit.last + _DAY):
        return ""
    told = f"Forclusion passée depuis le {jour(limit.last)}, sauf interruption "
    if rejects[-1].returned_on <= limit.last:
        told += f"par le rejet du {jour(rejects[-1].returned_on)} : montrez-le à la caisse"
    elif each.sent_by is not None and each.sent_by <= limit.last:
        told += f"par l'envoi du {jour(each.sent_by)} : montrez-en la preuve à la caisse"
    else:
        told += "prouvée (demande écrite) : montrez-la à la caisse"
    return f"{told}, et passez la somme en perte si elle ne l'admet pas. Si elle l'admet, voici la suite. "


def _is_left_alone(each: Followed, reject: PayerReturn) -> bool:
    """Whether a reject still stands: nothing replaced the invoice, nothing was asked again or paid that day."""
    part = each.amo if reject.payer == "AMO" else each.amc
    paid_that_day = any(pays(other) and other.returned_on == reject.returned_on for other in part.returns)
    return each.stands and not part.left_again and not paid_that_day


@rule(
    "SUIVI-TAUX-REJET",
    subject="practice",
    severity="info",
    reference="choix du cabinet ; Recouv-lib (blog)",
    confidence="S",
    needs=ANSWERED
    | {
        "invoice.cancelled_on",
        "invoice.third_party",
        "lot.arl_on",
        "lot.invoice_count",
        "lot.sent_on",
        "payer_return.state",
    },
    rests_on=("payer_return",),
)
def suivi_taux_rejet(check: Check[Practice]) -> Iterator[Answer]:
    """Le taux de rejet du cabinet est élevé.

    Vérifie : sur les douze derniers mois, les factures rejetées au moins une fois (AMO ou AMC) rapportées aux
    factures envoyées : celles qui ont eu un retour, et celles en tiers payant qui ne sont ni annulées ni dans un lot
    resté sur place ; ou le nombre qu'annoncent les lots envoyés, s'il est plus grand. À défaut du jour d'envoi d'un
    lot, celui de son accusé de réception (ARL) compte. Un numéro qui revient une autre année est celui d'une autre
    facture.

    Pourquoi : un taux élevé a souvent une cause unique (droits non à jour, cotation, prescripteur inconnu).

    Ne s'applique pas : sous un petit nombre d'envois ; quand seuls les rejets sont connus (indéterminé).

    Exemple : 6 factures rejetées sur 100 envoyées : signalé ; 1 sur 100 : rien.

    Paramètres : suivi.reject_rate.percent, suivi.reject_rate.days, suivi.reject_rate.min_sent
    """
    window = timedelta(days=check.number("suivi.reject_rate.days"))
    start = check.as_of - window
    coming = [each.returned_on for each in check.subject.payer_returns if each.returned_on > check.as_of]
    recent = [each for each in check.subject.payer_returns if start <= each.returned_on <= check.as_of]
    if coming:
        check.reached(min(coming))
    if all(each.state != "rejected" for each in recent):
        return
    by_number = _number_alone(check, recent)
    known = {each.id: _name(check, each, by_number) for each in check.subject.invoices}
    told = answers(check.subject.invoices, recent, check.subject.cabinet)
    names = {each.id: known[invoice] for invoice, returns in told.items() for each in returns}
    years: dict[tuple[str, str], set[int]] = {}
    for number, professional, year in known.values():
        years.setdefault((number, professional), set()).add(year)
    answered, rejected = set[_Name](), set[_Name]()
    for each in recent:
        name = names.get(each.id) or _nearest(each, by_number, years)
        answered.add(name)
        if each.state == "rejected":
            rejected.add(name)
    asked = answered | {known[each.id] for each in check.subject.invoices if _was_sent(check, each, start)}
    announced = sum(
        lot.invoice_count or 0
        for lot in check.subject.cabinet.lots.values()
        if (sent_by := lot.sent_on or lot.arl_on) is not None and start <= sent_by <= check.as_of
    )
    sent = max(len(asked), announced)
    if sent < check.number("suivi.reject_rate.min_sent"):
        return
    rate = Decimal(100 * len(rejected)) / sent
    if rate <= check.decimal("suivi.reject_rate.percent"):
        return
    if sent == len(rejected):
        yield Gap(_PRACTICE, ("invoice",), "le nombre de factures envoyées n'est pas connu")
        return
    check.reached(min(each.returned_on for each in recent) + window + _DAY)
    text = f"{rate.quantize(Decimal('0.1'), ROUND_HALF_UP)}".replace(".", ",")
    yield Flag(
        _PRACTICE,
        f"{len(rejected)} factures rejetées sur {sent} envoyées en {window.days} jours : {text} %.",
        "Regardez les motifs les plus fréquents, que le rapport compte : un même motif a souvent une cause unique.",
        evidence=[each for each in recent if each.state == "rejected"],
    )


def _name(check: Check[Practice], invoice: Invoice, by_number: bool) -> tuple[str, str, int]:
    professional = "" if by_number else _professional(_am_number(check, invoice))
    return invoice_key(invoice.number), professional, invoice.closed_on.year


def _nearest(each: PayerReturn, by_number: bool, years: Mapping[tuple[str, str], set[int]]) -> _Name:
    """The name of the invoice of a return that answers none that is known: its number and professional may be those of
    one all the same, where somebody's number is not known."""
    number, professional = invoice_key(each.invoice_number), "" if by_number else _professional(each.payee_number)
    by_then = [year for year in years.get((number, professional), ()) if year <= each.returned_on.year]
    return number, professional, max(by_then, default=None)


def _number_alone(check: Check[Practice], returns: Iterable[PayerReturn]) -> bool:
    """Whether invoices can't be told apart by their professional too, since somebody's number is not known. The
    professionals of a practice may number alike."""
    numbers = {_professional(each.am_number) for each in check.subject.cabinet.practitioners.values()}
    if not numbers or "" in numbers:
        return True
    if not all(_professional(each.payee_number) in numbers for each in returns):
        return True
    return not all(_professional(_am_number(check, each)) in numbers for each in check.subject.invoices)


def _am_number(check: Check[Practice], invoice: Invoice) -> str | None:
    who = check.subject.cabinet.practitioners.get(invoice.practitioner_id)
    return None if who is None else who.am_number


def _professional(number: str | None) -> str:
    """An AM number without its key."""
    return "" if number is None else number[:_WITHOUT_KEY]


def _was_sent(check: Check[Practice], invoice: Invoice, start: date) -> bool:
    """Whether a payer was asked for an invoice of the period, as far as the practice's lots tell."""
    if (
        not start <= invoice.closed_on <= check.as_of
        or invoice.cancelled_on is not None
        or invoice.third_party == "NONE"
    ):
        return False
    lot = None if invoice.lot_id is None else check.subject.cabinet.lots.get(invoice.lot_id)
    sent_by = None if lot is None else lot.sent_on or lot.arl_on
    return lot is None or (sent_by is not None and sent_by <= check.as_of)
