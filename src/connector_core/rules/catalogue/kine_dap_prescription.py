"""KINE-DAP: an ordonnance for more sessions than the référentiel allows."""

from __future__ import annotations

from collections.abc import Iterator

from connector_core.model.dossier import Dossier
from connector_core.model.records import Prescription
from connector_core.parameters.referentials import Referential
from connector_core.rules.catalogue.kine_dap_agreements import belongs
from connector_core.rules.catalogue.kine_dap_demands import LETTERS, code_of, referential_of
from connector_core.rules.catalogue.kine_facts import Once, prescriptions
from connector_core.rules.counting import COUNT, Series, count
from connector_core.rules.french import ordinal
from connector_core.rules.kernel import Answer, Check, Flag, Gap, rule


@rule(
    "KINE-DAP-PRESCRIPTION",
    subject="dossier",
    severity="info",
    reference="NGAP titre XIV, dispositions liminaires b)",
    confidence="C",
    needs=COUNT
    | {
        "act.act_code",
        "act.prescription_id",
        "prescription.sessions",
        "prior_agreement.prescription_id",
        "prior_agreement.treatment_id",
        "treatment.situation",
    },
    rests_on=("prior_agreement",),
    letters=LETTERS,
)
def to_prepare(check: Check[Dossier]) -> Iterator[Answer]:
    """Une ordonnance qui dépasse le référentiel demande une demande d'accord préalable avant le seuil.

    Vérifie : que, si l'ordonnance en cours mène la série au-delà du nombre de séances du référentiel, une demande est
    envoyée quand le seuil approche.

    Pourquoi : l'accord est nécessaire dès la première séance au-delà du seuil, et le silence de la caisse ne vaut
    accord qu'après quinze jours.

    Ne s'applique pas : aux prises en charge terminées ; à une ordonnance sans nombre de séances ; au canal carpien
    (KINE-DAP-CARPIEN) ; une fois le seuil passé (KINE-DAP-SEUIL).

    Exemple : ordonnance de 20 séances pour une entorse de cheville, sans demande à la 10e séance ; une ordonnance de
    10 séances convient.

    Paramètres : referential, kine.dap.prepare_sessions
    """
    once = Once()
    for series in check.derive(count).series:
        row = None if series.ended_on is not None or not series.sessions else _referential(check, series)
        if row is None or not row.habitual:
            continue
        done, last = len(series.sessions), series.sessions[-1]
        ahead = check.number("kine.dap.prepare_sessions", last.performed_on)
        if not row.habitual - ahead <= done <= row.habitual:
            continue
        own = [belongs(check, each, last) for each in check.subject.prior_agreements]
        if True in own:
            continue
        ordered = _current(check, series)
        if isinstance(ordered, str):
            if once.first(series.treatment_id):
                yield Gap(last, (ordered,), "l'ordonnance de la séance n'est pas connue")
            continue
        prescription, reach = ordered
        if reach <= row.habitual:
            continue
        if None in own or series.loose_sessions:
            missing = "prior_agreement.treatment_id" if None in own else "act.treatment_id"
            yield Gap(series.subject, (missing,), "une demande ou des séances ne sont rattachées à aucun traitement")
            continue
        check.cite(row.read())
        yield Flag(
            series.subject,
            f"{done} séances faites ({row.label}) et l'ordonnance mène à la {ordinal(reach)} : au-delà de "
            f"{row.habitual} séances, un accord préalable est nécessaire.",
            f"Envoyez la demande d'accord préalable avant la {ordinal(row.habitual + 1)} séance, avec l'ordonnance "
            "et l'argumentaire.",
            fault=f"ordonnance-{prescription.id}",
            evidence=(prescription, last),
        )


def _referential(check: Check[Dossier], series: Series) -> Referential | None:
    """The référentiel of a treatment whose sessions are all billed under it."""
    row = referential_of(check, series.sessions[-1])
    if row is None or any(code_of(check, act) not in (row.code, None) for act in series.sessions):
        return None
    return row


def _current(check: Check[Dossier], series: Series) -> tuple[Prescription, int] | str:
    """The ordonnance of the last session and the rank to which it leads; the missing field where it isn't known."""
    name = series.sessions[-1].prescription_id
    if name is None:
        return "act.prescription_id"
    prescription = check.derive(prescriptions).get(name)
    if prescription is None:
        return "prescription"
    before = sum(act.prescription_id not in (name, None) for act in series.sessions)
    return prescription, before + (prescription.sessions or 0)
