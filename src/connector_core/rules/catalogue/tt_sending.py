"""TT: sending in time — the delay to send a feuille de soins, and forclusion.

The time to ask for payment runs from each act; of an invoice, the earliest act decides, since it is lost first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.rules.calendar import after_working_days, months_later, working_days
from connector_core.rules.forclusion import ACCIDENT, last_day
from connector_core.rules.french import jour
from connector_core.rules.invoices import FOLLOWED, Followed, followed
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_DAY = timedelta(days=1)


@rule(
    "TT-DELAI-FSE",
    subject="dossier",
    severity="info",
    reference="article R.161-47 du code de la sécurité sociale",
    confidence="C",
    needs=FOLLOWED | {"invoice.closed_on", "invoice.securing"},
    rests_on=("invoice", "lot.sent_on"),
)
def sending_delay(check: Check[Dossier]) -> Iterator[Answer]:
    """La feuille de soins électronique part à temps.

    Vérifie : les jours ouvrés entre la clôture de la facture et l'envoi de son lot, ou aujourd'hui si elle n'est pas
    partie : trois au plus quand le patient a payé, huit en tiers payant.

    Pourquoi : le code de la sécurité sociale fixe ces délais ; passé ce temps, le remboursement tarde et la facture
    peut se perdre.

    Ne s'applique pas : une fois la forclusion passée (TT-FORCLUSION-MAL, TT-FORCLUSION-27, TT-FORCLUSION-AT) ; au
    renvoi d'une facture, dont le premier envoi compte ; aux feuilles papier, aux factures annulées ou remplacées, à
    celles qui ne sont dans aucun lot et dont la voie d'envoi n'est pas connue, ni à celles dont un ARL ou une réponse
    de la caisse prouve l'envoi sans en dire le jour.

    Exemple : tiers payant clos le lundi 02/03/2026, envoyé le lundi 16/03 (10 jours ouvrés) : signalé ; envoyé le jeudi
    12/03 (8 jours ouvrés) : rien.

    Paramètres : tt.sending.patient_days, tt.sending.payer_days
    """
    for each in check.derive(followed):
        invoice = each.invoice
        electronic = invoice.securing in ("SESAM", "DEGRADE") or (
            invoice.securing is None and invoice.lot_id is not None
        )
        if not electronic or not each.stands:
            continue
        if invoice.lot_id is not None and each.lot is None:
            yield Gap(invoice, ("lot",), "le lot de la facture n'est pas décrit")
            continue
        sent_on = each.first_sent_on
        if sent_on is None and each.is_sent is not False:
            continue
        asked = each.asks_a_payer
        short = check.number("tt.sending.patient_days", invoice.closed_on)
        long = check.number("tt.sending.payer_days", invoice.closed_on)
        limit = short if asked is False else long
        if not _late(check, each, limit):
            if asked is None and _late(check, each, short):
                yield Gap(invoice, ("invoice.third_party",), "on ne sait pas si la facture est en tiers payant")
            continue
        if sent_on is None:
            told = f"n'est pas partie ; le délai de {limit} jours ouvrés est passé"
        else:
            days = working_days(invoice.closed_on, sent_on)
            told = f"est partie le {jour(sent_on)}, {days} jours ouvrés après sa clôture ; le délai est de {limit}"
        yield Flag(
            invoice,
            f"La facture n° {invoice.number} du {jour(invoice.closed_on)} {told}.",
            "Envoyez la facture au plus tôt." if sent_on is None else "Télétransmettez chaque jour travaillé.",
            due_on=after_working_days(invoice.closed_on, limit),
            evidence=(invoice,) if each.lot is None else (invoice, each.lot),
        )


def _late(check: Check[Dossier], each: Followed, days: int) -> bool:
    """Whether an invoice left after so many working days, or has not left although they have passed."""
    closed_on = each.invoice.closed_on
    if each.first_sent_on is not None:
        return working_days(closed_on, each.first_sent_on) > days
    return check.reached(after_working_days(closed_on, days + 1))


def _asked(check: Check[Dossier]) -> list[Followed]:
    """The invoices whose caisse part may still be lost: standing, and not settled by the caisse."""
    return [
        each
        for each in check.derive(followed)
        if each.stands and not (each.amo.returns and each.amo.settled) and each.invoice.securing != "PAPIER"
    ]


def _missed(check: Check[Dossier], each: Followed, last: date) -> bool | None:
    """Whether an invoice left after its last day, or has not left and no longer can; None once that day has passed,
    where it left, or may have, on a day that nothing tells."""
    if each.first_sent_on is not None:
        return each.first_sent_on > last
    if each.is_sent is False:
        return check.reached(last + _DAY)
    first = each.first_lot.arl_on if each.first_lot is not None else None
    in_time = any(day is not None and day <= last for day in (each.sent_by, first))
    return False if in_time or not check.reached(last + _DAY) else None


def _lost(each: Followed, last: date, text: str) -> Flag:
    asked = each.asks_a_payer
    told = "n'est pas partie" if each.first_sent_on is None else f"est partie le {jour(each.first_sent_on)}"
    return Flag(
        each.invoice,
        f"La facture n° {each.invoice.number} {told} ; le dernier jour était le {jour(last)} ({text}).",
        "Aucun recours, sauf interruption prouvée (rejet antérieur, demande écrite) : sinon passez la somme en perte."
        if asked
        else "La caisse ne rembourse plus ces soins au patient : prévenez-le.",
        severity=None if asked else "info",
        amount=each.amo.left if asked else None,
        due_on=last,
        deadline=last,
        evidence=(each.invoice, *each.acts[:1]) if each.lot is None else (each.invoice, each.lot, *each.acts[:1]),
    )


@rule(
    "TT-FORCLUSION-27",
    subject="dossier",
    severity="reject",
    reference="Recouv-lib (blog) : délai de 27 mois",
    confidence="S",
    needs=FOLLOWED | {"act.performed_on", "invoice.nature", "invoice.securing"},
    rests_on=("invoice", "lot.sent_on"),
)
def limit_27(check: Check[Dossier]) -> Iterator[Answer]:
    """Aucune feuille de soins n'est payée plus de 27 mois après les soins.

    Vérifie : qu'une facture part au plus tard 27 mois après son premier acte.

    Pourquoi : c'est le plus long que la prescription biennale puisse durer, comptée du trimestre qui suit les soins.

    Ne s'applique pas : aux accidents du travail (TT-FORCLUSION-AT), aux feuilles papier, aux factures annulées,
    remplacées, ou réglées par la caisse. Quand aucun payeur n'est sollicité, c'est le remboursement du patient qui est
    perdu : simple information.

    Exemple : soins du 01/01/2024 envoyés le 02/04/2026 : signalé ; envoyés le 20/03/2026 : rien.

    Paramètres : tt.limit.months
    """
    for each in check.derive(_asked):
        care = each.first_care
        if care is None or each.invoice.nature == ACCIDENT:
            continue
        months = check.number("tt.limit.months", care)
        last = months_later(care, months)
        if _missed(check, each, last):
            yield _lost(each, last, f"{months} mois après les soins du {jour(care)}")


@rule(
    "TT-FORCLUSION-MAL",
    subject="dossier",
    severity="reject",
    reference="articles L.332-1 et L.160-11 (numéro non vérifié) du code de la sécurité sociale",
    confidence="S+C",
    needs=FOLLOWED | {"act.performed_on", "invoice.closed_on", "invoice.nature", "invoice.securing"},
    rests_on=("invoice", "lot.sent_on"),
)
def limit_illness(check: Check[Dossier]) -> Iterator[Answer]:
    """Le paiement se demande dans les deux ans qui suivent le trimestre des soins.

    Vérifie : qu'une facture part au plus tard la veille du jour où deux ans se sont écoulés depuis le premier jour du
    trimestre qui suit les soins.

    Pourquoi : la prescription est biennale ; au-delà, la caisse ne paie plus.

    Ne s'applique pas : aux accidents du travail (TT-FORCLUSION-AT), aux feuilles papier, aux factures annulées,
    remplacées, ou réglées par la caisse. Quand aucun payeur n'est sollicité, c'est le remboursement du patient qui est
    perdu : simple information.

    Exemple : soins du 10/02/2024 envoyés le 05/04/2026 : signalé ; envoyés le 25/03/2026 : rien.

    Paramètres : tt.limit.years, tt.limit.accident_years
    """
    yield from _past(check, accident=False)


@rule(
    "TT-FORCLUSION-AT",
    subject="dossier",
    severity="reject",
    reference="article L.431-2 du code de la sécurité sociale",
    confidence="C",
    needs=FOLLOWED | {"act.performed_on", "invoice.closed_on", "invoice.nature", "invoice.securing"},
    rests_on=("invoice", "invoice.nature", "lot.sent_on"),
)
def limit_accident(check: Check[Dossier]) -> Iterator[Answer]:
    """Les soins d'accident du travail se demandent dans les deux ans de l'acte.

    Vérifie : qu'une facture d'accident du travail ou de maladie professionnelle (nature 41) part dans les deux ans de
    son premier acte.

    Pourquoi : le code de la sécurité sociale compte ces deux ans de l'acte, sans attendre le trimestre suivant.

    Ne s'applique pas : aux autres natures d'assurance, aux feuilles papier, aux factures annulées, remplacées, ou
    réglées par la caisse.

    Exemple : acte du 15/01/2024 envoyé le 20/01/2026 : signalé ; envoyé le 10/01/2026 : rien.

    Paramètres : tt.limit.accident_years
    """
    yield from _past(check, accident=True)


def _past(check: Check[Dossier], *, accident: bool) -> Iterator[Answer]:
    for each in check.derive(_asked):
        if (each.invoice.nature == ACCIDENT) is not accident:
            continue
        limit = last_day(check, each)
        if limit is None:
            closed_on = each.invoice.closed_on
            if _missed(check, each, months_later(closed_on, 12 * check.number("tt.limit.accident_years", closed_on))):
                yield Gap(each.invoice, ("act.invoice_id",), "les actes de la facture ne sont pas connus")
            continue
        missed = _missed(check, each, limit.last)
        if missed is None:
            yield Gap(each.invoice, ("lot.sent_on",), "on ne sait pas quel jour la facture est partie")
        elif missed:
            yield _lost(each, limit.last, f"soins du {jour(limit.care)}")


@rule(
    "TT-FORCLUSION-ALERTE",
    subject="dossier",
    severity="info",
    reference="choix du cabinet ; Recouv-lib, recouvrement (blog)",
    confidence="S",
    needs=FOLLOWED | {"act.performed_on", "invoice.nature", "invoice.securing"},
    rests_on=("invoice", "lot.sent_on", "payer_return"),
)
def limit_near(check: Check[Dossier]) -> Iterator[Answer]:
    """La part de la caisse n'est pas payée et la forclusion approche.

    Vérifie : pour une facture en tiers payant que la caisse n'a pas réglée, le nombre de jours qui restent avant la
    forclusion. Signalé à partir de 60 jours.

    Pourquoi : une facture corrigée ou renvoyée après ce jour n'est plus payée.

    Ne s'applique pas : sans tiers payant, aux feuilles papier, aux factures annulées, remplacées ou réglées, ni une
    fois la forclusion passée.

    Exemple : 40 jours restants, rien de payé : signalé ; 200 jours : rien.

    Paramètres : tt.limit.alert_days, tt.limit.years, tt.limit.accident_years
    """
    for each in check.derive(_asked):
        limit = last_day(check, each)
        if limit is None or not each.asks_a_payer or each.amo.state == "unasked":
            continue
        answer_unknown = each.is_sent is not False and not check.subject.cabinet.tells_returns_of(limit.care)
        if answer_unknown or check.as_of > limit.last:
            continue
        start = limit.last - timedelta(days=check.number("tt.limit.alert_days"))
        if not check.reached(start):
            continue
        check.reached(limit.last + _DAY)
        yield Flag(
            each.invoice,
            f"La part de la caisse sur la facture n° {each.invoice.number} n'est pas payée ; la forclusion est le "
            f"{jour(limit.last)}.",
            "Renvoyez ou corrigez la facture avant ce jour, et gardez la preuve de l'envoi.",
            amount=each.amo.left,
            due_on=start,
            deadline=limit.last,
            evidence=(each.invoice, *each.amo.returns[-1:]),
        )


RULES: tuple[AnyRule, ...] = (sending_delay, limit_27, limit_illness, limit_accident, limit_near)
