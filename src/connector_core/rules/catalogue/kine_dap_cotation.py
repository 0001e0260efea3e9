"""KINE-DAP: an affection under référentiel billed under a letter « hors référentiel »."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connector_core.model.dossier import Dossier
from connector_core.model.records import Act, Record
from connector_core.parameters.referentials import Referential, load_referentials
from connector_core.rules.bdk import worth
from connector_core.rules.catalogue.ide_act_facts import MEANT
from connector_core.rules.catalogue.kine_facts import (
    KINE_ACTS,
    OPERATED_BY,
    Once,
    codes_of,
    kine_acts,
    operated_by,
    prescriptions,
    treatment_of,
)
from connector_core.rules.catalogue.patient_facts import age_on
from connector_core.rules.counting import cotation
from connector_core.rules.french import jour
from connector_core.rules.kernel import Answer, Check, Flag, Gap, rule

_SECTIONS = {"VSM": "B", "VSC": "B", "VIM": "C", "VIC": "C"}
"""Letters « hors référentiel », with the section of article 1 that they bill."""
_SEVERAL_SEGMENTS = "-deux-segments-"


class _Named(NamedTuple):
    """A référentiel that the records name for an act billed outside; `sure` unless a condition of it is unknown."""

    referential: Referential
    sure: bool
    evidence: tuple[Record, ...]


@rule(
    "KINE-DAP-VS-V",
    subject="dossier",
    severity="reject",
    reference="NGAP titre XIV chap. II article 1 B et C ; annexe 2",
    confidence="C",
    needs=KINE_ACTS
    | MEANT
    | OPERATED_BY
    | {
        "act.prescription_id",
        "patient.birth_date",
        "practitioner.zone",
        "prescription.indication",
        "treatment.pathology",
        "treatment.situation",
    },
    letters=_SECTIONS,
)
def outside(check: Check[Dossier]) -> Iterator[Answer]:
    """Une affection soumise à référentiel ne se facture pas hors référentiel.

    Vérifie : que VSM, VSC, VIM et VIC ne sont pas facturées pour une affection que le dossier (situation ou pathologie
    de la prise en charge, libellé de l'acte, indication de l'ordonnance) nomme comme celle d'un référentiel du même
    membre.

    Pourquoi : la cotation hors référentiel éviterait l'accord préalable ; l'acte facturé n'est pas celui de la
    nomenclature.

    Ne s'applique pas : à l'affection de plusieurs segments du même membre, aux séances d'avant l'intervention. Quand
    l'intervention ou l'âge n'est pas connu, pour information.

    Exemple : VIM 8,11 pour une reconstruction du LCA ; RIC 8,08 convient.

    Paramètres : referential, kine.dap.other_words, kine.dap.adult_age, tariff
    """
    once = Once()
    silent: set[tuple[str | None, ...]] = set()
    for act in check.derive(kine_acts).of(*_SECTIONS):
        told_by = (act.act_code, act.label, act.treatment_id, act.prescription_id)
        if told_by in silent:
            continue
        if not _names_one(check, act):
            silent.add(told_by)
            continue
        named = _stated(check, act) or _described(check, act)
        if isinstance(named, Gap):
            if once.first(act.treatment_id):
                yield named
        elif named is not None:
            check.cite(named.referential.read())
            yield Flag(
                act,
                f"{cotation(act)} du {jour(act.performed_on)} est hors référentiel, or l'affection traitée est "
                f"soumise à référentiel : {named.referential.label}.",
                "Facturez l'acte du référentiel et demandez l'accord préalable au-delà de son seuil."
                if named.sure
                else "Vérifiez l'affection traitée : si c'est bien celle-ci, facturez l'acte du référentiel.",
                severity=None if named.sure else "info",
                amount=worth(check, act),
                evidence=(act, *named.evidence),
            )


def _names_one(check: Check[Dossier], act: Act) -> bool:
    """Whether anything about an act names a référentiel, on whatever day and of whatever limb."""
    table, treatment = load_referentials(), treatment_of(check, act)
    if table.has(act.act_code) or (treatment is not None and table.has(treatment.situation)):
        return True
    return any(text is not None and table.names(text) for text, _ in _texts(check, act))


def _stated(check: Check[Dossier], act: Act) -> _Named | Gap | None:
    """The référentiel that the act's code or the treatment's situation names."""
    table, day = load_referentials(), act.performed_on
    coded = table.on(act.act_code, day)
    if coded is not None:
        return _Named(coded, True, ())
    treatment = treatment_of(check, act)
    if treatment is None or treatment.situation is None:
        return None
    row = table.on(treatment.situation, day)
    if row is None or not _same_limb(check, act, row):
        return None
    operated = operated_by(treatment, day)
    if row.operated and operated is False:
        if treatment.operated_on is not None:
            return None
        return Gap(treatment, ("treatment.operated",), "la situation est celle d'une opération, et rien n'est opéré")
    return _Named(row, True, (treatment,))


def _described(check: Check[Dossier], act: Act) -> _Named | None:
    """The référentiel whose affection the texts about an act name."""
    treatment = treatment_of(check, act)
    operated = None if treatment is None else operated_by(treatment, act.performed_on)
    for text, evidence in _texts(check, act):
        if text is None:
            continue
        other = frozenset(check.text("kine.dap.other_words", act.performed_on).split())
        for row in load_referentials().named_in(text, act.performed_on, other):
            fits = row.operated is None or operated is None or row.operated is operated
            adult = _adult(check, act) if row.adult else True
            if fits and adult is not False and _same_limb(check, act, row):
                sure = adult is True and (row.operated is None or operated is not None)
                return _Named(row, sure, evidence)
    return None


def _texts(check: Check[Dossier], act: Act) -> Iterator[tuple[str | None, tuple[Record, ...]]]:
    """What is written about the affection an act treats, and where."""
    yield act.label, ()
    treatment = treatment_of(check, act)
    if treatment is not None:
        yield treatment.pathology, (treatment,)
    prescription = check.derive(prescriptions).get(act.prescription_id or "")
    if prescription is not None:
        yield prescription.indication, (prescription,)


def _same_limb(check: Check[Dossier], act: Act, row: Referential) -> bool:
    """Whether an act bills one segment of the limb of a référentiel."""
    return row.code.startswith(f"MK-art1-{_SECTIONS[act.letter]}-") and not any(
        _SEVERAL_SEGMENTS in code for code in codes_of(check, act)
    )


def _adult(check: Check[Dossier], act: Act) -> bool | None:
    patient = check.subject.patient
    if patient is None or patient.birth_date is None:
        return None
    return age_on(patient.birth_date, act.performed_on) >= check.number("kine.dap.adult_age", act.performed_on)
