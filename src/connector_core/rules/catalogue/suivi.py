"""SUIVI: patients out of sight, prescriptions used up, sessions not invoiced.

Alerts of the practice's own, without a legal deadline. « More than N days » means that N whole days have passed: the
alert is raised on day N + 1. The rules on money (unpaid balances, rejects) are in `suivi_money`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.letters import act_kind
from connector_core.model.records import Prescription
from connector_core.rules.batches import BATCHES, batches
from connector_core.rules.bdk import patient_subject, worth
from connector_core.rules.catalogue import suivi_money as money
from connector_core.rules.counting import COMING_DAYS, COUNT, Series, coming_days, cotation, count, kine_sessions
from connector_core.rules.french import euros, jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_DAY = timedelta(days=1)


@dataclass(slots=True)
class Quota:
    """What is left of a treatment's latest prescription, its renewals included."""

    prescription: Prescription
    prescribed: int
    done: int

    @property
    def left(self) -> int:
        return self.prescribed - self.done


def _quota(check: Check[Dossier], series: Series) -> Quota | Gap:
    """The latest prescription of a treatment with its renewals, or what is missing to count on it."""
    used = {act.prescription_id for act in series.sessions}
    linked: list[Prescription] = []
    for each in check.subject.prescriptions:
        if each.id in used or (each.renewal_of is not None and each.renewal_of in used):
            used.add(each.id)
            linked.append(each)
    if not linked:
        field = "act.prescription_id" if used == {None} else "prescription"
        return Gap(series.subject, (field,), "l'ordonnance des séances n'est pas connue")
    latest = linked[-1]
    chain = {latest.id}
    for each in reversed(linked):
        if each.id in chain and each.renewal_of is not None:
            chain.add(each.renewal_of)
    prescribed = 0
    for each in linked:
        if each.id in chain:
            if each.sessions is None:
                return Gap(series.subject, ("prescription.sessions",), "l'ordonnance ne dit pas combien de séances")
            prescribed += each.sessions
    done = sum(act.prescription_id in chain for act in kine_sessions(check.derive(count)))
    return Quota(latest, prescribed, done)


@rule(
    "SUIVI-PERDU",
    subject="dossier",
    severity="revenue",
    reference="choix du cabinet ; Gustave Kiné (blog), patients perdus de vue",
    confidence="S",
    needs=COUNT
    | COMING_DAYS
    | {
        "act.prescription_id",
        "patient.archived",
        "patient.deceased_on",
        "practitioner.zone",
        "prescription.renewal_of",
        "prescription.sessions",
    },
    rests_on=("appointment",),
)
def suivi_perdu(check: Check[Dossier]) -> Iterator[Answer]:
    """Un patient dont le traitement n'est pas fini ne vient plus et n'a pas de rendez-vous.

    Vérifie : pour un traitement ouvert dont il reste des séances prescrites, le temps passé depuis la dernière venue du
    patient (séance, ou rendez-vous honoré) et l'absence de rendez-vous à venir.

    Pourquoi : des séances prescrites ne sont pas faites ; un appel suffit souvent. Passé un an, il s'agit plutôt d'un
    dossier à clore : simple information.

    Ne s'applique pas : au patient décédé ou archivé ; à un traitement terminé ; quand un rendez-vous est pris.

    Exemple : 5 séances faites sur 15, rien depuis 30 jours, aucun rendez-vous : signalé.

    Paramètres : suivi.lost.days, suivi.lost.stale_days, tariff
    """
    patient = check.subject.patient
    if patient is not None and (patient.deceased_on is not None or patient.archived):
        return
    counting = check.derive(count)
    candidates = [
        series for series in (*counting.series, counting.loose) if series.sessions and series.ended_on is None
    ]
    if not candidates:
        return
    last = max(series.sessions[-1].performed_on for series in (*counting.series, counting.loose) if series.sessions)
    came = [each.starts_at.date() for each in check.subject.appointments if each.status == "honoured"]
    last = max((last, *(day for day in came if day <= check.as_of)))
    if not check.reached(last + timedelta(days=check.number("suivi.lost.days")) + _DAY):
        return
    coming = check.derive(coming_days)
    if coming:
        check.reached(coming[-1] + _DAY)
        return
    for series in candidates:
        yield from _lost(check, series, last)


def _lost(check: Check[Dossier], series: Series, last: date) -> Iterator[Answer]:
    quota = _quota(check, series)
    if isinstance(quota, Gap):
        yield quota if series.treatment_id else Gap(patient_subject(check), quota.missing, quota.reason)
        return
    if quota.left <= 0:
        return
    if series.treatment is None:
        subject = series.subject if series.treatment_id else patient_subject(check)
        missing = "treatment" if series.treatment_id else "act.treatment_id"
        yield Gap(subject, (missing,), "le traitement n'est pas décrit, on ne sait pas s'il est terminé")
        return
    stale = check.reached(last + timedelta(days=check.number("suivi.lost.stale_days")) + _DAY)
    price = worth(check, series.sessions[-1])
    yield Flag(
        series.treatment,
        f"{quota.done} séances faites sur {quota.prescribed} prescrites, pas de venue depuis le {jour(last)} et aucun "
        "rendez-vous.",
        "Clôturez le traitement, ou rappelez le patient."
        if stale
        else "Rappelez le patient pour reprendre les séances.",
        severity="info" if stale else None,
        amount=None if price is None else price * quota.left,
        due_on=last + timedelta(days=check.number("suivi.lost.days")) + _DAY,
        evidence=(series.sessions[-1], quota.prescription),
    )


@rule(
    "SUIVI-ORDO-FIN",
    subject="dossier",
    severity="info",
    reference="choix du cabinet",
    confidence="M",
    needs=COUNT
    | COMING_DAYS
    | {"act.prescription_id", "prescription.issued_on", "prescription.renewal_of", "prescription.sessions"},
    rests_on=("appointment",),
)
def suivi_ordo_fin(check: Check[Dossier]) -> Iterator[Answer]:
    """L'ordonnance est épuisée alors que des rendez-vous sont pris.

    Vérifie : pour un traitement ouvert, le nombre de séances restant sur la dernière ordonnance (renouvellements
    compris) et les rendez-vous à venir.

    Pourquoi : une séance faite sans ordonnance n'est pas remboursée ; la nouvelle ordonnance se demande avant.

    Ne s'applique pas : quand une ordonnance plus récente n'est pas encore entamée ; quand un autre traitement ouvert
    a des séances restantes ; quand l'ordonnance n'est pas chiffrée (indéterminé).

    Exemple : 15 séances faites sur 15 et 3 rendez-vous pris : signalé ; 12 sur 15 : rien.

    Paramètres : suivi.prescription.left, suivi.lost.stale_days
    """
    coming = check.derive(coming_days)
    if not coming:
        return
    enough = check.number("suivi.prescription.left")
    check.reached(coming[0] + _DAY)
    stale = timedelta(days=check.number("suivi.lost.stale_days"))
    exhausted: list[tuple[Series, Quota]] = []
    gaps: list[Gap] = []
    for series in check.derive(count).series:
        if (
            series.ended_on is not None
            or not series.sessions
            or check.reached(series.sessions[-1].performed_on + stale + _DAY)
        ):
            continue
        quota = _quota(check, series)
        if isinstance(quota, Gap):
            gaps.append(quota)
        elif quota.left > enough:
            return
        else:
            exhausted.append((series, quota))
    yield from gaps
    for series, quota in exhausted:
        left = max(quota.left, 0)
        if len(coming) <= left or _newer(check, quota.prescription):
            continue
        yield Flag(
            quota.prescription,
            f"{quota.done} séances faites sur {quota.prescribed} prescrites et {len(coming)} rendez-vous à venir.",
            f"Demandez une nouvelle ordonnance avant le {jour(coming[left])}.",
            due_on=series.sessions[-1].performed_on,
            deadline=coming[left],
            evidence=(quota.prescription, series.sessions[-1]),
        )


def _newer(check: Check[Dossier], prescription: Prescription) -> bool:
    """Whether the patient has a later prescription that no session has used yet."""
    used = {act.prescription_id for act in kine_sessions(check.derive(count))}
    return any(
        each.id not in used and each.issued_on >= prescription.issued_on and each.sessions != 0
        for each in check.subject.prescriptions
        if each.id != prescription.id
    )


@rule(
    "SUIVI-FACTURE-RETARD",
    subject="dossier",
    severity="revenue",
    reference="choix du cabinet ; Recouv-lib, recouvrement (blog)",
    confidence="S",
    needs=BATCHES | {"act.invoice_id", "practitioner.zone"},
    rests_on=("invoice", "act.invoice_id"),
)
def suivi_facture_retard(check: Check[Dossier]) -> Iterator[Answer]:
    """Une séance faite n'est pas facturée.

    Vérifie : que chaque séance, bilan ou forfait fait depuis plus de trente jours figure sur une facture.

    Pourquoi : une séance oubliée est perdue ; passé le délai de facturation, elle ne peut plus l'être.

    Ne s'applique pas : aux lignes de régularisation, aux actes comptés à zéro ; aux actes trop anciens pour être encore
    facturés.

    Exemple : séance faite il y a 60 jours, sans facture : signalé ; il y a 5 jours : rien.

    Paramètres : suivi.invoice.days, suivi.invoice.lost_months, tariff
    """
    days = check.number("suivi.invoice.days")
    months = check.number("suivi.invoice.lost_months")
    oldest = _months_before(check.as_of, months)
    found = check.derive(batches)
    recent = found.acts[bisect_left(found.days, oldest) :]
    for act in (act for act in recent if act.invoice_id is None):
        if act.quantity <= 0 or act.rate == "0" or (act.amount is not None and act.amount <= 0):
            continue
        if act_kind(act) not in ("session", "assessment", "package", "bsi"):
            continue
        if not check.reached(act.performed_on + timedelta(days=days) + _DAY):
            break  # acts are in order of date: this one is the next to come due
        price = worth(check, act)
        amount = "" if price is None else f" : {euros(price)}"
        yield Flag(
            act,
            f"{cotation(act)} du {jour(act.performed_on)} n'est pas facturé{amount}.",
            "Facturez cet acte, ou supprimez-le s'il n'a pas été fait.",
            amount=price,
            due_on=act.performed_on + timedelta(days=days) + _DAY,
            evidence=(act,),
        )
        check.reached(_months_before(act.performed_on, -months - 1))  # from then on it is too old to be billed


def _months_before(day: date, months: int) -> date:
    """The first day of the month, `months` months earlier."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


RULES: tuple[AnyRule, ...] = (
    suivi_perdu,
    money.suivi_impaye,
    money.suivi_rejet_nontraite,
    suivi_ordo_fin,
    suivi_facture_retard,
    money.suivi_taux_rejet,
)
