"""IDE-BSI: the year of validity of a BSI, its renewal, and the prescription it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Bsi, Prescription
from connector_core.model.vocabulary import Severity
from connector_core.parameters.regions import fold
from connector_core.rules.calendar import months_later
from connector_core.rules.catalogue.ide_bsi_facts import (
    BILANS,
    PACKAGES,
    VALIDITIES,
    Validity,
    bilans,
    draft_on,
    expired_on,
    named,
    packages,
    validities,
    validity_on,
)
from connector_core.rules.catalogue.ide_facts import FORFAITS
from connector_core.rules.catalogue.kine_facts import Once, prescriptions
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, AnyRule, Check, Flag, Gap, rule

_DAY = timedelta(days=1)


@rule(
    "IDE-BSI-VALIDITE",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XVI chap. I article 12 ; ameli.fr, Bilan de soins infirmiers",
    confidence="S+C",
    needs=PACKAGES | VALIDITIES,
    rests_on=("bsi",),
    letters=FORFAITS,
)
def validity(check: Check[Dossier]) -> Iterator[Answer]:
    """Le BSI vaut un an ; au-delà, le forfait demande un renouvellement.

    Vérifie : qu'aucun forfait n'est facturé après le terme du BSI sans renouvellement. Le dernier jour valable est
    la veille de l'anniversaire.

    Pourquoi : le BSI a une durée de validité d'un an ; le forfait qui suit est un indu.

    Ne s'applique pas : à un renouvellement en brouillon (IDE-BSI-BROUILLON). Le jour anniversaire et la semaine qui
    précède un renouvellement tardif sont des informations. Un BSI intermédiaire ne prolonge pas.

    Exemple : BSI du 10 mars 2025 et BSC le 15 mars 2026 ; le 9 mars 2026, il convient.

    Paramètres : ide.bsi.validity, ide.bsi.entry_deadline
    """
    once = Once()
    for act in check.derive(packages):
        day = act.performed_on
        over, found = expired_on(check, day), validity_on(check, day)
        if found is not None and not found.sure:
            if once.first("term"):
                yield Gap(found.bsi, ("bsi",), "le BSI initial n'est pas connu, son terme non plus")
            continue
        if over is None:
            continue
        if found is None:
            if draft_on(check, day) is None:
                yield _over(act, over)
        elif found.bsi.kind == "renewal" and found.bsi.entered_on > day:
            yield Flag(
                act,
                f"{named(act)} du {jour(day)} : le BSI était échu depuis le {jour(over.term)}, renouvelé le "
                f"{jour(found.bsi.entered_on)}.",
                "Renouvelez le BSI avant son terme.",
                severity="info",
                amount=act.amount,
                evidence=(act, over.bsi, found.bsi),
            )


def _over(act: Act, over: Validity) -> Flag:
    anniversary = act.performed_on == over.term
    return Flag(
        act,
        f"{named(act)} du {jour(act.performed_on)} : le BSI du {jour(over.bsi.entered_on)} "
        + ("a un an ce jour même." if anniversary else f"est échu depuis le {jour(over.term)}."),
        "Renouvelez le BSI, avec une nouvelle prescription, avant de facturer d'autres forfaits.",
        severity="info" if anniversary else None,
        amount=act.amount,
        evidence=(act, over.bsi),
    )


@rule(
    "IDE-BSI-RENOUV-RAPPEL",
    subject="dossier",
    severity="revenue",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024)",
    confidence="S",
    needs=PACKAGES
    | VALIDITIES
    | {"bsi.practitioner_id", "patient.archived", "patient.deceased_on", "practitioner.zone"},
    rests_on=("bsi",),
)
def renewal_due(check: Check[Dossier]) -> Iterator[Answer]:
    """Le BSI arrive à son terme : le renouvellement est à faire.

    Vérifie : dans les trente jours qui précèdent le terme, qu'un renouvellement a été saisi.

    Pourquoi : après le terme, les forfaits ne sont plus facturables ; le renouvellement demande une nouvelle
    prescription.

    Ne s'applique pas : au patient décédé ou archivé ; quand les forfaits ont cessé depuis plus de trente jours ; à
    un BSI en brouillon, qui ne renouvelle rien.

    Exemple : terme dans 20 jours, aucun renouvellement ; terme dans 90 jours, il convient.

    Paramètres : ide.bsi.validity, ide.bsi.entry_deadline, ide.bsi.reminder_days, ide.bsi.idle_days,
    ide.bsi.di_following, tariff
    """
    patient = check.subject.patient
    if not check.subject.bsis or (patient is not None and (patient.deceased_on is not None or patient.archived)):
        return
    bases = [each for each in check.derive(validities) if each.base and not each.draft]
    if not bases:
        return
    latest = bases[-1]
    start = latest.term - timedelta(days=check.number("ide.bsi.reminder_days", latest.term))
    if not check.reached(start) or check.reached(latest.term):
        return
    done = check.derive(packages)
    if done:
        idle = timedelta(days=check.number("ide.bsi.idle_days", latest.term))
        if check.reached(done[-1].performed_on + idle + _DAY):
            return
    yield Flag(
        latest.bsi,
        f"Le BSI du {jour(latest.bsi.entered_on)} est valable jusqu'au {jour(latest.term - _DAY)} : pas de "
        "renouvellement saisi.",
        "Demandez une nouvelle prescription et renouvelez le BSI avant le terme.",
        amount=_renewal_price(check, latest.bsi, latest.term),
        due_on=start,
        deadline=latest.term - _DAY,
        evidence=(latest.bsi, *done[-1:]),
    )


def _renewal_price(check: Check[Dossier], bsi: Bsi, day: date) -> Decimal | None:
    """What the DI of the renewal pays."""
    practitioner = check.subject.cabinet.practitioners.get(bsi.practitioner_id or "")
    zone = "METRO" if practitioner is None else practitioner.zone
    price = check.tariffs.price("DI", check.decimal("ide.bsi.di_following", day), day, zone)
    if price is None:
        return None
    check.cite(price[1])
    return price[0]


@rule(
    "IDE-BSI-PRESCRIPTION",
    subject="dossier",
    severity="reject",
    reference="ameli.fr, Bilan de soins infirmiers (17/09/2024)",
    confidence="S",
    needs=BILANS
    | {"bsi.prescription_id", "prescription.dependency", "prescription.indication", "prescription.issued_on"},
    rests_on=("bsi", "prescription"),
)
def prescribed(check: Check[Dossier]) -> Iterator[Answer]:
    """Le BSI initial ou de renouvellement repose sur une prescription de soins pour dépendance de moins d'un an.

    Vérifie : que la prescription du BSI a moins d'un an, qu'elle mentionne des soins infirmiers pour dépendance, et
    qu'un renouvellement a une nouvelle prescription.

    Pourquoi : la prescription des soins pour dépendance est valable un an ; sans elle, le bilan et ses forfaits sont
    un indu.

    Ne s'applique pas : au BSI intermédiaire (IDE-BSI-DI-INTERM) ni au brouillon. Le jour anniversaire de la
    prescription est une information.

    Exemple : renouvellement sur une ordonnance de 18 mois ; sur une nouvelle ordonnance, il convient.

    Paramètres : ide.bsi.prescription_months, ide.bsi.prescription_words, ide.bsi.entry_deadline, ide.bsi.validity,
    ide.bsi.di_initial, ide.bsi.di_following, ide.bsi.di_window
    """
    if not check.subject.bsis:
        return
    once = Once()
    before: Bsi | None = None
    for bilan in check.derive(bilans):
        bsi = bilan.bsi
        if bsi is None or bsi.kind == "intermediate" or bsi.status == "draft":
            continue
        answer = _prescription(check, bsi, before, bilan.act)
        before = bsi
        if isinstance(answer, Gap) and not once.first(answer.missing):
            continue
        if answer is not None:
            yield answer


def _prescription(check: Check[Dossier], bsi: Bsi, before: Bsi | None, act: Act | None) -> Answer | None:
    """What the prescription of a BSI deserves."""
    day, known = bsi.entered_on, check.derive(prescriptions)
    months = check.number("ide.bsi.prescription_months", day)
    if bsi.prescription_id is not None:
        found = known.get(bsi.prescription_id)
        if found is None:
            return Gap(bsi, ("prescription",), "la prescription du BSI n'est pas décrite")
    else:
        about = [each for each in known.values() if each.issued_on <= day and _mentions(check, each) is not False]
        if not about:
            return _unfit(bsi, act, "aucune prescription de soins infirmiers pour dépendance", ())
        fresh = [each for each in about if months_later(each.issued_on, months) > day]
        if fresh:
            sure = any(_mentions(check, each) for each in fresh)
            return None if sure else Gap(bsi, ("bsi.prescription_id",), "le BSI ne nomme pas sa prescription")
        found = about[-1]
    over = months_later(found.issued_on, months)
    mentions = _mentions(check, found)
    if over < day:
        return _unfit(bsi, act, f"la prescription du {jour(found.issued_on)} a plus d'un an", (found,))
    if before is not None and bsi.kind == "renewal" and before.prescription_id == found.id:
        return _unfit(bsi, act, "le renouvellement n'a pas de nouvelle prescription", (found,))
    if mentions is False:
        return _unfit(bsi, act, "la prescription ne mentionne pas de soins infirmiers pour dépendance", (found,))
    if over == day:
        text = f"la prescription du {jour(found.issued_on)} a un an ce jour même"
        return _unfit(bsi, act, text, (found,), severity="info")
    if mentions is None:
        reason = "la prescription ne dit pas s'il s'agit de soins infirmiers pour dépendance"
        return Gap(found, ("prescription.dependency",), reason)
    return None


def _unfit(
    bsi: Bsi, act: Act | None, text: str, evidence: Sequence[Prescription], severity: Severity | None = None
) -> Flag:
    return Flag(
        bsi,
        f"BSI du {jour(bsi.entered_on)} : {text}.",
        "Obtenez une prescription de soins infirmiers pour dépendance de moins d'un an avant de facturer.",
        severity=severity,
        amount=None if act is None else act.amount,
        evidence=(bsi, *evidence, *(() if act is None else (act,))),
    )


def _mentions(check: Check[Dossier], each: Prescription) -> bool | None:
    """Whether a prescription is about nursing for dependency."""
    if each.dependency is None and each.indication is not None:
        words = check.text("ide.bsi.prescription_words", check.as_of).split(",")
        if any(re.search(rf"\b{re.escape(fold(word))}", fold(each.indication)) for word in words):
            return True
    return each.dependency


RULES: tuple[AnyRule, ...] = (validity, renewal_due, prescribed)
