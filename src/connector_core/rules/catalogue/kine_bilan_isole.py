"""KINE-BILAN: the isolated bilans of chap. I section 1, billed only where no treatment is going on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Prescription, Record, Treatment
from connector_core.rules.catalogue.kine_facts import Once
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.counting import COUNT, Counting, Series, cotation, count, kine_sessions
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, Check, Flag, Gap, ParameterUnknown, rule

_FRAGILITY_CODE = "MK-bilan-fragilite"
_FRAGILITY_WORD = "fragilit"


@rule(
    "KINE-BILAN-ISOLE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. I section 1",
    confidence="C",
    needs=COUNT
    | {
        "act.act_code",
        "act.label",
        "act.prescription_id",
        "prescription.ends_on",
        "prescription.issued_on",
        "prescription.sessions",
    },
    letters=("AMK",),
)
def bilan_isole(check: Check[Dossier]) -> Iterator[Answer]:
    """Un bilan isolé (AMK 5, 8,5, 10 ou 20) ne se facture pas pendant un traitement.

    Vérifie : qu'au jour d'un bilan isolé, aucun traitement de rééducation n'est en cours et qu'aucune ordonnance de
    séances n'est en cours d'exécution.

    Pourquoi : ces actes « ne donnent lieu à facturation qu'en l'absence de traitement de rééducation […] en cours ou
    de prescription concomitante d'un tel traitement ».

    Ne s'applique pas : à un traitement resté ouvert sans séance depuis longtemps ; aux cotations AMK d'avant juin
    2024, qui pouvaient être des séances. La réponse est indéterminée quand rien ne dit si le traitement est terminé,
    à quel traitement vont les séances voisines, ou ce que prescrit une ordonnance sans nombre de séances.

    Exemple : AMK 10 alors que 20 séances sont prescrites : signalé ; bilan ostéoarticulaire isolé, sans traitement :
    rien.

    Paramètres : kine.isolated.idle_days
    """
    counting = check.derive(count)
    told = Once()
    for act in counting.isolated:
        if _is_fragility(act):
            continue
        idle = timedelta(days=check.number("kine.isolated.idle_days", act.performed_on))
        found = _ongoing_treatment(check, counting, act, idle) or _ongoing_prescription(check, counting, act, idle)
        if found is None:
            gap = _doubt(check, counting, act, idle)
            if gap is not None and told.first(gap.missing):
                yield gap
            continue
        what = "une ordonnance de séances" if isinstance(found, Prescription) else "un traitement"
        yield Flag(
            act,
            f"Bilan isolé {cotation(act)} facturé le {jour(act.performed_on)} alors qu'{what} est en cours.",
            "Annulez ce bilan : pendant un traitement, seul le bilan-diagnostic (BDK) se facture, à ses séances.",
            amount=act.amount,
            due_on=act.performed_on,
            evidence=(act, found),
        )


def _ongoing_treatment(check: Check[Dossier], counting: Counting, act: Act, idle: timedelta) -> Record | None:
    """A treatment with sessions around the day of an act, or one just opened for something else."""
    day = act.performed_on
    for each in counting.series:
        nearest = _nearest(each, day, idle)
        if nearest is not None and not _may_have_ended(check, each, day):
            return nearest
    for treatment in check.subject.treatments:
        series = counting.of(treatment.id)
        if treatment.id == act.treatment_id or (series is not None and series.sessions):
            continue
        if _open_on(treatment, day, day) and day - treatment.started_on <= idle:
            return treatment
    return None


def _nearest(series: Series, day: date, idle: timedelta) -> Act | None:
    """The session of an open treatment that is the nearest to a day, where it is near enough."""
    if not series.sessions or not _open_on(series.treatment, series.sessions[0].performed_on, day):
        return None
    rank = series.rank_on(day)
    around = series.sessions[max(rank - 1, 0) : rank + 1]
    nearest = min(around, key=lambda session: abs(session.performed_on - day))
    return nearest if abs(nearest.performed_on - day) <= idle else None


def _may_have_ended(check: Check[Dossier], series: Series, day: date) -> bool:
    """Whether an open treatment may have ended before a day: none of its sessions follows, no source gives its end."""
    if series.sessions[-1].performed_on >= day:
        return False
    return series.treatment is None or "treatment.ended_on" not in check.subject.cabinet.covers


def _doubt(check: Check[Dossier], counting: Counting, act: Act, idle: timedelta) -> Gap | None:
    """What leaves it open whether a treatment was going on or prescribed on the day of an act."""
    day = act.performed_on
    if any(_nearest(each, day, idle) is not None for each in counting.series):
        return Gap(act, ("treatment.ended_on",), "on ne sait pas si le traitement des séances précédentes est terminé")
    if any(abs(each.performed_on - day) <= idle for each in counting.loose.sessions):
        return Gap(act, ("act.treatment_id",), "les séances voisines du bilan ne sont rattachées à aucun traitement")
    used = {each.prescription_id for each in check.subject.acts}
    for each in check.subject.prescriptions:
        if each.sessions is None and each.id not in used and _recent(each, day, idle):
            reason = "une ordonnance ne dit pas si elle prescrit des séances, ou ce seul bilan"
            return Gap(act, ("prescription.sessions",), reason)
    return None


def _recent(prescription: Prescription, day: date, idle: timedelta) -> bool:
    """Whether a prescription is recent on a day and has not ended."""
    if not prescription.issued_on <= day <= prescription.issued_on + idle:
        return False
    return prescription.ends_on is None or day <= prescription.ends_on


def _open_on(treatment: Treatment | None, first: date, day: date) -> bool:
    if treatment is None:
        return first <= day
    return treatment.started_on <= day and (treatment.ended_on is None or day <= treatment.ended_on)


def _ongoing_prescription(check: Check[Dossier], counting: Counting, act: Act, idle: timedelta) -> Prescription | None:
    """A prescription of sessions, recent and not used up on the day of an act."""
    day = act.performed_on
    for each in check.subject.prescriptions:
        if each.sessions is None or each.sessions <= 1 or not _recent(each, day, idle):
            continue
        used = sum(
            session.prescription_id == each.id and session.performed_on <= day for session in kine_sessions(counting)
        )
        if used < each.sessions:
            return each
    return None


@rule(
    "KINE-BILAN-FRAGILITE",
    subject="dossier",
    severity="info",
    reference="décision UNCAM du 14/12/2023 article 1 II b (JO 08/02/2024)",
    confidence="U",
    needs=COUNT | {"act.act_code", "act.label"},
    letters=("AMK",),
)
def bilan_fragilite(check: Check[Dossier]) -> Iterator[Answer]:
    """Le bilan de repérage de la fragilité (AMK 10) ne se facture pas avant sa date d'ouverture.

    Vérifie : qu'un acte AMK 10 désigné comme bilan de fragilité n'est pas facturé avant l'ouverture annoncée, et que
    le patient a l'âge requis.

    Pourquoi : la décision UNCAM du 14/12/2023 crée ce bilan pour les 70 ans et plus, sans ordonnance, avec un compte
    rendu au médecin traitant. Sa date d'ouverture n'est pas confirmée (01/07/2026 ou 01/09/2026 selon les sources) :
    la règle informe seulement, et ne tranche pas après le 01/09/2026.

    Ne s'applique pas : aux autres bilans AMK 10, que rien ne désigne comme bilan de fragilité.

    Exemple : bilan de fragilité facturé le 20/08/2026 : signalé.

    Paramètres : kine.fragility.billable, kine.fragility.age
    """
    for act in check.derive(count).isolated:
        if not _is_fragility(act):
            continue
        try:
            billable = check.number("kine.fragility.billable", act.performed_on)
        except ParameterUnknown as failure:
            yield Gap(act, (failure.unknown.name,), failure.unknown.reason)
            continue
        if not billable:
            message = f"Bilan de fragilité facturé le {jour(act.performed_on)}, avant l'ouverture annoncée de cet acte."
            action = "Attendez la confirmation de la date d'ouverture, ou vérifiez s'il s'agit d'un autre bilan."
        else:
            required = check.number("kine.fragility.age", act.performed_on)
            patient = check.subject.patient
            if patient is None or patient.birth_date is None:
                yield Gap(act, ("patient.birth_date",), "l'âge du patient n'est pas connu")
                continue
            if age_on(patient.birth_date, act.performed_on) >= required:
                continue
            message = f"Bilan de fragilité facturé le {jour(act.performed_on)} à un patient de moins de {required} ans."
            action = "Vérifiez la date de naissance ; ce bilan est réservé aux patients de cet âge et plus."
        yield Flag(act, message, action, amount=act.amount, due_on=act.performed_on, evidence=(act,))


def _is_fragility(act: Act) -> bool:
    return act.act_code == _FRAGILITY_CODE or _FRAGILITY_WORD in (act.label or "").casefold()
